"""Which colour is which class, and which classes are shown."""

from collections.abc import Collection
from functools import partial

from PySide6.QtCore import QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLayout, QMenu, QSizePolicy, QToolButton, QWidget

from explorer import theme

_MOST_CHIPS = 12
_SPACING_PX = 1
_CHIP_EDGES_PX = 9  # around dot and words, and between them
_DOT_PX, _DOT_SIDE_PX = 9, 11
_PLANE_TIP = "The plane “Classes” separates the classes that are shown here"


class ClassLegend(QWidget):
    """A chip a class; those without room, and all where there are many, stand in a menu."""

    toggled = Signal(int, bool)  # class, shown

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._names: tuple[str, ...] = ()
        self._hidden: frozenset[int] = frozenset()
        self._chips: dict[int, QToolButton] = {}
        self._more = QToolButton(self)
        self._more.setObjectName("classes")
        self._more.setProperty("slim", True)
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self._more)
        self._menu.aboutToShow.connect(self._fill)
        self._more.setMenu(self._menu)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(_SPACING_PX)
        self._row.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # see `_fit`
        self._row.addWidget(self._more)
        self._row.addStretch(1)
        self._more.hide()

    def set_classes(self, names: tuple[str, ...]) -> None:
        """Other classes, all of them shown."""
        for chip in self._chips.values():
            self._row.removeWidget(chip)
            chip.deleteLater()
        self._names, self._hidden = names, frozenset()
        few = names if len(names) <= _MOST_CHIPS else ()
        self._chips = {label: self._chip(label, name) for label, name in enumerate(few)}
        for label, chip in self._chips.items():
            self._row.insertWidget(label, chip)
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
        chip.toggled.connect(partial(self._on_toggled, label))
        return chip

    def set_hidden(self, labels: Collection[int]) -> None:
        """Which classes are not shown."""
        self._hidden = frozenset(labels)
        for label, chip in self._chips.items():
            with QSignalBlocker(chip):
                chip.setChecked(label not in labels)
        self._fit()

    def _on_toggled(self, label: int, shown: bool) -> None:
        self._hidden = self._hidden - {label} if shown else self._hidden | {label}
        self.toggled.emit(label, shown)

    # -- as many chips as there is room for --------------------------------------------------

    def sizeHint(self) -> QSize:
        every = sum(chip.sizeHint().width() + _SPACING_PX for chip in self._chips.values())
        return QSize(max(every, self._more_px()), self._more.sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(self._more_px() if self._names else 0, self._more.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    def _widths(self) -> list[int]:
        """What chips need at the least: without the room that the style leaves around words."""
        return [chip.minimumWidth() + _SPACING_PX for chip in self._chips.values()]

    def _more_px(self) -> int:
        """The room that the menu's button takes, whatever it says."""
        self._more.ensurePolished()
        said = self._more.text()
        self._more.setText(_menu_words(0, len(self._names)))
        width = self._more.sizeHint().width()
        self._more.setText(said)
        return width

    def _fit(self) -> None:
        widths = self._widths()
        shown = len(widths)
        if sum(widths) > self.width():
            room = self.width() - self._more_px()
            shown = max(n for n in range(len(widths)) if n == 0 or sum(widths[:n]) <= room)
        had_focus = any(chip.hasFocus() for chip in self._chips.values())
        for label, chip in self._chips.items():
            chip.setVisible(label < shown)
        self._more.setVisible(shown < len(self._names))
        self._say(shown)
        self._row.activate()
        if had_focus and not any(chip.hasFocus() for chip in self._chips.values()):
            self._more.setFocus()

    def _say(self, shown: int) -> None:
        beside = range(shown, len(self._names))
        off = len(self._hidden.intersection(beside))
        said = f"; {off} of them hidden" if off else ""
        self._more.setText(_menu_words(shown, len(self._names)))
        what = "that have no room in the row" if shown else "of the points"
        tip = f"The classes {what}{said}: show or hide the points of one. {_PLANE_TIP}"
        self._more.setToolTip(theme.as_tip(tip))
        self._more.setAccessibleName(f"{'More classes' if shown else 'Classes'} shown{said}")

    def _fill(self) -> None:
        self._menu.clear()
        colours = theme.colours()
        for label, name in enumerate(self._names):
            if label in self._chips and not self._chips[label].isHidden():
                continue
            action = self._menu.addAction(_dot(theme.class_colour(label), colours), _plain(name))
            action.setCheckable(True)
            action.setChecked(label not in self._hidden)
            action.toggled.connect(partial(self._on_chosen, label))

    def _on_chosen(self, label: int, shown: bool) -> None:
        chip = self._chips.get(label)
        if chip is None:
            self._on_toggled(label, shown)
        else:
            chip.setChecked(shown)
        self._fit()

    def refresh_theme(self) -> None:
        """The scheme is another one."""
        colours = theme.colours()
        for label, chip in self._chips.items():
            chip.setIcon(_dot(theme.class_colour(label), colours))
            chip.setStyleSheet(
                f"QToolButton {{ color: {colours.text}; padding: 1px; background: transparent;"
                " border: 1px solid transparent; }"
                f"QToolButton:!checked {{ color: {colours.muted}; }}"
                f"QToolButton:focus {{ border-color: {colours.accent}; }}"
            )
            chip.ensurePolished()
            words = chip.fontMetrics().horizontalAdvance(chip.text())
            chip.setMinimumWidth(_DOT_SIDE_PX + words + _CHIP_EDGES_PX)
        self.updateGeometry()
        self._fit()


def _menu_words(shown: int, of: int) -> str:
    return f"{of - shown} more ▾" if shown else f"{of} classes ▾"


def _plain(name: str) -> str:
    """A menu takes & for a key."""
    return name.replace("&", "&&")


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
