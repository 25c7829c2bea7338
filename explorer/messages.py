"""What is said to a person: a line in the status bar, and over the map what did not work."""

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from explorer import theme
from explorer.errors import LOG
from explorer.widgets.banner import Banner
from explorer.widgets.elided_label import ElidedLabel


class Messages(QObject):
    """The one door for words that are no part of a panel; the newest take the line."""

    def __init__(self, banner: Banner, window: QWidget) -> None:
        super().__init__(window)
        self.line = ElidedLabel(window)
        self.line.setObjectName("messages")
        self.line.setAccessibleName("Messages")
        self._banner = banner
        banner.closed.connect(self._on_banner_closed)

    def say(self, text: str) -> None:
        """A message that asks for nothing."""
        self._show(text, "muted")

    def complain(self, text: str) -> None:
        """Something did not work: in the status bar, and whole over the map until closed."""
        LOG.warning(text)
        self._show(text, "danger")
        self._banner.add(text)

    def close_banner(self) -> None:
        """What did not work need not be read any more."""
        self._banner.hide()

    def text(self) -> str:
        """What the line says."""
        return self.line.text()

    @property
    def of_failure(self) -> bool:
        """Whether it says what did not work."""
        return bool(self.line.property("role") == "danger")

    def _show(self, text: str, role: str) -> None:
        self.line.setText("; ".join(text.split("\n")))
        theme.set_role(self.line, role)

    def _on_banner_closed(self) -> None:
        """A failure that was read needs no red line any more."""
        if self.of_failure:
            self.say("")
