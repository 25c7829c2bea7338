"""The lens: the decode beside the pointer, in its frame and with its caption."""

from functools import cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPen

from explorer.viewport import Viewport

LENS_PX = 84
_CAPTION_PX = 15


class Lens:
    """A picture, its longer side so many pixels, and what it is called."""

    def __init__(self) -> None:
        self.picture: QImage | None = None
        self.side_px, self.caption = LENS_PX, ""

    def box(self, view: Viewport, at: QPointF) -> QRectF:
        """Where it stands: beside the pointer and inside the ground; nothing without a picture."""
        if self.picture is None:
            return QRectF()
        room = _CAPTION_PX if self.caption else 0
        longer = max(self.picture.width(), self.picture.height())
        width = self.side_px * self.picture.width() / longer
        height = self.side_px * self.picture.height() / longer
        x = at.x() + 22 if at.x() + 22 + width < view.width else at.x() - 22 - width
        y = at.y() - height - 14 if at.y() - height - 14 - room > 0 else at.y() + 18
        # A large one that fits on neither side covers the place it belongs to, not its own edge.
        x = max(4, min(x, view.width - width - 4))
        y = max(4, min(y, view.height - height - 4))
        return QRectF(x, y, width, height)

    def draw(self, painter: QPainter, view: Viewport, dark: bool, at: QPointF) -> None:
        """The picture in its frame; the caption on its farther side from the pointer."""
        if self.picture is None:
            return
        box = self.box(view, at)
        border = QColor("#0a0c10" if dark else "#ffffff")
        if self.caption:
            above = box.bottom() < at.y()
            top = box.top() - 3 - _CAPTION_PX if above else box.bottom() + 3
            words = QRectF(box.left() - 3, top, view.width - box.left(), _CAPTION_PX)
            _draw_caption(painter, words, self.caption, border, "#f0f2f5" if dark else "#20242c")
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setPen(QPen(border, 3))
        painter.drawRoundedRect(box.adjusted(-1.5, -1.5, 1.5, 1.5), 3, 3)
        painter.drawImage(box, self.picture)


def _draw_caption(painter: QPainter, at: QRectF, words: str, plate: QColor, text: str) -> None:
    """Words on a plate of their own, from the left of a place, or ending where it does."""
    painter.setFont(_caption_font(painter.font().family()))
    wide = painter.fontMetrics().horizontalAdvance(words) + 8.0
    box = QRectF(min(at.left(), at.right() - wide), at.top(), wide, at.height())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(plate)
    painter.drawRoundedRect(box, 3, 3)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QColor(text))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)


@cache
def _caption_font(family: str) -> QFont:
    font = QFont(family)
    font.setPointSizeF(8)
    return font
