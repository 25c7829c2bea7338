"""The exception hook, the log file, and the one door for messages."""

import logging
import sys
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

import platformdirs
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

LOG = logging.getLogger("latent_explorer")


def log_file() -> Path:
    """Where the log is written."""
    return Path(platformdirs.user_log_dir("latent-explorer", False)) / "latent-explorer.log"


def start_log() -> None:
    """Write warnings and worse to the log file; without one if it cannot be written."""
    if LOG.handlers:
        return
    try:
        log_file().parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(log_file(), maxBytes=500_000, backupCount=1, delay=True)
    except OSError:
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOG.addHandler(handler)


class ExceptionHook(QObject):
    """Turns a bug, in whatever thread, into a log entry and a dialog with details to copy."""

    _raised = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._raised.connect(self._show)
        self._showing = False
        self.window: QWidget | None = None

    def install(self) -> None:
        """Hear of every exception nobody caught."""
        sys.excepthook = self._on_exception

    def uninstall(self) -> None:
        """Give `sys.excepthook` back."""
        sys.excepthook = sys.__excepthook__

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        sys.__excepthook__(kind, error, trace)
        if issubclass(kind, KeyboardInterrupt):
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        LOG.error(details)
        self._raised.emit(f"{kind.__name__}: {error}", details)

    def _show(self, summary: str, details: str) -> None:
        if self._showing:
            return
        self._showing = True
        box = QMessageBox(self.window)
        box.setIcon(QMessageBox.Icon.Critical)
        box.setWindowTitle("Something went wrong")
        box.setText("Latent Explorer made a mistake. What you have open is still there.")
        box.setInformativeText(f"{summary}\n\nThe details are in {log_file()}.")
        box.setDetailedText(details)
        box.finished.connect(self._on_closed)
        box.open()

    def _on_closed(self) -> None:
        self._showing = False
