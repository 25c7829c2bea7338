"""Random numbers of a batch, the same however many processes share the batch."""

import torch
from torch import Tensor


class SharedGenerator(torch.Generator):
    """The random stream of a whole batch, of which this process holds every `world`-th image.

    Each process draws the numbers of all images and keeps its own, so that training on two
    processes sees the noise that one would see.
    """

    rank: int
    world: int
    total: int  # images of the whole batch

    def share(self, numbers: Tensor, dim: int) -> Tensor:
        """This process's part of numbers drawn for all images, along `dim`."""
        return numbers.movedim(dim, 0)[self.rank :: self.world].movedim(0, dim)


def normal(like: Tensor, generator: torch.Generator | None = None, dim: int = 0) -> Tensor:
    """Standard normal numbers of the shape, kind and place of `like`; images lie along `dim`."""
    shape = _whole(like, generator, dim)
    drawn = torch.randn(shape, generator=generator, device=like.device, dtype=like.dtype)
    return _own(drawn, generator, dim)


def uniform(like: Tensor, generator: torch.Generator | None = None, dim: int = 0) -> Tensor:
    """Numbers in [0, 1) of the shape, kind and place of `like`; images lie along `dim`."""
    shape = _whole(like, generator, dim)
    drawn = torch.rand(shape, generator=generator, device=like.device, dtype=like.dtype)
    return _own(drawn, generator, dim)


def binarised(x: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """A binary image drawn for each grey one [N, C, H, W]: a pixel is its chance of being 1."""
    return (uniform(x, generator) < x).to(x.dtype)


def _whole(like: Tensor, generator: torch.Generator | None, dim: int) -> tuple[int, ...]:
    shape = list(like.shape)
    if isinstance(generator, SharedGenerator):
        shape[dim] = generator.total
    return tuple(shape)


def _own(drawn: Tensor, generator: torch.Generator | None, dim: int) -> Tensor:
    return generator.share(drawn, dim) if isinstance(generator, SharedGenerator) else drawn
