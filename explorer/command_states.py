"""Which commands can act now, and what those are called that say what they would do."""

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction

from explorer.opening import Opening
from explorer.replay import Replay
from explorer.session import Session

_OF_A_MODEL = (
    "saveSession",
    "saveSessionAs",
    "addHandle",
    "pasteImage",
    "fit",
    "copyMap",
    "exportMap",
    "showEmbedding",
)
_OF_A_HANDLE = (
    "renameHandle",
    "deleteHandle",
    "nextHandle",
    "previousHandle",
    "handleEarlier",
    "handleLater",
    "resetLatent",
    "copyPicture",
    "exportAnimation",
    "playPath",
)


class CommandStates(QObject):
    """Keeps the actions as the session and the replay are."""

    def __init__(
        self,
        actions: Mapping[str, QAction],
        session: Session,
        replay: Replay,
        opening: Opening,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._actions, self._session = actions, session
        self._replay, self._opening = replay, opening
        stack = session.undo_stack
        # What it tells goes on as it is told: it still tells when it is no more to be asked.
        stack.canUndoChanged.connect(self._allow_undo)
        session.gesture_changed.connect(self._on_gesture_changed)
        stack.canRedoChanged.connect(actions["redo"].setEnabled)
        stack.undoTextChanged.connect(self._show_undo)
        stack.redoTextChanged.connect(self._show_redo)
        for name in ("undo", "redo"):
            actions[name].setEnabled(False)
        for changed in (
            session.model_changed,
            session.weights_changed,
            session.arrangement_changed,
            session.active_changed,
            replay.changed,
        ):
            changed.connect(self._show)
        self._show()

    def _allow_undo(self, possible: bool) -> None:
        """What a hand is doing can be taken back, too."""
        self._actions["undo"].setEnabled(possible or self._session.in_gesture)

    def _on_gesture_changed(self) -> None:
        self._allow_undo(self._session.undo_stack.canUndo())

    def _show_undo(self, what: str) -> None:
        self._actions["undo"].setText(f"Undo {what}".strip())

    def _show_redo(self, what: str) -> None:
        self._actions["redo"].setText(f"Redo {what}".strip())

    def _show(self) -> None:
        actions, session = self._actions, self._session
        has_model, has_handle = session.model is not None, session.active is not None
        for name in _OF_A_MODEL:
            actions[name].setEnabled(has_model)
        for name in _OF_A_HANDLE:
            actions[name].setEnabled(has_handle)
        self._show_replay()
        prior = session.model is not None and session.model.has_prior
        actions["sampleLatent"].setEnabled(has_handle and prior)
        off_plane = session.model is not None and session.model.latent_size > 2
        actions["bringToPlane"].setEnabled(has_handle and off_plane)

    def _show_replay(self) -> None:
        actions, replay, before = self._actions, self._replay.state, self._before_training()
        actions["watchTraining"].setChecked(replay.watching)
        actions["backToModel"].setEnabled(before is not None)
        actions["backToModel"].setText(f"Back to {before.stem if before else 'the model before'}")
        actions["playReplay"].setEnabled(len(replay.epochs) > 1)
        actions["exportReplay"].setEnabled(bool(replay.epochs))

    def _before_training(self) -> Path | None:
        """The model to go back to, unless it is on the map."""
        model, before = self._session.model, self._opening.before_training
        return before if model is not None and model.path != before else None
