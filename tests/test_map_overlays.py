"""Overlays in the whole window: a press lays one over the map, and a legend says what it is."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QHelpEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QToolTip
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.legends import figure
from explorer.session import Layers
from models.checkpoint import save
from models.methods import MethodName
from models.model import Model
from models.points import Points
from tests.opened import PATIENCE_MS, Opened, opened
from tests.small_models import small_model

NAMES = ("density", "magnification", "field")


@pytest.fixture
def window(tiny_model_file: Path, qtbot: QtBot) -> Iterator[Opened]:
    with opened(qtbot, tiny_model_file) as found:
        yield found


def press(window: Opened, name: str) -> QPushButton:
    button = window.window.map_panel.findChild(QPushButton, f"layer-{name}")
    assert isinstance(button, QPushButton)
    button.click()
    window.settle()
    return button


def picture(window: Opened) -> QImage:
    return window.window.map_panel.view.grab().toImage()


def names(window: Opened) -> list[str]:
    return [entry.name for entry in window.window.overlays.legend.entries()]


@pytest.mark.parametrize("name", NAMES)
def test_a_press_lays_it_over_the_map_and_another_takes_it_away(window: Opened, name: str) -> None:
    bare = picture(window)
    button = press(window, name)
    assert button.isChecked()
    assert names(window) == [name]
    assert window.window.overlays.legend.isVisible()
    assert picture(window) != bare
    press(window, name)
    assert names(window) == []
    assert not window.window.overlays.legend.isVisible()
    window.qtbot.waitUntil(lambda: picture(window) == bare, timeout=PATIENCE_MS)


def test_the_ground_is_bare_once_the_mosaic_is_off(window: Opened) -> None:
    press(window, "points")
    press(window, "prior")
    view = window.window.map_panel.view
    press(window, "mosaic")
    corner = view.ground.bottomRight().toPoint() - QPoint(60, 40)
    shown = picture(window)
    colours = {
        shown.pixelColor(corner + QPoint(x, y)).name() for x in range(0, 50, 3) for y in range(30)
    }
    assert colours == {theme.colours().map}


def test_the_legend_tells_the_values_at_the_pointer(window: Opened) -> None:
    for name in NAMES:
        press(window, name)
    view, legend = window.window.map_panel.view, window.window.overlays.legend
    view.pointer_moved.emit(view.view.x + 0.2, view.view.y - 0.1)
    assert set(legend.here()) == set(NAMES)
    assert legend.here()["density"].endswith("× prior")
    for name, unit in (("magnification", " px²/σ²"), ("field", " σ")):
        assert legend.here()[name].endswith(unit)
        assert float(legend.here()[name].removesuffix(unit)) >= 0
    assert "here" in legend.accessibleDescription()
    view.pointer_left.emit()
    assert legend.here() == {}


def test_each_row_of_the_legend_explains_itself(
    window: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        press(window, name)
    legend, said = window.window.overlays.legend, list[str]()
    monkeypatch.setattr(QToolTip, "showText", lambda at, text, *_: said.append(text))
    for row in range(3):
        at = QPoint(30, 20 + 34 * row)
        QApplication.sendEvent(
            legend, QHelpEvent(QHelpEvent.Type.ToolTip, at, legend.mapToGlobal(at))
        )
    assert [any(word in tip for tip in said) for word in ("posterior", "det G", "decode(z)")]
    assert len(set(said)) == 3


def test_nothing_is_panned_or_put_behind_the_legend(window: Opened) -> None:
    press(window, "density")
    view, legend = window.window.map_panel.view, window.window.overlays.legend
    before, handles = view.view, window.handle_names()
    left, middle = Qt.MouseButton.LeftButton, legend.rect().center()
    QTest.mousePress(legend, left, pos=middle)
    QTest.mouseMove(legend, middle + QPoint(40, 40))
    QTest.mouseRelease(legend, left, pos=middle + QPoint(40, 40))
    QTest.mouseDClick(legend, left, pos=middle)
    assert view.view == before
    assert window.handle_names() == handles


def test_a_drag_changes_nothing_that_lies_still(window: Opened) -> None:
    for name in NAMES:
        press(window, name)
    session, overlays = window.window.session, window.window.overlays
    grid = overlays.heat.grid
    handle = session.active
    assert handle is not None
    session.begin_gesture("Drag")
    for step in range(5):
        moved = session.plane.move(handle.z, np.array([0.1 * step, 0.05], np.float32))
        session.set_latent(handle.key, moved)
    session.end_gesture()
    window.settle()
    assert overlays.heat.grid is grid


def test_zoomed_in_the_density_is_finer(window: Opened) -> None:
    press(window, "density")
    whole = window.window.overlays.contours.relief
    assert whole is not None
    window.window.map_panel.view.zoom(30)
    window.settle()
    near = window.window.overlays.contours.relief
    assert near is not None
    assert near.grid.cell[0] < whole.grid.cell[0] / 4
    window.window.map_panel.fit()
    window.settle()
    assert window.window.overlays.contours.relief is whole


def test_data_that_lies_elsewhere_has_another_density(window: Opened) -> None:
    press(window, "density")
    session, overlays = window.window.session, window.window.overlays
    assert session.model is not None
    points = session.model.points
    assert points is not None
    before = overlays.contours.relief
    session.set_points(replace(points, mean=points.mean + 5))
    window.settle()
    after = overlays.contours.relief
    assert before is not None
    assert after is not None
    assert after is not before
    assert after.grid.right > before.grid.right


def saved(folder: Path, points: Points | None, method: MethodName = "vae", size: int = 2) -> Path:
    autoencoder = small_model(method, latent_size=size).float()
    from models.preprocessing import Preprocessing

    path = folder / "small.safetensors"
    save(Model(autoencoder, Preprocessing(1, 8, 8), points=points), path)
    return path


def cloud(size: int = 2) -> Points:
    mean = np.random.default_rng(0).standard_normal((200, size)).astype(np.float32)
    return Points(mean, np.full((200, size), -2.0, np.float32))


def test_without_a_prior_there_is_a_density_and_it_says_why_no_holes(
    tmp_path: Path, qtbot: QtBot
) -> None:
    with opened(qtbot, saved(tmp_path, cloud(), "ae")) as window:
        button = press(window, "density")
        assert "no prior" in button.toolTip()
        (entry,) = window.window.overlays.legend.entries()
        assert [key.style for key in entry.keys] == ["solid"]
        assert "no prior" in entry.tip
        relief = window.window.overlays.contours.relief
        assert relief is not None
        assert relief.holes == ()


def test_without_data_there_is_no_density_and_the_button_says_so(
    tmp_path: Path, qtbot: QtBot
) -> None:
    with opened(qtbot, saved(tmp_path, None)) as window:
        button = window.window.map_panel.findChild(QPushButton, "layer-density")
        assert isinstance(button, QPushButton)
        assert not button.isEnabled()
        assert "no data" in button.toolTip()
        window.window.session.set_layers(Layers(density=True))
        window.settle()
        assert names(window) == []


@pytest.mark.parametrize("size", [1, 5])
def test_a_line_and_a_plane_of_many_dimensions_have_all_three(
    tmp_path: Path, qtbot: QtBot, size: int
) -> None:
    with opened(qtbot, saved(tmp_path, cloud(size), size=size)) as window:
        for name in NAMES:
            press(window, name)
        view = window.window.map_panel.view
        view.pointer_moved.emit(view.view.x, view.view.y)
        here = window.window.overlays.legend.here()
        assert set(here) == set(NAMES)
        assert ("off plane" in here["field"]) is (size > 2)
        assert here["field"].endswith(" σ")
        assert not picture(window).isNull()


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "0"), (3.14159, "3.1"), (0.0234, "0.023"), (446.2, "446"), (2.5e7, "2e+07")],
)
def test_figures_are_short(value: float, words: str) -> None:
    assert figure(value) == words
