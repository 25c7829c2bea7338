"""Small pictures with words below, in rows, one of which can be chosen."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from explorer import theme

_PICTURES_PX = (40, 64)  # smallest and largest
_LINE_PX, _GAP_PX, _WIDTHS_PX = 14, 6, (68, 120)
_WORDS_PX = 2 * _LINE_PX + 8


@dataclass(frozen=True, eq=False)
class Thumbnail:
    """One picture; `key` names it, `colour` is a spot beside its first line (empty: none).

    `hollow`, the spot is a ring.
    """

    key: int
    lines: tuple[str, ...]
    tip: str
    colour: str = ""
    picture: QImage | None = None
    hollow: bool = False


class Thumbnails(QWidget):
    """Shows as many as fit; a click, or Enter on the current one, chooses."""

    chosen = Signal(int)
    pointed = Signal(int)  # the key under the pointer, or -1

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(120, 60)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._items: tuple[Thumbnail, ...] = ()
        self._words = ""
        self._current = 0
        self._least_width = _WIDTHS_PX[0]
        self._over = -1

    def sizeHint(self) -> QSize:
        return QSize(500, 170)

    def items(self) -> tuple[Thumbnail, ...]:
        """What is shown, as far as there is room."""
        return self._items

    def set_items(self, items: Sequence[Thumbnail], words: str = "") -> None:
        """Other pictures; `words` stand there if there are none."""
        self._items, self._words = tuple(items), words
        self._current = min(self._current, max(0, len(items) - 1))
        widest = max((self._words_px(item) for item in items), default=0)
        self._least_width = min(max(widest, _WIDTHS_PX[0]), _WIDTHS_PX[1])
        self._describe()
        self.update()

    def box(self, place: int) -> QRectF:
        """Where a picture with its words is."""
        columns = self._columns()
        row, column = divmod(place, columns)
        width = (self.width() - (columns - 1) * _GAP_PX) / columns
        height = self._height()
        return QRectF(column * (width + _GAP_PX), row * (height + _GAP_PX), width, height)

    def _words_px(self, item: Thumbnail) -> int:
        metrics = QFontMetrics(self._small_font())
        return 20 + max((metrics.horizontalAdvance(line) for line in item.lines), default=0)

    def _small_font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(8.0)
        return font

    def _columns(self) -> int:
        return max(1, int((self.width() + _GAP_PX) // (self._least_width + _GAP_PX)))

    def _picture_px(self) -> float:
        """As large as leaves room for two rows, if pictures of those can be seen at all."""
        least, most = _PICTURES_PX
        in_two = (self.height() - _GAP_PX) / 2 - _WORDS_PX
        return min(in_two if in_two >= least else max(self.height() - _WORDS_PX, least), most)

    def _height(self) -> float:
        return self._picture_px() + _WORDS_PX

    def _shown(self) -> int:
        rows = max(1, int((self.height() + _GAP_PX) // (self._height() + _GAP_PX)))
        return min(len(self._items), rows * self._columns())

    def _at(self, at: QPointF) -> int | None:
        return next((n for n in range(self._shown()) if self.box(n).contains(at)), None)

    def _describe(self) -> None:
        known = 0 <= self._current < len(self._items)
        self.setAccessibleDescription(self._items[self._current].tip if known else self._words)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, colours = QPainter(self), theme.colours()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if not self._items:
            painter.setPen(QColor(colours.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(10, 4, -10, -4), flags, self._words)
            return
        painter.setFont(self._small_font())
        for place in range(self._shown()):
            self._paint_item(painter, place)

    def _paint_item(self, painter: QPainter, place: int) -> None:
        item, box, colours = self._items[place], self.box(place), theme.colours()
        focused = self.hasFocus() and place == self._current
        painter.setPen(
            QPen(QColor(colours.accent if focused or place == self._over else colours.border), 1)
        )
        painter.setBrush(QColor(colours.control))
        painter.drawRoundedRect(
            box.adjusted(0.5, 0.5, -0.5, -0.5), theme.RADIUS_PX, theme.RADIUS_PX
        )
        if item.picture is not None:
            longer = max(item.picture.width(), item.picture.height(), 1)
            size = self._picture_px() / longer
            frame = QRectF(0, 0, size * item.picture.width(), size * item.picture.height())
            frame.moveCenter(QPointF(box.center().x(), box.top() + 4 + self._picture_px() / 2))
            painter.drawImage(frame, item.picture)
        top = box.top() + self._picture_px() + 6
        metrics = painter.fontMetrics()
        for number, line in enumerate(item.lines[:2]):
            row = QRectF(box.left() + 3, top + number * _LINE_PX, box.width() - 6, _LINE_PX)
            spot = 9 if item.colour and number == 0 else 0
            text = metrics.elidedText(line, Qt.TextElideMode.ElideRight, int(row.width()) - spot)
            wide = metrics.horizontalAdvance(text) + spot
            left = row.center().x() - wide / 2
            if spot:
                _draw_spot(painter, QPointF(left + 3, row.center().y()), item)
            painter.setPen(QColor(colours.text if number == 0 else colours.muted))
            at = QRectF(left + spot, row.top(), wide, _LINE_PX)
            painter.drawText(at, Qt.AlignmentFlag.AlignVCenter, text)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        place = self._at(event.position())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self._current = place
            self.chosen.emit(self._items[place].key)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self._at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point(None)

    def _point(self, place: int | None) -> None:
        over = -1 if place is None else place
        if over != self._over:
            self._over = over
            self.pointed.emit(-1 if place is None else self._items[place].key)
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = Qt.Key
        steps = {
            keys.Key_Left: -1,
            keys.Key_Right: 1,
            keys.Key_Up: -self._columns(),
            keys.Key_Down: self._columns(),
        }
        key = keys(event.key())
        if key in steps and self._items:
            self._current = min(max(self._current + steps[key], 0), self._shown() - 1)
            self._describe()
            self.update()
        elif key in (keys.Key_Return, keys.Key_Enter, keys.Key_Space) and self._items:
            self.chosen.emit(self._items[self._current].key)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self._at(QPointF(event.pos()))
            text = "" if place is None else self._items[place].tip
            QToolTip.showText(event.globalPos(), theme.as_tip(text), self)
            return True
        return super().event(event)


def _draw_spot(painter: QPainter, at: QPointF, item: Thumbnail) -> None:
    colour = QColor(item.colour)
    painter.setPen(QPen(colour, 1.2) if item.hollow else Qt.PenStyle.NoPen)
    painter.setBrush(Qt.BrushStyle.NoBrush if item.hollow else colour)
    painter.drawEllipse(at, 3, 3)
