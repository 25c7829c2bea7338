"""The lens: the decode beside the pointer, in its frame and with its caption."""

from collections.abc import Sequence
from functools import cache

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from explorer.beside import Beside
from explorer.viewport import Viewport

LENS_PX = 84
_CAPTION_PX, _FRAME_PX = 15.0, 3.0


class Lens:
    """A picture, its longer side so many pixels, and what it is called."""

    def __init__(self) -> None:
        self.picture: QImage | None = None
        self.side_px, self.caption = LENS_PX, ""
        self._beside = Beside()

    def forget(self) -> None:
        """There is none."""
        self.picture = None
        self._beside.forget()

    def outline(
        self, view: Viewport, at: QPointF, covered: Sequence[QRectF], family: str
    ) -> QRectF:
        """All of it, beside the pointer, clear of what is covered as well as can be; or nothing."""
        if self.picture is None:
            return QRectF()
        size, above = self._picture_size(), _CAPTION_PX if self.caption else 0.0
        caption = _caption_width(self.caption, family) if self.caption else 0.0
        width = max(size.width() + 2 * _FRAME_PX, caption)
        whole = QSizeF(width, size.height() + 2 * _FRAME_PX + above)
        return self._beside.box(whole, at, QSizeF(view.width, view.height), covered)

    def box(self, outline: QRectF) -> QRectF:
        """Where the picture is in its outline: the caption is on its farther side."""
        if self.picture is None:
            return QRectF()
        room = _CAPTION_PX if self.caption and self._beside.side != "below" else 0.0
        corner = outline.topLeft() + QPointF(_FRAME_PX, _FRAME_PX + room)
        return QRectF(corner, self._picture_size())

    def _picture_size(self) -> QSizeF:
        if self.picture is None:
            return QSizeF()
        scale = self.side_px / max(self.picture.width(), self.picture.height())
        return QSizeF(self.picture.size()) * scale

    def draw(self, painter: QPainter, dark: bool, outline: QRectF) -> None:
        """The picture in its frame, and the caption."""
        if self.picture is None:
            return
        box, border = self.box(outline), QColor("#0a0c10" if dark else "#ffffff")
        if self.caption:
            above = self._beside.side != "below"
            top = outline.top() if above else outline.bottom() - _CAPTION_PX
            width = _caption_width(self.caption, painter.font().family())
            plate = QRectF(outline.left(), top, width, _CAPTION_PX)
            _draw_caption(painter, plate, self.caption, border, "#f0f2f5" if dark else "#20242c")
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setPen(QPen(border, 3))
        painter.drawRoundedRect(box.adjusted(-1.5, -1.5, 1.5, 1.5), 3, 3)
        painter.drawImage(box, self.picture)


def _draw_caption(painter: QPainter, box: QRectF, words: str, plate: QColor, text: str) -> None:
    """Words on a plate of their own."""
    painter.setFont(_caption_font(painter.font().family()))
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


@cache
def _caption_width(words: str, family: str) -> float:
    return QFontMetricsF(_caption_font(family)).horizontalAdvance(words) + 8.0
