"""Service: the density of the aggregate posterior in the plane of the map, off the GUI thread."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import QObject, Signal

from explorer.session import Session
from explorer.viewport import Viewport
from explorer.workers import Callbacks, Lane, TaskContext
from models.density import Mixture, kernels_in, posteriors_in, widened
from models.planes import Plane
from models.points import Points
from models.relief import Relief, near_relief, whole_relief

_CELL_PX = 8.0  # of a part looked at closely
_COARSE_PX = 12.0  # a cell of the whole that looks larger than this is not fine enough
_ROOM = 0.25  # of a view on every side, so that small moves need nothing new
_LARGEST = 3.0  # times the view's width: what was made for more is too coarse for it

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Aggregate:
    """The posteriors of the data in a plane; their density, and more finely that of a part."""

    mixture: Mixture
    has_prior: bool
    whole: Relief
    near: Relief | None = None

    def relief(self, view: Viewport) -> Relief:
        """The finer one where it covers the view."""
        if self.near is not None and _too_coarse(self.whole, view) and _covers(self.near, view):
            return self.near
        return self.whole


def lay_out(plane: Plane, points: Points, has_prior: bool, context: TaskContext) -> Aggregate:
    """What a task computes when data or plane are others."""
    mixture = widened(posteriors_in(plane, points)) if has_prior else kernels_in(plane, points)
    line = plane.basis.shape[1] == 1
    return Aggregate(mixture, has_prior, whole_relief(mixture, has_prior, line))


def look_closely(aggregate: Aggregate, box: Box, cell: float, context: TaskContext) -> Aggregate:
    """What a task computes when a part is enlarged."""
    near = near_relief(aggregate.mixture, aggregate.whole, box, cell, aggregate.has_prior)
    return replace(aggregate, near=near)


def fitting_relief(aggregate: Aggregate, view: Viewport, context: TaskContext) -> Relief:
    """What is fine enough for a view, computed if it is not there yet."""
    if _too_coarse(aggregate.whole, view):
        aggregate = look_closely(aggregate, _roomy(view), _CELL_PX / view.scale, context)
    return aggregate.relief(view)


class AggregateDensity(QObject):
    """Keeps `aggregate` true to data, plane and view while anybody wants to see it."""

    changed = Signal()
    settled = Signal()
    failed = Signal(str)

    def __init__(self, session: Session, lane: Lane, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._lane = session, lane
        self._view = Viewport()
        self._stale = True
        self._ticket: int | None = None
        self._asked: tuple[int, Plane] = (0, session.plane)  # of which model and plane
        self.aggregate: Aggregate | None = None
        session.model_changed.connect(self._on_model_changed)
        session.points_changed.connect(self._on_data_changed)
        session.plane_changed.connect(self._on_data_changed)
        session.layers_changed.connect(self._ask)

    @property
    def on(self) -> bool:
        """Whether anybody wants to see it, and there is data to see."""
        model = self._session.model
        some = model is not None and model.points is not None and len(model.points) > 0
        return some and self._session.layers.density

    @property
    def busy(self) -> bool:
        """Whether more is on its way."""
        return self._ticket is not None

    def look(self, view: Viewport) -> None:
        """Be fine enough for this viewport."""
        self._view = view
        self._ask()

    def _on_model_changed(self) -> None:
        self.aggregate = None
        self._on_data_changed()

    def _on_data_changed(self) -> None:
        """What is there stands until the next comes."""
        self._stale = True
        self._ask()

    def _ask(self) -> None:
        """One task at a time: what has changed meanwhile is seen to when it ends."""
        model = self._session.model
        if self.busy or not self.on or model is None or model.points is None:
            return
        self._asked = model.key, self._session.plane
        if self._stale or self.aggregate is None:
            self._stale = False
            self._submit(partial(lay_out, self._session.plane, model.points, model.has_prior))
            return
        view, found = self._view, self.aggregate
        if _too_coarse(found.whole, view) and (found.near is None or not _fits(found.near, view)):
            box = _roomy(view)
            self._submit(partial(look_closely, found, box, _CELL_PX / view.scale))

    def _submit(self, task: Callable[[TaskContext], Aggregate]) -> None:
        self._ticket = self._lane.submit(task, Callbacks(self._on_done, self._on_failed))

    def _on_done(self, aggregate: Aggregate) -> None:
        self._ticket = None
        model, (key, plane) = self._session.model, self._asked
        if model is not None and model.key == key and self._session.plane is plane:
            self.aggregate = aggregate
            self.changed.emit()
        self._go_on()

    def _on_failed(self, message: str) -> None:
        self._ticket = None
        self.failed.emit(message)
        self.settled.emit()

    def _go_on(self) -> None:
        self._ask()
        if not self.busy:
            self.settled.emit()


def _too_coarse(whole: Relief, view: Viewport) -> bool:
    return whole.grid.cell[0] * view.scale > _COARSE_PX


def _roomy(view: Viewport) -> Box:
    left, bottom, right, top = view.box
    wide, high = _ROOM * (right - left), _ROOM * (top - bottom)
    return left - wide, bottom - high, right + wide, top + high


def _covers(near: Relief, view: Viewport) -> bool:
    left, bottom, right, top = view.box
    grid = near.grid
    across = grid.left <= left and right <= grid.right
    return across and (grid.rows == 1 or (grid.bottom <= bottom and top <= grid.top))


def _fits(near: Relief, view: Viewport) -> bool:
    """Whether it covers the view and was not made for a much larger one."""
    wide = (near.grid.right - near.grid.left) * view.scale
    return _covers(near, view) and wide < _LARGEST * view.width
