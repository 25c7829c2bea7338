"""Service: the pictures are of the epoch on the map, or it is said that they are not."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer import epoch_pictures as module
from explorer.epoch_pictures import EpochPictures, make_again
from explorer.session import Session
from explorer.trainer_messages import Pictures
from explorer.trainer_pictures import PictureMaker
from explorer.training import Training, TrainingState
from explorer.workers import ModelShelf
from models.data import ImageSet
from models.plans import Plan
from tests.fakes import info, three
from tests.test_replay import FILE, FakeLane
from tests.test_training_panel import make_panel, pictures

NEWEST = 30


class Studio:
    """A training of which the newest pictures are kept, and its model on the map."""

    def __init__(self, folder: Path) -> None:
        self.session, self.shelf, self.lane = Session(), ModelShelf(), FakeLane()
        self.training = Training(folder)
        self.training.state = TrainingState(plan=Plan("digits", str(FILE)))
        self.training.pictures = pictures(NEWEST)
        self.shown = EpochPictures(
            self.session, self.shelf, self.training, cast(Any, self.lane), self.session
        )
        self.session.set_model(replace(info(), path=FILE), three(), (0, 1))

    def show(self, epoch: int | None) -> None:
        """Put an epoch on the map, or the final model, as a replay does."""
        self.session.replaying = epoch is not None
        self.session.set_weights(replace(info(), path=FILE, epoch=epoch))

    def epoch(self) -> int:
        assert self.shown.pictures is not None
        return self.shown.pictures.epoch


@pytest.fixture
def studio(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    monkeypatch.setattr(
        module, "make_again", lambda kept, model, epoch, context: replace(kept, epoch=epoch)
    )
    found = Studio(tmp_path)
    yield found
    found.session.deleteLater()


def test_pictures_are_of_the_epoch_on_the_map_and_of_the_newest_again(studio: Studio) -> None:
    assert studio.epoch() == NEWEST
    studio.show(3)
    studio.lane.run()
    assert (studio.epoch(), studio.shown.other) == (3, None)
    studio.show(None)
    assert studio.epoch() == NEWEST


def test_of_epochs_that_go_by_quickly_the_last_one_is_made(studio: Studio) -> None:
    for epoch in (3, 4, 5):
        studio.show(epoch)
    assert len(studio.lane.waiting) == 1
    studio.lane.run()
    assert studio.epoch() == 5
    studio.show(3)
    assert (studio.epoch(), studio.lane.waiting) == (3, []), "it is known"


def test_an_epoch_that_is_followed_live_has_the_trainers_pictures(studio: Studio) -> None:
    studio.session.set_weights(replace(info(), path=FILE, epoch=3))
    assert (studio.epoch(), studio.lane.waiting) == (NEWEST, [])


def test_pictures_that_cannot_be_made_are_said_to_be_of_another_epoch(
    studio: Studio, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "make_again", lambda *args: None)
    panel = make_panel(studio.training, qtbot)
    panel.follow_pictures(studio.shown)
    panel.watch.set_pictures(studio.training.pictures)
    bright = panel.watch.samples.grab().toImage()
    studio.show(3)
    studio.lane.run()
    assert (studio.epoch(), studio.shown.other) == (NEWEST, 3)
    title = panel.watch._titles["Prior samples"]
    assert "epoch 30, not the map's 3" in title.text()
    assert panel.watch.samples.grab().toImage() != bright
    studio.show(None)
    assert "not" not in title.text()
    assert panel.watch.samples.grab().toImage() == bright


def test_the_titles_name_the_epoch_on_the_map(studio: Studio, qtbot: QtBot) -> None:
    panel = make_panel(studio.training, qtbot)
    panel.follow_pictures(studio.shown)
    studio.show(3)
    studio.lane.run()
    assert panel.watch._titles["Reconstructions"].text() == "Reconstructions, epoch 3"


@pytest.mark.parametrize("binarise", [False, True])
def test_pictures_made_again_are_those_the_trainer_made(binarise: bool) -> None:
    import torch

    from models.autoencoder import Autoencoder, Config

    config = Config(image_shape=(1, 8, 8), width=16, depth=1, binarise=binarise)
    images = np.random.default_rng(0).integers(0, 256, (40, 1, 8, 8), np.uint8)
    maker = PictureMaker(config, ImageSet(images))
    early, late = Autoencoder(config), Autoencoder(config)
    with torch.no_grad():
        kept, expected = (
            maker.make(epoch, dict(model.named_parameters()))
            for epoch, model in ((NEWEST, late), (3, early))
        )
    found = again(kept, early, 3)
    assert found is not None
    assert found.epoch == 3
    for layer in ("images", "reconstructions", "samples"):
        assert np.array_equal(getattr(found, layer), getattr(expected, layer)), layer
    assert not np.array_equal(found.samples, kept.samples)


def test_pictures_that_were_made_smaller_or_need_classes_are_not_made_again() -> None:
    from models.autoencoder import Autoencoder, Config

    larger = Config(image_shape=(1, 16, 16), width=16, depth=1)
    given = Config(method="cvae", image_shape=(1, 8, 8), width=16, depth=1, classes=3)
    for config in (larger, given):
        assert again(pictures(NEWEST), Autoencoder(config), 3) is None


def again(kept: Pictures, autoencoder: object, epoch: int) -> Pictures | None:
    model = SimpleNamespace(autoencoder=autoencoder)
    return make_again(kept, cast(Any, model), epoch, cast(Any, None))
