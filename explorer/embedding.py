"""Service: embeddings of the data on the map, one a model and method, computed off the thread."""

from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from explorer.embedder_messages import read_answer, request_bytes
from explorer.processes import ask_process
from explorer.session import Session
from explorer.workers import Callbacks, Lane, Task, TaskContext
from models.embedding import EmbeddingSettings, Floats, Method, Rows, chosen_rows, usable_neighbours
from models.points import Points

_MOST_KEPT = 8
_COMPARED = 64  # rows: other weights move every one


@dataclass(frozen=True, eq=False)
class Layout:
    """Where rows `rows` [n] of a model's data lie in the plane: `xy` [n, 2].

    `total` is how many rows there were, `neighbours` how many could be looked at; `z` are the
    posterior means of the first few rows, and `epoch` that of the weights they are of.
    """

    settings: EmbeddingSettings
    xy: Floats
    rows: Rows
    total: int
    neighbours: int
    z: Floats
    epoch: int | None

    def is_of(self, points: Points) -> bool:
        """Whether it is of just these points."""
        same = len(points) == self.total and points.mean.shape[1] == self.z.shape[1]
        return same and np.array_equal(points.mean[self.rows[:_COMPARED]], self.z)


@dataclass(frozen=True)
class Working:
    """What is being computed, and how far it is; a total of 0 is unknown."""

    number: int
    settings: EmbeddingSettings
    what: str = "Starting"
    done: int = 0
    total: int = 0


class Embedding(QObject):
    """Computes one embedding at a time; another model on the map cancels it."""

    changed = Signal()  # a layout came, or went out of date, or is gone
    working_changed = Signal()
    failed = Signal(str)

    def __init__(self, session: Session, lane: Lane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._lane = session, lane
        self._kept: dict[tuple[Path, Method], Layout] = {}
        self._ticket, self._numbers = 0, count()
        self.working: Working | None = None
        session.model_changed.connect(self._on_model_changed)
        session.points_changed.connect(self.changed)

    def layout(self, method: Method) -> Layout | None:
        """The layout of the model on the map by that method; perhaps of older weights."""
        model = self._session.model
        if model is None or model.points is None:
            return None
        found = self._kept.get((model.path, method))
        return found if found is not None and found.total == len(model.points) else None

    def is_current(self, layout: Layout) -> bool:
        """Whether a layout is of the weights on the map."""
        model = self._session.model
        return model is not None and model.points is not None and layout.is_of(model.points)

    def compute(self, settings: EmbeddingSettings) -> None:
        """Begin; what was being computed is dropped."""
        model = self._session.model
        if model is None or model.points is None:
            return
        self._lane.cancel(self._ticket)
        working = Working(next(self._numbers), settings)
        self._set_working(working)
        self._ticket = self._lane.submit(
            _task(model.points, settings, model.epoch),
            Callbacks(
                partial(self._on_done, working, model.path),
                partial(self._on_failed, working),
                partial(self._on_progressed, working),
            ),
        )

    def cancel(self) -> None:
        """End what is being computed; an earlier layout stays."""
        if self.working is not None:
            self._lane.cancel(self._ticket)
            self._set_working(None)

    def _set_working(self, working: Working | None) -> None:
        self.working = working
        self.working_changed.emit()

    def _is_under_way(self, working: Working) -> bool:
        """Whether this is what is awaited: one that was cancelled may still have a word to say."""
        return self.working is not None and self.working.number == working.number

    def _on_model_changed(self) -> None:
        self.cancel()
        self.changed.emit()

    def _on_progressed(self, working: Working, what: str, done: int, total: int) -> None:
        if self._is_under_way(working):
            self._set_working(replace(working, what=what, done=done, total=total))

    def _on_done(self, working: Working, path: Path, layout: Layout) -> None:
        if not self._is_under_way(working):
            return
        key = path, layout.settings.method
        self._kept.pop(key, None)
        self._kept[key] = layout
        while len(self._kept) > _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._set_working(None)
        self.changed.emit()

    def _on_failed(self, working: Working, message: str) -> None:
        if self._is_under_way(working):
            self._set_working(None)
            self.failed.emit(message)


def _task(points: Points, settings: EmbeddingSettings, epoch: int | None) -> Task:
    def compute(context: TaskContext) -> Layout:
        rows = chosen_rows(len(points), seed=settings.seed)
        z = points.mean[rows]
        request = request_bytes(z, settings)
        read = partial(read_answer, report=context.report)
        xy: Floats = ask_process(context, "explorer.embedder_process", request, read)
        return Layout(
            settings=settings,
            xy=xy,
            rows=rows,
            total=len(points),
            neighbours=usable_neighbours(settings, len(rows)),
            z=z[:_COMPARED],
            epoch=epoch,
        )

    return compute
