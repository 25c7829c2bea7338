"""What the points of the data can be coloured by, and the colours that come of it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer import theme
from explorer.painting import class_colour_rows
from models.points import Points

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

BY_CLASS = "class"
MEASURED = ("elbo", "reconstruction")  # need the images, and are computed when asked for
_INNER = (1.0, 99.0)  # percent: what lies farther out has the colours of these
_STEPS = 256
_SAMPLE = 100_000  # values that say what the range is


@dataclass(frozen=True)
class Range:
    """The values that the first and the last colour stand for."""

    low: float
    high: float


def values_of(
    points: Points, colour_by: str, measured: Mapping[str, Floats] | None = None
) -> Floats | None:
    """A value [N] for each point; nothing where they are coloured by class, or it is unknown.

    `z<i>` is the posterior mean of dimension i, `kl` the whole KL to the prior in nats; the
    names of `MEASURED` stand in `measured`.
    """
    if colour_by == "kl":
        return points.kl()
    if colour_by in MEASURED:
        found = (measured or {}).get(colour_by)
        return found if found is not None and len(found) == len(points) else None
    number = colour_by.removeprefix("z")
    if colour_by != number and number.isdecimal() and int(number) < points.mean.shape[1]:
        return points.mean[:, int(number)]
    return None


def sampled(points: Points) -> tuple[Points, int]:
    """Every so many-th of very many points: those that `range_of` looks at."""
    every = max(1, len(points) // _SAMPLE)
    label = None if points.label is None else points.label[::every]
    return Points(points.mean[::every], points.log_variance[::every], label), every


def range_of(values: Floats) -> Range:
    """From the 1st to the 99th percentile of the values that are numbers."""
    some = values[:: max(1, len(values) // _SAMPLE)]
    some = some[np.isfinite(some)]
    if not len(some):
        return Range(0.0, 0.0)
    low, high = np.percentile(some.astype(np.float64), _INNER).tolist()
    return Range(low, high)


def value_colours() -> Bytes:
    """The colours [256, 3] of values, low to high."""
    anchors = np.array([_rgb(colour) for colour in theme.VALUE_COLOURS], np.float64)
    at = np.linspace(0, len(anchors) - 1, _STEPS)
    mixed = [np.interp(at, np.arange(len(anchors)), channel) for channel in anchors.T]
    return np.stack(mixed, 1).round().astype(np.uint8)


def colour_rows(points: Points, values: Floats | None) -> Bytes:
    """A colour [N, 3] for each point: by its value, else by its class.

    What is no number has the colour of points without a class.
    """
    if values is None:
        return class_colour_rows(points.label, len(points))
    span = range_of(values)
    reach = max(span.high - span.low, 1e-12)
    known = np.isfinite(values)
    share = np.where(known, (values - span.low) / reach, 0.0)
    step = np.clip(share * (_STEPS - 1), 0, _STEPS - 1).astype(np.uint8)
    rows: Bytes = value_colours()[step]
    rows[~known] = _rgb(theme.UNLABELLED_COLOUR)
    return rows


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
