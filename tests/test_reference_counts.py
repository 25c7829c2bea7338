"""PySide6 6.12.0 lost a reference to None at every Qt call, and aborted after some thousands."""

import sys

import pytest
from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtWidgets import QLabel, QSlider
from pytestqt.qtbot import QtBot

MANY = 20_000
# Other threads and caches take and give a few of their own.
SLACK = 200


class Speaker(QObject):
    """Emits and hears."""

    said = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.heard = 0

    def hear(self, value: object) -> None:
        self.heard += 1


@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on and has no count"
)
def test_qt_calls_keep_their_references_to_none(qtbot: QtBot) -> None:
    label, slider, speaker = QLabel(), QSlider(Qt.Orientation.Horizontal), Speaker()
    for widget in (label, slider):
        qtbot.addWidget(widget)
    speaker.said.connect(speaker.hear)
    before = sys.getrefcount(None)
    for number in range(MANY):
        label.setText("x")
        label.move(QPoint(1, 2))
        slider.setValue(number % 100)
        speaker.said.emit(None)
    lost = before - sys.getrefcount(None)
    assert speaker.heard == MANY
    assert abs(lost) < SLACK
