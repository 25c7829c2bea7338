"""The relief of a density in a plane: contours, and holes where the prior expects data."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.contours import contours
from models.density import (
    LINE_MASSES,
    MASSES,
    Grid,
    Mixture,
    box_of,
    density,
    lack,
    levels,
    log_prior,
)

Doubles = npt.NDArray[np.float64]

CELLS = 128  # along the longer side of the box that holds it all
MOST_CELLS = 240  # along a side of a part looked at closely


@dataclass(frozen=True, eq=False)
class Relief:
    """A density on a grid (`values` [rows, columns]), and lines [n, 2] in plane coordinates.

    `rings` are the contours of each level, `holes` the rims of where the prior has mass and the
    data has not. On a line (K = 1) there are only values.
    """

    grid: Grid
    values: Doubles
    levels: tuple[float, ...]
    rings: tuple[tuple[Doubles, ...], ...]
    holes: tuple[Doubles, ...]

    def value(self, x: float, y: float) -> float | None:
        """The density at a place; nothing outside of the grid."""
        grid = self.grid
        if not (grid.left <= x < grid.right and (grid.rows == 1 or grid.bottom <= y < grid.top)):
            return None
        column = int((x - grid.left) / grid.cell[0])
        row = 0 if grid.rows == 1 else int((y - grid.bottom) / grid.cell[1])
        return float(self.values[min(row, grid.rows - 1), min(column, grid.columns - 1)])

    def prior(self) -> Doubles:
        """The prior's density on the same grid."""
        return np.asarray(np.exp(log_prior(self.grid)))


def whole_relief(mixture: Mixture, has_prior: bool, line: bool) -> Relief:
    """Of all there is, in the prior's 4 standard deviations at least."""
    low, high = box_of(mixture, has_prior)
    extent = high - low
    cell = float(extent[0] if line else extent.max()) / (4 * CELLS if line else CELLS)
    columns, rows = (max(2, int(np.ceil(side / cell))) for side in extent)
    (left, bottom), (right, top) = map(float, low), map(float, high)
    grid = Grid(left, bottom, right, top, columns, 1 if line else rows)
    values = density(mixture, grid)
    found = levels(values, LINE_MASSES if line else MASSES)
    return _relief(grid, values, tuple(found), has_prior)


def near_relief(
    mixture: Mixture,
    whole: Relief,
    box: tuple[float, float, float, float],
    cell: float,
    has_prior: bool,
) -> Relief:
    """Of a box (left, bottom, right, top), more finely; its levels are those of the whole."""
    left, bottom, right, top = box
    columns, rows = (
        min(MOST_CELLS, max(2, int(np.ceil(side / cell)))) for side in (right - left, top - bottom)
    )
    grid = Grid(left, bottom, right, top, columns, 1 if whole.grid.rows == 1 else rows)
    return _relief(grid, density(mixture, grid), whole.levels, has_prior)


def _relief(grid: Grid, values: Doubles, found: tuple[float, ...], has_prior: bool) -> Relief:
    if grid.rows == 1:
        return Relief(grid, values, found, (), ())
    logs = np.log(np.maximum(values, np.finfo(np.float64).tiny))
    rings = tuple(
        tuple(grid.place(line) for line in contours(logs, float(np.log(level)))) if level else ()
        for level in found
    )
    holes = contours(lack(values, grid), 0.0) if has_prior else []
    return Relief(grid, values, found, rings, tuple(grid.place(line) for line in holes))
