"""Service: the decoded ground of the map, coarse to fine, never of another plane."""

from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from explorer import mosaic as mosaic_module
from explorer.mosaic import AT_ONCE_SECONDS, WHOLE_SECONDS, Mosaic
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
    yield found
    found.deleteLater()


@pytest.fixture
def mosaic(session: Session, thread: FakeThread, qtbot: QtBot) -> Mosaic:
    found = Mosaic(session, thread, session)  # type: ignore[arg-type] # a fake with its signals
    found.look(VIEW, 42, (0.3, 0.2))
    qtbot.waitUntil(lambda: bool(thread.asked))
    return found


def test_the_whole_view_is_asked_for_in_the_plane_through_the_active_handle(
    mosaic: Mosaic, thread: FakeThread
) -> None:
    request = thread.last(Slot.TILES)
    places = {(round(float(x), 4), round(float(y), 4)) for x, y in request.z[:, :2]}
    for tile in visible_tiles(VIEW, 42):
        assert (round(tile.centre[0], 4), round(tile.centre[1], 4)) in places
    np.testing.assert_array_equal(request.z[:, 2], 1)
    assert mosaic.busy


def test_a_coarse_layer_comes_first_and_then_what_is_nearest_the_pointer(
    mosaic: Mosaic, thread: FakeThread
) -> None:
    _, tiles = thread.last(Slot.TILES).ticket
    levels = [tile.level for tile in tiles]
    assert levels == sorted(levels)
    fine = [tile for tile in tiles if tile.level == levels[-1]]
    gaps = [np.hypot(tile.centre[0] - 0.3, tile.centre[1] - 0.2) for tile in fine]
    assert gaps == sorted(gaps)


def test_tiles_are_there_as_they_come_and_settle_at_the_end(
    mosaic: Mosaic, thread: FakeThread, qtbot: QtBot
) -> None:
    request = thread.last(Slot.TILES)
    with qtbot.waitSignal(mosaic.tiles_changed):
        thread.answer(request, 0, 2)
    assert mosaic.busy
    with qtbot.waitSignal(mosaic.settled):
        thread.answer(request, 2)
    assert not mosaic.busy
    assert all(mosaic.image(tile) is not None for tile in visible_tiles(VIEW, 42))


def test_what_is_there_is_not_asked_for_again(
    mosaic: Mosaic, thread: FakeThread, qtbot: QtBot
) -> None:
    thread.answer(thread.last(Slot.TILES))
    with qtbot.waitSignal(mosaic.settled):
        mosaic.look(VIEW, 42, (0, 0))
    assert len(thread.asked) == 1
    mosaic.look(VIEW.panned(60, 0), 42, (0, 0))
    thread.asked_again(qtbot, 1)
    assert len(thread.asked[1].z) < len(thread.asked[0].z) / 2


def test_another_plane_needs_other_tiles_and_the_old_stand_until_they_come(
    mosaic: Mosaic, session: Session, thread: FakeThread, qtbot: QtBot
) -> None:
    old = thread.last(Slot.TILES)
    thread.answer(old)
    session.set_latent(1, np.array([1, 1, 5], np.float32))
    thread.asked_again(qtbot, 1)
    np.testing.assert_array_equal(thread.last(Slot.TILES).z[:, 2], 5)
    assert all(mosaic.image(tile) is not None for tile in visible_tiles(VIEW, 42))
    thread.answer(old)
    assert mosaic.busy, "tiles of the old plane are no answer"


def test_a_move_inside_the_plane_keeps_the_tiles(
    mosaic: Mosaic, session: Session, thread: FakeThread, qtbot: QtBot
) -> None:
    thread.answer(thread.last(Slot.TILES))
    session.set_latent(1, np.array([-2, 2, 1], np.float32))
    with qtbot.waitSignal(mosaic.settled):
        mosaic.look(VIEW, 42, (0, 0))
    assert len(thread.asked) == 1


def test_another_model_has_no_tile_of_the_last(
    mosaic: Mosaic, session: Session, thread: FakeThread, qtbot: QtBot
) -> None:
    old = thread.last(Slot.TILES)
    thread.answer(old)
    session.set_model(info(key=2), three(), (0, 1))
    assert all(mosaic.image(tile) is None for tile in visible_tiles(VIEW, 42))
    thread.asked_again(qtbot, 1)
    assert thread.last(Slot.TILES).model_key == 2
    thread.answer(old)
    assert all(mosaic.image(tile) is None for tile in visible_tiles(VIEW, 42))


def test_other_weights_need_other_tiles_and_the_old_stand_until_they_come(
    mosaic: Mosaic, session: Session, thread: FakeThread, qtbot: QtBot
) -> None:
    old = thread.last(Slot.TILES)
    thread.answer(old)
    session.set_weights(info())
    thread.asked_again(qtbot, 1)
    assert len(thread.last(Slot.TILES).z) == len(old.z)
    assert all(mosaic.image(tile) is not None for tile in visible_tiles(VIEW, 42))
    thread.answer(old)
    assert mosaic.busy, "tiles of the old weights are no answer"


def test_tiles_of_an_epoch_that_plays_are_told_of_all_together(
    mosaic: Mosaic, thread: FakeThread, session: Session, qtbot: QtBot
) -> None:
    thread.answer(thread.last(Slot.TILES))
    mosaic.only_whole = True
    session.set_weights(info())
    assert mosaic.fills, "nothing of the new weights is there"
    request = thread.asked_again(qtbot, 1)
    with qtbot.assertNotEmitted(mosaic.tiles_changed):
        thread.answer(request, 0, 2)
    assert mosaic.fills
    with qtbot.waitSignals([mosaic.tiles_changed, mosaic.settled]):
        thread.answer(request, 2)
    assert not mosaic.fills


def test_tiles_that_take_too_long_to_come_together_come_one_by_one(
    mosaic: Mosaic,
    thread: FakeThread,
    session: Session,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mosaic.only_whole = True
    session.set_weights(info())
    request = thread.asked_again(qtbot, 1)
    late = perf_counter() + WHOLE_SECONDS
    monkeypatch.setattr(mosaic_module, "perf_counter", lambda: late)
    with qtbot.waitSignal(mosaic.tiles_changed):
        thread.answer(request, 0, 2)
    assert mosaic.fills


def test_nothing_is_decoded_for_a_layer_that_is_off(
    session: Session, thread: FakeThread, qtbot: QtBot
) -> None:
    session.set_layers(Layers(mosaic=False))
    mosaic = Mosaic(session, thread, session)  # type: ignore[arg-type] # a fake with its signals
    mosaic.look(VIEW, 42, (0, 0))
    for _ in range(5):
        QCoreApplication.processEvents()
    assert not thread.asked
    assert not mosaic.busy


def test_memory_has_an_end(mosaic: Mosaic, thread: FakeThread) -> None:
    mosaic.limit(20 * 64)
    thread.answer(thread.last(Slot.TILES))
    kept = [tile for tile in visible_tiles(VIEW, 42) if mosaic.image(tile) is not None]
    assert 0 < len(kept) <= 20
    mosaic.limit(10 * 64)  # another end takes effect at once, the newest stay
    fewer = [tile for tile in kept if mosaic.image(tile) is not None]
    assert 0 < len(fewer) <= 10


def test_whether_tiles_come_soon_depends_on_the_decoder_and_on_how_many_there_are(
    mosaic: Mosaic, thread: FakeThread, session: Session
) -> None:
    count = len(visible_tiles(VIEW, 42))
    mosaic.look(VIEW.panned(2000, 0), 42, (0, 0))
    assert not mosaic.comes_at_once, "nobody knows how long a decode takes"
    thread.each = 0.5 * AT_ONCE_SECONDS / count
    assert mosaic.comes_at_once
    thread.each = 2.0 * AT_ONCE_SECONDS / count
    assert not mosaic.comes_at_once
    thread.each = 0.0
    session.set_layers(Layers(mosaic=False))
    assert not mosaic.comes_at_once, "no tile is asked for"


def test_tiles_that_are_there_are_not_waited_for(
    mosaic: Mosaic, thread: FakeThread, qtbot: QtBot
) -> None:
    thread.each = 0.0
    thread.answer(thread.last(Slot.TILES))
    assert not mosaic.comes_at_once, "nothing has been asked for since"
    with qtbot.waitSignal(mosaic.settled):
        mosaic.look(VIEW, 42, (0, 0))


def test_a_quick_decoder_needs_no_coarse_layer(
    mosaic: Mosaic, thread: FakeThread, qtbot: QtBot
) -> None:
    thread.each, count = 0.0, len(thread.asked)
    mosaic.look(VIEW.panned(2000, 0), 42, (0, 0))
    qtbot.waitUntil(lambda: len(thread.asked) > count)
    _, tiles = thread.last(Slot.TILES).ticket
    assert set(tiles) == set(visible_tiles(VIEW.panned(2000, 0), 42))


@pytest.mark.parametrize(("times", "tellings"), [(0.5, 1), (2.0, 2)])
def test_tiles_that_come_at_once_are_painted_once(
    times: float,
    tellings: int,
    mosaic: Mosaic,
    thread: FakeThread,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each telling draws the whole mosaic, and holds up the decode of the rest."""
    monkeypatch.setattr("explorer.mosaic.perf_counter", lambda: 7.0)  # no time goes by
    view, count = VIEW.panned(2000, 0), len(thread.asked)
    thread.each = times * AT_ONCE_SECONDS / len(visible_tiles(view, 42))
    mosaic.look(view, 42, (0, 0))
    request = thread.asked_again(qtbot, count)
    told: list[int] = []
    mosaic.tiles_changed.connect(lambda: told.append(1))
    thread.answer(request, 0, 5)
    thread.answer(request, 5)
    assert len(told) == tellings
    assert not mosaic.busy


@pytest.mark.parametrize("tile_px", [12.0, 21.0, 42.0, 160.0])
@pytest.mark.parametrize("side", [28, 256, 300, 1024])
def test_all_that_is_in_sight_is_kept_whatever_the_pictures_size(
    side: int, tile_px: float, session: Session, thread: FakeThread, qtbot: QtBot
) -> None:
    """Else the first that came would make room for the last, and the map never fill."""
    view = replace(VIEW, width=1400, height=900)
    session.set_model(replace(info(), image_shape=(3, side, side)), three(), (0, 1))
    thread.sides, thread.channels = (side, side), 3
    found = Mosaic(session, thread, session)  # type: ignore[arg-type] # a fake with its signals
    found.limit(32 * 2**20)
    fitting = found.fitting_tile_px(view, tile_px)
    found.look(view, fitting, (0, 0))
    qtbot.waitUntil(lambda: bool(thread.asked))
    request = thread.last(Slot.TILES)
    with qtbot.waitSignal(found.settled):
        thread.answer(request)
    tiles = visible_tiles(view, fitting)
    assert all(found.image(tile) is not None for tile in tiles)
    count = len(thread.asked)
    with qtbot.waitSignal(found.settled):
        found.look(view, fitting, (1, 1))
    assert len(thread.asked) == count


def test_pictures_are_made_no_larger_than_tiles_are_drawn(
    session: Session, thread: FakeThread, qtbot: QtBot
) -> None:
    session.set_model(replace(info(), image_shape=(1, 256, 256)), three(), (0, 1))
    found = Mosaic(session, thread, session)  # type: ignore[arg-type] # a fake with its signals
    for tile_px, ratio, largest in ((42, 1, 4), (42, 2, 2), (200, 1, 1)):
        count = len(thread.asked)
        found.look(VIEW, tile_px, (0, 0), ratio)
        shrink = thread.asked_again(qtbot, count).shrink
        assert shrink == largest
        assert 256 / shrink >= 2**0.5 * tile_px * ratio or shrink == 1


def test_larger_tiles_are_decoded_anew_and_not_enlarged(
    session: Session, thread: FakeThread, qtbot: QtBot
) -> None:
    session.set_model(replace(info(), image_shape=(1, 256, 256)), three(), (0, 1))
    found = Mosaic(session, thread, session)  # type: ignore[arg-type] # a fake with its signals
    found.look(VIEW, 30, (0, 0))
    qtbot.waitUntil(lambda: bool(thread.asked))
    with qtbot.waitSignal(found.settled):
        thread.answer(thread.last(Slot.TILES))
    count = len(thread.asked)
    found.look(VIEW, 42, (0, 0))  # of the same level
    assert thread.asked_again(qtbot, count).shrink == 4
