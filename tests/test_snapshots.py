"""The epochs of a training on the disk: which stay, what is in them, and who clears them away."""

import dataclasses
import errno
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import run_files, snapshots
from models.checkpoint import load, load_to_resume, save
from models.data import DataSet
from models.errors import CheckpointError, DataError
from models.model import Model
from models.plans import Plan
from models.runs import finish, notes_of, plan_to_resume, run, settings_of
from models.settings import capacity_at, kl_weight_at
from models.snapshots import epoch_file, epochs_folder, epochs_in, kept, remove_after, thin
from tests.disk import needs_file_limit, small_disk
from tests.test_runs import data_file, one_thread, plan, until_epoch, whole

__all__ = ["data_file", "one_thread", "plan"]  # fixtures


@given(st.sets(st.integers(0, 5000)), st.integers(1, 100))
def test_few_epochs_stay_and_the_first_and_last_are_among_them(epochs: set[int], most: int) -> None:
    stay = kept(epochs, most)
    assert stay <= epochs
    assert len(stay) <= most + 15  # the multiples, 0, the last, and the powers of two
    if epochs:
        assert max(epochs) in stay
    assert {0, 1, 2, 4, 8} & epochs <= stay


@given(st.integers(1, 3000), st.integers(2, 60))
def test_thinning_after_each_epoch_leaves_what_thinning_at_the_end_would(
    last: int, most: int
) -> None:
    """An epoch that will be wanted later is never deleted earlier."""
    there: set[int] = set()
    for epoch in range(last + 1):
        there = kept(there | {epoch}, most)
    assert there == kept(range(last + 1), most)


@pytest.mark.parametrize(("seconds", "there"), [(math.inf, [0, 1, 2, 4]), (0, [0, 1, 2, 3, 4])])
def test_epochs_hold_the_same_held_out_images_in_the_same_order(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, seconds: float, there: list[int]
) -> None:
    monkeypatch.setattr(run_files, "_EPOCH_FILE_SECONDS", seconds)
    whole(plan)
    assert epochs_in(plan.folder) == there  # 3 was over at once, and is no power of two
    models = [load(epoch_file(plan.folder, epoch)) for epoch in epochs_in(plan.folder)]
    for model, epoch in zip(models, epochs_in(plan.folder), strict=True):
        assert model.record["epoch"] == epoch
        assert model.points is not None
        assert models[0].points is not None
        assert len(model.points) == 15
        np.testing.assert_array_equal(model.points.label, models[0].points.label)
    first, last = models[0].points, models[-1].points
    assert first is not None
    assert last is not None
    assert not np.allclose(first.mean, last.mean)


def test_the_last_epoch_is_the_model_that_was_made(plan: Plan) -> None:
    model = whole(plan)
    last = load(epoch_file(plan.folder, plan.epochs))
    for name, value in model.autoencoder.named_parameters():
        np.testing.assert_allclose(
            value.numpy(), dict(last.autoencoder.named_parameters())[name].numpy(), atol=1e-3
        )


def test_a_long_run_stays_small(plan: Plan, tiny_model: Model) -> None:
    folder = plan.folder
    epochs_folder(folder).mkdir(parents=True)
    for epoch in range(200):
        epoch_file(folder, epoch).touch()
    save(tiny_model, epoch_file(folder, 200))
    thin(folder)
    assert epochs_in(folder) == sorted(kept(range(201), 60))


def test_epochs_after_the_one_that_is_gone_on_from_are_dropped(plan: Plan) -> None:
    until_epoch(plan, 2)
    epoch_file(plan.folder, 9).touch()
    whole(plan, resume=True)
    assert 9 not in epochs_in(plan.folder)
    remove_after(plan.folder, 0)
    assert epochs_in(plan.folder) == [0]


def test_a_new_training_of_the_same_file_begins_with_an_empty_folder(plan: Plan) -> None:
    whole(plan)
    epoch_file(plan.folder, 77).touch()
    plan.log_folder.mkdir()
    whole(plan)
    assert 77 not in epochs_in(plan.folder)
    assert not plan.log_folder.exists()


def test_a_finished_training_goes_on_for_more_epochs(plan: Plan) -> None:
    first = whole(plan)
    longer = plan_to_resume(plan.out, more=2)
    assert longer.epochs == 6
    model = whole(longer, resume=True)
    assert [entry["epoch"] for entry in model.record["history"]] == [1, 2, 3, 4, 5, 6]
    assert model.record["history"][:4] == first.record["history"]
    assert plan.finished_file.exists()


def test_more_epochs_count_from_where_an_unfinished_training_stands(plan: Plan) -> None:
    until_epoch(plan, 2)
    assert plan_to_resume(plan.out, more=10).epochs == 12


def test_the_time_a_training_took_adds_up(plan: Plan) -> None:
    until_epoch(plan, 2)
    before = load(plan.last_epoch_file).record
    record = whole(plan, resume=True).record
    for name in ("seconds", "processor_seconds"):
        assert record[name] >= before[name] > 0


def test_two_trainings_do_not_write_one_file(plan: Plan) -> None:
    training = run(plan)
    next(training)
    with pytest.raises(CheckpointError, match="another training is writing there"):
        next(run(plan))
    with pytest.raises(CheckpointError, match="another training is writing there"):
        next(run(plan, resume=True))
    list(training)
    assert load(plan.out).latent_size == 2


def test_settings_changed_on_the_way_are_kept_and_hold_after_a_stop(plan: Plan) -> None:
    """Whoever changes a setting and is interrupted gets what they would have got without."""
    plan = dataclasses.replace(plan, method="beta-vae")

    def change_once(told: list[dict[str, float]]) -> dict[str, float]:
        return told.pop() if told else {}

    def until(out: str, stop: int | None) -> Plan:
        told = [{"beta": 9.0, "learning_rate": 0.01}]
        one = dataclasses.replace(plan, out=out)
        for progress in run(one, poll=lambda: change_once(told)):
            if progress.held_out is not None and progress.epoch == stop:
                break
        return one

    straight = load(until(f"{plan.out}.straight", None).out)
    stopped = until(plan.out, 2)
    model = whole(plan_to_resume(stopped.out), resume=True)
    assert model.record["changes"] == straight.record["changes"]
    assert [(change["name"], change["value"]) for change in model.record["changes"]] == [
        ("beta", 9.0),
        ("learning_rate", 0.01),
    ]
    for (_, one), (_, other) in zip(
        model.autoencoder.named_parameters(),
        straight.autoencoder.named_parameters(),
        strict=True,
    ):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    plain = whole(dataclasses.replace(plan, out=f"{plan.out}.plain"))
    assert plain.metrics != straight.metrics


@pytest.mark.parametrize(
    "changes",
    [
        [{"when": 1}],
        [{"epoch": 0.5, "name": "beta", "value": 2.0}],  # no setting of this method
        [{"epoch": 0.5, "name": "learning_rate", "value": 7.0}],
        [{"epoch": 0.5, "name": "learning_rate", "value": "much"}],
        [{"epoch": "early", "name": "learning_rate", "value": 0.01}],
        None,
    ],
)
def test_a_damaged_list_of_changes_is_said(plan: Plan, changes: object) -> None:
    until_epoch(plan, 1)
    model, snapshot = load_to_resume(plan.last_epoch_file)
    broken = dataclasses.replace(model, record={**model.record, "changes": changes})
    save(broken, plan.last_epoch_file, resume=snapshot)
    with pytest.raises(CheckpointError, match="its record is damaged"):
        whole(plan, resume=True)


def test_a_folder_that_cannot_take_epochs_is_said(plan: Plan) -> None:
    plan.folder.mkdir()
    Path(epochs_folder(plan.folder)).write_text("in the way")
    with pytest.raises(CheckpointError, match="epoch 0 cannot be written"):
        whole(plan)


def refuse(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if another program on Windows had this file open: it cannot be deleted."""
    unlink = Path.unlink

    def deny(self: Path, missing_ok: bool = False) -> None:
        if self == path:
            raise PermissionError(errno.EACCES, "Permission denied")
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", deny)


def test_an_old_epoch_that_cannot_be_deleted_stops_no_training(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "kept", lambda epochs, most: {max(epochs)})
    monkeypatch.setattr(run_files, "_EPOCH_FILE_SECONDS", 0)
    with monkeypatch.context() as patch:
        refuse(epoch_file(plan.folder, 1), patch)
        until_epoch(plan, 3)
        assert epochs_in(plan.folder) == [1, 3]
    whole(plan, resume=True)
    assert epochs_in(plan.folder) == [4]


def test_a_later_epoch_that_cannot_be_deleted_is_said(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    until_epoch(plan, 2)
    epoch_file(plan.folder, 9).touch()
    refuse(epoch_file(plan.folder, 9), monkeypatch)
    with pytest.raises(CheckpointError, match=r"cannot be written \(Permission denied\); choose"):
        whole(plan, resume=True)


# --- what a start that fails leaves as it was ---


def listing(plan: Plan) -> list[str]:
    return sorted(str(path) for path in plan.folder.rglob("*") if path.name != "lock")


@pytest.mark.parametrize("change", [{"data": "nowhere"}, {"method": "cvae"}, {"latent_size": 0}])
def test_a_start_that_fails_leaves_a_finished_training_alone(
    plan: Plan, change: dict[str, Any]
) -> None:
    whole(plan)
    before = listing(plan)
    if "method" in change:
        images = np.load(plan.data)["images"]
        np.savez(plan.data, images=images)  # without labels
    with pytest.raises(DataError):
        whole(dataclasses.replace(plan, **change))
    assert listing(plan) == before


def test_a_resume_that_fails_leaves_it_finished(plan: Plan) -> None:
    whole(plan)
    Path(plan.data).rename(f"{plan.data}.gone")
    with pytest.raises(DataError, match="neither there nor a built-in name"):
        whole(plan_to_resume(plan.out, more=1), resume=True)
    assert plan.finished_file.exists()
    Path(f"{plan.data}.gone").rename(plan.data)
    assert len(whole(plan_to_resume(plan.out, more=1), resume=True).record["history"]) == 5


@needs_file_limit
def test_more_epochs_without_room_leave_it_finished(plan: Plan) -> None:
    whole(plan)
    before = plan.last_epoch_file.read_bytes()
    with small_disk(4000), pytest.raises(CheckpointError, match="epoch 4 is kept there"):
        whole(plan_to_resume(plan.out, more=1), resume=True)
    assert plan.finished_file.exists()
    assert plan.last_epoch_file.read_bytes() == before


def test_more_epochs_are_not_forgotten_by_a_kill_in_the_first_of_them(plan: Plan) -> None:
    whole(plan)
    training = run(plan_to_resume(plan.out, more=3), resume=True)
    next(training)
    del training
    assert plan_to_resume(plan.out).epochs == 7


def test_more_epochs_take_back_neither_capacity_nor_cycles(plan: Plan) -> None:
    plan = dataclasses.replace(plan, method="annealed-vae", warmup_cycles=2)
    whole(plan)
    longer = plan_to_resume(plan.out, more=4)
    assert (longer.epochs, longer.schedule_epochs) == (8, 4)
    settings = settings_of(longer)
    assert capacity_at(settings, 4 * 7, settings.schedule_epochs * 7) == settings.method.capacity
    assert kl_weight_at(settings, 4 * 7, settings.schedule_epochs * 7, 7) == 1.0
    assert plan_to_resume(plan.out, more=4).longer(20).schedule_epochs == 4


def test_the_record_says_what_the_command_does_not(plan: Plan) -> None:
    assert whole(plan).record["beside_the_command"] == []
    until_epoch(dataclasses.replace(plan, out=f"{plan.out}.b"), 2)
    stopped = dataclasses.replace(plan, out=f"{plan.out}.b")
    finish(stopped)
    assert load(stopped.out).record["beside_the_command"] == ["stopped after epoch 2 of 4"]
    told = whole(plan_to_resume(plan.out, more=1), resume=True).record["beside_the_command"]
    assert told == ["first planned for 4 epochs"]
    told = whole(plan_to_resume(plan.out, more=1), resume=True).record["beside_the_command"]
    assert told == ["first planned for 4 epochs"]
    laid_out = dataclasses.replace(plan, out=f"{plan.out}.c", schedule_epochs=9)
    assert whole(laid_out).record["beside_the_command"] == []  # the command says that


def test_what_a_kill_left_half_written_is_cleared_away_everywhere(plan: Plan) -> None:
    until_epoch(plan, 1)
    out = Path(plan.out)
    half = (epochs_folder(plan.folder) / ".000002.x.part", out.with_name(f".{out.name}.abc.part"))
    for part in half:
        part.touch()
    whole(plan, resume=True)
    assert not any(part.exists() for part in half)


def test_a_batch_larger_than_the_data_is_noted(plan: Plan) -> None:
    loaded: list[DataSet] = []
    plan = dataclasses.replace(plan, batch_size=5000, epochs=1)
    list(run(plan, loaded=loaded.append))
    data = dataclasses.replace(loaded[0], notes=("turned",))
    assert notes_of(plan, data) == ("turned", "a batch of 5,000 takes all 135 images")
    assert notes_of(dataclasses.replace(plan, batch_size=135), data) == ("turned",)
