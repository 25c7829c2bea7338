"""The point that was picked, ringed, with its picture and words on a card beside it."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from explorer import theme
from explorer.viewport import Viewport

PICTURE_PX = 84
_RING_PX, _AWAY_PX, _PAD_PX, _LINE_PX = 7, 18, 6, 15


class PickCard:
    """A layer of the map (`explorer.painting.Drawn`); draws nothing while nothing is picked."""

    def __init__(self) -> None:
        self.at: tuple[float, float] | None = None
        self.picture: QImage | None = None
        self.lines: tuple[str, ...] = ()

    def draw(self, painter: QPainter, view: Viewport, dark: bool) -> None:
        if self.at is None:
            return
        at = QPointF(*view.pixel(*self.at))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in (("#000000" if dark else "#ffffff", 4.0), (self._ink(dark), 2.0)):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawEllipse(at, _RING_PX, _RING_PX)
        if self.picture is not None:
            self._draw_card(painter, view, at, self.picture)

    @staticmethod
    def _ink(dark: bool) -> str:
        return "#ffffff" if dark else "#1d222b"

    def _draw_card(self, painter: QPainter, view: Viewport, at: QPointF, picture: QImage) -> None:
        colours = theme.colours()
        font = QFont(painter.font())
        font.setPointSizeF(8.0)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        widest = max((metrics.horizontalAdvance(line) for line in self.lines), default=0.0)
        width = max(float(PICTURE_PX), widest) + 2 * _PAD_PX
        height = PICTURE_PX + _LINE_PX * len(self.lines) + 2.5 * _PAD_PX
        box = _beside(at, view, width, height)
        painter.setPen(QPen(QColor(colours.border), 1))
        painter.setBrush(QColor(colours.panel))
        painter.drawRoundedRect(box, theme.RADIUS_PX, theme.RADIUS_PX)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(_picture_box(box, picture), picture)
        painter.setPen(QColor(colours.text))
        top = box.top() + PICTURE_PX + 1.5 * _PAD_PX
        for number, line in enumerate(self.lines):
            row = QRectF(box.left(), top + number * _LINE_PX, width, _LINE_PX)
            painter.drawText(row, Qt.AlignmentFlag.AlignCenter, line)


def _beside(at: QPointF, view: Viewport, width: float, height: float) -> QRectF:
    """To the right of a place and above it, or wherever there is room."""
    right = at.x() + _AWAY_PX + width < view.width
    x = at.x() + _AWAY_PX if right else at.x() - _AWAY_PX - width
    y = min(max(at.y() - height / 2, 4.0), max(view.height - height - 4.0, 4.0))
    return QRectF(max(x, 4.0), y, width, height)


def _picture_box(card: QRectF, picture: QImage) -> QRectF:
    """The picture in the upper part of its card, in its own proportions."""
    longer = max(picture.width(), picture.height(), 1)
    width, height = PICTURE_PX * picture.width() / longer, PICTURE_PX * picture.height() / longer
    box = QRectF(0, 0, width, height)
    box.moveCenter(QPointF(card.center().x(), card.top() + _PAD_PX + PICTURE_PX / 2))
    return box
