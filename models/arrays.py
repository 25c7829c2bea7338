"""NumPy files of images: `.npy` and `.npz`, checked from their headers and never unpickled."""

import math
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from models.errors import DataError
from models.raw import AnyLabels, Bytes, Raw, Watch, check_memory
from models.rows import RowFile, StoredRows

AnyArray = npt.NDArray[Any]

_IMAGE_KEYS = ("images", "x", "arr_0", "x_train", "train_images")
LABEL_KEYS = ("labels", "y", "arr_1", "y_train", "train_labels")
_HELD_OUT_KEYS = (("x_test", "y_test"), ("test_images", "test_labels"))
_READ_BYTES = 2**30  # what takes more stays in its file
_AT_ONCE = 1024  # images looked at or converted at a time,
_AT_ONCE_BYTES = 16 * 2**20  # or fewer, if these are large
DAMAGED = (  # what reading a file that is none can raise, beside OSError
    *(ValueError, TypeError, KeyError, EOFError, SyntaxError, OverflowError, MemoryError),
    *(tokenize.TokenError, RecursionError, zipfile.BadZipFile, zlib.error, NotImplementedError),
    RuntimeError,  # an encrypted archive
)


@dataclass(frozen=True)
class _Header:
    """What an `.npy` says of the array that begins at its byte `offset`."""

    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]
    offset: int

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def read_npy(path: Path, watch: Watch) -> Raw:
    """The images in an `.npy` file; one of more than 1 GiB is read row by row as it is needed.

    Raises:
        DataError: damaged, a pickle, of a shape that is no images, or with values that are none.
    """
    try:
        with path.open("rb") as stream:
            header = _check_header(stream, str(path), own_file=True)
        if header.nbytes > _READ_BYTES:
            return Raw(path.stem, _stored(path, header, watch))
        array: AnyArray = np.load(path, allow_pickle=False)
    except (DataError, OSError):
        raise
    except DAMAGED as error:
        raise _damaged(path, error) from error
    return Raw(path.stem, _images(array, str(path), watch))


def _stored(path: Path, header: _Header, watch: Watch) -> StoredRows:
    """The images in an `.npy` that stays where it is; each is converted when it is taken."""
    name = str(path)
    if header.fortran_order and len(header.shape) > 1:
        raise DataError(
            f"{name}: its images lie column by column through {header.nbytes / 1e9:,.1f} GB "
            "(Fortran order) and cannot be read one by one; save numpy.ascontiguousarray of it"
        )
    _check_pixels(header.dtype, name)
    _channels_first(np.broadcast_to(np.zeros((), header.dtype), header.shape), name)
    file = RowFile(path, header.offset, header.shape[0], header.shape[1:], header.dtype)
    scale = _scale(_parts_of(file, watch), name)
    return StoredRows(file, partial(_rows_as_bytes, name=name, scale=scale))


def _rows_as_bytes(rows: AnyArray, *, name: str, scale: float) -> Bytes:
    return _scaled(_channels_first(rows, name), scale)


def _parts_of(file: RowFile, watch: Watch) -> Iterator[AnyArray]:
    """All rows of a file, some at a time."""
    at_once = max(1, min(_AT_ONCE, _AT_ONCE_BYTES // file.row_bytes))
    for start in range(0, file.count, at_once):
        watch.step("looking at values", start, file.count)
        yield file.between(start, min(start + at_once, file.count))


def read_npz(path: Path, watch: Watch) -> Raw:
    """The images of an `.npz` file under the key images, x or arr_0, labels under labels or y.

    Files with x_train, y_train, x_test and y_test (as Keras has them) are known too.

    Raises:
        DataError: as `read_npy`, or no array has a name that is looked for.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            members = {name.removesuffix(".npy"): name for name in names}
            chosen = _chosen(members, path)
            arrays = [
                None if key is None else _member(archive, members[key], f"{path} ({key})")
                for key in chosen
            ]
    except DataError:
        raise
    except DAMAGED as error:
        raise _damaged(path, error) from error
    x, y, x_held_out, y_held_out = arrays
    assert x is not None
    train = _images(x, f"{path} ({chosen[0]})", watch)
    labels = _labels(y, len(train), f"{path} ({chosen[1]})")
    if x_held_out is None:
        return Raw(path.stem, train, labels)
    held_out = _images(x_held_out, f"{path} ({chosen[2]})", watch)
    if held_out.shape[1:] != train.shape[1:]:
        raise DataError(f"{path}: training and test images differ in shape; make them alike")
    held_out_labels = _labels(y_held_out, len(held_out), f"{path} ({chosen[3]})")
    return Raw(path.stem, train, labels, held_out, held_out_labels)


def _damaged(path: Path, error: BaseException) -> DataError:
    return DataError(f"{path}: is damaged or no NumPy file ({error}); save it again")


def _chosen(members: dict[str, str], path: Path) -> tuple[str | None, ...]:
    """The keys of the images, labels, held-out images and held-out labels."""
    x = next((key for key in _IMAGE_KEYS if key in members), None)
    if x is None:
        found = ", ".join(sorted(members)[:8]) or "nothing"
        raise DataError(
            f"{path}: has no array named images, x or arr_0 (but {found}); rename the one to use"
        )
    y = next((key for key in LABEL_KEYS if key in members), None)
    held = next((keys for keys in _HELD_OUT_KEYS if keys[0] in members), None)
    if held is None or x not in ("x_train", "train_images"):
        return x, y, None, None
    return x, y, held[0], held[1] if held[1] in members else None


def _check_header(stream: IO[bytes], name: str, *, own_file: bool) -> _Header:
    """Read the header of an `.npy` and refuse what must not be opened or is too large.

    In a file of its own, from which rows can be read one by one, an array may be of any size.
    """
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, fortran_order, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise ValueError(f"version {version}")
    header = _Header(shape, fortran_order, dtype, stream.tell())
    if dtype.hasobject:
        raise DataError(
            f"{name}: holds Python objects, a pickle, which can run any code, so it is never "
            "opened; save it as an array of numbers"
        )
    if dtype.kind not in "buifUS":
        raise DataError(f"{name}: holds {dtype}, which are no pixels; save it as uint8 or float32")
    if any(length < 0 for length in shape):
        raise ValueError(f"a shape of {shape}")
    if not math.prod(shape):
        raise DataError(f"{name}: is empty; save at least 2 images")
    if not own_file:
        check_memory(name, shape[0] if shape else 1, shape[1:], dtype.itemsize)
    elif Path(name).stat().st_size < header.offset + header.nbytes:
        raise DataError(f"{name}: breaks off before its end; copy it again")
    return header


def _member(archive: zipfile.ZipFile, member: str, name: str) -> AnyArray:
    """One array of an archive, once its header is found to be harmless."""
    with archive.open(member) as stream:
        _check_header(stream, name, own_file=False)
    with archive.open(member) as stream:
        array: AnyArray = np.lib.format.read_array(stream, allow_pickle=False)
    return array


def _images(array: AnyArray, name: str, watch: Watch) -> Bytes:
    """Any array of images as bytes [N, C, H, W]."""
    return _as_bytes(_channels_first(array, name), name, watch)


def _channels_first(array: AnyArray, name: str) -> AnyArray:
    """A view [N, C, H, W] of [N, H, W], [N, H, W, C] or [N, C, H, W] with C = 1 or 3."""
    if array.ndim == 3:
        return array[:, None]
    if array.ndim == 4 and array.shape[3] in (1, 3):
        return np.moveaxis(array, 3, 1)
    if array.ndim == 4 and array.shape[1] in (1, 3):
        return array
    raise DataError(
        f"{name}: has the shape {list(array.shape)}; images are [N, height, width], "
        "[N, height, width, 1 or 3] or [N, 1 or 3, height, width]"
    )


def _as_bytes(array: AnyArray, name: str, watch: Watch) -> Bytes:
    """Pixels as bytes, from 0 to 255 or 0 to 1, whichever the array's range is."""
    _check_pixels(array.dtype, name)
    starts = range(0, len(array), _AT_ONCE)
    scale = _scale((array[start : start + _AT_ONCE] for start in starts), name)
    if array.dtype == np.uint8 and scale == 1:
        return array
    out = np.empty(array.shape, np.uint8)
    for start in starts:
        part = slice(start, start + _AT_ONCE)
        out[part] = _scaled(array[part], scale)
        watch.step("converting images", min(start + _AT_ONCE, len(array)), len(array))
    return out


def _check_pixels(dtype: np.dtype[Any], name: str) -> None:
    if dtype.kind not in "buif":
        raise DataError(f"{name}: holds {dtype}, which are no pixels; save it as uint8")


def _scaled(array: AnyArray, scale: float) -> Bytes:
    if array.dtype == np.uint8 and scale == 1:
        return array
    pixels: Bytes = np.rint(array.astype(np.float32) * scale).astype(np.uint8)
    return pixels


def _scale(parts: Iterable[AnyArray], name: str) -> float:
    """What pixels are multiplied by: 255 if none is above 1, else 1.

    Raises:
        DataError: one is not finite, below 0 or above 255.
    """
    low, high = _range(parts, name)
    if low < 0 or high > 255:
        raise DataError(
            f"{name}: has values from {low:g} to {high:g}; scale them to 0 to 1 or to 0 to 255"
        )
    return 255.0 if high <= 1 else 1.0


def _range(parts: Iterable[AnyArray], name: str) -> tuple[float, float]:
    """The smallest and largest value; of bytes no more is looked at than to find one above 1."""
    low, high = math.inf, -math.inf
    for part in parts:
        with np.errstate(invalid="ignore"):
            least, most = float(part.min()), float(part.max())
        if not math.isfinite(least) or not math.isfinite(most):
            raise DataError(f"{name}: has values that are not finite numbers; replace them first")
        low, high = min(low, least), max(high, most)
        if part.dtype == np.uint8 and high > 1:
            break
    return low, high


def _labels(array: AnyArray | None, count: int, name: str) -> AnyLabels | None:
    """One class an image: a whole number or a name."""
    if array is None:
        return None
    if array.shape not in ((count,), (count, 1)):
        raise DataError(
            f"{name}: labels have the shape {list(array.shape)} for {count:,} images; "
            "give one for each"
        )
    labels = array.reshape(count)
    if labels.dtype.kind == "f" and (labels == np.floor(labels)).all():
        labels = labels.astype(np.int64)
    if labels.dtype.kind not in "buiU":
        raise DataError(f"{name}: labels are {array.dtype}; save whole numbers or names")
    return labels
