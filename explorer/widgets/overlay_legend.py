"""What the overlays of the map mean: a small card with a scale of colours or a key for each."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QToolTip, QWidget

from explorer import legends, theme
from explorer.legends import Entry

_WIDTH_PX, _ROW_PX, _PAD_PX = 232, 34, 8
_BAR_PX = 9
_APART_PX = 8  # between a title and what stands to the right of it


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
        ends = f" {entry.low} to {entry.end}" if entry.low else ""
        here = self._here.get(entry.name, "")
        note = f", {entry.note}" if entry.note else ""
        return f"{entry.title}{ends}{f', here {here}' if here else ''}{note}"

    def enterEvent(self, event: QEnterEvent) -> None:
        self.entered.emit()
        super().enterEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """It is no ground of the map: nothing is panned by it, and no handle put behind it."""
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()

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
            room = box.width() - painter.fontMetrics().horizontalAdvance(entry.title) - _APART_PX
            note = fitting(entry.note, QFontMetrics(_font(self.font())), room)
            self._paint_note(painter, note, box, Qt.AlignmentFlag.AlignRight)

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
        low, high = (metrics.horizontalAdvance(text) + 6 for text in (entry.low, entry.end))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | middle, entry.low)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | middle, entry.end)
        bar = box.adjusted(low, (15 - _BAR_PX) / 2, -high, -(15 - _BAR_PX) / 2)
        legends.draw_bar(painter, entry, bar)

    def _paint_keys(self, painter: QPainter, entry: Entry, box: QRectF) -> None:
        painter.setFont(_font(self.font()))
        x = box.left()
        for key in entry.keys:
            sign = QRectF(x, box.top() + 3, 20, 9)
            legends.draw_sign(painter, key, sign, theme.colours().dark)
            painter.setPen(QColor(theme.colours().muted))
            wide = painter.fontMetrics().horizontalAdvance(key.text)
            words = QRectF(x + 24, box.top(), wide + 2, box.height())
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, key.text)
            x = words.right() + 8


def fitting(note: str, metrics: QFontMetrics, room: float) -> str:
    """A note as long as there is room for: of a count the count alone, else cut with dots."""
    for words in (note, note.partition(", ")[2]):
        if words and metrics.horizontalAdvance(words) <= room:
            return words
    return metrics.elidedText(note, Qt.TextElideMode.ElideRight, max(0, int(room)))


def _font(font: QFont, bold: bool = False) -> QFont:
    small = QFont(font)
    small.setPointSizeF(8)
    small.setBold(bold)
    return small
