"""The window as a whole: what a person does in one place shows in all others."""

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QMessageBox,
    QPushButton,
    QSlider,
    QWidget,
)
from pytestqt.qtbot import QtBot

from explorer import start, theme
from explorer.docks import PLACES
from explorer.errors import LOG
from explorer.library import shipped_models
from explorer.selection import Selection
from explorer.session import Layers
from explorer.session_file import SUFFIX, read_session
from explorer.widgets.mosaic_settings import MosaicLook
from explorer.window import MainWindow
from tests.conftest import ROOT
from tests.opened import PATIENCE_MS, Opened, opened


@pytest.fixture
def window(qtbot: QtBot, tiny_model_file: Path) -> Iterator[Opened]:
    with opened(qtbot, tiny_model_file) as found:
        yield found


def move_mouse(view: QWidget, kind: QEvent.Type, at: QPointF) -> None:
    pressing = kind == QEvent.Type.MouseButtonPress
    released = kind == QEvent.Type.MouseButtonRelease
    event = QMouseEvent(
        kind,
        at,
        view.mapToGlobal(at),
        Qt.MouseButton.LeftButton if pressing or released else Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton if released else Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(view, event)


def slider(window: MainWindow, dimension: int) -> QSlider:
    found = window.findChild(QSlider, f"slider-{dimension}")
    assert isinstance(found, QSlider)
    return found


def test_start_gives_the_application_and_the_window_it_shows(
    qtbot: QtBot, tiny_model_file: Path
) -> None:
    with opened(qtbot, tiny_model_file) as found:
        assert found.window.isVisible()
        assert found.window.objectName() == "mainWindow"
        assert QApplication.instance() is not None
        assert found.window.windowTitle().startswith("tiny")


def test_a_program_name_in_front_is_passed_over(qtbot: QtBot) -> None:
    with opened(qtbot) as found:
        assert found.window.session.model is None
        assert len(found.heard.complaints) <= 1


def test_the_window_comes_before_torch() -> None:
    code = (
        "import sys; from explorer import start; app, window = start([]); "
        "print('torch' in sys.modules, window.isVisible()); window.close()"
    )
    # The decode thread imports it behind the window's back: look before it can.
    code = "import threading; " + code.replace(
        "app, window = start([])",
        "from explorer.workers import DecodeThread; DecodeThread.start = lambda self: None; "
        "from explorer.workers import Lane; Lane.start = lambda self: None; "
        "app, window = start([])",
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"], done.stderr


SIGNALLED_AS_IT_SHOWS = """
import os, signal, sys
from PySide6.QtGui import QUndoCommand
from explorer import application
from explorer.window import MainWindow
show = MainWindow.show
def show_and_signal(self):
    show(self)
    self.session.undo_stack.push(QUndoCommand("Do"))  # the stack tells even as it goes
    os.kill(os.getpid(), getattr(signal, sys.argv[1]))
MainWindow.show = show_and_signal
sys.exit(application.run([]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_while_the_window_opens_ends_it_well(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SIGNALLED_AS_IT_SHOWS, name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["broken.safetensors", "broken.json", "gone.safetensors"])
def test_where_the_first_file_cannot_be_opened_a_shipped_model_comes_and_the_reason_stays(
    qtbot: QtBot, tmp_path: Path, name: str
) -> None:
    if name.startswith("broken"):
        (tmp_path / name).write_bytes(b"no model")
    image = tmp_path / "image.png"
    picture = QImage(28, 28, QImage.Format.Format_Grayscale8)
    picture.fill(90)
    assert picture.save(str(image))
    with opened(qtbot, tmp_path / name, image, shipped=True) as found:
        window = found.window
        assert window.session.model is not None
        assert window.session.model.name == "mnist-2d"
        assert found.handle_names() == ["A", "B", "C", "D"]  # the image too
        assert [name in complaint for complaint in found.heard.complaints] == [True]
        assert window.banner.isVisible()
        listed = window.library_panel.findChild(QAbstractItemView, "models-shipped")
        assert isinstance(listed, QAbstractItemView)
        assert listed.model().rowCount() == len(shipped_models())
        window.opening.open_model(shipped_models()[1])
        qtbot.waitUntil(lambda: not window.banner.isVisible(), timeout=PATIENCE_MS)
        found.settle()


def test_with_no_model_at_all_nothing_pretends_to_be_opened(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(qtbot) as found:
        window = found.window
        with qtbot.waitSignal(window.opening_failed):
            window.opening.open_model(tmp_path / "gone.safetensors")
        layers = [b for b in window.findChildren(QPushButton) if b.objectName()[:6] == "layer-"]
        assert layers
        assert not any(button.isEnabled() for button in layers)
        assert "Opening" not in window.messages.text()
        assert "Opening" not in window.inspector.preview._words


def test_the_first_launch_shows_a_shipped_model_with_its_path(qtbot: QtBot) -> None:
    with opened(qtbot, shipped=True) as found:
        session = found.window.session
        assert session.model is not None
        assert session.model.name == "mnist-2d"
        assert found.handle_names() == ["A", "B", "C"]
        assert len(session.strip) == session.arrangement.frames
        assert not found.window.inspector.preview.image().isNull()
        assert not found.heard.complaints


def test_without_any_model_the_window_says_what_to_do(qtbot: QtBot) -> None:
    with opened(qtbot) as found:
        window = found.window
        qtbot.waitUntil(lambda: "train one" in window.messages.text(), timeout=PATIENCE_MS)
        for name in ("addHandle", "exportAnimation", "undo", "saveSession"):
            assert not found.window.actions_by_name[name].isEnabled()


def test_a_drag_moves_sliders_and_picture_while_it_lasts(window: Opened) -> None:
    top, session = window.window, window.window.session
    view, before = top.map_panel.view, window.seen()
    sliders = [slider(top, d).value() for d in (0,)]
    start_at = QPointF(view.position_of("A"))
    move_mouse(view, QEvent.Type.MouseButtonPress, start_at)
    target = QPointF(view.ground.center())
    with window.qtbot.waitSignal(session.picture_changed, timeout=PATIENCE_MS):
        for share in (0.3, 0.6, 1.0):
            move_mouse(view, QEvent.Type.MouseMove, start_at + (target - start_at) * share)
    window.qtbot.waitUntil(lambda: [slider(top, d).value() for d in (0,)] != sliders)
    assert session.undo_stack.count() == 0
    move_mouse(view, QEvent.Type.MouseButtonRelease, target)
    assert session.undo_stack.count() == 1
    window.settle()
    assert top.inspector.preview.image() != before.picture
    assert view.position_of("A") == target.toPoint()
    top.actions_by_name["undo"].trigger()
    window.settle()
    assert top.inspector.preview.image() == before.picture
    assert session.arrangement is before.arrangement


def test_a_slider_moves_the_handle_and_hears_no_echo(window: Opened) -> None:
    top, session = window.window, window.window.session
    first = slider(top, 0)
    view, before = top.map_panel.view, top.map_panel.view.position_of("A")
    first.setValue(first.value() + 40)
    assert session.active is not None
    exact = float(session.active.z[0])
    assert view.position_of("A").x() > before.x()
    assert session.undo_stack.count() == 1
    session.set_latent(1, np.array([1.2345, 0.5], np.float32))
    assert session.active.z[0] == np.float32(1.2345), "no slider echoes a rounded value"
    assert exact != 1.2345
    window.settle()


def test_every_kind_of_change_is_undone_and_redone(window: Opened, tmp_path: Path) -> None:
    from PIL import Image

    top, session = window.window, window.window.session
    states = [session.arrangement]

    def note() -> None:
        window.settle()
        assert session.arrangement is not states[-1]
        states.append(session.arrangement)

    Image.new("L", (20, 30), 40).save(tmp_path / "x.png")
    top.map_panel.add_handle_at(0.5, 0.5)
    note()
    session.rename_handle(4, "mine")
    note()
    top.opening.open_paths([tmp_path / "x.png"])
    window.qtbot.waitUntil(lambda: len(window.handle_names()) == 5, timeout=PATIENCE_MS)
    note()
    for name in ("handleEarlier", "sampleLatent", "resetLatent", "deleteHandle"):
        top.actions_by_name[name].trigger()
        note()
    session.set_path("spherical", 24)
    note()
    slider(top, 0).setValue(7)
    note()
    assert session.undo_stack.count() == len(states) - 1
    undo, redo = top.actions_by_name["undo"], top.actions_by_name["redo"]
    for state in states[-2::-1]:
        undo.trigger()
        assert session.arrangement is state
    assert not undo.isEnabled()
    for state in states[1:]:
        redo.trigger()
        assert session.arrangement is state
    assert not redo.isEnabled()
    window.settle()


def test_a_saved_session_opens_as_it_was(window: Opened, tmp_path: Path) -> None:
    top, session, path = window.window, window.window.session, tmp_path / f"mine{SUFFIX}"
    top.map_panel.add_handle_at(0.5, -0.5)
    session.set_path("spherical", 20)
    top.map_panel.zoom(2)
    view = top.map_panel.viewport()
    assert top.windowTitle().startswith("tiny")
    with window.qtbot.waitSignal(top.services.library.session_saved, timeout=PATIENCE_MS):
        top.opening.save_to(path, view)
    assert not top.isWindowModified()
    assert top.windowTitle().startswith("mine")
    saved = session.arrangement
    session.remove_handle(1)
    assert top.isWindowModified()
    with window.qtbot.waitSignal(top.services.library.session_opened, timeout=PATIENCE_MS):
        top.opening.open_paths([path])
    window.settle()
    after = session.arrangement
    assert [handle.name for handle in after.handles] == [handle.name for handle in saved.handles]
    for old, new in zip(saved.handles, after.handles, strict=True):
        np.testing.assert_array_equal(old.z, new.z)
    assert (after.path_kind, after.frames) == ("spherical", 20)
    again = top.map_panel.viewport()
    assert (again.x, again.y, again.scale) == pytest.approx((view.x, view.y, view.scale))
    assert not top.isWindowModified()


def test_a_saved_session_opens_with_the_look_of_its_map(
    qtbot: QtBot, tiny_model_file: Path
) -> None:
    path = tiny_model_file.parent / f"look{SUFFIX}"
    with opened(qtbot, tiny_model_file) as first:
        top, session = first.window, first.window.session
        layers = Layers(prior=False, density=True, hidden_classes=frozenset({1}), colour_by="z1")
        session.set_layers(layers)
        session.set_active(session.arrangement.handles[1].key)
        top.points.restore(Selection(np.array([2, 5])), Selection(np.array([1, 3, 7])))
        top.map_panel.show_mosaic(MosaicLook(84.0, 0.4))
        first.settle()
        with qtbot.waitSignal(top.services.library.session_saved, timeout=PATIENCE_MS):
            top.opening.save_to(path, top.map_panel.viewport())
    with opened(qtbot, path) as second:
        top, session = second.window, second.window.session
        assert session.layers == layers
        assert session.active is session.arrangement.handles[1]
        assert top.points.kept is not None
        assert top.points.selection.rows.tolist() == [2, 5]
        assert top.points.kept.rows.tolist() == [1, 3, 7]
        tiles = top.map_panel.mosaic_settings.look
        assert (tiles.tile_px, tiles.opacity) == (84.0, 0.4)
        assert not top.isWindowModified()
        for name, shown in (("density", True), ("prior", False)):
            button = top.findChild(QPushButton, f"layer-{name}")
            assert isinstance(button, QPushButton)
            assert button.isChecked() is shown
        # Of other data nobody is selected, and what has to be measured is not asked for unasked.
        look = replace(
            top.map_area.present_look(), count=7, layers=replace(layers, colour_by="elbo")
        )
        top.map_area.show_look(look)
        assert not len(top.points.selection)
        assert top.points.kept is None
        assert session.layers == replace(layers, colour_by="class")
        second.settle()


@pytest.mark.parametrize(("colour_by", "named"), [("elbo", "ELBO"), ("kl", "")])
def test_a_session_says_why_points_are_not_coloured_as_they_were(
    qtbot: QtBot, tiny_model_file: Path, colour_by: str, named: str
) -> None:
    path = tiny_model_file.parent / f"coloured{SUFFIX}"
    with opened(qtbot, tiny_model_file) as first:
        first.window.session.set_layers(Layers(colour_by=colour_by))
        first.settle()
        with qtbot.waitSignal(first.window.services.library.session_saved, timeout=PATIENCE_MS):
            first.window.opening.save_to(path, first.window.map_panel.viewport())
    with opened(qtbot, path) as second:
        said = second.window.messages.text()
        assert second.window.session.layers.colour_by == ("class" if named else colour_by)
        assert ("coloured by class" in said and named in said) is bool(named)


def test_going_back_to_a_model_finds_its_arrangement(window: Opened, tmp_path: Path) -> None:
    top, session = window.window, window.window.session
    assert session.model is not None
    first, other = session.model.path, tmp_path / "other.safetensors"
    other.write_bytes(first.read_bytes())
    top.map_panel.add_handle_at(0.5, 0.5)
    mine = session.arrangement
    for path in (other, first):
        with window.qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
            top.opening.open_paths([path])
        window.settle()
    assert session.arrangement is mine
    assert top.settings.recent()[:2] == [first, other]


def test_a_model_opened_during_a_drag_leaves_no_half_a_gesture(
    window: Opened, tmp_path: Path
) -> None:
    top, session, view = window.window, window.window.session, window.window.map_panel.view
    other = tmp_path / "other.safetensors"
    assert session.model is not None
    other.write_bytes(session.model.path.read_bytes())
    at = QPointF(view.position_of("A"))
    move_mouse(view, QEvent.Type.MouseButtonPress, at)
    move_mouse(view, QEvent.Type.MouseMove, at + QPointF(20, 20))
    with window.qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        top.opening.open_paths([other])
    move_mouse(view, QEvent.Type.MouseMove, at + QPointF(40, 20))
    move_mouse(view, QEvent.Type.MouseButtonRelease, at + QPointF(40, 20))
    window.settle()
    assert not session.in_gesture


def test_the_picture_is_copied_and_pasted_as_a_handle(window: Opened) -> None:
    top = window.window
    top.actions_by_name["copyPicture"].trigger()
    assert "8×8" in top.messages.text()
    top.actions_by_name["pasteImage"].trigger()
    window.qtbot.waitUntil(lambda: len(window.handle_names()) == 4, timeout=PATIENCE_MS)
    active = top.session.active
    assert active is not None
    assert active.image is not None
    copied = top.inspector.preview.image()
    assert copied.size().width() == 8
    window.settle()


def test_light_and_dark_are_chosen_and_remembered(qtbot: QtBot, tiny_model_file: Path) -> None:
    with opened(qtbot, tiny_model_file) as found:
        pictures = {}
        for name, dark in (("themeLight", False), ("themeDark", True), ("themeLight", False)):
            found.window.actions_by_name[name].trigger()
            QApplication.processEvents()
            assert theme.colours().dark is dark
            pictures[name] = found.window.grab().toImage()
        assert pictures["themeLight"] != pictures["themeDark"]
        assert found.window.settings.theme == "light"
    with opened(qtbot, tiny_model_file, remembering=True) as found:
        assert not theme.colours().dark
        assert found.window.actions_by_name["themeLight"].isChecked()
        found.window.actions_by_name["themeSystem"].trigger()


@pytest.mark.qt_log_ignore(r"This plugin does not support raise\(\)")
def test_docks_are_where_they_were_left(qtbot: QtBot, tiny_model_file: Path) -> None:
    from PySide6.QtWidgets import QDockWidget

    def docks(window: MainWindow) -> dict[str, QDockWidget]:
        return {found.objectName(): found for found in window.findChildren(QDockWidget)}

    with opened(qtbot, tiny_model_file) as found:
        names = set(docks(found.window))
        assert names == {f"{name}Dock" for name in PLACES}
        docks(found.window)["pictureDock"].setFloating(True)
        docks(found.window)["libraryDock"].hide()
        left = Qt.DockWidgetArea.LeftDockWidgetArea
        found.window.addDockWidget(left, docks(found.window)["dimensionsDock"])
        QApplication.processEvents()
    with opened(qtbot, tiny_model_file, remembering=True) as found:
        now = docks(found.window)
        assert now["pictureDock"].isFloating()
        assert not now["libraryDock"].isVisible()
        assert found.window.dockWidgetArea(now["dimensionsDock"]) == left
        found.window.actions_by_name["restoreLayout"].trigger()
        assert not now["pictureDock"].isFloating()
        assert now["libraryDock"].isVisible()
        assert found.window.dockWidgetArea(now["dimensionsDock"]) != left


def _widths(window: MainWindow) -> tuple[int, int, int]:
    """Of the library and the picture, and the height of the picture."""
    docks = window.docks.by_name
    return docks["library"].width(), docks["picture"].width(), docks["picture"].height()


def _resize(window: MainWindow, width: int, height: int) -> None:
    window.resize(width, height)
    QApplication.processEvents()


def test_docks_have_their_usual_sizes_again_when_the_window_grows_back(
    qtbot: QtBot, tiny_model_file: Path
) -> None:
    with opened(qtbot, tiny_model_file) as found:
        _resize(found.window, 1440, 900)
        before = _widths(found.window)
        _resize(found.window, 950, 620)
        assert _widths(found.window)[1] < before[1]
        _resize(found.window, 1440, 900)
        assert _widths(found.window) == before
        _resize(found.window, 950, 620)
    with opened(qtbot, tiny_model_file, remembering=True) as found:
        _resize(found.window, 1440, 900)
        assert _widths(found.window) == before


def test_docks_made_another_size_by_hand_keep_it(qtbot: QtBot, tiny_model_file: Path) -> None:
    with opened(qtbot, tiny_model_file) as found:
        window = found.window
        _resize(window, 1440, 900)
        _, usual, _ = _widths(window)
        edge = window.docks.by_name["picture"].geometry().left() - 2
        start, end = QPointF(edge, 300), QPointF(edge - 60, 300)
        move_mouse(window, QEvent.Type.MouseButtonPress, start)
        move_mouse(window, QEvent.Type.MouseMove, end)
        QApplication.processEvents()
        move_mouse(window, QEvent.Type.MouseButtonRelease, end)
        _, chosen, _ = _widths(window)
        assert chosen > usual + 40
        _resize(window, 950, 620)
        _resize(window, 1440, 900)
        assert _widths(window)[1] == chosen
    with opened(qtbot, tiny_model_file, remembering=True) as found:
        _resize(found.window, 1440, 900)
        assert _widths(found.window)[1] == chosen
        found.window.actions_by_name["restoreLayout"].trigger()
        QApplication.processEvents()
        assert _widths(found.window)[1] == usual


def test_settings_of_nonsense_are_passed_over(qtbot: QtBot, tiny_model_file: Path) -> None:
    from PySide6.QtCore import QByteArray, QSettings

    with opened(qtbot, tiny_model_file):
        pass
    settings = QSettings("latent-explorer", "latent-explorer")
    for key, value in {
        "geometry": QByteArray(b"nonsense"),
        "docks": QByteArray(b"nonsense"),
        "theme": "purple",
        "recent": 17,
        "folder/open": "/nowhere",
    }.items():
        settings.setValue(key, value)
    settings.sync()
    with opened(qtbot, tiny_model_file, remembering=True) as found:
        assert found.window.isVisible()
        assert found.window.width() >= found.window.minimumWidth()


def test_a_mistake_of_the_program_is_a_dialog_and_a_log_entry(window: Opened) -> None:
    def bug() -> None:
        raise KeyError("a bug")

    QTimer.singleShot(0, bug)
    window.qtbot.waitUntil(lambda: bool(window.heard.mistakes), timeout=PATIENCE_MS)
    window.qtbot.waitUntil(
        lambda: window.window.findChild(QMessageBox) is not None, timeout=PATIENCE_MS
    )
    box = window.window.findChild(QMessageBox)
    assert box is not None
    assert "KeyError" in box.informativeText()
    assert "Traceback" in box.detailedText()
    assert len(window.heard.mistakes) == 1
    box.close()
    window.heard.mistakes.clear()
    window.window.map_panel.add_handle_at(0, 0)
    assert window.handle_names() == ["A", "B", "C", "D"]
    window.settle()


CLOSED_WHILE: dict[str, Callable[[Opened, Path], object]] = {
    "decoding": lambda w, p: w.window.map_panel.add_handle_at(0.1, 0.1),
    "playing": lambda w, p: w.window.path_panel.toggle_play(),
    "opening": lambda w, p: w.window.opening.open_paths([p / "tiny.safetensors"]),
    "dragging": lambda w, p: move_mouse(
        w.window.map_panel.view,
        QEvent.Type.MouseButtonPress,
        QPointF(w.window.map_panel.view.position_of("A")),
    ),
    "asking": lambda w, p: w.window.actions_by_name["exportAnimation"].trigger(),
}


@pytest.mark.parametrize("case", CLOSED_WHILE)
def test_it_closes_whatever_it_is_doing(window: Opened, tmp_path: Path, case: str) -> None:
    CLOSED_WHILE[case](window, tmp_path)
    assert window.window.close()
    assert window.window.services.decode_thread.isFinished()


def test_two_windows_live_side_by_side(qtbot: QtBot, tiny_model_file: Path) -> None:
    with opened(qtbot, tiny_model_file) as one, opened(qtbot, tiny_model_file) as other:
        one.window.map_panel.add_handle_at(0.2, 0.2)
        assert len(one.handle_names()) == 4
        assert len(other.handle_names()) == 3
        one.settle()
        other.settle()


def test_latency_is_shown_after_enough_drags(window: Opened) -> None:
    session = window.window.session
    for step in range(30):
        with window.qtbot.waitSignal(session.picture_changed, timeout=PATIENCE_MS):
            session.set_latent(1, np.array([step / 10, 0], np.float32))
    window.window.latency.refresh()
    assert "p95" in window.window.latency.text()
    window.settle()


def test_starting_twice_in_one_process_writes_one_log(qtbot: QtBot, tiny_model_file: Path) -> None:
    with opened(qtbot, tiny_model_file):
        before = [type(handler) for handler in LOG.handlers]
    with opened(qtbot, tiny_model_file):
        assert [type(handler) for handler in LOG.handlers] == before
    assert logging.getLogger("latent_explorer") is LOG
    assert callable(start)


def test_what_was_not_saved_is_there_the_next_time(window: Opened) -> None:
    """It stands first under Open recent, and nothing is asked at the end."""
    top = window.window
    top.map_panel.add_handle_at(0.5, 0.5)
    top.close()
    kept = top.settings.recent()[0]
    assert kept.name == "last-time.latent.json"
    assert len(read_session(kept).arrangement.handles) == 4


def test_a_new_handle_takes_a_colour_that_is_free(window: Opened) -> None:
    session = window.window.session
    first = session.arrangement.handles[0]
    session.remove_handle(first.key)
    window.window.map_panel.add_handle_at(0.0, 0.0)
    colours = [handle.colour for handle in session.arrangement.handles]
    assert len(set(colours)) == len(colours)
    assert session.arrangement.handles[-1].colour == first.colour


def test_several_failures_stand_together(window: Opened) -> None:
    top = window.window
    top.messages.complain("one.png: cannot be read")
    top.messages.complain("m.pt: is a pickle")
    assert top.banner.text().split("\n") == ["one.png: cannot be read", "m.pt: is a pickle"]
    close = top.findChild(QPushButton, "bannerClose")
    assert close is not None
    close.click()
    assert top.messages.text() == ""


def test_the_lens_goes_with_its_model(window: Opened) -> None:
    """The pointer may rest while a model that was trained opens by itself."""
    top, session = window.window, window.window.session
    assert session.model is not None
    top.map_panel.view.set_lens(QImage(4, 4, QImage.Format.Format_Grayscale8))
    session.set_model(session.model, session.arrangement, session.axes)
    assert top.map_panel.view.lens is None
