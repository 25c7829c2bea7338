"""Points of the plane sorted into a grid: those in a box, near a place or inside an outline."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

_MOST_CELLS = 512  # a side
_POINTS_A_CELL = 8
_SAMPLE = 20_000  # points that say how far the grid reaches
_INNER = (0.5, 99.5)  # percent: what lies farther out is in the outermost cells


@dataclass(frozen=True, eq=False)
class PointIndex:
    """Points cell by cell, rows of cells from the bottom: `x`, `y` and `row`, all [M].

    `row` is a point's number among all points that were given; those that are not finite are
    left out. The cells from (`low`) are `step` wide, `side` x `side` of them; the outermost ones
    reach as far as there are points.
    """

    x: Floats
    y: Floats
    row: Integers
    starts: Integers  # [side * side + 1]
    low: Floats
    step: Floats
    side: int

    @staticmethod
    def of(xy: Floats, rows: Integers | None = None) -> "PointIndex":
        """Points [N, 2] in a grid; `rows` [N] are their numbers, if not 0 to N - 1.

        A million points take about 0.15 s.
        """
        rows = np.arange(len(xy)) if rows is None else rows
        finite = np.isfinite(xy).all(1)
        if not finite.all():
            xy, rows = xy[finite], rows[finite]
        side = int(np.clip(np.sqrt(len(xy) / _POINTS_A_CELL), 1, _MOST_CELLS))
        low, step = _grid(xy, side)
        cell = _cells(xy[:, 1], low[1], step[1], side) * side
        cell += _cells(xy[:, 0], low[0], step[0], side)
        order = np.argsort(cell, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=side * side))])
        x, y = np.take(xy[:, 0], order), np.take(xy[:, 1], order)
        return PointIndex(x, y, rows[order], starts, low, step, side)

    def __len__(self) -> int:
        return len(self.row)

    def near_box(self, left: float, bottom: float, right: float, top: float) -> Integers | slice:
        """Places, in the order of the index, of all points in a box and some around it."""
        first = _cells(np.array([left, bottom], np.float32), self.low, self.step, self.side)
        last = _cells(np.array([right, top], np.float32), self.low, self.step, self.side)
        if (first == 0).all() and (last == self.side - 1).all():
            return slice(None)
        bands = np.arange(first[1], last[1] + 1) * self.side
        begin, end = self.starts[bands + first[0]], self.starts[bands + last[0] + 1]
        lengths = end - begin
        offsets = np.cumsum(lengths) - lengths
        return np.repeat(begin - offsets, lengths) + np.arange(lengths.sum())

    def in_box(self, left: float, bottom: float, right: float, top: float) -> Integers:
        """The numbers of the points in a box, its edges included, in ascending order."""
        at = self.near_box(left, bottom, right, top)
        x, y = self.x[at], self.y[at]
        inside = (x >= left) & (x <= right) & (y >= bottom) & (y <= top)
        return np.sort(self.row[at][inside])

    def nearest(self, x: float, y: float, reach: float, stretch: float = 1.0) -> int | None:
        """The number of the point nearest a place, at most `reach` away; the lowest of equals.

        A unit up is as long as `stretch` units across.
        """
        high = reach / stretch
        at = self.near_box(x - reach, y - high, x + reach, y + high)
        dx, dy = self.x[at].astype(np.float64) - x, (self.y[at].astype(np.float64) - y) * stretch
        squares = dx * dx + dy * dy
        least = float(squares.min(initial=np.inf))
        return int(self.row[at][squares == least].min()) if least <= reach * reach else None

    def company(self, x: float, y: float, reach: float, stretch: float = 1.0) -> tuple[int, bool]:
        """How many points lie at most `reach` from a place, and whether any two lie apart.

        A unit up is as long as `stretch` units across.
        """
        high = reach / stretch
        at = self.near_box(x - reach, y - high, x + reach, y + high)
        xs, ys = self.x[at], self.y[at]
        near = np.hypot(xs.astype(np.float64) - x, (ys.astype(np.float64) - y) * stretch) <= reach
        xs, ys = xs[near], ys[near]
        return len(xs), bool(np.ptp(xs) or np.ptp(ys)) if len(xs) else False

    def inside(
        self, outline: npt.ArrayLike, cancelled: Callable[[], bool] | None = None
    ) -> Integers:
        """The numbers of the points inside a closed outline [M, 2], ascending (even-odd rule).

        `cancelled` is asked now and then; if it says so, there are none.
        """
        corners = np.asarray(outline, np.float64)
        if len(corners) < 3:
            return np.zeros(0, np.int64)
        at = self.near_box(*corners.min(0), *corners.max(0))
        order = np.argsort(self.y[at], kind="stable")
        x, y = self.x[at][order].astype(np.float64), self.y[at][order].astype(np.float64)
        odd = np.zeros(len(x), np.bool_)
        for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            if cancelled is not None and cancelled():
                return np.zeros(0, np.int64)
            if y0 == y1:
                continue
            # Only the points at its height can lie left of an edge: they follow each other.
            level = slice(*np.searchsorted(y, sorted((y0, y1))).tolist())
            odd[level] ^= x[level] < x0 + (y[level] - y0) * ((x1 - x0) / (y1 - y0))
        return np.sort(self.row[at][order][odd])


def _grid(xy: Floats, side: int) -> tuple[Floats, Floats]:
    """The lower corner [2] of the grid and the size [2] of its cells."""
    if not len(xy):
        return np.zeros(2, np.float32), np.ones(2, np.float32)
    sample = xy[:: max(1, len(xy) // _SAMPLE)].astype(np.float64)
    low, high = np.percentile(sample, _INNER, axis=0)
    step = np.maximum((high - low) / side, 1e-6 * np.maximum(1.0, np.abs(low)))
    return low.astype(np.float32), step.astype(np.float32)


def _cells(values: Floats, low: Floats, step: Floats, side: int) -> npt.NDArray[np.int32]:
    """The cell of each value along one axis; the same rounding for points and for boxes."""
    return np.asarray(np.clip((values - low) / step, 0, side - 1).astype(np.int32))
