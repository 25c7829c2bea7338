"""What a model shows when it is opened: which axes, and three handles on its data."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from explorer.arrangement import Arrangement, Handle
from explorer.rendering import ModelInfo

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

_HANDLES = 3
_CANDIDATES = 300
_SOME = 20_000  # points
_APART = 0.5  # standard deviations: classes that lie nearer on the map lie on one another


def first_axes(model: ModelInfo) -> tuple[int, int]:
    """The two dimensions that carry most, in their own order.

    That is those of highest mean KL, or where there is no KL along which the data spreads most.
    """
    if model.latent_size == 1:
        return 0, 0
    carried = model.kl if model.kl.any() or model.deviation is None else model.deviation
    first, second = sorted(np.argsort(-carried, kind="stable")[:2].tolist())
    return first, second


def first_arrangement(model: ModelInfo) -> Arrangement:
    """Three handles far from one another, each on an image of the data, and the path between."""
    return _handles(model, *_places(model))


def training_arrangement(model: ModelInfo, axes: tuple[int, int]) -> Arrangement:
    """Three handles for a model that learns: apart on the two axes, whatever its data lie like."""
    spread = np.maximum(model.spread, 3.0)
    places = _places_without_data(replace(model, spread=spread), axes)
    return _handles(model, places, [0] * _HANDLES)


def _handles(model: ModelInfo, latents: Floats, labels: list[int]) -> Arrangement:
    handles = tuple(
        Handle(key, chr(ord("A") + key - 1), key - 1, z, label if model.conditional else None)
        for key, (z, label) in enumerate(zip(latents, labels, strict=True), start=1)
    )
    return Arrangement(handles)


def _places(model: ModelInfo) -> tuple[Floats, list[int]]:
    points = model.points
    if points is None or len(points) < _HANDLES:
        return _places_without_data(model, first_axes(model)), [0] * _HANDLES
    if len(points) > _SOME:  # the middle of a class is no other place by more of them
        points = points.at(np.linspace(0, len(points) - 1, _SOME).astype(np.int64))
    # In a conditional model z says nothing about the class: its classes lie on one another.
    labels_of_medoids = None if model.conditional else points.label
    seen = points.mean[:, first_axes(model)]  # far apart on the map, that is
    chosen = _apart(seen, _class_medoids(points.mean, labels_of_medoids))
    if len(chosen) < _HANDLES or _nearest(seen[chosen]) < _APART * seen.std():
        spread = np.linspace(0, len(points) - 1, min(_CANDIDATES, len(points))).astype(np.int64)
        chosen = _apart(seen, spread[_inner_half(points.mean[spread])])
    labels = [0] * _HANDLES if points.label is None else points.label[chosen].tolist()
    return points.mean[chosen], labels


def _places_without_data(model: ModelInfo, axes: tuple[int, int]) -> Floats:
    i, j = axes
    out = np.tile(model.centre, (_HANDLES, 1)).astype(np.float32)
    for row, (x, y) in enumerate(((-1.2, 0.7), (1.2, 0.4), (0.1, -1.1))):
        out[row, j] += y * model.spread[j] / 3
        out[row, i] = model.centre[i] + x * model.spread[i] / 3
    return out


def _class_medoids(mean: Floats, labels: npt.NDArray[np.int64] | None) -> Rows:
    """For each class the row nearest its median."""
    if labels is None:
        return np.zeros(0, np.int64)
    rows = []
    for label in np.flatnonzero(np.bincount(labels[labels >= 0]))[:50]:
        members = np.flatnonzero(labels == label)
        centre = _middle(mean[members])
        rows.append(members[np.argmin(np.square(mean[members] - centre).sum(1))])
    return np.array(rows, np.int64)


def _middle(mean: Floats) -> Floats:
    """About the median; NumPy's own would import masked arrays, as long as all else here takes."""
    half = len(mean) // 2
    middle: Floats = np.partition(mean, half, axis=0)[half]
    return middle


def _inner_half(mean: Floats) -> npt.NDArray[np.int64]:
    distance = np.square(mean - _middle(mean)).sum(1)
    return np.argsort(distance)[: max(_HANDLES, len(mean) // 2)]


def _apart(seen: Floats, rows: Rows) -> Rows:
    """As many of the rows as there are handles, each next one farthest from those before."""
    if len(rows) < _HANDLES:
        return rows
    mean = seen[rows]
    chosen = [int(np.argmax(np.square(mean - mean.mean(0)).sum(1)))]
    distance = np.square(mean - mean[chosen[0]]).sum(1)
    while len(chosen) < _HANDLES:
        chosen.append(int(np.argmax(distance)))
        distance = np.minimum(distance, np.square(mean - mean[chosen[-1]]).sum(1))
    return rows[chosen]


def _nearest(places: Floats) -> float:
    """The least distance between two of three places."""
    return float(np.linalg.norm(places - np.roll(places, 1, axis=0), axis=1).min())
