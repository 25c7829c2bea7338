"""Unfinished trainings on the disk: which there are and what their files say, without torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from explorer.trainer_messages import CurvePoint
from models.errors import CheckpointError
from models.plans import Plan

_METADATA_KEY = "latent_explorer"  # as models.checkpoint writes it; importing that imports torch
_FOLDER_ENDING = ".run"


@dataclass(frozen=True)
class Unfinished:
    """A training that ended before its time: its plan, finished epochs and curves."""

    plan: Plan
    epoch: int
    points: tuple[CurvePoint, ...]


def unfinished_runs(folder: Path) -> list[Path]:
    """Folders (`NAME.safetensors.run`) of the unfinished trainings in `folder`, newest first."""
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
        return Unfinished(plan, int(header["resume_epoch"]), points)
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
        CurvePoint(epoch - 0.5, dict(entry["train"]), held_out=False),
        CurvePoint(epoch, dict(entry["held_out"]), held_out=True),
    ]


def discard_unfinished(run: Path) -> None:
    """Delete what an unfinished training has written, and its folder if nothing else is in it.

    Raises:
        CheckpointError: it cannot be deleted.
    """
    try:
        for file in (last_epoch_file(run), *run.glob("*.part")):
            file.unlink(missing_ok=True)
        if not any(run.iterdir()):
            run.rmdir()
    except OSError as error:
        raise CheckpointError(f"{run}: cannot be deleted ({error.strerror})") from error
