"""How the map is drawn: prior circles, path, posteriors and handles."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from explorer import dashes
from explorer.circles import draw_ellipse
from explorer.theme import Colours, class_colour, handle_colour
from explorer.viewport import Viewport

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

HANDLE_RADIUS_PX = 10
_NAME_PX = 200  # beside the place of a handle there is nothing of it any more


class Drawn(Protocol):
    """One more thing on the map: it draws itself where a viewport shows it, and keeps its data.

    The painter's (0, 0) is the corner of the ground, its state is put back afterwards, and
    `dark` says what it stands on.
    """

    def draw(self, painter: QPainter, view: Viewport, dark: bool) -> None: ...


def draw_layers(painter: QPainter, layers: Iterable[Drawn], view: Viewport, dark: bool) -> None:
    """One over the other, each with a painter as it was before."""
    for layer in layers:
        painter.save()
        layer.draw(painter, view, dark)
        painter.restore()


@dataclass(frozen=True)
class Marker:
    """A handle as the map draws it: `x`, `y` in the plane."""

    key: int
    name: str
    colour: int
    x: float
    y: float
    active: bool = False


@dataclass(frozen=True, eq=False)
class Ellipse:
    """Half axes in latent units of one standard deviation around (`x`, `y`).

    `angle` is that of the longer one, from across to up, in radians.
    """

    x: float
    y: float
    longer: float
    shorter: float
    angle: float
    colour: int


def to_image(pixels: Bytes) -> QImage:
    """A QImage of its own from bytes [H, W, C], C = 1 or 3."""
    height, width, channels = pixels.shape
    kind = QImage.Format.Format_Grayscale8 if channels == 1 else QImage.Format.Format_RGB888
    pixels = np.ascontiguousarray(pixels)
    return QImage(pixels.data, width, height, width * channels, kind).copy()


def to_images(pictures: Bytes) -> list[QImage]:
    """QImages of bytes [N, H, W, C], made at once: a tenth of the time they take one by one."""
    count, height, width, channels = pictures.shape
    column = to_image(pictures.reshape(count * height, width, channels))
    return [column.copy(0, place * height, width, height) for place in range(count)]


def pixels_image(pixels: npt.NDArray[np.uint32], ratio: float) -> QImage:
    """A QImage of its own from premultiplied 0xAARRGGBB [H, W], `ratio` of them a pixel."""
    height, width = pixels.shape
    drawn = QImage.Format.Format_ARGB32_Premultiplied  # the one that painters take as it is
    image = QImage(pixels.data, width, height, width * 4, drawn).copy()
    image.setDevicePixelRatio(ratio)
    return image


def _rgb(label: int) -> tuple[int, int, int]:
    colour = class_colour(label)
    return colour.red(), colour.green(), colour.blue()


def class_colour_rows(labels: npt.NDArray[np.int64] | None, count: int) -> Bytes:
    """A colour [N, 3] for each point by its class."""
    if labels is None:
        return np.tile(np.array(_rgb(-1), np.uint8), (count, 1))
    table = np.array(
        [_rgb(label) for label in range(int(labels.max(initial=0)) + 1)],
        np.uint8,
    )
    return table[np.maximum(labels, 0)]


def draw_prior(
    painter: QPainter,
    view: Viewport,
    colours: Colours,
    line_only: bool,
    ground_dark: bool,
    in_parts: bool = False,
) -> None:
    """Circles of 1, 2 and 3 standard deviations of the prior (lines for K = 1).

    `in_parts`: the painter's picture is one part of many, whose dashes are to meet.
    """
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour, around = QColor("#9cc6ff" if ground_dark else "#2c5f9e"), QColor("#000000")
    if not ground_dark:
        around = QColor("#ffffff")
    around.setAlpha(150)  # so that they show on pictures of any colour
    painter.setBrush(Qt.BrushStyle.NoBrush)
    centre = QPointF(*view.to_pixels([0.0, 0.0]))
    seen = QRectF(-4, -4, view.width + 8, view.height + 8)
    for sigma in (1, 2, 3):
        reach = sigma * view.scale
        for pen in (QPen(around, 3.2), QPen(colour, 1.4, Qt.PenStyle.DashLine)):
            painter.setPen(pen)
            by_hand = in_parts and pen.style() != Qt.PenStyle.SolidLine
            if line_only:
                for x in (centre.x() - reach, centre.x() + reach):
                    ends = [QPointF(x, 0), QPointF(x, view.height)]
                    (dashes.draw_polyline if by_hand else QPainter.drawPolyline)(painter, ends)
            elif by_hand:
                dashes.draw_circle(painter, centre, reach, seen)
            else:
                draw_ellipse(painter, centre, reach, reach)
        _chip(
            painter,
            QPointF(centre.x() + reach * 0.7071, centre.y() - reach * 0.7071)
            if not line_only
            else QPointF(centre.x() + reach, 14),
            f"{sigma} σ",
            colours,
        )


def _chip(painter: QPainter, at: QPointF, text: str, colours: Colours) -> None:
    """A word on a small plate."""
    font = QFont(painter.font())
    font.setPointSizeF(7.5)
    painter.setFont(font)
    box = QFontMetricsF(font).boundingRect(text).adjusted(-3, -1, 3, 1)
    box.moveCenter(at)
    plate = QColor(colours.panel)
    plate.setAlpha(215)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(plate)
    painter.drawRoundedRect(box, 3, 3)
    painter.setPen(QColor(colours.text))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def draw_path(painter: QPainter, view: Viewport, xy: Floats, ground_dark: bool) -> None:
    """The path through the handles."""
    if len(xy) < 2:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    line = [QPointF(x, y) for x, y in view.to_pixels(xy).tolist()]
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in (("#000000", 3.6), ("#ffffff", 1.8)):
        painter.setPen(QPen(QColor(colour if ground_dark else "#1d222b"), width))
        draw_line(painter, line)


def draw_line(painter: QPainter, points: Sequence[QPointF]) -> None:
    """A line through points, stretch by stretch.

    As one polyline Qt takes up to eight times as long for the corners of a wide smooth line, and
    half a second for one that crosses itself a thousand times.
    """
    painter.drawLines([QLineF(start, end) for start, end in pairwise(points)])


def draw_ellipses(painter: QPainter, view: Viewport, ellipses: Iterable[Ellipse]) -> None:
    """Posteriors at 1 and 2 standard deviations, to the axis scale."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for ellipse in ellipses:
        colour = handle_colour(ellipse.colour)
        fill = QColor(colour)
        fill.setAlpha(45)
        painter.setPen(QPen(colour, 1.2))
        painter.setBrush(fill)
        painter.save()
        painter.translate(*view.pixel(ellipse.x, ellipse.y))
        painter.rotate(-math.degrees(ellipse.angle))  # pixels count downward
        for sigma in (2, 1):
            reach = sigma * view.scale
            draw_ellipse(painter, QPointF(0, 0), reach * ellipse.longer, reach * ellipse.shorter)
        painter.restore()


def draw_markers(painter: QPainter, view: Viewport, markers: Iterable[Marker]) -> None:
    """The handles, the active one last and ringed."""
    ratio, family = painter.device().devicePixelRatioF(), painter.font().family()
    for marker, x, y in _in_sight(view, markers):
        picture = _marker_picture(marker.name, marker.colour, marker.active, ratio, family)
        size = picture.deviceIndependentSize()
        painter.drawImage(QPointF(x - size.width() / 2, y - size.height() / 2), picture)


def draw_fine_markers(painter: QPainter, view: Viewport, markers: Iterable[Marker]) -> None:
    """The same at any scale: each is drawn and its name written anew."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    font = _marker_font(painter.font().family())
    for marker, x, y in _in_sight(view, markers):
        _draw_marker(painter, QPointF(x, y), marker.name, marker.colour, marker.active, font)


def _in_sight(view: Viewport, markers: Iterable[Marker]) -> Iterator[tuple[Marker, float, float]]:
    """Those of which there is anything to see and their pixels, the active one last."""
    for marker in sorted(markers, key=lambda marker: marker.active):
        x, y = view.pixel(marker.x, marker.y)
        if -_NAME_PX < x < view.width + _NAME_PX and -_NAME_PX < y < view.height + _NAME_PX:
            yield marker, x, y


def _marker_font(family: str) -> QFont:
    font = QFont(family)
    font.setPointSizeF(8.5)
    font.setBold(True)
    return font


def _name_box(name: str, font: QFont) -> QRectF:
    return QFontMetricsF(font).boundingRect(name).adjusted(-4, -1, 4, 1)


@lru_cache(2048)
def _marker_picture(name: str, colour: int, active: bool, ratio: float, family: str) -> QImage:
    """A handle in the middle of a picture of its own: to write its name anew each frame is slow."""
    font = _marker_font(family)
    box, reach = _name_box(name, font), HANDLE_RADIUS_PX + 6
    long = len(name) > 2
    width = 2 * max(reach, math.ceil(box.width() / 2) + 1 if long else 0)
    height = 2 * (HANDLE_RADIUS_PX + 14 + math.ceil(box.height() / 2) if long else reach)
    picture = QImage(
        round(width * ratio), round(height * ratio), QImage.Format.Format_ARGB32_Premultiplied
    )
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _draw_marker(painter, QPointF(width / 2, height / 2), name, colour, active, font)
    painter.end()
    return picture


def _draw_marker(
    painter: QPainter, at: QPointF, name: str, colour: int, active: bool, font: QFont
) -> None:
    painter.setFont(font)
    long = len(name) > 2
    if active:
        painter.setPen(QPen(QColor("#ffffff"), 2))
        painter.setBrush(QColor(0, 0, 0, 150))
        painter.drawEllipse(at, HANDLE_RADIUS_PX + 4.5, HANDLE_RADIUS_PX + 4.5)
    painter.setPen(QPen(QColor("#111317"), 2))
    painter.setBrush(handle_colour(colour))
    painter.drawEllipse(at, HANDLE_RADIUS_PX, HANDLE_RADIUS_PX)
    painter.setPen(QColor("#111317"))
    letter = QRectF(0, 0, 60, 20)
    letter.moveCenter(at)
    painter.drawText(letter, Qt.AlignmentFlag.AlignCenter, name[0] if long else name)
    if long:
        box = _name_box(name, font)
        box.moveCenter(QPointF(at.x(), at.y() + HANDLE_RADIUS_PX + 12))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(10, 12, 16, 200))
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(QColor("#f0f2f5"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)
