"""The legend of classes: chips in the very colours of the points they stand for, and readable."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QToolButton
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
