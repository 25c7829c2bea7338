"""Where the keyboard goes when what has it is switched off: never on to another panel."""

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QDoubleSpinBox, QHBoxLayout, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from explorer.focus import set_enabled


class Heard(QObject):
    """Whether the keyboard came to a widget."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.came = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.came += event.type() is QEvent.Type.FocusIn
        return False


class Row(QWidget):
    """A switch, two fields, and a button of something else after them."""

    def __init__(self) -> None:
        super().__init__()
        self.switch, self.other = QPushButton("Change"), QPushButton("Class 0")
        self.fields = [QDoubleSpinBox(), QDoubleSpinBox()]
        layout = QHBoxLayout(self)
        for widget in (self.switch, *self.fields, self.other):
            layout.addWidget(widget)
        self.heard = Heard(self.other)


@pytest.fixture
def row(qtbot: QtBot) -> Row:
    found = Row()
    qtbot.addWidget(found)
    found.show()
    found.activateWindow()
    qtbot.waitUntil(found.isActiveWindow)
    return found


@pytest.mark.parametrize("place", [0, 1])
def test_the_keyboard_goes_back_to_what_stands_before(place: int, row: Row) -> None:
    row.fields[place].setFocus()
    for field in row.fields:
        set_enabled(field, False)
    assert QApplication.focusWidget() is row.switch
    assert not row.heard.came
    for field in row.fields:
        set_enabled(field, True)
        assert field.isEnabled()
    assert QApplication.focusWidget() is row.switch


def test_it_goes_nowhere_where_nothing_else_may_have_it(row: Row) -> None:
    row.other.setEnabled(False)
    row.switch.setEnabled(False)
    row.fields[1].setEnabled(False)
    row.fields[0].setFocus()
    set_enabled(row.fields[0], False)
    assert QApplication.focusWidget() is None


def test_what_does_not_have_it_leaves_it_where_it_is(row: Row) -> None:
    row.other.setFocus()
    set_enabled(row.fields[0], False)
    assert QApplication.focusWidget() is row.other
