"""Small images and files of them, and what every data set keeps."""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from models.data import DataSet
from models.errors import DataError

AnyArray = npt.NDArray[Any]
Bytes = npt.NDArray[np.uint8]


def pixels(count: int, height: int = 12, width: int = 10, seed: int = 0) -> Bytes:
    """Grey images [N, H, W] of noise on a dark border."""
    images = np.random.default_rng(seed).integers(0, 256, (count, height, width), dtype=np.uint8)
    images[:, [0, -1]] = 0
    images[:, :, [0, -1]] = 0
    return images


def save_pictures(
    folder: Path, count: int, size: tuple[int, int] = (10, 12), mode: str = "L"
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shape = (size[1], size[0]) if mode == "L" else (size[1], size[0], 3)
    random = np.random.default_rng([count, *folder.name.encode()])
    for index in range(count):
        image = Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8))
        image.save(folder / f"{index:03}.png")


def idx(array: Bytes) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def npy(array: AnyArray, **options: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def npy_claiming(shape: tuple[int, ...], descr: str = "|u1", body: bytes = b"") -> bytes:
    stream = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + body


def assert_message(error: DataError, path: Path) -> None:
    message = str(error)
    assert path.name in message, "what is it about?"
    assert ";" in message, "what to do is missing"
    assert "\n" not in message


def assert_sound(data_set: DataSet, count: int) -> None:
    """What every data set keeps, whatever it came from."""
    assert len(data_set.train) + len(data_set.held_out) == count
    for part in (data_set.train, data_set.held_out):
        assert len(part) > 0
        assert part.images.dtype == np.uint8
        assert part.images.shape[1:] == data_set.preprocessing.image_shape
        if part.labels is not None:
            assert part.labels.dtype == np.int64
            assert len(part.labels) == len(part)
            assert part.labels.min() >= 0
            assert part.labels.max() < len(data_set.class_names)
