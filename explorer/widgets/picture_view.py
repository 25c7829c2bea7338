"""A picture as large as it fits, square pixels kept, drawn at once."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer import theme


class PictureView(QWidget):
    """Shows one picture, or words where there is none."""

    def __init__(self, smallest_px: int = 40, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # What lies behind need not be painted first, at each move of a drag.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._image = QImage()
        self._words = ""
        self.setMinimumSize(smallest_px, smallest_px)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def image(self) -> QImage:
        """What is shown, in the model's own pixels; null if nothing is."""
        return self._image

    def set_image(self, image: QImage) -> None:
        """Show another picture."""
        self._image = image
        self.update()

    def set_words(self, words: str) -> None:
        """What stands there while there is no picture."""
        self._words = words
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self.minimumWidth() * 2, self.minimumHeight() * 2)

    def box(self) -> QRectF:
        """Where the picture is drawn: at the left top, as large as it fits."""
        image, room = self._image, self.rect()
        if image.isNull():
            side = min(room.width(), room.height())
            return QRectF(0, 0, side, side)
        scale = min(room.width() / image.width(), room.height() / image.height())
        return QRectF(0, 0, image.width() * scale, image.height() * scale)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, box = QPainter(self), self.box()
        painter.fillRect(self.rect(), QColor(theme.colours().panel))
        if self._image.isNull():
            painter.fillRect(box, QColor(theme.colours().map))
            painter.setPen(QColor(theme.colours().muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(box.adjusted(6, 6, -6, -6), flags, self._words)
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(box, self._image)
