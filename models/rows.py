"""Images that stay in their file: read row by row, with memory for no more than was asked for.

Rows are read, not mapped. A map counts every page it touched as the process's own, reads 128 KiB
around each row that is not in memory yet, and kills the process when the file is cut short
behind its back. Measured on a cold file of 784-byte rows, a batch of 128: map 17 ms, reading
7 ms, reading after telling the system of all rows 1.5 ms, of the next batch in time 0.3 ms.
"""

import io
import math
import os
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import DataError
from models.raw import Bytes, Key

AnyArray = npt.NDArray[Any]
Integers = npt.NDArray[np.int64]
Convert = Callable[[AnyArray], Bytes]

# To tell the system of rows that it has in memory takes as long as to read them. So it is told for
# some takes, and again after one it was not told of that came from further away than memory.
_TOLD_TAKES, _FROM_MEMORY_SECONDS = 64, 15e-6  # a row at most


class StoredRows:
    """Images [N, C, H, W] of bytes that are read from a file when they are taken.

    `convert` makes images of rows [N, ...] as the file has them. On Windows one thread at a time.

    Raises:
        DataError: when images are taken: the file cannot be read, or is shorter than it was.
    """

    ndim = 4
    dtype = np.dtype(np.uint8)

    def __init__(self, file: "RowFile", convert: Convert = np.asarray) -> None:
        self.file, self._convert = file, convert
        self._chosen: Integers | None = None
        self._image_shape = convert(np.zeros((1, *file.shape), file.dtype)).shape[1:]

    def __len__(self) -> int:
        return self.file.count if self._chosen is None else len(self._chosen)

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, C, H, W)."""
        return len(self), *self._image_shape

    @property
    def nbytes(self) -> int:
        """The bytes all images would take in memory."""
        return math.prod(self.shape)

    @property
    def rows(self) -> Integers:
        """The numbers of these images among all rows of the file: [N]."""
        return np.arange(self.file.count) if self._chosen is None else self._chosen

    def whole(self) -> "StoredRows":
        """All images of the file."""
        return StoredRows(self.file, self._convert)

    def __getitem__(self, key: Key) -> Bytes:
        """The images that an array would give for a number, a slice, a mask or an array [N].

        Raises:
            IndexError: the key is none of these, or out of range.
            DataError: they cannot be read.
        """
        numbers = self._numbers(key)
        if isinstance(numbers, range):
            return self._convert(self.file.between(numbers.start, numbers.stop))
        rows = self._convert(self.file.take(np.atleast_1d(numbers)))
        return rows if numbers.ndim else rows[0]

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> AnyArray:
        """All images at once: `nbytes` of memory."""
        if copy is False:
            raise ValueError("images in a file cannot be had without a copy")
        return self[:].astype(dtype or np.uint8, copy=False)

    def view(self, key: Key) -> "StoredRows":
        """Only the images at `key`, in that order, still in their file."""
        part = self.whole()
        part._chosen = np.atleast_1d(np.asarray(self._numbers(key), np.int64))
        return part

    def expect(self, key: Key) -> None:
        """Have the system begin to read what will be taken next, where it knows how to."""
        numbers = self._numbers(key)
        self.file.expect(np.atleast_1d(np.asarray(numbers, np.int64)))

    def _numbers(self, key: Key) -> Integers | range:
        """The numbers among all rows of those at `key`; a range if they follow each other."""
        known = isinstance(key, int | np.integer | slice | np.ndarray)
        if not known or (isinstance(key, np.ndarray) and key.ndim > 1):
            raise IndexError("images in a file are taken by number, slice, mask or array")
        if isinstance(key, slice) and self._chosen is None:
            steps = range(len(self))[key]
            return steps if steps.step == 1 else np.asarray(steps, np.int64)
        if self._chosen is not None:
            return np.asarray(self._chosen[key], np.int64)
        return _counted(key, len(self))


def _counted(key: Key, count: int) -> Integers:
    """Numbers from 0 for a number, a mask or an array of numbers, as `numpy` counts them."""
    numbers = np.asarray(key)
    if numbers.dtype == np.bool_:
        if numbers.shape != (count,):
            raise IndexError(f"a mask of {numbers.shape} for {count} images")
        return np.flatnonzero(numbers)
    numbers = numbers.astype(np.int64)
    if numbers.size and not -count <= numbers.min() <= numbers.max() < count:
        raise IndexError(f"there are only {count} images")
    return np.where(numbers < 0, numbers + count, numbers)


def expect(images: object, key: Key) -> None:
    """Say which rows of `images` are taken next: they are read ahead if they are in a file."""
    if isinstance(images, StoredRows):
        images.expect(key)


class RowFile:
    """`count` rows of `shape` and `dtype`, one after the other from byte `offset` of a file on.

    The file is open for as long as somebody holds this.

    Raises:
        OSError: it cannot be opened.
        DataError: when rows are taken: it cannot be read, or is shorter than it was.
    """

    def __init__(
        self,
        path: Path,
        offset: int,
        count: int,
        shape: tuple[int, ...],
        dtype: npt.DTypeLike = np.uint8,
    ) -> None:
        self.path, self.offset, self.count = path, offset, count
        self.shape, self.dtype = shape, np.dtype(dtype)
        self.row_bytes = math.prod(shape) * self.dtype.itemsize
        self._stream = path.open("rb", buffering=0)
        weakref.finalize(self, self._stream.close)
        self._expected: Integers | None = None
        self._takes_to_tell = _TOLD_TAKES

    def __reduce__(self) -> tuple[type["RowFile"], tuple[Any, ...]]:
        """Another process opens the file itself."""
        return RowFile, (self.path, self.offset, self.count, self.shape, self.dtype)

    def take(self, numbers: Integers) -> AnyArray:
        """Rows by number: [len(numbers), *shape]."""
        told = self._expected is not None and np.array_equal(numbers, self._expected)
        told, self._expected = told or self._tell(numbers), None
        out, started = np.empty((len(numbers), *self.shape), self.dtype), perf_counter()
        if out.size:
            body, size = out.reshape(-1).view(np.uint8).data, self.row_bytes
            for start, number in zip(range(0, len(body), size), numbers.tolist(), strict=True):
                self._read(number, body[start : start + size])
        if not told and perf_counter() - started > _FROM_MEMORY_SECONDS * len(numbers):
            self._takes_to_tell = _TOLD_TAKES
        return out

    def between(self, start: int, stop: int) -> AnyArray:
        """Rows that follow each other, in one go: [stop - start, *shape]."""
        out = np.empty((max(0, stop - start), *self.shape), self.dtype)
        if out.size:
            self._read(start, out.reshape(-1).view(np.uint8).data)
        return out

    def expect(self, numbers: Integers) -> None:
        """Tell the system which rows are read next, unless it has them in memory."""
        self._expected = numbers if self._tell(numbers) else None

    def _tell(self, numbers: Integers) -> bool:
        if sys.platform != "linux" or len(numbers) < 2 or not self._takes_to_tell:
            return False
        self._takes_to_tell -= 1
        stream = self._stream.fileno()
        for start in (self.offset + numbers * self.row_bytes).tolist():
            os.posix_fadvise(stream, start, self.row_bytes, os.POSIX_FADV_WILLNEED)
        return True

    def _read(self, number: int, into: memoryview) -> None:
        """Fill a buffer with what stands from a row on."""
        start = self.offset + number * self.row_bytes
        try:
            while into:
                count = _read_at(self._stream, start, into)
                if not count:
                    raise DataError(
                        f"{self.path}: has become shorter since it was opened; "
                        "put the whole file back and start again"
                    )
                start, into = start + count, into[count:]
        except OSError as error:
            reason = error.strerror or str(error)
            raise DataError(
                f"{self.path}: cannot be read any more ({reason}); is its disk still there?"
            ) from error


def _read_at(stream: io.FileIO, start: int, into: memoryview) -> int:
    """Read from a place in a file, without moving another reader's place where that can be."""
    if sys.platform == "win32":
        stream.seek(start)
        return stream.readinto(into) or 0
    return os.preadv(stream.fileno(), [into], start)
