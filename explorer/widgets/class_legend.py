"""Which colour is which class, and which classes are shown."""

from collections.abc import Collection
from functools import partial

from PySide6.QtCore import (
    QEvent,
    QObject,
    QPoint,
    QRectF,
    QSignalBlocker,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QHideEvent, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer import theme

_MOST_CHIPS = 12
_DOT_PX, _DOT_SIDE_PX = 9, 11
_MOST_ALIKE = 4  # classes of one colour that are named
_LIST_PX = QSize(240, 320)
_REST_MS = 120  # the pointer rests on a class before it is told: on its way it crosses others
_PLANE_TIP = "The plane “Classes” separates the classes that are shown here"
_POINT_TIP = "Point at it to see its points alone in colour"


class ClassLegend(QWidget):
    """A chip a class, or a button to a list where there are many."""

    toggled = Signal(int, bool)  # class, shown
    hidden_wished = Signal(object)  # all the classes not to be shown, a frozenset of numbers
    pointed = Signal(object)  # the class that the pointer or the keyboard rests on, or None

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._chips: dict[int, QToolButton] = {}
        self._list: _ClassList | None = None
        self._at: int | None = None
        self._told: int | None = None
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._tell)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(1)

    def set_classes(self, names: tuple[str, ...]) -> None:
        """Other classes, all of them shown."""
        self._point_at(None)
        self._tell()
        while (item := self._row.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        if self._list is not None:
            self._list.close()
            self._list.deleteLater()
        self._names, self._chips, self._list = names, {}, None
        if len(names) > _MOST_CHIPS:
            self._row.addWidget(self._list_button())
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
        tip = f"Show or hide the points of class {name}. {_POINT_TIP}. {_PLANE_TIP}"
        chip.setToolTip(theme.as_tip(tip))
        chip.toggled.connect(partial(self.toggled.emit, label))
        chip.installEventFilter(self)
        return chip

    def _list_button(self) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("classes")
        button.setText(f"{len(self._names)} classes ▾")
        tip = f"Find, show or hide the points of a class. {_PLANE_TIP}"
        button.setToolTip(theme.as_tip(f"{tip}. {_repeated(self._names)}"))
        button.setAccessibleName("Classes shown")
        self._list = found = _ClassList(self._names, self)
        found.toggled.connect(self.toggled)
        found.hidden_wished.connect(self.hidden_wished)
        found.pointed.connect(self._point_at)
        button.clicked.connect(partial(found.open_at, button))
        return button

    def set_hidden(self, labels: Collection[int]) -> None:
        """Which classes are not shown."""
        for label, chip in self._chips.items():
            with QSignalBlocker(chip):
                chip.setChecked(label not in labels)
        if self._list is not None:
            self._list.set_hidden(labels)

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
            chip.setStyleSheet(
                f"QToolButton {{ color: {colours.text}; padding: 1px 3px; background: transparent;"
                " border: 1px solid transparent; }"
                f"QToolButton:!checked {{ color: {colours.muted}; }}"
                f"QToolButton:focus {{ border-color: {colours.accent}; }}"
            )


class _ClassList(QFrame):
    """Very many classes, to look through, to search and to choose from, over the window."""

    toggled = Signal(int, bool)
    hidden_wished = Signal(object)
    pointed = Signal(object)

    def __init__(self, names: tuple[str, ...], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("classList")
        self.setProperty("compact", True)
        self._hidden: frozenset[int] = frozenset()
        self._search = QLineEdit(self)
        self._search.setObjectName("findClass")
        self._search.setPlaceholderText("Find a class")
        self._search.setAccessibleName("Find a class")
        self._search.setToolTip("Letters of its name; Enter goes to the first that is found")
        self._search.setClearButtonEnabled(True)
        self._search.textChanged.connect(self._find)
        self._search.returnPressed.connect(self._go_to_first)
        self._build_tree(names)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        column.addWidget(self._search)
        column.addWidget(self._tree, 1)
        column.addLayout(self._buttons())
        self.resize(_LIST_PX)

    def _build_tree(self, names: tuple[str, ...]) -> None:
        self._tree = tree = QTreeWidget(self)
        tree.setObjectName("classEntries")
        tree.setAccessibleName("Classes")
        tree.setToolTip(theme.as_tip(f"{_POINT_TIP}. {_repeated(names)}"))
        tree.setHeaderHidden(True)
        tree.setRootIsDecorated(False)
        tree.setUniformRowHeights(True)
        tree.setIconSize(QSize(_DOT_SIDE_PX, _DOT_SIDE_PX))
        tree.setMouseTracking(True)
        self._entries = [QTreeWidgetItem([name]) for name in names]
        for label, entry in enumerate(self._entries):
            entry.setData(0, Qt.ItemDataRole.UserRole, label)
            entry.setToolTip(0, theme.as_tip(_alike(names, label)))
            entry.setCheckState(0, Qt.CheckState.Checked)
        tree.addTopLevelItems(self._entries)
        tree.itemChanged.connect(self._on_changed)
        tree.itemEntered.connect(self._on_item)
        tree.currentItemChanged.connect(self._on_item)
        tree.viewport().installEventFilter(self)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for shown, word in ((True, "Show all"), (False, "Hide all")):
            button = QPushButton(word, self)
            button.setObjectName("showAllClasses" if shown else "hideAllClasses")
            button.setAccessibleName(f"{word} classes that are found")
            button.setToolTip(f"{word.split()[0]} the points of every class in the list above")
            button.clicked.connect(partial(self._on_all, shown))
            row.addWidget(button)
        return row

    def open_at(self, button: QWidget) -> None:
        """Stand on its button, as far as the screen allows, ready to be searched."""
        self._search.clear()
        corner = button.mapToGlobal(QPoint(0, -self.height() - 2))
        room = button.screen().availableGeometry()
        below = button.mapToGlobal(QPoint(0, button.height() + 2)).y()
        self.move(
            max(room.left(), min(corner.x(), room.right() - self.width())),
            corner.y() if corner.y() >= room.top() else below,
        )
        self.show()
        self._search.setFocus()

    def set_hidden(self, labels: Collection[int]) -> None:
        """Which classes are not shown."""
        self._hidden = frozenset(labels)
        states = Qt.CheckState
        with QSignalBlocker(self._tree):
            for label, entry in enumerate(self._entries):
                entry.setCheckState(0, states.Unchecked if label in labels else states.Checked)
        self._tree.viewport().update()

    def refresh_theme(self) -> None:
        """The scheme is another one."""
        count, colours = len(theme.CLASS_COLOURS), theme.colours()
        dots = [QIcon(_disc(theme.class_colour(label), colours)) for label in range(count)]
        with QSignalBlocker(self._tree):
            for label, entry in enumerate(self._entries):
                entry.setIcon(0, dots[label % count])

    def hideEvent(self, event: QHideEvent) -> None:
        self.pointed.emit(None)
        super().hideEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The pointer has left the entries."""
        if event.type() == QEvent.Type.Leave:
            self.pointed.emit(None)
        return False

    # -- from the person -------------------------------------------------------------------

    def _find(self, text: str) -> None:
        wanted = text.strip().casefold()
        for entry in self._entries:
            entry.setHidden(wanted not in entry.text(0).casefold())

    def _found(self) -> list[int]:
        return [label for label, entry in enumerate(self._entries) if not entry.isHidden()]

    def _go_to_first(self) -> None:
        found = self._found()
        if found:
            self._tree.setFocus()
            self._tree.setCurrentItem(self._entries[found[0]])

    def _on_item(self, entry: QTreeWidgetItem | None) -> None:
        if entry is not None:
            self.pointed.emit(_label_of(entry))

    def _on_changed(self, entry: QTreeWidgetItem) -> None:
        shown = entry.checkState(0) == Qt.CheckState.Checked
        self.toggled.emit(_label_of(entry), shown)

    def _on_all(self, shown: bool) -> None:
        found = frozenset(self._found())
        self.hidden_wished.emit(self._hidden - found if shown else self._hidden | found)


def _label_of(entry: QTreeWidgetItem) -> int:
    return int(entry.data(0, Qt.ItemDataRole.UserRole))


def _alike(names: tuple[str, ...], label: int) -> str:
    """A class and those of its colour."""
    count = len(theme.CLASS_COLOURS)
    alike = [name for other, name in enumerate(names) if (other - label) % count == 0]
    alike.remove(names[label])
    if not alike:
        return names[label]
    more = f" and {len(alike) - _MOST_ALIKE} more" if len(alike) > _MOST_ALIKE else ""
    return f"{names[label]}, in the colour of {', '.join(alike[:_MOST_ALIKE])}{more}"


def _repeated(names: tuple[str, ...]) -> str:
    """What is to be said where there are more classes than colours."""
    colours = len(theme.CLASS_COLOURS)
    if len(names) <= colours:
        return "Each has a colour of its own"
    return (
        f"There are {colours} colours that all eyes tell apart, so every {colours}th class has the "
        "same one"
    )


def _dot(colour: QColor, colours: theme.Colours) -> QIcon:
    """A dot of exactly the points' colour; off, a mere ring."""
    icon = QIcon()
    for state, fill in ((QIcon.State.On, colour), (QIcon.State.Off, QColor(0, 0, 0, 0))):
        icon.addPixmap(_disc(fill, colours), QIcon.Mode.Normal, state)
    return icon


def _disc(fill: QColor, colours: theme.Colours) -> QPixmap:
    """Ringed to be seen on any ground."""
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
    return pixmap
