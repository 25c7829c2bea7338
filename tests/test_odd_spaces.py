"""A line (K = 1) and a space of 512 dimensions: everything on the map works there too."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from explorer.widgets.map_view import MARGIN_LEFT_PX
from models.methods import MethodName
from models.points import Points
from tests.opened import PATIENCE_MS, opened
from tests.test_map_view import MOVE, NONE, mouse

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
        across.setCurrentIndex(511)
        across.activated.emit(511)
        assert window.session.axes[0] == 511
        assert window.session.plane.across == "z511"
        found.settle()
        mouse(window.map_panel.view, MOVE, QPoint(300, 100), NONE, NONE)
        assert window.map_area.corners.coordinates.text().startswith("z511")
