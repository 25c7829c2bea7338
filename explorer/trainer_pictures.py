"""The pictures a training shows: the same held-out images and the same noise, epoch by epoch."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from explorer.trainer_messages import Bytes, Pictures
from models.data import ImageSet

if TYPE_CHECKING:
    from torch import Tensor

    from models.autoencoder import Config

IMAGES = 6
SAMPLES = 12
_LARGEST_SIDE = 96  # larger pictures are made smaller: they are shown at the size of a stamp
_SEED = 0


class PictureMaker:
    """Draws the images and the noise once and decodes them with whatever weights come."""

    def __init__(self, config: "Config", held_out: ImageSet) -> None:
        import torch

        from models.autoencoder import Autoencoder
        from models.model import as_images

        generator = torch.Generator().manual_seed(_SEED)
        rows = np.unique(np.linspace(0, len(held_out) - 1, IMAGES).astype(np.int64))
        x = as_images(held_out.images[rows])
        self._x = torch.bernoulli(x, generator=generator) if config.binarise else x
        labels = held_out.labels if config.classes else None
        self._label = None if labels is None else torch.from_numpy(labels[rows])
        self._noise = torch.randn(SAMPLES, config.latent_size, generator=generator)
        self._sample_label = torch.arange(SAMPLES) % config.classes if config.classes else None
        self._model = Autoencoder(config).eval().requires_grad_(False)

    def make(self, epoch: int, weights: Mapping[str, "Tensor"]) -> Pictures:
        """The pictures of a model with these weights, which a snapshot holds without buffers."""
        from models.resuming import put_weights

        put_weights(self._model, weights)
        mean = self._model.encode(self._x, self._label).mean
        reconstructions = _to_bytes(self._model.decode(mean, self._label).mean)
        images = _to_bytes(self._x)
        if not self._model.config.has_prior:
            reason = "A plain autoencoder has no prior to draw from."
            return Pictures(epoch, images, reconstructions, reconstructions[:0], reason)
        samples = _to_bytes(self._model.decode(self._noise, self._sample_label).mean)
        return Pictures(epoch, images, reconstructions, samples)


def _to_bytes(images: "Tensor") -> Bytes:
    """Images [N, C, H, W] in [0, 1] as bytes [N, h, w, C], no side longer than the largest."""
    import torch
    from torch.nn import functional

    height, width = images.shape[2:]
    shrink = min(1.0, _LARGEST_SIDE / max(height, width))
    if shrink < 1:
        size = (max(1, round(height * shrink)), max(1, round(width * shrink)))
        images = functional.interpolate(images, size, mode="area")
    pixels = images.nan_to_num(0.0).mul(255.0).add(0.5).clamp(0.0, 255.0).to(torch.uint8)
    return pixels.permute(0, 2, 3, 1).contiguous().numpy()
