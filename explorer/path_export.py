"""Asks how to export the path as an animation."""

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from explorer.arrangement import PATH_FRAMES
from explorer.exporting import Exporting, ExportRequest
from explorer.session import Session
from explorer.settings import Settings
from explorer.widgets.export_dialog import ExportChoice, ExportDialog


class PathExports(QObject):
    """`begun` follows Export in the dialog; the rest is told by the service that exports."""

    begun = Signal(str)  # what is under way

    def __init__(
        self, session: Session, exporting: Exporting, settings: Settings, window: QWidget
    ) -> None:
        super().__init__(window)
        self._session, self._exporting = session, exporting
        self._settings, self._window = settings, window

    def ask(self, there_and_back: bool) -> None:
        """Ask for file, format and size of the path as it is when Export is pressed."""
        model = self._session.model
        if model is None:
            return
        folder = Path(self._settings.folder("export") or Path.home())
        dialog = ExportDialog(
            folder / f"{model.name}-path.gif",
            self._session.arrangement.frames,
            PATH_FRAMES[1],
            there_and_back,
            self._window,
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self._on_chosen)
        dialog.open()

    def _on_chosen(self, choice: ExportChoice) -> None:
        model, arrangement = self._session.model, self._session.arrangement
        if model is None:
            return
        self._settings.set_folder("export", str(choice.path.parent))
        self.begun.emit(f"Exporting {choice.path.name} …")
        self._exporting.export(
            ExportRequest(
                path=choice.path,
                model_key=model.key,
                z=arrangement.path(choice.frames),
                label=arrangement.path_labels(choice.frames),
                format=choice.format,
                size=choice.size,
                frames_per_second=choice.frames_per_second,
                there_and_back=choice.there_and_back,
            )
        )
