"""The map: a plane to pan and zoom, with a ground, points, a path and handles to drag."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QHideEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from explorer import axes, painting, theme
from explorer.area_tool import AreaTool
from explorer.frame_timing import FrameTiming
from explorer.glider import Glider, Step
from explorer.lens import LENS_PX, Lens
from explorer.map_drawing import MapContents, recorded
from explorer.map_ground import GroundLook, MapGround
from explorer.map_hand import MapHand
from explorer.map_keys import ZOOM_A_NOTCH, nudge_of, view_after
from explorer.marker_layer import MarkerLayer
from explorer.painting import Drawn, Ellipse, Marker
from explorer.path_layer import PathLayer
from explorer.point_layer import PointLayer
from explorer.stepping_aside import SteppingAside
from explorer.tile_drawing import TileImage
from explorer.viewport import Viewport

Floats = npt.NDArray[np.float32]

MARGIN_LEFT_PX, MARGIN_BOTTOM_PX = axes.MARGIN_LEFT_PX, axes.MARGIN_BOTTOM_PX


class MapView(QWidget):
    """Draws what it is given in plane coordinates and reports gestures in them."""

    menu_requested = Signal(int, float, float, QPoint)  # handle or -1
    pointer_left = Signal()
    nudged = Signal(float, float)  # latent units
    view_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        # The ground covers all of it: what lies behind need not be painted first.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(240, 160)
        self.view = Viewport()
        self.tile_image: TileImage = lambda tile: None
        self.tile_px, self.tile_opacity = 42.0, 1.0
        self.show_tiles = self.show_prior = False
        # Drawn in this order: what lies still between tiles and points, and over the points, is
        # drawn once (call `redraw_ground` when it changes); what lies on top at every frame.
        self.below_points: list[Drawn] = []
        self.crowd: Drawn | None = None  # points too many to be drawn here: see `redraw_layers`
        self.above_points: list[Drawn] = []
        self.area = AreaTool()
        self.on_top: list[Drawn] = [self.area]
        # At every frame too, but no part of the map as a picture.
        self.under_handles: list[Drawn] = []
        self.over_handles: list[Drawn] = []
        # What is drawn and no small widget may hide, in the ground's own pixels.
        self.seen_whole: list[Callable[[], QRectF]] = []
        self._aside = SteppingAside(self)
        self.ground_dark = True
        self._show_axes = True
        self.axis_names = ("", "")  # what runs across and up, told by the numbers along them
        self._points = PointLayer()
        self._markers = MarkerLayer()
        self._ellipses: tuple[Ellipse, ...] = ()
        self._hover_ellipse: Ellipse | None = None
        self._path = PathLayer()
        self._lens = Lens()
        self._pointer: QPointF | None = None
        self._ground = MapGround(self._ground_look, self)
        self._ground.refined.connect(self.update)
        self._hand = hand = MapHand(self._markers, self.area, self)
        hand.ground_panned.connect(self._on_hand_ground_panned)
        hand.ground_left.connect(self.forget_pointer)
        # What the hand tells, the map does.
        self.handle_pressed, self.handle_moved = hand.handle_pressed, hand.handle_moved
        self.handle_released, self.gesture_cancelled = hand.handle_released, hand.gesture_cancelled
        self.handle_activated, self.ground_activated = hand.handle_activated, hand.ground_activated
        self.ground_clicked, self.pointer_moved = hand.ground_clicked, hand.pointer_moved
        self.area_moved, self.area_drawn = hand.area_moved, hand.area_drawn
        self.tool_ended = hand.tool_ended
        self._fitted = self._shows_focus = False
        self._frames = FrameTiming(self)
        self._glider = Glider(self)
        self._glider.stepped.connect(self._on_glider_stepped)
        self._teller = QTimer(self, singleShot=True, interval=0)
        self._teller.timeout.connect(self._on_tell)
        self._fit_box: tuple[Sequence[float], Sequence[float], float] = ((-3, -3), (3, 3), 0.05)

    # -- what is drawn ---------------------------------------------------------------------

    def set_points(self, xy: Floats, colours: npt.NDArray[np.uint8]) -> None:
        """Data points [N, 2] in their colours [N, 3]."""
        self._end_glide()
        self._points.set(xy, colours)
        self.redraw_layers()

    def glide_points(self, xy: Floats, colours: npt.NDArray[np.uint8]) -> None:
        """The same points lie elsewhere now: let them wander there, unless nobody would see it."""
        if len(xy) != len(self._points.xy) or not self._glider.seen:
            self.set_points(xy, colours)
            return
        self._points.set(self._points.xy, colours)
        self._glider.begin(self._points.xy, xy, self.view, self.dragging)

    def glide_to_fit(
        self, low: Sequence[float], high: Sequence[float], margin: float = 0.05
    ) -> None:
        """As `fit`, but on the way there together with the points."""
        if not self.gliding:
            self.fit(low, high, margin)
            return
        self._fit_box, self._fitted = (low, high, margin), True
        self._glider.take_along(self.view, self.view.fitted(low, high, margin))

    @property
    def gliding(self) -> bool:
        """Whether points are on their way."""
        return self._glider.end is not None

    @property
    def goal(self) -> Viewport:
        """What the view is on its way to, or shows already."""
        return self._glider.goal or self.view

    @property
    def fitted(self) -> bool:
        """Whether the view is the one that shows all: nobody has panned or zoomed since."""
        return self._fitted

    @property
    def fit_box(self) -> tuple[Sequence[float], Sequence[float], float]:
        """Two corners of what was asked to be seen whole last, and the margin around it."""
        return self._fit_box

    def points(self) -> Floats:
        """Where the data points are drawn now [N, 2]."""
        return self._points.xy

    def _on_glider_stepped(self, step: Step) -> None:
        self._points.set(step.points, self._points.colours)
        if step.view is not None:
            self.view = step.view
            self._ground.forget()
        if step.arrived:
            self._end_glide()
        self.redraw_layers()

    def _end_glide(self) -> None:
        moves, self.view = self._glider.goal is not None, self.goal
        self._glider.stop()
        if moves:
            self._view_moved()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody watches: the points are where they go."""
        if (end := self._glider.end) is not None:
            self.set_points(end, self._points.colours)
        super().hideEvent(event)

    def set_markers(self, markers: Sequence[Marker], ellipses: Sequence[Ellipse] = ()) -> None:
        """The handles, and posteriors of those that are encoded images."""
        self._markers.markers, self._ellipses = tuple(markers), tuple(ellipses)
        self._update_soon()

    def set_hover_ellipse(self, ellipse: Ellipse | None) -> None:
        """The posterior of the data point under the pointer, until it rests on none."""
        if ellipse is not self._hover_ellipse:
            self._hover_ellipse = ellipse
            self.update()

    def set_path(self, xy: Floats) -> None:
        """The path as points [N, 2]."""
        self._path.xy = xy
        self._update_soon()

    def set_scrub(self, at: tuple[float, float] | None) -> None:
        """Where on the path the player is."""
        self._path.player = at
        self.update()

    def set_lens(
        self, picture: QImage | None, side_px: int = LENS_PX, caption: str = "decode here"
    ) -> None:
        """The decode beside the pointer, its longer side so many pixels, and what it is called."""
        if picture is None:
            self._lens.forget()
        self._lens.picture, self._lens.side_px, self._lens.caption = picture, side_px, caption
        self._frames.now()

    def _update_soon(self) -> None:
        """A handle that is dragged, or the path through it, waits for its picture."""
        if self._hand.dragging:
            self._frames.soon()
        else:
            self.update()

    def hold(self) -> None:
        """Paint nothing until `redraw_ground`, for a moment at most, unless views follow fast."""
        self._frames.hold()

    def let_go(self) -> None:
        """Paint what was held back, if anything was."""
        self._frames.let_go()

    def redraw_ground(self) -> None:
        """Draw tiles, points and circles anew at the next frame."""
        self.let_go()
        self._ground.forget()
        self.update()

    def redraw_layers(self) -> None:
        """Draw points and overlays anew at the next frame, on the tiles that are drawn already."""
        self._ground.forget_layers()
        self.update()

    def refine_ground(self) -> None:
        """The same, but tiles are drawn a few at a time, so that no frame is late for them."""
        self._ground.refine()

    @property
    def lens(self) -> QImage | None:
        """The decode beside the pointer, if there is one."""
        return self._lens.picture

    @property
    def lens_box(self) -> QRectF:
        """Where that decode stands, in the ground's own pixels; nothing without one."""
        return self._lens.box(self.lens_outline)

    @property
    def lens_outline(self) -> QRectF:
        """The same with its frame and its caption."""
        at = self._pointer
        if at is None or self._lens.picture is None:
            return QRectF()
        family = self.font().family()
        return self._lens.outline(self.view, at - self._corner, self.covered(), family)

    @property
    def dragging(self) -> bool:
        """Whether a handle is being dragged."""
        return self._hand.dragging

    @property
    def hovering(self) -> bool:
        """Whether the pointer rests or wanders over the ground, dragging nothing."""
        return self._hand.idle and self._pointer is not None

    @property
    def place(self) -> tuple[float, float] | None:
        """Where in the plane the pointer is now, if it is over the ground."""
        at = self._pointer
        return None if at is None or not self.ground.contains(at) else self._to_plane(at)

    def tell_pointer(self) -> None:
        """Say again where the pointer is, once all that changes now has changed.

        Another part of the plane is under it, or the same part decodes to something else. While
        something is dragged nothing is said until that ends.
        """
        if self.hovering:
            self._teller.start()

    def _on_tell(self) -> None:
        place = self.place
        if self.hovering and place is not None:
            self.pointer_moved.emit(*place)
        elif self.hovering:
            self.forget_pointer()

    # -- where things are ------------------------------------------------------------------

    @property
    def ground(self) -> QRectF:
        """The part of the widget that shows the plane."""
        return QRectF(self._corner.x(), 0, self.view.width, self.view.height)

    @property
    def show_axes(self) -> bool:
        """Whether numbers stand along the axes; without them the ground is all of the widget."""
        return self._show_axes

    @show_axes.setter
    def show_axes(self, shown: bool) -> None:
        self._show_axes = shown
        self._take_room()

    @property
    def _corner(self) -> QPointF:
        """Of the ground."""
        return QPointF(MARGIN_LEFT_PX if self._show_axes else 0, 0)

    def _take_room(self) -> None:
        """The ground is as large as the widget and the axes let it be."""
        beside, below = (MARGIN_LEFT_PX, MARGIN_BOTTOM_PX) if self._show_axes else (0, 0)
        view = self.view.resized(self.width() - beside, self.height() - below)
        self.view = view.fitted(*self._fit_box) if self._fitted else view
        self._glider.leave_view()
        self._view_moved()

    def covered(self) -> list[QRectF]:
        """The parts of the ground that small widgets stand on, in the ground's own pixels."""
        boxes = [QRectF(widget.geometry()) for widget in self._small_widgets()]
        return [box.translated(-self._corner) for box in boxes]

    def _small_widgets(self) -> list[QWidget]:
        found = self.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
        return [widget for widget in found if widget.isVisible()]

    def position_of(self, handle: str | int | object) -> QPoint:
        """Where a handle is, in the widget's own pixels; by name, key, or anything with `key`.

        Raises:
            KeyError: there is no such handle.
        """
        marker = self._markers.named(getattr(handle, "key", handle))
        return self._to_widget(marker.x, marker.y).toPoint()

    def _to_widget(self, x: float, y: float) -> QPointF:
        px, py = self.view.pixel(x, y)
        return QPointF(px, py) + self._corner

    def _to_plane(self, at: QPointF) -> tuple[float, float]:
        return self.view.place(*(at - self._corner).toTuple())

    def _handle_at(self, at: QPointF) -> int | None:
        found = self._markers.at(self.view, *(at - self._corner).toTuple())
        return None if found is None else found.key

    def axis_at(self, at: QPointF) -> str:
        """What the axis is whose numbers stand there, if any do."""
        return axes.words(self.axis_names, self.view, at - self._corner, self.line_only)

    # -- viewport --------------------------------------------------------------------------

    @property
    def line_only(self) -> bool:
        """Whether what is shown is a line (K = 1)."""
        return self.view.line

    def set_line_only(self, line_only: bool) -> None:
        """Show a line, which always runs through the middle, or a plane."""
        if line_only != self.line_only:
            self._glider.leave_view()
            self.view = self.view.as_line(line_only)
            self._ground.forget()

    def _wander_to(self, view: Viewport) -> None:
        """As `set_view`, for a person: what leads nowhere, as up from a line, is nothing."""
        if view != self.view or self.gliding:
            self.set_view(view)

    def set_view(self, view: Viewport) -> None:
        """Look at another part of the plane."""
        self.view = view.resized(self.view.width, self.view.height).as_line(self.line_only)
        self._fitted = False
        self._glider.leave_view()
        self._view_moved()

    def fit(self, low: Sequence[float], high: Sequence[float], margin: float = 0.05) -> None:
        """Look at the whole box; resizing keeps it whole until somebody pans or zooms."""
        self._fit_box, self._fitted = (low, high, margin), True
        self._glider.leave_view()
        self.view = self.view.fitted(low, high, margin)
        self._view_moved()

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Enlarge; what is under `at` (else the centre) stays there."""
        anchor = None if at is None else (at - self._corner).toTuple()
        self.set_view(self.view.zoomed(factor, anchor))

    def _view_moved(self) -> None:
        self._ground.forget()
        self._frames.view_moved()
        self.view_changed.emit()  # whoever hears it may ask to `hold`: then nothing is painted yet
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._take_room()
        super().resizeEvent(event)

    # -- painting --------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        ground = self._ground.picture()  # first: it may be drawn now, by a painter of its own
        painter = QPainter(self)
        painter.drawPixmap(0, 0, ground)
        painter.setClipRect(self.ground)
        painter.translate(self._corner)
        self._path.draw(painter, self.view, self.ground_dark)
        painting.draw_ellipses(painter, self.view, self._ellipses)
        if self._hover_ellipse is not None:
            painting.draw_ellipses(painter, self.view, [self._hover_ellipse])
        painting.draw_layers(painter, self.on_top, self.view, self.ground_dark)
        painting.draw_layers(painter, self.under_handles, self.view, self.ground_dark)
        self._markers.draw(painter, self.view, self.ground_dark)
        self._path.draw_player(painter, self.view)
        lens = self.lens_outline
        self._lens.draw(painter, self.ground_dark, lens)
        painting.draw_layers(painter, self.over_handles, self.view, self.ground_dark)
        self._make_room(lens)
        if self._shows_focus:
            painter.setPen(QColor(theme.colours().accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(0, 0, self.view.width - 1, self.view.height - 1))

    def _make_room(self, lens: QRectF) -> None:
        """No small widget hides the lens, nor anything else that is to be seen whole."""
        whole = [lens, *(box() for box in self.seen_whole)]
        boxes = [box.translated(self._corner) for box in whole if not box.isEmpty()]
        self._aside.make_room(self._small_widgets(), boxes, self._pointer)

    def _ground_look(self) -> GroundLook:
        """What lies still, as it is to be drawn now."""
        points = [self._points] if self.crowd is None else [self._points, self.crowd]
        return GroundLook(
            view=self.view,
            size=self.size(),
            ratio=self.devicePixelRatioF(),
            font=self.font(),
            colours=theme.colours(),
            dark=self.ground_dark,
            show_axes=self.show_axes,
            line_only=self.line_only,
            tile_image=self.tile_image if self.show_tiles else None,
            tile_px=self.tile_px,
            tile_opacity=self.tile_opacity,
            layers=[*self.below_points, *points, *self.above_points],
            show_prior=self.show_prior,
        )

    def contents(self) -> MapContents:
        """What is on the map now, to be drawn elsewhere at another size."""
        return MapContents(
            view=self.view,
            colours=theme.colours(),
            ground_dark=self.ground_dark,
            line_only=self.line_only,
            tiles=self.show_tiles,
            tile_px=self.tile_px,
            opacity=self.tile_opacity,
            prior=self.show_prior,
            points=self._points.xy,
            point_colours=self._points.colours,
            below=recorded(self.below_points, self.view, self.ground_dark),
            above=recorded(self.above_points, self.view, self.ground_dark),
            on_top=recorded(self.on_top, self.view, self.ground_dark),
            path=self._path.xy,
            markers=self._markers.markers,
            ellipses=self._ellipses,
        )

    # -- mouse -----------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            return
        if self._glider.goal is not None:  # nothing moves away from under the hand
            self._glider.leave_view()
            self._view_moved()
        left = event.button() == Qt.MouseButton.LeftButton
        self._hand.press(self.view, event.position() - self._corner, left)
        if self.area.drawing:
            self.set_lens(None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer = event.position()
        self._hand.move(self.view, self._pointer - self._corner)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        left = event.button() == Qt.MouseButton.LeftButton
        self._hand.release(self.view, left, event.modifiers())
        self.tell_pointer()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._hand.press_twice(self.view, event.position() - self._corner)

    def take_click(self) -> None:
        """Whoever hears `ground_clicked` makes something of it; a double click adds nothing."""
        self._hand.take_click()

    def _on_hand_ground_panned(self, across_px: float, down_px: float) -> None:
        self._wander_to(self.view.panned(across_px, down_px))

    def set_tool(self, kind: str) -> None:
        """What a press on the ground does: one of `area_tool.TOOLS`."""
        self.area.cancel()
        self.area.kind = kind
        self.tell_pointer()
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        if notches:
            self.zoom(ZOOM_A_NOTCH**notches, event.position())
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        at = QPointF(event.pos())
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            active = self._markers.active
            at = self._to_widget(active.x, active.y) if active else self.ground.center()
        key = self._handle_at(at)
        where = self.mapToGlobal(at.toPoint())
        self.menu_requested.emit(-1 if key is None else key, *self._to_plane(at), where)

    def leaveEvent(self, event: QEvent) -> None:
        self.forget_pointer()
        super().leaveEvent(event)

    def forget_pointer(self) -> None:
        """It is over something else, even if that lies over the map."""
        self._pointer, self._hover_ellipse = None, None
        self._lens.forget()
        self.pointer_left.emit()
        self.update()

    # -- keys ------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        held = event.modifiers()
        if key == Qt.Key.Key_Escape and self._hand.give_up():
            self.tell_pointer()
        elif key == Qt.Key.Key_Home and held & Qt.KeyboardModifier.ControlModifier:
            self._look_at_active()
        elif (view := view_after(self.view, key, held)) is not None:
            self._wander_to(view)
        elif (nudge := nudge_of(self.view, key, held)) is not None:
            self.nudged.emit(*nudge)
        else:
            super().keyPressEvent(event)

    def _look_at_active(self) -> None:
        """The active handle in the middle, at the same scale."""
        active = self._markers.active
        if active is not None:
            self.set_view(replace(self.view, x=active.x, y=active.y))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            text = self.axis_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), theme.as_tip(text), self)
            return True
        return super().event(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self.redraw_ground()
        super().changeEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        reasons = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self._shows_focus = event.reason() in reasons
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._shows_focus = False
        self.update()
