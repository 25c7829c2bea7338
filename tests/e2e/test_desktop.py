"""What a desktop program is expected to do: menus, dialogs, panels that stay where they are put."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.real_window import (
    RealWindow,
    place_of,
    place_of_handle,
    place_on_map,
    ready,
    real_window,
)
from tests.e2e.screen import Hand, Place, Screen
from tests.e2e.test_dragging import (
    active_is,
    back_at,
    has_names,
    latent,
    names,
    steps,
    undo_index_is,
)

if TYPE_CHECKING:
    from explorer.window import MainWindow


def dialog_in_front(window: "MainWindow", name: str) -> bool:
    from PySide6.QtWidgets import QApplication

    active = QApplication.activeWindow()
    return active is not None and active.objectName() == name


def title_starts(window: "MainWindow", words: str) -> bool:
    return window.isActiveWindow() and window.windowTitle().startswith(words)


def menu_open(window: "MainWindow") -> list[str]:
    from PySide6.QtWidgets import QApplication, QMenu

    popup = QApplication.activePopupWidget()
    return [a.text() for a in popup.actions() if a.text()] if isinstance(popup, QMenu) else []


def menu_closed(window: "MainWindow") -> bool:
    from PySide6.QtWidgets import QApplication

    return QApplication.activePopupWidget() is None


def is_dark(window: "MainWindow") -> str:
    from explorer import theme

    return "dark" if theme.colours().dark else "light"


def scheme_is(window: "MainWindow", name: str) -> bool:
    return is_dark(window) == name


def title_bar_of(window: "MainWindow", name: str) -> Place:
    """A place on a dock's title, left of its buttons."""
    from PySide6.QtCore import QPoint
    from PySide6.QtWidgets import QDockWidget

    dock = window.findChild(QDockWidget, name)
    assert isinstance(dock, QDockWidget)
    at = dock.mapToGlobal(QPoint(60, 12))
    return at.x(), at.y()


def floats(window: "MainWindow", name: str) -> bool:
    from PySide6.QtWidgets import QDockWidget

    dock = window.findChild(QDockWidget, name)
    return dock is not None and dock.isFloating()


def docked(window: "MainWindow", name: str) -> bool:
    return not floats(window, name)


def restore(window: "MainWindow") -> bool:
    window.actions_by_name["restoreLayout"].trigger()
    return True


def view_of(window: "MainWindow") -> tuple[float, float, float]:
    view = window.map_panel.viewport()
    return view.x, view.y, view.scale


def test_a_session_is_saved_by_keys_and_opened_by_the_next_window(
    display: Screen, fresh_settings: None, hand: Hand, tmp_path: Path
) -> None:
    path = tmp_path / "mine.latent.json"
    with real_window(display) as window:
        hand.click(window.ask(place_on_map, 0.15, 0.8), times=2)
        window.wait(has_names, ["A", "B", "C", "D"])
        hand.wheel(window.ask(place_on_map, 0.5, 0.5), 2)
        hand.key("ctrl+s")
        window.wait(dialog_in_front, "saveDialog")
        hand.key("ctrl+a")
        hand.type(str(path))
        hand.key("Return")
        window.wait(title_starts, "mine")
        kept = [window.ask(latent, name) for name in "ABCD"]
        view = window.ask(view_of)
    assert path.is_file()
    with real_window(display, path) as window:
        assert window.ask(names) == ["A", "B", "C", "D"]
        assert [window.ask(latent, name) for name in "ABCD"] == kept
        assert window.ask(view_of) == pytest.approx(view)


def test_a_file_is_opened_by_keys(real: RealWindow, hand: Hand, tiny_model_file: Path) -> None:
    hand.key("ctrl+o")
    real.wait(dialog_in_front, "openDialog")
    hand.type(str(tiny_model_file))
    hand.key("Return")
    real.wait(title_starts, "tiny")
    real.wait(ready)


def test_a_panel_floats_and_the_next_window_remembers(
    display: Screen, fresh_settings: None, hand: Hand
) -> None:
    with real_window(display) as window:
        hand.click(window.ask(title_bar_of, "pictureDock"), times=2)
        window.wait(floats, "pictureDock")
    with real_window(display) as window:
        assert window.ask(floats, "pictureDock")
        window.ask(restore)
        window.wait(docked, "pictureDock")


def test_the_menu_key_opens_the_menu_of_the_active_handle(real: RealWindow, hand: Hand) -> None:
    hand.click(real.ask(place_of_handle, "B"))
    real.wait(active_is, "B")
    hand.key("Menu")
    entries = real.wait(menu_open)
    assert entries[0] == "Rename …"
    assert entries[-1] == "Delete"
    hand.key("Up", "Return")
    real.wait(has_names, ["A", "C"])


def test_the_right_button_adds_a_handle_where_it_is(real: RealWindow, hand: Hand) -> None:
    at = real.ask(place_on_map, 0.1, 0.9)
    hand.click(at, button=3)
    assert "Add handle here" in real.wait(menu_open)
    hand.key("Down", "Return")
    real.wait(has_names, ["A", "B", "C", "D"])
    assert real.ask(place_of_handle, "D") == pytest.approx(at, abs=1)


def test_the_scheme_is_chosen_in_the_menu(real: RealWindow, hand: Hand) -> None:
    hand.key("alt+v")
    real.wait(menu_open)
    hand.key("Up", "Return")  # the last entry: light
    real.wait(scheme_is, "light")
    hand.key("alt+v")
    real.wait(menu_open)
    hand.key("Up", "Up", "Return")
    real.wait(scheme_is, "dark")


def test_all_kinds_of_changes_are_taken_back_by_keys(real: RealWindow, hand: Hand) -> None:
    before = [real.ask(latent, name) for name in "ABC"]
    hand.drag(real.ask(place_of_handle, "A"), real.ask(place_on_map, 0.45, 0.45))
    real.wait(undo_index_is, 1)
    hand.click(real.ask(place_on_map, 0.15, 0.8), times=2)
    real.wait(undo_index_is, 2)
    hand.key("ctrl+shift+Left")
    real.wait(undo_index_is, 3)
    hand.key("ctrl+r")
    real.wait(undo_index_is, 4)
    hand.click(real.ask(place_of, "path-spherical"))
    real.wait(undo_index_is, 5)
    assert real.ask(names) == ["A", "B", "D", "C"]
    for index in (4, 3, 2, 1, 0):
        hand.key("ctrl+z")
        real.wait(undo_index_is, index)
    assert real.ask(names) == ["A", "B", "C"]
    for name, z in zip("ABC", before, strict=True):
        assert real.wait(back_at, name, z)
    for index in (1, 2, 3, 4, 5):
        hand.key("ctrl+y")
        real.wait(undo_index_is, index)
    assert real.ask(names) == ["A", "B", "D", "C"]
    assert real.ask(steps) == (5, 5)


def test_a_layer_is_switched_off_by_its_button(real: RealWindow, hand: Hand) -> None:
    hand.click(real.ask(place_of, "layer-mosaic"))
    real.wait(mosaic_off)


def mosaic_off(window: "MainWindow") -> bool:
    return not window.session.layers.mosaic
