"""What lies over the ground of the map: heat map, arrows, and contours of a density."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QImage,
    QPaintEngine,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QPolygonF,
    QTransform,
)

from explorer import dashes, theme
from explorer.circles import draw_ellipse
from explorer.overlays import TileGrid
from explorer.viewport import Viewport
from models.relief import Relief

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]

# Viridis at even steps (Smith and van der Walt 2015): as light as it is high, for all eyes.
VIRIDIS = (
    "#440154",
    "#482878",
    "#3e4a89",
    "#31688e",
    "#26828e",
    "#1f9e89",
    "#35b779",
    "#6ece58",
    "#b5de2b",
    "#fde725",
)
# Short to long: light on any ground behind a dark rim, and from pale to strong.
ARROWS = ("#f4f9ff", "#ffe9a8", "#ffc94d", "#ff9a3c", "#ff6a3c")
DATA_COLOUR, PRIOR_COLOUR, HOLE_COLOUR = "#ffd166", "#6f9fd8", "#ff5fa2"
LIGHT_DATA, LIGHT_PRIOR, LIGHT_HOLE = "#8a5a00", "#2c5f9e", "#b3005e"

_OPACITY = 0.62
_SHARES = (2.0, 98.0)  # percentiles of what is visible that take the ends of the colours
_LEAST, _APART = 1e-12, 1.05  # the least factor, and the least ratio of both ends of its colours
_SHORTEST_PX, _HEAD_PX, _ROOM = 2.0, 6.0, 0.92  # the longest arrow is that share of a tile
_RIM = QColor(8, 10, 14, 190)
_WORD_PX, _HATCH_PX = 34.0, 7.0  # a narrower hole has no word on it


def ramp(colours: tuple[str, ...], shares: npt.ArrayLike) -> Bytes:
    """Colours [..., 3] at shares [...] (0 to 1) of the way through a list of them."""
    parsed = [QColor(name) for name in colours]
    table = np.array([(c.red(), c.green(), c.blue()) for c in parsed], np.float64)
    at = np.clip(np.asarray(shares, np.float64), 0.0, 1.0) * (len(table) - 1)
    parts = [np.interp(at, np.arange(len(table)), table[:, part]) for part in range(3)]
    return np.stack(parts, -1).round().astype(np.uint8)


@dataclass(frozen=True)
class Range:
    """The ends of a scale of colours."""

    low: float
    high: float


def magnification_range(grid: TileGrid) -> Range | None:
    """Nearly the least and the most of what is visible; nothing where nothing is known.

    At least a twentieth apart, so that what is nearly the same everywhere looks so.
    """
    found = grid.values[..., 0]
    found = found[np.isfinite(found)]
    if not len(found):
        return None
    low, high = np.percentile(np.maximum(found, _LEAST), _SHARES)
    return Range(float(low), float(max(high, low * _APART)))


def field_range(grid: TileGrid) -> Range | None:
    """From no step to nearly the longest visible one, in the plane."""
    lengths = np.hypot(grid.values[..., 0], grid.values[..., 1])
    lengths = lengths[np.isfinite(lengths)]
    return Range(0.0, float(max(np.percentile(lengths, 98), 1e-9))) if len(lengths) else None


class _Kept:
    """A drawing kept as it is until what it shows, or from where it is looked at, changes."""

    def __init__(self) -> None:
        self._pixmap = QPixmap()
        self._view: tuple[Viewport, float, bool, bool] | None = None

    def forget(self) -> None:
        self._view = None

    def draw(
        self, painter: QPainter, view: Viewport, dark: bool, paint: Callable[[QPainter], None]
    ) -> None:
        """Draw what `paint` draws, which is called only if it is to be drawn anew.

        A recording, for a picture of another size, gets the lines themselves.
        """
        if _is_recording(painter):
            paint(painter)
            return
        ratio = painter.device().devicePixelRatio()
        now = view, ratio, dark, theme.colours().dark
        if self._view != now:
            self._view = now
            self._pixmap = QPixmap(ceil(view.width * ratio), ceil(view.height * ratio))
            self._pixmap.setDevicePixelRatio(ratio)
            self._pixmap.fill(Qt.GlobalColor.transparent)
            own = QPainter(self._pixmap)
            own.setFont(painter.font())
            paint(own)
            own.end()
        painter.drawPixmap(0, 0, self._pixmap)


def _is_recording(painter: QPainter) -> bool:
    return bool(painter.paintEngine().type() == QPaintEngine.Type.Picture)


class TileLayer:
    """Measured tiles, drawn in colours whose `range` is that of what is visible."""

    def __init__(
        self,
        range_of: Callable[[TileGrid], Range | None],
        paint: Callable[[QPainter, Viewport, TileGrid, Range], None],
    ) -> None:
        self.grid: TileGrid | None = None
        self.range: Range | None = None
        self._range_of, self._paint = range_of, paint
        self._kept = _Kept()

    def show(self, grid: TileGrid | None) -> None:
        """Show other values."""
        self.grid = grid
        self.range = None if grid is None else self._range_of(grid)
        self._kept.forget()

    def draw(self, painter: QPainter, view: Viewport, dark: bool) -> None:
        grid, scale = self.grid, self.range
        if grid is not None and scale is not None:
            self._kept.draw(painter, view, dark, lambda own: self._paint(own, view, grid, scale))


def heat_map() -> TileLayer:
    """Magnification factors, on a logarithmic scale of colours, blended between tiles."""
    return TileLayer(magnification_range, draw_heat)


def arrow_field() -> TileLayer:
    """Steps from z toward encode(decode(z)), to the scale of the map as far as there is room."""
    return TileLayer(field_range, draw_arrows)


def draw_heat(painter: QPainter, view: Viewport, grid: TileGrid, scale: Range) -> None:
    """Colours of tiles, each blended into the next."""
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(_pixels(view, grid), heat_image(grid, scale))


def heat_image(grid: TileGrid, scale: Range) -> QImage:
    """A pixel a tile, the highest row first; where nothing is known it is transparent."""
    values = grid.values[::-1, :, 0]
    known = np.isfinite(values)
    logs = np.log(np.maximum(np.where(known, values, scale.low), _LEAST))
    low, high = np.log(scale.low), np.log(scale.high)
    pixels = np.zeros((*values.shape, 4), np.uint8)
    pixels[..., :3] = ramp(VIRIDIS, (logs - low) / max(high - low, 1e-9))
    pixels[..., 3] = 255
    faint = np.where(known, _OPACITY, 0.0)[..., None]
    pixels = np.ascontiguousarray((pixels * faint).round().astype(np.uint8))
    kind = QImage.Format.Format_RGBA8888_Premultiplied
    return QImage(pixels.data, values.shape[1], values.shape[0], values.shape[1] * 4, kind).copy()


def _pixels(view: Viewport, grid: TileGrid) -> QRectF:
    """Where on the map a grid lies; all the height of it on a line."""
    left, bottom, right, top = grid.box
    x0, y1 = view.pixel(left, bottom)
    x1, y0 = view.pixel(right, top)
    if len(grid.values) == 1:
        y0, y1 = 0.0, float(view.height)
    return QRectF(QPointF(x0, y0), QPointF(x1, y1))


def draw_arrows(painter: QPainter, view: Viewport, grid: TileGrid, scale: Range) -> None:
    """An arrow from the centre of each tile, coloured by how long the step is."""
    tails, steps, lengths = arrows(view, grid)
    shades = np.clip(lengths / scale.high * len(ARROWS), 0, len(ARROWS) - 1).astype(np.int64)
    lines = [
        [QLineF(*line) for line in _shaft_and_head(tail, step)]
        for tail, step in zip(tails, steps, strict=True)
    ]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    cap = Qt.PenCapStyle.RoundCap
    painter.setPen(QPen(_RIM, 3.4, Qt.PenStyle.SolidLine, cap))
    painter.drawLines([line for arrow in lines for line in arrow])
    for shade, colour in enumerate(ARROWS):
        chosen = [line for place in np.flatnonzero(shades == shade) for line in lines[place]]
        if chosen:
            painter.setPen(QPen(QColor(colour), 1.5, Qt.PenStyle.SolidLine, cap))
            painter.drawLines(chosen)


def arrows(view: Viewport, grid: TileGrid) -> tuple[Doubles, Doubles, Doubles]:
    """Tails and steps in pixels [N, 2], and the lengths of the steps in latent units [N].

    Steps that would reach the next tile are cut.
    """
    size = 2.0**-grid.level
    rows, columns = grid.values.shape[:2]
    row, column = np.mgrid[:rows, :columns]
    centres = np.stack([grid.column + column + 0.5, grid.row + row + 0.5], -1).reshape(-1, 2) * size
    steps = grid.values[..., :2].reshape(-1, 2).astype(np.float64)
    known = np.isfinite(steps).all(1)
    centres, steps = centres[known], steps[known]
    lengths = np.hypot(*steps.T)
    pixels = steps * [view.scale, -view.scale]
    longest = _ROOM * size * view.scale
    cut = np.minimum(1.0, longest / np.maximum(lengths * view.scale, 1e-9))
    tails = view.to_pixels(centres)
    if rows == 1:
        tails[:, 1] = view.height / 2
    return tails, pixels * cut[:, None], lengths


def _shaft_and_head(tail: Doubles, step: Doubles) -> list[tuple[float, float, float, float]]:
    (x, y), (dx, dy) = tail.tolist(), step.tolist()
    length = float(np.hypot(dx, dy))
    if length < _SHORTEST_PX:
        return [(x, y, x + 0.01, y)]  # a dot
    head = min(_HEAD_PX, 0.45 * length) / length
    tip = x + dx, y + dy
    barbs = ((-dx - side * dy, -dy + side * dx) for side in (0.55, -0.55))
    return [(x, y, *tip), *((*tip, tip[0] + head * u, tip[1] + head * v) for u, v in barbs)]


class Contours:
    """The density of the aggregate posterior: rings, the prior's beside them, and holes."""

    def __init__(self) -> None:
        self.relief: Relief | None = None
        self.with_prior = False  # unless the map draws its circles anyway
        self._kept = _Kept()

    def show(self, relief: Relief | None, with_prior: bool) -> None:
        """Show another density, and the prior's circles too if `with_prior`."""
        if relief is not self.relief or with_prior != self.with_prior:
            self.relief, self.with_prior = relief, with_prior
            self._kept.forget()

    def draw(self, painter: QPainter, view: Viewport, dark: bool) -> None:
        relief = self.relief
        if relief is not None:
            self._kept.draw(
                painter,
                view,
                dark,
                lambda own: draw_relief(own, view, relief, self.with_prior, dark),
            )


def draw_relief(
    painter: QPainter, view: Viewport, relief: Relief, with_prior: bool, dark: bool
) -> None:
    """Holes first, then the prior's circles, the rings of the data, and what holes are called."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    data, prior, hole = (
        (DATA_COLOUR, PRIOR_COLOUR, HOLE_COLOUR) if dark else (LIGHT_DATA, LIGHT_PRIOR, LIGHT_HOLE)
    )
    if relief.grid.rows == 1:
        _draw_profiles(painter, view, relief, (data, prior if with_prior else ""))
        return
    rim = QColor(8, 10, 14, 150) if dark else QColor(255, 255, 255, 170)
    place = QTransform(view.scale, 0, 0, -view.scale, *view.pixel(0.0, 0.0))
    seen = QRectF(0, 0, view.width, view.height)
    _draw_holes(painter, place, relief.holes, QColor(hole), seen)
    if with_prior:
        painter.setPen(QPen(QColor(prior), 1.2, Qt.PenStyle.DashLine))
        centre = QPointF(*view.pixel(0.0, 0.0))
        for reach in (view.scale, 2 * view.scale, 3 * view.scale):
            if _is_recording(painter):
                seen = QRectF(-4, -4, view.width + 8, view.height + 8)
                dashes.draw_circle(painter, centre, reach, seen)
            else:
                draw_ellipse(painter, centre, reach, reach)
    for number, rings in enumerate(relief.rings):
        path = place.map(_path(rings))
        for colour, width in ((rim, 3.6), (QColor(data), 2.2 - 0.5 * number)):
            painter.setPen(QPen(colour, width))
            painter.drawPath(path)
    _name_holes(painter, place, relief.holes)


def _path(lines: tuple[Doubles, ...]) -> QPainterPath:
    """Closed lines as one path, in plane coordinates."""
    path = QPainterPath()
    for line in lines:
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in line.tolist()]))
        path.closeSubpath()
    return path


def _draw_holes(
    painter: QPainter,
    place: QTransform,
    holes: tuple[Doubles, ...],
    colour: QColor,
    seen: QRectF,
) -> None:
    """Tinted and hatched, as far as they are seen."""
    tint = QColor(colour)
    tint.setAlpha(70)
    path = place.map(_path(holes))
    painter.setPen(QPen(_RIM, 2.6))
    painter.setBrush(tint)
    painter.drawPath(path)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, 1.4))
    painter.drawPath(path)
    painter.save()
    painter.setClipPath(path, Qt.ClipOperation.IntersectClip)
    painter.drawLines(_hatching(path.boundingRect() & seen))
    painter.restore()


def _name_holes(painter: QPainter, place: QTransform, holes: tuple[Doubles, ...]) -> None:
    """A word on those that have room for it, above every line."""
    for line in holes:
        x, y, width = _widest(line)
        if _area(line) > 0 and width * place.m11() > _WORD_PX:
            _word(painter, place.map(QPointF(x, y)))


def _hatching(box: QRectF) -> list[QLineF]:
    """Slanted lines over a box, always at the same places of the map."""
    if box.isEmpty():
        return []
    first = ceil((box.left() + box.top()) / _HATCH_PX)
    last = int((box.right() + box.bottom()) / _HATCH_PX)
    return [
        QLineF(
            number * _HATCH_PX - box.top(),
            box.top(),
            number * _HATCH_PX - box.bottom(),
            box.bottom(),
        )
        for number in range(first, last + 1)
    ]


def _area(line: Doubles) -> float:
    """Square latent units; that of a gap in a hole is less than 0."""
    x, y = line.T
    return -0.5 * float(x @ np.roll(y, -1) - y @ np.roll(x, -1))


def _widest(line: Doubles) -> tuple[float, float, float]:
    """The middle (x, y) of where a closed line is widest, and how wide it is there."""
    ends = np.roll(line, -1, axis=0)
    best = (0.0, *line.mean(0).tolist())
    for y in np.linspace(line[:, 1].min(), line[:, 1].max(), 9)[1:-1]:
        crossed = (line[:, 1] > y) != (ends[:, 1] > y)
        start, end = line[crossed], ends[crossed]
        share = (y - start[:, 1]) / (end[:, 1] - start[:, 1])
        xs = np.sort(start[:, 0] + share * (end[:, 0] - start[:, 0]))
        for left, right in zip(xs[::2], xs[1::2], strict=False):
            best = max(best, (float(right - left), float(left + right) / 2, float(y)))
    return best[1], best[2], best[0]


def _word(painter: QPainter, at: QPointF) -> None:
    font = painter.font()
    font.setPointSizeF(7.5)
    painter.setFont(font)
    box = QRectF(0, 0, painter.fontMetrics().horizontalAdvance("hole") + 8, 13)
    box.moveCenter(at)
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    plate = QColor(theme.colours().panel)
    plate.setAlpha(225)
    painter.setBrush(plate)
    painter.drawRoundedRect(box, 3, 3)
    painter.setPen(QColor(theme.colours().text))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "hole")
    painter.restore()


def _draw_profiles(
    painter: QPainter, view: Viewport, relief: Relief, colours: tuple[str, str]
) -> None:
    """On a line the densities stand on the lower edge as curves, the higher a third of the map."""
    across = relief.grid.centres[0]
    curves = relief.values[0], relief.prior()[0]
    highest = max(float(curves[0].max()), float(curves[1].max()) if colours[1] else 0.0, 1e-12)
    x = view.to_pixels(np.stack([across, np.zeros_like(across)], 1))[:, 0]
    styles = Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine
    for curve, colour, style in zip(curves, colours, styles, strict=True):
        if colour:
            y = view.height * (1 - 0.33 * curve / highest) - 1
            painter.setPen(QPen(QColor(colour), 1.8, style))
            points = [QPointF(*at) for at in zip(x.tolist(), y.tolist(), strict=True)]
            if style == Qt.PenStyle.DashLine and _is_recording(painter):
                dashes.draw_polyline(painter, points)
            else:
                painter.drawPolyline(QPolygonF(points))
