"""A table of runs: sortable, one selected, any number checked, all by keys too."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeView, QWidget

Index = QModelIndex | QPersistentModelIndex
_SORT_ROLE = Qt.ItemDataRole.UserRole
_NOWHERE = QModelIndex()


@dataclass(frozen=True)
class Column:
    """A column's title, what it means, its width in pixels, and whether it holds numbers.

    What is left of the table's width is for those that stretch.
    """

    title: str
    tip: str
    width_px: int
    number: bool = False
    stretches: bool = False


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
            self._at = min(max(self._at + step, 0), self.count() - 1)
            self._sort(Qt.SortOrder.AscendingOrder)
        elif event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            down = self.sortIndicatorOrder() is Qt.SortOrder.AscendingOrder
            self._sort(Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder)
        else:
            super().keyPressEvent(event)

    def _sort(self, order: Qt.SortOrder) -> None:
        self.setSortIndicator(self._at, order)


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
        for place, column in enumerate(columns):
            header.resizeSection(place, column.width_px)
        self._model.checks_changed.connect(self.checks_changed)
        self.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.doubleClicked.connect(self._on_entered)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        columns, header = self._model.columns, self.header()
        wide = [place for place, column in enumerate(columns) if column.stretches]
        taken = sum(header.sectionSize(at) for at in range(len(columns)) if at not in wide)
        for place in wide:
            room = (self.viewport().width() - taken) // len(wide)
            header.resizeSection(place, max(columns[place].width_px, room))

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows; what is selected and checked stays if it is still there."""
        key, count = self.selected_key(), len(self._model.checked)
        self._model.put(rows)
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
