"""The bare loops that the program is held against: what the work costs with nothing around it."""

import time
from time import perf_counter

import numpy as np
import numpy.typing as npt
import torch
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage, QPainter
from torch import Tensor

from models.model import Model

Floats = npt.NDArray[np.float32]


def one_latent(model: Model) -> Tensor:
    """A latent [1, K] to decode."""
    return torch.linspace(-0.5, 0.5, model.latent_size)[None]


def one_class(model: Model, count: int = 1) -> Tensor | None:
    """Classes [count] for a conditional model."""
    return torch.zeros(count, dtype=torch.int64) if model.conditional else None


def decode_seconds(model: Model, times: int) -> list[float]:
    """Decode one latent again and again, on one thread."""
    torch.set_num_threads(1)
    z, label = one_latent(model), one_class(model)
    return [_timed_decode(model, z, label) for _ in range(times)]


def frame_seconds(model: Model, size: QSize, times: int, frames_a_second: float) -> list[float]:
    """Decode one latent and draw a picture of `size`, so many times a second, on one thread.

    With pauses, as a drag has them: weights have left the processor's caches meanwhile.
    """
    torch.set_num_threads(1)
    z, label = one_latent(model), one_class(model)
    picture, target = _picture(size), _picture(size)
    found = []
    for _ in range(times):
        time.sleep(1 / frames_a_second)
        start = perf_counter()
        model.decode(z, label)
        painter = QPainter(target)
        painter.drawImage(0, 0, picture)
        painter.end()
        found.append(perf_counter() - start)
    return found


def _picture(size: QSize) -> QImage:
    picture = QImage(size, QImage.Format.Format_RGB32)
    picture.fill(0x203040)
    return picture


def batch_seconds(model: Model, z: Floats) -> float:
    """Decode latents [N, K] in one batch, on one thread."""
    torch.set_num_threads(1)
    return _timed_decode(model, torch.from_numpy(z), one_class(model, len(z)))


def _timed_decode(model: Model, z: Tensor, label: Tensor | None) -> float:
    start = perf_counter()
    model.decode(z, label)
    return perf_counter() - start
