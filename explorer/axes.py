"""The numbers along the axes of the map: where each stands, whole, and what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from explorer.theme import Colours
from explorer.viewport import Viewport, ticks

MARGIN_LEFT_PX, MARGIN_BOTTOM_PX = 40, 24  # for the numbers
_FROM_GROUND_PX = (6.0, 4.0)  # of numbers up and across
_APART_PX = 10.0  # at the least between two numbers across
_LINE_WORDS = (
    "The whole latent space is this line: heights say nothing, and points are spread upward at "
    "random only so that they do not hide one another"
)


@dataclass(frozen=True)
class Label:
    """A number at `value` of its axis, in the rectangle it takes; `turned`: read upward."""

    value: float
    text: str
    box: QRectF
    turned: bool = False


def draw_axes(
    painter: QPainter, view: Viewport, origin: QPointF, colours: Colours, vertical: bool
) -> None:
    """Numbers along the left and the bottom, outside the ground whose corner is `origin`."""
    font = axis_font(painter.font())
    painter.setFont(font)
    painter.setPen(QColor(colours.muted))
    metrics = QFontMetricsF(font)
    labels = across(view, origin, metrics)
    for label in [*labels, *(up(view, origin, metrics) if vertical else ())]:
        _draw(painter, label)


def axis_font(font: QFont) -> QFont:
    """The font of the numbers, of the family of another."""
    small = QFont(font)
    small.setPointSizeF(8)
    return small


def across(view: Viewport, origin: QPointF, metrics: QFontMetricsF) -> list[Label]:
    """The numbers below the ground; fewer where they are long, none that would be cut."""
    left, _, right, _ = view.box
    values = ticks(left, right, view.width)
    widths = [_width(value, metrics) for value in values]
    top, high = origin.y() + view.height + _FROM_GROUND_PX[1], metrics.height()
    end = origin.x() + view.width
    places = [origin.x() + float(view.to_pixels([value, 0])[0]) for value in values]
    found = [
        Label(value, tick_text(value), QRectF(x - wide / 2, top, wide, high))
        for value, wide, x in zip(values, widths, places, strict=True)
        if x - wide / 2 >= 0 and x + wide / 2 <= end
    ]
    return _thinned(found, max(widths, default=0.0), places)


def _thinned(labels: list[Label], widest: float, places: Sequence[float]) -> list[Label]:
    """Every second, third, … one, always the same ones, so that none touches the next."""
    if len(places) < 2:
        return labels
    gap = places[1] - places[0]
    every = ceil((widest + _APART_PX) / gap)
    if every == 1:
        return labels
    step = labels[1].value - labels[0].value if len(labels) > 1 else 1.0
    return [label for label in labels if round(label.value / step) % every == 0] or labels[:1]


def up(view: Viewport, origin: QPointF, metrics: QFontMetricsF) -> list[Label]:
    """The numbers left of the ground, all of them turned where one is too long to stand upright."""
    _, bottom, _, top = view.box
    values = ticks(bottom, top, view.height)
    right, high = origin.x() - _FROM_GROUND_PX[0], metrics.height()
    widths = [_width(value, metrics) for value in values]
    turned = max(widths, default=0.0) > right
    found = []
    for value, wide in zip(values, widths, strict=True):
        y = origin.y() + float(view.to_pixels([0, value])[1])
        size = (high, wide) if turned else (wide, high)
        box = QRectF(right - size[0], y - size[1] / 2, *size)
        if box.top() >= origin.y() and box.bottom() <= origin.y() + view.height + MARGIN_BOTTOM_PX:
            found.append(Label(value, tick_text(value), box, turned))
    return found


def _width(value: float, metrics: QFontMetricsF) -> float:
    return ceil(metrics.horizontalAdvance(tick_text(value))) + 1.0


def _draw(painter: QPainter, label: Label) -> None:
    box = label.box
    if not label.turned:
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, label.text)
        return
    painter.save()
    painter.translate(box.left(), box.bottom())
    painter.rotate(-90)
    painter.drawText(
        QRectF(0, 0, box.height(), box.width()), Qt.AlignmentFlag.AlignCenter, label.text
    )
    painter.restore()


def tick_text(value: float) -> str:
    """A number on an axis, with a real minus sign and all its digits."""
    return f"{value + 0.0:.15g}".replace("-", "−")


def words(names: tuple[str, str], view: Viewport, at: QPointF, line_only: bool) -> str:
    """What the axis is whose numbers stand there, in pixels of the ground, if any do."""
    horizontal, vertical = names
    below, beside = at.y() > view.height, at.x() < 0
    if line_only and horizontal:
        return f"Across: {horizontal}. {_LINE_WORDS}" if below or beside else ""
    if below:
        return f"Across: {horizontal}" if horizontal else ""
    return f"Up: {vertical}" if vertical and beside else ""
