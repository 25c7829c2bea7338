"""Figures beside pictures and sliders say what they are, for every kind of model."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import MagicMock

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QWidget
from pytestqt.qtbot import QtBot

from explorer.arrangement import Arrangement, EncodedImage, Handle
from explorer.colour_bar import ColourBar
from explorer.panels.inspector_panel import InspectorPanel
from explorer.panels.sliders_panel import SlidersPanel
from explorer.point_words import card_lines
from explorer.rendering import ModelInfo, describe
from explorer.session import Session
from explorer.widgets.class_legend import ClassLegend
from explorer.widgets.dimension_row import DimensionRow
from models.planes import random_plane
from models.points import Points
from tests.fakes import info

if TYPE_CHECKING:
    from models.model import Model

TERMS = {"elbo": -90.0, "reconstruction": 70.0, "kl": 20.0, "importance_bound": -88.0}


def with_points(model: ModelInfo) -> ModelInfo:
    means = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    points = Points(means, np.full_like(means, 0.1), None)
    return replace(model, points=points, kl=points.mean_kl(), deviation=means.std(0))


def an_image() -> EncodedImage:
    pixels = np.zeros((8, 8, 1), np.uint8)
    zeros = np.zeros(3, np.float32)
    return EncodedImage("seven.png", pixels, pixels, zeros, zeros + 1, TERMS, zeros, ())


@contextmanager
def shown(panel: QWidget, qtbot: QtBot) -> Iterator[QWidget]:
    panel.resize(500, 500)  # room for all words
    panel.show()
    qtbot.addWidget(panel)
    yield panel


def tips(panel: QWidget, text: str) -> list[str]:
    return [word.toolTip() for word in panel.findChildren(QLabel) if text in word.text()]


@pytest.mark.parametrize(
    ("method", "told"), [("vae", "in closed form"), ("flow-vae", "from 64 sampled z")]
)
def test_the_kl_of_an_image_says_how_it_was_computed(method: str, told: str, qtbot: QtBot) -> None:
    session = Session()
    with shown(InspectorPanel(session), qtbot) as panel:
        handle = Handle(1, "A", 0, np.zeros(3, np.float32), image=an_image())
        session.set_model(replace(info(), method=method), Arrangement((handle,)), (0, 1))
        assert [told in tip for tip in tips(panel, "KL to the prior")] == [True]


def test_each_kl_of_a_binary_model_says_which_image_it_is_of(qtbot: QtBot) -> None:
    for binary in (True, False):
        session, model = Session(), replace(with_points(info()), binarise=binary)
        handle = Handle(1, "A", 0, np.zeros(3, np.float32), image=an_image())
        with shown(InspectorPanel(session), qtbot) as panel:
            session.set_model(model, Arrangement((handle,)), (0, 1))
            [tip] = tips(panel, "KL to the prior")
            assert ("one random binarisation" in tip) == binary
            assert ("grey image" in tip) == binary
        with shown(ColourBar(session, ClassLegend()), qtbot) as bar:
            assert isinstance(bar, ColourBar)
            bar.set_images(True, "", True)
            choice = bar.findChild(QComboBox, "colourBy")
            assert isinstance(choice, QComboBox)
            for key in ("kl", "elbo"):
                tip = choice.itemData(choice.findData(key), Qt.ItemDataRole.ToolTipRole)
                assert ("one random binarisation" in tip.lower()) == binary
                assert ("grey image" in tip) == binary
        lines = card_lines(model, 0, "seven", None, {}, "class")
        assert ("grey image" in lines[-1]) == binary


@pytest.mark.parametrize(
    ("likelihood", "told"),
    [
        ("bernoulli", "log probability"),
        ("discretised-logistic", "log probability"),
        ("gaussian", "log density"),
        ("continuous-bernoulli", "log density"),
    ],
)
def test_a_reconstruction_term_says_whether_it_is_of_a_density(
    likelihood: str, told: str, qtbot: QtBot
) -> None:
    session = Session()
    with shown(InspectorPanel(session), qtbot) as panel:
        handle = Handle(1, "A", 0, np.zeros(3, np.float32), image=an_image())
        session.set_model(replace(info(), likelihood=likelihood), Arrangement((handle,)), (0, 1))
        assert [told in tip for tip in tips(panel, "reconstruction") if "log p" in tip] == [True]


def test_before_a_model_is_open_nothing_of_an_image_is_shown(qtbot: QtBot) -> None:
    with shown(InspectorPanel(Session()), qtbot) as panel:
        words = {word.text() for word in panel.findChildren(QLabel) if word.isVisible()}
        assert not words & {"image", "reconstruction", "difference"}


def test_the_use_of_a_dimension_says_what_it_is(qtbot: QtBot) -> None:
    vae = with_points(info())
    for model, text, told in (
        (vae, " nats", "Mean KL to the prior over the data, in nats"),
        (replace(vae, method="flow-vae"), " nats", "Gaussians with the flow posteriors' moments"),
        (info(), "KL unknown", "came without data"),
        (replace(vae, method="ae", has_prior=False), "spread ", "Standard deviation of the data"),
        (replace(info(), method="ae", has_prior=False), "no KL", "has no prior"),
    ):
        session = Session()
        with shown(SlidersPanel(session, MagicMock()), qtbot) as panel:
            handle = Handle(1, "A", 0, np.zeros(3, np.float32))
            session.set_model(model, Arrangement((handle,)), (0, 1))
            found = [tip for tip in tips(panel, text) if told in tip]
            assert len(found) == 3, model.method


def test_without_a_prior_no_dimension_is_called_active_and_the_widest_comes_first(
    qtbot: QtBot,
) -> None:
    deviation = np.array([0.4, 3.0, 1.2], np.float32)
    model = replace(with_points(info()), method="ae", has_prior=False, kl=np.zeros(3, np.float32))
    session = Session()
    with shown(SlidersPanel(session, MagicMock()), qtbot) as panel:
        handle = Handle(1, "A", 0, np.zeros(3, np.float32))
        across = random_plane(np.zeros(3, np.float32), np.random.default_rng(0))
        session.set_model(
            replace(model, deviation=deviation), Arrangement((handle,)), (0, 1), across
        )
        (tip,) = tips(panel, "3 dimensions, by spread")
        assert "standard deviation of the data" in tip
        assert not tips(panel, "active")
        rows = sorted(panel.findChildren(DimensionRow), key=lambda row: row.y())
        assert [row.dimension for row in rows] == [1, 2, 0]
        assert tips(panel, "spread 3 units")
        session.set_model(replace(model, deviation=None), Arrangement((handle,)), (0, 1))
        (tip,) = tips(panel, "3 dimensions")
        assert "without data" in tip


def test_without_data_no_dimension_is_called_active(qtbot: QtBot) -> None:
    session = Session()
    with shown(SlidersPanel(session, MagicMock()), qtbot) as panel:
        session.set_model(info(), Arrangement(), (0, 1))
        assert tips(panel, "3 dimensions")
        assert not tips(panel, "active")


class Untouchable(np.ndarray):
    """Data of which nothing may be computed where it is."""

    def __array_ufunc__(self, *asked: object, **how: object) -> object:
        raise AssertionError("computed over all points")


def test_active_dimensions_are_counted_without_looking_at_the_data(qtbot: QtBot) -> None:
    model = with_points(info())
    assert model.points is not None
    points = replace(model.points, mean=model.points.mean.view(Untouchable))
    deviation = np.array([1.0, 0.05, 0.11], np.float32)
    session = Session()
    with shown(SlidersPanel(session, MagicMock()), qtbot) as panel:
        handle = Handle(1, "A", 0, np.zeros(3, np.float32))
        told = replace(model, points=points, deviation=deviation)
        session.set_model(told, Arrangement((handle,)), (0, 1))
        assert tips(panel, "2 of 3 active")
        session.set_weights(replace(told, deviation=np.zeros(3, np.float32) + 1))
        assert tips(panel, "3 of 3 active")


def test_a_model_is_described_with_the_deviation_of_its_data(tiny_model: "Model") -> None:
    points = tiny_model.points
    assert points is not None
    found = describe(tiny_model, 1, Path("tiny.safetensors")).deviation
    assert found is not None
    np.testing.assert_allclose(found, np.std(points.mean.astype(np.float64), axis=0), rtol=1e-4)
    one = replace(points, mean=points.mean[:1], log_variance=points.log_variance[:1], label=None)
    for few in (one, None):
        assert describe(replace(tiny_model, points=few), 1, Path("t")).deviation is None
