"""Which colour is which class, and which classes are shown."""

from collections.abc import Collection
from functools import partial

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QHideEvent, QIcon, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLayout, QSizePolicy, QToolButton, QWidget

from explorer import theme
from explorer.class_list import DOT_SIDE_PX, POINT_TIP, ClassList, disc, repeated

_MOST_CHIPS = 12
_SPACING_PX = 1
_CHIP_EDGES_PX = 9  # around dot and words, and between them
_REST_MS = 120  # the pointer rests on a class before it is told: on its way it crosses others
_PLANE_TIP = "The plane “Classes” separates the classes that are shown here"


class ClassLegend(QWidget):
    """A chip a class; those without room, and all where there are many, stand in a list."""

    toggled = Signal(int, bool)  # class, shown
    hidden_wished = Signal(object)  # all the classes not to be shown, a frozenset of numbers
    pointed = Signal(object)  # the class that the pointer or the keyboard rests on, or None

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._names: tuple[str, ...] = ()
        self._hidden: frozenset[int] = frozenset()
        self._chips: dict[int, QToolButton] = {}
        self._list: ClassList | None = None  # until somebody opens it
        self._at: int | None = None
        self._told: int | None = None
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._tell)
        self._more = QToolButton(self)
        self._more.setObjectName("classes")
        self._more.setProperty("slim", True)
        self._more.clicked.connect(self._open_list)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(_SPACING_PX)
        self._row.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # see `_fit`
        self._row.addWidget(self._more)
        self._row.addStretch(1)
        self._more.hide()

    def set_classes(self, names: tuple[str, ...]) -> None:
        """Other classes, all of them shown."""
        self._point_at(None)
        self._tell()
        for chip in self._chips.values():
            self._row.removeWidget(chip)
            chip.deleteLater()
        if self._list is not None:
            self._list.close()
            self._list.deleteLater()
        self._names, self._hidden, self._list = names, frozenset(), None
        few = names if len(names) <= _MOST_CHIPS else ()
        self._chips = {label: self._chip(label, name) for label, name in enumerate(few)}
        for label, chip in self._chips.items():
            self._row.insertWidget(label, chip)
        self.refresh_theme()

    def _chip(self, label: int, name: str) -> QToolButton:
        chip = QToolButton(self)
        chip.setObjectName(f"class-{label}")
        chip.setProperty("chip", True)
        chip.setText(name)
        chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        chip.setIconSize(QSize(DOT_SIDE_PX, DOT_SIDE_PX))
        chip.setCheckable(True)
        chip.setChecked(True)
        chip.setAccessibleName(f"Show class {name}")
        tip = f"Show or hide the points of class {name}. {POINT_TIP}. {_PLANE_TIP}"
        chip.setToolTip(theme.as_tip(tip))
        chip.toggled.connect(partial(self._on_toggled, label))
        chip.installEventFilter(self)
        return chip

    def _open_list(self) -> None:
        if self._list is None:
            self._list = found = ClassList(self._names, self)
            found.set_listed(self._without_room())
            found.set_hidden(self._hidden)
            found.refresh_theme()
            found.toggled.connect(self._on_toggled)
            found.hidden_wished.connect(self.hidden_wished)
            found.pointed.connect(self._point_at)
        self._list.open_at(self._more)

    def set_hidden(self, labels: Collection[int]) -> None:
        """Which classes are not shown."""
        self._hidden = frozenset(labels)
        for label, chip in self._chips.items():
            with QSignalBlocker(chip):
                chip.setChecked(label not in labels)
        if self._list is not None:
            self._list.set_hidden(labels)
        self._say()

    def _on_toggled(self, label: int, shown: bool) -> None:
        self.set_hidden(self._hidden - {label} if shown else self._hidden | {label})
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
        """The room that the list's button takes, whatever it says."""
        self._more.ensurePolished()
        said = self._more.text()
        self._more.setText(_button_words(0, len(self._names)))
        width = self._more.sizeHint().width()
        self._more.setText(said)
        return width

    def _without_room(self) -> range:
        shown = sum(not chip.isHidden() for chip in self._chips.values())
        return range(shown, len(self._names))

    def _fit(self) -> None:
        widths = self._widths()
        shown = len(widths)
        if sum(widths) > self.width():
            room = self.width() - self._more_px()
            shown = max(n for n in range(len(widths)) if n == 0 or sum(widths[:n]) <= room)
        self._more.setVisible(shown < len(self._names))
        if any(chip.hasFocus() for label, chip in self._chips.items() if label >= shown):
            self._more.setFocus()
        for label, chip in self._chips.items():
            chip.setVisible(label < shown)
        if self._list is not None:
            self._list.set_listed(self._without_room())
        self._say()
        self._row.activate()

    def _say(self) -> None:
        listed = self._without_room()
        off = len(self._hidden.intersection(listed))
        said = f"; {off} of them hidden" if off else ""
        self._more.setText(_button_words(listed.start, len(self._names)))
        which = "one of the classes that have no room in the row" if listed.start else "a class"
        tip = f"Find, show or hide the points of {which}{said}. {_PLANE_TIP}"
        self._more.setToolTip(theme.as_tip(f"{tip}. {repeated(self._names)}"))
        self._more.setAccessibleName(f"{'More classes' if listed.start else 'Classes'} shown{said}")

    # -- the class that is pointed at ------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A chip under the pointer, or that Tab has come to."""
        kinds = QEvent.Type
        if event.type() in (kinds.Enter, kinds.FocusIn):
            at = (label for label, chip in self._chips.items() if chip is watched)
            self._point_at(next(at, None))
        elif event.type() in (kinds.Leave, kinds.FocusOut):
            self._point_at(None)
        return False

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody can point at it."""
        self._point_at(None)
        self._tell()
        super().hideEvent(event)

    def _point_at(self, label: int | None) -> None:
        self._at = label
        self._rest.start()

    def _tell(self) -> None:
        self._rest.stop()
        if self._at != self._told:
            self._told = self._at
            self.pointed.emit(self._at)

    def refresh_theme(self) -> None:
        """The scheme is another one."""
        colours = theme.colours()
        if self._list is not None:
            self._list.refresh_theme()
        for label, chip in self._chips.items():
            chip.setIcon(_dot(theme.class_colour(label), colours))
            chip.ensurePolished()
            words = chip.fontMetrics().horizontalAdvance(chip.text())
            chip.setMinimumWidth(DOT_SIDE_PX + words + _CHIP_EDGES_PX)
        self.updateGeometry()
        self._fit()


def _button_words(shown: int, of: int) -> str:
    return f"{of - shown} more ▾" if shown else f"{of} classes ▾"


def _dot(colour: QColor, colours: theme.Colours) -> QIcon:
    """A dot of exactly the points' colour; off, a mere ring."""
    icon = QIcon()
    for state, fill in ((QIcon.State.On, colour), (QIcon.State.Off, QColor(0, 0, 0, 0))):
        icon.addPixmap(disc(fill, colours), QIcon.Mode.Normal, state)
    return icon
