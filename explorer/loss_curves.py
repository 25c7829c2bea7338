"""Terms over epochs as a plot shows them: bounded in length, however long a training takes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from itertools import groupby

from explorer.trainer_messages import CurvePoint

MOST_POINTS = 1000

_Point = tuple[float, float, int]  # epoch, value, how many values it stands for


@dataclass(frozen=True)
class Curve:
    """Values over epochs. Beyond `MOST_POINTS` those close together are merged to their mean.

    `weights` says how many values each point stands for.
    """

    epochs: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    weights: tuple[int, ...] = ()

    def extended(self, points: Iterable[tuple[float, float]]) -> "Curve":
        """The same with more points (epoch, value) at its end."""
        merged = list(zip(self.epochs, self.values, self.weights, strict=True))
        for epoch, value in points:
            merged.append((epoch, value, 1))
            if len(merged) > MOST_POINTS:
                merged = _thinned(merged)
        epochs, values, weights = zip(*merged, strict=True) if merged else ((), (), ())
        return Curve(epochs, values, weights)


def _thinned(points: list[_Point]) -> list[_Point]:
    """About half of `MOST_POINTS`: those of one stretch of epochs become one; the last stays.

    Points that lie thinly, as those of finished epochs do before the ones a training adds several
    times a second, stay as they are.
    """
    *points, newest = points
    first, last = points[0][0], newest[0]
    stretch = (last - first) / (MOST_POINTS // 2 - 1) or 1.0
    cells = groupby(points, key=lambda point: int((point[0] - first) / stretch))
    return [*(reduce(_merge, cell) for _, cell in cells), newest]


def _merge(one: _Point, other: _Point) -> _Point:
    """The mean of two points, by how many values each stands for."""
    total = one[2] + other[2]
    epoch = (one[0] * one[2] + other[0] * other[2]) / total
    return epoch, (one[1] * one[2] + other[1] * other[2]) / total, total


@dataclass(frozen=True)
class Curves:
    """Each term over epochs, on the images trained on and on those held out.

    `kl` has a curve for each dimension, of held-out images, and `gradient` is the norm of the
    gradient.
    """

    train: Mapping[str, Curve] = field(default_factory=dict)
    held_out: Mapping[str, Curve] = field(default_factory=dict)
    kl: tuple[Curve, ...] = ()
    gradient: Curve = field(default_factory=Curve)

    def extended(self, points: Iterable[CurvePoint]) -> "Curves":
        """The same with more points."""
        points = list(points)
        return Curves(
            _extended(self.train, [point for point in points if not point.held_out]),
            _extended(self.held_out, [point for point in points if point.held_out]),
            _extended_kl(self.kl, [point for point in points if point.held_out and point.kl]),
            self.gradient.extended(
                (point.epoch, point.gradient_norm)
                for point in points
                if point.gradient_norm is not None
            ),
        )


def _extended(curves: Mapping[str, Curve], points: list[CurvePoint]) -> dict[str, Curve]:
    out = dict(curves)
    for name in dict.fromkeys(name for point in points for name in point.terms):
        added = [(point.epoch, point.terms[name]) for point in points if name in point.terms]
        out[name] = out.get(name, Curve()).extended(added)
    return out


def _extended_kl(curves: tuple[Curve, ...], points: list[CurvePoint]) -> tuple[Curve, ...]:
    if not points:
        return curves
    known = curves or (Curve(),) * len(points[0].kl)
    return tuple(
        curve.extended((point.epoch, point.kl[dimension]) for point in points)
        for dimension, curve in enumerate(known)
    )
