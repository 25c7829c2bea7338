"""A model of 512 dimensions: those that matter are at hand, and those of the map among them."""

from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import MagicMock

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.arrangement import Arrangement, Handle
from explorer.colour_bar import ColourBar
from explorer.panels.sliders_panel import SlidersPanel
from explorer.rendering import ModelInfo
from explorer.session import Session
from explorer.widgets.class_legend import ClassLegend
from explorer.widgets.dimension_row import DimensionRow
from models.planes import random_plane
from models.points import Points
from tests.fakes import info

K = 512
USED = (300, 20, 411)  # most first


def model() -> ModelInfo:
    kl, deviation = np.zeros(K, np.float32), np.full(K, 0.01, np.float32)
    kl[list(USED)], deviation[list(USED)] = (3.0, 2.0, 1.0), 1.0
    mean = np.random.default_rng(0).standard_normal((9, K)).astype(np.float32)
    data = Points(mean, np.zeros_like(mean), None)
    return replace(info(K), kl=kl, deviation=deviation, points=data)


@pytest.fixture
def session(qtbot: QtBot) -> Session:
    return Session()


@pytest.fixture
def sliders(qtbot: QtBot, session: Session) -> Iterator[SlidersPanel]:
    panel = SlidersPanel(session, MagicMock())
    qtbot.addWidget(panel)
    panel.resize(380, 500)
    panel.show()
    handle = Handle(1, "A", 0, np.zeros(K, np.float32))
    session.set_model(model(), Arrangement((handle,)), (7, 20))
    yield panel
    panel.close()


def rows(panel: SlidersPanel) -> list[int]:
    found = [row for row in panel.findChildren(DimensionRow) if row.isVisible()]
    return [row.dimension for row in sorted(found, key=lambda row: row.y())]


def marked(panel: SlidersPanel, mark: str) -> list[int]:
    return [
        row.dimension
        for row in panel.findChildren(DimensionRow)
        if row.isVisible() and any(mark in label.text() for label in row.findChildren(QLabel))
    ]


def test_the_dimensions_of_the_map_are_in_sight_and_marked(
    qtbot: QtBot, sliders: SlidersPanel, session: Session
) -> None:
    assert rows(sliders) == [7, 300, 20, 411], "the one that is not used comes first"
    assert (marked(sliders, "→"), marked(sliders, "↑")) == ([7], [20])
    session.set_axes(300, 9)
    qtbot.waitUntil(lambda: rows(sliders) == [9, 300, 20, 411])
    assert (marked(sliders, "→"), marked(sliders, "↑")) == ([300], [9])
    session.set_plane(random_plane(np.zeros(K, np.float32), np.random.default_rng(0)))
    qtbot.waitUntil(lambda: rows(sliders) == [300, 20, 411])
    assert not marked(sliders, "map")


def test_points_are_coloured_by_the_dimensions_that_carry_most(
    qtbot: QtBot, session: Session
) -> None:
    bar = ColourBar(session, ClassLegend())
    qtbot.addWidget(bar)
    session.set_model(model(), Arrangement(), (7, 20))
    choice = bar.findChild(QComboBox, "colourBy")
    assert isinstance(choice, QComboBox)

    def offered() -> list[str]:
        return [choice.itemData(at) for at in range(choice.count())]

    assert offered()[:4] == ["class", "kl", "elbo", "reconstruction"]
    assert offered()[4:7] == ["z300", "z20", "z411"]
    assert "z7" in offered()  # one of the map
    assert len(offered()) < 40
    session.set_layers(replace(session.layers, colour_by="z7"))
    session.set_axes(300, 20)
    assert "z7" in offered()  # it is chosen
    assert choice.currentData() == "z7"


@pytest.mark.parametrize("width", [250, 300, 400])
def test_the_panel_is_as_narrow_whatever_its_header_says(
    qtbot: QtBot, qapp: QApplication, sliders: SlidersPanel, session: Session, width: int
) -> None:
    theme.apply(qapp, True)
    fold, model = sliders.findChild(QPushButton, "showInactive"), session.model
    assert fold is not None
    assert model is not None
    sliders.resize(width, 500)
    for deviation, folds in ((model.deviation, True), (np.ones(K, np.float32), False)):
        session.set_weights(replace(model, deviation=deviation))
        QApplication.processEvents()
        assert fold.isVisible() == folds
        assert sliders.minimumSizeHint().width() < 250
        assert sliders.width() == width
        words = sliders._count
        assert words.text() in ("3 of 512 active", "3 of 512", "512 of 512 active", "512 of 512")
        assert words.sizeHint().width() <= words.width()
