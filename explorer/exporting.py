"""Service: path or replay as GIF, APNG or PNG strip, off the GUI thread, with progress."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from explorer.animation import Format, write_animation
from explorer.epochs import Run
from explorer.rendering import compute_alone, decode
from explorer.replay_drawing import MapLook, draw_replay, point_colours
from explorer.workers import Callbacks, Cancelled, Lane, ModelShelf, Task, TaskContext

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


class Exporting(QObject):
    """One export at a time; its end is `exported`, `failed` or `cancelled`."""

    progressed = Signal(str, int, int)
    exported = Signal(object)  # Path
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

    def _submit(self, task: Task) -> None:
        callbacks = Callbacks(
            self.exported.emit, self.failed.emit, self.progressed.emit, self.cancelled.emit
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
        keep_colours=point_colours(request.classes),
    )
    if context.cancelled():
        raise Cancelled
    return request.path


def _decode(
    shelf: ModelShelf, request: ExportRequest, context: TaskContext
) -> npt.NDArray[np.uint8]:
    from models.errors import DataError

    compute_alone()
    model = shelf.get(request.model_key)
    if model is None:
        raise DataError("the model was closed before the export began; export again")
    parts = []
    for start in range(0, len(request.z), _DECODE_BATCH):
        if context.cancelled():
            raise Cancelled
        part = slice(start, start + _DECODE_BATCH)
        label = None if request.label is None else request.label[part]
        parts.append(decode(model, request.z[part], label)[0])
        context.report("Decoding", min(start + _DECODE_BATCH, len(request.z)), len(request.z))
    frames = np.concatenate(parts)
    return frames[..., 0] if frames.shape[-1] == 1 else frames
