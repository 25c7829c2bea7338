"""The path's strip and curves, whatever the session holds of its frames."""

from collections.abc import Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from explorer.panels.path_panel import PathPanel
from explorer.session import Session
from tests.fakes import info, three


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[PathPanel]:
    session = Session()
    found = PathPanel(session)
    qtbot.addWidget(found)
    session.set_model(info(), three(), (0, 1))
    yield found
    found.close()
    session.deleteLater()


def frames(panel: PathPanel, *sides: int) -> dict[int, np.ndarray]:
    """All frames of the path, square and of these sides in turn."""
    count = panel._session.arrangement.frames
    return {
        frame: np.full((side, side, 1), frame, np.uint8)
        for frame, side in zip(range(count), sides * count, strict=False)
    }


def test_pictures_of_two_sizes_have_no_curves(panel: PathPanel) -> None:
    panel._session.set_strip(frames(panel, 8))
    panel._draw_curves()
    assert panel._curves._curves
    panel._session.set_strip(frames(panel, 8, 16))
    panel._draw_curves()
    assert not panel._curves._curves
