"""TensorBoard's events of a training, where TensorBoard is installed."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from models.training import Progress


class EventLog:
    """Scalars by step: terms in nats an image, the KL of dimensions, the gradient, the speed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._installed = find_spec("tensorboard") is not None
        self._writer: SummaryWriter | None = None

    def write(self, progress: "Progress") -> None:
        """Add what is new; the folder is made with the first of it."""
        if not self._installed:
            return
        if self._writer is None:
            self._writer = _writer(self._folder, _first_step(progress))
        writer = self._writer
        kind = "held-out" if progress.held_out is not None else "train"
        for name, value in (progress.held_out or progress.train).items():
            writer.add_scalar(f"{name}/{kind}", value, progress.step)
        writer.add_scalar("gradient norm", progress.gradient_norm, progress.step)
        writer.add_scalar("images per second", progress.images_per_second, progress.step)
        if progress.held_out is not None:
            for dimension, value in enumerate(progress.kl):
                writer.add_scalar(f"kl of each dimension/z{dimension}", value, progress.step)
            writer.flush()

    def close(self) -> None:
        """Write what is waiting."""
        if self._writer is not None:
            self._writer.close()


def _first_step(progress: "Progress") -> int:
    """The first step of what `progress` is the first of: of its epoch, as trainings go on there."""
    epoch = progress.epoch - (progress.held_out is not None)
    return epoch * (progress.steps // progress.epochs) + 1


def _writer(folder: Path, first_step: int) -> "SummaryWriter":
    """What a training that was cut short had told from `first_step` on is left out by readers."""
    from torch.utils.tensorboard import SummaryWriter  # here: it takes a second

    return SummaryWriter(str(folder), purge_step=first_step)
