"""The settings of a training as a compact form; it knows no more than its choices."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
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

_TIP_ROLE = Qt.ItemDataRole.ToolTipRole


@dataclass(frozen=True)
class Choice:
    """One entry of a list: its value, its text, and a line that explains it."""

    value: str
    text: str
    tip: str = ""


@dataclass(frozen=True)
class FormValues:
    """What a form says."""

    data: str
    method: str
    latent_size: int
    network: str
    epochs: int
    batch_size: int
    learning_rate: float


class _Rate(QDoubleSpinBox):
    """Shows 0.001, not 0.00100."""

    def textFromValue(self, value: float) -> str:
        return self.locale().toString(value, "g", 3)


class TrainingForm(QWidget):
    """Fields in two columns. Entries of `wishes` are not data: choosing one only asks for it."""

    data_changed = Signal(str)
    changed = Signal()
    wished = Signal(str)  # the value of a wish

    def __init__(
        self,
        data: Sequence[Choice],
        wishes: Sequence[Choice],
        methods: Sequence[Choice],
        networks: Sequence[Choice],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._wishes = {wish.value for wish in wishes}
        self._tips: dict[QWidget, str] = {}
        self.data, self.method, self.network = QComboBox(), QComboBox(), QComboBox()
        self.latent_size, self.epochs, self.batch_size = QSpinBox(), QSpinBox(), QSpinBox()
        self.learning_rate = _Rate()
        self.note = QLabel()
        for choices, combo in ((data, self.data), (methods, self.method), (networks, self.network)):
            for choice in choices:
                _add(combo, combo.count(), choice)
        self._data_count = len(data)
        self.data.insertSeparator(self.data.count())
        for wish in wishes:
            _add(self.data, self.data.count(), wish)
        self._chosen = 0
        for combo in (self.data, self.method, self.network):
            policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            combo.setSizeAdjustPolicy(policy)
            combo.setMinimumContentsLength(4)
        self._set_ranges()
        self._lay_out()
        self._connect()

    def sizeHint(self) -> QSize:
        return QSize(290, super().sizeHint().height())

    # -- values ----------------------------------------------------------------------------

    def values(self) -> FormValues:
        """What the fields say."""
        return FormValues(
            data=str(self.data.itemData(self._chosen)),
            method=str(self.method.currentData()),
            latent_size=self.latent_size.value(),
            network=str(self.network.currentData()),
            epochs=self.epochs.value(),
            batch_size=self.batch_size.value(),
            learning_rate=self.learning_rate.value(),
        )

    def set_values(self, values: FormValues) -> None:
        """Fill the fields; data that is not in the list stays as it was."""
        blockers = [QSignalBlocker(field) for field in self._tips]
        for combo, value in ((self.method, values.method), (self.network, values.network)):
            combo.setCurrentIndex(max(0, combo.findData(value)))
        place = self.data.findData(values.data)
        if place >= 0:
            self._chosen = place
            self.data.setCurrentIndex(place)
        self.latent_size.setValue(values.latent_size)
        self.epochs.setValue(values.epochs)
        self.batch_size.setValue(values.batch_size)
        self.learning_rate.setValue(values.learning_rate)
        del blockers
        self._explain_choices()
        self.changed.emit()

    def add_data(self, choice: Choice) -> None:
        """Put an entry into the list of data, unless it is there, and choose it."""
        place = self.data.findData(choice.value)
        if place < 0:
            place = self._data_count
            with QSignalBlocker(self.data):
                _add(self.data, place, choice)
            self._data_count += 1
        self.data.setCurrentIndex(place)
        self._on_data_activated(place)

    def set_note(self, text: str, tip: str) -> None:
        """A line under the fields, explained by its tooltip."""
        self.note.setText(text)
        self.note.setToolTip(tip)

    def set_locked(self, reason: str) -> None:
        """Keep the fields from being changed for a reason, or let them be changed again."""
        for field, tip in self._tips.items():
            field.setEnabled(not reason)
            field.setToolTip(reason or tip)
        if not reason:
            self._explain_choices()

    # -- building --------------------------------------------------------------------------

    def _set_ranges(self) -> None:
        self.latent_size.setRange(1, 512)
        self.latent_size.setValue(2)
        self.epochs.setRange(1, 100_000)
        self.epochs.setValue(20)
        self.batch_size.setRange(1, 8192)
        self.batch_size.setValue(128)
        self.batch_size.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        self.learning_rate.setDecimals(5)
        self.learning_rate.setRange(0.00001, 0.5)
        self.learning_rate.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        self.learning_rate.setValue(0.001)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(5)
        grid.setVerticalSpacing(3)
        self._place(grid, 0, 0, "Data", self.data, "Images to train on", span=3)
        self._place(grid, 1, 0, "Method", self.method, "What is optimised")
        self._place(grid, 1, 2, "Network", self.network, "What computes encoder and decoder")
        tip = "K, the number of latent dimensions: 2 shows all of the map at once"
        self._place(grid, 2, 0, "Latents", self.latent_size, tip)
        self._place(grid, 2, 2, "Epochs", self.epochs, "How often every image is seen")
        self._place(grid, 3, 0, "Batch", self.batch_size, "Images in one step")
        tip = "Adam's step size at its highest; it falls to nearly 0 towards the end"
        self._place(grid, 3, 2, "Rate", self.learning_rate, tip)
        self.latent_size.setAccessibleName("Latent size")
        self.learning_rate.setAccessibleName("Learning rate")
        self.note.setProperty("role", "muted")
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        grid.addWidget(self.note, 4, 0, 1, 4)
        grid.setRowStretch(5, 1)
        grid.setColumnStretch(1, 3)
        grid.setColumnStretch(3, 2)

    def _place(
        self,
        grid: QGridLayout,
        row: int,
        column: int,
        text: str,
        field: QWidget,
        tip: str,
        span: int = 1,
    ) -> None:
        label = QLabel(text, self)
        label.setProperty("role", "muted")
        label.setBuddy(field)
        field.setParent(self)
        field.setAccessibleName(text)
        field.setToolTip(tip)
        field.setMinimumWidth(48)
        field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._tips[field] = tip
        grid.addWidget(label, row, column)
        grid.addWidget(field, row, column + 1, 1, span)

    def _connect(self) -> None:
        self.data.activated.connect(self._on_data_activated)
        self.method.currentIndexChanged.connect(self._on_choice_changed)
        self.network.currentIndexChanged.connect(self._on_choice_changed)
        for field in (self.latent_size, self.epochs, self.batch_size, self.learning_rate):
            field.valueChanged.connect(self.changed)
        self._explain_choices()

    def _on_data_activated(self, place: int) -> None:
        value = str(self.data.itemData(place))
        if value in self._wishes:
            self.data.setCurrentIndex(self._chosen)
            self.wished.emit(value)
            return
        self._chosen = place
        self._explain_choices()
        self.data_changed.emit(value)
        self.changed.emit()

    def _on_choice_changed(self) -> None:
        self._explain_choices()
        self.changed.emit()

    def _explain_choices(self) -> None:
        """A list's tooltip is that of the entry chosen."""
        for combo in (self.data, self.method, self.network):
            tip = combo.currentData(_TIP_ROLE)
            if combo.isEnabled() and tip:
                combo.setToolTip(f"{self._tips[combo]}: {tip}")


def _add(combo: QComboBox, place: int, choice: Choice) -> None:
    combo.insertItem(place, choice.text, choice.value)
    combo.setItemData(place, choice.tip, _TIP_ROLE)
