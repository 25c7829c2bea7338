"""Small pictures in a grid: as large as they fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from explorer.widgets.picture_grid import PictureGrid


@given(st.integers(1, 14), st.integers(1, 2), st.integers(20, 700), st.integers(20, 700))
def test_pictures_fit_whatever_the_room(
    qapp: QApplication, count: int, depth: int, width: int, height: int
) -> None:
    grid = PictureGrid()
    grid.setMinimumSize(1, 1)
    grid.resize(width, height)
    grid.set_stacks([np.zeros((count, 8, 8, 1), np.uint8)] * depth)
    columns, across, down = grid.cells()
    rows = -(-count // columns)
    assert columns * across <= width
    assert rows * depth * down <= height
    assert across == pytest.approx(down), "pixels stay square"
    image = QImage(grid.size(), QImage.Format.Format_RGB32)
    grid.render(image)


def test_words_take_the_place_of_pictures(qapp: QApplication) -> None:
    grid = PictureGrid()
    grid.set_stacks([np.zeros((3, 8, 8, 3), np.uint8)])
    grid.set_words("none yet")
    assert grid.images() == []
    assert grid.words() == "none yet"
    grid.grab()
