"""A PNG written in parts is the picture that was given, to every program that reads one."""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PySide6.QtGui import QImage

from explorer.png_rows import LONGEST_PX, PngRows

Bytes = npt.NDArray[np.uint8]


def written(picture: Bytes, cuts: list[int]) -> bytes:
    """A PNG of a picture that is handed over in parts which end at `cuts`."""
    stream = io.BytesIO()
    png = PngRows(stream, picture.shape[1], picture.shape[0])
    for part in np.split(picture, sorted(cuts)):
        png.write(part)
    png.finish()
    return stream.getvalue()


def read(data: bytes) -> Bytes:
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.mode) == ("PNG", "RGB")
        image.load()
        return np.asarray(image)


def smooth(height: int, width: int) -> Bytes:
    """Slopes along and across: rows for every filter."""
    down, across = np.mgrid[:height, :width]
    picture = np.stack([3 * down, 5 * across, down * across], -1).astype(np.uint8)
    picture[height // 3] = np.random.default_rng(1).integers(0, 256, (width, 3))
    picture[height // 2] = 0
    return picture


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1), st.data())
def test_what_is_read_is_what_was_written(
    height: int, width: int, seed: int, data: st.DataObject
) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    cuts = data.draw(st.lists(st.integers(0, height), max_size=5))
    for drawn in (picture, smooth(height, width)):
        assert (read(written(drawn, cuts)) == drawn).all()


def test_qt_reads_it_too(tmp_path: Path) -> None:
    picture = smooth(70, 90)
    (tmp_path / "a.png").write_bytes(written(picture, [1, 20, 33]))
    image = QImage(str(tmp_path / "a.png")).convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(70, image.bytesPerLine())
    assert (rows[:, : 3 * 90].reshape(70, 90, 3) == picture).all()


def test_the_parts_it_comes_in_are_not_seen_in_the_pixels_that_are_stored() -> None:
    picture = smooth(64, 50)
    assert len(written(picture, [])) == pytest.approx(len(written(picture, [7, 8, 30])), rel=0.1)


def test_slopes_are_packed_better_than_as_they_are() -> None:
    slope = np.broadcast_to(np.arange(250, dtype=np.uint8)[None, :, None], (200, 250, 3))
    noise = np.random.default_rng(0).integers(0, 3, (200, 1, 1)).astype(np.uint8)
    assert len(written(slope + 3 * noise, [])) < 200 * 250 * 3 / 50


def test_too_few_rows_or_too_many_are_no_picture() -> None:
    png = PngRows(io.BytesIO(), 4, 3)
    png.write(np.zeros((2, 4, 3), np.uint8))
    with pytest.raises(ValueError, match="1 rows are missing"):
        png.finish()
    with pytest.raises(ValueError, match="too many"):
        png.write(np.zeros((2, 4, 3), np.uint8))
    with pytest.raises(ValueError, match="rows must be"):
        png.write(np.zeros((1, 5, 3), np.uint8))


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (LONGEST_PX + 1, 1)])
def test_sizes_that_the_format_has_not_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="cannot have"):
        PngRows(io.BytesIO(), *size)
