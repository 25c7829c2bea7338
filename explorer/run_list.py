"""Service: which trainings there are, read off the GUI thread, and the one that runs."""

import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.recorded_runs import discard_recorded, is_held, out_file
from explorer.runs_on_disk import ELSEWHERE_TEXT, Known, Run, RunState, read_runs
from explorer.training import Training
from explorer.workers import Callbacks, Lane, TaskContext

_LOOK_AGAIN_MS = 3000


class RunList(QObject):
    """Trainings in the folder of a `Training`, and those elsewhere that were added.

    `refresh` asks for them the first time. While another process trains one of them, they are
    read again now and then.
    """

    changed = Signal()
    refused = Signal(str)  # why a training cannot be gone on with, kept or discarded
    discard_failed = Signal(str)

    def __init__(self, training: Training, lane: Lane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._training, self._lane = training, lane
        self._known: Known = {}
        self._elsewhere: tuple[Path, ...] = ()
        self._asked = self._reading = self._again = False
        self._later = QTimer(self, singleShot=True, interval=_LOOK_AGAIN_MS)
        self._later.timeout.connect(self.refresh)
        training.runs_changed.connect(self.refresh)

    def refresh(self) -> None:
        """Read what is on the disk; `changed` follows."""
        self._asked = True
        if self._reading:
            self._again = True
            return
        self._reading = True
        state = self._training.state
        own = state.plan.folder if state.active and state.plan and state.plan.out else None
        task = partial(_read, self._training.folder, self._known, self._elsewhere, own)
        self._lane.submit(task, Callbacks(self._on_read, self._on_failed))

    def stop(self) -> None:
        """Do nothing more: the window closes."""
        self._later.stop()

    def add(self, run: Path) -> None:
        """List the training in the folder `run` too, wherever it lies, if there is one."""
        if run.parent != self._training.folder and run not in self._elsewhere:
            self._elsewhere += (run,)
        if self._asked:
            self.refresh()

    def discard(self, run: Path) -> None:
        """Delete the training in the folder `run`; `changed` or `discard_failed` follows."""
        task = partial(_discard, run)
        self._lane.submit(task, Callbacks(self._on_discarded, self._on_discard_failed))

    def is_free(self, run: Path) -> bool:
        """Whether no other process trains the one in the folder `run`; if one does, `refused`."""
        if not is_held(run):
            return True
        name = out_file(run).stem
        self.refused.emit(f"{name}: {ELSEWHERE_TEXT}")
        self.refresh()
        return False

    def listed(self) -> tuple[Run, ...]:
        """All trainings, newest first; the one that runs comes first, as it stands now."""
        running = self._running()
        rest = (run for _, run in self._known.values())
        if running is None:
            return tuple(rest)
        return (running, *(run for run in rest if run.folder != running.folder))

    def unfinished(self) -> tuple[Run, ...]:
        """Those that ended before their time."""
        states = (RunState.UNFINISHED, RunState.NOT_BEGUN)
        return tuple(run for run in self.listed() if run.state in states)

    def _running(self) -> Run | None:
        state = self._training.state
        if not state.active or state.plan is None or not state.plan.out:
            return None
        before = self._known.get(state.plan.folder)
        known = before[1] if before is not None else Run(state.plan.folder, RunState.RUNNING)
        position, data = state.position, state.data
        return replace(
            known,
            state=RunState.RUNNING,
            plan=state.plan if state.plan.data else known.plan,
            epoch=position.epoch if position is not None else known.epoch,
            changed_at=time.time(),
            curves=self._training.curves if self._training.curves.train else known.curves,
            adjusted=state.adjusted or known.adjusted,
            likelihood=data.likelihood if data is not None else known.likelihood,
            binary=data.binary if data is not None else known.binary,
        )

    def _on_read(self, known: Known) -> None:
        self._known = known
        self.changed.emit()
        self._end_reading()

    def _on_failed(self, message: str) -> None:
        self._end_reading()

    def _end_reading(self) -> None:
        self._reading = False
        if any(run.state is RunState.ELSEWHERE for run in self.listed()):
            self._later.start()
        else:
            self._later.stop()
        if self._again:
            self._again = False
            self.refresh()

    def _on_discarded(self, nothing: None) -> None:
        self._training.runs_changed.emit()

    def _on_discard_failed(self, message: str) -> None:
        """Some of it may be gone all the same."""
        self.discard_failed.emit(message)
        self._training.runs_changed.emit()


def _read(
    folder: Path,
    known: Known,
    elsewhere: tuple[Path, ...],
    own: Path | None,
    context: TaskContext,
) -> Known:
    return read_runs(folder, known, elsewhere, own)


def _discard(run: Path, context: TaskContext) -> None:
    discard_recorded(run)
