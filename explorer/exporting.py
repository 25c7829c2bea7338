"""Service: path, replay or map as a file, drawn off the GUI thread, with progress."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from explorer.animation import Format, write_animation
from explorer.batching import Batches
from explorer.epochs import Run
from explorer.map_bands import whole_map, write_map
from explorer.map_drawing import Included, MapContents, MapDrawing
from explorer.painting import to_images
from explorer.rendering import compute_alone, decode
from explorer.replay_drawing import MapLook, draw_replay, kept_colours
from explorer.viewport import Tile
from explorer.workers import Callbacks, Cancelled, Lane, ModelShelf, Task, TaskContext
from models.planes import Plane

if TYPE_CHECKING:
    from models.model import Model

LONGEST_COPY_PX = 8192  # a copy is kept whole in memory, here and where it is pasted
_DECODE_BATCH = 32


@dataclass(frozen=True, eq=False)
class ExportRequest:
    """Latents [N, K] to write as pictures of `size` pixels on the longer side."""

    path: Path
    model_key: int
    z: npt.NDArray[np.float32]
    label: npt.NDArray[np.int64] | None
    format: Format
    size: int
    frames_per_second: float
    there_and_back: bool


@dataclass(frozen=True, eq=False)
class ReplayExport:
    """The map over the epochs of a training, as `look` draws it."""

    path: Path
    run: Run
    look: MapLook
    format: Format
    frames: int
    frames_per_second: float
    there_and_back: bool
    classes: int = 0


@dataclass(frozen=True, eq=False)
class MapExport:
    """The map, `ratio` times as large as on the screen; without a path it is only drawn.

    Tiles are decoded in the plane `tiles_at`, `label` is the class of a conditional model.
    """

    path: Path | None
    model_key: int
    contents: MapContents
    tiles_at: Plane
    label: int | None
    ratio: float
    included: Included = field(default_factory=Included)


class Exporting(QObject):
    """One export at a time; its end is `exported`, `drawn`, `failed` or `cancelled`."""

    progressed = Signal(str, int, int)
    exported = Signal(object)  # Path
    drawn = Signal(object)  # QImage
    failed = Signal(str)
    cancelled = Signal()

    def __init__(self, shelf: ModelShelf, lane: Lane, parent: QObject) -> None:
        super().__init__(parent)
        self._shelf, self._lane = shelf, lane
        self._ticket: int | None = None

    @property
    def busy(self) -> bool:
        """Whether an export is under way."""
        return self._lane.busy

    def export(self, request: ExportRequest) -> None:
        """Decode and write."""
        self._submit(partial(_export, self._shelf, request))

    def export_replay(self, request: ReplayExport) -> None:
        """Read the epochs, draw the map of each, and write."""
        self._submit(partial(_export_replay, request))

    def export_map(self, request: MapExport) -> None:
        """Decode what the map shows, draw it, and write it or tell that it is `drawn`."""
        done = self.drawn if request.path is None else self.exported
        self._submit(partial(_export_map, self._shelf, request), done.emit)

    def _submit(self, task: Task, done: Callable[[Any], None] | None = None) -> None:
        callbacks = Callbacks(
            done or self.exported.emit, self.failed.emit, self.progressed.emit, self.cancelled.emit
        )
        self._ticket = self._lane.submit(task, callbacks)

    def cancel(self) -> None:
        """Stop; the file there was before is untouched."""
        if self._ticket is not None:
            self._lane.cancel(self._ticket)


def _export(shelf: ModelShelf, request: ExportRequest, context: TaskContext) -> Path:
    frames = _decode(shelf, request, context)
    write_animation(
        frames,
        request.path,
        format=request.format,
        frames_per_second=request.frames_per_second,
        size=request.size,
        there_and_back=request.there_and_back,
        report=partial(context.report, "Writing"),
        cancelled=context.cancelled,
    )
    if context.cancelled():
        raise Cancelled
    return request.path


def _export_replay(request: ReplayExport, context: TaskContext) -> Path:
    compute_alone()
    frames = draw_replay(request.look, request.run, request.frames, context)
    write_animation(
        frames,
        request.path,
        format=request.format,
        frames_per_second=request.frames_per_second,
        size=max(frames.shape[1:3]),
        there_and_back=request.there_and_back,
        report=partial(context.report, "Writing"),
        cancelled=context.cancelled,
        keep_colours=kept_colours(request.look, request.classes),
    )
    if context.cancelled():
        raise Cancelled
    return request.path


def _export_map(shelf: ModelShelf, request: MapExport, context: TaskContext) -> Path | QImage:
    model = _model(shelf, request.model_key)

    def decoded(tiles: list[Tile]) -> list[QImage]:
        z = request.tiles_at.lift(np.array([tile.centre for tile in tiles], np.float32))
        label = None if request.label is None else np.full(len(tiles), request.label, np.int64)
        return to_images(decode(model, z, label)[0])

    drawing = MapDrawing(request.contents, request.ratio, request.included)
    if request.path is None:
        return whole_map(drawing, decoded, context)
    write_map(request.path, drawing, decoded, context)
    return request.path


def _model(shelf: ModelShelf, key: int) -> "Model":
    """The open model with that key, in a thread that computes alone."""
    from models.errors import DataError

    compute_alone()
    model = shelf.get(key)
    if model is None:
        raise DataError("the model was closed before the export began; export again")
    return model


def _decode(
    shelf: ModelShelf, request: ExportRequest, context: TaskContext
) -> npt.NDArray[np.uint8]:
    model = _model(shelf, request.model_key)
    parts = []
    for part in Batches(_DECODE_BATCH).parts(len(request.z)):
        if context.cancelled():
            raise Cancelled
        label = None if request.label is None else request.label[part]
        parts.append(decode(model, request.z[part], label)[0])
        context.report("Decoding", part.stop, len(request.z))
    frames = np.concatenate(parts)
    return frames[..., 0] if frames.shape[-1] == 1 else frames
