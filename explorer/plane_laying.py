"""Service: the plane a person chooses, computed off the GUI thread where it is one of the data."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.map_points import MapPoints
from explorer.plane_choices import make_plane
from explorer.session import Session
from explorer.workers import Callbacks, Lane, TaskContext
from models.planes import Plane, PlaneKind

_OF_DATA = ("principal", "selections", "classes")  # a million points, or many dimensions: seconds
_SLOW_MS = 150  # from then on a person is told that it is being computed


@dataclass(frozen=True, eq=False)
class _Wish:
    kind: PlaneKind
    make: Callable[[], Plane]


class PlaneLaying(QObject):
    """Lays the newest plane that was wished; until it has come the present one stands."""

    failed = Signal(str)
    slow = Signal(str)  # the kind of plane that is being computed still
    ended = Signal()  # nothing is being computed any more

    def __init__(
        self, session: Session, points: MapPoints, lane: Lane, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._points, self._lane = session, points, lane
        self._wish: _Wish | None = None
        self._computing = False
        self._patience = QTimer(self, singleShot=True, interval=_SLOW_MS)
        self._patience.timeout.connect(self._on_slow)
        session.plane_changed.connect(self.forget)

    @property
    def busy(self) -> bool:
        """Whether a plane is being computed that will be shown."""
        return self._wish is not None

    @property
    def kind(self) -> PlaneKind:
        """The kind of the plane that is on the map, or that will be."""
        return self._session.plane.kind if self._wish is None else self._wish.kind

    def lay(self, kind: PlaneKind) -> None:
        """Wish for a plane of that kind through what is on the map now."""
        session, model = self._session, self._session.model
        if model is None:
            return
        if kind == "axes" == session.plane.kind:
            self.forget()
            return
        hidden, two = session.layers.hidden_classes, self._points.two
        wish = _Wish(
            kind,
            partial(
                make_plane,
                kind,
                model,
                session.arrangement,
                session.active_key,
                hidden,
                session.axes,
                two,
            ),
        )
        if kind not in _OF_DATA:
            self._show(_outcome(wish))
            return
        self._wish = wish
        if not self._patience.isActive():
            self._patience.start()
        if not self._computing:
            self._submit(wish)

    def forget(self) -> None:
        """Wish for none: the present plane stays, or another has been chosen already."""
        self._wish = None
        self._patience.stop()
        self.ended.emit()

    def _submit(self, wish: _Wish) -> None:
        self._computing = True
        self._lane.submit(partial(_made, wish), Callbacks(self._on_made, self._on_failed))

    def _on_made(self, made: tuple[_Wish, Plane | str]) -> None:
        self._computing = False
        wish, outcome = made
        if wish is self._wish:
            self._show(outcome)
        elif self._wish is not None:
            self._submit(self._wish)

    def _on_failed(self, message: str) -> None:
        """A mistake of the program, which is told elsewhere."""
        self._computing = False
        self.forget()

    def _show(self, outcome: Plane | str) -> None:
        self.forget()
        if isinstance(outcome, str):
            self.failed.emit(outcome)
        else:
            self._session.set_plane(outcome)

    def _on_slow(self) -> None:
        if self._wish is not None:
            self.slow.emit(self._wish.kind)


def _made(wish: _Wish, context: TaskContext) -> tuple[_Wish, Plane | str]:
    return wish, _outcome(wish)


def _outcome(wish: _Wish) -> Plane | str:
    """The plane, or why there is none."""
    try:
        return wish.make()
    except ValueError as error:
        return str(error)
