"""Service: the pictures of data points: original images where the data is at hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from explorer.encoding import Encoded, encode_pixels
from explorer.rendering import compute_alone
from explorer.session import Session
from explorer.workers import Callbacks, Cancelled, Lane, ModelShelf, TaskContext
from models.points import Points

if TYPE_CHECKING:
    from models.originals import Originals

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Pictures:
    """Images [n, H, W, C] of the points `rows` [n]; `true` [n]: encoded again they lie there."""

    rows: Integers
    images: Bytes
    true: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Search:
    """What came of a search for the data of the model `key`: the images, or the reason why not.

    `lost` says what became of data that a person had named.
    """

    key: int
    found: "Originals | None"
    reason: str = ""
    lost: str = ""


class DataImages(QObject):
    """Finds the data of the model on screen when it is first asked for, and reads images of it.

    `known` becomes true once it is settled whether the data is at hand; `reason` says why not,
    and `lost` that data which a person named before is not there any more, or is other data.
    """

    changed = Signal()
    measured = Signal(object)  # Mapping of [N] values by name
    progressed = Signal(int, int)  # points measured, of how many
    failed = Signal(str)
    refused = Signal(str)  # data that a person named is not that of the points, and why
    said = Signal(str)
    named = Signal(Path, Path)  # a model's file, and the data that a person named for it

    def __init__(
        self,
        session: Session,
        shelf: ModelShelf,
        lane: Lane,
        parent: QObject | None = None,
        named: Mapping[Path, Path] | None = None,
    ) -> None:
        """`named` is the data of models' files, as it was named before."""
        super().__init__(parent)
        self._session, self._shelf, self._lane = session, shelf, lane
        self._found: Originals | None = None
        self._named = dict(named or {})
        self._ticket: int | None = None
        self._measuring: int | None = None
        self.known, self.reason, self.lost = False, "", ""
        session.model_changed.connect(self._on_model_changed)
        session.points_changed.connect(self._on_points_changed)

    @property
    def at_hand(self) -> bool:
        """Whether there are original images to show."""
        return self._found is not None

    @property
    def source(self) -> str:
        """The name of the data."""
        return "" if self._found is None else self._found.source

    @property
    def looking(self) -> bool:
        """Whether the data is being looked for."""
        return self._ticket is not None

    @property
    def measuring(self) -> bool:
        """Whether values of all points are being computed."""
        return self._measuring is not None

    def _on_model_changed(self) -> None:
        self.cancel()
        if self._ticket is not None:
            self._lane.cancel(self._ticket)
        self._found, self._ticket = None, None
        self.known, self.reason, self.lost = False, "", ""
        self.changed.emit()

    def _on_points_changed(self) -> None:
        """Other weights, or another number of images: measured values are not true any more."""
        points, found = self._points(), self._found
        self.cancel()
        if found is not None and points is not None and len(found) != len(points):
            self._found, self.known = None, False
            self.changed.emit()

    def _points(self) -> Points | None:
        model = self._session.model
        return None if model is None else model.points

    # -- finding ---------------------------------------------------------------------------

    def find(self) -> None:
        """Look for the data, unless that has been done."""
        model, points = self._session.model, self._points()
        if model is None or points is None or self.known or self._ticket is not None:
            return
        named = self.named_for(model.path)
        task = partial(_find, self._shelf, model.key, points, model.path, named)
        done = Callbacks(self._on_found, self._on_failed)
        self._ticket = self._lane.submit(task, done)
        self.changed.emit()

    def named_for(self, model: Path) -> Path | None:
        """The data that a person named for a model's file."""
        return self._named.get(model.absolute())

    def remember(self, model: Path, data: Path) -> None:
        """What a session file names as a model's data, unless it is elsewhere on this computer."""
        if self.named_for(model) is None or data.exists():
            self._named[model.absolute()] = data

    def _on_found(self, search: Search) -> None:
        model, points, found = self._session.model, self._points(), search.found
        if model is None or search.key != model.key:
            return  # another search is under way by now
        self._ticket = None
        if found is None:
            self.known = True
        elif points is not None and len(found) == len(points):
            self._found, self.known = found, True
        self.reason, self.lost = search.reason, search.lost
        self.changed.emit()

    def _on_failed(self, message: str) -> None:
        self._ticket, self.known, self.reason = None, True, message
        self.changed.emit()

    def choose(self, path: Path) -> None:
        """Take the images from data that a person names, if they are those of the points.

        If they are not, it is `refused` and nothing changes.
        """
        model, points = self._session.model, self._points()
        if model is None or points is None or self._ticket is not None:
            return
        task = partial(_find_in, self._shelf, model.key, points, path)
        done = Callbacks(partial(self._on_named, model.path, path), self._on_refused)
        self._ticket = self._lane.submit(task, done)
        self.changed.emit()

    def _on_named(self, model: Path, path: Path, search: Search) -> None:
        self._on_found(search)
        if self._found is search.found:
            model, path = model.absolute(), path.absolute()
            self._named[model] = path
            self.named.emit(model, path)
            self.said.emit(f"The original images are those of {path.name} now")

    def _on_refused(self, message: str) -> None:
        self._ticket = None
        self.refused.emit(message)
        self.changed.emit()

    # -- taking ----------------------------------------------------------------------------

    def take(self, rows: Integers) -> Callable[[TaskContext], Pictures | None] | None:
        """A task for a lane that reads the images of some points; none if there are none to be had.

        The task's own result is nothing where they cannot be read.
        """
        model, points = self._session.model, self._points()
        # While all are measured nobody else reads: on Windows a file has one reader at a time.
        if model is None or points is None or self._found is None or self.measuring:
            return None
        return partial(_take, self._shelf, model.key, points, self._found, rows)

    def encoder(self, row: int, name: str) -> Callable[[TaskContext], Encoded | None] | None:
        """A task that encodes the image of a point; its result is nothing if it is another."""
        take, points = self.take(np.array([row])), self._points()
        model = self._session.model
        if take is None or model is None or points is None:
            return None
        label = None if points.label is None else int(points.label[row])
        return partial(_encode, self._shelf, model.key, take, label, name)

    # -- measuring -------------------------------------------------------------------------

    def measure(self) -> None:
        """Compute ELBO and reconstruction error of all points, if their images are at hand."""
        model, points = self._session.model, self._points()
        if model is None or points is None or self._found is None or self.measuring:
            return
        task = partial(_measure, self._shelf, model.key, points, self._found)
        done = Callbacks(
            self._on_measured, self._on_measuring_failed, self._on_progressed, self._on_cancelled
        )
        self._measuring = self._lane.submit(task, done)
        self.changed.emit()

    def cancel(self) -> None:
        """Leave the measuring that is under way."""
        if self._measuring is not None:
            self._lane.cancel(self._measuring)
            self._measuring = None
            self.changed.emit()

    def _on_measured(self, value: tuple[Points, Mapping[str, Floats]]) -> None:
        points, values = value
        self._measuring = None
        if points is self._points():
            self.measured.emit(values)
        self.changed.emit()

    def _on_measuring_failed(self, message: str) -> None:
        self._measuring = None
        self.failed.emit(message)
        self.changed.emit()

    def _on_progressed(self, what: str, done: int, total: int) -> None:
        if self.measuring:
            self.progressed.emit(done, total)

    def _on_cancelled(self) -> None:
        """It was this object that cancelled."""


def _find(
    shelf: ModelShelf,
    key: int,
    points: Points,
    path: Path,
    named: Path | None,
    context: TaskContext,
) -> Search:
    from models.errors import DataError
    from models.originals import find_originals

    lost = ""
    if named is not None:
        try:
            return _find_in(shelf, key, points, named, context)
        except DataError:
            there = named.exists()
            lost = f"{named.name} {'holds other images now' if there else 'is not there any more'}"
    compute_alone()
    model = shelf.get(key)
    if model is None:
        raise Cancelled
    try:
        found = find_originals(model, points, path, cancelled=context.cancelled)
    except DataError as error:
        if context.cancelled():
            raise Cancelled from error
        return Search(key, None, str(error), lost)
    return Search(key, found, lost=lost)


def _find_in(
    shelf: ModelShelf, key: int, points: Points, source: Path, context: TaskContext
) -> Search:
    from models.errors import DataError
    from models.originals import originals_in

    compute_alone()
    model = shelf.get(key)
    if model is None:
        raise Cancelled
    try:
        found = originals_in(str(source), model, points, cancelled=context.cancelled)
    except DataError as error:
        if context.cancelled():
            raise Cancelled from error
        raise
    return Search(key, found)


def _take(
    shelf: ModelShelf,
    key: int,
    points: Points,
    found: "Originals",
    rows: Integers,
    context: TaskContext,
) -> Pictures | None:
    from models.errors import DataError
    from models.originals import encoded_there

    compute_alone()
    model = shelf.get(key)
    if model is None:
        return None
    try:
        pixels = found.images[rows]
    except DataError:
        return None
    true = encoded_there(model, points, rows, pixels)
    return Pictures(rows, np.ascontiguousarray(pixels.transpose(0, 2, 3, 1)), true)


def _encode(
    shelf: ModelShelf,
    key: int,
    take: Callable[[TaskContext], Pictures | None],
    label: int | None,
    name: str,
    context: TaskContext,
) -> Encoded | None:
    pictures, model = take(context), shelf.get(key)
    if pictures is None or model is None or not pictures.true[0]:
        return None
    return encode_pixels(model, pictures.images[0].transpose(2, 0, 1), label, name)


def _measure(
    shelf: ModelShelf, key: int, points: Points, found: "Originals", context: TaskContext
) -> tuple[Points, Mapping[str, Floats]]:
    from models.errors import DataError
    from models.originals import measured

    compute_alone()
    model = shelf.get(key)
    if model is None:
        raise Cancelled

    def report(done: int, total: int) -> None:
        context.report("measuring", done, total)

    try:
        return points, measured(model, points, found, report, context.cancelled)
    except DataError as error:
        if context.cancelled():
            raise Cancelled from error
        raise
