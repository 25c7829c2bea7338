"""The folder of a training: who may write there, the epochs in it, and what is left at the end."""

import json
import math
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape as glob_escape
from pathlib import Path

from filelock import FileLock, Timeout

from models.autoencoder import Autoencoder
from models.checkpoint import save
from models.data import DataSet
from models.errors import CheckpointError
from models.files import replacing
from models.model import Model, encode_points
from models.plans import Plan
from models.snapshots import epoch_file, epochs_folder, remove_after, remove_all, thin

PROBE_IMAGES = 2000  # held-out images whose points are followed through the epochs

_EPOCH_FILE_SECONDS = 0.3
_LOOK_SECONDS = 0.3  # whoever looks whether a training holds the lock has it for an instant


@contextmanager
def locked(plan: Plan, resume: bool) -> Iterator[None]:
    """Keep others from the folder. The system lets go of the lock when a process is killed.

    Raises:
        CheckpointError: another training has it, nothing can be written there, or with
            `resume` there is no such folder.
    """
    out, folder = Path(plan.out), plan.folder
    if out.is_dir():
        raise CheckpointError(f"{out}: is a folder; name a file for the model")
    if resume and not folder.is_dir():
        raise CheckpointError(f"{out}: no training to go on with here ({folder} does not exist)")
    lock = FileLock(folder / "lock")
    with _writing(folder):
        folder.mkdir(exist_ok=True)
        try:
            lock.acquire(timeout=_LOOK_SECONDS)
        except Timeout as error:
            raise CheckpointError(
                f"{folder}: another training is writing there; wait for it, or name another file"
            ) from error
    try:
        yield
    finally:
        lock.release()
        # The file of the lock stays with the training: whoever waits for it holds that very file.
        with suppress(OSError):
            if os.listdir(folder) == ["lock"]:
                (folder / "lock").unlink()
                folder.rmdir()


def check_folder(plan: Plan, resume: bool) -> None:
    """Find out before an hour of training that its result has nowhere to go.

    Raises:
        CheckpointError: so it is, or an unfinished training is there.
    """
    folder = plan.folder
    finished = plan.finished_file.exists()
    if plan.last_epoch_file.exists() and not resume and not finished:
        raise CheckpointError(
            f"{folder}: holds an unfinished training; go on with it (train --resume {plan.out}), "
            "or remove that folder"
        )
    with _writing(folder):
        (folder / "last.part").touch()
        remove_parts(plan)


def begin_folder(plan: Plan, resume: bool) -> None:
    """Make the folder one of a training under way; without `resume` an empty one.

    Only when data and settings are known to fit: a finished training may be in there.

    Raises:
        CheckpointError: it cannot be written.
    """
    with _writing(plan.folder):
        if not resume:  # what is left of the training whose file is to be made anew
            plan.last_epoch_file.unlink(missing_ok=True)
            plan.changes_file.unlink(missing_ok=True)
            remove_all(plan.folder)
            shutil.rmtree(plan.log_folder, ignore_errors=True)
            with replacing(plan.begun_file) as temporary:
                temporary.write_text(json.dumps(plan.to_dict()), encoding="utf-8")
        plan.finished_file.unlink(missing_ok=True)


class EpochFiles:
    """Writes the epochs that are replayed, with where held-out images lie on their map."""

    def __init__(self, plan: Plan, data: DataSet) -> None:
        self.plan, self.data = plan, data
        self.written = -math.inf

    def begin(self, autoencoder: Autoencoder, epoch: int) -> None:
        """Drop epochs after this one, which a kill may have left, or write the untrained.

        Raises:
            CheckpointError: it cannot be written.
        """
        with _writing(self.plan.folder):
            remove_after(self.plan.folder, epoch)
        if not epoch:
            self.write(autoencoder, epoch)

    def write(self, autoencoder: Autoencoder, epoch: int) -> None:
        """Write the epoch, unless it is a fleeting one: epochs of a few images take no time.

        Raises:
            CheckpointError: it cannot be written.
        """
        now = time.monotonic()
        last = epoch == self.plan.epochs
        if now - self.written < _EPOCH_FILE_SECONDS and epoch & (epoch - 1) and not last:
            return
        try:
            epochs_folder(self.plan.folder).mkdir(exist_ok=True)
            save(self._model(autoencoder, epoch), epoch_file(self.plan.folder, epoch), half=True)
            thin(self.plan.folder)
        except (OSError, CheckpointError) as error:
            raise not_written(self.plan, epoch, epoch, error) from error
        self.written = time.monotonic()

    def _model(self, autoencoder: Autoencoder, epoch: int) -> Model:
        autoencoder.eval()
        return Model(
            autoencoder=autoencoder,
            preprocessing=self.data.preprocessing,
            class_names=self.data.class_names,
            points=encode_points(autoencoder, self.data.held_out, PROBE_IMAGES),
            record={"data": self.data.name, "epoch": epoch, "epochs": self.plan.epochs},
        )


def not_written(
    plan: Plan, epoch: int, kept: int, error: Exception, more: int = 0
) -> CheckpointError:
    """What to say when an epoch cannot be written and `kept` is the last that is there.

    `more` epochs were wished that no file knows of yet.
    """
    if kept > 0:
        again = f"train --resume {plan.out}" + (f" --more {more}" if more else "")
        what = f"epoch {kept} is kept there. Make room, then go on with {again}"
    else:
        what = "nothing is kept yet. Make room, or choose another place, and train again"
    return CheckpointError(
        f"{plan.folder}: epoch {epoch} cannot be written ({_reason(error)}); {what}"
    )


def mark_finished(plan: Plan, epoch: int) -> None:
    """Say in the folder that `plan.out` has been made of its epochs.

    Raises:
        CheckpointError: that cannot be written.
    """
    with _writing(plan.folder, f"{plan.out} is complete"):
        with replacing(plan.finished_file) as temporary:
            temporary.write_text(json.dumps({"epoch": epoch}), encoding="utf-8")
        remove_parts(plan)


@contextmanager
def _writing(folder: Path, advice: str = "choose another place for the model") -> Iterator[None]:
    """Say it in one line when the block cannot write in a folder."""
    try:
        yield
    except OSError as error:
        raise CheckpointError(
            f"{folder}: cannot be written ({error.strerror}); {advice}"
        ) from error


def _reason(error: Exception) -> str:
    """The system's own words for what went wrong, without the file name twice."""
    cause = error.__cause__ or error
    return (cause.strerror or str(cause)) if isinstance(cause, OSError) else str(cause)


def remove_parts(plan: Plan) -> None:
    """Remove what a process killed while it wrote has left.

    Raises:
        OSError: it cannot be removed.
    """
    folder, out = plan.folder, Path(plan.out)
    for part in (
        *folder.glob("*.part"),
        *epochs_folder(folder).glob("*.part"),
        *out.parent.glob(f".{glob_escape(out.name)}.*.part"),
    ):
        part.unlink(missing_ok=True)
