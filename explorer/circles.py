"""Circles and ellipses that are true at any size.

Qt draws an ellipse as four cubic curves, which lie up to 2.7e-4 of its radius off it: 27 pixels of
a circle of 100,000. The error falls with the sixth power of the number of curves (Goldapp 1991).
"""

from functools import cache
from math import cos, pi, sin, tan

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QPainterPath, QTransform

_CURVES = 32  # 1e-9 of the radius: a hundredth of a pixel of ten million


def draw_ellipse(painter: QPainter, centre: QPointF, across: float, up: float) -> None:
    """Draw an ellipse of these two radii with the painter's pen and brush."""
    place = QTransform(across, 0, 0, up, centre.x(), centre.y())
    painter.drawPath(place.map(_unit_circle()))


def add_arc(
    path: QPainterPath, centre: QPointF, radius: float, start: float, length: float
) -> None:
    """Add an arc of at most an eighth of a circle; from where and how long in radians, upward."""
    stop, pull = start + length, 4 / 3 * tan(length / 4)

    def at(angle: float, along: float) -> QPointF:
        x, y = cos(angle) - along * sin(angle), sin(angle) + along * cos(angle)
        return QPointF(centre.x() + radius * x, centre.y() - radius * y)

    if not path.elementCount() or path.currentPosition() != at(start, 0):
        path.moveTo(at(start, 0))
    path.cubicTo(at(start, pull), at(stop, -pull), at(stop, 0))


@cache
def _unit_circle() -> QPainterPath:
    path, length = QPainterPath(), 2 * pi / _CURVES
    for number in range(_CURVES):
        add_arc(path, QPointF(0, 0), 1.0, number * length, length)
    path.closeSubpath()
    return path
