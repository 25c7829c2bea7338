"""Few points in sight: discs with a ring, large enough to see and to hit; no Qt."""

import math

import numpy as np
import numpy.typing as npt

from explorer.viewport import Viewport

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Pixels = npt.NDArray[np.uint32]

FEW_POINTS = 2000  # in sight: up to so many are ringed
PAD_PX = 8  # a point that is farther off has no pixel in sight
FEW_SIZES, _RING_PX = ((400, 3), (FEW_POINTS, 2)), 1  # up to so many have that radius in pixels


def device_pixels(view: Viewport, xy: Floats, ratio: float) -> Integers:
    """Whole device pixels [N, 2]; clipped: what is too far away for them is not seen either."""
    return np.clip(view.to_pixels(xy) * ratio, -1e9, 1e9).round().astype(np.int64)


def device_shape(view: Viewport, ratio: float) -> tuple[int, int]:
    """Height and width of a viewport in device pixels."""
    return round(view.height * ratio), round(view.width * ratio)


def in_sight(pixels: Integers, shape: tuple[int, int], ratio: float) -> npt.NDArray[np.bool_]:
    """Which points at device pixels [N, 2] have any pixel in a picture of that shape."""
    pad, (x, y) = math.ceil(PAD_PX * ratio), pixels.T
    return np.asarray((x >= -pad) & (y >= -pad) & (x < shape[1] + pad) & (y < shape[0] + pad))


def ringed_pixels(
    pixels: Integers, shape: tuple[int, int], colours: Bytes, ratio: float, dark: bool, few: int
) -> Pixels:
    """Points at device pixels [N, 2] as premultiplied 0xAARRGGBB: edges below all, discs above.

    All of them are `in_sight`; their size is that of `few` of them, at most `FEW_POINTS`. The
    rings are white on a `dark` ground: on bright pictures small dots drown.
    """
    height, width = shape
    pad = 2 * math.ceil(PAD_PX * ratio)  # so that every disc lies in the picture
    out = np.zeros((height + 2 * pad, width + 2 * pad), np.uint32)
    middle = (pixels[:, 1] + pad) * out.shape[1] + pixels[:, 0] + pad
    radius_px = next(px for most, px in FEW_SIZES if few <= most)
    grow, ring = max(1, round(radius_px * ratio)), max(1, round(_RING_PX * ratio))
    inner, edge = (0xFFFFFFFF, 0x73000000) if dark else (0xFF1D1D1D, 0x73737373)
    for radius, colour in ((grow + 2 * ring, edge), (grow + ring, inner)):
        out.ravel()[middle[:, None] + _disc(radius, out.shape[1])] = colour
    rows = premultiplied(colours, 255)[:, None]
    out.ravel()[middle[:, None] + _disc(grow, out.shape[1])] = rows
    return np.ascontiguousarray(out[pad : pad + height, pad : pad + width])


def premultiplied(colours: Bytes, alpha: int) -> Pixels:
    """Colours [N, 3] of that alpha (0 to 255) as 0xAARRGGBB [N], each part times alpha."""
    red, green, blue = ((colours.astype(np.uint32) * alpha + 127) // 255).T
    return np.asarray(alpha << 24 | red << 16 | green << 8 | blue, np.uint32)


def _disc(radius: int, width: int) -> Integers:
    """Offsets of a disc's pixels in an image that wide, row after row."""
    dy, dx = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    inside = dx**2 + dy**2 <= (radius + 0.4) ** 2
    return np.asarray(dy[inside] * width + dx[inside], np.int64)
