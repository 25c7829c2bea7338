"""Settings changed while a training runs, written down when they are: a kill loses none of them."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict

from models.errors import CheckpointError
from models.files import replacing
from models.plans import Plan
from models.settings import Change


def write_changes(plan: Plan, changes: Sequence[Change]) -> None:
    """Put all changes so far on the disk, in one step.

    Raises:
        CheckpointError: they cannot be written.
    """
    text = json.dumps({"changes": [asdict(change) for change in changes]})
    try:
        with replacing(plan.changes_file) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        kept = "; the epochs before are kept" if plan.last_epoch_file.exists() else ""
        raise CheckpointError(
            f"{plan.changes_file}: the changed setting cannot be written "
            f"({error.strerror}){kept}. Make room, then go on with the training"
        ) from error


def changes_to_come(plan: Plan, epoch: int) -> tuple[Change, ...]:
    """The changes made after `epoch` epochs, which whoever goes on from there makes again.

    Raises:
        CheckpointError: they cannot be read.
    """
    try:
        known = json.loads(plan.changes_file.read_text(encoding="utf-8"))["changes"]
        changes = [Change(float(one["epoch"]), one["name"], float(one["value"])) for one in known]
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{plan.changes_file}: cannot be read; remove it to go on without the settings that "
            "were changed in the epoch under way"
        ) from error
    return tuple(one for one in changes if math.isfinite(one.epoch) and one.epoch >= epoch)
