"""Frames as a file: GIF with one palette, APNG, or a PNG strip; no Qt, no threads."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from models.errors import DataError
from models.files import replacing
from models.paths import there_and_back as forth_and_back

Bytes = npt.NDArray[np.uint8]
Format = Literal["gif", "apng", "png"]
Scaling = Literal["smooth", "nearest"]
Report = Callable[[int, int], None]

# A GIF's delays are whole hundredths of a second: these rates need no (or little) rounding.
FRAME_RATES: tuple[float, ...] = (50.0, 100 / 3, 25.0, 20.0, 12.5, 10.0, 5.0)
FASTEST = 50.0  # browsers play a delay of 1/100 s as 1/10 s
SIDES = (8, 8192)

_FORMATS: dict[str, Format] = {".gif": "gif", ".apng": "apng", ".png": "png"}
_RESAMPLING = {"smooth": Image.Resampling.LANCZOS, "nearest": Image.Resampling.NEAREST}
_PALETTE_SAMPLE = 400_000  # pixels the palette is chosen by
_MOST_KEPT = 96  # of its colours, whatever pixels say
_GREYS = bytes(np.arange(256, dtype=np.uint8).repeat(3))
_MOST_STRIP_PIXELS = 200_000_000


class _CancelledError(Exception):
    """The user wants no file after all."""


def format_of(path: Path) -> Format:
    """The format a file name asks for: .gif, .apng or .png (a strip).

    Raises:
        DataError: the name ends in something else.
    """
    if path.suffix.lower() not in _FORMATS:
        raise DataError(f"{path}: the name must end in {', '.join(_FORMATS)}")
    return _FORMATS[path.suffix.lower()]


def write_animation(
    frames: Bytes,
    path: Path,
    *,
    format: Format,
    frames_per_second: float = 25.0,
    size: int = 256,
    scaling: Scaling = "smooth",
    there_and_back: bool = False,
    loop: bool = True,
    report: Report | None = None,
    cancelled: Callable[[], bool] | None = None,
    keep_colours: Bytes | None = None,
) -> bool:
    """Write `frames` [N, H, W] (grey) or [N, H, W, 3] to `path` in one step.

    `size` is the longer side in pixels. `report` hears of frames done and their number.
    `there_and_back` and `loop` mean nothing to a strip. `keep_colours` [M, 3] are few pixels that
    mean much: a palette has them as they are. False if it was cancelled: then, as
    after an error, an older file of that name is as it was and nothing else is left.

    Raises:
        DataError: the file cannot be written, or the rate or the size is out of range.
        ValueError: the frames are no array of bytes of such a shape, or there are none.
    """
    _check(frames, frames_per_second, size)
    order = list(range(len(frames)))
    if there_and_back and format != "png":
        order = forth_and_back(len(frames))
    pictures = _scaled(frames, order, size, scaling, report, cancelled)
    try:
        with replacing(path) as temporary, temporary.open("wb") as stream:
            if format == "gif":
                palette = _Palette(frames, keep_colours) if frames.ndim == 4 else None
                _write_gif(stream, pictures, palette, _delays(len(order), frames_per_second), loop)
            elif format == "apng":
                _write_apng(stream, pictures, frames_per_second, loop)
            else:
                _write_strip(stream, pictures, len(order))
    except _CancelledError:
        return False
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{path}: cannot be written ({reason}); choose another place") from error
    return True


def _check(frames: Bytes, rate: float, size: int) -> None:
    grey_or_colour = frames.ndim == 3 or (frames.ndim == 4 and frames.shape[3] == 3)
    if frames.dtype != np.uint8 or not grey_or_colour or 0 in frames.shape:
        raise ValueError(f"frames must be uint8 [N, H, W] or [N, H, W, 3], not {frames.shape}")
    if not 0.1 <= rate <= FASTEST:
        raise DataError(f"{rate:g} frames a second: choose 0.1 to {FASTEST:g}")
    if not SIDES[0] <= size <= SIDES[1]:
        raise DataError(f"{size} pixels: choose a size of {SIDES[0]} to {SIDES[1]}")


def _scaled(
    frames: Bytes,
    order: list[int],
    size: int,
    scaling: Scaling,
    report: Report | None,
    cancelled: Callable[[], bool] | None,
) -> Iterator[Image.Image]:
    """Pictures of the asked size, one at a time; `report` counts those that are written."""
    height, width = frames.shape[1:3]
    scale = size / max(height, width)
    shape = (max(1, round(width * scale)), max(1, round(height * scale)))
    for done, index in enumerate(order):
        if cancelled and cancelled():
            raise _CancelledError
        picture = Image.fromarray(np.ascontiguousarray(frames[index]))
        yield picture if picture.size == shape else picture.resize(shape, _RESAMPLING[scaling])
        if report:
            report(done + 1, len(order))


# --- GIF ---


def _delays(count: int, rate: float) -> list[int]:
    """Hundredths of a second of each frame; what rounding loses on one the next ones get."""
    edges = [round(index * 100 / rate) for index in range(count + 1)]
    return [after - before for before, after in pairwise(edges)]


class _Palette:
    """One palette for all coloured frames, chosen by pixels of each of them.

    A palette a frame would make still parts of the picture flicker, and so would dithering.
    """

    def __init__(self, frames: Bytes, keep: Bytes | None = None) -> None:
        kept = np.zeros((0, 3), np.uint8) if keep is None else keep[:_MOST_KEPT]
        pixels = frames.reshape(-1, 3)
        step = max(1, len(pixels) // _PALETTE_SAMPLE)
        sample = pixels[:: step + 1 - step % 2]  # odd, so that it meets every column of a frame
        mosaic = Image.fromarray(np.ascontiguousarray(sample[None]))
        chosen = mosaic.quantize(256 - len(kept), Image.Quantize.MEDIANCUT).getpalette() or []
        colours = [*chosen[: 3 * (256 - len(kept))], *kept.reshape(-1).tolist()]
        self.colours = bytes(colours).ljust(768, b"\0")
        self.nearest = _nearest(np.array(colours, np.float32).reshape(-1, 3))

    def apply(self, picture: Image.Image) -> Image.Image:
        """The coloured picture as numbers of this palette."""
        red, green, blue = np.moveaxis(np.asarray(picture) >> 2, -1, 0).astype(np.int32)
        indexed = Image.fromarray(self.nearest[red << 12 | green << 6 | blue])
        indexed.putpalette(self.colours)
        return indexed


def _nearest(colours: npt.NDArray[np.float32]) -> Bytes:
    """Number of the nearest of `colours` [M, 3] to each colour of 6 bits a channel [64**3].

    A look-up in this table is a hundred times faster than a search for each pixel.
    """
    levels = np.arange(64, dtype=np.float32) * 4 + 1.5
    green_blue = np.stack(np.meshgrid(levels, levels, indexing="ij"), -1).reshape(-1, 2)
    out = np.empty((64, 64 * 64), np.uint8)
    base = (colours**2).sum(1) - 2 * green_blue @ colours[:, 1:].T
    for number, red in enumerate(levels):
        out[number] = np.argmin(base - 2 * red * colours[:, 0], 1)
    return out.reshape(-1)


def _write_gif(
    stream: BinaryIO,
    pictures: Iterator[Image.Image],
    palette: _Palette | None,
    delays: list[int],
    loop: bool,
) -> None:
    """All frames in one palette; what stands still is not written again."""
    indexed = (_grey_indexed(p) if palette is None else palette.apply(p) for p in pictures)
    colours = _GREYS if palette is None else palette.colours
    first = next(indexed)
    first.save(
        stream,
        "GIF",
        save_all=True,
        append_images=indexed,
        duration=[10 * delay for delay in delays],
        palette=colours,  # without it each frame gets a table of its own
        optimize=False,
        **({"loop": 0} if loop else {}),  # without it a GIF plays once
    )


def _grey_indexed(picture: Image.Image) -> Image.Image:
    """A grey picture as numbers of the palette of all greys: nothing is lost."""
    indexed = Image.fromarray(np.asarray(picture))
    indexed.putpalette(_GREYS)
    return indexed


# --- APNG and strip ---


def _write_apng(stream: BinaryIO, pictures: Iterator[Image.Image], rate: float, loop: bool) -> None:
    """Whole frames; Pillow counts delays in milliseconds."""
    first, *others = pictures
    first.save(
        stream,
        "PNG",
        save_all=True,
        append_images=others,
        duration=1000 / rate,
        loop=0 if loop else 1,
    )


def _write_strip(stream: BinaryIO, pictures: Iterator[Image.Image], count: int) -> None:
    strip: Image.Image | None = None
    for index, picture in enumerate(pictures):
        if strip is None:
            strip = _blank_strip(picture, count)
        strip.paste(picture, (index * picture.width, 0))
    if strip is not None:
        strip.save(stream, "PNG")


def _blank_strip(picture: Image.Image, count: int) -> Image.Image:
    size = (picture.width * count, picture.height)
    if size[0] * size[1] > _MOST_STRIP_PIXELS:
        raise DataError(f"a strip of {count} frames is too large; choose fewer or smaller frames")
    return Image.new(picture.mode, size)
