"""Contours of a field on a grid: marching squares, joined to closed lines."""

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

_FAR = 1e30  # how far above or below a level an infinite value is


def contours(field: npt.ArrayLike, level: float) -> list[Doubles]:
    """Closed lines [n, 2] of (column, row) around where `field` [H, W] is above `level`.

    A value stands at whole numbers, and between two of them a line crosses where a straight one
    would (marching squares: Lorensen and Cline 1987, in the plane). What lies beyond the edges,
    or is no number, counts as below, so that every line is closed; its first point is not said
    again. Lines around gaps inside run the other way around.
    """
    above = np.nan_to_num(
        np.asarray(field, np.float64) - level, nan=-_FAR, posinf=_FAR, neginf=-_FAR
    )
    # Below by so much beyond the edges that a line along one lies on it.
    padded = np.pad(above, 1, constant_values=-_FAR)
    follows = _followers(padded > 0)
    crossed = np.flatnonzero(follows >= 0)
    places = np.zeros((len(follows), 2))
    places[crossed] = _crossings(padded, crossed) - 1.0
    return [places[line] for line in _joined(follows, crossed)]


def _followers(inside: npt.NDArray[np.bool_]) -> Places:
    """For each edge of the grid that a line crosses, the one it crosses next; else -1.

    Edges to the right of a value come first, then those below it. In each cell a line goes
    from where, clockwise, one comes inside to where one next goes outside.
    """
    count = inside.size
    numbers = np.arange(count).reshape(inside.shape)
    corners = (inside[:-1, :-1], inside[:-1, 1:], inside[1:, 1:], inside[1:, :-1])
    edges = (
        numbers[:-1, :-1],
        numbers[:-1, 1:] + count,
        numbers[1:, :-1],
        numbers[:-1, :-1] + count,
    )
    follows = np.full(2 * count, -1)
    for first in range(4):
        here, second, third, last = (corners[(first + step) % 4] for step in range(4))
        ends = [edges[(first + step) % 4] for step in (1, 2, 3)]
        enters = ~here & second
        leaves = np.where(~third, ends[0], np.where(~last, ends[1], ends[2]))
        follows[edges[first][enters]] = leaves[enters]
    return follows


def _crossings(above: Doubles, edges: Places) -> Doubles:
    """Where on each of some edges `above` [H, W] is 0, as (column, row) [n, 2]."""
    down, place = np.divmod(edges, above.size)
    row, column = np.divmod(place, above.shape[1])
    here, there = above[row, column], above[row + down, column + 1 - down]
    share = here / (here - there)
    return np.stack([column + share * (1 - down), row + share * down], 1)


def _joined(follows: Places, crossed: Places) -> list[list[int]]:
    """The rings that edges form, each from one edge to the last before it."""
    after, seen, rings = follows.tolist(), set[int](), []
    for start in crossed.tolist():
        if start in seen:
            continue
        ring = [start]
        while (edge := after[ring[-1]]) != start:
            ring.append(edge)
        seen.update(ring)
        rings.append(ring)
    return rings
