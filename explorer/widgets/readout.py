"""A line of text that changes at every move of the pointer without any layout being done."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer import theme


class Readout(QWidget):
    """Of a fixed width, aligned right: a label would ask its layout for room each time.

    Where a window is narrow it is `least_px` wide. What does not fit is cut with dots.
    """

    def __init__(self, width_px: int, least_px: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # What lies behind need not be painted first, at each move.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._text = ""
        self._width_px, self._least_px = width_px, least_px
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(self._width_px, self.fontMetrics().height() + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._least_px, self.sizeHint().height())

    def text(self) -> str:
        """What it says."""
        return self._text

    def set_text(self, text: str) -> None:
        """Say something else."""
        if text != self._text:
            self._text = text
            self.setAccessibleName(text)
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.colours().panel))
        painter.setPen(QColor(theme.colours().muted))
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        right = Qt.TextElideMode.ElideRight
        text = painter.fontMetrics().elidedText(self._text, right, self.width())
        painter.drawText(self.rect(), flags, text)
