"""Service: from a viewport to tiles, nearest the pointer first, kept in an LRU cache."""

from collections import OrderedDict
from math import ceil, sqrt
from time import perf_counter

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from explorer.painting import to_images
from explorer.rendering import DecodeRequest, DecodeResult, Slot
from explorer.session import Session
from explorer.tile_ground import TileGround
from explorer.viewport import Tile, Viewport, fitting_tile_px, nearest_first, visible_tiles
from explorer.workers import DecodeThread

CACHE_BYTES = 64 * 2**20
AT_ONCE_SECONDS = 0.02  # tiles that take no longer are waited for; their frame is then the first
WHOLE_SECONDS = 2.0  # so long a mosaic that is to come whole is held back
_TELL_SECONDS = 0.04  # between two looks at a mosaic that fills: each draws all of it anew
_MOST_TILES = 2000  # in one viewport: below this a zoomed-out view stays quick
_FITTING_TILES = 1700  # asked for in one; it may come to some more
_ROOM = 0.7  # of the memory for what is in sight; the rest for the coarse and for what was
_LARGER = 1.25


class Mosaic(QObject):
    """The decoded ground of the map: `image(tile)` now, `tiles_changed` when more has come."""

    tiles_changed = Signal()
    settled = Signal()

    def __init__(self, session: Session, thread: DecodeThread, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._thread = session, thread
        self._cache: OrderedDict[Tile, tuple[int, QImage]] = OrderedDict()  # with generation
        self._bytes, self._most_bytes = 0, CACHE_BYTES
        self._view, self._tile_px = Viewport(), 42.0
        self._pointer = (0.0, 0.0)
        self._shrink = 1
        self._told_at = self._asked_at = 0.0
        self.busy = False
        self.only_whole = False  # while epochs are played, so that no two are seen at once
        self._ground = TileGround(session, self)
        self._ground.renewed.connect(self._on_renewed)
        self._ground.ask_wished.connect(self._ask)
        thread.decoded.connect(self._on_decoded)
        session.model_changed.connect(self._on_model_changed)

    def image(self, tile: Tile) -> QImage | None:
        """The picture of a tile, if it is there; one about to be replaced still stands."""
        found = self._cache.get(tile)
        if found is None:
            return None
        self._cache.move_to_end(tile)
        return found[1]

    def look(
        self, view: Viewport, tile_px: float, pointer: tuple[float, float], ratio: float = 1.0
    ) -> None:
        """Fill this viewport, beginning nearest the pointer (plane coordinates).

        `ratio` is how many pixels of the screen one of the viewport has.
        """
        self._view, self._tile_px, self._pointer = view, tile_px, pointer
        shrink = self._shrink_for(tile_px, ratio)
        if shrink != self._shrink:
            self._shrink = shrink
            self._ground.renew()
        self._ground.ask_soon()

    def fitting_tile_px(self, view: Viewport, tile_px: float, ratio: float = 1.0) -> float:
        """`tile_px`, or as much more as it takes for all tiles in sight to be kept at once.

        Of more than there is memory for, those that came first would make room for the last.
        """
        fitting = fitting_tile_px(view, tile_px, _FITTING_TILES)
        while fitting < max(view.width, view.height):
            tiles = 2 * view.width * view.height / fitting**2  # at most
            if tiles * self._tile_bytes(fitting, ratio) <= _ROOM * self._most_bytes:
                break
            fitting *= _LARGER
        return fitting

    def _shrink_for(self, tile_px: float, ratio: float) -> int:
        """By how much pictures are larger than their tiles are ever drawn."""
        model = self._session.model
        drawn = ceil(sqrt(2) * tile_px * ratio)
        return 1 if model is None else max(1, min(model.image_shape[1:]) // drawn)

    def _tile_bytes(self, tile_px: float, ratio: float) -> int:
        model = self._session.model
        if model is None:
            return 0
        shrink = self._shrink_for(tile_px, ratio)
        channels, height, width = model.image_shape
        return ceil(height / shrink) * (ceil(width / shrink) * channels + 3)  # to whole words

    @property
    def fills(self) -> bool:
        """Whether tiles in sight are still to come, or to be asked for."""
        return self.busy or (self._ground.ask_pending and self._session.layers.mosaic)

    @property
    def comes_at_once(self) -> bool:
        """Whether the tiles asked for are likely to be there sooner than a frame without them."""
        return self._ground.ask_pending and self._session.layers.mosaic and self._decoded_at_once()

    def _decoded_at_once(self) -> bool:
        model = self._session.model
        each = None if model is None else self._thread.seconds_a_picture(model.key)
        count = len(visible_tiles(self._view, self._tile_px))
        return each is not None and each * count <= AT_ONCE_SECONDS

    def limit(self, most_bytes: int) -> None:
        """Keep no more than that of pictures: those seen longest ago go first."""
        self._most_bytes = most_bytes
        self._let_go()

    def _on_renewed(self) -> None:
        self._thread.clear(Slot.TILES)

    def _on_model_changed(self) -> None:
        self._cache.clear()
        self._bytes, self._shrink = 0, 1
        self._ground.renew()

    def _ask(self) -> None:
        model = self._session.model
        if model is None or not self._session.layers.mosaic or self._view.width <= 1:
            self.busy = False
            return
        missing = [tile for tile in self._needed() if not self._fresh(tile)]
        if not missing or len(missing) > _MOST_TILES:
            self.busy = False
            self._thread.clear(Slot.TILES)
            self.settled.emit()
            return
        self.busy = True
        # The first, coarse ones are told of at once; but all together if nobody has to wait.
        self._asked_at = perf_counter()
        self._told_at = self._asked_at if self._decoded_at_once() else 0.0
        z, labels = self._ground.at_centres(missing), self._ground.labels(len(missing))
        ticket = (self._ground.generation, tuple(missing))
        self._thread.submit(
            DecodeRequest(Slot.TILES, model.key, z, labels, ticket, shrink=self._shrink)
        )

    def _fresh(self, tile: Tile) -> bool:
        found = self._cache.get(tile)
        return found is not None and found[0] == self._ground.generation

    def _needed(self) -> list[Tile]:
        """A coarse layer first, so that something stands everywhere at once; then the tiles."""
        tiles = visible_tiles(self._view, self._tile_px)
        if self._decoded_at_once():
            return nearest_first(tiles, self._pointer)
        cells = dict.fromkeys((tile.column // 4, tile.row // 4) for tile in tiles)
        coarse = [Tile(tiles[0].level - 2, *cell) for cell in cells]
        return [*nearest_first(coarse, self._pointer), *nearest_first(tiles, self._pointer)]

    def _on_decoded(self, result: DecodeResult) -> None:
        if result.request.slot is not Slot.TILES:
            return
        generation, tiles = result.request.ticket
        if generation != self._ground.generation:
            return
        images = to_images(result.pictures)
        for tile, image in zip(tiles[result.first :], images, strict=False):
            self._keep(tile, image)
        self._let_go()
        done = bool(result.error) or result.first + len(images) >= len(tiles)
        now = perf_counter()
        held = self.only_whole and now - self._asked_at < WHOLE_SECONDS
        if done or (not held and now - self._told_at >= _TELL_SECONDS):
            self._told_at = now
            self.tiles_changed.emit()
        if done:
            self.busy = False
            self.settled.emit()

    def _keep(self, tile: Tile, image: QImage) -> None:
        old = self._cache.pop(tile, None)
        self._bytes += image.sizeInBytes() - (old[1].sizeInBytes() if old else 0)
        self._cache[tile] = (self._ground.generation, image)

    def _let_go(self) -> None:
        while self._bytes > self._most_bytes and len(self._cache) > 1:
            _, (_, dropped) = self._cache.popitem(last=False)
            self._bytes -= dropped.sizeInBytes()
