"""The map moves while a model learns: the whole window, on epochs a training has written."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.processes import TrainerEnd
from explorer.trainer_messages import Advanced, Finished, Planned, Position
from explorer.training import Status
from explorer.window import MainWindow
from models.plans import Plan
from models.snapshots import epoch_file, epochs_folder
from tests.epochs import trained
from tests.opened import PATIENCE_MS, Opened, opened
from tests.trainings import Fakes, wait_for

if TYPE_CHECKING:
    from models.data import DataSet

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


@dataclass
class Journey:
    """A window, and a trainer for whom the test speaks; its epochs come from `made`."""

    opened: Opened
    fakes: Fakes
    plan: Plan
    made: Plan

    @property
    def window(self) -> MainWindow:
        return self.opened.window

    def start(self) -> None:
        """A person's training begins."""
        self.window.training.start(self.plan)
        self.fakes.last.heard.emit(Planned(self.plan, Position(0, 4, 0.0)))

    def write(self, epoch: int) -> None:
        """The trainer finishes an epoch."""
        epochs_folder(self.plan.folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(epoch_file(self.made.folder, epoch), epoch_file(self.plan.folder, epoch))
        position = Position(epoch, 4, epoch / 4)
        self.fakes.last.heard.emit(Advanced(position, epoch_file=epoch))

    def finish(self) -> None:
        """The trainer writes its model and ends."""
        shutil.copy(self.made.out, self.plan.out)
        self.fakes.last.heard.emit(Finished(self.plan.out, 4))
        self.fakes.last.ended.emit(TrainerEnd(0))

    def until_epoch(self, epoch: int | None) -> None:
        """Wait until the weights of an epoch, and all they draw, are on the screen."""
        self.until_epoch_of(self.plan, epoch)

    def until_epoch_of(self, plan: Plan, epoch: int | None) -> None:
        """The same of another training."""

        def shown() -> bool:
            model = self.window.session.model
            return model is not None and model.path == Path(plan.out) and model.epoch == epoch

        self.opened.qtbot.waitUntil(shown, timeout=PATIENCE_MS)
        self.settle()

    def settle(self) -> None:
        view = self.window.map_panel.view
        self.opened.settle()
        self.opened.qtbot.waitUntil(lambda: not view.gliding, timeout=PATIENCE_MS)
        self.opened.settle()

    def ground(self) -> QImage:
        """The map without handles, as it is drawn now."""
        return self.window.map_panel.view._ground.picture().toImage()


@pytest.fixture
def journey(
    qtbot: QtBot,
    tiny_model_file: Path,
    tmp_path: Path,
    tiny_data: "DataSet",
    request: pytest.FixtureRequest,
) -> Iterator[Journey]:
    method, size = getattr(request, "param", ("vae", 2))
    (tmp_path / "made").mkdir()
    made = trained(tmp_path / "made", tiny_data, method, size)
    with opened(qtbot, tiny_model_file) as found:
        fakes = Fakes()
        found.window.training._make_thread = fakes.make
        plan = Plan("bars.npz", str(tmp_path / Path(made.out).name), method, size, 4)
        yield Journey(found, fakes, plan, made)


def drag(window: MainWindow, name: str, by: QPoint) -> None:
    view = window.map_panel.view
    at = QPointF(view.position_of(name))
    for kind, place, button in (
        (QEvent.Type.MouseButtonPress, at, LEFT),
        (QEvent.Type.MouseMove, at + QPointF(by) / 2, NONE),
        (QEvent.Type.MouseMove, at + QPointF(by), NONE),
    ):
        _send(window, kind, place, button)


def _send(window: MainWindow, kind: QEvent.Type, at: QPointF, button: Qt.MouseButton) -> None:
    view = window.map_panel.view
    keys = Qt.KeyboardModifier.NoModifier
    event = QMouseEvent(kind, at, view.mapToGlobal(at), button, LEFT, keys)
    QApplication.sendEvent(view, event)


@pytest.mark.parametrize(
    "journey", [("vae", 2), ("vae", 1), ("cvae", 3), ("ae", 2)], indirect=True, ids=str
)
def test_the_map_moves_and_the_handles_stay(journey: Journey) -> None:
    window = journey.window
    before = window.session.model
    assert before is not None
    journey.start()
    journey.write(0)
    journey.until_epoch(0)
    assert window.session.model is not None
    assert window.session.model.has_prior is (journey.plan.method != "ae")
    ground, arrangement = journey.ground(), window.session.arrangement
    points = window.map_panel.view.points().copy()
    preview = window.inspector.preview.image().copy()
    strip = window.session.strip
    journey.write(4)
    journey.until_epoch(4)
    assert journey.ground() != ground
    assert (window.map_panel.view.points() != points).any()
    assert window.inspector.preview.image() != preview
    assert any((window.session.strip[frame] != strip[frame]).any() for frame in strip)
    assert window.session.arrangement is arrangement
    assert window.session.undo_stack.count() == 0


def carrying(*dimensions: int) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    """KLs of five dimensions, of which these carry nine nats and the others nothing."""
    return np.where(np.isin(np.arange(5), dimensions), 9, 0).astype(np.float32)


def apart_px(window: MainWindow) -> float:
    """How near the two nearest of the first handles lie on the screen."""
    at = [QPointF(window.map_panel.view.position_of(name)) for name in "ABC"]
    return min((a - b).manhattanLength() for a, b in combinations(at, 2))


@pytest.mark.parametrize("journey", [("vae", 5)], indirect=True, ids=str)
def test_the_first_handles_come_along_to_dimensions_that_woke(
    journey: Journey, qtbot: QtBot
) -> None:
    window, session = journey.window, journey.window.session
    before = session.model
    assert before is not None
    journey.start()
    journey.write(0)
    journey.until_epoch(0)
    asleep = session.model
    assert asleep is not None
    weights = window.services.shelf.get(asleep.key)
    assert weights is not None
    others = tuple(axis for axis in range(5) if axis not in session.axes)
    session.set_weights(replace(asleep, kl=carrying(*others[:2])))
    journey.settle()
    assert session.axes == others[:2]
    assert apart_px(window) > 50
    assert not window.opening.unsaved
    window.opening.go_back()
    qtbot.waitUntil(lambda: session.model is not None and session.model.path == before.path)
    left = (others[1], others[2])
    woken = replace(asleep, kl=carrying(*left), key=window.services.shelf.add(weights))
    window.opening.put_epoch(woken)  # it has woken others while nobody looked
    journey.settle()
    assert {*session.axes} == {*left}
    assert apart_px(window) > 50
    saved = journey.plan.folder / "mine.latent.json"
    with qtbot.waitSignal(window.services.library.session_saved, timeout=PATIENCE_MS):
        window.opening.save_to(saved, window.map_panel.viewport())
    kept = session.arrangement
    session.set_weights(replace(woken, kl=carrying(*others[:2])))
    assert {*session.axes} == {*others[:2]}
    assert session.arrangement is kept, "they are in a file"


def test_a_handle_can_be_dragged_while_epochs_come(journey: Journey, qtbot: QtBot) -> None:
    window = journey.window
    journey.start()
    journey.write(0)
    journey.until_epoch(0)
    old = window.session.arrangement.handles[0].z
    drag(window, "A", QPoint(60, 30))
    assert window.session.in_gesture
    dragged = window.session.arrangement.handles[0].z
    assert not np.array_equal(old, dragged)
    journey.write(4)
    journey.until_epoch(4)
    assert window.session.in_gesture, "the hand still holds it"
    assert window.session.arrangement.handles[0].z is dragged
    at = QPointF(window.map_panel.view.position_of("A"))
    _send(window, QEvent.Type.MouseButtonRelease, at, LEFT)
    assert window.session.undo_stack.count() == 1
    window.session.undo_stack.undo()
    assert window.session.arrangement.handles[0].z is old
    assert window.session.model is not None
    assert window.session.model.epoch == 4, "undo takes back no training"


def test_a_view_that_a_person_chose_stays(journey: Journey) -> None:
    window = journey.window
    journey.start()
    journey.write(0)
    journey.until_epoch(0)
    window.map_panel.zoom(3.0)
    view = window.map_panel.viewport()
    journey.write(4)
    journey.until_epoch(4)
    assert window.map_panel.viewport() == view


@pytest.mark.parametrize("journey", [("ae", 2)], indirect=True)
def test_a_cloud_that_grows_stays_in_view(journey: Journey) -> None:
    window = journey.window
    journey.start()
    for epoch in (0, 4):
        journey.write(epoch)
        journey.until_epoch(epoch)
        left, bottom, right, top = window.map_panel.viewport().box
        points = window.map_panel.view.points()
        low, high = np.percentile(points, 2, axis=0), np.percentile(points, 98, axis=0)
        assert left <= low[0] <= high[0] <= right
        assert bottom <= low[1] <= high[1] <= top


def test_the_end_comes_as_smoothly_and_is_in_the_library(journey: Journey) -> None:
    window = journey.window
    journey.start()
    journey.write(0)
    journey.until_epoch(0)
    window.session.set_latent(1, np.array([0.5, -0.5], np.float32))
    arrangement = window.session.arrangement
    journey.write(4)
    journey.finish()
    journey.until_epoch(None)
    assert window.session.arrangement is arrangement
    assert window.session.undo_stack.canUndo()
    assert Path(journey.plan.out) in window.settings.recent()


def test_that_a_model_is_trained_is_said_until_it_trains_on_or_another_epoch_is_shown(
    journey: Journey,
) -> None:
    window = journey.window
    journey.start()
    journey.write(0)
    journey.until_epoch(0)
    journey.write(4)
    journey.finish()
    journey.until_epoch(None)
    trained = f"{Path(journey.plan.out).stem} is trained; it is the model on the map"
    assert window.messages.text() == trained
    window.replay.show(0)
    journey.until_epoch(0)
    assert window.messages.text() == ""
    window.replay.go_live()
    journey.until_epoch(None)
    assert window.messages.text() == trained
    journey.start()
    assert window.messages.text() == ""


def test_a_training_that_was_stopped_is_not_said_to_be_trained(journey: Journey) -> None:
    window = journey.window
    journey.start()
    journey.write(0)
    journey.until_epoch(0)
    journey.write(2)
    shutil.copy(journey.made.out, journey.plan.out)
    journey.fakes.last.heard.emit(Finished(journey.plan.out, 2))
    journey.fakes.last.ended.emit(TrainerEnd(0))
    journey.until_epoch(None)
    told = "stopped after epoch 2 of 4; it is the model on the map"
    assert window.messages.text() == f"{Path(journey.plan.out).stem}: {told}"


def test_the_training_of_a_model_that_is_opened_is_among_the_runs(
    journey: Journey, qtbot: QtBot
) -> None:
    window, made = journey.window, journey.made
    window.services.runs.refresh()
    window.opening.open_model(Path(made.out))

    def listed() -> bool:
        return made.folder in [run.folder for run in window.services.runs.listed()]

    qtbot.waitUntil(listed, timeout=PATIENCE_MS)
    journey.settle()


def test_what_was_open_comes_back_as_it_was_left(
    journey: Journey, qtbot: QtBot, tmp_path: Path
) -> None:
    window, session = journey.window, journey.window.session
    saved = tmp_path / "mine.latent.json"
    with qtbot.waitSignal(window.services.library.session_saved, timeout=PATIENCE_MS):
        window.opening.save_to(saved, window.map_panel.viewport())
    session.set_latent(1, np.array([0.1, 0.2], np.float32))
    window.map_panel.zoom(2.0)
    left, view = session.arrangement, window.map_panel.viewport()
    assert session.model is not None
    name = session.model.name
    back = window.actions_by_name["backToModel"]
    assert not back.isEnabled()
    journey.start()
    journey.write(0)
    journey.until_epoch(0)
    assert window.opening.session_path is None
    assert (back.isEnabled(), back.text()) == (True, f"Back to {name}")
    back.trigger()
    qtbot.waitUntil(lambda: session.model is not None and session.model.name == name)
    assert session.arrangement is left
    assert window.map_panel.viewport() == view
    now: object = window.opening.session_path
    assert (now, window.opening.unsaved) == (saved, True)
    journey.write(4)
    journey.settle()
    assert session.model.name == name, "who went back is left alone"
    window.actions_by_name["watchTraining"].trigger()
    journey.until_epoch(4)


def test_a_save_that_ends_when_another_model_is_on_the_map_is_of_the_one_before(
    journey: Journey, qtbot: QtBot, tmp_path: Path
) -> None:
    window, session = journey.window, journey.window.session
    saved, model = tmp_path / "mine.latent.json", session.model
    assert model is not None
    weights = window.services.shelf.get(model.key)
    assert weights is not None
    session.set_latent(1, np.array([0.1, 0.2], np.float32))
    with qtbot.waitSignal(window.services.library.session_saved, timeout=PATIENCE_MS):
        window.opening.save_to(saved, window.map_panel.viewport())
        other = replace(
            model, key=window.services.shelf.add(weights), path=tmp_path / "other.safetensors"
        )
        window.opening.put_epoch(replace(other, epoch=3))
    assert window.opening.session_path is None, "or the next save would overwrite it"
    window.opening.go_back()
    qtbot.waitUntil(lambda: session.model is not None and session.model.path == model.path)
    now: object = window.opening.session_path
    assert (now, window.opening.unsaved) == (saved, False)
    journey.settle()


def test_an_unfinished_training_opens_by_its_name_and_is_replayed(
    journey: Journey, tmp_path: Path
) -> None:
    window, made = journey.window, journey.made
    shutil.copytree(made.folder, journey.plan.folder)
    journey.plan.finished_file.unlink()
    window.opening.open_model(journey.plan.last_epoch_file)
    journey.until_epoch(4)
    model = window.session.model
    assert model is not None
    assert model.name == Path(journey.plan.out).stem
    assert model.points is not None
    assert window.windowTitle().startswith(model.name)
    assert all(path.stem != "last" for path in window.settings.recent())
    journey.opened.qtbot.waitUntil(lambda: len(window.replay.state.epochs) > 1)
    assert (window.replay.state.on_map, window.replay.state.shown) == (True, 4)
    window.replay.show(1)
    journey.until_epoch(1)
    window.opening.save(window.map_panel.viewport())
    assert "keep it under Runs" in window.messages.text(), "resuming overwrites that file"
    journey.opened.heard.complaints.clear()


def test_an_unfinished_training_without_epochs_to_replay_opens_by_its_name(
    journey: Journey,
) -> None:
    shutil.copytree(journey.made.folder, journey.plan.folder)
    journey.plan.finished_file.unlink()
    shutil.rmtree(epochs_folder(journey.plan.folder))
    journey.window.opening.open_model(journey.plan.last_epoch_file)
    journey.until_epoch(4)


def test_data_dropped_while_a_model_trains_is_said_to_wait(
    journey: Journey, tmp_path: Path
) -> None:
    window = journey.window
    journey.start()
    (tmp_path / "photos").mkdir()
    window.opening.open_paths([tmp_path / "photos"])
    assert window.messages.text() == (
        "A training is under way; photos is chosen as data when it ends"
    )
    window.training.shutdown()


def test_a_dropped_image_says_which_epoch_encoded_it(journey: Journey, tmp_path: Path) -> None:
    window = journey.window
    journey.start()
    journey.write(0)
    journey.until_epoch(0)
    picture = tmp_path / "mine.png"
    assert QImage(8, 8, QImage.Format.Format_Grayscale8).save(str(picture))
    window.opening.open_paths([picture])
    journey.opened.qtbot.waitUntil(lambda: window.session.arrangement.handles[-1].image is not None)
    handle = window.session.arrangement.handles[-1]
    assert handle.image is not None
    assert handle.image.epoch == 0
    assert "not by the weights" not in window.inspector._notes.text()
    journey.write(4)
    journey.until_epoch(4)
    assert window.session.arrangement.handles[-1] is handle
    assert "encoded by epoch 0, not by the weights on the map" in window.inspector._notes.text()


def test_a_session_of_a_model_without_a_file_is_not_saved(journey: Journey, tmp_path: Path) -> None:
    window = journey.window
    journey.start()
    journey.write(0)
    journey.until_epoch(0)
    window.opening.save(window.map_panel.viewport())
    assert "before its training ends" in window.messages.text()
    journey.opened.heard.complaints.clear()


def test_closing_in_the_middle_of_it_leaves_nothing_behind(journey: Journey) -> None:
    journey.start()
    journey.write(0)
    journey.until_epoch(0)
    journey.write(4)
    journey.window.session.set_latent(1, np.zeros(2, np.float32))
    journey.window.replay.play()


def test_the_keys_of_the_replay(journey: Journey) -> None:
    window = journey.window
    journey.start()
    for epoch in (0, 4):
        journey.write(epoch)
        journey.until_epoch(epoch)
    journey.finish()
    journey.until_epoch(None)
    bar = window.replay_panel.bar
    assert bar.slider.value() == 4
    window.replay.show(0)
    journey.until_epoch(0)
    assert (bar.slider.value(), bar.newest.isEnabled()) == (0, True)
    assert bar.label.text().startswith("0 of 4") or "epoch 0 of 4" in bar.label.text()
    window.actions_by_name["playReplay"].trigger()
    assert window.replay.state.playing
    journey.until_epoch(4)
    bar.newest.click()
    journey.until_epoch(None)


def test_the_curves_of_a_run_come_with_the_model_it_made(journey: Journey) -> None:
    window = journey.window
    window.opening.open_model(Path(journey.made.out))
    journey.until_epoch_of(journey.made, None)
    journey.opened.qtbot.waitUntil(lambda: bool(window.training.curves.held_out))
    assert window.training.state.plan is not None
    assert window.training.state.plan.folder == journey.made.folder
    assert window.training.curves.held_out["elbo"].epochs[-1] == 4
    window.show_training()
    window.training_panel.show_page("watch")
    window.replay.show(1)
    journey.until_epoch_of(journey.made, 1)
    terms = window.training_panel.watch.terms
    assert terms is not None
    assert terms.readout().startswith("epoch 1.0")
    window.replay.go_live()
    journey.until_epoch_of(journey.made, None)
    assert not terms.readout()


def test_a_real_training_moves_the_real_map(
    qtbot: QtBot, tiny_model_file: Path, tmp_path: Path
) -> None:
    """From Start to the final model, on the digits that come with the program."""
    with opened(qtbot, tiny_model_file) as found:
        window = found.window
        seen: dict[int | None, bytes] = {}

        def see() -> None:
            model = window.session.model
            if model is not None and model.points is not None:
                seen[model.epoch] = model.points.mean.tobytes()

        window.session.weights_changed.connect(see)
        window.session.model_changed.connect(see)
        plan = Plan("digits", str(tmp_path / "digits.safetensors"), epochs=6, width=32, depth=1)
        window.training.start(plan)
        wait_for(qtbot, window.training, Status.FINISHED)
        final = Path(plan.out)
        qtbot.waitUntil(
            lambda: (
                (model := window.session.model) is not None
                and (model.path, model.epoch) == (final, None)
            ),
            timeout=PATIENCE_MS,
        )
        found.settle()
        assert None in seen
        assert len(seen) >= 2, "some epoch came on the map before the end"
        assert len(set(seen.values())) == len(seen)
        old = window.session.arrangement.handles[0].z
        drag(window, "A", QPoint(50, 0))
        assert not np.array_equal(window.session.arrangement.handles[0].z, old)
        at = QPointF(window.map_panel.view.position_of("A"))
        _send(window, QEvent.Type.MouseButtonRelease, at, LEFT)
        qtbot.waitUntil(lambda: window.replay.state.epochs[:1] == (0,))
        window.replay.show(0)
        qtbot.waitUntil(
            lambda: window.session.model is not None and window.session.model.epoch == 0,
            timeout=PATIENCE_MS,
        )
        found.settle()
