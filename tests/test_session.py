"""The values on screen: every change is one named step that can be taken back."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from explorer import history
from explorer.arrangement import Arrangement
from explorer.session import Layers, Session
from tests.fakes import info, three


@pytest.fixture
def session(qapp: QCoreApplication) -> Iterator[Session]:
    found = Session()
    found.set_model(info(), three(), (0, 1))
    yield found
    found.deleteLater()


def values(arrangement: Arrangement) -> list[object]:
    """All there is to an arrangement, as plain values."""
    handles = [(h.key, h.name, h.colour, h.z.tolist(), h.label) for h in arrangement.handles]
    return [handles, arrangement.path_kind, arrangement.frames]


CHANGES: dict[str, Callable[[Session], object]] = {
    "Move handle": lambda s: s.set_latent(2, np.array([9, 9, 9], np.float32)),
    "Change class": lambda s: s.set_label(1, 4),
    "Add D": lambda s: s.add_handle(np.ones(3, np.float32)),
    "Delete B": lambda s: s.remove_handle(2),
    "Rename": lambda s: s.rename_handle(3, "seven"),
    "Reorder path": lambda s: s.move_handle_in_order(1, 2),
    "Change path": lambda s: s.set_path("spherical", 40),
    "Open": lambda s: s.set_arrangement("Open", Arrangement()),
}


@pytest.mark.parametrize("text", CHANGES)
def test_each_change_is_one_step_that_goes_and_comes_back(session: Session, text: str) -> None:
    before = session.arrangement
    CHANGES[text](session)
    after = session.arrangement
    assert values(after) != values(before)
    assert session.undo_stack.count() == 1
    assert session.undo_stack.undoText() == text
    session.undo_stack.undo()
    assert session.arrangement is before
    session.undo_stack.redo()
    assert session.arrangement is after


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.set_latent(1, np.ones(3, np.float32)),
        lambda s: s.set_latent(99, np.zeros(3, np.float32)),
        lambda s: s.rename_handle(1, "A"),
        lambda s: s.rename_handle(1, "  "),
        lambda s: s.remove_handle(99),
        lambda s: s.move_handle_in_order(1, 0),
        lambda s: s.move_handle_in_order(1, -5),
        lambda s: s.set_path("linear"),
        lambda s: s.set_label(99, 1),
        lambda s: (s.begin_gesture("nothing"), s.end_gesture()),
    ],
)
def test_what_changes_nothing_is_no_step(
    session: Session, change: Callable[[Session], object]
) -> None:
    change(session)
    assert session.undo_stack.count() == 0


def test_a_gesture_is_one_step_however_many_moves(session: Session) -> None:
    before = session.arrangement
    session.begin_gesture("Drag A")
    for step in range(20):
        session.set_latent(1, np.full(3, step / 10, np.float32))
        assert session.undo_stack.count() == 0
    session.end_gesture()
    assert (session.undo_stack.count(), session.undo_stack.undoText()) == (1, "Drag A")
    session.undo_stack.undo()
    assert session.arrangement is before


def test_a_cancelled_gesture_leaves_no_trace(session: Session, qtbot: QtBot) -> None:
    before = session.arrangement
    session.begin_gesture("Drag A")
    session.set_latent(1, np.zeros(3, np.float32))
    with qtbot.waitSignal(session.latent_changed):
        session.cancel_gesture()
    assert session.arrangement is before
    assert session.undo_stack.count() == 0
    assert not session.in_gesture


def test_a_new_gesture_ends_one_that_was_forgotten(session: Session) -> None:
    session.begin_gesture("Drag A")
    session.set_latent(1, np.zeros(3, np.float32))
    session.begin_gesture("Drag B")
    session.set_latent(2, np.zeros(3, np.float32))
    session.end_gesture()
    assert [session.undo_stack.text(i) for i in range(2)] == ["Drag A", "Drag B"]


def test_quick_nudges_are_one_step_and_slow_ones_are_not(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(history, "monotonic", lambda: now[0])
    for _ in range(5):
        session.set_latent(1, session.arrangement.handles[0].z + 1, "Nudge A")
        now[0] += 0.1
    assert session.undo_stack.count() == 1
    now[0] += 10
    session.set_latent(1, session.arrangement.handles[0].z + 1, "Nudge A")
    assert session.undo_stack.count() == 2


def test_nudges_of_two_handles_are_two_steps(session: Session) -> None:
    session.set_latent(1, np.zeros(3, np.float32), "Nudge")
    session.set_latent(2, np.zeros(3, np.float32), "Nudge")
    assert session.undo_stack.count() == 2


def test_only_what_is_different_is_told(session: Session, qtbot: QtBot) -> None:
    heard: list[str] = []
    session.latent_changed.connect(lambda key: heard.append(f"latent {key}"))
    session.arrangement_changed.connect(lambda: heard.append("arrangement"))
    session.active_changed.connect(lambda: heard.append("active"))
    session.set_latent(2, np.zeros(3, np.float32))
    assert heard == ["latent 2"]
    heard.clear()
    session.rename_handle(2, "x")
    assert heard == ["arrangement"]
    heard.clear()
    session.set_active(2)
    session.set_active(2)
    assert heard == ["active"]


def test_taking_back_many_moves_tells_each_handle(session: Session) -> None:
    heard: list[int] = []
    session.begin_gesture("both")
    session.set_latent(1, np.zeros(3, np.float32))
    session.set_latent(3, np.zeros(3, np.float32))
    session.end_gesture()
    session.latent_changed.connect(heard.append)
    session.undo_stack.undo()
    assert heard == [1, 3]


@pytest.mark.parametrize(("gone", "then"), [(1, 2), (2, 3), (3, 2)])
def test_the_neighbour_of_a_handle_that_is_gone_becomes_active(
    session: Session, gone: int, then: int
) -> None:
    session.set_active(gone)
    session.remove_handle(gone)
    assert session.active_key == then


def test_without_handles_none_is_active(session: Session) -> None:
    for key in (1, 2, 3):
        session.remove_handle(key)
    assert session.active is None
    assert session.active_key is None
    session.undo_stack.undo()
    assert len(session.arrangement.handles) == 1


def test_another_model_forgets_the_steps_and_pictures_of_the_last(
    session: Session, qtbot: QtBot
) -> None:
    session.set_latent(1, np.zeros(3, np.float32))
    session.set_picture(np.zeros((8, 8, 1), np.uint8))
    session.set_scrub(3)
    session.set_layers(Layers(hidden_classes=frozenset({1})))
    session.begin_gesture("half done")
    with qtbot.waitSignals([session.model_changed, session.arrangement_changed]):
        session.set_model(info(2, key=2), three(2), (0, 1))
    session.end_gesture()
    assert session.undo_stack.count() == 0
    assert session.picture is None
    assert session.scrub is None
    assert not session.layers.hidden_classes
    assert session.plane.basis.shape == (2, 2)


def test_a_session_takes_no_more_handles_than_a_file_and_says_so(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explorer.session.MOST_HANDLES", 4)
    refused: list[str] = []
    session.refused.connect(refused.append)
    assert session.add_handle(np.zeros(3, np.float32)) is not None
    full, active = session.arrangement, session.active_key
    assert not refused
    assert session.add_handle(np.ones(3, np.float32)) is None
    assert (session.arrangement, session.active_key) == (full, active)
    assert refused == ["A session has at most 4 handles; delete some to add others"]
    session.remove_handle(1)
    assert session.has_room(1)
    assert not session.has_room(2)
    assert refused[1:] == ["A session has at most 4 handles; there is room for 1 more"]


def test_the_slice_runs_through_the_active_handle(session: Session) -> None:
    session.set_latent(1, np.array([1, 2, 7], np.float32))
    session.set_active(1)
    z = session.slice.lift(np.array([-0.5, 0.25], np.float32))
    np.testing.assert_allclose(z, [-0.5, 0.25, 7])
    session.set_axes(2, 0)
    np.testing.assert_allclose(session.slice.lift(np.array([3, 4], np.float32)), [4, 2, 3])


def test_looking_along_other_axes_moves_no_handle(session: Session) -> None:
    before = session.arrangement
    session.set_axes(1, 2)
    assert session.arrangement is before
    assert session.undo_stack.count() == 0


def test_names_are_short_and_of_one_line(session: Session) -> None:
    session.rename_handle(1, "  a \n very   long name of more than twenty-four letters ")
    assert session.arrangement.handles[0].name == "a very long name of more"


def test_undo_and_redo_bring_back_the_active_handle_with_the_others(session: Session) -> None:
    """The map goes through the active handle: another slice or class looks as sound."""
    first, second, third = (handle.key for handle in session.arrangement.handles)
    added = session.add_handle(np.ones(3, np.float32))
    assert added is not None
    for _ in range(2):
        session.undo()
        assert session.active_key == first
        session.redo()
        assert session.active_key == added
    session.undo()
    session.set_active(second)
    session.remove_handle(second)
    assert session.active_key == third
    session.undo()
    assert session.active_key == second
    session.redo()
    assert session.active_key == third


def test_undo_leaves_the_active_handle_alone_where_others_come_or_go(session: Session) -> None:
    first, second, third = (handle.key for handle in session.arrangement.handles)
    session.add_handle(np.ones(3, np.float32))
    session.set_active(third)
    session.undo()
    assert session.active_key == third
    session.remove_handle(second)
    session.set_active(first)
    session.undo()
    assert session.active_key == first
    session.set_latent(second, np.full(3, 2, np.float32))
    session.undo()
    assert session.active_key == first


STEP = st.sampled_from(["move", "add", "remove", "rename", "order", "path", "undo", "redo"])


@settings(max_examples=60)
@given(st.lists(st.tuples(STEP, st.integers(0, 5)), max_size=25))
def test_undo_and_redo_lead_through_the_same_states(steps: list[tuple[str, int]]) -> None:
    session = Session()
    session.set_model(info(), three(), (0, 1))
    states = [session.arrangement]
    at = 0
    for number, (step, choice) in enumerate(steps):
        handles, count = session.arrangement.handles, session.undo_stack.count()
        key = handles[choice % len(handles)].key if handles else 0
        if step == "undo":
            session.undo_stack.undo()
            at = max(0, at - 1)
        elif step == "redo":
            session.undo_stack.redo()
            at = min(at + 1, len(states) - 1)
        else:
            z = np.full(3, number, np.float32)
            act: dict[str, Callable[[], object]] = {
                "move": partial(session.set_latent, key, z, f"Move {number}"),
                "add": partial(session.add_handle, z),
                "remove": partial(session.remove_handle, key),
                "rename": partial(session.rename_handle, key, f"n{number}"),
                "order": partial(session.move_handle_in_order, key, choice),
                "path": partial(
                    session.set_arrangement,
                    "frames",
                    replace(session.arrangement, frames=2 + number),
                ),
            }
            before = session.arrangement
            act[step]()
            if session.arrangement is not before:
                states[at + 1 :] = [session.arrangement]
                at += 1
                assert session.undo_stack.count() == at
            else:
                assert session.undo_stack.count() == count
        assert session.arrangement is states[at]
        active = session.active_key
        keys = [handle.key for handle in session.arrangement.handles]
        assert active in keys or (active is None and not keys)
    session.undo_stack.clear()


COMMANDS: dict[str, Callable[[Session], object]] = {
    **{text: change for text, change in CHANGES.items() if text != "Move handle"},
    "Nudge A": lambda s: s.put_latent(1, np.full(3, 0.5, np.float32), "Nudge A"),
    "Add 2 images": lambda s: s.add_handles(
        "Add 2 images", [(np.ones(3, np.float32), None, None)] * 2
    ),
}


@pytest.mark.parametrize("text", COMMANDS)
def test_a_command_in_a_gesture_is_a_step_of_its_own(session: Session, text: str) -> None:
    first = session.arrangement
    session.begin_gesture("Drag A")
    session.set_latent(1, np.full(3, 0.25, np.float32))
    moved = session.arrangement
    COMMANDS[text](session)
    after = session.arrangement
    assert [session.undo_stack.text(i) for i in range(2)] == ["Drag A", text]
    session.undo()
    assert session.arrangement is moved
    session.undo()
    assert session.arrangement is first
    session.redo()
    session.redo()
    assert session.arrangement is after


def test_a_hand_goes_on_after_what_happened_elsewhere_as_another_step(session: Session) -> None:
    session.begin_gesture("Drag A")
    session.set_latent(1, np.full(3, 0.25, np.float32))
    session.add_handle(np.ones(3, np.float32))  # an image was encoded meanwhile
    for place in (0.5, 0.75):
        session.set_latent(1, np.full(3, place, np.float32))
    session.end_gesture()
    assert [session.undo_stack.text(i) for i in range(3)] == ["Drag A", "Add D", "Drag A"]
    session.undo()
    assert session.arrangement.handles[0].z.tolist() == [0.25] * 3
    assert len(session.arrangement.handles) == 4


@pytest.mark.parametrize(
    "command",
    [
        lambda s: s.undo(),
        lambda s: s.remove_handle(1),
        lambda s: s.put_latent(1, np.zeros(3, np.float32), "Reset"),
    ],
)
def test_what_a_command_took_from_under_a_hand_is_left_to_it(
    session: Session, command: Callable[[Session], object]
) -> None:
    session.begin_gesture("Drag A")
    session.set_latent(1, np.full(3, 0.25, np.float32))
    command(session)
    after = session.arrangement
    session.set_latent(1, np.full(3, 0.5, np.float32))
    session.end_gesture()
    assert session.arrangement is after
    session.set_latent(2, np.full(3, 0.5, np.float32))  # another is free to move
    assert session.arrangement is not after


def test_undo_in_a_gesture_takes_back_what_was_moved_and_redo_brings_it_back(
    session: Session,
) -> None:
    session.add_handle(np.ones(3, np.float32))
    added = session.arrangement
    session.begin_gesture("Drag D")
    session.set_latent(4, np.full(3, 0.25, np.float32))
    moved = session.arrangement
    session.undo()
    assert session.arrangement is added
    session.set_latent(4, np.full(3, 0.5, np.float32))
    session.end_gesture()
    assert [session.undo_stack.text(i) for i in range(2)] == ["Add D", "Drag D"]
    session.redo()
    assert session.arrangement is moved


keys, places = st.integers(1, 6), st.integers(0, 3)
DEEDS = st.one_of(
    st.tuples(st.just("begin")),
    st.tuples(st.just("move"), keys, places),
    st.tuples(st.just("end")),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("undo")),
    st.tuples(st.just("redo")),
    st.tuples(st.just("add"), places),
    st.tuples(st.just("delete"), keys),
    st.tuples(st.just("put"), keys, places),
    st.tuples(st.just("class"), keys, places),
    st.tuples(st.just("order"), keys, places),
    st.tuples(st.just("path"), places),
)


def do(session: Session, deed: str, *numbers: int) -> None:
    z = np.full(3, numbers[-1] if numbers else 0, np.float32)
    key = numbers[0] if numbers else 0
    acts: dict[str, Callable[[], object]] = {
        "begin": lambda: session.begin_gesture("Drag"),
        "move": lambda: session.set_latent(key, z),
        "end": session.end_gesture,
        "cancel": session.cancel_gesture,
        "undo": session.undo,
        "redo": session.redo,
        "add": lambda: session.add_handle(z),
        "delete": lambda: session.remove_handle(key),
        "put": lambda: session.put_latent(key, z, "Sample"),
        "class": lambda: session.set_label(key, numbers[-1]),
        "order": lambda: session.move_handle_in_order(key, numbers[-1]),
        "path": lambda: session.set_path(frames=8 + key),
    }
    acts[deed]()


@settings(deadline=None, max_examples=300)
@given(st.lists(DEEDS, max_size=25))
def test_the_steps_are_a_chain_from_the_first_arrangement_to_the_last(
    qapp: QCoreApplication, deeds: list[tuple[Any, ...]]
) -> None:
    session = Session()
    first = three()
    session.set_model(info(), first, (0, 1))
    for deed, *numbers in deeds:
        do(session, deed, *numbers)
    session.end_gesture()
    stack, last = session.undo_stack, session.arrangement
    at = stack.index()
    passed = [last]
    while stack.canUndo():
        session.undo()
        passed.append(session.arrangement)
    assert session.arrangement is first
    for wanted in reversed(passed[:-1]):
        session.redo()
        assert session.arrangement is wanted
    assert (session.arrangement, stack.index()) == (last, at)
    session.deleteLater()
