"""What is opened first: what the command line named, or a model that came with the program."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.messages import Messages
from explorer.model_list import ModelList
from explorer.opening import kind_of
from explorer.services import Services

_FIRST_PAINT_PATIENCE_MS = 500  # a window that starts minimised is never painted


class FirstOpening(QObject):
    """Begins when the window is painted: importing torch would hold the first picture up.

    Where what was named cannot be opened a shipped model comes instead, beside the complaint.
    """

    failed = Signal(str)
    nothing_open = Signal(str)  # in words

    def __init__(
        self, services: Services, models: ModelList, messages: Messages, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._services, self._models, self._messages = services, models, messages
        self._paths: tuple[Path, ...] = ()
        self._shipped_tried = self._shown_instead = False
        self._first_paint = QTimer(self, singleShot=True)
        self._first_paint.timeout.connect(self._begin)
        services.opening.opened.connect(self._on_opened)
        services.opening.failed.connect(self._on_failed)

    def begin_when_painted(self, paths: Sequence[Path]) -> None:
        """Open these, on the first shipped model unless one of them is or names a model."""
        self._paths = tuple(paths)
        self._first_paint.start(_FIRST_PAINT_PATIENCE_MS)

    def on_painted(self) -> None:
        """The window is on the screen."""
        if self._first_paint.isActive():
            self._first_paint.start(0)

    def stop(self) -> None:
        """Do nothing more: the window closes."""
        self._first_paint.stop()

    def _begin(self) -> None:
        self._services.decode_thread.start()
        named = any(kind_of(path) in ("model", "session") for path in self._paths)
        if not named and not self._open_shipped():
            self._messages.complain(
                "No model came with the program; open one, or train one (Ctrl+T)"
            )
        if self._paths:
            self._services.opening.open_paths(self._paths)

    def _open_shipped(self) -> bool:
        """Open the first model that came with the program; whether there is one to try."""
        shipped = [] if self._shipped_tried else self._models.shipped()
        self._shipped_tried = True
        if shipped:
            self._services.opening.open_model(shipped[0])
        else:
            self.nothing_open.emit("No model is open")
            self._models.refresh()
        return bool(shipped)

    def _on_opened(self) -> None:
        if not self._shown_instead:  # of another, whose failure is still to be read
            self._messages.close_banner()
        self._shown_instead = False
        self._models.refresh()

    def _on_failed(self, message: str) -> None:
        self._messages.complain(message)
        self.failed.emit(message)
        if self._services.session.model is None and not self._services.opening.under_way:
            self._shown_instead = self._open_shipped()
