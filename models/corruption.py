"""What a denoising autoencoder's images suffer before they are encoded."""

from collections.abc import Callable

import torch
from torch import Tensor

from models.methods import Corruption
from models.noise import normal, uniform

Corrupt = Callable[[Tensor, float, torch.Generator | None], Tensor]


def gaussian(x: Tensor, level: float, generator: torch.Generator | None = None) -> Tensor:
    """Noise of standard deviation `level` (1 is the full range) on every pixel."""
    return x + level * normal(x, generator)


def masking(x: Tensor, level: float, generator: torch.Generator | None = None) -> Tensor:
    """Each pixel, all its channels, set to 0 with probability `level`."""
    return x * (_chance(x, generator) >= level)


def salt_and_pepper(x: Tensor, level: float, generator: torch.Generator | None = None) -> Tensor:
    """Each pixel, all its channels, set to 0 or to 1 with probability `level` / 2 each."""
    chance = _chance(x, generator)
    return torch.where(chance < level, (chance < level / 2).to(x.dtype), x)


def _chance(x: Tensor, generator: torch.Generator | None) -> Tensor:
    """A number in [0, 1) for each pixel of images [N, C, H, W]: [N, 1, H, W]."""
    return uniform(x[:, :1], generator)


CORRUPTIONS: dict[Corruption, Corrupt] = {
    "gaussian": gaussian,
    "masking": masking,
    "salt-and-pepper": salt_and_pepper,
}
