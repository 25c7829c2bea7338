"""From files, drops and pastes to a session, and from a session to a file; with its dialogs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import platformdirs
from PySide6.QtCore import QMimeData, QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from explorer import dropping
from explorer.arrangement import Arrangement, Handle
from explorer.dimensions import axes_to_follow
from explorer.encoding import ImageSource
from explorer.first_look import first_arrangement, first_axes, training_arrangement
from explorer.keeping import LAST_TIME, Kept, write_kept
from explorer.library import MODEL_SUFFIX, EncodedImages, Library, method_title
from explorer.map_look import MapLook
from explorer.recorded_runs import arrangement_file
from explorer.rendering import ModelInfo
from explorer.session import Session
from explorer.session_file import SUFFIX as SESSION_SUFFIX
from explorer.session_file import SavedSession
from explorer.settings import Settings
from explorer.viewport import Viewport

_MODEL_ENDINGS = (MODEL_SUFFIX, ".pt", ".pth", ".ckpt", ".pkl", ".bin", ".onnx")
_OPENED = (
    "Models, sessions, images and data (*.safetensors *.json *.png *.jpg *.jpeg *.gif *.bmp "
    "*.webp *.tif *.tiff *.npz *.npy)",
    "All files (*)",
)
_MOST_FAILURES_TOLD = 4


@dataclass(frozen=True, eq=False)
class _Left:
    """How a model was left: with a view if a person chose it, `unsaved` if a file lacks it.

    `model` is there unless it was left by a window that has closed; a look only then.
    """

    state: SavedSession
    session_path: Path | None = None
    unsaved: bool = False
    model: ModelInfo | None = None


class Opening(QObject):
    """Opens whatever a person names, drops or pastes; what is open stays until that is there."""

    said = Signal(str)
    failed = Signal(str)
    opened = Signal(object)  # ModelInfo, on screen now
    view_saved = Signal(object)  # Viewport of a session file, to look at
    look_saved = Signal(object)  # MapLook of a session file, to show
    data_named = Signal(Path, Path)  # a model's file, and the data that a session names for it
    images_placed = Signal()
    data_chosen = Signal(object)  # Path of data to train on
    title_changed = Signal()

    def __init__(
        self, session: Session, library: Library, settings: Settings, window: QWidget
    ) -> None:
        super().__init__(window)
        self._session, self._library, self._settings = session, library, settings
        self._window = window
        self._left: dict[Path, _Left] = {}
        self._opening = self._going_back = False
        self.chosen_view: Callable[[], Viewport | None] = lambda: None
        self.present_look: Callable[[], MapLook | None] = lambda: None
        self.named_data: Callable[[Path], Path | None] = lambda model: None
        self.before_training: Path | None = None  # the model that a training took the place of
        self.pending_images: list[ImageSource] = []
        self.session_path: Path | None = None
        library.kept_found.connect(self.remember_kept)
        library.model_opened.connect(self._on_model_opened)
        library.session_opened.connect(self._on_session_opened)
        library.session_saved.connect(self._on_session_saved)
        library.images_encoded.connect(self._on_images_encoded)
        library.failed.connect(self._on_failed)
        library.save_failed.connect(self.failed)

    # -- opening ---------------------------------------------------------------------------

    @property
    def under_way(self) -> bool:
        """Whether a model or session is being opened."""
        return self._opening

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Models, sessions, images or data, whatever each is; of all but images the first."""
        others = [path for path in paths if kind_of(path) != "image"]
        if others:
            self._open_other(others[0])
        images = [ImageSource(path.name, path) for path in paths if kind_of(path) == "image"]
        if images:
            self.encode(images)

    def _open_other(self, path: Path) -> None:
        kind = kind_of(path)
        if kind == "data":
            self.data_chosen.emit(path)
        elif kind == "session":
            self._opening = True
            self._library.open_session(path)
        else:
            self.open_model(path)

    def open_model(self, path: Path) -> None:
        """Open a model file."""
        self._opening, self._going_back = True, False
        self._library.open_model(path)

    def put_epoch(self, model: ModelInfo) -> None:
        """A training that is watched comes on the map; `go_back` brings back what was there."""
        old = self._session.model
        if old is not None and old.path != model.path and old.path.is_file():
            self.before_training = old.path
        left = self._left.get(model.path)
        if left is None or not _fits(left, model):
            first = training_arrangement(model, first_axes(model))
            left = _untouched(model, first, handles_touched=False)
        opening = self._opening  # a model that is on its way still comes
        self._put(model, left)
        self._opening = opening
        back = self.before_training
        words = f"; {back.stem} is still there (Ctrl+B)" if back is not None else ""
        self.said.emit(f"The map follows {model.name}{words}")

    def remember_kept(self, path: Path, kept: SavedSession) -> None:
        """What a window kept of the training of a model comes back with it, once."""
        self._left.setdefault(path, _Left(kept))

    def go_back(self) -> None:
        """Open the model that was on the map before a training, as it was left."""
        if self.before_training is not None:
            self.open_model(self.before_training)
            self._going_back = True

    def encode(self, sources: Sequence[ImageSource]) -> None:
        """Encode pictures as handles, now or when the model has come that is on its way."""
        if self._session.model is None or self._opening:
            self.pending_images += sources
        else:
            self._library.encode(self._session.model, sources)

    def take(self, data: QMimeData) -> None:
        """What was dropped or pasted."""
        dropped = dropping.take(data)
        if dropped.problem:
            self.failed.emit(dropped.problem)
        if dropped.paths:
            self.open_paths(dropped.paths)
        if dropped.images:
            self.encode(dropped.images)

    def ask(self) -> None:
        """Ask what to open."""
        dialog = QFileDialog(self._window, "Open a model, a session or images")
        dialog.setObjectName("openDialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setDirectory(self._settings.folder("open") or str(Path.home()))
        dialog.setNameFilters(list(_OPENED))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(self._on_files_chosen)
        dialog.open()

    def _on_files_chosen(self, names: list[str]) -> None:
        if names:
            self._settings.set_folder("open", str(Path(names[0]).parent))
            self.open_paths([Path(name) for name in names])

    def _on_model_opened(self, model: ModelInfo) -> None:
        left, back = self._left.get(model.path), self._going_back
        self._going_back = False
        if left is None or not _fits(left, model):
            left, back = _untouched(model, first_arrangement(model)), False
        self._put(model, left)
        if back:
            self._restore(left)

    def _restore(self, left: _Left) -> None:
        """What else belongs to a model that a training took the place of unasked."""
        self.session_path = left.session_path
        if left.unsaved:
            self._session.undo_stack.resetClean()
        if left.state.view is not None:
            self.view_saved.emit(left.state.view)
        self.title_changed.emit()

    def _on_session_opened(self, model: ModelInfo, saved: SavedSession, path: Path) -> None:
        if saved.data is not None:
            self.data_named.emit(model.path, saved.data)
        self._put(model, _Left(replace(saved, view=None, look=None)))
        self.session_path = path
        self.title_changed.emit()
        self._settings.add_recent(path)
        if saved.look is not None:
            self.look_saved.emit(saved.look)
        if saved.view is not None:
            self.view_saved.emit(saved.view)

    def _put(self, model: ModelInfo, left: _Left) -> None:
        self._opening = False
        session, old = self._session, self._session.model
        if old is not None:
            self._left[old.path] = self._present(old)
            self._library.close_model(old.key)
        self.session_path = None
        state, chosen = left.state, left.state.plane_chosen
        axes = state.axes if chosen else axes_to_follow(model, state.axes)
        touched, arrangement = state.handles_touched, state.arrangement
        if not touched and axes != state.axes:  # else they would lie in one place there
            arrangement = training_arrangement(model, axes)
        session.set_model(model, arrangement, axes, state.plane, chosen, touched)
        if model.path.is_file():
            self._settings.add_recent(model.path)
        if left.unsaved and left.session_path is None:  # and it still belongs to no file
            session.undo_stack.resetClean()
        self.opened.emit(model)
        if left.model is None and state.look is not None:
            self.look_saved.emit(state.look)
        if left.model is None and state.view is not None:
            self.view_saved.emit(state.view)
        self.said.emit(f"Opened {model.name}: {summary(model)}")
        pending, self.pending_images = self.pending_images, []
        if pending:
            self.encode(pending)

    def _present(self, model: ModelInfo) -> _Left:
        """How the model on the map would be left now."""
        return _Left(
            self._state(model, self.chosen_view()),
            self.session_path,
            not self._session.undo_stack.isClean(),
            replace(model, points=None),  # which may be large
        )

    def _state(self, model: ModelInfo, view: Viewport | None) -> SavedSession:
        session = self._session
        return SavedSession(
            model.path.absolute(),
            session.arrangement,
            session.axes,
            view,
            session.oblique,
            plane_chosen=session.plane_chosen,
            handles_touched=session.handles_touched,
        )

    def _on_failed(self, message: str) -> None:
        self._opening = False
        if self._session.model is not None:  # else they wait for the model that comes instead
            pending, self.pending_images = self.pending_images, []
            if pending:
                self.encode(pending)
        self.failed.emit(message)

    # -- images ----------------------------------------------------------------------------

    def _on_images_encoded(self, result: EncodedImages) -> None:
        model = self._session.model
        if model is None or result.model_key != model.key:
            self.failed.emit("The model changed while the picture was encoded; drop it again")
            return
        if result.encoded:
            self._place(result)
        if result.failures:
            told, more = result.failures[:_MOST_FAILURES_TOLD], len(result.failures)
            rest = f"\nand {more - len(told)} more" if more > len(told) else ""
            self.failed.emit("\n".join(told) + rest)
        self.images_placed.emit()

    def _place(self, result: EncodedImages) -> None:
        """A handle for each picture, all in one step."""
        session, count = self._session, len(result.encoded)
        if not session.has_room(count):
            return
        session.set_scrub(None)
        session.add_handles(
            f"Add {count} images" if count > 1 else "Add image",
            [(encoded.image.mean, encoded.label, encoded.image) for encoded in result.encoded],
        )
        placed = session.arrangement.handles[-count:]
        self.said.emit("; ".join(_placed(handle) for handle in placed))

    # -- saving ----------------------------------------------------------------------------

    @property
    def unsaved(self) -> bool:
        """Whether a session file is open and the arrangement on screen is not what it holds."""
        return self.session_path is not None and not self._session.undo_stack.isClean()

    def save(self, view: Viewport) -> None:
        """Save to the session file that is open, or ask for one."""
        if self.session_path is None or not self._may_save():
            self.save_as(view)
        else:
            self.save_to(self.session_path, view)

    def save_as(self, view: Viewport) -> None:
        """Ask for a file and save to it."""
        model = self._session.model
        if model is None or not self._may_save():
            return
        dialog = QFileDialog(self._window, "Save the session")
        dialog.setObjectName("saveDialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDirectory(self._settings.folder("session") or str(Path.home()))
        dialog.setNameFilter(f"Sessions (*{SESSION_SUFFIX})")
        dialog.selectFile(f"{model.name}{SESSION_SUFFIX}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def on_chosen(name: str) -> None:
            self.save_to(Path(name if name.endswith(".json") else name + SESSION_SUFFIX), view)

        dialog.fileSelected.connect(on_chosen)
        dialog.open()

    def _may_save(self) -> bool:
        """A session names its model's file, which a training writes when it ends."""
        model = self._session.model
        if model is None or model.epoch is None or model.path.is_file():
            return True
        self.failed.emit(
            f"{model.name}: has no file before its training ends; stop it, or keep it under Runs, "
            "then save"
        )
        return False

    def save_to(self, path: Path, view: Viewport) -> None:
        """Write handles, path, plane and view."""
        model = self._session.model
        if model is not None:
            self._session.keep_handles()
            saved = self._saved(model, view)
            self._settings.set_folder("session", str(path.parent))
            self._library.save_session(path, model, saved)

    def keep(self, view: Viewport) -> bool:
        """Before the window closes: what belongs to no file stands under Open recent next time.

        Whether all that there was to keep is on disk.
        """
        files = self.to_keep(view)
        done = [kept for kept in files if write_kept(kept)]
        for kept in done:
            if kept.path.name == LAST_TIME:
                self._settings.add_recent(kept.path)
        return len(done) == len(files)

    def to_keep(self, view: Viewport) -> list[Kept]:
        """What belongs to no file, and where it would be looked for next time."""
        model, session = self._session.model, self._session
        if model is None:
            return []
        present = self._present(model)
        present = replace(present, state=replace(present.state, look=self.present_look()))
        everything = {**self._left, model.path: present}
        found = [kept for at in everything.items() if (kept := _beside_run(*at)) is not None]
        # A training that has not ended has no file that a session could name.
        if self.session_path is None and not session.undo_stack.isClean() and model.path.is_file():
            folder = Path(platformdirs.user_data_dir("latent-explorer", appauthor=False))
            found.append(Kept(folder / LAST_TIME, model, self._saved(model, view)))
        return found

    def _saved(self, model: ModelInfo, view: Viewport) -> SavedSession:
        state, named = self._state(model, view), self.named_data(model.path.absolute())
        return replace(state, data=named, look=self.present_look())

    def _on_session_saved(self, path: Path, saved: SavedSession, key: int) -> None:
        model = self._session.model
        if model is not None and model.key == key:
            self.session_path = path
            if saved.arrangement is self._session.arrangement:  # not changed while it was written
                self._session.undo_stack.setClean()
            self.title_changed.emit()
        else:
            self._remember(path, saved)
        self._settings.add_recent(path)
        self.said.emit(f"Saved {path.name}")

    def _remember(self, path: Path, saved: SavedSession) -> None:
        """A session was saved whose model has left the map meanwhile."""
        for file, left in self._left.items():
            if file.absolute() == saved.model:
                unsaved = left.unsaved and left.state.arrangement is not saved.arrangement
                self._left[file] = replace(left, session_path=path, unsaved=unsaved)


def _beside_run(path: Path, left: _Left) -> Kept | None:
    """What a person did on the map of a training that has no model yet, beside its epochs.

    Once there, it is kept true: it comes back when the training has its model, too.
    """
    run = Path(f"{path}.run")
    file = arrangement_file(run)
    touched = left.unsaved or left.state.plane_chosen or left.state.view is not None
    wanted = file.is_file() or (touched and run.is_dir() and not path.is_file())
    if left.model is None or not wanted:
        return None
    return Kept(file, left.model, left.state, left.unsaved)


def _untouched(model: ModelInfo, arrangement: Arrangement, handles_touched: bool = True) -> _Left:
    """A model as it comes for the first time."""
    state = SavedSession(
        model.path,
        arrangement,
        first_axes(model),
        None,
        plane_chosen=False,
        handles_touched=handles_touched,
    )
    return _Left(state)


def _fits(left: _Left, model: ModelInfo) -> bool:
    """Whether it was left with this model: another may stand in the file of that name now."""
    classes = len(model.class_names) if model.conditional else 0
    for handle in left.state.arrangement.handles:
        if len(handle.z) != model.latent_size or (handle.label is None) is model.conditional:
            return False
        if handle.label is not None and handle.label >= classes:
            return False
    if left.state.plane is not None and len(left.state.plane.origin) != model.latent_size:
        return False
    return max(left.state.axes) < model.latent_size


def _placed(handle: Handle) -> str:
    """Which handle a picture became, and what was done to it."""
    if handle.image is None:
        return handle.name
    notes = f": {', '.join(handle.image.notes)}" if handle.image.notes else ""
    return f"{handle.image.name} is handle {handle.name}{notes}"


def kind_of(path: Path) -> str:
    """What a path is taken for: `model`, `session`, `data` to train on, or `image`."""
    if path.is_dir() or path.suffix.lower() in (".npz", ".npy"):
        return "data"
    if path.suffix.lower() == ".json":
        return "session"
    return "model" if path.suffix.lower() in _MODEL_ENDINGS else "image"


def summary(model: ModelInfo) -> str:
    """A model in a line: method, K, image size."""
    channels, height, width = model.image_shape
    colour = "grey" if channels == 1 else "colour"
    return f"{method_title(model.method)}  ·  K = {model.latent_size}  ·  {width}×{height} {colour}"
