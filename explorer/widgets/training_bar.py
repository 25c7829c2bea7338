"""The row of a training's buttons with its progress between them."""

from PySide6.QtWidgets import QHBoxLayout, QMenu, QProgressBar, QPushButton, QToolButton, QWidget

_STEPS = 1000


class TrainingBar(QWidget):
    """Start, pause, stop; how far it is; what is unfinished, and the model that was made."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.start, self.pause = QPushButton("Start", self), QPushButton("Pause", self)
        self.stop, self.open = QPushButton("Stop", self), QPushButton("Open model", self)
        self.progress, self.unfinished = QProgressBar(self), QToolButton(self)
        self.menu = QMenu(self.unfinished)
        names = ("trainStart", "trainPause", "trainStop", "trainOpen")
        buttons = (self.start, self.pause, self.stop, self.open)
        for button, name in zip(buttons, names, strict=True):
            button.setObjectName(name)
            button.setAutoDefault(False)
        self.start.setProperty("primary", True)
        self.unfinished.setObjectName("trainUnfinished")
        self.unfinished.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.unfinished.setMenu(self.menu)
        self.progress.setObjectName("trainProgress")
        self.progress.setAccessibleName("Training progress")
        self.progress.setMinimumWidth(80)
        self._lay_out()

    def _lay_out(self) -> None:
        bar = QHBoxLayout(self)
        bar.setContentsMargins(0, 0, 0, 0)
        bar.setSpacing(6)
        for button in (self.start, self.pause, self.stop):
            bar.addWidget(button)
        bar.addWidget(self.progress, 1)
        bar.addWidget(self.unfinished)
        bar.addWidget(self.open)

    def set_progress(self, share: float | None, text: str, tip: str) -> None:
        """Show a share (0 to 1; nothing: how long is not known) with its text."""
        self.progress.setRange(0, 0 if share is None else _STEPS)
        self.progress.setValue(round(_STEPS * (share or 0.0)))
        self.progress.setFormat(text)
        self.progress.setAccessibleDescription(text)
        self.progress.setToolTip(tip)

    def set_unfinished(self, count: int) -> None:
        """Offer that many unfinished trainings."""
        self.unfinished.setVisible(count > 0)
        self.unfinished.setText(f"Unfinished ({count}) ▾")
        self.unfinished.setAccessibleName(f"Unfinished trainings: {count}")


def enable(button: QPushButton | QToolButton, tip: str, reason: str) -> None:
    """Enable a button, or disable it for a reason that its tooltip then gives."""
    button.setEnabled(not reason)
    button.setToolTip(reason or tip)
    if isinstance(button, QPushButton):
        button.setAccessibleName(button.text())
