"""The KL of each dimension over epochs as a heat strip: where units wake up and collapse."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer import theme
from explorer.figures import nats

Array = npt.NDArray[np.float64]

ACTIVE_NATS = 0.01  # a dimension that costs less tells nothing
_LEAST_TOP_NATS = 0.5  # of the scale: where all have collapsed, noise is not to look awake
_GUTTER_PX, _SCALE_PX, _TOP_PX, _AXIS_PX = 34, 54, 15, 14
_BAR_PX = 9
_LABEL_PX = 9  # rows less high get no label of their own
_COLOURS = {
    True: ("#0b0d11", "#17395c", "#2f7fc9", "#7fc4ff", "#fff1c9"),
    False: ("#eef0f4", "#bcd6f5", "#5f9fe0", "#1f5fae", "#0b2140"),
}


class KlStrip(QWidget):
    """One row a dimension, one column an epoch; pointer and arrow keys read the values."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._epochs: Array = np.zeros(0)
        self._kl: Array = np.zeros((0, 0))
        self._marks: tuple[float, ...] = ()
        self._words = ""
        self._cursor: tuple[int, int] | None = None  # dimension, column
        self._epoch: float | None = None  # shown elsewhere, and marked as long as nobody points
        self._image: QImage | None = None
        self.setObjectName("klStrip")
        self.setAccessibleName("KL of each dimension over epochs")
        self.setToolTip("")
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 50)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._describe()

    def sizeHint(self) -> QSize:
        return QSize(320, 120)

    # -- what is shown ---------------------------------------------------------------------

    def set_values(self, epochs: Sequence[float], kl: Sequence[Sequence[float]]) -> None:
        """Show KLs, in nats, [K, E] of dimensions at epochs [E]."""
        self._epochs = np.asarray(epochs, np.float64)
        self._kl = np.asarray(kl, np.float64).reshape(len(kl), len(epochs))
        self._image = None
        if self._cursor is not None:
            dimension, column = self._cursor
            inside = dimension < self._kl.shape[0] and column < self._kl.shape[1]
            self._cursor = self._cursor if inside else None
        self._describe()

    def set_marks(self, epochs: Sequence[float]) -> None:
        """Mark where something was changed."""
        self._marks = tuple(epochs)
        self.update()

    def set_cursor_epoch(self, epoch: float | None) -> None:
        """Count what is active at the epoch nearest to that, or at the end."""
        self._epoch = epoch
        self._describe()

    def set_words(self, words: str) -> None:
        """What stands there while there is nothing to show."""
        self._words = words
        self._describe()

    def words(self) -> str:
        """What is said in place of values, or nothing where there are some."""
        return "" if self._kl.size else self._words

    def readout(self) -> str:
        """The value at the cursor, or how many dimensions are active at the epoch or the end."""
        if not self._kl.size:
            return ""
        column = self._column()
        epoch = f"epoch {self._epochs[column]:g}"
        count = f"{self._active().sum()} of {len(self._kl)} active"
        if self._cursor is None:
            return f"{count} after {epoch}"
        dimension = self._cursor[0]
        return f"{epoch} · z{dimension} · {nats(self._kl[dimension, column], 2)} · {count}"

    def _active(self) -> npt.NDArray[np.bool_]:
        """Which dimensions [K] are active at the epoch that is read."""
        return self._kl[:, self._column()] >= ACTIVE_NATS

    def _column(self) -> int:
        """Where the epoch stands that is pointed at, or else shown elsewhere, or the end."""
        if self._cursor is not None:
            return self._cursor[1]
        if self._epoch is None:
            return len(self._epochs) - 1
        return int(np.argmin(np.abs(self._epochs - self._epoch)))

    # -- geometry --------------------------------------------------------------------------

    def _field(self) -> QRectF:
        """Where the cells are."""
        across = max(1, self.width() - _GUTTER_PX - _SCALE_PX)
        down = max(1, self.height() - _TOP_PX - _AXIS_PX)
        return QRectF(_GUTTER_PX, _TOP_PX, across, down)

    def cell_centre(self, dimension: int, column: int) -> QPointF:
        """The middle of a cell in this widget's pixels."""
        field, (rows, columns) = self._field(), self._kl.shape
        x = field.left() + (column + 0.5) / columns * field.width()
        return QPointF(x, field.top() + (dimension + 0.5) / rows * field.height())

    def _cell_at(self, at: QPointF) -> tuple[int, int] | None:
        field, (rows, columns) = self._field(), self._kl.shape
        if not self._kl.size or not field.contains(at):
            return None
        row = int((at.y() - field.top()) / field.height() * rows)
        column = int((at.x() - field.left()) / field.width() * columns)
        return min(row, rows - 1), min(column, columns - 1)

    def _x_of(self, epoch: float) -> float:
        field, columns = self._field(), len(self._epochs)
        column = float(np.interp(epoch, self._epochs, np.arange(columns) + 0.5))
        return field.left() + column / columns * field.width()

    # -- pointer and keys ------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._set_cursor(self._cell_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._set_cursor(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._kl.size or not self._step(Qt.Key(event.key())):
            super().keyPressEvent(event)

    def _step(self, key: Qt.Key) -> bool:
        rows, columns = self._kl.shape
        row, column = self._cursor or (0, columns - 1)
        stride = max(1, columns // 50)
        target = {
            Qt.Key.Key_Left: (row, column - stride),
            Qt.Key.Key_Right: (row, column + stride),
            Qt.Key.Key_Up: (row - 1, column),
            Qt.Key.Key_Down: (row + 1, column),
            Qt.Key.Key_Home: (row, 0),
            Qt.Key.Key_End: (row, columns - 1),
        }.get(key)
        if target is not None:
            if self._cursor is None and key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
                target = row, column
            self._set_cursor(
                (min(max(target[0], 0), rows - 1), min(max(target[1], 0), columns - 1))
            )
            return True
        if key == Qt.Key.Key_Escape and self._cursor is not None:
            self._set_cursor(None)
            return True
        return False

    def _set_cursor(self, cell: tuple[int, int] | None) -> None:
        if cell != self._cursor:
            self._cursor = cell
            self._describe()

    def _describe(self) -> None:
        told = self.readout() or self._words
        self.setAccessibleDescription(f"{told}. Arrow keys read the values" if told else "")
        self.update()

    # -- drawing ---------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, colours = QPainter(self), theme.colours()
        font = painter.font()
        font.setPointSizeF(8.0)
        painter.setFont(font)
        if not self._kl.size:
            painter.setPen(QColor(colours.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(8, 0, -8, 0), flags, self._words)
            return
        self._draw_cells(painter)
        self._draw_labels(painter, font)
        self._draw_axis(painter)
        self._draw_scale(painter)
        self._draw_cursor(painter)
        painter.setPen(QColor(colours.text if self._cursor else colours.muted))
        box = QRectF(_GUTTER_PX, 0, self.width() - _GUTTER_PX, _TOP_PX)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, self.readout())
        if self.hasFocus():
            painter.setPen(QPen(QColor(colours.accent), 1))
            painter.drawRect(self._field().adjusted(-1, -1, 0, 0))

    def _draw_cells(self, painter: QPainter) -> None:
        if self._image is None:
            self._image = heat(self._kl, theme.colours().dark)
        painter.drawImage(self._field(), self._image)
        painter.setPen(QPen(QColor(theme.colours().text), 1, Qt.PenStyle.DotLine))
        for epoch in self._marks:
            x = self._x_of(epoch)
            painter.drawLine(QPointF(x, _TOP_PX), QPointF(x, self._field().bottom()))

    def _draw_labels(self, painter: QPainter, font: QFont) -> None:
        field, rows = self._field(), len(self._kl)
        height = field.height() / rows
        stride = max(1, int(np.ceil(_LABEL_PX / height)))
        small = QFont(font)
        small.setPointSizeF(7.0 if height < 12 else 8.0)
        painter.setFont(small)
        active, colours = self._active(), theme.colours()
        for row in range(0, rows, stride):
            painter.setPen(QColor(colours.text if active[row] else colours.muted))
            middle = field.top() + (row + 0.5) * height
            box = QRectF(0, middle - 8, _GUTTER_PX - 5, 16)
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(box, flags, f"z{row}")
        painter.setFont(font)

    def _draw_axis(self, painter: QPainter) -> None:
        painter.setPen(QColor(theme.colours().muted))
        first, last = self._epochs[0], self._epochs[-1]
        power = 10 ** np.floor(np.log10(max(last - first, 1) / 3))
        step = next((s * power for s in (1, 2, 5, 10) if (last - first) / (s * power) <= 6), power)
        metrics = QFontMetrics(painter.font())
        for epoch in np.arange(np.ceil(first / step) * step, last + step / 2, max(step, 1)):
            if epoch > last:
                break
            width = metrics.horizontalAdvance(f"{epoch:g}") + 4
            box = QRectF(self._x_of(epoch) - width / 2, self.height() - _AXIS_PX, width, _AXIS_PX)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{epoch:g}")

    def _draw_scale(self, painter: QPainter) -> None:
        field, top = self._field(), top_nats(self._kl)
        bar = QRectF(field.right() + 8, field.top(), _BAR_PX, field.height())
        steps = np.linspace(top, 0, 64)[:, None]
        painter.drawImage(bar, heat(steps, theme.colours().dark))
        painter.setPen(QColor(theme.colours().muted))
        left = bar.right() + 3
        for y, text in ((bar.top(), f"{top:.1f}"), (bar.bottom() - 12, "0 nats")):
            box = QRectF(left, y, self.width() - left, 12)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)

    def _draw_cursor(self, painter: QPainter) -> None:
        if self._cursor is None and self._epoch is None:
            return
        centre, field = self.cell_centre(*(self._cursor or (0, self._column()))), self._field()
        painter.setPen(QPen(QColor(theme.colours().text), 1))
        painter.drawLine(QPointF(centre.x(), field.top()), QPointF(centre.x(), field.bottom()))
        if self._cursor is not None:
            painter.drawEllipse(centre, 4, 4)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._image = None
            self.update()
        super().changeEvent(event)


def top_nats(kl: Array) -> float:
    """What the last colour stands for."""
    return max(float(kl.max(initial=0.0)), _LEAST_TOP_NATS)


def heat(kl: Array, dark: bool) -> QImage:
    """Values [K, E] as colours, by their square roots: what has just woken up is seen too."""
    share = np.sqrt(np.clip(kl, 0.0, None) / top_nats(kl))
    named = [QColor(name) for name in _COLOURS[dark]]
    stops = np.array([(one.red(), one.green(), one.blue()) for one in named], np.float64)
    at = np.linspace(0.0, 1.0, len(stops))
    rgb = np.stack([np.interp(share, at, stops[:, channel]) for channel in range(3)], -1)
    pixels = np.ascontiguousarray(rgb.round().astype(np.uint8))
    rows, columns = kl.shape
    kind = QImage.Format.Format_RGB888
    return QImage(pixels.data, columns, rows, 3 * columns, kind).copy()
