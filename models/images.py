"""Pictures from untrusted files and bytes, read with one stated rule for each oddity."""

import io
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, UnidentifiedImageError

from models.errors import DataError

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".webp", ".tif", ".tiff"}
    | {".ppm", ".pgm", ".pbm", ".pnm"}
)
MOST_PIXELS = 64_000_000
MOST_BYTES = 512 * 2**20
FEWEST_PIXELS_A_SIDE = 2

_ORIENTATION = 0x0112  # the EXIF tag
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_WHITE = (255, 255, 255, 255)

# what its decoders log of a bad file is told in our own words: not on standard error as well
logging.getLogger("PIL").addHandler(logging.NullHandler())

# warnings.catch_warnings swaps one list for the whole process: one picture at a time
_warnings_lock = threading.Lock()


@dataclass(frozen=True)
class Picture:
    """An upright, opaque picture of 8 bits a channel, in mode "L" if it is grey, else "RGB".

    `notes` tell in a few words each what had to be done to it. Nobody changes `image` in place.
    """

    image: Image.Image
    name: str
    notes: tuple[str, ...] = ()


def read_picture(source: Path | bytes, name: str = "") -> Picture:
    """The picture in a file, or in the bytes of one; `name` is what messages call it.

    Of an animation the first frame is taken; the EXIF orientation is applied; deep grey is
    scaled to 8 bits; what is transparent is laid on white.

    Raises:
        DataError: no picture of a known format, damaged, too large, or too small to show anything.
    """
    name = _name(source, name)
    with _opened(source, name, whole=True) as image:
        notes = []
        if getattr(image, "is_animated", False) and image.format != "MPO":
            notes.append("first of several frames")
        orientation = _orientation(image)
        image.load()
        # Pillow turns a TIFF by itself as it loads; other formats are left as they are stored
        upright = image
        if orientation in _TURNS:
            notes.append("turned upright")
            if image.format != "TIFF":
                upright = image.transpose(_TURNS[orientation])
        plain, more = _plain(upright, name)
    return Picture(_grey_if_colourless(plain), name, (*notes, *more))


def picture_size(source: Path | bytes, name: str = "") -> tuple[int, int]:
    """(width, height) of the upright picture, from the header alone.

    Raises:
        DataError: as `read_picture`, as far as a header tells.
    """
    with _opened(source, _name(source, name)) as image:
        width, height = image.size
        turned = image.format != "TIFF" and _orientation(image) >= 5
        return (height, width) if turned else (width, height)


def _name(source: Path | bytes, name: str) -> str:
    if name:
        return name
    return str(source) if isinstance(source, Path) else "the picture"


@contextmanager
def _opened(source: Path | bytes, name: str, *, whole: bool = False) -> Iterator[Image.Image]:
    """The picture with its header read and its size checked; whatever fails is a DataError.

    With `whole` its checksums are looked at too, where it has any.
    """
    too_large = (
        f"{name}: has more than {MOST_PIXELS // 1_000_000} million pixels; make it smaller first"
    )
    try:
        with _warnings_lock, warnings.catch_warnings(), _stream(source, name) as stream:
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(stream, formats=FORMATS) as image:
                _check_size(image.size, name, too_large)
                if not whole or image.format != "PNG":
                    yield image
                    return
                image.verify()  # decoding alone does not, and leaves wrong pixels unnoticed
            stream.seek(0)
            with Image.open(stream, formats=("PNG",)) as image:
                yield image
    except DataError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise DataError(too_large) from error
    except UnidentifiedImageError as error:
        raise DataError(
            f"{name}: is no picture this program knows, or its beginning is damaged; "
            "use PNG, JPEG, GIF, BMP, WebP, TIFF, PPM or PGM"
        ) from error
    except MemoryError as error:
        raise DataError(f"{name}: does not fit in memory; make it smaller first") from error
    except Exception as error:
        # Pillow's decoders raise almost anything on hostile input: OSError, SyntaxError,
        # struct.error, IndexError, OverflowError, ...
        raise DataError(f"{name}: is damaged ({error}); save or copy it again") from error


@contextmanager
def _stream(source: Path | bytes, name: str) -> Iterator[IO[bytes]]:
    if isinstance(source, bytes):
        _check_bytes(len(source), name)
        yield io.BytesIO(source)
        return
    try:
        if not source.is_file():
            what = "is a folder" if source.is_dir() else "is not there or is no ordinary file"
            raise DataError(f"{name}: {what}; choose a picture file")
        _check_bytes(source.stat().st_size, name)
        stream = source.open("rb")
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{name}: cannot be read ({reason}); check name and rights") from error
    with stream:
        yield stream


def _check_bytes(size: int, name: str) -> None:
    if not size:
        raise DataError(f"{name}: is empty; save or copy it again")
    if size > MOST_BYTES:
        raise DataError(f"{name}: is larger than {MOST_BYTES >> 20} MiB; make it smaller first")


def _check_size(size: tuple[int, int], name: str, too_large: str) -> None:
    if size[0] * size[1] > MOST_PIXELS:
        raise DataError(too_large)
    if min(size) < FEWEST_PIXELS_A_SIDE:
        raise DataError(
            f"{name}: is only {size[0]}×{size[1]} pixels, too small to show anything; "
            "use a larger picture"
        )


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where it is missing or broken."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # of any kind, as in `_opened`: broken metadata must not cost the picture
        return 1
    return value if type(value) is int and value in _TURNS else 1


def _plain(image: Image.Image, name: str) -> tuple[Image.Image, list[str]]:
    """Any of Pillow's modes as "L" or "RGB", and what that took."""
    see_through = "transparency" in image.info
    if image.mode in ("L", "RGB") and not see_through:
        return image.copy(), []
    if image.mode == "1":
        return image.convert("L"), []
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        return _scaled(image, name)
    if see_through or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        return _on_white(image)
    notes = [f"{image.mode} converted to RGB"] if image.mode not in ("P", "RGBX") else []
    return image.convert("RGB"), notes


def _scaled(image: Image.Image, name: str) -> tuple[Image.Image, list[str]]:
    """Deep grey as 8 bits: 16 bits (or 0 to 1) over all of their range, the rest over its own."""
    values = np.asarray(image, np.float64)
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(low) or not np.isfinite(high):
        raise DataError(f"{name}: has pixels that are not numbers; save it as an 8-bit picture")
    if image.mode == "F" and low >= 0 and high <= 1:
        low, high, note = 0.0, 1.0, "values 0 to 1 scaled to 8 bits"
    elif image.mode != "F" and low >= 0 and high <= 0xFFFF:
        low, high, note = 0.0, 65535.0, "16-bit grey scaled to 8 bits"
    else:
        note = f"values {low:g} to {high:g} scaled to 8 bits"
    span = (high - low) or 1.0
    grey = np.rint((values - low) * (255.0 / span)).astype(np.uint8)
    return Image.fromarray(grey), [note]


def _on_white(image: Image.Image) -> tuple[Image.Image, list[str]]:
    layer = image.convert("RGBA")
    if layer.getchannel("A").getextrema() == (255, 255):
        return layer.convert("RGB"), []
    paper = Image.new("RGBA", layer.size, _WHITE)
    return Image.alpha_composite(paper, layer).convert("RGB"), ["transparency laid on white"]


def _grey_if_colourless(image: Image.Image) -> Image.Image:
    """A picture of equal red, green and blue is a grey one, however it was stored."""
    if image.mode == "L":
        return image
    pixels = np.asarray(image)
    for step in (16, 1):  # a coarse look settles most colour pictures at once
        some = pixels[::step, ::step]
        if (some[..., 0] != some[..., 1]).any() or (some[..., 0] != some[..., 2]).any():
            return image
    return image.getchannel(0)
