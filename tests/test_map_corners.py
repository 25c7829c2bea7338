"""The corners of the map: overview, scale bar, and where the pointer is."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.arrangement import Arrangement, Handle
from explorer.map_corners import MapCorners
from explorer.rendering import ModelInfo
from explorer.scale_bar import ScaleBar, length_text, round_length
from explorer.session import Session
from explorer.viewport import Viewport
from explorer.widgets.coordinates import decimals_at
from explorer.widgets.map_view import MARGIN_LEFT_PX, MapView
from explorer.widgets.point_card import PointCard
from models.points import Points
from tests.fakes import info, three
from tests.opened import opened
from tests.test_map_view import MOVE, NONE, PRESS, RELEASE, mouse

if TYPE_CHECKING:
    from models.model import Model


def model(size: int = 3, **values: Any) -> ModelInfo:
    mean = np.random.default_rng(0).standard_normal((500, size)).astype(np.float32)
    points = Points(mean, np.zeros((500, size), np.float32), np.zeros(500, np.int64))
    return replace(replace(info(size), points=points), **values)


@pytest.fixture
def session(qapp: object) -> Iterator[Session]:
    found = Session()
    yield found
    found.deleteLater()


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[MapView]:
    found = MapView()
    qtbot.addWidget(found)
    found.resize(640, 424)
    found.show()
    yield found
    found.hide()


@pytest.fixture
def corners(session: Session, view: MapView) -> MapCorners:
    found = MapCorners(session, view, session)
    session.set_model(model(), three(), (0, 1))
    view.fit((-3, -3), (3, 3))
    return found


# -- overview --------------------------------------------------------------------------------


def test_the_overview_comes_when_something_is_out_of_sight(
    corners: MapCorners, view: MapView
) -> None:
    assert corners.minimap.isHidden()
    view.zoom(1.5)
    assert corners.minimap.isVisible()
    view.fit((-3, -3), (3, 3))
    assert corners.minimap.isHidden()
    view.set_view(view.view.panned(200, 0))
    assert corners.minimap.isVisible()
    view.zoom(0.2)
    assert corners.minimap.isHidden()
    view.zoom(10)
    corners.show_minimap(False)
    assert corners.minimap.isHidden()
    corners.show_minimap(True)
    assert corners.minimap.isVisible()


def test_its_frame_is_what_the_map_shows(corners: MapCorners, view: MapView) -> None:
    view.set_view(replace(view.view, x=1.0, y=-0.5, scale=300.0))
    whole, frame = corners.minimap._whole, corners.minimap.frame()
    left, bottom = whole.to_plane([frame.left(), frame.bottom()])
    right, top = whole.to_plane([frame.right(), frame.top()])
    assert (left, bottom, right, top) == pytest.approx(view.view.box)


def test_a_deep_zoom_still_has_a_frame_to_be_seen(corners: MapCorners, view: MapView) -> None:
    view.set_view(replace(view.view, x=1.0, y=1.0, scale=1e6))
    frame = corners.minimap.frame()
    assert min(frame.width(), frame.height()) >= 4
    middle = corners.minimap._whole.to_plane([frame.center().x(), frame.center().y()])
    assert middle == pytest.approx([1.0, 1.0])


def test_a_press_and_a_drag_look_elsewhere_at_the_same_scale(
    corners: MapCorners, view: MapView
) -> None:
    view.zoom(4)
    minimap, scale = corners.minimap, view.view.scale
    for at in ((20, 30), (100, 80)):
        place = minimap._whole.to_plane(at)
        QTest.mousePress(minimap, Qt.MouseButton.LeftButton, pos=QPoint(*at))
        assert (view.view.x, view.view.y) == pytest.approx(tuple(place))
        QTest.mouseRelease(minimap, Qt.MouseButton.LeftButton, pos=QPoint(*at))
    QTest.mousePress(minimap, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    drag = QPointF(1e4, -1e4)  # far outside: it stays with what there is to see
    mouse(minimap, MOVE, drag, NONE)
    corner = minimap._whole.to_plane([minimap.width(), 0])
    assert (view.view.x, view.view.y) == pytest.approx(tuple(corner))
    assert view.view.scale == scale
    assert not view.fitted


def test_handles_are_dots_where_they_are(corners: MapCorners, session: Session) -> None:
    def dot(x: float, y: float) -> QColor:
        picture = corners.minimap.grab().toImage()
        return picture.pixelColor(QPointF(*corners.minimap._whole.pixel(x, y)).toPoint())

    session.set_model(
        model(points=None, has_prior=False),
        Arrangement(
            (
                Handle(1, "A", 0, np.array([-2, -2, 0], np.float32)),
                Handle(2, "B", 1, np.array([2, 2, 0], np.float32)),
            )
        ),
        (0, 1),
    )
    corners.minimap.set_world((-3, -3), (3, 3))
    accent, text = QColor(theme.colours().accent), QColor(theme.colours().text)
    assert (dot(-2, -2), dot(2, 2)) == (accent, text)
    session.set_latent(1, np.array([-1, 2, 0], np.float32))
    assert dot(-1, 2) == accent
    assert dot(-2, -2) != accent
    session.set_active(2)
    assert (dot(-1, 2), dot(2, 2)) == (text, accent)
    session.set_latent(1, np.array([0, 2, 0], np.float32))
    assert dot(0, 2) == text
    session.remove_handle(1)
    session.remove_handle(2)
    assert dot(2, 2) not in (text, accent)


def test_the_data_is_denser_where_there_is_more_of_it(
    corners: MapCorners, session: Session
) -> None:
    corners.minimap.set_world((-3, -3), (3, 3))
    crowd = np.concatenate([np.full((50, 2), 1.0), np.full((1, 2), -1.0)]).astype(np.float32)
    corners.minimap.set_points(crowd, 0.0)
    corners.minimap.set_handles({}, None)
    picture = corners.minimap.grab().toImage()

    def light(x: float) -> int:
        px, py = corners.minimap._whole.pixel(x, x)
        return picture.pixelColor(int(px), int(py)).lightness()

    assert light(1) > light(-1) > light(0)


def test_drawing_it_again_draws_no_data_again(
    corners: MapCorners, session: Session, view: MapView
) -> None:
    view.zoom(2)
    corners.minimap.grab()
    ground = corners.minimap._ground
    assert ground is not None
    session.set_latent(1, np.full(3, 0.7, np.float32))
    view.set_view(view.view.panned(5, 5))
    corners.minimap.grab()
    assert corners.minimap._ground is ground


def test_a_small_map_is_not_covered(corners: MapCorners, view: MapView) -> None:
    view.zoom(4)
    view.resize(300, 200)
    assert corners.minimap.isHidden()


def test_the_pointer_over_the_overview_is_not_over_the_map(
    corners: MapCorners, view: MapView
) -> None:
    view.zoom(4)
    mouse(view, MOVE, QPoint(300, 200), NONE, NONE)
    view.set_lens(QImage(8, 8, QImage.Format.Format_RGB32))
    corners.minimap.entered.emit()
    assert view.lens is None
    assert corners.coordinates.isHidden()


# -- scale bar -------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-4, 0.03, 1.0, 42.0, 99.9, 100.0, 240.0, 1e7])
def test_the_bar_is_the_longest_round_length_that_fits(scale: float) -> None:
    length = round_length(scale, 120)
    assert 120 / 2.6 <= length * scale <= 120.001
    digits = f"{length:.3e}".split("e")[0]
    assert digits in ("1.000", "2.000", "5.000")


def test_its_unit_is_sigma_only_where_there_is_a_prior() -> None:
    assert length_text(0.5, True) == "0.5 σ"
    assert length_text(0.5, False) == "0.5 latent units"
    assert length_text(5000.0, True) == "5,000 σ"
    assert length_text(1.0, False) == "1 latent unit"


def test_the_bar_is_as_long_as_it_says(qapp: object) -> None:
    image = QImage(400, 300, QImage.Format.Format_RGB32)
    image.fill(QColor("#ff00ff"))
    painter = QPainter(image)
    ScaleBar().draw(painter, Viewport(0, 0, 100, 400, 300), True)
    painter.end()
    row = 300 - 8 - 10
    text = QColor(theme.colours().text).lightness()
    lit = [x for x in range(122) if image.pixelColor(x, row).lightness() > 0.8 * text]
    assert lit[-1] - lit[0] == pytest.approx(100, abs=3)  # 1 sigma


def test_a_model_without_a_prior_has_latent_units(corners: MapCorners, session: Session) -> None:
    assert corners._scale_bar.in_sigmas
    session.set_model(model(has_prior=False), three(), (0, 1))
    assert not corners._scale_bar.in_sigmas


# -- where the pointer is --------------------------------------------------------------------


def test_the_pointers_place_is_told_in_the_plane(
    corners: MapCorners, session: Session, view: MapView
) -> None:
    session.set_axes(2, 0)
    view.set_view(Viewport(0, 0, 100))
    mouse(view, MOVE, QPoint(MARGIN_LEFT_PX + 300 + 42, 200 + 110), NONE, NONE)
    assert corners.coordinates.isVisible()
    assert corners.coordinates.text() == "z2 0.42, z0 −1.10 σ"
    assert "z2 0.42" in corners.coordinates.accessibleName()
    mouse(view, MOVE, QPoint(3, 300), NONE, NONE)  # on the numbers of the axis
    assert corners.coordinates.isHidden()


def test_its_plate_does_not_move_as_the_numbers_change(corners: MapCorners, view: MapView) -> None:
    mouse(view, MOVE, QPoint(300, 200), NONE, NONE)
    before = corners.coordinates.geometry()
    for x in range(60, 600, 60):
        mouse(view, MOVE, QPoint(x, x // 2), NONE, NONE)
        metrics = corners.coordinates.fontMetrics()
        assert metrics.horizontalAdvance(corners.coordinates.text()) + 8 <= before.width()
    assert corners.coordinates.geometry() == before


@pytest.mark.parametrize("scale", [0.3, 20.0, 1e5])
@pytest.mark.parametrize("middle", [(0.0, 0.0), (226.0, -1377.0), (-4e5, 3e6)])
def test_its_plate_holds_every_number_that_the_map_shows(
    corners: MapCorners, view: MapView, scale: float, middle: tuple[float, float]
) -> None:
    view.set_view(Viewport(*middle, scale))
    plate = corners.coordinates
    before = plate.geometry()
    for at in (QPoint(MARGIN_LEFT_PX, 0), QPoint(639, 390), QPoint(300, 200)):
        mouse(view, MOVE, at, NONE, NONE)
        assert plate.text().endswith(" σ")
        assert plate.fontMetrics().horizontalAdvance(plate.text()) + 8 <= plate.width()
    assert plate.geometry() == before


def test_a_drag_of_a_handle_hides_it(corners: MapCorners, view: MapView) -> None:
    from explorer.painting import Marker

    view.set_markers([Marker(1, "A", 0, 0.0, 0.0, active=True)])
    mouse(view, MOVE, view.position_of("A"), NONE, NONE)
    assert corners.coordinates.isVisible()
    mouse(view, PRESS, view.position_of("A"))
    assert corners.coordinates.isHidden()
    mouse(view, RELEASE, view.position_of("A"), held=NONE)


@pytest.mark.parametrize("tool", ["rectangle", "lasso"])
def test_it_goes_on_while_an_area_is_drawn(corners: MapCorners, view: MapView, tool: str) -> None:
    view.set_tool(tool)
    view.set_view(Viewport(0, 0, 100))
    mouse(view, MOVE, QPoint(MARGIN_LEFT_PX + 200, 100), NONE, NONE)
    mouse(view, PRESS, QPoint(MARGIN_LEFT_PX + 200, 100))
    for x, y in ((0.25, -0.5), (-1.0, 1.25)):
        at = QPointF(*view.view.pixel(x, y)) + QPointF(MARGIN_LEFT_PX, 0)
        mouse(view, MOVE, at.toPoint())
        assert corners.coordinates.isVisible()
        shown = re.findall(r"[−0-9.]+(?=,| σ)", corners.coordinates.text())
        assert [float(n.replace("−", "-")) for n in shown] == pytest.approx([x, y], abs=0.01)
    mouse(view, RELEASE, at.toPoint(), held=NONE)


@pytest.mark.parametrize("seen_minimap", [False, True])
def test_a_card_of_a_point_is_hidden_by_no_corner(
    corners: MapCorners, view: MapView, seen_minimap: bool
) -> None:
    card = PointCard()
    card.covered, card.lines = view.covered, ("seven  ·  #12345", "reconstruction", "KL 12.3 nats")
    view.over_handles.append(card)
    if seen_minimap:
        view.zoom(3)
    mouse(view, MOVE, QPoint(300, 200), NONE, NONE)
    assert (len(view.covered()), corners.minimap.isVisible()) == (1 + seen_minimap, seen_minimap)
    ground = QRectF(0, 0, view.view.width, view.view.height)
    for x in range(5, int(view.view.width), 23):
        for y in range(115, int(view.view.height), 11):
            if any(box.contains(x, y) for box in view.covered()):
                continue
            card.at = tuple(view.view.to_plane([x, y]))
            view.grab()
            assert ground.contains(card.box)
            assert not any(box.intersects(card.box) for box in view.covered()), (x, y)


@pytest.mark.parametrize("scale", [10, 100, 1e4, 1e6])
def test_neighbouring_pixels_have_different_numbers(scale: float) -> None:
    decimals = decimals_at(scale)
    assert f"{1 / scale:.{decimals}f}" != f"{0:.{decimals}f}"


def test_a_line_has_one_number_and_an_oblique_plane_short_names(
    corners: MapCorners, session: Session, view: MapView
) -> None:
    from models.planes import random_plane

    session.set_plane(random_plane(np.zeros(3, np.float32), np.random.default_rng(0)))
    corners.coordinates.show_place(0.5, -1)
    assert corners.coordinates.text() == "across 0.50, up −1.00 σ"
    line = Arrangement((Handle(1, "A", 0, np.zeros(1, np.float32)),))
    session.set_model(model(1, has_prior=False), line, (0, 0))
    corners.coordinates.show_place(0.5, -1)
    assert corners.coordinates.text() == "z0 0.50 units"


# -- without a prior -------------------------------------------------------------------------


def test_without_a_prior_the_program_says_why_and_shows_the_range_of_the_data(
    qtbot: QtBot, tiny_model: "Model", tmp_path: Path
) -> None:
    from models.autoencoder import Autoencoder, Config
    from models.checkpoint import save

    config = Config(method="ae", image_shape=(1, 8, 8), latent_size=2, width=16, depth=1)
    mean = (100 + 40 * np.random.default_rng(0).standard_normal((300, 2))).astype(np.float32)
    label = np.zeros(300, np.int64)
    plain = replace(
        tiny_model,
        autoencoder=Autoencoder(config).eval().requires_grad_(False),
        points=Points(mean, np.zeros((300, 2), np.float32), label),
    )
    save(plain, tmp_path / "plain.safetensors")
    with opened(qtbot, tmp_path / "plain.safetensors") as found:
        window = found.window
        panel, corners = window.map_panel, window.map_area.corners
        left, bottom, right, top = panel.view.view.box
        inside = (mean > [left, bottom]).all(1) & (mean < [right, top]).all(1)
        assert inside.mean() > 0.95
        assert max(right - left, top - bottom) < 800  # and not much more than the data
        assert corners.note.isVisible()
        assert "No prior" in corners.note.text()
        assert "nothing to sample from" in corners.note.text()
        assert not panel.view.show_prior
        assert not corners._scale_bar.in_sigmas
        assert not window.actions_by_name["sampleLatent"].isEnabled()
        for name in ("prior", "posterior"):
            button = panel.findChild(QPushButton, f"layer-{name}")
            assert isinstance(button, QPushButton)
            assert not button.isEnabled()
            assert "prior" in button.toolTip()
        assert "σ" not in panel.handles.gauge.text()


def test_with_a_prior_there_is_nothing_to_explain(corners: MapCorners, session: Session) -> None:
    session.set_model(model(has_prior=False), three(), (0, 1))
    assert not corners.note.isHidden()
    session.set_model(model(), three(), (0, 1))
    assert corners.note.isHidden()
