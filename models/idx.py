"""IDX files, the format of MNIST: an untrusted header and unsigned bytes, gzipped or not."""

import gzip
import math
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from models.errors import DataError
from models.raw import MOST_BYTES, Bytes, Raw

_UNSIGNED_BYTES = 0x08
_FILE = re.compile(
    r"(train|t10k|test)[-_](?:(images)[-.]idx3|(labels)[-.]idx1)-ubyte(?:\.gz)?", re.IGNORECASE
)


def read_idx(path: Path, rank: int | None = None) -> Bytes:
    """The array in an IDX file of unsigned bytes, of `rank` dimensions if that is given.

    Raises:
        DataError: it cannot be read, is no IDX file of bytes, or is shorter or longer than it says.
    """
    with _opened(path) as stream:
        return _read(stream, path, rank)


def idx_shape(path: Path) -> tuple[int, ...]:
    """What the header of an IDX file says its array's shape is.

    Raises:
        DataError: it cannot be read, or its beginning is that of no IDX file of bytes.
    """
    with _opened(path) as stream:
        return _shape(stream, path, None)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """The bytes of a file, unpacked if it is gzipped; whatever fails is a DataError."""
    try:
        with path.open("rb") as stream:
            if path.suffix.lower() != ".gz":
                yield stream
                return
            with gzip.GzipFile(fileobj=stream) as unpacked:
                yield unpacked
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: is a damaged gzip file ({error}); copy it again") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{path}: cannot be read ({reason}); check name and rights") from error


def _shape(stream: IO[bytes] | gzip.GzipFile, path: Path, rank: int | None) -> tuple[int, ...]:
    """The shape in the header, which is read."""
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or not 1 <= magic[3] <= 4:
        raise DataError(f"{path}: is no IDX file; use the files of MNIST or a folder of pictures")
    if magic[2] != _UNSIGNED_BYTES or rank not in (None, magic[3]):
        raise DataError(
            f"{path}: holds {magic[3]}-dimensional data of type 0x{magic[2]:02x}; needed are "
            "unsigned bytes (0x08), 3-dimensional for images and 1-dimensional for labels"
        )
    header = stream.read(4 * magic[3])
    if len(header) < 4 * magic[3]:
        raise DataError(f"{path}: breaks off inside its header; copy it again")
    return struct.unpack(f">{magic[3]}I", header)


def _read(stream: IO[bytes] | gzip.GzipFile, path: Path, rank: int | None) -> Bytes:
    shape = _shape(stream, path, rank)
    size = math.prod(shape)
    if not size or size > MOST_BYTES:
        dimensions = "×".join(str(length) for length in shape)
        raise DataError(f"{path}: says it holds {dimensions} values; it is empty or damaged")
    body = bytearray()
    # read in parts: a short file with a large header must not take the memory it claims
    while len(body) <= size and (part := stream.read(min(2**24, size + 1 - len(body)))):
        body += part
    if len(body) != size:
        problem = "breaks off before its end" if len(body) < size else "is longer than it says"
        raise DataError(f"{path}: {problem}; copy it again")
    return np.frombuffer(body, np.uint8).reshape(shape)


def idx_files(folder: Path) -> dict[str, Path]:
    """The IDX files of a folder by what they hold: "train images", "t10k labels", ...

    A plain file goes before a gzipped one.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir(), reverse=True):
        match = _FILE.fullmatch(path.name)
        if match and path.is_file():
            part = "train" if match[1].lower() == "train" else "t10k"
            found[f"{part} {(match[2] or match[3]).lower()}"] = path
    return found


def read_idx_folder(name: str, files: dict[str, Path]) -> Raw:
    """The images and labels in the files that `idx_files` found; those of "t10k" are held out.

    Raises:
        DataError: no images, or a file that is damaged or does not fit to another.
    """
    parts = [_part(part, files) for part in ("train", "t10k") if f"{part} images" in files]
    if not parts:
        raise DataError(f"{name}: has IDX labels but no images; add train-images-idx3-ubyte")
    (train, train_labels), (held_out, held_out_labels) = (*parts, (None, None))[:2]
    assert train is not None
    if held_out is not None and held_out.shape[1:] != train.shape[1:]:
        raise DataError(
            f"{name}: training and test images differ in size; put each set in its own folder"
        )
    return Raw(name, train, train_labels, held_out, held_out_labels)


def _part(part: str, files: dict[str, Path]) -> tuple[Bytes | None, Bytes | None]:
    """Images [N, 1, H, W] and labels [N], if there are any."""
    path = files[f"{part} images"]
    images = read_idx(path, 3)[:, None]
    labels_path = files.get(f"{part} labels")
    if labels_path is None:
        return images, None
    labels = read_idx(labels_path, 1)
    if len(labels) != len(images):
        raise DataError(
            f"{labels_path}: has {len(labels):,} labels for {len(images):,} images; "
            "use files that belong together"
        )
    return images, labels
