"""Settings as labelled fields, in as many columns as there is room for."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from explorer.fields import Choice, Field, Value
from explorer.focus import set_enabled

_TIP_ROLE = Qt.ItemDataRole.ToolTipRole
_LONG = 7  # significant digits: what is shown is the value itself

Input = QComboBox | QSpinBox | QDoubleSpinBox


class _Number(QDoubleSpinBox):
    """Shows 0.001, not 0.00100."""

    def textFromValue(self, value: float) -> str:
        return self.locale().toString(value, "g", _LONG)


class FieldGrid(QWidget):
    """One input a field. Fields can be left out, and be closed for a reason their tip gives."""

    changed = Signal(str)  # name
    committed = Signal(str)  # name; chosen, or typed and Enter pressed or the field left

    def __init__(
        self, fields: Sequence[Field], column_px: int = 150, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._column_px = column_px
        self._fields = {field.name: field for field in fields}
        self._shown = list(self._fields)
        self._columns = 0
        self.inputs: dict[str, Input] = {}
        self._labels: dict[str, QLabel] = {}
        self._told: dict[str, Value] = {}  # what a field was filled with, or said last
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(3)
        for field in fields:
            self._add(field)
        self._lay_out(1)

    # -- values ----------------------------------------------------------------------------

    def value(self, name: str) -> Value:
        """What a field says."""
        field = self.inputs[name]
        return str(field.currentData()) if isinstance(field, QComboBox) else field.value()

    def values(self) -> dict[str, Value]:
        """What all fields say, those left out too."""
        return {name: self.value(name) for name in self.inputs}

    def set_values(self, values: Mapping[str, Value]) -> None:
        """Fill fields; names that are no field's do not matter."""
        for name in values.keys() & self.inputs.keys():
            field, value = self.inputs[name], values[name]
            with QSignalBlocker(field):
                if isinstance(field, QComboBox):
                    field.setCurrentIndex(max(0, field.findData(value)))
                elif isinstance(field, QSpinBox):
                    field.setValue(int(value))
                else:
                    field.setValue(float(value))
            self._told[name] = self.value(name)
            self._explain(name)

    def set_shown(self, names: Collection[str]) -> None:
        """Leave all other fields out."""
        shown = [name for name in self._fields if name in names]
        if shown != self._shown:
            self._shown = shown
            self._lay_out(self._columns)

    def set_closed(self, reasons: Mapping[str, str]) -> None:
        """Close the fields that have a reason, and open all others."""
        for name, field in self.inputs.items():
            reason = reasons.get(name, "")
            set_enabled(field, not reason)
            self._labels[name].setEnabled(not reason)
            field.setToolTip(reason)
            if not reason:
                self._explain(name)

    def set_tips(self, tips: Mapping[str, str]) -> None:
        """Explain fields by other words."""
        for name, tip in tips.items():
            self._fields[name] = replace(self._fields[name], tip=tip)
            self._labels[name].setToolTip(tip)
            self._explain(name)

    def set_special(self, name: str, text: str) -> None:
        """Say something else in place of a field's lowest number."""
        field = self.inputs[name]
        if isinstance(field, QAbstractSpinBox):
            field.setSpecialValueText(text)

    # -- building --------------------------------------------------------------------------

    def _add(self, field: Field) -> None:
        made = _input(field)
        made.setParent(self)
        made.setObjectName(f"field-{field.name}")
        made.setAccessibleName(field.spoken or field.text)
        made.setMinimumWidth(40)
        made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        label = QLabel(field.text, self)
        label.setProperty("role", "muted")
        label.setBuddy(made)
        label.setToolTip(field.tip)
        self.inputs[field.name], self._labels[field.name] = made, label
        self._connect(field.name, made)
        self._explain(field.name)

    def _connect(self, name: str, made: Input) -> None:
        if isinstance(made, QComboBox):
            made.currentIndexChanged.connect(partial(self._on_changed, name))
            made.activated.connect(partial(self._on_committed, name))
        else:
            made.valueChanged.connect(partial(self._on_changed, name))
            made.editingFinished.connect(partial(self._on_committed, name))
            made.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Escape takes back what was typed but not yet entered."""
        escaped = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if escaped and isinstance(watched, QSpinBox | QDoubleSpinBox):
            text = watched.textFromValue(watched.value())  # type: ignore[arg-type] # its own value
            if watched.cleanText() != text and watched.text() != watched.specialValueText():
                watched.lineEdit().setText(text)
                watched.selectAll()
                return True
        return False

    def _on_changed(self, name: str, *_: object) -> None:
        self._explain(name)
        self.changed.emit(name)

    def _on_committed(self, name: str, *_: object) -> None:
        """Leaving a field untouched is no wish: it may say a value less exactly than it is."""
        value = self.value(name)
        if value != self._told.get(name):
            self._told[name] = value
            self.committed.emit(name)

    def _explain(self, name: str) -> None:
        """A field's tip; a list's goes on with that of the entry chosen."""
        made, tip = self.inputs[name], self._fields[name].tip
        if not made.isEnabled():
            return
        chosen = made.currentData(_TIP_ROLE) if isinstance(made, QComboBox) else ""
        more = chosen if chosen != tip else ""
        made.setToolTip(": ".join(part for part in (tip or self._spoken(name), more) if part))

    def _spoken(self, name: str) -> str:
        return self._fields[name].spoken or self._fields[name].text

    def _lay_out(self, columns: int) -> None:
        self._columns = max(1, columns)
        for name, made in self.inputs.items():
            for widget in (self._labels[name], made):
                self._grid.removeWidget(widget)
                widget.setVisible(name in self._shown)
        for column in range(2 * len(self._fields) + 1):
            self._grid.setColumnStretch(column, 0)
        for place, name in enumerate(self._shown):
            row, column = divmod(place, self._columns)
            self._grid.addWidget(self._labels[name], row, 2 * column)
            self._grid.addWidget(self.inputs[name], row, 2 * column + 1)
        for column in range(self._columns):
            self._grid.setColumnStretch(2 * column + 1, 1)
        for earlier, later in zip(self._shown, self._shown[1:], strict=False):
            QWidget.setTabOrder(self.inputs[earlier], self.inputs[later])
        self.setVisible(bool(self._shown))
        self.updateGeometry()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        columns = max(1, self.width() // self._column_px)
        if columns != self._columns:
            self._lay_out(columns)

    def minimumSizeHint(self) -> QSize:
        return QSize(min(self._column_px, 120), super().minimumSizeHint().height())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self.updateGeometry()


def _input(field: Field) -> Input:
    if field.choices:
        return _list(field.choices)
    made: QSpinBox | QDoubleSpinBox
    if field.whole:
        made = QSpinBox()
        made.setRange(int(field.low), int(field.high))
    else:
        made = _Number()
        made.setDecimals(6)
        made.setRange(field.low, field.high)
    made.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
    made.setSpecialValueText(field.special)
    made.setSuffix(f" {field.unit}" if field.unit else "")
    made.setKeyboardTracking(False)
    return made


def _list(choices: Sequence[Choice]) -> QComboBox:
    combo = QComboBox()
    for choice in choices:
        combo.addItem(choice.text, choice.value)
        combo.setItemData(combo.count() - 1, choice.tip, _TIP_ROLE)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(4)
    return combo
