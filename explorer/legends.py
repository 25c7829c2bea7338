"""What colours and lines on a map mean: entries of a legend, and how their parts are drawn."""

from dataclasses import dataclass
from math import ceil

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QLinearGradient, QPainter, QPen

_DARK_RIM = QColor(8, 10, 14, 190)
_GAP_PX, _SIGN_PX, _BAR_HIGH_PX = 6.0, 20.0, 9.0
MIDDLE = Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True)
class Key:
    """One kind of line or area: `style` is "solid", "dashed" or "hatched"."""

    style: str
    colour: str
    text: str


@dataclass(frozen=True)
class Entry:
    """An overlay: a scale of `colours` from `low` to `high`, or `keys`; `tip` says what it is.

    `unit` is that of both ends. `note` says what is going on; it stands in the place of a scale
    that has no ends yet.
    """

    name: str
    title: str
    tip: str
    colours: tuple[str, ...] = ()
    low: str = ""
    high: str = ""
    arrow: bool = False
    keys: tuple[Key, ...] = ()
    note: str = ""
    unit: str = ""

    @property
    def end(self) -> str:
        """The high end and the unit."""
        return f"{self.high} {self.unit}".rstrip()


def figure(value: float) -> str:
    """A number with two significant digits at least, never in powers where that is avoidable."""
    if value == 0 or 0.001 <= abs(value) < 100:
        return f"{value:.2g}"
    return f"{value:.0f}" if 100 <= abs(value) < 1e6 else f"{value:.0e}"


def latent_unit(has_prior: bool) -> str:
    """What lengths in latent space are told in: standard deviations of the prior, or units."""
    return "σ" if has_prior else "units"


def magnification_unit(has_prior: bool, line: bool) -> str:
    """Area of image space (pixels counting 0 to 1) to area of the plane; lengths on a line."""
    of = "σ" if has_prior else "unit"
    return f"px/{of}" if line else f"px²/{of}²"


def printable(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Those that explain something: not the scales of which no end is known."""
    return tuple(entry for entry in entries if entry.keys or entry.low)


def entry_width(entry: Entry, metrics: QFontMetricsF, bar_px: float) -> float:
    """Pixels that an entry takes in one line."""
    words = [entry.title, *(key.text for key in entry.keys)]
    if not entry.keys:
        words += [entry.low, entry.end]
    signs = len(entry.keys) * (_SIGN_PX + _GAP_PX) if entry.keys else bar_px + _GAP_PX
    return sum(ceil(metrics.horizontalAdvance(word)) + _GAP_PX for word in words) + signs


def draw_entry(
    painter: QPainter, entry: Entry, box: QRectF, text: QColor, dark: bool, bar_px: float
) -> None:
    """An entry in one line from the left of a box; `dark` is what it stands on."""
    metrics, x = QFontMetricsF(painter.font()), box.left()

    def write(words: str) -> float:
        wide = ceil(metrics.horizontalAdvance(words))
        painter.setPen(text)
        painter.drawText(QRectF(x, box.top(), wide + 2, box.height()), MIDDLE, words)
        return x + wide + _GAP_PX

    x = write(entry.title)
    for key in entry.keys:
        draw_sign(painter, key, QRectF(x, box.center().y() - 4.5, _SIGN_PX, 9), dark)
        x += _SIGN_PX + _GAP_PX
        x = write(key.text)
    if not entry.keys:
        x = write(entry.low)
        high = min(_BAR_HIGH_PX, 0.5 * box.height())
        draw_bar(painter, entry, QRectF(x, box.center().y() - high / 2, bar_px, high))
        x += bar_px + _GAP_PX
        write(entry.end)


def draw_bar(painter: QPainter, entry: Entry, bar: QRectF) -> None:
    """The colours of a scale, low to high; as an arrow where they are those of arrows."""
    gradient = QLinearGradient(bar.topLeft(), bar.topRight())
    for number, colour in enumerate(entry.colours):
        gradient.setColorAt(number / (len(entry.colours) - 1), QColor(colour))
    if entry.arrow:
        _draw_arrow(painter, bar, QBrush(gradient))
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(gradient))
    painter.drawRoundedRect(bar, 2, 2)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def draw_sign(painter: QPainter, key: Key, box: QRectF, dark: bool) -> None:
    """A line or a hatched area as it is on the map; `dark` is what it stands on here."""
    colour, dashed = QColor(key.colour), key.style == "dashed"
    style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
    if key.style == "hatched":
        painter.setPen(QPen(colour, 1))
        painter.setBrush(QBrush(colour, Qt.BrushStyle.BDiagPattern))
        painter.drawRect(box)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        return
    y = box.center().y()
    if not (dashed or dark) and colour.lightnessF() > 0.6:  # made for dark ground
        painter.setPen(QPen(_DARK_RIM, 4.2))
        painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
    painter.setPen(QPen(colour, 1.4 if dashed else 2.2, style))
    painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))


def _draw_arrow(painter: QPainter, box: QRectF, brush: QBrush) -> None:
    """An arrow as long as the box, of all the colours of its scale, with a dark rim."""
    y, tip = box.center().y(), box.right()
    for pen in (QPen(_DARK_RIM, 4.0), QPen(brush, 2.0)):
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawLine(QPointF(box.left(), y), QPointF(tip, y))
        for side in (-4.0, 4.0):
            painter.drawLine(QPointF(tip, y), QPointF(tip - 6, y + side))
