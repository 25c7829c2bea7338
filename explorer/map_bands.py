"""The map drawn a band of rows at a time: the memory it takes does not grow with its height."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from explorer.batching import Batches
from explorer.map_drawing import MapDrawing
from explorer.png_rows import PngRows
from explorer.viewport import Tile
from explorer.workers import Cancelled, TaskContext
from models.errors import DataError
from models.files import replacing

Bytes = npt.NDArray[np.uint8]
DecodeTiles = Callable[[list[Tile]], list[QImage]]

BAND_PIXELS = 4_000_000  # 16 MB, and about as much again for each layer of points
_MOST_AT_ONCE = 32  # tiles


def write_map(
    path: Path,
    drawing: MapDrawing,
    decode: DecodeTiles,
    context: TaskContext,
    band_pixels: int = BAND_PIXELS,
) -> None:
    """Draw the map into a PNG, whole or not at all.

    Raises:
        DataError: the file cannot be written.
        Cancelled: it was told to stop.
    """
    try:
        with replacing(path) as temporary, temporary.open("wb") as stream:
            png = PngRows(stream, drawing.width, drawing.height)
            draw_bands(drawing, decode, context, png.write, band_pixels)
            png.finish()
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{path}: cannot be written ({reason}); choose another place") from error


def whole_map(drawing: MapDrawing, decode: DecodeTiles, context: TaskContext) -> QImage:
    """The map as one picture in memory.

    Raises:
        Cancelled: it was told to stop.
    """
    image = QImage(drawing.width, drawing.height, QImage.Format.Format_RGB888)
    if image.isNull():
        raise DataError("there is not enough memory for a picture of the map; export it instead")
    pixels = np.frombuffer(image.bits(), np.uint8).reshape(drawing.height, image.bytesPerLine())
    done = 0

    def take(rows: Bytes) -> None:
        nonlocal done
        pixels[done : done + len(rows), : 3 * drawing.width] = rows.reshape(len(rows), -1)
        done += len(rows)

    draw_bands(drawing, decode, context, take)
    return image


def draw_bands(
    drawing: MapDrawing,
    decode: DecodeTiles,
    context: TaskContext,
    take: Callable[[Bytes], None],
    band_pixels: int = BAND_PIXELS,
) -> None:
    """Give `take` all rows [n, W, 3] from the top, having decoded the tiles that they show.

    Raises:
        Cancelled: it was told to stop.
    """
    step = max(1, band_pixels // drawing.width)
    tiles = _Tiles(decode, drawing.tile_side, context)
    for start in range(0, drawing.height, step):
        rows = range(start, min(start + step, drawing.height))

        def report(share: float, rows: range = rows) -> None:
            """Of a band half is to decode its tiles, half to draw and to take it."""
            done = rows.start + 0.5 * share * len(rows)
            context.report("Drawing", round(1000 * done / drawing.height), 1000)

        tiles.get(drawing.tiles(rows), report)
        band = drawing.rows(rows, tiles.found.get)
        if context.cancelled():
            raise Cancelled
        report(1.5)
        take(image_rows(band))
        report(2.0)
        if context.cancelled():
            raise Cancelled


class _Tiles:
    """The pictures of the tiles that a band shows; those above it are forgotten."""

    def __init__(self, decode: DecodeTiles, side: int, context: TaskContext) -> None:
        self._decode, self._side, self._context = decode, side, context
        self._batches = Batches(_MOST_AT_ONCE)
        self.found: dict[Tile, QImage] = {}

    def get(self, lines: list[list[Tile]], report: Callable[[float], None]) -> None:
        wanted = [tile for line in lines for tile in line]
        self.found = {tile: self.found[tile] for tile in wanted if tile in self.found}
        missing = [tile for tile in wanted if tile not in self.found]
        for part in self._batches.parts(len(missing)):
            if self._context.cancelled():
                raise Cancelled
            tiles = missing[part]
            pictures = [_no_finer(image, self._side) for image in self._decode(tiles)]
            self.found.update(zip(tiles, pictures, strict=True))
            report(part.stop / len(missing))


def _no_finer(image: QImage, side: int) -> QImage:
    """A picture that is to be drawn at less than half its size, of about that size.

    Painters take single pixels of it; and a band may show very many.
    """
    if min(image.width(), image.height()) < 2 * side:
        return image
    keep, smooth = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode
    return image.scaled(side, side, keep, smooth.SmoothTransformation)


def image_rows(image: QImage) -> Bytes:
    """Bytes [H, W, 3] of a picture."""
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.bytesPerLine())
    return rows[:, : 3 * plain.width()].reshape(plain.height(), plain.width(), 3).copy()
