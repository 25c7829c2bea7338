"""Sprites: dSprites drawn anew by formulas, white shapes on black, with the same factors.

Matthey et al. 2017, https://github.com/google-deepmind/dsprites-dataset: 737,280 images of
64×64 pixels, no anti-aliasing.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from models.factors import Bytes, Factor, FactorImages, Factors, Integers

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SIDE = 64
SHAPES = ("square", "ellipse", "heart")
SCALES = np.array([0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
ORIENTATIONS = np.linspace(0.0, 2 * np.pi, 40)  # both ends: the first and the last look alike
POSITIONS = np.linspace(0.0, 1.0, 32)

FACTORS = Factors(
    (
        Factor("colour", ("white",)),
        Factor("shape", SHAPES),
        Factor("scale", tuple(SCALES.tolist())),
        Factor("orientation", tuple(ORIENTATIONS.tolist()), "rad"),
        Factor("posX", tuple(POSITIONS.tolist())),
        Factor("posY", tuple(POSITIONS.tolist())),
    )
)

# Sizes in pixels, at scale 1.
_HALF_SIDE = 9.6
_HALF_AXES = (12.8, 7.2)
# The heart's radius at angles in degrees above the horizontal, -90 (its tip) to 90 (its cleft).
_HEART_DEGREES = np.array([*range(-90, 86, 7), 90.0])
_HEART_RADIUS = np.array(
    (
        *(9.15, 7.72, 6.96, 6.37, 6.17, 5.95, 5.91, 6.01, 6.02, 6.23, 6.59, 7.06, 7.54, 8.24),
        *(8.97, 9.68, 10.38, 10.86, 11.13, 11.25, 11.20, 10.95, 10.39, 9.66, 8.33, 6.69, 5.08),
    )
)


def sprites() -> FactorImages:
    """All 737,280 images [N, 1, 64, 64]."""
    return FactorImages(FACTORS, (1, SIDE, SIDE), render)


def render(rows: Integers) -> Bytes:
    """Images [N, 1, 64, 64] of 0 and 255 of factor rows [N, 6]."""
    images = np.zeros((len(rows), 1, SIDE, SIDE), np.uint8)
    for shape, (inside, reach) in enumerate(_SHAPES):
        places = np.flatnonzero(rows[:, 1] == shape)
        if len(places):
            _draw(images, places, rows[places], inside, reach)
    return images


def _draw(
    images: Bytes,
    places: Integers,
    rows: Integers,
    inside: Callable[[Floats, Floats, Floats], Mask],
    reach: float,
) -> None:
    """Draw rows [n, 6] of one shape, whose pixels lie within `reach` of its centre, at `places`.

    Only a square window around the centre is computed.
    """
    scale, angle = SCALES[rows[:, 2], None, None], ORIENTATIONS[rows[:, 3], None]
    width = int(2 * reach) + 1
    left, x = _window(POSITIONS[rows[:, 4]], reach, width)
    top, y = _window(POSITIONS[rows[:, 5]], reach, width)
    cos, sin = np.cos(angle), np.sin(angle)
    u = (x * cos)[:, None, :] - (y * sin)[:, :, None]
    v = (x * sin)[:, None, :] + (y * cos)[:, :, None]
    windows = np.lib.stride_tricks.sliding_window_view(
        images[:, 0], (width, width), (1, 2), writeable=True
    )
    windows[places, top, left] = inside(u, v, scale) * np.uint8(255)


def _window(position: Floats, reach: float, width: int) -> tuple[Integers, Floats]:
    """The first pixel [n] of a window and its pixel centres [n, width] seen from the shape's."""
    centre = 16 + 32 * position
    first = np.ceil(centre - reach - 0.5).astype(np.int64)
    return first, (first[:, None] + np.arange(width) + 0.5) - centre[:, None]


# --- which pixels lie inside: u, v [n, H, W] in the shape's own frame, scale [n, 1, 1] ---


def _in_square(u: Floats, v: Floats, scale: Floats) -> Mask:
    return np.asarray(np.maximum(np.abs(u), np.abs(v)) <= _HALF_SIDE * scale)


def _in_ellipse(u: Floats, v: Floats, scale: Floats) -> Mask:
    a, b = _HALF_AXES
    return np.asarray((u / (a * scale)) ** 2 + (v / (b * scale)) ** 2 <= 1)


def _in_heart(u: Floats, v: Floats, scale: Floats) -> Mask:
    """Angles only where the radius alone does not tell: they are most of the work."""
    radius = np.hypot(u, v)
    inside = np.asarray(radius <= _HEART_RADIUS.min() * scale)
    unclear = np.nonzero(~inside & (radius <= _HEART_RADIUS.max() * scale))
    degrees = np.degrees(np.arctan2(-v[unclear], np.abs(u[unclear])))
    edge = scale[unclear[0], 0, 0] * np.interp(degrees, _HEART_DEGREES, _HEART_RADIUS)
    inside[unclear] = radius[unclear] <= edge
    return inside


_SHAPES = (
    (_in_square, _HALF_SIDE * np.sqrt(2.0)),
    (_in_ellipse, max(_HALF_AXES)),
    (_in_heart, float(_HEART_RADIUS.max())),
)
