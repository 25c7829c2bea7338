"""Images of one size brought to another: in memory, or in the cache if they stay in a file."""

import hashlib
import os
from dataclasses import dataclass

import numpy as np
from PIL import Image

from models.errors import DataError
from models.images import Picture
from models.preprocessing import Fit, Preprocessing, prepare
from models.raw import Bytes, Images, Watch, check_memory
from models.row_cache import Source, keep
from models.rows import StoredRows

_REPORT_EVERY = 512

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Resized:
    """Images [N, C, H, W], and a note if they are kept somewhere."""

    images: Images
    note: str = ""


def resized(images: Images, shape: Shape, fit: Fit, watch: Watch) -> Resized:
    """Every image brought to `shape` (C, H, W) by the rule `fit`.

    Raises:
        DataError: they do not fit in memory, or those in a file not in the cache folder.
    """
    rule = Preprocessing(*shape, fit)
    if isinstance(images, StoredRows):
        return _in_cache(images, rule, watch)
    check_memory(watch.name, len(images), shape)
    out = np.empty((len(images), *shape), np.uint8)
    for row in range(len(images)):
        if row % _REPORT_EVERY == 0:
            watch.step("resizing images", row, len(images))
        out[row] = resized_image(images[row], rule)
    return Resized(out)


def resized_image(image: Bytes, rule: Preprocessing) -> Bytes:
    """An image [C, H, W] brought to the shape of `rule`."""
    pixels = image[0] if len(image) == 1 else np.moveaxis(image, 0, 2)
    picture = Picture(Image.fromarray(np.ascontiguousarray(pixels)), "")
    return prepare(picture, rule).image


def _in_cache(images: StoredRows, rule: Preprocessing, watch: Watch) -> Resized:
    """The same rows of the whole file, resized."""
    path, whole = images.file.path, images.whole()
    state = os.stat(path)
    told = f"{state.st_size} {state.st_mtime_ns}".encode()
    digest = hashlib.blake2b(told, digest_size=8).digest()
    rows = np.arange(len(whole), dtype=np.uint64)
    kept = keep(
        Source(
            path,
            f"{rule.image_shape} {rule.fit}",
            rows ^ np.frombuffer(digest, np.uint64)[0],
            (rule.height, rule.width),
            rule.channels,
            lambda row: resized_image(whole[row], rule),
            "resizing images",
        ),
        watch,
    )
    if len(kept.rows) < len(whole):
        raise DataError(kept.first_problem)
    return Resized(kept.images.view(images.rows), kept.note)
