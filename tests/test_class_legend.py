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


# -- many classes ----------------------------------------------------------------------------

# What the windowless plugin says of any window that opens over another.
popup = pytest.mark.qt_log_ignore(r"does not support (raise|grabbing the keyboard)", extend=True)
MANY = tuple(f"kind {number}" for number in range(45))


@pytest.fixture
def many(qapp: QApplication, qtbot: QtBot) -> ClassLegend:
    found = ClassLegend()
    qtbot.addWidget(found)
    found.set_classes(MANY)
    found.show()
    return found


def entries(legend: ClassLegend) -> QTreeWidget:
    found = legend.findChild(QTreeWidget, "classEntries")
    assert isinstance(found, QTreeWidget)
    return found


def opened_list(legend: ClassLegend) -> QWidget:
    button = legend.findChild(QToolButton, "classes")
    assert isinstance(button, QToolButton)
    button.click()
    found = legend.findChild(QWidget, "classList")
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


def test_the_legend_says_when_colours_repeat(many: ClassLegend) -> None:
    for count, repeats in ((len(theme.CLASS_COLOURS), False), (45, True)):
        many.set_classes(MANY[:count])
        button = many.findChildren(QToolButton, "classes")[-1]
        tips = button.toolTip(), many.findChildren(QTreeWidget, "classEntries")[-1].toolTip()
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
