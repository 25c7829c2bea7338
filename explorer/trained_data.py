"""The data that was trained on: remembered, and offered again where it still exists."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from PySide6.QtCore import QObject

from explorer.panels.training_panel import TrainingPanel
from explorer.settings import MOST_RECENT, Settings
from explorer.workers import Callbacks, Lane, TaskContext
from models.downloads import BUILT_IN
from models.presets import Look, look_at


@dataclass(frozen=True)
class Found:
    """What there is of what was remembered."""

    data: tuple[str, ...]
    folder: str  # of the last choice; empty if it is gone
    last: str  # data last trained on; empty if it is gone, or was not asked for
    look: Look


class TrainedData(QObject):
    """Tells the settings what is trained on, and the panel what was.

    Paths are looked at in a lane, which may wait for a network: each time the panel comes to sight.
    """

    def __init__(
        self, settings: Settings, panel: TrainingPanel, lane: Lane, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._settings, self._panel, self._lane = settings, panel, lane
        self._last = settings.last_trained  # to open on, once
        self._looking = self._again = False
        panel.data_chosen.connect(self._on_chosen)
        panel.begun_on.connect(self._on_begun_on)
        panel.shown.connect(self.refresh)
        if self._last in BUILT_IN:
            panel.open_on(self._last, look_at(self._last))
            self._last = ""
        self.refresh()

    def refresh(self) -> None:
        """Offer what exists now."""
        if self._looking:
            self._again = True
            return
        settings = self._settings
        task = partial(_look, settings.trained_data(), settings.folder("data"), self._last)
        self._looking = True
        self._lane.submit(task, Callbacks(self._on_found, self._on_failed))

    def _on_chosen(self, path: Path) -> None:
        self._last = ""
        self._settings.add_trained_data(path)
        self._settings.set_folder("data", str(path.parent))
        self.refresh()

    def _on_begun_on(self, data: str) -> None:
        self._last = ""
        if data not in BUILT_IN:
            path = Path(data).expanduser().absolute()
            self._settings.add_trained_data(path)
            data = str(path)
        self._settings.last_trained = data
        self.refresh()

    def _on_found(self, found: Found) -> None:
        self._panel.setup.set_own_data(found.data)
        self._panel.set_data_folder(found.folder)
        if self._last and found.last == self._last:
            self._panel.open_on(found.last, found.look)
        self._last = ""
        self._end()

    def _on_failed(self, message: str) -> None:
        self._end()

    def _end(self) -> None:
        self._looking = False
        if self._again:
            self._again = False
            self.refresh()


def _look(paths: Sequence[Path], folder: str, last: str, context: TaskContext) -> Found:
    """Which paths exist, newest first, and how the data last trained on looks."""
    exist = tuple(str(path) for path in islice((p for p in paths if p.exists()), MOST_RECENT))
    last = last if last and Path(last).exists() else ""
    folder = folder if folder and Path(folder).is_dir() else ""
    return Found(exist, folder, last, look_at(last) if last else Look("small"))
