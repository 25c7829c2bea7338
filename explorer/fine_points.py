"""Points as true circles, for pictures of any size that are drawn some rows at a time."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter

from explorer.point_drawing import MANY_POINTS
from explorer.ringed_points import FEW_SIZES, PAD_PX
from explorer.viewport import Viewport

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]

_RIM_PX = 0.35  # how far a disc of whole pixels reaches beyond its radius


@dataclass(frozen=True, eq=False)
class Dots:
    """Points at pixels `at` [N, 2] of a viewport, of colours [N, 3].

    `rings` lie below all points: how much wider they are, and their colour.
    """

    at: Doubles
    colours: Bytes
    radius_px: float
    opacity: float
    rings: tuple[tuple[float, QColor], ...] = ()

    @property
    def reach_px(self) -> float:
        """How far from its middle there is anything of a point."""
        return self.radius_px + max((wider for wider, _ in self.rings), default=0.0) + 1.0


def dots(view: Viewport, xy: Floats, colours: Bytes, dark: bool) -> Dots:
    """Points [N, 2] of the plane as large as `point_drawing.map_points_image` draws them."""
    at = view.to_pixels(xy).reshape(-1, 2)
    seen = ((at > -PAD_PX) & (at < np.array([view.width, view.height]) + PAD_PX)).all(1)
    at, colours = at[seen], colours[seen]
    radius = next((px for most, px in FEW_SIZES if len(at) <= most), None)
    if radius is None:
        size, opacity = (1, 0.6) if len(xy) > MANY_POINTS else (2, 0.9)
        return Dots(at, colours, size + _RIM_PX, opacity)
    inner, edge = ("#ffffff", "#000000") if dark else ("#1d1d1d", "#ffffff")
    faint = QColor(edge)
    faint.setAlpha(0x73)
    return Dots(at, colours, radius + _RIM_PX, 1.0, ((2.0, faint), (1.0, QColor(inner))))


def draw_dots(painter: QPainter, points: Dots) -> None:
    """Draw what of them lies on the painter's picture, whose transform is that of the viewport.

    They are drawn on a picture of their own first: faint ones are no bolder where they meet.
    """
    device, place = painter.device(), painter.transform()
    y = points.at[:, 1] * place.m22() + place.dy()
    reach = points.reach_px * place.m22()
    near = (y > -reach) & (y < device.height() + reach)
    if not near.any():
        return
    layer = QImage(device.width(), device.height(), QImage.Format.Format_ARGB32_Premultiplied)
    layer.fill(Qt.GlobalColor.transparent)
    own = QPainter(layer)
    own.setRenderHint(QPainter.RenderHint.Antialiasing)
    own.setPen(Qt.PenStyle.NoPen)
    own.setTransform(place)
    _draw(own, points, near)
    own.end()
    painter.save()
    painter.resetTransform()
    painter.setOpacity(points.opacity)
    painter.drawImage(0, 0, layer)
    painter.restore()


def _draw(painter: QPainter, points: Dots, near: npt.NDArray[np.bool_]) -> None:
    places = [QPointF(x, y) for x, y in points.at[near].tolist()]
    modes = QPainter.CompositionMode
    for wider, colour in points.rings:
        seen_through = colour.alpha() < 255
        painter.setCompositionMode(
            modes.CompositionMode_Source if seen_through else modes.CompositionMode_SourceOver
        )
        painter.setBrush(colour)
        reach = points.radius_px + wider
        for place in places:
            painter.drawEllipse(place, reach, reach)
    painter.setCompositionMode(modes.CompositionMode_SourceOver)
    table, numbers = np.unique(points.colours[near], axis=0, return_inverse=True)
    brushes = [QBrush(QColor(*colour)) for colour in table.tolist()]
    for place, number in zip(places, numbers.reshape(-1).tolist(), strict=True):
        painter.setBrush(brushes[number])
        painter.drawEllipse(place, points.radius_px, points.radius_px)
