"""The plane of a map whose model learns: it follows what carries most, unless a person chose."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from explorer.arrangement import Arrangement, Handle
from explorer.dimensions import axes_to_follow
from explorer.first_look import training_arrangement
from explorer.map_axes import MapAxes
from explorer.panels.sliders_panel import SlidersPanel
from explorer.rendering import ModelInfo
from explorer.session import Session
from explorer.widgets.dimension_row import DimensionRow
from models.planes import random_plane
from models.points import Points
from tests.fakes import info, three

DEAD = (0.0, 0.0, 0.0, 0.0, 0.0)
AWAKE = (0.0, 0.9, 0.5, 0.0, 1.1)


def model(use: Sequence[float], epoch: int | None = 3, has_prior: bool = True) -> ModelInfo:
    """A model whose dimensions carry so much: nats, or without a prior the data's spread."""
    carried = np.array(use, np.float32)
    mean = np.random.default_rng(0).standard_normal((9, len(use))).astype(np.float32)
    return replace(
        info(len(use)),
        kl=carried if has_prior else np.zeros_like(carried),
        deviation=np.sqrt(carried) if has_prior else carried,
        points=Points(mean, np.zeros_like(mean), None),
        has_prior=has_prior,
        epoch=epoch,
    )


@pytest.fixture
def session(qtbot: QtBot) -> Session:
    found = Session()
    found.set_model(model(DEAD), three(5), (0, 3))
    return found


@pytest.fixture
def axes(session: Session, qtbot: QtBot) -> Iterator[MapAxes]:
    found = MapAxes(session, session)
    qtbot.addWidget(found.hint)
    yield found
    found.stop()


def hint(axes: MapAxes) -> tuple[str, QPushButton]:
    words, button = axes.hint.findChild(QLabel), axes.hint.findChild(QPushButton)
    assert isinstance(words, QLabel)
    assert isinstance(button, QPushButton)
    return words.text(), button


@pytest.mark.parametrize(
    ("use", "shown", "wanted"),
    [
        (DEAD, (0, 3), (0, 3)),
        (AWAKE, (0, 3), (1, 4)),
        (AWAKE, (4, 1), (4, 1)),
        (AWAKE, (4, 0), (4, 1)),  # what carries something stays where it is
        (AWAKE, (0, 4), (1, 4)),
        ((1.0, 0.9, 1.7, 0.0), (0, 1), (0, 1)),  # not twice as much
        ((1.0, 0.8, 1.7, 0.0), (0, 1), (0, 2)),
        ((0.0, 0.001, 0.008, 0.0), (0, 1), (0, 1)),  # asleep, all of them
        ((float("nan"), 0.5, 0.9, 0.0), (0, 3), (1, 2)),
        ((0.0, 1.0), (1, 0), (1, 0)),
        ((1.0,), (0, 0), (0, 0)),
    ],
)
def test_axes_give_way_to_dimensions_that_carry_clearly_more(
    use: Sequence[float], shown: tuple[int, int], wanted: tuple[int, int]
) -> None:
    assert axes_to_follow(model(use), shown) == wanted
    assert axes_to_follow(model(use), wanted) == wanted


def test_without_a_prior_the_spread_tells() -> None:
    carried = model((0.1, 0.2, 0.9, 0.8), has_prior=False)
    assert axes_to_follow(carried, (0, 1)) == (2, 3)


def test_the_map_follows_a_training_to_the_dimensions_it_wakes_up(
    session: Session, axes: MapAxes
) -> None:
    said: list[str] = []
    axes.said.connect(said.append)
    handles = session.arrangement
    session.set_weights(model((0.0, 0.001, 0.002, 0.0, 0.0)))
    assert session.axes == (0, 3)
    session.set_weights(model(AWAKE))
    assert session.axes == (1, 4)
    assert session.plane.name == "z1 × z4"
    assert session.arrangement is handles
    assert not session.undo_stack.count()
    assert len(said) == 1
    assert "z1 × z4" in said[0]
    session.set_weights(model((0.0, 0.9, 1.0, 0.0, 0.9)))
    assert session.axes == (1, 4)
    session.set_weights(model((0.0, 0.9, 0.8, 0.0, 0.1), epoch=None))
    assert session.axes == (1, 2)


def first_ones(session: Session) -> Arrangement:
    """The handles that a training begins with, on the axes that are shown."""
    asleep = model(DEAD)
    laid = training_arrangement(asleep, (0, 3))
    session.set_model(asleep, laid, (0, 3), handles_touched=False)
    return laid


def gaps(session: Session) -> float:
    """How near the two nearest of the handles lie on the map."""
    at = session.plane.project(np.stack([h.z for h in session.arrangement.handles]))
    return min(float(np.linalg.norm(a - b)) for a, b in combinations(at, 2))


def test_the_plane_stays_while_epochs_of_the_past_go_by(session: Session, axes: MapAxes) -> None:
    session.replaying = True
    session.set_weights(model(AWAKE))
    assert session.axes == (0, 3)
    session.replaying = False
    session.set_weights(model(AWAKE))
    assert session.axes == (1, 4)


def test_the_hint_stays_as_it_is_while_epochs_play(session: Session, axes: MapAxes) -> None:
    session.set_plane(session.plane)
    before = axes.hint.isHidden()
    session.replaying = True
    session.set_playing(True)
    session.set_weights(model(AWAKE))
    assert axes.hint.isHidden() is before
    session.set_playing(False)
    assert axes.hint.isHidden() is not before


def test_handles_nobody_touched_come_along_to_where_the_map_goes(
    session: Session, axes: MapAxes
) -> None:
    laid = first_ones(session)
    apart = gaps(session)
    assert apart > 1
    session.set_active(2)
    session.set_weights(model((0.0, 0.001, 0.002, 0.0, 0.0)))
    assert session.arrangement is laid
    session.set_weights(model(AWAKE))
    assert session.axes == (1, 4)
    assert gaps(session) == pytest.approx(apart)
    assert [handle.name for handle in session.arrangement.handles] == ["A", "B", "C"]
    assert session.active_key == 2
    assert session.undo_stack.count() == 0
    assert session.undo_stack.isClean()
    session.set_axes(0, 4)  # a person's own plane
    session.set_weights(model(AWAKE))
    hint(axes)[1].click()
    assert session.axes == (1, 4)
    assert gaps(session) == pytest.approx(apart)


@pytest.mark.parametrize("touch", ["moved", "moved and back", "added", "renamed", "saved", "held"])
def test_handles_a_person_has_touched_stay(session: Session, axes: MapAxes, touch: str) -> None:
    laid = first_ones(session)
    z = np.zeros(5, np.float32)
    if touch == "moved" or touch == "moved and back":
        session.set_latent(1, z)
    elif touch == "added":
        session.add_handle(z)
    elif touch == "renamed":
        session.rename_handle(1, "mine")
    elif touch == "saved":
        session.keep_handles()
    else:
        session.begin_gesture("Move A")
        session.lay_out(Arrangement())
        assert session.arrangement is laid
        session.set_latent(1, z)
        session.end_gesture()
    if touch == "moved and back":
        session.undo_stack.undo()
    touched = session.arrangement
    session.set_weights(model(AWAKE))
    assert session.axes == (1, 4)
    assert session.arrangement is touched


@pytest.mark.parametrize("kind", ["axes", "the same axes", "plane"])
def test_a_plane_chosen_by_hand_stays(session: Session, axes: MapAxes, kind: str) -> None:
    if kind == "plane":
        session.set_plane(random_plane(np.zeros(5, np.float32), np.random.default_rng(0)))
    else:
        session.set_axes(*((3, 0) if kind == "axes" else (0, 3)))
    plane = session.plane
    session.set_weights(model(AWAKE))
    assert session.plane is plane


def test_under_a_hand_the_plane_waits(session: Session, axes: MapAxes, qtbot: QtBot) -> None:
    session.begin_gesture("Move A")
    session.set_weights(model(AWAKE))
    assert session.axes == (0, 3)
    with qtbot.waitSignal(session.plane_changed):
        session.end_gesture()
    assert session.axes == (1, 4)


def test_who_looks_at_dead_dimensions_is_offered_others(session: Session, axes: MapAxes) -> None:
    session.set_axes(0, 4)
    assert axes.hint.isHidden()  # none carries anything yet
    session.set_weights(model(AWAKE))
    words, button = hint(axes)
    assert not axes.hint.isHidden()
    assert words == "z0 is inactive"
    assert button.text() == "Show z1 × z4"
    button.click()
    assert session.axes == (1, 4)
    assert axes.hint.isHidden()
    session.set_weights(model((1.0, 0.9, 0.0, 0.0, 0.1)))
    assert session.axes == (1, 0)  # it follows again


def test_there_is_no_hint_where_nothing_is_known_to_be_inactive(
    session: Session, axes: MapAxes
) -> None:
    session.set_axes(0, 3)
    for quiet in (
        replace(model(AWAKE), deviation=None),
        model((0.1, 0.2, 0.3, 0.1, 0.9), has_prior=False),
        model((0.02, 0.9, 0.5, 0.02, 1.1)),
    ):
        session.set_weights(quiet)
        assert axes.hint.isHidden()
    session.set_weights(model(AWAKE))
    assert not axes.hint.isHidden()
    session.set_plane(random_plane(np.zeros(5, np.float32), np.random.default_rng(0)))
    assert axes.hint.isHidden()


@pytest.fixture
def sliders(qtbot: QtBot, session: Session) -> Iterator[SlidersPanel]:
    panel = SlidersPanel(session, MagicMock())
    qtbot.addWidget(panel)
    panel.resize(380, 700)
    handle = Handle(1, "A", 0, np.zeros(5, np.float32))
    session.set_model(model((0.5, 0.4, 0.3, 0.2, 0.1)), Arrangement((handle,)), (0, 1))
    panel.show()
    QApplication.processEvents()
    QApplication.sendEvent(panel, QEvent(QEvent.Type.Leave))  # wherever the pointer rests
    yield panel
    panel.close()


def rows(panel: SlidersPanel) -> list[int]:
    QApplication.processEvents()  # rows are laid out
    found = [row for row in panel.findChildren(DimensionRow) if row.isVisible()]
    return [row.dimension for row in sorted(found, key=lambda row: row.y())]


LATER = (0.5, 0.4, 0.3, 0.9, 0.1)


def test_sliders_keep_their_order_until_it_is_clearly_wrong(
    session: Session, sliders: SlidersPanel
) -> None:
    session.set_weights(model((0.48, 0.5, 0.3, 0.2, 0.1)))
    assert rows(sliders) == [0, 1, 2, 3, 4]
    session.set_weights(model(LATER))
    assert rows(sliders) == [3, 0, 1, 2, 4]


def test_sliders_of_a_final_model_are_in_order(session: Session, sliders: SlidersPanel) -> None:
    session.set_weights(model((0.48, 0.5, 0.3, 0.2, 0.1), epoch=None))
    assert rows(sliders) == [1, 0, 2, 3, 4]


def test_sliders_without_a_prior_follow_the_spread(session: Session, sliders: SlidersPanel) -> None:
    session.set_weights(model((0.84, 0.73, 0.94, 0.79, 0.1), has_prior=False))
    assert rows(sliders) == [2, 0, 3, 1, 4]


def test_no_slider_moves_under_a_hand(
    session: Session, sliders: SlidersPanel, qtbot: QtBot
) -> None:
    QApplication.sendEvent(sliders, QEnterEvent(QPointF(), QPointF(), QPointF()))
    session.set_weights(model(LATER))
    assert rows(sliders) == [0, 1, 2, 3, 4]
    QApplication.sendEvent(sliders, QEvent(QEvent.Type.Leave))
    assert rows(sliders) == [3, 0, 1, 2, 4]


def test_no_slider_moves_that_has_the_keys(
    session: Session, sliders: SlidersPanel, qtbot: QtBot
) -> None:
    axes = MapAxes(session, session)
    qtbot.addWidget(axes.hint)
    slider = sliders._rows[2].slider
    with qtbot.waitActive(sliders):
        sliders.activateWindow()
    slider.setFocus()
    assert sliders._rows[2].has_focus
    session.set_weights(model((0.1, 0.1, 0.3, 0.9, 0.8)))
    assert session.axes == (3, 4)
    assert rows(sliders) == [0, 1, 2, 3, 4]
    assert slider.hasFocus()
    slider.clearFocus()
    assert rows(sliders) == [3, 4, 2, 0, 1]


def test_a_session_file_tells_whether_its_handles_were_touched(tmp_path: Path) -> None:
    from explorer.session_file import SavedSession, read_session, write_session

    for touched in (False, True):
        saved = SavedSession(tmp_path, three(5), (0, 3), None, handles_touched=touched)
        write_session(tmp_path / "x.json", info(5), saved)
        assert read_session(tmp_path / "x.json").handles_touched is touched


def test_a_session_file_tells_whether_its_plane_was_chosen(tmp_path: Path) -> None:
    from explorer.session_file import SavedSession, read_session, write_session

    for chosen in (False, True):
        saved = SavedSession(tmp_path, three(5), (0, 3), None, plane_chosen=chosen)
        write_session(tmp_path / "x.json", info(5), saved)
        assert read_session(tmp_path / "x.json").plane_chosen is chosen
