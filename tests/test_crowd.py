"""Very many points: the picture of them, what stands while it is drawn, and the whole window."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from explorer.crowd_image import Crowd, crowd_pixels, unchosen_grey
from explorer.crowd_layer import CrowdLayer
from explorer.map_points import CROWD
from explorer.point_drawing import map_points_image
from explorer.point_index import PointIndex
from explorer.ringed_points import FEW_POINTS
from explorer.viewport import Viewport
from explorer.workers import Lane
from models.model import Model
from models.points import Points
from tests.opened import PATIENCE_MS, Opened, opened

VIEW = Viewport(0.1, -0.2, 90.0, 300, 200)


def crowd(count: int = 150_000, spread: float = 1.0) -> Crowd:
    """Points to the left of 0 in red, to the right in blue."""
    xy = np.random.default_rng(5).normal(0, spread, (count, 2)).astype(np.float32)
    colours = np.where(xy[:, :1] < 0, [[200, 0, 0]], [[0, 0, 200]]).astype(np.uint8)
    index = PointIndex.of(xy)
    return Crowd(index, colours[index.row])


def counted(found: Crowd, view: Viewport) -> np.ndarray:
    """How many points each pixel [H, W] has, one point after another."""
    out = np.zeros((view.height, view.width), np.int64)
    for x, y in np.floor(view.to_pixels(np.stack([found.index.x, found.index.y], 1))).tolist():
        if 0 <= x < view.width and 0 <= y < view.height:
            out[int(y), int(x)] += 1
    return out


def test_a_dense_picture_has_paint_where_there_are_points_and_more_where_there_are_more() -> None:
    found = crowd(spread=0.4)
    pixels, number = crowd_pixels(found, VIEW, 1.0, dark=True), counted(found, VIEW)
    alpha = pixels >> 24
    np.testing.assert_array_equal(alpha > 0, number > 0)
    order = np.argsort(number.ravel(), kind="stable")
    assert (np.diff(alpha.ravel()[order].astype(int)) >= 0).all()
    assert alpha.max() > 4 * alpha[alpha > 0].min()


def test_a_pixel_has_the_mean_colour_of_its_points() -> None:
    xy = np.zeros((200_000, 2), np.float32)
    colours = np.zeros((200_000, 3), np.uint8)
    colours[:50_000] = [240, 80, 40]
    index = PointIndex.of(xy)
    pixels = crowd_pixels(Crowd(index, colours[index.row]), Viewport(0, 0, 50, 41, 31), 1.0, True)
    assert (pixels != 0).sum() == 1
    value = int(pixels[15, 20])
    alpha = value >> 24
    channels = [(value >> shift) & 255 for shift in (16, 8, 0)]
    np.testing.assert_allclose(channels, np.array([60, 20, 10]) * alpha / 255, atol=1)


@pytest.mark.parametrize("count", [30, 5_000])
def test_few_points_are_discs_that_can_be_seen(count: int) -> None:
    found = crowd(count)
    number = counted(found, VIEW)
    painted = crowd_pixels(found, VIEW, 1.0, dark=True) != 0
    assert painted[number > 0].all()
    assert painted.sum() > 2 * (number > 0).sum()


def as_a_usual_set(found: Crowd, view: Viewport, dark: bool, ratio: float = 1.0) -> QImage:
    """The same points as they are drawn where they are not very many."""
    order = np.argsort(found.index.row)
    colours = found.colours.copy()
    if found.chosen is not None:
        colours[~found.chosen] = unchosen_grey(dark)
        order = np.lexsort((found.index.row, found.chosen))
    xy = np.stack([found.index.x, found.index.y], 1)[order]
    return map_points_image(view, xy, colours[order], ratio, dark)


def as_pixels(image: QImage) -> np.ndarray:
    bits = np.frombuffer(bytes(image.constBits()), np.uint32)
    return bits.reshape(image.height(), image.width())


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("ratio", [1.0, 2.0])
@pytest.mark.parametrize("selected", [False, True])
def test_of_very_many_the_few_in_sight_look_like_those_of_a_usual_set(
    dark: bool, ratio: float, selected: bool
) -> None:
    found = crowd()
    if selected:
        found = replace(found, chosen=found.index.x + found.index.y > 0.05)
    for zoom in (10, 40):  # some hundred, and some ten
        view = VIEW.zoomed(zoom, (160, 90))
        assert 20 < np.count_nonzero(counted(found, view)) < FEW_POINTS
        pixels = crowd_pixels(found, view, ratio, dark)
        np.testing.assert_array_equal(pixels, as_pixels(as_a_usual_set(found, view, dark, ratio)))


def test_what_is_in_sight_says_whether_points_are_ringed_and_not_the_margin() -> None:
    found, margin = crowd(), 100
    view = VIEW.zoomed(12, (160, 90))
    around = view.resized(view.width + 2 * margin, view.height + 2 * margin)
    inside = (slice(margin, -margin), slice(margin, -margin))
    few = crowd_pixels(found, around, 1.0, True, margin)[inside]
    np.testing.assert_array_equal(few, as_pixels(as_a_usual_set(found, view, True)))
    assert (few != crowd_pixels(found, around, 1.0, True)[inside]).any()  # all of it is in sight


def test_very_many_around_few_in_sight_are_not_ringed_each() -> None:
    far = np.random.default_rng(0).normal(2.0, 0.05, (50_000, 2)).astype(np.float32)
    xy = np.concatenate([np.zeros((3, 2), np.float32), far])
    index = PointIndex.of(xy)
    found = Crowd(index, np.full((len(xy), 3), 120, np.uint8))
    view = Viewport(0, 0, 100, 100, 100)
    around = view.resized(500, 500)
    pixels = crowd_pixels(found, around, 1.0, True, 200)
    assert not (pixels == 0xFFFFFFFF).any()  # no ring
    assert (crowd_pixels(found, view, 1.0, True) == 0xFFFFFFFF).any()


def test_what_is_far_outside_is_neither_seen_nor_in_the_way() -> None:
    xy = np.array([[0, 0], [1e9, 0], [-3e38, 3e38], [np.nan, 0], [0, -np.inf]], np.float32)
    index = PointIndex.of(xy)
    lone = Crowd(PointIndex.of(xy[:1]), np.full((1, 3), 200, np.uint8))
    many = Crowd(index, np.full((len(index), 3), 200, np.uint8))
    for view in (VIEW, replace(VIEW, scale=1e7, x=0.0, y=0.0)):
        np.testing.assert_array_equal(
            crowd_pixels(many, view, 1.0, True), crowd_pixels(lone, view, 1.0, True)
        )


def test_selected_points_keep_their_colour_and_stand_before_the_others() -> None:
    found = crowd()
    whole = crowd_pixels(found, VIEW, 1.0, dark=True)
    chosen = found.index.x > 0.5
    pixels = crowd_pixels(replace(found, chosen=chosen), VIEW, 1.0, dark=True)
    red = (pixels >> 16) & 255
    blue = pixels & 255
    middle = int(VIEW.pixel(0.5, 0)[0])
    assert (blue[:, middle + 2 :] > red[:, middle + 2 :])[whole[:, middle + 2 :] != 0].all()
    np.testing.assert_array_equal(red[:, : middle - 2], blue[:, : middle - 2])
    assert red[:, : middle - 2].max() <= unchosen_grey(True)


@pytest.fixture
def layer(qtbot: QtBot) -> Iterator[CrowdLayer]:
    parent, lane = QObject(), Lane()
    yield CrowdLayer(lane, parent)
    lane.stop()
    parent.deleteLater()


def drawn(layer: CrowdLayer, view: Viewport) -> QImage:
    image = QImage(view.width, view.height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor(0, 0, 0, 0))
    painter = QPainter(image)
    layer.draw(painter, view, True)
    painter.end()
    return image


def sharp(found: Crowd, view: Viewport) -> QImage:
    pixels = crowd_pixels(found, view, 1.0, True)
    kind = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(pixels.data, view.width, view.height, 4 * view.width, kind).copy()


def painted(image: QImage) -> float:
    """The share of pixels that have any paint."""
    bits = np.frombuffer(image.constBits(), np.uint32)
    return float((bits != 0).mean())


def test_a_layer_draws_nothing_until_its_picture_has_come(layer: CrowdLayer, qtbot: QtBot) -> None:
    found = crowd()
    layer.show(found)
    assert painted(drawn(layer, VIEW)) == 0
    with qtbot.waitSignal(layer.changed, timeout=PATIENCE_MS):
        assert layer.busy
    assert painted(drawn(layer, VIEW)) == painted(sharp(found, VIEW))


def test_while_a_person_moves_about_the_picture_that_is_there_moves_along(
    layer: CrowdLayer, qtbot: QtBot
) -> None:
    layer.show(crowd())
    drawn(layer, VIEW)
    qtbot.waitUntil(lambda: not layer.busy, timeout=PATIENCE_MS)
    before = drawn(layer, VIEW)
    panned = drawn(layer, VIEW.panned(-40, 25))
    assert panned.copy(0, 25, 260, 175) == before.copy(40, 0, 260, 175)
    for nearer in (VIEW.zoomed(3), VIEW.zoomed(0.4), VIEW.panned(400, 0).zoomed(0.5)):
        assert painted(drawn(layer, nearer)) > 0.01
    qtbot.waitUntil(lambda: not layer.busy, timeout=PATIENCE_MS)


def test_points_that_lie_elsewhere_leave_no_old_picture(layer: CrowdLayer, qtbot: QtBot) -> None:
    layer.show(crowd())
    drawn(layer, VIEW)
    qtbot.waitUntil(lambda: not layer.busy, timeout=PATIENCE_MS)
    layer.show(crowd(spread=0.2))
    assert painted(drawn(layer, VIEW)) == 0
    qtbot.waitUntil(lambda: not layer.busy, timeout=PATIENCE_MS)
    layer.show(None)
    assert painted(drawn(layer, VIEW)) == 0


@pytest.fixture(scope="module")
def many_points(tiny_model: Model) -> Model:
    """`tiny_model` with more points than are drawn in the GUI thread."""
    assert tiny_model.points is not None
    random, count = np.random.default_rng(1), CROWD + 5000
    rows = random.integers(0, len(tiny_model.points), count)
    mean = tiny_model.points.mean[rows] + random.normal(0, 0.1, (count, 2)).astype(np.float32)
    label = tiny_model.points.label
    assert label is not None
    points = Points(mean, tiny_model.points.log_variance[rows], label[rows])
    return replace(tiny_model, points=points)


@pytest.fixture
def bare(many_points: Model, tmp_path: Path, qtbot: QtBot) -> Iterator[Opened]:
    """A window with very many points on bare ground."""
    from models.checkpoint import save

    save(many_points, tmp_path / "many.safetensors")
    with opened(qtbot, tmp_path / "many.safetensors") as window:
        session = window.window.session
        session.set_layers(replace(session.layers, mosaic=False, prior=False))
        yield window


def seen(window: Opened) -> QImage:
    """The map once its points are drawn for what it shows now."""
    view = window.window.map_panel.view
    view.grab()
    window.settle()
    return view.grab().toImage()


def test_a_model_with_very_many_points_shows_them_on_the_map(bare: Opened) -> None:
    session, points = bare.window.session, bare.window.points
    shown = seen(bare)
    assert points.crowded
    assert not len(bare.window.map_panel.view.points())
    session.set_layers(session.layers.with_layer("points", False))
    assert bare.window.map_panel.view.grab().toImage() != shown
    session.set_layers(session.layers.with_layer("points", True))
    bare.settle()
    assert seen(bare) == shown
    session.set_layers(replace(session.layers, hidden_classes=frozenset({0, 1, 2})))
    bare.settle()
    assert points.index is not None
    assert not len(points.index)


def test_the_class_that_is_pointed_at_stands_out_of_very_many_for_as_long(
    bare: Opened, many_points: Model
) -> None:
    session, points = bare.window.session, bare.window.points
    before = seen(bare)
    points.point_at(1)
    bare.settle()
    crowd, data = points.layer.crowd, many_points.points
    assert crowd is not None
    assert crowd.chosen is not None
    assert data is not None
    assert data.label is not None
    np.testing.assert_array_equal(crowd.chosen, data.label[crowd.index.row] == 1)
    assert seen(bare) != before
    session.set_layers(session.layers.with_class(1, False))
    bare.settle()
    assert points.layer.crowd is not None
    assert points.layer.crowd.chosen is None  # it is not to be seen
    session.set_layers(session.layers.with_class(1, True))
    points.point_at(None)
    bare.settle()
    assert seen(bare) == before
