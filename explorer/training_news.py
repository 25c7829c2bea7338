"""What is said of a training that ended: with its model, or with the window."""

from pathlib import Path

from PySide6.QtCore import QObject

from explorer.messages import Messages
from explorer.settings import Settings
from explorer.training import Training
from explorer.training_words import closing_text, trained_text


class TrainingNews(QObject):
    """Says it once, takes it back when it holds no longer, and repeats it at the next start."""

    def __init__(
        self, training: Training, messages: Messages, settings: Settings, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._training, self._messages, self._settings = training, messages, settings
        self._told = ""
        self._last_time, settings.parting_words = settings.parting_words, ""

    def tell_on_map(self, path: Path) -> None:
        """The model that was watched has its file now."""
        self._tell(path, "it is the model on the map")

    def tell_kept(self, path: Path) -> None:
        """Trained, but the map shows something else that a person chose."""
        self._tell(path, "open it in the library")

    def _tell(self, path: Path, where: str) -> None:
        self._told = f"{trained_text(self._training.state, path)}; {where}"
        self._messages.say(self._told)

    def take_back(self) -> None:
        """The model trains on, or the map shows another epoch of it."""
        if self._told and self._messages.text() == self._told:
            self._messages.say("")

    def part(self) -> None:
        """The window closes: say what is kept of a training that runs, now and at the next start.

        It is read while the threads end.
        """
        if words := closing_text(self._training.state):
            self._messages.say(words)
            self._messages.line.repaint()
            self._settings.parting_words = words

    def repeat(self) -> None:
        """What the window before this one left unfinished, once there is quiet to read it."""
        words, self._last_time = self._last_time, ""
        if words and not self._messages.of_failure:
            self._messages.say(f"Last time: {words}")
