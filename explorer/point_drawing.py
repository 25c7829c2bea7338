"""Data points as discs of whole pixels, drawn in numpy: QPainter takes ten times as long."""

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

from explorer.painting import pixels_image
from explorer.ringed_points import (
    FEW_POINTS,
    device_pixels,
    device_shape,
    in_sight,
    premultiplied,
    ringed_pixels,
)
from explorer.viewport import Viewport

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

_SPREAD = 0.42  # of the height, to each side of a line
MANY_POINTS = 4000  # smaller and fainter from here on, or they would hide the ground
# A small disc: offsets by how much of the pixel it covers, the faint rim first.
_DISC = [(dx, dy, 110) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx and dy]
_DISC += [(dx, dy, 255) for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1), (0, 0))]


def points_image(
    view: Viewport, xy: Floats, colour_rows: Bytes, ratio: float, size: int, opacity: float
) -> QImage:
    """Points [N, 2] as small discs of their colours [N, 3] on a transparent image.

    `ratio` is device pixels a pixel; `size` enlarges the disc; `opacity` is 0 to 1.
    """
    at, shape = device_pixels(view, xy, ratio), device_shape(view, ratio)
    return _small(at, shape, colour_rows, ratio, size, opacity)


def _small(
    pixels: npt.NDArray[np.int64],
    shape: tuple[int, int],
    colour_rows: Bytes,
    ratio: float,
    size: int,
    opacity: float,
) -> QImage:
    height, width = shape
    out = np.zeros(shape, np.uint32)
    grow = max(1, round(size * ratio))
    for dx, dy, alpha in _grown(grow):
        x, y = pixels[:, 0] + dx, pixels[:, 1] + dy
        inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
        out[y[inside], x[inside]] = premultiplied(colour_rows, round(alpha * opacity))[inside]
    return pixels_image(out, ratio)


def map_points_image(
    view: Viewport, xy: Floats, colour_rows: Bytes, ratio: float, dark: bool
) -> QImage:
    """Points as `points_image`, as large as their number in sight allows.

    A few are large and ringed, white on a `dark` ground: on bright pictures small dots drown.
    """
    at, shape = device_pixels(view, xy, ratio), device_shape(view, ratio)
    seen = in_sight(at, shape, ratio)
    few = int(np.count_nonzero(seen))
    if few > FEW_POINTS:
        size, opacity = (1, 0.6) if len(xy) > MANY_POINTS else (2, 0.9)
        return _small(at, shape, colour_rows, ratio, size, opacity)
    pixels = ringed_pixels(at[seen], shape, colour_rows[seen], ratio, dark, few)
    return pixels_image(pixels, ratio)


def spread_off_line(xy: Floats) -> Floats:
    """Points [N, 2] of a line (K = 1), each always as far off it so that all are to be seen.

    How far is a share of the height of what shows them: see `Viewport.spread`.
    """
    off = np.random.default_rng(0).uniform(-_SPREAD, _SPREAD, len(xy))
    return np.stack([xy[:, 0], off.astype(np.float32)], 1)


def _grown(size: int) -> list[tuple[int, int, int]]:
    if size <= 1:
        return _DISC
    reach = range(-size, size + 1)
    disc = [(dx, dy, dx * dx + dy * dy) for dx in reach for dy in reach]
    rim = [(dx, dy, 120) for dx, dy, square in disc if size**2 < square <= (size + 0.7) ** 2]
    return rim + [(dx, dy, 255) for dx, dy, square in disc if square <= size**2]
