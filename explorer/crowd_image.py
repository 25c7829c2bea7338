"""A picture of very many points: how dense they lie, or each by itself where few do; no Qt."""

from collections.abc import Iterable
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
_DOT = 0.5  # the radius in pixels of one of still more, in pictures that are larger than the screen
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
    """Points at places of the index as a usual set draws them."""
    shape = device_shape(view, ratio)
    xy, colours = _in_order(crowd, places, dark)
    at = device_pixels(view, xy, ratio)
    seen = in_sight(at, shape, ratio)
    return ringed_pixels(at[seen], shape, colours[seen], ratio, dark, few)


def _in_order(crowd: Crowd, places: Integers, dark: bool) -> tuple[Floats, Bytes]:
    """Points [N, 2] and their colours [N, 3] as they are drawn: by number, selected ones last."""
    index, colours = crowd.index, crowd.colours[places]
    chosen = np.zeros(len(places), np.bool_)
    if crowd.chosen is not None:
        chosen = crowd.chosen[places]
        colours[~chosen] = unchosen_grey(dark)
    order = np.lexsort((index.row[places], chosen))
    return np.stack([index.x[places], index.y[places]], 1)[order], colours[order]


def few_in_sight(crowd: Crowd, view: Viewport, dark: bool) -> tuple[Floats, Bytes] | None:
    """Points [N, 2] and colours [N, 3] where so few are in sight that each is ringed."""
    at = crowd.index.near_box(*_grown_by(view, PAD_PX).box)
    if _few(view, crowd.index.x[at], crowd.index.y[at], 1.0, 0) is None:
        return None
    places = np.arange(len(crowd.index))[at] if isinstance(at, slice) else at
    return _in_order(crowd, places, dark)


@dataclass(frozen=True)
class Tone:
    """How points are drawn on every part of a picture: radius in pixels, and n0."""

    radius: float
    usual: float


def tones(crowd: Crowd, view: Viewport) -> tuple[Tone, Tone]:
    """Those of the points that are chosen, and of the others, by what they are on the screen."""
    at = crowd.index.near_box(*view.box)
    x, y = crowd.index.x[at], crowd.index.y[at]
    if crowd.chosen is None:
        return _tone(view, x, y), Tone(_DOT, 1.0)
    chosen = crowd.chosen[at]
    return _tone(view, x[chosen], y[chosen]), _tone(view, x[~chosen], y[~chosen])


def _tone(view: Viewport, x: Floats, y: Floats) -> Tone:
    shape = view.height, view.width
    pixel, _ = _pixels(view, x, y, 1.0, shape)
    if not len(pixel):
        return Tone(_DOT, 1.0)
    size = next((size for most, size in _SIZES if len(pixel) <= most * shape[0] * shape[1]), 0)
    if size:
        pixel, _ = _grown(pixel, np.zeros((len(pixel), 0), np.uint8), size, shape)
    count = np.bincount(pixel)
    return Tone(size or _DOT, float(count[count > 0].mean()))


def crowd_rows(
    crowd: Crowd,
    view: Viewport,
    ratio: float,
    dark: bool,
    rows: range,
    tones: tuple[Tone, Tone],
) -> Pixels:
    """Some rows of what `crowd_pixels` shows; whatever rows those are, they fit together.

    Points keep their size on the screen however large the picture is.
    """
    pad = 1 + max(tone.radius for tone in tones)
    (left, low), (right, high) = view.to_plane(
        [[-pad, rows.stop / ratio + pad], [view.width + pad, rows.start / ratio - pad]]
    ).tolist()
    at = crowd.index.near_box(left, low, right, high)
    x, y, colours = crowd.index.x[at], crowd.index.y[at], crowd.colours[at]
    if crowd.chosen is None:
        return _discs(view, x, y, colours, ratio, rows, tones[0])
    chosen = crowd.chosen[at]
    grey = np.full((int((~chosen).sum()), 3), unchosen_grey(dark), np.uint8)
    below = _discs(view, x[~chosen], y[~chosen], grey, ratio, rows, tones[1])
    above = _discs(view, x[chosen], y[chosen], colours[chosen], ratio, rows, tones[0])
    return _over(above, below)


def _discs(
    view: Viewport, x: Floats, y: Floats, colours: Bytes, ratio: float, rows: range, tone: Tone
) -> Pixels:
    """Discs row by row: where one begins its colour is added, behind its end taken away again."""
    width, radius = round(view.width * ratio), round(tone.radius * ratio)
    scale, up = view.scale * ratio, view.scale_up * ratio
    across = np.floor((x.astype(np.float64) - view.x) * scale + view.width * ratio / 2)
    down = np.floor((view.y - y.astype(np.float64)) * up + view.height * ratio / 2) - rows.start
    near = (across > -radius - 1) & (across < width + radius)
    near &= (down > -radius - 1) & (down < len(rows) + radius)
    across, down = across[near].astype(np.int64), down[near].astype(np.int64)
    dy = np.arange(-radius, radius + 1)
    half = np.sqrt((radius + 0.3) ** 2 - dy**2).astype(np.int64)
    row = down[:, None] + dy
    point, line = np.nonzero((row >= 0) & (row < len(rows)))
    row, across, half = row[point, line], across[point], half[line]
    ends = [np.clip(end, 0, width) for end in (across - half, across + half + 1)]
    start, stop = (row * (width + 1) + end for end in ends)

    def filled(weights: npt.NDArray[np.float64] | None) -> npt.NDArray[np.float64]:
        steps = np.bincount(start, weights, len(rows) * (width + 1)).astype(np.float64)
        steps -= np.bincount(stop, weights, len(steps))
        lines = steps.reshape(len(rows), width + 1)
        return np.asarray(np.cumsum(lines, 1, out=lines)[:, :-1])

    colours = colours[near]
    count = filled(None)
    parts = (filled(colours[point, part].astype(np.float64)) for part in range(3))
    return _shaded(count, parts, tone.usual)


def _shaded(
    count: npt.NDArray[np.float64], parts: Iterable[npt.NDArray[np.float64]], usual: float
) -> Pixels:
    """The pixels of sums of colours, `parts` [3] of [H, W], and of how many they are the sums."""
    alpha = np.maximum(_FAINTEST, _BOLDEST * (1 - np.exp(-1.5 * count / usual)))
    alpha[count == 0] = 0.0
    share = alpha / np.maximum(count, 1.0)
    out = np.rint(255 * alpha).astype(np.uint32) << 24
    for part, shift in zip(parts, (16, 8, 0), strict=True):
        out |= np.rint(part * share).astype(np.uint32) << shift
    return np.asarray(out, np.uint32)


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
    scale, up = view.scale * ratio, view.scale_up * ratio
    # Differences first: far from 0 and zoomed in, their product with the scale keeps no digits.
    middle_x, middle_y = view.x, view.y
    found, seen = [], []
    for start in range(0, len(x), _CHUNK):
        part = slice(start, start + _CHUNK)
        across = np.floor((x[part].astype(np.float64) - middle_x) * scale + width / 2)
        down = np.floor((middle_y - y[part].astype(np.float64)) * up + height / 2)
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
