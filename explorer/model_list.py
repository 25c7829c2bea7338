"""Which models the library panel offers: those that came with the program, and those lately."""

from pathlib import Path

from PySide6.QtCore import QObject

from explorer.library import MODEL_SUFFIX, Library, shipped_models
from explorer.panels.library_panel import LibraryPanel
from explorer.settings import Settings


class ModelList(QObject):
    """Keeps the panel as the settings are, and has cards drawn that it lacks."""

    def __init__(
        self, library: Library, panel: LibraryPanel, settings: Settings, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._library, self._panel, self._settings = library, panel, settings
        library.card_ready.connect(panel.add_card)

    def shipped(self) -> list[Path]:
        """The models that came with the program."""
        return shipped_models()

    def refresh(self) -> None:
        """List what there is now."""
        recent = [path for path in self._settings.recent() if path.suffix == MODEL_SUFFIX]
        self._panel.set_models(self.shipped(), recent)
        for path in self._panel.missing_cards():
            self._library.ask_card(path)

    def add(self, path: Path) -> None:
        """A model has its file now."""
        self._settings.add_recent(path)
        self.refresh()
