"""The values on screen and their `*_changed` signals; nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from explorer.arrangement import MOST_HANDLES, Arrangement, EncodedImage, Handle
from explorer.history import History
from explorer.rendering import ModelInfo
from models.paths import PathKind
from models.planes import Plane, axis_plane
from models.points import Points

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

# The picture is the decode of where the handle is, or of where it was: then that of where it is
# is on its way, or could not be made.
PictureState = Literal["live", "behind", "failed"]


@dataclass(frozen=True)
class Layers:
    """What is drawn on the map."""

    mosaic: bool = True
    points: bool = True
    prior: bool = True
    posterior: bool = True
    density: bool = False
    magnification: bool = False
    field: bool = False
    hidden_classes: frozenset[int] = frozenset()
    colour_by: str = "class"  # or "z3", "kl", "elbo", "reconstruction": see `point_values`

    def with_layer(self, name: str, on: bool) -> "Layers":
        """The same with the layer of that name shown or not."""
        switches: dict[str, Any] = {name: on}
        return replace(self, **switches)

    def with_class(self, label: int, shown: bool) -> "Layers":
        """The same with the points of a class shown or not."""
        hidden = self.hidden_classes - {label} if shown else self.hidden_classes | {label}
        return replace(self, hidden_classes=hidden)


class Session(QObject):
    """One model with its arrangement. Two of them can live side by side."""

    model_changed = Signal()
    weights_changed = Signal()  # the same model after more or less training; all else stays
    points_changed = Signal()  # the data lies elsewhere on the map of the same model
    arrangement_changed = Signal()  # handles, names, order, images, path; not a mere move
    latent_changed = Signal(int)  # the handle with this key has another z or class
    active_changed = Signal()
    class_changed = Signal()  # the class the map shows where there is no handle
    plane_changed = Signal()
    layers_changed = Signal()
    picture_changed = Signal()  # of the active handle
    picture_state_changed = Signal()
    strip_changed = Signal()
    scrub_changed = Signal()  # the player stands on another frame, or on none
    playing_changed = Signal()  # epochs begin to go by by themselves, or end
    gesture_changed = Signal()  # one began, or ended
    refused = Signal(str)  # why there is no such change

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.model: ModelInfo | None = None
        self.arrangement = Arrangement()
        self.active_key: int | None = None
        self.plane: Plane = axis_plane(2)
        self.axes = (0, 1)
        self.plane_chosen = False  # by a person; else it may follow a model that learns
        self.playing = False  # epochs go by by themselves
        self.replaying = False  # epochs of the past go by: neither plane nor view follow them
        self.layers = Layers()
        self._handles_touched = True
        self._map_class = 0
        self.picture: Bytes | None = None
        self.picture_state: PictureState = "live"
        self.strip: Mapping[int, Bytes] = {}
        self.scrub: int | None = None
        self.history = History(lambda: self.arrangement, self._show, lambda: self.active_key, self)
        self.history.gesture_changed.connect(self.gesture_changed)

    # -- model -----------------------------------------------------------------------------

    def set_model(
        self,
        model: ModelInfo,
        arrangement: Arrangement,
        axes: tuple[int, int],
        plane: Plane | None = None,
        plane_chosen: bool = False,
        handles_touched: bool = True,
    ) -> None:
        """Put another model on screen with its own arrangement; earlier steps are forgotten.

        The map shows `plane`, or the two `axes`; `plane_chosen` says whether a person chose that,
        and `handles_touched` whether the handles are more than the first ones of a training.
        """
        self.history.clear()
        self.model, self.arrangement = model, arrangement
        self.active_key = arrangement.handles[0].key if arrangement.handles else None
        self.axes, self.plane = axes, plane or axis_plane(model.latent_size, *axes)
        self.plane_chosen, self._handles_touched = plane_chosen, handles_touched
        self._map_class = 0
        self.picture, self.strip, self.scrub = None, {}, None
        self.picture_state = "live"
        self.layers = replace(self.layers, hidden_classes=frozenset(), colour_by="class")
        self.model_changed.emit()
        self.plane_changed.emit()
        self.layers_changed.emit()
        self.arrangement_changed.emit()
        self.active_changed.emit()

    def set_weights(self, model: ModelInfo) -> None:
        """Put the same model after more or less training on screen; nothing else changes."""
        self.model = model
        self.weights_changed.emit()
        self.points_changed.emit()

    def set_points(self, points: Points) -> None:
        """Let the data lie elsewhere, ahead of the weights that put it there."""
        if self.model is not None:
            self.model = replace(self.model, points=points)
            self.points_changed.emit()

    def set_playing(self, playing: bool) -> None:
        """Whether epochs go by by themselves."""
        if playing != self.playing:
            self.playing = playing
            self.playing_changed.emit()

    # -- the active handle -----------------------------------------------------------------

    @property
    def active(self) -> Handle | None:
        """The handle that preview and sliders follow."""
        return self.arrangement.get(self.active_key)

    def set_active(self, key: int | None) -> None:
        """Make another handle the active one."""
        if key == self.active_key or (key is not None and self.arrangement.get(key) is None):
            return
        self.active_key = key
        self.picture = None
        self.active_changed.emit()

    @property
    def slice(self) -> Plane:
        """What the ground of the map shows: parallel to its plane, through the active handle."""
        handle = self.active
        return self.plane if handle is None else self.plane.through(handle.z)

    @property
    def label(self) -> int | None:
        """The class y that map, lens and new handles are given; none unless the model is given one.

        It is the active handle's; without a handle, the map's own.
        """
        if self.model is None or not self.model.conditional:
            return None
        handle = self.active
        return self._map_class if handle is None or handle.label is None else handle.label

    def choose_class(self, label: int) -> None:
        """Give the active handle another class, or the map where there is no handle."""
        if self.active_key is not None:
            self.set_label(self.active_key, label)
        elif label != self._map_class:
            self._map_class = label
            self.class_changed.emit()

    # -- plane and layers ------------------------------------------------------------------

    def set_axes(self, i: int, j: int, chosen: bool = True) -> None:
        """Look along other dimensions, `chosen` by a person or not; no latent changes."""
        if self.model is None:
            return
        self.plane_chosen = chosen
        if self.oblique is None and (i, j) == self.axes:
            return
        self.axes = (i, j)
        self.set_plane(axis_plane(self.model.latent_size, i, j), chosen)

    def set_plane(self, plane: Plane, chosen: bool = True) -> None:
        """Look along another plane, which stays as it is; no latent changes."""
        self.plane, self.plane_chosen = plane, chosen
        self.plane_changed.emit()

    @property
    def oblique(self) -> Plane | None:
        """The plane, unless it is that of the two `axes`."""
        return None if self.plane.kind == "axes" else self.plane

    def set_layers(self, layers: Layers) -> None:
        """Draw other layers."""
        if layers != self.layers:
            self.layers = layers
            self.layers_changed.emit()

    # -- pictures --------------------------------------------------------------------------

    def set_picture(self, picture: Bytes) -> None:
        """The active handle's decode [H, W, C]."""
        self.picture = picture
        self.picture_changed.emit()

    def set_picture_state(self, state: PictureState) -> None:
        """Whether the picture is that of the handle where it is now."""
        if state != self.picture_state:
            self.picture_state = state
            self.picture_state_changed.emit()

    def set_strip(self, frames: Mapping[int, Bytes]) -> None:
        """The path's decodes by frame."""
        self.strip = frames
        self.strip_changed.emit()

    def set_scrub(self, frame: int | None) -> None:
        """Stand on a frame of the path; none goes back to the active handle."""
        if frame != self.scrub:
            self.scrub = frame
            self.scrub_changed.emit()

    # -- the first handles of a training ---------------------------------------------------

    @property
    def handles_touched(self) -> bool:
        """Whether the arrangement is a person's own; a step that was taken back counts as well."""
        return self._handles_touched or self.in_gesture or self.undo_stack.count() > 0

    def keep_handles(self) -> None:
        """From now on they stay where they are: they are in a file, say."""
        self._handles_touched = True

    def lay_out(self, arrangement: Arrangement) -> None:
        """Lay handles out that nobody has touched, which is no step; others stay."""
        if not self.handles_touched:
            self._show(arrangement)

    # -- changes of the arrangement: each is one named step --------------------------------

    def begin_gesture(self, text: str) -> None:
        """From here to `end_gesture` all moves (`set_latent`) are one step.

        Any other change ends that step as it stands and is one of its own. The hand then goes on
        with a new step, but not with a handle that the change has moved or taken from under it.
        """
        self.history.begin(text)

    def end_gesture(self) -> None:
        """Make the moves since `begin_gesture` one step, if anything moved."""
        self.history.end()

    def cancel_gesture(self) -> None:
        """Take the moves since `begin_gesture` back."""
        self.history.cancel()

    def undo(self) -> None:
        """Take the last step back; in a gesture that is what has been moved so far."""
        self.history.undo()

    def redo(self) -> None:
        """Take the step again that was taken back last; a gesture ends as it stands."""
        self.history.redo()

    @property
    def undo_stack(self) -> QUndoStack:
        """The steps, to be watched: `undo` and `redo` go through them."""
        return self.history.stack

    @property
    def in_gesture(self) -> bool:
        """Whether a gesture is under way."""
        return self.history.in_gesture

    def set_latent(self, key: int, z: Floats, text: str = "Move handle") -> None:
        """Move a handle; outside a gesture it is a step of its own (quick ones merge)."""
        moved = self._moved(key, z) if self.history.goes_on(key) else None
        if moved is not None and self.in_gesture:
            self._show(moved)
        elif moved is not None:
            self.history.add(text, moved, merge=f"{text} {key}")

    def put_latent(self, key: int, z: Floats, text: str) -> None:
        """Move a handle by a command, which is no part of a gesture (quick ones merge)."""
        moved = self._moved(key, z)
        if moved is not None:
            self.history.add(text, moved, merge=f"{text} {key}")

    def _moved(self, key: int, z: Floats) -> Arrangement | None:
        """With the handle at `z`, if there is one and it is not there yet."""
        handle = self.arrangement.get(key)
        if handle is None or np.array_equal(handle.z, z):
            return None
        return self.arrangement.with_handle(replace(handle, z=np.asarray(z, np.float32)))

    def bring_to_plane(self, key: int) -> None:
        """Take away what of a handle lies off the plane; nothing if it lies on it."""
        handle = self.arrangement.get(key)
        if handle is None or self.lies_on_plane(handle):
            return
        brought = replace(handle, z=self.plane.bring(handle.z))
        self.history.add(f"Bring {handle.name} to plane", self.arrangement.with_handle(brought))

    def lies_on_plane(self, handle: Handle) -> bool:
        """Whether a handle lies on the plane, but for rounding."""
        off = float(np.linalg.norm(self.plane.residual(handle.z)))
        return off <= 1e-5 * (1.0 + float(np.abs(handle.z).max()))

    def set_label(self, key: int, label: int) -> None:
        """Give a handle another class (conditional models)."""
        handle = self.arrangement.get(key)
        if handle is not None and handle.label != label:
            other = replace(handle, label=label)
            self.history.add("Change class", self.arrangement.with_handle(other))

    def add_handle(
        self, z: Floats, label: int | None = None, image: EncodedImage | None = None, text: str = ""
    ) -> int | None:
        """A new handle at `z` [K], made the active one; its key, if there was room for it."""
        text = text or f"Add {self.arrangement.fresh_name()}"
        return next(iter(self.add_handles(text, [(z, label, image)])), None)

    def add_handles(
        self, text: str, places: Sequence[tuple[Floats, int | None, EncodedImage | None]]
    ) -> list[int]:
        """New handles at `z` [K] with class and image, in one step; the last is the active one.

        Their keys; none if there is no room for all.
        """
        if not places or not self.has_room(len(places)):
            return []
        after, keys = self.arrangement, []
        for z, label, image in places:
            keys.append(after.fresh_key())
            name, colour = after.fresh_name(), after.fresh_colour()
            handle = Handle(keys[-1], name, colour, np.asarray(z, np.float32), label, image)
            after = after.with_handle(handle)
        self.history.add(text, after)
        self.set_active(keys[-1])
        return keys

    def has_room(self, count: int) -> bool:
        """Whether so many more handles can be added; if not, that is `refused`."""
        room = MOST_HANDLES - len(self.arrangement.handles)
        if count > room:
            left = f"there is room for {room:,} more" if room > 0 else "delete some to add others"
            self.refused.emit(f"A session has at most {MOST_HANDLES:,} handles; {left}")
        return count <= room

    def remove_handle(self, key: int) -> None:
        """Take a handle away; its neighbour becomes the active one."""
        handle = self.arrangement.get(key)
        if handle is not None:
            self.history.add(f"Delete {handle.name}", self.arrangement.without(key))

    def rename_handle(self, key: int, name: str) -> None:
        """Give a handle another name (at most 24 characters; an empty one is ignored)."""
        handle, name = self.arrangement.get(key), " ".join(name.split())[:24]
        if handle is not None and name and name != handle.name:
            self.history.add("Rename", self.arrangement.with_handle(replace(handle, name=name)))

    def move_handle_in_order(self, key: int, place: int) -> None:
        """Give a handle another place on the path."""
        after = self.arrangement.moved(key, place)
        if [h.key for h in after.handles] != [h.key for h in self.arrangement.handles]:
            self.history.add("Reorder path", after)

    def set_path(self, kind: PathKind | None = None, frames: int | None = None) -> None:
        """Another kind of path or number of frames."""
        old = self.arrangement
        after = replace(old, path_kind=kind or old.path_kind, frames=frames or old.frames)
        if (after.path_kind, after.frames) != (old.path_kind, old.frames):
            self.history.add("Change path", after, merge="path")

    def set_arrangement(self, text: str, arrangement: Arrangement) -> None:
        """Another arrangement altogether, as one step."""
        self.history.add(text, arrangement)

    def _show(self, after: Arrangement, active: int | None = None) -> None:
        """Store an arrangement and say what is different about it.

        The handle `active` becomes active if it comes, or if the active one goes.
        """
        before, self.arrangement = self.arrangement, after
        if before is after:
            return
        moved = _moved_keys(before, after)
        if moved is None:
            gone = before.get(self.active_key)
            if gone is not None and gone.label is not None:
                self._map_class = gone.label  # if it was the last one, the map stays as it is
            self.arrangement_changed.emit()
            there = after.get(active) is not None
            if there and before.get(active) is None:
                self.set_active(active)
            elif after.get(self.active_key) is None:
                near = _neighbour(before, after, self.active_key)
                self.set_active(active if there else near)
            return
        for key in moved:
            self.latent_changed.emit(key)


def _moved_keys(before: Arrangement, after: Arrangement) -> list[int] | None:
    """Keys of handles with another z or class; nothing if more than that is different."""
    if (before.path_kind, before.frames) != (after.path_kind, after.frames):
        return None
    if len(before.handles) != len(after.handles):
        return None
    moved = []
    for old, new in zip(before.handles, after.handles, strict=True):
        if old is new:
            continue
        if (old.key, old.name, old.image) != (new.key, new.name, new.image):
            return None
        if old.label != new.label or not np.array_equal(old.z, new.z):
            moved.append(old.key)
    return moved


def _neighbour(before: Arrangement, after: Arrangement, key: int | None) -> int | None:
    """The handle that follows one that is gone, or the last."""
    if not after.handles:
        return None
    places = [handle.key for handle in before.handles]
    place = places.index(key) if key in places else 0
    return after.handles[min(place, len(after.handles) - 1)].key
