"""The pictures of a training are there when it is opened again, or it is said why they are not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.epochs import read_run
from explorer.kept_pictures import read_pictures, write_pictures
from explorer.recorded_runs import discard_recorded, pictures_file, read_recorded
from explorer.trainer_messages import Planned, Position, Stopped
from explorer.training import Status, Training, TrainingState
from explorer.training_words import no_pictures_text
from models.plans import Plan
from tests.test_training_panel import make_panel, pictures
from tests.trainings import Fakes, write_run

PLAN = Plan("digits", "bars.safetensors")


@pytest.mark.parametrize("samples", [0, 12])
def test_pictures_come_back_as_they_were(tmp_path: Path, samples: int) -> None:
    before = pictures(7, samples)
    write_pictures(tmp_path, before)
    found = read_pictures(tmp_path)
    assert found is not None
    assert (found.epoch, found.no_samples) == (7, before.no_samples)
    for name in ("images", "reconstructions", "samples"):
        assert np.array_equal(getattr(found, name), getattr(before, name))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and then nothing", b"\x80\x04."])
def test_what_is_damaged_is_none(tmp_path: Path, content: bytes) -> None:
    pictures_file(tmp_path).write_bytes(content)
    assert read_pictures(tmp_path) is None


def test_other_arrays_are_none(tmp_path: Path) -> None:
    some = pictures(1)
    assert read_pictures(tmp_path) is None
    write_pictures(tmp_path, replace(some, images=some.images[:2]))
    assert read_pictures(tmp_path) is None
    write_pictures(tmp_path, replace(some, samples=some.samples.astype(np.float32)))
    assert read_pictures(tmp_path) is None


def test_a_training_that_is_opened_shows_its_pictures(
    tmp_path: Path, qapp: QApplication, qtbot: QtBot
) -> None:
    run = write_run(tmp_path, "old")
    write_pictures(run, pictures(3))
    training = Training(tmp_path)
    panel = make_panel(training, qtbot)
    assert panel.watch.samples.words() == "while a model trains"
    known = read_run(run, None).known  # type: ignore[arg-type] # nobody asks it anything
    assert known is not None
    training.recall(known)
    assert len(panel.watch.samples.images()) == 12
    assert "after epoch 3" in panel.watch.samples.accessibleDescription()


def test_a_training_without_pictures_says_why(
    tmp_path: Path, qapp: QApplication, qtbot: QtBot
) -> None:
    training = Training(tmp_path)
    panel = make_panel(training, qtbot)
    training.recall(read_recorded(write_run(tmp_path, "old")))
    for grid in (panel.watch.samples, panel.watch.reconstructions):
        assert "none were kept" in grid.words()
        assert "none were kept" in grid.accessibleDescription()


def test_who_goes_on_sees_the_pictures_that_were_kept(
    tmp_path: Path, qapp: QApplication, qtbot: QtBot
) -> None:
    fakes = Fakes()
    training = Training(tmp_path, make_thread=fakes.make)
    panel = make_panel(training, qtbot)
    training.resume_last(tmp_path / "bars.safetensors.run")
    fakes.last.heard.emit(Planned(PLAN, Position(8, 20, 0.4)))
    assert panel.watch.samples.words() == "after the next epoch"
    fakes.last.heard.emit(Planned(PLAN, Position(8, 20, 0.4), pictures=pictures(8)))
    assert len(panel.watch.reconstructions.images()) == 6
    fakes.last.heard.emit(Stopped())


@pytest.mark.parametrize(
    ("status", "epoch", "words"),
    [
        (Status.PREPARING, None, "after the first epoch"),
        (Status.RUNNING, 0, "after the first epoch"),
        (Status.RUNNING, 8, "after the next epoch"),
        (Status.STOPPED, 0, "no epoch was finished"),
        (Status.FAILED, None, "no epoch was finished"),
        (Status.STOPPED, 8, "none were kept; they are made while it trains in this window"),
    ],
)
def test_what_is_missing_is_said_with_its_reason(
    status: Status, epoch: int | None, words: str
) -> None:
    position = None if epoch is None else Position(epoch, 20, 0.0)
    assert no_pictures_text(TrainingState(status, PLAN, position=position)) == words


def test_they_go_with_a_training_that_is_discarded(tmp_path: Path) -> None:
    run = write_run(tmp_path, "old")
    write_pictures(run, pictures(3))
    discard_recorded(run)
    assert not run.exists()
