"""The data nearest a place of the latent space, in all of its dimensions."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

_AT_ONCE = 65_536  # points compared together


@dataclass(frozen=True, eq=False)
class Place:
    """What stands for a handle: a latent `z` [K], or the data point `row`, wherever that lies."""

    name: str
    z: Floats | None = None
    row: int | None = None

    def latent(self, mean: Floats) -> Floats | None:
        """Its latent [K] among posterior means [N, K]; none if there is no such point."""
        if self.row is None:
            return self.z
        return mean[self.row] if self.row < len(mean) else None


def nearest(
    mean: Floats, z: Floats, count: int, cancelled: Callable[[], bool] | None = None
) -> tuple[Integers, Floats]:
    """The rows of posterior means [N, K] nearest a latent [K], and their Euclidean distances.

    At most `count`, nearest first, the lower row of equals; all points are compared. If
    `cancelled` says so, there are none. What is no number is nowhere near.
    """
    squares = np.empty(len(mean), np.float32)
    for start in range(0, len(mean), _AT_ONCE):
        if cancelled is not None and cancelled():
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        part = slice(start, start + _AT_ONCE)
        with np.errstate(over="ignore", invalid="ignore"):
            difference = mean[part] - z
            squares[part] = np.einsum("nk,nk->n", difference, difference)
    squares[~np.isfinite(squares)] = np.inf
    some = min(count, len(squares))
    if not some:
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    bound = np.partition(squares, some - 1)[some - 1]
    rows = np.flatnonzero(squares <= bound)
    order = np.argsort(squares[rows], kind="stable")[:some]
    rows = rows[order]
    finite = np.isfinite(squares[rows])
    return rows[finite], np.sqrt(squares[rows][finite])
