"""What is dropped or pasted: files first, then bytes, then a bitmap; addresses are not fetched."""

import io
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QColor, QImage

from explorer.dropping import can_take, take

pytestmark = pytest.mark.usefixtures("qapp")


def png() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (5, 4), (200, 10, 0)).save(stream, "PNG")
    return stream.getvalue()


def bitmap() -> QImage:
    image = QImage(5, 4, QImage.Format.Format_RGB32)
    image.fill(QColor(200, 10, 0))
    return image


def test_files_come_before_everything_else(tmp_path: Path) -> None:
    files = [tmp_path / "a b ö.png", tmp_path / "c.safetensors"]
    for file in files:
        file.touch()
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    mime.setData("image/png", png())
    mime.setImageData(bitmap())
    assert can_take(mime)
    taken = take(mime)
    assert taken.paths == tuple(files)
    assert not taken.images
    assert not taken.problem


def test_a_file_that_is_gone_leaves_the_others(tmp_path: Path) -> None:
    here = tmp_path / "here.png"
    here.touch()
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in (tmp_path / "gone.png", here)])
    assert take(mime).paths == (here,)


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "image/webp"])
def test_bytes_come_before_the_address_they_came_from(kind: str) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/x.png")])
    mime.setData(kind, png())
    taken = take(mime)
    assert [image.data for image in taken.images] == [png()]
    assert not taken.problem


def test_a_bitmap_is_taken_pixel_for_pixel() -> None:
    mime = QMimeData()
    mime.setImageData(bitmap())
    (image,) = take(mime).images
    with Image.open(io.BytesIO(image.data)) as opened:
        assert opened.size == (5, 4)
        assert opened.convert("RGB").getpixel((2, 2)) == (200, 10, 0)


@pytest.mark.parametrize("address", ["http://example.org/x.png", "https://example.org/x.png"])
def test_an_address_alone_is_explained(address: str) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl(address)])
    assert can_take(mime), "else nobody would be told why not"
    assert "nothing is fetched" in take(mime).problem


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.png" for number in range(65)]
    for file in files:
        file.touch()
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    assert "65 files are too many" in take(mime).problem
    mime.setUrls([QUrl.fromLocalFile(str(file)) for file in files[:64]])
    assert len(take(mime).paths) == 64


def test_text_and_nothing_are_told_apart_from_pictures() -> None:
    mime = QMimeData()
    assert not can_take(mime)
    assert "no picture or file" in take(mime).problem
    mime.setText("hello")
    assert not can_take(mime)
    assert take(mime).problem
