"""The overlays of an epoch of a replay: measured off the GUI thread, drawn with its frames."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from explorer.aggregate import fitting_relief, lay_out
from explorer.batching import Batches
from explorer.overlay_drawing import (
    ARROWS,
    VIRIDIS,
    Range,
    draw_arrows,
    draw_heat,
    draw_relief,
    field_range,
    magnification_range,
    ramp,
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
Bytes = npt.NDArray[np.uint8]

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


def draw_above(
    painter: QPainter, view: Viewport, overlays: Overlays, with_prior: bool, dark: bool
) -> None:
    """What lies over the points, and the scales of colours, which are those of this epoch."""
    relief, arrows = overlays.relief, overlays.arrows
    if relief is not None:
        _apart(painter, lambda: draw_relief(painter, view, relief, with_prior, dark))
    lengths = None if arrows is None else field_range(arrows)
    if arrows is not None and lengths is not None:
        _apart(painter, lambda: draw_arrows(painter, view, arrows, lengths))
    rows: list[tuple[str, Range, tuple[str, ...]]] = []
    factors = None if overlays.heat is None else magnification_range(overlays.heat)
    if factors is not None:
        rows.append(("Magnification", factors, VIRIDIS))
    if lengths is not None:
        rows.append(("Field", lengths, ARROWS))
    _apart(painter, lambda: _draw_scales(painter, view, rows))


def _apart(painter: QPainter, draw: Callable[[], None]) -> None:
    painter.save()
    draw()
    painter.restore()


def _draw_scales(
    painter: QPainter, view: Viewport, rows: list[tuple[str, Range, tuple[str, ...]]]
) -> None:
    """What the colours mean, in the upper left corner, as far as there is room."""
    font = QFont(painter.font())
    font.setPixelSize(max(9, round(0.024 * view.height)))
    painter.setFont(font)
    high, metrics = QFontMetricsF(font).height() + 4, QFontMetricsF(font)
    bar = min(_BAR_PX, 0.25 * view.width)
    y = _PAD_PX
    for title, ends, colours in rows:
        words = f"{title}  {ends.low:.2g}", f"{ends.high:.2g}"
        first, second = (metrics.horizontalAdvance(text) for text in words)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(10, 12, 16, 215))
        wide = first + bar + second + 4 * _PAD_PX
        painter.drawRoundedRect(QRectF(_PAD_PX, y, wide, high), 3, 3)
        x = 2 * _PAD_PX
        painter.setPen(QColor("#f0f2f5"))
        lead = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(x, y, first + 2, high), lead, words[0])
        x += first + _PAD_PX
        painter.drawImage(QRectF(x, y + high / 2 - 3, bar, 6), _bar(colours))
        x += bar + _PAD_PX
        painter.drawText(QRectF(x, y, second + 2, high), lead, words[1])
        y += high + 2


def _bar(colours: tuple[str, ...]) -> QImage:
    pixels = np.ascontiguousarray(ramp(colours, np.linspace(0, 1, 64))[None])
    return QImage(pixels.data, 64, 1, 192, QImage.Format.Format_RGB888).copy()
