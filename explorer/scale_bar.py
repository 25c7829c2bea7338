"""A bar on the ground of the map that tells how long a round length is."""

from math import floor, log10

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from explorer import theme
from explorer.viewport import Viewport

EDGE_PX, HEIGHT_PX = 8, 20
_LONGEST_PX = 120
_LEAST_GROUND_PX = 200  # on a smaller map it would be in the way


def round_length(scale: float, longest_px: float = _LONGEST_PX) -> float:
    """The largest 1, 2 or 5 times a power of ten, in latent units, no longer than that.

    `scale` is pixels a latent unit.
    """
    most = longest_px / scale
    power = 10.0 ** floor(log10(most) + 1e-9)
    return next(nice * power for nice in (5.0, 2.0, 1.0) if nice * power <= most * (1 + 1e-9))


def length_text(length: float, in_sigmas: bool) -> str:
    """The length with its unit: standard deviations of the prior, or latent units without one."""
    number = f"{length:,.10g}"
    if in_sigmas:
        return f"{number} σ"
    return f"{number} latent unit{'' if length == 1 else 's'}"


class ScaleBar:
    """In the lower left corner of the ground."""

    def __init__(self) -> None:
        self.in_sigmas = True

    def draw(self, painter: QPainter, view: Viewport, dark: bool) -> None:
        """Draw it for what the viewport shows."""
        if min(view.width, view.height) < _LEAST_GROUND_PX / 2 or view.width < _LEAST_GROUND_PX:
            return
        colours, length = theme.colours(), round_length(view.scale)
        font = QFont(painter.font())
        font.setPointSizeF(8)
        text, long = length_text(length, self.in_sigmas), length * view.scale
        wide = QFontMetricsF(font).horizontalAdvance(text)
        box = QRectF(EDGE_PX, view.height - EDGE_PX - HEIGHT_PX, long + wide + 26, HEIGHT_PX)
        plate = QColor(colours.panel)
        plate.setAlpha(215)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(plate)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawRoundedRect(box, 3, 3)
        left, middle = box.left() + 8, box.center().y()
        painter.setPen(QPen(QColor(colours.text), 1.4))
        painter.drawLine(QPointF(left, middle), QPointF(left + long, middle))
        for x in (left, left + long):
            painter.drawLine(QPointF(x, middle - 4), QPointF(x, middle + 4))
        painter.setFont(font)
        words = QRectF(left + long + 8, box.top(), wide + 8, HEIGHT_PX)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, text)
