"""A mark on the map: the place whose nearest data is shown."""

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from explorer.viewport import Viewport

_INNER_PX, _OUTER_PX = 4.0, 11.0


class PlaceMark:
    """A layer of the map (`explorer.painting.Drawn`): cross hairs around a place, or nothing."""

    def __init__(self) -> None:
        self.at: tuple[float, float] | None = None

    def draw(self, painter: QPainter, view: Viewport, dark: bool) -> None:
        if self.at is None:
            return
        at = QPointF(*view.pixel(*self.at))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        inner, outer = ("#ffffff", "#000000") if dark else ("#1d222b", "#ffffff")
        for colour, width in ((outer, 4.4), (inner, 2.0)):
            pen = QPen(QColor(colour), width)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            for way in (QPointF(1, 0), QPointF(-1, 0), QPointF(0, 1), QPointF(0, -1)):
                painter.drawLine(at + way * _INNER_PX, at + way * _OUTER_PX)
