"""The legend of classes: chips in the very colours of the points they stand for, and readable."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtGui import QColor, QIcon, QImage
from PySide6.QtWidgets import QApplication, QMenu, QToolButton
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


def menu(legend: ClassLegend) -> QMenu:
    more = legend.findChild(QToolButton, "classes")
    assert more is not None
    found = more.menu()
    assert found is not None
    found.aboutToShow.emit()
    return found


def resize(legend: ClassLegend, width: int) -> None:
    legend.resize(width, legend.sizeHint().height())


def test_every_class_is_in_the_row_or_in_the_menu_whatever_the_width(legend: ClassLegend) -> None:
    for width in range(legend.minimumSizeHint().width(), legend.sizeHint().width() + 40, 7):
        resize(legend, width)
        seen = [chip(legend, n) for n in range(CLASSES) if chip(legend, n).isVisible()]
        more = legend.findChild(QToolButton, "classes")
        assert more is not None
        assert more.isVisible() == (len(seen) < CLASSES)
        for button in [*seen, *([more] if more.isVisible() else [])]:
            assert legend.rect().contains(button.geometry())
            words = button.fontMetrics().horizontalAdvance(button.text())
            assert button.width() >= words + (0 if button is more else button.iconSize().width())
        names = [*(c.text() for c in seen), *(a.text() for a in menu(legend).actions())]
        assert names[:CLASSES] == list("abcdefghij")
        assert len(names) == CLASSES
    assert chip(legend, CLASSES - 1).isVisible()


def test_the_menu_shows_and_hides_a_class_and_has_its_colour(legend: ClassLegend) -> None:
    told: list[tuple[int, bool]] = []
    legend.toggled.connect(lambda label, shown: told.append((label, shown)))
    resize(legend, legend.minimumSizeHint().width() + chip(legend, 0).sizeHint().width() + 4)
    assert chip(legend, 0).isVisible()
    third = menu(legend).actions()[1]
    dot = third.icon().pixmap(44, 44, QIcon.Mode.Normal, QIcon.State.On).toImage()
    assert QColor(theme.class_colour(2)).name() in colours_in(dot)
    third.trigger()
    assert told == [(2, False)]
    assert not menu(legend).actions()[1].isChecked()
    legend.set_hidden([5])
    assert [action.text() for action in menu(legend).actions() if not action.isChecked()] == ["f"]
    assert told == [(2, False)]


def test_many_classes_stand_in_a_menu_alone(legend: ClassLegend) -> None:
    told: list[tuple[int, bool]] = []
    legend.toggled.connect(lambda label, shown: told.append((label, shown)))
    legend.set_classes(tuple(f"class {number}" for number in range(30)))
    resize(legend, 600)
    menu(legend).actions()[20].trigger()
    assert told == [(20, False)]
    assert not menu(legend).actions()[20].isChecked()
    legend.set_classes(())
    more = legend.findChild(QToolButton, "classes")
    assert more is not None
    assert not more.isVisible()
