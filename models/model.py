"""A trained autoencoder with all that is needed to use it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.autoencoder import Autoencoder
from models.data import ImageSet
from models.one_call import OneCall
from models.points import Points
from models.posteriors import DiagonalGaussian, Point, Posterior
from models.preprocessing import Preprocessing

_ENCODED_AT_ONCE = 500  # images


@dataclass(frozen=True)
class Model:
    """An `Autoencoder` with its preprocessing, class names, points, record and metrics.

    `record` says how it was trained (settings, curves); `metrics` holds measured figures.
    """

    autoencoder: Autoencoder
    preprocessing: Preprocessing
    class_names: tuple[str, ...] = ()
    points: Points | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    format: str = "latent-explorer"
    _mean_image: OneCall[Tensor] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_mean_image", OneCall(self.autoencoder.mean_image))

    @property
    def latent_size(self) -> int:
        """K, the number of latent dimensions."""
        return self.autoencoder.config.latent_size

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return self.autoencoder.config.image_shape

    @property
    def conditional(self) -> bool:
        """Whether `encode` and `decode` need `label=`."""
        return self.autoencoder.config.classes > 0

    @torch.no_grad()
    def encode(self, x: Tensor, label: Tensor | None = None) -> Posterior:
        """q(z|x) of images [N, C, H, W], float32 in [0, 1]; a conditional model needs `label` [N].

        Raises:
            ValueError: the shape is not this model's, or the labels are missing or unknown.
        """
        if x.ndim != 4 or tuple(x.shape[1:]) != self.image_shape:
            raise ValueError(f"images must be [N, {self.image_shape}], not {tuple(x.shape)}")
        return self.autoencoder.encode(x, label)

    def decode(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        """Mean image [N, C, H, W] in [0, 1] of latents `z` [N, K]; `label` [N] as for `encode`.

        Raises:
            ValueError: the shape is not this model's, or the labels are missing or unknown.
        """
        if z.ndim != 2 or z.shape[1] != self.latent_size:
            raise ValueError(f"latents must be [N, {self.latent_size}], not {tuple(z.shape)}")
        condition = self.autoencoder.condition(label, len(z))
        return self._mean_image(z) if condition is None else self._mean_image(z, condition)


class Encodes(Protocol):
    """Anything with `encode`: an `Autoencoder` or a `Model`."""

    def encode(self, x: Tensor, label: Tensor | None = None) -> Posterior: ...


def as_images(images: npt.NDArray[np.uint8]) -> Tensor:
    """Bytes [N, C, H, W] as float32 in [0, 1]."""
    # Torch warns of memory that may not be written, such as a mapped file: copy that.
    return torch.from_numpy(np.require(images, requirements=["C", "W"])).float().div_(255.0)


def batches(images: ImageSet, size: int) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Images and labels in order, `size` at a time."""
    for start in range(0, len(images), size):
        part = slice(start, start + size)
        label = None if images.labels is None else torch.from_numpy(images.labels[part])
        yield as_images(images.images[part]), label


def _log_variance(q: Posterior) -> Tensor:
    """Logarithms of the variances [N, K]; 0 for a point, which has none."""
    match q:
        case DiagonalGaussian():
            return q.log_variance
        case Point():
            return torch.zeros_like(q.mean)
    return 2.0 * q.stddev.clamp_min(1e-6).log()


def spread_rows(count: int, limit: int) -> npt.NDArray[np.int64]:
    """At most `limit` of the numbers 0 to `count` - 1, spread evenly, in ascending order."""
    return np.unique(np.linspace(0, count - 1, min(limit, count)).astype(np.int64))


@torch.no_grad()
def encode_points(model: Autoencoder, images: ImageSet, limit: int = 10_000) -> Points:
    """Posterior means and log-variances of at most `limit` images, spread evenly over the set."""
    chosen = spread_rows(len(images), limit)
    labels = None if images.labels is None else images.labels[chosen]
    means, log_variances = [], []
    for start in range(0, len(chosen), _ENCODED_AT_ONCE):
        part = slice(start, start + _ENCODED_AT_ONCE)
        label = None if labels is None else torch.from_numpy(labels[part])
        x = as_images(images.images[chosen[part]])
        q = model.encode(x, label if model.config.classes else None)
        means.append(q.mean)
        log_variances.append(_log_variance(q))
    mean, log_variance = torch.cat(means).numpy(), torch.cat(log_variances).numpy()
    return Points(mean, log_variance, labels)
