"""The overlays of an epoch of a replay: measured off the GUI thread, drawn with its frames."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from explorer.aggregate import fitting_relief, lay_out
from explorer.batching import Batches
from explorer.legends import (
    Entry,
    draw_entry,
    entry_width,
    figure,
    latent_unit,
    magnification_unit,
)
from explorer.overlay_drawing import (
    ARROWS,
    VIRIDIS,
    Range,
    draw_arrows,
    draw_heat,
    draw_relief,
    field_range,
    magnification_range,
)
from explorer.overlays import FIELD, MAGNIFICATION, Measured, TileGrid
from explorer.rendering import measure
from explorer.viewport import Tile, Viewport, centres, fitting_tile_px, visible_tiles
from explorer.workers import Cancelled, TaskContext
from models.planes import Plane
from models.relief import Relief

if TYPE_CHECKING:
    from explorer.epochs import Epoch
    from models.model import Model

Floats = npt.NDArray[np.float32]

MOST_VALUES = 500  # about, of a kind and an epoch: so many take less than the tiles of a mosaic
_MOST_AT_ONCE = 64
_BAR_PX, _PAD_PX = 90.0, 6.0


@dataclass(frozen=True)
class Wanted:
    """Which overlays are on."""

    density: bool = False
    magnification: bool = False
    field: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """What they are called."""
        found = (
            ("density", self.density),
            ("magnification", self.magnification),
            ("field", self.field),
        )
        return tuple(name for name, on in found if on)


@dataclass(frozen=True)
class Ground:
    """What overlays are drawn on; `prior_beside`: the density shows the prior with it."""

    has_prior: bool
    line_only: bool
    prior_beside: bool
    dark: bool


@dataclass(frozen=True, eq=False)
class Overlays:
    """What there is of them at an epoch."""

    relief: Relief | None = None
    heat: TileGrid | None = None
    arrows: TileGrid | None = None


def overlays_of(
    wanted: Wanted,
    found: "Epoch",
    view: Viewport,
    plane: Plane,
    tiles_at: Plane,
    label: int | None,
    context: TaskContext,
) -> Overlays:
    """Density of the epoch's posteriors in `plane`; its values at tiles of the plane `tiles_at`.

    Raises:
        Cancelled: it was told to stop.
    """
    relief, points = None, found.info.points
    if wanted.density and points is not None and len(points):
        aggregate = lay_out(plane, points, found.info.has_prior, context)
        relief = fitting_relief(aggregate, view, context)

    def grid(measured: Measured) -> TileGrid:
        return _grid(measured, found.model, view, tiles_at, label, context)

    return Overlays(
        relief,
        grid(MAGNIFICATION) if wanted.magnification else None,
        grid(FIELD) if wanted.field else None,
    )


def _grid(
    measured: Measured,
    model: "Model",
    view: Viewport,
    plane: Plane,
    label: int | None,
    context: TaskContext,
) -> TileGrid:
    """Values of all tiles that a viewport shows and one more on every side, to blend into."""
    tile_px = fitting_tile_px(view, measured.tile_px, MOST_VALUES)
    margin = 2 * round(1.5 * tile_px)
    tiles = visible_tiles(view.resized(view.width + margin, view.height + margin), tile_px)
    if model.latent_size == 1:
        tiles = tuple(dict.fromkeys(tile._replace(row=0) for tile in tiles))
    values = _values(measured, model, tiles, plane, label, context)
    columns = tiles[-1].column - tiles[0].column + 1
    shape = (len(tiles) // columns, columns, measured.columns)
    return TileGrid(tiles[0].level, tiles[0].column, tiles[0].row, values.reshape(shape))


def _values(
    measured: Measured,
    model: "Model",
    tiles: tuple[Tile, ...],
    plane: Plane,
    label: int | None,
    context: TaskContext,
) -> Floats:
    """Values [N, C]; where they cannot be computed they are no numbers."""
    z = plane.lift(centres(tiles).astype(np.float32))
    classes = np.full(len(z), label or 0, np.int64) if model.conditional else None
    found = np.full((len(z), measured.columns), np.nan, np.float32)
    for part in Batches(_MOST_AT_ONCE).parts(len(z)):
        if context.cancelled():
            raise Cancelled
        of_class = None if classes is None else classes[part]
        try:
            found[part] = measure(model, measured.kind, z[part], plane.basis, of_class)
        except (ValueError, RuntimeError, MemoryError):  # as on the map: nothing is drawn there
            return found
    return found


# -- drawing -----------------------------------------------------------------------------------


def draw_below(painter: QPainter, view: Viewport, overlays: Overlays) -> None:
    """What lies under the points."""
    heat = overlays.heat
    scale = None if heat is None else magnification_range(heat)
    if heat is not None and scale is not None:
        _apart(painter, lambda: draw_heat(painter, view, heat, scale))


def draw_above(painter: QPainter, view: Viewport, overlays: Overlays, look: Ground) -> None:
    """What lies over the points, and the scales of colours, which are those of this epoch."""
    relief, arrows = overlays.relief, overlays.arrows
    if relief is not None:
        _apart(painter, lambda: draw_relief(painter, view, relief, look.prior_beside, look.dark))
    lengths = None if arrows is None else field_range(arrows)
    if arrows is not None and lengths is not None:
        _apart(painter, lambda: draw_arrows(painter, view, arrows, lengths))
    rows = scales(overlays, look)
    _apart(painter, lambda: _draw_scales(painter, view, rows))


def scales(overlays: Overlays, look: Ground) -> list[Entry]:
    """What the colours of values mean."""
    rows = []
    factors = None if overlays.heat is None else magnification_range(overlays.heat)
    if factors is not None:
        unit = magnification_unit(look.has_prior, look.line_only)
        rows.append(_scale("Magnification", VIRIDIS, factors, unit))
    lengths = None if overlays.arrows is None else field_range(overlays.arrows)
    if lengths is not None:
        rows.append(_scale("Field", ARROWS, lengths, latent_unit(look.has_prior)))
    return rows


def _scale(title: str, colours: tuple[str, ...], ends: Range, unit: str) -> Entry:
    low, high = figure(ends.low), figure(ends.high)
    return Entry(title.lower(), title, "", colours, low, high, unit=unit)


def _apart(painter: QPainter, draw: Callable[[], None]) -> None:
    painter.save()
    draw()
    painter.restore()


def _draw_scales(painter: QPainter, view: Viewport, rows: list[Entry]) -> None:
    """What the colours mean, in the upper left corner, as far as there is room."""
    font = QFont(painter.font())
    font.setPixelSize(max(9, round(0.024 * view.height)))
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    high, bar = metrics.height() + 4, min(_BAR_PX, 0.25 * view.width)
    y = _PAD_PX
    for entry in rows:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(10, 12, 16, 215))
        wide = entry_width(entry, metrics, bar) + 2 * _PAD_PX
        painter.drawRoundedRect(QRectF(_PAD_PX, y, wide, high), 3, 3)
        box = QRectF(2 * _PAD_PX, y, wide, high)
        draw_entry(painter, entry, box, QColor("#f0f2f5"), True, bar)
        y += high + 2
