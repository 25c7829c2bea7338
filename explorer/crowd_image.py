"""A picture of very many points: how dense they lie, or each by itself where few do; no Qt."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.point_index import PointIndex
from explorer.ringed_points import (
    FEW_POINTS,
    PAD_PX,
    device_pixels,
    device_shape,
    in_sight,
    ringed_pixels,
)
from explorer.viewport import Viewport

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Pixels = npt.NDArray[np.uint32]

# Up to so many points a pixel of the picture, each is a disc of that radius in pixels.
_SIZES = ((0.02, 2), (0.25, 1))
_FAINTEST, _BOLDEST = 0.22, 0.94  # opacity of a pixel with one point, and of the densest
_MOST_RINGED = 4 * FEW_POINTS  # in a picture with a margin: around few in sight may lie very many
_CHUNK = 131_072  # points: what is computed on the way should stay in the processor's cache


def unchosen_grey(dark: bool) -> int:
    """The grey, 0 to 255, of points that are not selected while others are."""
    return 110 if dark else 155


@dataclass(frozen=True, eq=False)
class Crowd:
    """Points as the map draws them: an index, and colours [M, 3] in the order of the index.

    Where `chosen` [M] is given the others are drawn without colour, and those over them.
    """

    index: PointIndex
    colours: Bytes
    chosen: npt.NDArray[np.bool_] | None = None


def crowd_pixels(
    crowd: Crowd, view: Viewport, ratio: float, dark: bool, margin_px: int = 0
) -> Pixels:
    """What a viewport shows of them [H, W], as premultiplied 0xAARRGGBB.

    `ratio` is device pixels a pixel. A pixel's colour is the mean of its points'; its opacity
    grows with their number, n, as 1 - exp(-n / n0), where n0 is the mean number in pixels that
    have any. A few points are drawn as discs, many as single pixels; up to `FEW_POINTS` in sight,
    which is all but `margin_px` at each edge, are ringed as those of a usual set.
    """
    shape = device_shape(view, ratio)
    at = crowd.index.near_box(*_grown_by(view, PAD_PX).box)
    x, y = crowd.index.x[at], crowd.index.y[at]
    few = _few(view, x, y, ratio, margin_px)
    if few is not None:
        places = np.arange(len(crowd.index))[at] if isinstance(at, slice) else at
        return _ringed(crowd, places, view, ratio, dark, few)
    colours = crowd.colours[at]
    if crowd.chosen is None:
        return _layer(view, x, y, colours, ratio, shape)
    chosen = crowd.chosen[at]
    grey = np.full((int((~chosen).sum()), 3), unchosen_grey(dark), np.uint8)
    below = _layer(view, x[~chosen], y[~chosen], grey, ratio, shape)
    above = _layer(view, x[chosen], y[chosen], colours[chosen], ratio, shape)
    return _over(above, below)


def _grown_by(view: Viewport, edge_px: int) -> Viewport:
    return view.resized(view.width + 2 * edge_px, view.height + 2 * edge_px)


def _few(view: Viewport, x: Floats, y: Floats, ratio: float, margin_px: int) -> int | None:
    """How many points are in sight, if they are few enough to be ringed."""
    inner, outer = (_grown_by(view, PAD_PX - margin) for margin in (margin_px, 0))
    counts = []
    for part, most in ((inner, FEW_POINTS), (outer, _MOST_RINGED)):
        left, bottom, right, top = part.box
        inside = (x >= left) & (x <= right) & (y >= bottom) & (y <= top)
        counts.append(int(inside.sum()))
        if counts[-1] > most:
            return None
    return counts[0]


def _ringed(
    crowd: Crowd, places: Integers, view: Viewport, ratio: float, dark: bool, few: int
) -> Pixels:
    """Points at places of the index as a usual set draws them: by number, selected ones last."""
    index, shape = crowd.index, device_shape(view, ratio)
    at = device_pixels(view, np.stack([index.x[places], index.y[places]], 1), ratio)
    seen = in_sight(at, shape, ratio)
    at, places = at[seen], places[seen]
    colours = crowd.colours[places]
    chosen = np.zeros(len(places), np.bool_)
    if crowd.chosen is not None:
        chosen = crowd.chosen[places]
        colours[~chosen] = unchosen_grey(dark)
    order = np.lexsort((index.row[places], chosen))
    return ringed_pixels(at[order], shape, colours[order], ratio, dark, few)


def _layer(
    view: Viewport, x: Floats, y: Floats, colours: Bytes, ratio: float, shape: tuple[int, int]
) -> Pixels:
    pixel, seen = _pixels(view, x, y, ratio, shape)
    if not len(pixel):
        return np.zeros(shape, np.uint32)
    crowding = len(pixel) * ratio**2 / (shape[0] * shape[1])
    size = next((size for most, size in _SIZES if crowding <= most), 0)
    colours = colours if seen is None else colours[seen]
    if size:
        pixel, colours = _grown(pixel, colours, max(1, round(size * ratio)), shape)
    return _toned(pixel, colours, shape)


def _pixels(
    view: Viewport, x: Floats, y: Floats, ratio: float, shape: tuple[int, int]
) -> tuple[Integers, Integers | None]:
    """The numbers of the pixels that points lie in, and which points those are (all: None)."""
    height, width = shape
    scale = view.scale * ratio
    # Differences first: far from 0 and zoomed in, their product with the scale keeps no digits.
    middle_x, middle_y = view.x, view.y
    found, seen = [], []
    for start in range(0, len(x), _CHUNK):
        part = slice(start, start + _CHUNK)
        across = np.floor((x[part].astype(np.float64) - middle_x) * scale + width / 2)
        down = np.floor((middle_y - y[part].astype(np.float64)) * scale + height / 2)
        inside = (across >= 0) & (across < width) & (down >= 0) & (down < height)
        numbers = down * width + across
        if inside.all():
            found.append(numbers.astype(np.int64))
            seen.append(np.arange(start, start + len(numbers)))
        else:
            found.append(numbers[inside].astype(np.int64))
            seen.append(start + np.flatnonzero(inside))
    pixel = np.concatenate(found) if found else np.zeros(0, np.int64)
    return pixel, None if len(pixel) == len(x) else np.concatenate(seen)


def _grown(
    pixel: Integers, colours: Bytes, size: int, shape: tuple[int, int]
) -> tuple[Integers, Bytes]:
    """Each pixel with those around it, a disc of that radius, as far as they are in the picture."""
    height, width = shape
    reach = np.arange(-size, size + 1)
    dy, dx = np.meshgrid(reach, reach, indexing="ij")
    disc = dx**2 + dy**2 <= (size + 0.3) ** 2
    down = (pixel // width)[:, None] + dy[disc]
    across = (pixel % width)[:, None] + dx[disc]
    inside = (down >= 0) & (down < height) & (across >= 0) & (across < width)
    rows = np.broadcast_to(np.arange(len(pixel))[:, None], inside.shape)[inside]
    return (down * width + across)[inside], colours[rows]


def _toned(pixel: Integers, colours: Bytes, shape: tuple[int, int]) -> Pixels:
    count = np.bincount(pixel, minlength=shape[0] * shape[1])
    filled = np.flatnonzero(count)
    number = count[filled].astype(np.float32)
    usual = max(1.0, float(number.mean()))
    alpha = np.maximum(_FAINTEST, _BOLDEST * (1 - np.exp(-1.5 * number / usual)))
    share = alpha / number
    out = np.zeros(len(count), np.uint32)
    word = np.rint(255 * alpha).astype(np.uint32) << 24
    for channel, shift in enumerate((16, 8, 0)):
        sums = np.bincount(pixel, weights=colours[:, channel], minlength=len(count))
        word |= np.rint(sums[filled] * share).astype(np.uint32) << shift
    out[filled] = word
    return out.reshape(shape)


def _over(above: Pixels, below: Pixels) -> Pixels:
    """One premultiplied picture over another."""
    filled = np.flatnonzero(above)
    top, under = above.ravel()[filled], below.ravel()[filled]
    clear = 255 - (top >> 24)
    mixed = np.zeros(len(filled), np.uint32)
    for shift in (24, 16, 8, 0):
        mixed |= ((((under >> shift) & 255) * clear + 127) // 255 + ((top >> shift) & 255)) << shift
    out = below.copy()
    out.ravel()[filled] = mixed
    return out
