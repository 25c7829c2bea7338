"""Dashes that are the same on every part of a picture.

Qt leaves out the dashes of a pen that it thinks are out of sight, and goes on with others: where
a picture is drawn in parts they would not meet.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import atan2, ceil, cos, floor, pi, sin, sqrt

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPainterPathStroker, QPen

from explorer.circles import add_arc

_DASH, _PERIOD = 4.0, 6.0  # widths of the pen, as in Qt's dashed lines


def draw_circle(painter: QPainter, centre: QPointF, radius: float, box: QRectF) -> None:
    """Draw what of a circle is seen in a box with the painter's dashed pen."""
    pen = QPen(painter.pen())
    path = dashed_circle(centre, radius, pen.widthF(), box)
    pen.setStyle(Qt.PenStyle.SolidLine)
    painter.strokePath(path, pen)


def draw_polyline(painter: QPainter, points: Sequence[QPointF]) -> None:
    """Draw a line through points with the painter's dashed pen."""
    path = QPainterPath(points[0])
    for point in points[1:]:
        path.lineTo(point)
    painter.fillPath(dashed(path, painter.pen().widthF()), painter.pen().color())


def dashed(path: QPainterPath, width: float) -> QPainterPath:
    """The outline, to be filled, of the dashes of straight lines."""
    stroker = QPainterPathStroker()
    stroker.setWidth(width)
    stroker.setCapStyle(Qt.PenCapStyle.SquareCap)
    stroker.setDashPattern(Qt.PenStyle.DashLine)
    return stroker.createStroke(path)


def dashed_circle(centre: QPointF, radius: float, width: float, box: QRectF) -> QPainterPath:
    """Arcs, to be drawn with a pen of that width, as far as a circle is seen in a box.

    They are counted from the circle's rightmost place, whatever is seen of it.
    """
    number = max(1, round(2 * pi * radius / (_PERIOD * width)))
    step, path = 2 * pi / number, QPainterPath()
    for start, stop in seen_arcs(centre, radius, box):
        first, last = floor(start / step) - 1, ceil(stop / step) + 1
        for place in range(first, min(last, first + number)):
            add_arc(path, centre, radius, place * step, step * _DASH / _PERIOD)
    return path


def seen_arcs(centre: QPointF, radius: float, box: QRectF) -> list[tuple[float, float]]:
    """From where to where, in radians counted upward, a circle runs through a box."""
    crossings = sorted(_crossings(centre, radius, box))
    if not crossings:
        return [(0.0, 2 * pi)] if _inside(centre, radius, 0.0, box) else []
    ends = [*crossings, crossings[0] + 2 * pi]
    return [
        (start, stop)
        for start, stop in pairwise(ends)
        if _inside(centre, radius, (start + stop) / 2, box)
    ]


def _inside(centre: QPointF, radius: float, angle: float, box: QRectF) -> bool:
    at = QPointF(centre.x() + radius * cos(angle), centre.y() - radius * sin(angle))
    return box.contains(at)


def _crossings(centre: QPointF, radius: float, box: QRectF) -> list[float]:
    """Where a circle meets the lines along the sides of a box, in radians from -pi to pi."""
    found = []
    for dx in (box.left() - centre.x(), box.right() - centre.x()):
        if abs(dx) < radius:
            dy = sqrt(radius**2 - dx**2)
            found += [atan2(dy, dx), atan2(-dy, dx)]
    for dy in (centre.y() - box.top(), centre.y() - box.bottom()):
        if abs(dy) < radius:
            dx = sqrt(radius**2 - dy**2)
            found += [atan2(dy, dx), atan2(dy, -dx)]
    return found
