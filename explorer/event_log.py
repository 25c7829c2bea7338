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
        writer = self._writer = self._writer or _writer(self._folder)
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


def _writer(folder: Path) -> "SummaryWriter":
    from torch.utils.tensorboard import SummaryWriter  # here: it takes a second

    return SummaryWriter(str(folder))
