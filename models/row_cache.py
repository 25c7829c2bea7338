"""Images that took time to read or resize, kept as bytes in the user's cache folder.

One source has one folder there: `images-….npy` (its rows, one after the other), `rows-….npy` (a
number a row that tells what it was made from) and `index.json` (how many rows are done and which
could not be read). The index is replaced in one step, after the rows it counts are on the disk,
so whatever stops the work, the next load goes on from there. When the source has changed the
old index is `before.json` until rows of what has not changed are copied. Rows that could not be
read are tried again by the next load. One process at a time holds the `lock` of a folder and
works there: others wait, and find the work done.
"""

import hashlib
import io
import json
import math
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

from models.errors import DataError
from models.files import replacing
from models.raw import Bytes, Watch
from models.rows import RowFile, StoredRows

Identities = npt.NDArray[np.uint64]
Shape = tuple[int, int, int]
Read = Callable[[int], Bytes]

_VERSION = 1
_SAVED_BYTES = 16 * 2**20  # so much, or so many rows, are written at a time
_SAVED_ROWS = 1024
_REPORT_EVERY = 32
_SPARE_BYTES = 64 * 2**20  # left free on the disk
_WAIT_SECONDS = 0.5  # for the lock, before it is asked whether to go on waiting
_ORPHAN_SECONDS = 30 * 24 * 3600  # what is gone for so long is not only on an unplugged disk


@dataclass(frozen=True)
class Source:
    """What rows are made from.

    `path` is the folder or file and `rules` all else that decides about pixels; `identities` [N]
    tell what each row is made from. `read` gives one row as bytes [C, height, width], or
    raises DataError if it cannot be read, and the row is left out. Without `channels` all rows
    have one, or three as soon as one of them does. `told` is what is worth telling of all rows.
    """

    path: Path
    rules: str
    identities: Identities
    size: tuple[int, int]  # height, width
    channels: int | None
    read: Read
    doing: str
    told: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kept:
    """The images that could be read, their numbers among all rows, and what became of others."""

    images: StoredRows
    rows: npt.NDArray[np.int64]
    first_problem: str
    note: str


@dataclass(frozen=True)
class Known:
    """Height and width of rows that are kept, and what was told of them."""

    size: tuple[int, int]
    told: tuple[str, ...]


@dataclass(frozen=True)
class _Index:
    """What `index.json` holds: the first `done` rows are in their file, or left out."""

    source: str
    identities: str
    count: int
    shape: Shape
    done: int = 0
    left_out: tuple[int, ...] = ()
    first_problem: str = ""
    told: tuple[str, ...] = ()
    version: int = _VERSION

    @property
    def images_name(self) -> str:
        sides = "x".join(str(side) for side in self.shape)
        return f"images-{self.identities}-{sides}.npy"

    @property
    def rows_name(self) -> str:
        return f"rows-{self.identities}.npy"

    @property
    def header(self) -> bytes:
        """How the file of images begins."""
        stream = io.BytesIO()
        values = {"descr": "|u1", "fortran_order": False, "shape": (self.count, *self.shape)}
        np.lib.format.write_array_header_1_0(stream, values)
        return stream.getvalue()

    @property
    def row_bytes(self) -> int:
        return math.prod(self.shape)

    def rows(self, folder: Path) -> StoredRows:
        """The rows, as far as they are done."""
        path = folder / self.images_name
        return StoredRows(RowFile(path, len(self.header), self.done, self.shape))


def cache_folder() -> Path:
    """Where the folders of all sources are."""
    from platformdirs import user_cache_path

    return user_cache_path("latent-explorer", appauthor=False) / "folders"


def known_of(path: Path, rules: str, identities: Identities) -> Known | None:
    """What is known of the rows that are kept, some or all, of exactly these."""
    index = _read_index(_folder_of(path, rules) / "index.json")
    if index is None or index.identities != _digest(identities):
        return None
    return Known(index.shape[1:], index.told)


def keep(source: Source, watch: Watch) -> Kept:
    """The images of a source from the cache; those that are missing there are read and added.

    Raises:
        DataError: the cache has no room or cannot be written, or loading was stopped. What is
            done by then stays done.
    """
    folder = _folder_of(source.path, source.rules)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder, watch):
            index = _begun(source, folder)
            if index.done < index.count:
                index = _Work(source, folder, watch).finish(index)
            elif index.left_out:
                index = _Work(source, folder, watch).retry(index)
            _tidy(folder, index)
            return _kept(index, folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(
            f"{source.path}: its images cannot be kept in {folder} ({reason}), where they need "
            f"{_megabytes(_all_bytes(source))}; make room or check rights, and load them again: "
            "that goes on where this ended"
        ) from error


@contextmanager
def _locked(folder: Path, watch: Watch) -> Iterator[None]:
    """Wait until nobody else works in a folder, and keep others out of it."""
    lock = FileLock(folder / "lock")
    while not lock.is_locked:
        try:
            lock.acquire(timeout=_WAIT_SECONDS)
        except Timeout:
            watch.step("waiting for another program that reads the same", 0, 0)
    try:
        yield
    finally:
        lock.release()


def _folder_of(path: Path, rules: str) -> Path:
    name = f"{path.absolute()}\0{rules}".encode("utf-8", "surrogateescape")
    return cache_folder() / hashlib.sha256(name).hexdigest()[:16]


def _digest(identities: Identities) -> str:
    return hashlib.sha256(identities.tobytes()).hexdigest()[:16]


def _all_bytes(source: Source) -> int:
    return len(source.identities) * (source.channels or 3) * math.prod(source.size)


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"


def _kept(index: _Index, folder: Path) -> Kept:
    images = index.rows(folder)
    rows = np.delete(np.arange(index.count), list(index.left_out))
    note = f"kept as {_megabytes(images.nbytes)} in {folder}, which may be deleted"
    chosen = images if len(rows) == index.count else images.view(rows)
    return Kept(chosen, rows, index.first_problem, note)


# -- the index -------------------------------------------------------------------------------


def _begun(source: Source, folder: Path) -> _Index:
    """The index of exactly this source as it is now, with nothing done if there is none."""
    index = _read_index(folder / "index.json")
    digest, shape = _digest(source.identities), (source.channels or 1, *source.size)
    if index is not None and index.identities == digest and _suits(index, source):
        return index
    _remove_orphans()
    before = _read_index(folder / "before.json")
    if index is not None and _usable(index, source) >= _usable(before, source):
        (folder / "index.json").replace(folder / "before.json")
    new = _Index(
        str(source.path.absolute()), digest, len(source.identities), shape, told=source.told
    )
    with replacing(folder / new.rows_name) as path, path.open("wb") as stream:
        np.save(stream, source.identities)
    _write_index(folder, new)
    return new


def _suits(index: _Index, source: Source) -> bool:
    """Whether rows of an index have the shape that is wanted now."""
    return index.shape[1:] == source.size and source.channels in (None, index.shape[0])


def _usable(index: _Index | None, source: Source) -> int:
    """How many rows of an older index are done in the shape that is wanted now."""
    return index.done if index is not None and _suits(index, source) else 0


def _write_index(folder: Path, index: _Index) -> None:
    with replacing(folder / "index.json") as path:
        path.write_text(json.dumps(asdict(index)), "utf-8", "surrogateescape")


def _read_index(path: Path) -> _Index | None:
    """The index in a file, unless it or the file of images is damaged."""
    try:
        values = json.loads(path.read_text("utf-8", "surrogateescape"))
        lists = {name: tuple(values[name]) for name in ("shape", "left_out")}
        lists["told"] = tuple(values.get("told", ()))
        index = _Index(**(values | lists))
        return index if _is_sound(index, path.parent) else None
    except (OSError, ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None


def _is_sound(index: _Index, folder: Path) -> bool:
    numbers = (index.count, index.done, *index.shape, *index.left_out)
    texts = (index.source, index.identities, index.first_problem)
    if index.version != _VERSION or not all(type(number) is int for number in numbers):
        return False
    if not all(isinstance(text, str) for text in texts):
        return False
    left_out = np.asarray(index.left_out, np.int64)
    sound = (
        re.fullmatch("[0-9a-f]{16}", index.identities) is not None
        and len(index.shape) == 3
        and min(index.shape) > 0
        and 0 <= index.done <= index.count
        and bool((np.diff(left_out, prepend=-1, append=index.done) > 0).all())
    )
    return sound and (not index.done or _holds_rows(index, folder / index.images_name))


def _holds_rows(index: _Index, path: Path) -> bool:
    """Whether the file of images begins as it should and is as long as the index says."""
    header = index.header
    with path.open("rb") as stream:
        begins = stream.read(len(header)) == header
    return begins and path.stat().st_size >= len(header) + index.done * index.row_bytes


def _remove_orphans() -> None:
    """Remove what is kept of folders and files that are gone, and was not used for long."""
    for path in cache_folder().glob("*/index.json"):
        with suppress(FileNotFoundError):  # another process removes it too
            index, unused = _read_index(path), time.time() - path.stat().st_mtime
            if index and unused > _ORPHAN_SECONDS and not Path(index.source).exists():
                shutil.rmtree(path.parent, ignore_errors=True)


# -- the work --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Batch:
    """Rows in order, None for one that could not be read, and why the first of those could not.

    `stopped` is why it ends before it is full.
    """

    rows: list[Bytes | None]
    first_problem: str
    stopped: DataError | None


class _Work:
    """Reads what is missing in a cache, and writes it down bit by bit."""

    def __init__(self, source: Source, folder: Path, watch: Watch) -> None:
        self.source, self.folder, self.watch = source, folder, watch
        self.read = _reusing(source, folder)

    def finish(self, index: _Index) -> _Index:
        self._check_room(index)
        _make_file(self.folder, index)
        while index.done < index.count:
            batch = self._batch(index)
            index = self._saved(index, batch)
            if batch.stopped is not None:
                raise batch.stopped
        self.watch.step(self.source.doing, index.count, index.count)
        return index

    def retry(self, index: _Index) -> _Index:
        """The index once all that was left out and can be read now is on the disk too."""
        left_out, first_problem = list[int](), ""
        for row in index.left_out:
            self.watch.step(self.source.doing, row, index.count)
            try:
                image = self.source.read(row)
            except DataError as error:
                left_out.append(row)
                first_problem = first_problem or str(error)
                continue
            if len(image) > index.shape[0]:
                index = self._in_colour(index)
            _write_rows(self.folder, index, row, np.broadcast_to(image, index.shape))
        if len(left_out) < len(index.left_out):
            index = replace(index, left_out=tuple(left_out), first_problem=first_problem)
            _write_index(self.folder, index)
        return index

    def _check_room(self, index: _Index) -> None:
        needed = (index.count - index.done) * index.row_bytes
        free = shutil.disk_usage(self.folder).free
        if needed + _SPARE_BYTES > free:
            raise DataError(
                f"{self.source.path}: its images need {_megabytes(needed + _SPARE_BYTES)} in the "
                f"cache, and the disk of {self.folder} has {_megabytes(free)} free; make room "
                "there, or use fewer or smaller images"
            )

    def _batch(self, index: _Index) -> _Batch:
        rows: list[Bytes | None] = []
        first_problem = ""
        count = max(1, min(_SAVED_ROWS, _SAVED_BYTES // index.row_bytes))
        for row in range(index.done, min(index.done + count, index.count)):
            try:
                if row % _REPORT_EVERY == 0:
                    self.watch.step(self.source.doing, row, index.count)
            except DataError as stopped:
                return _Batch(rows, first_problem, stopped)
            try:
                rows.append(self.read(row))
            except DataError as error:
                rows.append(None)
                first_problem = first_problem or str(error)
        return _Batch(rows, first_problem, None)

    def _saved(self, index: _Index, batch: _Batch) -> _Index:
        """The index after the rows of a batch are on the disk."""
        if index.shape[0] == 1 and any(row is not None and len(row) == 3 for row in batch.rows):
            index = self._in_colour(index)
        pixels = np.zeros((len(batch.rows), *index.shape), np.uint8)
        for place, row in zip(pixels, batch.rows, strict=True):
            if row is not None:
                place[:] = row  # grey is spread to all channels
        _write_rows(self.folder, index, index.done, pixels)
        missing = [index.done + at for at, row in enumerate(batch.rows) if row is None]
        index = replace(
            index,
            done=index.done + len(batch.rows),
            left_out=(*index.left_out, *missing),
            first_problem=index.first_problem or batch.first_problem,
        )
        _write_index(self.folder, index)
        return index

    def _in_colour(self, grey: _Index) -> _Index:
        """The same rows with three channels, as the first picture in colour has come."""
        index = replace(grey, shape=(3, *grey.shape[1:]))
        self._check_room(replace(index, done=0))
        _make_file(self.folder, index)
        rows = grey.rows(self.folder)
        at_once = max(1, _SAVED_BYTES // index.row_bytes)
        for start in range(0, grey.done, at_once):
            self.watch.step("adding colour", start, grey.done)
            _write_rows(self.folder, index, start, rows[start : start + at_once].repeat(3, 1))
        _write_index(self.folder, index)
        return index


def _make_file(folder: Path, index: _Index) -> None:
    """A file of images with its header; what is in it already stays."""
    path = folder / index.images_name
    path.touch()
    with path.open("r+b") as stream:
        stream.write(index.header)


def _write_rows(folder: Path, index: _Index, first: int, pixels: Bytes) -> None:
    """Rows [n, C, H, W], or one of them, at their place in the file, and on the disk.

    By writing, not through a map: a disk that is full is an error here and a crash there.
    """
    with (folder / index.images_name).open("r+b") as stream:
        stream.seek(len(index.header) + first * index.row_bytes)
        stream.write(pixels.tobytes())
        stream.flush()
        os.fsync(stream.fileno())


def _reusing(source: Source, folder: Path) -> Read:
    """Read rows from what was kept before the source changed, where they are the same."""
    old = _read_index(folder / "before.json")
    known = None if old is None else _identities(folder / old.rows_name, old)
    if old is None or known is None or not _usable(old, source):
        return source.read
    images = old.rows(folder)
    usable = np.delete(np.arange(old.done), list(old.left_out))
    place = _places(source.identities, known[usable])

    def read(row: int) -> Bytes:
        if place[row] < 0:
            return source.read(row)
        image = images[int(usable[place[row]])]
        grey = source.channels is None and bool((image == image[:1]).all())
        return image[:1] if grey else image

    return read


def _places(wanted: Identities, known: Identities) -> npt.NDArray[np.int64]:
    """Where each of `wanted` [N] stands in `known`, or -1."""
    if not len(known):
        return np.full(len(wanted), -1)
    order = np.argsort(known)
    found = order[np.searchsorted(known, wanted, sorter=order).clip(max=len(known) - 1)]
    return np.where(known[found] == wanted, found, -1)


def _identities(path: Path, index: _Index) -> Identities | None:
    """What the rows of an older index were made from, unless that file is damaged."""
    try:
        known: Identities = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return known if len(known) == index.count and _digest(known) == index.identities else None


def _tidy(folder: Path, index: _Index) -> None:
    """Remove files of before; one that another process holds open on Windows stays."""
    (folder / "index.json").touch()  # it was used now
    for path in folder.iterdir():
        if path.name not in ("lock", "index.json", index.images_name, index.rows_name):
            try:
                path.unlink()
            except OSError:
                continue
