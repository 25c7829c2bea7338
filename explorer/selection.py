"""Which data points a person has chosen, and what is said of them."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from models.points import Points

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
How = Literal["replace", "add", "remove"]


@dataclass(frozen=True, eq=False)
class Selection:
    """Numbers of points in ascending order, each once."""

    rows: Integers = field(default_factory=lambda: np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self.rows)

    def with_rows(self, rows: Integers, how: How) -> "Selection":
        """These rows (ascending, each once) instead, as well, or no longer."""
        if how == "replace":
            return Selection(rows)
        # A mask, as both are in order: to sort a million numbers takes a second.
        count = 1 + max(int(part[-1]) if len(part) else -1 for part in (self.rows, rows))
        chosen = self.mask(count)
        chosen[rows] = how == "add"
        return Selection(np.flatnonzero(chosen))

    def mask(self, count: int) -> npt.NDArray[np.bool_]:
        """Whether each of `count` points is one of them [count]."""
        chosen = np.zeros(count, np.bool_)
        chosen[self.rows] = True
        return chosen

    def counts(self, points: Points, classes: int) -> Integers:
        """How many of them are of each class [classes]; none where classes are not known."""
        if points.label is None:
            return np.zeros(0, np.int64)
        return np.bincount(np.maximum(points.label[self.rows], 0), minlength=classes)[:classes]

    def mean(self, points: Points) -> Floats:
        """The mean of their posterior means [K], of those that are numbers.

        Raises:
            ValueError: there are none.
        """
        if not len(self):
            raise ValueError("no points are selected")
        rows = points.mean[self.rows]
        finite = np.isfinite(rows).all(1)
        if not finite.any():
            raise ValueError("No posterior mean of the selected points is a finite number")
        rows = rows if finite.all() else rows[finite]
        return np.asarray(rows.mean(0, dtype=np.float64), np.float32)

    def usual_class(self, points: Points) -> int | None:
        """The class most of them are of; the lowest of equals, none where none is known."""
        counts = self.counts(
            points, 1 + int(points.label.max(initial=0)) if points.label is not None else 0
        )
        return int(counts.argmax()) if len(counts) and len(self) else None
