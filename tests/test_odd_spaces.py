"""A line (K = 1) and a space of 512 dimensions: everything on the map works there too."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QPicture
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from explorer.crowd_image import Crowd, crowd_pixels
from explorer.map_drawing import Included, draw_map
from explorer.map_keys import ZOOM_A_NOTCH
from explorer.painting import pixels_image
from explorer.point_drawing import map_points_image, spread_off_line
from explorer.point_index import PointIndex
from explorer.viewport import Viewport
from explorer.widgets.map_view import MARGIN_LEFT_PX, MapView
from models.methods import MethodName
from models.points import Points
from tests.opened import PATIENCE_MS, Opened, opened
from tests.test_map_view import MOVE, NONE, PRESS, RELEASE, mouse

if TYPE_CHECKING:
    from models.model import Model


def file_of(tiny_model: "Model", size: int, folder: Path, method: MethodName = "vae") -> Path:
    """A model that has learnt nothing, of that many dimensions, with data around 0."""
    from models.autoencoder import Autoencoder, Config
    from models.checkpoint import save

    config = Config(
        method=method,
        image_shape=(1, 8, 8),
        latent_size=size,
        width=16,
        depth=1,
    )
    mean = np.random.default_rng(0).standard_normal((200, size)).astype(np.float32)
    points = Points(mean, np.zeros((200, size), np.float32), np.zeros(200, np.int64))
    autoencoder = Autoencoder(config).eval().requires_grad_(False)
    path = folder / f"{method}-{size}.safetensors"
    save(replace(tiny_model, autoencoder=autoencoder, points=points), path)
    return path


@pytest.mark.parametrize(("size", "method"), [(1, "vae"), (1, "ae"), (2, "ae"), (512, "vae")])
def test_hover_overview_scale_and_picture_work_in_every_space(
    qtbot: QtBot, tiny_model: "Model", tmp_path: Path, size: int, method: MethodName
) -> None:
    with opened(qtbot, file_of(tiny_model, size, tmp_path, method)) as found:
        window = found.window
        view, corners = window.map_panel.view, window.map_area.corners
        at = QPoint(MARGIN_LEFT_PX + 100, 100)
        mouse(view, MOVE, at, NONE, NONE)
        qtbot.waitUntil(lambda: view.lens is not None, timeout=PATIENCE_MS)
        assert corners.coordinates.isVisible()
        assert corners.coordinates.text().startswith(window.session.plane.across)
        assert (", " in corners.coordinates.text()) is (size > 1)
        unit = " σ" if method == "vae" else " units"
        assert corners.coordinates.text().endswith(unit)
        gauge = window.map_panel.handles.gauge
        assert gauge.text().endswith(unit)
        assert (f"{unit}   off plane " in gauge.text()) is (size > 2)
        longest = gauge.text().replace("  ", "  −−", 1)  # numbers of two digits, below 0
        assert gauge.fontMetrics().horizontalAdvance(longest) <= gauge.width()
        assert ("σ" if method == "vae" else "units") in gauge.toolTip()
        window.map_panel.near_wished.emit((0.5, -0.25))
        qtbot.waitUntil(lambda: len(window.look.near.rows) > 0, timeout=PATIENCE_MS)
        assert window.data_panel._title.text().endswith(unit)
        thumbnail = window.data_panel._thumbnail(0, 1.93)
        assert thumbnail.lines[-1] == f"1.93{unit}"
        assert corners._scale_bar.in_sigmas is (method == "vae")
        view.zoom(4)
        assert corners.minimap.isVisible()
        corners.minimap.grab()
        found.settle()
        with qtbot.waitSignal(window.services.exporting.drawn, timeout=PATIENCE_MS) as drawn:
            window.actions_by_name["copyMap"].trigger()
        assert drawn.args is not None
        assert drawn.args[0].width() == 2 * view.width()


def test_the_density_of_a_line_has_the_priors_curve_whether_or_not_its_sigmas_are_shown(
    qtbot: QtBot, tiny_model: "Model", tmp_path: Path
) -> None:
    with opened(qtbot, file_of(tiny_model, 1, tmp_path)) as found:
        window = found.window
        for prior in (True, False):
            layers = replace(window.session.layers, density=True, prior=prior)
            window.session.set_layers(layers)
            found.settle()
            assert window.map_panel.view.show_prior is prior
            assert window.overlays.contours.with_prior
            assert "Dashed" in window.overlays.legend.entries()[0].tip


def test_up_means_nothing_on_a_line(qtbot: QtBot, tiny_model: "Model", tmp_path: Path) -> None:
    with opened(qtbot, file_of(tiny_model, 1, tmp_path)) as found:
        window = found.window
        session, view = window.session, window.map_panel.view
        assert session.active is not None
        before = session.active.z.copy()
        view.nudged.emit(0.0, 0.5)
        np.testing.assert_array_equal(session.active.z, before)
        view.nudged.emit(0.5, 0.0)
        np.testing.assert_allclose(session.active.z, before + 0.5, atol=1e-6)
        whole = view.contents()
        assert whole.line_only


def test_any_two_of_512_dimensions_are_chosen(
    qtbot: QtBot, tiny_model: "Model", tmp_path: Path
) -> None:
    with opened(qtbot, file_of(tiny_model, 512, tmp_path)) as found:
        window = found.window
        across = window.findChild(QComboBox, "planeAcross")
        up = window.findChild(QComboBox, "planeUp")
        assert isinstance(across, QComboBox)
        assert isinstance(up, QComboBox)
        assert across.count() == up.count() == 512
        place = across.findText("z511")
        across.setCurrentIndex(place)
        across.activated.emit(place)
        assert window.session.axes[0] == 511
        assert window.session.plane.across == "z511"
        found.settle()
        mouse(window.map_panel.view, MOVE, QPoint(300, 100), NONE, NONE)
        assert window.map_area.corners.coordinates.text().startswith("z511")


def drag(view: MapView, start: QPoint, end: QPoint) -> None:
    """The left button is held from one place to another."""
    mouse(view, PRESS, start)
    mouse(view, MOVE, end)
    mouse(view, RELEASE, end, held=NONE)


def near_the_axis(view: MapView, notches: int = 15) -> None:
    """The wheel is turned over a place well below the middle of the map."""
    at = QPointF(MARGIN_LEFT_PX + 0.4 * view.view.width, 0.85 * view.view.height)
    for _ in range(notches):
        view.zoom(ZOOM_A_NOTCH, at)


def row_seen(found: Opened) -> tuple[int, QPoint]:
    """A point of which the pointer is sure, and where it is drawn in the map's own pixels."""
    view, index = found.window.map_panel.view, found.window.points.index
    assert index is not None
    pixels = view.view.spread.to_pixels(np.stack([index.x, index.y], 1))
    apart = np.hypot(*(pixels[:, None] - pixels[None]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    inside = ((pixels > 20) & (pixels < [view.view.width - 20, view.view.height - 20])).all(1)
    lone = np.where(inside & (abs(pixels[:, 1] - view.view.height / 2) > 40), apart.min(1), 0.0)
    at = int(lone.argmax())
    assert lone[at] > 2
    x, y = pixels[at].round().astype(int).tolist()
    return int(index.row[at]), QPoint(x + MARGIN_LEFT_PX, y)


def test_the_line_and_its_points_are_in_sight_however_near_it_is_looked_at(
    qtbot: QtBot, tiny_model: "Model", tmp_path: Path
) -> None:
    with opened(qtbot, file_of(tiny_model, 1, tmp_path)) as found:
        view, session = found.window.map_panel.view, found.window.session
        near_the_axis(view, 6)
        left, _, right, _ = view.view.box
        pixels = view.view.spread.to_pixels(view.points())
        across = (view.points()[:, 0] > left) & (view.points()[:, 0] < right)
        assert across.sum() > 10
        assert ((pixels[across, 1] > 0) & (pixels[across, 1] < view.view.height)).all()
        added = QPoint(MARGIN_LEFT_PX + 200, 40)
        QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=added)
        assert session.active is not None
        place = view.position_of(session.active)
        assert place.x() == added.x()
        assert abs(place.y() - view.view.height / 2) <= 1


def test_what_is_drawn_off_a_line_is_what_is_picked(
    qtbot: QtBot, tiny_model: "Model", tmp_path: Path
) -> None:
    with opened(qtbot, file_of(tiny_model, 1, tmp_path)) as found:
        window = found.window
        view = window.map_panel.view
        for notches in (0, 8):
            near_the_axis(view, notches)
            row, at = row_seen(found)
            mouse(view, MOVE, at, NONE, NONE)
            qtbot.waitUntil(lambda: window.look.row is not None, timeout=PATIENCE_MS)
            assert window.look.row == row
            shown = window.points.place_of(row, view.view)
            assert shown is not None
            np.testing.assert_allclose(
                view.view.pixel(*shown), [at.x() - MARGIN_LEFT_PX, at.y()], atol=1
            )
            window.map_area.hand.set_tool("rectangle")
            drag(view, QPoint(at.x() - 9, at.y() - 9), QPoint(at.x() + 9, at.y() + 9))
            found.settle()
            assert row in window.points.selection.rows
            window.map_area.hand.select_in_view()
            found.settle()
            left, _, right, _ = view.view.box
            assert window.points.index is not None
            x, rows = window.points.index.x, window.points.index.row
            across = np.sort(rows[(x >= left) & (x <= right)])
            np.testing.assert_array_equal(window.points.selection.rows, across)
            window.map_area.hand.set_tool("pan")


def test_a_crowd_lies_off_a_line_as_few_points_do(qapp: object) -> None:
    few = np.random.default_rng(0).normal(0, 1, (300, 1)).astype(np.float32)
    xy = spread_off_line(np.pad(few, ((0, 0), (0, 1))))
    colours = np.full((300, 3), 200, np.uint8)
    index = PointIndex.of(xy)
    for factor in (1.0, 40.0):
        view = Viewport(0.1, 0, 50 * factor, 300, 200, line=True).spread
        crowd = Crowd(index, colours)
        usual = map_points_image(view, xy, colours, 1.0, dark=True)
        drawn = pixels_image(crowd_pixels(crowd, view, 1.0, dark=True), 1.0)
        assert drawn == usual


def test_up_leads_nowhere_on_a_line_and_a_view_kept_with_it_is_brought_back(
    qtbot: QtBot, tiny_model: "Model", tmp_path: Path
) -> None:
    with opened(qtbot, file_of(tiny_model, 1, tmp_path)) as found:
        view = found.window.map_panel.view
        before = view.view
        assert view.fitted
        for key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            QTest.keyClick(view, key, Qt.KeyboardModifier.ControlModifier)
            QTest.keyClick(view, key, Qt.KeyboardModifier.AltModifier)
        drag(view, QPoint(300, 100), QPoint(300, 160))
        assert view.view == before
        assert view.fitted
        QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
        assert view.view.x > before.x
        found.window.opening.view_saved.emit(Viewport(0.2, 0.9, 300.0))
        assert (view.view.x, view.view.y, view.view.scale) == (0.2, 0.0, 300.0)


def test_the_overview_frames_what_is_in_sight_of_a_line(
    qtbot: QtBot, tiny_model: "Model", tmp_path: Path
) -> None:
    with opened(qtbot, file_of(tiny_model, 1, tmp_path)) as found:
        view, minimap = found.window.map_panel.view, found.window.map_area.corners.minimap
        assert not minimap.isVisible()
        near_the_axis(view)
        assert minimap.isVisible()
        frame = minimap.frame()
        assert frame.top() <= 1
        assert frame.bottom() >= minimap.height() - 1
        minimap.centre_wished.emit(0.3, 0.8)
        assert (view.view.x, view.view.y) == (0.3, 0.0)


def test_a_picture_of_the_line_has_its_points_where_the_map_has_them(
    qtbot: QtBot, tiny_model: "Model", tmp_path: Path
) -> None:
    with opened(qtbot, file_of(tiny_model, 1, tmp_path)) as found:
        view = found.window.map_panel.view
        near_the_axis(view, 8)
        whole = view.contents()
        bare = replace(
            whole,
            tiles=False,
            prior=False,
            path=whole.path[:0],
            markers=(),
            ellipses=(),
            below=QPicture(),
            above=QPicture(),
            on_top=QPicture(),
        )
        drawn = draw_map(bare, lambda tile: None, 1.0, Included(False, False, False))
        pixels = view.view.spread.to_pixels(whole.points)
        inside = ((pixels > 5) & (pixels < [drawn.width() - 5, drawn.height() - 5])).all(1)
        assert inside.sum() > 5
        ground = QColor(whole.colours.map).rgb()
        for x, y in pixels[inside].round().astype(int).tolist():
            assert drawn.pixel(x, y) != ground
