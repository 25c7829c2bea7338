"""Service: magnification and re-encoding field of the ground, in tiles, coarse to fine."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from explorer.rendering import DecodeRequest, DecodeResult, Kind, Slot
from explorer.session import Layers, Session
from explorer.tile_ground import TileGround
from explorer.viewport import Tile, Viewport, fitting_tile_px, nearest_first, visible_tiles
from explorer.workers import DecodeThread

Floats = npt.NDArray[np.float32]

MOST_KEPT = 40_000  # values of a kind: a few MB
_TELL_SECONDS = 0.1  # between two looks at values that come: each draws all of them anew
_COARSER = (2, 1, 0)  # how many levels up it begins, so that something stands everywhere at once


@dataclass(frozen=True)
class Measured:
    """What is measured in tiles: of which kind, how large they are, and when it is wanted.

    Of a viewport that takes more than about `most` tiles they are larger instead.
    """

    kind: Kind
    slot: Slot
    columns: int
    tile_px: float
    most: int
    wanted: Callable[[Layers], bool]


MAGNIFICATION = Measured(
    "magnification", Slot.MAGNIFICATION, 1, 22.0, 6000, lambda layers: layers.magnification
)
# Fewer: 2,500 arrows are drawn in 0.1 s, a heat map of any number in 10 ms.
FIELD = Measured("field", Slot.FIELD, 3, 42.0, 2500, lambda layers: layers.field)


@dataclass(frozen=True, eq=False)
class TileGrid:
    """Values [rows, columns, C] of neighbouring tiles, the lowest row first; NaN: none yet.

    `column` and `row` are those of the first tile. On a line (K = 1) there is one row.
    """

    level: int
    column: int
    row: int
    values: Floats

    @property
    def box(self) -> tuple[float, float, float, float]:
        """(left, bottom, right, top) of the tiles in plane coordinates."""
        size = 2.0**-self.level
        rows, columns = self.values.shape[:2]
        left, bottom = self.column * size, self.row * size
        return left, bottom, left + columns * size, bottom + rows * size

    def at(self, x: float, y: float) -> Floats | None:
        """The values of the tile at a place, if they are there."""
        size = 2.0**-self.level
        row = 0 if len(self.values) == 1 else int(np.floor(y / size)) - self.row
        column = int(np.floor(x / size)) - self.column
        if not (0 <= row < self.values.shape[0] and 0 <= column < self.values.shape[1]):
            return None
        found = self.values[row, column]
        return found if np.isfinite(found).all() else None


class TileValues(QObject):
    """One measured overlay: `grid(view)` now, `changed` when more has come."""

    changed = Signal()
    progressed = Signal()  # `progress` is another
    settled = Signal()

    def __init__(
        self, measured: Measured, session: Session, thread: DecodeThread, parent: QObject
    ) -> None:
        super().__init__(parent)
        self.measured = measured
        self._session, self._thread = session, thread
        self._cache: OrderedDict[Tile, tuple[int, tuple[float, ...]]] = OrderedDict()
        self._view, self._pointer = Viewport(), (0.0, 0.0)
        self._told_at, self._waiting = 0.0, False
        self._done, self._asked_for, self._asked_at = 0, 0, 0.0
        self._ground = TileGround(session, self)
        self._ground.renewed.connect(self._on_renewed)
        self._ground.ask_wished.connect(self._ask)
        thread.decoded.connect(self._on_decoded)
        session.model_changed.connect(self._on_model_changed)

    @property
    def on(self) -> bool:
        """Whether anybody wants to see it."""
        return self._session.model is not None and self.measured.wanted(self._session.layers)

    @property
    def busy(self) -> bool:
        """Whether more is on its way, or about to be asked for."""
        return self._waiting or self._ground.ask_pending

    @property
    def progress(self) -> tuple[int, int, float] | None:
        """How many values have come, of how many, and for how many seconds they have been coming.

        None: none are on their way.
        """
        if not self._waiting:
            return None
        return self._done, self._asked_for, perf_counter() - self._asked_at

    def known(self, view: Viewport) -> bool:
        """Whether any value of a viewport has come, finite or not."""
        return any(self._best(tile) is not None for tile in self._tiles(view))

    def look(self, view: Viewport, pointer: tuple[float, float]) -> None:
        """Fill this viewport, beginning nearest the pointer (plane coordinates)."""
        self._view, self._pointer = view, pointer
        self._ground.ask_soon()

    def _on_renewed(self) -> None:
        self._thread.clear(self.measured.slot)

    def grid(self, view: Viewport) -> TileGrid:
        """What is known of a viewport and a tile around it, coarse where nothing finer is."""
        tiles = self._tiles(view)
        level = tiles[0].level
        columns = max(tile.column for tile in tiles) - tiles[0].column + 1
        found = np.full((len(tiles), self.measured.columns), np.nan, np.float32)
        for place, tile in enumerate(tiles):
            values = self._best(tile)
            if values is not None:
                found[place] = values
        shape = (len(tiles) // columns, columns, self.measured.columns)
        return TileGrid(level, tiles[0].column, tiles[0].row, found.reshape(shape))

    def _best(self, tile: Tile) -> tuple[float, ...] | None:
        """The newest there is for a tile; of those the finest."""
        best: tuple[int, tuple[float, ...]] | None = None
        for _ in range(_COARSER[0] + 1):
            found = self._cache.get(tile)
            if found is not None and (best is None or found[0] > best[0]):
                best = found
            if best is not None and best[0] == self._ground.generation:
                break
            tile = self._stored(tile.parent)
        return None if best is None else best[1]

    def _stored(self, tile: Tile) -> Tile:
        """On a line nothing changes upward: one row stands for all."""
        model = self._session.model
        return tile if model is None or model.latent_size > 1 else tile._replace(row=0)

    def _tiles(self, view: Viewport) -> list[Tile]:
        """All that a viewport shows and one more on every side, to blend into, row by row."""
        tile_px = self._tile_px(view)
        margin = 2 * round(1.5 * tile_px)
        wider = view.resized(view.width + margin, view.height + margin)
        tiles = visible_tiles(wider, tile_px)
        return list(dict.fromkeys(self._stored(tile) for tile in tiles))

    def _tile_px(self, view: Viewport) -> float:
        """As large as it takes, so that there is something to see of a viewport of any size."""
        model, usual = self._session.model, self.measured.tile_px
        if model is not None and model.latent_size == 1:  # one row: there are never many
            return usual
        return fitting_tile_px(view, usual, self.measured.most)

    def _on_model_changed(self) -> None:
        self._cache.clear()
        self._ground.renew()

    def _ask(self) -> None:
        model = self._session.model
        missing = self._missing() if self.on and self._view.width > 1 else []
        if model is None or not missing:
            self._thread.clear(self.measured.slot)
            self._settle()
            return
        self._waiting = True
        self._told_at = 0.0  # the first, coarse ones at once
        self._done, self._asked_for, self._asked_at = 0, len(missing), perf_counter()
        z, labels = self._ground.at_centres(missing), self._ground.labels(len(missing))
        ticket = (self._ground.generation, tuple(missing))
        self._thread.submit(
            DecodeRequest(
                self.measured.slot,
                model.key,
                z,
                labels,
                ticket,
                self.measured.kind,
                self._ground.slice.basis,
            )
        )
        self.progressed.emit()

    def _missing(self) -> list[Tile]:
        """What is not there yet: coarse ones first, of each size those nearest the pointer."""
        levels: dict[int, dict[Tile, None]] = {up: {} for up in _COARSER}
        for tile in self._tiles(self._view):
            for up in range(_COARSER[0] + 1):
                levels[up][tile] = None
                tile = self._stored(tile.parent)
        return [
            tile
            for up in _COARSER
            for tile in nearest_first(list(levels[up]), self._pointer)
            if self._cache.get(tile, (-1,))[0] != self._ground.generation
        ]

    def _on_decoded(self, result: DecodeResult) -> None:
        if result.request.slot is not self.measured.slot:
            return
        generation, tiles = result.request.ticket
        if generation != self._ground.generation:
            return
        if result.error or result.values is None:  # what is wrong is told by `Decoding`
            self._settle()
            return
        for tile, values in zip(tiles[result.first :], result.values.tolist(), strict=False):
            self._keep(tile, tuple(values))
        self._done = result.first + len(result)
        done = self._done >= len(tiles)
        if done or perf_counter() - self._told_at >= _TELL_SECONDS:
            self._told_at = perf_counter()
            self.changed.emit()
            self.progressed.emit()
        if done:
            self._settle()

    def _settle(self) -> None:
        self._waiting = False
        self.progressed.emit()
        self.settled.emit()

    def _keep(self, tile: Tile, values: tuple[float, ...]) -> None:
        self._cache[tile] = (self._ground.generation, values)
        self._cache.move_to_end(tile)
        while len(self._cache) > MOST_KEPT:
            self._cache.popitem(last=False)
