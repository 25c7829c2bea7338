"""Service: magnification and field in tiles, coarse to fine, never of another ground."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from explorer import overlays
from explorer.arrangement import Arrangement
from explorer.overlays import FIELD, MAGNIFICATION, Measured, TileValues
from explorer.rendering import Slot
from explorer.session import Layers, Session
from explorer.viewport import Viewport, visible_tiles
from tests.fakes import FakeThread, info, three

VIEW = Viewport(0, 0, 60, 300, 200)


@pytest.fixture
def thread(qapp: object) -> FakeThread:
    return FakeThread()


@pytest.fixture
def session(qapp: object) -> Iterator[Session]:
    found = Session()
    found.set_model(info(), three(), (0, 1))
    found.set_layers(Layers(magnification=True, field=True))
    yield found
    found.deleteLater()


@pytest.fixture
def values(session: Session, thread: FakeThread, qtbot: QtBot) -> TileValues:
    found = TileValues(MAGNIFICATION, session, thread, session)  # type: ignore[arg-type] # a fake
    found.look(VIEW, (0.3, 0.2))
    qtbot.waitUntil(lambda: bool(thread.asked))
    return found


def test_the_view_is_asked_for_in_the_plane_through_the_active_handle(
    values: TileValues, thread: FakeThread, session: Session
) -> None:
    request = thread.last(Slot.MAGNIFICATION)
    assert request.kind == "magnification"
    np.testing.assert_array_equal(request.directions, session.plane.basis)
    np.testing.assert_array_equal(request.z[:, 2], 1)
    places = {(round(float(x), 4), round(float(y), 4)) for x, y in request.z[:, :2]}
    for tile in visible_tiles(VIEW, MAGNIFICATION.tile_px):
        assert (round(tile.centre[0], 4), round(tile.centre[1], 4)) in places
    assert values.busy


def test_coarse_ones_come_first_and_of_each_size_the_nearest_to_the_pointer(
    values: TileValues, thread: FakeThread
) -> None:
    _, tiles = thread.last(Slot.MAGNIFICATION).ticket
    levels = [tile.level for tile in tiles]
    assert levels == sorted(levels)
    assert len(set(levels)) == 3
    for level in set(levels):
        same = [tile for tile in tiles if tile.level == level]
        gaps = [np.hypot(tile.centre[0] - 0.3, tile.centre[1] - 0.2) for tile in same]
        assert gaps == sorted(gaps)


def test_the_grid_holds_each_value_where_it_was_measured(
    values: TileValues, thread: FakeThread, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(values.settled):
        thread.measured(thread.last(Slot.MAGNIFICATION))
    assert not values.busy
    grid = values.grid(VIEW)
    left, bottom, right, top = grid.box
    seen = VIEW.box
    assert left < seen[0]
    assert bottom < seen[1]
    assert right > seen[2]
    assert top > seen[3]
    size = 2.0**-grid.level
    for x, y in ((0.1, 0.3), (-2.2, 1.4), (2.3, -1.5)):
        centre = (np.floor(np.array([x, y]) / size) + 0.5) * size
        found = grid.at(x, y)
        assert found is not None
        assert found[0] == pytest.approx(centre[0] + 10 * centre[1], abs=1e-4)
    assert grid.at(100, 0) is None


def test_a_coarse_value_stands_in_until_the_own_one_comes(
    values: TileValues, thread: FakeThread
) -> None:
    request = thread.last(Slot.MAGNIFICATION)
    _, tiles = request.ticket
    coarse = sum(tile.level == tiles[0].level for tile in tiles)
    assert np.isnan(values.grid(VIEW).values).all()
    thread.measured(request, 0, coarse)
    grid = values.grid(VIEW)
    assert np.isfinite(grid.values).all()
    assert len(np.unique(grid.values)) <= coarse
    thread.measured(request, coarse)
    assert len(np.unique(values.grid(VIEW).values)) > coarse


def test_old_values_stand_until_new_ones_come_and_coarse_new_ones_beat_them(
    values: TileValues, session: Session, thread: FakeThread, qtbot: QtBot
) -> None:
    old = thread.last(Slot.MAGNIFICATION)
    thread.measured(old)
    before = values.grid(VIEW).values
    session.set_latent(1, np.array([1, 1, 5], np.float32))
    new = thread.asked_again(qtbot, 1)
    np.testing.assert_array_equal(new.z[:, 2], 5)
    np.testing.assert_array_equal(values.grid(VIEW).values, before)
    thread.measured(old, add=3000)
    np.testing.assert_array_equal(values.grid(VIEW).values, before)
    coarse = sum(tile.level == new.ticket[1][0].level for tile in new.ticket[1])
    thread.measured(new, 0, coarse, add=500)
    assert (values.grid(VIEW).values > 400).all()


@pytest.mark.parametrize("scale", [0.01, 90.0, 125.0, 177.0, 1e5])
@pytest.mark.parametrize("measured", [MAGNIFICATION, FIELD])
@pytest.mark.parametrize("size", [(3840, 2160), (7680, 4320)])
def test_a_map_of_any_size_has_values_everywhere(
    session: Session,
    thread: FakeThread,
    qtbot: QtBot,
    measured: Measured,
    scale: float,
    size: tuple[int, int],
) -> None:
    view = Viewport(0.3, -0.2, scale, *size)
    values = TileValues(measured, session, thread, session)  # type: ignore[arg-type] # a fake
    values.look(view, (0, 0))
    qtbot.waitUntil(lambda: bool(thread.asked))
    request = thread.last(measured.slot)
    assert measured.most / 5 < len(request.z) < 2 * measured.most
    thread.measured(request)
    grid = values.grid(view)
    assert np.isfinite(grid.values).all()
    left, bottom, right, top = view.box
    assert (grid.box[0] < left, grid.box[1] < bottom) == (True, True)
    assert (grid.box[2] > right, grid.box[3] > top) == (True, True)


def test_a_window_of_usual_size_keeps_its_fine_grid(session: Session, thread: FakeThread) -> None:
    values = TileValues(MAGNIFICATION, session, thread, session)  # type: ignore[arg-type] # a fake
    small, larger = (
        values.grid(Viewport(0, 0, 90, *size)).level for size in ((700, 500), (1500, 800))
    )
    assert small == larger


def test_a_move_inside_the_plane_keeps_the_values(
    values: TileValues, session: Session, thread: FakeThread, qtbot: QtBot
) -> None:
    thread.measured(thread.last(Slot.MAGNIFICATION))
    session.set_latent(1, np.array([-2, 2, 1], np.float32))
    with qtbot.waitSignal(values.settled):
        values.look(VIEW, (0, 0))
    assert len(thread.asked) == 1


@pytest.mark.parametrize("change", ["weights", "plane", "class"])
def test_another_ground_is_measured_anew(
    values: TileValues, session: Session, thread: FakeThread, qtbot: QtBot, change: str
) -> None:
    if change == "class":
        session.set_model(replace(info(), conditional=True), three(), (0, 1))
        count = len(thread.asked)
        assert thread.asked_again(qtbot, count).label is not None
    thread.measured(thread.asked[-1])
    count = len(thread.asked)
    match change:
        case "weights":
            session.set_weights(info())
        case "plane":
            session.set_axes(2, 0)
        case "class":
            session.set_label(1, 2)
    new = thread.asked_again(qtbot, count)
    assert len(new.z) > 100
    if change == "class":
        assert new.label is not None
        assert set(new.label.tolist()) == {2}


def test_without_a_handle_it_is_the_class_of_the_map(
    values: TileValues, session: Session, thread: FakeThread, qtbot: QtBot
) -> None:
    session.set_model(replace(info(), conditional=True), Arrangement(), (0, 1))
    first = thread.asked_again(qtbot, 1)
    session.choose_class(3)
    again = thread.asked_again(qtbot, 2)
    assert first.label is not None
    assert again.label is not None
    assert (set(first.label.tolist()), set(again.label.tolist())) == ({0}, {3})


def test_another_model_has_no_value_of_the_last(
    values: TileValues, session: Session, thread: FakeThread
) -> None:
    old = thread.last(Slot.MAGNIFICATION)
    thread.measured(old)
    session.set_model(info(key=2), three(), (0, 1))
    assert np.isnan(values.grid(VIEW).values).all()
    thread.measured(old)
    assert np.isnan(values.grid(VIEW).values).all()


def test_nothing_is_measured_for_a_layer_that_is_off(
    session: Session, thread: FakeThread, qtbot: QtBot
) -> None:
    session.set_layers(Layers())
    values = TileValues(FIELD, session, thread, session)  # type: ignore[arg-type] # a fake
    with qtbot.waitSignal(values.settled):
        values.look(VIEW, (0, 0))
    assert not thread.asked
    assert not values.busy


def test_a_failure_ends_the_wait(values: TileValues, thread: FakeThread, qtbot: QtBot) -> None:
    with qtbot.waitSignal(values.settled):
        thread.answer(thread.last(Slot.MAGNIFICATION), error="out of memory")
    assert not values.busy


def test_on_a_line_one_row_stands_for_all(thread: FakeThread, qtbot: QtBot, qapp: object) -> None:
    session = Session()
    session.set_model(info(1), three(1), (0, 0))
    session.set_layers(Layers(field=True))
    values = TileValues(FIELD, session, thread, session)  # type: ignore[arg-type] # a fake
    values.look(VIEW, (0, 0))
    qtbot.waitUntil(lambda: bool(thread.asked))
    assert {tile.row for tile in thread.asked[0].ticket[1]} == {0}
    assert len(values.grid(VIEW).values) == 1
    session.deleteLater()


def test_memory_has_an_end(
    values: TileValues, thread: FakeThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlays, "MOST_KEPT", 20)
    thread.measured(thread.last(Slot.MAGNIFICATION))
    QCoreApplication.processEvents()
    assert len(values._cache) == 20


def test_it_tells_how_many_values_have_come(
    values: TileValues, thread: FakeThread, qtbot: QtBot
) -> None:
    request = thread.last(Slot.MAGNIFICATION)
    progress = values.progress
    assert progress is not None
    assert progress[:2] == (0, len(request.z))
    assert not values.known(VIEW)
    with qtbot.waitSignal(values.progressed):
        thread.measured(request, 0, 5)
    progress = values.progress
    assert progress is not None
    assert progress[:2] == (5, len(request.z))
    with qtbot.waitSignals([values.progressed, values.settled]):
        thread.measured(request, 5, len(request.z) - 5)
    assert values.progress is None


def test_values_that_are_not_finite_are_known_too(values: TileValues, thread: FakeThread) -> None:
    thread.measured(thread.last(Slot.MAGNIFICATION), add=np.nan)
    assert values.known(VIEW)
    assert not np.isfinite(values.grid(VIEW).values).any()
