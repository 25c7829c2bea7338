"""The end of the status bar while something is exported."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication, QProgressBar, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.opened import Opened, opened


@pytest.fixture
def window(tiny_model_file: Path, qtbot: QtBot) -> Iterator[Opened]:
    with opened(qtbot, tiny_model_file) as found:
        yield found


@pytest.mark.parametrize("size", [(900, 600), (1100, 700), (1440, 900)])
def test_progress_and_cancel_are_seen_whole_and_move_nothing(
    window: Opened, size: tuple[int, int]
) -> None:
    main, bar, status = window.window, window.window.statusBar(), window.window.exports.status
    main.resize(*size)
    QApplication.processEvents()
    before = bar.geometry()
    status.begin("Exporting …")
    status._on_progressed("Decoding", 30, 100)
    QApplication.processEvents()
    assert bar.geometry() == before
    inside: list[QWidget | None] = [
        status.findChild(QPushButton, "cancelExport"),
        status.findChild(QProgressBar),
    ]
    for widget in inside:
        assert widget is not None
        assert widget.isVisible()
        assert bar.rect().contains(widget.rect().translated(widget.mapTo(bar, QPoint())))
        assert widget.height() >= widget.minimumSizeHint().height()
