"""Data trained on is offered again at the next launch, told apart, and opened on."""

from collections import deque
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import QObject, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from explorer.pages.training_setup import FILE_WISH
from explorer.panels.training_panel import TrainingPanel
from explorer.processes import TrainerEnd
from explorer.run_list import RunList
from explorer.session import Session
from explorer.settings import Settings
from explorer.trained_data import TrainedData
from explorer.trainer_messages import Planned, Position
from explorer.training import Training
from explorer.training_choices import own_data, preset_plans, same
from explorer.workers import Callbacks, Lane, Task, TaskContext
from models.downloads import BUILT_IN
from models.plans import Plan
from tests.opened import opened
from tests.samples import save_pictures
from tests.trainings import DirectLane, Fakes

OWN = len(BUILT_IN)  # the first place under the built-in sets


class SlowLane:
    """Does each task when it is told to."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[Task, Callbacks]] = deque()

    def submit(self, task: Task, callbacks: Callbacks) -> int:
        self.waiting.append((task, callbacks))
        return 0

    def work(self) -> None:
        while self.waiting:
            task, callbacks = self.waiting.popleft()
            callbacks.done(task(cast(TaskContext, None)))


class Launch:
    """A training panel with the settings of a disk, as after a start of the program."""

    def __init__(self, tmp_path: Path, qtbot: QtBot, look: bool = True) -> None:
        self.fakes, self.lane, self.owner = Fakes(), SlowLane(), QObject()
        self.settings = Settings(stored(tmp_path))
        training = Training(tmp_path / "models", make_thread=self.fakes.make, parent=self.owner)
        runs = RunList(training, DirectLane.make(), training)
        self.panel = TrainingPanel(training, runs, Session())
        qtbot.addWidget(self.panel)
        lane = cast(Lane, self.lane)
        self.data = TrainedData(self.settings, self.panel, lane, self.owner)
        self.panel.resize(790, 210)
        self.panel.show()
        if look:
            self.lane.work()

    def train(self) -> None:
        """Press Start, hear of the plan, and let the trainer end."""
        QTest.mouseClick(self.panel.bar.start, Qt.MouseButton.LeftButton)
        plan = self.fakes.last.job.plan
        assert plan is not None
        self.fakes.last.heard.emit(Planned(plan, Position(0, plan.epochs, 0.0)))
        self.fakes.last.ended.emit(TrainerEnd(0))
        self.lane.work()

    @property
    def listed(self) -> list[str]:
        """The texts of data of one's own."""
        combo = self.panel.form.data
        texts = [combo.itemText(at) for at in range(OWN, combo.count())]
        return texts[: texts.index("")]  # a separator

    @property
    def chosen(self) -> str:
        return self.panel.form.values().data


def stored(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)


def pictures(folder: Path, count: int = 3) -> Path:
    folder.mkdir(parents=True)
    save_pictures(folder, count)
    return folder


def test_data_trained_on_is_chosen_at_the_next_launch(tmp_path: Path, qtbot: QtBot) -> None:
    photos = pictures(tmp_path / "photos")
    first = Launch(tmp_path, qtbot)
    first.panel.choose_data(photos)
    first.train()
    second = Launch(tmp_path, qtbot)
    assert second.chosen == str(photos)
    assert second.listed == ["photos"]
    place = second.panel.form.data.currentIndex()
    assert place == OWN
    for role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
        assert second.panel.form.data.itemData(place, role) == str(photos)
    assert str(photos) in second.panel.form.data.toolTip()
    assert same(second.panel.setup.plan(), preset_plans(str(photos))["2d-map"])
    assert second.panel.form.preset.currentData() == "2d-map"


def test_a_built_in_set_trained_on_is_chosen_too_and_needs_no_look(
    tmp_path: Path, qtbot: QtBot
) -> None:
    first = Launch(tmp_path, qtbot)
    first.panel.setup.set_plan(preset_plans("rooms")["2d-map"])
    first.train()
    second = Launch(tmp_path, qtbot, look=False)
    assert second.chosen == "rooms"
    assert second.listed == []
    assert same(second.panel.setup.plan(), preset_plans("rooms")["2d-map"])


def test_data_chosen_is_offered_even_if_nothing_was_trained_on_it(
    tmp_path: Path, qtbot: QtBot
) -> None:
    paths = [pictures(tmp_path / name) for name in ("a", "b", "c")]
    first = Launch(tmp_path, qtbot)
    for path in [*paths, paths[0]]:
        first.panel.choose_data(path)
        first.lane.work()
    assert first.listed == ["a", "c", "b"], "newest first"
    second = Launch(tmp_path, qtbot)
    assert second.listed == ["a", "c", "b"]
    assert second.chosen == "digits"


def test_data_that_is_gone_is_not_offered(tmp_path: Path, qtbot: QtBot) -> None:
    photos, faces = pictures(tmp_path / "photos"), pictures(tmp_path / "faces")
    first = Launch(tmp_path, qtbot)
    first.panel.choose_data(faces)
    first.panel.choose_data(photos)
    first.train()
    photos.rename(tmp_path / "away")
    second = Launch(tmp_path, qtbot)
    assert (second.listed, second.chosen) == (["faces"], "digits")
    (tmp_path / "away").rename(photos)
    second.panel.hide()
    second.panel.show()
    second.lane.work()
    assert second.listed == ["photos", "faces"], "a disk is back"
    assert second.chosen == "digits", "not under a person's hands"


def test_what_is_chosen_stays_though_it_is_gone(tmp_path: Path, qtbot: QtBot) -> None:
    photos = pictures(tmp_path / "photos")
    launch = Launch(tmp_path, qtbot)
    launch.panel.choose_data(photos)
    photos.rename(tmp_path / "away")
    launch.panel.choose_data(pictures(tmp_path / "faces"))
    launch.panel.choose_data(photos)
    launch.lane.work()
    assert launch.chosen == str(photos)
    assert launch.panel.form.data.currentText() == "photos"


def test_at_most_eight_are_offered(tmp_path: Path, qtbot: QtBot) -> None:
    settings = Settings(stored(tmp_path))
    for number in range(12):
        settings.add_trained_data(pictures(tmp_path / f"data {number}"))
    (tmp_path / "data 11").rename(tmp_path / "gone")
    launch = Launch(tmp_path, qtbot)
    assert launch.listed == [f"data {number}" for number in range(10, 2, -1)]
    combo = launch.panel.form.data
    assert combo.count() <= combo.maxVisibleItems(), "the way to others needs no scrolling"


def test_set_up_is_not_filled_again_under_the_hands(tmp_path: Path, qtbot: QtBot) -> None:
    photos = pictures(tmp_path / "photos")
    first = Launch(tmp_path, qtbot)
    first.panel.choose_data(photos)
    first.train()
    second = Launch(tmp_path, qtbot, look=False)
    second.panel.form.epochs.setValue(33)
    second.lane.work()
    assert (second.chosen, second.panel.form.values().epochs) == ("digits", 33)
    assert second.listed == ["photos"]


def test_data_chosen_while_paths_are_looked_at_stays(tmp_path: Path, qtbot: QtBot) -> None:
    photos, faces = pictures(tmp_path / "photos"), pictures(tmp_path / "faces")
    first = Launch(tmp_path, qtbot)
    first.panel.choose_data(photos)
    first.train()
    second = Launch(tmp_path, qtbot, look=False)
    second.panel.choose_data(faces)
    second.lane.work()
    assert second.chosen == str(faces)
    assert second.listed == ["faces", "photos"]


def test_a_window_looks_at_paths_in_another_thread(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also at the first bytes of the data: a network may let them wait."""
    asked: list[str] = []
    photos = pictures(tmp_path / "photos")

    with opened(qtbot) as window:
        window.window.training_panel.choose_data(photos)
        Settings().last_trained = str(photos)
    monkeypatch.setattr("explorer.training_choices.look_at", asked.append)
    with opened(qtbot, remembering=True) as window:
        form = window.window.training_panel.form
        qtbot.waitUntil(lambda: form.values().data == str(photos))
        assert form.network.currentData() == "conv", "fitted to pictures"
    assert set(asked) <= {"digits"}


def test_the_dialog_starts_where_data_was_chosen_last(tmp_path: Path, qtbot: QtBot) -> None:
    photos = pictures(tmp_path / "my data" / "photos")
    first = Launch(tmp_path, qtbot)
    first.panel.choose_data(photos)
    second = Launch(tmp_path, qtbot)
    second.panel.form.wished.emit(FILE_WISH)
    dialog = second.panel.findChild(QFileDialog)
    assert dialog is not None
    assert Path(dialog.directory().path()) == photos.parent
    dialog.close()
    QApplication.processEvents()


def test_paths_are_absolute(tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = pictures(tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    launch = Launch(tmp_path, qtbot)
    launch.panel.choose_data("photos")
    assert launch.chosen == str(photos)
    launch.panel.setup.set_plan(Plan("photos", ""))  # a run of the command line's
    launch.train()
    assert launch.settings.last_trained == str(photos)
    assert launch.settings.trained_data() == [photos]


@pytest.mark.parametrize("spoilt", ["", "no list", [""], 7, None])
def test_settings_of_another_kind_do_not_matter(
    tmp_path: Path, qtbot: QtBot, spoilt: object
) -> None:
    store = stored(tmp_path)
    for name in ("training/data", "training/last", "folder/data"):
        store.setValue(name, spoilt)
    store.sync()
    launch = Launch(tmp_path, qtbot)
    assert (launch.listed, launch.chosen) == ([], "digits")


def test_data_of_one_name_is_told_apart_by_its_folder() -> None:
    paths = ["/a/x/photos", "/b/x/photos", "/b/y/photos", "/b/faces.npz", "/c/MNIST", "/photos"]
    assert [choice.text for choice in own_data(paths)] == [
        "photos (a/x)",
        "photos (b/x)",
        "photos (y)",
        "faces.npz",
        "MNIST (c)",
        "photos (/)",
    ]
    assert [choice.tip for choice in own_data(paths)] == paths
