"""Learning rate, KL weight and capacity by property: where they start, rise, and end."""

from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given

from models.methods import MethodSettings
from models.settings import Settings, capacity_at, kl_weight_at, learning_rate_at

STEPS = st.integers(1, 3000)


@given(st.integers(1, 50), st.integers(1, 60), st.floats(0.0, 60.0))
def test_linear_warm_up_rises_by_equal_steps_and_stays(
    epochs: int, steps_per_epoch: int, warmup: float
) -> None:
    settings, steps = Settings(warmup_epochs=warmup), epochs * steps_per_epoch
    weights = [kl_weight_at(settings, step, steps, steps_per_epoch) for step in range(steps)]
    assert all(0.0 < weight <= 1.0 for weight in weights)
    assert weights == sorted(weights)
    long = warmup * steps_per_epoch
    for step, weight in enumerate(weights):
        assert weight == pytest.approx(1.0 if step + 1 >= long else (step + 1) / long)


def test_no_warm_up_is_the_whole_kl_from_the_start() -> None:
    assert kl_weight_at(Settings(warmup_epochs=0.0), 0, 100, 10) == 1.0


@given(st.integers(1, 10), STEPS)
def test_cyclical_warm_up_begins_low_in_each_cycle_and_is_whole_in_its_second_half(
    cycles: int, steps: int
) -> None:
    """Fu et al. 2019, eq. 6, with R = 0.5; in whole numbers, where a rounded cycle would slip."""
    assume(steps >= 4 * cycles)
    settings = Settings(warmup_cycles=cycles)
    weights = [kl_weight_at(settings, step, steps, 7) for step in range(steps)]
    assert all(0.0 < weight <= 1.0 for weight in weights)
    lowest = 2.0 * cycles / steps
    starts = [step for step in range(steps) if step == 0 or weights[step] < weights[step - 1]]
    assert len(starts) == cycles
    assert starts == [-(-number * steps // cycles) for number in range(cycles)]
    assert all(weights[step] < 2 * lowest + 1e-12 for step in starts)
    for step, weight in enumerate(weights):
        into = step * cycles % steps  # the share of the cycle that is over, times `steps`
        if 2 * into >= steps:
            assert weight == 1.0
        if 2 * (into + cycles) <= steps:
            assert weight == pytest.approx(2 * (into + cycles) / steps)


def test_cycles_come_before_the_linear_warm_up() -> None:
    both = Settings(warmup_cycles=2, warmup_epochs=50.0)
    assert [kl_weight_at(both, step, 8, 1) for step in range(8)] == [0.5, 1.0, 1.0, 1.0] * 2


@given(STEPS, st.floats(0.0, 1000.0), st.floats(0.0, 1.0))
def test_the_capacity_rises_from_0_to_its_end_and_stays(
    steps: int, capacity: float, share: float
) -> None:
    settings = Settings(method=MethodSettings(capacity=capacity, capacity_share=share))
    values = [capacity_at(settings, step, steps) for step in range(steps + 1)]
    assert values == sorted(values)
    assert values[-1] == capacity
    assert values[0] == (0.0 if share * steps else capacity)
    for step, value in enumerate(values):
        if share and step >= share * steps:
            assert value == capacity
    halfway = capacity_at(settings, steps, 2 * steps)
    if share == 1.0:
        assert halfway == pytest.approx(capacity / 2)


@given(st.integers(40, 5000), st.floats(1e-6, 0.9))
def test_the_learning_rate_rises_a_hundred_steps_and_falls_to_nearly_nothing(
    steps: int, rate: float
) -> None:
    """Or a twentieth of the steps: a short training would else have little of the rate."""
    settings = Settings(learning_rate=rate)
    rates = [learning_rate_at(settings, step, steps) for step in range(steps)]
    rise = min(100, -(-steps // 20))
    assert all(0.0 < value <= rate for value in rates)
    assert rates[0] <= rate / (rise - 1 or 1)
    assert rates[:rise] == sorted(rates[:rise])
    assert rates[rise:] == sorted(rates[rise:], reverse=True)
    assert max(rates) > 0.97 * rate
    assert rates[-1] < 0.005 * rate


@given(st.floats(1e-6, 0.4), st.integers(0, 500))
def test_the_learning_rate_is_in_proportion_to_its_setting(rate: float, step: int) -> None:
    """So one that is changed during a training keeps the course of the schedule."""
    one, other = (Settings(learning_rate=value) for value in (rate, 2 * rate))
    assert learning_rate_at(other, step, 501) == pytest.approx(2 * learning_rate_at(one, step, 501))


@pytest.mark.parametrize(
    ("name", "value"), [("warmup_cycles", -1), ("epoch_images", -1), ("warmup_epochs", -0.5)]
)
def test_impossible_courses_are_refused(name: str, value: float) -> None:
    values: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match="negative"):
        replace(Settings(), **values)
