"""From the command line to a window: the application object, Ctrl+C, and pictures of it."""

import gc
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from explorer import theme
from explorer.errors import ExceptionHook, start_log
from explorer.settings import Settings
from explorer.window import MainWindow

_SIGNAL_POLL_MS = 200
_SWITCH_SECONDS = 1e-4
_SCREENSHOT_PATIENCE_MS = 60_000
_PROGRAM_NAMES = {"main", "__main__", "latent-explorer", "latent-explorer-window"}


def start(argv: Sequence[str] = ()) -> tuple[QApplication, MainWindow]:
    """The application and its main window, shown, without entering the event loop.

    `argv` names files to open; a program's own name in front is passed over.
    """
    words = list(argv)
    if words and Path(words[0]).stem in _PROGRAM_NAMES and not words[0].endswith(".safetensors"):
        words = words[1:]
    app = _application()
    start_log()
    window = MainWindow(Settings())
    hook = ExceptionHook(window)
    hook.window = window
    hook.install()
    window.destroyed.connect(hook.uninstall)
    window.show()
    window.open_first([Path(word).absolute() for word in words])
    return app, window


def _application() -> QApplication:
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        # Qt hands spans of small pictures to a pool: the switches cost more than the drawing.
        os.environ.setdefault("QT_NO_GUI_THREADPOOL", "1")
        # Python lets a thread that computes go on for 5 ms before the window has its turn.
        sys.setswitchinterval(_SWITCH_SECONDS)
        app = QApplication([sys.argv[0]])
        app.setApplicationName("latent-explorer")
        app.setApplicationDisplayName("Latent Explorer")
        app.setWindowIcon(QIcon(str(theme.assets_folder() / "icon.svg")))
    theme.apply(app, theme.is_dark(Settings().theme))
    return app


def run(paths: Sequence[str], screenshot: str | None = None) -> int:
    """Open the window and stay until it is closed; or settle, take its picture and end."""
    if screenshot and not _has_display():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    interrupts = Interrupts()
    app, window = start(["latent-explorer", *paths])
    interrupts.watch_for(window)
    if screenshot:
        photographer = _Photographer(window, Path(screenshot))
        app.exec()
        return photographer.status
    window.settled.connect(spare_what_stays, Qt.ConnectionType.SingleShotConnection)
    return app.exec()


def spare_what_stays() -> None:
    """Let Python's search for garbage pass by all that is there once the first model is drawn.

    It goes through every object of torch else, now and then, and the window stands still for
    150 ms.
    """
    gc.freeze()


def _has_display() -> bool:
    if not sys.platform.startswith("linux") or "QT_QPA_PLATFORM" in os.environ:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


class Interrupts(QObject):
    """Ctrl+C closes the window as its button does: every thread and process is ended.

    Python runs a signal's handler wherever it happens to be, in the middle of a paint too, so
    the handler only leaves word; the timer finds it, and lets Python hear signals at all. It is
    made before the window, so that a signal while that opens does not leave threads behind.
    """

    def __init__(self) -> None:
        super().__init__()
        self._window: MainWindow | None = None
        self._asked = False
        for name in ("SIGINT", "SIGTERM"):
            signal.signal(getattr(signal, name), self._on_signal)

    def watch_for(self, window: MainWindow) -> None:
        """Close that window when a signal has come, or comes."""
        self.setParent(window)
        self._window = window
        timer = QTimer(self, interval=_SIGNAL_POLL_MS)
        timer.timeout.connect(self._on_tick)
        timer.start()

    def _on_signal(self, *_: object) -> None:
        self._asked = True

    def _on_tick(self) -> None:
        if self._asked and self._window is not None:
            self._asked = False
            self._window.close()


class _Photographer(QObject):
    """Takes the picture of the settled window, then closes it."""

    def __init__(self, window: MainWindow, path: Path) -> None:
        super().__init__(window)
        self._window, self._path, self.status = window, path, 0
        window.settled.connect(self._shoot, Qt.ConnectionType.QueuedConnection)
        window.opening_failed.connect(self._on_failed, Qt.ConnectionType.QueuedConnection)
        QTimer.singleShot(_SCREENSHOT_PATIENCE_MS, self._on_late)

    def _shoot(self) -> None:
        if not self._window.grab().save(str(self._path)):
            print(f"{self._path}: cannot be written; choose another place", file=sys.stderr)
            self.status = 2
        self._window.close()

    def _on_failed(self, message: str) -> None:
        print(message, file=sys.stderr)
        self.status = 2
        self._window.close()

    def _on_late(self) -> None:
        self._on_failed("the window did not settle within a minute; no picture was taken")
