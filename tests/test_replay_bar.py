"""The bar to go through epochs: by keys and mouse, in words, in little room."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QApplication, QComboBox, QWidget
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.widgets.replay_bar import _TICK_PX, _TICKS_BELOW_PX, ReplayBar

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


def turn(bar: ReplayBar, *angles: int) -> None:
    at = QPointF(bar.slider.rect().center())
    for angle in angles:
        wheel = QWheelEvent(
            at,
            bar.slider.mapToGlobal(at),
            QPoint(),
            QPoint(0, angle),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(bar.slider, wheel)


@pytest.mark.parametrize(
    ("angles", "epochs"),
    [((120, 120), [8, 16]), ((-240,), [1]), ((50, 50), []), ((50, 50, 50), [8]), ((-60, 60), [])],
)
def test_the_wheel_goes_an_epoch_a_notch(
    bar: ReplayBar, angles: tuple[int, ...], epochs: list[int]
) -> None:
    wished: list[int] = []
    bar.epoch_wished.connect(wished.append)
    turn(bar, *angles)
    assert wished == epochs


@pytest.mark.parametrize(("value", "epoch"), [(15, 16), (5, 8), (3, 2), (40, 32)])
def test_assistive_technology_gets_the_nearest_epoch(
    bar: ReplayBar, qtbot: QtBot, value: int, epoch: int
) -> None:
    values = QAccessible.queryAccessibleInterface(bar.slider).valueInterface()
    with qtbot.waitSignal(bar.epoch_wished) as wished:
        values.setCurrentValue(value)
    assert wished.args == [epoch]
    assert bar.slider.value() == epoch


def test_where_none_is_shown_the_first_can_be_wished(bar: ReplayBar, qtbot: QtBot) -> None:
    bar.set_epochs(EPOCHS, 40, None, "")
    with qtbot.waitSignal(bar.epoch_wished) as wished:
        QTest.keyClick(bar.slider, Qt.Key.Key_Home)
    assert wished.args == [0]
    with qtbot.assertNotEmitted(bar.epoch_wished):
        QTest.keyClick(bar.slider, Qt.Key.Key_Home)


def test_names_say_what_a_press_does(bar: ReplayBar) -> None:
    names = [bar.play.accessibleName()]
    bar.set_playing(True, 4.0)
    names.append(bar.play.accessibleName())
    assert names == ["Play the epochs", "Pause"]
    bar.set_newest("Final", "Back to the model that this training made", True)
    assert bar.newest.accessibleName() == "Final: Back to the model that this training made"


def test_being_told_is_no_wish(bar: ReplayBar, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(bar.epoch_wished):
        bar.set_epochs(EPOCHS, 40, 16, "")
    assert bar.slider.value() == 16


LONG = "This model has no epochs beside it to replay"


@pytest.mark.parametrize("words", [(LONG, ""), (LONG, "No epochs"), (3 * LONG, LONG)])
@pytest.mark.parametrize("width", [1180, 1000, 780, 560, 490, 420, 310])
def test_words_lie_on_nothing(
    qtbot: QtBot, qapp: QApplication, width: int, words: tuple[str, str]
) -> None:
    theme.apply(qapp, True)
    panel = QWidget()
    qtbot.addWidget(panel)
    bar = ReplayBar((1.0, 4.0), panel)
    bar.set_playing(False, 4.0)
    panel.show()
    bar.set_epochs((), 0, None, LONG)
    bar.set_words(*words)
    bar.resize(width, 30)
    bar.set_newest("Final", "Back to the model that this training made", False)
    QApplication.processEvents()
    controls = (bar.watch, bar.play, bar.slider, bar.newest, bar.speed, bar.export)
    shown = [control for control in controls if control.isVisible()]
    for control in shown:
        assert not control.geometry().intersects(bar.label.geometry()), control.objectName()
        assert bar.rect().contains(control.geometry()), control.objectName()
        if control is not bar.slider:
            assert control.width() >= control.sizeHint().width(), control.objectName()
    if width == 490:
        bar.set_words("epoch 120 of 120 · held out −ELBO 127.21 nats", "120 of 120 · 127.2")
        assert bar.label.text() == "120 of 120"
    if width == 1180 and words[0] == LONG:
        assert bar.label.text() == LONG


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
    assert bar.slider.height() / 2 >= _TICKS_BELOW_PX + _TICK_PX, "ticks are whole"
    text = bar.label.fontMetrics().horizontalAdvance(bar.label.text())
    assert text <= bar.label.width()
    assert bar.slider.accessibleDescription().startswith("epoch 4 of 40")


def test_words_leave_the_slider_room_to_be_dragged(qtbot: QtBot) -> None:
    bar = ReplayBar((1.0, 4.0))
    qtbot.addWidget(bar)
    bar.set_epochs(tuple(range(401)), 400, 50, "")
    bar.set_words("epoch 50 of 400  ·  held out pseudo −ELBO 24.31 nats", "50 of 400 · 24.3 nats")
    for width in range(400, 1000, 10):
        bar.resize(width, 28)
        bar.show()
        qtbot.waitExposed(bar)
        assert bar.label.text()
        if " · " in bar.label.text() or "held" in bar.label.text():
            assert bar.slider.width() >= 130, width
