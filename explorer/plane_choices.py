"""Which planes can be laid through a latent space, and why another cannot."""

from collections.abc import Collection, Sequence

import numpy as np

from explorer.arrangement import Arrangement, Handle
from explorer.rendering import ModelInfo
from explorer.selection import Selection
from models import planes
from models.planes import Plane, PlaneKind

_FEWEST_POINTS = 3


def reason_against(
    kind: PlaneKind,
    model: ModelInfo,
    arrangement: Arrangement,
    hidden: Collection[int],
    selections: Sequence[Selection] = (),
) -> str:
    """Why no plane of that kind can be chosen; nothing if it can.

    `hidden` are classes, `selections` those there are: the first that was kept, and the present.
    """
    if model.latent_size < 3:
        what = "a line" if model.latent_size == 1 else "one plane"
        return f"With K = {model.latent_size} the whole latent space is {what}"
    if kind == "handles" and len(arrangement.handles) < 3:
        return f"Needs three handles; there are {len(arrangement.handles)}"
    if kind == "selections" and len(selections) < 2:
        return "Needs two selections: set one as the first in the Data panel, then select another"
    if kind in ("principal", "classes"):
        return _reason_against_data(kind, model, hidden)
    return ""


def _reason_against_data(kind: PlaneKind, model: ModelInfo, hidden: Collection[int]) -> str:
    if model.points is None or len(model.points) < _FEWEST_POINTS:
        return "Needs data: none lies on the map of this model"
    if kind == "principal":
        return ""
    if model.points.label is None or not model.class_names:
        return "Needs classes: the data of this model has none"
    if len(set(range(len(model.class_names))) - set(hidden)) < 2:
        return "Needs two classes or more: show them in the legend below the map"
    return ""


def make_plane(
    kind: PlaneKind,
    model: ModelInfo,
    arrangement: Arrangement,
    active: int | None,
    hidden: Collection[int],
    axes: tuple[int, int],
    selections: Sequence[Selection] = (),
) -> Plane:
    """A plane of that kind through what is on the map now; a random one is another each time.

    Raises:
        ValueError: there is none, with what to do about it.
    """
    reason = reason_against(kind, model, arrangement, hidden, selections)
    if reason and kind != "axes":
        raise ValueError(reason)
    points = model.points
    if kind == "principal" and points is not None:
        return planes.principal_plane(points.mean)
    if kind == "classes" and points is not None and points.label is not None:
        shown = ~np.isin(points.label, sorted(hidden))
        return planes.class_plane(points.mean[shown], points.label[shown])
    if kind == "handles":
        three = three_handles(arrangement, active)
        return planes.handle_plane(
            np.stack([handle.z for handle in three]), [handle.name for handle in three]
        )
    if kind == "selections" and points is not None:
        first, second = (selection.mean(points) for selection in selections)
        everything = Selection(np.arange(len(points))).mean(points)
        return planes.selection_plane(first, second, everything)
    if kind == "random":
        return planes.random_plane(model.centre, np.random.default_rng())
    return planes.axis_plane(model.latent_size, *axes)


def three_handles(arrangement: Arrangement, active: int | None) -> tuple[Handle, ...]:
    """The active handle and the two that follow it on the path, whose start follows its end.

    Of just three handles these are all, in the order of the path whichever is active.
    """
    handles = arrangement.handles
    if len(handles) <= 3:
        return handles
    keys = [handle.key for handle in handles]
    place = keys.index(active) if active in keys else 0
    return tuple(handles[(place + step) % len(handles)] for step in range(3))
