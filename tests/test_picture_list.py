"""The list of models: what is in it can be read in the width it has, or told apart."""

import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.widgets.picture_list import Entry, PictureList

LONG = "digits-with-a-very-long-name-run-12"


@pytest.fixture
def listed(qapp: QApplication, qtbot: QtBot) -> PictureList:
    found = PictureList()
    qtbot.addWidget(found)
    found.set_entries([Entry("a", "digits", "K = 2"), Entry("b", LONG, "K = 10, β-TCVAE")], "a")
    found.show()
    return found


def test_with_room_all_can_be_read(listed: PictureList) -> None:
    listed.resize(600, listed.height())
    assert [listed.shown(row) for row in range(2)] == [
        ("digits", "K = 2"),
        (LONG, "K = 10, β-TCVAE"),
    ]


def test_without_room_a_name_keeps_its_ends_and_the_tip_has_all_of_it(listed: PictureList) -> None:
    listed.resize(150, listed.height())
    assert listed.shown(0) == ("digits", "K = 2")
    start, end = listed.shown(1)[0].split("…")
    assert LONG.startswith(start)
    assert LONG.endswith(end)
    assert start
    assert end
    assert LONG in listed.item(1).toolTip()
    assert LONG in listed.item(1).text()  # what a screen reader is told


@pytest.mark.parametrize("dark", [True, False])
def test_the_words_are_drawn_beside_the_picture(
    listed: PictureList, qapp: QApplication, dark: bool
) -> None:
    theme.apply(qapp, dark)
    red = QImage(8, 8, QImage.Format.Format_RGB32)
    red.fill(QColor("red"))
    listed.set_entries([Entry("a", "███", "", red)], "")
    listed.resize(200, listed.height())
    row = listed.grab(listed.visualItemRect(listed.item(0))).toImage()
    colours = [row.pixelColor(x, 16).name() for x in range(row.width())]
    assert "#ff0000" in colours
    assert theme.colours().text in colours
    last_red = max(x for x, colour in enumerate(colours) if colour == "#ff0000")
    assert colours.index(theme.colours().text) > last_red
    theme.apply(qapp, True)
