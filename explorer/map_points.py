"""Service: where the data lies in the plane, indexed for picking and drawn if it is very much."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from explorer.crowd_image import Crowd
from explorer.crowd_layer import CrowdLayer
from explorer.point_drawing import spread_off_line
from explorer.point_index import PointIndex
from explorer.point_values import colour_rows, values_of
from explorer.selection import How, Selection
from explorer.session import Session
from explorer.viewport import Viewport
from explorer.workers import Callbacks, Cancelled, Lane, TaskContext
from models.planes import Plane
from models.points import Points

Floats = npt.NDArray[np.float32]
Marks = npt.NDArray[np.bool_]

CROWD = 20_000  # points: more are drawn off the GUI thread, and do not glide
_NEAR_PX, _SAME_PX = 6.0, 2.0  # what a pointer is at; what it cannot tell apart


@dataclass(frozen=True, eq=False)
class _Wish:
    """What is to be placed: those points of the data whose class is not hidden."""

    points: Points
    plane: Plane
    hidden: frozenset[int]
    line_only: bool


@dataclass(frozen=True, eq=False)
class _Placed:
    wish: _Wish
    index: PointIndex


@dataclass(frozen=True, eq=False)
class _Dress:
    """A crowd as it is to look: by what it is coloured, and who stands out."""

    placed: _Placed
    colour_by: str
    measured: Mapping[str, Floats]
    selection: Selection
    alone: int | None


class MapPoints(QObject):
    """Keeps an index of the points in sight of the plane true to what the session shows.

    Everything that takes time by the number of points is done in a lane; the newest wish wins.
    """

    placed = Signal()  # there is an index of what is on screen now
    selection_changed = Signal()
    colours_changed = Signal()  # of a usual set: a crowd is drawn anew by itself

    def __init__(self, session: Session, lane: Lane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._lane = session, lane
        self.layer = CrowdLayer(lane, self)
        self.selection = Selection()
        self.kept: Selection | None = None  # the first of two selections
        self.measured: Mapping[str, Floats] = {}
        self._pointed: int | None = None  # the class that is pointed at in the legend
        self._placed: _Placed | None = None
        self._wish: _Wish | None = None
        self._dress: _Dress | None = None
        self._placing = self._dressing = False
        self._area: int | None = None  # the ticket of the area that is looked through
        session.model_changed.connect(self._on_model_changed)
        session.points_changed.connect(self._place)
        session.plane_changed.connect(self._place)
        session.layers_changed.connect(self._on_layers_changed)

    @property
    def busy(self) -> bool:
        """Whether anything is still being computed."""
        return self._placing or self._dressing or self.layer.busy or self._area is not None

    @property
    def crowded(self) -> bool:
        """Whether the data is too much to be drawn in the GUI thread."""
        points = self._points
        return points is not None and len(points) > CROWD

    @property
    def index(self) -> PointIndex | None:
        """The points in the plane on screen; none while they are being placed."""
        placed = self._placed
        current = placed is not None and placed.wish is self._wish
        return placed.index if current and placed is not None else None

    @property
    def _points(self) -> Points | None:
        model = self._session.model
        return None if model is None else model.points

    def near(self, x: float, y: float, view: Viewport) -> int | None:
        """The number of the point within 6 pixels of a place in a viewport, the nearest."""
        index = self.index if self._session.layers.points else None
        if index is None:
            return None
        seen = view.spread
        if seen is not view:
            x, y = seen.place(*view.pixel(x, y))
        return index.nearest(x, y, _NEAR_PX / view.scale, seen.stretch)

    def place_of(self, row: int, view: Viewport) -> tuple[float, float] | None:
        """Where in the plane a point is drawn in a viewport, if that is known."""
        index, at = self.index, self._in_index(row)
        if index is None or at is None:
            return None
        x, y = float(index.x[at]), float(index.y[at])
        return view.place(*view.spread.pixel(x, y)) if view.line else (x, y)

    def company_of(self, row: int, view: Viewport) -> tuple[int, bool]:
        """How many points are drawn within 2 pixels of one, and whether any two lie apart."""
        index, at = self.index, self._in_index(row)
        if index is None or at is None:
            return 1, False
        seen, x, y = view.spread, float(index.x[at]), float(index.y[at])
        return index.company(x, y, _SAME_PX / view.scale, seen.stretch)

    def _in_index(self, row: int) -> int | None:
        """The place of a point in the index, if it is there."""
        index = self.index
        if index is None:
            return None
        at = np.flatnonzero(index.row == row)
        return int(at[0]) if len(at) else None

    def standing_out(self, points: Points) -> Marks | None:
        """Which points [N] keep their colour while others do not; none where all do.

        They are those of the class that is pointed at, else those selected.
        """
        return standing_out(points, self.selection, self._alone)

    @property
    def _alone(self) -> int | None:
        hidden = self._session.layers.hidden_classes
        return None if self._pointed in hidden else self._pointed

    def point_at(self, label: int | None) -> None:
        """Let the points of a class stand out for as long as it is pointed at."""
        if label != self._pointed:
            self._pointed = label
            self.recolour()
            self.colours_changed.emit()

    # -- placing ---------------------------------------------------------------------------

    def _on_model_changed(self) -> None:
        """Another model; its plane comes next."""
        self._placed = self._wish = self._dress = None
        self.measured, self.kept, self._pointed = {}, None, None
        self.layer.show(None)
        self.select(Selection())

    def _on_layers_changed(self) -> None:
        wish, layers = self._wish, self._session.layers
        if wish is not None and wish.hidden != layers.hidden_classes:
            self._place()
        else:
            self.recolour()

    def _place(self) -> None:
        session, points = self._session, self._points
        if session.model is None or points is None or not len(points):
            self._wish = self._placed = None
            self.layer.show(None)
            return
        before, hidden = self._wish, session.layers.hidden_classes
        if before is not None and before.points is not points:
            self.measured = {}  # of other weights
        if before is not None and len(before.points) != len(points):
            self.kept, self.selection = None, Selection()
            self.selection_changed.emit()
        if self._placed is not None and (before is None or before.plane is not session.plane):
            self.layer.show(None)  # nothing that is drawn lies where it was
        self._wish = _Wish(points, session.plane, hidden, session.model.latent_size == 1)
        if not self._placing:
            self._submit_place(self._wish)

    def _submit_place(self, wish: _Wish) -> None:
        self._placing = True
        self._lane.submit(partial(_place, wish), Callbacks(self._on_placed, self._on_place_failed))

    def _on_placed(self, placed: _Placed) -> None:
        self._placing = False
        if placed.wish is self._wish:
            self._placed = placed
            self.recolour()
            self.placed.emit()
        elif self._wish is not None:
            self._submit_place(self._wish)

    def _on_place_failed(self, message: str) -> None:
        """A mistake of the program, which is told elsewhere."""
        self._placing = False

    # -- colours ---------------------------------------------------------------------------

    def set_measured(self, measured: Mapping[str, Floats]) -> None:
        """Values by name, [N] each, that points can be coloured by."""
        self.measured = measured
        self.recolour()
        self.colours_changed.emit()

    def recolour(self) -> None:
        """Draw a crowd in the colours that are wished now."""
        placed, layers = self._placed, self._session.layers
        if placed is None or not self.crowded or not layers.points:
            self._dress = None
            self.layer.show(None)
            return
        wish = _Dress(placed, layers.colour_by, self.measured, self.selection, self._alone)
        if self._dress is not None and _same(self._dress, wish):
            return
        self._dress = wish
        if not self._dressing:
            self._submit_dress(wish)

    def _submit_dress(self, wish: _Dress) -> None:
        self._dressing = True
        self._lane.submit(partial(_dress, wish), Callbacks(self._on_dressed, self._on_dress_failed))

    def _on_dressed(self, found: tuple[_Dress, Crowd]) -> None:
        self._dressing = False
        wish, crowd = found
        if wish is self._dress:
            self.layer.show(crowd)
        elif self._dress is not None:
            self._submit_dress(self._dress)

    def _on_dress_failed(self, message: str) -> None:
        """A mistake of the program, which is told elsewhere."""
        self._dressing = False

    # -- selecting -------------------------------------------------------------------------

    @property
    def two(self) -> tuple[Selection, ...]:
        """The selection that was kept as the first and the present one; none unless both are."""
        if self.kept is None or not len(self.selection):
            return ()
        return self.kept, self.selection

    def select(self, selection: Selection) -> None:
        """Choose these points."""
        if not len(selection) and not len(self.selection):
            return
        self.selection = selection
        self.recolour()
        self.selection_changed.emit()

    def select_area(self, outline: npt.NDArray[np.float64], how: How, view: Viewport) -> None:
        """Choose the points inside an outline [M, 2] of the plane as a viewport shows them.

        The newest outline wins.
        """
        index = self.index
        if index is None or not self._session.layers.points:
            return
        if self._area is not None:
            self._lane.cancel(self._area)
        if view.line:
            outline = view.spread.to_plane(view.to_pixels(outline))
        task = partial(_inside, index, outline, how)
        done = Callbacks(self._on_area, self._on_area_failed)
        self._area = self._lane.submit(task, done)

    def _on_area(self, found: tuple[PointIndex, npt.NDArray[np.int64], How]) -> None:
        index, rows, how = found
        self._area = None
        if index is self.index:
            self.select(self.selection.with_rows(rows, how))

    def _on_area_failed(self, message: str) -> None:
        """A mistake of the program, which is told elsewhere."""
        self._area = None

    def forget_selections(self) -> None:
        """Select nothing, and keep nothing."""
        self.restore(Selection(), None)

    def restore(self, selection: Selection, kept: Selection | None) -> None:
        """Select these points, and have those kept as the first of two."""
        self.kept, self.selection = kept, selection
        self.recolour()
        self.selection_changed.emit()

    def keep_selection(self) -> None:
        """Keep what is selected as the first of two; the next selection is the second."""
        if len(self.selection):
            self.kept = replace(self.selection)
            self.select(Selection())


def _same(one: _Dress, other: _Dress) -> bool:
    return (
        one.placed is other.placed
        and one.colour_by == other.colour_by
        and one.measured is other.measured
        and one.selection is other.selection
        and one.alone == other.alone
    )


def _place(wish: _Wish, context: TaskContext) -> _Placed:
    points = wish.points
    rows = np.arange(len(points))
    xy = project(points, wish.plane, wish.line_only)
    if points.label is not None and wish.hidden:
        rows = np.flatnonzero(~np.isin(points.label, sorted(wish.hidden)))
        xy = xy[rows]
    return _Placed(wish, PointIndex.of(xy, rows))


def project(points: Points, plane: Plane, line_only: bool) -> Floats:
    """Where the posterior means lie in the plane [N, 2]; what is too far for a number is not."""
    with np.errstate(over="ignore", invalid="ignore"):
        xy = plane.project(points.mean)
    return spread_off_line(xy) if line_only else xy


def _dress(wish: _Dress, context: TaskContext) -> tuple[_Dress, Crowd]:
    index, points = wish.placed.index, wish.placed.wish.points
    rows = colour_rows(points, values_of(points, wish.colour_by, wish.measured))
    chosen = standing_out(points, wish.selection, wish.alone)
    return wish, Crowd(index, rows[index.row], None if chosen is None else chosen[index.row])


def standing_out(points: Points, selection: Selection, alone: int | None) -> Marks | None:
    """Which points [N] are of the class `alone`, else which are selected; none where all are."""
    if alone is not None and points.label is not None:
        return np.asarray(points.label == alone)
    return selection.mask(len(points)) if len(selection) else None


def _inside(
    index: PointIndex, outline: npt.NDArray[np.float64], how: How, context: TaskContext
) -> tuple[PointIndex, npt.NDArray[np.int64], How]:
    rows = index.inside(outline, context.cancelled)
    if context.cancelled():
        raise Cancelled
    return index, rows, how
