"""The means of selections: computed elsewhere, told in order, and only of the model on screen."""

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from explorer.mean_finding import MeanFinding, Means
from explorer.selection import Selection
from explorer.session import Session
from models.points import Points
from tests.fakes import HeldLane, info, three

K = 3


def points() -> Points:
    mean = np.random.default_rng(2).standard_normal((60, K)).astype(np.float32)
    return Points(mean, np.zeros_like(mean), np.arange(60) // 20)


@pytest.fixture
def session(qtbot: QtBot) -> Session:
    found = Session()
    found.set_model(replace(info(K), points=points()), three(K), (0, 1))
    return found


def test_means_come_in_the_order_they_were_asked_for(session: Session) -> None:
    lane, told = HeldLane(), list[Means]()
    finding = MeanFinding(session, lane)  # type: ignore[arg-type] # a fake
    one, other = Selection(np.arange(5, 19)), Selection(np.arange(30, 60))
    finding.find((one,), told.append)
    finding.find((one, other), told.append)
    assert finding.busy
    assert not told
    session.set_points(replace(points(), mean=points().mean + 1))  # the data moves on
    lane.run()
    lane.run()
    assert not finding.busy
    mean = points().mean
    assert [len(means) for means in told] == [1, 2]
    np.testing.assert_allclose(told[0][0].z, mean[5:19].mean(0), atol=1e-5)
    np.testing.assert_allclose(told[1][1].z, mean[30:].mean(0), atol=1e-5)
    assert [(found.label, found.count) for found in told[1]] == [(0, 14), (2, 30)]


def test_a_mean_of_another_model_is_not_told(session: Session) -> None:
    lane, told = HeldLane(), list[Means]()
    finding = MeanFinding(session, lane)  # type: ignore[arg-type] # a fake
    finding.find((Selection(np.arange(9)),), told.append)
    session.set_model(replace(info(K, key=2), points=points()), three(K), (0, 1))
    lane.run()
    assert not told
    assert not finding.busy


def test_no_points_have_no_mean_and_that_is_told_once(session: Session, qtbot: QtBot) -> None:
    lane, told = HeldLane(), list[Means]()
    finding = MeanFinding(session, lane)  # type: ignore[arg-type] # a fake
    finding.find((Selection(),), told.append)
    with qtbot.waitSignal(finding.failed) as failed:
        lane.run()
    assert "no points" in failed.args[0]
    assert not told
