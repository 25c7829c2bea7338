"""The list of trainings: read off the GUI thread, from headers alone, and never broken by one."""

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import cast

import pytest
from filelock import FileLock, Timeout
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.pages.training_runs import COLUMNS, row_of
from explorer.processes import TrainerEnd
from explorer.recorded_runs import is_held
from explorer.run_list import RunList
from explorer.runs_on_disk import RunState, read_runs
from explorer.trainer_messages import Advanced, CurvePoint, Planned, Position
from explorer.training import Training
from explorer.workers import Callbacks, Lane, Task, TaskContext
from models.plans import Plan
from tests.trainings import DirectLane, Fakes, write_run


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
def training(tmp_path: Path, qapp: QApplication, fakes: Fakes) -> Training:
    return Training(tmp_path / "models", make_thread=fakes.make)


@pytest.fixture
def lane(qapp: QApplication) -> Iterator[Lane]:
    lane = Lane()
    yield lane
    lane.stop()


class LateLane:
    """Stands where a `Lane` would; the test does the tasks that wait, or lets them fail."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Task, Callbacks]] = []

    def submit(self, task: Task, callbacks: Callbacks) -> int:
        self.waiting.append((task, callbacks))
        return len(self.waiting)


def test_headers_say_plan_curves_and_state(tmp_path: Path) -> None:
    write_run(tmp_path, "done", method="beta-vae", beta=8.0)
    write_run(tmp_path, "cut", 2, 9, "ae", finished=False)
    runs = {run.name: run for _, run in read_runs(tmp_path, {}).values()}
    done, cut = runs["done"], runs["cut"]
    assert (done.state, cut.state) == (RunState.FINISHED, RunState.UNFINISHED)
    assert done.plan is not None
    assert done.plan.beta == 8.0
    assert done.file == tmp_path / "done.safetensors"
    assert cut.file == cut.folder / "last.safetensors"
    assert done.held_out == {"reconstruction": 27.0, "kl": 2.0, "elbo": -29.0}
    assert done.curves.train["elbo"].epochs == (0.5, 1.5, 2.5)
    assert [curve.values[0] for curve in done.curves.kl] == [1.5, 0.5]
    assert cut.held_out == {"reconstruction": 28.0}


def test_a_curve_has_the_course_within_epochs_where_it_was_written_down(tmp_path: Path) -> None:
    write_run(tmp_path, "fine", course=(1.25, 1.5, 1.75, 2.0))
    run = next(iter(read_runs(tmp_path, {}).values()))[1]
    curve = run.curves.train["reconstruction"]
    assert curve.epochs == (0.5, 1.25, 1.5, 1.75, 2.0, 2.5)
    assert curve.values[1:5] == (9.0,) * 4
    assert run.curves.held_out["reconstruction"].epochs == (1.0, 2.0, 3.0)


def test_a_run_cut_off_in_its_first_epoch_is_listed_with_its_settings(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "cut", 0, 9, "beta-vae", beta=8.0)
    write_run(tmp_path, "broken", 0)
    (tmp_path / "broken.safetensors.run" / "begun.json").write_text("{")
    runs = {run.name: run for _, run in read_runs(tmp_path, {}).values()}
    run = runs["cut"]
    assert (run.state, run.epoch, run.file) == (RunState.NOT_BEGUN, 0, None)
    assert run.plan is not None
    assert (run.plan.beta, run.plan.epochs, run.plan.folder) == (8.0, 9, folder)
    assert runs["broken"].state is RunState.DAMAGED


def test_headers_say_how_long_it_took(tmp_path: Path) -> None:
    write_run(tmp_path, "done")
    run = next(iter(read_runs(tmp_path, {}).values()))[1]
    assert (run.seconds, run.processor_seconds) == (1.0, 0.5)
    epochs = [column.title for column in COLUMNS].index("Epochs")
    tip = row_of(run).tips[epochs]
    assert tip == "3/3, in 0:01 by the clock and 0:00 of processor time, of all cores together"


def test_a_loss_below_zero_has_a_minus_and_no_hyphen(tmp_path: Path) -> None:
    write_run(tmp_path, "sharp", 40, 40, likelihood="gaussian")
    row = row_of(next(iter(read_runs(tmp_path, {}).values()))[1])
    at = [column.title for column in COLUMNS].index("−ELBO, nats")
    assert row.texts[at] == "−8.00"
    assert "−ELBO −8.00 nats an image" in row.tips[at]
    assert row.order[at] == -8.0


def test_a_run_with_a_model_of_fewer_epochs_than_planned_is_stopped(tmp_path: Path) -> None:
    write_run(tmp_path, "short", 2, 9)
    ((_, run),) = read_runs(tmp_path, {}).values()
    assert run.state is RunState.STOPPED
    assert run.has_model
    assert run.file == tmp_path / "short.safetensors"


@pytest.mark.parametrize(
    ("likelihood", "binary", "pseudo"),
    [("bernoulli", False, True), ("bernoulli", True, False), ("gaussian", False, False)],
)
def test_headers_say_whether_the_nats_are_of_a_pseudo_likelihood(
    tmp_path: Path, likelihood: str, binary: bool, pseudo: bool
) -> None:
    write_run(tmp_path, "one", binary=binary, likelihood=likelihood)
    ((_, run),) = read_runs(tmp_path, {}).values()
    assert (run.likelihood, run.binary, run.pseudo) == (likelihood, binary, pseudo)


def test_a_model_that_is_gone_leaves_the_one_of_the_last_epoch(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "done")
    (tmp_path / "done.safetensors").unlink()
    ((_, run),) = read_runs(tmp_path, {}).values()
    assert run.state is RunState.FINISHED
    assert run.file == folder / "last.safetensors"


@pytest.mark.parametrize("damage", [b"", b"no such thing", None])
def test_one_damaged_file_does_not_hide_the_others(tmp_path: Path, damage: bytes | None) -> None:
    write_run(tmp_path, "good")
    bad = write_run(tmp_path, "bad") / "last.safetensors"
    if damage is None:
        bad.write_bytes(bad.read_bytes().replace(b"history", b"hostory"))
    else:
        bad.write_bytes(damage)
    states = {run.name: run.state for _, run in read_runs(tmp_path, {}).values()}
    assert states == {"good": RunState.FINISHED, "bad": RunState.DAMAGED}


def test_nothing_there_is_an_empty_list(tmp_path: Path) -> None:
    assert read_runs(tmp_path / "nothing", {}) == {}
    (tmp_path / "empty.safetensors.run").mkdir()
    assert read_runs(tmp_path, {}) == {}


def test_only_what_has_changed_is_read_again(tmp_path: Path) -> None:
    one, other = write_run(tmp_path, "one"), write_run(tmp_path, "other")
    before = read_runs(tmp_path, {})
    os.utime(other / "last.safetensors", (1.0, 1.0))
    after = read_runs(tmp_path, before)
    assert after[one][1] is before[one][1]
    assert after[other][1] is not before[other][1]
    assert list(after) == [one, other], "newest first"


def test_a_training_elsewhere_is_listed_once_it_was_added(
    training: Training, tmp_path: Path
) -> None:
    own = write_run(training.folder, "own")
    other = write_run(tmp_path / "elsewhere", "other", 2, 9, finished=False)
    os.utime(other / "last.safetensors", (1.0, 1.0))
    runs = RunList(training, DirectLane.make(), training)
    heard = list[int]()
    runs.changed.connect(lambda: heard.append(1))
    for folder in (other, own, tmp_path / "no.safetensors.run", other):
        runs.add(folder)
    assert not heard, "nobody has asked yet"
    runs.refresh()
    assert [run.folder for run in runs.listed()] == [own, other], "newest first"
    assert [run.name for run in runs.unfinished()] == ["other"]
    late = write_run(tmp_path / "elsewhere", "late")
    runs.add(late)
    assert {run.folder for run in runs.listed()} == {own, other, late}
    runs.discard(other)
    assert {run.folder for run in runs.listed()} == {own, late}


def test_the_list_is_read_in_another_thread(training: Training, lane: Lane, qtbot: QtBot) -> None:
    write_run(training.folder, "done")
    runs = RunList(training, lane)
    with qtbot.waitSignal(runs.changed):
        runs.refresh()
        runs.refresh()
    assert [run.name for run in runs.listed()] == ["done"]
    qtbot.waitUntil(lambda: not lane.busy)


def test_the_run_that_trains_comes_first_as_it_stands(training: Training, fakes: Fakes) -> None:
    write_run(training.folder, "old", finished=False)
    runs = RunList(training, DirectLane.make(), training)
    runs.refresh()
    plan = Plan("digits", str(training.fresh_file("new")), epochs=4)
    training.start(plan)
    first, second = runs.listed()
    assert (first.name, first.state, first.epoch, first.file) == ("new", RunState.RUNNING, 0, None)
    assert second.name == "old"
    assert [run.name for run in runs.unfinished()] == ["old"]
    point = CurvePoint(1.0, {"reconstruction": 3.0}, held_out=True)
    fakes.last.heard.emit(
        Advanced(Position(1, 4, 0.25), (point, point.__class__(1.0, {"kl": 1.0}, False)))
    )
    assert runs.listed()[0].held_out == {"reconstruction": 3.0}
    fakes.last.ended.emit(TrainerEnd(0))
    assert [run.name for run in runs.listed()] == ["old"], "it has left nothing"


def test_a_run_that_goes_on_is_listed_once(training: Training, fakes: Fakes) -> None:
    folder = write_run(training.folder, "old", 2, 9, finished=False)
    runs = RunList(training, DirectLane.make(), training)
    runs.refresh()
    training.resume_last(folder)
    (run,) = runs.listed()
    assert run.state is RunState.RUNNING
    assert run.plan is not None
    assert (run.epoch, run.plan.data) == (2, "digits"), "what the disk says, until it is told"
    plan = Plan("digits", str(training.folder / "old.safetensors"), epochs=12)
    fakes.last.heard.emit(Planned(plan, Position(2, 12, 0.2)))
    (run,) = runs.listed()
    assert run.plan is plan
    training.shutdown()


def test_a_discarded_run_is_gone_from_the_list(training: Training) -> None:
    folder = write_run(training.folder, "old", finished=False)
    runs = RunList(training, DirectLane.make(), training)
    runs.refresh()
    runs.discard(folder)
    assert runs.listed() == ()
    assert not folder.exists()


def test_a_run_is_deleted_in_another_thread(training: Training, lane: Lane, qtbot: QtBot) -> None:
    folder = write_run(training.folder, "old", finished=False)
    runs = RunList(training, lane)
    with qtbot.waitSignal(runs.changed):
        runs.discard(folder)
        assert lane.busy
    qtbot.waitUntil(lambda: not lane.busy)
    assert runs.listed() == ()
    assert not folder.exists()


def test_a_run_of_another_process_is_not_discarded_and_no_training_is_said_to_fail(
    training: Training, qtbot: QtBot
) -> None:
    folder = write_run(training.folder, "old", finished=False)
    runs = RunList(training, DirectLane.make(), training)
    training.start(Plan("digits", str(training.fresh_file("new"))))
    with (
        FileLock(folder / "lock"),
        qtbot.assertNotEmitted(training.failed),
        qtbot.waitSignal(runs.discard_failed) as heard,
    ):
        runs.discard(folder)
        with pytest.raises(Timeout):
            FileLock(folder / "lock").acquire(timeout=0)
    assert "another training is writing there; wait for it or stop it first" in heard.args[0]
    assert [run.name for run in runs.listed()] == ["new", "old"]
    runs.discard(folder)
    assert not folder.exists()


@pytest.mark.parametrize("epochs", [0, 2])
def test_a_run_that_another_process_trains_runs_elsewhere_until_it_ends(
    training: Training, qtbot: QtBot, epochs: int
) -> None:
    folder = write_run(training.folder, "other", epochs, 9, finished=False)
    runs = RunList(training, DirectLane.make(), training)
    runs._later.setInterval(1)
    with FileLock(folder / "lock"):
        runs.refresh()
        assert [run.state for run in runs.listed()] == [RunState.ELSEWHERE]
        assert runs.unfinished() == ()
        with qtbot.waitSignal(runs.refused) as heard:
            assert not runs.is_free(folder)
        assert heard.args is not None
        assert "another window" in heard.args[0]
    qtbot.waitUntil(lambda: len(runs.unfinished()) == 1)
    assert runs.is_free(folder)
    qtbot.waitUntil(lambda: not runs._later.isActive())
    runs.stop()


def test_who_only_looks_keeps_no_training_from_its_folder(tmp_path: Path) -> None:
    """Whoever asks for the lock at that instant is not turned away."""
    from models.run_files import locked

    folder = write_run(tmp_path, "cut", 2, 9, finished=False)
    looked, look = Event(), FileLock(folder / "lock", thread_local=False)

    def let_go() -> None:
        looked.wait()
        look.release()

    look.acquire(timeout=0)
    thread = Thread(target=let_go)
    thread.start()
    looked.set()
    with locked(Plan("digits", str(tmp_path / "cut.safetensors")), resume=True):
        assert is_held(folder)
    thread.join()
    assert not is_held(folder)


def test_the_training_of_this_window_does_not_run_elsewhere(
    training: Training, fakes: Fakes
) -> None:
    folder = write_run(training.folder, "mine", 2, 9, finished=False)
    runs = RunList(training, DirectLane.make(), training)
    training.resume_last(folder)
    with FileLock(folder / "lock"):
        runs.refresh()
        assert [run.state for run in runs.listed()] == [RunState.RUNNING]
        assert not runs._later.isActive()
    fakes.last.ended.emit(TrainerEnd(-9))
    assert [run.state for run in runs.listed()] == [RunState.UNFINISHED]


def test_what_a_person_keeps_in_the_folder_of_a_training_stays(training: Training) -> None:
    folder = write_run(training.folder, "x", finished=False)
    (folder / "notes.txt").touch()
    RunList(training, DirectLane.make(), training).discard(folder)
    assert [file.name for file in folder.iterdir()] == ["notes.txt"]


def test_a_list_that_could_not_be_read_is_read_again_when_asked_meanwhile(
    training: Training, qtbot: QtBot
) -> None:
    write_run(training.folder, "done")
    lane = LateLane()
    runs = RunList(training, cast(Lane, lane), training)
    runs.refresh()
    runs.refresh()
    lane.waiting.pop()[1].failed("the disk is away")
    task, callbacks = lane.waiting.pop()
    callbacks.done(task(cast(TaskContext, None)))
    assert [run.name for run in runs.listed()] == ["done"]
