"""Settings changed while a training runs: which, when it counts, and what is kept of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from models.data import DataSet
from models.methods import METHODS, SETTINGS, MethodName, MethodSettings, settings_names
from models.settings import Change, Settings, changed
from models.training import Progress, train
from tests.small_models import calls_of, small_model, usual

CPU = torch.device("cpu")
FAST = Settings(epochs=3, batch_size=25, learning_rate=5e-3, seed=1, report_seconds=0.0)
STEPS = 6  # an epoch: 150 images


@pytest.mark.parametrize("method", get_args(MethodName))
@pytest.mark.parametrize("name", SETTINGS)
def test_only_live_settings_of_the_method_can_be_changed(method: MethodName, name: str) -> None:
    known, default = SETTINGS[name], getattr(MethodSettings(), name)
    possible = (value for value in (2.0, 3.0, 0.3) if not known.problem(value))
    value = next((value for value in possible if value != default), 0.0)
    if name in settings_names(method) and SETTINGS[name].live:
        told = changed(FAST, method, name, value)
        assert getattr(told.method, name) == value
        assert replace(told, method=FAST.method) == FAST  # and nothing else
    else:
        with pytest.raises(ValueError, match=f"{name} cannot be changed while {method} trains"):
            changed(FAST, method, name, value)


@pytest.mark.parametrize("name", ["epochs", "batch_size", "seed", "method", "colour", ""])
def test_what_is_no_setting_of_the_method_cannot_be_changed(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be changed"):
        changed(FAST, "beta-vae", name, 1.0)


@given(st.floats(0.0, 1000.0))
def test_a_change_is_of_a_copy(beta: float) -> None:
    settings = replace(FAST, method=usual("beta-vae"))
    assert changed(settings, "beta-vae", "beta", beta).method.beta == beta
    assert settings.method.beta == 4.0


@pytest.mark.parametrize("method", METHODS)
def test_the_learning_rate_can_always_be_changed(method: MethodName) -> None:
    assert changed(FAST, method, "learning_rate", 0.01) == replace(FAST, learning_rate=0.01)
    for wrong in (0.0, 1.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="learning rate"):
            changed(FAST, method, "learning_rate", wrong)


@pytest.mark.parametrize(
    ("method", "name", "value"),
    [
        ("beta-vae", "beta", 1000.5),
        ("beta-vae", "beta", float("nan")),
        ("iwae", "samples", 2.5),
        ("iwae", "samples", 0.0),
        ("vae", "free_bits", -1.0),
        ("dae", "corruption_level", 1.5),
    ],
)
def test_a_change_out_of_range_is_refused(method: str, name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{SETTINGS[name].option} must be .*from"):
        changed(FAST, method, name, value)


def test_a_whole_number_stays_one() -> None:
    """Panels and pipes speak in floats."""
    samples = changed(FAST, "iwae", "samples", 7.0).method.samples
    assert samples == 7
    assert isinstance(samples, int)


class Poll:
    """Says what to change before each step, counted from 0."""

    def __init__(self, at: Mapping[int, Mapping[str, float]]) -> None:
        self.at, self.asked = at, 0

    def __call__(self) -> Mapping[str, float]:
        self.asked += 1
        return self.at.get(self.asked - 1, {})


def run(
    method: MethodName, data: DataSet, poll: Poll, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[Progress], list[MethodSettings]]:
    """The progress of a training, and what the objective was told in each of its steps."""
    calls = calls_of(method, monkeypatch)
    settings = replace(FAST, method=usual(method))
    values = list(train(small_model(method).float(), data, settings, device=CPU, poll=poll))
    return values, [call.settings for call in calls if call.training]


def test_a_change_counts_from_the_step_it_is_made_before(
    tiny_data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    poll = Poll({4: {"beta": 9.0}, 15: {"beta": 0.5, "free_bits": 0.1}})
    values, told = run("beta-vae", tiny_data, poll, monkeypatch)
    assert poll.asked == len(told) == 3 * STEPS
    assert [known.beta for known in told] == [4.0] * 4 + [9.0] * 11 + [0.5] * 3
    assert [known.free_bits for known in told] == [0.0] * 15 + [0.1] * 3
    first = Change(4 / STEPS, "beta", 9.0)
    both = (Change(15 / STEPS, "beta", 0.5), Change(15 / STEPS, "free_bits", 0.1))
    for value in values:
        done = value.step
        expected = ((first,) if done > 4 else ()) + (both if done > 15 else ())
        assert value.changes == expected


def test_a_training_without_changes_has_none(
    tiny_data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    values, _ = run("vae", tiny_data, Poll({}), monkeypatch)
    assert {value.changes for value in values} == {()}


def test_the_learning_rate_is_changed_on_its_course(
    tiny_data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[float] = []
    step = torch.optim.AdamW.step

    def spy(self: torch.optim.AdamW, closure: None = None) -> None:
        rates.append(self.param_groups[0]["lr"])
        step(self)

    monkeypatch.setattr(torch.optim.AdamW, "step", spy)
    run("ae", tiny_data, Poll({}), monkeypatch)
    plain, rates[:] = rates.copy(), []
    run("ae", tiny_data, Poll({7: {"learning_rate": FAST.learning_rate / 4}}), monkeypatch)
    assert rates == pytest.approx(plain[:7] + [rate / 4 for rate in plain[7:]])


def test_a_change_that_cannot_be_stops_and_keeps_the_last_good_weights(
    tiny_data: DataSet,
) -> None:
    model = small_model().float()
    ends: list[Progress] = []
    running = train(model, tiny_data, FAST, device=CPU, poll=Poll({8: {"gamma": 1.0}}))
    with pytest.raises(ValueError, match="gamma cannot be changed while vae trains"):
        ends.extend(value for value in running if value.snapshot)
    assert len(ends) == 1
    assert ends[0].snapshot is not None
    for name, value in model.named_parameters():
        assert torch.equal(value, ends[0].snapshot.weights[name])
