"""The epochs of a training as they are read from its folder; runs off the GUI thread, no Qt."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from explorer.kept_arrangement import read_kept
from explorer.kept_pictures import read_pictures
from explorer.recorded_runs import RecordedRun, is_finished, out_file, read_recorded
from explorer.rendering import ModelInfo, compute_alone, describe, prepare
from explorer.session_file import SavedSession
from models.errors import CheckpointError
from models.points import Points
from models.snapshots import epoch_file, epochs_in

if TYPE_CHECKING:
    from explorer.workers import TaskContext
    from models.model import Model

Halves = npt.NDArray[np.float16]


@dataclass(frozen=True)
class Run:
    """What a training's folder holds: epochs with a file, of how many; the held-out loss of each.

    `loss` is -ELBO in nats an image (of a plain autoencoder: the reconstruction) by epoch,
    `loss_name` says which, and `known` is what else the folder says of the training.
    """

    folder: Path
    epochs: tuple[int, ...] = ()
    total: int = 0
    loss: Mapping[int, float] = field(default_factory=dict)
    loss_name: str = ""
    known: RecordedRun | None = None


@dataclass(frozen=True, eq=False)
class Probe:
    """Where held-out images lie at an epoch, as small as the file keeps it."""

    mean: Halves
    log_variance: Halves
    label: npt.NDArray[np.int64] | None

    @classmethod
    def of(cls, points: Points) -> "Probe":
        """What is kept of points."""
        with np.errstate(over="ignore"):
            mean, log_variance = points.mean.astype("f2"), points.log_variance.astype("f2")
        return cls(np.nan_to_num(mean), np.nan_to_num(log_variance), points.label)

    def points(self) -> Points:
        """The points again."""
        return Points(self.mean.astype("f4"), self.log_variance.astype("f4"), self.label)


@dataclass(frozen=True, eq=False)
class Epoch:
    """The model after some epochs of a training, or with `info.epoch` None its final one.

    `kept` is the arrangement on it when its window closed, if this is the first epoch read.
    """

    folder: Path
    model: "Model"
    info: ModelInfo
    size_bytes: int
    kept: SavedSession | None = None


def read_run(folder: Path, context: "TaskContext") -> Run:
    """Which epochs there are; none where there is no such folder or nothing in it."""
    epochs = tuple(epochs_in(folder))
    try:
        known = read_recorded(folder)
    except CheckpointError:
        return Run(folder, epochs, max(epochs, default=0))
    loss = {
        round(point.epoch): held_out_loss(point.terms) for point in known.points if point.held_out
    }
    planned = known.epoch if is_finished(folder) else known.plan.epochs
    total = max(planned, *epochs, 0)
    name = loss_name({key for point in known.points for key in point.terms}, known.pseudo)
    known = replace(known, pictures=read_pictures(folder))
    return Run(folder, epochs, total, loss, name, known)


def list_epochs(folder: Path, context: "TaskContext") -> Run:
    """The epochs that have a file now: some go as others come (`models.snapshots.thin`)."""
    return Run(folder, tuple(epochs_in(folder)))


def held_out_loss(terms: Mapping[str, float]) -> float:
    """-ELBO in nats, or where there is none the reconstruction."""
    return -terms["elbo"] if "elbo" in terms else terms.get("reconstruction", float("nan"))


def loss_name(terms: Container[str], pseudo: bool) -> str:
    """What `held_out_loss` of such terms is; `pseudo`: they are of a pseudo-likelihood."""
    if "elbo" not in terms:
        return "reconstruction"
    return "pseudo −ELBO" if pseudo else "−ELBO"


def read_epoch(
    folder: Path, epoch: int | None, context: "TaskContext", like: "Model | None" = None
) -> Epoch:
    """The model of an epoch, or the final one of the training in `folder`.

    It is read sooner if `like` is another of its epochs.

    Raises:
        CheckpointError: the file is gone or damaged.
    """
    from models.checkpoint import load

    compute_alone()
    final = out_file(folder)
    model = load(final if epoch is None else epoch_file(folder, epoch), like)
    prepare(model)
    size = sum(weight.nbytes for weight in model.autoencoder.parameters())
    kept = read_kept(folder) if like is None else None
    return Epoch(folder, model, describe(model, 0, final), size, kept)
