"""Service: the means of selections of the data, computed off the GUI thread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, Signal

from explorer.arrangement import Floats
from explorer.selection import Selection
from explorer.session import Session
from explorer.workers import Callbacks, Lane, TaskContext
from models.points import Points


@dataclass(frozen=True, eq=False)
class Mean:
    """The mean z [K] of a selection of `count` points; `label` is the class most of them are of."""

    z: Floats
    label: int | None
    count: int


Means = tuple[Mean, ...]


class MeanFinding(QObject):
    """Finds means in the order in which they were asked for; those of another model are dropped."""

    failed = Signal(str)

    def __init__(self, session: Session, lane: Lane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._lane = session, lane
        self._models = 0  # that were on screen
        self._asked = 0
        session.model_changed.connect(self._on_model_changed)

    @property
    def busy(self) -> bool:
        """Whether any mean is still being computed."""
        return self._asked > 0

    def find(self, selections: Sequence[Selection], told: Callable[[Means], None]) -> None:
        """Tell the means of selections of the points that are on the map now."""
        model = self._session.model
        if model is None or model.points is None:
            return
        self._asked += 1
        done = partial(self._on_found, self._models, told)
        task = partial(_means, model.points, tuple(selections))
        self._lane.submit(task, Callbacks(done, self._on_failed))

    def _on_model_changed(self) -> None:
        self._models += 1

    def _on_found(self, of: int, told: Callable[[Means], None], found: Means | str) -> None:
        self._asked -= 1
        if of != self._models:
            return
        if isinstance(found, str):
            self.failed.emit(found)
        else:
            told(found)

    def _on_failed(self, message: str) -> None:
        """A mistake of the program, which is told elsewhere."""
        self._asked -= 1


def _means(points: Points, selections: tuple[Selection, ...], context: TaskContext) -> Means | str:
    """What there is to tell, or why there is nothing."""
    try:
        return tuple(
            Mean(chosen.mean(points), chosen.usual_class(points), len(chosen))
            for chosen in selections
        )
    except ValueError as error:
        return str(error)
