"""Paths between latents: linear and spherical, through any number of keyframes."""

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
PathKind = Literal["linear", "spherical"]
PATH_KINDS: tuple[PathKind, ...] = get_args(PathKind)

_PARALLEL = 1e-6


def linear(start: Floats, end: Floats, t: Floats) -> Floats:
    """(1 - t) start + t end for `t` [N] in [0, 1]: [N, K]."""
    return np.asarray(start + t[:, None] * (end - start), np.float32)


def spherical(start: Floats, end: Floats, t: Floats) -> Floats:
    """Turn the direction at constant speed and interpolate the norm apart: [N, K].

    The direction follows the great circle (Shoemake 1985, eq. 1), so the path does not cut
    through the inside of the shell where a Gaussian in high dimensions has no mass. Opposite
    directions turn through a fixed perpendicular one; a latent of zero norm has no direction
    and is left along the straight line.
    """
    # In double precision and by the arc tangent: near 1 an arc cosine of single precision is
    # wrong by 5e-4, and a path between two equal latents would wander off.
    first, last = np.asarray(start, np.float64), np.asarray(end, np.float64)
    norm_start, norm_end = float(np.linalg.norm(first)), float(np.linalg.norm(last))
    if min(norm_start, norm_end) < _PARALLEL or len(start) < 2:
        return linear(start, end, t)
    u, v = first / norm_start, last / norm_end
    angle = 2.0 * float(np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v)))
    if angle < _PARALLEL:
        return linear(start, end, t)
    toward = v - (u @ v) * u
    if np.linalg.norm(toward) < _PARALLEL:
        toward = np.eye(len(u))[np.argmin(np.abs(u))]
        toward = toward - (u @ toward) * u
    toward /= np.linalg.norm(toward)
    turned = np.cos(t * angle)[:, None] * u + np.sin(t * angle)[:, None] * toward
    norms = norm_start + t * (norm_end - norm_start)
    return np.asarray(norms[:, None] * turned, np.float32)


_SEGMENTS = {"linear": linear, "spherical": spherical}


def path(keyframes: Floats, frames: int, kind: PathKind = "linear") -> Floats:
    """`frames` latents [frames, K] along the keyframes [M, K], equal time from each to the next.

    The first and last frame are the first and last keyframe exactly. One keyframe stands still.

    Raises:
        ValueError: no keyframe, or less than one frame.
    """
    keyframes = np.asarray(keyframes, np.float32)
    if keyframes.ndim != 2 or not len(keyframes) or frames < 1:
        raise ValueError("a path needs at least one keyframe [K] and one frame")
    segments = len(keyframes) - 1
    if not segments or frames == 1:
        return np.repeat(keyframes[:1], frames, 0)
    position = np.linspace(0, segments, frames)
    segment = np.minimum(position.astype(np.int64), segments - 1)
    t = (position - segment).astype(np.float32)
    out = np.empty((frames, keyframes.shape[1]), np.float32)
    for index in np.unique(segment).tolist():  # of a thousand keyframes few have a frame
        here = segment == index
        out[here] = _SEGMENTS[kind](keyframes[index], keyframes[index + 1], t[here])
    out[0], out[-1] = keyframes[0], keyframes[-1]
    return out


def there_and_back(count: int) -> list[int]:
    """Frame numbers that play forth and back without showing either end twice."""
    return [*range(count), *range(count - 2, 0, -1)]
