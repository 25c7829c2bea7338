"""What a benchmark found, as a row of a table: the figure, the bare loop, the ratio, the budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HEADER = ("what", "measured", "bare loop", "ratio", "budget", "within")


@dataclass(frozen=True)
class Options:
    """What is measured: the model that is opened, and whether a rough figure will do."""

    model: Path
    quick: bool = False

    def count(self, whole: int) -> int:
        """How often to do something: `whole` times, or a fifth of that when in a hurry."""
        return max(2, whole // 5) if self.quick else whole


@dataclass(frozen=True)
class Row:
    """One line of the table; `within` is nothing where no budget was set."""

    what: str
    measured: str
    bare: str
    ratio: float | None
    budget: str
    within: bool | None
    note: str = ""

    def cells(self) -> tuple[str, ...]:
        """The row as words, one a column of `HEADER`."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        within = {True: "yes", False: "NO", None: ""}[self.within]
        return self.what, self.measured, self.bare, ratio, self.budget, within


def percentile(values: Sequence[float], percent: float) -> float:
    """The given percentile of some values."""
    return float(np.percentile(np.asarray(values), percent))


def median(values: Sequence[float]) -> float:
    """The middle of some values."""
    return percentile(values, 50)


def spread_ms(seconds: Sequence[float]) -> str:
    """Median and 99th percentile of some times, in words."""
    return f"p50 {1000 * median(seconds):.2f} ms, p99 {1000 * percentile(seconds, 99):.2f} ms"


def table(rows: Sequence[Row]) -> str:
    """Rows as a table in Markdown, with what there is to say about them below."""
    lines = [HEADER, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    words = [_line(line, widths) for line in lines]
    words.insert(1, _line(tuple("-" * width for width in widths), widths))
    notes = [f"{row.what}: {row.note}" for row in rows if row.note]
    return "\n".join([*words, "", *notes]).rstrip()


def _line(cells: tuple[str, ...], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
