"""Solids that stand on a floor: where rays enter and leave them, and their normals.

All are convex, stand at the origin on the plane z = 0, and have scale 1.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Span = tuple[Floats, Floats]

SHAPES = ("cube", "cylinder", "sphere", "capsule")

_HALF_CUBE = 0.62
_CYLINDER_RADIUS, _CYLINDER_HEIGHT = 0.62, 1.36
_SPHERE_RADIUS = 0.78
_CAPSULE_RADIUS, _CAPSULE_LENGTH = 0.5, 0.86  # the length is that of its straight part


def span(shape: int, origin: Floats, rays: Floats) -> Span:
    """Where rays from `origin` [..., 3] along `rays` [..., 3] enter and leave a solid [...].

    Both as multiples of the ray; (inf, -inf) for one that misses.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return _SPANS[shape](origin, rays)


def normals(shape: int, points: Floats) -> Floats:
    """The outward normals [N, 3] at points [N, 3] of a solid's surface."""
    return _NORMALS[shape](points)


# --- spans ---


def _cube_span(origin: Floats, rays: Floats) -> Span:
    spans = [_slab(origin[..., axis], rays[..., axis], _HALF_CUBE) for axis in (0, 1)]
    return _both(*spans, _slab(origin[..., 2] - _HALF_CUBE, rays[..., 2], _HALF_CUBE))


def _cylinder_span(origin: Floats, rays: Floats) -> Span:
    half = _CYLINDER_HEIGHT / 2
    height = _slab(origin[..., 2] - half, rays[..., 2], half)
    return _both(_tube(origin, rays, _CYLINDER_RADIUS), height)


def _sphere_span(origin: Floats, rays: Floats) -> Span:
    return _ball(origin, rays, _SPHERE_RADIUS, _SPHERE_RADIUS)


def _capsule_span(origin: Floats, rays: Floats) -> Span:
    half, radius = _CAPSULE_LENGTH / 2, _CAPSULE_RADIUS
    height = _slab(origin[..., 2] - radius - half, rays[..., 2], half)
    parts = (
        _both(_tube(origin, rays, radius), height),
        _ball(origin, rays, radius, radius),
        _ball(origin, rays, radius, radius + _CAPSULE_LENGTH),
    )
    return (
        np.minimum.reduce([enter for enter, _ in parts]),
        np.maximum.reduce([leave for _, leave in parts]),
    )


def _slab(origin: Floats, ray: Floats, half: float) -> Span:
    """Between two planes at -half and half."""
    one, other = (-half - origin) / ray, (half - origin) / ray
    return np.minimum(one, other), np.maximum(one, other)


def _tube(origin: Floats, rays: Floats, radius: float) -> Span:
    """In an upright cylinder without end."""
    return _quadratic(origin[..., :2], rays[..., :2], radius)


def _ball(origin: Floats, rays: Floats, radius: float, height: float) -> Span:
    return _quadratic(origin - (0.0, 0.0, height), rays, radius)


def _quadratic(origin: Floats, rays: Floats, radius: float) -> Span:
    """Where |origin + t ray| <= radius."""
    a, b, c = _dot(rays, rays), _dot(origin, rays), _dot(origin, origin) - radius**2
    root = np.sqrt(b * b - a * c)  # NaN for a miss
    missed = np.isnan(root)
    enter, leave = (-b - root) / a, (-b + root) / a
    return np.where(missed, np.inf, enter), np.where(missed, -np.inf, leave)


def _dot(one: Floats, other: Floats) -> Floats:
    return np.asarray(np.einsum("...i,...i->...", one, other))


def _both(*spans: Span) -> Span:
    """Where rays are in all of some spans."""
    enter = np.maximum.reduce([span[0] for span in spans])
    leave = np.minimum.reduce([span[1] for span in spans])
    missed = ~(enter < leave)
    return np.where(missed, np.inf, enter), np.where(missed, -np.inf, leave)


# --- normals ---


def _cube_normals(points: Floats) -> Floats:
    inner = points - (0.0, 0.0, _HALF_CUBE)
    axis = np.abs(inner).argmax(1)
    return np.asarray(np.eye(3)[axis] * np.sign(inner))


def _cylinder_normals(points: Floats) -> Floats:
    side = points * (1.0, 1.0, 0.0) / _CYLINDER_RADIUS
    on_top = points[:, 2:] > _CYLINDER_HEIGHT - 1e-6
    return np.where(on_top, (0.0, 0.0, 1.0), side)


def _sphere_normals(points: Floats) -> Floats:
    return (points - (0.0, 0.0, _SPHERE_RADIUS)) / _SPHERE_RADIUS


def _capsule_normals(points: Floats) -> Floats:
    """Away from the nearest point of the capsule's axis."""
    axis = np.zeros_like(points)
    axis[:, 2] = np.clip(points[:, 2], _CAPSULE_RADIUS, _CAPSULE_RADIUS + _CAPSULE_LENGTH)
    return (points - axis) / _CAPSULE_RADIUS


_SPANS: tuple[Callable[[Floats, Floats], Span], ...] = (
    _cube_span,
    _cylinder_span,
    _sphere_span,
    _capsule_span,
)
_NORMALS: tuple[Callable[[Floats], Floats], ...] = (
    _cube_normals,
    _cylinder_normals,
    _sphere_normals,
    _capsule_normals,
)
