"""Figures stay short, whatever a model computes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from explorer.arrangement import Arrangement, Handle
from explorer.figures import figure, nats, small_nats
from explorer.panels.sliders_panel import SlidersPanel
from explorer.session import Session
from models.points import Points
from tests.fakes import FakeThread, info


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (3.64, "3.6"),
        (-91.25, "−91.2"),
        (99_999.9, "99999.9"),
        (99_999.96, "1.0e5"),
        (500_450_033_664.0, "5.0e11"),
        (-1.5e38, "−1.5e38"),
        (np.inf, "∞"),
        (-np.inf, "−∞"),
        (np.nan, "nan"),
    ],
)
def test_a_large_figure_is_told_by_its_power_of_ten(value: float, text: str) -> None:
    assert figure(value) == text
    assert nats(value) == f"{text} nats"


@pytest.mark.parametrize(
    ("value", "text"),
    [(-2119.857, "−2119.86"), (29.0, "29.00"), (-0.001, "0.00"), (-6.1e11, "−6.1e11")],
)
def test_a_figure_has_as_many_decimals_as_wanted(value: float, text: str) -> None:
    assert figure(value, 2) == text
    assert nats(value, 2) == f"{text} nats"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (3.64, "3.6"),
        (0.1, "0.1"),
        (0.0996, "0.1"),
        (0.0312, "0.031"),
        (0.02, "0.020"),
        (0.00987, "0.0099"),
        (0.00031, "0.00031"),
        (2.34e-6, "2.3e−6"),
        (1.5e-12, "1.5e−12"),
        (-0.0021, "−0.0021"),
        (5e11, "5.0e11"),
    ],
)
def test_a_small_number_of_nats_has_digits_that_say_something(value: float, text: str) -> None:
    assert small_nats(value) == f"{text} nats"


@given(st.floats())
def test_no_figure_is_long(value: float) -> None:
    assert len(figure(value)) <= 8


@given(st.floats(-1e300, 1e300))
def test_a_figure_is_the_number_to_its_last_digit(value: float) -> None:
    told = float(figure(value).replace("−", "-"))
    assert told == pytest.approx(value, rel=0.05, abs=0.0501)


def test_beside_the_sliders_an_active_dimension_never_says_that_it_carries_nothing(
    qtbot: QtBot,
) -> None:
    session = Session()
    panel = SlidersPanel(session, FakeThread())  # type: ignore[arg-type] # a fake
    qtbot.addWidget(panel)
    points = Points(np.zeros((4, 3), np.float32), np.zeros((4, 3), np.float32), None)
    kl = np.array([0.034, 0.012, 0.6], np.float32)
    model = replace(info(), points=points, kl=kl, deviation=np.ones(3, np.float32))
    session.set_model(model, Arrangement((Handle(1, "A", 0, points.mean[0]),)), (0, 1))
    said = {word.text() for word in panel.findChildren(QLabel) if word.text().endswith(" nats")}
    assert said == {"0.034 nats", "0.012 nats", "0.6 nats"}


def test_beside_the_sliders_the_kl_of_points_far_outside_is_short(qtbot: QtBot) -> None:
    session = Session()
    panel = SlidersPanel(session, FakeThread())  # type: ignore[arg-type] # a fake
    qtbot.addWidget(panel)
    means = np.full((4, 3), 1e6, np.float32)
    points = Points(means, np.zeros_like(means), None)
    model = replace(info(), points=points, kl=points.mean_kl(), deviation=means.std(0))
    session.set_model(model, Arrangement((Handle(1, "A", 0, means[0]),)), (0, 1))
    said = [word.text() for word in panel.findChildren(QLabel) if word.text().endswith(" nats")]
    assert said == ["5.0e11 nats"] * 3
