"""Service: starts, pauses and stops trainings, and publishes how they go."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import platformdirs
from PySide6.QtCore import QObject, Signal

from explorer.loss_curves import Curves
from explorer.processes import TrainerBug, TrainerEnd, TrainingThread
from explorer.recorded_runs import RecordedRun, is_finished, is_held, last_epoch_file, out_file
from explorer.trainer_messages import (
    Adjusted,
    Adjustment,
    Advanced,
    CurvePoint,
    Failed,
    Finished,
    Finishing,
    GoneOn,
    Job,
    Loaded,
    Message,
    Order,
    Paused,
    Pictures,
    Planned,
    Position,
    Preparing,
    Stopped,
    Task,
    Terms,
)
from explorer.workers import raise_in_hook
from models.plans import Plan

MODEL_ENDING = ".safetensors"
_ATTEMPTS = 10  # at a place that no other window takes at the same moment
SIGKILL = 9  # Windows has no name for it
_START_AGAIN = "No epoch was finished; start it again under Set up."


class Status(StrEnum):
    """What a training is doing."""

    IDLE = "idle"
    PREPARING = "preparing"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHING = "finishing"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True)
class TrainingState:
    """How the training stands that runs now or ran last.

    `activity` is being prepared, `done` of `total` (0: unknown) of it. `train` and `held_out`
    are the newest terms, in nats an image. `message` says how it ended; `file` is the model
    it made. `adjusted` are the settings changed while it ran, and `epoch_file` the newest epoch
    that its folder (`plan.folder`) holds a file of. `pseudo`: the terms are of a
    pseudo-likelihood.
    """

    status: Status = Status.IDLE
    plan: Plan | None = None
    activity: str = ""
    done: int = 0
    total: int = 0
    data: Loaded | None = None
    position: Position | None = None
    train: Terms | None = None
    held_out: Terms | None = None
    message: str = ""
    file: Path | None = None
    adjusted: tuple[Adjusted, ...] = ()
    epoch_file: int | None = None
    pseudo: bool = False

    @property
    def active(self) -> bool:
        """Whether a trainer is at work or will be after a pause."""
        return self.status in (Status.PREPARING, Status.RUNNING, Status.PAUSED, Status.FINISHING)


def default_folder() -> Path:
    """Where models are kept that a person trains."""
    return Path(platformdirs.user_data_dir("latent-explorer", appauthor=False)) / "models"


class Training(QObject):
    """One training at a time, in a process of its own; every finished epoch is on the disk.

    `shutdown` must come before the application ends.
    """

    state_changed = Signal()
    curves_changed = Signal()
    pictures_changed = Signal()
    runs_changed = Signal()  # trainings have begun, ended or gone
    epoch_written = Signal(object, int)  # Path of the training's folder, epoch
    finished = Signal(object)  # Path of the model of all epochs
    stopped = Signal(object)  # Path of the model of the epochs finished before a stop, or None
    failed = Signal(str)

    def __init__(
        self,
        folder: Path | None = None,
        parent: QObject | None = None,
        make_thread: Callable[[Job, QObject], TrainingThread] = TrainingThread,
    ) -> None:
        super().__init__(parent)
        self.folder = folder or default_folder()
        self.state = TrainingState()
        self.curves = Curves()
        self.pictures: Pictures | None = None
        self._make_thread = make_thread
        self._thread: TrainingThread | None = None
        self._closed = False
        self._end: Finished | Stopped | Failed | None = None

    # -- wishes ----------------------------------------------------------------------------

    def fresh_file(self, name: str) -> Path:
        """A path in the models' folder that neither a model nor a training has."""
        number, stem = 1, name
        while True:
            path = self.folder / f"{stem}{MODEL_ENDING}"
            if not path.exists() and not Plan("", str(path)).folder.exists():
                return path
            number += 1
            stem = f"{name}-{number}"

    def start(self, plan: Plan) -> None:
        """Train by `plan` from the beginning; nothing happens while another training runs."""
        self._begin(Job("train", plan), TrainingState(Status.PREPARING, plan, "Starting"))

    def start_new(self, plan: Plan, name: str) -> None:
        """The same with a fresh file of that name, which no other window takes meanwhile."""
        if self._thread is None and not self._closed:
            self.start(self._with_a_place(plan, name))

    def _with_a_place(self, plan: Plan, name: str) -> Plan:
        """The plan with a file whose folder is made now: the trainer takes seconds to get there."""
        placed = plan
        for _ in range(_ATTEMPTS):
            placed = replace(plan, out=str(self.fresh_file(name)))
            try:
                placed.folder.mkdir(parents=True)
            except FileExistsError:  # another window was faster
                continue
            except OSError:  # whoever trains finds that too, and tells it
                pass
            break
        return placed

    def recall(self, known: RecordedRun) -> None:
        """Show the curves of a training that has ended, unless one is under way."""
        plan = self.state.plan
        if self.state.active or (plan is not None and plan.folder == known.plan.folder):
            return
        self.curves, self.pictures = Curves().extended(known.points), known.pictures
        self._set(TrainingState(plan=known.plan, adjusted=known.adjusted, pseudo=known.pseudo))
        self.curves_changed.emit()
        self.pictures_changed.emit()

    def resume_last(self, run: Path, more: int = 0) -> None:
        """Go on with the training in the folder `run`, for `more` epochs unless that is 0."""
        self._begin_with("resume", run, more)

    def keep_last(self, run: Path) -> None:
        """Make a model of the epochs that the unfinished training in `run` has finished."""
        self._begin_with("finish", run)

    def pause(self) -> None:
        """Take no step until `resume`."""
        self._order(Order.PAUSE, "Pausing")

    def resume(self) -> None:
        """Go on after a pause."""
        self._order(Order.GO_ON, "Training")

    def adjust(self, name: str, value: float) -> None:
        """Change a setting from the next step on: the learning rate, or one of the method's."""
        if self._thread is not None and self.state.status is not Status.FINISHING:
            self._thread.order(Adjustment(name, value))

    def stop(self) -> None:
        """End the training and make a model of the epochs finished so far."""
        self._order(Order.FINISH, "Stopping")

    def shutdown(self) -> None:
        """End everything at once, for good; an unfinished training is there at the next start."""
        self._closed = True
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()
            self._leave_no_empty_folder()

    def _leave_no_empty_folder(self) -> None:
        """A training that ended before its first epoch may not have come to its folder."""
        if self.state.plan is not None and self.state.plan.out:
            with suppress(OSError):  # it is gone, or holds something
                self.state.plan.folder.rmdir()

    # -- facts -----------------------------------------------------------------------------

    @property
    def process_id(self) -> int | None:
        """The number of the trainer process while there is one."""
        return self._thread.process_id if self._thread is not None else None

    # -- the thread ------------------------------------------------------------------------

    def _begin_with(self, task: Task, run: Path, more: int = 0) -> None:
        plan = Plan("", str(out_file(run)))  # the trainer tells the rest of it
        job = Job(task, path=str(run), more=more)
        self._begin(job, TrainingState(Status.PREPARING, plan, "Starting"))

    def _begin(self, job: Job, state: TrainingState) -> None:
        if self._thread is not None or self._closed:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._fail(f"{self.folder}: cannot be made ({error.strerror}); make room for models")
            return
        self._end = None
        self.curves, self.pictures = Curves(), None
        self._thread = self._make_thread(job, self)
        self._thread.heard.connect(self._on_heard)
        self._thread.ended.connect(self._on_ended)
        self._thread.start()
        self._set(state)
        self.curves_changed.emit()
        self.pictures_changed.emit()

    def _order(self, order: Order, activity: str) -> None:
        if self._thread is not None:
            self._thread.order(order)
            self._set(replace(self.state, activity=activity))

    def _set(self, state: TrainingState) -> None:
        self.state = state
        self.state_changed.emit()

    def _on_heard(self, message: Message) -> None:
        if self._thread is None:  # shut down meanwhile
            return
        match message:
            case Preparing():
                self._set(
                    replace(
                        self.state,
                        activity=message.activity,
                        done=message.done,
                        total=message.total,
                    )
                )
            case Planned():
                self._set(
                    replace(
                        self.state,
                        plan=message.plan,
                        position=message.position,
                        adjusted=message.adjusted,
                        pseudo=message.pseudo,
                    )
                )
                self._add_points(message.points)
                self._show_pictures(message.pictures)
            case Loaded():
                loaded = replace(self.state, data=message, pseudo=message.pseudo)
                self._set(replace(loaded, activity="Starting", done=0, total=0))
            case Advanced():
                self._advance(message)
            case Paused():
                self._set(replace(self.state, status=Status.PAUSED, activity="Training"))
            case GoneOn():
                begun = self.state.train is not None
                status = Status.RUNNING if begun else Status.PREPARING
                self._set(replace(self.state, status=status))
            case Finishing():
                self._set(replace(self.state, status=Status.FINISHING))
            case Finished() | Stopped() | Failed():
                self._end = message  # it counts when the process has ended

    def _advance(self, message: Advanced) -> None:
        newest = {point.held_out: point.terms for point in message.points}
        self._set(
            replace(
                self.state,
                status=Status.RUNNING,
                activity=self.state.activity if self.state.status is Status.RUNNING else "Training",
                position=message.position,
                train=newest.get(False, self.state.train),
                held_out=newest.get(True, self.state.held_out),
                adjusted=message.adjusted,
                epoch_file=message.epoch_file or self.state.epoch_file,
            )
        )
        self._add_points(message.points)
        if message.epoch_file is not None and self.state.plan is not None:
            self.epoch_written.emit(self.state.plan.folder, message.epoch_file)
        self._show_pictures(message.pictures)

    def _show_pictures(self, pictures: Pictures | None) -> None:
        if pictures is not None:
            self.pictures = pictures
            self.pictures_changed.emit()

    def _add_points(self, points: tuple[CurvePoint, ...]) -> None:
        if points:
            self.curves = self.curves.extended(points)
            self.curves_changed.emit()

    def _on_ended(self, end: TrainerEnd) -> None:
        thread, self._thread = self._thread, None
        if thread is None:  # shut down meanwhile
            return
        thread.wait()
        thread.deleteLater()
        self._leave_no_empty_folder()
        match self._end:
            case Finished():
                self._finish(self._end)
            case Stopped():
                message = "Stopped before the first epoch ended."
                self._set(replace(self.state, status=Status.STOPPED, message=message))
                self.stopped.emit(None)
            case Failed():
                self._fail(self._end.message)
                if self._end.details:
                    raise_in_hook(TrainerBug(self._end.details))
            case None:
                self._fail(f"The trainer ended before its time ({_reason(end)}).", _START_AGAIN)
        self.runs_changed.emit()

    def _finish(self, end: Finished) -> None:
        file, position = Path(end.path), self.state.position
        complete = position is None or end.epoch >= position.epochs
        if complete:
            message = f"Finished: {file.stem}, {end.epoch} epochs."
        else:
            message = f"Stopped: {file.stem} is the model after epoch {end.epoch}."
        if position is not None:
            position = replace(position, epoch=end.epoch)
        status = Status.FINISHED if complete else Status.STOPPED
        self._set(replace(self.state, status=status, message=message, file=file, position=position))
        (self.finished if complete else self.stopped).emit(file)

    def _fail(self, message: str, if_nothing_is_kept: str = "") -> None:
        if kept := _kept_text(self.state) or if_nothing_is_kept:
            message = f"{message.removesuffix('.')}. {kept}"
        self._set(replace(self.state, status=Status.FAILED, message=message))
        self.failed.emit(message)


def _kept_text(state: TrainingState) -> str:
    """What a training that failed has left, and where to go on with it; or nothing."""
    plan = state.plan
    if plan is None or not plan.out or not last_epoch_file(plan.folder).is_file():
        return ""
    if is_held(plan.folder):  # by another process, which is why it failed
        return ""
    if is_finished(plan.folder):  # a finished one was to go on
        return "The model and its finished epochs are kept; go on with them under Runs."
    epoch = state.position.epoch if state.position is not None else 0
    kept = f"Epoch {epoch} is kept" if epoch else "The last finished epoch is kept"
    return f"{kept}; go on with it under Runs."


def _reason(end: TrainerEnd) -> str:
    """Why a process ended without a word."""
    if end.status == -SIGKILL:
        return "it was killed; the system may have run out of memory"
    if end.status < 0:
        return f"signal {-end.status}"
    last_line = end.standard_error.splitlines()[-1:] or [f"status {end.status}"]
    return last_line[0]
