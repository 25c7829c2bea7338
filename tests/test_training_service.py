"""The training service: with a trainer that says what the test wants, and with the real process."""

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest
from filelock import FileLock
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from explorer.loss_curves import MOST_POINTS, Curve, Curves
from explorer.processes import TrainerEnd, TrainingThread
from explorer.recorded_runs import discard_recorded, last_epoch_file
from explorer.runs_on_disk import Run, RunState, read_runs
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
    Stopped,
)
from explorer.training import Status, Training
from models.plans import Plan
from tests.trainings import (
    PATIENCE_MS,
    Fakes,
    small_plan,
    wait_for,
    wait_for_epoch,
    write_data,
    write_run,
)

if TYPE_CHECKING:
    from models.data import DataSet

only_posix = pytest.mark.skipif(sys.platform == "win32", reason="about POSIX signals")


def trainers() -> list[psutil.Process]:
    """Children of this process other than the screen that tests of the real window share."""
    others = {"Xvfb", "openbox"}
    return [child for child in psutil.Process().children() if child.name() not in others]


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
def faked(tmp_path: Path, qapp: object, fakes: Fakes) -> Training:
    """A service without a process."""
    return Training(tmp_path / "models", make_thread=fakes.make)


@pytest.fixture
def training(tmp_path: Path, qapp: object) -> Iterator[Training]:
    """A service with the real process."""
    training = Training(tmp_path / "models")
    yield training
    training.shutdown()
    assert not trainers()


@pytest.fixture
def data_file(tmp_path: Path, tiny_data: "DataSet") -> Path:
    return write_data(tmp_path / "bars.npz", tiny_data)


def plan_for(training: Training, data: Path, epochs: int = 3) -> Plan:
    return small_plan(data, training.fresh_file("bars"), epochs)


def status_of(training: Training) -> Status:
    """The status now (a type checker takes an attribute for what it was a line before)."""
    return training.state.status


def runs_in(training: Training, state: RunState) -> list[Run]:
    """The trainings on the disk that stand so, newest first."""
    runs = (run for _, run in read_runs(training.folder, {}).values())
    return [run for run in runs if run.state is state]


POINT = CurvePoint(0.5, {"reconstruction": 30.0, "kl": 2.0, "elbo": -32.0}, held_out=False)
HELD_OUT = CurvePoint(1.0, {"reconstruction": 31.0, "kl": 2.0, "elbo": -33.0}, held_out=True)


# -- what the trainer says becomes what is published ----------------------------------------


def test_each_message_becomes_a_state(faked: Training, fakes: Fakes) -> None:
    plan = Plan("digits", str(faked.folder / "x.safetensors"))
    faked.start(plan)
    assert fakes.last.started
    assert fakes.last.job == Job("train", plan)
    assert status_of(faked) is Status.PREPARING
    fakes.last.heard.emit(Preparing("Downloading", 3, 12))
    assert (faked.state.activity, faked.state.done, faked.state.total) == ("Downloading", 3, 12)
    fakes.last.heard.emit(Planned(plan, Position(0, 20, 0.0)))
    fakes.last.heard.emit(Loaded(100, 10, (1, 8, 8), "bernoulli", ("a note",)))
    assert status_of(faked) is Status.PREPARING
    assert faked.state.data is not None
    assert faked.state.data.notes == ("a note",)
    fakes.last.heard.emit(Advanced(Position(1, 20, 0.05), (POINT, HELD_OUT)))
    assert status_of(faked) is Status.RUNNING
    assert faked.state.train == POINT.terms
    assert faked.state.held_out == HELD_OUT.terms
    fakes.last.heard.emit(Advanced(Position(1, 20, 0.06)))
    assert faked.state.held_out == HELD_OUT.terms
    fakes.last.heard.emit(Paused())
    assert status_of(faked) is Status.PAUSED
    fakes.last.heard.emit(GoneOn())
    assert status_of(faked) is Status.RUNNING
    fakes.last.heard.emit(Finishing())
    assert status_of(faked) is Status.FINISHING
    fakes.last.heard.emit(Finished(plan.out, 20))
    assert status_of(faked) is Status.FINISHING, "the process has not ended yet"
    fakes.last.ended.emit(TrainerEnd(0))
    assert status_of(faked) is Status.FINISHED
    assert faked.state.file == Path(plan.out)


def test_curves_and_pictures_are_kept_for_whoever_looks_later(
    faked: Training, fakes: Fakes
) -> None:
    faked.start(Plan("digits", "x.safetensors"))
    nothing = np.zeros((0, 8, 8, 1), np.uint8)
    pictures = Pictures(1, nothing, nothing, nothing, "none")
    fakes.last.heard.emit(Advanced(Position(1, 20, 0.05), (POINT, HELD_OUT), pictures))
    fakes.last.heard.emit(Advanced(Position(1, 20, 0.06), (POINT,)))
    assert faked.pictures is pictures
    assert faked.curves.train["kl"].values == (2.0, 2.0)
    assert faked.curves.held_out["elbo"].values == (-33.0,)
    fakes.last.ended.emit(TrainerEnd(-9))
    faked.start(Plan("digits", "y.safetensors"))
    assert faked.pictures is None
    assert faked.curves == Curves()


def test_a_pause_while_preparing_goes_back_to_preparing(faked: Training, fakes: Fakes) -> None:
    faked.start(Plan("digits", "x.safetensors"))
    fakes.last.heard.emit(Paused())
    fakes.last.heard.emit(GoneOn())
    assert faked.state.status is Status.PREPARING


def test_wishes_become_orders(faked: Training, fakes: Fakes) -> None:
    faked.pause()
    faked.start(Plan("digits", "x.safetensors"))
    faked.pause()
    faked.resume()
    faked.stop()
    assert fakes.last.orders == [Order.PAUSE, Order.GO_ON, Order.FINISH]


def test_a_setting_is_changed_by_an_order_while_steps_are_taken(
    faked: Training, fakes: Fakes
) -> None:
    faked.adjust("beta", 2.0)
    faked.start(Plan("digits", "x.safetensors", method="beta-vae"))
    faked.adjust("beta", 3.0)
    changes = (Adjusted(0.5, "beta", 3.0),)
    fakes.last.heard.emit(Advanced(Position(1, 20, 0.05), (POINT,), adjusted=changes))
    assert faked.state.adjusted == changes
    fakes.last.heard.emit(Finishing())
    faked.adjust("beta", 4.0)
    assert fakes.last.orders == [Adjustment("beta", 3.0)]


def test_written_epochs_are_told(faked: Training, fakes: Fakes, qtbot: QtBot) -> None:
    plan = Plan("digits", str(faked.folder / "x.safetensors"))
    faked.start(plan)
    with qtbot.waitSignal(faked.epoch_written) as heard:
        fakes.last.heard.emit(Advanced(Position(4, 20, 0.2), (POINT,), epoch_file=4))
    assert heard.args == [plan.folder, 4]
    assert faked.state.epoch_file == 4


def test_another_process_at_the_same_training_is_told(
    training: Training, data_file: Path, qtbot: QtBot
) -> None:
    plan = plan_for(training, data_file)
    plan.folder.mkdir(parents=True)
    with FileLock(plan.folder / "lock"):
        training.start(plan)
        wait_for(qtbot, training, Status.FAILED)
    assert str(plan.folder) in training.state.message


def test_one_training_at_a_time(faked: Training, fakes: Fakes) -> None:
    first = Plan("digits", "x.safetensors")
    faked.start(first)
    faked.start(Plan("mnist", "y.safetensors"))
    faked.resume_last(faked.folder / "z.safetensors.run")
    assert len(fakes.all) == 1
    assert faked.state.plan == first


def test_the_end_comes_as_one_signal(faked: Training, fakes: Fakes, qtbot: QtBot) -> None:
    out = str(faked.folder / "x.safetensors")
    for said, epochs, signal_of, value in (
        (Finished(out, 5), 5, faked.finished, Path(out)),
        (Finished(out, 3), 5, faked.stopped, Path(out)),
        (Stopped(), 5, faked.stopped, None),
        (Failed("no room"), 5, faked.failed, "no room"),
    ):
        faked.start(Plan("digits", out))
        fakes.last.heard.emit(Planned(Plan("digits", out), Position(0, epochs, 0.0)))
        fakes.last.heard.emit(said)
        with qtbot.waitSignal(signal_of) as heard:
            fakes.last.ended.emit(TrainerEnd(0))
        assert heard.args == [value]
        assert not faked.state.active


def test_a_mistake_of_the_program_reaches_the_exception_hook(
    faked: Training, fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised = list[BaseException]()
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: raised.append(error))
    faked.start(Plan("digits", "x.safetensors"))
    fakes.last.heard.emit(Failed("The trainer made a mistake.", "Traceback: it was line 3"))
    fakes.last.ended.emit(TrainerEnd(1))
    assert faked.state.status is Status.FAILED
    assert "line 3" in str(raised[0])


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (TrainerEnd(-9), "killed"),
        (TrainerEnd(-11), "signal 11"),
        (TrainerEnd(3), "status 3"),
        (TrainerEnd(1, "Traceback\nImportError: no torch"), "no torch"),
    ],
)
def test_an_end_without_a_word_is_told(
    faked: Training, fakes: Fakes, end: TrainerEnd, words: str
) -> None:
    faked.start(Plan("digits", "x.safetensors"))
    fakes.last.ended.emit(end)
    assert faked.state.status is Status.FAILED
    assert words in faked.state.message


@pytest.mark.parametrize(
    ("finished", "words"),
    [
        (True, "The model and its finished epochs are kept; go on with them under Runs."),
        (False, "The last finished epoch is kept; go on with it under Runs."),
        (None, "No epoch was finished; start it again under Set up."),
    ],
)
def test_a_trainer_killed_before_its_first_word_leaves_what_there_was(
    faked: Training, fakes: Fakes, finished: bool | None, words: str
) -> None:
    run = faked.folder / "x.safetensors.run"
    if finished is not None:
        write_run(faked.folder, "x", finished=finished)
    faked.resume_last(run, more=20)
    fakes.last.ended.emit(TrainerEnd(-9))
    assert faked.state.message.endswith(words)
    assert "may have run out of memory). " in faked.state.message


def test_who_is_refused_is_not_told_to_go_on(faked: Training, fakes: Fakes) -> None:
    """Another process has begun to train it meanwhile."""
    run = write_run(faked.folder, "x", finished=False)
    refusal = f"{run}: another training is writing there; wait for it, or name another file"
    faked.resume_last(run)
    with FileLock(run / "lock"):
        fakes.last.heard.emit(Failed(refusal))
        fakes.last.ended.emit(TrainerEnd(1))
    assert faked.state.message == refusal


def test_after_a_shutdown_nothing_is_heard(faked: Training, fakes: Fakes) -> None:
    faked.start(Plan("digits", "x.safetensors"))
    faked.shutdown()
    assert fakes.last.stopped
    before = faked.state
    fakes.last.heard.emit(Advanced(Position(1, 20, 0.05), (POINT,)))
    fakes.last.ended.emit(TrainerEnd(0))
    assert faked.state is before
    faked.shutdown()
    faked.start(Plan("digits", "y.safetensors"))
    assert len(fakes.all) == 1, "it was for good"


def test_a_fresh_file_has_no_namesake(faked: Training) -> None:
    faked.folder.mkdir()
    assert faked.fresh_file("a").name == "a.safetensors"
    (faked.folder / "a.safetensors").touch()
    (faked.folder / "a-2.safetensors.run").mkdir()
    assert faked.fresh_file("a").name == "a-3.safetensors"


def test_two_windows_that_start_at_once_take_places_of_their_own(
    tmp_path: Path, qapp: object, fakes: Fakes
) -> None:
    """No trainer has come to its folder yet when the second begins."""
    windows = [Training(tmp_path / "models", make_thread=fakes.make) for _ in range(2)]
    for window in windows:
        window.start_new(Plan("digits", str(windows[0].folder / "a.safetensors")), "a")
    plans = [fake.job.plan for fake in fakes.all]
    names = [Path(plan.out).name for plan in plans if plan is not None]
    assert names == ["a.safetensors", "a-2.safetensors"]
    fakes.all[0].ended.emit(TrainerEnd(-9))
    windows[1].shutdown()
    assert not list(windows[0].folder.iterdir()), "a place that was not used is given back"


def test_a_new_training_whose_folder_cannot_be_made_is_told(
    tmp_path: Path, qapp: object, qtbot: QtBot
) -> None:
    (tmp_path / "models").touch()
    training = Training(tmp_path / "models")
    with qtbot.waitSignal(training.failed):
        training.start_new(Plan("digits", str(tmp_path / "models" / "a.safetensors")), "a")
    assert status_of(training) is Status.FAILED


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, qapp: object, qtbot: QtBot) -> None:
    (tmp_path / "file").touch()
    training = Training(tmp_path / "file" / "models")
    with qtbot.waitSignal(training.failed) as heard:
        training.start(Plan("digits", "x.safetensors"))
    assert "cannot be made" in heard.args[0]
    assert training.state.status is Status.FAILED


# -- curves --------------------------------------------------------------------------------


def test_a_long_curve_is_bounded_and_keeps_its_mean_and_ends() -> None:
    curve = Curve()
    count = 9 * MOST_POINTS + 7
    for first in range(0, count, 100):
        numbers = range(first, min(first + 100, count))
        curve = curve.extended((number, 2.0 * number) for number in numbers)
    assert len(curve.epochs) <= MOST_POINTS
    assert sum(curve.weights) == count
    mean = np.average(curve.values, weights=curve.weights)
    assert mean == pytest.approx(count - 1)
    assert np.allclose(np.array(curve.values), 2 * np.array(curve.epochs))
    assert all(np.diff(curve.epochs) > 0)


def test_points_that_come_often_leave_those_that_lie_thinly() -> None:
    thin = [(epoch + 0.5, float(epoch)) for epoch in range(30)]
    curve = Curve().extended(thin)
    often = [(30 + number / 2000, 7.0) for number in range(3 * MOST_POINTS)]
    for first in range(0, len(often), 10):
        curve = curve.extended(often[first : first + 10])
    assert list(zip(curve.epochs, curve.values, strict=True))[:30] == thin
    assert (curve.epochs[-1], curve.values[-1]) == often[-1]
    assert len(curve.epochs) <= MOST_POINTS


# -- the real process ----------------------------------------------------------------------


def weights_of(path: Path) -> dict[str, "np.ndarray[tuple[int, ...], np.dtype[np.float32]]"]:
    from models.checkpoint import load

    state = load(path).autoencoder.state_dict()
    return {name: value.numpy() for name, value in state.items()}


def assert_same_weights(one: Path, other: Path) -> None:
    left, right = weights_of(one), weights_of(other)
    assert left.keys() == right.keys()
    assert all(np.array_equal(left[name], right[name]) for name in left)


def test_a_training_ends_with_a_model_curves_and_pictures(
    training: Training, data_file: Path, qtbot: QtBot
) -> None:
    plan = plan_for(training, data_file)
    with qtbot.waitSignal(training.finished, timeout=PATIENCE_MS) as heard:
        training.start(plan)
    assert heard.args == [Path(plan.out)]
    assert training.state.status is Status.FINISHED
    assert training.state.position is not None
    assert training.state.position.fraction == 1.0
    assert training.curves.held_out["elbo"].epochs == (1, 2, 3)
    assert training.pictures is not None
    assert training.pictures.epoch == 3
    assert runs_in(training, RunState.UNFINISHED) == []
    assert weights_of(Path(plan.out))
    assert training.process_id is None


def kill(training: Training) -> None:
    assert training.process_id is not None
    os.kill(training.process_id, signal.SIGKILL)


@only_posix
def test_a_killed_training_goes_on_and_ends_as_if_never_killed(
    training: Training, data_file: Path, qtbot: QtBot
) -> None:
    whole, killed = plan_for(training, data_file, 30), training.folder / "killed.safetensors"
    training.start(whole)
    wait_for(qtbot, training, Status.FINISHED)
    training.start(small_plan(data_file, killed, 30))
    wait_for_epoch(qtbot, training, 2)
    with qtbot.waitSignal(training.failed, timeout=PATIENCE_MS) as heard:
        kill(training)
    assert "killed" in heard.args[0]
    assert "Runs" in heard.args[0]
    assert not killed.exists()
    (run,) = runs_in(training, RunState.UNFINISHED)
    assert run.plan is not None
    assert run.plan.epochs == 30
    training.resume_last(run.folder)
    wait_for(qtbot, training, Status.FINISHED)
    assert runs_in(training, RunState.UNFINISHED) == []
    assert training.curves.held_out["elbo"].epochs == tuple(range(1, 31))
    assert_same_weights(Path(whole.out), killed)


@only_posix
def test_a_setting_changed_just_before_a_kill_is_changed_again(
    training: Training, data_file: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin that nothing interrupts changes it at the step that was told."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    plan = small_plan(data_file, training.folder / "killed.safetensors", 30, "beta-vae")
    training.start(plan)
    wait_for_epoch(qtbot, training, 1)
    training.pause()
    wait_for(qtbot, training, Status.PAUSED)
    training.adjust("beta", 9.0)
    qtbot.waitUntil(plan.changes_file.is_file, timeout=PATIENCE_MS)
    kill(training)
    wait_for(qtbot, training, Status.FAILED)
    (left,) = runs_in(training, RunState.UNFINISHED)
    (change,) = left.adjusted
    assert (change.name, change.value) == ("beta", 9.0)
    training.resume_last(left.folder)
    wait_for(qtbot, training, Status.FINISHED)
    assert training.state.adjusted == (change,)
    twin = replace(plan, out=str(training.folder / "twin.safetensors"))
    train_changing(twin, change)
    assert_same_weights(Path(twin.out), Path(plan.out))


STEPS = 5  # an epoch of `small_plan`


def train_changing(plan: Plan, change: Adjusted) -> None:
    """Train here, with one thread, and change a setting at its step."""
    import torch

    from models.runs import run

    asked, before = count(), torch.get_num_threads()
    step = round(change.epoch * STEPS)
    torch.set_num_threads(1)
    try:
        for _ in run(plan, poll=lambda: {change.name: change.value} if next(asked) == step else {}):
            pass
    finally:
        torch.set_num_threads(before)


@only_posix
def test_what_a_killed_training_has_finished_can_be_kept_or_discarded(
    training: Training, data_file: Path, qtbot: QtBot
) -> None:
    for _ in range(2):
        training.start(plan_for(training, data_file, 100_000))
        wait_for_epoch(qtbot, training, 1)
        kill(training)
        wait_for(qtbot, training, Status.FAILED)
    newest, oldest = runs_in(training, RunState.UNFINISHED)
    with qtbot.waitSignal(training.stopped, timeout=PATIENCE_MS) as heard:
        training.keep_last(oldest.folder)
    assert weights_of(heard.args[0])
    (left,) = runs_in(training, RunState.UNFINISHED)
    assert left.folder == newest.folder
    discard_recorded(newest.folder)
    assert not newest.folder.exists()


@pytest.mark.parametrize("paused", [False, True])
def test_stop_keeps_the_epochs_finished(
    training: Training, data_file: Path, qtbot: QtBot, paused: bool
) -> None:
    plan = plan_for(training, data_file, 100_000)
    training.start(plan)
    wait_for_epoch(qtbot, training, 1)
    if paused:
        training.pause()
        wait_for(qtbot, training, Status.PAUSED)
    with qtbot.waitSignal(training.stopped, timeout=PATIENCE_MS) as heard:
        training.stop()
    assert heard.args == [Path(plan.out)]
    assert training.state.status is Status.STOPPED
    assert weights_of(Path(plan.out))
    assert runs_in(training, RunState.UNFINISHED) == []


def test_stop_before_an_epoch_keeps_nothing(
    training: Training, data_file: Path, qtbot: QtBot
) -> None:
    training.start(plan_for(training, data_file))
    with qtbot.waitSignal(training.stopped, timeout=PATIENCE_MS) as heard:
        training.stop()
    assert heard.args == [None]
    assert training.state.file is None
    assert list(training.folder.iterdir()) == []


def test_stop_in_the_first_epoch_keeps_nothing(
    training: Training, tmp_path: Path, qtbot: QtBot
) -> None:
    images = np.random.default_rng(0).integers(0, 255, (100_000, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "many.npz", images=images)
    plan = replace(plan_for(training, tmp_path / "many.npz"), batch_size=1)
    training.start(plan)
    wait_for(qtbot, training, Status.RUNNING)
    assert plan.begun_file.exists()
    with qtbot.waitSignal(training.stopped, timeout=PATIENCE_MS) as heard:
        training.stop()
    assert heard.args == [None]
    assert list(training.folder.iterdir()) == []


def test_no_step_is_taken_while_paused(training: Training, data_file: Path, qtbot: QtBot) -> None:
    training.start(plan_for(training, data_file, 100_000))
    wait_for_epoch(qtbot, training, 1)
    training.pause()
    wait_for(qtbot, training, Status.PAUSED)
    position = training.state.position
    assert position is not None
    training.resume()
    wait_for(qtbot, training, Status.RUNNING)
    assert training.state.position == position, "nothing was done between pausing and going on"
    wait_for_epoch(qtbot, training, position.epoch + 1)


STATUSES = (Status.PREPARING, Status.RUNNING, Status.PAUSED, Status.FINISHING)


@pytest.mark.parametrize("status", [None, *STATUSES])
def test_a_shutdown_in_any_state_leaves_nothing_running(
    training: Training, data_file: Path, qtbot: QtBot, status: Status | None
) -> None:
    epochs = 2 if status is Status.FINISHING else 100_000
    plan = plan_for(training, data_file, epochs)
    seen = list[int | None]()

    def shut_down() -> None:
        if training.state.status is status and not seen:
            seen.append(training.process_id)
            training.shutdown()

    training.state_changed.connect(shut_down)
    training.start(plan)
    if status is None:  # the thread may not even have started the process
        training.shutdown()
        assert not trainers()
        return
    if status is Status.PAUSED:
        wait_for_epoch(qtbot, training, 1)
        training.pause()
    qtbot.waitUntil(lambda: bool(seen), timeout=PATIENCE_MS)
    assert seen[0] is None or not psutil.pid_exists(seen[0])
    assert not trainers()
    if status in (Status.PAUSED, Status.FINISHING):
        assert last_epoch_file(plan.folder).is_file() or Path(plan.out).is_file()


@only_posix
def test_a_shutdown_after_a_kill_leaves_no_zombie(
    training: Training, data_file: Path, qtbot: QtBot
) -> None:
    training.start(plan_for(training, data_file, 100_000))
    wait_for_epoch(qtbot, training, 1)
    kill(training)
    training.shutdown()
    assert not trainers()
    assert len(runs_in(training, RunState.UNFINISHED)) == 1


DEAF = """
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
from explorer.trainer_messages import Preparing, write_message
write_message(sys.stdout.buffer, Preparing("Sleeping"))
while True:
    signal.pause()
"""


def fake_trainer(program: str, job: Job, parent: QObject) -> TrainingThread:
    home = str(Path(__file__).parent.parent)
    start = f"import sys; sys.path.insert(0, {home!r})\n"
    return TrainingThread(job, parent, [sys.executable, "-c", start + program])


@only_posix
def test_a_trainer_that_hears_nothing_is_killed(tmp_path: Path, qapp: object, qtbot: QtBot) -> None:
    training = Training(tmp_path, make_thread=partial(fake_trainer, DEAF))
    training.start(Plan("digits", str(tmp_path / "x.safetensors")))
    qtbot.waitUntil(lambda: training.state.activity == "Sleeping", timeout=PATIENCE_MS)
    training.shutdown()
    assert not trainers()


def test_a_trainer_that_breaks_at_once_says_why(tmp_path: Path, qapp: object, qtbot: QtBot) -> None:
    program = "raise ImportError('a library is missing')"
    training = Training(tmp_path, make_thread=partial(fake_trainer, program))
    training.start(Plan("digits", str(tmp_path / "x.safetensors")))
    wait_for(qtbot, training, Status.FAILED)
    assert "a library is missing" in training.state.message
    assert runs_in(training, RunState.UNFINISHED) == []


def test_a_trainer_that_cannot_be_started_is_told(
    tmp_path: Path, qapp: object, qtbot: QtBot
) -> None:
    def make(job: Job, parent: QObject) -> TrainingThread:
        return TrainingThread(job, parent, [str(tmp_path / "nothing")])

    training = Training(tmp_path, make_thread=make)
    training.start(Plan("digits", str(tmp_path / "x.safetensors")))
    wait_for(qtbot, training, Status.FAILED)
    assert "cannot be started" in training.state.message


def test_bad_data_is_told_and_leaves_nothing(
    training: Training, tmp_path: Path, qtbot: QtBot
) -> None:
    missing = tmp_path / "missing.npz"
    with qtbot.waitSignal(training.failed, timeout=PATIENCE_MS) as heard:
        training.start(plan_for(training, missing))
    assert str(missing) in heard.args[0]
    assert list(training.folder.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="limits another process as only Linux can")
def test_a_full_disk_loses_no_finished_epoch(
    training: Training, data_file: Path, qtbot: QtBot
) -> None:
    import resource

    plan = plan_for(training, data_file, 12)
    training.start(plan)
    wait_for_epoch(qtbot, training, 1)
    training.pause()
    wait_for(qtbot, training, Status.PAUSED)
    assert training.process_id is not None
    assert training.state.position is not None
    epoch = training.state.position.epoch
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.prlimit(training.process_id, resource.RLIMIT_FSIZE, (2000, hard))
    training.resume()
    wait_for(qtbot, training, Status.FAILED)
    assert "cannot be written" in training.state.message
    (run,) = runs_in(training, RunState.UNFINISHED)
    assert run.epoch == epoch
    training.resume_last(plan.folder)
    wait_for(qtbot, training, Status.FINISHED)
    assert weights_of(Path(plan.out))


def test_a_damaged_unfinished_training_is_listed_told_and_can_be_discarded(
    training: Training, qtbot: QtBot
) -> None:
    run = training.folder / "x.safetensors.run"
    run.mkdir(parents=True)
    (run / "last.safetensors").write_bytes(b"nothing of the kind")
    (run / "mine.txt").write_text("kept")
    (listed,) = runs_in(training, RunState.DAMAGED)
    assert listed.folder == run
    training.resume_last(run)
    wait_for(qtbot, training, Status.FAILED)
    assert "last.safetensors" in training.state.message
    discard_recorded(run)
    assert runs_in(training, RunState.DAMAGED) == []
    assert [file.name for file in run.iterdir()] == ["mine.txt"]
