"""The plane chooser: every kind of plane is chosen, kept as it was made, or says why it cannot."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PySide6.QtCore import QObject, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QAction, QStandardItemModel
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLabel,
    QMenu,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
)
from pytestqt.qtbot import QtBot

from explorer.arrangement import Arrangement, EncodedImage, Handle
from explorer.crowd_image import unchosen_grey
from explorer.map_points import MapPoints
from explorer.panels.map_panel import MapPanel
from explorer.plane_laying import PlaneLaying
from explorer.rendering import ModelInfo
from explorer.selection import Selection
from explorer.session import Session
from explorer.session_file import SUFFIX
from explorer.theme import assets_folder, class_colour
from explorer.widgets.map_view import MARGIN_LEFT_PX
from explorer.workers import Lane
from models.planes import PLANE_KINDS, Floats, Plane, class_plane
from models.points import Points
from tests.fakes import HeldLane, PromptLane, info
from tests.opened import PATIENCE_MS, Opened, opened

K = 4
popup = pytest.mark.qt_log_ignore(r"does not support (raise|grabbing the keyboard)", extend=True)


class NoPictures(QObject):
    """In the place of decoding and mosaic: nothing is ever decoded."""

    lens_changed = Signal(object)
    tiles_changed = Signal()
    settled = Signal()
    busy = comes_at_once = False

    def image(self, tile: object) -> None:
        """There are no tiles."""

    def look(self, *asked: object) -> None:
        """Nobody draws what is looked at."""

    look_at = look

    def fitting_tile_px(self, view: object, tile_px: float, ratio: float) -> float:
        """Any size will do."""
        return tile_px


def points(classes: int = 3) -> Points:
    random = np.random.default_rng(0)
    label = np.arange(90) % classes
    mean = random.standard_normal((90, K)) * [2, 1, 0.5, 0.2] + 3 * np.eye(K)[label]
    return Points(mean.astype(np.float32), np.zeros((90, K), np.float32), label)


def model(**values: Any) -> ModelInfo:
    found = info(K)
    return replace(found, points=points(), class_names=("0", "1", "2"), **values)


def handles(*latents: Floats) -> Arrangement:
    return Arrangement(
        tuple(
            Handle(key, "ABCDE"[key - 1], key - 1, np.asarray(z, np.float32))
            for key, z in enumerate(latents, start=1)
        )
    )


@pytest.fixture
def session(qtbot: QtBot) -> Session:
    return Session()


@pytest.fixture
def panel(qtbot: QtBot, session: Session) -> Iterator[MapPanel]:
    none, lane = NoPictures(), Lane()
    points = MapPoints(session, lane, session)
    planes = PlaneLaying(session, points, PromptLane(), session)  # type: ignore[arg-type] # a fake
    found = MapPanel(session, none, none, points, planes)  # type: ignore[arg-type] # a fake
    qtbot.addWidget(found)
    found.resize(900, 500)
    found.show()
    session.set_model(model(), handles(*np.eye(K, dtype=np.float32)[:3]), (0, 1))
    points.select(Selection(np.arange(0, 90, 3)))
    points.keep_selection()
    points.select(Selection(np.arange(1, 90, 3)))
    yield found
    lane.stop()
    found.close()


def chooser(panel: MapPanel) -> QComboBox:
    found = panel.findChild(QComboBox, "planeKind")
    assert isinstance(found, QComboBox)
    return found


def choose(panel: MapPanel, kind: str) -> None:
    """As a person does with the keyboard in the list."""
    combo = chooser(panel)
    combo.setCurrentIndex(combo.findData(kind))
    combo.activated.emit(combo.currentIndex())


def reasons(panel: MapPanel) -> dict[str, str]:
    """Which kinds cannot be chosen, and why."""
    combo = chooser(panel)
    items = cast("QStandardItemModel", combo.model())
    found = [(combo.itemData(at), items.item(at)) for at in range(combo.count())]
    return {kind: item.toolTip() for kind, item in found if kind and not item.isEnabled()}


def shown(panel: MapPanel) -> set[str]:
    """What of the chooser is to be seen."""
    names = ("planeAcross", "planeUp", "planeName", "planeRoll")
    widgets = [widget for name in names for widget in panel.findChildren(QObject, name)]
    return {
        widget.objectName()
        for widget in widgets
        if isinstance(widget, QComboBox | QLabel | QPushButton) and not widget.isHidden()
    }


OWN = {
    "axes": {"planeAcross", "planeUp"},
    "principal": {"planeName"},
    "handles": {"planeName"},
    "selections": {"planeName"},
    "classes": {"planeName"},
    "random": {"planeRoll"},
}


@pytest.mark.parametrize("kind", PLANE_KINDS)
def test_each_kind_is_chosen_and_shows_what_belongs_to_it(
    panel: MapPanel, session: Session, kind: str
) -> None:
    before = session.arrangement
    choose(panel, "random" if kind == "axes" else "axes")
    choose(panel, kind)
    assert session.plane.kind == kind
    assert chooser(panel).currentData() == kind
    assert shown(panel) == OWN[kind]
    assert session.arrangement is before
    assert session.undo_stack.count() == 0
    for word in (session.plane.across, session.plane.up):
        assert word in panel.view.accessibleDescription()
        assert word in panel.handles.gauge.toolTip()


def test_a_place_on_the_map_is_where_a_handle_projects_to(
    panel: MapPanel, session: Session
) -> None:
    for kind in PLANE_KINDS:
        choose(panel, kind)
        for handle in session.arrangement.handles:
            x, y = session.plane.project(handle.z).tolist()
            at = panel.view.view.pixel(x, y)
            drawn = QPointF(panel.view.position_of(handle))
            assert (drawn - QPointF(at[0] + MARGIN_LEFT_PX, at[1])).manhattanLength() <= 2


@pytest.mark.parametrize("kind", PLANE_KINDS)
def test_a_drag_keeps_what_lies_off_the_plane_and_the_gauge_shows_it(
    panel: MapPanel, session: Session, kind: str
) -> None:
    choose(panel, kind)
    session.set_latent(1, np.array([1, -2, 0.5, 2.5], np.float32))
    assert session.active is not None
    off = session.plane.residual(session.active.z)
    panel.view.handle_pressed.emit(1)
    panel.view.handle_moved.emit(1, 0.25, -0.5)
    panel.view.handle_released.emit(1)
    np.testing.assert_allclose(session.plane.project(session.active.z), [0.25, -0.5], atol=1e-5)
    np.testing.assert_allclose(session.plane.residual(session.active.z), off, atol=1e-5)
    assert f"off plane {np.linalg.norm(off):.2f} σ" in panel.handles.gauge.text()


def test_a_plane_of_handles_stays_until_it_is_chosen_again(
    panel: MapPanel, session: Session
) -> None:
    choose(panel, "handles")
    plane = session.plane
    session.set_latent(2, np.array([0, 2, 0, 1], np.float32))
    session.rename_handle(2, "other")
    session.remove_handle(3)
    session.undo_stack.undo()
    assert session.plane is plane
    choose(panel, "handles")
    assert session.plane is not plane
    assert session.plane.name == "A, other, C"
    for handle in session.arrangement.handles:
        assert session.lies_on_plane(handle)


def test_of_many_handles_the_plane_holds_the_active_one_and_the_next_two(
    panel: MapPanel, session: Session
) -> None:
    random = np.random.default_rng(1).standard_normal((5, K)).astype(np.float32)
    session.set_arrangement("Five", handles(*random))
    session.set_active(4)
    choose(panel, "handles")
    assert session.plane.name == "D, E, A"
    on = [handle.name for handle in session.arrangement.handles if session.lies_on_plane(handle)]
    assert on == ["A", "D", "E"]


def test_handles_on_one_line_are_refused_and_the_plane_stays(
    panel: MapPanel, session: Session, qtbot: QtBot
) -> None:
    step = np.ones(K, np.float32)
    session.set_arrangement("Line", handles(0 * step, step, 2 * step))
    choose(panel, "principal")
    plane = session.plane
    with qtbot.waitSignal(panel.failed) as told:
        choose(panel, "handles")
    assert told.args == [
        "A, B and C lie on one line, which many planes hold; move one of them off it"
    ]
    assert session.plane is plane
    assert chooser(panel).currentData() == "principal"


def test_the_plane_along_two_selections_is_called_by_its_own_name(
    panel: MapPanel, session: Session
) -> None:
    mean = points().mean
    choose(panel, "selections")
    assert session.plane.kind == "selections"
    assert session.plane.name == "selection 1 → 2"
    assert session.plane.across == "from selection 1 to selection 2"
    assert chooser(panel).currentText() == "Selections"
    along = mean[1::3].mean(0) - mean[0::3].mean(0)
    across, up = (session.plane.basis @ along).tolist()
    assert (across, up) == pytest.approx((float(np.linalg.norm(along)), 0.0), abs=1e-5)
    np.testing.assert_allclose(session.plane.residual(mean.mean(0)), np.zeros(K), atol=1e-5)
    panel._points.select(Selection())
    assert "Data panel" in reasons(panel)["selections"]
    assert session.plane.kind == "selections"  # it stays


def test_selections_with_one_mean_are_refused_in_their_own_words(
    panel: MapPanel, session: Session, qtbot: QtBot
) -> None:
    panel._points.select(Selection(np.arange(0, 90, 3)))  # the first selection once more
    with qtbot.waitSignal(panel.failed) as told:
        choose(panel, "selections")
    assert "select other points" in told.args[0]
    assert session.plane.kind == "axes"


def test_another_roll_is_another_plane(panel: MapPanel, session: Session) -> None:
    choose(panel, "random")
    plane, roll = session.plane, panel.findChild(QPushButton, "planeRoll")
    assert isinstance(roll, QPushButton)
    roll.setFocus()
    QTest.keyClick(roll, Qt.Key.Key_Space)
    assert session.plane.kind == "random"
    assert not np.allclose(session.plane.basis, plane.basis)


def test_axes_come_back_as_they_were(panel: MapPanel, session: Session) -> None:
    session.set_axes(3, 1)
    choose(panel, "principal")
    choose(panel, "axes")
    assert session.plane.name == "z3 × z1"
    assert session.oblique is None
    choose(panel, "random")
    session.set_axes(3, 1)
    assert session.plane.name == "z3 × z1"
    up = panel.findChild(QComboBox, "planeUp")
    assert isinstance(up, QComboBox)
    up.setCurrentIndex(3)
    up.activated.emit(3)
    assert session.axes == (1, 3)  # the other's dimension swaps the two


def test_the_plane_of_classes_follows_the_legend(
    qtbot: QtBot, panel: MapPanel, session: Session
) -> None:
    choose(panel, "classes")
    assert "3 classes" in session.plane.across
    before, steps = session.arrangement, session.undo_stack.count()
    chip = panel.findChild(QToolButton, "class-1")
    assert isinstance(chip, QToolButton)
    chip.click()
    assert "2 classes" in session.plane.across
    data = points()
    assert data.label is not None
    shown = data.label != 1
    of_two = class_plane(data.mean[shown], data.label[shown]).basis
    np.testing.assert_array_equal(session.plane.basis, of_two)
    assert session.arrangement is before
    assert session.undo_stack.count() == steps
    with qtbot.waitSignal(panel.said) as said:
        session.set_layers(replace(session.layers, hidden_classes=frozenset({1, 2})))
    assert "two classes" in said.args[0]
    np.testing.assert_array_equal(session.plane.basis, of_two)  # it stays
    assert "legend" in reasons(panel)["classes"]
    session.set_layers(replace(session.layers, hidden_classes=frozenset()))
    assert "3 classes" in session.plane.across


def test_the_class_that_is_pointed_at_keeps_its_colour_and_lies_on_top(
    panel: MapPanel, session: Session
) -> None:
    panel._points.forget_selections()
    before, colour = panel.view._points.colours.copy(), class_colour(1)
    of_class = colour.red(), colour.green(), colour.blue()
    panel._legend.pointed.emit(1)
    colours = panel.view._points.colours
    assert (colours[-30:] == of_class).all()
    assert (colours[:-30] == unchosen_grey(panel.view.ground_dark)).all()
    panel._legend.pointed.emit(None)
    np.testing.assert_array_equal(panel.view._points.colours, before)


def test_many_classes_are_hidden_in_one_step(panel: MapPanel, session: Session) -> None:
    told: list[frozenset[int]] = []
    session.layers_changed.connect(lambda: told.append(session.layers.hidden_classes))
    panel._legend.hidden_wished.emit(frozenset({0, 2}))
    assert told == [frozenset({0, 2})]


def test_another_plane_does_not_follow_the_legend(panel: MapPanel, session: Session) -> None:
    choose(panel, "random")
    before = session.plane
    session.set_layers(replace(session.layers, hidden_classes=frozenset({1})))
    assert session.plane is before


def test_what_cannot_be_chosen_says_why(panel: MapPanel, session: Session) -> None:
    assert reasons(panel) == {}
    session.remove_handle(2)
    assert reasons(panel) == {"handles": "Needs three handles; there are 2"}
    session.undo_stack.undo()
    assert reasons(panel) == {}
    unlabelled = replace(points(), label=None)
    session.set_points(unlabelled)
    assert "none" in reasons(panel).pop("classes")
    session.set_model(replace(model(), points=None), handles(), (0, 1))
    found = reasons(panel)
    assert set(found) == {"principal", "handles", "selections", "classes"}
    assert "data" in found["principal"]
    assert chooser(panel).isEnabled()


@pytest.mark.parametrize("size", [1, 2])
def test_in_few_dimensions_there_is_nothing_to_choose(
    panel: MapPanel, session: Session, size: int
) -> None:
    session.set_model(info(size), Arrangement(), (0, size - 1))
    assert set(reasons(panel)) == set(PLANE_KINDS) - {"axes"}
    assert chooser(panel).isEnabled()  # for the embedding alone
    assert f"K = {size}" in chooser(panel).toolTip()
    session.set_model(model(), handles(), (0, 1))
    assert "K =" not in chooser(panel).toolTip()


def test_other_weights_leave_the_plane(panel: MapPanel, session: Session) -> None:
    choose(panel, "principal")
    plane, shifted = session.plane, points()
    shifted = replace(shifted, mean=shifted.mean[:, ::-1].copy())
    session.set_weights(replace(model(), points=shifted))
    assert session.plane is plane
    choose(panel, "principal")
    np.testing.assert_allclose(session.plane.basis, plane.basis[:, ::-1], atol=1e-4)


def test_bringing_to_the_plane_is_one_step(panel: MapPanel, session: Session, qtbot: QtBot) -> None:
    choose(panel, "random")
    session.set_latent(1, np.array([1, -2, 0.5, 2.5], np.float32))
    before, steps = session.arrangement, session.undo_stack.count()
    at = session.plane.project(before.handles[0].z)
    panel.bring_to_plane(1)
    brought = session.arrangement.handles[0]
    assert session.lies_on_plane(brought)
    np.testing.assert_allclose(session.plane.project(brought.z), at, atol=1e-5)
    assert "off plane 0.00" in panel.handles.gauge.text()
    assert session.undo_stack.undoText() == "Bring A to plane"
    with qtbot.waitSignal(panel.said):
        panel.bring_to_plane(1)
    assert session.undo_stack.count() == steps + 1
    session.undo_stack.undo()
    assert session.arrangement is before
    session.bring_to_plane(99)
    assert session.arrangement is before


def test_the_menu_of_a_handle_brings_it_to_the_plane(
    panel: MapPanel, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    menus: list[QMenu] = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, where: menus.append(menu))

    def bring() -> QAction:
        panel.view.menu_requested.emit(3, 0.0, 0.0, QPoint(10, 10))
        return next(a for a in menus[-1].actions() if a.text() == "Bring to plane")

    assert bring().isEnabled()
    bring().trigger()
    assert session.lies_on_plane(session.arrangement.handles[2])
    assert not bring().isEnabled()
    for menu in menus:
        menu.deleteLater()


def test_a_posterior_is_drawn_as_it_lies_in_the_plane(panel: MapPanel, session: Session) -> None:
    pixels = np.zeros((8, 8, 1), np.uint8)
    mean, stddev = np.zeros(K, np.float32), np.array([0.9, 0.1, 0.1, 0.1], np.float32)
    session.add_handle(mean, image=EncodedImage("x", pixels, pixels, mean, stddev))
    basis = np.array([[1, 1, 0, 0], [1, -1, 0, 0]], np.float32) / np.sqrt(2)
    session.set_plane(Plane(mean, basis.astype(np.float32), "tilted", "random", "a", "b"))
    (ellipse,) = panel.view._ellipses
    assert (ellipse.longer, ellipse.shorter) == pytest.approx((0.9, 0.1), abs=1e-5)
    assert ellipse.angle == pytest.approx(np.pi / 4)


def test_the_numbers_along_the_map_say_what_they_count(panel: MapPanel, session: Session) -> None:
    choose(panel, "principal")
    view = panel.view
    below = QPointF(view.width() / 2, view.height() - 3)
    assert view.axis_at(below) == f"Across: {session.plane.across}"
    assert view.axis_at(QPointF(5, 50)) == f"Up: {session.plane.up}"
    assert view.axis_at(QPointF(view.width() / 2, 50)) == ""


def test_on_a_line_the_height_of_points_is_said_to_be_random(
    panel: MapPanel, session: Session
) -> None:
    def tip(name: str) -> str:
        button = panel.findChild(QPushButton, f"layer-{name}")
        assert isinstance(button, QPushButton)
        return button.toolTip()

    mean = points().mean[:, :1]
    data = replace(points(), mean=mean, log_variance=np.zeros_like(mean))
    view = panel.view
    assert "rings" in tip("density")
    session.set_model(replace(info(1), points=data), Arrangement(), (0, 0))
    assert "at random" in view.axis_at(QPointF(view.width() / 2, view.height() - 3))
    assert "at random" in view.axis_at(QPointF(5, 50))
    assert "at random" in tip("points")
    assert "curve" in tip("density")
    for name in ("density", "prior", "points"):
        assert "ring" not in tip(name).lower()
        assert "circle" not in tip(name).lower()
    session.set_model(model(), handles(), (0, 1))
    assert "rings" in tip("density")
    assert "at random" not in tip("points")
    assert "at random" not in view.axis_at(QPointF(5, 50))


def test_names_that_look_like_tags_are_shown_as_they_are(panel: MapPanel, session: Session) -> None:
    session.rename_handle(1, "<img src=x>")
    choose(panel, "handles")
    name = panel.findChild(QLabel, "planeName")
    assert isinstance(name, QLabel)
    assert name.text() == "<img src=x>, B, C"
    assert name.textFormat() == Qt.TextFormat.PlainText
    assert "<img" not in name.toolTip()
    assert "<img" not in panel.handles.gauge.toolTip()


def test_the_layers_stay_where_they_are_whatever_the_plane(panel: MapPanel) -> None:
    def place() -> int:
        QApplication.processEvents()
        button = panel.findChild(QPushButton, "layer-mosaic")
        assert isinstance(button, QPushButton)
        return button.mapTo(panel, QPoint(0, 0)).x()

    panel.resize(1100, 500)
    places = {place()}
    for kind in (*PLANE_KINDS, "axes"):
        choose(panel, kind)
        places.add(place())
    assert len(places) == 1


# -- while one is being computed -------------------------------------------------------------


@pytest.fixture
def held(qtbot: QtBot, session: Session, panel: MapPanel) -> HeldLane:
    """Where the panel's planes are computed from now on."""
    lane = HeldLane()
    panel._planes._lane = lane  # type: ignore[assignment] # a fake
    return lane


def test_the_present_plane_stands_until_the_other_has_come(
    panel: MapPanel, session: Session, held: HeldLane, qtbot: QtBot
) -> None:
    before = session.plane
    with qtbot.waitSignal(panel._planes.slow):
        choose(panel, "principal")
        assert panel._planes.busy
    assert session.plane is before
    name = panel.findChild(QLabel, "planeName")
    assert isinstance(name, QLabel)
    assert name.text() == "computing …"
    assert "present plane" in name.toolTip()
    assert chooser(panel).currentData() == "principal"
    held.run()
    assert session.plane.kind == "principal"
    assert name.text() == session.plane.name
    assert not panel._planes.busy


def test_the_newest_wish_wins(panel: MapPanel, session: Session, held: HeldLane) -> None:
    told: list[str] = []
    session.plane_changed.connect(lambda: told.append(session.plane.kind))
    for kind in ("principal", "selections", "classes"):
        choose(panel, kind)
    while held.waiting:
        held.run()
    assert told == ["classes"]
    assert chooser(panel).currentData() == "classes"


@pytest.mark.parametrize("other", ["axes", "random", "set_axes", "model"])
def test_what_is_chosen_meanwhile_stays(
    panel: MapPanel, session: Session, held: HeldLane, other: str
) -> None:
    choose(panel, "principal")
    if other == "set_axes":
        session.set_axes(2, 3)
    elif other == "model":
        session.set_model(model(), handles(*np.eye(K, dtype=np.float32)), (0, 1))
    else:
        choose(panel, other)
    plane = session.plane
    assert not panel._planes.busy
    held.run()
    assert session.plane is plane
    assert chooser(panel).currentData() == plane.kind
    assert not held.waiting


def test_one_that_there_is_none_of_is_told_once_and_changes_nothing(
    panel: MapPanel, session: Session, held: HeldLane
) -> None:
    told: list[str] = []
    panel.failed.connect(told.append)
    session.set_points(replace(points(), mean=np.zeros((90, K), np.float32)))
    before = session.plane
    choose(panel, "principal")
    held.run()
    assert len(told) == 1
    assert "one spot" in told[0]
    assert session.plane is before
    assert chooser(panel).currentData() == "axes"


def test_a_class_hidden_meanwhile_is_left_out(
    panel: MapPanel, session: Session, held: HeldLane
) -> None:
    choose(panel, "classes")
    session.set_layers(replace(session.layers, hidden_classes=frozenset({1})))
    while held.waiting:
        held.run()
    assert "2 classes" in session.plane.across


# -- in the whole window --------------------------------------------------------------------


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[Opened]:
    with opened(qtbot, assets_folder() / "digits-by-class.safetensors") as found:
        yield found


def test_the_key_brings_the_active_handle_to_the_plane(window: Opened) -> None:
    top, session = window.window, window.window.session
    choose(top.map_panel, "principal")
    assert session.plane.kind == "axes"  # it is computed in a thread
    window.settle()
    assert session.active is not None
    assert not session.lies_on_plane(session.active)
    QTest.keyClick(top.map_panel.view, Qt.Key.Key_B)
    assert session.lies_on_plane(session.active)
    assert session.undo_stack.count() == 1
    top.actions_by_name["undo"].trigger()
    assert not session.lies_on_plane(session.active)
    window.settle()


def test_a_session_and_a_model_come_back_with_their_plane(window: Opened, tmp_path: Path) -> None:
    top, session, path = window.window, window.window.session, tmp_path / f"mine{SUFFIX}"
    assert session.model is not None
    session.set_axes(2, 1)
    choose(top.map_panel, "handles")
    plane, first = session.plane, session.model.path
    with window.qtbot.waitSignal(top.services.library.session_saved, timeout=PATIENCE_MS):
        top.opening.save_to(path, top.map_panel.viewport())
    other = assets_folder() / "mnist-2d.safetensors"
    for file, wanted in ((other, "axes"), (first, "handles"), (other, "axes"), (path, "handles")):
        with window.qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
            top.opening.open_paths([file])
        window.settle()
        assert session.plane.kind == wanted
        assert chooser(top.map_panel).currentData() == wanted
    np.testing.assert_array_equal(session.plane.basis, plane.basis)
    np.testing.assert_array_equal(session.plane.origin, plane.origin)
    assert session.plane.name == plane.name
    assert (session.plane.across, session.plane.up) == (plane.across, plane.up)
    choose(top.map_panel, "axes")
    assert session.plane.name == "z2 × z1"
    window.settle()


def many(panel: MapPanel, session: Session, size: int, **values: Any) -> QComboBox:
    """The box of the axis across of a model of that many dimensions; three carry something."""
    random = np.random.default_rng(0)
    mean = random.standard_normal((90, size)).astype(np.float32)
    kl = np.zeros(size, np.float32)
    kl[[2, 7, 11]] = 0.7, 1.25, 0.03
    data = Points(mean, np.zeros((90, size), np.float32), np.arange(90) % 3)
    found = replace(info(size), points=data, class_names=("0", "1", "2"), kl=kl)
    session.set_model(replace(found, **values), handles(np.zeros(size, np.float32)), (2, 7))
    combo = panel.findChild(QComboBox, "planeAcross")
    assert isinstance(combo, QComboBox)
    return combo


@popup
@pytest.mark.parametrize("size", [12, 512])
def test_the_lists_of_axes_are_wide_enough_for_every_row(
    panel: MapPanel, session: Session, size: int
) -> None:
    combo = many(panel, session, size)
    combo.showPopup()
    view = combo.view()
    rows = [combo.model().index(row, 0) for row in range(size)]
    assert max(view.sizeHintForIndex(row).width() for row in rows) <= view.viewport().width()
    combo.hidePopup()


def test_of_many_dimensions_those_that_carry_most_come_first(
    panel: MapPanel, session: Session
) -> None:
    combo = many(panel, session, 512)
    assert [combo.itemText(row) for row in range(4)] == ["z7", "z2", "z11", "z0"]
    assert combo.count() == 512
    assert combo.currentText() == "z2"
    assert "in nats" in combo.itemData(0, Qt.ItemDataRole.ToolTipRole)
    combo.setCurrentIndex(2)
    combo.activated.emit(2)
    assert session.axes == (11, 7)
    assert session.plane.across == combo.currentText() == "z11"
    few = many(panel, session, 12)
    assert [few.itemText(row) for row in range(12)] == [f"z{number}" for number in range(12)]


def test_the_list_says_how_much_each_carries_and_the_box_only_which_it_is(
    panel: MapPanel, session: Session
) -> None:
    combo = many(panel, session, 512)
    view, option = combo.view(), QStyleOptionViewItem()
    delegate = view.itemDelegate()
    assert isinstance(delegate, QStyledItemDelegate)
    delegate.initStyleOption(option, combo.model().index(0, 0))
    assert cast("Any", option).text == "z7  ·  1.2 nats"
    assert combo.itemText(0) == "z7"


@popup
def test_the_list_is_in_the_order_of_what_each_carries_when_it_is_opened(
    panel: MapPanel, session: Session
) -> None:
    combo = many(panel, session, 512)
    assert session.model is not None
    kl = session.model.kl.copy()
    kl[400] = 9.0
    session.set_weights(replace(session.model, kl=kl))
    combo.showPopup()
    assert [combo.itemText(row) for row in range(2)] == ["z400", "z7"]
    assert combo.currentText() == "z2"
    combo.hidePopup()


@popup
@pytest.mark.parametrize("typed", ["31", "z31"])
@pytest.mark.parametrize("opened", [False, True])
def test_typing_a_number_finds_that_dimension(
    panel: MapPanel, session: Session, typed: str, opened: bool
) -> None:
    """z31 stands in the list below z310 and others that begin with it."""
    kl = np.zeros(512, np.float32)
    kl[300:320] = 1.0
    combo = many(panel, session, 512, kl=kl)
    if opened:
        combo.showPopup()
    QTest.keyClicks(combo.view() if opened else combo, typed)
    if opened:
        QTest.keyClick(combo.view(), Qt.Key.Key_Return)
    assert session.axes == (31, 7)
    assert combo.currentText() == "z31"
