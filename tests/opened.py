"""The whole window, drawn into memory: opened on a file, watched, and closed again."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, QSettings, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from explorer import start
from explorer.arrangement import Arrangement
from explorer.errors import LOG
from explorer.rendering import ModelInfo
from explorer.window import MainWindow

PATIENCE_MS = 20_000


class Heard(logging.Handler):
    """What the window complained of, and mistakes of the program."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.complaints: list[str] = []
        self.mistakes: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        kept = self.mistakes if record.levelno >= logging.ERROR else self.complaints
        kept.append(record.getMessage())


@dataclass(frozen=True)
class Seen:
    """What must stay as it was when something could not be opened."""

    model: ModelInfo | None
    arrangement: Arrangement
    picture: QImage
    steps: int


@dataclass
class Opened:
    """A window and what was heard of it."""

    window: MainWindow
    qtbot: QtBot
    heard: Heard = field(default_factory=Heard)

    @property
    def busy(self) -> bool:
        """Whether anything is still on its way."""
        window = self.window
        return bool(
            window.services.lanes.files.busy
            or window.services.lanes.exports.busy
            or window.decoding.waiting
            or window.mosaic.busy
            or window.overlays.busy
            or window.sliders.waiting
            or window.opening.pending_images
            or window.points.busy
            or window.services.planes.busy
            or window.services.means.busy
        )

    def settle(self) -> None:
        """Let everything come that is on its way."""
        self.qtbot.waitUntil(lambda: not self.busy, timeout=PATIENCE_MS)

    def seen(self) -> Seen:
        """What is on the screen now."""
        session = self.window.session
        picture = self.window.inspector.preview.image().copy()
        return Seen(session.model, session.arrangement, picture, session.undo_stack.count())

    def drop(self, content: QMimeData) -> None:
        """Let something fall on the middle of the window."""
        middle = QPointF(self.window.rect().center())
        copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
        none = Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(
            self.window, QDragEnterEvent(middle.toPoint(), copy, content, left, none)
        )
        QApplication.sendEvent(self.window, QDropEvent(middle, copy, content, left, none))

    def handle_names(self) -> list[str]:
        """The handles in the order of the path."""
        return [handle.name for handle in self.window.session.arrangement.handles]


@contextmanager
def opened(
    qtbot: QtBot, *paths: Path, shipped: bool = False, remembering: bool = False
) -> Iterator[Opened]:
    """The window with files opened and settled; the program must have made no mistake in it.

    It comes as for the first time, unless it is `remembering` the settings of the one before.
    """
    settings = QSettings("latent-explorer", "latent-explorer")
    if not remembering:
        settings.clear()
        settings.sync()
    with pytest.MonkeyPatch.context() as patch:
        if not shipped:
            patch.setattr("explorer.model_list.shipped_models", list)
        _, window = start(["latent-explorer", *map(str, paths)])
        found = Opened(window, qtbot)
        LOG.addHandler(found.heard)
        try:
            if paths or shipped:
                qtbot.waitUntil(lambda: window.session.picture is not None, timeout=PATIENCE_MS)
            found.settle()
            yield found
            assert not found.heard.mistakes
        finally:
            LOG.removeHandler(found.heard)
            for dialog in window.findChildren(QDialog):
                dialog.close()
            window.close()
            window.deleteLater()
