"""Images and labels as a source has them, on their way to become a data set."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from models.errors import DataError
from models.preprocessing import Fit, Framing

Bytes = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
AnyLabels = npt.NDArray[Any]  # whole numbers or names
Key = int | np.integer[Any] | slice | npt.NDArray[Any]

Report = Callable[[str, int, int], None]
Cancelled = Callable[[], bool]

MOST_BYTES = 4 * 2**30
MOST_CLASSES = 1000


class Images(Protocol):
    """Images [N, C, H, W] as bytes: an array, or what gives arrays when images are taken of it.

    Of the latter only numbers, slices, masks and arrays of numbers can be asked for.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def ndim(self) -> int: ...
    @property
    def nbytes(self) -> int: ...
    def __len__(self) -> int: ...
    def __getitem__(self, key: Key, /) -> Bytes: ...
    def __array__(self) -> npt.NDArray[Any]: ...


@dataclass(frozen=True)
class Raw:
    """Images [N, C, H, W] of bytes in their own size, in memory or not, a class each if known.

    Without `held_out` the source has no division of its own. Labels are numbers or names; where
    `class_names` are given they are numbers of those. `fit` is how the images were brought to
    their size, if they were; `framing` how their ink is framed, if the source knows.
    """

    name: str
    train: Images
    train_labels: AnyLabels | None = None
    held_out: Images | None = None
    held_out_labels: AnyLabels | None = None
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fit: Fit | None = None
    framing: Framing | None = None


@dataclass(frozen=True)
class Watch:
    """Who is told how far loading is, and who may stop it."""

    name: str
    report: Report | None = None
    cancelled: Cancelled | None = None

    def step(self, what: str, done: int, total: int) -> None:
        """Tell that `done` of `total` (pictures or bytes; 0 if unknown) of `what` is over.

        Raises:
            DataError: loading was stopped.
        """
        if self.cancelled is not None and self.cancelled():
            raise DataError(f"{self.name}: loading was stopped; nothing was changed")
        if self.report is not None:
            self.report(what, done, total)


def check_memory(name: str, count: int, shape: tuple[int, ...], item_bytes: int = 1) -> None:
    """Refuse what does not fit in memory, before any is taken.

    Raises:
        DataError: `count` images of `shape` take more than 4 GiB.
    """
    each = math.prod(shape) * item_bytes
    if count * each > MOST_BYTES:
        size = "×".join(str(side) for side in shape)
        raise DataError(
            f"{name}: {count:,} images of {size} would take {count * each / 2**30:,.1f} GiB and "
            f"{MOST_BYTES >> 30} GiB is the most ({MOST_BYTES // each:,} images); "
            "use fewer or smaller ones"
        )


def named_classes(raw: Raw) -> tuple[Labels | None, Labels | None, tuple[str, ...], str]:
    """Classes as numbers from 0: of the training and the held-out images, and their names.

    The last value is a note if the labels are too many to be classes.
    """
    parts = [part for part in (raw.train_labels, raw.held_out_labels) if part is not None]
    if not parts:
        return None, None, (), ""
    values = np.unique(np.concatenate(parts))
    if len(values) > MOST_CLASSES:
        return None, None, (), f"labels left out: {len(values):,} different ones are no classes"
    train, held_out = (
        None if part is None else np.searchsorted(values, part).astype(np.int64)
        for part in (raw.train_labels, raw.held_out_labels)
    )
    names = tuple(raw.class_names[value] if raw.class_names else str(value) for value in values)
    return train, held_out, names, ""
