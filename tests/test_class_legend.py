"""The legend of classes: chips in the very colours of the points they stand for, and readable."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QFocusEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QLineEdit,
    QPushButton,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.painting import class_colour_rows
from explorer.widgets.class_legend import ClassLegend

CLASSES = 10
READABLE = 4.5  # contrast of small text: WCAG 2.2, success criterion 1.4.3

# What the windowless plugin says of any window that opens over another.
popup = pytest.mark.qt_log_ignore(r"does not support (raise|grabbing the keyboard)", extend=True)


@pytest.fixture(params=["dark", "light"])
def legend(
    request: pytest.FixtureRequest, qapp: QApplication, qtbot: QtBot
) -> Iterator[ClassLegend]:
    theme.apply(qapp, request.param == "dark")
    found = ClassLegend()
    qtbot.addWidget(found)
    found.set_classes(tuple("abcdefghij"))
    found.show()
    yield found
    theme.apply(qapp, True)


def chip(legend: ClassLegend, label: int) -> QToolButton:
    found = legend.findChild(QToolButton, f"class-{label}")
    assert isinstance(found, QToolButton)
    return found


def colours_in(image: QImage) -> set[str]:
    return {
        image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())
    }


def contrast(one: str, other: str) -> float:
    def luminance(name: str) -> float:
        colour = QColor(name)
        parts = np.array([colour.redF(), colour.greenF(), colour.blueF()])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_a_chip_has_the_colour_of_its_points(legend: ClassLegend) -> None:
    points = class_colour_rows(np.arange(CLASSES), CLASSES)
    for label in range(CLASSES):
        colour = QColor(*points[label].tolist()).name()
        assert colour in colours_in(chip(legend, label).grab().toImage())
        chip(legend, label).setChecked(False)
        assert colour not in colours_in(chip(legend, label).grab().toImage())


def test_its_name_can_be_read_whatever_the_colour(legend: ClassLegend) -> None:
    for label in range(CLASSES):
        box = chip(legend, label).geometry()
        name = legend.grab(box.adjusted(box.width() // 2, 0, 0, 0)).toImage()
        ground = theme.colours().panel
        assert max(contrast(colour, ground) for colour in colours_in(name)) >= READABLE


def entries(legend: ClassLegend) -> QTreeWidget:
    found = legend.findChildren(QTreeWidget, "classEntries")[-1]
    assert isinstance(found, QTreeWidget)
    return found


def list_button(legend: ClassLegend) -> QToolButton:
    found = legend.findChild(QToolButton, "classes")
    assert isinstance(found, QToolButton)
    return found


def opened_list(legend: ClassLegend) -> QWidget:
    list_button(legend).click()
    found = legend.findChildren(QWidget, "classList")[-1]
    assert isinstance(found, QWidget)
    assert found.isVisible()
    return found


def listed(legend: ClassLegend) -> list[str]:
    """The entries that are to be seen, by name."""
    tree = entries(legend)
    items = [tree.topLevelItem(at) for at in range(tree.topLevelItemCount())]
    return [item.text(0) for item in items if item is not None and not item.isHidden()]


def entry(legend: ClassLegend, label: int) -> QTreeWidgetItem:
    found = entries(legend).topLevelItem(label)
    assert found is not None
    return found


# -- as many chips as there is room for ------------------------------------------------------


def resize(legend: ClassLegend, width: int) -> None:
    legend.resize(width, legend.sizeHint().height())


def in_row(legend: ClassLegend) -> list[QToolButton]:
    return [chip(legend, label) for label in range(CLASSES) if chip(legend, label).isVisible()]


def resize_to_one_chip(legend: ClassLegend) -> None:
    resize(legend, legend.minimumSizeHint().width() + chip(legend, 0).sizeHint().width() + 4)
    assert in_row(legend) == [chip(legend, 0)]


@popup
def test_every_class_is_in_the_row_or_in_the_list_whatever_the_width(legend: ClassLegend) -> None:
    resize(legend, legend.minimumSizeHint().width())
    opened_list(legend)
    for width in range(legend.minimumSizeHint().width(), legend.sizeHint().width() + 40, 7):
        resize(legend, width)
        seen, more = in_row(legend), list_button(legend)
        assert more.isVisible() == (len(seen) < CLASSES)
        for button in [*seen, *([more] if more.isVisible() else [])]:
            assert legend.rect().contains(button.geometry())
            words = button.fontMetrics().horizontalAdvance(button.text())
            assert button.width() >= words + (0 if button is more else button.iconSize().width())
        assert [*(button.text() for button in seen), *listed(legend)] == list("abcdefghij")
    assert chip(legend, CLASSES - 1).isVisible()
    assert not entries(legend).isVisible(), "the list closes with its last class"


@popup
def test_a_class_without_room_is_shown_hidden_and_pointed_at_in_the_list(
    legend: ClassLegend, qtbot: QtBot
) -> None:
    told: list[tuple[int, bool]] = []
    legend.toggled.connect(lambda label, shown: told.append((label, shown)))
    resize_to_one_chip(legend)
    opened_list(legend)
    colours = colours_in(entry(legend, 2).icon(0).pixmap(44, 44).toImage())
    assert QColor(theme.class_colour(2)).name() in colours
    with qtbot.waitSignal(legend.pointed) as pointed:
        entries(legend).setCurrentItem(entry(legend, 2))
    assert pointed.args == [2]
    QTest.keyClick(entries(legend), Qt.Key.Key_Space)
    assert told == [(2, False)]
    assert "1 of them hidden" in list_button(legend).toolTip()
    chip(legend, 0).click()
    assert told == [(2, False), (0, False)]
    assert "1 of them hidden" in list_button(legend).toolTip()
    resize(legend, legend.sizeHint().width())
    assert [button.text() for button in in_row(legend) if not button.isChecked()] == ["a", "c"]


@popup
def test_all_in_the_list_are_hidden_at_once_and_chips_stay(legend: ClassLegend) -> None:
    resize_to_one_chip(legend)
    opened_list(legend)
    told: list[frozenset[int]] = []
    legend.hidden_wished.connect(told.append)
    hide, show = (legend.findChild(QPushButton, f"{word}AllClasses") for word in ("hide", "show"))
    assert isinstance(hide, QPushButton)
    assert isinstance(show, QPushButton)
    hide.click()
    assert told == [frozenset(range(1, CLASSES))]
    legend.set_hidden(range(CLASSES))
    show.click()
    assert told[-1] == {0}


def test_a_chip_that_loses_its_room_leaves_the_focus_to_the_list(
    legend: ClassLegend, qtbot: QtBot
) -> None:
    resize(legend, legend.sizeHint().width())
    with qtbot.waitSignal(legend.pointed):
        chip(legend, 9).setFocus()
    with qtbot.waitSignal(legend.pointed) as told:
        resize_to_one_chip(legend)
    assert told.args == [None]
    assert list_button(legend).hasFocus()


# -- many classes ----------------------------------------------------------------------------

MANY = tuple(f"kind {number}" for number in range(45))


@pytest.fixture
def many(qapp: QApplication, qtbot: QtBot) -> ClassLegend:
    found = ClassLegend()
    qtbot.addWidget(found)
    found.set_classes(MANY)
    found.show()
    return found


@popup
def test_many_classes_are_a_list_in_the_colours_of_their_points(many: ClassLegend) -> None:
    opened_list(many)
    assert listed(many) == list(MANY)
    points = class_colour_rows(np.arange(len(MANY)), len(MANY))
    for label in (0, 13, 44):
        colour = QColor(*points[label].tolist()).name()
        assert colour in colours_in(entry(many, label).icon(0).pixmap(44, 44).toImage())


@popup
def test_a_class_is_found_by_letters_of_its_name_and_chosen_by_keys(
    many: ClassLegend, qtbot: QtBot
) -> None:
    opened_list(many)
    told: list[tuple[int, bool]] = []
    many.toggled.connect(lambda label, shown: told.append((label, shown)))
    search = many.findChild(QLineEdit, "findClass")
    assert isinstance(search, QLineEdit)
    assert search.hasFocus()
    QTest.keyClicks(search, "KIND 3")
    assert listed(many) == ["kind 3", *(f"kind {number}" for number in range(30, 40))]
    QTest.keyClick(search, Qt.Key.Key_Return)
    with qtbot.waitSignal(many.pointed) as pointed:
        QTest.keyClick(entries(many), Qt.Key.Key_Down)
    assert pointed.args == [30]
    QTest.keyClick(entries(many), Qt.Key.Key_Space)
    assert told == [(30, False)]


@popup
def test_all_that_are_found_are_shown_or_hidden_at_once(many: ClassLegend) -> None:
    opened_list(many)
    told: list[frozenset[int]] = []
    many.hidden_wished.connect(told.append)
    buttons = {name: many.findChild(QPushButton, f"{name}AllClasses") for name in ("show", "hide")}
    search = many.findChild(QLineEdit, "findClass")
    assert isinstance(search, QLineEdit)
    for name, text, wanted in (
        ("hide", "", range(45)),
        ("show", "kind 4", {*range(45)} - {4, *range(40, 45)}),
        ("hide", "kind 44", {*range(45)} - {4, *range(40, 44)}),
    ):
        button = buttons[name]
        assert isinstance(button, QPushButton)
        search.setText(text)
        button.click()
        assert told[-1] == frozenset(wanted)
        many.set_hidden(told[-1])
    assert entry(many, 44).checkState(0) == Qt.CheckState.Unchecked
    assert entry(many, 43).checkState(0) == Qt.CheckState.Checked


@popup
def test_the_legend_says_when_colours_repeat(many: ClassLegend) -> None:
    for count, repeats in ((len(theme.CLASS_COLOURS), False), (45, True)):
        many.set_classes(MANY[:count])
        opened_list(many)
        tips = list_button(many).toolTip(), entries(many).toolTip()
        assert [("the same" in tip) for tip in tips] == [repeats] * 2
    assert "kind 5, in the colour of kind 25<" in entry(many, 5).toolTip(0)
    assert "kind 24, in the colour of kind 4, kind 44<" in entry(many, 24).toolTip(0)


def test_a_chip_that_the_pointer_or_tab_rests_on_is_told_until_it_leaves(
    legend: ClassLegend, qtbot: QtBot
) -> None:
    kinds = QEvent.Type
    for enter, leave in ((QEvent(kinds.Enter), QEvent(kinds.Leave)), (None, None)):
        with qtbot.waitSignal(legend.pointed) as told:
            if enter is not None:
                QApplication.sendEvent(chip(legend, 3), enter)
            else:
                QApplication.sendEvent(chip(legend, 3), QFocusEvent(kinds.FocusIn))
        assert told.args == [3]
        with qtbot.waitSignal(legend.pointed) as told:
            QApplication.sendEvent(chip(legend, 3), leave or QFocusEvent(kinds.FocusOut))
        assert told.args == [None]


@popup
def test_other_classes_leave_none_pointed_at(many: ClassLegend, qtbot: QtBot) -> None:
    opened_list(many)
    with qtbot.waitSignal(many.pointed):
        entries(many).setCurrentItem(entry(many, 7))
    with qtbot.waitSignal(many.pointed) as told:
        many.set_classes(MANY[:3])
    assert told.args == [None]


@popup
def test_no_classes_need_no_list(many: ClassLegend) -> None:
    opened_list(many)
    many.set_classes(())
    assert not list_button(many).isVisible()
    assert not any(tree.isVisible() for tree in many.findChildren(QTreeWidget, "classEntries"))
