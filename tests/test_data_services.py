"""Services for the data on the map: what is late, or of other data, changes nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication

from explorer.data_images import DataImages, Search
from explorer.map_points import MapPoints
from explorer.selection import Selection
from explorer.session import Session
from explorer.workers import Callbacks, Lane, ModelShelf
from models.points import Points
from tests.fakes import info, three


class Slow:
    """A lane whose tasks end when the test says so, cancelled or not."""

    def __init__(self) -> None:
        self.callbacks: list[Callbacks] = []

    def submit(self, task: object, callbacks: Callbacks) -> int:
        self.callbacks.append(callbacks)
        return len(self.callbacks)

    def cancel(self, ticket: int) -> None:
        """It is too late for that."""


def points(count: int = 5) -> Points:
    mean = np.arange(3 * count, dtype=np.float32).reshape(count, 3)
    return Points(mean, np.zeros_like(mean))


class Originals:
    """Stands where the images of a data set would."""

    source = "bars"

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count


@pytest.fixture
def session(qapp: QCoreApplication) -> Iterator[Session]:
    found = Session()
    found.set_model(replace(info(key=1), points=points()), three(), (0, 1))
    yield found
    found.undo_stack.clear()
    found.deleteLater()


@pytest.fixture
def lane() -> Slow:
    return Slow()


def test_a_search_that_ends_late_does_not_end_that_for_the_next_model(
    session: Session, lane: Slow
) -> None:
    images = DataImages(session, ModelShelf(), cast(Lane, lane), session)
    images.find()
    session.set_model(replace(info(key=2), points=points()), three(), (0, 1))
    images.find()
    first, second = lane.callbacks
    first.done(Search(1, cast(Any, Originals(5))))
    assert images.looking
    assert not images.at_hand
    second.done(Search(2, cast(Any, Originals(5))))
    assert images.at_hand
    assert not images.looking


def test_data_of_another_number_of_images_ends_the_search(session: Session, lane: Slow) -> None:
    images = DataImages(session, ModelShelf(), cast(Lane, lane), session)
    images.find()
    told: list[bool] = []
    images.changed.connect(lambda: told.append(images.looking))
    lane.callbacks[0].done(Search(1, cast(Any, Originals(4))))
    assert told == [False]
    assert not images.at_hand


def test_a_selection_that_was_kept_goes_with_its_points(session: Session, lane: Slow) -> None:
    found = MapPoints(session, cast(Lane, lane), session)
    session.set_points(points(6))
    found.kept = Selection()
    told: list[object] = []
    found.selection_changed.connect(lambda: told.append(found.kept))
    session.set_points(points(7))
    assert told == [None]


def test_a_session_that_names_data_elsewhere_does_not_hide_what_is_here(
    session: Session, lane: Slow, tmp_path: Path
) -> None:
    model, here, there = Path("m.safetensors"), tmp_path / "here.npz", tmp_path / "there.npz"
    images = DataImages(session, ModelShelf(), cast(Lane, lane), session)
    images.remember(model, there)  # better than nothing
    assert images.named_for(model.absolute()) == there
    here.touch()
    images.remember(model.absolute(), here)
    images.remember(model, there)
    assert images.named_for(model) == here
