"""The map as a picture of any size: drawn anew from what is on it, in parts, in any thread."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPicture, QTransform

from explorer import painting
from explorer.axes import MARGIN_BOTTOM_PX, MARGIN_LEFT_PX, draw_axes
from explorer.crowd_image import Crowd, crowd_rows, few_in_sight, tones
from explorer.fine_points import dots, draw_dots
from explorer.legends import Entry, draw_entry, entry_width
from explorer.painting import Drawn, Ellipse, Marker, pixels_image
from explorer.theme import Colours, class_colour
from explorer.tile_drawing import TileImage, fade
from explorer.viewport import Tile, Viewport, tile_level, tile_span

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

_CAPTION_PX = 18
# Qt rounds the places of letters differently above the first row: so many rows are drawn in vain,
# unless letters are large, for those are drawn as outlines.
_LEAD_PX, _LARGEST_LEAD = 8, 64
_LEGEND_ROW_PX, _LEGEND_GAP_PX, _LEGEND_EDGE_PX = 20, 14, 10
_BAR_PX, _LEAST_BAR_PX = 110.0, 24.0


@dataclass(frozen=True, eq=False)
class MapContents:
    """Everything on the map at one moment; `view` is its ground in the screen's pixels.

    `points` [N, 2] have `point_colours` [N, 3]; very many are the `crowd`. `below`, `above` and
    `on_top` are what further layers drew. `opacity` of the tiles is 0 to 1. `legend` are the
    classes shown and their names, `scales` what other colours and lines mean, `caption`
    tells what the axes are.
    """

    view: Viewport
    colours: Colours
    ground_dark: bool
    line_only: bool
    tiles: bool
    tile_px: float
    opacity: float
    prior: bool
    points: Floats
    point_colours: Bytes
    below: QPicture
    above: QPicture
    on_top: QPicture
    path: Floats
    markers: tuple[Marker, ...]
    ellipses: tuple[Ellipse, ...]
    legend: tuple[tuple[int, str], ...] = ()
    scales: tuple[Entry, ...] = ()
    caption: str = ""
    crowd: Crowd | None = None


def recorded(layers: Sequence[Drawn], view: Viewport, dark: bool) -> QPicture:
    """What layers draw, in a form that another thread may draw at any size."""
    picture = QPicture()
    painter = QPainter(picture)
    painting.draw_layers(painter, layers, view, dark)
    painter.end()
    return picture


@dataclass(frozen=True)
class Included:
    """What of the map a picture shows beside its ground."""

    axes: bool = True
    handles: bool = True
    legend: bool = True


def logical_size(contents: MapContents, included: Included) -> QSize:
    """Pixels of the picture at the scale of the screen."""
    width, height = contents.view.width, contents.view.height
    if included.axes:
        width, height = width + MARGIN_LEFT_PX, height + MARGIN_BOTTOM_PX
        height += _CAPTION_PX if contents.caption else 0
    if included.legend and (contents.legend or contents.scales):
        height += _legend_rows(contents, width) * _LEGEND_ROW_PX + _LEGEND_EDGE_PX
    return QSize(width, height)


def draw_map(
    contents: MapContents, image_of: TileImage, ratio: float, included: Included
) -> QImage:
    """The whole picture at once, for which there must be room."""
    drawing = MapDrawing(contents, ratio, included)
    return drawing.rows(range(drawing.height), image_of)


class MapDrawing:
    """The map `ratio` times as large as on the screen: words and lines are drawn as finely.

    It is `width` x `height` pixels, of which any rows can be drawn by themselves.
    """

    def __init__(self, contents: MapContents, ratio: float, included: Included) -> None:
        self._contents, self._included, self._ratio = contents, included, ratio
        size = logical_size(contents, included)
        self.width = max(1, round(size.width() * ratio))
        self.height = max(1, round(size.height() * ratio))
        self._left = MARGIN_LEFT_PX if included.axes else 0
        view = contents.view
        self._ground = QSize(max(1, round(view.width * ratio)), max(1, round(view.height * ratio)))
        crowd, dark, view = contents.crowd, contents.ground_dark, view.spread
        few = None if crowd is None else few_in_sight(crowd, view, dark)
        self._dots = dots(view, *(few or (contents.points, contents.point_colours)), dark)
        self._tones = None if crowd is None or few is not None else tones(crowd, view)

    def tiles(self, rows: range) -> list[list[Tile]]:
        """The tiles that those rows show, line by line from the top."""
        if not self._contents.tiles:
            return []
        span = tile_span(self._contents.view, self._contents.tile_px)
        firsts = (Tile(span.level, span.columns.start, row) for row in reversed(span.rows))
        shown = (tile.row for tile in firsts if _meets(self._tile_rect(tile), rows))
        return [[Tile(span.level, x, row) for x in span.columns] for row in shown]

    @property
    def tile_side(self) -> int:
        """Pixels of the picture across a tile."""
        view = self._contents.view
        level = tile_level(view.scale, self._contents.tile_px)
        return max(1, round(2.0**-level * view.scale * self._ratio))

    def rows(self, rows: range, image_of: TileImage) -> QImage:
        """Some rows of the picture, as 0xffRRGGBB; tiles without an image are left out."""
        lead = ceil(_LEAD_PX * self._ratio)
        lead = min(lead, rows.start) if lead <= _LARGEST_LEAD else 0
        image = self._drawn(range(rows.start - lead, rows.stop), image_of)
        return image.copy(0, lead, image.width(), len(rows)) if lead else image

    def _drawn(self, rows: range, image_of: TileImage) -> QImage:
        contents, included = self._contents, self._included
        image = QImage(self.width, len(rows), QImage.Format.Format_RGB32)
        image.fill(QColor(contents.colours.panel))
        painter = QPainter(image)
        painter.setTransform(self._place(rows))
        if included.axes:
            self._draw_axes(painter)
        if included.legend and (contents.legend or contents.scales):
            _draw_legend(painter, contents, logical_size(contents, included))
        ground = range(rows.start, min(rows.stop, self._ground.height()))
        if len(ground):
            painter.resetTransform()
            painter.drawImage(
                round(self._left * self._ratio), 0, self._drawn_ground(ground, image_of)
            )
        painter.end()
        return image

    def _place(self, rows: range) -> QTransform:
        return QTransform(self._ratio, 0, 0, self._ratio, 0, -rows.start)

    def _drawn_ground(self, rows: range, image_of: TileImage) -> QImage:
        """A picture of its own: no clip keeps further layers in, for they set and reset theirs."""
        contents, included, view = self._contents, self._included, self._contents.view
        image = QImage(self._ground.width(), len(rows), QImage.Format.Format_RGB32)
        painter = QPainter(image)
        painter.setTransform(self._place(rows))
        self._draw_ground(painter, rows, image_of)
        if included.handles:
            painting.draw_path(painter, view, contents.path, contents.ground_dark)
            painting.draw_ellipses(painter, view, contents.ellipses)
        painter.drawPicture(0, 0, contents.on_top)
        if included.handles:
            painting.draw_fine_markers(painter, view, contents.markers)
        painter.end()
        return image

    def _draw_axes(self, painter: QPainter) -> None:
        contents, view = self._contents, self._contents.view
        origin, vertical = QPointF(self._left, 0), not contents.line_only
        draw_axes(painter, view, origin, contents.colours, vertical=vertical)
        top = view.height + MARGIN_BOTTOM_PX - 4
        box = QRectF(self._left, top, view.width - 6, _CAPTION_PX)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight, contents.caption)

    def _draw_ground(self, painter: QPainter, rows: range, image_of: TileImage) -> None:
        contents, view, colours = self._contents, self._contents.view, self._contents.colours
        whole = QRectF(0, 0, view.width + 1, view.height + 1)  # to the end of the last pixel
        painter.fillRect(whole, QColor(colours.map))
        if contents.tiles:
            self._draw_tiles(painter, rows, image_of)
            fade(painter, whole, colours, contents.opacity)
        painter.drawPicture(0, 0, contents.below)
        draw_dots(painter, self._dots)
        self._draw_crowd(painter, rows)
        painter.drawPicture(0, 0, contents.above)
        if contents.prior:
            dark, line = contents.ground_dark, contents.line_only
            painting.draw_prior(painter, view, colours, line, dark, in_parts=True)

    def _draw_tiles(self, painter: QPainter, rows: range, image_of: TileImage) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setTransform(QTransform.fromTranslate(0, -rows.start))
        for tile in (tile for line in self.tiles(rows) for tile in line):
            image = image_of(tile)
            if image is not None:
                painter.drawImage(self._tile_rect(tile), image)
        painter.restore()

    def _tile_rect(self, tile: Tile) -> QRectF:
        """Its pixels in the picture, whole ones so that neighbours leave no seam."""
        view, size = self._contents.view, tile.size
        x0, y1 = view.pixel(tile.column * size, tile.row * size)
        x1, y0 = view.pixel((tile.column + 1) * size, (tile.row + 1) * size)
        left, top, right, bottom = (round(at * self._ratio) for at in (x0, y0, x1, y1))
        return QRectF(left, top, right - left, bottom - top)

    def _draw_crowd(self, painter: QPainter, rows: range) -> None:
        contents = self._contents
        if contents.crowd is None or self._tones is None:
            return
        view, dark = contents.view.spread, contents.ground_dark
        pixels = crowd_rows(contents.crowd, view, self._ratio, dark, rows, self._tones)
        painter.save()
        painter.resetTransform()
        painter.drawImage(0, 0, pixels_image(pixels, 1.0))
        painter.restore()


def _meets(place: QRectF, rows: range) -> bool:
    return place.bottom() > rows.start and place.top() < rows.stop


# -- legend ------------------------------------------------------------------------------------


def _legend_font(painter_font: QFont) -> QFont:
    font = QFont(painter_font)
    font.setPixelSize(12)
    return font


def _legend_places(contents: MapContents, width: float) -> list[tuple[float, int]]:
    """Where each class stands, then each scale: pixels from the left, and its row."""
    metrics = QFontMetricsF(_legend_font(QFont()))
    classes = [metrics.horizontalAdvance(name) + 14 for _, name in contents.legend]
    places = _flowing(classes, width)
    first = places[-1][1] + 1 if places else 0  # scales stand in rows of their own
    scales = [entry_width(entry, metrics, _BAR_PX) for entry in contents.scales]
    return places + [(x, first + row) for x, row in _flowing(scales, width)]


def _flowing(widths: Sequence[float], width: float) -> list[tuple[float, int]]:
    """Where things of those widths stand, from left to right in as many rows as it takes."""
    places, x, row = [], float(_LEGEND_EDGE_PX), 0
    for wide in widths:
        if x + wide > width - _LEGEND_EDGE_PX and x > _LEGEND_EDGE_PX:
            x, row = float(_LEGEND_EDGE_PX), row + 1
        places.append((x, row))
        x += wide + _LEGEND_GAP_PX
    return places


def _legend_rows(contents: MapContents, width: float) -> int:
    return _legend_places(contents, width)[-1][1] + 1


def _draw_legend(painter: QPainter, contents: MapContents, size: QSize) -> None:
    """Dots and names of the classes, then scales, narrower where even one alone has no room."""
    rows, text = _legend_rows(contents, size.width()), QColor(contents.colours.text)
    top = size.height() - rows * _LEGEND_ROW_PX - _LEGEND_EDGE_PX / 2
    painter.save()
    painter.setFont(_legend_font(QFont()))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    places = _legend_places(contents, size.width())
    of_classes = places[: len(contents.legend)]
    for (label, name), (x, row) in zip(contents.legend, of_classes, strict=True):
        y = top + row * _LEGEND_ROW_PX
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(class_colour(label))
        painter.drawEllipse(QPointF(x + 4, y + _LEGEND_ROW_PX / 2), 4, 4)
        painter.setPen(text)
        box = QRectF(x + 13, y, size.width(), _LEGEND_ROW_PX)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, name)
    for entry, (x, row) in zip(contents.scales, places[len(of_classes) :], strict=True):
        box = QRectF(x, top + row * _LEGEND_ROW_PX, size.width() - x, _LEGEND_ROW_PX)
        _draw_scale(painter, entry, box, contents)
    painter.restore()


def _draw_scale(painter: QPainter, entry: Entry, box: QRectF, contents: MapContents) -> None:
    metrics, room = QFontMetricsF(painter.font()), box.width() - _LEGEND_EDGE_PX
    bar = _BAR_PX - max(0.0, entry_width(entry, metrics, _BAR_PX) - room)
    text, dark = QColor(contents.colours.text), contents.colours.dark
    draw_entry(painter, entry, box, text, dark, max(bar, _LEAST_BAR_PX))
