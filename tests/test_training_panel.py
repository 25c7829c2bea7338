"""The training panel and its widgets: what they show, what they ask for, and by which keys."""

import math
import re
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFileDialog,
    QLabel,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.loss_readout import Mark
from explorer.pages import training_setup
from explorer.pages.training_runs import COLUMNS
from explorer.pages.training_setup import FILE_WISH, FOLDER_WISH
from explorer.panels import training_panel
from explorer.panels.training_panel import TrainingPanel
from explorer.processes import TrainerEnd
from explorer.recorded_runs import read_recorded
from explorer.run_list import RunList
from explorer.session import Session
from explorer.trainer_messages import (
    Adjusted,
    Adjustment,
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
from explorer.training_choices import preset_plans
from explorer.training_words import figures_text, progress_text, progress_texts
from explorer.widgets.loss_plot import LossPlot
from explorer.widgets.picture_grid import PictureGrid
from explorer.widgets.run_table import Column, shared_widths
from models.plans import Plan
from tests.trainings import DirectLane, Fakes, write_run

Kind = TypeVar("Kind", bound=QWidget)
SIZES = [(830, 205), (600, 180)]


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
def training(tmp_path: Path, qapp: QApplication, fakes: Fakes) -> Training:
    return Training(tmp_path / "models", make_thread=fakes.make)


@pytest.fixture
def panel(training: Training, qtbot: QtBot) -> TrainingPanel:
    return make_panel(training, qtbot)


def make_panel(training: Training, qtbot: QtBot) -> TrainingPanel:
    panel = TrainingPanel(training, RunList(training, DirectLane.make(), training), Session())
    qtbot.addWidget(panel)
    panel.resize(790, 210)
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
        found.append(CurvePoint(number / 10, terms, held_out=False, gradient_norm=1.5))
        if number % 10 == 0:
            each = (0.001 * number, 3.0) if kl else ()
            found.append(CurvePoint(number / 10, terms, held_out=True, kl=each))
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


def heard(fakes: Fakes, **changed: Any) -> Plan:
    """Let the trainer say another plan than was asked for, as when it goes on with one."""
    state: dict[str, Any] = {"data": "digits", "out": "x.safetensors", "epochs": 20} | changed
    plan = Plan(**state)
    fakes.last.heard.emit(Planned(plan, Position(0, plan.epochs, 0.0)))
    return plan


def advance(fakes: Fakes, epoch: int, epochs: int = 20, **more: Any) -> None:
    position = Position(epoch, epochs, epoch / epochs, 12.0, 100.0, 5000.0)
    new: dict[str, Any] = {"points": points(epoch), "pictures": pictures(epoch)}
    fakes.last.heard.emit(Advanced(position, **(new | more)))


def named(parent: QWidget, kind: type[Kind], name: str) -> Kind:
    """The widget of that kind and object name."""
    widget = parent.findChild(kind, name)
    assert isinstance(widget, kind)
    return widget


def plot_of(panel: TrainingPanel) -> LossPlot:
    assert panel.watch.terms is not None
    return panel.watch.terms


# -- wishes --------------------------------------------------------------------------------


def test_start_asks_for_what_the_form_says(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot, training: Training
) -> None:
    form = panel.form
    form.method.setCurrentIndex(form.method.findData("cvae"))
    form.network.setCurrentIndex(form.network.findData("conv"))
    form.latent_size.setValue(5)
    form.epochs.setValue(7)
    more = panel.setup.more
    more.set_values({"batch_size": 64, "learning_rate": 0.002, "width": 0, "seed": 3})
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
            seed=3,
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


@pytest.mark.parametrize(("name", "kind"), [("sprites", "Bernoulli"), ("rooms", "Gaussian")])
def test_drawn_data_can_be_chosen_and_needs_no_download(
    panel: TrainingPanel, fakes: Fakes, name: str, kind: str
) -> None:
    panel.form.data.setCurrentIndex(panel.form.data.findData(name))
    panel.form.data.activated.emit(panel.form.data.currentIndex())
    assert kind in panel.form.note.text()
    assert panel.plan().epoch_images <= 60_000  # all would be half a million
    QTest.mouseClick(panel.bar.start, Qt.MouseButton.LeftButton)
    plan = fakes.last.job.plan
    assert plan is not None
    assert (plan.data, plan.allow_download) == (name, False)


@pytest.mark.parametrize("wish", [FOLDER_WISH, FILE_WISH])
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


def test_data_chosen_while_it_trains_is_that_of_the_next_training(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot, tmp_path: Path
) -> None:
    begin(panel, fakes, qtbot)
    assert not panel.choose_data(tmp_path / "photos")
    advance(fakes, 2)
    assert panel.form.values().data == "digits", "what is trained on"
    fakes.last.ended.emit(TrainerEnd(0))
    assert panel.form.data.currentText() == "photos"
    assert panel.plan().data == str(tmp_path / "photos")
    begin(panel, fakes, qtbot)
    fakes.last.ended.emit(TrainerEnd(0))
    assert panel.choose_data(tmp_path / "faces")
    assert panel.form.data.currentText() == "faces"


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
    assert panel.form.values().epochs < small
    panel.choose_data(tmp_path)  # pictures of one's own are in colour, and larger than digits
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
    assert "evidence lower bound" in form.method.toolTip()


def test_progress_says_epoch_share_and_time_left(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot
) -> None:
    bar = panel.bar.progress
    begin(panel, fakes, qtbot)
    fakes.last.heard.emit(Preparing("Downloading", 0, 0))
    assert bar.maximum() == 0, "how long is not known"
    assert bar.text() == "Downloading …"
    assert "idle priority" in bar.toolTip()
    bar.grab()
    fakes.last.heard.emit(Preparing("Downloading", 3, 12))
    assert bar.text() == "Downloading · 25 %"
    assert bar.value() / bar.maximum() == 0.25
    advance(fakes, 5)
    texts = [
        "epoch 6 of 20 · 25 %",
        "epoch 6 of 20 · 25 % · 1:40 left",
        "epoch 6 of 20 · 25 % · 5,000 images/s · 1:40 left",
    ]
    seen = list[str]()
    for width in range(500, 1000, 10):
        panel.resize(width, 210)
        QApplication.processEvents()
        seen.append(bar.text())
    assert sorted(set(seen), key=seen.index) == texts, "more as there is more room"
    assert "5,000 images a second" in bar.toolTip()
    assert "images/s" not in bar.toolTip(), "said once"


@given(st.floats(0, 1, exclude_max=True))
def test_all_is_said_to_be_done_only_when_it_is(fraction: float) -> None:
    position = Position(0, 20, fraction, seconds_left=3.0)
    assert "100 %" not in progress_text(TrainingState(Status.RUNNING, position=position))


@pytest.mark.parametrize(
    ("status", "epoch", "word"),
    [
        (Status.STOPPED, 103, "Stopped after epoch 103 of 400"),
        (Status.STOPPED, 0, "Stopped"),
        (Status.FINISHED, 400, "Finished"),
        (Status.FAILED, 103, "Failed"),
    ],
)
def test_a_training_that_has_ended_never_looks_as_if_it_ran(
    status: Status, epoch: int, word: str
) -> None:
    """However little room there is for words."""
    state = TrainingState(status, position=Position(epoch, 400, epoch / 400), message=f"{word}: a.")
    texts = progress_texts(state)
    ends = word.split()[0]
    assert all(text.startswith(ends) for text in texts), texts
    assert [len(text) for text in texts[1:]] == sorted((len(t) for t in texts[1:]), reverse=True)
    assert any(word in text for text in texts)


def test_figures_say_their_units() -> None:
    terms = {"reconstruction": 5.0, "jacobian": 3.0}
    told = figures_text(TrainingState(held_out=terms))
    assert told == (
        "held out: Reconstruction 5.00 (nats an image), Jacobian 3.00 (squared norm an image)"
    )
    assert figures_text(TrainingState()) == ""


def test_the_note_says_likelihood_and_size_of_what_is_loaded(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot, tmp_path: Path
) -> None:
    assert "Bernoulli" in panel.form.note.text()
    begin(panel, fakes, qtbot)
    assert "1,500" in panel.form.note.text()
    assert "8×8" in panel.form.note.text()
    assert panel.form.note.text().endswith(" · 1 note")
    assert "two files left out" in panel.form.note.toolTip()
    fakes.last.ended.emit(TrainerEnd(0))
    side = panel.setup.more.inputs["image_side"]
    assert isinstance(side, QSpinBox)
    for value, holds in ((32, False), (side.minimum(), True)):
        side.setValue(value)
        assert ("8×8" in panel.form.note.text()) is holds, "of images of another size"
    panel.choose_data(tmp_path)
    assert "8×8" not in panel.form.note.text()
    assert "Gaussian" in panel.form.note.toolTip()


def test_a_likelihood_chosen_by_hand_hides_no_note(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot
) -> None:
    likelihoods = panel.setup.more.inputs["likelihood"]
    assert isinstance(likelihoods, QComboBox)
    likelihoods.setCurrentIndex(likelihoods.findData("continuous-bernoulli"))
    assert panel.form.note.text() == ""
    begin(panel, fakes, qtbot)
    assert "two files left out" in panel.form.note.toolTip()


def test_a_failure_is_shown_as_the_state_and_its_message_left_to_the_window(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot, training: Training
) -> None:
    begin(panel, fakes, qtbot)
    with qtbot.waitSignal(training.failed):
        fakes.last.heard.emit(Failed("/a/b.npz: is damaged; copy it again"))
        fakes.last.ended.emit(TrainerEnd(1))
    assert panel.bar.progress.format().startswith("Failed")
    assert "/a/b.npz: is damaged; copy it again" in panel.bar.progress.toolTip()
    shown = [label.text() for label in panel.findChildren(QLabel) if label.isVisible()]
    assert not [text for text in shown if "is damaged" in text.replace("\u200b", "")]
    begin(panel, fakes, qtbot)
    assert "Failed" not in panel.bar.progress.format()
    assert "damaged" not in panel.bar.progress.toolTip()


def test_a_failure_before_the_first_step_is_shown_as_the_state(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot, training: Training
) -> None:
    QTest.mouseClick(panel.bar.start, Qt.MouseButton.LeftButton)
    assert training.state.plan is not None
    fakes.last.heard.emit(Planned(training.state.plan, Position(0, 20, 0.0)))
    with qtbot.waitSignal(training.failed):
        fakes.last.heard.emit(Failed("/a/b.npz: is damaged; copy it again"))
        fakes.last.ended.emit(TrainerEnd(1))
    assert panel.bar.progress.format() == "Failed"
    assert "/a/b.npz: is damaged" in panel.bar.progress.toolTip()


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
    assert "pseudo −ELBO train 90.0" in words
    assert "KL train 20.00, held out 20.00" in words
    plot.set_cursor_epoch(None)
    assert plot.readout() == ""


def test_a_density_is_not_called_pseudo(panel: TrainingPanel, fakes: Fakes, qtbot: QtBot) -> None:
    begin(panel, fakes, qtbot)
    fakes.last.heard.emit(Loaded(1500, 297, (1, 8, 8), "bernoulli", binary=True))
    advance(fakes, 5)
    plot = plot_of(panel)
    plot.set_cursor_epoch(5.0)
    assert "pseudo" not in plot.readout()
    assert panel.bar.pace.text().startswith("−ELBO 90.01 nats")
    button = named(plot, QToolButton, "term-elbo")
    assert "running average" in button.toolTip(), "which weights the held-out curve is of"
    assert "pseudo" not in button.toolTip()


def test_a_plain_autoencoder_has_one_term_and_no_samples(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot
) -> None:
    begin(panel, fakes, qtbot)
    heard(fakes, method="ae")
    advance(fakes, 5, points=points(5, kl=False), pictures=pictures(5, samples=0))
    plot = plot_of(panel)
    assert plot.shown_terms() == ["reconstruction"]
    assert not named(plot, QToolButton, "term-kl").isVisible()
    assert "KL" in panel.watch.kl.words()
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


def test_at_another_epoch_the_curves_are_read_there_and_pictures_say_theirs(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot
) -> None:
    titles = {label.text() for label in panel.watch.findChildren(QLabel)}
    assert titles >= {"Reconstructions", "Prior samples"}
    begin(panel, fakes, qtbot)
    advance(fakes, 5)
    panel.show_epoch(2.0)
    assert panel.watch.kl.readout() == "2 of 2 active after epoch 2"
    titles = {label.text() for label in panel.watch.findChildren(QLabel)}
    assert titles >= {"Reconstructions, epoch 5", "Prior samples, epoch 5"}
    panel.hide_epoch()
    assert panel.watch.kl.readout() == "2 of 2 active after epoch 5"


def test_what_happened_while_the_panel_was_hidden_is_there_when_it_is_shown(
    training: Training, fakes: Fakes, qtbot: QtBot
) -> None:
    training.start(Plan("digits", "x.safetensors"))
    advance(fakes, 2)
    panel = TrainingPanel(training, RunList(training, DirectLane.make(), training), Session())
    qtbot.addWidget(panel)
    panel.show_page("watch")
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


# -- for every hand and eye ----------------------------------------------------------------


def controls(panel: QWidget) -> list[QWidget]:
    kinds = (QPushButton, QToolButton, QComboBox, QAbstractSpinBox, QProgressBar, PictureGrid)
    return [widget for kind in kinds for widget in panel.findChildren(kind)]


def scrolled(widget: QWidget) -> bool:
    """Whether it may be out of sight because it can be scrolled to."""
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QScrollArea):
        parent = parent.parentWidget()
    return parent is not None


def test_every_control_has_a_name_and_a_tooltip(panel: TrainingPanel) -> None:
    for control in controls(panel):
        assert control.accessibleName(), control
        assert control.toolTip(), control.accessibleName()


def test_keys_reach_every_control(panel: TrainingPanel, fakes: Fakes, qtbot: QtBot) -> None:
    write_run(panel._training.folder, "old")
    begin(panel, fakes, qtbot)
    advance(fakes, 5)
    fakes.last.heard.emit(Finished("/a/b.safetensors", 20))
    fakes.last.ended.emit(TrainerEnd(0))
    form, more, live = panel.form, panel.setup.more, panel.watch.live
    assert live is not None
    wanted: set[QWidget] = {panel.bar.start, form.preset, form.data, form.method, form.network}
    wanted |= {form.latent_size, form.epochs, form.more, *panel.bar.pages.values()}
    wanted |= {made for made in more.inputs.values() if made.isEnabled()}
    wanted |= {*plot_of(panel).findChildren(QToolButton), panel.watch.kl}
    wanted |= {panel.runs.table, panel.runs.open, panel.runs.use, panel.runs.more}
    seen, widget = set[QWidget](), panel.nextInFocusChain()
    while widget is not None and widget is not panel:
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isEnabled():
            seen.add(widget)
        widget = widget.nextInFocusChain()
    assert wanted <= seen


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("page", ["setup", "watch", "runs"])
def test_everything_fits_in_a_small_dock(
    panel: TrainingPanel,
    fakes: Fakes,
    qtbot: QtBot,
    qapp: QApplication,
    size: tuple[int, int],
    dark: bool,
    page: str,
) -> None:
    before = qapp.styleSheet(), qapp.palette(), qapp.style().name()
    theme.apply(qapp, dark)
    try:
        write_run(panel._training.folder, "old")
        begin(panel, fakes, qtbot)
        advance(fakes, 5)
        panel.show_page(page)
        panel.resize(*size)
        qapp.processEvents()
        assert (panel.width(), panel.height()) == size
        for control in controls(panel):
            if control.isVisible() and not scrolled(control):
                corner = control.mapTo(panel, control.rect().bottomRight())
                assert panel.rect().contains(corner), control.accessibleName()
        if page != "watch":
            return
        columns, width, _ = panel.reconstructions.cells()
        assert columns * width <= panel.reconstructions.width()
        assert width >= 12
    finally:
        qapp.setStyleSheet(before[0])
        qapp.setPalette(before[1])
        qapp.setStyle(before[2])


# -- pages ---------------------------------------------------------------------------------


def test_who_starts_a_training_watches_it(panel: TrainingPanel, fakes: Fakes, qtbot: QtBot) -> None:
    assert panel.pages.currentWidget() is panel.setup
    panel.bar.start.setFocus()
    begin(panel, fakes, qtbot)
    assert panel.pages.currentWidget() is panel.watch
    assert panel.bar.pages["watch"].isChecked()
    QTest.mouseClick(panel.bar.pages["setup"], Qt.MouseButton.LeftButton)
    advance(fakes, 3)
    assert panel.pages.currentWidget() is panel.setup, "only the start turns the page"


def test_loss_and_time_are_said_while_it_runs(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot
) -> None:
    begin(panel, fakes, qtbot)
    assert panel.bar.pace.text() == ""
    advance(fakes, 5)
    assert panel.bar.pace.text() == "pseudo −ELBO 90.01 nats · 0:12"
    told = "held out: pseudo −ELBO 90.01, Reconstruction 70.01, KL 20.00"
    assert told in panel.bar.progress.toolTip()
    panel.resize(560, 200)
    assert panel.bar.progress.text().startswith("epoch 6 of 20")


def test_a_training_that_is_resumed_brings_its_settings(
    panel: TrainingPanel, fakes: Fakes, training: Training, tmp_path: Path
) -> None:
    training.resume_last(write_run(training.folder, "old", 1, 50, finished=False))
    plan = heard(
        fakes,
        data=str(tmp_path / "faces"),
        method="beta-vae",
        beta=7.0,
        latent_size=9,
        epochs=50,
        network="resnet",
        image_shape=(3, 32, 32),
    )
    values = panel.form.values()
    assert (values.data, values.method, values.network) == (plan.data, "beta-vae", "resnet")
    assert (values.latent_size, values.epochs) == (9, 50)
    assert panel.setup.own.value("beta") == 7.0
    assert not panel.setup.own.inputs["beta"].isEnabled()
    fakes.last.ended.emit(TrainerEnd(0))
    assert panel.setup.plan() == Plan(**{**plan.to_dict(), "out": "", "image_shape": (3, 32, 32)})


# -- changing while it runs ------------------------------------------------------------------


def type_into(field: QWidget, text: str, key: Qt.Key | None = Qt.Key.Key_Return) -> None:
    assert isinstance(field, QAbstractSpinBox)
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)
    if key is not None:
        QTest.keyClick(field, key)


@pytest.fixture
def beta_vae(panel: TrainingPanel, fakes: Fakes, qtbot: QtBot) -> TrainingPanel:
    """The panel while a beta-VAE trains, with what can be changed in sight."""
    begin(panel, fakes, qtbot)
    heard(fakes, method="beta-vae")
    advance(fakes, 5)
    panel.watch.show_side("change")
    return panel


def test_live_settings_are_those_of_the_method_and_the_rate(beta_vae: TrainingPanel) -> None:
    live = beta_vae.watch.live
    assert live is not None
    assert live.values() == {"beta": 4.0, "free_bits": 0.0, "learning_rate": 0.001}
    assert all(made.isEnabled() for made in live.inputs.values())
    assert "kept in the record" in beta_vae.watch.live_note.text()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Tab])
def test_enter_or_leaving_the_field_changes_a_setting(
    beta_vae: TrainingPanel, fakes: Fakes, key: Qt.Key
) -> None:
    live = beta_vae.watch.live
    assert live is not None
    type_into(live.inputs["beta"], "8.5", key)
    assert fakes.last.orders == [Adjustment("beta", 8.5)]
    assert "β 8.5" in beta_vae.watch.live_note.text()
    assert "kept in the record" in beta_vae.watch.live_note.text()
    type_into(live.inputs["learning_rate"], "0.0002", key)
    assert fakes.last.orders[1:] == [Adjustment("learning_rate", 0.0002)]


def test_what_is_the_same_or_taken_back_is_no_change(beta_vae: TrainingPanel, fakes: Fakes) -> None:
    live = beta_vae.watch.live
    assert live is not None
    type_into(live.inputs["beta"], "4")
    type_into(live.inputs["beta"], "9", Qt.Key.Key_Escape)
    QTest.keyClick(live.inputs["beta"], Qt.Key.Key_Return)
    assert fakes.last.orders == []


def test_a_value_out_of_range_is_refused_in_words(beta_vae: TrainingPanel, fakes: Fakes) -> None:
    beta_vae._on_live_changed("beta", -1.0)
    assert fakes.last.orders == []
    assert "from 0 to 1000" in beta_vae.watch.live_note.text()


def test_changes_are_marked_on_every_view(beta_vae: TrainingPanel, fakes: Fakes) -> None:
    changes = (Adjusted(2.5, "beta", 8.5), Adjusted(3.0, "learning_rate", 0.0002))
    advance(fakes, 6, adjusted=changes, points=points(6)[len(points(5)) :])
    marks = (Mark(2.5, "β 8.5"), Mark(3.0, "rate 0.0002"))
    watch = beta_vae.watch
    assert watch.terms is not None
    assert watch.gradient is not None
    assert watch.terms.marks() == watch.gradient.marks() == marks
    assert watch.live is not None
    assert watch.live.value("beta") == 8.5
    beta_vae.grab()


def test_passing_through_a_field_changes_nothing(panel: TrainingPanel, fakes: Fakes) -> None:
    panel.bar.start.click()
    heard(fakes, method="beta-vae", beta=2.0 / 3.0, learning_rate=2e-6)
    advance(fakes, 5)
    panel.watch.show_side("change")
    live = panel.watch.live
    assert live is not None
    for made in live.inputs.values():
        made.setFocus()
        QTest.keyClick(made, Qt.Key.Key_Return)
        QTest.keyClick(made, Qt.Key.Key_Tab)
    assert fakes.last.orders == []
    type_into(live.inputs["beta"], "0.7")
    type_into(live.inputs["beta"], "0.7")
    assert fakes.last.orders == [Adjustment("beta", 0.7)]


def test_what_comes_too_late_is_not_shown_as_in_force(
    beta_vae: TrainingPanel, fakes: Fakes, training: Training
) -> None:
    live = beta_vae.watch.live
    assert live is not None
    type_into(live.inputs["beta"], "9", key=None)
    fakes.last.heard.emit(Finishing())
    assert live.value("beta") == 4.0
    assert live.inputs["beta"].text() == "4"  # type: ignore[union-attr] # a number
    assert fakes.last.orders == []
    assert "written" in beta_vae.watch.live_note.text()


def test_what_was_wished_of_one_training_is_not_said_of_another(
    beta_vae: TrainingPanel, fakes: Fakes, training: Training
) -> None:
    live = beta_vae.watch.live
    assert live is not None
    type_into(live.inputs["beta"], "9")
    fakes.last.ended.emit(TrainerEnd(0))
    old = write_run(training.folder, "old", method="beta-vae", beta=2.0)
    training.recall(read_recorded(old))
    assert live.value("beta") == 2.0


def test_a_plan_that_no_field_can_say_fills_the_page_once(
    panel: TrainingPanel, fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled: list[str] = []

    def fill(data: str) -> dict[str, Plan]:
        filled.append(data)
        return preset_plans(data)

    monkeypatch.setattr(training_setup, "preset_plans", fill)
    panel.bar.start.click()
    heard(fakes, learning_rate=1.0 / 3000.0)
    for epoch in range(1, 4):
        advance(fakes, epoch)
    assert filled == ["digits"]


def test_nothing_can_be_changed_when_nothing_runs(beta_vae: TrainingPanel, fakes: Fakes) -> None:
    fakes.last.ended.emit(TrainerEnd(0))
    live = beta_vae.watch.live
    assert live is not None
    assert not live.inputs["beta"].isEnabled()
    assert "No training" in live.inputs["beta"].toolTip()


# -- views ---------------------------------------------------------------------------------


def test_the_kl_of_dimensions_and_the_gradient_are_shown(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot
) -> None:
    begin(panel, fakes, qtbot)
    advance(fakes, 5)
    QTest.mouseClick(named(panel, QToolButton, "view-kl"), Qt.MouseButton.LeftButton)
    assert panel.watch.kl.isVisible()
    assert panel.watch.kl.readout() == "2 of 2 active after epoch 5"
    QTest.mouseMove(panel.watch.kl, panel.watch.kl.cell_centre(1, 2).toPoint())
    qtbot.waitUntil(lambda: "z1" in panel.watch.kl.readout())
    assert panel.watch.kl.readout() == "epoch 3 · z1 · 3.00 nats · 2 of 2 active"
    QTest.mouseClick(named(panel, QToolButton, "view-gradient"), Qt.MouseButton.LeftButton)
    gradient = panel.watch.gradient
    assert gradient is not None
    names = {plot.accessibleName() for plot in panel.watch.findChildren(QWidget, "lossCanvas")}
    assert len(names) == 3, "each plot says what it is of"
    gradient.set_cursor_epoch(2.0)
    assert gradient.readout() == "epoch 2.0; Gradient norm train 1.50"


# -- runs ----------------------------------------------------------------------------------


def table_of(panel: TrainingPanel) -> dict[str, tuple[str, ...]]:
    return {row.texts[0]: row.texts for row in panel.runs.table.rows()}


@pytest.fixture
def runs(training: Training, qtbot: QtBot) -> TrainingPanel:
    """The page of runs with a finished and an unfinished one, the older selected."""
    write_run(training.folder, "done", 3, 3, learning_rate=0.002)
    write_run(training.folder, "cut", 2, 9, method="ae", finished=False)
    panel = make_panel(training, qtbot)
    panel.show_page("runs")
    return panel


def choose(panel: TrainingPanel, name: str) -> Path:
    folder = panel._training.folder / f"{name}.safetensors.run"
    panel.runs.table.select(str(folder))
    return folder


def test_runs_are_listed_with_what_they_are(runs: TrainingPanel) -> None:
    table = table_of(runs)
    assert table["done"][:9] == (
        "done", "finished", "3/3", "Digits", "VAE", "2", "pseudo 29.00", "", "rate 0.002",
    )  # fmt: skip
    assert table["cut"][1:8] == (
        "unfinished", "2/9", "Digits", "Autoencoder", "2", "rec. 28.00", "",
    )  # fmt: skip
    assert runs.bar.pages["runs"].text() == "Runs (1)"
    assert "Not finished: cut" in runs.bar.progress.format()


def test_no_button_moves_when_runs_are_counted_or_a_training_is_paused(
    training: Training, fakes: Fakes, qtbot: QtBot, qapp: QApplication
) -> None:
    panel = make_panel(training, qtbot)
    panel.show_page("runs")
    bar = panel.bar
    buttons = (*bar.pages.values(), bar.start, bar.pause, bar.stop)

    def places() -> list[tuple[int, int]]:
        qapp.processEvents()
        return [(button.x(), button.width()) for button in buttons]

    before = places()
    write_run(training.folder, "cut", 2, 9, finished=False)
    training.runs_changed.emit()
    assert bar.pages["runs"].text() == "Runs (1)"
    assert places() == before
    training.start(panel.plan())
    fakes.last.heard.emit(Paused())
    assert bar.pause.text() == "Resume"
    assert places() == before
    training.shutdown()


def test_runs_of_different_likelihoods_are_said_not_to_compare(
    training: Training, qtbot: QtBot
) -> None:
    write_run(training.folder, "grey")
    write_run(training.folder, "normal", likelihood="gaussian")
    panel = make_panel(training, qtbot)
    panel.show_page("runs")
    table = {row.texts[0]: row for row in panel.runs.table.rows()}
    assert table["normal"].texts[6] == "29.00"
    assert "pseudo −ELBO 29.00 nats" in table["grey"].tips[6]
    assert all("Compares only" in row.tips[6] for row in table.values())
    for row in table.values():
        panel.runs.table.set_checked(row.key, True)
    panel.runs.compare.click()
    compared, term = panel.watch.compared, panel.watch.compared_term
    assert compared is not None
    assert "likelihoods differ" in compared.legend()
    term.setCurrentIndex(term.findData("kl"))
    assert "differ" not in compared.legend()


def test_a_stopped_run_says_so_and_goes_on(training: Training, qtbot: QtBot) -> None:
    write_run(training.folder, "short", 2, 9)
    panel = make_panel(training, qtbot)
    panel.show_page("runs")
    assert table_of(panel)["short"][1] == "stopped"
    assert panel.runs.go_on.isEnabled()
    assert "made already" in panel.runs.keep.toolTip()


def test_the_settings_of_runs_take_the_width_that_is_left(runs: TrainingPanel) -> None:
    table = runs.runs.table
    for width in (1200, 1500):
        runs.resize(width, 210)
        QApplication.processEvents()
        assert table.header().length() == table.viewport().width()


def test_what_a_run_is_and_how_far_is_seen_whole_in_a_small_window(
    training: Training, qtbot: QtBot, qapp: QApplication
) -> None:
    write_run(training.folder, "digits-vae-2d", 5450, 30000, finished=False)
    panel = make_panel(training, qtbot)
    panel.show_page("runs")
    panel.resize(620, 210)  # in a window of 1100x700
    qapp.processEvents()
    table = panel.runs.table
    header, titles = table.header(), [column.title for column in COLUMNS]
    for title in ("Run", "State", "Epochs"):
        at = titles.index(title)
        assert header.sectionSize(at) >= table.sizeHintForColumn(at), title
        assert header.sectionViewportPosition(at) + header.sectionSize(at) <= header.width(), title


NAMES = ("mnist3000-beta-vae-5d", "mnist3000-beta-vae-5d-2", "mnist3000-beta-vae-5d-3")


@pytest.mark.parametrize("width", [675, 900])  # in windows of 1100x700 and of 1440x900
def test_runs_of_one_data_set_are_told_apart_with_all_columns_in_sight(
    training: Training, qtbot: QtBot, qapp: QApplication, width: int
) -> None:
    for name, beta in zip(NAMES, (4.0, 8.0, 1.0), strict=True):
        write_run(training.folder, name, method="beta-vae", beta=beta, width=256, batch_size=32)
    panel = make_panel(training, qtbot)
    panel.show_page("runs")
    panel.resize(width, 210)
    qapp.processEvents()
    table = panel.runs.table
    header, titles = table.header(), [column.title for column in COLUMNS]
    assert header.length() == table.viewport().width()
    at = titles.index("Date")
    assert header.sectionSize(at) >= table.sizeHintForColumn(at), "never cut"
    at = titles.index("Settings")
    assert header.sectionSize(at) >= table.fontMetrics().horizontalAdvance("β 4, …") + 8
    assert {row.texts[at] for row in table.rows()} == {f"β {beta}, batch 32" for beta in (4, 8, 1)}
    assert header.isSectionHidden(titles.index("−Bound, nats")), "no run has one"
    if width > 800:
        assert header.sectionSize(0) >= table.sizeHintForColumn(0), "names have the room first"
    option = QStyleOptionViewItem()
    index = table.model().index(0, 0)
    delegate = table.itemDelegateForIndex(index)
    assert isinstance(delegate, QStyledItemDelegate)
    delegate.initStyleOption(option, index)
    assert option.textElideMode is Qt.TextElideMode.ElideMiddle, "their ends tell them apart"


def test_the_date_of_a_run_is_short_and_its_tip_has_the_year(runs: TrainingPanel) -> None:
    row = runs.runs.table.rows()[0]
    assert re.fullmatch(r"\d{1,2} \w+ \d\d:\d\d", row.texts[-1])
    assert re.fullmatch(r"\d{1,2} \w+ 20\d\d \d\d:\d\d:\d\d", row.tips[-1])


def test_a_column_is_as_wide_as_a_person_makes_it(runs: TrainingPanel, qapp: QApplication) -> None:
    header = runs.runs.table.header()
    header.resizeSection(0, 210)
    for width in (675, 1200, 675):
        runs.resize(width, 210)
        qapp.processEvents()
        assert header.sectionSize(0) == 210


@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 90)), min_size=2, max_size=8),
    st.integers(0, 1500),
)
def test_columns_share_the_room_and_the_last_in_rank_are_cut_first(
    sizes: list[tuple[int, int]], room: int
) -> None:
    columns = [
        Column(str(at), "", least_px=least, rank=at, stretches=at == 0)
        for at, (_, least) in enumerate(sizes)
    ]
    wanted = [wish for wish, _ in sizes]
    widths = shared_widths(columns, wanted, room)
    least = [min(wish, low) if low else wish for wish, low in sizes]
    assert sum(widths) == max(room, sum(least))
    assert all(width >= low for width, low in zip(widths, least, strict=True))
    cut = [at for at, width in enumerate(widths) if width < wanted[at]]
    assert all(widths[at] == least[at] for at in range(max(cut, default=0))), "the others before"


@pytest.mark.parametrize("end", [None, Failed("The loss is no number.")])
def test_a_run_that_was_cut_short_is_selected_to_go_on(
    runs: TrainingPanel, fakes: Fakes, qtbot: QtBot, training: Training, end: Failed | None
) -> None:
    choose(runs, "done")
    training.start(Plan("digits", str(training.folder / "new.safetensors"), epochs=9))
    training.runs_changed.emit()
    assert runs.runs.table.selected_key().endswith("done.safetensors.run")
    folder = write_run(training.folder, "new", 2, 9, finished=False)
    if end is not None:
        fakes.last.heard.emit(end)
    fakes.last.ended.emit(TrainerEnd(-9))
    runs.show_page("runs")
    assert runs.runs.table.selected_key() == str(folder)
    assert runs.runs.go_on.isEnabled()
    choose(runs, "done")
    training.runs_changed.emit()
    assert runs.runs.table.selected_key().endswith("done.safetensors.run"), "only once"


def test_runs_elsewhere_are_listed_and_go_on_and_say_where_they_lie(
    runs: TrainingPanel, fakes: Fakes, tmp_path: Path
) -> None:
    folder = write_run(tmp_path / "elsewhere", "done", 2, 9, finished=False)
    runs._runs.add(folder)
    (row,) = (row for row in runs.runs.table.rows() if row.key == str(folder))
    assert str(tmp_path / "elsewhere") in row.tips[0]
    for row in runs.runs.table.rows():
        runs.runs.table.set_checked(row.key, row.texts[0] == "done")
    runs.show_page("watch")
    compared = runs.watch.compared
    assert compared is not None
    assert len(compared.shown_terms()) == 2, "two of one name"
    runs.show_page("runs")
    runs.runs.table.select(str(folder))
    runs.runs.go_on.click()
    assert fakes.last.job == Job("resume", path=str(folder))


def test_a_damaged_run_is_listed_and_can_only_be_discarded(
    training: Training, qtbot: QtBot
) -> None:
    folder = training.folder / "bad.safetensors.run"
    folder.mkdir(parents=True)
    (folder / "last.safetensors").write_bytes(b"nothing of the kind")
    panel = make_panel(training, qtbot)
    panel.show_page("runs")
    choose(panel, "bad")
    assert table_of(panel)["bad"][1] == "damaged"
    assert not panel.runs.go_on.isEnabled()
    assert "damaged" in panel.runs.use.toolTip()
    assert panel.runs.discard.isEnabled()


@pytest.mark.parametrize(
    ("name", "button", "job"),
    [
        ("cut", "runGoOn", Job("resume")),
        ("cut", "runKeep", Job("finish")),
        ("done", "runMore", Job("resume", more=7)),
        ("cut", "runMore", Job("resume", more=7)),
    ],
)
def test_a_run_goes_on(runs: TrainingPanel, fakes: Fakes, name: str, button: str, job: Job) -> None:
    folder = choose(runs, name)
    runs.runs.more.setValue(7)
    QTest.mouseClick(named(runs, QPushButton, button), Qt.MouseButton.LeftButton)
    assert fakes.last.job == Job(job.task, path=str(folder), more=job.more)
    assert table_of(runs)[name][1] == "running"
    if job.task == "resume":
        assert runs.focusWidget() is runs.bar.pause
    assert "under way" in runs.runs.use.toolTip(), "Set up shows what trains"
    assert not runs.runs.use.isEnabled()
    assert "under way" in runs.runs.go_on.toolTip() or "runs now" in runs.runs.go_on.toolTip()


def test_what_cannot_be_done_with_a_run_says_why(runs: TrainingPanel) -> None:
    choose(runs, "done")
    assert "more epochs" in runs.runs.go_on.toolTip()
    assert "made already" in runs.runs.keep.toolTip()
    assert not runs.runs.compare.isEnabled()
    assert "Check runs" in runs.runs.compare.toolTip()


@pytest.mark.parametrize(
    ("name", "file"), [("done", "done.safetensors"), ("cut", "last.safetensors")]
)
def test_the_model_of_any_run_can_be_opened(
    runs: TrainingPanel, qtbot: QtBot, name: str, file: str
) -> None:
    choose(runs, name)
    with qtbot.waitSignal(runs.open_requested) as asked:
        QTest.keyClick(runs.runs.table, Qt.Key.Key_Return)
    assert asked.args is not None
    assert asked.args[0].name == file


def test_discarding_asks_first(runs: TrainingPanel) -> None:
    folder = choose(runs, "cut")
    for answer in ("no", "yes"):
        QTest.mouseClick(runs.runs.discard, Qt.MouseButton.LeftButton)
        box = runs.findChildren(QMessageBox)[-1]
        assert "2 finished epochs" in box.informativeText()
        if answer == "no":
            QTest.keyClick(box, Qt.Key.Key_Escape)
            assert folder.exists()
        else:
            QTest.mouseClick(named(box, QPushButton, "discardYes"), Qt.MouseButton.LeftButton)
    assert not folder.exists()
    assert list(table_of(runs)) == ["done"]
    assert runs.bar.pages["runs"].text() == "Runs"
    assert "Not finished" not in runs.bar.progress.format()


def changers(panel: TrainingPanel) -> tuple[QPushButton, ...]:
    page = panel.runs
    return page.go_on, page.train_more, page.keep, page.discard


def test_a_run_that_is_trained_elsewhere_is_left_alone(
    training: Training, fakes: Fakes, qtbot: QtBot
) -> None:
    folder = write_run(training.folder, "cut", 2, 9, finished=False)
    with FileLock(folder / "lock"):
        panel = make_panel(training, qtbot)
        panel.show_page("runs")
        choose(panel, "cut")
        assert table_of(panel)["cut"][1] == "elsewhere"
        assert panel.bar.pages["runs"].text() == "Runs"
        assert "Not finished" not in panel.bar.progress.format()
        for button in changers(panel):
            assert not button.isEnabled()
            assert "in another window" in button.toolTip()
        assert panel.runs.open.isEnabled()
    panel._runs.refresh()
    assert all(button.isEnabled() for button in changers(panel))
    panel._runs.stop()


def test_whoever_turns_to_the_runs_sees_those_that_began_elsewhere(
    runs: TrainingPanel, training: Training
) -> None:
    runs.show_page("setup")
    write_run(training.folder, "new", 1, 9, finished=False)
    runs.show_page("runs")
    assert "new" in table_of(runs)


@pytest.mark.parametrize("at", range(4))
def test_a_run_that_has_begun_elsewhere_since_it_was_listed_is_not_touched(
    runs: TrainingPanel, fakes: Fakes, qtbot: QtBot, at: int
) -> None:
    folder = choose(runs, "cut")
    with FileLock(folder / "lock"), qtbot.waitSignal(runs._runs.refused):
        QTest.mouseClick(changers(runs)[at], Qt.MouseButton.LeftButton)
    assert not runs.findChildren(QMessageBox), "it does not ask first and refuse afterwards"
    assert not fakes.all
    runs._runs.stop()


@pytest.mark.parametrize(("view", "then"), [("compare", "terms"), ("kl", "kl")])
def test_a_training_that_begins_is_watched_not_compared(
    runs: TrainingPanel, training: Training, view: str, then: str
) -> None:
    runs.watch.show_view(view)
    training.start(runs.plan())
    assert runs.pages.currentWidget() is runs.watch
    assert named(runs, QToolButton, f"view-{then}").isChecked()
    training.shutdown()


def test_a_training_cut_off_in_its_first_epoch_starts_again_or_goes(
    training: Training, fakes: Fakes, qtbot: QtBot
) -> None:
    folder = write_run(training.folder, "new", 0, 7, method="ae")
    panel = make_panel(training, qtbot)
    panel.show_page("runs")
    choose(panel, "new")
    page = panel.runs
    assert "new" in panel.bar.progress.format()
    assert table_of(panel)["new"][1] == "not begun"
    assert [button.isEnabled() for button in (page.go_on, page.discard, page.use)] == [True] * 3
    assert not any(button.isEnabled() for button in (page.open, page.keep, page.train_more))
    QTest.mouseClick(page.discard, Qt.MouseButton.LeftButton)
    box = panel.findChildren(QMessageBox)[-1]
    assert "Its settings are deleted" in box.informativeText()
    QTest.keyClick(box, Qt.Key.Key_Escape)
    QTest.mouseClick(page.go_on, Qt.MouseButton.LeftButton)
    job = fakes.last.job
    assert job.plan is not None
    assert (job.task, job.plan.epochs, job.plan.method) == ("train", 7, "ae")
    assert job.plan.folder == folder
    training.shutdown()


def test_settings_of_a_run_are_used_again(runs: TrainingPanel) -> None:
    choose(runs, "done")
    QTest.mouseClick(runs.runs.use, Qt.MouseButton.LeftButton)
    assert runs.pages.currentWidget() is runs.setup
    plan = runs.plan()
    assert (plan.learning_rate, plan.epochs, plan.width) == (0.002, 3, None)
    assert runs.form.preset.currentText() == "Own settings"


def test_checked_runs_are_laid_over_each_other(runs: TrainingPanel) -> None:
    for name in ("cut", "done"):
        choose(runs, name)
        QTest.keyClick(runs.runs.table, Qt.Key.Key_Space)
    assert runs.runs.compare.text() == "Compare (2)"
    QTest.mouseClick(runs.runs.compare, Qt.MouseButton.LeftButton)
    compared, term = runs.watch.compared, runs.watch.compared_term
    assert compared is not None
    assert compared.isVisible()
    keys = [str(choose(runs, name)) for name in ("cut", "done")]
    assert compared.shown_terms() == keys[1:], "an autoencoder has no ELBO"
    term.setCurrentIndex(term.findData("reconstruction"))
    assert compared.shown_terms() == keys
    compared.set_cursor_epoch(2.0)
    assert "cut held out 28.00; done train 27.50, held out 28.00" in compared.readout()
    term.setCurrentIndex(term.findData("jacobian"))
    assert "None of the checked runs" in compared.words()
    assert "nats" not in compared.legend(), "a Jacobian has none"
    runs.grab()


def test_the_run_that_trains_is_compared_as_it_goes(
    panel: TrainingPanel, fakes: Fakes, qtbot: QtBot
) -> None:
    begin(panel, fakes, qtbot)
    advance(fakes, 2)
    panel.show_page("runs")
    (row,) = panel.runs.table.rows()
    assert (row.texts[1:3], row.texts[6]) == (("running", "2/200"), "pseudo 95.49")
    panel.runs.table.set_checked(row.key, True)
    panel.runs.compare.click()
    advance(fakes, 4, points=points(4)[len(points(2)) :])
    compared = panel.watch.compared
    assert compared is not None
    compared.set_cursor_epoch(3.9)
    assert "held out 90" in compared.readout()


def test_runs_are_sorted_by_any_column_by_keys_too(runs: TrainingPanel) -> None:
    header = runs.runs.table.header()
    header.setFocus()
    for _ in range(2):
        QTest.keyClick(header, Qt.Key.Key_Right)
    assert [row.texts[0] for row in runs.runs.table.rows()] == ["cut", "done"]
    QTest.keyClick(header, Qt.Key.Key_Space)
    assert [row.texts[0] for row in runs.runs.table.rows()] == ["done", "cut"]
