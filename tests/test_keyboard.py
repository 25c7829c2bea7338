"""Whatever the mouse can do the keyboard can, and every control says what it is."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSignalBlocker, Qt
from PySide6.QtGui import QAction, QColor, QImage, QKeyEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QInputDialog,
    QLineEdit,
    QMenu,
    QScrollBar,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.actions import COMMANDS, MENUS
from explorer.theme import assets_folder
from explorer.widgets.export_dialog import ExportDialog
from explorer.widgets.map_view import MapView
from explorer.widgets.strip_view import StripView
from explorer.window import MainWindow
from tests.opened import PATIENCE_MS, Opened, opened

CONTROLS = (
    QAbstractButton,
    QComboBox,
    QAbstractSlider,
    QAbstractSpinBox,
    QLineEdit,
    QAbstractItemView,
    MapView,
    StripView,
)
OF_QT = (QAbstractSpinBox, QComboBox)  # whose inner parts speak for the whole


@pytest.fixture
def window(qtbot: QtBot, tiny_model_file: Path) -> Iterator[Opened]:
    with opened(qtbot, tiny_model_file) as found:
        found.window.activateWindow()
        yield found


def controls(top: QWidget) -> list[QWidget]:
    found = []
    for widget in top.findChildren(QWidget):
        inner = isinstance(widget.parent(), (*OF_QT, QTabBar)) or widget.objectName().startswith(
            "qt_"
        )
        if isinstance(widget, CONTROLS) and not isinstance(widget, QScrollBar) and not inner:
            found.append(widget)
    return [widget for widget in found if not in_a_popup(widget)]


def in_a_popup(widget: QWidget) -> bool:
    """The list of a combo box or a menu's parts."""
    parent: QObject | None = widget
    while parent is not None:
        if isinstance(parent, QComboBox | QMenu) and parent is not widget:
            return True
        parent = parent.parent()
    return False


def described(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    return f"{type(widget).__name__} {widget.objectName()!r} {text!r}"


def test_every_control_of_the_window_has_a_name_and_a_tip(window: Opened) -> None:
    nameless = [
        described(widget)
        for widget in controls(window.window)
        if not widget.accessibleName() or not (widget.toolTip() or isinstance(widget, MapView))
    ]
    assert not nameless, "\n".join(nameless)


def test_every_control_of_the_export_dialog_has_one_too(window: Opened) -> None:
    window.window.actions_by_name["exportAnimation"].trigger()
    dialog = window.window.findChild(ExportDialog)
    assert dialog is not None
    nameless = [
        described(widget)
        for widget in controls(dialog)
        if not (widget.accessibleName() or getattr(widget, "text", str)()) or not widget.toolTip()
    ]
    assert not nameless, "\n".join(nameless)


def test_every_control_can_be_reached_by_tab(window: Opened) -> None:
    unreachable = [
        described(widget)
        for widget in controls(window.window)
        if widget.isVisible()
        and widget.isEnabled()
        and not widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]
    assert unreachable == []


@pytest.mark.parametrize(
    "name",
    [
        "mainWindow",
        "map",
        "preview",
        "slider-0",
        "strip",
        "trainStart",
        "trainPause",
        "trainStop",
        "exportAnimation",
        "openModel",
        "messages",
    ],
)
def test_the_objects_others_rely_on_are_there(window: Opened, name: str) -> None:
    found = [window.window] if name == "mainWindow" else window.window.findChildren(QObject, name)
    assert found
    assert any(thing.objectName() == name for thing in found)


def test_every_command_is_in_a_menu_with_a_text_and_a_tip(window: Opened) -> None:
    listed = {name for names in MENUS.values() for name in names} - {"", "recent", "panels"}
    assert listed == {command.name for command in COMMANDS}
    for command in COMMANDS:
        action = window.window.actions_by_name[command.name]
        assert action.text()
        assert action.toolTip() != action.text()
        assert window.window.findChild(QAction, command.name) is action


def test_no_two_commands_share_a_key() -> None:
    keys = [QKeySequence(key).toString() for command in COMMANDS for key in command.keys]
    assert len(set(keys)) == len(keys)


def press(
    widget: QWidget,
    key: Qt.Key,
    held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(widget, key, held)


CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def test_handles_are_added_moved_and_deleted_by_keys(window: Opened) -> None:
    view, session = window.window.map_panel.view, window.window.session
    press(view, Qt.Key.Key_N)
    assert window.handle_names() == ["A", "B", "C", "D"]
    assert session.active is not None
    z = session.active.z
    press(view, Qt.Key.Key_Right)
    assert session.active.z[0] > z[0]
    press(view, Qt.Key.Key_Delete)
    assert window.handle_names() == ["A", "B", "C"]
    press(view, Qt.Key.Key_Z, CTRL)
    assert window.handle_names() == ["A", "B", "C", "D"]


def test_the_active_handle_and_its_place_on_the_path_are_chosen_by_keys(window: Opened) -> None:
    view, session = window.window.map_panel.view, window.window.session
    press(view, Qt.Key.Key_PageDown)
    assert session.active is not None
    assert session.active.name == "B"
    press(view, Qt.Key.Key_PageUp)
    assert session.active.name == "A"
    press(view, Qt.Key.Key_Right, CTRL | SHIFT)
    assert window.handle_names() == ["B", "A", "C"]
    press(view, Qt.Key.Key_Left, CTRL | SHIFT)
    assert window.handle_names() == ["A", "B", "C"]


def test_a_handle_is_renamed_by_keys(window: Opened) -> None:
    press(window.window.map_panel.view, Qt.Key.Key_F2)
    dialog = window.window.findChild(QInputDialog)
    assert dialog is not None
    dialog.setTextValue("seven")
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert window.handle_names() == ["seven", "B", "C"]


def test_a_drag_begun_by_the_mouse_is_taken_back_by_escape(window: Opened) -> None:
    session, view = window.window.session, window.window.map_panel.view
    before = session.arrangement
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=view.position_of("A"))
    session.set_latent(1, np.zeros(2, np.float32))
    press(view, Qt.Key.Key_Escape)
    assert session.arrangement is before


def test_frames_are_stepped_and_the_path_played_by_keys(window: Opened) -> None:
    strip, session = window.window.path_panel.strip, window.window.session
    press(strip, Qt.Key.Key_End)
    assert session.scrub == session.arrangement.frames - 1
    press(strip, Qt.Key.Key_Left)
    assert session.scrub == session.arrangement.frames - 2
    press(strip, Qt.Key.Key_Home)
    assert session.scrub == 0
    press(strip, Qt.Key.Key_Space)
    assert window.window.path_panel.play_button.isChecked()
    press(strip, Qt.Key.Key_Space)
    assert not window.window.path_panel.play_button.isChecked()
    press(strip, Qt.Key.Key_Escape)
    assert session.scrub is None


def test_sliders_are_stepped_reset_and_typed_into(window: Opened) -> None:
    session, top = window.window.session, window.window
    slider = top.findChild(QAbstractSlider, "slider-0")
    value = top.findChild(QAbstractSpinBox, "value-0")
    assert slider is not None
    assert value is not None
    assert session.active is not None
    before = session.active.z
    press(slider, Qt.Key.Key_Right)
    assert session.active.z[0] > before[0]
    assert session.active.z[1] == before[1]
    value.setFocus()
    value.selectAll()
    QTest.keyClicks(value, "0.5")
    QTest.keyClick(value, Qt.Key.Key_Return)
    assert session.active.z[0] == pytest.approx(0.5)
    press(top.map_panel.view, Qt.Key.Key_R, CTRL)
    assert not session.active.z.any()


@pytest.mark.parametrize("typed", ["-0.75", "−0.75"])
def test_a_negative_value_is_shown_as_on_the_map_and_typed_as_one_likes(
    window: Opened, typed: str
) -> None:
    session, value = window.window.session, window.window.findChild(QAbstractSpinBox, "value-1")
    assert value is not None
    value.setFocus()
    value.selectAll()
    if typed.isascii():
        QTest.keyClicks(value, typed)
    else:
        value.lineEdit().insert(typed)  # QTest has no such key; it is pasted
    QTest.keyClick(value, Qt.Key.Key_Return)
    assert session.active is not None
    assert session.active.z[1] == pytest.approx(-0.75)
    assert value.text() == "−0.75"
    session.set_latent(session.active.key, np.array([0.0, -0.001], np.float32))
    assert value.text() == "0.00"


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("layer-mosaic", lambda w: not w.session.layers.mosaic),
        ("layer-points", lambda w: not w.session.layers.points),
        ("layer-prior", lambda w: not w.session.layers.prior),
        ("layer-posterior", lambda w: not w.session.layers.posterior),
        ("class-1", lambda w: 1 in w.session.layers.hidden_classes),
        ("path-spherical", lambda w: w.session.arrangement.path_kind == "spherical"),
    ],
)
def test_buttons_are_pressed_by_space(
    window: Opened, name: str, changed: Callable[[object], bool]
) -> None:
    window.window.resize(2200, 900)  # no button is in the menu of those without room
    found = window.window.findChildren(QAbstractButton, name)
    button = next(button for button in found if button.isVisible())
    assert not changed(window.window)
    press(button, Qt.Key.Key_Space)
    assert changed(window.window)
    window.settle()


def test_a_model_is_chosen_in_the_library_by_enter(window: Opened, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    other.write_bytes((tmp_path / "tiny.safetensors").read_bytes())
    window.window.opening.open_paths([other])
    session = window.window.session
    window.qtbot.waitUntil(
        lambda: session.model is not None and session.model.path == other, timeout=PATIENCE_MS
    )
    window.settle()
    models = window.window.findChild(QAbstractItemView, "models-recent")
    assert models is not None
    press(models, Qt.Key.Key_End)
    press(models, Qt.Key.Key_Return)
    window.qtbot.waitUntil(
        lambda: session.model is not None and session.model.name == "tiny", timeout=PATIENCE_MS
    )
    window.settle()


# -- the map's keys where the focus is elsewhere -----------------------------------------------


def focused(window: Opened, kind: type[QWidget], name: str) -> QWidget:
    window.window.resize(2200, 900)
    found = window.window.findChild(kind, name)
    assert found is not None
    found.setFocus()
    window.qtbot.waitUntil(found.hasFocus)
    return found


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (QAbstractButton, "layer-points"),
        (QAbstractButton, "fitButton"),
        (QAbstractButton, "trainStart"),
        (QAbstractSlider, "slider-0"),
        (QComboBox, "planeKind"),
        (MainWindow, ""),
    ],
)
def test_keys_of_the_map_go_to_it_from_controls_that_have_no_use_for_them(
    window: Opened, kind: type[QWidget], name: str
) -> None:
    top = window.window
    at = top if kind is MainWindow else focused(window, kind, name)
    view, plane = top.map_panel.view, top.session.plane
    for key, tool in ((Qt.Key.Key_R, "rectangle"), (Qt.Key.Key_L, "lasso"), (Qt.Key.Key_V, "pan")):
        QTest.keyClick(at, key)
        assert view.area.kind == tool
    QTest.keyClick(at, Qt.Key.Key_N)
    assert window.handle_names() == ["A", "B", "C", "D"]
    assert top.session.plane is plane
    for sign, factor in (("+", 1.25), ("-", 0.8), ("=", 1.25)):
        scale = view.view.scale
        QTest.keyClicks(at, sign)
        assert view.view.scale == pytest.approx(factor * scale)
    QTest.keyClick(at, Qt.Key.Key_Home)
    assert view.fitted is (kind not in (QAbstractSlider, QComboBox))
    QTest.keyClick(at, Qt.Key.Key_R, CTRL)
    assert view.area.kind == "pan"


def test_a_field_keeps_the_keys_that_are_typed_into_it(window: Opened) -> None:
    view = window.window.map_panel.view
    for kind, name in ((QAbstractSpinBox, "value-0"), (QAbstractItemView, "models-recent")):
        field = focused(window, kind, name)
        view.zoom(3)
        for key in (Qt.Key.Key_R, Qt.Key.Key_1, Qt.Key.Key_Home):
            QTest.keyClick(field, key)
            assert (view.area.kind, view.fitted) == ("pan", False), (name, key)


def test_a_panel_that_floats_gives_the_map_its_keys_too(window: Opened) -> None:
    dock = window.window.docks.by_name["picture"]
    key = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_R, Qt.KeyboardModifier.NoModifier, "r")
    assert window.window.eventFilter(dock, key)
    assert window.window.map_panel.view.area.kind == "rectangle"


@pytest.mark.parametrize(
    ("kind", "name"), [(QAbstractButton, "layer-points"), (QAbstractItemView, "models-recent")]
)
def test_digits_choose_the_class_from_what_takes_no_text(
    qtbot: QtBot, kind: type[QWidget], name: str
) -> None:
    with opened(qtbot, assets_folder() / "digits-by-class.safetensors") as found:
        found.window.activateWindow()
        at = focused(found, kind, name)
        for digit in "507":
            QTest.keyClicks(at, digit)
            assert found.window.session.label == int(digit)
        found.settle()


# -- the focus is seen -------------------------------------------------------------------------


def look_of(widget: QWidget) -> QImage:
    """A widget and what is right around it, as its window shows it."""
    top = widget.window()
    box = QRect(widget.mapTo(top, QPoint()), widget.size()).adjusted(-3, -3, 3, 3)
    return top.grab(box & top.rect()).toImage()


def test_every_stop_of_tab_is_in_sight_and_shows_that_it_has_the_focus(window: Opened) -> None:
    top = window.window
    top.resize(1440, 900)
    top.map_panel.view.setFocus()
    QTest.keyClick(top.map_panel.view, Qt.Key.Key_Tab)
    stops: list[QWidget] = []
    unseen = []
    while (at := QApplication.focusWidget()) not in stops:
        assert at is not None
        stops.append(at)
        focused_look = look_of(at)
        QTest.keyClick(at, Qt.Key.Key_Tab)
        if at.visibleRegion().isEmpty() or look_of(at) == focused_look:
            unseen.append(described(at))
    assert unseen == []
    assert {"map", "tool-pan", "models-recent", "trainModelButton"} <= {
        stop.objectName() for stop in stops
    }


@pytest.mark.parametrize("dark", [True, False])
def test_a_button_with_the_focus_does_not_look_as_if_it_were_on(window: Opened, dark: bool) -> None:
    top = window.window
    top.actions_by_name["themeDark" if dark else "themeLight"].trigger()
    button = focused(window, QAbstractButton, "layer-density")
    assert isinstance(button, QAbstractButton)
    edges = {}
    for on in (False, True):
        for has_focus in (False, True):
            (button if has_focus else top.map_panel.view).setFocus()
            with QSignalBlocker(button):
                button.setChecked(on)
            edges[on, has_focus] = button.grab().toImage().pixelColor(button.width() // 2, 0)
    assert edges[False, True] == edges[True, True] == QColor(theme.colours().text)
    assert edges[True, False] == QColor(theme.colours().accent)
    assert edges[False, False] == QColor(theme.colours().border)
