"""What "all" is on the map: the box that Fit shows."""

import numpy as np

from explorer.arrangement import Arrangement, Floats
from explorer.rendering import ModelInfo
from models.planes import Plane

FIT_WORDS = (
    "Show the prior to 3 σ, the handles and the data (Home); of the data all but what lies far "
    "out: beyond the middle 99 % by more than that is wide or high"
)
_PRIOR_REACH = 3.05
_LEFT_OUT = 0.005  # on each side of the middle
_FEW = 10  # of so few points none is far from the others
_MOST_POINTS = 100_000  # looked at, evenly spaced among more


def fit_box(model: ModelInfo, plane: Plane, arrangement: Arrangement) -> tuple[Floats, Floats]:
    """Two corners [2] around prior, data and handles in the plane."""
    corners = [np.zeros((0, 2), np.float32)]
    if model.has_prior:
        corners.append(np.array([[-_PRIOR_REACH] * 2, [_PRIOR_REACH] * 2], np.float32))
    if arrangement.handles:
        corners.append(plane.project(np.stack([handle.z for handle in arrangement.handles])))
    places = _places(model, plane)
    if len(places):
        corners.append(extent(places))
    elif not model.has_prior:
        centre, reach = plane.project(model.centre), float(model.spread.max())
        corners.append(np.stack([centre - reach, centre + reach]))
    around = np.concatenate(corners)
    low, high = around.min(axis=0), around.max(axis=0)
    if model.latent_size == 1:
        low[1], high[1] = -1.0, 1.0
    return low, high


def _places(model: ModelInfo, plane: Plane) -> Floats:
    """Where data lies [N, 2], as far as it lies anywhere."""
    if model.points is None:
        return np.zeros((0, 2), np.float32)
    step = max(1, -(-len(model.points) // _MOST_POINTS))
    with np.errstate(over="ignore", invalid="ignore"):
        xy = plane.project(model.points.mean[::step])
    return xy[np.isfinite(xy).all(axis=1)]


def extent(xy: Floats) -> Floats:
    """Corners [2, 2] of points [N, 2] but those beyond the middle 99 % by more than its span."""
    if len(xy) < _FEW:
        return np.stack([xy.min(axis=0), xy.max(axis=0)])
    # Toward the middle, not between two: of few points one far out would be half in the middle.
    low = np.quantile(xy, _LEFT_OUT, axis=0, method="higher")
    high = np.quantile(xy, 1 - _LEFT_OUT, axis=0, method="lower")
    span = high - low
    near = xy[((xy >= low - span) & (xy <= high + span)).all(axis=1)]
    if not len(near):
        return np.stack([low, high])
    return np.stack([near.min(axis=0), near.max(axis=0)])
