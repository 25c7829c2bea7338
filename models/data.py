"""Data sets as bytes: built-in and drawn ones, folders of pictures, `.npz`/`.npy`, IDX files."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.arrays import LABEL_KEYS, read_npy, read_npz
from models.downloads import BUILT_IN as BUILT_IN
from models.downloads import BuiltIn as BuiltIn
from models.downloads import fetch
from models.downloads import is_downloaded as is_downloaded
from models.errors import DataError
from models.factors import FactorImages, Factors, Integers, Render
from models.folders import read_folder
from models.idx import idx_files, read_idx_folder
from models.idx import read_idx as read_idx
from models.preprocessing import Fit, Framing, Preprocessing
from models.raw import (
    Bytes,
    Cancelled,
    Images,
    Labels,
    Raw,
    Report,
    Watch,
    check_memory,
    named_classes,
)
from models.resizing import resized, resized_image
from models.rooms import rooms
from models.rows import StoredRows
from models.sizing import OPTIONS, shape_words, usable_size
from models.sprites import sprites

_HELD_OUT_EVERY = 10
_DIGITS_HELD_OUT = 297
_SAMPLE = 1000  # images looked at to tell what a data set is like
_MOST = 0.9  # of them agree
_BINARY_SHARE = 0.8
_BINARY_LEVELS = (26, 229)  # at or beyond these of 255 a pixel is nearly black or white
_COMPARED = 256  # images compared with the first at a time
_DRAWN: dict[str, Callable[[], FactorImages]] = {"sprites": sprites, "rooms": rooms}
_DRAWN_HELD_OUT = 10_000
_DRAWN_SEED = 0
_CHOICES = f"use {', '.join(BUILT_IN)}, a folder of pictures or of IDX files, an .npz or an .npy"


@dataclass(frozen=True)
class ImageSet:
    """Images as bytes [N, C, H, W] (255 is full) and their classes [N], if known."""

    images: Images
    labels: Labels | None = None

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class DataSet:
    """Images to train on, images held out, and what they are.

    `notes` tell in a few words each what was left out or changed on the way. `factors` are those
    that images were made from, if they are known; such images are `FactorImages`.
    """

    name: str
    train: ImageSet
    held_out: ImageSet
    class_names: tuple[str, ...]
    preprocessing: Preprocessing
    binary: bool = False  # pixels are nearly black or white: a model of binary images fits
    notes: tuple[str, ...] = ()
    factors: Factors | None = None


def load_data(
    source: str,
    *,
    image_shape: tuple[int, int, int] | None = None,
    fit: Fit = "crop",
    allow_download: bool = False,
    report: Report | None = None,
    cancelled: Cancelled | None = None,
) -> DataSet:
    """The data set a built-in name or a path stands for.

    A path is a folder of pictures (sub-folders are classes), a folder of IDX files, an `.npz`
    or an `.npy`. `image_shape` (channels, height, width; 0 channels are those the images have)
    brings all images to that shape by the rule `fit`; without it they keep their own size if a
    model can have it (8 to 256 pixels a side), and are 64×64 otherwise. What has no test images
    of its own has every tenth image held out; of images that are drawn 10,000 are, at random.
    `report` is told what is being done, how much of it is over and how much there is;
    `cancelled` is asked now and then.

    Raises:
        DataError: there is no such data, it cannot be used, it needs a download that is not
            allowed or fails, or loading was stopped.
    """
    watch = Watch(source, report, cancelled)
    watch.step("opening", 0, 0)
    if source in _DRAWN:
        return _drawn(source, image_shape, fit)
    try:
        raw = _read(source, image_shape, fit, allow_download, watch)
        return _data_set(raw, image_shape, fit, watch)
    except MemoryError as error:
        raise DataError(f"{source}: does not fit in memory; use fewer or smaller images") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{source}: cannot be read ({reason}); check name and rights") from error


def how_to_label(source: str) -> str:
    """What gives the images of a source their classes, in words."""
    path = Path(source).expanduser()
    names = f"{', '.join(LABEL_KEYS[:-1])} or {LABEL_KEYS[-1]}"
    array = f"an array named {names} with the class of each image"
    if path.suffix.lower() == ".npz":
        return f"add {array}, two different ones at least (of test images: y_test or test_labels)"
    if path.suffix.lower() == ".npy":
        return f"save the images in an .npz (named images) with {array}"
    with suppress(OSError):
        if idx_files(path):
            return "add IDX files of labels for all images (train-labels-idx1-ubyte)"
    return "sort the images into sub-folders named by class"


def _read(
    source: str,
    image_shape: tuple[int, int, int] | None,
    fit: Fit,
    allow_download: bool,
    watch: Watch,
) -> Raw:
    """What the source holds, by the reader that knows it."""
    if source == "digits":
        return _digits()
    if source in BUILT_IN:
        raw = read_idx_folder(source, idx_files(fetch(source, allow_download, watch)))
        return replace(raw, class_names=BUILT_IN[source].class_names)
    if not source.strip():
        raise DataError(f"no data set was named; {_CHOICES}")
    path = Path(source).expanduser()
    if path.is_dir():
        files = idx_files(path)
        if files:
            return read_idx_folder(path.resolve().name, files)
        return read_folder(path, image_shape, fit, watch)
    readers = {".npy": read_npy, ".npz": read_npz}
    if path.suffix.lower() in readers and path.is_file():
        return readers[path.suffix.lower()](path, watch)
    problem = "is no data set" if path.exists() else "is neither there nor a built-in name"
    raise DataError(f"{source}: {problem}; {_CHOICES}")


def _digits() -> Raw:
    """Scikit-learn's digits, 8×8; 297 evenly spread ones are held out."""
    from sklearn.datasets import load_digits  # here, as it takes a second

    bunch = load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)[:, None]
    labels = bunch.target.astype(np.int64)
    held_out = np.zeros(len(images), bool)
    held_out[np.linspace(0, len(images) - 1, _DIGITS_HELD_OUT).astype(np.int64)] = True
    return Raw(
        "digits",
        images[~held_out],
        labels[~held_out],
        images[held_out],
        labels[held_out],
        framing="ink fills",  # their ink always touches top and bottom
    )


def _drawn(source: str, image_shape: tuple[int, int, int] | None, fit: Fit) -> DataSet:
    """Images drawn from factors when they are taken, some held out; the classes are shapes."""
    images, notes = _DRAWN[source](), tuple[str, ...]()
    own_shape, factors = images.image_shape, images.factors
    image_shape = _whole_shape(image_shape, own_shape[0])
    grey = own_shape[0] == 1
    rule = Preprocessing(*own_shape, *(("fit", "light border") if grey else (fit, "never")))
    if image_shape is not None and image_shape != own_shape:
        notes = (_resizing_note(own_shape, image_shape, fit),)
        rule = Preprocessing(*image_shape, fit, rule.inversion)
        render = partial(_drawn_resized, images.render, Preprocessing(*image_shape, fit))
        images = replace(images, image_shape=image_shape, render=render)
    order = np.random.default_rng(_DRAWN_SEED).permutation(len(images))
    labels = np.ascontiguousarray(images.rows(order)[:, factors.column("shape")])
    held_out, train = slice(0, _DRAWN_HELD_OUT), slice(_DRAWN_HELD_OUT, None)
    return DataSet(
        source,
        ImageSet(images.view(order[train]), labels[train]),
        ImageSet(images.view(order[held_out]), labels[held_out]),
        BUILT_IN[source].class_names,
        rule,
        binary=grey and rule.channels == 1,
        notes=notes,
        factors=factors,
    )


def _drawn_resized(render: Render, rule: Preprocessing, rows: Integers) -> Bytes:
    """Draw factor rows [N, F] in the shape of `rule`."""
    return np.stack([resized_image(image, rule) for image in render(rows)])


def _data_set(
    raw: Raw, image_shape: tuple[int, int, int] | None, fit: Fit, watch: Watch
) -> DataSet:
    _check_varied(raw.train, watch.name)
    raw = _divided(raw, watch.name)
    assert raw.held_out is not None
    _, channels, height, width = raw.train.shape
    own_shape = (channels, height, width)
    preprocessing, binary = _description(raw, fit)
    shape = _whole_shape(image_shape, channels) or (channels, *usable_size(height, width))
    train, held_out, notes = raw.train, raw.held_out, list(raw.notes)
    if shape != own_shape:
        if not isinstance(train, StoredRows):
            check_memory(watch.name, len(train) + len(held_out), shape)
        parts = [resized(part, shape, fit, watch) for part in (train, held_out)]
        train, held_out = (part.images for part in parts)
        told = _resizing_note(own_shape, shape, fit)
        notes += [told if image_shape else f"{told} {OPTIONS}", *filter(None, [parts[0].note])]
        framing: Framing = preprocessing.framing if shape[0] == 1 else "none"
        preprocessing = Preprocessing(*shape, fit, preprocessing.inversion, framing)
    train_labels, held_out_labels, names, note = named_classes(raw)
    return DataSet(
        raw.name,
        ImageSet(train, train_labels),
        ImageSet(held_out, held_out_labels),
        names,
        preprocessing,
        binary and shape[0] == 1,
        (*notes, note) if note else tuple(notes),
    )


def _whole_shape(
    image_shape: tuple[int, int, int] | None, channels: int
) -> tuple[int, int, int] | None:
    """The shape wished for, with these channels where it names none."""
    return image_shape and (image_shape[0] or channels, *image_shape[1:])


def _resizing_note(own: tuple[int, int, int], wanted: tuple[int, int, int], fit: Fit) -> str:
    done = shape_words([(own[2], own[1])], (wanted[2], wanted[1]), fit)
    return f"images of {_size(own)} brought to {_size(wanted)}{', each ' if done else ''}{done}"


def _size(shape: tuple[int, ...]) -> str:
    colour = "colour" if shape[0] == 3 else "grey"
    return f"{shape[2]}×{shape[1]} in {colour}"


def _divided(raw: Raw, source: str) -> Raw:
    """The source with images held out: its own, or every tenth."""
    count, labels = len(raw.train), raw.train_labels
    if raw.held_out is not None:
        return raw
    if count < 2:
        raise DataError(f"{source}: has only {count} image; use at least 2")
    held = np.arange(count) % _HELD_OUT_EVERY == min(_HELD_OUT_EVERY, count) - 1
    return replace(
        raw,
        train=_part(raw.train, ~held),
        train_labels=None if labels is None else labels[~held],
        held_out=_part(raw.train, held),
        held_out_labels=None if labels is None else labels[held],
    )


def _part(images: Images, chosen: npt.NDArray[np.bool_]) -> Images:
    """Some of the images; those in a file stay there."""
    return images.view(chosen) if isinstance(images, StoredRows) else images[chosen]


def _check_varied(images: Images, source: str) -> None:
    """Refuse images that are all the same; nearly always the second tells that they are not."""
    if len(images) < 2:
        return
    first = images[:1]
    for start in range(1, len(images), _COMPARED):
        if (images[start : start + _COMPARED] != first).any():
            return
    raise DataError(
        f"{source}: all {len(images):,} images are the same, so there is nothing to learn; "
        "use images that differ"
    )


def _description(raw: Raw, fit: Fit) -> tuple[Preprocessing, bool]:
    """How pictures should be prepared to look like these, and whether these are nearly binary."""
    _, channels, height, width = raw.train.shape
    shape = (channels, height, width)
    fit = raw.fit or fit
    if shape[0] == 3:
        return Preprocessing(*shape, fit), False
    chosen = np.linspace(0, len(raw.train) - 1, min(_SAMPLE, len(raw.train))).astype(np.int64)
    sample = raw.train[chosen][:, 0]
    low, high = _BINARY_LEVELS
    binary = bool(((sample < low) | (sample > high)).mean() >= _BINARY_SHARE)
    if not _dark_border(sample):
        return Preprocessing(*shape, fit), binary
    framing = raw.framing or ("ink box" if _framed_like_mnist(sample) else "none")
    return Preprocessing(*shape, raw.fit or "fit", "light border", framing), binary


def _dark_border(sample: Bytes) -> bool:
    """Whether nearly all images [N, H, W] have a dark border."""
    edges = (sample[:, 0], sample[:, -1], sample[:, 1:-1, 0], sample[:, 1:-1, -1])
    return bool((np.median(np.concatenate(edges, 1), 1) <= 127).mean() >= _MOST)


def _framed_like_mnist(sample: Bytes) -> bool:
    """Whether ink lies in 20 of 28 pixels with its centre of mass in the middle of the frame."""
    agree = np.ones(len(sample), bool)
    mass = sample.astype(np.float64).sum((1, 2))
    for axis in (1, 2):
        side = sample.shape[axis]
        along = sample.astype(np.float64).sum(3 - axis)
        inked = along > 0
        extent = side - inked.argmax(1) - inked[:, ::-1].argmax(1)
        centre = (along * np.arange(side)).sum(1) / np.maximum(mass, 1)
        agree &= (extent <= round(side * 20 / 28)) & (np.abs(centre - side / 2) <= 0.75)
    return bool((agree & (mass > 0)).mean() >= _MOST)
