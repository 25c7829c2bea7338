"""A line over the map that says that its axes carry nothing, and a button to others."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget


class AxesHint(QWidget):
    """Words, and what can be done about them with one click."""

    clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._words, self._button = QLabel(self), QPushButton(self)
        self._words.setObjectName("axesHintWords")
        self._words.setMinimumWidth(60)  # on a narrow map its end is in the tip
        self._button.setObjectName("axesHintButton")
        self._button.setProperty("slim", True)
        self._button.clicked.connect(self._on_clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._words)
        row.addWidget(self._button)
        row.addStretch(1)
        self.hide()

    def set_hint(self, words: str, action: str, tip: str) -> None:
        """Say something and offer an action; without words there is nothing to say."""
        self._words.setText(words)
        self._words.setToolTip(tip)
        self._button.setText(action)
        self._button.setAccessibleName(f"{action}. {words}")
        self._button.setToolTip(tip)
        self.setVisible(bool(words))

    def _on_clicked(self) -> None:
        self.clicked.emit()
