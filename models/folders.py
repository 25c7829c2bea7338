"""Folders of pictures: sub-folders are classes, what cannot be read is counted and left out."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.errors import DataError
from models.images import SUFFIXES, picture_size, read_picture
from models.preprocessing import Fit, Preprocessing, prepare
from models.raw import Bytes, Raw, Watch, check_memory

SIDES = (8, 256)
DEFAULT_SIDE = 64
_REPORT_EVERY = 32


@dataclass(frozen=True)
class _File:
    path: Path
    label: str | None


def usable_size(height: int, width: int) -> tuple[int, int]:
    """The size itself if a model can have it (8 to 256 pixels a side), else 64×64."""
    if SIDES[0] <= height <= SIDES[1] and SIDES[0] <= width <= SIDES[1]:
        return height, width
    return DEFAULT_SIDE, DEFAULT_SIDE


def read_folder(
    folder: Path, image_shape: tuple[int, int, int] | None, fit: Fit, watch: Watch
) -> Raw:
    """All pictures in a folder, or in its sub-folders with those as classes, brought to one size.

    Unless `image_shape` is given they are grey if all of them are, and keep their size if they
    share one a model can have. Classes and pictures are in the order of their names.

    Raises:
        DataError: fewer than 2 readable pictures, or too many for the memory.
    """
    files, notes = _files(folder)
    if not files:
        raise DataError(
            f"{folder}: holds no pictures; choose a folder of PNG or JPEG files, or one with a "
            "sub-folder of them for each class"
        )
    problems: list[str] = []
    files, size = _common_size(files, problems, watch)
    shape = image_shape or (3, *usable_size(size[1], size[0]))
    check_memory(str(folder), len(files), shape)
    images, labels, grey = _read(files, Preprocessing(*shape, fit=fit), problems, watch)
    if len(images) < 2:
        why = f" ({problems[0]})" if problems else ""
        count = "only one picture" if len(images) else "no picture"
        raise DataError(f"{folder}: {count} in it can be read{why}; at least 2 are needed")
    if image_shape is None and grey:
        images = np.ascontiguousarray(images[:, :1])
    if problems:
        total = len(images) + len(problems)
        notes.append(f"{len(problems)} of {total} pictures left out; the first: {problems[0]}")
    classes = None if None in labels else np.array(labels)
    return Raw(folder.resolve().name, images, classes, notes=tuple(notes), fit=fit)


def _files(folder: Path) -> tuple[list[_File], list[str]]:
    """The pictures by class (by sub-folder), or without one if there are no sub-folders of them."""
    flat = [_File(path, None) for path in sorted(folder.iterdir()) if _is_picture(path)]
    # a leading "_" or "." is how systems name folders of their own (__MACOSX, .thumbnails)
    subs = [sub for sub in sorted(folder.iterdir()) if sub.is_dir() and sub.name[0] not in "._"]
    sorted_in = [_File(path, sub.name) for sub in subs for path in _below(sub)]
    if not sorted_in:
        return flat, []
    notes = [f"{len(flat)} pictures outside the sub-folders left out"] if flat else []
    return sorted_in, notes


def _below(folder: Path) -> list[Path]:
    """All pictures in a folder and in those inside it, links to folders not followed."""
    found = [Path(place, name) for place, _, names in os.walk(folder) for name in names]
    return sorted(path for path in found if _is_picture(path))


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _common_size(
    files: list[_File], problems: list[str], watch: Watch
) -> tuple[list[_File], tuple[int, int]]:
    """The files whose header can be read, and the (width, height) they share, else (0, 0)."""
    readable, sizes = [], Counter[tuple[int, int]]()
    for index, file in enumerate(files):
        if index % _REPORT_EVERY == 0:
            watch.step("looking at pictures", index, len(files))
        try:
            sizes[picture_size(file.path)] += 1
        except DataError as error:
            problems.append(str(error))
        else:
            readable.append(file)
    return readable, next(iter(sizes)) if len(sizes) == 1 else (0, 0)


def _read(
    files: list[_File], preprocessing: Preprocessing, problems: list[str], watch: Watch
) -> tuple[Bytes, list[str | None], bool]:
    """Images [N, C, H, W], their classes, and whether all of them are grey."""
    images = np.empty((len(files), *preprocessing.image_shape), np.uint8)
    labels: list[str | None] = []
    grey = True
    for index, file in enumerate(files):
        if index % _REPORT_EVERY == 0:
            watch.step("reading pictures", index, len(files))
        try:
            picture = read_picture(file.path)
        except DataError as error:
            problems.append(str(error))
            continue
        images[len(labels)] = prepare(picture, preprocessing).image
        grey = grey and picture.image.mode == "L"
        labels.append(file.label)
    watch.step("reading pictures", len(files), len(files))
    return images[: len(labels)], labels, grey
