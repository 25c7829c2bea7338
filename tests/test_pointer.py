"""What is told of the place under a resting pointer is told of that place as it is now."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QEnterEvent, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.lens import LENS_PX
from explorer.rendering import Slot
from explorer.theme import assets_folder
from explorer.widgets.map_view import MARGIN_LEFT_PX, MapView
from tests.opened import Opened, opened
from tests.test_map_view import MOVE, NONE, PRESS, RELEASE, mouse

AT = QPoint(MARGIN_LEFT_PX + 150, 120)


@pytest.fixture
def window(qtbot: QtBot, tiny_model_file: Path) -> Iterator[Opened]:
    with opened(qtbot, tiny_model_file) as found:
        yield found


@pytest.fixture
def conditional(qtbot: QtBot) -> Iterator[Opened]:
    with opened(qtbot, assets_folder() / "digits-by-class.safetensors") as found:
        yield found


def rest(window: Opened, at: QPoint = AT) -> MapView:
    """Let the pointer rest on the map until its lens is there."""
    view = window.window.map_panel.view
    mouse(view, MOVE, at, NONE, NONE)
    window.qtbot.waitUntil(lambda: view.lens is not None)
    return view


def told(window: Opened) -> list[float]:
    """The two numbers on the plate in the corner."""
    text = window.window.map_area.corners.coordinates.text()
    return [float(n.replace("−", "-")) for n in re.findall(r"[−0-9.]+(?=,| σ)", text)]


def is_true(window: Opened, at: QPoint) -> bool:
    """Whether plate and lens belong to that pixel of the map, in the slice on screen."""
    top = window.window
    place = top.map_panel.view._to_plane(at.toPointF())
    lens, z = top.decoding.lens_z, top.session.slice.lift(np.array(place, np.float32))
    plate = top.map_area.corners.coordinates
    same = plate.isVisible() and told(window) == pytest.approx(place, abs=0.006)
    return same and lens is not None and np.allclose(lens, z, atol=1e-5)


def see(window: Opened, at: QPoint = AT) -> None:
    window.qtbot.waitUntil(lambda: is_true(window, at))
    assert window.window.map_panel.view.lens is not None


def test_after_keys_have_panned_and_zoomed(window: Opened) -> None:
    view = rest(window)
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_Plus, Qt.Key.Key_Minus):
        QTest.keyClick(view, key)
        see(window)
    QTest.keyClick(view, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    see(window)


def test_after_the_plane_has_changed(window: Opened) -> None:
    rest(window)
    window.window.session.set_axes(1, 0)
    see(window)
    assert window.window.map_area.corners.coordinates.text().startswith("z1 ")


@pytest.mark.parametrize("tool", ["rectangle", "lasso"])
def test_after_an_area_was_drawn(window: Opened, tool: str) -> None:
    view = rest(window)
    window.window.map_area.hand.set_tool(tool)
    mouse(view, PRESS, AT)
    end = AT + QPoint(90, 60)
    mouse(view, MOVE, AT + QPoint(90, 0))
    mouse(view, MOVE, end)
    mouse(view, RELEASE, end, held=NONE)
    see(window, end)


@pytest.mark.parametrize("escape", [False, True])
def test_after_a_handle_was_dragged(window: Opened, escape: bool) -> None:
    view = window.window.map_panel.view
    start = view.position_of("B")
    rest(window, start)
    mouse(view, PRESS, start)
    end = start + QPoint(25, 15)
    mouse(view, MOVE, end)
    if escape:
        QTest.keyClick(view, Qt.Key.Key_Escape)
    else:
        mouse(view, RELEASE, end, held=NONE)
    see(window, end)


def test_the_legends_too(window: Opened) -> None:
    top = window.window
    top.session.set_layers(top.session.layers.with_layer("magnification", True))
    window.settle()
    view = rest(window)
    heard: list[tuple[float, float]] = []
    view.pointer_moved.connect(lambda x, y: heard.append((x, y)))
    QTest.keyClick(view, Qt.Key.Key_Plus)
    see(window)
    assert top.overlays._pointer == pytest.approx(view._to_plane(AT.toPointF()))
    assert heard


def test_on_a_legend_nothing_is_told_of_the_place_it_covers(window: Opened) -> None:
    top = window.window
    top.session.set_layers(top.session.layers.with_layer("magnification", True))
    window.settle()
    legend = top.overlays.legend
    beside = legend.geometry().topRight() + QPoint(5, 10)
    view = rest(window, beside)
    window.qtbot.waitUntil(lambda: bool(legend.here()))
    inside = QPointF(10, 10)
    QApplication.sendEvent(legend, QEnterEvent(inside, inside, inside))
    assert (view.lens, view.place, legend.here()) == (None, None, {})
    assert top.map_area.corners.coordinates.isHidden()
    assert top.look.row is None


def test_under_a_dragged_handle_nothing_is_asked_for_the_pointer(
    window: Opened, qtbot: QtBot
) -> None:
    view = window.window.map_panel.view
    start = view.position_of("A")
    rest(window, start)
    heard: list[object] = []
    mouse(view, PRESS, start)
    view.pointer_moved.connect(lambda *place: heard.append(place))
    for step in range(1, 6):
        with qtbot.waitSignal(window.window.session.picture_changed):
            mouse(view, MOVE, start + QPoint(3 * step, 0))
    assert not heard
    mouse(view, RELEASE, start + QPoint(15, 0), held=NONE)
    qtbot.waitUntil(lambda: len(heard) == 1)


def test_another_class_is_seen_under_the_lens(conditional: Opened) -> None:
    top = conditional.window
    rest(conditional)
    other = ((top.session.label or 0) + 1) % 10
    top.session.choose_class(other)

    def asked() -> bool:
        label = top.decoding._newest[Slot.LENS].label
        return label is not None and label.tolist() == [other]

    conditional.qtbot.waitUntil(asked)
    see(conditional)


def test_all_classes_follow_another_active_handle(conditional: Opened) -> None:
    top = conditional.window
    show_all_classes(conditional)
    view = rest(conditional)
    conditional.qtbot.waitUntil(lambda: top.map_area.classes._lens._under_way is None)
    seen: list[np.ndarray] = []
    top.services.decode_thread.decoded.connect(
        lambda result: (
            seen.append(result.request.z[0]) if result.request.slot is Slot.LENS else None
        )
    )
    z = top.session.slice.origin + 0.7
    top.session.add_handle(z.astype(np.float32), 3)
    place = np.array(view._to_plane(AT.toPointF()), np.float32)
    wanted = top.session.slice.lift(place)
    conditional.qtbot.waitUntil(lambda: bool(seen) and np.allclose(seen[-1], wanted, atol=1e-5))


def show_all_classes(window: Opened) -> None:
    button = window.window.map_area.classes.row.findChild(QPushButton, "allClasses")
    assert isinstance(button, QPushButton)
    button.click()


def crowd_with_overlays(window: Opened, size: tuple[int, int], every_class: bool) -> None:
    """A window of that size with all overlays on, and perhaps all classes at the pointer."""
    session = window.window.session
    window.window.resize(*size)
    session.set_layers(replace(session.layers, density=True, magnification=True, field=True))
    if every_class:
        show_all_classes(window)
    window.settle()


@pytest.mark.parametrize("size", [(1440, 900), (1100, 700), (900, 600)])
@pytest.mark.parametrize("every_class", [False, True])
def test_nothing_on_the_map_hides_the_lens(
    conditional: Opened, size: tuple[int, int], every_class: bool
) -> None:
    top = conditional.window
    crowd_with_overlays(conditional, size, every_class)
    view = rest(conditional)
    assert len(view.covered()) > 1
    for across, down in product((0.05, 0.3, 0.5, 0.6, 0.95), (0.05, 0.45, 0.55, 0.95)):
        at = QPointF(round(across * view.view.width), round(down * view.view.height))
        view._pointer = at + QPointF(MARGIN_LEFT_PX, 0)
        if top.map_area.overlays.legend.geometry().contains(view._pointer.toPoint()):
            continue  # there is no lens
        view.grab()  # which finds its place, and what is in its way
        QApplication.processEvents()
        box = view.lens_box
        assert view.ground.translated(-MARGIN_LEFT_PX, 0).contains(view.lens_outline)
        seen = view.grab(box.translated(MARGIN_LEFT_PX, 0).toRect()).toImage()
        drawn = QImage(seen.size(), QImage.Format.Format_RGB32)
        painter = QPainter(drawn)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        picture = view.lens
        assert picture is not None
        painter.drawImage(drawn.rect(), picture)
        painter.end()
        edge = drawn.rect().adjusted(3, 3, -3, -3)
        assert seen.convertToFormat(drawn.format()).copy(edge) == drawn.copy(edge), (across, down)


@pytest.mark.parametrize("size", [(1440, 900), (1100, 700), (900, 600)])
@pytest.mark.parametrize("every_class", [False, True])
def test_the_card_of_a_point_is_seen_beside_the_lens(
    conditional: Opened, size: tuple[int, int], every_class: bool
) -> None:
    top = conditional.window
    crowd_with_overlays(conditional, size, every_class)
    view, card = rest(conditional), top.map_area.hand._card
    assert (view.lens_box.width() > 1.5 * LENS_PX) is every_class
    card.lines = ("7  ·  #12345", "reconstruction", "KL 12.3 nats")
    ground = view.ground.translated(-MARGIN_LEFT_PX, 0)
    for across, down in product((0.05, 0.3, 0.5, 0.7, 0.95), (0.05, 0.3, 0.45, 0.55, 0.7, 0.95)):
        at = QPointF(across * ground.width(), down * ground.height())
        view._pointer = at + QPointF(MARGIN_LEFT_PX, 0)
        if top.map_area.overlays.legend.geometry().contains(view._pointer.toPoint()):
            continue
        x, y = view.view.to_plane([at.x(), at.y()])
        card.at = (float(x), float(y))
        view.grab()
        QApplication.processEvents()
        assert ground.contains(card.box)
        if size[0] > 900:  # on a smaller map there are places without room for both
            assert not card.box.intersects(view.lens_outline), (across, down)
        seen, box = view.grab().toImage(), card.box.translated(MARGIN_LEFT_PX, 0).toRect()
        edge = box.adjusted(4, 4, -4, -4)
        for corner in (edge.topLeft(), edge.topRight(), edge.bottomLeft(), edge.bottomRight()):
            assert seen.pixelColor(corner).name() == theme.colours().panel, (across, down)


def test_the_ring_of_a_point_hides_no_name_of_a_handle(window: Opened) -> None:
    view, hand = window.window.map_panel.view, window.window.map_area.hand
    at = view.position_of("A")

    def handle() -> QImage:
        return view.grab(QRect(at - QPoint(7, 7), at + QPoint(7, 7))).toImage()

    before = handle()
    hand._card.at = view._to_plane(QPointF(at))
    assert handle() == before
    hand._card.at = view._to_plane(QPointF(at) + QPointF(60, 0))
    assert view.grab().toImage() != before
