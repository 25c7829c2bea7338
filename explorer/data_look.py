"""Service: what is shown of single data points: the hovered one, and those nearest a place."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer, Signal

from explorer.data_images import DataImages, Pictures
from explorer.encoding import Encoded
from explorer.neighbours import Place, nearest
from explorer.rendering import DecodeRequest, DecodeResult, Slot
from explorer.session import Session
from explorer.workers import Callbacks, Cancelled, DecodeThread, Lane, TaskContext
from models.points import Points

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

NEIGHBOURS = 24
_SAME = 0.002  # of 1 + |mean|: a mean that is encoded again is another by so much at most
_PAUSE_MS = 60  # between two looks while a handle is dragged


@dataclass(frozen=True, eq=False)
class Picture:
    """What a data point looks like [H, W, C]: its original image, or its reconstruction."""

    image: Bytes
    original: bool


@dataclass(frozen=True, eq=False)
class Near:
    """The data nearest a place: point numbers and Euclidean distances in all K dimensions.

    `count` is how many points were compared.
    """

    rows: Integers = field(default_factory=lambda: np.zeros(0, np.int64))
    distances: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    pictures: Mapping[int, Picture] = field(default_factory=dict)
    count: int = 0


class DataLook(QObject):
    """Pictures of the point under the pointer and of the data nearest the active handle.

    Or nearest `near_place`, until a handle moves or another becomes the active one.
    """

    card_changed = Signal()
    near_changed = Signal()
    place_changed = Signal()
    placed = Signal(int)  # a point became a handle

    def __init__(
        self,
        session: Session,
        images: DataImages,
        thread: DecodeThread,
        lane: Lane,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._images = session, images
        self._thread, self._lane = thread, lane
        self.row: int | None = None  # the hovered point
        self.picture: Picture | None = None
        self.near_place: Place | None = None  # in the active handle's stead
        self._near = Near()
        self._near_ticket: int | None = None
        self._watched = False
        self._soon = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._soon.timeout.connect(self._ask_near)
        thread.decoded.connect(self._on_decoded)
        images.changed.connect(self._on_images_changed)
        session.model_changed.connect(self._on_model_changed)
        session.points_changed.connect(self._on_points_changed)
        session.latent_changed.connect(self._on_handle_changed)
        session.active_changed.connect(self._on_handle_changed)
        session.plane_changed.connect(self._on_plane_changed)
        session.arrangement_changed.connect(self._look_again)

    def _points(self) -> Points | None:
        model = self._session.model
        return None if model is None else model.points

    def _on_model_changed(self) -> None:
        self.look_near(None)
        self._near = Near()
        self.near_changed.emit()
        self.hover(None)
        self._look_again()

    def _on_points_changed(self) -> None:
        """The same points elsewhere keep their neighbours until others are found; fewer do not."""
        points = self._points()
        count = 0 if points is None else len(points)
        if points is None or (
            self.near_place is not None and self.near_place.latent(points.mean) is None
        ):
            self.look_near(None)
        if (self._near.rows >= count).any():
            self.near_changed.emit()
        if self.row is not None and self.row >= count:
            self.hover(None)
        self._look_again()

    def _on_images_changed(self) -> None:
        """Originals may take the place of reconstructions now."""
        known = self.picture is not None and self.picture.original
        if self.row is not None and self._images.at_hand and not known:
            self._ask_picture(self.row)  # also where the reconstruction is still on its way
        self._look_again()

    @property
    def near(self) -> Near:
        """The neighbours found last, unless they are of more data than there is now."""
        points = self._points()
        count = 0 if points is None else len(points)
        return Near() if (self._near.rows >= count).any() else self._near

    # -- the hovered point -----------------------------------------------------------------

    def hover(self, row: int | None) -> None:
        """Look at a point, or at none."""
        points = self._points()
        if row is not None and (points is None or row >= len(points)):
            row = None
        if row == self.row:
            return
        self.row, self.picture = row, None
        if row is not None:
            self._images.find()
            self._ask_picture(row)
        self.card_changed.emit()

    def _ask_picture(self, row: int) -> None:
        task = self._images.take(np.array([row]))
        if task is None:
            self._decode(Slot.CARD, np.array([row]))
        else:
            self._lane.submit(task, Callbacks(self._on_taken, self._on_failed))

    def _on_taken(self, found: Pictures | None) -> None:
        if found is None or self.row is None or found.rows[0] != self.row:
            return
        if not found.true[0]:
            self._decode(Slot.CARD, found.rows)
            return
        self.picture = Picture(found.images[0], original=True)
        self.card_changed.emit()

    # -- the neighbours of the active handle, or of a place --------------------------------

    def look_near(self, place: Place | None) -> None:
        """Follow a place; none: the active handle again."""
        if place is not self.near_place:
            self.near_place = place
            self.place_changed.emit()
            self._look_again()

    def look_near_row(self, row: int) -> None:
        """Follow a data point."""
        self.look_near(Place(f"image #{row}", row=row))

    def _on_handle_changed(self, *_: object) -> None:
        self.look_near(None)
        self._look_again()

    def _on_plane_changed(self) -> None:
        """What a place was called by is not where it lies on another plane."""
        if self.near_place is not None and self.near_place.row is None:
            self.look_near(None)

    def _wanted(self, points: Points) -> Floats | None:
        if self.near_place is not None:
            return self.near_place.latent(points.mean)
        return None if self._session.active is None else self._session.active.z

    def watch(self, on: bool) -> None:
        """Whether anybody looks at the neighbours; they are looked for only then."""
        if on != self._watched:
            self._watched = on
            self._soon.stop()
            self._look_again()

    @property
    def waiting(self) -> bool:
        """Whether neighbours or their pictures are on their way."""
        missing = len(self.near.pictures) < len(self.near.rows)
        return self._watched and (self._soon.isActive() or self._near_ticket is not None or missing)

    def _look_again(self, *_: object) -> None:
        if self._watched and not self._soon.isActive():
            self._soon.start()

    def _ask_near(self) -> None:
        points = self._points()
        z = None if points is None else self._wanted(points)
        if self._near_ticket is not None:
            self._lane.cancel(self._near_ticket)
            self._near_ticket = None
        if z is None or points is None or not len(points):
            self._near = Near()
            self.near_changed.emit()
            return
        self._images.find()
        task = partial(_near, points, z)
        self._near_ticket = self._lane.submit(task, Callbacks(self._on_near, self._on_failed))

    def _on_near(self, found: tuple[Points, Near]) -> None:
        points, near = found
        self._near_ticket = None
        if points is not self._points():
            return
        kept = {row: shown for row, shown in self.near.pictures.items() if row in near.rows}
        if not self._images.at_hand:
            kept = {}  # other weights may draw them otherwise
        self._near = replace(near, pictures={r: p for r, p in kept.items() if p.original})
        self.near_changed.emit()
        missing = np.array([row for row in near.rows if int(row) not in self.near.pictures])
        if not len(missing):
            return
        task = self._images.take(missing)
        if task is None:
            self._decode(Slot.NEIGHBOURS, missing)
        else:
            self._lane.submit(task, Callbacks(self._on_near_taken, self._on_failed))

    def _on_near_taken(self, found: Pictures | None) -> None:
        if found is None:
            return
        true = zip(found.rows[found.true].tolist(), found.images[found.true], strict=True)
        self._add_near({row: Picture(image, original=True) for row, image in true})
        if not found.true.all():
            self._decode(Slot.NEIGHBOURS, found.rows[~found.true])

    def _add_near(self, pictures: Mapping[int, Picture]) -> None:
        """More pictures; a reconstruction that comes late takes no place of an original."""
        wanted = set(self.near.rows.tolist())
        wanted -= {row for row, picture in self.near.pictures.items() if picture.original}
        more = {row: picture for row, picture in pictures.items() if row in wanted}
        self._near = replace(self.near, pictures={**self.near.pictures, **more})
        self.near_changed.emit()

    # -- decoding --------------------------------------------------------------------------

    def _decode(self, slot: Slot, rows: Integers) -> None:
        """Reconstructions: the decodes of posterior means."""
        model, points = self._session.model, self._points()
        if model is None or points is None or not (rows < len(points)).all():
            return  # the rows are those of another model
        label = points.label[rows] if model.conditional and points.label is not None else None
        if model.conditional and label is None:
            return
        request = DecodeRequest(slot, model.key, points.mean[rows], label, rows)
        self._thread.submit(request)

    def _on_decoded(self, result: DecodeResult) -> None:
        request, model = result.request, self._session.model
        if request.slot not in (Slot.CARD, Slot.NEIGHBOURS) or result.error:
            return
        if model is None or request.model_key != model.key:
            return
        rows = request.ticket[result.first : result.first + len(result.pictures)].tolist()
        shown = zip(rows, result.pictures, strict=True)
        found = {row: Picture(image, original=False) for row, image in shown}
        if request.slot is Slot.NEIGHBOURS:
            self._add_near(found)
        elif self.row in found and not (self.picture is not None and self.picture.original):
            self.picture = found[self.row]
            self.card_changed.emit()

    # -- handles ---------------------------------------------------------------------------

    def place(self, row: int) -> None:
        """A new handle on the posterior mean of a point, with its image if that is at hand."""
        model, points = self._session.model, self._points()
        if model is None or points is None or row >= len(points):
            return
        task = self._images.encoder(row, self.name_of(row))
        if task is None:
            self._place(row, None)
            return
        done = Callbacks(partial(self._on_encoded, model.key, row), self._on_failed)
        self._lane.submit(task, done)

    def _on_encoded(self, key: int, row: int, encoded: Encoded | None) -> None:
        model = self._session.model
        if model is not None and model.key == key:
            self._place(row, encoded)

    def _place(self, row: int, encoded: Encoded | None) -> None:
        model, points = self._session.model, self._points()
        if model is None or points is None or row >= len(points):
            return
        self._session.set_scrub(None)
        label = None
        if model.conditional:
            label = 0 if points.label is None else int(points.label[row])
        if encoded is None:
            key = self._session.add_handle(points.mean[row].copy(), label)
        else:
            key = self._session.add_handle(encoded.image.mean, encoded.label, encoded.image)
        if key is not None:
            self.placed.emit(row)

    def place_nearest(self) -> None:
        """A new handle on the point nearest the active handle that no handle stands on."""
        handle, points = self._session.active, self._points()
        if handle is None or points is None:
            return
        taken = np.stack([other.z for other in self._session.arrangement.handles])
        task = partial(_nearest_free, points, handle.z, taken)
        self._lane.submit(task, Callbacks(self._on_nearest, self._on_failed))

    def _on_nearest(self, found: tuple[Points, int | None]) -> None:
        points, row = found
        if points is self._points() and row is not None:
            self.place(row)

    def name_of(self, row: int) -> str:
        """A point in words: its class, where it has one, and its number."""
        model, points = self._session.model, self._points()
        label = None if points is None or points.label is None else int(points.label[row])
        if model is None or label is None or not 0 <= label < len(model.class_names):
            return f"#{row}"
        return f"{model.class_names[label]}  ·  #{row}"

    def _on_failed(self, message: str) -> None:
        """A mistake of the program, which is told elsewhere."""
        self._near_ticket = None


def _near(points: Points, z: Floats, context: TaskContext) -> tuple[Points, Near]:
    rows, distances = nearest(points.mean, z, NEIGHBOURS, context.cancelled)
    if context.cancelled():
        raise Cancelled
    return points, Near(rows, distances, count=len(points))


def _nearest_free(
    points: Points, z: Floats, taken: Floats, context: TaskContext
) -> tuple[Points, int | None]:
    """The nearest point that is not on one of the latents `taken` [M, K], but for rounding."""
    rows, _ = nearest(points.mean, z, 4 * len(taken) + 1)
    free = rows[~np.stack([lies_on(points.mean[rows], z) for z in taken]).any(0)]
    return points, int(free[0]) if len(free) else None


def lies_on(mean: Floats, z: Floats) -> npt.NDArray[np.bool_]:
    """Whether a latent [K] is one of posterior means [N, K], but for rounding: [N]."""
    reach = _SAME * (1 + np.abs(mean).max(1))
    return np.asarray(np.abs(mean - z).max(1) <= reach)
