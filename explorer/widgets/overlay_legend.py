"""What the overlays of the map mean: a small card with a scale of colours or a key for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QEnterEvent,
    QFont,
    QHelpEvent,
    QLinearGradient,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QToolTip, QWidget

from explorer import theme

_WIDTH_PX, _ROW_PX, _PAD_PX = 204, 34, 8
_BAR_PX = 9


@dataclass(frozen=True)
class Key:
    """One kind of line or area: `style` is "solid", "dashed" or "hatched"."""

    style: str
    colour: str
    text: str


@dataclass(frozen=True)
class Entry:
    """An overlay: a scale of `colours` from `low` to `high`, or `keys`; `tip` says what it is.

    `note` says what is going on; it stands in the place of a scale that has no ends yet.
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


class OverlayLegend(QWidget):
    """One row an overlay; hidden while there is none."""

    entered = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("overlayLegend")
        self.setAccessibleName("Legend of the overlays")
        self._entries: tuple[Entry, ...] = ()
        self._here: Mapping[str, str] = {}
        self.hide()

    def sizeHint(self) -> QSize:
        return QSize(_WIDTH_PX, len(self._entries) * _ROW_PX + _PAD_PX)

    def entries(self) -> tuple[Entry, ...]:
        """What it explains."""
        return self._entries

    def here(self) -> Mapping[str, str]:
        """The values at the pointer, by name of the overlay."""
        return self._here

    def set_entries(self, entries: Sequence[Entry]) -> None:
        """Explain other overlays."""
        if tuple(entries) != self._entries:
            self._entries = tuple(entries)
            self.resize(self.sizeHint())
            self.setVisible(bool(entries))
            self._describe()
            self.update()

    def set_here(self, here: Mapping[str, str]) -> None:
        """Say what the values at the pointer are, by name of the overlay."""
        if here != self._here:
            self._here = dict(here)
            self._describe()
            self.update()

    def _describe(self) -> None:
        self.setAccessibleDescription(". ".join(self._words(entry) for entry in self._entries))

    def _words(self, entry: Entry) -> str:
        ends = f" {entry.low} to {entry.high}" if entry.low else ""
        here = self._here.get(entry.name, "")
        note = f", {entry.note}" if entry.note else ""
        return f"{entry.title}{ends}{f', here {here}' if here else ''}{note}"

    def enterEvent(self, event: QEnterEvent) -> None:
        self.entered.emit()
        super().enterEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            row = (event.pos().y() - _PAD_PX // 2) // _ROW_PX
            tip = self._entries[row].tip if 0 <= row < len(self._entries) else ""
            QToolTip.showText(event.globalPos(), theme.as_tip(tip), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours, painter = theme.colours(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plate = QColor(colours.panel)
        plate.setAlpha(246)
        painter.setPen(QPen(QColor(colours.border), 1))
        painter.setBrush(plate)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for row, entry in enumerate(self._entries):
            top = _PAD_PX / 2 + row * _ROW_PX
            self._paint_title(painter, entry, top)
            below = QRectF(_PAD_PX, top + 17, _WIDTH_PX - 2 * _PAD_PX, 15)
            if entry.colours and not entry.low:
                self._paint_note(painter, entry.note or "…", below, Qt.AlignmentFlag.AlignLeft)
            elif entry.colours:
                self._paint_scale(painter, entry, below)
            else:
                self._paint_keys(painter, entry, below)

    def _paint_title(self, painter: QPainter, entry: Entry, top: float) -> None:
        colours = theme.colours()
        box = QRectF(_PAD_PX, top + 1, _WIDTH_PX - 2 * _PAD_PX, 16)
        painter.setFont(_font(self.font(), bold=True))
        painter.setPen(QColor(colours.text))
        painter.drawText(
            box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, entry.title
        )
        if here := self._here.get(entry.name, ""):
            painter.setFont(_font(self.font()))
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(box, flags, f"here {here}")
        elif entry.note and (entry.low or entry.keys):
            self._paint_note(painter, entry.note, box, Qt.AlignmentFlag.AlignRight)

    def _paint_note(
        self, painter: QPainter, note: str, box: QRectF, side: Qt.AlignmentFlag
    ) -> None:
        painter.setFont(_font(self.font()))
        painter.setPen(QColor(theme.colours().muted))
        painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, note)

    def _paint_scale(self, painter: QPainter, entry: Entry, box: QRectF) -> None:
        painter.setFont(_font(self.font()))
        painter.setPen(QColor(theme.colours().muted))
        metrics = painter.fontMetrics()
        low, high = (metrics.horizontalAdvance(text) + 6 for text in (entry.low, entry.high))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | middle, entry.low)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | middle, entry.high)
        bar = box.adjusted(low, (15 - _BAR_PX) / 2, -high, -(15 - _BAR_PX) / 2)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        for number, colour in enumerate(entry.colours):
            gradient.setColorAt(number / (len(entry.colours) - 1), QColor(colour))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QBrush(gradient))
        if entry.arrow:
            _draw_arrow(painter, bar, QBrush(gradient))
        else:
            painter.drawRoundedRect(bar, 2, 2)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_keys(self, painter: QPainter, entry: Entry, box: QRectF) -> None:
        painter.setFont(_font(self.font()))
        x = box.left()
        for key in entry.keys:
            self._paint_sign(painter, key, QRectF(x, box.top() + 3, 20, 9))
            painter.setPen(QColor(theme.colours().muted))
            wide = painter.fontMetrics().horizontalAdvance(key.text)
            words = QRectF(x + 24, box.top(), wide + 2, box.height())
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, key.text)
            x = words.right() + 8

    def _paint_sign(self, painter: QPainter, key: Key, box: QRectF) -> None:
        colour, dashed = QColor(key.colour), key.style == "dashed"
        style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
        if key.style == "hatched":
            painter.setPen(QPen(colour, 1))
            painter.setBrush(QBrush(colour, Qt.BrushStyle.BDiagPattern))
            painter.drawRect(box)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            return
        y = box.center().y()
        if (
            not (dashed or theme.colours().dark) and colour.lightnessF() > 0.6
        ):  # made for dark ground
            painter.setPen(QPen(QColor(8, 10, 14, 190), 4.2))
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
        painter.setPen(QPen(colour, 1.4 if dashed else 2.2, style))
        painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))


def _font(font: QFont, bold: bool = False) -> QFont:
    small = QFont(font)
    small.setPointSizeF(8)
    small.setBold(bold)
    return small


def _draw_arrow(painter: QPainter, box: QRectF, brush: QBrush) -> None:
    """An arrow as long as the box, of all the colours of its scale, with a dark rim."""
    y, tip = box.center().y(), box.right()
    for pen in (QPen(QColor(8, 10, 14, 190), 4.0), QPen(brush, 2.0)):
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawLine(QPointF(box.left(), y), QPointF(tip, y))
        for side in (-4.0, 4.0):
            painter.drawLine(QPointF(tip, y), QPointF(tip - 6, y + side))
