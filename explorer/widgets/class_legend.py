"""Which colour is which class, and which classes are shown."""

from collections.abc import Collection
from functools import partial

from PySide6.QtCore import QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from explorer import theme

_MOST_CHIPS = 12
_DOT_PX, _DOT_SIDE_PX = 9, 11
_PLANE_TIP = "The plane “Classes” separates the classes that are shown here"


class ClassLegend(QWidget):
    """A chip a class, or a menu where there are many."""

    toggled = Signal(int, bool)  # class, shown

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chips: dict[int, QToolButton] = {}
        self._entries: dict[int, QAction] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(1)

    def set_classes(self, names: tuple[str, ...]) -> None:
        """Other classes, all of them shown."""
        while (item := self._row.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self._chips, self._entries = {}, {}
        if len(names) > _MOST_CHIPS:
            self._row.addWidget(self._menu(names))
        else:
            self._chips = {label: self._chip(label, name) for label, name in enumerate(names)}
        for chip in self._chips.values():
            self._row.addWidget(chip)
        self._row.addStretch(1)
        self.refresh_theme()

    def _chip(self, label: int, name: str) -> QToolButton:
        chip = QToolButton(self)
        chip.setObjectName(f"class-{label}")
        chip.setText(name)
        chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        chip.setIconSize(QSize(_DOT_SIDE_PX, _DOT_SIDE_PX))
        chip.setCheckable(True)
        chip.setChecked(True)
        chip.setAccessibleName(f"Show class {name}")
        chip.setToolTip(theme.as_tip(f"Show or hide the points of class {name}. {_PLANE_TIP}"))
        chip.toggled.connect(partial(self.toggled.emit, label))
        return chip

    def _menu(self, names: tuple[str, ...]) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("classes")
        button.setText(f"{len(names)} classes ▾")
        button.setToolTip(theme.as_tip(f"Show or hide the points of a class. {_PLANE_TIP}"))
        button.setAccessibleName("Classes shown")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        for label, name in enumerate(names):
            action = menu.addAction(name)
            action.setCheckable(True)
            action.setChecked(True)
            action.toggled.connect(partial(self.toggled.emit, label))
            self._entries[label] = action
        button.setMenu(menu)
        return button

    def set_hidden(self, labels: Collection[int]) -> None:
        """Which classes are not shown."""
        switches: dict[int, QToolButton | QAction] = {**self._chips, **self._entries}
        for label, switch in switches.items():
            with QSignalBlocker(switch):
                switch.setChecked(label not in labels)

    def refresh_theme(self) -> None:
        """The scheme is another one."""
        colours = theme.colours()
        for label, chip in self._chips.items():
            chip.setIcon(_dot(theme.class_colour(label), colours))
            chip.setStyleSheet(
                f"QToolButton {{ color: {colours.text}; padding: 1px 3px; background: transparent;"
                " border: 1px solid transparent; }"
                f"QToolButton:!checked {{ color: {colours.muted}; }}"
                f"QToolButton:focus {{ border-color: {colours.accent}; }}"
            )


def _dot(colour: QColor, colours: theme.Colours) -> QIcon:
    """A dot of exactly the points' colour, ringed to be seen on any ground; off, a mere ring."""
    icon = QIcon()
    for state, fill in ((QIcon.State.On, colour), (QIcon.State.Off, QColor(0, 0, 0, 0))):
        pixmap = QPixmap(4 * _DOT_SIDE_PX, 4 * _DOT_SIDE_PX)  # for screens of up to 4 dots a pixel
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(4, 4)
        painter.setPen(QPen(QColor(colours.muted), 0.8))
        painter.setBrush(fill)
        edge = (_DOT_SIDE_PX - _DOT_PX) / 2
        painter.drawEllipse(QRectF(edge, edge, _DOT_PX, _DOT_PX))
        painter.end()
        icon.addPixmap(pixmap, QIcon.Mode.Normal, state)
    return icon
