"""The training panel and its widgets: what they show, what they ask for, and by which keys."""

import math
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFileDialog,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.panels import training_panel
from explorer.panels.training_panel import TrainingPanel
from explorer.trainer_messages import (
    Advanced,
    CurvePoint,
    Failed,
    Finished,
    Finishing,
    GoneOn,
    Job,
    Loaded,
    Order,
    Paused,
    Pictures,
    Planned,
    Position,
    Preparing,
)
from explorer.training import Status, Training, TrainingState
from explorer.training_words import clock, progress_text
from explorer.widgets.loss_plot import Line, LossPlot, Term, decimated, roomy, round_up, value_range
from explorer.widgets.picture_grid import PictureGrid
from explorer.workers import TrainerEnd
from models.plans import Plan
from tests.trainings import Fakes

Kind = TypeVar("Kind", bound=QWidget)
SIZES = [(790, 230), (560, 200)]


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
def training(tmp_path: Path, qapp: QApplication, fakes: Fakes) -> Training:
    return Training(tmp_path / "models", make_thread=fakes.make)


@pytest.fixture
def panel(training: Training, qtbot: QtBot) -> TrainingPanel:
    panel = TrainingPanel(training)
    qtbot.addWidget(panel)
    panel.resize(790, 230)
    panel.show()
    return panel


def points(last: float, *, kl: bool = True) -> tuple[CurvePoint, ...]:
    """Terms that fall, ten times an epoch, and at its end on held-out images."""
    found = []
    for number in range(1, int(10 * last) + 1):
        reconstruction = 70 + 300 * math.exp(-number / 5)
        terms = {"reconstruction": reconstruction}
        if kl:
            terms |= {"kl": 20.0, "elbo": -reconstruction - 20.0}
        found.append(CurvePoint(number / 10, terms, held_out=False))
        if number % 10 == 0:
            found.append(CurvePoint(number / 10, terms, held_out=True))
    return tuple(found)


def pictures(epoch: int, samples: int = 12) -> Pictures:
    some = np.full((6, 8, 8, 1), 100, np.uint8)
    reason = "" if samples else "A plain autoencoder has no prior to draw from."
    return Pictures(epoch, some, some + 50, np.full((samples, 8, 8, 1), 200, np.uint8), reason)


def begin(panel: TrainingPanel, fakes: Fakes, qtbot: QtBot) -> None:
    """Press Start and let the trainer load its data."""
    QTest.mouseClick(panel.bar.start, Qt.MouseButton.LeftButton)
    plan = fakes.last.job.plan
    assert plan is not None
    fakes.last.heard.emit(Planned(plan, Position(0, plan.epochs, 0.0)))
    fakes.last.heard.emit(Loaded(1500, 297, (1, 8, 8), "bernoulli", ("two files left out",)))


def advance(fakes: Fakes, epoch: int, epochs: int = 20, **more: object) -> None:
    position = Position(epoch, epochs, epoch / epochs, 12.0, 100.0, 5000.0)
    values = {"position": position, "points": points(epoch), "pictures": pictures(epoch)}
    fakes.last.heard.emit(Advanced(**(values | more)))  # type: ignore[arg-type] # by name


def named(parent: QWidget, kind: type[Kind], name: str) -> Kind:
    """The widget of that kind and object name."""
    widget = parent.findChild(kind, name)
    assert isinstance(widget, kind)
    return widget


def plot_of(panel: TrainingPanel) -> LossPlot:
    (plot,) = panel.findChildren(LossPlot)
    return plot


# -- wishes --------------------------------------------------------------------------------


def test_start_asks_for_what_the_form_says(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot, training: Training
) -> None:
    form = panel.form
    form.method.setCurrentIndex(form.method.findData("cvae"))
    form.network.setCurrentIndex(form.network.findData("conv"))
    form.latent_size.setValue(5)
    form.epochs.setValue(7)
    form.batch_size.setValue(64)
    form.learning_rate.setValue(0.002)
    QTest.mouseClick(panel.bar.start, Qt.MouseButton.LeftButton)
    assert fakes.last.job == Job(
        "train",
        Plan(
            data="digits",
            out=str(training.folder / "digits-cvae-5d.safetensors"),
            method="cvae",
            latent_size=5,
            epochs=7,
            network="conv",
            batch_size=64,
            learning_rate=0.002,
        ),
    )


def test_pause_resume_and_stop_are_orders(panel: TrainingPanel, fakes: Fakes, qtbot: QtBot) -> None:
    begin(panel, fakes, qtbot)
    advance(fakes, 1)
    QTest.mouseClick(panel.bar.pause, Qt.MouseButton.LeftButton)
    fakes.last.heard.emit(Paused())
    assert panel.bar.pause.text() == panel.bar.pause.accessibleName() == "Resume"
    QTest.mouseClick(panel.bar.pause, Qt.MouseButton.LeftButton)
    fakes.last.heard.emit(GoneOn())
    assert panel.bar.pause.text() == "Pause"
    QTest.mouseClick(panel.bar.stop, Qt.MouseButton.LeftButton)
    assert fakes.last.orders == [Order.PAUSE, Order.GO_ON, Order.FINISH]


@pytest.mark.parametrize("answer", ["downloadYes", "no"])
def test_nothing_is_downloaded_without_being_asked(
    panel: TrainingPanel,
    fakes: Fakes,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
) -> None:
    monkeypatch.setattr(training_panel, "is_downloaded", lambda name: False)
    panel.form.data.setCurrentIndex(panel.form.data.findData("mnist"))
    panel.form.data.activated.emit(panel.form.data.currentIndex())
    QTest.mouseClick(panel.bar.start, Qt.MouseButton.LeftButton)
    (box,) = panel.findChildren(QMessageBox)
    assert not fakes.all
    assert "MB" in box.informativeText()
    assert "amazonaws.com" in box.informativeText()
    if answer == "no":
        QTest.keyClick(box, Qt.Key.Key_Escape)
        assert not fakes.all
        return
    yes = named(box, QPushButton, answer)
    QTest.mouseClick(yes, Qt.MouseButton.LeftButton)
    plan = fakes.last.job.plan
    assert plan is not None
    assert plan.data == "mnist"
    assert plan.allow_download


def test_downloaded_data_needs_no_question(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_panel, "is_downloaded", lambda name: True)
    panel.form.data.setCurrentIndex(panel.form.data.findData("mnist"))
    panel.form.data.activated.emit(panel.form.data.currentIndex())
    QTest.mouseClick(panel.bar.start, Qt.MouseButton.LeftButton)
    plan = fakes.last.job.plan
    assert plan is not None
    assert not plan.allow_download


@pytest.mark.parametrize("wish", [training_panel.FOLDER_WISH, training_panel.FILE_WISH])
def test_a_folder_or_file_is_chosen_in_a_dialog(
    panel: TrainingPanel, qtbot: QtBot, tmp_path: Path, wish: str
) -> None:
    combo, before = panel.form.data, panel.form.values().data
    combo.setCurrentIndex(combo.findData(wish))
    combo.activated.emit(combo.currentIndex())
    (dialog,) = panel.findChildren(QFileDialog)
    assert panel.form.values().data == before
    assert combo.currentData() == before
    dialog.fileSelected.emit(str(tmp_path / "my photos"))
    dialog.close()
    assert panel.form.values().data == str(tmp_path / "my photos")
    assert combo.currentText() == "my photos"
    assert Path(panel.plan().out).name == "my-photos-vae-2d.safetensors"


def test_data_chosen_twice_is_listed_once(panel: TrainingPanel, tmp_path: Path) -> None:
    count = panel.form.data.count()
    for name in ("a", "b", "a"):
        panel.choose_data(tmp_path / name)
    assert panel.form.data.count() == count + 2
    assert panel.form.values().data == str(tmp_path / "a")


def test_epochs_are_suggested_until_a_person_types_some(
    panel: TrainingPanel, tmp_path: Path
) -> None:
    small = panel.form.values().epochs
    place = panel.form.data.findData("mnist")
    panel.form.data.activated.emit(place)
    large = panel.form.values().epochs
    assert large < small
    panel.choose_data(tmp_path)  # a folder of one's own pictures is seldom as large
    assert panel.form.values().epochs > large
    assert panel.form.values().network == "conv"
    panel.form.epochs.setValue(33)
    panel.form.data.setCurrentIndex(0)
    panel.form.data.activated.emit(0)
    assert panel.form.values().epochs == 33


# -- what is shown -------------------------------------------------------------------------


def test_buttons_say_why_they_cannot_be_pressed(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot
) -> None:
    bar, form = panel.bar, panel.form
    assert bar.start.isEnabled()
    assert not bar.pause.isEnabled()
    assert "No training" in bar.pause.toolTip()
    assert "No training" in bar.stop.toolTip()
    begin(panel, fakes, qtbot)
    assert not bar.start.isEnabled()
    assert "under way" in bar.start.toolTip()
    assert not form.epochs.isEnabled()
    assert "under way" in form.epochs.toolTip()
    assert bar.pause.isEnabled()
    advance(fakes, 20)
    fakes.last.heard.emit(Finishing())
    assert not bar.stop.isEnabled()
    assert "written" in bar.stop.toolTip()
    plan = fakes.last.job.plan
    assert plan is not None
    fakes.last.heard.emit(Finished(plan.out, 20))
    fakes.last.ended.emit(TrainerEnd(0))
    assert bar.start.isEnabled()
    assert "variational" in form.method.toolTip()


def test_progress_says_epoch_share_and_time_left(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot
) -> None:
    bar = panel.bar.progress
    begin(panel, fakes, qtbot)
    fakes.last.heard.emit(Preparing("Downloading", 0, 0))
    assert bar.maximum() == 0, "how long is not known"
    fakes.last.heard.emit(Preparing("Downloading", 3, 12))
    assert bar.text() == "Downloading · 25 %"
    assert bar.value() / bar.maximum() == 0.25
    advance(fakes, 5)
    assert bar.text() == "epoch 6 of 20 · 25 % · 1:40 left"
    assert "5,000 images a second" in bar.toolTip()


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0:00"), (62, "1:02"), (3723, "1:02:03")])
def test_clock(seconds: float, words: str) -> None:
    assert clock(seconds) == words


@given(st.floats(0, 1, exclude_max=True))
def test_all_is_said_to_be_done_only_when_it_is(fraction: float) -> None:
    position = Position(0, 20, fraction, seconds_left=3.0)
    assert "100 %" not in progress_text(TrainingState(Status.RUNNING, position=position))


def test_the_note_says_likelihood_and_size_of_what_is_loaded(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot, tmp_path: Path
) -> None:
    assert "Bernoulli" in panel.form.note.text()
    begin(panel, fakes, qtbot)
    assert "8×8" in panel.form.note.text()
    assert "two files left out" in panel.form.note.toolTip()
    fakes.last.ended.emit(TrainerEnd(0))
    panel.choose_data(tmp_path)
    assert "8×8" not in panel.form.note.text()
    assert "Gaussian" in panel.form.note.toolTip()


def test_a_failure_is_told_in_full(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot, training: Training
) -> None:
    begin(panel, fakes, qtbot)
    with qtbot.waitSignal(training.failed):
        fakes.last.heard.emit(Failed("/a/b.npz: is damaged; copy it again"))
        fakes.last.ended.emit(TrainerEnd(1))
    assert panel.status.text().replace("\u200b", "") == "/a/b.npz: is damaged; copy it again"
    assert panel.status.property("role") == "danger"
    begin(panel, fakes, qtbot)
    assert panel.status.property("role") == "muted"


def test_a_model_that_was_made_can_be_opened(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot
) -> None:
    assert not panel.bar.open.isVisible()
    begin(panel, fakes, qtbot)
    fakes.last.heard.emit(Finished("/a/b.safetensors", 100))
    fakes.last.ended.emit(TrainerEnd(0))
    with qtbot.waitSignal(panel.open_requested) as asked:
        QTest.mouseClick(panel.bar.open, Qt.MouseButton.LeftButton)
    assert asked.args == [Path("/a/b.safetensors")]


def test_curves_show_the_loss_and_its_terms(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot
) -> None:
    begin(panel, fakes, qtbot)
    advance(fakes, 5)
    plot = plot_of(panel)
    assert plot.shown_terms() == ["elbo", "reconstruction", "kl"]
    plot.set_cursor_epoch(5.0)
    words = plot.readout()
    assert "−ELBO train 90.0" in words
    assert "KL train 20.00, held out 20.00" in words
    plot.set_cursor_epoch(None)
    assert plot.readout() == ""


def test_a_plain_autoencoder_has_one_term_and_no_samples(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot
) -> None:
    begin(panel, fakes, qtbot)
    advance(fakes, 5, points=points(5, kl=False), pictures=pictures(5, samples=0))
    plot = plot_of(panel)
    assert plot.shown_terms() == ["reconstruction"]
    button = named(plot, QToolButton, "term-kl")
    assert not button.isEnabled()
    assert "no KL" in button.toolTip()
    assert panel.samples.images() == []
    assert "no prior" in panel.samples.words()
    assert "no prior" in panel.samples.accessibleDescription()
    assert len(panel.reconstructions.images()) == 6


def test_pictures_stand_above_their_reconstructions(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot
) -> None:
    begin(panel, fakes, qtbot)
    advance(fakes, 3)
    for image, reconstruction in panel.reconstructions.images():
        assert image.pixelColor(0, 0).red() == 100
        assert reconstruction.pixelColor(0, 0).red() == 150
    assert len(panel.samples.images()) == 12
    assert "after epoch 3" in panel.reconstructions.accessibleDescription()


def test_what_happened_while_the_panel_was_hidden_is_there_when_it_is_shown(
    training: Training, fakes: Fakes, qtbot: QtBot
) -> None:
    training.start(Plan("digits", "x.safetensors"))
    advance(fakes, 2)
    panel = TrainingPanel(training)
    qtbot.addWidget(panel)
    assert not panel.findChildren(LossPlot), "pyqtgraph is not wanted before"
    advance(fakes, 4, points=points(4)[len(points(2)) :])
    panel.show()
    plot = plot_of(panel)
    plot.set_cursor_epoch(3.9)
    assert "KL train" in plot.readout()
    panel.hide()
    advance(fakes, 6, points=points(6)[len(points(4)) :])
    panel.show()
    plot.set_cursor_epoch(5.9)
    assert "KL train" in plot.readout()


# -- unfinished trainings ------------------------------------------------------------------


@pytest.fixture
def unfinished(tmp_path: Path) -> Path:
    run = tmp_path / "models" / "old.safetensors.run"
    run.mkdir(parents=True)
    (run / "last.safetensors").write_bytes(b"of another day")
    return run


@pytest.mark.parametrize(
    ("entry", "task"), [("Go on training", "resume"), ("Keep as a model", "finish")]
)
def test_an_unfinished_training_is_offered(
    unfinished: Path, panel: TrainingPanel, fakes: Fakes, entry: str, task: str
) -> None:
    assert panel.bar.unfinished.isVisible()
    assert "(1)" in panel.bar.unfinished.text()
    panel.bar.menu.aboutToShow.emit()
    (one,) = panel.bar.menu.actions()
    assert "old" in one.text()
    menu = panel.bar.menu.findChildren(type(panel.bar.menu))[0]
    next(action for action in menu.actions() if action.text() == entry).trigger()
    assert fakes.last.job == Job(task, path=str(unfinished))  # type: ignore[arg-type] # a Task


def test_discarding_is_final_and_takes_the_offer_away(
    unfinished: Path, panel: TrainingPanel
) -> None:
    panel.bar.menu.aboutToShow.emit()
    menu = panel.bar.menu.findChildren(type(panel.bar.menu))[0]
    next(action for action in menu.actions() if action.text() == "Discard").trigger()
    assert not unfinished.exists()
    assert not panel.bar.unfinished.isVisible()


def test_a_training_that_is_resumed_brings_its_settings(
    unfinished: Path, panel: TrainingPanel, fakes: Fakes, training: Training, tmp_path: Path
) -> None:
    training.resume_last(unfinished)
    plan = Plan(
        data=str(tmp_path / "faces"),
        out=str(tmp_path / "models" / "old.safetensors"),
        method="ae",
        latent_size=9,
        epochs=50,
        network="resnet",
        batch_size=32,
        learning_rate=0.0005,
    )
    fakes.last.heard.emit(Planned(plan, Position(7, 50, 0.14), points(7)))
    values = panel.form.values()
    assert (values.data, values.method, values.network) == (plan.data, "ae", "resnet")
    assert (values.latent_size, values.epochs, values.batch_size) == (9, 50, 32)
    assert values.learning_rate == pytest.approx(0.0005)
    fakes.last.ended.emit(TrainerEnd(0))
    assert replace(panel.plan(), out="") == replace(plan, out="")


# -- for every hand and eye ----------------------------------------------------------------


def controls(panel: QWidget) -> list[QWidget]:
    kinds = (QPushButton, QToolButton, QComboBox, QAbstractSpinBox, QProgressBar, PictureGrid)
    return [widget for kind in kinds for widget in panel.findChildren(kind)]


def test_every_control_has_a_name_and_a_tooltip(panel: TrainingPanel) -> None:
    for control in controls(panel):
        assert control.accessibleName(), control
        assert control.toolTip(), control.accessibleName()


def test_keys_reach_every_control(panel: TrainingPanel, qtbot: QtBot) -> None:
    plot = plot_of(panel)
    wanted = {panel.bar.start, panel.form.data, panel.form.method, panel.form.network}
    wanted |= {panel.form.latent_size, panel.form.epochs, panel.form.batch_size}
    wanted |= {panel.form.learning_rate, *plot.findChildren(QToolButton)}
    seen, widget = set[QWidget](), panel.nextInFocusChain()
    while widget is not None and widget is not panel:
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isEnabled():
            seen.add(widget)
        widget = widget.nextInFocusChain()
    assert wanted <= seen


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dark", [True, False])
def test_everything_fits_in_a_small_dock(
    panel: TrainingPanel,
    fakes: Fakes,
    qtbot: QtBot,
    qapp: QApplication,
    size: tuple[int, int],
    dark: bool,
) -> None:
    before = qapp.styleSheet(), qapp.palette(), qapp.style().name()
    theme.apply(qapp, dark)
    try:
        begin(panel, fakes, qtbot)
        advance(fakes, 5)
        panel.resize(*size)
        qapp.processEvents()
        assert (panel.width(), panel.height()) == size
        for control in controls(panel):
            if control.isVisible():
                corner = control.mapTo(panel, control.rect().bottomRight())
                assert panel.rect().contains(corner), control.accessibleName()
        columns, width, _ = panel.reconstructions.cells()
        assert columns * width <= panel.reconstructions.width()
        assert width >= 12
    finally:
        qapp.setStyleSheet(before[0])
        qapp.setPalette(before[1])
        qapp.setStyle(before[2])


# -- the plot ------------------------------------------------------------------------------

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


@given(st.lists(values, min_size=1, max_size=40))
def test_the_range_holds_all_that_has_settled(found: list[float]) -> None:
    epochs = [float(number + 1) for number in range(len(found))]
    low, high = value_range([Line("a", False, epochs, found)], epochs[-1])
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
    line = Line("a", False, list(range(count)), list(range(count)))
    epochs, _ = decimated(line, most)
    assert epochs[0] == 0
    assert epochs[-1] == count - 1
    assert len(epochs) <= most + 1
    assert epochs == sorted(set(epochs))


# -- the grid ------------------------------------------------------------------------------


@given(st.integers(1, 14), st.integers(1, 2), st.integers(20, 700), st.integers(20, 700))
def test_pictures_fit_whatever_the_room(
    qapp: QApplication, count: int, depth: int, width: int, height: int
) -> None:
    grid = PictureGrid()
    grid.setMinimumSize(1, 1)
    grid.resize(width, height)
    grid.set_stacks([np.zeros((count, 8, 8, 1), np.uint8)] * depth)
    columns, across, down = grid.cells()
    rows = -(-count // columns)
    assert columns * across <= width
    assert rows * depth * down <= height
    assert across == pytest.approx(down), "pixels stay square"
    image = QImage(grid.size(), QImage.Format.Format_RGB32)
    grid.render(image)


def test_words_take_the_place_of_pictures(qapp: QApplication) -> None:
    grid = PictureGrid()
    grid.set_stacks([np.zeros((3, 8, 8, 3), np.uint8)])
    grid.set_words("none yet")
    assert grid.images() == []
    assert grid.words() == "none yet"
    grid.grab()
