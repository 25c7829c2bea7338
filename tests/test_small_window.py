"""The window at small sizes: nothing covers anything, and nothing is cut that has room."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QApplication, QFrame, QPushButton, QScrollArea, QToolButton
from pytestqt.qtbot import QtBot

from explorer.pages.training_setup import SetupPage
from explorer.theme import assets_folder
from explorer.widgets.picture_view import PictureView
from explorer.window import MainWindow
from tests.opened import Opened, opened

BOTTOM = ("path", "data", "training")


@pytest.fixture
def window(tiny_model_file: Path, qtbot: QtBot) -> Iterator[Opened]:
    with opened(qtbot, tiny_model_file) as found:
        yield found


def lie_apart(main: MainWindow, bottom: str) -> None:
    """The panels beside one another, one of those at the bottom in front."""
    docks = main.docks.by_name
    seen = [docks[one] for one in ("library", "picture", "dimensions", bottom)]
    boxes = [dock.geometry() for dock in seen] + [main.centre.geometry()]
    for number, box in enumerate(boxes):
        assert main.rect().contains(box)
        assert not any(box.intersects(other) for other in boxes[:number])


@pytest.mark.parametrize("size", [(900, 600), (1100, 700), (1440, 900)])
def test_no_dock_covers_another(window: Opened, size: tuple[int, int]) -> None:
    for name in BOTTOM:
        window.window.docks.bring(name)
        window.window.resize(*size)
        QApplication.processEvents()
        lie_apart(window.window, name)


def test_nor_does_one_where_the_model_has_classes(qtbot: QtBot) -> None:
    with opened(qtbot, assets_folder() / "digits-by-class.safetensors") as found:
        main = found.window
        main.resize(900, 600)
        QApplication.processEvents()
        lie_apart(main, "path")
        assert main.map_panel.width() >= main.map_panel.minimumSizeHint().width()


def test_the_ways_to_play_a_path_are_at_hand_in_the_smallest_window(window: Opened) -> None:
    window.window.resize(900, 600)
    QApplication.processEvents()
    panel = window.window.path_panel
    bar = [
        button
        for button in panel.findChildren(QPushButton)
        if button.isVisible() and button.parentWidget() is panel
    ]
    assert all(panel.rect().contains(button.geometry()) for button in bar)
    more = panel.findChild(QPushButton, "moreButton")
    assert more is not None
    menu = more.menu()
    assert menu is not None
    menu.aboutToShow.emit()
    in_menu = [action.text() for action in menu.actions()]
    for name in ("loopPath", "thereAndBack"):
        button = panel.findChild(QPushButton, name)
        assert button is not None
        assert button.isVisible() != (button.text() in in_menu)
    for action in menu.actions():
        if action.text() == "There and back":
            action.trigger()
            assert panel.there_and_back


@pytest.mark.parametrize("size", [(900, 600), (1440, 900)])
def test_a_message_over_the_map_leaves_the_legend_in_sight(
    window: Opened, size: tuple[int, int]
) -> None:
    main, legend = window.window, window.window.overlays.legend
    main.resize(*size)
    QApplication.processEvents()
    layers = main.session.layers
    main.session.set_layers(layers.with_layer("magnification", True))
    usual = legend.geometry()
    main.messages.complain("one.png: cannot be read\n" + "a second message, of many words " * 9)
    main.session.set_layers(main.session.layers.with_layer("field", True))
    view = main.map_panel.view
    box = QRect(main.banner.mapTo(main, QPoint()), main.banner.size())
    assert not box.intersects(QRect(legend.mapTo(main, QPoint()), legend.size()))
    main.banner.hide()
    assert legend.pos() == usual.topLeft()
    assert view.rect().contains(legend.geometry())
    window.settle()


def test_an_objective_that_fits_needs_no_scrolling(window: Opened) -> None:
    window.window.resize(1100, 700)
    window.window.show_training()
    QApplication.processEvents()
    page = window.window.training_panel.findChild(SetupPage)
    assert page is not None
    area = page.beside.currentWidget()
    assert isinstance(area, QScrollArea)
    assert area.isVisible()
    assert page.meaning.geometry().bottom() <= area.viewport().height()
    assert area.verticalScrollBar().maximum() == 0


def test_a_low_picture_panel_leaves_its_height_to_the_dimensions(window: Opened) -> None:
    main = window.window
    small = [view for view in main.inspector.findChildren(PictureView) if view.maximumWidth() < 100]
    assert len(small) == 3
    heights = []
    for size in ((1440, 1000), (1100, 700)):
        main.resize(*size)
        QApplication.processEvents()
        heights.append({view.height() for view in small})
        assert main.inspector.rect().contains(main.inspector.preview.geometry())
    roomy, low = heights
    assert max(low) < min(roomy)


@pytest.mark.qt_log_ignore(r"does not support (raise|grabbing the keyboard)", extend=True)
@pytest.mark.parametrize("top", [0, 150])
def test_the_list_of_classes_hides_none_of_the_map(qtbot: QtBot, top: int) -> None:
    with opened(qtbot, assets_folder() / "digits-by-class.safetensors") as found:
        main = found.window
        main.resize(900, 600)
        main.move(0, top)
        QApplication.processEvents()
        more = main.map_panel.findChild(QToolButton, "classes")
        assert more is not None
        more.click()
        listed = main.findChild(QFrame, "classList")
        assert listed is not None
        assert listed.isVisible()
        view, screen = main.map_panel.view, main.screen().availableGeometry()
        assert not listed.geometry().intersects(QRect(view.mapToGlobal(QPoint()), view.size()))
        assert screen.contains(listed.geometry())
        listed.close()
