"""Service: opens and saves models, images and sessions off the GUI thread."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from explorer.encoding import Encoded, ImageSource, encode_source
from explorer.epochs import read_epoch
from explorer.first_look import first_arrangement
from explorer.kept_arrangement import read_kept
from explorer.recorded_runs import last_epoch_file, out_file, read_recorded, run_of
from explorer.rendering import ModelInfo, compute_alone, decode, describe, prepare
from explorer.session_file import SavedSession, read_session, write_session
from explorer.theme import assets_folder
from explorer.workers import Callbacks, Lane, ModelShelf, Task, TaskContext
from models.methods import METHODS, MethodName
from models.snapshots import epochs_in

Bytes = npt.NDArray[np.uint8]

MODEL_SUFFIX = ".safetensors"


def shipped_models() -> list[Path]:
    """The models that come with the program, the first to open first."""
    found = sorted(assets_folder().glob(f"*{MODEL_SUFFIX}"))
    return sorted(found, key=lambda path: (path.stem not in _FIRST, path.stem != _FIRST[0]))


_FIRST = ("mnist-2d", "mnist-10d")


@dataclass(frozen=True, eq=False)
class EncodedImages:
    """What became of several pictures: those encoded, and a message for each that was not."""

    encoded: tuple[Encoded, ...]
    failures: tuple[str, ...]
    model_key: int


@dataclass(frozen=True, eq=False)
class Card:
    """A model as the library lists it: `picture` is a decode [H, W, C], if it could be opened."""

    path: Path
    title: str
    detail: str
    picture: Bytes | None


class Library(QObject):
    """Everything that reads or writes a file answers through these signals."""

    model_opened = Signal(object)  # ModelInfo
    kept_found = Signal(object, object)  # Path of a model, and the SavedSession kept for it
    session_opened = Signal(object, object, object)  # ModelInfo, SavedSession, Path
    session_saved = Signal(object, object, object)  # Path, SavedSession, key of its model
    save_failed = Signal(str)
    images_encoded = Signal(object)  # EncodedImages
    card_ready = Signal(object)  # Card
    failed = Signal(str)
    working = Signal(str)

    def __init__(self, shelf: ModelShelf, lane: Lane, parent: QObject) -> None:
        super().__init__(parent)
        self._shelf, self._lane = shelf, lane
        self._newest_open: int | None = None

    def open_model(self, path: Path) -> None:
        """Open a model; a later call takes the place of one not yet done."""
        callbacks = Callbacks(self._on_model_opened, self.failed.emit)
        self._open(partial(_open_with_kept, self._shelf, path), callbacks, path)

    def _on_model_opened(self, value: tuple[ModelInfo, SavedSession | None]) -> None:
        model, kept = value
        if kept is not None:
            self.kept_found.emit(model.path, kept)
        self.model_opened.emit(model)

    def open_session(self, path: Path) -> None:
        """Open a session file and the model it names."""
        callbacks = Callbacks(self._on_session_opened, self.failed.emit)
        self._open(partial(_open_session, self._shelf, path), callbacks, path)

    def _open(self, task: Task, callbacks: Callbacks, path: Path) -> None:
        if self._newest_open is not None:
            self._lane.cancel(self._newest_open)
        self.working.emit(f"Opening {path.name} …")
        self._newest_open = self._lane.submit(task, callbacks)

    def _on_session_opened(self, value: tuple[ModelInfo, SavedSession, Path]) -> None:
        self.session_opened.emit(*value)

    def save_session(self, path: Path, model: ModelInfo, saved: SavedSession) -> None:
        """Write a session file."""
        task = partial(_save_session, path, model, saved)
        self._lane.submit(task, Callbacks(self._on_session_saved, self.save_failed.emit))

    def _on_session_saved(self, value: tuple[Path, SavedSession, int]) -> None:
        self.session_saved.emit(*value)

    def encode(self, model: ModelInfo, sources: Sequence[ImageSource]) -> None:
        """Encode pictures with a model."""
        names = sources[0].name if len(sources) == 1 else f"{len(sources)} pictures"
        self.working.emit(f"Encoding {names} …")
        task = partial(_encode, self._shelf, model.key, tuple(sources))
        self._lane.submit(task, Callbacks(self.images_encoded.emit, self.failed.emit))

    def ask_card(self, path: Path) -> None:
        """Make the card of a model file; comes when there is nothing else to do."""
        self._lane.submit(
            partial(_card, path), Callbacks(self.card_ready.emit, self._on_card_failed)
        )

    def _on_card_failed(self, message: str) -> None:
        """A file that cannot be opened has no card; opening it tells why."""

    def close_model(self, key: int) -> None:
        """Forget a model that is no longer on screen."""
        self._shelf.remove(key)


def _open_with_kept(
    shelf: ModelShelf, path: Path, context: TaskContext
) -> tuple[ModelInfo, SavedSession | None]:
    """A model, and what was on its map if its window closed before its training ended."""
    model = _open_model(shelf, path, context)
    return model, read_kept(Path(f"{model.path}.run"))


def _open_model(shelf: ModelShelf, path: Path, context: TaskContext) -> ModelInfo:
    from models.checkpoint import load

    run = run_of(path)
    if run is not None:
        return _open_run(shelf, run, context)
    model = load(path)
    prepare(model)
    return describe(model, shelf.add(model), path)


def _open_run(shelf: ModelShelf, run: Path, context: TaskContext) -> ModelInfo:
    """The newest epoch of a training without a model, by the name of the one it was to make."""
    from models.checkpoint import load

    epochs = epochs_in(run)
    if epochs:
        found = read_epoch(run, epochs[-1], context)
        return replace(found.info, key=shelf.add(found.model))
    model, epoch = load(last_epoch_file(run)), read_recorded(run).epoch
    return replace(describe(model, shelf.add(model), out_file(run)), epoch=epoch)


def _open_session(
    shelf: ModelShelf, path: Path, context: TaskContext
) -> tuple[ModelInfo, SavedSession, Path]:
    from models.errors import DataError

    saved = read_session(path)
    model = _open_model(shelf, saved.model, context)
    wanted = len(saved.arrangement.handles[0].z) if saved.arrangement.handles else None
    labels = [handle.label for handle in saved.arrangement.handles]
    classes = len(model.class_names) if model.conditional else 0
    wrong_label = any((label is not None and label >= classes) for label in labels)
    missing_label = model.conditional and any(label is None for label in labels)
    wrong_plane = max(saved.axes) >= model.latent_size
    if saved.plane is not None:
        wrong_plane = wrong_plane or len(saved.plane.origin) != model.latent_size
    if wanted not in (None, model.latent_size) or wrong_label or missing_label or wrong_plane:
        shelf.remove(model.key)
        raise DataError(
            f"{path}: was saved with another model than {saved.model} is now; open that model alone"
        )
    return model, saved, path


def _save_session(
    path: Path, model: ModelInfo, saved: SavedSession, context: TaskContext
) -> tuple[Path, SavedSession, int]:
    write_session(path, model, saved)
    return path, saved, model.key


def _encode(
    shelf: ModelShelf, key: int, sources: tuple[ImageSource, ...], context: TaskContext
) -> EncodedImages:
    from models.errors import DataError

    compute_alone()
    model = shelf.get(key)
    encoded: list[Encoded] = []
    failures: list[str] = []
    for source in sources if model is not None else ():
        try:
            encoded.append(encode_source(model, source))  # type: ignore[arg-type] # not None here
        except DataError as error:
            failures.append(str(error))
    return EncodedImages(tuple(encoded), tuple(failures), key)


def _card(path: Path, context: TaskContext) -> Card:
    from models.checkpoint import load

    compute_alone()
    model = load(path)
    info = describe(model, 0, path)
    handle = first_arrangement(info).handles[0]
    classes = None if handle.label is None else np.array([handle.label], np.int64)
    picture = decode(model, handle.z[None], classes)[0][0]
    return Card(path, path.stem, f"K = {info.latent_size}, {method_title(info.method)}", picture)


_SHORT_TITLES = {"ae": "AE", "cvae": "CVAE"}


def method_title(method: str) -> str:
    """The name of a method, as short as it is known by."""
    known = METHODS.get(cast(MethodName, method))
    return _SHORT_TITLES.get(method, known.title if known else method)
