"""Service: tells the replay how a training goes, so that the map follows it."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from explorer.epochs import held_out_loss, loss_name
from explorer.replay import Replay
from explorer.training import Status, Training


class Following(QObject):
    """Between the training that runs and the map."""

    begun = Signal()  # a training: what was said of the last one holds no longer
    model_wished = Signal(object)  # Path of a model that nothing on the map is part of
    model_kept = Signal(object)  # Path of a model that does not come on the map by itself

    def __init__(self, training: Training, replay: Replay, parent: QObject) -> None:
        super().__init__(parent)
        self._training, self._replay = training, replay
        self._status = Status.IDLE
        training.state_changed.connect(self._on_state_changed)
        training.curves_changed.connect(self._on_curves_changed)
        training.epoch_written.connect(replay.add)
        training.finished.connect(self._on_ended)
        training.stopped.connect(self._on_ended)
        training.failed.connect(self._on_failed)
        training.runs_changed.connect(replay.look_again)  # its epochs may be gone
        replay.found.connect(training.recall)

    def _on_state_changed(self) -> None:
        state, before = self._training.state, self._status
        self._status = state.status
        if state.status is before or state.plan is None:
            return
        if state.status is Status.PREPARING and before is not Status.PAUSED:
            self._replay.begin(state.plan.folder)
            if not state.plan.data:  # it goes on, and its epochs so far are there
                self._replay.look_again()
            self.begun.emit()
        elif state.status is Status.RUNNING:
            self._replay.look_again()  # the untrained model is there, and what is gone on with
            self._on_curves_changed()

    def _on_curves_changed(self) -> None:
        curve = self._training.curves.held_out
        position = self._training.state.position
        name = "elbo" if "elbo" in curve else "reconstruction"
        if position is not None and self._training.state.active:
            values = curve.get(name)
            pairs = zip(values.epochs, values.values, strict=True) if values else ()
            loss = {round(epoch): held_out_loss({name: value}) for epoch, value in pairs}
            named = loss_name(curve, self._training.state.pseudo)
            self._replay.set_plan(position.epochs, loss, named)

    def _on_ended(self, path: Path | None) -> None:
        before = self._replay.state
        if not self._replay.finish(path) and path is not None:
            wished = before.watching and not before.on_map
            (self.model_wished if wished else self.model_kept).emit(path)

    def _on_failed(self, message: str) -> None:
        self._replay.finish(None)
