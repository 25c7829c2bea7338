"""Handwritten digits of 28x28 pixels that need no download: scikit-learn's, enlarged and moved."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

_SIDE, _INNER = 28, 22

Bytes = npt.NDArray[np.uint8]


def write_digits(path: Path, count: int) -> None:
    """An `.npz` of `count` images and their classes, the same every time."""
    from sklearn.datasets import load_digits

    bunch, random = load_digits(), np.random.default_rng(0)
    large = [_enlarged(image) for image in bunch.images]
    chosen = random.integers(0, len(large), count)
    images = np.zeros((count, _SIDE, _SIDE), np.uint8)
    for image, source in zip(images, chosen, strict=True):
        row, column = random.integers(0, _SIDE - _INNER + 1, 2)
        image[row : row + _INNER, column : column + _INNER] = large[source]
    np.savez(path, images=images, labels=bunch.target[chosen].astype(np.int64))


def _enlarged(image: npt.NDArray[np.float64]) -> Bytes:
    """An image of 8x8 with 17 levels as one of nearly black and white."""
    picture = Image.fromarray(np.rint(image * (255 / 16)).astype(np.uint8))
    smooth = np.asarray(picture.resize((_INNER, _INNER), Image.Resampling.BICUBIC), np.float32)
    return np.clip((smooth - 100) * 4, 0, 255).astype(np.uint8)
