"""What follows a dragged handle is shown after its picture, and nothing is forgotten."""

from functools import partial

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from explorer.arrangement import Arrangement, Handle
from explorer.pacing import Paced
from explorer.session import Session
from tests.fakes import info

NO_PAUSE_MS, LONG_PAUSE_MS = 0, 600_000
PICTURE = np.zeros((8, 8, 1), np.uint8)


class Shown:
    """What a person would read: the latent at the time it was drawn."""

    def __init__(self, session: Session, interval_ms: int) -> None:
        self.values: list[float] = []
        self._session = session
        self.pace = Paced(session, self._draw, interval_ms, session)

    def shows(self, value: float) -> bool:
        return self.values[-1:] == [value]

    def _draw(self) -> None:
        active = self._session.active
        assert active is not None
        self.values.append(float(active.z[0]))


@pytest.fixture
def session(qtbot: QtBot) -> Session:
    found = Session()
    handles = (Handle(1, "A", 0, np.zeros(3, np.float32)),)
    found.set_model(info(), Arrangement(handles), (0, 1))
    return found


def move(session: Session, shown: Shown, value: float) -> None:
    session.set_latent(1, np.full(3, value, np.float32))
    shown.pace.ask()


def test_outside_a_gesture_it_is_shown_at_once(session: Session) -> None:
    shown = Shown(session, LONG_PAUSE_MS)
    move(session, shown, 1)
    move(session, shown, 2)
    assert shown.values == [1, 2]


def test_while_dragging_it_waits_for_the_picture_and_for_its_painting(session: Session) -> None:
    shown = Shown(session, NO_PAUSE_MS)
    session.begin_gesture("Drag A")
    move(session, shown, 1)
    move(session, shown, 2)
    QCoreApplication.processEvents()
    assert shown.values == []
    session.set_picture(PICTURE)
    assert shown.values == []
    QCoreApplication.processEvents()
    assert shown.values == [2]


def test_a_picture_of_nothing_new_shows_nothing_anew(session: Session) -> None:
    shown = Shown(session, NO_PAUSE_MS)
    session.begin_gesture("Drag A")
    session.set_picture(PICTURE)
    QCoreApplication.processEvents()
    assert shown.values == []


def test_no_oftener_than_asked_but_the_last_value_is_never_missed(
    session: Session, qtbot: QtBot
) -> None:
    shown = Shown(session, LONG_PAUSE_MS)
    move(session, shown, 1)
    session.begin_gesture("Drag A")
    for value in (2, 3, 4):
        move(session, shown, value)
        session.set_picture(PICTURE)
        QCoreApplication.processEvents()
    assert shown.values == [1]
    session.end_gesture()
    qtbot.waitUntil(lambda: shown.values == [1, 4])


def test_no_oftener_than_asked_however_long_the_gesture(session: Session, qtbot: QtBot) -> None:
    """Patience with a slow decoder is no reason to act more often."""
    shown, quick = Shown(session, LONG_PAUSE_MS), Shown(session, NO_PAUSE_MS)
    move(session, shown, 1)
    session.begin_gesture("Drag A")
    for value in (2, 3, 4):
        move(session, shown, value)
        quick.pace.ask()
        qtbot.waitUntil(partial(quick.shows, value))
    assert shown.values == [1]
    session.end_gesture()
    qtbot.waitUntil(lambda: shown.values == [1, 4])


def test_taking_a_gesture_back_is_shown_at_once(session: Session) -> None:
    shown = Shown(session, LONG_PAUSE_MS)
    session.latent_changed.connect(shown.pace.ask)
    session.begin_gesture("Drag A")
    move(session, shown, 5)
    session.cancel_gesture()
    assert shown.values == [0]
