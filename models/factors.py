"""Images made from known factors of variation: each has a number, and is drawn when asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Key = int | np.integer[Any] | slice | npt.NDArray[Any]
Render = Callable[[Integers], Bytes]

_AT_ONCE = 128  # images; what is computed on the way should stay in the processor's cache


@dataclass(frozen=True)
class Factor:
    """One factor of variation: its values in order, in `unit` ("" where they have none)."""

    name: str
    values: tuple[float | str, ...]
    unit: str = ""


@dataclass(frozen=True)
class Factors:
    """All factors of a set of images, one image for each combination of their values.

    Images are numbered as in dSprites: mixed radix, the last factor changing fastest. A row
    [F] holds the place of each factor's value among its values, from 0.
    """

    factors: tuple[Factor, ...]

    def __len__(self) -> int:
        """The number of images."""
        return int(np.prod(self.sizes))

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each factor."""
        return tuple(factor.name for factor in self.factors)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each factor has."""
        return tuple(len(factor.values) for factor in self.factors)

    def column(self, name: str) -> int:
        """The place of a factor in a row."""
        return self.names.index(name)

    def rows(self, index: npt.ArrayLike) -> Integers:
        """The factor rows [N, F] of image numbers [N].

        Raises:
            ValueError: there is no such image.
        """
        return np.stack(np.unravel_index(np.asarray(index, np.int64), self.sizes), -1)

    def index(self, rows: npt.ArrayLike) -> Integers:
        """The image numbers [N] of factor rows [N, F].

        Raises:
            ValueError: a factor has no such value.
        """
        columns = np.moveaxis(np.asarray(rows, np.int64), -1, 0)
        return np.asarray(np.ravel_multi_index(tuple(columns), self.sizes), np.int64)


@dataclass(frozen=True, eq=False)
class FactorImages:
    """Images [N, C, H, W] of bytes that are drawn when they are taken, as from an array.

    `render` draws factor rows [N, F] as images [N, C, H, W]; `chosen` holds the numbers of the
    images that are in here, in order; without it all are.
    """

    factors: Factors
    image_shape: tuple[int, int, int]
    render: Render
    chosen: Integers | None = None

    ndim = 4
    dtype = np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self.factors) if self.chosen is None else len(self.chosen)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, C, H, W)."""
        return len(self), *self.image_shape

    @property
    def nbytes(self) -> int:
        """The bytes all images would take if they were there."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __getitem__(self, key: Key) -> Bytes:
        """The images that an array would give for a number, a slice, a mask or an array [N].

        Raises:
            IndexError: the key is none of these, or out of range.
        """
        rows = self.rows(key)
        if rows.ndim == 1:
            return np.asarray(self.render(rows[None])[0])
        out = np.empty((len(rows), *self.image_shape), np.uint8)
        for start in range(0, len(rows), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            out[part] = self.render(rows[part])
        return out

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        """All images at once: `nbytes` of memory."""
        if copy is False:
            raise ValueError("images that are drawn cannot be had without a copy")
        return self[:].astype(dtype or np.uint8, copy=False)

    def rows(self, key: Key = slice(None)) -> Integers:
        """The factor rows [N, F] of the images at `key`; [F] if that is one number."""
        return self.factors.rows(self._numbers(key))

    def view(self, key: Key) -> "FactorImages":
        """Only the images at `key`, in that order, still to be drawn."""
        return replace(self, chosen=np.atleast_1d(self._numbers(key)))

    def _numbers(self, key: Key) -> Integers:
        """The numbers among all images of those at `key`."""
        known = isinstance(key, int | np.integer | slice | np.ndarray)
        if not known or (isinstance(key, np.ndarray) and key.ndim > 1):
            raise IndexError("images that are drawn are taken by number, slice, mask or array")
        numbers = self._all if self.chosen is None else self.chosen
        return np.asarray(numbers[key], np.int64)

    @cached_property
    def _all(self) -> Integers:
        return np.arange(len(self.factors))

    def __getstate__(self) -> Mapping[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_all"}
