"""Trainings as their folders record them: which there are, what their files say; no torch."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open

from explorer.trainer_messages import Adjusted, CurvePoint, Pictures, is_pseudo
from models.change_file import changes_to_come
from models.errors import CheckpointError
from models.plans import Plan
from models.snapshots import remove_all

_METADATA_KEY = "latent_explorer"  # as models.checkpoint writes it; importing that imports torch
_FOLDER_ENDING = ".run"
_LOOK_SECONDS = 0.3  # as models.run_files waits for whoever only looks


@dataclass(frozen=True)
class RecordedRun:
    """A training in its folder: its plan, finished epochs, curves and changed settings.

    Settings changed in the epoch that was under way are among them: they are changed again there.
    `likelihood` is the one its model has, and with `binary` each pixel is 0 or 1. It took `seconds`
    by the clock, and its process `processor_seconds` on the cores; 0 where that is not known.
    `pictures` are there if they were kept, and somebody looked for them.
    """

    plan: Plan
    epoch: int
    points: tuple[CurvePoint, ...]
    adjusted: tuple[Adjusted, ...] = ()
    likelihood: str = ""
    binary: bool = False
    seconds: float = 0.0
    processor_seconds: float = 0.0
    pictures: Pictures | None = None

    @property
    def pseudo(self) -> bool:
        """Whether its nats are of a pseudo-likelihood."""
        return is_pseudo(self.likelihood, self.binary)


def is_finished(run: Path) -> bool:
    """Whether a model has been made of the training in the folder `run`."""
    return Plan("", str(out_file(run))).finished_file.is_file()


def is_held(run: Path) -> bool:
    """Whether a training of whatever process writes in the folder `run`.

    The system lets go of a lock when its process is killed, so that no file has to be believed.
    """
    file = run / "lock"
    if not file.is_file():
        return False
    try:
        with _lock(run).acquire(timeout=0):
            return False
    except Timeout:
        return True
    except (OSError, NotImplementedError):  # a folder that is only read, or knows no locks
        return False


def all_runs(folder: Path) -> list[Path]:
    """Folders (`NAME.safetensors.run`) of all trainings in `folder`, newest first."""
    found = [path for path in folder.glob(f"*{_FOLDER_ENDING}") if last_epoch_file(path).is_file()]
    return sorted(found, key=lambda path: last_epoch_file(path).stat().st_mtime, reverse=True)


def begun_runs(folder: Path) -> list[Path]:
    """Folders of trainings in `folder` that have not finished their first epoch."""
    found = [path for path in folder.glob(f"*{_FOLDER_ENDING}") if begun_file(path).is_file()]
    return [path for path in found if not last_epoch_file(path).is_file()]


def begun_file(run: Path) -> Path:
    """The plan of a training in the folder `run` that has no finished epoch."""
    return Plan("", str(out_file(run))).begun_file


def out_file(run: Path) -> Path:
    """The model file that the training in the folder `run` makes in the end."""
    return run.with_name(run.name.removesuffix(_FOLDER_ENDING))


def run_of(file: Path) -> Path | None:
    """The folder of the training that keeps its last finished epoch in `file`, if one does."""
    run = file.parent
    return run if run.suffix == _FOLDER_ENDING and file == last_epoch_file(run) else None


def last_epoch_file(run: Path) -> Path:
    """The file of the last finished epoch of the training in the folder `run`."""
    return Plan("", str(out_file(run))).last_epoch_file


def arrangement_file(run: Path) -> Path:
    """The session file of what was on the map of the training in the folder `run`."""
    return run / "arrangement.latent.json"


def pictures_file(run: Path) -> Path:
    """The newest pictures of the training in the folder `run`."""
    return run / "pictures.npz"


def read_recorded(run: Path) -> RecordedRun:
    """What the file of the last finished epoch says; its weights are not read.

    Raises:
        CheckpointError: the file is missing or damaged.
    """
    file = last_epoch_file(run)
    try:
        with safe_open(file, framework="np") as tensors:
            header = json.loads((tensors.metadata() or {})[_METADATA_KEY])
        record = header["record"]
        plan = replace(Plan.from_dict(record["plan"]), out=str(out_file(run)))
        course = _course(record.get("course", ()))
        points = tuple(point for entry in record["history"] for point in _points(entry, course))
        epoch = int(header["resume_epoch"])
        adjusted = tuple(Adjusted(**change) for change in record.get("changes", ()))
        took = [float(record.get(name) or 0.0) for name in ("seconds", "processor_seconds")]
        config = header.get("config", {})
        likelihood, binary = str(config.get("likelihood", "")), bool(config.get("binarise", False))
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{file}: cannot be read ({error}); train a new model") from error
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{file}: its record does not hold together ({error}); train a new model"
        ) from error
    to_come = (Adjusted(**asdict(change)) for change in changes_to_come(plan, epoch))
    changes, (seconds, worked) = (*adjusted, *to_come), took
    return RecordedRun(plan, epoch, points, changes, likelihood, binary, seconds, worked)


def _course(entries: Iterable[Mapping[str, Any]]) -> dict[int, list[CurvePoint]]:
    """What batches within an epoch said, by the number of the epoch."""
    found: dict[int, list[CurvePoint]] = {}
    for entry in entries:
        at = float(entry["epoch"])
        point = CurvePoint(at, dict(entry["train"]), False, (), entry.get("gradient_norm"))
        found.setdefault(ceil(at), []).append(point)
    return found


def _points(
    entry: Mapping[str, Any], course: Mapping[int, Sequence[CurvePoint]]
) -> list[CurvePoint]:
    """The points of one epoch: its course, or its mean in its middle; held-out at its end."""
    epoch = int(entry["epoch"])
    mean = CurvePoint(epoch - 0.5, dict(entry["train"]), False, (), entry.get("gradient_norm"))
    held_out = CurvePoint(epoch, dict(entry["held_out"]), True, tuple(entry.get("kl", ())))
    return [*course.get(epoch, [mean]), held_out]


def discard_recorded(run: Path) -> None:
    """Delete what a training has written, and its folder if nothing else is in it.

    Raises:
        CheckpointError: a training is writing there, or it cannot be deleted.
    """
    plan = Plan("", str(out_file(run)))
    try:
        with _alone(run):
            remove_all(run)
            shutil.rmtree(plan.log_folder, ignore_errors=True)
            epochs = (plan.begun_file, plan.last_epoch_file, plan.finished_file)
            for file in (*epochs, *_beside(run)):
                file.unlink(missing_ok=True)
        if run.is_dir() and not any(run.iterdir()):
            run.rmdir()
    except OSError as error:
        raise CheckpointError(f"{run}: cannot be deleted ({error.strerror})") from error


def _beside(run: Path) -> list[Path]:
    """What the window keeps there, and what was being written when it was cut off."""
    return [
        Plan("", str(out_file(run))).changes_file,
        arrangement_file(run),
        pictures_file(run),
        *run.glob("*.part"),
        *run.glob(".*.part"),
    ]


def _lock(run: Path) -> FileLock:
    # Not a thread's own, or Python keeps a record of Qt's thread for ever.
    return FileLock(run / "lock", thread_local=False)


@contextmanager
def _alone(run: Path) -> Iterator[None]:
    """Hold the lock that a training holds while it writes (`models.run_files.locked`).

    Its file goes while it is held: after the release it may be another's already. Windows
    deletes no file that is open, so there it goes after that, unless another has opened it.

    Raises:
        CheckpointError: a training, of whatever process, has it.
    """
    file, lock = run / "lock", _lock(run)
    try:
        lock.acquire(timeout=_LOOK_SECONDS)
    except Timeout as error:
        raise CheckpointError(
            f"{run}: another training is writing there; wait for it or stop it first"
        ) from error
    try:
        yield
    finally:
        if os.name == "nt":
            lock.release()
        with suppress(OSError):
            file.unlink(missing_ok=True)
        lock.release()
