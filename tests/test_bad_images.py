"""Pictures nobody should send: each is one clear message, or is read by a rule that is told."""

import io
import os
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models import images
from models.errors import DataError
from models.images import Picture, picture_size, read_picture

Writer = Callable[[Path], None]


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def gradient(mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> Image.Image:
    ramp = np.linspace(0, 255, size[0] * size[1]).astype(np.uint8).reshape(size[1], size[0])
    return Image.fromarray(np.stack([ramp, 255 - ramp, ramp // 2], 2)).convert(mode)


def noise(size: int = 64) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8))


def png_header(width: int, height: int) -> bytes:
    """A PNG of a size, with next to no pixels in it."""
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0),
        b"IDAT": zlib.compress(bytes(100)),
        b"IEND": b"",
    }
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks.items()
    )


def truncated(kind: str) -> Writer:
    def write(path: Path) -> None:
        data = encoded(noise(), kind)
        path.write_bytes(data[: len(data) // 2])

    return write


def flipped(path: Path) -> None:
    data = bytearray(encoded(noise(), "PNG"))
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def content(data: bytes) -> Writer:
    def write(path: Path) -> None:
        path.write_bytes(data)

    return write


def not_numbers(path: Path) -> None:
    Image.fromarray(np.full((9, 9), np.nan, np.float32)).save(path, "TIFF")


def sparse(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(images.MOST_BYTES + 1)


BAD: dict[str, tuple[Writer, str]] = {
    "missing": (lambda path: None, "is not there"),
    "folder": (lambda path: path.mkdir(), "is a folder"),
    "empty": (content(b""), "is empty"),
    "text": (content(b"Dear Sir or Madam,\n" * 9), "is no picture"),
    "only-magic": (content(b"\x89PNG\r\n\x1a\n"), "is no picture|is damaged"),
    "pickle": (content(b"\x80\x04\x95" + bytes(40)), "is no picture"),
    "zip": (content(b"PK\x03\x04" + bytes(40)), "is no picture"),
    "svg": (content(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "is no picture"),
    "postscript": (content(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"), "is no picture"),
    "huge-header": (content(png_header(30_000, 30_000)), "more than 64 million pixels"),
    "large-header": (content(png_header(9_000, 9_000)), "more than 64 million pixels"),
    "long-header": (content(png_header(2**31 - 1, 2**31 - 1)), "more than 64 million pixels"),
    "header-only": (content(png_header(30, 30)), "is damaged"),
    "one-pixel": (lambda path: gradient("L", (1, 1)).save(path, "PNG"), "only 1×1 pixels"),
    "one-row": (lambda path: gradient("L", (50, 1)).save(path, "PNG"), "only 50×1 pixels"),
    "flipped": (flipped, "is damaged"),
    "not-numbers": (not_numbers, "not numbers"),
    "too-many-bytes": (sparse, "is larger than 512 MiB"),
    "pgm-bomb": (content(b"P5 60000 60000 255\n"), "more than 64 million pixels"),
    **{
        f"truncated-{kind}": (truncated(kind), "is damaged")
        for kind in ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
    },
}


@pytest.mark.parametrize("name", BAD)
def test_bad_picture_is_one_message_that_names_it(name: str, tmp_path: Path) -> None:
    write, problem = BAD[name]
    path = tmp_path / f"{name}.png"
    write(path)
    with pytest.raises(DataError, match=problem) as caught:
        read_picture(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert ";" in message, "what to do is missing"
    assert "\n" not in message
    assert len(message) < len(str(path)) + 300


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    with pytest.raises(DataError, match="no ordinary file"):
        read_picture(pipe)


def test_bytes_without_a_name_are_called_the_picture() -> None:
    with pytest.raises(DataError, match=r"^the picture: is no picture"):
        read_picture(b"nothing of the kind")
    with pytest.raises(DataError, match=r"^pasted: "):
        read_picture(b"nothing of the kind", "pasted")


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def deep() -> Image.Image:
    ramp = np.linspace(0, 65535, 1200).astype(np.uint16).reshape(30, 40)
    return Image.fromarray(ramp)


def animation(kind: str) -> bytes:
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "green", "blue")]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:])


def clear() -> Image.Image:
    image = Image.new("RGBA", (20, 10), (0, 0, 255, 255))
    image.putpixel((0, 0), (0, 0, 0, 0))
    return image


def clear_palette() -> bytes:
    image = Image.new("P", (20, 10), 1)
    image.putpalette([0, 0, 0, 0, 0, 255])
    image.putpixel((0, 0), 0)
    return encoded(image, "PNG", transparency=0)


ODD: dict[str, tuple[bytes, str, tuple[str, ...]]] = {
    "grey": (encoded(gradient("L"), "PNG"), "L", ()),
    "colour": (encoded(gradient(), "PNG"), "RGB", ()),
    "grey-in-colour": (encoded(gradient("L").convert("RGB"), "PNG"), "L", ()),
    "grey-palette": (encoded(gradient("L").convert("P"), "GIF"), "L", ()),
    "one-bit": (encoded(gradient("1"), "PNG"), "L", ()),
    "cmyk-jpeg": (encoded(gradient("CMYK"), "JPEG"), "RGB", ("CMYK converted to RGB",)),
    "cmyk-tiff": (encoded(gradient("CMYK"), "TIFF"), "RGB", ("CMYK converted to RGB",)),
    "deep-png": (encoded(deep(), "PNG"), "L", ("16-bit grey scaled to 8 bits",)),
    "deep-tiff": (encoded(deep(), "TIFF"), "L", ("16-bit grey scaled to 8 bits",)),
    "deep-pgm": (encoded(deep(), "PPM"), "L", ("16-bit grey scaled to 8 bits",)),
    "clear-png": (encoded(clear(), "PNG"), "RGB", ("transparency laid on white",)),
    "clear-webp": (
        encoded(clear(), "WEBP", lossless=True),
        "RGB",
        ("transparency laid on white",),
    ),
    "clear-palette": (clear_palette(), "RGB", ("transparency laid on white",)),
    "clear-grey": (
        encoded(clear().convert("LA"), "PNG"),
        "L",
        ("transparency laid on white",),
    ),
    "opaque-alpha": (encoded(gradient("RGBA"), "PNG"), "RGB", ()),
    "animated-gif": (animation("GIF"), "RGB", ("first of several frames",)),
    "animated-png": (animation("PNG"), "RGB", ("first of several frames",)),
    "animated-webp": (animation("WEBP"), "RGB", ("first of several frames",)),
    "pages": (animation("TIFF"), "RGB", ("first of several frames",)),
    "turned-jpeg": (encoded(gradient(), "JPEG", exif=exif(6)), "RGB", ("turned upright",)),
    "turned-tiff": (encoded(gradient(), "TIFF", exif=exif(6)), "RGB", ("turned upright",)),
    "bmp": (encoded(gradient(), "BMP"), "RGB", ()),
    "ppm": (encoded(gradient(), "PPM"), "RGB", ()),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_picture_is_read_and_the_rule_told(name: str) -> None:
    data, mode, notes = ODD[name]
    picture = read_picture(data, name)
    assert (picture.image.mode, picture.notes) == (mode, notes)
    assert picture.name == name
    assert picture.image.size == picture_size(data)


def test_sixteen_bits_keep_their_gradation() -> None:
    values = np.asarray(read_picture(encoded(deep(), "PNG")).image).ravel().astype(int)
    assert (values[0], values[-1]) == (0, 255)
    assert np.all(np.diff(values) >= 0)
    assert len(np.unique(values)) == 256


@pytest.mark.parametrize(
    ("values", "note"),
    [
        (np.linspace(0, 1, 100, dtype=np.float32), "values 0 to 1 scaled to 8 bits"),
        (np.linspace(-3, 7, 100, dtype=np.float32), "values -3 to 7 scaled to 8 bits"),
        (np.linspace(0, 2**30, 100).astype(np.int32), "values 0 to 1.07374e+09 scaled to 8 bits"),
    ],
)
def test_other_ranges_are_scaled_to_their_own(values: np.ndarray[Any, Any], note: str) -> None:
    picture = read_picture(encoded(Image.fromarray(values.reshape(10, 10)), "TIFF"))
    assert picture.notes == (note,)
    assert picture.image.getextrema() == (0, 255)


def test_flat_deep_picture_divides_nothing_by_zero() -> None:
    flat = Image.fromarray(np.full((9, 9), -5.0, np.float32))
    assert read_picture(encoded(flat, "TIFF")).image.getextrema() == (0, 0)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_upright(orientation: int, kind: str) -> None:
    upright = Image.new("L", (32, 16), 0)
    upright.paste(255, (0, 0, 8, 8))  # the top left corner is light
    undo = {**images._TURNS, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    picture = read_picture(encoded(stored, kind, exif=exif(orientation)))
    assert picture.image.size == (32, 16)
    np.testing.assert_allclose(np.asarray(picture.image), np.asarray(upright), atol=12)


def test_transparent_pixels_are_white_and_others_untouched() -> None:
    image = read_picture(encoded(clear(), "PNG")).image
    assert image.getpixel((0, 0)) == (255, 255, 255)
    assert image.getpixel((5, 5)) == (0, 0, 255)


def test_animation_gives_its_first_frame() -> None:
    for kind in ("GIF", "PNG"):
        assert read_picture(animation(kind)).image.getpixel((3, 3)) == (255, 0, 0)


def test_broken_metadata_does_not_cost_the_picture() -> None:
    data = encoded(gradient(), "JPEG", exif=b"Exif\0\0MM\0*" + bytes(range(80)))
    assert read_picture(data).image.size == (40, 30)


def test_size_of_bytes_is_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MOST_BYTES", 10)
    with pytest.raises(DataError, match="is larger than"):
        read_picture(encoded(gradient(), "PNG"))


@settings(max_examples=150)
@given(
    st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM"]),
    st.integers(0, 2**32),
    st.integers(1, 12),
)
def test_damaged_bytes_are_a_picture_or_a_data_error(kind: str, seed: int, hits: int) -> None:
    data = bytearray(encoded(gradient(), kind))
    chance = random.Random(seed)
    for _ in range(hits):
        data[chance.randrange(len(data))] = chance.randrange(256)
    try:
        picture = read_picture(bytes(data))
    except DataError:
        return
    assert isinstance(picture, Picture)
    assert picture.image.mode in ("L", "RGB")
