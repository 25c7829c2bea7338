"""A table of runs: sortable, one selected, any number checked, all by keys too."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QItemSelection,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

Index = QModelIndex | QPersistentModelIndex
_SORT_ROLE = Qt.ItemDataRole.UserRole
_NOWHERE = QModelIndex()
_LEAST_PX = 16
_TITLE_EDGES_PX = 12


@dataclass(frozen=True)
class Column:
    """A column's title, what it means, whether it holds numbers, and who gives way to whom.

    Each is as wide as what it holds. Where the table is too narrow for all, those with a `least_px`
    are cut down to it, the lowest `rank` first; the others are never cut. `middle`: texts are cut
    in the middle, as their ends tell them apart. One that stretches has what is left of the table.
    One that `goes` is hidden before the first column is cut: what it holds is in another's tips.
    """

    title: str
    tip: str
    number: bool = False
    stretches: bool = False
    middle: bool = False
    least_px: int = 0
    rank: int = 0
    goes: bool = False


@dataclass(frozen=True)
class Row:
    """A row by its key: texts to show, values to sort by, a tip a cell, and colours of texts."""

    key: str
    texts: tuple[str, ...]
    order: tuple[float | str, ...]
    tips: tuple[str, ...] = ()
    colours: tuple[str, ...] = field(default=())


class _Model(QAbstractTableModel):
    checks_changed = Signal()

    def __init__(self, columns: Sequence[Column], parent: QWidget) -> None:
        super().__init__(parent)
        self.columns = columns
        self.rows: tuple[Row, ...] = ()
        self.checked: list[str] = []

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:  # noqa: ANN401 # Qt's own
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.TextAlignmentRole and column.number:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return column.tip if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401 # Qt's own
        row, at = self.rows[index.row()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return row.texts[at]
            case Qt.ItemDataRole.ToolTipRole:
                return row.tips[at] if row.tips else row.texts[at]
            case Qt.ItemDataRole.CheckStateRole if at == 0:
                on = row.key in self.checked
                return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
            case Qt.ItemDataRole.ForegroundRole if row.colours and row.colours[at]:
                return QColor(row.colours[at])
            case Qt.ItemDataRole.TextAlignmentRole if self.columns[at].number:
                return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            case int() if role == _SORT_ROLE:
                return row.order[at]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.column() == 0 else flags

    def setData(
        self,
        index: Index,
        value: Any,  # noqa: ANN401 # Qt's own
        role: int = Qt.ItemDataRole.EditRole,
    ) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole:
            return False
        self.toggle(self.rows[index.row()].key)
        return True

    def toggle(self, key: str) -> None:
        if key in self.checked:
            self.checked.remove(key)
        else:
            self.checked.append(key)
        self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, 0))
        self.checks_changed.emit()

    def put(self, rows: Sequence[Row]) -> None:
        """Other rows; if they have the same keys only what they show changes."""
        if [row.key for row in rows] == [row.key for row in self.rows]:
            self.rows = tuple(rows)
            if rows:
                last = self.index(len(rows) - 1, len(self.columns) - 1)
                self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self.rows = tuple(rows)
        keys = {row.key for row in rows}
        self.checked = [key for key in self.checked if key in keys]
        self.endResetModel()


class _Header(QHeaderView):
    """Chooses a column by arrow keys and sorts by it with Space or Enter."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setSectionsClickable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Columns of the table of runs")
        self.setToolTip("Click, or arrow keys and Space: sort by a column")
        self._at = 0

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is not None:
            self._at = self._next_shown(step)
            self._sort(Qt.SortOrder.AscendingOrder)
        elif event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            down = self.sortIndicatorOrder() is Qt.SortOrder.AscendingOrder
            self._sort(Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder)
        else:
            super().keyPressEvent(event)

    def _next_shown(self, step: int) -> int:
        """The next column to one side that is not hidden, or else the present one."""
        places = range(self._at + step, self.count() if step > 0 else -1, step)
        return next((at for at in places if not self.isSectionHidden(at)), self._at)

    def _sort(self, order: Qt.SortOrder) -> None:
        self.setSortIndicator(self._at, order)


class _MiddleCut(QStyledItemDelegate):
    """Cuts texts in the middle."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideMiddle


class RunTable(QTreeView):
    """Rows of runs. Space checks the selected one, Enter activates it."""

    selected = Signal(str)  # key, or nothing
    checks_changed = Signal()
    opened = Signal(str)  # key of a row that was double-clicked or entered

    def __init__(self, columns: Sequence[Column], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = _Model(columns, self)
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setSourceModel(self._model)
        self._proxy.setSortRole(_SORT_ROLE)
        self.setModel(self._proxy)
        self.setHeader(_Header(self))
        self.setObjectName("runs")
        self.setAccessibleName("Runs")
        self.setToolTip("Trainings, newest first; Space checks one to compare it")
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setSortingEnabled(True)
        self.sortByColumn(len(columns) - 1, Qt.SortOrder.DescendingOrder)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAllColumnsShowFocus(True)
        self.setMinimumHeight(40)
        header = self.header()
        header.setStretchLastSection(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setMinimumSectionSize(_LEAST_PX)
        self._middle_cut = _MiddleCut(self)
        for place, column in enumerate(columns):
            if column.middle:
                self.setItemDelegateForColumn(place, self._middle_cut)
        self._text_px: dict[str, int] = {}  # widths that were measured
        self._dragged_px: dict[int, int] = {}  # widths of columns that a person chose
        self._fitting = False
        header.sectionResized.connect(self._on_section_resized)
        header.sortIndicatorChanged.connect(self._fit)
        self._model.checks_changed.connect(self.checks_changed)
        self.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.doubleClicked.connect(self._on_entered)

    # -- widths ----------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._text_px = {}
            self._fit()

    def _fit(self) -> None:
        """Share the width among the columns; those that are empty in every row have none."""
        rows, header, room = self._model.rows, self.header(), self.viewport().width()
        count = len(self._model.columns)
        there = [at for at in range(count) if not rows or any(row.texts[at] for row in rows)]
        wanted = {at: self._wanted_px(at) for at in there}
        columns = {at: self._column(at) for at in there}
        widths = shared_widths(list(columns.values()), list(wanted.values()), room)
        if widths[0] < wanted[0]:
            there = [at for at in there if not columns[at].goes]
            wide = [wanted[at] for at in there]
            widths = shared_widths([columns[at] for at in there], wide, room)
        self._fitting = True
        for place in range(count):
            header.setSectionHidden(place, place not in there)
        for place, width in zip(there, widths, strict=True):
            header.resizeSection(place, width)
        self._fitting = False

    def _column(self, place: int) -> Column:
        """A column, which is not cut if a person has chosen its width."""
        column = self._model.columns[place]
        return replace(column, least_px=0) if place in self._dragged_px else column

    def _wanted_px(self, place: int) -> int:
        """The width in which a column shows all it holds."""
        if place in self._dragged_px:
            return self._dragged_px[place]
        title = self._title_px(place)
        rows = self._model.rows
        if not rows:
            return title
        first = self._model.index(0, place)
        beside = self.sizeHintForIndex(self._proxy.mapFromSource(first)).width()
        beside -= self._width_of(rows[0].texts[place])
        texts = {row.texts[place] for row in rows}
        return max(title, beside + max(self._width_of(text) for text in texts) + 1)

    def _title_px(self, place: int) -> int:
        """The width of a title, with room for the arrow only where there is one."""
        if place == self.header().sortIndicatorSection():
            return self.header().sectionSizeHint(place)
        return self._width_of(self._model.columns[place].title) + _TITLE_EDGES_PX

    def _width_of(self, text: str) -> int:
        if text not in self._text_px:
            self._text_px[text] = self.fontMetrics().horizontalAdvance(text)
        return self._text_px[text]

    def _on_section_resized(self, place: int, before: int, now: int) -> None:
        if not self._fitting:
            self._dragged_px[place] = now

    # -- rows ------------------------------------------------------------------------------

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows; what is selected and checked stays if it is still there."""
        key, count = self.selected_key(), len(self._model.checked)
        texts = [row.texts for row in self._model.rows]
        self._model.put(rows)
        if texts != [row.texts for row in rows]:
            self._fit()
        if key != self.selected_key():
            self.select(key)
        if count != len(self._model.checked):
            self.checks_changed.emit()
        if not self.selected_key():
            if rows:
                self.setCurrentIndex(self._proxy.index(0, 0))
            else:
                self.selected.emit("")

    def rows(self) -> tuple[Row, ...]:
        """The rows in the order they are shown."""
        places = (
            self._proxy.mapToSource(self._proxy.index(at, 0)).row()
            for at in range(self._proxy.rowCount())
        )
        return tuple(self._model.rows[place] for place in places)

    def selected_key(self) -> str:
        """The key of the selected row, or nothing."""
        chosen = self.selectionModel().selectedRows() if self._model.rows else []
        if not chosen:
            return ""
        return self._model.rows[self._proxy.mapToSource(chosen[0]).row()].key

    def select(self, key: str) -> None:
        """Select the row with a key, if there is one."""
        for at, row in enumerate(self.rows()):
            if row.key == key:
                self.setCurrentIndex(self._proxy.index(at, 0))

    def checked(self) -> tuple[str, ...]:
        """Keys of the rows that are checked, in the order they were."""
        return tuple(self._model.checked)

    def set_checked(self, key: str, on: bool) -> None:
        """Check a row, or take the check away."""
        if (key in self._model.checked) != on:
            self._model.toggle(key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = self.selected_key()
        if key and event.key() == Qt.Key.Key_Space:
            self._model.toggle(key)
        elif key and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(key)
        else:
            super().keyPressEvent(event)

    def _on_selection_changed(self, now: QItemSelection, before: QItemSelection) -> None:
        self.selected.emit(self.selected_key())

    def _on_entered(self, index: QModelIndex) -> None:
        self.opened.emit(self._model.rows[self._proxy.mapToSource(index).row()].key)


def shared_widths(columns: Sequence[Column], wanted: Sequence[int], room: int) -> list[int]:
    """The widths of columns in some room, in pixels: those wanted, less where there is no room.

    What is left goes to the columns that stretch. Wider than the room only if all are at their
    least.
    """
    widths = list(wanted)
    for place in sorted(range(len(columns)), key=lambda at: columns[at].rank):
        least = columns[place].least_px
        over = sum(widths) - room
        if least and over > 0:
            widths[place] = max(min(least, widths[place]), widths[place] - over)
    wide = [at for at, column in enumerate(columns) if column.stretches]
    left = max(0, room - sum(widths))
    for count, place in enumerate(wide):
        widths[place] += left // len(wide) + (count < left % len(wide))
    return widths
