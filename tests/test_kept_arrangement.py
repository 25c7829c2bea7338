"""What a person did on the map of a training is there again when it is gone on with."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from explorer.kept_arrangement import read_kept
from explorer.recorded_runs import arrangement_file, discard_recorded
from explorer.trainer_messages import Advanced, Planned, Position
from explorer.training import Status, TrainingState
from explorer.training_words import closing_text
from explorer.window import MainWindow
from models.plans import Plan
from models.snapshots import epoch_file, epochs_folder
from tests.epochs import trained
from tests.opened import PATIENCE_MS, opened
from tests.trainings import Fakes

if TYPE_CHECKING:
    from models.data import DataSet


class Cut:
    """A training whose window closes after two of its four epochs."""

    def __init__(self, qtbot: QtBot, model: Path, made: Plan, folder: Path) -> None:
        self.qtbot, self.model, self.made = qtbot, model, made
        self.plan = replace(made, out=str(folder / Path(made.out).name))
        shutil.copytree(made.folder, self.plan.folder)
        shutil.rmtree(epochs_folder(self.plan.folder))
        self.plan.finished_file.unlink()

    @contextmanager
    def window(self, goes_on: bool = True, remembering: bool = False) -> Iterator[MainWindow]:
        with opened(self.qtbot, self.model, remembering=remembering) as found:
            fakes, window = Fakes(), found.window
            window.training._make_thread = fakes.make
            if goes_on:
                window.training.resume_last(self.plan.folder)
                fakes.last.heard.emit(Planned(self.plan, Position(0, 4, 0.0)))
                for epoch in (0, 1, 2):
                    self.write(epoch)
                    fakes.last.heard.emit(Advanced(Position(epoch, 4, 0.0), epoch_file=epoch))
                self.wait_for(window)
            found.settle()
            yield window

    def write(self, epoch: int) -> None:
        epochs_folder(self.plan.folder).mkdir(exist_ok=True)
        shutil.copy(epoch_file(self.made.folder, epoch), epoch_file(self.plan.folder, epoch))

    def wait_for(self, window: MainWindow) -> None:
        def shown() -> bool:
            model = window.session.model
            return model is not None and model.path == Path(self.plan.out)

        self.qtbot.waitUntil(shown, timeout=PATIENCE_MS)

    def touch(self, window: MainWindow) -> None:
        """A handle is dragged and one is added."""
        window.session.set_latent(1, np.array([0.25, -0.5], np.float32))
        window.map_panel.add_handle_at(0.75, 0.5)


@pytest.fixture
def cut(qtbot: QtBot, tiny_model_file: Path, tmp_path: Path, tiny_data: "DataSet") -> Cut:
    (tmp_path / "made").mkdir()
    made = trained(tmp_path / "made", tiny_data)
    return Cut(qtbot, tiny_model_file, made, tmp_path)


def assert_touched(window: MainWindow) -> None:
    handles = window.session.arrangement.handles
    assert [handle.name for handle in handles] == ["A", "B", "C", "D"]
    assert handles[0].z.tolist() == [0.25, -0.5]
    assert handles[3].z.tolist() == pytest.approx([0.75, 0.5])


def test_the_handles_are_there_when_a_training_is_gone_on_with(cut: Cut) -> None:
    with cut.window() as window:
        cut.touch(window)
        window.close()
    with cut.window() as window:
        assert_touched(window)


def test_the_handles_are_there_when_its_last_epoch_is_opened(cut: Cut) -> None:
    with cut.window() as window:
        cut.touch(window)
        window.close()
    with cut.window(goes_on=False) as window:
        window.opening.open_model(cut.plan.last_epoch_file)
        cut.wait_for(window)
        assert_touched(window)


def test_the_handles_are_there_when_it_has_its_model(cut: Cut) -> None:
    with cut.window() as window:
        cut.touch(window)
        window.close()
    shutil.copy(cut.made.out, cut.plan.out)
    with cut.window(goes_on=False) as window:
        window.opening.open_model(Path(cut.plan.out))
        cut.wait_for(window)
        assert_touched(window)
        window.session.set_latent(1, np.array([1.0, 1.0], np.float32))
        window.close()
    kept = read_kept(cut.plan.folder)
    assert kept is not None
    assert kept.arrangement.handles[0].z.tolist() == [1.0, 1.0]


def test_they_are_kept_where_another_model_is_on_the_map_at_the_end(cut: Cut) -> None:
    with cut.window() as window:
        cut.touch(window)
        window.opening.go_back()
        cut.qtbot.waitUntil(
            lambda: window.session.model is not None and window.session.model.path == cut.model,
            timeout=PATIENCE_MS,
        )
        window.close()
    with cut.window() as window:
        assert_touched(window)


def test_of_a_map_that_nobody_touched_nothing_is_kept(cut: Cut) -> None:
    with cut.window() as window:
        window.close()
    assert not arrangement_file(cut.plan.folder).exists()


def test_what_is_damaged_does_not_keep_a_training_from_going_on(cut: Cut) -> None:
    arrangement_file(cut.plan.folder).write_text("{")
    with cut.window() as window:
        assert len(window.session.arrangement.handles) == 3


def test_it_goes_with_a_training_that_is_discarded(cut: Cut) -> None:
    arrangement_file(cut.plan.folder).write_text("{}")
    discard_recorded(cut.plan.folder)
    assert not cut.plan.folder.exists()


def test_a_window_that_closes_in_mid_training_says_what_is_kept(cut: Cut) -> None:
    with cut.window() as window:
        window.close()
        words = window.messages.text()
        assert "stands at epoch 2 of 4" in words
        assert "Runs" in words
    with cut.window(goes_on=False, remembering=True) as window:
        cut.qtbot.waitUntil(lambda: words in window.messages.text(), timeout=PATIENCE_MS)
        window.close()
    with cut.window(goes_on=False, remembering=True) as window:
        assert words not in window.messages.text()


def test_a_training_without_an_epoch_is_told_to_be_lost() -> None:
    plan = Plan("bars.npz", "bars.safetensors")
    state = TrainingState(Status.RUNNING, plan, position=Position(0, 4, 0.1))
    assert "not kept" in closing_text(state)
    assert not closing_text(replace(state, status=Status.FINISHED))
