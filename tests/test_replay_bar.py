"""The bar to go through epochs: by keys and mouse, in words, in little room."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QApplication, QComboBox
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.widgets.replay_bar import ReplayBar

EPOCHS = (0, 1, 2, 4, 8, 16, 24, 32)


@pytest.fixture
def bar(qtbot: QtBot) -> ReplayBar:
    found = ReplayBar((1.0, 4.0))
    qtbot.addWidget(found)
    found.resize(900, 30)
    found.set_epochs(EPOCHS, 40, 4, "")
    found.set_playing(False, 4.0)
    found.show()
    qtbot.waitExposed(found)
    return found


@pytest.mark.parametrize(
    ("key", "epoch"),
    [
        (Qt.Key.Key_Right, 8),
        (Qt.Key.Key_Up, 8),
        (Qt.Key.Key_Left, 2),
        (Qt.Key.Key_Down, 2),
        (Qt.Key.Key_PageUp, 32),
        (Qt.Key.Key_PageDown, 0),
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_End, 32),
    ],
)
def test_keys_step_through_the_epochs_that_there_are(
    bar: ReplayBar, qtbot: QtBot, key: Qt.Key, epoch: int
) -> None:
    with qtbot.waitSignal(bar.epoch_wished) as wished:
        QTest.keyClick(bar.slider, key)
    assert wished.args == [epoch]


def test_at_an_end_there_is_nothing_more_to_wish(bar: ReplayBar, qtbot: QtBot) -> None:
    bar.set_epochs(EPOCHS, 40, 32, "")
    with qtbot.assertNotEmitted(bar.epoch_wished):
        QTest.keyClick(bar.slider, Qt.Key.Key_Right)


def test_space_plays(bar: ReplayBar, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bar.play_wished):
        QTest.keyClick(bar.slider, Qt.Key.Key_Space)


def test_nothing_is_played_where_there_is_nothing(bar: ReplayBar, qtbot: QtBot) -> None:
    bar.set_epochs((), 0, None, "No epochs yet")
    assert not bar.slider.isEnabled()
    assert bar.slider.toolTip() == "No epochs yet"
    with qtbot.assertNotEmitted(bar.play_wished):
        bar._on_play_wished()


def test_the_mouse_takes_the_nearest_epoch(bar: ReplayBar, qtbot: QtBot) -> None:
    wished: list[int] = []
    bar.epoch_wished.connect(wished.append)
    at = QPoint(round(bar.slider.place(15)), bar.slider.height() // 2)
    QTest.mousePress(bar.slider, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseMove(bar.slider, QPoint(round(bar.slider.place(23)), at.y()))
    QTest.mouseRelease(bar.slider, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseMove(bar.slider, QPoint(1, at.y()))
    assert wished == [16, 24]


def test_being_told_is_no_wish(bar: ReplayBar, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(bar.epoch_wished):
        bar.set_epochs(EPOCHS, 40, 16, "")
    assert bar.slider.value() == 16


@pytest.mark.parametrize("width", [1000, 560, 420])
def test_all_has_a_name_and_a_tip_and_room(bar: ReplayBar, qapp: QApplication, width: int) -> None:
    bar.set_words("epoch 4 of 40  ·  held out 31.00 nats", "4 of 40 · 31.0")
    bar.set_watching(True, "The map follows")
    bar.set_newest("Live", "Follow the newest epoch again", True)
    theme.apply(qapp, True)
    bar.resize(width, 30)
    QApplication.processEvents()
    for kind in (QAbstractButton, QAbstractSlider, QComboBox):
        for control in bar.findChildren(kind):
            if control.parent() is not bar or not control.isVisible():
                continue
            assert control.accessibleName(), control.objectName()
            assert control.toolTip(), control.objectName()
            assert bar.rect().contains(control.geometry()), control.objectName()
    text = bar.label.fontMetrics().horizontalAdvance(bar.label.text())
    assert text <= bar.label.width()
    assert bar.slider.accessibleDescription().startswith("epoch 4 of 40")
