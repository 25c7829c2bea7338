"""The images that a model's points were encoded from: found again, and proved to be the ones."""

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.data import BUILT_IN, ImageSet, is_downloaded, load_data
from models.errors import DataError
from models.evaluation import terms_of_each
from models.factors import FactorImages
from models.model import Model, as_images, spread_rows
from models.points import Points
from models.raw import Bytes, Cancelled, Images, Report
from models.rows import StoredRows

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

_PROBED = 32  # points whose images are encoded again to tell whether the data is the one
_TOLERANCE = 0.02  # of 1 + |mean|: weights and means may be stored in half precision
_AT_ONCE = 200  # images measured together


@dataclass(frozen=True, eq=False)
class Originals:
    """Images [N, C, H, W] of bytes, one for each point in order; `source` says whose they are."""

    source: str
    images: Images

    def __len__(self) -> int:
        return len(self.images)


def find_originals(
    model: Model,
    points: Points,
    path: Path,
    report: Report | None = None,
    cancelled: Cancelled | None = None,
) -> Originals:
    """The images of `points`, from the data that the model in the file `path` was trained on.

    Nothing is downloaded. Some of the images are encoded again and must come out where the
    points lie.

    Raises:
        DataError: the data is not at hand or is other data by now, or looking was stopped.
    """
    sources = sources_of(model.record, path)
    if not sources:
        name = record_name(model.record)
        if name:
            raise DataError(f"{name}, which the model was trained on, is not on this computer")
        raise DataError("the model does not say which data it was trained on")
    reasons = []
    for source in sources:
        try:
            return originals_in(source, model, points, report, cancelled)
        except DataError as error:
            if cancelled is not None and cancelled():
                raise
            reasons.append(str(error))
    raise DataError(reasons[-1])


def originals_in(
    source: str,
    model: Model,
    points: Points,
    report: Report | None = None,
    cancelled: Cancelled | None = None,
) -> Originals:
    """The images of `points` from a source that `load_data` knows.

    Raises:
        DataError: as `find_originals`.
    """
    data = load_data(
        source,
        image_shape=model.image_shape,
        fit=model.preprocessing.fit,
        report=report,
        cancelled=cancelled,
    )
    candidates = [_chosen(images, len(points)) for images in (data.train, data.held_out)]
    for found in candidates:
        if found is not None and _are_the_ones(model, points, found):
            return Originals(data.name, found)
    if not any(candidate is not None for candidate in candidates):
        raise DataError(
            f"{data.name}: has {len(data.train) + len(data.held_out):,} images, "
            f"{len(data.held_out):,} of them held out; the model's {len(points):,} points were "
            "encoded from other data"
        )
    changed = f" ({'; '.join(data.notes)})" if data.notes else ""
    raise DataError(
        f"{data.name}: its images{changed} are not those of the points: encoded again they lie "
        "elsewhere"
    )


def sources_of(record: Mapping[str, Any], path: Path) -> list[str]:
    """What a model's record says it was trained on, as far as that is on this computer.

    A path in it may be relative to the folder the training was started in, which is not known:
    the present one, that of the model and the one above are tried.
    """
    named, folders = str(record.get("data", "")), (Path(), path.parent, path.parent.parent)
    found = []
    told = _told(record)
    if told and told not in BUILT_IN:
        found += [str(folder / told) for folder in folders if _is_there(folder / told)]
    names = dict.fromkeys(name for name in (told, named) if name in BUILT_IN)
    found += [name for name in names if is_downloaded(name)]
    return list(dict.fromkeys(found))


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # no path at all: too long, or with a zero in it
        return False


def record_name(record: Mapping[str, Any]) -> str:
    """What the record calls the data, if it says."""
    return str(record.get("data", "")) or Path(_told(record)).name


def _told(record: Mapping[str, Any]) -> str:
    """The data of the command that trained the model."""
    plan = record.get("plan")
    if isinstance(plan, Mapping):
        return str(plan.get("data", ""))
    try:
        words = shlex.split(str(record.get("command", "")))
    except ValueError:
        return ""
    return dict(pairwise(words)).get("--data", "")


def _chosen(images: ImageSet, count: int) -> Images | None:
    """The images that were encoded as points, if there are enough."""
    if not 0 < count <= len(images):
        return None
    rows = spread_rows(len(images), count)
    found = images.images
    if len(rows) != count:
        return None
    if isinstance(found, StoredRows | FactorImages):
        return found.view(rows)
    return found[rows]  # a copy: the others need not stay in memory


def _are_the_ones(model: Model, points: Points, images: Images) -> bool:
    rows = spread_rows(len(points), _PROBED)
    return bool(encoded_there(model, points, rows, images[rows]).all())


def encoded_there(
    model: Model, points: Points, rows: Integers, pixels: Bytes
) -> npt.NDArray[np.bool_]:
    """Whether images [n, C, H, W] come out where the points `rows` [n] lie: [n]."""
    mean = model.encode(as_images(pixels), _labels(model, points, rows)).mean.numpy()
    wanted = points.mean[rows]
    return np.asarray((np.abs(mean - wanted) <= _TOLERANCE * (1 + np.abs(wanted))).all(1))


def _labels(model: Model, points: Points, rows: Integers) -> Tensor | None:
    if not model.conditional:
        return None
    if points.label is None:
        raise DataError("the points have no classes, which this conditional model needs")
    return torch.from_numpy(points.label[rows])


def measured(
    model: Model,
    points: Points,
    originals: Originals,
    report: Callable[[int, int], None] | None = None,
    cancelled: Cancelled | None = None,
) -> dict[str, Floats]:
    """`elbo` and `reconstruction` (-E log p(x|z)) of each point's image [N], in nats.

    Each from one sampled z, as `models.evaluation.evaluate`; a plain autoencoder has only
    `reconstruction`.

    Raises:
        DataError: the images cannot be read any more, or measuring was stopped.
    """
    generator = torch.Generator().manual_seed(0)
    parts: dict[str, list[Floats]] = {}
    for rows in _parts(len(points)):
        if cancelled is not None and cancelled():
            raise DataError("measuring was stopped")
        x = as_images(originals.images[rows])
        terms = terms_of_each(model.autoencoder, x, _labels(model, points, rows), generator)
        for name in ("elbo", "reconstruction"):
            if name in terms:
                parts.setdefault(name, []).append(terms[name].float().numpy())
        if report is not None:
            report(int(rows[-1]) + 1, len(points))
    return {name: np.concatenate(values) for name, values in parts.items()}


def _parts(count: int) -> Iterator[Integers]:
    for start in range(0, count, _AT_ONCE):
        yield np.arange(start, min(start + _AT_ONCE, count))
