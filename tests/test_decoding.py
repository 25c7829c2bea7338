"""Service: what is asked of the decode thread, and what becomes of its answers."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from explorer.decoding import Decoding, Latency
from explorer.rendering import Slot
from explorer.session import Session
from tests.fakes import FakeThread, info, three


@pytest.fixture
def thread(qapp: object) -> FakeThread:
    return FakeThread()


@pytest.fixture
def session(qapp: object) -> Iterator[Session]:
    found = Session()
    yield found
    found.deleteLater()


@pytest.fixture
def decoding(session: Session, thread: FakeThread, qtbot: QtBot) -> Decoding:
    found = Decoding(session, thread, session)  # type: ignore[arg-type] # a fake with its signals
    session.set_model(info(), three(), (0, 1))
    qtbot.waitUntil(lambda: any(r.slot is Slot.STRIP for r in thread.asked))
    return found


def test_the_active_handle_and_the_path_are_asked_for(
    decoding: Decoding, session: Session, thread: FakeThread
) -> None:
    picture, strip = thread.last(Slot.PICTURE), thread.last(Slot.STRIP)
    np.testing.assert_array_equal(picture.z, [[1, 1, 1]])
    np.testing.assert_array_equal(strip.z, session.arrangement.path())
    assert picture.model_key == 1
    assert picture.label is None


def test_a_move_of_the_active_handle_asks_at_once_and_of_another_only_for_the_path(
    decoding: Decoding, session: Session, thread: FakeThread, qtbot: QtBot
) -> None:
    thread.asked.clear()
    session.set_latent(1, np.zeros(3, np.float32))
    assert [request.slot for request in thread.asked] == [Slot.PICTURE]
    session.set_latent(2, np.zeros(3, np.float32))
    qtbot.waitUntil(lambda: thread.asked[-1].slot is Slot.STRIP)
    assert [request.slot for request in thread.asked] == [Slot.PICTURE, Slot.STRIP]


@pytest.fixture
def states(session: Session) -> list[str]:
    """What has been said of the picture, one after the other."""
    found: list[str] = []
    session.picture_state_changed.connect(lambda: found.append(session.picture_state))
    return found


def test_a_picture_that_is_long_in_coming_is_said_to_be_until_the_newest_is_there(
    decoding: Decoding, session: Session, thread: FakeThread, qtbot: QtBot, states: list[str]
) -> None:
    thread.answer(thread.last(Slot.PICTURE))
    states.clear()
    session.set_latent(1, np.zeros(3, np.float32))
    older = thread.last(Slot.PICTURE)
    session.set_latent(1, np.ones(3, np.float32))
    qtbot.waitUntil(lambda: states == ["behind"])
    thread.answer(older)
    assert states == ["behind"]
    thread.answer(thread.last(Slot.PICTURE))
    assert states == ["behind", "live"]


def test_a_picture_that_comes_at_once_is_never_said_to_be_behind(
    decoding: Decoding, session: Session, thread: FakeThread, qtbot: QtBot, states: list[str]
) -> None:
    decoding._behind.setInterval(0)  # the least patience there is
    thread.answer(thread.last(Slot.PICTURE))
    states.clear()
    for place in range(5):
        session.set_latent(1, np.full(3, place, np.float32))
        thread.answer(thread.last(Slot.PICTURE))
        QCoreApplication.processEvents()
    assert states == []
    session.set_latent(1, np.zeros(3, np.float32))  # the same patience, an answer that tarries
    qtbot.waitUntil(lambda: states == ["behind"])


def test_a_picture_that_cannot_be_made_is_not_said_to_be_live(
    decoding: Decoding, session: Session, thread: FakeThread, states: list[str]
) -> None:
    thread.answer(thread.last(Slot.PICTURE), error="out of memory")
    assert states[-1] == "failed"
    session.set_latent(1, np.zeros(3, np.float32))
    thread.answer(thread.last(Slot.PICTURE))
    assert states[-1] == "live"


def test_another_model_begins_with_nothing_behind(
    decoding: Decoding, session: Session, qtbot: QtBot, states: list[str]
) -> None:
    qtbot.waitUntil(lambda: states == ["behind"])
    session.set_model(info(key=2), three(), (0, 1))
    assert session.picture_state == "live"


def test_answers_become_the_sessions_pictures(
    decoding: Decoding, session: Session, thread: FakeThread, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(session.picture_changed):
        thread.answer(thread.last(Slot.PICTURE))
    assert session.picture is not None
    assert session.picture.shape == (8, 8, 1)
    with qtbot.waitSignal(decoding.settled):
        thread.answer(thread.last(Slot.STRIP), 0, 10)
        assert len(session.strip) == 10
        thread.answer(thread.last(Slot.STRIP), 10)
    assert len(session.strip) == session.arrangement.frames
    assert not decoding.waiting


def test_a_finished_picture_is_shown_but_nothing_is_settled_before_the_newest(
    decoding: Decoding, session: Session, thread: FakeThread
) -> None:
    old = thread.last(Slot.PICTURE)
    session.set_latent(1, np.full(3, 50, np.float32))
    thread.answer(old)
    assert session.picture is not None
    assert Slot.PICTURE in decoding.waiting
    thread.answer(thread.last(Slot.PICTURE))
    assert session.picture[0, 0, 0] == 50
    assert Slot.PICTURE not in decoding.waiting


def test_an_old_path_settles_nothing_while_a_newer_is_to_be_asked(
    decoding: Decoding, session: Session, thread: FakeThread, qtbot: QtBot
) -> None:
    old = thread.last(Slot.STRIP)
    session.set_latent(2, np.full(3, 7, np.float32))
    thread.answer(old)
    assert Slot.STRIP in decoding.waiting
    qtbot.waitUntil(lambda: thread.last(Slot.STRIP) is not old)
    thread.answer(thread.last(Slot.STRIP))
    assert Slot.STRIP not in decoding.waiting


def test_the_picture_of_a_handle_that_is_no_longer_active_is_not_shown(
    decoding: Decoding, session: Session, thread: FakeThread
) -> None:
    old = thread.last(Slot.PICTURE)
    session.set_active(2)
    thread.answer(old)
    assert session.picture is None
    thread.answer(thread.last(Slot.PICTURE))
    assert session.picture is not None


def test_answers_of_another_model_are_nothing(
    decoding: Decoding, session: Session, thread: FakeThread
) -> None:
    old = [thread.last(Slot.PICTURE), thread.last(Slot.STRIP)]
    session.set_model(info(key=2), three(), (0, 1))
    for request in old:
        thread.answer(request)
    assert session.picture is None
    assert not session.strip
    assert set(thread.cleared) == set(Slot)


def test_the_strip_of_another_model_holds_none_of_the_former_ones_frames(
    decoding: Decoding, session: Session, thread: FakeThread, qtbot: QtBot
) -> None:
    first = thread.last(Slot.STRIP)
    thread.answer(first)
    assert len(session.strip) == len(first.z)
    session.set_model(info(key=2), three(), (0, 1))
    qtbot.waitUntil(lambda: thread.last(Slot.STRIP) is not first)
    thread.answer(thread.last(Slot.STRIP), 0, 1)
    assert sorted(session.strip) == [0]


def test_the_drags_of_another_model_count_no_more(
    decoding: Decoding, session: Session, thread: FakeThread
) -> None:
    for place in range(30):
        session.set_latent(1, np.full(3, place, np.float32))
        thread.answer(thread.last(Slot.PICTURE))
    assert decoding.latency.p95_ms is not None
    session.set_model(info(key=2), three(), (0, 1))
    assert decoding.latency.p95_ms is None


def test_nobody_waits_for_the_lens(
    decoding: Decoding, session: Session, thread: FakeThread, qtbot: QtBot
) -> None:
    thread.answer(thread.last(Slot.PICTURE))
    thread.answer(thread.last(Slot.STRIP))
    decoding.look_at(np.ones(3, np.float32), None)
    assert not decoding.waiting
    with qtbot.waitSignal(decoding.lens_changed):
        thread.answer(thread.last(Slot.LENS))


def test_a_failure_is_told_once_and_nothing_waits_for_it(
    decoding: Decoding, session: Session, thread: FakeThread
) -> None:
    heard: list[str] = []
    decoding.failed.connect(heard.append)
    for _ in range(3):
        session.set_latent(1, session.arrangement.handles[0].z + 1)
        thread.answer(thread.last(Slot.PICTURE), error="out of memory")
    assert heard == ["model: out of memory"]
    assert Slot.PICTURE not in decoding.waiting


def test_what_is_no_number_is_told(
    decoding: Decoding, session: Session, thread: FakeThread
) -> None:
    heard: list[str] = []
    decoding.failed.connect(heard.append)
    thread.answer(thread.last(Slot.PICTURE), finite=False)
    assert len(heard) == 1
    assert "not finite" in heard[0]
    assert session.picture is not None


def test_the_class_goes_with_the_latent(
    decoding: Decoding, session: Session, thread: FakeThread
) -> None:
    session.set_label(1, 4)
    label = thread.last(Slot.PICTURE).label
    assert label is not None
    assert label.tolist() == [4]


def test_without_handles_the_strip_is_empty(
    decoding: Decoding, session: Session, thread: FakeThread, qtbot: QtBot
) -> None:
    thread.answer(thread.last(Slot.STRIP))
    for key in (1, 2, 3):
        session.remove_handle(key)
    qtbot.waitUntil(lambda: not session.strip)


def test_a_shorter_path_keeps_no_frames_of_the_longer(
    decoding: Decoding, session: Session, thread: FakeThread, qtbot: QtBot
) -> None:
    thread.answer(thread.last(Slot.STRIP))
    session.set_arrangement("fewer", replace(session.arrangement, frames=4))
    qtbot.waitUntil(lambda: len(thread.last(Slot.STRIP).z) == 4)
    thread.answer(thread.last(Slot.STRIP))
    assert sorted(session.strip) == [0, 1, 2, 3]


def test_latency_is_told_once_there_is_enough_of_it() -> None:
    latency = Latency()
    for value in range(19):
        latency.add(value)
    assert latency.p95_ms is None
    for value in range(10_000):
        latency.add(float(value))
    assert latency.p95_ms == pytest.approx(9_987, abs=3)


def test_other_weights_decode_all_anew_and_keep_what_is_shown_until_then(
    decoding: Decoding, session: Session, thread: FakeThread, qtbot: QtBot
) -> None:
    picture = thread.last(Slot.PICTURE)
    thread.answer(picture)
    thread.answer(thread.last(Slot.STRIP))
    shown, strip, asked = session.picture, session.strip, len(thread.asked)
    session.set_weights(info())
    assert thread.last(Slot.PICTURE) is not picture
    assert session.picture is shown
    assert session.strip is strip
    qtbot.waitUntil(lambda: thread.last(Slot.STRIP) in thread.asked[asked:])
    thread.answer(picture)
    assert session.picture is not shown, "a finished picture is shown"


def test_only_what_a_person_moved_counts_as_a_drag(
    decoding: Decoding, session: Session, thread: FakeThread
) -> None:
    thread.answer(thread.last(Slot.PICTURE))
    counted = len(decoding.latency._values)
    session.set_weights(info())
    thread.answer(thread.last(Slot.PICTURE))
    assert len(decoding.latency._values) == counted
