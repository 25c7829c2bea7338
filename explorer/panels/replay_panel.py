"""The bar under the curves, bound to the replay."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from explorer.figures import nats
from explorer.replay import SPEEDS, Replay, ReplayState
from explorer.widgets.replay_bar import ReplayBar


class ReplayPanel(QWidget):
    """What a person does on the bar is a wish to the replay."""

    export_requested = Signal()

    def __init__(self, replay: Replay, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._replay = replay
        self.bar = ReplayBar(SPEEDS, self)
        self.bar.setObjectName("replayBar")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.bar)
        self.bar.epoch_wished.connect(self._on_epoch_wished)
        self.bar.play_wished.connect(self.toggle_play)
        self.bar.speed_chosen.connect(replay.set_speed)
        self.bar.watch_toggled.connect(replay.set_watching)
        self.bar.newest_wished.connect(replay.go_live)
        self.bar.export_wished.connect(self.export_requested)
        replay.changed.connect(self._show)
        self._show()

    def _on_epoch_wished(self, epoch: int) -> None:
        self._replay.pause()
        self._replay.show(epoch)

    def toggle_play(self) -> None:
        """Play or pause."""
        if self._replay.state.playing:
            self._replay.pause()
        else:
            self._replay.play()

    def _show(self) -> None:
        state, bar = self._replay.state, self.bar
        total = state.run.total if state.run is not None else 0
        why = "No epochs yet" if state.running else "This model has no epochs beside it to replay"
        bar.set_epochs(state.epochs, total, state.place, why)
        bar.set_words(_words(state) or why, _few_words(state))
        bar.set_playing(state.playing, state.speed)
        bar.set_watching(state.watching, _watch_tip(state))
        text, tip = ("Live", "Follow the newest epoch again") if state.running else FINAL_WORDS
        newer = bool(state.epochs) and not state.live
        bar.set_newest(text, tip, newer if state.running else state.shown is not None)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._replay.prepare()


FINAL_WORDS = ("Final", "Back to the model that this training made")


def _words(state: ReplayState) -> str:
    """`epoch 12 of 40 · 24.3 nats`, or that the map shows the final model."""
    if state.run is None or not state.epochs or not state.on_map:
        return "" if not state.epochs else f"{_count(state)}, not on the map"
    if state.place is None:
        return ""
    words = f"epoch {state.place} of {state.run.total}"
    if state.shown is None and not state.running:
        words = f"final model, {words}"
    loss, name = state.run.loss.get(state.place), state.run.loss_name
    return words if loss is None else f"{words}  ·  held out {name} {nats(loss, 2)}"


def _few_words(state: ReplayState) -> str:
    if state.run is None or state.place is None or not state.on_map:
        return _count(state)
    loss = state.run.loss.get(state.place)
    words = f"{state.place} of {state.run.total}"
    return words if loss is None else f"{words} · {nats(loss)}"  # of what, the tip says


def _count(state: ReplayState) -> str:
    """How many finished epochs there are; the untrained model is none."""
    count = sum(epoch > 0 for epoch in state.epochs)
    return "No epochs" if not count else "1 epoch" if count == 1 else f"{count} epochs"


def _watch_tip(state: ReplayState) -> str:
    if state.running:
        return "The map follows the newest epoch; handles, view and undo stay as they are"
    if not state.watching:
        return "Trainings are not followed on the map until this is switched on again"
    return "The next training is followed on the map from its start"
