"""A thousand handles: what moves is drawn anew and nothing else, and it looks the same."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from explorer import painting
from explorer.arrangement import Arrangement, Handle
from explorer.map_points import MapPoints
from explorer.painting import Marker
from explorer.panels.map_panel import MapPanel
from explorer.path_layer import PathLayer
from explorer.plane_laying import PlaneLaying
from explorer.session import Session
from explorer.viewport import Viewport
from explorer.widgets.map_view import MapView
from explorer.widgets.strip_view import Keyframe, StripView
from explorer.workers import Lane
from models.paths import PathKind, path
from tests.fakes import PromptLane, info
from tests.test_map_planes import NoPictures

VIEW = Viewport(0, 0, 60, 400, 300)
COUNT = 1000


def places(count: int = COUNT) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((count, 2)).astype(np.float32)


def picture(draw: Callable[[QPainter], None]) -> QImage:
    image = QImage(400, 300, QImage.Format.Format_RGB32)
    image.fill(QColor("#405060"))
    painter = QPainter(image)
    draw(painter)
    painter.end()
    return image


def pixels(image: QImage) -> np.ndarray:
    return np.frombuffer(image.constBits(), np.uint8).astype(int)


def test_a_long_path_looks_as_if_drawn_anew_whatever_moves(qapp: object) -> None:
    layer, xy = PathLayer(), places(150)
    random = np.random.default_rng(1)
    layer.xy = xy
    picture(lambda painter: layer.draw(painter, VIEW, True))
    for moved in (7, 7, 7, 0, 149, 149, 80):
        xy = xy.copy()
        xy[moved] += random.uniform(-1, 1, 2).astype(np.float32)
        layer.xy = xy
        seen = pixels(picture(lambda painter: layer.draw(painter, VIEW, True)))
        fresh = PathLayer()
        fresh.xy = xy
        whole = pixels(picture(partial(fresh.draw, view=VIEW, dark=True)))
        # Where pieces cross, the other one may lie on top; but a line is where a line should be.
        ground = pixels(picture(lambda painter: None))
        assert ((seen != ground) != (whole != ground)).mean() < 0.002


def test_a_moving_point_of_a_long_path_draws_the_rest_no_more(
    qapp: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer, xy = PathLayer(), places()
    drawn: list[int] = []
    whole = painting.draw_path

    def counted(painter: QPainter, view: Viewport, piece: painting.Floats, dark: bool) -> None:
        drawn.append(len(piece))
        whole(painter, view, piece, dark)

    monkeypatch.setattr(painting, "draw_path", counted)
    layer.xy = xy
    picture(lambda painter: layer.draw(painter, VIEW, True))
    for step in range(5):
        drawn.clear()
        layer.xy = xy.copy()
        layer.xy[500] += 0.1 * (step + 1)
        picture(lambda painter: layer.draw(painter, VIEW, True))
    assert drawn == [3]
    drawn.clear()
    layer.xy = xy + np.float32(1)  # all of it: nothing of the picture is true any more
    picture(lambda painter: layer.draw(painter, VIEW, True))
    assert sum(drawn) == COUNT


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[MapPanel]:
    none, session = NoPictures(), Session()
    lane = Lane()
    points = MapPoints(session, lane, session)
    planes = PlaneLaying(session, points, PromptLane(), session)  # type: ignore[arg-type] # a fake
    found = MapPanel(session, none, none, points, planes)  # type: ignore[arg-type] # a fake
    qtbot.addWidget(found)
    found.resize(900, 500)
    handles = tuple(
        Handle(key, f"H{key}", key % 8, np.append(place, 1.0).astype(np.float32))
        for key, place in enumerate(places(), start=1)
    )
    session.set_model(info(3), Arrangement(handles), (0, 1))
    found.show()
    yield found
    lane.stop()
    found.close()
    session.deleteLater()


def test_each_is_where_it_projects_to_and_one_that_moves_moves_alone(panel: MapPanel) -> None:
    session, view = panel._session, panel.view
    session.set_active(17)
    before = {key: view.position_of(key) for key in (1, 17, 1000)}
    others = [marker for marker in view._markers.markers if marker.key != 17]
    session.set_latent(17, np.array([2, -1, 0], np.float32))
    x, y = view.view.pixel(2, -1)
    assert view.position_of(17) == view._to_widget(2, -1).toPoint()
    assert {key: view.position_of(key) for key in (1, 1000)} == {
        key: before[key] for key in (1, 1000)
    }
    now = [marker for marker in view._markers.markers if marker.key != 17]
    assert all(old is new for old, new in zip(others, now, strict=True))
    np.testing.assert_allclose(view._path.xy[16], [2, -1], atol=1e-6)
    np.testing.assert_allclose(view._path.xy[15], places()[15], atol=1e-6)
    assert (x, y) == pytest.approx(view.view.pixel(2, -1))


def test_the_map_looks_as_if_all_were_drawn(panel: MapPanel) -> None:
    session, view = panel._session, panel.view
    session.set_active(500)
    view.grab()
    for step in range(3):
        session.set_latent(500, np.array([0.1 * step, 0.2, 0], np.float32))
        view.grab()
    cached = view.grab().toImage()
    fresh = MapView()
    fresh.resize(view.size())
    fresh.set_view(view.view)
    fresh.ground_dark, fresh.show_prior = view.ground_dark, view.show_prior
    fresh.axis_names = view.axis_names
    fresh.set_markers(view._markers.markers)
    fresh.set_path(view._path.xy)
    whole = fresh.grab().toImage()
    gap = np.abs(pixels(cached) - pixels(whole))
    assert (gap > 60).mean() < 0.01


def test_still_handles_are_not_drawn_again(
    panel: MapPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, view = panel._session, panel.view
    session.set_active(3)
    view.grab()
    drawn: list[int] = []
    whole = painting.draw_markers

    def counted(painter: QPainter, view: Viewport, markers: tuple[Marker, ...]) -> None:
        drawn.append(len(markers))
        whole(painter, view, markers)

    monkeypatch.setattr(painting, "draw_markers", counted)
    session.set_latent(3, np.zeros(3, np.float32))
    view.grab()
    assert drawn == [1]
    drawn.clear()
    view.zoom(1.1)
    view.grab()
    assert drawn == [COUNT - 1, 1]


def test_the_nearest_of_many_is_the_one_that_is_grabbed(panel: MapPanel) -> None:
    view = panel.view
    random = np.random.default_rng(2)
    for _ in range(50):
        at = QPointF(random.uniform(60, 800), random.uniform(20, 380))
        gaps = {
            marker.key: np.hypot(
                view._to_widget(marker.x, marker.y).x() - at.x(),
                view._to_widget(marker.x, marker.y).y() - at.y(),
            )
            for marker in view._markers.markers
        }
        nearest = min(gaps, key=lambda key: gaps[key])
        assert view._handle_at(at) == (nearest if gaps[nearest] <= 15 else None)


def test_the_strip_shows_as_many_keyframes_as_have_room_and_the_active_one(
    qtbot: QtBot,
) -> None:
    strip = StripView()
    qtbot.addWidget(strip)
    strip.resize(600, 90)
    keyframes = [Keyframe(key, f"H{key}", key % 8, key == 77) for key in range(COUNT)]
    strip.set_keyframes(keyframes)
    shown = strip._shown_keyframes()
    assert len(shown) < 100
    assert 77 in shown
    strip.set_keyframes([replace(keyframe, active=False) for keyframe in keyframes[:5]])
    assert strip._shown_keyframes() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("kind", ["linear", "spherical"])
def test_a_path_of_many_keyframes_is_that_of_its_segments(kind: PathKind) -> None:
    keyframes = np.random.default_rng(3).standard_normal((40, 5)).astype(np.float32)
    frames = path(keyframes, 14, kind)
    fine = path(keyframes, 3 * 39 + 1, kind)
    position = np.linspace(0, 39, 14) * 3
    np.testing.assert_allclose(position, position.round())
    np.testing.assert_allclose(frames, fine[position.round().astype(int)], atol=1e-5)
