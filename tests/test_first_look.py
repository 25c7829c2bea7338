"""What a model shows when it is opened: handles on its data, far from one another."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from explorer.first_look import first_arrangement, first_axes
from explorer.rendering import ModelInfo
from models.points import Points
from tests.fakes import info


def with_points(size: int, labels: bool, count: int = 60, **changes: Any) -> ModelInfo:
    random = np.random.default_rng(0)
    label = np.arange(count) % 4
    mean = random.normal(size=(count, size)).astype(np.float32) * 0.2
    mean[:, 0] += label * 3
    points = Points(mean, np.full_like(mean, -2), label.astype(np.int64) if labels else None)
    return replace(info(size), points=points, **changes)


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize("size", [1, 2, 7])
def test_three_handles_stand_on_the_data_apart(size: int, labels: bool) -> None:
    model = with_points(size, labels)
    handles = first_arrangement(model).handles
    assert [handle.name for handle in handles] == ["A", "B", "C"]
    assert model.points is not None
    for handle in handles:
        assert np.abs(model.points.mean - handle.z).sum(1).min() < 1e-5
    gaps = [np.linalg.norm(a.z - b.z) for a in handles for b in handles if a is not b]
    assert min(gaps) > 0.3


def test_they_stand_apart_where_classes_lie_on_one_another() -> None:
    """As the shapes of sprites do, whose dimensions tell of place and size."""
    mean = np.random.default_rng(1).normal(size=(900, 3)).astype(np.float32)
    points = Points(mean, np.full_like(mean, -2), np.arange(900) % 3)
    handles = first_arrangement(replace(info(3), points=points)).handles
    gaps = [np.linalg.norm((a.z - b.z)[:2]) for a in handles for b in handles if a is not b]
    assert min(gaps) > 1.0


@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize("size", [1, 2, 7])
def test_without_data_they_stand_apart_too(size: int, count: int) -> None:
    for model in (info(size), with_points(size, True, count)):
        handles = first_arrangement(model).handles
        assert len({tuple(handle.z) for handle in handles}) == 3
        assert all(np.isfinite(handle.z).all() and len(handle.z) == size for handle in handles)


def test_a_conditional_model_has_the_class_of_its_data() -> None:
    model = with_points(3, True, conditional=True, class_names=tuple("abcd"))
    assert model.points is not None
    assert model.points.label is not None
    for handle in first_arrangement(model).handles:
        row = np.abs(model.points.mean - handle.z).sum(1).argmin()
        assert handle.label == model.points.label[row]
    assert all(handle.label is None for handle in first_arrangement(with_points(3, True)).handles)


def test_the_axes_are_those_that_carry_most() -> None:
    kl = np.array([0.1, 5, 0, 3, 0.2], np.float32)
    assert first_axes(replace(info(5), kl=kl)) == (1, 3)
    assert first_axes(info(5)) == (0, 1)
    assert first_axes(info(1)) == (0, 0)


def test_equal_points_are_no_trouble() -> None:
    points = Points(np.zeros((50, 2), np.float32), np.zeros((50, 2), np.float32))
    assert len(first_arrangement(replace(info(2), points=points)).handles) == 3


def test_without_a_kl_the_axes_are_those_along_which_the_data_spreads_most() -> None:
    deviation = np.array([0.1, 3.0, 0.2, 5.0], np.float32)
    model = replace(info(4), kl=np.zeros(4, np.float32), deviation=deviation)
    assert first_axes(model) == (1, 3)
    assert first_axes(replace(model, deviation=None)) == (0, 1)


def test_of_very_many_points_some_tell_where_the_classes_are() -> None:
    few, many = with_points(3, True, 200), with_points(3, True, 50_000)
    middles = [3.0 * label for label in range(4)]
    for model in (few, many):
        for handle in first_arrangement(model).handles:
            assert min(abs(float(handle.z[0]) - middle) for middle in middles) < 0.3
