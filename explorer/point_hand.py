"""What the pointer does with data points on the map: shows one, makes a handle of it, selects."""

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer, Signal

from explorer.data_look import DataLook
from explorer.legends import latent_unit
from explorer.map_points import MapPoints, project
from explorer.neighbours import Place
from explorer.painting import Ellipse, to_image
from explorer.point_words import card_lines, company_words, one_of
from explorer.selection import How, Selection
from explorer.session import Session
from explorer.widgets.coordinates import decimals_at
from explorer.widgets.map_view import MapView
from explorer.widgets.place_mark import PlaceMark
from explorer.widgets.point_card import PointCard
from models.points import Points

Doubles = npt.NDArray[np.float64]

_REST_MS = 25  # the pointer rests on a point before its card is asked for
_COLOUR = 7  # of the handles' colours: the ellipse of a point that is none


class PointHand(QObject):
    """Binds the gestures of a map view to the points and what is known of them."""

    said = Signal(str)
    tool_changed = Signal(str)
    near_clicked = Signal(object)  # what the nearest data is asked of: (x, y), or a point's number

    def __init__(
        self,
        session: Session,
        view: MapView,
        points: MapPoints,
        look: DataLook,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._view = session, view
        self._points, self._look = points, look
        self._card = PointCard()
        self._card.covered, self._card.lens = view.covered, lambda: view.lens_outline
        view.under_handles.append(self._card.ring)
        view.over_handles.append(self._card)
        view.seen_whole.append(lambda: self._card.box)
        self._company: tuple[object, tuple[int, bool]] = (None, (1, False))
        self._mark = PlaceMark()
        view.on_top.append(self._mark)
        self._pointer: tuple[float, float] | None = None
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._on_rest)
        view.pointer_moved.connect(self._on_pointer_moved)
        view.pointer_left.connect(self._on_pointer_left)
        view.view_changed.connect(self._on_view_changed)
        view.handle_pressed.connect(self._on_pointer_left)
        view.ground_clicked.connect(self._on_clicked)
        view.area_drawn.connect(self._on_area_drawn)
        view.tool_ended.connect(self._on_tool_ended)
        look.card_changed.connect(self._show_card)
        look.place_changed.connect(self._show_mark)
        session.plane_changed.connect(self._show_mark)
        points.placed.connect(self._on_placed)
        points.selection_changed.connect(self._on_selected)
        points.colours_changed.connect(self._show_card)
        session.layers_changed.connect(self._on_layers_changed)

    def _data(self) -> Points | None:
        model = self._session.model
        return None if model is None else model.points

    # -- tools -----------------------------------------------------------------------------

    def set_tool(self, kind: str) -> None:
        """Take a tool in the hand: one of `area_tool.TOOLS`."""
        self._view.set_tool(kind)
        self._on_pointer_left()
        self.tool_changed.emit(kind)
        if kind == "nearest":
            self.said.emit("Click a place or a point of the map to see the data nearest to it")

    def _on_tool_ended(self) -> None:
        self.set_tool("pan")

    def _on_area_drawn(self, corners: Doubles, how: How) -> None:
        if len(corners):
            self._points.select_area(corners, how, self._view.view)
        elif how == "replace":
            self._points.select(Selection())

    def _on_selected(self) -> None:
        count = len(self._points.selection)
        if count:
            words = "point is" if count == 1 else "points are"
            self.said.emit(f"{count:,} {words} selected; the Data panel (Ctrl+D) tells of them")

    def select_in_view(self) -> None:
        """Select the points that the map shows."""
        left, bottom, right, top = self._view.view.box
        corners = np.array([(left, bottom), (right, bottom), (right, top), (left, top)])
        self._points.select_area(corners, "replace", self._view.view)

    def select_none(self) -> None:
        """Select nothing."""
        self._points.select(Selection())

    # -- one point -------------------------------------------------------------------------

    def _on_pointer_moved(self, x: float, y: float) -> None:
        self._pointer = (x, y)
        if not self._rest.isActive():
            self._rest.start()

    def _on_pointer_left(self, *_: object) -> None:
        self._pointer = None
        self._look.hover(None)

    def _on_view_changed(self) -> None:
        self._on_pointer_left()
        if self._view.line_only:  # how far off the line a point is drawn is a share of the height
            self._show_mark()

    def _on_placed(self) -> None:
        """The points lie elsewhere now, or the view has rested until they were there."""
        self._show_mark()
        if self._pointer is not None:
            self._on_rest()

    def _on_rest(self) -> None:
        view, pointer = self._view, self._pointer
        if pointer is None or not view.hovering or view.area.draws or view.gliding:
            self._look.hover(None)
            return
        self._look.hover(self._points.near(*pointer, view.view))

    def _show_card(self) -> None:
        row, data, card, model = self._look.row, self._data(), self._card, self._session.model
        if row is None or data is None or model is None or row >= len(data):
            card.at, card.picture = None, None
            self._view.set_hover_ellipse(None)
            self._view.update()
            return
        one = one_of(data, row)
        place = self._points.place_of(row, self._view.view)
        if place is None:
            place = project(one, self._session.plane, False)[0].tolist()
        picture = self._look.picture
        card.at = (float(place[0]), float(place[1]))
        card.picture = None if picture is None else to_image(picture.image)
        measured, by = self._points.measured, self._session.layers.colour_by
        lines = card_lines(model, row, self._look.name_of(row), picture, measured, by)
        card.lines = company_words(*self._company_of(row)) + lines
        self._view.set_hover_ellipse(self._ellipse(one) if model.has_prior else None)
        self._view.update()

    def _company_of(self, row: int) -> tuple[int, bool]:
        """`MapPoints.company_of`, counted once: its picture and its words come one by one."""
        wish = row, self._points.index, self._view.view
        if wish != self._company[0]:
            self._company = wish, self._points.company_of(row, self._view.view)
        return self._company[1]

    def _on_layers_changed(self) -> None:
        if self._look.row is not None:  # it may be coloured by another value now
            self._show_card()

    def _ellipse(self, one: Points) -> Ellipse:
        plane = self._session.plane
        stddev = np.exp(0.5 * np.clip(one.log_variance[0], -60.0, 30.0))
        x, y = plane.project(one.mean[0]).tolist()
        return Ellipse(x, y, *plane.ellipse(stddev), _COLOUR)

    def _on_clicked(self, x: float, y: float) -> None:
        row = self._points.near(x, y, self._view.view)
        if self._view.area.kind == "nearest":
            self.near_clicked.emit((x, y) if row is None else row)
        elif row is not None:
            self._view.take_click()  # the handle may come later, when its image is encoded
            self._look.place(row)

    # -- the data nearest a place ----------------------------------------------------------

    def look_near(self, at: tuple[float, float] | int | None) -> None:
        """Show the data nearest a place of the map or a point; none: nearest the active handle."""
        data = self._data()
        if data is None or not len(data):
            self.said.emit("There is no data on this map")
        elif at is None:
            self._look.look_near(None)
        elif isinstance(at, int):
            self._look.look_near_row(at)
        else:
            z = self._session.slice.lift(np.array(at, np.float32))
            self._look.look_near(Place(self._words(at), z))

    def _words(self, at: tuple[float, float]) -> str:
        digits = decimals_at(self._view.view.scale)
        shown = at[:1] if self._view.line_only else at
        model = self._session.model
        unit = latent_unit(model is None or model.has_prior)
        numbers = ", ".join(f"{x + 0.0:.{digits}f}" for x in shown).replace("-", "−")
        return f"{numbers} {unit}"

    def _show_mark(self) -> None:
        """Where the place is on the plane, or where its point is drawn."""
        place, data = self._look.near_place, self._data()
        z = None if place is None or data is None else place.latent(data.mean)
        at = None
        if place is not None and z is not None:
            x, y = self._session.plane.project(z).tolist()
            row, view = place.row, self._view.view
            at = (None if row is None else self._points.place_of(row, view)) or (x, y)
        if at != self._mark.at:
            self._mark.at = at
            self._view.update()

    def place_nearest(self) -> None:
        """A new handle on the data point nearest the active one, of those that have none."""
        data, handle = self._data(), self._session.active
        if data is None or handle is None or not len(data):
            self.said.emit("There is no data on this map to put a handle on")
            return
        self._look.place_nearest()
