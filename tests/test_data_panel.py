"""Data on the map as a person uses it: hovered, clicked, selected, coloured, and its neighbours."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QSettings, Qt
from PySide6.QtGui import QContextMenuEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QLabel,
    QMenu,
    QPushButton,
    QToolButton,
)
from pytestqt.qtbot import QtBot

from explorer.panels.data_panel import distance_words
from explorer.rendering import DecodeRequest, DecodeResult, Slot
from explorer.settings import MOST_NAMED, Settings
from explorer.viewport import Viewport
from explorer.widgets.colour_choice import GradientLegend
from explorer.widgets.map_view import MARGIN_LEFT_PX
from models.checkpoint import save
from models.data import DataSet
from models.model import Model
from models.points import Points
from tests.opened import PATIENCE_MS, Opened, opened

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
KEYS = Qt.KeyboardModifier


@pytest.fixture
def window(at_hand: Path, qtbot: QtBot) -> Iterator[Opened]:
    with opened(qtbot, at_hand) as found:
        found.window.resize(1440, 900)
        found.window.docks.bring("data")
        look_at_the_data(found)
        yield found


@pytest.fixture
def away(tiny_model_file: Path, qtbot: QtBot) -> Iterator[Opened]:
    """A model whose data is not on this computer."""
    with opened(qtbot, tiny_model_file) as found:
        found.window.docks.bring("data")
        look_at_the_data(found)
        yield found


def look_at_the_data(window: Opened) -> None:
    """The map shows where most of the data lies, and its handles have left."""
    session, view = window.window.session, window.window.map_panel.view
    xy = session.plane.project(data_of(window).mean)
    for handle in session.arrangement.handles:
        session.set_latent(handle.key, handle.z + np.float32(100 * handle.key))
    low, high = np.percentile(xy, [10, 90], axis=0)
    window.settle()
    view.fit(low.tolist(), high.tolist())
    window.settle()


def data_of(window: Opened) -> Points:
    model = window.window.session.model
    assert model is not None
    assert model.points is not None
    return model.points


def lone_row(window: Opened) -> int:
    """A point that has no other and no handle near it."""
    session, view = window.window.session, window.window.map_panel.view
    xy = session.plane.project(data_of(window).mean)
    handles = session.plane.project(np.stack([h.z for h in session.arrangement.handles]))
    gaps = np.linalg.norm(xy[:, None] - np.concatenate([xy, handles])[None], axis=2)
    gaps[np.arange(len(xy)), np.arange(len(xy))] = np.inf
    left, bottom, right, top = view.view.box
    seen = (xy > [left, bottom]).all(1) & (xy < [right, top]).all(1)
    return int(np.argmax(np.where(seen, gaps.min(1), -1)))


def place_of(window: Opened, row: int) -> QPoint:
    session, view = window.window.session, window.window.map_panel.view
    x, y = session.plane.project(data_of(window).mean[row]).tolist()
    px, py = view.view.pixel(x, y)
    return QPoint(round(px) + MARGIN_LEFT_PX, round(py))


def mouse(
    window: Opened,
    kind: QEvent.Type,
    at: QPoint,
    button: Qt.MouseButton = LEFT,
    keys: Qt.KeyboardModifier = KEYS.NoModifier,
) -> None:
    view = window.window.map_panel.view
    where, held = QPointF(at), NONE if kind == QEvent.Type.MouseButtonRelease else LEFT
    held = NONE if button == NONE and kind == QEvent.Type.MouseMove else held
    event = QMouseEvent(kind, where, view.mapToGlobal(where), button, held, keys)
    QApplication.sendEvent(view, event)


def drag(
    window: Opened, *places: tuple[float, float], keys: Qt.KeyboardModifier = KEYS.NoModifier
) -> None:
    """From place to place of the ground, in shares of its width and height."""
    ground = window.window.map_panel.view.ground
    points = [
        QPoint(round(ground.left() + x * ground.width()), round(y * ground.height()))
        for x, y in places
    ]
    mouse(window, QEvent.Type.MouseButtonPress, points[0], keys=keys)
    for at in points[1:]:
        for share in (0.5, 1.0):
            mouse(window, QEvent.Type.MouseMove, at if share == 1 else at - QPoint(1, 1))
    mouse(window, QEvent.Type.MouseButtonRelease, points[-1], keys=keys)


def button(window: Opened, name: str) -> QPushButton:
    found = window.window.findChild(QPushButton, name)
    assert isinstance(found, QPushButton)
    return found


def test_a_hovered_point_has_a_card_with_its_original_image(
    window: Opened, tiny_data: DataSet
) -> None:
    look, row = window.window.look, lone_row(window)
    mouse(window, QEvent.Type.MouseMove, place_of(window, row), NONE)
    window.qtbot.waitUntil(
        lambda: look.picture is not None and look.picture.original, timeout=PATIENCE_MS
    )
    assert look.row == row
    assert look.picture is not None
    np.testing.assert_array_equal(
        look.picture.image[..., 0], np.asarray(tiny_data.train.images)[row, 0]
    )
    card = window.window.map_area.hand._card
    assert tiny_data.train.labels is not None
    label = tiny_data.class_names[tiny_data.train.labels[row]]
    kl = float(data_of(window).kl()[row])
    assert card.lines == (f"{label}  ·  #{row}", "original", f"KL {kl:.1f} nats")
    assert window.window.map_panel.view._hover_ellipse is not None
    QApplication.sendEvent(window.window.map_panel.view, QEvent(QEvent.Type.Leave))
    assert look.row is None
    assert card.at is None


def test_a_card_says_how_many_points_lie_there_that_nobody_can_tell_apart(window: Opened) -> None:
    view, card = window.window.map_panel.view, window.window.map_area.hand._card
    row, count = lone_row(window), len(data_of(window))
    mouse(window, QEvent.Type.MouseMove, place_of(window, row), NONE)
    window.qtbot.waitUntil(lambda: card.at is not None, timeout=PATIENCE_MS)
    assert not any("points" in line for line in card.lines)
    view.zoom(1e-4)
    window.settle()
    mouse(window, QEvent.Type.MouseMove, place_of(window, row), NONE)
    window.qtbot.waitUntil(lambda: card.at is not None, timeout=PATIENCE_MS)
    assert card.lines[:2] == (f"1 of {count:,} points here:", "zoom in to part them")
    window.window.look.hover(0)  # its place is the same on screen
    assert card.lines[0].startswith(f"1 of {count:,} points here")


def test_points_at_exactly_one_place_are_not_promised_to_part(window: Opened) -> None:
    session, card = window.window.session, window.window.map_area.hand._card
    data = data_of(window)
    mean = data.mean.copy()
    mean[:5] = mean[0] + 50
    session.set_points(replace(data, mean=mean))
    window.settle()
    window.window.look.hover(2)
    assert card.lines[:2] == ("1 of 5 points here", "in one exact place")


def test_data_found_before_the_reconstruction_came_shows_the_original(
    at_hand: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(qtbot, at_hand) as found:
        look, images = found.window.look, found.window.images
        monkeypatch.setattr(found.window.services.decode_thread, "submit", lambda request: None)
        assert not images.known
        look.hover(3)
        qtbot.waitUntil(
            lambda: look.picture is not None and look.picture.original, timeout=PATIENCE_MS
        )


def test_where_the_data_is_not_at_hand_a_card_says_reconstruction(away: Opened) -> None:
    look, row = away.window.look, lone_row(away)
    mouse(away, QEvent.Type.MouseMove, place_of(away, row), NONE)
    away.qtbot.waitUntil(lambda: look.picture is not None, timeout=PATIENCE_MS)
    assert "reconstruction" in away.window.map_area.hand._card.lines
    away.qtbot.waitUntil(lambda: away.window.images.known, timeout=PATIENCE_MS)
    assert not away.window.images.at_hand


def test_a_click_puts_a_handle_with_its_image_on_the_point(
    window: Opened, tiny_data: DataSet
) -> None:
    session, row = window.window.session, lone_row(window)
    window.qtbot.waitUntil(lambda: window.window.images.at_hand, timeout=PATIENCE_MS)
    count = len(session.arrangement.handles)
    with window.qtbot.waitSignal(window.window.look.placed, timeout=PATIENCE_MS):
        QTest.mouseClick(window.window.map_panel.view, LEFT, pos=place_of(window, row))
    assert len(session.arrangement.handles) == count + 1
    handle = session.active
    assert handle is not None
    assert handle.image is not None
    np.testing.assert_allclose(handle.z, data_of(window).mean[row], atol=0.02)
    np.testing.assert_array_equal(
        handle.image.pixels[..., 0], np.asarray(tiny_data.train.images)[row, 0]
    )
    assert {"elbo", "reconstruction", "kl"} <= set(handle.image.terms)
    session.undo_stack.undo()
    assert len(session.arrangement.handles) == count


def test_a_click_on_bare_ground_does_nothing_and_a_drag_from_a_point_pans(window: Opened) -> None:
    session, view = window.window.session, window.window.map_panel.view
    before, at = session.arrangement, view.view
    QTest.mouseClick(view, LEFT, pos=QPoint(MARGIN_LEFT_PX + 3, 3))
    assert session.arrangement is before
    assert view.view == at
    drag(window, (0.5, 0.5), (0.6, 0.4))
    assert view.view != at
    assert session.arrangement is before


def test_a_double_click_on_a_point_is_one_handle_and_no_question(away: Opened) -> None:
    session, view = away.window.session, away.window.map_panel.view
    at, count = place_of(away, lone_row(away)), len(session.arrangement.handles)
    QTest.mouseClick(view, LEFT, pos=at)
    mouse(away, QEvent.Type.MouseButtonDblClick, at)
    mouse(away, QEvent.Type.MouseButtonRelease, at)
    away.settle()
    assert len(session.arrangement.handles) == count + 1
    assert away.window.findChild(QDialog, "renameDialog") is None


def test_a_double_click_on_a_point_whose_image_is_at_hand_is_one_handle_too(
    window: Opened,
) -> None:
    session, view = window.window.session, window.window.map_panel.view
    window.qtbot.waitUntil(lambda: window.window.images.at_hand, timeout=PATIENCE_MS)
    at, count = place_of(window, lone_row(window)), len(session.arrangement.handles)
    with window.qtbot.waitSignal(window.window.look.placed, timeout=PATIENCE_MS):
        QTest.mouseClick(view, LEFT, pos=at)  # it is being encoded while the second click comes
        mouse(window, QEvent.Type.MouseButtonDblClick, at)
        mouse(window, QEvent.Type.MouseButtonRelease, at)
        assert len(session.arrangement.handles) == count
    window.settle()
    assert len(session.arrangement.handles) == count + 1
    assert session.active is not None
    assert session.active.image is not None
    assert window.window.findChild(QDialog, "renameDialog") is None
    bare, _ = bare_place(window)
    QTest.mouseClick(view, LEFT, pos=bare)
    mouse(window, QEvent.Type.MouseButtonDblClick, bare)
    mouse(window, QEvent.Type.MouseButtonRelease, bare)
    assert len(session.arrangement.handles) == count + 2


def test_the_keyboard_puts_handles_on_one_near_point_after_another(away: Opened) -> None:
    session, data = away.window.session, data_of(away)
    first = session.active
    assert first is not None
    for _ in range(3):
        with away.qtbot.waitSignal(away.window.look.placed, timeout=PATIENCE_MS):
            away.window.actions_by_name["handleOnPoint"].trigger()
        handle = session.active
        assert handle is not None
        gaps = np.abs(data.mean - handle.z).max(1)
        assert gaps.min() == 0
    places = np.stack([handle.z for handle in session.arrangement.handles])
    assert len(np.unique(places, axis=0)) == len(places)


@pytest.mark.parametrize(
    ("tool", "shape"),
    [
        ("rectangle", [(0.3, 0.2), (0.7, 0.8)]),
        ("lasso", [(0.3, 0.2), (0.7, 0.3), (0.6, 0.8), (0.25, 0.6)]),
    ],
)
def test_a_tool_selects_what_lies_in_the_area(
    window: Opened, tool: str, shape: list[tuple[float, float]]
) -> None:
    view, points = window.window.map_panel.view, window.window.points
    chosen = window.window.findChild(QToolButton, f"tool-{tool}")
    assert isinstance(chosen, QToolButton)
    chosen.click()
    before = view.view
    outlines: list[np.ndarray] = []
    view.area_drawn.connect(lambda corners, how: outlines.append(corners))
    with window.qtbot.waitSignal(points.selection_changed, timeout=PATIENCE_MS):
        drag(window, *shape)
    assert view.view == before
    xy = window.window.session.plane.project(data_of(window).mean)
    inside = [row for row, (x, y) in enumerate(xy.tolist()) if _within(outlines[0], x, y)]
    assert points.selection.rows.tolist() == inside
    assert 0 < len(inside) < len(xy)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.area.kind == "pan"
    pan = window.window.findChild(QToolButton, "tool-pan")
    assert isinstance(pan, QToolButton)
    assert pan.isChecked()


def _within(outline: np.ndarray, x: float, y: float) -> bool:
    odd = False
    for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if min(y0, y1) <= y < max(y0, y1) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
            odd = not odd
    return odd


def test_shift_adds_and_control_takes_away(window: Opened) -> None:
    points, halves = window.window.points, []
    window.window.actions_by_name["rectangleTool"].trigger()
    for left, right in ((0.0, 0.5), (0.5, 1.0)):
        with window.qtbot.waitSignal(points.selection_changed, timeout=PATIENCE_MS):
            drag(window, (left, 0.0), (right, 1.0))
        halves.append(set(points.selection.rows.tolist()))
    with window.qtbot.waitSignal(points.selection_changed, timeout=PATIENCE_MS):
        drag(window, (0.0, 0.0), (0.5, 1.0), keys=KEYS.ShiftModifier)
    assert set(points.selection.rows.tolist()) == halves[0] | halves[1]
    with window.qtbot.waitSignal(points.selection_changed, timeout=PATIENCE_MS):
        drag(window, (0.5, 0.0), (1.0, 1.0), keys=KEYS.ControlModifier)
    assert set(points.selection.rows.tolist()) == halves[0] - halves[1]
    window.window.actions_by_name["selectNone"].trigger()
    assert not len(points.selection)


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (0.0, "0"),
        (3.51e-05, "<0.001"),
        (0.00676, "0.00676"),
        (0.011, "0.0110"),
        (0.99996, "1.00"),
        (12.34, "12.3"),
        (123.4, "123"),
        (999.7, "1,000"),
        (1.2e6, "1,200,000"),
    ],
)
def test_a_distance_has_three_digits_and_no_power(distance: float, words: str) -> None:
    assert distance_words(distance) == words


def select_class(window: Opened, label: int) -> None:
    from explorer.selection import Selection

    labels = data_of(window).label
    assert labels is not None
    window.window.points.select(Selection(np.flatnonzero(labels == label)))


def test_the_panel_counts_by_class_and_makes_handles_of_selections(window: Opened) -> None:
    session, data = window.window.session, data_of(window)
    assert data.label is not None
    for name in ("selectionMean", "selectionKeep", "selectionPath", "selectionPlane"):
        assert not button(window, name).isEnabled()
    select_class(window, 1)
    counts = window.window.findChild(QLabel, "selectionCounts")
    assert isinstance(counts, QLabel)
    assert "of each class" in counts.toolTip()
    assert "down" in counts.text()
    assert f"<b>{int((data.label == 1).sum())}</b>" in counts.text()
    button(window, "selectionMean").click()
    window.settle()
    assert session.active is not None
    means = [data.mean[data.label == label].mean(0) for label in range(3)]
    np.testing.assert_allclose(session.active.z, means[1], atol=1e-5)
    assert "Needs two selections" in button(window, "selectionPath").toolTip()
    button(window, "selectionKeep").click()
    assert not len(window.window.points.selection)
    kept = window.window.findChild(QLabel, "selectionFirst")
    assert isinstance(kept, QLabel)
    assert kept.text() == f"First: {int((data.label == 1).sum())} points"
    assert "Now select the second" in counts.text()
    select_class(window, 2)
    assert "Needs" not in button(window, "selectionPath").toolTip()
    steps = session.undo_stack.count()
    button(window, "selectionPath").click()
    window.settle()
    first, second = session.arrangement.handles[-2:]
    np.testing.assert_allclose(first.z, means[1], atol=1e-5)
    np.testing.assert_allclose(second.z, means[2], atol=1e-5)
    assert session.undo_stack.count() == steps + 1
    assert not button(window, "selectionPlane").isEnabled()  # K = 2 has but one plane
    button(window, "selectionClear").click()
    assert window.window.points.kept is None


def test_neighbours_are_the_nearest_of_all_data_and_one_becomes_a_handle(window: Opened) -> None:
    session, data = window.window.session, data_of(window)
    handle = session.active
    assert handle is not None
    session.set_latent(handle.key, np.array([0.4, -0.3], np.float32))
    window.qtbot.waitUntil(lambda: not window.window.look.waiting, timeout=PATIENCE_MS)
    shown = window.window.data_panel.neighbours.items()
    far = np.linalg.norm(data.mean - np.array([0.4, -0.3]), axis=1)
    wanted = np.argsort(far, kind="stable")[: len(shown)]
    assert [item.key for item in shown] == wanted.tolist()
    assert [item.lines[1] for item in shown] == [f"{distance_words(far[row])} σ" for row in wanted]
    assert all(item.picture is not None and "(original)" in item.tip for item in shown)
    with window.qtbot.waitSignal(window.window.look.placed, timeout=PATIENCE_MS):
        QTest.keyClick(window.window.data_panel.neighbours, Qt.Key.Key_Right)
        QTest.keyClick(window.window.data_panel.neighbours, Qt.Key.Key_Return)
    assert session.active is not None
    np.testing.assert_allclose(session.active.z, data.mean[wanted[1]], atol=0.02)


def test_reconstructions_that_come_late_take_no_place_of_originals(window: Opened) -> None:
    """They were asked for before the data was found, and decoded after all else on the map."""
    look, model = window.window.look, window.window.session.model
    assert model is not None
    row = lone_row(window)
    look.hover(row)
    window.qtbot.waitUntil(lambda: look.picture is not None and look.picture.original)
    window.qtbot.waitUntil(
        lambda: (
            not look.waiting
            and bool(look.near.pictures)
            and all(picture.original for picture in look.near.pictures.values())
        ),
        timeout=PATIENCE_MS,
    )
    near = look.near
    for slot, rows in ((Slot.NEIGHBOURS, near.rows), (Slot.CARD, np.array([row]))):
        request = DecodeRequest(slot, model.key, data_of(window).mean[rows], ticket=rows)
        blank = np.zeros((len(rows), 8, 8, 1), np.uint8)
        window.window.services.decode_thread.decoded.emit(DecodeResult(request, 0, blank, 0.001))
    assert all(picture.original for picture in look.near.pictures.values())
    assert look.picture is not None
    assert look.picture.original


def test_without_the_data_neighbours_are_reconstructions(away: Opened) -> None:
    away.qtbot.waitUntil(
        lambda: away.window.images.known and not away.window.look.waiting, timeout=PATIENCE_MS
    )
    shown = away.window.data_panel.neighbours.items()
    assert shown
    assert all(item.picture is not None and "(reconstruction)" in item.tip for item in shown)


def colour_by(window: Opened, key: str) -> None:
    combo = window.window.findChild(QComboBox, "colourBy")
    assert isinstance(combo, QComboBox)
    place = combo.findData(key)
    combo.setCurrentIndex(place)
    combo.activated.emit(place)


def test_points_are_coloured_by_what_is_chosen_and_the_legend_says_its_range(
    window: Opened,
) -> None:
    session, view = window.window.session, window.window.map_panel.view
    session.set_layers(replace(session.layers, mosaic=False))
    legend = window.window.findChild(GradientLegend, "valueLegend")
    assert isinstance(legend, GradientLegend)
    assert not legend.isVisible()
    by_class = view.grab().toImage()
    colour_by(window, "kl")
    low, high = np.percentile(data_of(window).kl(), [1, 99])
    assert legend.isVisible()
    assert legend.text() == f"{low:.3g} nats to {high:.3g} nats"
    assert view.grab().toImage() != by_class
    colour_by(window, "z0")
    assert "nats" not in legend.text()
    colour_by(window, "class")
    assert not legend.isVisible()
    assert view.grab().toImage() == by_class


def test_elbo_is_measured_when_it_is_asked_for(window: Opened) -> None:
    session = window.window.session
    window.qtbot.waitUntil(lambda: window.window.images.at_hand, timeout=PATIENCE_MS)
    with window.qtbot.waitSignal(window.window.images.measured, timeout=PATIENCE_MS) as heard:
        colour_by(window, "elbo")
    assert heard.args is not None
    assert heard.args[0]["elbo"].shape == (len(data_of(window)),)
    assert session.layers.colour_by == "elbo"


def test_a_card_tells_the_value_that_points_are_coloured_by(window: Opened) -> None:
    images, card = window.window.images, window.window.map_area.hand._card
    window.qtbot.waitUntil(lambda: images.at_hand, timeout=PATIENCE_MS)
    row = lone_row(window)
    mouse(window, QEvent.Type.MouseMove, place_of(window, row), NONE)
    window.qtbot.waitUntil(lambda: "original" in card.lines, timeout=PATIENCE_MS)
    with window.qtbot.waitSignal(images.measured, timeout=PATIENCE_MS) as heard:
        colour_by(window, "elbo")
    assert heard.args is not None
    elbo, error = (heard.args[0][name][row] for name in ("elbo", "reconstruction"))
    window.window.look.hover(row)  # a map that rests has another look at the pointer's place
    assert card.lines[-1] == f"ELBO {elbo:.1f} nats".replace("-", "−")
    colour_by(window, "reconstruction")
    assert card.lines[-1] == f"error {error:.1f} nats"
    colour_by(window, "class")
    assert card.lines[-1].startswith("KL ")


def test_measuring_asks_for_no_more_room_than_a_legend(window: Opened) -> None:
    bar, images = window.window.map_panel.colours, window.window.images
    window.qtbot.waitUntil(lambda: images.at_hand, timeout=PATIENCE_MS)
    before = bar.minimumSizeHint(), bar.sizeHint()
    colour_by(window, "elbo")
    bar.show_progress(100, 100)
    assert button(window, "cancelMeasuring").isVisible()
    assert (bar.minimumSizeHint(), bar.sizeHint()) == before
    button(window, "cancelMeasuring").click()
    assert (bar.minimumSizeHint(), bar.sizeHint()) == before


def test_measuring_that_is_left_changes_no_colour(window: Opened) -> None:
    session, images = window.window.session, window.window.images
    window.qtbot.waitUntil(lambda: images.at_hand, timeout=PATIENCE_MS)
    colour_by(window, "elbo")
    button(window, "cancelMeasuring").click()
    assert not images.measuring
    assert session.layers.colour_by == "class"
    assert not button(window, "cancelMeasuring").isVisible()


def test_what_needs_images_that_are_not_at_hand_cannot_be_chosen_and_says_why(
    away: Opened,
) -> None:
    away.qtbot.waitUntil(lambda: away.window.images.known, timeout=PATIENCE_MS)
    combo = away.window.findChild(QComboBox, "colourBy")
    assert isinstance(combo, QComboBox)
    for key, allowed in (("kl", True), ("elbo", False), ("reconstruction", False)):
        item = combo.model().index(combo.findData(key), 0)
        assert bool(item.flags() & Qt.ItemFlag.ItemIsEnabled) == allowed
        if not allowed:
            assert "on this computer" in combo.itemData(item.row(), Qt.ItemDataRole.ToolTipRole)


@pytest.mark.parametrize("latent_size", [1, 512])
def test_very_few_and_very_many_dimensions_can_be_looked_at_and_picked(
    latent_size: int, tmp_path: Path, qtbot: QtBot
) -> None:
    import torch

    from models.autoencoder import Autoencoder, Config
    from models.preprocessing import Preprocessing

    torch.manual_seed(0)
    config = Config(image_shape=(1, 8, 8), latent_size=latent_size, width=16, depth=1)
    mean = np.random.default_rng(0).normal(size=(60, latent_size)).astype(np.float32)
    mean[0], mean[1], mean[2] = 1e9, np.inf, np.nan
    model = Model(
        Autoencoder(config).eval().requires_grad_(False),
        Preprocessing(1, 8, 8),
        points=Points(mean, np.full_like(mean, -2.0)),
    )
    save(model, tmp_path / "odd.safetensors")
    with opened(qtbot, tmp_path / "odd.safetensors") as window:
        view, points = window.window.map_panel.view, window.window.points
        window.window.docks.bring("data")
        view.set_view(Viewport(0, 0, 60))
        window.settle()
        assert points.index is not None
        assert len(points.index) >= 58
        colour_by(window, "kl")
        colour_by(window, f"z{latent_size - 1}")
        window.window.actions_by_name["selectInView"].trigger()
        window.settle()
        assert 40 < len(points.selection) <= 60
        qtbot.waitUntil(lambda: len(window.window.look.near.rows) > 0, timeout=PATIENCE_MS)
        view.grab()
        assert not window.heard.complaints


def test_the_plane_along_two_selections_is_no_plane_of_handles(qtbot: QtBot) -> None:
    from explorer.theme import assets_folder

    with opened(qtbot, assets_folder() / "digits-by-class.safetensors") as found:
        select_class(found, 1)
        button(found, "selectionKeep").click()
        select_class(found, 2)
        button(found, "selectionPlane").click()
        found.settle()
        kind = found.window.findChild(QComboBox, "planeKind")
        assert isinstance(kind, QComboBox)
        assert kind.currentText() == "Selections"
        session, data = found.window.session, data_of(found)
        assert data.label is not None
        along = data.mean[data.label == 2].mean(0) - data.mean[data.label == 1].mean(0)
        across, up = (session.plane.basis @ along).tolist()
        assert (across, up) == pytest.approx((float(np.linalg.norm(along)), 0.0), abs=1e-4)
        found.settle()


# -- the data nearest a place ----------------------------------------------------------------


def title(window: Opened) -> str:
    found = window.window.findChild(QLabel, "nearestTitle")
    assert isinstance(found, QLabel)
    return found.text()


def shown_rows(window: Opened) -> list[int]:
    """The neighbours in the panel, once they are found."""
    window.qtbot.waitUntil(lambda: not window.window.look.waiting, timeout=PATIENCE_MS)
    return [item.key for item in window.window.data_panel.neighbours.items()]


def nearest_rows(window: Opened, z: np.ndarray) -> list[int]:
    far = np.linalg.norm(data_of(window).mean - z, axis=1)
    wanted = np.argsort(far, kind="stable")[: len(window.window.look.near.rows)]
    return [int(row) for row in wanted]


def handle_z(window: Opened) -> np.ndarray:
    handle = window.window.session.active
    assert handle is not None
    return handle.z


def bare_place(window: Opened) -> tuple[QPoint, np.ndarray]:
    """A place of the map without a point, in pixels and as a latent."""
    view = window.window.map_panel.view
    for x in range(MARGIN_LEFT_PX + 60, int(view.ground.right()) - 60, 7):
        at = QPoint(x, int(view.ground.height() / 3))
        place = view.view.to_plane([at.x() - MARGIN_LEFT_PX, at.y()])
        if window.window.points.near(float(place[0]), float(place[1]), view.view) is None:
            return at, window.window.session.slice.lift(np.asarray(place, np.float32))
    raise AssertionError("points everywhere")


def ask_nearest(window: Opened, at: QPoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pointer is there, and Shift+D is pressed."""
    view = window.window.map_panel.view
    monkeypatch.setattr(view, "underMouse", lambda: True)
    mouse(window, QEvent.Type.MouseMove, at, NONE)
    QTest.keyClick(view, Qt.Key.Key_D, KEYS.ShiftModifier)


def test_the_key_shows_the_data_nearest_the_pointer_and_escape_that_of_the_handle(
    window: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.window.docks.bring("path")
    before, (at, z) = window.window.session.arrangement, bare_place(window)
    ask_nearest(window, at, monkeypatch)
    assert shown_rows(window) == nearest_rows(window, z)
    x, y = (f"{value:.2f}".replace("-", "−") for value in z.tolist())
    shown = title(window).removeprefix("Nearest data to ").split(", ")
    assert [part[:4] for part in shown] == [x[:4], y[:4]]
    assert window.window.map_area.hand._mark.at == pytest.approx(tuple(z.tolist()), abs=1e-5)
    assert not window.window.data_panel.visibleRegion().isEmpty()  # it came to the front
    assert window.window.session.arrangement is before
    QTest.keyClick(window.window.map_panel.view, Qt.Key.Key_Escape)
    assert title(window) == "Nearest data to A"
    assert window.window.map_area.hand._mark.at is None
    assert shown_rows(window) == nearest_rows(window, handle_z(window))


def test_the_tool_shows_the_data_nearest_what_is_clicked(window: Opened) -> None:
    """With the mouse alone, again and again, until it is put away."""
    top, view = window.window, window.window.map_panel.view
    top.docks.bring("path")
    before, (at, z) = top.session.arrangement, bare_place(window)
    tool = top.findChild(QToolButton, "tool-nearest")
    assert isinstance(tool, QToolButton)
    QTest.mouseClick(tool, LEFT)
    assert "Click a place" in top.messages.text()
    QTest.mouseClick(view, LEFT, pos=at)
    assert shown_rows(window) == nearest_rows(window, z)
    assert not top.data_panel.visibleRegion().isEmpty()
    row = lone_row(window)
    QTest.mouseClick(view, LEFT, pos=place_of(window, row))
    assert title(window) == f"Nearest data to image #{row}"
    assert shown_rows(window) == nearest_rows(window, data_of(window).mean[row])
    QTest.mouseDClick(view, LEFT, pos=at)
    assert top.session.arrangement is before  # neither a click nor two put a handle there
    middle, seen = view.ground.center().toPoint(), view.view
    QTest.mousePress(view, LEFT, pos=middle)
    QTest.mouseMove(view, middle + QPoint(40, 0))
    QTest.mouseRelease(view, LEFT, pos=middle + QPoint(40, 0))
    assert view.view != seen  # a drag pans
    assert title(window) == f"Nearest data to image #{row}"
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.area.kind == "pan"
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert title(window) == "Nearest data to A"


def test_the_key_works_while_the_panel_has_the_keys(
    window: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    top, (at, z) = window.window, bare_place(window)
    top.show_data()
    monkeypatch.setattr(top.map_panel.view, "underMouse", lambda: True)
    mouse(window, QEvent.Type.MouseMove, at, NONE)
    heights = top.data_panel.neighbours.geometry()
    QTest.keyClick(top.data_panel.neighbours, Qt.Key.Key_D, KEYS.ShiftModifier)
    assert shown_rows(window) == nearest_rows(window, z)
    assert top.data_panel.neighbours.geometry() == heights  # and nothing jumps
    QTest.keyClick(top.data_panel.neighbours, Qt.Key.Key_Escape)
    assert title(window) == "Nearest data to A"


def test_no_title_makes_the_panel_ask_for_more_room(
    away: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled_without_data(away)
    panel, before = away.window.data_panel, away.window.data_panel.minimumSizeHint().width()
    ask_nearest(away, bare_place(away)[0], monkeypatch)
    assert button(away, "nearestBack").isVisible()
    assert button(away, "chooseOriginals").isVisible()
    room = button(away, "nearestBack").sizeHint().width() + 20
    assert panel.minimumSizeHint().width() <= before + room
    away.window.resize(1100, 700)
    away.settle()
    docks = away.window.docks.by_name
    assert not docks["data"].geometry().intersects(docks["dimensions"].geometry())


def test_over_a_point_they_are_the_points_own_neighbours(
    window: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = lone_row(window)
    ask_nearest(window, place_of(window, row), monkeypatch)
    assert title(window) == f"Nearest data to image #{row}"
    assert shown_rows(window) == nearest_rows(window, data_of(window).mean[row])
    assert window.window.data_panel.neighbours.items()[0].lines[1] == "0 σ"


def test_a_moved_handle_and_the_button_lead_back(
    window: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, (at, _) = window.window.session, bare_place(window)
    back = button(window, "nearestBack")
    assert session.active is not None
    for way_back in (
        back.click,
        lambda: session.set_latent(1, np.array([0.3, 0.2], np.float32)),
        lambda: session.set_active(2),
        lambda: session.set_plane(replace(session.plane)),
    ):
        assert back.isHidden()
        ask_nearest(window, at, monkeypatch)
        assert back.isVisible()
        assert back.text() == f"Back to {session.active.name}"
        way_back()
        assert session.active is not None
        assert title(window) == f"Nearest data to {session.active.name}"
        assert shown_rows(window) == nearest_rows(window, handle_z(window))


def test_without_a_pointer_it_is_the_middle_of_the_map(
    window: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = window.window.map_panel.view
    monkeypatch.setattr(view, "underMouse", lambda: False)
    view.set_view(replace(view.view, x=40.0, y=-3.0))
    QTest.keyClick(view, Qt.Key.Key_D, KEYS.ShiftModifier)
    assert shown_rows(window) == nearest_rows(window, np.array([40.0, -3.0]))


def test_a_right_click_offers_the_neighbours_of_what_is_there(
    window: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    menus: list[QMenu] = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, where: menus.append(menu))
    view, row, (at, z) = window.window.map_panel.view, lone_row(window), bare_place(window)

    def choose(where: QPoint, text: str) -> None:
        QApplication.sendEvent(
            view, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, where, view.mapToGlobal(where))
        )
        next(action for action in menus[-1].actions() if action.text() == text).trigger()

    choose(at, "Nearest data to this place")
    assert shown_rows(window) == nearest_rows(window, z)
    assert not [text for a in menus[-1].actions() if "image" in (text := a.text())]
    choose(place_of(window, row), "Nearest data to this place")  # beside the point, that is
    assert "image" not in title(window)
    choose(place_of(window, row), f"Nearest data to image #{row}")
    assert shown_rows(window) == nearest_rows(window, data_of(window).mean[row])
    window.window.session.set_latent(2, z)
    choose(place_of(window, row), f"Nearest data to image #{row}")
    choose(view.position_of("B"), "Nearest data to B")
    assert title(window) == "Nearest data to B"
    assert shown_rows(window) == nearest_rows(window, z)
    for menu in menus:
        menu.deleteLater()


def test_off_the_plane_a_place_is_what_the_decoder_draws_there(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from explorer.theme import assets_folder

    with opened(qtbot, assets_folder() / "digits-by-class.safetensors") as found:
        found.window.docks.bring("data")
        session = found.window.session
        session.set_latent(1, np.array([0, 0, 2.5, -2.5], np.float32))
        found.settle()
        at, z = bare_place(found)
        ask_nearest(found, at, monkeypatch)
        i, j = session.axes
        off = [k for k in range(4) if k not in (i, j)]
        np.testing.assert_array_equal(z[off], handle_z(found)[off])
        assert shown_rows(found) == nearest_rows(found, z)
        found.settle()


def test_in_the_embedding_the_key_is_for_the_image_that_is_picked(
    window: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = window.window
    top.centre.setCurrentWidget(top.embedding_panel)
    QTest.keyClick(top.embedding_panel.view, Qt.Key.Key_D, KEYS.ShiftModifier)
    assert "Point at an image" in top.messages.text()
    assert title(window) == "Nearest data to A"
    monkeypatch.setattr(top.embedding_panel, "picked_row", lambda: 7)
    QTest.keyClick(top.embedding_panel.view, Qt.Key.Key_D, KEYS.ShiftModifier)
    assert title(window) == "Nearest data to image #7"
    assert shown_rows(window) == nearest_rows(window, data_of(window).mean[7])
    top.centre.show_map()


# -- data that a person names ----------------------------------------------------------------


def named_data(tiny_data: DataSet, path: Path, train: np.ndarray | None = None) -> Path:
    """The data of the model, or other images of it, in a file by another name."""
    assert tiny_data.train.labels is not None
    assert tiny_data.held_out.labels is not None
    images = np.asarray(tiny_data.train.images)[:, 0] if train is None else train
    np.savez(
        path,
        x_train=images,
        y_train=tiny_data.train.labels[: len(images)],
        x_test=np.asarray(tiny_data.held_out.images)[:10, 0],
        y_test=tiny_data.held_out.labels[:10],
    )
    return path


def choose_data(window: Opened, path: Path) -> None:
    """By the button's menu and the file chooser, as the keyboard does."""
    choose = button(window, "chooseOriginals")
    menu = choose.menu()
    assert menu is not None
    menu.actions()[0 if path.is_dir() else 1].trigger()
    dialog = window.window.findChild(QFileDialog, "originalsDialog")
    assert isinstance(dialog, QFileDialog)
    dialog.fileSelected.emit(str(path))
    dialog.close()
    window.qtbot.waitUntil(lambda: not window.window.images.looking, timeout=PATIENCE_MS)


def settled_without_data(window: Opened) -> None:
    window.qtbot.waitUntil(
        lambda: window.window.images.known and not window.window.look.waiting, timeout=PATIENCE_MS
    )


def test_data_that_is_named_by_hand_brings_the_original_images(
    away: Opened, tiny_data: DataSet, tmp_path: Path
) -> None:
    settled_without_data(away)
    choose = button(away, "chooseOriginals")
    assert choose.isVisible()
    assert choose.toolTip()
    assert choose.focusPolicy() & Qt.FocusPolicy.TabFocus
    choose_data(away, named_data(tiny_data, tmp_path / "elsewhere.npz"))
    assert away.window.images.at_hand
    assert not choose.isVisible()
    shown_rows(away)
    look = away.window.look
    assert all(picture.original for picture in look.near.pictures.values())
    row = int(look.near.rows[0])
    np.testing.assert_array_equal(
        look.near.pictures[row].image[..., 0], np.asarray(tiny_data.train.images)[row, 0]
    )
    assert "elsewhere" in away.window.messages.text()
    assert not away.heard.complaints


def test_a_model_that_comes_back_has_the_data_that_was_named(
    away: Opened, tiny_data: DataSet, tmp_path: Path
) -> None:
    settled_without_data(away)
    choose_data(away, named_data(tiny_data, tmp_path / "elsewhere.npz"))
    session = away.window.session
    assert session.model is not None
    with away.qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        away.window.opening.open_model(session.model.path)
    away.settle()
    away.qtbot.waitUntil(lambda: away.window.images.at_hand, timeout=PATIENCE_MS)


def reopened(model: Path, qtbot: QtBot) -> AbstractContextManager[Opened]:
    """The next start of the program."""
    return opened(qtbot, model, remembering=True)


def source_words(window: Opened) -> str:
    """Where the pictures of the neighbours come from, as the panel says it."""
    window.window.docks.bring("data")
    settled_without_data(window)
    return window.window.data_panel._source.text()


def test_data_that_was_named_is_remembered_while_it_is_there_and_fits(
    qtbot: QtBot, tiny_model_file: Path, tiny_data: DataSet, tmp_path: Path
) -> None:
    data = named_data(tiny_data, tmp_path / "elsewhere.npz")
    with opened(qtbot, tiny_model_file) as first:
        assert "not at hand" in source_words(first)
        choose_data(first, data)
    with reopened(tiny_model_file, qtbot) as second:
        assert source_words(second) == "images of elsewhere"
        assert second.window.images.at_hand
        assert not button(second, "chooseOriginals").isVisible()
        assert "elsewhere" not in second.window.messages.text()
    away = data.rename(tmp_path / "away.npz")
    with reopened(tiny_model_file, qtbot) as third:
        assert source_words(third) == "reconstructions: elsewhere.npz is not there any more"
        assert str(data) in third.window.data_panel._source.toolTip()
        assert button(third, "chooseOriginals").isVisible()
        assert not third.heard.complaints
    named_data(tiny_data, data, 255 - np.asarray(tiny_data.train.images)[:, 0])
    with reopened(tiny_model_file, qtbot) as fourth:
        assert source_words(fourth) == "reconstructions: elsewhere.npz holds other images now"
        assert not fourth.window.images.at_hand
        assert not fourth.heard.complaints
        choose_data(fourth, away)
        assert source_words(fourth) == "images of away"
    with reopened(tiny_model_file, qtbot) as fifth:
        assert source_words(fifth) == "images of away"


def test_a_session_names_the_data_that_was_named(
    qtbot: QtBot, tiny_model_file: Path, tiny_data: DataSet, tmp_path: Path
) -> None:
    data = named_data(tiny_data, tmp_path / "elsewhere.npz")
    path = tmp_path / "kept.latent.json"
    with opened(qtbot, tiny_model_file) as first:
        source_words(first)
        choose_data(first, data)
        top = first.window
        with qtbot.waitSignal(top.services.library.session_saved, timeout=PATIENCE_MS):
            top.opening.save_to(path, top.map_panel.viewport())
    with opened(qtbot, path) as elsewhere:  # whose settings know nothing of it
        assert source_words(elsewhere) == "images of elsewhere"
    (tmp_path / "moved").mkdir()
    for file in (path, data):
        file.rename(tmp_path / "moved" / file.name)
    with opened(qtbot, tmp_path / "moved" / path.name) as moved:
        assert source_words(moved) == "images of elsewhere"


def test_the_data_of_the_models_named_last_is_remembered(qapp: QApplication) -> None:
    settings = Settings()
    QSettings("latent-explorer", "latent-explorer").clear()
    assert settings.named_data() == {}
    for number in range(MOST_NAMED + 3):
        settings.add_named_data(Path(f"/m{number}"), Path(f"/d{number}"))
    settings.add_named_data(Path("/m3"), Path("/other"))
    found = Settings().named_data()
    assert len(found) == MOST_NAMED
    assert next(iter(found.items())) == (Path("/m3"), Path("/other"))
    assert Path("/m2") not in found
    assert found[Path("/m4")] == Path("/d4")
    QSettings("latent-explorer", "latent-explorer").setValue("namedData", "spoilt")
    assert Settings().named_data() == {}


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("inverted", "are not those of the points"),
        ("large", "16×16 in grey brought to 8×8 in grey"),
        ("few", "has 80 images, 10 of them held out; the model's 150 points"),
        ("folder", "no"),
    ],
)
def test_other_data_is_refused_in_one_message_and_nothing_changes(
    away: Opened, tiny_data: DataSet, tmp_path: Path, kind: str, told: str
) -> None:
    settled_without_data(away)
    images = np.asarray(tiny_data.train.images)[:, 0]
    path = tmp_path / "wrong.npz"
    if kind == "folder":
        path = tmp_path / "empty"
        path.mkdir()
    else:
        large = np.pad(images, ((0, 0), (0, 8), (0, 8)))
        named_data(tiny_data, path, {"inverted": 255 - images, "few": images[:70]}.get(kind, large))
        if kind == "large":
            np.savez(path, x_train=np.concatenate([large, large]))
    before, near = away.seen(), away.window.look.near.rows
    choose_data(away, path)
    (complaint,) = away.heard.complaints
    assert told in complaint
    assert path.stem in complaint
    images_at_hand, choose = away.window.images, button(away, "chooseOriginals")
    assert images_at_hand.known
    assert not images_at_hand.at_hand
    assert choose.isVisible()
    assert shown_rows(away)
    np.testing.assert_array_equal(away.window.look.near.rows, near)
    after = away.seen()
    assert (after.model, after.arrangement, after.steps) == (
        before.model,
        before.arrangement,
        before.steps,
    )


def test_with_the_data_at_hand_there_is_nothing_to_choose(window: Opened) -> None:
    window.qtbot.waitUntil(lambda: window.window.images.at_hand, timeout=PATIENCE_MS)
    assert not button(window, "chooseOriginals").isVisible()
