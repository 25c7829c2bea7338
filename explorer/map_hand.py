"""What a hand does on the map from press to release: drag a handle, pan, click, draw an area."""

import numpy as np
from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtWidgets import QWidget

from explorer.area_tool import AreaTool
from explorer.marker_layer import MarkerLayer
from explorer.viewport import Viewport

_CLICK_PX = 4  # a press that moves farther pans


class MapHand(QObject):
    """Knows what is held. It hears places in pixels of the ground, and tells those of the plane."""

    handle_pressed = Signal(int)
    handle_moved = Signal(int, float, float)
    handle_released = Signal(int)
    gesture_cancelled = Signal()
    handle_activated = Signal(int)  # double click
    ground_activated = Signal(float, float)  # double click
    ground_clicked = Signal(float, float)  # a press and a release at one place
    ground_panned = Signal(float, float)  # pixels since the last
    area_moved = Signal(float, float)  # the pointer, while an area is drawn
    area_drawn = Signal(object, str)  # corners [M, 2] in the plane; replace, add or remove
    tool_ended = Signal()
    pointer_moved = Signal(float, float)  # over the ground, holding nothing
    ground_left = Signal()

    def __init__(self, markers: MarkerLayer, area: AreaTool, widget: QWidget) -> None:
        super().__init__(widget)
        self._markers, self._area, self._widget = markers, area, widget
        self._dragging: int | None = None
        self._grab_offset = QPointF()
        self._panning_from: QPointF | None = None
        self._clicking: QPointF | None = None  # where a press was that may become a click
        self._clicked_ground = self._click_taken = False

    @property
    def dragging(self) -> bool:
        """Whether a handle is held."""
        return self._dragging is not None

    @property
    def idle(self) -> bool:
        """Whether nothing is held, nor an area drawn."""
        return self._dragging is None and self._panning_from is None and not self._area.drawing

    def press(self, view: Viewport, at: QPointF, left: bool) -> None:
        """Take hold of a handle or of the ground, or begin an area; not `left`: of the ground."""
        marker = self._markers.at(view, at.x(), at.y()) if left else None
        self._clicked_ground, self._click_taken = marker is None, False
        if marker is not None:
            self._dragging = marker.key
            place = QPointF(*view.pixel(marker.x, marker.y)).toPoint()
            self._grab_offset = QPointF(place) - at
            self.handle_pressed.emit(marker.key)
        elif left and self._area.draws:
            self._area.begin(*_in_plane(view, at))
        else:
            self._clicking = at if left and _shows(view, at) else None
            self._panning_from = at
            self._widget.setCursor(Qt.CursorShape.ClosedHandCursor)

    def move(self, view: Viewport, at: QPointF) -> None:
        """Go on with what was begun, or wander over the ground."""
        if self._dragging is not None:
            self.handle_moved.emit(self._dragging, *_in_plane(view, at + self._grab_offset))
        elif self._area.drawing:
            place = _in_plane(view, at)
            self._area.move(*place, view.scale)
            self.area_moved.emit(*place)
            self._widget.update()
        elif self._clicking is not None and _is_near(at, self._clicking):
            return
        elif self._panning_from is not None:
            self._clicking = None
            moved, self._panning_from = at - self._panning_from, at
            self.ground_panned.emit(moved.x(), moved.y())
        elif _shows(view, at):
            self._wander(view, at)
        else:
            self.ground_left.emit()

    def _wander(self, view: Viewport, at: QPointF) -> None:
        over = self._markers.at(view, at.x(), at.y()) is not None
        shapes = Qt.CursorShape
        self._widget.setCursor(shapes.OpenHandCursor if over else shapes.CrossCursor)
        self.pointer_moved.emit(*_in_plane(view, at))

    def release(self, view: Viewport, left: bool, keys: Qt.KeyboardModifier) -> None:
        """Let go of what is held; an area is drawn as the keys say."""
        if self._dragging is not None and left:
            key, self._dragging = self._dragging, None
            self.handle_released.emit(key)
        elif self._area.drawing:
            corners = self._area.end(view.scale)
            self._widget.update()
            self.area_drawn.emit(np.zeros((0, 2)) if corners is None else corners, _how(keys))
        elif self._panning_from is not None:
            self._panning_from = None
            self._widget.setCursor(Qt.CursorShape.CrossCursor)
            if self._clicking is not None:
                at, self._clicking = self._clicking, None
                self.ground_clicked.emit(*_in_plane(view, at))

    def press_twice(self, view: Viewport, at: QPointF) -> None:
        """A double click, with the left button."""
        if not _shows(view, at):
            return
        self._panning_from = None
        marker = self._markers.at(view, at.x(), at.y())
        if self._area.kind != "pan" or (marker is not None and self._clicked_ground):
            return  # the first click of the two has put the handle there
        if marker is None and not self._click_taken:
            self.ground_activated.emit(*_in_plane(view, at))
        elif marker is not None:
            self.handle_activated.emit(marker.key)

    def take_click(self) -> None:
        """What was clicked is no bare ground: a second click there is none on the ground either."""
        self._click_taken = True

    def give_up(self) -> bool:
        """Leave what was begun, or else the tool; whether there was anything to leave."""
        if self._dragging is not None:
            self._dragging = None
            self.gesture_cancelled.emit()
        elif self._area.drawing:
            self._area.cancel()
            self._widget.update()
        elif self._area.kind != "pan":
            self.tool_ended.emit()
        else:
            return False
        return True


def _how(keys: Qt.KeyboardModifier) -> str:
    kinds = Qt.KeyboardModifier
    if keys & (kinds.AltModifier | kinds.ControlModifier):
        return "remove"
    return "add" if keys & kinds.ShiftModifier else "replace"


def _in_plane(view: Viewport, at: QPointF) -> tuple[float, float]:
    return view.place(at.x(), at.y())


def _shows(view: Viewport, at: QPointF) -> bool:
    return QRectF(0, 0, view.width, view.height).contains(at)


def _is_near(one: QPointF, other: QPointF) -> bool:
    return (one - other).manhattanLength() < _CLICK_PX
