"""Which part of a curve an axis shows, and which of its points are drawn."""

from collections.abc import Sequence

import numpy as np

_SETTLED = 0.08  # of the epochs so far: what came before them does not stretch the axis
_MARGIN = 0.06
_ENOUGH = 8
_FILLED = 0.75

Drawn = tuple[Sequence[float], Sequence[float]]  # epochs and values of one line


def value_range(lines: Sequence[Drawn], last: float) -> tuple[float, float]:
    """The lowest and highest value to show: without the first steep fall, if there is more.

    Where a line has come to is shown of each, however short it is beside the others.
    """
    settled = [
        value
        for epochs, values in lines
        for epoch, value in zip(epochs, values, strict=True)
        if epoch >= _SETTLED * last
    ]
    everything = [value for _, values in lines for value in values]
    ends = [values[-1] for _, values in lines if len(values)]
    values = [*settled, *ends] if len(settled) >= _ENOUGH else everything
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    margin = _MARGIN * (high - low) or 0.5
    return low - margin, high + margin


def roomy(now: tuple[float, float], wanted: tuple[float, float]) -> tuple[float, float]:
    """The range as it is while the wanted one fills most of it, else the wanted one."""
    fits = now[0] <= wanted[0] and wanted[1] <= now[1]
    fills = wanted[1] - wanted[0] >= _FILLED * (now[1] - now[0])
    return now if fits and fills else wanted


def round_up(epochs: float) -> float:
    """The next of few round numbers of epochs."""
    power = 10.0 ** np.floor(np.log10(max(epochs, 1e-3)))
    steps = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
    return float(next(step * power for step in steps if step * power >= epochs * (1 - 1e-9)))


def decimated(line: Drawn, most: int) -> tuple[list[float], list[float]]:
    """Epochs and values of every n-th point and the last, where there are more than `most`."""
    epochs, values = line
    step = max(1, -(-len(epochs) // most))
    keep = [*range(0, len(epochs) - 1, step), len(epochs) - 1]
    return [epochs[at] for at in keep], [values[at] for at in keep]
