"""The first settings of a training as a compact form; it knows no more than its choices."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QLabel,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QWidget,
)

from explorer.fields import Choice, Field
from explorer.focus import set_enabled

_NUMBER_PX = 66
_VISIBLE_DATA = 20  # what is only asked for stands last and is not to be scrolled to
_TIP_ROLE = Qt.ItemDataRole.ToolTipRole


@dataclass(frozen=True)
class FormValues:
    """What a form says."""

    data: str
    method: str
    latent_size: int
    network: str
    epochs: int


@dataclass(frozen=True)
class FormChoices:
    """What a form offers. Entries of `wishes` are not data: choosing one only asks for it.

    The last preset stands for settings of one's own and cannot be chosen.
    """

    presets: Sequence[Choice]
    data: Sequence[Choice]
    wishes: Sequence[Choice]
    methods: Sequence[Choice]
    networks: Sequence[Choice]
    latent_size: Field
    epochs: Field


class TrainingForm(QWidget):
    """Fields in two columns, a note below them, and the button for all other settings."""

    data_changed = Signal(str)
    preset_chosen = Signal(str)
    changed = Signal()
    wished = Signal(str)  # the value of a wish

    def __init__(self, choices: FormChoices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wishes = {wish.value for wish in choices.wishes}
        self._tips: dict[QWidget, str] = {}
        self.preset, self.data = QComboBox(), QComboBox()
        self.method, self.network = QComboBox(), QComboBox()
        self.latent_size, self.epochs = _number(choices.latent_size), _number(choices.epochs)
        self.note, self.more = QLabel(), QToolButton()
        self._fill(choices)
        self._chosen = 0
        self._lay_out(choices)
        self._connect()

    def _fill(self, choices: FormChoices) -> None:
        for offered, combo in (
            (choices.presets, self.preset),
            (choices.data, self.data),
            (choices.methods, self.method),
            (choices.networks, self.network),
        ):
            for choice in offered:
                _add(combo, combo.count(), choice)
            policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            combo.setSizeAdjustPolicy(policy)
            combo.setMinimumContentsLength(4)
        self._given_data = self._data_count = len(choices.data)
        self.data.setMaxVisibleItems(_VISIBLE_DATA)
        self.data.insertSeparator(self.data.count())
        for wish in choices.wishes:
            _add(self.data, self.data.count(), wish)

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
        del blockers
        self._explain_choices()

    def set_preset(self, name: str) -> None:
        """Say which preset the settings are; unknown ones are settings of one's own."""
        place = self.preset.findData(name)
        with QSignalBlocker(self.preset):
            self.preset.setCurrentIndex(place if place >= 0 else self.preset.count() - 1)
        self._explain_choices()

    def set_own_data(self, own: Sequence[Choice]) -> None:
        """The data under that always offered; what is chosen stays so, and has to be among it."""
        if self._own_data() == [(choice.value, choice.text) for choice in own]:
            return
        chosen = self.values().data
        with QSignalBlocker(self.data):
            for place in reversed(range(self._given_data, self._data_count)):
                self.data.removeItem(place)
            for place, choice in enumerate(own, self._given_data):
                _add(self.data, place, choice)
            self._data_count = self._given_data + len(own)
            self._chosen = max(0, self.data.findData(chosen))
            self.data.setCurrentIndex(self._chosen)
        self._explain_choices()

    def _own_data(self) -> list[tuple[str, str]]:
        places = range(self._given_data, self._data_count)
        return [(str(self.data.itemData(at)), self.data.itemText(at)) for at in places]

    def choose_data(self, data: str) -> None:
        """Choose an entry of the list of data, as if by hand."""
        place = self.data.findData(data)
        self.data.setCurrentIndex(place)
        self._on_data_activated(place)

    def set_note(self, text: str, tip: str) -> None:
        """A line under the fields, explained by its tooltip."""
        self.note.setText(text)
        self.note.setToolTip(tip)

    def set_locked(self, reason: str) -> None:
        """Keep the fields from being changed for a reason, or let them be changed again."""
        for field, tip in self._tips.items():
            set_enabled(field, not reason)
            field.setToolTip(reason or tip)
        if not reason:
            self._explain_choices()

    # -- building --------------------------------------------------------------------------

    def _lay_out(self, choices: FormChoices) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(3)
        tip = "Settings that go well together, for the data chosen; change any of them"
        self._place(grid, 0, 0, "Preset", self.preset, tip, span=3)
        self._place(grid, 1, 0, "Data", self.data, "Images to train on", span=3)
        self._place(grid, 2, 0, "Method", self.method, "What is optimised", span=3)
        self._place(grid, 3, 0, "Network", self.network, "What computes encoder and decoder")
        self._place(grid, 3, 2, choices.latent_size.text, self.latent_size, choices.latent_size.tip)
        self._place(grid, 4, 0, choices.epochs.text, self.epochs, choices.epochs.tip)
        self.latent_size.setAccessibleName(choices.latent_size.spoken)
        self.note.setProperty("role", "muted")
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.more.setText("More settings")
        self.more.setObjectName("moreSettings")
        self.more.setAccessibleName("More settings")
        self.more.setCheckable(True)
        self.more.setToolTip(
            "Likelihood, image size, size of the network, warm-up, batch, rate, seed …"
        )
        grid.addWidget(self.more, 4, 2, 1, 2)
        grid.addWidget(self.note, 5, 0, 1, 4)
        grid.setRowStretch(6, 1)
        grid.setColumnStretch(1, 1)
        self.latent_size.setMinimumWidth(_NUMBER_PX)

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
        self.preset.currentIndexChanged.connect(self._on_preset_changed)
        self.method.currentIndexChanged.connect(self._on_choice_changed)
        self.network.currentIndexChanged.connect(self._on_choice_changed)
        for field in (self.latent_size, self.epochs):
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

    def _on_preset_changed(self) -> None:
        self._explain_choices()
        self.preset_chosen.emit(str(self.preset.currentData()))

    def _on_choice_changed(self) -> None:
        self._explain_choices()
        self.changed.emit()

    def _explain_choices(self) -> None:
        """A list's tooltip is that of the entry chosen."""
        for combo in (self.preset, self.data, self.method, self.network):
            tip = combo.currentData(_TIP_ROLE)
            if combo.isEnabled() and tip:
                combo.setToolTip(f"{self._tips[combo]}: {tip}")


def _number(field: Field) -> QSpinBox:
    made = QSpinBox()
    made.setRange(int(field.low), int(field.high))
    return made


def _add(combo: QComboBox, place: int, choice: Choice) -> None:
    combo.insertItem(place, choice.text, choice.value)
    combo.setItemData(place, choice.tip, _TIP_ROLE)
    combo.setItemData(place, choice.tip, Qt.ItemDataRole.AccessibleDescriptionRole)
