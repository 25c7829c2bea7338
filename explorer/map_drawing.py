"""The map as a picture of any size: drawn anew from what is on it, in any thread."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPicture

from explorer import painting
from explorer.crowd_image import Crowd, crowd_pixels
from explorer.painting import Ellipse, Marker, TileImage, pixels_image
from explorer.theme import Colours, class_colour
from explorer.viewport import Viewport

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

MARGIN_LEFT_PX, MARGIN_BOTTOM_PX = 40, 24  # for the numbers along the axes
_CAPTION_PX = 18
_LEGEND_ROW_PX, _LEGEND_GAP_PX, _LEGEND_EDGE_PX = 20, 14, 10


@dataclass(frozen=True, eq=False)
class MapContents:
    """Everything on the map at one moment; `view` is its ground in the screen's pixels.

    `points` [N, 2] have `point_colours` [N, 3]; very many are the `crowd`. `below`, `above` and
    `on_top` are what further layers drew. `opacity` of the tiles is 0 to 1. `legend` are the
    classes shown and their names, `caption` tells what the axes are.
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
    caption: str = ""
    crowd: Crowd | None = None


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
    if included.legend and contents.legend:
        height += _legend_rows(contents, width) * _LEGEND_ROW_PX + _LEGEND_EDGE_PX
    return QSize(width, height)


def draw_map(
    contents: MapContents, image_of: TileImage, ratio: float, included: Included
) -> QImage:
    """The picture, `ratio` times as large as on the screen: words and lines are drawn as finely."""
    size = logical_size(contents, included)
    image = QImage(
        max(1, round(size.width() * ratio)),
        max(1, round(size.height() * ratio)),
        QImage.Format.Format_RGB32,
    )
    image.setDevicePixelRatio(ratio)
    image.fill(QColor(contents.colours.panel))
    painter = QPainter(image)
    view, colours = contents.view, contents.colours
    left = MARGIN_LEFT_PX if included.axes else 0
    if included.axes:
        painting.draw_axes(
            painter, view, QPointF(left, 0), colours, vertical=not contents.line_only
        )
        top = view.height + MARGIN_BOTTOM_PX - 4
        box = QRectF(left, top, view.width - 6, _CAPTION_PX)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight, contents.caption)
    if included.legend and contents.legend:
        _draw_legend(painter, contents, size)
    painter.translate(left, 0)
    painter.setClipRect(QRectF(0, 0, view.width, view.height))
    _draw_ground(painter, contents, image_of, ratio)
    if included.handles:
        painting.draw_path(painter, view, contents.path, contents.ground_dark)
        painting.draw_ellipses(painter, view, contents.ellipses)
    painter.drawPicture(0, 0, contents.on_top)
    if included.handles:
        painting.draw_markers(painter, view, contents.markers)
    painter.end()
    return image


def _draw_ground(
    painter: QPainter, contents: MapContents, image_of: TileImage, ratio: float
) -> None:
    view, colours = contents.view, contents.colours
    whole = QRectF(0, 0, view.width, view.height)
    painter.fillRect(whole, QColor(colours.map))
    if contents.tiles:
        painting.draw_tiles(painter, view, contents.tile_px, image_of)
        painting.fade(painter, whole, colours, contents.opacity)
    painter.drawPicture(0, 0, contents.below)
    if len(contents.points):
        layer = painting.map_points_image(
            view, contents.points, contents.point_colours, ratio, contents.ground_dark
        )
        painter.drawImage(0, 0, layer)
    if contents.crowd is not None:
        pixels = crowd_pixels(contents.crowd, view, ratio, contents.ground_dark)
        painter.drawImage(0, 0, pixels_image(pixels, ratio))
    painter.drawPicture(0, 0, contents.above)
    if contents.prior:
        painting.draw_prior(painter, view, colours, contents.line_only, contents.ground_dark)


# -- legend ------------------------------------------------------------------------------------


def _legend_font(painter_font: QFont) -> QFont:
    font = QFont(painter_font)
    font.setPixelSize(12)
    return font


def _legend_places(contents: MapContents, width: float) -> list[tuple[float, int]]:
    """Where each class stands: pixels from the left, and its row."""
    metrics = QFontMetricsF(_legend_font(QFont()))
    places, x, row = [], float(_LEGEND_EDGE_PX), 0
    for _, name in contents.legend:
        wide = metrics.horizontalAdvance(name) + 14
        if x + wide > width - _LEGEND_EDGE_PX and x > _LEGEND_EDGE_PX:
            x, row = float(_LEGEND_EDGE_PX), row + 1
        places.append((x, row))
        x += wide + _LEGEND_GAP_PX
    return places


def _legend_rows(contents: MapContents, width: float) -> int:
    return _legend_places(contents, width)[-1][1] + 1


def _draw_legend(painter: QPainter, contents: MapContents, size: QSize) -> None:
    """A dot of its colour and the name of each class, in as many rows as it takes."""
    rows = _legend_rows(contents, size.width())
    top = size.height() - rows * _LEGEND_ROW_PX - _LEGEND_EDGE_PX / 2
    painter.save()
    painter.setFont(_legend_font(QFont()))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    places = _legend_places(contents, size.width())
    for (label, name), (x, row) in zip(contents.legend, places, strict=True):
        y = top + row * _LEGEND_ROW_PX
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(class_colour(label))
        painter.drawEllipse(QPointF(x + 4, y + _LEGEND_ROW_PX / 2), 4, 4)
        painter.setPen(QColor(contents.colours.text))
        box = QRectF(x + 13, y, size.width(), _LEGEND_ROW_PX)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, name)
    painter.restore()
