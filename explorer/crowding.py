"""Data that lies in one small place of the map: how small, and whether its posterior collapsed."""

from math import ceil, floor, log10
from typing import NamedTuple

import numpy as np

from explorer.arrangement import Floats
from explorer.dimensions import LEAST_NATS
from explorer.rendering import ModelInfo
from models.planes import Plane

_LEAST_REACH = 0.15  # σ; what lies within less is under one handle where the prior is seen whole
_FEW = 10  # so few points may lie together by chance
_QUICK, _MOST_POINTS = 1000, 10_000  # looked at first; for what a posterior tells
_SHARES = (1.0, 0.99)  # of the points, that may lie together

TIP = (
    "How far, at most, the posterior means of the data lie from their median in the plane of the "
    "map, in σ, standard deviations of the prior; on a map that shows the prior they are one spot. "
    f"Collapsed: in every dimension q(z|x) tells less than {LEAST_NATS} nats of x, by the mean KL "
    "from the Gaussian with mean and variance of its mixture over the data, which is an upper "
    "bound of the mutual information: the decoder does without z. "
    "Early in a training that is usual; later a KL weight that is smaller or rises slowly helps. "
    "The button shows the points as large as the map is"
)


class Crowding(NamedTuple):
    """So large a `share` of the points lies within `reach` σ of (`x`, `y`) in the plane."""

    x: float
    y: float
    reach: float
    share: float

    @property
    def box(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Two corners around them."""
        half = max(self.reach, 1e-5)
        return (self.x - half, self.y - half), (self.x + half, self.y + half)


def crowding(model: ModelInfo, plane: Plane) -> Crowding | None:
    """How small the place of the data is, if that is too small to be seen beside the prior."""
    if not model.has_prior or model.points is None or len(model.points) < _FEW:
        return None
    mean = model.points.mean
    with np.errstate(over="ignore", invalid="ignore"):
        if _found(plane.project(mean[:_QUICK]), _SHARES[-1] - 0.02) is None:
            return None  # of most models a few points tell that
        xy = plane.project(mean)
        return next((one for share in _SHARES if (one := _found(xy, share)) is not None), None)


def _found(xy: Floats, share: float) -> Crowding | None:
    x, y = np.quantile(xy, 0.5, axis=0).tolist()  # np.median imports numpy.ma, in 10 ms
    far = float(np.quantile(np.hypot(*(xy - [x, y]).T), share))
    return Crowding(x, y, far, share) if far < _LEAST_REACH else None


def crowding_words(model: ModelInfo, found: Crowding) -> str:
    """In one line: how many points lie within what, and why."""
    count = 0 if model.points is None else len(model.points)
    of = f"All {count:,} points" if found.share == 1.0 else f"99 % of {count:,} points"
    where = "at one place" if found.reach == 0.0 else f"within {_rounded_up(found.reach)} σ"
    return f"{of} lie {where}{': posterior collapsed' if _tells_nothing(model) else ''}"


def _tells_nothing(model: ModelInfo) -> bool:
    """Whether q(z|x) is nearly the same for every x, in every dimension.

    Its mean KL from the Gaussian of the mixture's moments is ln(s) - E ln(s(x)), in nats.
    """
    points = model.points
    if points is None:
        return False
    step = -(-len(points) // _MOST_POINTS)
    mean = points.mean[::step].astype(np.float64)
    log_variance = np.clip(points.log_variance[::step], -60.0, 30.0).astype(np.float64)
    mixture = np.exp(log_variance).mean(axis=0) + mean.var(axis=0)
    told = 0.5 * (np.log(mixture) - log_variance.mean(axis=0))
    return bool((told < LEAST_NATS).all())


def _rounded_up(length: float) -> str:
    """To two digits, and not less."""
    step = 10.0 ** (floor(log10(length)) - 1)
    return f"{ceil(length / step - 1e-6) * step:.2g}"
