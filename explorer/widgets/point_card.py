"""A data point: ringed, with its picture and words on a card near it."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from explorer import theme
from explorer.beside import Beside
from explorer.viewport import Viewport

_PAD_PX, _LINE_PX = 6, 15
_AWAY_PX, _FAR_PX = (22.0, 10.0), 240.0


class PointCard:
    """A layer of the map (`explorer.painting.Drawn`); draws nothing while `at` is no place.

    It hangs below the point, as the lens with the decode stands above it, and keeps clear of the
    `lens` and of what is `covered`: parts of the ground, in its pixels, that small widgets stand
    on. `upright`, it stands beside the point, its picture is larger, and its words are below.
    The `ring` around the point is a layer of its own.
    """

    def __init__(self, upright: bool = False) -> None:
        self.at: tuple[float, float] | None = None
        self.picture: QImage | None = None
        self.lines: tuple[str, ...] = ()
        self.covered: Callable[[], Sequence[QRectF]] = list
        self.lens: Callable[[], QRectF] = QRectF
        self.box = QRectF()  # where it was drawn last
        self.ring = _Ring(self, 7.0 if upright else 5.5)
        self._upright = upright
        self._picture_px = 84.0 if upright else 64.0
        self._beside = Beside(("below", "above", "right", "left"), _AWAY_PX, _FAR_PX)

    def draw(self, painter: QPainter, view: Viewport, dark: bool) -> None:
        if self.at is None:
            self.box = QRectF()
            self._beside.forget()
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_card(painter, view, QPointF(*view.pixel(*self.at)))

    def _draw_card(self, painter: QPainter, view: Viewport, at: QPointF) -> None:
        colours = theme.colours()
        font = QFont(painter.font())
        font.setPointSizeF(8.0)
        painter.setFont(font)
        metrics, side = QFontMetricsF(font), self._picture_px
        widest = max((metrics.horizontalAdvance(line) for line in self.lines), default=0.0)
        high = float(_LINE_PX * len(self.lines))
        if self._upright:
            box = _beside(at, view, max(side, widest) + 2 * _PAD_PX, side + high + 2.5 * _PAD_PX)
            middle = QPointF(box.center().x(), box.top() + _PAD_PX + side / 2)
            words = QRectF(box.left(), box.bottom() - high - _PAD_PX, box.width(), high)
        else:
            width, height = side + widest + 3 * _PAD_PX, max(side, high) + 2 * _PAD_PX
            ground, lens = QSizeF(view.width, view.height), self.lens()
            never = [] if lens.isEmpty() else [lens]
            size = QSizeF(width, height)
            box = self._beside.box(size, at, ground, self.covered(), never)
            middle = QPointF(box.left() + _PAD_PX + side / 2, box.center().y())
            left = box.left() + side + 2 * _PAD_PX
            words = QRectF(left, box.center().y() - high / 2, widest + 2, high)
        self.box = box
        painter.setPen(QPen(QColor(colours.border), 1))
        painter.setBrush(QColor(colours.panel))
        painter.drawRoundedRect(box, theme.RADIUS_PX, theme.RADIUS_PX)
        if self.picture is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(_picture_box(middle, side, self.picture), self.picture)
        self._draw_words(painter, words)

    def _draw_words(self, painter: QPainter, box: QRectF) -> None:
        align = Qt.AlignmentFlag.AlignCenter if self._upright else Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(theme.colours().text))
        for number, line in enumerate(self.lines):
            row = QRectF(box.left(), box.top() + number * _LINE_PX, box.width(), _LINE_PX)
            painter.drawText(row, align, line)
            if not self._upright:
                painter.setPen(QColor(theme.colours().muted))


class _Ring:
    """Around the point of a card; it belongs below the handles, whose names are to be read."""

    def __init__(self, card: PointCard, radius_px: float) -> None:
        self._card, self._radius_px = card, radius_px

    def draw(self, painter: QPainter, view: Viewport, dark: bool) -> None:
        if self._card.at is None:
            return
        at = QPointF(*view.pixel(*self._card.at))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        inner, outer = ("#ffffff", "#000000") if dark else ("#1d222b", "#ffffff")
        for colour, width in ((outer, 3.6), (inner, 1.8)):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawEllipse(at, self._radius_px, self._radius_px)


def _beside(at: QPointF, view: Viewport, width: float, height: float) -> QRectF:
    """To the right of a place, or to the left where there is no room."""
    away = 18
    right = at.x() + away + width < view.width
    x = at.x() + away if right else at.x() - away - width
    y = min(max(at.y() - height / 2, 4.0), max(view.height - height - 4.0, 4.0))
    return QRectF(max(x, 4.0), y, width, height)


def _picture_box(middle: QPointF, side: float, picture: QImage) -> QRectF:
    """The picture about a place, in its own proportions."""
    size = picture.size().toSizeF().scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio)
    box = QRectF(QPointF(), size)
    box.moveCenter(middle)
    return box
