"""The trainer process: does one job at idle priority and tells the window how it goes.

Standard input brings the job and orders, standard output takes the messages
(`explorer.trainer_messages`). Orders are read in a thread of their own, so that a stop is
obeyed while torch is imported too, and so that the death of the window is noticed: its end of
the pipe closes.
"""

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from explorer.kept_pictures import read_pictures, write_pictures
from explorer.recorded_runs import discard_recorded, read_recorded
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
    read_order,
    write_message,
)
from models.errors import CheckpointError, DataError, TrainingError
from models.freed_memory import keep_freed_memory
from models.plans import Plan
from models.snapshots import epoch_file

if TYPE_CHECKING:
    from torch import Tensor

    from models.data import DataSet
    from models.training import Progress

MESSAGE_SECONDS = 0.1
PICTURES_SECONDS = 0.5
PATIENCE_SECONDS = 0.5  # what is being written may be finished in this time after a stop

Tell = Callable[[Message], None]
MakePictures = Callable[[int, "Mapping[str, Tensor]"], Pictures]


def main() -> None:
    """Do the job in the first line of standard input, then end this process."""
    lower_priority()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the window, which then says stop
    lines, messages = take_streams()
    first = lines.readline()
    if not first:
        os._exit(0)
    orders = Orders()
    threading.Thread(target=_obey, args=(orders, lines), daemon=True).start()

    def tell(message: Message) -> None:
        write_message(messages, message)

    status = work(Job.from_line(first), tell, orders)
    orders.ended.set()
    # Neither the thread that waits on the pipe nor torch need an orderly end.
    os._exit(status)


def lower_priority() -> None:
    """Leave the processor to whoever wants it (on Windows the window has seen to that)."""
    if sys.platform != "win32":
        os.nice(19)
    if sys.platform == "linux":
        with suppress(OSError):  # a sandbox may forbid it; nice has done most
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def leave_a_core() -> None:
    """Use one thread less than there are cores: the window draws on the one left.

    At idle priority a thread whose core is taken holds up all others at every step: on two busy
    cores two threads trained 111 images a second, one 6,666.
    """
    import torch

    torch.set_num_threads(max(1, torch.get_num_threads() - 1))


def take_streams() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes for this module alone: what libraries print goes to standard error."""
    lines, messages = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return lines, messages


class Orders:
    """What the window wants: read by one thread, asked by the other."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._paused = False
        self._adjustments: dict[str, float] = {}
        self.ending: Order | None = None  # FINISH or STOP
        self.ended = threading.Event()

    def receive(self, order: Order | Adjustment) -> None:
        """Take an order; a stop is final."""
        with self._changed:
            if isinstance(order, Adjustment):
                self._adjustments[order.name] = order.value
                self._changed.notify_all()
                return
            self._paused = order is Order.PAUSE
            if order is Order.STOP or (order is Order.FINISH and self.ending is None):
                self.ending = order
            self._changed.notify_all()

    def take_adjustments(self) -> dict[str, float]:
        """The settings to change since this was last asked."""
        if not self._adjustments:  # asked before every step
            return {}
        with self._changed:
            taken, self._adjustments = self._adjustments, {}
            return taken

    @property
    def paused(self) -> bool:
        """Whether no step may be taken."""
        return self._paused and self.ending is None

    def wait_while_paused(self, known: Mapping[str, float]) -> dict[str, float]:
        """Come back when there is something to do, or other settings to change than `known`.

        Returns those; they are still to be taken.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self.paused or self._adjustments != known)
            return dict(self._adjustments)


def _obey(orders: Orders, lines: Iterable[bytes]) -> None:
    """Receive orders until the window stops this process or is gone itself."""
    for line in lines:
        orders.receive(read_order(line))
        if orders.ending is Order.STOP:
            break
    orders.receive(Order.STOP)
    # Every file is written in one step, so that whatever this cuts off leaves nothing half.
    orders.ended.wait(PATIENCE_SECONDS)
    os._exit(0)


def work(job: Job, tell: Tell, orders: Orders) -> int:
    """Do a job and tell how it ended; the exit status."""
    try:
        try:
            tell(_do(job, tell, orders))
        except BrokenPipeError:
            raise
        except Exception as error:  # of any kind: the window has to hear of it
            tell(_failure(error))
            return 1
    except BrokenPipeError:  # the window is gone
        return 0
    return 0


def _failure(error: Exception) -> Failed:
    """What a person is told of an error; a bug's traceback goes along."""
    if isinstance(error, DataError | CheckpointError | TrainingError | OSError):
        return Failed(str(error))
    if isinstance(error, MemoryError) or "allocate memory" in str(error):
        return Failed(
            "There is not enough memory for this training; "
            "choose a smaller batch, a smaller network or fewer images."
        )
    return Failed(
        f"The trainer made a mistake ({type(error).__name__}: {error}).", traceback.format_exc()
    )


def _do(job: Job, tell: Tell, orders: Orders) -> Finished | Stopped:
    tell(Preparing("Starting"))
    planned = _planned(job)
    tell(planned)
    leave_a_core()
    keep_freed_memory()
    data = None
    if job.task != "finish":
        data = _load_data(planned.plan, tell, orders)
        if data is not None and _train(planned, job.task == "resume", data, tell, orders):
            return Finished(planned.plan.out, planned.position.epochs)
    if orders.ending is Order.STOP:
        return Stopped()
    if not planned.plan.last_epoch_file.exists():
        with suppress(CheckpointError):  # it is listed, and can be discarded there
            discard_recorded(planned.plan.folder)
        return Stopped()
    return _finish(planned.plan, data, tell)


def _planned(job: Job) -> Planned:
    if job.task == "train" and job.plan is not None:
        return Planned(job.plan, Position(0, job.plan.epochs, 0.0))
    known = read_recorded(Path(job.path))
    plan = known.plan.longer(known.epoch + job.more) if job.more else known.plan
    position = Position(known.epoch, plan.epochs, known.epoch / plan.epochs)
    pictures = read_pictures(plan.folder)
    if pictures is not None and pictures.epoch > known.epoch:  # of an epoch that is made again
        pictures = None
    return Planned(plan, position, known.points, known.adjusted, known.pseudo, pictures)


def _finish(plan: Plan, data: "DataSet | None", tell: Tell) -> Finished:
    """Make a model of the epochs finished so far."""
    tell(Finishing())
    from models import runs

    epoch = read_recorded(plan.folder).epoch
    runs.finish(plan, data)
    return Finished(plan.out, epoch)


def _train(planned: Planned, resume: bool, data: "DataSet", tell: Tell, orders: Orders) -> bool:
    """Train until done or told to end; whether it is done and the model written."""
    from explorer.trainer_pictures import PictureMaker
    from models import runs

    plan = planned.plan
    if orders.ending:
        return False
    config = runs.config_of(plan, data)
    counts = len(data.train), len(data.held_out)
    shape, likelihood = config.image_shape, config.likelihood
    notes = runs.notes_of(plan, data)
    tell(Loaded(*counts, shape, likelihood, notes, config.binarise))
    reporter = Reporter(tell, PictureMaker(config, data.held_out).make, plan.folder)
    pace = Pace(min(plan.epoch_images or len(data.train), len(data.train)))
    if planned.position.epoch == planned.position.epochs:
        tell(Finishing())  # only the file of the model was missing
    with closing(_steps(plan, resume, data, orders)) as steps:
        for progress in steps:
            reporter.progress(progress, pace.advance(progress))
            if orders.paused:
                reporter.flush()
                keep = partial(runs.keep_wishes, plan, progress)
                pace.leave_out(_pause(tell, orders, keep))
            if orders.ending:
                reporter.flush()
                return False
            if progress.snapshot is not None and progress.epoch == progress.epochs:
                reporter.flush()
                tell(Finishing())
    return True


def _steps(plan: Plan, resume: bool, data: "DataSet", orders: Orders) -> "Generator[Progress]":
    from models import runs

    yield from runs.run(plan, resume=resume, data=data, poll=orders.take_adjustments)


def _load_data(plan: Plan, tell: Tell, orders: Orders) -> "DataSet | None":
    """The data of a plan; nothing if a stop came first."""
    from models import runs

    said = [-MESSAGE_SECONDS]

    def report(what: str, done: int, total: int) -> None:
        if orders.paused:
            _pause(tell, orders, lambda wishes: None)  # nothing to go on with is there yet
        if time.monotonic() - said[0] >= MESSAGE_SECONDS:
            said[0] = time.monotonic()
            tell(Preparing(what.capitalize(), done, total))

    try:
        return runs.data_of(plan, report, lambda: orders.ending is not None)
    except DataError:
        if orders.ending:
            return None
        raise


def _pause(tell: Tell, orders: Orders, keep: Callable[[Mapping[str, float]], None]) -> float:
    """Wait until told to go on; the seconds that took.

    `keep` is shown the settings that are to be changed then: the pause may end by a kill.
    """
    tell(Paused())
    started, wishes = time.monotonic(), dict[str, float]()
    while orders.paused:
        wishes = orders.wait_while_paused(wishes)
        if wishes:
            keep(wishes)
    tell(GoneOn())
    return time.monotonic() - started


class Pace:
    """How fast training goes and how long it will take, pauses left out."""

    def __init__(self, images: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._images, self._clock = images, clock
        self._left_out = 0.0
        self._first: tuple[float, int] | None = None  # time and step of the first progress

    def leave_out(self, seconds: float) -> None:
        """Do not count a pause."""
        self._left_out += seconds

    def advance(self, progress: "Progress") -> Position:
        """Where training stands after `progress`."""
        now = self._clock() - self._left_out
        first_at, first_step = self._first = self._first or (now, progress.step)
        steps, seconds = progress.step - first_step, now - first_at
        rate = steps / seconds if steps and seconds > 0 else None
        images_a_step = self._images * progress.epochs / progress.steps
        return Position(
            epoch=progress.epoch,
            epochs=progress.epochs,
            fraction=progress.fraction,
            seconds=progress.seconds - self._left_out,
            seconds_left=(progress.steps - progress.step) / rate if rate else None,
            images_per_second=images_a_step * rate if rate else None,
        )


class Reporter:
    """Gathers what training says into at most ten messages a second; no point is lost."""

    def __init__(
        self,
        tell: Tell,
        make_pictures: MakePictures,
        folder: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell, self._make_pictures, self._clock = tell, make_pictures, clock
        self._folder = folder
        self._adjusted: tuple[Adjusted, ...] = ()
        self._epoch_file: int | None = None
        self._position: Position | None = None
        self._points: list[CurvePoint] = []
        self._pictures: Pictures | None = None
        self._told_at = self._pictured_at = -float("inf")
        self._points_in_epoch = 0

    def progress(self, progress: "Progress", position: Position) -> None:
        """Take in where training stands; tell it unless that was just done."""
        self._position = position
        self._adjusted = tuple(
            Adjusted(change.epoch, change.name, change.value) for change in progress.changes
        )
        if progress.held_out is None:
            self._points_in_epoch += 1
            at = progress.fraction * progress.epochs
            self._points.append(_train_point(at, progress))
        else:
            self._end_epoch(progress, dict(progress.held_out))
        if self._clock() - self._told_at >= MESSAGE_SECONDS:
            self.flush()

    def _end_epoch(self, progress: "Progress", held_out: dict[str, float]) -> None:
        if not self._points_in_epoch:  # too short to have said anything: its mean, in its middle
            mean = CurvePoint(
                progress.epoch - 0.5, dict(progress.train), False, (), progress.gradient_norm
            )
            self._points.append(mean)
        self._points_in_epoch = 0
        self._points.append(CurvePoint(progress.epoch, held_out, True, progress.kl))
        if epoch_file(self._folder, progress.epoch).exists():
            self._epoch_file = progress.epoch
        last = progress.epoch == progress.epochs
        due = self._clock() - self._pictured_at >= PICTURES_SECONDS
        if progress.snapshot is not None and (due or last):
            self._pictures = self._make_pictures(progress.epoch, progress.snapshot.weights)
            self._pictured_at = self._clock()
            with suppress(OSError):  # no training ends for want of room for them
                write_pictures(self._folder, self._pictures)

    def flush(self) -> None:
        """Tell what has been gathered."""
        if self._position is None:
            return
        points, pictures = tuple(self._points), self._pictures
        self._tell(Advanced(self._position, points, pictures, self._adjusted, self._epoch_file))
        self._position, self._points, self._pictures, self._epoch_file = None, [], None, None
        self._told_at = self._clock()


def _train_point(epoch: float, progress: "Progress") -> CurvePoint:
    return CurvePoint(epoch, dict(progress.train), False, progress.kl, progress.gradient_norm)
