"""Service: what becomes of the map, and of the model, as a training goes and ends."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from PySide6.QtCore import QCoreApplication

from explorer import replay as replay_module
from explorer.following import Following
from explorer.processes import TrainerEnd
from explorer.replay import Replay
from explorer.session import Session
from explorer.trainer_messages import Advanced, CurvePoint, Finished, Planned, Position
from explorer.training import Training
from explorer.workers import ModelShelf
from models.plans import Plan
from tests.fakes import info, three
from tests.test_replay import FILE, FOLDER, Disk, FakeLane
from tests.trainings import Fakes


class Followed:
    """A training, for whose trainer the test speaks, and a replay of files that are not there."""

    def __init__(self, folder: Path) -> None:
        self.session, self.lane, self.fakes = Session(), FakeLane(), Fakes()
        shelf = ModelShelf()
        self.training = Training(folder, self.session, self.fakes.make)
        self.replay = Replay(self.session, shelf, cast(Any, self.lane), self.session)
        self.replay.arrived.connect(
            lambda model: self.session.set_model(model, three(model.latent_size), (0, 1))
        )
        self.following = Following(self.training, self.replay, self.session)
        self.told: list[tuple[str, Path]] = []
        self.following.model_wished.connect(lambda path: self.told.append(("wished", path)))
        self.following.model_kept.connect(lambda path: self.told.append(("kept", path)))

    def start(self, pseudo: bool = False) -> None:
        """A training begins and writes its first epochs."""
        plan = Plan("bars.npz", str(FILE), epochs=4)
        self.training.start(plan)
        self.fakes.last.heard.emit(Planned(plan, Position(0, 4, 0.0), pseudo=pseudo))
        for epoch in (0, 1):
            self.fakes.last.heard.emit(Advanced(Position(epoch, 4, epoch / 4), epoch_file=epoch))
        self.lane.run()

    def finish(self) -> None:
        """It ends with a model."""
        self.fakes.last.heard.emit(Finished(str(FILE), 4))
        self.fakes.last.ended.emit(TrainerEnd(0))
        self.lane.run()


@pytest.fixture
def followed(qapp: QCoreApplication, disk: Disk, tmp_path: Path) -> Iterator[Followed]:
    found = Followed(tmp_path)
    yield found
    found.replay.stop()
    found.session.deleteLater()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    found = Disk()
    for name in ("read_epoch", "read_run", "list_epochs"):
        monkeypatch.setattr(replay_module, name, getattr(found, name))
    return found


def test_a_model_that_was_followed_comes_on_the_map(followed: Followed) -> None:
    followed.start()
    followed.finish()
    model = followed.session.model
    assert model is not None
    assert (model.path, model.epoch) == (FILE, None)
    assert followed.told == []


def test_a_training_that_goes_on_has_its_epochs_before_its_first_word(
    followed: Followed, disk: Disk
) -> None:
    followed.training.start(Plan("bars.npz", str(FILE), epochs=4))
    followed.lane.run()
    assert not followed.replay.state.epochs, "what is there is of a training it replaces"
    followed.fakes.last.ended.emit(TrainerEnd(0))
    followed.training.resume_last(FOLDER)
    followed.lane.run()
    assert followed.replay.state.epochs == disk.epochs


def test_a_model_made_while_an_earlier_epoch_is_looked_at_is_told(followed: Followed) -> None:
    followed.start()
    followed.replay.show(0)
    followed.lane.run()
    followed.finish()
    model = followed.session.model
    assert model is not None
    assert model.epoch == 0
    assert followed.told == [("kept", FILE)]


def test_a_model_of_which_no_epoch_came_is_wished(followed: Followed, disk: Disk) -> None:
    disk.damaged = {*disk.epochs}
    followed.start()
    followed.finish()
    assert followed.told == [("wished", FILE)]


def test_a_model_that_nobody_watched_is_kept(followed: Followed) -> None:
    followed.replay.set_watching(False)
    followed.start()
    followed.finish()
    assert followed.told == [("kept", FILE)]


def test_who_opened_another_model_is_left_alone_at_the_end(followed: Followed) -> None:
    followed.start()
    followed.session.set_model(info(key=7), three(), (0, 1))
    followed.finish()
    assert followed.told == [("kept", FILE)]


def test_a_run_that_is_deleted_leaves_nothing_to_replay(followed: Followed, disk: Disk) -> None:
    followed.start()
    followed.finish()
    assert followed.replay.state.place == 4
    disk.epochs = ()
    followed.training.runs_changed.emit()
    followed.lane.run()
    assert not followed.replay.state.epochs
    assert not followed.replay._models
    assert not followed.replay._probes


@pytest.mark.parametrize(
    ("terms", "pseudo", "name"),
    [
        ({"elbo": -24.0, "reconstruction": 20.0}, False, "−ELBO"),
        ({"elbo": -24.0, "reconstruction": 20.0}, True, "pseudo −ELBO"),
        ({"reconstruction": 24.0}, False, "reconstruction"),
    ],
)
def test_a_training_that_runs_says_which_loss_it_has(
    followed: Followed, terms: dict[str, float], pseudo: bool, name: str
) -> None:
    followed.start(pseudo)
    point = CurvePoint(1, terms, True)
    followed.fakes.last.heard.emit(Advanced(Position(1, 4, 0.25), points=(point,)))
    run = followed.replay.state.run
    assert run is not None
    assert run.folder == FOLDER
    assert (run.loss, run.loss_name) == ({1: 24.0}, name)
