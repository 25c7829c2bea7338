"""Folders of pictures: sub-folders are classes, what cannot be read is counted and left out.

Pictures that are many, or take much memory, are read once and kept in the cache folder.
"""

import hashlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.errors import DataError
from models.images import SUFFIXES, picture_size, read_picture
from models.preprocessing import Fit, Preprocessing, prepare
from models.raw import Bytes, Images, Labels, Raw, Watch, check_memory
from models.row_cache import Source, keep, known_of
from models.sizing import DEFAULT_SIDE, OPTIONS, Size, sizing_note, usable_size

_KEPT_FILES = 20_000  # a folder of more is read once and kept,
_KEPT_BYTES = 256 * 2**20  # and so is one that takes more memory
_REPORT_EVERY = 32
_LOOK_EVERY = 1024
_SIZED = 1000  # pictures whose size is looked at to tell what becomes of them,
_COLOURED = 8  # and whose colour is

Shape = tuple[int, int, int]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Listing:
    """The pictures below a folder, in order, as paths from it; and the class of each by number."""

    folder: Path
    names: list[str]
    numbers: Labels | None
    class_names: tuple[str, ...]
    notes: tuple[str, ...]

    def path(self, row: int) -> Path:
        return self.folder / self.names[row]


@dataclass(frozen=True)
class _Found:
    """Images that could be read, their rows in the listing, the first problem, notes if any."""

    images: Images
    rows: Integers
    first_problem: str
    notes: tuple[str, ...] = ()


def read_folder(folder: Path, image_shape: Shape | None, fit: Fit, watch: Watch) -> Raw:
    """All pictures in a folder, or in its sub-folders with those as classes, brought to one size.

    Unless `image_shape` is given they are grey if all of them are, and keep their size if they
    share one a model can have; 0 channels leave that to the pictures too. Classes and pictures
    are in the order of their names. Notes say what is cut off, scaled or made grey. More than
    20,000 pictures, or 256 MiB of them, stay in a file in the cache folder.

    Raises:
        DataError: fewer than 2 readable pictures, or no room for them in the cache folder.
    """
    listing = _listed(folder, watch)
    if not listing.names:
        raise DataError(
            f"{folder}: holds no pictures; choose a folder of PNG or JPEG files, or one with a "
            "sub-folder of them for each class"
        )
    found = _found(listing, image_shape, fit, watch)
    left_out = len(listing.names) - len(found.rows)
    if len(found.rows) < 2:
        why = f" ({found.first_problem})" if found.first_problem else ""
        count = "only one picture" if len(found.rows) else "no picture"
        raise DataError(f"{folder}: {count} in it can be read{why}; at least 2 are needed")
    notes = list(listing.notes)
    if left_out:
        total = len(listing.names)
        notes.append(f"{left_out} of {total} pictures left out; the first: {found.first_problem}")
    notes += found.notes
    labels = None if listing.numbers is None else listing.numbers[found.rows]
    return Raw(
        folder.resolve().name,
        found.images,
        labels,
        class_names=listing.class_names,
        notes=tuple(notes),
        fit=fit,
    )


# -- looking ---------------------------------------------------------------------------------


def _listed(folder: Path, watch: Watch) -> _Listing:
    """The pictures by class (by sub-folder), or without one if there are no sub-folders of them."""
    flat, subs, names, counts = list[str](), list[str](), list[str](), list[int]()
    with os.scandir(folder) as entries:
        for entry in entries:
            if _is_picture(entry):
                flat.append(entry.name)
            # a leading "_" or "." is how systems name folders of their own (__MACOSX, .thumbnails)
            elif entry.name[0] not in "._" and entry.is_dir():
                subs.append(entry.name)
    flat.sort()
    subs.sort()
    for sub in subs:
        before = len(names)
        for name in _below(folder, sub):
            names.append(name)
            if len(names) % _LOOK_EVERY == 0:
                watch.step("looking for pictures", len(names), 0)
        counts.append(len(names) - before)
    if not names:
        return _Listing(folder, flat, None, (), ())
    pictures = "1 picture" if len(flat) == 1 else f"{len(flat):,} pictures"
    notes = (f"{pictures} outside the sub-folders left out",) if flat else ()
    numbers = np.repeat(np.arange(len(subs)), counts)
    return _Listing(folder, names, numbers, tuple(subs), notes)


def _below(folder: Path, sub: str) -> Iterator[str]:
    """All pictures in a sub-folder and in those inside it, links to folders not followed."""
    waiting = [(sub, True)]  # and whether it is a folder; the next one last
    while waiting:
        name, is_folder = waiting.pop()
        if not is_folder:
            yield name
            continue
        waiting += sorted(_inside(folder, name), reverse=True)


def _inside(folder: Path, name: str) -> list[tuple[str, bool]]:
    """The pictures and folders in one folder; none where it may not be looked into."""
    try:
        with os.scandir(folder / name) as entries:
            return [
                (os.path.join(name, entry.name), is_folder)
                for entry in entries
                if (is_folder := entry.is_dir(follow_symlinks=False)) or _is_picture(entry)
            ]
    except OSError:
        return []


def _is_picture(entry: os.DirEntry[str]) -> bool:
    known = os.path.splitext(entry.name)[1].lower() in SUFFIXES
    return known and not entry.name.startswith(".") and entry.is_file()


def _identities(listing: _Listing, watch: Watch) -> npt.NDArray[np.uint64]:
    """A number for each picture that is another one when its file has changed: [N]."""
    out = np.empty(len(listing.names), np.uint64)
    folder = str(listing.folder)
    for row, name in enumerate(listing.names):
        if row % _LOOK_EVERY == 0:
            watch.step("looking for changes", row, len(out))
        try:
            state = os.stat(os.path.join(folder, name))
            told = f"\0{state.st_size} {state.st_mtime_ns} {state.st_mode}"
        except OSError:  # whether it can be read is seen when it is
            told = ""
        text = os.fsencode(name) + told.encode()
        out[row] = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
    return out


def _common_size(listing: _Listing, watch: Watch) -> tuple[tuple[int, int], set[Size]]:
    """The (height, width) that all pictures share a model can have, and up to two they have."""
    found = set[Size]()
    for size in _sizes(listing, range(len(listing.names)), watch):
        found.add(size)
        if len(found) > 1:
            return (DEFAULT_SIDE, DEFAULT_SIDE), found
    width, height = next(iter(found), (0, 0))
    return usable_size(height, width), found


def _sizes(listing: _Listing, rows: Sequence[int], watch: Watch) -> Iterator[Size]:
    """The (width, height) of pictures, from their headers."""
    for place, row in enumerate(rows):
        if place % _REPORT_EVERY == 0:
            watch.step("looking at pictures", place, len(rows))
        with suppress(DataError):  # told when it is read
            yield picture_size(listing.path(row))


def _some(listing: _Listing, most: int) -> list[int]:
    """Rows evenly spread, or all."""
    count = len(listing.names)
    return sorted({int(row) for row in np.linspace(0, count - 1, min(most, count))})


def _colour_note(listing: _Listing, channels: int | None) -> str:
    """What becomes of the colours of pictures that get so many channels, by a look at some."""
    modes = set[str]()
    for row in _some(listing, _COLOURED) if channels else ():
        with suppress(DataError):
            modes.add(read_picture(listing.path(row)).image.mode)
    if channels == 1 and "RGB" in modes:
        return "colour made grey"
    return "grey pictures made colour" if channels == 3 and modes == {"L"} else ""


# -- reading ---------------------------------------------------------------------------------


def _found(listing: _Listing, image_shape: Shape | None, fit: Fit, watch: Watch) -> _Found:
    """The images in memory, or in the cache folder if they are many or large."""
    count, rules, identities = len(listing.names), f"{image_shape} {fit}", None
    known = None
    if count > _KEPT_FILES:
        identities = _identities(listing, watch)
        known = known_of(listing.folder, rules, identities)
    size, told = (known.size, known.told) if known else _looked_at(listing, image_shape, fit, watch)
    channels = (image_shape[0] or None) if image_shape else None
    read = _reader(listing, channels, size, fit)
    if identities is None and count * (channels or 3) * math.prod(size) <= _KEPT_BYTES:
        return replace(_in_memory(listing, (channels, *size), read, watch), notes=told)
    if identities is None:
        identities = _identities(listing, watch)
    doing = "reading pictures"
    source = Source(listing.folder, rules, identities, size, channels, read, doing, told)
    kept = keep(source, watch)
    return _Found(kept.images, kept.rows, kept.first_problem, (*told, kept.note))


def _looked_at(
    listing: _Listing, image_shape: Shape | None, fit: Fit, watch: Watch
) -> tuple[tuple[int, int], tuple[str, ...]]:
    """The (height, width) to bring pictures to, and what that does; of many some are looked at."""
    size, found = image_shape[1:] if image_shape else None, set[Size]()
    if size is None:
        size, found = _common_size(listing, watch)
    found |= set(_sizes(listing, _some(listing, _SIZED), watch))
    sized = sizing_note(found, (size[1], size[0]), fit)
    sized = sized if image_shape or not sized else f"{sized} {OPTIONS}"
    coloured = _colour_note(listing, image_shape[0] if image_shape else None)
    return size, tuple(filter(None, (sized, coloured)))


def _reader(
    listing: _Listing, channels: int | None, size: tuple[int, int], fit: Fit
) -> Callable[[int], Bytes]:
    """Reads a picture by its row as [C, H, W], with one channel or three as it is or as told."""
    rules = {number: Preprocessing(number, *size, fit=fit) for number in (1, 3)}

    def read(row: int) -> Bytes:
        picture = read_picture(listing.path(row))
        own = 1 if picture.image.mode == "L" else 3
        return prepare(picture, rules[channels or own]).image

    return read


def _in_memory(
    listing: _Listing,
    shape: tuple[int | None, int, int],
    read: Callable[[int], Bytes],
    watch: Watch,
) -> _Found:
    """All pictures that can be read as [N, C, H, W]."""
    count, channels = len(listing.names), shape[0] or 3
    check_memory(str(listing.folder), count, (channels, *shape[1:]))
    images = np.empty((count, channels, *shape[1:]), np.uint8)
    rows, first_problem, grey = list[int](), "", True
    for row in range(count):
        if row % _REPORT_EVERY == 0:
            watch.step("reading pictures", row, count)
        try:
            image = read(row)
        except DataError as error:
            first_problem = first_problem or str(error)
            continue
        images[len(rows)] = image  # grey is spread to all channels
        grey = grey and len(image) == 1
        rows.append(row)
    watch.step("reading pictures", count, count)
    images = images[: len(rows)]
    if shape[0] is None and grey:
        images = np.ascontiguousarray(images[:, :1])
    return _Found(images, np.array(rows, np.int64), first_problem)
