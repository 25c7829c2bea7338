"""A data point: ringed, with its picture and words on a card near it."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from explorer import theme
from explorer.viewport import Viewport

_PAD_PX, _LINE_PX = 6, 15
_AWAY_PX = 22
_LENS_PX, _CAPTION_PX = 90, 15  # beside and above the pointer, with its frame
_GAP_PX = 4.0


class PointCard:
    """A layer of the map (`explorer.painting.Drawn`); draws nothing while `at` is no place.

    It hangs below the pointer, as the lens with the decode stands above it, and keeps clear of
    what is `covered`: parts of the ground, in its pixels, that a small widget stands on.
    `upright`, it stands beside the point, its picture is larger, and its words are below.
    """

    def __init__(self, upright: bool = False) -> None:
        self.at: tuple[float, float] | None = None
        self.picture: QImage | None = None
        self.lines: tuple[str, ...] = ()
        self.covered: Callable[[], Sequence[QRectF]] = list
        self.box = QRectF()  # where it was drawn last
        self._upright = upright
        self._picture_px, self._ring_px = (84.0, 7.0) if upright else (64.0, 5.5)

    def draw(self, painter: QPainter, view: Viewport, dark: bool) -> None:
        if self.at is None:
            return
        at = QPointF(*view.pixel(*self.at))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        inner, outer = ("#ffffff", "#000000") if dark else ("#1d222b", "#ffffff")
        for colour, width in ((outer, 3.6), (inner, 1.8)):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawEllipse(at, self._ring_px, self._ring_px)
        self._draw_card(painter, view, at)

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
            box = _clear(at, view, _below(at, view, width, height), self.covered())
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


def _beside(at: QPointF, view: Viewport, width: float, height: float) -> QRectF:
    """To the right of a place, or to the left where there is no room."""
    away = 18
    right = at.x() + away + width < view.width
    x = at.x() + away if right else at.x() - away - width
    y = min(max(at.y() - height / 2, 4.0), max(view.height - height - 4.0, 4.0))
    return QRectF(max(x, 4.0), y, width, height)


def _below(at: QPointF, view: Viewport, width: float, height: float) -> QRectF:
    """Below a place and to its right, or wherever there is room; clear of a lens above."""
    away = _AWAY_PX
    x = at.x() + away if at.x() + away + width < view.width else at.x() - away - width
    if at.y() < 125:  # the lens has no room above and stands below: the other side is free
        x = at.x() - away - width if at.x() > away + width else x
    y = at.y() + 10 if at.y() + 10 + height < view.height else at.y() - 10 - height
    if y < at.y():  # above, where the lens is on one side
        x = at.x() - away - width if at.x() > away + width else at.x() + away + 90
    return QRectF(max(x, 4.0), y, width, height)


def _clear(at: QPointF, view: Viewport, usual: QRectF, covered: Sequence[QRectF]) -> QRectF:
    """The usual box beside a place, or one on its other side or higher that hides behind nothing.

    Nor does one that is not the usual one hide the lens.
    """
    hidden = [other for other in covered if other.intersects(usual)]
    if not hidden:
        return usual
    ground = QRectF(0, 0, view.width, view.height)
    high = _LENS_PX + _CAPTION_PX
    taken = [*covered, QRectF(at.x() + _AWAY_PX, at.y() - high - 10, _LENS_PX, high)]
    higher = min(other.top() for other in hidden) - usual.height() - _GAP_PX
    right, left = at.x() + _AWAY_PX, at.x() - _AWAY_PX - usual.width()
    rows, columns = [usual.y(), higher], [usual.x(), right, left, right + _LENS_PX]
    for other in hidden:  # one as large as a lens of many classes: beside it
        rows += [other.bottom() + _GAP_PX, other.top() - usual.height() - _GAP_PX, other.top()]
        columns += [other.left() - usual.width() - _GAP_PX, other.right() + _GAP_PX, other.left()]
    for y in rows:
        for x in columns:
            box = QRectF(x, y, usual.width(), usual.height())
            if ground.contains(box) and not any(other.intersects(box) for other in taken):
                return box
    return usual


def _picture_box(middle: QPointF, side: float, picture: QImage) -> QRectF:
    """The picture about a place, in its own proportions."""
    size = picture.size().toSizeF().scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio)
    box = QRectF(QPointF(), size)
    box.moveCenter(middle)
    return box
