"""A PNG written row by row, so that no picture is too large for the memory; no Qt.

After the PNG specification (W3C, third edition 2025): sections 5 (chunks), 9 (filters) and 10
(compression).
"""

import struct
import zlib
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

LONGEST_PX = 2**31 - 1  # of a side, by the format
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EIGHT_BITS, _COLOUR = 8, 2
_NONE, _SUB, _UP = 0, 1, 2
_LEVEL = 5  # of zlib: 6 takes half as long again for 2 % less
_LONGEST_CHUNK = 1 << 30  # bytes; a chunk's length has 31 bits


class PngRows:
    """Writes `width` x `height` pixels of three bytes to a stream, in as many parts as one likes.

    Each row is stored as it is, or as differences from the pixel to its left or above it,
    whichever are smallest: what differs little is packed best.
    """

    def __init__(self, stream: BinaryIO, width: int, height: int) -> None:
        """Write the head.

        Raises:
            ValueError: the format has no such sizes.
            OSError: the stream takes no more, here and in what follows.
        """
        if not (1 <= width <= LONGEST_PX and 1 <= height <= LONGEST_PX):
            raise ValueError(f"a PNG cannot have {width} x {height} pixels")
        self._stream, self._missing = stream, height
        self._packer = zlib.compressobj(_LEVEL)
        self._above: Bytes = np.zeros((1, width, 3), np.uint8)
        stream.write(_SIGNATURE)
        head = struct.pack(">IIBBBBB", width, height, _EIGHT_BITS, _COLOUR, 0, 0, 0)
        self._chunk(b"IHDR", head)

    def write(self, rows: Bytes) -> None:
        """The next rows [n, width, 3].

        Raises:
            ValueError: they are of another width, or more than are missing.
        """
        if rows.dtype != np.uint8 or rows.shape[1:] != self._above.shape[1:]:
            raise ValueError(f"rows must be bytes {self._above.shape[1:]}, not {rows.shape[1:]}")
        if len(rows) > self._missing:
            raise ValueError(f"{len(rows)} rows are too many: {self._missing} are missing")
        if len(rows):
            self._missing -= len(rows)
            self._data(self._packer.compress(_filtered(rows, self._above).data))
            self._above = rows[-1:].copy()

    def finish(self) -> None:
        """Write the end.

        Raises:
            ValueError: rows are missing.
        """
        if self._missing:
            raise ValueError(f"{self._missing} rows are missing")
        self._data(self._packer.flush())
        self._chunk(b"IEND", b"")

    def _data(self, packed: bytes) -> None:
        for start in range(0, len(packed), _LONGEST_CHUNK):
            self._chunk(b"IDAT", packed[start : start + _LONGEST_CHUNK])

    def _chunk(self, kind: bytes, data: bytes) -> None:
        self._stream.write(struct.pack(">I", len(data)) + kind)
        self._stream.write(data)
        self._stream.write(struct.pack(">I", zlib.crc32(data, zlib.crc32(kind))))


def _filtered(rows: Bytes, above: Bytes) -> Bytes:
    """Rows [n, W, 3] below the row `above` [1, W, 3], each after the number of its filter."""
    left, over = rows.copy(), rows.copy()
    left[:, 1:] -= rows[:, :-1]
    over[1:] -= rows[:-1]
    over[0] -= above[0]
    kinds = ((_NONE, rows), (_SUB, left), (_UP, over))
    best = np.argmin([_weight(pixels) for _, pixels in kinds], axis=0)
    out = np.empty((len(rows), 1 + rows[0].size), np.uint8)
    for place, (number, pixels) in enumerate(kinds):
        chosen = best == place
        out[chosen, 0] = number
        out[chosen, 1:] = pixels[chosen].reshape(-1, out.shape[1] - 1)
    return out


def _weight(pixels: Bytes) -> npt.NDArray[np.int64]:
    """How far the bytes of each row are from 0, those from 128 on being negative (12.8)."""
    signed = np.abs(pixels.view(np.int8)).view(np.uint8)  # of -128 it is 128 again
    return np.asarray(signed.sum((1, 2), dtype=np.int64))
