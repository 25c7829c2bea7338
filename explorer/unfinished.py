"""Unfinished trainings on the disk: which there are and what their files say, without torch."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from explorer.trainer_messages import Adjusted, CurvePoint
from models.errors import CheckpointError
from models.plans import Plan
from models.snapshots import remove_all

_METADATA_KEY = "latent_explorer"  # as models.checkpoint writes it; importing that imports torch
_FOLDER_ENDING = ".run"


@dataclass(frozen=True)
class Unfinished:
    """A training in its folder: its plan, finished epochs, curves and changed settings."""

    plan: Plan
    epoch: int
    points: tuple[CurvePoint, ...]
    adjusted: tuple[Adjusted, ...] = ()


def is_finished(run: Path) -> bool:
    """Whether a model has been made of the training in the folder `run`."""
    return Plan("", str(out_file(run))).finished_file.is_file()


def unfinished_runs(folder: Path) -> list[Path]:
    """Folders (`NAME.safetensors.run`) of the unfinished trainings in `folder`, newest first."""
    return [path for path in all_runs(folder) if not is_finished(path)]


def all_runs(folder: Path) -> list[Path]:
    """Folders of all trainings in `folder`, finished or not, newest first."""
    found = [path for path in folder.glob(f"*{_FOLDER_ENDING}") if last_epoch_file(path).is_file()]
    return sorted(found, key=lambda path: last_epoch_file(path).stat().st_mtime, reverse=True)


def out_file(run: Path) -> Path:
    """The model file that the unfinished training in the folder `run` was to make."""
    return run.with_name(run.name.removesuffix(_FOLDER_ENDING))


def last_epoch_file(run: Path) -> Path:
    """The file of the last finished epoch of the unfinished training in the folder `run`."""
    return Plan("", str(out_file(run))).last_epoch_file


def read_unfinished(run: Path) -> Unfinished:
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
        points = tuple(point for entry in record["history"] for point in _points(entry))
        adjusted = tuple(Adjusted(**change) for change in record.get("changes", ()))
        return Unfinished(plan, int(header["resume_epoch"]), points, adjusted)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{file}: cannot be read ({error}); train a new model") from error
    except (KeyError, ValueError, TypeError) as error:
        raise CheckpointError(
            f"{file}: its record does not hold together ({error}); train a new model"
        ) from error


def _points(entry: Mapping[str, Any]) -> list[CurvePoint]:
    """The points of one epoch: the mean over it stands in its middle, held-out at its end."""
    epoch = int(entry["epoch"])
    return [
        CurvePoint(epoch - 0.5, dict(entry["train"]), False, (), entry.get("gradient_norm")),
        CurvePoint(epoch, dict(entry["held_out"]), True, tuple(entry.get("kl", ()))),
    ]


def discard_unfinished(run: Path) -> None:
    """Delete what an unfinished training has written, and its folder if nothing else is in it.

    Raises:
        CheckpointError: it cannot be deleted.
    """
    try:
        remove_all(run)
        shutil.rmtree(Plan("", str(out_file(run))).log_folder, ignore_errors=True)
        marks = (run / "lock", Plan("", str(out_file(run))).finished_file)
        for file in (last_epoch_file(run), *marks, *run.glob("*.part")):
            file.unlink(missing_ok=True)
        if not any(run.iterdir()):
            run.rmdir()
    except OSError as error:
        raise CheckpointError(f"{run}: cannot be deleted ({error.strerror})") from error
