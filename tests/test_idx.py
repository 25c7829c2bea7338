"""IDX files are read under any of their names, and hostile ones are one clear message."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.data import load_data, read_idx
from models.errors import DataError
from models.preprocessing import Preprocessing
from tests.samples import (
    assert_message,
    assert_sound,
    idx,
    pixels,
)


def test_real_mnist(shared: Path) -> None:
    mnist = load_data(str(shared / "data/mnist"))
    assert_sound(mnist, 70_000)
    assert (len(mnist.train), len(mnist.held_out)) == (60_000, 10_000)
    assert mnist.train.images.shape == (60_000, 1, 28, 28)
    assert mnist.class_names == tuple("0123456789")
    assert mnist.train.labels is not None
    assert mnist.train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist.preprocessing == Preprocessing(1, 28, 28, "fit", "light border", "ink box")
    assert mnist.binary
    assert mnist.name == "mnist"


@pytest.mark.parametrize("pattern", ["{}-{}-{}-ubyte", "{}-{}.{}-ubyte", "{}-{}-{}-ubyte.gz"])
def test_idx_files_under_any_of_their_names(pattern: str, tmp_path: Path) -> None:
    for part, count in (("train", 20), ("t10k", 5)):
        for what, array in (
            ("images", pixels(count)),
            ("labels", np.arange(count, dtype=np.uint8)),
        ):
            name = pattern.format(part, what, f"idx{array.ndim}")
            body = idx(array)
            (tmp_path / name).write_bytes(gzip.compress(body) if name.endswith("gz") else body)
    found = load_data(str(tmp_path))
    assert_sound(found, 25)
    assert len(found.held_out) == 5
    assert len(found.class_names) == 20


def test_idx_without_labels_or_test_images_divides_itself(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(pixels(40)))
    found = load_data(str(tmp_path))
    assert_sound(found, 40)
    assert (len(found.held_out), found.train.labels, found.class_names) == (4, None, ())


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.booleans())
@settings(max_examples=30)
def test_idx_reads_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, shape: list[int], packed: bool
) -> None:
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    path = tmp_path_factory.mktemp("idx") / ("file.gz" if packed else "file")
    path.write_bytes(gzip.compress(idx(array)) if packed else idx(array))
    np.testing.assert_array_equal(read_idx(path), array)


_IMAGES = idx(pixels(4))

BAD_IDX: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is no IDX file"),
    "short-magic": (b"\0\0\x08", "is no IDX file"),
    "text": (b"not at all what was expected", "is no IDX file"),
    "floats": (b"\0\0\x0d\x03" + bytes(12), "type 0x0d"),
    "flat": (idx(np.arange(9, dtype=np.uint8)), "1-dimensional"),
    "deep": (b"\0\0\x08\xff" + bytes(12), "is no IDX file"),
    "header-cut": (_IMAGES[:9], "inside its header"),
    "body-cut": (_IMAGES[:-1], "breaks off"),
    "too-long": (_IMAGES + b"x", "longer than it says"),
    "no-images": (b"\0\0\x08\x03" + struct.pack(">3I", 0, 28, 28), "says it holds 0×28×28"),
    "huge": (
        b"\0\0\x08\x03" + struct.pack(">3I", 2**32 - 1, 2**32 - 1, 2**32 - 1),
        "says it holds",
    ),
    "large": (b"\0\0\x08\x03" + struct.pack(">3I", 1_000_000, 64, 64), "breaks off"),
    "negative": (b"\0\0\x08\x03" + struct.pack(">3i", -1, 28, 28), "says it holds"),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", BAD_IDX)
def test_bad_idx_is_one_message(name: str, packed: bool, tmp_path: Path) -> None:
    body, problem = BAD_IDX[name]
    path = tmp_path / ("train-images-idx3-ubyte" + (".gz" if packed else ""))
    path.write_bytes(gzip.compress(body) if packed else body)
    with pytest.raises(DataError, match=problem) as caught:
        load_data(str(tmp_path))
    assert_message(caught.value, path)


@pytest.mark.parametrize("cut", [1, 5, 12, 200, -1])
def test_damaged_gzip_is_one_message(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(_IMAGES)[:cut])
    with pytest.raises(DataError, match=r"damaged gzip|is no IDX file|breaks off"):
        load_data(str(tmp_path))
    path.write_bytes(_IMAGES)
    with pytest.raises(DataError, match="damaged gzip"):
        load_data(str(tmp_path))


def test_labels_must_belong_to_the_images(tmp_path: Path) -> None:
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(np.arange(3, dtype=np.uint8)))
    with pytest.raises(DataError, match="labels but no images"):
        load_data(str(tmp_path))
    (tmp_path / "train-images-idx3-ubyte").write_bytes(_IMAGES)
    with pytest.raises(DataError, match="3 labels for 4 images"):
        load_data(str(tmp_path))
