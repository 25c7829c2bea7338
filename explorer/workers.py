"""Threads: the decode thread and the lanes of tasks.

This file alone knows threads, and `processes` alone processes. Everything that crosses is frozen;
every result arrives in the GUI thread, by queued signals to bound methods of QObjects there.
"""

import itertools
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QThread, Signal

from explorer.rendering import DecodeRequest, DecodeResult, Kind, Slot, compute_alone, render
from models.errors import CheckpointError, DataError, TrainingError

if TYPE_CHECKING:
    from models.model import Model

# A batch is cut so that a handle's decode waits no longer: while one is dragged, and else.
_CHUNK_SECONDS_BESIDE_HAND, CHUNK_SECONDS = 0.0015, 0.012
_HAND_SECONDS = 0.1  # since the last decode of a handle: nobody drags any more
_FIRST_CHUNK, _LARGEST_CHUNK = 8, 512
_DECODES_A_VALUE = 8  # about what another kind than a picture takes, before it has been timed


class ModelShelf:
    """Open models by key, shared by the decode thread and the lanes; models never change.

    While a training is watched the model of a key is replaced by one of the next epoch: by
    reference, so whoever holds the old one goes on with it and nobody waits.
    """

    def __init__(self) -> None:
        self._models: dict[int, Model] = {}
        self._keys = itertools.count(1)
        self._lock = threading.Lock()

    def add(self, model: "Model") -> int:
        """Keep a model; its key."""
        with self._lock:
            key = next(self._keys)
            self._models[key] = model
        return key

    def replace(self, key: int, model: "Model") -> None:
        """Put the same model with other weights in the place of the one with that key."""
        with self._lock:
            if key in self._models:
                self._models[key] = model

    def get(self, key: int) -> "Model | None":
        """The model with that key, if it is still open."""
        return self._models.get(key)

    def remove(self, key: int) -> None:
        """Forget a model."""
        with self._lock:
            self._models.pop(key, None)


class DecodeThread(QThread):
    """Decodes the newest request of each slot, lower slots first; long ones in small chunks.

    A superseded request is dropped; a finished chunk always arrives.
    """

    decoded = Signal(object)  # DecodeResult
    ready = Signal()  # torch is imported

    def __init__(self, shelf: ModelShelf, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shelf = shelf
        self._wake = threading.Condition()
        self._waiting: dict[Slot, tuple[DecodeRequest, int]] = {}
        self._stopping = False
        self._seconds_per_row: dict[tuple[int, Kind], float] = {}
        self._hand_at = -_HAND_SECONDS

    def submit(self, request: DecodeRequest) -> None:
        """Ask for a decode; takes the place of what waits in the same slot."""
        with self._wake:
            if request.slot is Slot.PICTURE:
                self._hand_at = perf_counter()
            self._waiting[request.slot] = (request, 0)
            self._wake.notify()

    def seconds_a_picture(self, model_key: int) -> float | None:
        """What a decode takes in a large batch, once that is known."""
        return self._seconds_per_row.get((model_key, "picture"))

    def clear(self, slot: Slot) -> None:
        """Drop what waits in a slot."""
        with self._wake:
            self._waiting.pop(slot, None)

    def stop(self) -> None:
        """End the thread and wait for it."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self.wait()

    def run(self) -> None:
        """Decode until stopped (in the thread)."""
        compute_alone()
        self.ready.emit()
        while (job := self._next_job()) is not None:
            result = self._decode_chunk(*job)
            if result is not None:
                self.decoded.emit(result)

    def _next_job(self) -> tuple[DecodeRequest, int] | None:
        with self._wake:
            while not self._waiting and not self._stopping:
                self._wake.wait()
            if self._stopping:
                return None
            return self._waiting.pop(min(self._waiting))

    def _decode_chunk(self, request: DecodeRequest, first: int) -> DecodeResult | None:
        model = self._shelf.get(request.model_key)
        if model is None:
            return None
        count = self._chunk(request, first)
        result = render(model, request, first, count)
        self._learn_speed(request, count, result.seconds)
        if first + count < len(request.z) and not result.error:
            with self._wake:
                self._waiting.setdefault(request.slot, (request, first + count))
        return result

    def _chunk(self, request: DecodeRequest, first: int) -> int:
        return min(len(request.z) - first, self._fitting(request.model_key, request.kind))

    def _fitting(self, model_key: int, kind: Kind) -> int:
        per_row = self._seconds_per_row.get((model_key, kind))
        beside = perf_counter() - self._hand_at < _HAND_SECONDS
        seconds = _CHUNK_SECONDS_BESIDE_HAND if beside else CHUNK_SECONDS
        if per_row is None and kind != "picture":
            rows = min(_FIRST_CHUNK, self._fitting(model_key, "picture") // _DECODES_A_VALUE)
        elif per_row is None:
            rows = _FIRST_CHUNK
        else:
            rows = int(seconds / max(per_row, 1e-7))
        return max(1, min(rows, _LARGEST_CHUNK))

    def _learn_speed(self, request: DecodeRequest, count: int, seconds: float) -> None:
        """What a row takes at best: a chunk that was held up, by painting say, tells nothing.

        Of a decoder that is not known a first row or two tell only that it is slow, if it is: then
        no drag waits for a whole first chunk of it. Faster rows, later, take that back.
        """
        key = request.model_key, request.kind
        slow = key not in self._seconds_per_row and seconds / count > CHUNK_SECONDS
        if slow or count >= min(_FIRST_CHUNK, self._fitting(*key)):
            known = self._seconds_per_row.get(key, seconds)
            self._seconds_per_row[key] = min(known, seconds / count)


class Cancelled(Exception):
    """Raised inside a task that was told to stop."""


class Cancel(threading.Event):
    """The wish that a task stops; a task that waits for something else can be woken by it."""

    def __init__(self) -> None:
        super().__init__()
        self._act: Callable[[], object] | None = None
        self._guard = threading.Lock()

    def then(self, act: Callable[[], object]) -> None:
        """Call `act` once it is set, or now if it is."""
        with self._guard:
            self._act = act
            late = self.is_set()
        if late:
            act()

    def set(self) -> None:
        with self._guard:
            act, self._act = self._act, None
            super().set()
        if act is not None:
            act()


class TaskContext:
    """What a task sees of its lane: it reports progress and asks whether to stop."""

    def __init__(self, report: Callable[[str, int, int], None], cancel: "Cancel") -> None:
        self._report, self._cancel = report, cancel

    def report(self, what: str, done: int, total: int) -> None:
        """Tell how far the task is."""
        self._report(what, done, total)

    def cancelled(self) -> bool:
        """Whether somebody asked the task to stop."""
        return self._cancel.is_set()

    def when_cancelled(self, act: Callable[[], object]) -> None:
        """Call `act` when somebody asks the task to stop, in their thread: it must not wait."""
        self._cancel.then(act)


Task = Callable[[TaskContext], Any]


@dataclass(frozen=True, eq=False)
class _Job:
    ticket: int
    task: Task
    cancel: Cancel


@dataclass(frozen=True, eq=False)
class Callbacks:
    """Bound methods of GUI objects that hear how a task ended; all run in the GUI thread."""

    done: Callable[[Any], None]
    failed: Callable[[str], None]
    progressed: Callable[[str, int, int], None] | None = None
    cancelled: Callable[[], None] | None = None


class Lane(QThread):
    """Runs tasks one after another, off the GUI thread, and tells their callbacks in it.

    Errors a user can cause reach `failed` as a message; any other goes to `sys.excepthook`.
    """

    idle = Signal()  # nothing is running or waiting any more
    _done = Signal(int, object)
    _failed = Signal(int, object)
    _progressed = Signal(int, str, int, int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs: deque[_Job] = deque()
        self._wake = threading.Condition()
        self._stopping = False
        self._tickets = itertools.count(1)
        self._callbacks: dict[int, Callbacks] = {}
        self._cancels: dict[int, Cancel] = {}
        self._done.connect(self._on_done)
        self._failed.connect(self._on_failed)
        self._progressed.connect(self._on_progressed)

    @property
    def busy(self) -> bool:
        """Whether a task is running or waiting."""
        return bool(self._callbacks)

    def submit(self, task: Task, callbacks: Callbacks) -> int:
        """Queue a task; its ticket, to cancel it by. Starts the thread the first time.

        After `stop` nothing is queued: a task that ended just before it may still ask for more.
        """
        job = _Job(next(self._tickets), task, Cancel())
        if self._stopping:
            return job.ticket
        self._callbacks[job.ticket] = callbacks
        self._cancels[job.ticket] = job.cancel
        with self._wake:
            self._jobs.append(job)
            self._wake.notify()
        if not self.isRunning():
            self.start()
        return job.ticket

    def cancel(self, ticket: int) -> None:
        """Ask a task to stop; its `cancelled` callback follows."""
        if ticket in self._cancels:
            self._cancels[ticket].set()

    def cancel_all(self) -> None:
        """Ask all tasks to stop."""
        for cancel in list(self._cancels.values()):
            cancel.set()

    def stop(self) -> None:
        """Cancel everything, end the thread and wait for it; no callback is told any more."""
        self.cancel_all()
        self._callbacks.clear()
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self.wait()

    def run(self) -> None:
        """Work until stopped (in the thread)."""
        while (job := self._next_job()) is not None:
            self._run_job(job)

    def _next_job(self) -> _Job | None:
        with self._wake:
            while not self._jobs and not self._stopping:
                self._wake.wait()
            return None if self._stopping else self._jobs.popleft()

    def _run_job(self, job: _Job) -> None:
        try:
            if job.cancel.is_set():
                raise Cancelled
            value = job.task(TaskContext(self._reporter(job.ticket), job.cancel))
        except (Cancelled, CheckpointError, DataError, TrainingError) as error:
            self._failed.emit(job.ticket, error)
        except Exception as error:  # a bug in a task must not cost the lane its thread
            self._failed.emit(job.ticket, error)
            raise_in_hook(error)
        else:
            self._done.emit(job.ticket, value)

    def _reporter(self, ticket: int) -> Callable[[str, int, int], None]:
        last = [0.0]

        def report(what: str, done: int, total: int) -> None:
            now = perf_counter()
            if done >= total or now - last[0] > 0.05:  # 2,000 signals delayed a timer by 2 s
                last[0] = now
                self._progressed.emit(ticket, what, done, total)

        return report

    def _finish(self, ticket: int) -> Callbacks | None:
        self._cancels.pop(ticket, None)
        return self._callbacks.pop(ticket, None)

    def _on_done(self, ticket: int, value: object) -> None:
        callbacks = self._finish(ticket)
        if callbacks is not None:
            callbacks.done(value)
            self._tell_idle()

    def _on_failed(self, ticket: int, error: Exception) -> None:
        callbacks = self._finish(ticket)
        if callbacks is None:
            return
        if not isinstance(error, Cancelled):
            callbacks.failed(str(error))
        elif callbacks.cancelled is not None:
            callbacks.cancelled()
        self._tell_idle()

    def _tell_idle(self) -> None:
        if not self.busy:
            self.idle.emit()

    def _on_progressed(self, ticket: int, what: str, done: int, total: int) -> None:
        callbacks = self._callbacks.get(ticket)
        if callbacks is not None and callbacks.progressed is not None:
            callbacks.progressed(what, done, total)


def raise_in_hook(error: BaseException) -> None:
    """Give a bug to `sys.excepthook`, which writes the log and tells the person."""
    sys.excepthook(type(error), error, error.__traceback__)
