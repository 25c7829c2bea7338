"""The path's frames side by side, the keyframes under them, and a line to scrub."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer import theme

_CHIP_PX = (22, 18)
_SMALLEST_FRAME_PX = 30


@dataclass(frozen=True)
class Keyframe:
    """A handle on the path; `colour` is a handle colour's index."""

    key: int
    name: str
    colour: int
    active: bool


class StripView(QWidget):
    """Click or drag to scrub, arrow keys to step; drag a keyframe to another place."""

    scrubbed = Signal(int)  # frame
    keyframe_chosen = Signal(int)  # handle key
    keyframe_moved = Signal(int, int)  # handle key, place

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMinimumSize(160, 54)
        self.setMouseTracking(True)
        self._frames = 0
        self._images: Mapping[int, QImage] = {}
        self._keyframes: Sequence[Keyframe] = ()
        self._scrub: int | None = None
        self._moving: int | None = None
        self._moving_to = 0
        self._scrubbing = False

    def sizeHint(self) -> QSize:
        return QSize(600, 80)

    def set_frames(self, count: int, images: Mapping[int, QImage]) -> None:
        """`count` frames and the pictures of those that have come."""
        self._frames, self._images = count, images
        self.update()

    def set_keyframes(self, keyframes: Sequence[Keyframe]) -> None:
        """The handles in the order of the path."""
        self._keyframes = keyframes
        self.update()

    def set_scrub(self, frame: int | None) -> None:
        """Where the line stands."""
        self._scrub = frame
        self.update()

    def images(self) -> Mapping[int, QImage]:
        """The pictures by frame."""
        return self._images

    # -- geometry --------------------------------------------------------------------------

    def x_of(self, frame: float) -> float:
        """The middle of a frame, in pixels; between the first and the last it is even."""
        cell = self.width() / max(self._frames, 1)
        return cell / 2 + frame * cell

    def _frame_at(self, x: float) -> int:
        cell = self.width() / max(self._frames, 1)
        return max(0, min(int(x / cell), self._frames - 1))

    def _keyframe_x(self, place: int) -> float:
        segments = max(len(self._keyframes) - 1, 1)
        return self.x_of(place * max(self._frames - 1, 0) / segments)

    def _chip(self, place: int) -> QRectF:
        width, height = _CHIP_PX
        x = min(max(self._keyframe_x(place) - width / 2, 0), self.width() - width)
        return QRectF(x, self.height() - height, width, height)

    def _chip_at(self, at: QPointF) -> int | None:
        for place in range(len(self._keyframes)):
            if self._chip(place).adjusted(-2, -2, 2, 2).contains(at):
                return place
        return None

    # -- painting --------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, colours = QPainter(self), theme.colours()
        row = QRectF(0, 0, self.width(), self.height() - _CHIP_PX[1] - 4)
        painter.fillRect(row, QColor(colours.map))
        if not self._frames:
            painter.setPen(QColor(colours.muted))
            words = "No path yet: double-click the map to add a handle"
            painter.drawText(row, Qt.AlignmentFlag.AlignCenter, words)
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for frame in self._shown_frames():
            image = self._images.get(frame)
            if image is not None:
                painter.drawImage(self._frame_box(frame, image, row), image)
            else:
                theme.fill_waiting(painter, self._cell(frame, row).adjusted(1, 1, -1, -1))
        self._paint_keyframes(painter)
        if self._scrub is not None:
            painter.setPen(QPen(QColor(colours.text), 1.5))
            x = self.x_of(self._scrub)
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        if self.hasFocus():
            painter.setPen(QColor(colours.accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(row.adjusted(0, 0, -1, -1))

    def _shown_frames(self) -> range:
        """Every frame, or every n-th where there is no room for all."""
        room = max(1, self.width() // _SMALLEST_FRAME_PX)
        return range(0, self._frames, max(1, -(-self._frames // room)))

    def _frame_box(self, frame: int, image: QImage, row: QRectF) -> QRectF:
        cell = self._cell(frame, row)
        scale = min((cell.width() - 2) / image.width(), (row.height() - 2) / image.height())
        box = QRectF(0, 0, image.width() * scale, image.height() * scale)
        box.moveCenter(cell.center())
        return box

    def _cell(self, frame: int, row: QRectF) -> QRectF:
        wide = self.width() / self._frames
        return QRectF(frame * wide, row.top(), wide * self._shown_frames().step, row.height())

    def _shown_keyframes(self) -> list[int]:
        """Every keyframe, or every n-th where they would hide each other; the active one last."""
        room = max(1, 2 * self.width() // _CHIP_PX[0])
        step = max(1, -(-len(self._keyframes) // room))
        shown = list(range(0, len(self._keyframes), step))
        if step > 1:
            active = (at for at, keyframe in enumerate(self._keyframes) if keyframe.active)
            shown += [at for at in (*active, self._moving) if at is not None]
        return shown

    def _paint_keyframes(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(painter.font())
        font.setBold(True)
        font.setPointSizeF(8.5)
        painter.setFont(font)
        for place in self._shown_keyframes():
            keyframe = self._keyframes[place]
            box = self._chip(place).adjusted(1, 1, -1, -1)
            if place == self._moving:
                box.moveLeft(self._chip(self._moving_to).left() + 1)
            border = theme.colours().text if keyframe.active else "#00000000"
            painter.setPen(QPen(QColor(border), 2))
            painter.setBrush(theme.handle_colour(keyframe.colour))
            painter.drawRoundedRect(box, 4, 4)
            painter.setPen(QColor("#111317"))
            short = keyframe.name if len(keyframe.name) <= 2 else keyframe.name[0]
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, short)

    # -- mouse and keys --------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or not self._frames:
            return
        self._moving = self._chip_at(event.position())
        if self._moving is not None:
            self._moving_to = self._moving
            self.keyframe_chosen.emit(self._keyframes[self._moving].key)
        else:
            self._scrubbing = True
            self.scrubbed.emit(self._frame_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if self._moving is not None:
            places = range(len(self._keyframes))
            self._moving_to = min(places, key=lambda place: abs(self._keyframe_x(place) - x))
            self.update()
        elif self._scrubbing:
            self.scrubbed.emit(self._frame_at(x))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._scrubbing = False
        place, self._moving = self._moving, None
        if place is not None and self._moving_to != place:
            self.keyframe_moved.emit(self._keyframes[place].key, self._moving_to)
        self.update()

    def event(self, event: QEvent) -> bool:
        """Home and End are the strip's own keys here, whatever commands they are elsewhere."""
        own = isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End)
        if own and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = self._frames - 1
        now = self._scrub if self._scrub is not None else 0
        target = {
            Qt.Key.Key_Left: now - 1,
            Qt.Key.Key_Right: now + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }.get(Qt.Key(event.key()))
        if target is None or last < 0:
            super().keyPressEvent(event)
        else:
            self.scrubbed.emit(max(0, min(target, last)))

    def changeEvent(self, event: QEvent) -> None:
        self.update()
        super().changeEvent(event)
