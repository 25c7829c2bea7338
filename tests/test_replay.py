"""Service: epochs on the map. The newest wish wins, and files may go at any time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer import replay as replay_module
from explorer import theme
from explorer.epochs import Epoch, Run
from explorer.panels.replay_panel import ReplayPanel, _few_words, _words
from explorer.rendering import ModelInfo
from explorer.replay import FINAL, Replay, ReplayState
from explorer.session import Session
from explorer.workers import Callbacks, ModelShelf, TaskContext
from models.errors import CheckpointError
from models.points import Points
from tests.fakes import info, three
from tests.test_session import values

FOLDER = Path("bars.safetensors.run")
FILE = Path("bars.safetensors")


class FakeLane:
    """Keeps its tasks until the test lets one run."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[TaskContext], Any], Callbacks]] = []

    def submit(self, task: Callable[[TaskContext], Any], callbacks: Callbacks) -> int:
        self.waiting.append((task, callbacks))
        return len(self.waiting)

    def step(self) -> None:
        task, callbacks = self.waiting.pop(0)
        try:
            value = task(cast(TaskContext, None))
        except CheckpointError as error:
            callbacks.failed(str(error))
        else:
            callbacks.done(value)

    def run(self) -> None:
        while self.waiting:
            self.step()


@dataclass
class Disk:
    """The folder of a training: which epochs are there, and what was read of it."""

    epochs: tuple[int, ...] = (0, 1, 2, 4)
    damaged: set[int] = field(default_factory=set)
    read: list[int] = field(default_factory=list)
    broken: bool = False
    size_bytes: int = 1000
    latent_size: int = 3
    known: Any = None

    def read_epoch(
        self, folder: Path, epoch: int | None, context: object, like: object = None
    ) -> Epoch:
        place = FINAL if epoch is None else epoch
        self.read.append(place)
        if place in self.damaged or (epoch is not None and epoch not in self.epochs):
            raise CheckpointError(f"{folder}/{place}: is gone; train the model again")
        return Epoch(folder, cast(Any, f"weights of {place}"), self.info(epoch), self.size_bytes)

    def info(self, epoch: int | None) -> ModelInfo:
        mean = np.full((6, self.latent_size), float(epoch or 0), np.float32)
        points = Points(mean, np.zeros_like(mean))
        return replace(info(self.latent_size, key=0), path=FILE, epoch=epoch, points=points)

    def read_run(self, folder: Path, context: object) -> Run:
        return Run(folder, self.epochs, 40, {1: 30.0}, "−ELBO", self.known)

    def list_epochs(self, folder: Path, context: object) -> Run:
        if self.broken:
            raise CheckpointError(f"{folder}: cannot be read")
        return Run(folder, self.epochs)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    found = Disk()
    for name in ("read_epoch", "read_run", "list_epochs"):
        monkeypatch.setattr(replay_module, name, getattr(found, name))
    return found


@pytest.fixture
def lane() -> FakeLane:
    return FakeLane()


@pytest.fixture
def shelf() -> ModelShelf:
    return ModelShelf()


@pytest.fixture
def session(qapp: QCoreApplication, shelf: ModelShelf) -> Iterator[Session]:
    found = Session()
    key = shelf.add(cast(Any, "what was open"))
    found.set_model(info(key=key), three(), (0, 1))
    yield found
    found.deleteLater()


@pytest.fixture
def replay(session: Session, shelf: ModelShelf, lane: FakeLane, disk: Disk) -> Iterator[Replay]:
    found = Replay(session, shelf, cast(Any, lane), session)

    def put(model: ModelInfo) -> None:  # as the window does
        session.set_model(model, three(model.latent_size), (0, 1))

    found.arrived.connect(put)
    lane.run()
    yield found
    found.stop()


@pytest.fixture
def following(replay: Replay, lane: FakeLane) -> Replay:
    """A training runs and its first epoch is on the map."""
    replay.begin(FOLDER)
    replay.add(FOLDER, 0)
    lane.run()
    assert replay.state.on_map
    return replay


def weights(session: Session, shelf: ModelShelf) -> str:
    assert session.model is not None
    return str(shelf.get(session.model.key))


# -- following -----------------------------------------------------------------------------


def test_the_first_epoch_takes_the_place_of_what_was_open(
    following: Replay, session: Session, shelf: ModelShelf
) -> None:
    assert weights(session, shelf) == "weights of 0"
    assert session.model is not None
    assert (session.model.path, session.model.epoch) == (FILE, 0)
    assert (following.state.shown, following.state.live) == (0, True)


def test_an_epoch_is_swapped_in_and_everything_else_stays(
    following: Replay, session: Session, shelf: ModelShelf, lane: FakeLane, qtbot: QtBot
) -> None:
    session.set_latent(2, np.array([1, 2, 3], np.float32))
    session.set_axes(0, 2)
    session.set_active(3)
    session.set_picture(np.zeros((8, 8, 1), np.uint8))
    assert session.model is not None
    key, before = session.model.key, values(session.arrangement)
    told: list[str] = []
    session.model_changed.connect(lambda: told.append("model"))
    session.arrangement_changed.connect(lambda: told.append("arrangement"))
    session.plane_changed.connect(lambda: told.append("plane"))
    with qtbot.waitSignals([session.weights_changed, session.points_changed]):
        following.add(FOLDER, 4)
        lane.run()
    assert weights(session, shelf) == "weights of 4"
    assert (session.model.key, session.model.epoch) == (key, 4)
    assert values(session.arrangement) == before
    assert (session.axes, session.active_key) == ((0, 2), 3)
    assert session.picture is not None
    assert session.undo_stack.undoText() == "Move handle"
    session.undo_stack.undo()
    assert session.arrangement.handles[1].z.tolist() == [2, 2, 2]
    assert told == []


def test_superseded_epochs_are_not_even_read(
    following: Replay, session: Session, shelf: ModelShelf, lane: FakeLane, disk: Disk
) -> None:
    disk.read.clear()
    for epoch in (1, 2, 3, 4):
        disk.epochs = (*disk.epochs, epoch)
        following.add(FOLDER, epoch)
    lane.run()
    assert disk.read == [1, 4]
    assert weights(session, shelf) == "weights of 4"


def test_a_vanished_epoch_is_skipped_silently(
    following: Replay, session: Session, shelf: ModelShelf, lane: FakeLane, disk: Disk
) -> None:
    complaints: list[str] = []
    following.failed.connect(complaints.append)
    disk.damaged.add(4)
    following.add(FOLDER, 4)
    lane.run()
    assert weights(session, shelf) == "weights of 2"
    assert following.state.epochs == (0, 1, 2)
    assert complaints == []


def test_only_if_no_epoch_can_be_read_it_is_said(
    replay: Replay, session: Session, shelf: ModelShelf, lane: FakeLane, disk: Disk
) -> None:
    complaints: list[str] = []
    replay.failed.connect(complaints.append)
    disk.epochs, disk.damaged = (0,), {0}
    replay.begin(FOLDER)
    replay.add(FOLDER, 0)
    lane.run()
    assert len(complaints) == 1
    assert weights(session, shelf) == "what was open"


def test_an_epoch_of_another_training_is_left_alone(
    following: Replay, session: Session, lane: FakeLane
) -> None:
    following.add(Path("other.run"), 9)
    lane.run()
    assert following.state.epochs == (0, 1, 2, 4)


@pytest.fixture
def dragged(
    following: Replay, session: Session, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., None]]:
    """Lets seconds go by with a handle held, and then moves it if `move`."""
    now, place = [1000.0], [0.0]
    monkeypatch.setattr(replay_module, "perf_counter", lambda: now[0])
    following._swapped_at = now[0]
    disk.read.clear()
    session.begin_gesture("Drag A")

    def held(seconds: float, move: bool = True) -> None:
        now[0] += seconds
        if move:
            place[0] += 0.1
            session.set_latent(1, np.full(3, place[0], np.float32))

    yield held
    session.end_gesture()


def test_an_epoch_waits_for_the_hand_that_drags_to_rest(
    following: Replay, lane: FakeLane, disk: Disk, dragged: Callable[..., None]
) -> None:
    for epoch in (1, 2):
        dragged(0.05)
        following.add(FOLDER, epoch)
        lane.run()
        assert disk.read == []
    dragged(0.5, move=False)
    assert following._later.isActive()
    following._later.timeout.emit()
    lane.run()
    assert disk.read == [2]


def test_a_hand_that_never_rests_sees_epochs_seldom(
    following: Replay, lane: FakeLane, disk: Disk, dragged: Callable[..., None]
) -> None:
    dragged(0.0)
    following.add(FOLDER, 1)
    for _ in range(100):
        dragged(0.05)
        following._later.timeout.emit()
        lane.run()
    assert disk.read == []
    for _ in range(100):
        dragged(0.05)
        following._later.timeout.emit()
        lane.run()
    assert disk.read == [1]


def test_who_opens_another_model_is_left_alone(
    following: Replay, session: Session, shelf: ModelShelf, lane: FakeLane
) -> None:
    session.set_model(info(key=shelf.add(cast(Any, "another"))), three(), (0, 1))
    following.add(FOLDER, 4)
    lane.run()
    assert weights(session, shelf) == "another"
    assert not following.state.watching
    following.set_watching(True)
    lane.run()
    assert weights(session, shelf) == "weights of 4"


def test_who_stops_following_is_told_where_the_map_stays(
    following: Replay, lane: FakeLane, qtbot: QtBot
) -> None:
    following.add(FOLDER, 4)
    lane.run()
    with qtbot.waitSignal(following.said) as said:
        following.set_watching(False)
    assert "stays at epoch 4" in said.args[0]


def test_who_does_not_want_to_watch_sees_nothing_of_it(
    replay: Replay, session: Session, shelf: ModelShelf, lane: FakeLane
) -> None:
    replay.set_watching(False)
    replay.begin(FOLDER)
    replay.add(FOLDER, 0)
    lane.run()
    assert weights(session, shelf) == "what was open"


def test_who_switched_following_off_finds_it_off_at_the_next_training(
    replay: Replay, session: Session, shelf: ModelShelf, lane: FakeLane
) -> None:
    replay.set_watching(False)
    for _ in range(2):
        replay.begin(FOLDER)
        replay.add(FOLDER, 0)
        lane.run()
        replay.finish(FILE)
        assert not replay.state.watching
    assert weights(session, shelf) == "what was open"
    replay.set_watching(True)
    replay.begin(FOLDER)
    assert replay.state.live


def test_the_switch_says_what_becomes_of_the_next_training(replay: Replay, qtbot: QtBot) -> None:
    panel = ReplayPanel(replay)
    qtbot.addWidget(panel)
    assert panel.bar.watch.toolTip().startswith("The next training is followed")
    panel.bar.watch.click()
    assert "not followed on the map until" in panel.bar.watch.toolTip()
    replay.begin(FOLDER)
    replay.finish(None)
    assert not panel.bar.watch.isChecked()


def test_only_opening_another_model_does_not_switch_following_off_for_good(
    following: Replay, session: Session, shelf: ModelShelf, lane: FakeLane
) -> None:
    session.set_model(info(key=shelf.add(cast(Any, "another"))), three(), (0, 1))
    assert not following.state.watching
    following.finish(FILE)
    assert following.state.watching


@pytest.mark.parametrize("folder", [FOLDER, Path("other.safetensors.run")])
def test_what_is_read_of_the_last_training_is_nothing_to_the_next(
    following: Replay, lane: FakeLane, disk: Disk, folder: Path
) -> None:
    disk.damaged.add(1)
    following.show(1)
    following.add(FOLDER, 1)
    following.begin(folder)
    lane.step()  # epoch 1 of the last training cannot be read
    disk.damaged.clear()
    disk.epochs = (0, 1, 2)
    lane.run()
    assert not following.state.epochs
    following.add(folder, 2)
    lane.run()
    assert following.state.epochs == (0, 1, 2)


def test_an_epoch_of_the_last_training_in_the_folder_is_not_kept(
    following: Replay, session: Session, shelf: ModelShelf, lane: FakeLane, disk: Disk
) -> None:
    following.look_again()
    lane.run()
    following.show(4)
    following.begin(FOLDER)
    lane.run()
    assert weights(session, shelf) == "weights of 0"
    disk.read.clear()
    following.set_watching(False)
    following.add(FOLDER, 4)
    following.show(4)
    lane.run()
    assert disk.read == [4]


@pytest.mark.parametrize("final", [False, True])
def test_an_epoch_that_stays_on_the_map_while_its_training_goes_on_is_where_it_says(
    following: Replay, lane: FakeLane, session: Session, disk: Disk, final: bool
) -> None:
    following.finish(FILE)
    if not final:
        following.show(1)
    lane.run()
    following.set_watching(False)
    following.begin(FOLDER)
    disk.epochs = (*disk.epochs, 5, 6)
    following.add(FOLDER, 6)
    lane.run()
    assert session.model is not None
    assert session.model.epoch == (None if final else 1)
    assert following.state.place == (4 if final else 1)
    following.finish(FILE)
    lane.run()
    following.go_live()
    lane.run()
    assert following.state.place == 6


def test_the_next_training_has_no_cursor_of_the_last(following: Replay, qtbot: QtBot) -> None:
    with qtbot.waitSignal(following.cursor_gone):
        following.begin(FOLDER)


def test_the_final_model_comes_as_smoothly(
    following: Replay, session: Session, shelf: ModelShelf, lane: FakeLane, qtbot: QtBot
) -> None:
    before = session.arrangement
    with qtbot.waitSignal(following.final_shown) as shown:
        assert following.finish(FILE)
        lane.run()
    assert shown.args == [FILE]
    assert weights(session, shelf) == f"weights of {FINAL}"
    assert session.model is not None
    assert session.model.epoch is None
    assert session.arrangement is before
    assert following.state.place == 4


def test_a_look_wished_during_another_comes_after_it(
    following: Replay, lane: FakeLane, disk: Disk
) -> None:
    following.look_again()
    before = lane.waiting.pop()
    following.look_again()
    assert not lane.waiting
    before[1].done(Run(FOLDER, (0,)))
    disk.epochs = (0, 2)
    lane.run()
    assert following.state.epochs == (0, 2)


def test_a_look_that_failed_is_not_the_last(following: Replay, lane: FakeLane, disk: Disk) -> None:
    complaints: list[str] = []
    following.failed.connect(complaints.append)
    disk.broken = True
    following.look_again()
    lane.run()
    assert len(complaints) == 1
    disk.broken, disk.epochs = False, (0, 4)
    following.look_again()
    lane.run()
    assert following.state.epochs == (0, 4)


def test_a_model_made_while_an_earlier_epoch_is_looked_at_stays_off_the_map(
    following: Replay, session: Session, shelf: ModelShelf, lane: FakeLane
) -> None:
    following.look_again()
    lane.run()
    following.show(1)
    lane.run()
    assert not following.finish(FILE)
    lane.run()
    assert (following.state.shown, weights(session, shelf)) == (1, "weights of 1")


def test_a_training_that_failed_leaves_its_last_epoch_on_the_map(
    following: Replay, session: Session, shelf: ModelShelf, lane: FakeLane
) -> None:
    assert not following.finish(None)
    lane.run()
    assert weights(session, shelf) == "weights of 0"


def test_another_model_under_the_same_name_arrives_as_another_one(
    following: Replay, session: Session, lane: FakeLane, disk: Disk
) -> None:
    disk.latent_size = 2
    following.begin(FOLDER)
    following.add(FOLDER, 1)
    lane.run()
    assert session.model is not None
    assert session.model.latent_size == 2
    assert all(len(handle.z) == 2 for handle in session.arrangement.handles)


# -- replaying -----------------------------------------------------------------------------


@pytest.fixture
def replaying(replay: Replay, session: Session, shelf: ModelShelf, lane: FakeLane) -> Replay:
    """A finished model is open, its training's epochs beside it."""
    key = shelf.add(cast(Any, "the final model"))
    session.set_model(replace(info(key=key), path=FILE), three(), (0, 1))
    lane.run()
    return replay


def test_a_model_with_epochs_beside_it_can_be_replayed(replaying: Replay, lane: FakeLane) -> None:
    state = replaying.state
    assert state.run is not None
    assert (state.epochs, state.run.total, dict(state.run.loss)) == ((0, 1, 2, 4), 40, {1: 30.0})
    assert (state.on_map, state.shown, state.place) == (True, None, 4)


def test_the_newest_wish_wins_and_none_waits_in_between(
    replaying: Replay, session: Session, shelf: ModelShelf, lane: FakeLane, disk: Disk
) -> None:
    disk.read.clear()
    for epoch in (0, 1, 2):
        replaying.show(epoch)
    lane.run()
    assert disk.read == [0, 2]
    assert weights(session, shelf) == "weights of 2"
    assert replaying.state.shown == 2


def test_the_cloud_goes_ahead_of_the_weights(
    replaying: Replay, session: Session, shelf: ModelShelf, lane: FakeLane, disk: Disk
) -> None:
    disk.size_bytes = 10**9  # no two models fit
    replaying.prepare()
    lane.run()
    replaying.show(1)
    assert session.model is not None
    assert session.model.points is not None
    assert session.model.points.mean[0, 0] == 1
    assert weights(session, shelf) == "the final model"
    lane.run()
    assert weights(session, shelf) == "weights of 1"


def test_what_is_known_is_not_read_again(replaying: Replay, lane: FakeLane, disk: Disk) -> None:
    replaying.prepare()
    lane.run()
    disk.read.clear()
    for epoch in (0, 4, 2):
        replaying.show(epoch)
        lane.run()
    assert disk.read == []


def test_memory_has_an_end(replaying: Replay, lane: FakeLane, disk: Disk) -> None:
    disk.size_bytes = replay_module.CACHE_BYTES // 2
    replaying.prepare()
    lane.run()
    assert len(replaying._models) == 2
    assert len(replaying._probes) == 4


def test_a_vanished_epoch_has_the_nearest_stand_in(
    replaying: Replay, session: Session, shelf: ModelShelf, lane: FakeLane, disk: Disk
) -> None:
    disk.damaged.add(2)
    replaying.show(2)
    lane.run()
    assert weights(session, shelf) in ("weights of 1", "weights of 4")
    assert replaying.state.epochs == (0, 1, 4)


def test_scrubbing_stops_following_until_live_is_wished(
    following: Replay, session: Session, shelf: ModelShelf, lane: FakeLane
) -> None:
    following.look_again()
    lane.run()
    following.show(1)
    lane.run()
    following.add(FOLDER, 4)
    lane.run()
    assert weights(session, shelf) == "weights of 1"
    following.go_live()
    lane.run()
    assert weights(session, shelf) == "weights of 4"
    assert following.state.live


def test_the_way_back_from_an_epoch_is_the_final_model(
    replaying: Replay, session: Session, shelf: ModelShelf, lane: FakeLane, qtbot: QtBot
) -> None:
    replaying.show(1)
    lane.run()
    with qtbot.waitSignal(replaying.cursor_gone):
        replaying.go_live()
    lane.run()
    assert weights(session, shelf) == f"weights of {FINAL}"
    assert replaying.state.shown is None


def test_who_opens_the_final_model_again_is_not_on_an_epoch(
    replaying: Replay, session: Session, shelf: ModelShelf, lane: FakeLane, qtbot: QtBot
) -> None:
    replaying.play()
    lane.run()
    assert weights(session, shelf) == "weights of 0"
    key = shelf.add(cast(Any, "the final model"))
    with qtbot.waitSignal(replaying.cursor_gone):
        session.set_model(replace(info(key=key), path=FILE), three(), (0, 1))
    assert (replaying.state.shown, replaying.state.place) == (None, 4)
    assert not replaying.state.playing


@pytest.mark.parametrize("ends", [True, False])
def test_what_plays_waits_for_the_map_of_the_epoch_before_but_not_for_ever(
    replaying: Replay, lane: FakeLane, monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    now, fills = [100.0], [True]
    monkeypatch.setattr(replay_module, "perf_counter", lambda: now[0])
    replaying.ground_fills = lambda: fills[0]
    replaying.play()
    lane.run()
    now[0] += 1.0
    for _ in range(3):
        replaying._on_tick()
        lane.run()
    assert (replaying.state.shown, replaying.state.playing) == (0, True)
    if ends:
        fills[0] = False
    else:
        now[0] += replay_module._GROUND_SECONDS
    for _ in range(2):  # it is to be seen for a while
        replaying._on_tick()
    assert (replaying.state.shown, replaying.state.playing) == (1, True)


def test_plane_and_view_are_told_to_stay_while_epochs_of_the_past_go_by(
    replaying: Replay, session: Session, lane: FakeLane
) -> None:
    seen: list[bool] = []
    session.weights_changed.connect(lambda: seen.append(session.replaying))
    replaying.play()
    lane.run()
    assert session.playing
    replaying.pause()
    assert not session.playing
    replaying.show(2)
    lane.run()
    replaying.go_live()
    lane.run()
    assert seen == [True, True, False]


def test_plane_and_view_may_follow_a_training(
    following: Replay, session: Session, lane: FakeLane
) -> None:
    following.add(FOLDER, 1)
    lane.run()
    assert following.state.shown == 1
    assert not session.replaying


def test_that_there_is_nothing_to_replay_fits_into_the_narrowest_window(
    replay: Replay, qtbot: QtBot, qapp: QApplication
) -> None:
    """As wide as the row is in a window of 1100x700."""
    theme.apply(qapp, True)
    panel = ReplayPanel(replay)
    qtbot.addWidget(panel)
    panel.resize(490, 30)
    panel.show()
    qtbot.waitExposed(panel)
    bar = panel.bar
    row = (bar.slider, bar.label, bar.newest, bar.speed, bar.export)
    places = [one.geometry() for one in row if one.isVisible()]
    assert bar.label.text()
    for left, right in pairwise(places):
        assert left.right() < right.left()


def test_the_words_say_which_loss_it_is(replaying: Replay, lane: FakeLane, qtbot: QtBot) -> None:
    panel = ReplayPanel(replaying)
    qtbot.addWidget(panel)
    replaying.show(1)
    lane.run()
    assert panel.bar.label.toolTip() == "epoch 1 of 40  ·  held out −ELBO 30.00 nats"


def test_a_loss_below_zero_has_its_unit_and_minus_in_few_words_too() -> None:
    run = Run(FOLDER, (0, 7), 200, {7: -2119.857}, "−ELBO")
    state = ReplayState(run=run, shown=7, on_map=True)
    assert _few_words(state) == "7 of 200 · −2119.9 nats"
    assert _words(state) == "epoch 7 of 200  ·  held out −ELBO −2119.86 nats"


def test_the_final_model_stays_within_reach_when_its_epochs_are_gone(
    replaying: Replay,
    session: Session,
    shelf: ModelShelf,
    lane: FakeLane,
    disk: Disk,
    qtbot: QtBot,
) -> None:
    panel = ReplayPanel(replaying)
    qtbot.addWidget(panel)
    replaying.show(2)
    lane.run()
    disk.epochs = ()
    replaying.look_again()
    lane.run()
    assert (panel.bar.slider.isEnabled(), panel.bar.slider.value()) == (False, 0)
    panel.bar.newest.click()
    lane.run()
    assert weights(session, shelf) == f"weights of {FINAL}"


def test_playing_goes_through_all_epochs_and_stops_at_the_last(
    replaying: Replay, lane: FakeLane, qtbot: QtBot
) -> None:
    shown: list[float] = []
    replaying.epoch_shown.connect(shown.append)
    replaying.play()
    while replaying.state.playing:
        lane.run()
        replaying._on_tick()
    assert shown == [0.0, 1.0, 2.0, 4.0]
    assert not replaying._player.isActive()


def test_playing_waits_for_weights_that_are_still_to_come(
    replaying: Replay, lane: FakeLane
) -> None:
    replaying.play()
    replaying._on_tick()
    assert replaying.state.shown == 0
    replaying.pause()


def test_after_a_training_that_came_to_nothing_the_model_on_the_map_has_its_epochs_again(
    replaying: Replay, lane: FakeLane, disk: Disk, qtbot: QtBot
) -> None:
    disk.known = object()
    refused = FOLDER.with_name("refused.safetensors.run")
    with qtbot.assertNotEmitted(replaying.found):  # the failure stays what is talked of
        replaying.begin(refused)
        assert not replaying.finish(None)
        lane.run()
    state = replaying.state
    assert state.run is not None
    assert (state.run.folder, state.epochs) == (FOLDER, (0, 1, 2, 4))
    assert (state.on_map, state.shown, state.running) == (True, None, False)


@pytest.mark.parametrize(
    ("epochs", "words"), [((), "No epochs"), ((0,), "No epochs"), ((0, 1), "1 epoch")]
)
def test_only_finished_epochs_are_counted(epochs: tuple[int, ...], words: str) -> None:
    state = ReplayState(run=Run(FOLDER, epochs))
    assert _few_words(state) == words


def test_another_model_without_epochs_has_nothing_to_replay(
    replaying: Replay, session: Session, lane: FakeLane, disk: Disk
) -> None:
    disk.epochs = ()
    session.set_model(info(key=77), three(), (0, 1))
    lane.run()
    assert replaying.state.epochs == ()
