"""The trainings in a folder as a table lists them: read from their headers, without torch."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from explorer.loss_curves import Curves
from explorer.recorded_runs import (
    all_runs,
    begun_file,
    begun_runs,
    is_finished,
    is_held,
    last_epoch_file,
    out_file,
    read_recorded,
)
from explorer.trainer_messages import Adjusted, is_pseudo
from models.errors import CheckpointError
from models.plans import Plan, begun_plan

Stamp = tuple[int, bool, bool, bool]
ELSEWHERE_TEXT = (
    "is trained in another window or on the command line; wait until that ends, or stop it there"
)


class RunState(StrEnum):
    """How a training stands that is on the disk; a stopped one has a model of fewer epochs.

    One that has not begun was cut off before its first epoch was finished; one that runs
    elsewhere does so in another window, or on the command line.
    """

    RUNNING = "running"
    ELSEWHERE = "elsewhere"
    FINISHED = "finished"
    STOPPED = "stopped"
    UNFINISHED = "unfinished"
    NOT_BEGUN = "not begun"
    DAMAGED = "damaged"


@dataclass(frozen=True, eq=False)
class Run:
    """A training: its folder, its plan (none if it is damaged) and how far it is.

    `held_out` are the newest terms, in nats an image; `file` is the model that can be opened, if
    there is one; `changed_at` is in seconds since 1970, and `problem` says what is damaged.
    `likelihood` is its model's, if that is known, and with `binary` each pixel is 0 or 1. It took
    `seconds` by the clock and `processor_seconds` of the cores; 0 where that is not known.
    """

    folder: Path
    state: RunState
    plan: Plan | None = None
    epoch: int = 0
    changed_at: float = 0.0
    curves: Curves = field(default_factory=Curves)
    adjusted: tuple[Adjusted, ...] = ()
    file: Path | None = None
    problem: str = ""
    likelihood: str = ""
    binary: bool = False
    seconds: float = 0.0
    processor_seconds: float = 0.0

    @property
    def pseudo(self) -> bool:
        """Whether its nats are of a pseudo-likelihood."""
        return is_pseudo(self.likelihood, self.binary)

    @property
    def has_model(self) -> bool:
        """Whether a model was made of it, of all of its epochs or fewer."""
        return self.state in (RunState.FINISHED, RunState.STOPPED)

    @property
    def name(self) -> str:
        """The name of its model."""
        return out_file(self.folder).stem

    @property
    def held_out(self) -> Mapping[str, float]:
        """The newest terms of held-out images."""
        return {name: curve.values[-1] for name, curve in self.curves.held_out.items()}


Known = Mapping[Path, tuple[Stamp, Run]]


def read_runs(
    folder: Path, known: Known, elsewhere: Iterable[Path] = (), own: Path | None = None
) -> dict[Path, tuple[Stamp, Run]]:
    """All trainings in a folder, and those of the folders `elsewhere` that are some; newest first.

    Those `known` and unchanged stay as they were. `own` is trained by this window itself.
    """
    found, runs = dict[Path, tuple[Stamp, Run]](), [*elsewhere]
    with suppress(OSError):  # a folder that is gone, or going, holds none
        runs += [*all_runs(folder), *begun_runs(folder)]
    for run in runs:
        with suppress(OSError):  # there is none, or it was discarded meanwhile
            stamp = _stamp(run, run != own and is_held(run))
            before = known.get(run)
            same = before is not None and before[0] == stamp
            found[run] = before if before and same else (stamp, _read(run, held=stamp[-1]))
    return dict(sorted(found.items(), key=lambda item: item[1][0], reverse=True))


def _newest_file(run: Path) -> Path:
    """The file of its last epoch, or where there is none that of its plan."""
    last = last_epoch_file(run)
    return last if last.is_file() else begun_file(run)


def _stamp(run: Path, held: bool) -> Stamp:
    return _newest_file(run).stat().st_mtime_ns, is_finished(run), out_file(run).is_file(), held


def _read(run: Path, held: bool) -> Run:
    """A training; one that is `held` by whoever trains it runs, whatever its files say."""
    read = _read_files(run)
    return replace(read, state=RunState.ELSEWHERE) if held and read.plan is not None else read


def _read_files(run: Path) -> Run:
    """A training, by the file of its last epoch."""
    file = _newest_file(run)
    changed_at = file.stat().st_mtime
    if file == begun_file(run):
        return _not_begun(run, changed_at)
    try:
        read = read_recorded(run)
    except CheckpointError as error:
        return Run(run, RunState.DAMAGED, changed_at=changed_at, problem=str(error))
    finished, out = is_finished(run), out_file(run)
    ended = RunState.FINISHED if read.epoch >= read.plan.epochs else RunState.STOPPED
    return Run(
        folder=run,
        state=ended if finished else RunState.UNFINISHED,
        plan=read.plan,
        epoch=read.epoch,
        changed_at=changed_at,
        curves=Curves().extended(read.points),
        adjusted=read.adjusted,
        file=out if finished and out.is_file() else last_epoch_file(run),
        likelihood=read.likelihood,
        binary=read.binary,
        seconds=read.seconds,
        processor_seconds=read.processor_seconds,
    )


def _not_begun(run: Path, changed_at: float) -> Run:
    plan = begun_plan(str(out_file(run)))
    if plan is None:
        problem = f"{begun_file(run)}: cannot be read; no epoch was finished"
        return Run(run, RunState.DAMAGED, changed_at=changed_at, problem=problem)
    return Run(run, RunState.NOT_BEGUN, plan, changed_at=changed_at)
