"""The class on the map of a conditional model: one truth, one lens a class, z held."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from explorer.arrangement import Arrangement, Handle
from explorer.class_grid import fitting_grid
from explorer.class_lens import ClassLens
from explorer.map_classes import MapClasses
from explorer.rendering import ModelInfo, Slot
from explorer.session import Session
from explorer.widgets.class_row import ClassRow, class_keys
from explorer.widgets.map_view import MapView
from tests.fakes import FakeThread, info
from tests.opened import opened
from tests.test_map_view import MOVE, NONE, mouse


def model(classes: int = 4, **values: Any) -> ModelInfo:
    names = tuple(f"kind {number}" for number in range(classes))
    return replace(info(3), conditional=True, class_names=names, **values)


def labelled(*labels: int) -> Arrangement:
    return Arrangement(
        tuple(
            Handle(key, "ABC"[key - 1], key, np.full(3, 0.1 * key, np.float32), label)
            for key, label in enumerate(labels, start=1)
        )
    )


@pytest.fixture
def session(qapp: object) -> Iterator[Session]:
    found = Session()
    found.set_model(model(), labelled(2, 0), (0, 1))
    yield found
    found.deleteLater()


@pytest.fixture
def thread(qapp: object) -> FakeThread:
    return FakeThread()


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[MapView]:
    found = MapView()
    qtbot.addWidget(found)
    found.resize(640, 424)
    found.show()
    found.setFocus()
    yield found
    found.hide()


@pytest.fixture
def classes(
    session: Session, thread: FakeThread, view: MapView, qtbot: QtBot
) -> Iterator[MapClasses]:
    lens = ClassLens(session, thread, session)  # type: ignore[arg-type] # a fake with its signals
    found = MapClasses(session, lens, view, session)
    found.row.setParent(None)
    qtbot.addWidget(found.row)
    found.row.resize(800, 30)
    session.set_model(model(), labelled(2, 0), (0, 1))
    found.row.show()
    yield found
    lens.stop()


def button(row: ClassRow, label: int) -> QToolButton:
    found = row.findChild(QToolButton, f"mapClass-{label}")
    assert isinstance(found, QToolButton)
    return found


def chosen(row: ClassRow) -> list[int]:
    """The classes that look chosen: exactly one, and the list says the same."""
    down = [at for at in range(4) if button(row, at).isChecked()]
    listed = row.findChild(QComboBox, "mapClass")
    assert isinstance(listed, QComboBox)
    assert [listed.currentIndex()] == down
    return down


def toggle_all(row: ClassRow) -> None:
    found = row.findChild(QPushButton, "allClasses")
    assert isinstance(found, QPushButton)
    found.click()


def test_the_row_is_that_of_the_active_handle(classes: MapClasses, session: Session) -> None:
    assert chosen(classes.row) == [2]
    session.set_active(2)
    assert chosen(classes.row) == [0]
    session.set_label(2, 3)
    assert chosen(classes.row) == [3]
    session.undo_stack.undo()
    assert chosen(classes.row) == [0]


def test_choosing_changes_the_class_and_holds_z(classes: MapClasses, session: Session) -> None:
    before = session.arrangement.handles[0].z.copy()
    button(classes.row, 1).click()
    assert session.active is not None
    assert session.active.label == session.label == 1
    np.testing.assert_array_equal(session.active.z, before)
    assert session.arrangement.handles[1].label == 0
    session.undo_stack.undo()
    assert session.label == 2


def test_without_a_handle_the_map_has_a_class_of_its_own(
    classes: MapClasses, session: Session, qtbot: QtBot
) -> None:
    session.remove_handle(2)
    session.remove_handle(1)
    assert session.label == 2  # the map stays as it was
    with qtbot.waitSignal(session.class_changed):
        button(classes.row, 3).click()
    assert session.label == 3
    assert chosen(classes.row) == [3]
    assert not session.arrangement.handles


def test_models_without_classes_have_no_row(classes: MapClasses, session: Session) -> None:
    session.set_model(info(3), Arrangement(), (0, 1))
    assert classes.row.isHidden()
    assert session.label is None
    assert not classes.all_classes


def test_digits_on_the_map_choose(
    classes: MapClasses, session: Session, view: MapView, qtbot: QtBot
) -> None:
    view.activateWindow()
    view.setFocus()
    qtbot.waitUntil(view.hasFocus)
    QTest.keyClick(view, Qt.Key.Key_1)
    assert session.label == 0
    QTest.keyClick(view, Qt.Key.Key_4)
    assert session.label == 3
    QTest.keyClick(view, Qt.Key.Key_9)  # there is no ninth
    assert session.label == 3


def test_a_digit_is_the_class_of_that_name_where_there_is_one() -> None:
    digits = class_keys([str(number) for number in range(10)])
    assert all(digits[number] == str(number) for number in range(10))
    assert class_keys(["across", "down"]) == {0: "1", 1: "2"}
    assert class_keys(["seven", "7"]) == {1: "7"}


def test_arrow_keys_go_along_the_row(classes: MapClasses, session: Session) -> None:
    button(classes.row, 2).setFocus()
    QTest.keyClick(button(classes.row, 2), Qt.Key.Key_Right)
    assert session.label == 3
    QTest.keyClick(button(classes.row, 3), Qt.Key.Key_Left)
    QTest.keyClick(button(classes.row, 2), Qt.Key.Key_Left)
    assert session.label == 1


@pytest.mark.parametrize(("classes_there", "width"), [(100, 800), (10, 200), (4, 800)])
def test_where_there_is_no_room_for_buttons_a_list_takes_their_place(
    qtbot: QtBot, classes_there: int, width: int
) -> None:
    row = ClassRow()
    qtbot.addWidget(row)
    names = [f"kind {number}" for number in range(classes_there)]
    row.set_classes(names, class_keys(names))
    row.resize(width, 30)
    row.show()
    listed = row.findChild(QComboBox, "mapClass")
    assert isinstance(listed, QComboBox)
    assert listed.isVisible() is (classes_there > 4)
    assert row.minimumSizeHint().width() < 320
    heard: list[int] = []
    row.chosen.connect(heard.append)
    listed.setCurrentIndex(3)
    listed.activated.emit(3)
    assert heard == [3]


def test_long_names_are_cut_before_a_list_takes_the_place_of_the_buttons(qtbot: QtBot) -> None:
    panel = QWidget()
    qtbot.addWidget(panel)
    row = ClassRow(panel)
    names = ["mountain landscape", "رسالة طويلة جدا", "<b>not bold</b>", "7", "another long name"]
    row.set_classes(names, class_keys(names))
    row.resize(1000, 30)
    panel.show()
    assert [button(row, label).text() for label in range(5)] == names
    row.resize(560, 30)
    cut = [button(row, label) for label in range(5)]
    assert all(one.isVisible() for one in cut)
    assert any(one.text() != name for one, name in zip(cut, names, strict=True))
    assert cut[3].text() == "7"  # short ones stay whole
    for one, name in zip(cut, names, strict=True):
        assert name in one.toolTip()
        assert one.width() >= one.sizeHint().width()
    assert cut[-1].mapTo(row, cut[-1].rect().bottomRight()).x() < row.width()
    row.resize(300, 30)
    assert not any(one.isVisible() for one in cut)
    row.resize(1000, 30)
    assert [one.text() for one in cut] == names


def test_the_class_of_the_picture_is_told_whole_in_its_tip(qtbot: QtBot) -> None:
    from explorer.theme import assets_folder

    with opened(qtbot, assets_folder() / "digits-by-class.safetensors") as found:
        session = found.window.session
        box = found.window.inspector.findChild(QComboBox, "handleClass")
        assert isinstance(box, QComboBox)
        assert session.model is not None
        name = "رسالة طويلة جدا <b>"
        names = (name, *session.model.class_names[1:])
        session.set_model(replace(session.model, class_names=names), session.arrangement, (0, 1))
        session.choose_class(0)
        assert "رسالة طويلة جدا &lt;b&gt;" in box.toolTip()
        assert box.sizeHint().width() > box.fontMetrics().horizontalAdvance(name)
        found.settle()


# -- one lens a class ------------------------------------------------------------------------


def test_all_classes_are_one_batch_of_the_same_z(
    classes: MapClasses, session: Session, thread: FakeThread, view: MapView, qtbot: QtBot
) -> None:
    toggle_all(classes.row)
    mouse(view, MOVE, QPoint(300, 200), NONE, NONE)
    qtbot.waitUntil(lambda: bool(thread.asked))
    request = thread.last(Slot.LENS)
    assert request.label is not None
    assert request.label.tolist() == [0, 1, 2, 3]
    x, y = view._to_plane(QPoint(300, 200).toPointF())
    wanted = session.slice.lift(np.array([x, y], np.float32))
    np.testing.assert_allclose(request.z, np.tile(wanted, (4, 1)), atol=1e-6)
    thread.answer(request, 0, 3)
    assert view.lens is None  # not before it is whole
    thread.answer(request, 3)
    assert isinstance(view.lens, QImage)
    assert view.lens.width() > view.lens.height() / 2


def test_a_batch_that_was_begun_is_finished_and_then_the_newest_wish_is_asked(
    classes: MapClasses, thread: FakeThread, view: MapView, qtbot: QtBot
) -> None:
    toggle_all(classes.row)
    mouse(view, MOVE, QPoint(300, 200), NONE, NONE)
    qtbot.waitUntil(lambda: len(thread.asked) == 1)
    for x in (310, 320, 330):
        mouse(view, MOVE, QPoint(x, 200), NONE, NONE)
    assert len(thread.asked) == 1
    thread.answer(thread.asked[0])
    qtbot.waitUntil(lambda: len(thread.asked) == 2)
    newest = view._to_plane(QPoint(330, 200).toPointF())
    np.testing.assert_allclose(thread.asked[1].z[0, :2], newest, atol=1e-6)
    thread.answer(thread.asked[1], error="no memory")
    mouse(view, MOVE, QPoint(340, 200), NONE, NONE)
    qtbot.waitUntil(lambda: len(thread.asked) == 3)  # an error ends a batch too


def test_what_comes_after_the_pointer_has_left_is_not_shown(
    classes: MapClasses, thread: FakeThread, view: MapView, qtbot: QtBot
) -> None:
    toggle_all(classes.row)
    mouse(view, MOVE, QPoint(300, 200), NONE, NONE)
    qtbot.waitUntil(lambda: bool(thread.asked))
    view.leaveEvent(QEvent(QEvent.Type.Leave))
    thread.answer(thread.asked[0])
    assert view.lens is None


@pytest.mark.parametrize("count", [1, 2, 3, 10, 26, 100])
@pytest.mark.parametrize("room", [(456, 200), (160, 120), (900, 400)])
def test_the_grid_holds_every_class_and_fits(count: int, room: tuple[int, int]) -> None:
    grid = fitting_grid(count, *room)
    assert grid.columns * grid.rows >= count
    assert grid.columns * (grid.rows - 1) < count
    width, height = grid.size()
    if grid.cell > 14:
        assert width <= room[0]
        assert height <= room[1]
    larger = grid.cell + 2
    if larger <= 72:  # no larger cells would have fitted in rows of that many
        assert (
            (grid._replace(cell=larger).size()[0] > room[0])
            or (grid._replace(cell=larger).size()[1] > room[1])
            or larger == 26
        )


def test_in_the_window_the_mosaic_repaints_under_the_new_class(qtbot: QtBot) -> None:
    from explorer.theme import assets_folder

    with opened(qtbot, assets_folder() / "digits-by-class.safetensors") as found:
        window = found.window
        before, view = window.inspector.preview.image(), window.map_panel.view.view
        generation = window.mosaic._ground.generation
        other = ((window.session.label or 0) + 1) % 10
        row = window.map_area.classes.row
        assert row.isVisible()
        listed = row.findChild(QComboBox, "mapClass")
        assert isinstance(listed, QComboBox)
        listed.activated.emit(other)
        assert window.mosaic._ground.generation == generation + 1
        assert window.mosaic.busy or window.mosaic._ground.ask_pending
        found.settle()
        assert window.inspector.preview.image() != before
        assert window.map_panel.view.view == view
        inspector = window.inspector.findChild(QComboBox, "handleClass")
        assert isinstance(inspector, QComboBox)
        assert inspector.currentIndex() == other
