"""Figures beside pictures and sliders say what they are, for every kind of model."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import MagicMock

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from explorer.arrangement import Arrangement, EncodedImage, Handle
from explorer.panels.inspector_panel import InspectorPanel
from explorer.panels.sliders_panel import SlidersPanel
from explorer.rendering import ModelInfo
from explorer.session import Session
from models.points import Points
from tests.fakes import info

TERMS = {"elbo": -90.0, "reconstruction": 70.0, "kl": 20.0, "importance_bound": -88.0}


def with_points(model: ModelInfo) -> ModelInfo:
    means = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    points = Points(means, np.full_like(means, 0.1), None)
    return replace(model, points=points, kl=points.mean_kl())


def an_image() -> EncodedImage:
    pixels = np.zeros((8, 8, 1), np.uint8)
    zeros = np.zeros(3, np.float32)
    return EncodedImage("seven.png", pixels, pixels, zeros, zeros + 1, TERMS, zeros, ())


@contextmanager
def shown(panel: QWidget, qtbot: QtBot) -> Iterator[QWidget]:
    panel.resize(320, 480)
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
        (replace(vae, method="ae", has_prior=False), "no KL", "has no prior"),
    ):
        session = Session()
        with shown(SlidersPanel(session, MagicMock()), qtbot) as panel:
            handle = Handle(1, "A", 0, np.zeros(3, np.float32))
            session.set_model(model, Arrangement((handle,)), (0, 1))
            found = [tip for tip in tips(panel, text) if told in tip]
            assert len(found) == 3, model.method
