"""Which part of the plane the map shows: pure geometry between latent units and pixels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import floor, log2, log10, sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SCALE_RANGE = (1e-4, 1e7)  # pixels a latent unit
_TICK_SPACING_PX, _LEAST_SPACING_PX = 85, 24


@dataclass(frozen=True)
class Viewport:
    """`width` x `height` pixels around (`x`, `y`) of the plane, `scale` pixels a latent unit.

    The plane's second coordinate points up, the screen's down. On a `line` (K = 1) it means
    nothing, and 0 always stands in the middle. Pixels up a unit are `stretch` times those across.
    """

    x: float = 0.0
    y: float = 0.0
    scale: float = 100.0
    width: int = 1
    height: int = 1
    line: bool = False
    stretch: float = 1.0

    @property
    def scale_up(self) -> float:
        """Pixels up a unit."""
        return self.scale * self.stretch

    @property
    def spread(self) -> "Viewport":
        """As data points are seen: their second coordinate on a line is a share of the height."""
        return replace(self, y=0.0, stretch=self.height / self.scale) if self.line else self

    def as_line(self, line: bool) -> "Viewport":
        """The same, of a line or of a plane."""
        return replace(self, line=line, y=0.0 if line else self.y)

    def to_pixels(self, points: npt.ArrayLike) -> Floats:
        """Pixels [..., 2] of plane coordinates [..., 2]."""
        points = np.asarray(points, np.float64)
        flip = np.array([self.scale, -self.scale_up])
        moved = (points - [self.x, self.y]) * flip + [self.width / 2, self.height / 2]
        return np.asarray(moved, np.float64)

    def pixel(self, x: float, y: float) -> tuple[float, float]:
        """The pixel of one point: what `to_pixels` does, without the price of an array."""
        return (x - self.x) * self.scale + self.width / 2, (
            self.y - y
        ) * self.scale_up + self.height / 2

    def place(self, px: float, py: float) -> tuple[float, float]:
        """The point of one pixel, as `to_plane` finds it; the inverse of `pixel`."""
        across, up = 1 / self.scale, 1 / self.scale_up
        return (px - self.width / 2) * across + self.x, (self.height / 2 - py) * up + self.y

    def to_plane(self, pixels: npt.ArrayLike) -> Floats:
        """Plane coordinates [..., 2] of pixels [..., 2]; the inverse of `to_pixels`."""
        pixels = np.asarray(pixels, np.float64)
        flip = np.array([1 / self.scale, -1 / self.scale_up])
        moved = (pixels - [self.width / 2, self.height / 2]) * flip + [self.x, self.y]
        return np.asarray(moved, np.float64)

    def resized(self, width: int, height: int) -> "Viewport":
        """The same centre and scale in another size."""
        return replace(self, width=max(1, width), height=max(1, height))

    def panned(self, dx_px: float, dy_px: float) -> "Viewport":
        """The ground moved by so many pixels; on a line across only."""
        y = self.y if self.line else self.y + dy_px / self.scale_up
        return replace(self, x=self.x - dx_px / self.scale, y=y)

    def zoomed(self, factor: float, at_px: tuple[float, float] | None = None) -> "Viewport":
        """Enlarged by `factor`; what is under `at_px` (else the centre) stays there.

        On a line it stays above or below where it was.
        """
        pixel = np.array(at_px or (self.width / 2, self.height / 2))
        scale = min(max(self.scale * factor, SCALE_RANGE[0]), SCALE_RANGE[1])
        fixed = self.to_plane(pixel)
        moved = replace(self, scale=scale)
        x, y = np.array([moved.x, moved.y]) + fixed - moved.to_plane(pixel)
        return replace(moved, x=float(x), y=self.y if self.line else float(y))

    def fitted(self, low: npt.ArrayLike, high: npt.ArrayLike, margin: float = 0.08) -> "Viewport":
        """So that the box from `low` [2] to `high` [2] just fits, with a margin; a line's width."""
        low, high = np.asarray(low, np.float64), np.asarray(high, np.float64)
        extent = np.maximum(high - low, 1e-6) * (1 + 2 * margin)
        scale = self.width / extent[0]
        if not self.line:
            scale = min(scale, self.height / extent[1])
        scale = min(max(float(scale), SCALE_RANGE[0]), SCALE_RANGE[1])
        x, y = (low + high) / 2
        return replace(self, x=float(x), y=self.y if self.line else float(y), scale=scale)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """(left, bottom, right, top) in plane coordinates."""
        half = self.width / self.scale / 2, self.height / self.scale_up / 2
        return self.x - half[0], self.y - half[1], self.x + half[0], self.y + half[1]


def ticks(low: float, high: float, length_px: int) -> list[float]:
    """Round numbers from `low` to `high`, about a hundred pixels apart: steps of 1, 2 or 5.

    Two at least, if need be nearer to one another, where there is room for them.
    """
    if not high > low:
        return []
    px = (high - low) / max(length_px, 1)
    found = _multiples(low, high, _round_step(_TICK_SPACING_PX * px))
    for spacing in range(_TICK_SPACING_PX, _LEAST_SPACING_PX - 1, -1):
        if len(found) > 1:
            break
        found = _multiples(low, high, _round_step(spacing * px))
    return found


def _round_step(rough: float) -> float:
    power = 10.0 ** floor(log10(rough))
    return next(nice * power for nice in (1, 2, 5, 10) if nice * power >= rough * 0.999)


def _multiples(low: float, high: float, step: float) -> list[float]:
    first = int(np.ceil(low / step - 1e-9))
    last = int(np.floor(high / step + 1e-9))
    return [round(number * step, 12) for number in range(first, last + 1)]


class Tile(NamedTuple):
    """Cell (`column`, `row`) of the grid whose spacing is 2**-`level` latent units."""

    level: int
    column: int
    row: int

    @property
    def size(self) -> float:
        """Side of the cell in latent units."""
        return 2.0**-self.level

    @property
    def centre(self) -> tuple[float, float]:
        """Where in the plane its picture is decoded."""
        return (self.column + 0.5) * self.size, (self.row + 0.5) * self.size

    @property
    def parent(self) -> "Tile":
        """The cell of twice the size that covers this one."""
        return Tile(self.level - 1, self.column // 2, self.row // 2)


def tile_level(scale: float, tile_px: float) -> int:
    """The level whose tiles are nearest to, and at least 1/sqrt(2) of, `tile_px` pixels."""
    return round(log2(scale / tile_px))


def fitting_tile_px(view: Viewport, tile_px: float, most: int) -> float:
    """`tile_px`, or as much more as it takes for at most about `most` tiles in the viewport.

    A tile may be 1/sqrt(2) of the size asked for.
    """
    return max(tile_px, sqrt(2 * view.width * view.height / most))


def centres(tiles: Sequence[Tile]) -> Floats:
    """Where in the plane the pictures of tiles are decoded [N, 2]."""
    levels, *cells = np.array(tiles, np.float64).reshape(-1, 3).T
    return np.asarray((np.stack(cells, 1) + 0.5) * np.exp2(-levels)[:, None], np.float64)


def nearest_first(tiles: Sequence[Tile], at: tuple[float, float]) -> list[Tile]:
    """The same tiles by the distance of their centres from a place of the plane."""
    squares = ((centres(tiles) - at) ** 2).sum(1)
    return [tiles[place] for place in np.argsort(squares, kind="stable").tolist()]


class TileSpan(NamedTuple):
    """The tiles that a viewport touches: neighbouring columns, and rows from the bottom."""

    level: int
    columns: range
    rows: range

    @property
    def number(self) -> int:
        """How many they are."""
        return len(self.columns) * len(self.rows)


def tile_span(view: Viewport, tile_px: float) -> TileSpan:
    """Which tiles a viewport touches, without making them."""
    level = tile_level(view.scale, tile_px)
    size = 2.0**-level
    left, bottom, right, top = view.box
    columns = range(floor(left / size), floor(right / size) + 1)
    return TileSpan(level, columns, range(floor(bottom / size), floor(top / size) + 1))


@lru_cache(maxsize=4)  # who asks for tiles and who draws them look at the same ones
def visible_tiles(view: Viewport, tile_px: float) -> tuple[Tile, ...]:
    """Every tile that the viewport touches, row by row."""
    level, columns, rows = tile_span(view, tile_px)
    return tuple(Tile(level, column, row) for row in rows for column in columns)
