"""The plot of losses: what its axes show, what its keys read, and what it marks."""

import math
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.loss_readout import Line, Mark, Term
from explorer.plot_ranges import decimated, roomy, round_up, value_range
from explorer.widgets.loss_plot import LossPlot, even_share

Kind = TypeVar("Kind", bound=QWidget)


def named(parent: QWidget, kind: type[Kind], name: str) -> Kind:
    """The widget of that kind and object name."""
    widget = parent.findChild(kind, name)
    assert isinstance(widget, kind)
    return widget


TERMS = (Term("a", "Alpha", "A", "#5aaaff", "one"), Term("b", "Beta", "B", "#ff8c5a", "other"))


@pytest.fixture
def plot(qtbot: QtBot) -> LossPlot:
    plot = LossPlot(TERMS)
    qtbot.addWidget(plot)
    plot.resize(320, 180)
    plot.show()
    return plot


def falling(term: str, low: float, held_out: bool = False) -> Line:
    epochs = [number / 10 for number in range(1, 101)]
    return Line(term, held_out, epochs, [low + 500 * math.exp(-2 * epoch) for epoch in epochs])


def test_the_axis_is_not_stretched_by_the_first_fall(plot: LossPlot) -> None:
    plot.set_lines([falling("a", 100.0)])
    low, high = plot.range_shown()
    assert low < 100.0
    assert 100.0 < high < 300.0


@pytest.mark.parametrize("size", [(320, 120), (320, 180), (900, 400)])
def test_no_curve_runs_below_the_legend(plot: LossPlot, size: tuple[int, int]) -> None:
    plot.resize(*size)
    plot.set_lines([Line("a", False, (1.0, 2.0), (5.0, 90.0))])
    low, high = plot.range_shown()
    canvas = named(plot, QWidget, "lossCanvas")
    from_top = (high - 90.0) / (high - low) * (canvas.height() - 15)
    legend = plot._readout.geometry()
    assert legend.bottom() <= from_top + 1


def test_the_legend_says_the_unit(plot: LossPlot) -> None:
    plot.set_lines([falling("a", 1.0), falling("a", 2.0, held_out=True)])
    assert "nats over epochs" in plot.legend()
    assert "held out" in plot.legend()
    plot.set_unit("nats (pseudo)")
    assert "nats (pseudo) over epochs" in plot.legend()


def test_choosing_a_term_looks_closer(plot: LossPlot, qtbot: QtBot) -> None:
    plot.set_lines([falling("a", 100.0), falling("b", 20.0)])
    low, high = plot.range_shown()
    button = named(plot, QToolButton, "term-a")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert plot.shown_terms() == ["b"]
    closer_low, closer_high = plot.range_shown()
    assert closer_high - closer_low < high - low
    assert closer_high < high


def test_arrow_keys_read_values(plot: LossPlot, qtbot: QtBot) -> None:
    plot.set_lines([falling("a", 100.0), falling("a", 110.0, held_out=True)])
    canvas = named(plot, QWidget, "lossCanvas")
    QTest.keyClick(canvas, Qt.Key.Key_End)
    assert plot.readout() == "epoch 10.0; Alpha train 100.00, held out 110.00"
    assert canvas.accessibleDescription() == plot.readout()
    QTest.keyClick(canvas, Qt.Key.Key_Left)
    assert plot.readout().startswith("epoch 9.8")
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert plot.readout() == ""


def test_the_pointer_reads_values(plot: LossPlot, qtbot: QtBot) -> None:
    plot.set_lines([falling("a", 100.0)])
    canvas = named(plot, QWidget, "lossCanvas")
    QTest.mouseMove(canvas, canvas.rect().center())
    qtbot.waitUntil(lambda: plot.readout() != "")
    assert "Alpha train" in plot.readout()


def test_an_epoch_shown_elsewhere_is_read_again_when_nobody_points(plot: LossPlot) -> None:
    plot.set_lines([falling("a", 100.0)])
    canvas = named(plot, QWidget, "lossCanvas")
    plot.set_cursor_epoch(3.0)
    for ending in (QEvent(QEvent.Type.Leave), QFocusEvent(QEvent.Type.FocusOut)):
        QTest.keyClick(canvas, Qt.Key.Key_End)
        assert plot.readout().startswith("epoch 10.0")
        QApplication.sendEvent(canvas, ending)
        assert plot.readout().startswith("epoch 3.0")
    QTest.keyClick(canvas, Qt.Key.Key_Left)
    plot.set_cursor_epoch(4.0)
    assert plot.readout().startswith("epoch 2.8"), "who points reads what is pointed at"
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert plot.readout().startswith("epoch 4.0")
    plot.set_cursor_epoch(None)
    assert plot.readout() == ""


def test_a_plot_has_a_name_of_its_own(qtbot: QtBot) -> None:
    plot = LossPlot(TERMS, name="Gradient norm over epochs")
    qtbot.addWidget(plot)
    canvas = named(plot, QWidget, "lossCanvas")
    assert canvas.accessibleName() == "Gradient norm over epochs"


def test_the_plot_follows_the_scheme(plot: LossPlot, qapp: QApplication) -> None:
    before = qapp.styleSheet(), qapp.palette(), qapp.style().name()
    try:
        shown = []
        for dark in (True, False):
            theme.apply(qapp, dark)
            plot.set_lines([falling("a", 100.0)])
            qapp.processEvents()
            icon = named(plot, QToolButton, "term-a").icon().pixmap(20, 20).toImage()
            shown.append(icon.pixelColor(10, 10).lightness())
        assert shown[0] > shown[1], "darker lines on light ground"
    finally:
        qapp.setStyleSheet(before[0])
        qapp.setPalette(before[1])
        qapp.setStyle(before[2])


values = st.floats(-1e4, 1e4)


def test_a_short_line_beside_a_long_one_is_seen() -> None:
    """A run that was stopped early, compared with a whole one."""
    long = [float(epoch) for epoch in range(1, 201)], [20.0] * 200
    low, high = value_range([([0.5, 1.0], [900.0, 250.0]), long, ([], [])], 200.0)
    assert low <= 20.0
    assert 250.0 <= high < 900.0


@given(st.lists(values, min_size=1, max_size=40))
def test_the_range_holds_all_that_has_settled(found: list[float]) -> None:
    epochs = [float(number + 1) for number in range(len(found))]
    low, high = value_range([(epochs, found)], epochs[-1])
    assert low < high
    settled = (
        found
        if len(found) <= 12
        else [
            value for epoch, value in zip(epochs, found, strict=True) if epoch >= 0.08 * epochs[-1]
        ]
    )
    assert low <= min(settled)
    assert max(settled) <= high


@given(values, values, values, values)
def test_a_range_that_stays_holds_what_is_wanted(a: float, b: float, c: float, d: float) -> None:
    now, wanted = (min(a, b), max(a, b)), (min(c, d), max(c, d))
    kept = roomy(now, wanted)
    assert kept in (now, wanted)
    assert kept[0] <= wanted[0]
    assert wanted[1] <= kept[1]


@given(st.floats(0.01, 1e5))
def test_rounding_up_reaches_and_does_not_overshoot(epochs: float) -> None:
    rounded = round_up(epochs)
    assert epochs * (1 - 1e-6) <= rounded <= epochs * 1.51


@given(st.integers(1, 2000), st.integers(1, 300))
def test_decimation_keeps_first_and_last(count: int, most: int) -> None:
    epochs, _ = decimated((range(count), range(count)), most)
    assert epochs[0] == 0
    assert epochs[-1] == count - 1
    assert len(epochs) <= most + 1
    assert epochs == sorted(set(epochs))


# -- terms, marks, words ---------------------------------------------------------------------


def test_only_terms_that_have_lines_are_offered(plot: LossPlot) -> None:
    plot.set_words("nothing yet")
    assert plot.words() == "nothing yet"
    plot.set_lines([falling("b", 20.0)])
    assert plot.words() == ""
    assert not named(plot, QToolButton, "term-a").isVisible()
    assert named(plot, QToolButton, "term-b").isVisible()
    assert plot.shown_terms() == ["b"]


def test_other_terms_take_the_place_of_the_first_and_those_that_stay_keep_their_choice(
    plot: LossPlot,
) -> None:
    plot.set_lines([falling("a", 1.0), falling("b", 2.0)])
    named(plot, QToolButton, "term-b").setChecked(False)
    plot.set_terms((TERMS[1], Term("c", "Gamma", "C", "#5fd4a0", "third")))
    plot.set_lines([falling("b", 2.0), falling("c", 3.0)])
    assert plot.shown_terms() == ["c"]
    plot.set_cursor_epoch(10.0)
    assert plot.readout() == "epoch 10.0; Gamma train 3.00"


def test_changes_are_marked_where_they_were_made(plot: LossPlot, qapp: QApplication) -> None:
    plot.set_lines([falling("a", 1.0)])
    marks = (Mark(2.5, "β 4"), Mark(6.0, "rate 0.001"))
    plot.set_marks(marks)
    assert plot.marks() == marks
    plot.grab()
    plot.set_marks(())
    assert plot.marks() == ()


@pytest.mark.parametrize("epoch", [0.0, 2.5, 5.0, 7.5, 9.9])
def test_the_words_of_a_mark_stay_inside_the_plot(plot: LossPlot, epoch: float) -> None:
    """A change is marked where the curves end, and those end at the right edge."""
    plot.set_lines([falling("a", 1.0)])
    plot.set_marks([Mark(epoch, "rate 0.001")])
    plot.grab()
    (item,) = plot._mark_items
    words = item.label.mapRectToScene(item.label.boundingRect())
    around = plot._plot.getViewBox().sceneBoundingRect().adjusted(-1, -1, 1, 1)
    assert around.left() <= words.left()
    assert words.right() <= around.right()


@pytest.mark.parametrize("level", [0.2, 0.42, 0.66, 0.75])
def test_the_words_of_a_mark_lie_on_no_curve_and_on_no_other_words(
    plot: LossPlot, level: float
) -> None:
    line = Line("a", False, (0.0, 9.0, 9.5, 10.0), (level, level, 0.0, 1.0))
    plot.set_lines([line])
    plot.set_marks([Mark(4.0, "β 1"), Mark(4.5, "rate 0.001")])
    low, high = plot.range_shown()
    height = named(plot, QWidget, "lossCanvas").height() - 15
    curve = (level - low) / (high - low)
    first, second = (item.label.orthoPos for item in plot._mark_items)
    for one, other in ((first, curve), (second, curve), (first, second)):
        assert abs(one - other) * height >= 12
    plot.set_lines([line])
    assert [item.label.orthoPos for item in plot._mark_items] == [first, second], "they stay"


@pytest.mark.parametrize("width", [320, 430, 900])
def test_the_legend_keeps_off_the_numbers_of_the_axis(
    plot: LossPlot, qapp: QApplication, width: int
) -> None:
    plot.set_unit("likelihoods differ · nats (pseudo)")
    plot.set_lines([falling("a", 100.0), falling("a", 102.0, held_out=True)])
    plot.resize(width, 130)
    QApplication.processEvents()
    assert plot._readout.x() >= 46
    assert plot._readout.sizeHint().width() <= plot._readout.width()
    assert "nats" in plot._readout.text()


@pytest.mark.parametrize("height", [60, 120, 240])
def test_the_table_of_values_fits_into_the_plot(plot: LossPlot, height: int) -> None:
    terms = [Term(f"t{at}", f"Term {at}", f"T{at}", "#5aaaff", "") for at in range(6)]
    plot.set_terms(terms)
    plot.resize(300, height)
    plot.set_lines([falling(term.key, 9.0) for term in terms])
    plot.set_cursor_epoch(5.0)
    assert "Term 5 train 9.02" in plot.readout()
    assert plot._readout.sizeHint().height() <= max(height, 85)


def test_a_low_table_says_what_its_values_are_of(plot: LossPlot) -> None:
    plot.set_terms([Term(name, name, name, "#5aaaff", "") for name in "abcdef"])
    plot.resize(300, 60)
    early = [Line(name, False, (0.1, 2.0), (9.0, 6.0)) for name in "abcdef"]
    plot.set_lines([*early, Line("a", True, (1.0, 2.0), (7.0, 5.0))])
    for epoch, kind, value in ((0.1, "train", "9.00"), (2.0, "held out", "5.00")):
        plot.set_cursor_epoch(epoch)
        assert f"epoch {epoch}, {kind}<" in plot._readout.text()
        assert f"&nbsp;{value}" in plot._readout.text()


# -- names on the buttons --------------------------------------------------------------------

RUNS = ("mnist3000-beta-vae-5d", "mnist3000-beta-vae-5d-2", "mnist3000-beta-vae-5d-3")


def names_at(plot: LossPlot, width: int) -> list[str]:
    """What the buttons of three runs say in a plot of a width."""
    plot.set_terms([Term(name, name, name[:3], "#5aaaff", "", cut=True) for name in RUNS])
    plot.set_lines([falling(name, 9.0) for name in RUNS])
    plot.resize(width, 180)
    QApplication.processEvents()
    return [named(plot, QToolButton, f"term-{name}").text() for name in RUNS]


def test_names_are_cut_only_where_there_is_no_room_and_in_the_middle(plot: LossPlot) -> None:
    buttons_width = 0
    for width in range(900, 300, -50):
        cut = names_at(plot, width)
        buttons = [named(plot, QToolButton, f"term-{name}") for name in RUNS]
        if cut == list(RUNS):
            buttons_width = sum(button.sizeHint().width() for button in buttons)
            continue
        assert width < buttons_width + 20, "there was room for all of them"
        assert len(set(cut)) == 3
        for name, shown in zip(RUNS, cut, strict=True):
            head, _, tail = shown.partition("…")
            assert name.startswith(head)
            assert name.endswith(tail)
        assert max(button.geometry().right() for button in buttons) < width
    assert buttons_width, "they were whole where there was room"


@given(st.lists(st.integers(0, 500), min_size=1, max_size=9), st.integers(-50, 3000))
def test_room_is_shared_to_the_last_pixel(widths: list[int], room: int) -> None:
    share = even_share(widths, room)
    taken = sum(min(width, share) for width in widths)
    assert share >= 0
    assert taken <= max(room, 0)
    if taken < sum(widths) and room >= 0:
        assert sum(min(width, share + 1) for width in widths) > room
