"""The first journey: drag a handle with the mouse and the decoded digit follows."""

from typing import TYPE_CHECKING

import pytest

from tests.e2e.real_window import (
    RealWindow,
    place_of,
    place_of_handle,
    place_on_map,
)
from tests.e2e.screen import Hand, Place

if TYPE_CHECKING:
    from explorer.window import MainWindow


def latent(window: "MainWindow", name: str) -> list[float]:
    handles = {handle.name: handle for handle in window.session.arrangement.handles}
    return [float(value) for value in handles[name].z]


def names(window: "MainWindow") -> list[str]:
    return [handle.name for handle in window.session.arrangement.handles]


def has_names(window: "MainWindow", expected: list[str]) -> bool:
    return names(window) == expected


def moved_from(window: "MainWindow", name: str, z: list[float]) -> bool:
    return latent(window, name) != z


def back_at(window: "MainWindow", name: str, z: list[float]) -> bool:
    return latent(window, name) == z


def picture(window: "MainWindow") -> bytes:
    image = window.inspector.preview.image()
    return bytes(image.constBits())


def pictured_otherwise(window: "MainWindow", before: bytes) -> bool:
    return picture(window) != before and not window.decoding.waiting


def pictured_as(window: "MainWindow", before: bytes) -> bool:
    return picture(window) == before


def slider_values(window: "MainWindow") -> list[float]:
    from PySide6.QtWidgets import QDoubleSpinBox

    boxes = [window.findChild(QDoubleSpinBox, f"value-{d}") for d in (0, 1)]
    return [box.value() for box in boxes if box is not None]


def sliders_tell(window: "MainWindow", z: list[float]) -> bool:
    """They run after the picture, a few moments behind the hand."""
    return all(
        abs(value - wanted) <= 0.006 for value, wanted in zip(slider_values(window), z, strict=True)
    )


def steps(window: "MainWindow") -> tuple[int, int]:
    stack = window.session.undo_stack
    return stack.count(), stack.index()


def undo_index_is(window: "MainWindow", index: int) -> bool:
    return window.session.undo_stack.index() == index


def gesture_over(window: "MainWindow") -> bool:
    return not window.session.in_gesture


def active_name(window: "MainWindow") -> str:
    handle = window.session.active
    return "" if handle is None else handle.name


def active_is(window: "MainWindow", name: str) -> bool:
    return active_name(window) == name


def box(window: "MainWindow") -> tuple[float, float, float, float]:
    return window.map_panel.viewport().box


def box_changed(window: "MainWindow", before: tuple[float, float, float, float]) -> bool:
    return box(window) != before


def plane_at(window: "MainWindow", at: Place) -> tuple[float, float]:
    """What lies on the map at a place of the screen."""
    from PySide6.QtCore import QPoint

    view = window.map_panel.view
    inside = view.mapFromGlobal(QPoint(*at))
    x, y = view.view.to_plane([inside.x() - view.ground.left(), inside.y()])
    return float(x), float(y)


def test_three_handles_stand_there_and_a_path_between_two_of_them(real: RealWindow) -> None:
    assert real.ask(names) == ["A", "B", "C"]
    assert real.ask(active_name) == "A"


def test_the_picture_follows_while_the_button_is_down(real: RealWindow, hand: Hand) -> None:
    before, seen = real.ask(latent, "A"), real.ask(picture)
    start = real.ask(place_of_handle, "A")
    middle = real.ask(place_on_map, 0.5, 0.5)
    hand.move(start)
    hand.press()
    pictures = {seen}
    for _ in range(4):  # each time a part of the way, and each time another picture
        last = real.ask(picture)
        x, y = real.ask(place_of_handle, "A")
        hand.glide((x + (middle[0] - x) // 3, y + (middle[1] - y) // 3), steps=4)
        real.wait(pictured_otherwise, last)
        pictures.add(real.ask(picture))
        real.wait(sliders_tell, real.ask(latent, "A"))
    assert len(pictures) == 5
    assert real.ask(steps) == (0, 0), "the step is made when the button is let go"
    hand.release()
    real.wait(undo_index_is, 1)
    after = real.ask(latent, "A")
    assert real.ask(steps) == (1, 1), "one gesture, one step"
    hand.key("ctrl+z")
    real.wait(back_at, "A", before)
    real.wait(pictured_as, seen)
    real.wait(sliders_tell, before)
    hand.key("ctrl+shift+z")
    real.wait(back_at, "A", after)


def test_the_handle_ends_where_it_is_let_go(real: RealWindow, hand: Hand) -> None:
    target = real.ask(place_on_map, 0.4, 0.3)
    hand.drag(real.ask(place_of_handle, "B"), target)
    real.wait(undo_index_is, 1)
    assert real.ask(place_of_handle, "B") == pytest.approx(target, abs=1)
    assert real.ask(active_name) == "B"


def test_escape_takes_a_drag_back(real: RealWindow, hand: Hand) -> None:
    before, seen = real.ask(latent, "A"), real.ask(picture)
    hand.move(real.ask(place_of_handle, "A"))
    hand.press()
    hand.glide(real.ask(place_on_map, 0.5, 0.4))
    real.wait(moved_from, "A", before)
    hand.key("Escape")
    real.wait(back_at, "A", before)
    real.wait(pictured_as, seen)
    hand.glide(real.ask(place_on_map, 0.6, 0.6))
    hand.release()
    assert real.wait(gesture_over)
    assert real.ask(latent, "A") == before, "what follows Esc moves nothing"
    assert real.ask(steps) == (0, 0)


def test_the_wheel_zooms_to_the_pointer(real: RealWindow, hand: Hand) -> None:
    at = real.ask(place_on_map, 0.3, 0.35)
    before, view = real.ask(plane_at, at), real.ask(box)
    hand.wheel(at, 3)
    real.wait(box_changed, view)
    near = real.ask(box)
    assert near[2] - near[0] < view[2] - view[0]
    assert real.ask(plane_at, at) == pytest.approx(before, abs=0.02)
    hand.key("Home")
    real.wait(box_changed, near)


def test_dragging_the_ground_pans(real: RealWindow, hand: Hand) -> None:
    start, end = real.ask(place_on_map, 0.08, 0.9), real.ask(place_on_map, 0.2, 0.8)
    under, view = real.ask(plane_at, start), real.ask(box)
    hand.drag(start, end)
    real.wait(box_changed, view)
    assert real.ask(plane_at, end) == pytest.approx(under, abs=0.02)
    assert real.ask(steps) == (0, 0), "looking elsewhere changes nothing"


def test_a_double_click_adds_a_handle_and_delete_takes_it_away(
    real: RealWindow, hand: Hand
) -> None:
    at = real.ask(place_on_map, 0.12, 0.85)
    hand.click(at, times=2)
    real.wait(has_names, ["A", "B", "C", "D"])
    assert real.ask(place_of_handle, "D") == pytest.approx(at, abs=1)
    assert real.ask(active_name) == "D"
    hand.key("Delete")
    real.wait(has_names, ["A", "B", "C"])


def test_a_handle_is_renamed_by_a_double_click(real: RealWindow, hand: Hand) -> None:
    hand.click(real.ask(place_of_handle, "C"), times=2)
    real.wait(dialog_open, "renameDialog")
    hand.key("ctrl+a")
    hand.type("seven")
    hand.key("Return")
    real.wait(has_names, ["A", "B", "seven"])


def dialog_open(window: "MainWindow", name: str) -> bool:
    from PySide6.QtWidgets import QApplication

    active = QApplication.activeWindow()
    return active is not None and active.objectName() == name


def test_arrows_nudge_finely_with_shift(real: RealWindow, hand: Hand) -> None:
    hand.click(real.ask(place_of_handle, "A"))
    before = real.ask(place_of_handle, "A")
    hand.key("Right")
    real.wait(place_changed, "A", before)
    far = real.ask(place_of_handle, "A")
    hand.key("shift+Up")
    real.wait(place_changed, "A", far)
    near = real.ask(place_of_handle, "A")
    assert (far[0] - before[0], far[1] - before[1]) == (8, 0)
    assert (near[0] - far[0], near[1] - far[1]) == (0, -1)


def place_changed(window: "MainWindow", name: str, before: Place) -> bool:
    return place_of_handle(window, name) != before


def test_a_value_is_typed_beside_its_slider(real: RealWindow, hand: Hand) -> None:
    hand.click(real.ask(place_of, "value-1"), times=2)
    hand.key("ctrl+a")
    hand.type("-0.75")
    hand.key("Return")
    real.wait(dimension_is, "A", 1, -0.75)
    assert real.ask(steps) == (1, 1)


def dimension_is(window: "MainWindow", name: str, dimension: int, value: float) -> bool:
    return abs(latent(window, name)[dimension] - value) < 1e-6


def test_a_slider_is_dragged_in_one_step(real: RealWindow, hand: Hand) -> None:
    before = real.ask(latent, "A")
    handle = real.ask(place_of_slider_handle, "slider-0")
    hand.drag(handle, (handle[0] + 40, handle[1]))
    real.wait(undo_index_is, 1)
    after = real.ask(latent, "A")
    assert after[0] > before[0]
    assert after[1] == before[1]
    assert real.ask(steps) == (1, 1)
    hand.key("ctrl+z")
    real.wait(back_at, "A", before)


def place_of_slider_handle(window: "MainWindow", name: str) -> Place:
    """The knob of a slider on the screen."""
    from PySide6.QtWidgets import QSlider, QStyle, QStyleOptionSlider

    slider = window.findChild(QSlider, name)
    assert isinstance(slider, QSlider)
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    knob = slider.style().subControlRect(
        QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, slider
    )
    at = slider.mapToGlobal(knob.center())
    return at.x(), at.y()
