"""Data in one spot of the map: a line says so, and whether the posterior has collapsed."""

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from explorer.crowding import crowding, crowding_words
from explorer.rendering import ModelInfo
from models.planes import axis_plane, random_plane
from models.points import Points
from tests.fakes import info
from tests.opened import opened

if TYPE_CHECKING:
    from models.model import Model

PLACE = np.array([0.4, -0.3, 0.1], np.float32)


def model(spread: float, count: int = 2000, prior: bool = True, stddev: float = 1.0) -> ModelInfo:
    drawn = np.random.default_rng(0).standard_normal((count, 3)) * spread
    mean = (PLACE + drawn).astype(np.float32)
    points = Points(mean, np.full_like(mean, 2 * np.log(stddev)))
    return replace(info(3), points=points, has_prior=prior)


@pytest.mark.parametrize("spread", [0.0, 1e-4, 0.003, 0.02])
def test_the_reach_holds_every_point_and_is_that_of_the_farthest(spread: float) -> None:
    told = model(spread)
    plane = random_plane(np.zeros(3, np.float32), np.random.default_rng(1))
    found = crowding(told, plane)
    assert found is not None
    assert told.points is not None
    xy = plane.project(told.points.mean)
    far = np.hypot(*(xy - [found.x, found.y]).T)
    assert far.max() == pytest.approx(found.reach, rel=1e-5)
    (left, bottom), (right, top) = found.box
    assert ((xy >= [left - 1e-6, bottom - 1e-6]) & (xy <= [right + 1e-6, top + 1e-6])).all()
    assert right > left
    words = crowding_words(told, found)
    assert words.startswith("All 2,000 points lie ")
    if spread:
        number = re.search(r"within ([0-9.e-]+) σ", words)
        assert number is not None
        assert found.reach <= float(number[1]) * (1 + 1e-5) <= 1.11 * found.reach
    else:
        assert "at one place" in words


def test_a_few_that_lie_elsewhere_are_told_apart() -> None:
    told = model(0.003)
    assert told.points is not None
    told.points.mean[5:15] = 2.0
    found = crowding(told, axis_plane(3))
    assert found is not None
    assert crowding_words(told, found).startswith("99 % of 2,000 points lie within 0.0")


def test_collapse_is_said_only_where_the_posterior_tells_nothing() -> None:
    plane = axis_plane(3)
    for stddev, collapsed in ((1.0, True), (0.8, True), (0.003, False)):  # as wide as they differ
        told = model(0.003, stddev=stddev)
        found = crowding(told, plane)
        assert found is not None
        assert ("collapsed" in crowding_words(told, found)) is collapsed
    told = model(0.003)  # all means in one spot, but some images are known far better than others
    assert told.points is not None
    told.points.log_variance[::2] = -3.0
    found = crowding(told, plane)
    assert found is not None
    assert "collapsed" not in crowding_words(told, found)


def test_data_that_can_be_seen_is_no_crowd() -> None:
    plane = axis_plane(3)
    assert crowding(model(1.0), plane) is None
    assert crowding(model(0.1), plane) is None
    assert crowding(model(0.003, prior=False), plane) is None  # Fit shows that as large as it is
    assert crowding(model(0.003, count=5), plane) is None
    assert crowding(replace(model(0.003), points=None), plane) is None
    nowhere = model(0.003)
    assert nowhere.points is not None
    nowhere.points.mean[:] = np.nan
    assert crowding(nowhere, plane) is None


def test_the_map_of_a_collapsed_model_says_so_and_zooms_to_its_points(
    qtbot: QtBot, tiny_model: "Model", tmp_path: Path
) -> None:
    from models.checkpoint import save

    size = tiny_model.autoencoder.config.latent_size
    drawn = np.random.default_rng(0).standard_normal((500, size))
    mean = (0.2 + 0.002 * drawn).astype(np.float32)
    points = Points(mean, np.zeros_like(mean), np.zeros(500, np.int64))
    save(replace(tiny_model, points=points), tmp_path / "collapsed.safetensors")
    with opened(qtbot, tmp_path / "collapsed.safetensors") as found:
        area = found.window.map_area
        words, button = area.axes.hint.findChild(QLabel), area.axes.hint.findChild(QPushButton)
        assert isinstance(words, QLabel)
        assert isinstance(button, QPushButton)
        assert words.isVisible()
        assert words.text().startswith("All 500 points lie within 0.0")
        assert words.text().endswith("σ: posterior collapsed")
        button.click()
        found.settle()
        left, bottom, right, top = area.panel.view.view.box
        xy = found.window.session.plane.project(mean)
        assert ((xy > [left, bottom]) & (xy < [right, top])).all()
        assert min(right - left, top - bottom) < 0.05
        assert not area.panel.view.fitted  # Fit shows the prior again
