"""Rooms: one object in the corner of a room, in colours, after 3D Shapes.

Burgess and Kim 2018, https://github.com/google-deepmind/3d-shapes: the same six factors with
the same values in the same order, 480,000 images of 64×64 pixels; the scene is this project's.

What a ray meets depends on scale, shape and orientation alone, 480 combinations. For each of
them a picture is kept of how much light every surface sends to every pixel; an image is the sum
of these, each in its colour.
"""

import colorsys
from functools import cache

import numpy as np
import numpy.typing as npt

from models.factors import Bytes, Factor, FactorImages, Factors, Integers
from models.solids import SHAPES, Floats, normals, span

SIDE = 64
HUES = np.arange(10) / 10
SCALES = np.linspace(0.75, 1.25, 8)
ORIENTATIONS = np.linspace(-30.0, 30.0, 15)

FACTORS = Factors(
    (
        Factor("floor hue", tuple(HUES.tolist()), "turn"),
        Factor("wall hue", tuple(HUES.tolist()), "turn"),
        Factor("object hue", tuple(HUES.tolist()), "turn"),
        Factor("scale", tuple(SCALES.tolist())),
        Factor("shape", SHAPES),
        Factor("orientation", tuple(ORIENTATIONS.tolist()), "degree"),
    )
)

# The room: x and y along the walls, z up, the object above the origin. Lengths have no unit.
_WALL = 3.4  # the walls stand at x = 3.4 and at y = 3.4
_DISTANCE, _HEIGHT, _LOOKS_AT = 6.2, 3.3, 0.72  # of the camera, and the height it looks at
_HALF_VIEW = np.tan(np.radians(18.5))
_FINE = 3  # rays along a pixel's side

# Light: a lamp and the sky, as shares of what a surface sends where nothing is in the way.
_LAMP = np.array((-0.62, -0.10, 0.85)) / np.linalg.norm((-0.62, -0.10, 0.85))
_LAMP_SPREAD = 0.16
_LAMP_RAYS, _SKY_RAYS = 24, 64
_AMBIENT = 0.5
_BRIGHTEST = 0.97  # three layers rounded to bytes must not add up to more than 255

_SHADOW_SIDE, _SHADOW_REACH = 80, 3.2
_SATURATION, _VALUE = 0.82, 1.0


def rooms() -> FactorImages:
    """All 480,000 images [N, 3, 64, 64]."""
    return FactorImages(FACTORS, (3, SIDE, SIDE), render)


def render(rows: Integers) -> Bytes:
    """Images [N, 3, 64, 64] of factor rows [N, 6]."""
    light = np.stack([layers(*scene) for scene in rows[:, 3:].tolist()]).astype(np.uint16)
    colours = _colours()[rows[:, :3]][..., None, None]  # [N, surfaces, 3, 1, 1]
    images = np.empty((len(rows), 3, SIDE, SIDE), np.uint8)
    for channel in range(3):
        # At most 255 * 255 + 128, so 16 bits are enough; the last line is total / 255, rounded.
        total = light[:, 0] * colours[:, 0, channel]
        for surface in (1, 2):
            total += light[:, surface] * colours[:, surface, channel]
        total += 128
        images[:, channel] = (total + (total >> 8)) >> 8
    return images


@cache
def _colours() -> npt.NDArray[np.uint16]:
    """The colours [10, 3] of the hues."""
    colours = [colorsys.hsv_to_rgb(hue, _SATURATION, _VALUE) for hue in HUES.tolist()]
    return np.asarray(np.rint(255 * np.array(colours)), np.uint16)


@cache
def layers(scale: int, shape: int, orientation: int) -> Bytes:
    """Light [3, 64, 64] that floor, walls and object send to each pixel, 255 for all of it.

    Arguments are places of factor values.
    """
    size = float(SCALES[scale])
    origin, rays = _camera(orientation)
    near, _ = span(shape, origin / size, rays)
    met = np.isfinite(near)
    light = np.zeros((3, *met.shape))
    light[:2] = _background(orientation) * ~met
    light[2, met] = _shade(normals(shape, origin / size + near[met][:, None] * rays[met]))
    whole = _means(light)
    seen = _means((light[0] > 0) * np.stack([np.ones(met.shape), *_floor_points(orientation)]))
    where = seen[1:] / np.maximum(seen[0], 1e-9)  # the middle of the floor seen in each pixel
    whole[0] *= _on_floor(_shadow(shape), where / size)
    return np.rint(255 * _BRIGHTEST * whole).astype(np.uint8)


def _shade(normal: Floats) -> Floats:
    """Light that a surface with normals [..., 3] sends, in [0, 1], if nothing is in the way."""
    lamp = np.maximum(normal @ _LAMP, 0.0)
    sky = 0.68 + 0.32 * normal[..., 2]
    return np.asarray((_AMBIENT * sky + (1 - _AMBIENT) * lamp) ** 0.8)


def _means(fine: Floats) -> Floats:
    """The mean over each pixel's rays: [..., 64 * 3, 64 * 3] to [..., 64, 64]."""
    lines = fine.reshape(*fine.shape[:-2], SIDE, _FINE, -1).mean(-2)
    return np.asarray(lines.reshape(*lines.shape[:-1], SIDE, _FINE).mean(-1))


# --- the camera and the empty room, which the orientation turns ---


@cache
def _camera(orientation: int) -> tuple[Floats, Floats]:
    """Where the camera stands [3], and the directions [H, W, 3] of its rays."""
    turn = np.radians(45.0 + ORIENTATIONS[orientation])
    ahead = np.array((np.sin(turn), np.cos(turn), 0.0))
    origin = -_DISTANCE * ahead + (0.0, 0.0, _HEIGHT)
    forward = np.array((0.0, 0.0, _LOOKS_AT)) - origin
    forward /= np.linalg.norm(forward)
    right = np.array((ahead[1], -ahead[0], 0.0))
    up = np.cross(right, forward)
    across = _HALF_VIEW * ((np.arange(SIDE * _FINE) + 0.5) / (SIDE * _FINE / 2) - 1)
    return origin, forward + across[:, None] * right - across[:, None, None] * up


@cache
def _background(orientation: int) -> Floats:
    """Light [2, H, W] of floor and walls without shadow."""
    origin, rays = _camera(orientation)
    distances = [_distance(-origin[2], rays[..., 2])]
    distances += [_distance(_WALL - origin[axis], rays[..., axis]) for axis in (0, 1)]
    first = np.argmin(distances, 0)
    points = origin + np.min(distances, 0)[..., None] * rays
    # corners get less of the sky
    gap = np.sort(np.stack([_WALL - points[..., 0], _WALL - points[..., 1], points[..., 2]]), 0)[1]
    corner = 1 - 0.28 * np.exp(-np.abs(gap) / 0.45)
    walls = [_shade(-np.eye(3)[axis]) for axis in (0, 1)]
    light = np.array([_shade(np.array((0.0, 0.0, 1.0))), *walls])[first] * corner
    return np.stack([light * (first == 0), light * (first > 0)])


def _distance(gap: float, along: Floats) -> Floats:
    """How far rays go to a plane `gap` away; without end if they never reach it."""
    with np.errstate(divide="ignore"):
        return np.where(along * gap > 0, gap / along, np.inf)


@cache
def _floor_points(orientation: int) -> Floats:
    """x and y [2, H, W] where each ray meets the floor; far away if nowhere."""
    origin, rays = _camera(orientation)
    distance = np.minimum(_distance(-origin[2], rays[..., 2]), 100.0)
    return np.asarray(origin[:2, None, None] + distance * np.moveaxis(rays[..., :2], -1, 0))


# --- the shadow, which stays where it is when the view turns, and grows with the object ---


@cache
def _shadow(shape: int) -> Floats:
    """The light [80, 80] that the floor gets around an object of scale 1, as a share."""
    line = np.linspace(-_SHADOW_REACH, _SHADOW_REACH, _SHADOW_SIDE)
    points = np.zeros((_SHADOW_SIDE, _SHADOW_SIDE, 3))
    points[..., 0], points[..., 1] = line, line[:, None]
    # Seen from a little further out: the dark below the object is not to show beside it.
    cell = 2 * _SHADOW_REACH / _SHADOW_SIDE
    points *= 1 + cell / np.maximum(np.linalg.norm(points, axis=-1, keepdims=True), cell)
    lit = [
        np.mean([~(span(shape, points, ray)[1] > 0) for ray in rays], 0)
        for rays in (_lamp_rays(), _sky_rays())
    ]
    floor = np.array((_LAMP[2] * (1 - _AMBIENT), _AMBIENT))
    return np.asarray(np.tensordot(floor / floor.sum(), np.stack(lit), 1))


def _lamp_rays() -> Floats:
    """Directions [N, 3] to points of the lamp, a disc."""
    radius, turn = _spiral(_LAMP_RAYS)
    side = np.cross(_LAMP, (0.0, 0.0, 1.0))
    side /= np.linalg.norm(side)
    disc = np.cos(turn)[:, None] * side + np.sin(turn)[:, None] * np.cross(_LAMP, side)
    return np.asarray(_LAMP + _LAMP_SPREAD * radius[:, None] * disc)


def _sky_rays() -> Floats:
    """Directions [N, 3] of the sky, as many as each part of it gives a floor light."""
    radius, turn = _spiral(_SKY_RAYS)
    height = np.sqrt(1 - radius**2)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), height], -1)


def _spiral(count: int) -> tuple[Floats, Floats]:
    """Points spread evenly over a disc: radii in (0, 1) and angles (Vogel 1979)."""
    place = np.arange(count) + 0.5
    return np.sqrt(place / count), place * np.pi * (3 - np.sqrt(5))


def _on_floor(light: Floats, points: Floats) -> Floats:
    """A map of the floor at x and y [2, H, W], between its own by bilinear interpolation."""
    last = _SHADOW_SIDE - 1
    place = np.clip((points / _SHADOW_REACH + 1) * last / 2, 0, last - 1e-9)
    low = place.astype(np.int64)
    (x, y), (right, down) = low, place - low
    above = light[y, x] * (1 - right) + light[y, x + 1] * right
    below = light[y + 1, x] * (1 - right) + light[y + 1, x + 1] * right
    return np.asarray(above * (1 - down) + below * down)
