"""The map as a widget: where things are, and what gestures it reports."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QImage, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from explorer import frame_timing, glider, map_ground
from explorer.gliding import GLIDE_SECONDS
from explorer.map_keys import FINE_NUDGE_PX, NUDGE_PX
from explorer.painting import Ellipse, Marker
from explorer.point_drawing import map_points_image, points_image
from explorer.ringed_points import FEW_POINTS
from explorer.viewport import Tile, Viewport
from explorer.widgets.map_view import MARGIN_LEFT_PX, MapView

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
PRESS, MOVE, RELEASE = (
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseMove,
    QEvent.Type.MouseButtonRelease,
)


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[MapView]:
    found = MapView()
    qtbot.addWidget(found)
    found.resize(640, 424)
    found.show()
    found.set_view(Viewport(0, 0, 100))
    found.set_markers(
        [Marker(1, "A", 0, 0.0, 0.0, active=True), Marker(2, "long name", 1, 1.0, 1.0)]
    )
    yield found
    found.hide()


def mouse(
    view: QWidget,
    kind: QEvent.Type,
    at: QPointF | QPoint,
    button: Qt.MouseButton = LEFT,
    held: Qt.MouseButton = LEFT,
) -> None:
    place = QPointF(at)
    event = QMouseEvent(
        kind, place, view.mapToGlobal(place), button, held, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(view, event)


def test_handles_are_found_by_name_and_key(view: MapView) -> None:
    middle = QPoint(MARGIN_LEFT_PX + 300, 200)
    assert view.position_of("A") == view.position_of(1) == middle
    assert view.position_of("long name") == middle + QPoint(100, -100)
    with pytest.raises(KeyError):
        view.position_of("Z")


def test_a_drag_is_reported_from_press_to_release(view: MapView) -> None:
    heard: list[tuple[object, ...]] = []
    view.handle_pressed.connect(lambda key: heard.append(("pressed", key)))
    view.handle_moved.connect(lambda key, x, y: heard.append((key, round(x, 3), round(y, 3))))
    view.handle_released.connect(lambda key: heard.append(("released", key)))
    start = view.position_of("A") + QPoint(3, -2)
    mouse(view, PRESS, start)
    assert view.dragging
    mouse(view, MOVE, start + QPoint(50, 20), NONE)
    mouse(view, MOVE, start + QPoint(100, -100), NONE)
    mouse(view, RELEASE, start + QPoint(100, -100), LEFT, NONE)
    assert heard == [("pressed", 1), (1, 0.5, -0.2), (1, 1.0, 1.0), ("released", 1)]
    assert not view.dragging


def test_escape_ends_a_drag_and_what_follows_moves_nothing(view: MapView, qtbot: QtBot) -> None:
    moved: list[object] = []
    mouse(view, PRESS, view.position_of("A"))
    with qtbot.waitSignal(view.gesture_cancelled):
        QTest.keyClick(view, Qt.Key.Key_Escape)
    view.handle_moved.connect(lambda *told: moved.append(told))
    view.handle_released.connect(moved.append)
    mouse(view, MOVE, QPoint(300, 300), NONE)
    mouse(view, RELEASE, QPoint(300, 300), LEFT, NONE)
    assert not moved


def test_the_ground_pans(view: MapView) -> None:
    before = view.view
    mouse(view, PRESS, QPoint(120, 300))
    mouse(view, MOVE, QPoint(170, 280), NONE)
    mouse(view, RELEASE, QPoint(170, 280), LEFT, NONE)
    assert (view.view.x, view.view.y) == pytest.approx((before.x - 0.5, before.y - 0.2))
    mouse(view, MOVE, QPoint(300, 200), NONE, NONE)
    assert view.view.x == pytest.approx(-0.5)


def test_the_wheel_zooms_to_the_pointer(view: MapView) -> None:
    at = QPointF(500, 100)
    before = view._to_plane(at)
    wheel = QWheelEvent(
        at,
        view.mapToGlobal(at),
        QPoint(),
        QPoint(0, 240),
        NONE,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, wheel)
    assert view.view.scale == pytest.approx(100 * 1.25**2)
    assert view._to_plane(at) == pytest.approx(before)


def test_double_clicks(view: MapView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.handle_activated) as handle:
        mouse(view, QEvent.Type.MouseButtonDblClick, view.position_of("long name"))
    assert handle.args == [2]
    with qtbot.waitSignal(view.ground_activated) as ground:
        mouse(view, QEvent.Type.MouseButtonDblClick, view.position_of("A") + QPoint(-200, -100))
    assert ground.args == pytest.approx([-2, 1])
    mouse(view, QEvent.Type.MouseButtonDblClick, QPoint(5, 418))  # on the axes: nothing


@pytest.mark.parametrize(
    ("key", "direction"),
    [
        (Qt.Key.Key_Left, (-1, 0)),
        (Qt.Key.Key_Right, (1, 0)),
        (Qt.Key.Key_Up, (0, 1)),
        (Qt.Key.Key_Down, (0, -1)),
    ],
)
def test_arrows_nudge_by_pixels_and_with_ctrl_pan(
    view: MapView, qtbot: QtBot, key: Qt.Key, direction: tuple[int, int]
) -> None:
    for held, pixels in (
        (Qt.KeyboardModifier.NoModifier, NUDGE_PX),
        (Qt.KeyboardModifier.ShiftModifier, FINE_NUDGE_PX),
    ):
        with qtbot.waitSignal(view.nudged) as nudged:
            QTest.keyClick(view, key, held)
        assert nudged.args == pytest.approx([pixels * step / 100 for step in direction])
    before = view.view
    QTest.keyClick(view, key, Qt.KeyboardModifier.ControlModifier)
    moved = (view.view.x - before.x, view.view.y - before.y)
    assert moved == pytest.approx(tuple(0.6 * step for step in direction))


def test_plus_and_minus_zoom_around_the_middle(view: MapView, qtbot: QtBot) -> None:
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.view.scale == pytest.approx(125)
    QTest.keyClick(view, Qt.Key.Key_Minus)
    assert view.view.scale == pytest.approx(100)
    assert (view.view.x, view.view.y) == pytest.approx((0, 0))


@pytest.mark.parametrize("reason", list(QContextMenuEvent.Reason)[:2])
def test_the_menu_of_a_handle(
    view: MapView, qtbot: QtBot, reason: QContextMenuEvent.Reason
) -> None:
    at = view.position_of("A")
    with qtbot.waitSignal(view.menu_requested) as asked:
        QApplication.sendEvent(view, QContextMenuEvent(reason, at, view.mapToGlobal(at)))
    assert asked.args[0] == 1
    assert asked.args[3] == view.mapToGlobal(at)


def test_resizing_keeps_a_fitted_box_whole_until_somebody_zooms(view: MapView) -> None:
    view.fit((-3, -3), (3, 3))
    view.resize(900, 300)
    QApplication.processEvents()
    left, bottom, right, top = view.view.box
    assert left < -3 < 3 < right
    assert bottom < -3 < 3 < top
    view.zoom(2)
    scale = view.view.scale
    view.resize(700, 500)
    QApplication.processEvents()
    assert view.view.scale == scale


def test_what_is_set_is_painted(view: MapView) -> None:
    def image() -> QImage:
        return view.grab().toImage()

    seen = [image()]
    view.set_points(np.array([[-1, -1], [-1.2, 0.5]], np.float32), np.full((2, 3), 200, np.uint8))
    seen.append(image())
    view.set_path(np.array([[-1, 0], [1, -1]], np.float32))
    seen.append(image())
    view.show_prior = True
    view.redraw_ground()
    seen.append(image())
    view.set_scrub((0.5, -0.5))
    seen.append(image())
    mouse(view, MOVE, QPoint(200, 200), NONE, NONE)
    lens = QImage(8, 8, QImage.Format.Format_RGB32)
    lens.fill(QColor("red"))
    view.set_lens(lens)
    seen.append(image())
    for before, after in pairwise(seen):
        assert before != after


@pytest.mark.parametrize("at", [QPoint(200, 200), QPoint(200, 20), QPoint(590, 200)])
def test_the_lens_says_that_it_is_the_decode_here_unless_it_is_called_otherwise(
    view: MapView, at: QPoint
) -> None:
    mouse(view, MOVE, at, NONE, NONE)
    lens = QImage(8, 8, QImage.Format.Format_RGB32)
    lens.fill(QColor("red"))
    red = QColor("red").rgb()

    def shown(*caption: str) -> tuple[int, QImage]:
        view.set_lens(lens, 84, *caption)
        image = view.grab().toImage()
        spots = ((x, y) for x in range(image.width()) for y in range(image.height()))
        return sum(image.pixel(*spot) == red for spot in spots), image

    usual, without, named = shown(), shown(""), shown("decode here")
    assert usual[1] == named[1] != without[1]
    assert usual[0] == without[0], "nothing of the picture is covered"


def test_far_away_points_cost_nothing_and_break_nothing(view: MapView) -> None:
    far = np.array([[1e6, -1e6], [np.finfo(np.float32).max / 1e20, 0]], np.float32)
    view.set_points(far, np.zeros((2, 3), np.uint8))
    view.set_path(far)
    view.set_markers([Marker(1, "A", 0, 1e6, -1e6)])
    view.grab()


# -- points on their way -------------------------------------------------------------------


class Clock:
    """Stands where `perf_counter` would; a look at the glide comes when the test says."""

    def __init__(self, view: MapView) -> None:
        self.now, self.view = 100.0, view

    def __call__(self) -> float:
        return self.now

    def go_on(self, share: float) -> None:
        """So much of a glide's time later."""
        self.now += share * GLIDE_SECONDS
        self.view._glider.look()


@pytest.fixture
def clock(view: MapView, monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock(view)
    monkeypatch.setattr(glider, "perf_counter", found)
    monkeypatch.setattr(glider, "_LOOK_MS", 1_000_000)
    return found


def test_points_glide_to_where_they_belong(view: MapView, clock: Clock) -> None:
    start, end = np.zeros((5, 2), np.float32), np.ones((5, 2), np.float32)
    colours = np.full((5, 3), 200, np.uint8)
    view.set_points(start, colours)
    view.glide_points(end, colours)
    assert view.gliding
    for share, place in ((0.25, 0.25), (0.5, 0.75)):
        clock.go_on(share)
        np.testing.assert_allclose(view.points(), place)
    clock.go_on(0.5)
    assert not view.gliding
    np.testing.assert_array_equal(view.points(), end)


def test_a_glide_goes_on_by_itself_and_ends(view: MapView, qtbot: QtBot) -> None:
    colours = np.full((5, 3), 200, np.uint8)
    view.set_points(np.zeros((5, 2), np.float32), colours)
    view.glide_points(np.ones((5, 2), np.float32), colours)
    qtbot.waitUntil(lambda: not view.gliding)
    assert view.points()[0, 0] == 1
    assert not view._glider._timer.isActive()


def test_a_glide_draws_no_tile_anew(view: MapView, qtbot: QtBot) -> None:
    view.set_points(np.zeros((5, 2), np.float32), np.full((5, 3), 200, np.uint8))
    asked: list[Tile] = []
    view.show_tiles, view.tile_image = True, asked.append
    view.redraw_ground()
    view.grab()
    assert asked
    asked.clear()
    view.glide_points(np.ones((5, 2), np.float32), np.full((5, 3), 200, np.uint8))
    qtbot.waitUntil(lambda: not view.gliding)
    view.grab()
    assert not asked


def test_a_ground_refined_between_frames_is_the_one_drawn_at_once(
    view: MapView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_ground, "_WORK_SECONDS", 0.0)  # one tile at a time
    tile = QImage(4, 4, QImage.Format.Format_Grayscale8)
    tile.fill(90)
    view.show_tiles = True
    before = view.grab().toImage()
    view.tile_image = lambda _: tile
    view.refine_ground()
    assert view.grab().toImage() == before
    qtbot.waitUntil(lambda: not view._ground.refining)
    refined = view.grab().toImage()
    view.redraw_ground()
    assert refined == view.grab().toImage() != before


def test_a_ground_to_be_refined_is_left_for_another_view(view: MapView, qtbot: QtBot) -> None:
    view.show_tiles = True
    view.refine_ground()
    view.zoom(2.0)
    assert not view._ground.refining
    zoomed = view.grab().toImage()
    view.redraw_ground()
    assert zoomed == view.grab().toImage()


@pytest.mark.parametrize("count", [4, 6])
def test_other_points_are_there_at_once(view: MapView, count: int) -> None:
    view.set_points(np.zeros((5, 2), np.float32), np.full((5, 3), 200, np.uint8))
    view.glide_points(np.ones((count, 2), np.float32), np.full((count, 3), 200, np.uint8))
    assert not view.gliding
    assert len(view.points()) == count


def test_nothing_glides_where_nobody_sees_it(view: MapView) -> None:
    colours = np.full((5, 3), 200, np.uint8)
    view.set_points(np.zeros((5, 2), np.float32), colours)
    view.glide_points(np.ones((5, 2), np.float32), colours)
    view.hide()
    assert not view.gliding
    assert view.points()[0, 0] == 1
    view.glide_points(np.zeros((5, 2), np.float32), colours)
    assert not view.gliding
    assert view.points()[0, 0] == 0


def test_a_glide_that_meets_another_goes_on_from_where_it_is(view: MapView, qtbot: QtBot) -> None:
    colours = np.full((1, 3), 200, np.uint8)
    view.set_points(np.zeros((1, 2), np.float32), colours)
    view.glide_points(np.full((1, 2), 10, np.float32), colours)
    qtbot.waitUntil(lambda: view.points()[0, 0] > 1)
    here = float(view.points()[0, 0])
    view.glide_points(np.zeros((1, 2), np.float32), colours)
    assert view.points()[0, 0] == here
    qtbot.waitUntil(lambda: not view.gliding)
    assert view.points()[0, 0] == 0


def test_a_view_glides_along_until_a_hand_takes_hold(view: MapView, qtbot: QtBot) -> None:
    colours = np.full((1, 3), 200, np.uint8)
    view.fit((-1, -1), (1, 1))
    view.set_points(np.zeros((1, 2), np.float32), colours)
    view.glide_points(np.full((1, 2), 10, np.float32), colours)
    before = view.view
    view.glide_to_fit((-20, -20), (20, 20))
    qtbot.waitUntil(lambda: view.view.scale < before.scale)
    mouse(view, PRESS, view.position_of("A"))
    scale = view.view.scale
    qtbot.waitUntil(lambda: not view.gliding)
    assert view.view.scale == scale
    mouse(view, RELEASE, view.position_of("A"), LEFT, NONE)


@pytest.fixture
def leaving(view: MapView, clock: Clock) -> MapView:
    """The view is half way to where there is more to see."""
    view.fit((-1, -1), (1, 1))
    view.set_points(np.zeros((1, 2), np.float32), np.full((1, 3), 200, np.uint8))
    view.glide_points(np.full((1, 2), 10, np.float32), np.full((1, 3), 200, np.uint8))
    view.glide_to_fit((-20, -20), (20, 20))
    clock.go_on(0.5)
    return view


def test_a_view_does_not_jump_back_when_the_next_epoch_comes(
    leaving: MapView, clock: Clock
) -> None:
    here, goal = leaving.view.scale, leaving.goal
    leaving.glide_points(np.full((1, 2), 12, np.float32), np.full((1, 3), 200, np.uint8))
    clock.go_on(0.01)
    assert leaving.view.scale == pytest.approx(here, rel=0.05)
    assert leaving.view.scale < here
    clock.go_on(1)
    assert leaving.view == goal


def test_a_view_that_is_under_way_arrives_when_its_points_are_set(
    leaving: MapView, qtbot: QtBot
) -> None:
    goal = leaving.goal
    with qtbot.waitSignal(leaving.view_changed):
        leaving.set_points(np.zeros((1, 2), np.float32), np.full((1, 3), 200, np.uint8))
    assert leaving.view == goal
    assert leaving.fitted


def test_a_view_that_is_hidden_under_way_is_where_it_goes(leaving: MapView) -> None:
    goal = leaving.goal
    leaving.hide()
    assert leaving.view == goal


def test_the_ellipse_of_a_point_stands_until_the_pointer_leaves(view: MapView) -> None:
    bare = view.grab().toImage()
    view.set_hover_ellipse(Ellipse(-2.0, 0.5, 0.4, 0.2, 0.3, 1))
    assert view.grab().toImage() != bare
    view.set_hover_ellipse(None)
    assert view.grab().toImage() == bare
    view.set_hover_ellipse(Ellipse(-2.0, 0.5, 0.4, 0.2, 0.3, 1))
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert view.grab().toImage() == bare


@pytest.mark.parametrize(
    ("key", "direction"),
    [
        (Qt.Key.Key_Left, (-1, 0)),
        (Qt.Key.Key_Right, (1, 0)),
        (Qt.Key.Key_Up, (0, 1)),
        (Qt.Key.Key_Down, (0, -1)),
    ],
)
def test_arrows_with_alt_pan_by_most_of_the_view_and_back_again(
    view: MapView, key: Qt.Key, direction: tuple[int, int]
) -> None:
    before = view.view
    QTest.keyClick(view, key, Qt.KeyboardModifier.AltModifier)
    size = np.array([before.width, before.height])
    moved = np.array([view.view.x - before.x, view.view.y - before.y]) * before.scale
    share = moved / size
    assert 0.5 < abs(share).max() < 1  # something of the old view stays in sight
    assert np.sign(share).tolist() == list(direction)
    opposite = {
        Qt.Key.Key_Left: Qt.Key.Key_Right,
        Qt.Key.Key_Right: Qt.Key.Key_Left,
        Qt.Key.Key_Up: Qt.Key.Key_Down,
        Qt.Key.Key_Down: Qt.Key.Key_Up,
    }[key]
    QTest.keyClick(view, opposite, Qt.KeyboardModifier.AltModifier)
    assert (view.view.x, view.view.y) == pytest.approx((before.x, before.y))


def test_plus_and_minus_zoom_around_the_middle_and_undo_each_other(view: MapView) -> None:
    before = view.view
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.view.scale > before.scale
    assert (view.view.x, view.view.y) == pytest.approx((before.x, before.y))
    QTest.keyClick(view, Qt.Key.Key_Minus)
    assert view.view.scale == pytest.approx(before.scale)


def test_ctrl_home_brings_the_active_handle_to_the_middle(view: MapView) -> None:
    view.set_markers([Marker(1, "A", 0, 0.0, 0.0), Marker(2, "B", 1, 2.5, -1.5, active=True)])
    QTest.keyClick(view, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
    assert (view.view.x, view.view.y, view.view.scale) == (2.5, -1.5, 100)
    view.set_markers([])
    QTest.keyClick(view, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
    assert view.view.x == 2.5


class Paints(QObject):
    """Counts how often a widget is painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


@pytest.fixture
def paints(view: MapView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Paints:
    """Of a view that was painted a while ago, and is held at each change."""
    found = Paints(view)
    view.update()
    qtbot.waitUntil(lambda: found.count > 0)
    view._frames._moved_at = -1000.0
    view.view_changed.connect(view.hold)
    found.count = 0
    return found


def test_another_view_is_painted_when_its_tiles_are_there(view: MapView, paints: Paints) -> None:
    view._frames._hold.setInterval(1_000_000)
    view.set_view(Viewport(5, 5, 100))
    QApplication.processEvents()
    assert paints.count == 0
    view.redraw_ground()  # tiles have come
    QApplication.processEvents()
    assert paints.count == 1


def test_a_view_whose_tiles_do_not_come_is_painted_without(
    view: MapView, paints: Paints, qtbot: QtBot
) -> None:
    view.set_view(Viewport(5, 5, 100))
    qtbot.waitUntil(lambda: paints.count > 0)
    assert view.updatesEnabled()


def test_of_views_that_follow_one_another_each_is_painted(
    view: MapView, paints: Paints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_timing, "perf_counter", iter([10.0, 10.01, 10.02]).__next__)
    view._frames._hold.setInterval(1_000_000)
    view.set_view(Viewport(5, 5, 100))
    view.set_view(Viewport(6, 5, 100))
    QApplication.processEvents()
    assert paints.count == 1
    view.set_view(Viewport(7, 5, 100))
    QApplication.processEvents()
    assert paints.count == 2


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_a_few_points_are_large_and_ringed_against_their_ground(ratio: float) -> None:
    view, red = Viewport(0, 0, 10, 100, 60), np.array([[230, 20, 20]], np.uint8)
    here = np.zeros((1, 2), np.float32)
    for dark, ring in ((True, 255), (False, 29)):
        image = map_points_image(view, here, red, ratio, dark)
        middle = image.width() // 2, image.height() // 2
        assert image.pixelColor(*middle).getRgb() == (230, 20, 20, 255)
        row = [image.pixelColor(x, middle[1]).getRgb() for x in range(image.width())]
        assert row.count((230, 20, 20, 255)) >= 6 * ratio
        assert row.count((ring, ring, ring, 255)) >= 2 * round(ratio)


def test_points_in_sight_say_how_large_they_are_and_many_are_as_ever() -> None:
    view, random = Viewport(0, 0, 10, 100, 60), np.random.default_rng(0)
    many = random.uniform(-3, 3, (FEW_POINTS + 1, 2)).astype(np.float32)
    colours = random.integers(0, 256, (len(many), 3)).astype(np.uint8)
    as_ever = points_image(view, many, colours, 1.0, 2, 0.9)
    assert map_points_image(view, many, colours, 1.0, True) == as_ever
    elsewhere = many + np.array([0, 50])
    one = np.zeros((1, 2), np.float32)
    xy = np.concatenate([elsewhere, one]).astype(np.float32)
    rows = np.concatenate([colours, [[230, 20, 20]]]).astype(np.uint8)
    alone = map_points_image(view, one, rows[-1:], 1.0, True)
    assert map_points_image(view, xy, rows, 1.0, True) == alone


def test_without_numbers_along_them_the_ground_is_all_of_the_map(view: MapView) -> None:
    view.show_axes = False
    assert view.ground == QRectF(0, 0, 640, 424)
    assert view.position_of("A") == QPoint(320, 212)
    view.set_points(np.array([(-3.19, 0), (0, -2.11)], np.float32), np.full((2, 3), 255, np.uint8))
    seen = view.grab().toImage()
    for at in (QPoint(1, 212), QPoint(320, 422)):  # where the numbers would be
        assert seen.pixelColor(at).lightness() > 200, "a point is drawn there"
    heard: list[tuple[float, ...]] = []
    view.pointer_moved.connect(lambda x, y: heard.append((x, y)))
    mouse(view, MOVE, QPoint(10, 414), NONE, NONE)
    assert heard == [pytest.approx((-3.1, -2.02))]
    assert view.place == pytest.approx((-3.1, -2.02))
    view.zoom(2.0, QPointF(10, 414))
    assert view.place == pytest.approx((-3.1, -2.02))
    view.show_axes = True
    assert view.ground == QRectF(MARGIN_LEFT_PX, 0, 600, 400)


def test_a_handle_is_taken_where_it_is_drawn_without_axes(view: MapView) -> None:
    view.show_axes = False
    taken: list[int] = []
    view.handle_pressed.connect(taken.append)
    mouse(view, PRESS, QPoint(420, 112))
    mouse(view, RELEASE, QPoint(420, 112), held=NONE)
    assert taken == [2]
