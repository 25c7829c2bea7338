"""Classes to look through, to search and to choose from, over the window."""

from collections.abc import Collection
from functools import partial

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHideEvent, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer import theme

DOT_SIDE_PX = 11
POINT_TIP = "Point at it to see its points alone in colour"
_DOT_PX = 9
_MOST_ALIKE = 4  # classes of one colour that are named
_WIDTH_PX, _LEAST_HEIGHT_PX, _MOST_HEIGHT_PX = 240, 180, 320


class ClassList(QFrame):
    """An entry a class, with its colour and a tick while its points are shown; a popup."""

    toggled = Signal(int, bool)  # class, shown
    hidden_wished = Signal(object)  # all the classes not to be shown, a frozenset of numbers
    pointed = Signal(object)  # the class that the pointer or the keyboard is at, or None

    def __init__(self, names: tuple[str, ...], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("classList")
        self.setProperty("compact", True)
        self._hidden: frozenset[int] = frozenset()
        self._listed: Collection[int] = range(len(names))
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

    def _build_tree(self, names: tuple[str, ...]) -> None:
        self._tree = tree = QTreeWidget(self)
        tree.setObjectName("classEntries")
        tree.setAccessibleName("Classes")
        tree.setToolTip(theme.as_tip(f"{POINT_TIP}. {repeated(names)}"))
        tree.setHeaderHidden(True)
        tree.setRootIsDecorated(False)
        tree.setUniformRowHeights(True)
        tree.setIconSize(QSize(DOT_SIDE_PX, DOT_SIDE_PX))
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
        """Hang below its button, clear of the map above, ready to be searched.

        Where the screen ends too soon for that, it stands on the button.
        """
        self._search.clear()
        screen = button.screen().availableGeometry()
        corner = button.mapToGlobal(QPoint(0, button.height() + 2))
        below = screen.bottom() - corner.y()
        self._fit(below if below >= _LEAST_HEIGHT_PX else _MOST_HEIGHT_PX)
        top = corner.y()
        if self.height() > below:
            above = button.mapToGlobal(QPoint(0, -self.height() - 2)).y()
            top = above if above >= screen.top() else top
        left = max(screen.left(), min(corner.x(), screen.right() - self.width()))
        self.move(left, top)
        self.show()
        self._search.setFocus()

    def _fit(self, room_px: int) -> None:
        """No higher than its entries need."""
        self._tree.ensurePolished()
        rows_px = len(self._listed) * self._tree.sizeHintForRow(0) + 2 * self._tree.frameWidth()
        around_px = self.sizeHint().height() - self._tree.sizeHint().height()
        self.resize(_WIDTH_PX, min(around_px + rows_px, room_px, _MOST_HEIGHT_PX))

    def set_listed(self, labels: Collection[int]) -> None:
        """Which classes stand in it; without any it closes."""
        self._listed = labels
        self._find(self._search.text())
        if not labels:
            self.close()

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
        dots = [QIcon(disc(theme.class_colour(label), colours)) for label in range(count)]
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
        for label, entry in enumerate(self._entries):
            found = label in self._listed and wanted in entry.text(0).casefold()
            entry.setHidden(not found)

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
    alike = list(names[label % count :: count])
    del alike[label // count]
    if not alike:
        return names[label]
    more = f" and {len(alike) - _MOST_ALIKE} more" if len(alike) > _MOST_ALIKE else ""
    return f"{names[label]}, in the colour of {', '.join(alike[:_MOST_ALIKE])}{more}"


def repeated(names: tuple[str, ...]) -> str:
    """What is to be said where there are more classes than colours."""
    colours = len(theme.CLASS_COLOURS)
    if len(names) <= colours:
        return "Each has a colour of its own"
    return (
        f"There are {colours} colours that all eyes tell apart, so every {colours}th class has the "
        "same one"
    )


def disc(fill: QColor, colours: theme.Colours) -> QPixmap:
    """Ringed to be seen on any ground."""
    pixmap = QPixmap(4 * DOT_SIDE_PX, 4 * DOT_SIDE_PX)  # for screens of up to 4 dots a pixel
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(4, 4)
    painter.setPen(QPen(QColor(colours.muted), 0.8))
    painter.setBrush(fill)
    edge = (DOT_SIDE_PX - _DOT_PX) / 2
    painter.drawEllipse(QRectF(edge, edge, _DOT_PX, _DOT_PX))
    painter.end()
    return pixmap
