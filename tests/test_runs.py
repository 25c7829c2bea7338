"""A training with files: nothing finished is lost, and what goes on ends as if never stopped."""

import dataclasses
import itertools
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.checkpoint import load
from models.data import DataSet, load_data
from models.errors import CheckpointError, DataError, TrainingError
from models.evaluation import evaluate
from models.model import Model
from models.plans import PROGRAM, Plan, begun_plan
from models.runs import finish, plan_to_resume, run, settings_of
from models.settings import Settings
from models.snapshots import epochs_in
from models.training import Progress
from tests.disk import needs_file_limit, small_disk


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads wait for each other longer than such small steps take."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def data_file(tmp_path: Path, tiny_data: DataSet) -> Path:
    """The images of `tiny_data` as a file that `load_data` opens."""
    path = tmp_path / "bars.npz"
    names = np.array(tiny_data.class_names)[tiny_data.train.labels]
    np.savez(path, images=tiny_data.train.images, labels=names)
    return path


@pytest.fixture
def plan(tmp_path: Path, data_file: Path) -> Plan:
    """Four epochs of a small VAE."""
    folder = tmp_path / "out"
    folder.mkdir()
    return Plan(
        data=str(data_file),
        out=str(folder / "bars.safetensors"),
        epochs=4,
        width=16,
        depth=1,
        batch_size=20,
        seed=3,
    )


def until_epoch(plan: Plan, epoch: int, *, resume: bool = False) -> None:
    """Train and stop, as a closed window does, when an epoch is over."""
    training = run(plan, resume=resume)
    for progress in training:
        if progress.held_out is not None and progress.epoch == epoch:
            break
    del training


def whole(plan: Plan, *, resume: bool = False) -> Model:
    """The model of a training run to its end."""
    for _ in run(plan, resume=resume):
        pass
    return load(plan.out)


def assert_same(one: Model, other: Model) -> None:
    """Bit for bit the same weights, points, figures and curves."""
    theirs = other.autoencoder.state_dict()
    for name, value in one.autoencoder.state_dict().items():
        assert torch.equal(value, theirs[name]), name
    assert one.points is not None
    assert other.points is not None
    np.testing.assert_array_equal(one.points.mean, other.points.mean)
    assert one.metrics == other.metrics
    assert one.record["history"] == other.record["history"]


def test_the_file_holds_all_that_is_needed(plan: Plan) -> None:
    seen = [progress for progress in run(plan) if progress.held_out is not None]
    model = load(plan.out)
    assert model.class_names == ("across", "down", "square")
    assert model.image_shape == (1, 8, 8)
    assert model.points is not None
    assert len(model.points) == 135  # every tenth of the 150 is held out
    assert model.record["command"] == plan.command()
    assert model.record["seed"] == 3
    assert model.record["data"] == "bars"
    assert model.record["settings"]["epochs"] == 4
    assert model.record["seconds"] >= 0
    history = model.record["history"]
    assert [entry["epoch"] for entry in history] == [1, 2, 3, 4]
    for entry, progress in zip(history, seen, strict=True):
        assert entry["train"]["elbo"] == pytest.approx(progress.train["elbo"], abs=1e-3)
        assert progress.held_out is not None
        assert entry["held_out"]["kl"] == pytest.approx(progress.held_out["kl"], abs=1e-3)
    assert sorted(os.listdir(Path(plan.out).parent)) == ["bars.safetensors", plan.folder.name]
    assert sorted(os.listdir(plan.folder)) == [
        *("epochs", "finished.json", "last.safetensors", "lock")
    ]


@pytest.mark.parametrize("half", [False, True])
def test_figures_are_those_of_the_stored_weights(plan: Plan, half: bool) -> None:
    model = whole(dataclasses.replace(plan, half=half))
    figures = evaluate(model.autoencoder, load_data(plan.data).held_out)
    assert model.metrics == {
        "held_out_elbo_nats": figures["elbo"],
        "held_out_reconstruction_nats": figures["reconstruction"],
        "held_out_kl_nats": figures["kl"],
        "active_units": figures["active_units"],
        "held_out_images": 15.0,
    }


def test_half_precision_takes_half_the_room(plan: Plan) -> None:
    plan = dataclasses.replace(plan, width=128)
    whole(plan)
    size = Path(plan.out).stat().st_size
    whole(dataclasses.replace(plan, half=True))
    assert Path(plan.out).stat().st_size < 0.6 * size


@pytest.mark.parametrize("stops", [(2,), (1, 2, 3), (4,)])
@pytest.mark.parametrize("method", ["ae", "vae", "cvae"])
def test_a_training_that_goes_on_ends_as_if_never_stopped(
    plan: Plan, method: str, stops: tuple[int, ...]
) -> None:
    plan = dataclasses.replace(plan, method=method)
    straight = whole(dataclasses.replace(plan, out=f"{plan.out}.straight"))
    for number, epoch in enumerate(stops):
        until_epoch(plan, epoch, resume=number > 0)
    assert not Path(plan.out).exists()
    assert_same(whole(plan_to_resume(plan.out), resume=True), straight)
    assert plan.finished_file.exists()


Wishes = dict[int, dict[str, float]]  # by the step they are made before, counted from 0


def cut_off(plan: Plan, wishes: Wishes, step: int, *, resume: bool = False) -> None:
    """Change settings while training, and end as a kill does: before a step, with no word."""
    begun = len(load(plan.last_epoch_file).record["history"]) if resume else 0
    each = itertools.count(begun * STEPS)

    def poll() -> dict[str, float]:
        at = next(each)
        if at == step:
            raise Killed
        return wishes.get(at, {})

    with pytest.raises(Killed):
        for _ in run(plan, resume=resume, poll=poll):
            pass


class Killed(BaseException):
    """Where a kill struck."""


STEPS = 7  # an epoch: 135 images in batches of 20


def changing(plan: Plan, wishes: Wishes) -> Model:
    """The model of a training whose settings are changed and that nothing interrupts."""
    each = iter(range(plan.epochs * STEPS))
    for _ in run(plan, poll=lambda: wishes.get(next(each), {})):
        pass
    return load(plan.out)


@pytest.mark.parametrize(
    "wishes",
    [
        {9: {"beta": 9.0}},
        {7: {"beta": 9.0, "learning_rate": 1e-4}},  # in the first step of an epoch
        {2: {"beta": 0.5}, 8: {"learning_rate": 1e-2}, 11: {"beta": 20.0}},
    ],
)
def test_a_change_in_an_epoch_cut_short_is_made_again_at_its_step(
    plan: Plan, wishes: Wishes
) -> None:
    plan = dataclasses.replace(plan, method="beta-vae")
    straight = changing(dataclasses.replace(plan, out=f"{plan.out}.straight"), wishes)
    cut_off(plan, wishes, 12)
    resumed = whole(plan_to_resume(plan.out), resume=True)
    assert_same(resumed, straight)
    assert resumed.record["changes"] == straight.record["changes"]
    assert len(resumed.record["changes"]) == sum(map(len, wishes.values()))


def test_a_change_outlives_as_many_kills_as_there_are(plan: Plan) -> None:
    plan = dataclasses.replace(plan, method="beta-vae")
    wishes: Wishes = {10: {"beta": 9.0}, 11: {"learning_rate": 1e-2}}
    straight = changing(dataclasses.replace(plan, out=f"{plan.out}.straight"), wishes)
    cut_off(plan, {10: {"beta": 9.0}}, 11)
    cut_off(plan, {}, 9, resume=True)  # before the change is made again
    cut_off(plan, {11: {"learning_rate": 1e-2}}, 13, resume=True)
    assert_same(whole(plan, resume=True), straight)


def test_a_newer_wish_replaces_the_change_that_was_to_be_made_again(plan: Plan) -> None:
    plan = dataclasses.replace(plan, method="beta-vae")
    cut_off(plan, {11: {"beta": 9.0, "free_bits": 0.1}}, 12)
    cut_off(plan, {8: {"beta": 2.0}}, 13, resume=True)
    changes = whole(plan, resume=True).record["changes"]
    told = [(round(one["epoch"] * STEPS), one["name"], one["value"]) for one in changes]
    assert told == [(8, "beta", 2.0), (11, "free_bits", 0.1)]


def test_a_new_training_in_the_place_of_one_takes_none_of_its_changes(plan: Plan) -> None:
    plan = dataclasses.replace(plan, method="beta-vae")
    changing(plan, {STEPS * plan.epochs - 1: {"beta": 9.0}})
    cut_off(plan, {}, 12)
    assert whole(plan, resume=True).record["changes"] == []


def test_a_change_that_cannot_be_written_is_not_made(plan: Plan) -> None:
    plan = dataclasses.replace(plan, method="beta-vae")
    straight = whole(dataclasses.replace(plan, out=f"{plan.out}.straight"))
    until_epoch(plan, 1)

    def poll() -> dict[str, float]:
        plan.changes_file.mkdir()  # no file can be put in its place
        return {"beta": 9.0}

    with pytest.raises(CheckpointError, match=r"changed setting cannot be written .* are kept"):
        for _ in run(plan, resume=True, poll=poll):
            pass
    plan.changes_file.rmdir()
    assert_same(whole(plan, resume=True), straight)


def test_a_damaged_file_of_changes_is_told_and_can_be_removed(plan: Plan) -> None:
    until_epoch(plan, 1)
    for broken in ("{", "[]", '{"changes": [{"epoch": 1.5}]}', '{"changes": 3}'):
        plan.changes_file.write_text(broken)
        with pytest.raises(CheckpointError, match="remove it to go on"):
            whole(plan, resume=True)
    plan.changes_file.unlink()
    whole(plan, resume=True)


def test_the_course_of_curves_within_epochs_outlives_a_stop(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def settings(plan: Plan) -> Settings:
        return dataclasses.replace(settings_of(plan), report_seconds=0.0)

    monkeypatch.setattr("models.runs.settings_of", settings)
    until_epoch(plan, 2)
    first = load(plan.last_epoch_file).record["course"]
    until_epoch(plan, 3, resume=True)
    record = load(plan.last_epoch_file).record
    assert record["course"][: len(first)] == first
    for epoch in (1, 2, 3):
        part = [one for one in record["course"] if epoch - 1 < one["epoch"] <= epoch]
        assert len(part) > 1
        mean = np.mean([one["train"]["kl"] for one in part])
        assert mean == pytest.approx(record["history"][epoch - 1]["train"]["kl"], rel=0.1, abs=0.01)
    whole(plan, resume=True)
    assert "course" not in load(plan.out).record


def test_a_training_cut_off_in_its_first_epoch_leaves_its_settings(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.runs._save_epoch", stop_here)
    with pytest.raises(KeyboardInterrupt):
        whole(plan)
    monkeypatch.undo()
    assert begun_plan(plan.out) == plan
    with pytest.raises(CheckpointError, match=f"start it again with: {PROGRAM} train --data"):
        plan_to_resume(plan.out)
    until_epoch(plan, 1)
    assert begun_plan(plan.out) is None
    plan.begun_file.write_text("{")
    assert begun_plan(plan.out) is None


def stop_here(*words: object, **named: object) -> None:
    raise KeyboardInterrupt


def test_the_same_seed_gives_the_same_model_and_another_another(plan: Plan) -> None:
    random = torch.get_rng_state()
    for _ in run(plan):
        pass
    assert torch.equal(torch.get_rng_state(), random), "the process's own random numbers moved"
    first = load(plan.out)
    torch.rand(7)
    assert_same(whole(plan), first)
    assert whole(dataclasses.replace(plan, seed=4)).metrics != first.metrics


def test_every_finished_epoch_is_a_model_that_opens(plan: Plan) -> None:
    for progress in run(plan):
        if progress.held_out is not None:
            assert len(load(plan.last_epoch_file).record["history"]) == progress.epoch


@needs_file_limit
def test_a_full_disk_keeps_the_epoch_before(plan: Plan) -> None:
    straight = whole(dataclasses.replace(plan, out=f"{plan.out}.straight"))
    training = run(plan)
    next(progress for progress in training if progress.held_out is not None)
    with (
        small_disk(4000),
        pytest.raises(CheckpointError, match=r"epoch 2 cannot be written .* epoch 1 is kept"),
    ):
        list(training)
    assert sorted(os.listdir(plan.folder)) == ["epochs", "last.safetensors", "lock"]
    assert epochs_in(plan.folder) == [0, 1]
    assert len(load(plan.last_epoch_file).record["history"]) == 1
    assert_same(whole(plan, resume=True), straight)


@needs_file_limit
def test_a_disk_full_at_the_very_end_costs_only_the_end(plan: Plan) -> None:
    straight = whole(dataclasses.replace(plan, out=f"{plan.out}.straight"))
    training = run(plan)
    for progress in training:
        if progress.held_out is not None and progress.epoch == plan.epochs:
            break
    with small_disk(4000), pytest.raises(CheckpointError, match="cannot be written"):
        list(training)
    assert not Path(plan.out).exists()
    assert_same(whole(plan, resume=True), straight)


def test_an_older_model_of_that_name_stays_until_the_end(plan: Plan) -> None:
    Path(plan.out).write_text("older")
    until_epoch(plan, 2)
    assert Path(plan.out).read_text() == "older"
    assert whole(plan, resume=True).latent_size == 2


def test_what_is_finished_can_be_kept(plan: Plan) -> None:
    until_epoch(plan, 2)
    last = load(plan.last_epoch_file)
    finish(plan)
    model = load(plan.out)
    assert [entry["epoch"] for entry in model.record["history"]] == [1, 2]
    assert model.points is not None
    assert "held_out_elbo_nats" in model.metrics
    for name, value in model.autoencoder.state_dict().items():
        assert torch.equal(value, last.autoencoder.state_dict()[name])
    assert plan.finished_file.exists()


def test_an_unfinished_training_is_not_trained_over(plan: Plan) -> None:
    until_epoch(plan, 1)
    before = plan.last_epoch_file.read_bytes()
    with pytest.raises(CheckpointError, match="holds an unfinished training"):
        whole(plan)
    assert plan.last_epoch_file.read_bytes() == before


def test_what_a_killed_process_left_is_cleared_away(plan: Plan) -> None:
    until_epoch(plan, 1)
    (plan.folder / ".last.safetensors.abc.part").write_bytes(b"half a file")
    whole(plan, resume=True)
    assert not list(plan.folder.glob("*.part"))


def test_a_file_of_the_user_stays(plan: Plan) -> None:
    until_epoch(plan, 1)
    (plan.folder / "notes.txt").write_text("mine")
    whole(plan, resume=True)
    assert (plan.folder / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["bars.safetensors", "bars.safetensors.run"])
def test_a_training_is_found_where_it_is_now(plan: Plan, tmp_path: Path, name: str) -> None:
    until_epoch(plan, 1)
    moved = tmp_path / "moved"
    Path(plan.out).parent.rename(moved)
    found = plan_to_resume(moved / name)
    assert found == dataclasses.replace(plan, out=str(moved / "bars.safetensors"))
    assert plan_to_resume(found.last_epoch_file) == found


def test_other_data_is_noticed(plan: Plan, tiny_data: DataSet) -> None:
    until_epoch(plan, 1)
    np.savez(plan.data, images=np.asarray(tiny_data.train.images)[..., 1:, :-1].repeat(2, 2))
    for go_on in (lambda: whole(plan, resume=True), lambda: finish(plan)):
        with pytest.raises(CheckpointError, match="trained on other data"):
            go_on()
    assert not Path(plan.out).exists()


def a_missing_run(plan: Plan) -> None:
    plan_to_resume(plan.out)


def a_broken_run(plan: Plan) -> None:
    plan.folder.mkdir()
    plan.last_epoch_file.write_bytes(b"no model")
    plan_to_resume(plan.out)


def a_finished_model(plan: Plan) -> None:
    whole(plan)
    Path(plan.out).replace(plan.last_epoch_file)
    plan_to_resume(plan.out)


def a_missing_folder(plan: Plan) -> None:
    whole(dataclasses.replace(plan, out=f"{plan.out}/no/x"))


def a_folder_as_file(plan: Plan) -> None:
    whole(dataclasses.replace(plan, out=str(Path(plan.out).parent)))


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (a_missing_run, "no training to go on with here"),
        (a_broken_run, "last.safetensors: is no model file"),
        (a_finished_model, "holds no training to go on with"),
        (a_missing_folder, "cannot be written (No such file or directory)"),
        (a_folder_as_file, "is a folder"),
    ],
)
def test_what_cannot_be_written_or_resumed_is_said_first(
    plan: Plan, attempt: Callable[[Plan], None], message: str
) -> None:
    with pytest.raises(CheckpointError, match=re.escape(message)):
        attempt(plan)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs and batch"),
        ({"learning_rate": 7.0}, "learning rate"),
        ({"latent_size": 0}, "latent size"),
        ({"latent_size": 1000}, "latent size"),
        ({"width": 0}, "width"),
        ({"method": "beta-tcvae", "batch_size": 1}, "compares the images of a batch"),
        ({"method": "factor-vae", "batch_size": 1}, "compares the images of a batch"),
        ({"method": "dip-vae-i", "batch_size": 1}, "compares the images of a batch"),
        ({"method": "dip-vae-ii", "batch_size": 1}, "compares the images of a batch"),
        ({"method": "gan"}, "there is no method 'gan'"),
        ({"network": "rnn"}, "unknown network"),
        ({"likelihood": "cauchy"}, "likelihood"),
        ({"data": "nowhere"}, "nowhere"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_leaves_nothing(
    plan: Plan, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        whole(dataclasses.replace(plan, **changes))
    assert not os.listdir(Path(plan.out).parent)


def test_a_conditional_vae_needs_classes(plan: Plan, tiny_data: DataSet) -> None:
    np.savez(plan.data, images=tiny_data.train.images)
    with pytest.raises(DataError, match="has no classes"):
        whole(dataclasses.replace(plan, method="cvae"))


def test_a_loss_that_explodes_keeps_the_epochs_before(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    until_epoch(plan, 2)

    def explode(*_: object, **__: object) -> list[Progress]:
        raise TrainingError("the loss stopped being a finite number.")

    monkeypatch.setattr("models.runs.train", explode)
    with pytest.raises(TrainingError, match=r"Finished epochs are in .*last\.safetensors"):
        whole(plan, resume=True)
    assert len(load(plan.last_epoch_file).record["history"]) == 2


def test_colour_gets_a_gaussian_and_a_size_that_is_asked_for(
    plan: Plan, tiny_data: DataSet
) -> None:
    np.savez(plan.data, images=np.repeat(tiny_data.train.images, 3, 1))
    model = whole(dataclasses.replace(plan, image_shape=(3, 12, 16), epochs=1))
    assert model.image_shape == (3, 12, 16)
    assert model.preprocessing.image_shape == (3, 12, 16)
    assert model.autoencoder.config.likelihood == "gaussian"


PLANS = st.builds(
    Plan,
    data=st.text(max_size=20),
    out=st.text(max_size=20),
    method=st.sampled_from(["ae", "vae", "cvae"]),
    latent_size=st.integers(1, 512),
    width=st.none() | st.integers(1, 4096),
    likelihood=st.none() | st.sampled_from(["bernoulli", "gaussian"]),
    learning_rate=st.floats(1e-6, 0.5),
    half=st.booleans(),
    image_shape=st.none() | st.tuples(st.sampled_from([1, 3]), *[st.integers(8, 256)] * 2),
)


@given(PLANS)
def test_a_plan_survives_json(plan: Plan) -> None:
    assert Plan.from_dict(plan.to_dict()) == plan


@pytest.mark.parametrize("broken", [{}, {"data": "x", "out": "y", "colour": 1}, None, [1]])
def test_a_damaged_plan_is_a_value_error(broken: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="plan"):
        Plan.from_dict(broken)
