"""The data point under the pointer: ringed, with its picture and words on a card beside it."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from explorer import theme
from explorer.viewport import Viewport

PICTURE_PX = 64
_RING_PX, _AWAY_PX, _PAD_PX, _LINE_PX = 5.5, 22, 6, 15
_LENS_PX = 90  # beside and above the pointer, with its frame
_GAP_PX = 4.0


class PointCard:
    """A layer of the map (`explorer.painting.Drawn`); draws nothing while no point is hovered.

    It hangs below the pointer, as the lens with the decode stands above it, and keeps clear of
    what is `covered`: parts of the ground, in its pixels, that a small widget stands on.
    """

    def __init__(self) -> None:
        self.at: tuple[float, float] | None = None
        self.picture: QImage | None = None
        self.lines: tuple[str, ...] = ()
        self.covered: Callable[[], Sequence[QRectF]] = list
        self.box = QRectF()  # where it was drawn last

    def draw(self, painter: QPainter, view: Viewport, dark: bool) -> None:
        if self.at is None:
            return
        at = QPointF(*view.pixel(*self.at))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        inner, outer = ("#ffffff", "#000000") if dark else ("#1d222b", "#ffffff")
        for colour, width in ((outer, 3.6), (inner, 1.8)):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawEllipse(at, _RING_PX, _RING_PX)
        self._draw_card(painter, view, at)

    def _draw_card(self, painter: QPainter, view: Viewport, at: QPointF) -> None:
        colours = theme.colours()
        font = QFont(painter.font())
        font.setPointSizeF(8.0)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        widest = max((metrics.horizontalAdvance(line) for line in self.lines), default=0.0)
        height = max(float(PICTURE_PX), _LINE_PX * len(self.lines)) + 2 * _PAD_PX
        width = PICTURE_PX + widest + 3 * _PAD_PX
        self.box = box = _clear(at, view, _below(at, view, width, height), self.covered())
        painter.setPen(QPen(QColor(colours.border), 1))
        painter.setBrush(QColor(colours.panel))
        painter.drawRoundedRect(box, theme.RADIUS_PX, theme.RADIUS_PX)
        if self.picture is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(_picture_box(box, self.picture), self.picture)
        painter.setPen(QColor(colours.text))
        left = box.left() + PICTURE_PX + 2 * _PAD_PX
        top = box.center().y() - _LINE_PX * len(self.lines) / 2
        for number, line in enumerate(self.lines):
            row = QRectF(left, top + number * _LINE_PX, widest + 2, _LINE_PX)
            painter.drawText(row, Qt.AlignmentFlag.AlignVCenter, line)
            painter.setPen(QColor(colours.muted))


def _below(at: QPointF, view: Viewport, width: float, height: float) -> QRectF:
    """Below a place and to its right, or wherever there is room; clear of a lens above."""
    x = at.x() + _AWAY_PX if at.x() + _AWAY_PX + width < view.width else at.x() - _AWAY_PX - width
    if at.y() < 110:  # the lens has no room above and stands below: the other side is free
        x = at.x() - _AWAY_PX - width if at.x() > _AWAY_PX + width else x
    y = at.y() + 10 if at.y() + 10 + height < view.height else at.y() - 10 - height
    if y < at.y():  # above, where the lens is on one side
        x = at.x() - _AWAY_PX - width if at.x() > _AWAY_PX + width else at.x() + _AWAY_PX + 90
    return QRectF(max(x, 4.0), y, width, height)


def _clear(at: QPointF, view: Viewport, usual: QRectF, covered: Sequence[QRectF]) -> QRectF:
    """The usual box beside a place, or one on its other side or higher that hides behind nothing.

    Nor does one that is not the usual one hide the lens.
    """
    hidden = [other for other in covered if other.intersects(usual)]
    if not hidden:
        return usual
    ground = QRectF(0, 0, view.width, view.height)
    taken = [*covered, QRectF(at.x() + _AWAY_PX, at.y() - _LENS_PX - 10, _LENS_PX, _LENS_PX)]
    higher = min(other.top() for other in hidden) - usual.height() - _GAP_PX
    right, left = at.x() + _AWAY_PX, at.x() - _AWAY_PX - usual.width()
    for y in (usual.y(), higher):
        for x in (usual.x(), right, left, right + _LENS_PX):
            box = QRectF(x, y, usual.width(), usual.height())
            if ground.contains(box) and not any(other.intersects(box) for other in taken):
                return box
    return usual


def _picture_box(card: QRectF, picture: QImage) -> QRectF:
    """The picture at the left of its card, in its own proportions."""
    longer = max(picture.width(), picture.height(), 1)
    width, height = PICTURE_PX * picture.width() / longer, PICTURE_PX * picture.height() / longer
    box = QRectF(0, 0, width, height)
    box.moveCenter(QPointF(card.left() + _PAD_PX + PICTURE_PX / 2, card.center().y()))
    return box
