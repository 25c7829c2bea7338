"""A row of buttons never needs more room than there is, and loses no button."""

from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QMenu, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from explorer.widgets.overflow_row import OverflowRow

NAMES = ("Mosaic", "Points", "Posterior", "Density", "Magnification", "Field")


class Row:
    """Six buttons that can be pressed down, in a row of some width."""

    def __init__(self, qtbot: QtBot) -> None:
        self.widget = OverflowRow("layers")
        qtbot.addWidget(self.widget)
        self.pressed: list[str] = []
        self.buttons = [self._button(name) for name in NAMES]
        self.widget.set_buttons(self.buttons)
        self.widget.show()

    def _button(self, name: str) -> QPushButton:
        button = QPushButton(name)
        button.setCheckable(True)
        button.setToolTip(f"What {name} is")
        button.clicked.connect(partial(self.pressed.append, name))
        return button

    def resize(self, width: int) -> None:
        self.widget.resize(width, self.widget.sizeHint().height())

    @property
    def more(self) -> QPushButton:
        found = self.widget.findChild(QPushButton, "moreButton")
        assert found is not None
        return found

    def menu(self) -> QMenu:
        menu = self.more.menu()
        assert menu is not None
        menu.aboutToShow.emit()
        return menu


@pytest.fixture
def row(qtbot: QtBot) -> Row:
    return Row(qtbot)


def test_with_room_all_stand_in_the_row(row: Row) -> None:
    row.resize(row.widget.sizeHint().width())
    assert all(button.isVisible() for button in row.buttons)
    assert not row.more.isVisible()


def test_what_is_seen_never_overlaps_nor_leaves_the_row(row: Row) -> None:
    @given(st.integers(row.widget.minimumSizeHint().width(), 900))
    def check(width: int) -> None:
        row.resize(width)
        seen: list[QWidget] = [w for w in (*row.buttons, row.more) if w.isVisible()]
        for left, right in pairwise(seen):
            assert left.geometry().right() < right.geometry().left()
        assert all(row.widget.rect().contains(widget.geometry()) for widget in seen)
        in_menu = [action.text() for action in row.menu().actions()]
        assert [button.text() for button in row.buttons if button.isVisible()] + in_menu == [*NAMES]

    check()


def test_the_menu_does_what_the_button_would(row: Row) -> None:
    row.resize(row.widget.minimumSizeHint().width())
    *_, last = row.menu().actions()
    assert last.isCheckable()
    assert not last.isChecked()
    assert last.toolTip() == "What Field is"
    last.trigger()
    assert row.pressed == ["Field"]
    assert row.buttons[-1].isChecked()
    *_, again = row.menu().actions()
    assert again.isChecked()


def test_a_button_that_cannot_be_pressed_cannot_be_chosen(row: Row) -> None:
    row.buttons[-1].setEnabled(False)
    row.resize(row.widget.minimumSizeHint().width())
    assert not row.menu().actions()[-1].isEnabled()


def test_the_menu_says_how_many_in_it_are_on(row: Row) -> None:
    row.resize(row.widget.minimumSizeHint().width())
    assert row.more.text() == "Layers ▾"
    row.buttons[1].click()
    row.buttons[4].setChecked(True)
    assert row.more.text() == "Layers: 2 on ▾"
    assert "on: Points, Magnification" in row.more.toolTip()
    assert "on: Points, Magnification" in row.more.accessibleName()
    row.resize(row.widget.minimumSizeHint().width() + row.buttons[0].width() + 120)
    assert row.buttons[1].isVisible()
    assert row.more.text() == "More: 1 on ▾"  # the other one is seen
    row.buttons[4].setChecked(False)
    assert row.more.text() == "More ▾"
