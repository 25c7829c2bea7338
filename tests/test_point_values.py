"""Colours of points: told apart by all eyes, and in the order of the values they stand for."""

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from explorer import theme
from explorer.painting import class_colour_rows
from explorer.point_values import colour_rows, range_of, sampled, value_colours, values_of
from models.points import Points

Doubles = npt.NDArray[np.float64]

# What eyes without red cones, without green cones, and others see of linear RGB
# (Machado, Oliveira and Fernandes 2009, table 1, severity 1).
SIGHTS = {
    "others": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
RGB_TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)
WHITE = np.array([0.9505, 1.0, 1.089])
APART = 18.0  # CIELAB units; neighbouring shades of a chart are about 2 apart


def lab(rgb: npt.NDArray[np.uint8], sight: Doubles) -> Doubles:
    """CIELAB [N, 3] of sRGB bytes [N, 3] as somebody sees them."""
    share = rgb / 255.0
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = np.clip(linear @ sight.T, 0, 1) @ RGB_TO_XYZ.T / WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = f.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def as_bytes(*colours: str) -> npt.NDArray[np.uint8]:
    return np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours], np.uint8)


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("ground", [theme.DARK.map, theme.LIGHT.map])
def test_classes_are_told_apart_from_each_other_and_the_ground(sight: str, ground: str) -> None:
    seen = lab(as_bytes(*theme.CLASS_COLOURS, ground), SIGHTS[sight])
    gaps = {
        pair: float(np.linalg.norm(seen[pair[0]] - seen[pair[1]]))
        for pair in combinations(range(len(seen)), 2)
    }
    assert min(gaps.values()) > APART, min(gaps, key=lambda pair: gaps[pair])


def test_twenty_classes_have_a_colour_each() -> None:
    assert len({theme.class_colour(label).name() for label in range(20)}) == 20


def test_no_handle_has_the_colour_of_a_class() -> None:
    seen = lab(as_bytes(*theme.CLASS_COLOURS, *theme.HANDLE_COLOURS), SIGHTS["others"])
    classes, handles = np.split(seen, [len(theme.CLASS_COLOURS)])
    assert (
        np.linalg.norm(classes[:, None] - handles[None], axis=2).min() > 6
    )  # and they are larger, ringed and lettered


@pytest.mark.parametrize("sight", SIGHTS)
def test_a_higher_value_is_lighter_to_all_eyes(sight: str) -> None:
    lightness = lab(value_colours(), SIGHTS[sight])[::8, 0]
    assert (np.diff(lightness) > 0).all()


def points(count: int = 500) -> Points:
    mean, log_variance = np.random.default_rng(1).normal(size=(2, count, 3)).astype(np.float32)
    return Points(mean, log_variance, np.arange(count) % 10)


def test_points_can_be_coloured_by_class_dimension_kl_and_what_was_measured() -> None:
    data = points()
    measured = {"elbo": np.linspace(-9, 0, len(data), dtype=np.float32)}
    assert values_of(data, "class") is None
    np.testing.assert_array_equal(colour_rows(data, None), class_colour_rows(data.label, 500))
    wanted = {"z1": data.mean[:, 1], "kl": data.kl(), "elbo": measured["elbo"]}
    for name, values in wanted.items():
        found = values_of(data, name, measured)
        assert found is not None
        np.testing.assert_array_equal(found, values)
    for name in ("z3", "z", "reconstruction", "z-1"):
        assert values_of(data, name, measured) is None
    assert values_of(points(400), "elbo", measured) is None  # of other points


def test_the_ends_of_the_range_have_the_ends_of_the_colours() -> None:
    data, values = points(), np.linspace(0, 1, 500, dtype=np.float32)
    rows, ends = colour_rows(data, values), value_colours()
    np.testing.assert_array_equal(rows[[0, -1]], ends[[0, -1]])
    middle = np.abs(rows[250].astype(int) - ends[128].astype(int))
    assert middle.max() <= 3
    span = range_of(values)
    assert (span.low, span.high) == pytest.approx((0.01, 0.99), abs=1e-3)


def test_what_is_no_number_has_a_colour_of_its_own_and_spoils_no_range() -> None:
    data, values = points(), np.linspace(0, 1, 500, dtype=np.float32)
    values[:3] = [np.nan, np.inf, -np.inf]
    rows = colour_rows(data, values)
    assert (rows[:3] == as_bytes(theme.UNLABELLED_COLOUR)).all()
    assert range_of(values).high < 1
    assert range_of(np.full(3, np.nan, np.float32)).low == 0
    assert (colour_rows(data, np.full(500, 2, np.float32)) == value_colours()[0]).all()


def test_the_range_of_some_of_very_many_points_is_that_of_all() -> None:
    data = points(250_000)
    part, every = sampled(data)
    assert len(part) < len(data)
    assert range_of(data.mean[:, 0]) == range_of(part.mean[:, 0])
    assert range_of(data.kl()) == range_of(part.kl())
    assert every > 1
