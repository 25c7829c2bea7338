"""A training that was stopped and went on ends bit for bit where an uninterrupted one does."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import count, pairwise

import pytest
import torch

from models import adversary
from models.autoencoder import Autoencoder
from models.data import DataSet
from models.methods import METHODS, MethodName, settings_names
from models.resuming import DISCRIMINATOR, resume_shapes
from models.settings import Change, Settings
from models.training import PollChanges, Progress, train
from tests.small_models import calls_of, epochs, same, small_config, snapshot_of, usual

CPU = torch.device("cpu")
EPOCHS = 3
FAST = Settings(epochs=EPOCHS, batch_size=40, learning_rate=5e-3, averaging=0.9, seed=1)


@pytest.fixture(autouse=True)
def small_discriminator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adversary, "_WIDTH", 16)


def new_model(method: MethodName, network: str = "mlp") -> Autoencoder:
    torch.manual_seed(0)
    return Autoencoder(small_config(method, network=network, width=16 if network == "mlp" else 4))


def settings_of(method: MethodName, epoch_images: int = 0) -> Settings:
    return replace(FAST, method=usual(method), epoch_images=epoch_images)


def assert_the_same_end(first: Progress, second: Progress) -> None:
    assert same(snapshot_of(first).weights, snapshot_of(second).weights)
    assert same(snapshot_of(first).resume, snapshot_of(second).resume)
    assert first.train == second.train
    assert first.held_out == second.held_out
    assert first.kl == second.kl
    assert (first.step, first.epoch, first.changes) == (second.step, second.epoch, second.changes)


@pytest.mark.parametrize("epoch_images", [0, 60])
@pytest.mark.parametrize(
    ("method", "network"),
    [*((method, "mlp") for method in METHODS), ("vae", "conv"), ("cae", "conv"), ("vae", "resnet")],
)
def test_a_resumed_training_is_bit_identical_to_an_uninterrupted_one(
    method: MethodName, network: str, epoch_images: int, tiny_data: DataSet
) -> None:
    settings = settings_of(method, epoch_images)
    whole = new_model(method, network)
    uninterrupted = epochs(train(whole, tiny_data, settings, device=CPU))
    start = snapshot_of(uninterrupted[0])
    kept = {name: value.clone() for name, value in start.resume.items()}
    for _ in range(2):  # twice from the same snapshot, which going on must not change
        resumed = new_model(method, network)
        values = epochs(train(resumed, tiny_data, settings, device=CPU, start=start))
        assert [value.epoch for value in values] == list(range(2, EPOCHS + 1))
        assert_the_same_end(values[-1], uninterrupted[-1])
        assert same(dict(resumed.named_parameters()), dict(whole.named_parameters()))
        assert same(start.resume, kept)


NEW = {
    "beta": 2.0,
    "gamma": 3.0,
    "capacity": 7.0,
    "capacity_share": 0.3,
    "samples": 3.0,
    "corruption_level": 0.1,
    "contraction": 0.5,
    "lambda_od": 4.0,
    "lambda_d": 5.0,
    "free_bits": 0.1,
}


def changes_of(method: MethodName) -> dict[int, dict[str, float]]:
    """Changes by step: the learning rate, and all numbers of the method's own."""
    own = {name: NEW[name] for name in settings_names(method) if name in NEW}
    return {1: {"learning_rate": 2e-3}, 3: own}


def poll(at: Mapping[int, Mapping[str, float]], first: int = 0) -> PollChanges:
    steps = count(first)
    return lambda: at.get(next(steps), {})


@pytest.mark.parametrize("method", METHODS)
def test_settings_changed_before_the_stop_are_in_force_after_it(
    method: MethodName, tiny_data: DataSet
) -> None:
    settings, at = settings_of(method), changes_of(method)
    at[9] = {"learning_rate": 4e-3}  # and one in the last epoch: there are 4 steps in each
    uninterrupted = epochs(train(new_model(method), tiny_data, settings, device=CPU, poll=poll(at)))
    stopped = uninterrupted[0]
    assert Change(1 / 4, "learning_rate", 2e-3) in stopped.changes
    assert len(uninterrupted[-1].changes) == len(stopped.changes) + 1
    resumed = epochs(
        train(
            new_model(method),
            tiny_data,
            settings,
            device=CPU,
            start=snapshot_of(stopped),
            changes=stopped.changes,
            poll=poll(at, first=4),
        )
    )
    assert_the_same_end(resumed[-1], uninterrupted[-1])
    forgotten = epochs(
        train(new_model(method), tiny_data, settings, device=CPU, start=snapshot_of(stopped))
    )
    assert not same(snapshot_of(forgotten[-1]).weights, snapshot_of(resumed[-1]).weights)


def test_a_factor_vaes_discriminator_learns_and_goes_on_learning(tiny_data: DataSet) -> None:
    settings = settings_of("factor-vae")
    ends = epochs(train(new_model("factor-vae"), tiny_data, settings, device=CPU))
    states = [
        {name: value for name, value in snapshot_of(end).resume.items() if DISCRIMINATOR in name}
        for end in ends
    ]
    first = states[0]
    assert {name.split(f".{DISCRIMINATOR}")[0] for name in first} == {
        "raw",
        "adam.step",
        "adam.exp_avg",
        "adam.exp_avg_sq",
    }
    for before, after in pairwise(states):
        assert not any(torch.equal(value, after[name]) for name, value in before.items())
    assert not any(name.startswith(DISCRIMINATOR) for name in snapshot_of(ends[0]).weights)


@pytest.mark.parametrize("method", METHODS)
def test_the_state_to_go_on_with_is_the_one_its_model_asks_for(
    method: MethodName, tiny_data: DataSet
) -> None:
    model = new_model(method)
    (end,) = epochs(train(model, tiny_data, replace(settings_of(method), epochs=1), device=CPU))
    state = snapshot_of(end).resume
    assert {name: tuple(value.shape) for name, value in state.items()} == resume_shapes(model)


@pytest.mark.parametrize("epoch_images", [0, 60, 75, 150, 1000])
def test_each_pass_visits_an_image_at_most_once(
    epoch_images: int, tiny_data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = calls_of("ae", monkeypatch)
    settings = replace(settings_of("ae", epoch_images), epochs=6)
    seen: list[list[list[float]]] = []
    for value in train(new_model("ae"), tiny_data, settings, device=CPU):
        if value.held_out is not None:
            x = torch.cat([call.batch.x for call in calls if call.training])
            seen.append(x.flatten(1).tolist())
            calls.clear()
    length = min(epoch_images or 150, 150)
    parts = 150 // length  # epochs of a pass over the data
    for start in range(0, 6, parts):
        of_pass = [row for part in seen[start : start + parts] for row in part]
        assert len(of_pass) == parts * length
        assert len({tuple(row) for row in of_pass}) == len(of_pass)
    assert seen[0] != seen[parts]  # the next pass has an order of its own
