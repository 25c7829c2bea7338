"""What the card of a data point says beside its picture."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from explorer.data_look import Picture
from explorer.figures import nats
from explorer.rendering import ModelInfo
from models.points import Points

Floats = npt.NDArray[np.float32]

_MEASURED = {"elbo": "ELBO", "reconstruction": "error"}


def card_lines(
    model: ModelInfo,
    row: int,
    name: str,
    picture: Picture | None,
    measured: Mapping[str, Floats],
    colour_by: str,
) -> tuple[str, ...]:
    """Its `name`, what the picture is, its KL, and the value by which points are coloured.

    `measured` are values [N] by name, in nats.
    """
    points = model.points
    assert points is not None
    what = "…" if picture is None else "original" if picture.original else "reconstruction"
    lines = [name, what]
    if model.has_prior:
        of = ", grey image" if model.binarise else ""  # and not of a binarisation, as in Picture
        lines.append(f"KL {nats(float(one_of(points, row).kl()[0]))}{of}")
    values = measured.get(colour_by)
    if values is not None and colour_by in _MEASURED and row < len(values):
        lines.append(f"{_MEASURED[colour_by]} {nats(float(values[row]))}")
    return tuple(lines)


def company_words(count: int, apart: bool) -> tuple[str, ...]:
    """Lines on a card where one of `count` points is shown; `apart`: zooming in parts them.

    They are short: a wide card has no room beside the lens in a small window.
    """
    if count < 2:
        return ()
    one = f"1 of {count:,} points here"
    return (f"{one}:", "zoom in to part them") if apart else (one, "in one exact place")


def one_of(points: Points, row: int) -> Points:
    """A set of one point."""
    return Points(points.mean[row : row + 1], points.log_variance[row : row + 1])
