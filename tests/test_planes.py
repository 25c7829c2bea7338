"""Planes project what they lift, a move leaves what lies off them, each is what it says."""

from collections.abc import Callable

import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from models import planes
from models.planes import (
    Floats,
    Plane,
    axis_plane,
    class_plane,
    handle_plane,
    is_plane,
    principal_directions,
    principal_plane,
    random_plane,
)

NUMBERS = st.floats(-10.0, 10.0, width=32, allow_subnormal=False)
COORDINATES = arrays(np.float32, (7, 2), elements=NUMBERS)
CLOSE = 1e-4


def any_plane(latent_size: int, seed: int) -> Plane:
    """A plane in a random direction that does not pass through 0."""
    random = np.random.default_rng(seed)
    basis = np.linalg.qr(random.standard_normal((latent_size, 2)))[0].T
    origin = random.standard_normal(latent_size)
    return Plane(origin.astype(np.float32), basis.astype(np.float32), "tilted")


PLANES = st.builds(any_plane, st.integers(2, 16), st.integers(0, 1000)) | st.integers(2, 16).map(
    axis_plane
)
SEEDS = st.integers(0, 1000)


def latents(plane: Plane, seed: int) -> Floats:
    shape = (7, len(plane.origin))
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@given(PLANES, COORDINATES)
def test_what_is_lifted_projects_back(plane: Plane, coordinates: Floats) -> None:
    z = plane.lift(coordinates)
    assert z.shape == (7, len(plane.origin))
    assert z.dtype == np.float32
    np.testing.assert_allclose(plane.project(z), coordinates, atol=CLOSE)
    np.testing.assert_allclose(plane.residual(z), 0.0, atol=CLOSE)


@given(PLANES, SEEDS)
def test_a_latent_is_its_projection_and_its_residual(plane: Plane, seed: int) -> None:
    z = latents(plane, seed)
    np.testing.assert_allclose(plane.lift(plane.project(z)) + plane.residual(z), z, atol=CLOSE)
    np.testing.assert_allclose(plane.residual(z) @ plane.basis.T, 0.0, atol=CLOSE)


@given(PLANES, SEEDS, COORDINATES)
def test_a_move_keeps_what_lies_off_the_plane(plane: Plane, seed: int, deltas: Floats) -> None:
    z = latents(plane, seed)
    moved = plane.move(z, deltas)
    assert moved.dtype == np.float32
    np.testing.assert_allclose(plane.project(moved), plane.project(z) + deltas, atol=CLOSE)
    np.testing.assert_allclose(plane.residual(moved), plane.residual(z), atol=CLOSE)


@given(PLANES, SEEDS)
def test_the_plane_through_a_latent_is_parallel_and_holds_it(plane: Plane, seed: int) -> None:
    z = latents(plane, seed)[0]
    through = plane.through(z)
    np.testing.assert_array_equal(through.basis, plane.basis)
    np.testing.assert_allclose(through.residual(z), 0.0, atol=CLOSE)
    np.testing.assert_allclose(through.project(z), plane.project(z), atol=CLOSE)


@pytest.mark.parametrize(("i", "j"), [(0, 1), (3, 1), (4, 0)])
def test_an_axis_plane_shows_two_dimensions_and_keeps_the_others(i: int, j: int) -> None:
    plane = axis_plane(5, i, j)
    z = np.array([10.0, 11.0, 12.0, 13.0, 14.0], np.float32)
    np.testing.assert_array_equal(plane.project(z), z[[i, j]])
    moved = plane.move(z, np.array([0.5, -0.25], np.float32))
    change = np.zeros(5)
    change[i], change[j] = 0.5, -0.25
    np.testing.assert_array_equal(moved - z, change)


def test_one_dimension_is_a_line_whose_height_means_nothing() -> None:
    line = axis_plane(1)
    np.testing.assert_array_equal(line.project(np.array([1.5], np.float32)), [1.5, 0.0])
    np.testing.assert_array_equal(line.lift(np.array([1.5, 9.0], np.float32)), [1.5])
    moved = line.move(np.array([1.0], np.float32), np.array([0.5, 9.0], np.float32))
    np.testing.assert_array_equal(moved, [1.5])


@pytest.mark.parametrize(("i", "j"), [(0, 0), (0, 3), (-1, 0), (3, 1)])
def test_a_dimension_that_does_not_exist_is_refused(i: int, j: int) -> None:
    with pytest.raises(ValueError, match="no plane"):
        axis_plane(3, i, j)


# -- planes laid through data and handles ---------------------------------------------------

SIZES = st.integers(2, 24)
ABC = ("A", "B", "C")


def directions(size: int, seed: int) -> Floats:
    """Orthonormal rows [K, K] at random."""
    random = np.random.default_rng(seed)
    return np.linalg.qr(random.standard_normal((size, size)))[0].T.astype(np.float32)


def cloud(size: int, seed: int, count: int = 400) -> Floats:
    """Data [N, K], away from 0, that varies most along the first of `directions`."""
    random = np.random.default_rng(seed + 1)
    scales = 3.0 * 0.6 ** np.arange(size)
    rows = (random.standard_normal((count, size)) * scales) @ directions(size, seed)
    return (rows + 5.0 * random.standard_normal(size)).astype(np.float32)


def classes(means: Floats, rows: Floats, widest: int = 2) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Classes at `means` [C, K], each of the same spread: most along one of the `rows` [K, K]."""
    scales = np.full(len(rows), 0.1, np.float32)
    scales[widest] = 4.0
    spread = np.concatenate([rows * scales[:, None], -rows * scales[:, None]])
    label = np.repeat(np.arange(len(means)), len(spread))
    return np.tile(spread, (len(means), 1)) + means[label], label


def check(plane: Plane) -> None:
    """What holds for every plane."""
    np.testing.assert_allclose(plane.basis @ plane.basis.T, np.eye(2), atol=1e-5)
    np.testing.assert_allclose(plane.basis @ plane.origin, 0.0, atol=1e-4)
    assert plane.basis.dtype == plane.origin.dtype == np.float32
    assert is_plane(plane.origin, plane.basis)
    assert plane.name
    assert plane.across
    assert plane.up
    zero = plane.project(np.zeros_like(plane.origin))
    np.testing.assert_allclose(zero, 0.0, atol=1e-4)  # where the prior's circles are drawn


def within(plane: Plane, direction: Floats) -> float:
    """How much of a unit direction [K] lies in the plane: 1 for all of it."""
    return float(np.linalg.norm(plane.basis @ direction))


@given(SIZES, SEEDS)
def test_principal_directions_are_orthonormal_and_their_shares_are_all(
    size: int, seed: int
) -> None:
    rows, shares = principal_directions(cloud(size, seed))
    np.testing.assert_allclose(rows @ rows.T, np.eye(size), atol=1e-9)
    assert shares.sum() == pytest.approx(1.0)
    assert (shares >= 0).all()
    assert (np.diff(shares) <= 1e-12).all()


@given(SIZES, SEEDS)
def test_the_principal_plane_shows_more_variance_than_any_other(size: int, seed: int) -> None:
    z = cloud(size, seed)
    plane = principal_plane(z)
    check(plane)
    assert plane.kind == "principal"
    seen = plane.project(z).var(0)
    shares = principal_directions(z)[1]
    np.testing.assert_allclose(seen / z.var(0).sum(), shares[:2], rtol=1e-3, atol=1e-5)
    other = random_plane(z.mean(0), np.random.default_rng(seed)).project(z).var(0)
    assert seen.sum() >= other.sum() * (1 - 1e-4)
    np.testing.assert_allclose(plane.residual(z.mean(0)), 0.0, atol=1e-3)


def test_the_principal_plane_says_its_shares() -> None:
    corners = np.array([[2, 0, 0], [-2, 0, 0], [0, 1, 0], [0, -1, 0]], np.float32)
    plane = principal_plane(corners)
    assert plane.name == "PC 80 % × 20 %"
    assert plane.across == "PC 1, 80 % of the variance"
    assert plane.up == "PC 2, 20 % of the variance"
    np.testing.assert_allclose(plane.basis, [[1, 0, 0], [0, 1, 0]], atol=1e-6)


@given(SIZES, SEEDS)
def test_the_plane_through_three_points_holds_them(size: int, seed: int) -> None:
    z = (3 * np.random.default_rng(seed).standard_normal((3, size))).astype(np.float32)
    try:
        plane = handle_plane(z, ABC)
    except ValueError:
        sides = z[1:] - z[0]
        assert np.linalg.svd(sides)[1].min() < 0.1  # nearly on one line, by chance
        return
    check(plane)
    np.testing.assert_allclose(plane.bring(z), z, atol=1e-4)
    xy = plane.project(z)
    assert xy[1, 0] > xy[0, 0]  # from A to B runs across
    assert xy[1, 1] == pytest.approx(xy[0, 1], abs=1e-4)
    assert xy[2, 1] > xy[0, 1]  # and C is up
    flat = np.linalg.norm(xy[:, None] - xy, axis=-1)
    np.testing.assert_allclose(flat, np.linalg.norm(z[:, None] - z, axis=-1), atol=1e-3)


@given(SIZES, SEEDS, st.floats(-3, 3), st.floats(0, 1e4))
def test_points_on_one_line_hold_no_plane(size: int, seed: int, along: float, far: float) -> None:
    start, step = np.random.default_rng(seed).standard_normal((2, size)) + far
    z = np.stack([start, start + step, start + along * step]).astype(np.float32)
    with pytest.raises(ValueError, match="A, B and C lie on one line"):
        handle_plane(z, ABC)


@pytest.mark.parametrize("same", [(0, 1), (0, 2), (1, 2)])
def test_two_points_on_one_spot_hold_no_plane(same: tuple[int, int]) -> None:
    z = np.eye(3, dtype=np.float32)
    z[same[1]] = z[same[0]]
    with pytest.raises(ValueError, match="on one line"):
        handle_plane(z, ABC)


@given(st.integers(3, 24), SEEDS, st.integers(3, 8))
def test_classes_are_separated_by_the_directions_they_differ_in(
    size: int, seed: int, count: int
) -> None:
    rows = directions(size, seed)
    angles = 2 * np.pi * np.arange(count) / count
    means = 2 * np.outer(np.cos(angles), rows[0]) + np.outer(np.sin(angles), rows[1])
    plane = class_plane(*classes(means.astype(np.float32), rows))
    check(plane)
    assert plane.kind == "classes"
    assert within(plane, rows[0]) == pytest.approx(1.0, abs=1e-4)
    assert within(plane, rows[1]) == pytest.approx(1.0, abs=1e-4)
    assert within(plane, rows[2]) < 1e-3  # where the data varies most
    assert f"{count} classes" in plane.across
    assert "LDA 2" in plane.up


@given(st.integers(2, 24), SEEDS)
def test_two_classes_show_what_separates_them_and_what_varies_most_beside_it(
    size: int, seed: int
) -> None:
    rows = directions(size, seed)
    plane = class_plane(*classes(np.stack([-rows[0], rows[0]]), rows, widest=1))
    check(plane)
    assert abs(float(plane.basis[0] @ rows[0])) == pytest.approx(1.0, abs=1e-4)
    assert abs(float(plane.basis[1] @ rows[1])) == pytest.approx(1.0, abs=1e-4)
    assert "principal direction" in plane.up


def test_means_on_one_line_have_one_direction_that_separates_them() -> None:
    rows = np.eye(4, dtype=np.float32)
    means = 4.0 * np.arange(3, dtype=np.float32)[:, None] * rows[0]
    plane = class_plane(*classes(means, rows))
    check(plane)
    assert abs(float(plane.basis[0] @ rows[0])) == pytest.approx(1.0, abs=1e-4)
    assert abs(float(plane.basis[1] @ rows[2])) == pytest.approx(1.0, abs=1e-4)
    assert plane.across == "LDA, the one direction that separates the 3 classes"


def test_points_of_no_class_and_points_nowhere_are_passed_over() -> None:
    rows = directions(5, 0)
    z, label = classes(rows[:3], rows)
    spoilt = np.concatenate([z, 1e3 * rows[3:], np.full((1, 5), np.nan, np.float32)])
    labels = np.concatenate([label, [-1, -1, 0]])
    np.testing.assert_allclose(
        class_plane(spoilt, labels).basis, class_plane(z, label).basis, atol=1e-5
    )
    check(principal_plane(spoilt))


def test_classes_without_any_spread_are_separated_too() -> None:
    means = 3 * np.eye(4, dtype=np.float32)[:3]
    plane = class_plane(np.repeat(means, 5, axis=0), np.repeat(np.arange(3), 5))
    check(plane)
    np.testing.assert_allclose(plane.bring(means), means, atol=1e-4)


@given(SIZES, SEEDS)
def test_a_random_plane_holds_the_middle_and_another_is_another(size: int, seed: int) -> None:
    random, centre = np.random.default_rng(seed), cloud(size, seed)[0]
    plane, other = random_plane(centre, random), random_plane(centre, random)
    check(plane)
    np.testing.assert_allclose(plane.bring(centre), centre, atol=1e-3)
    assert not np.allclose(plane.basis, other.basis)


SPOT = np.ones((9, 3), np.float32)
SAME_MEAN = np.concatenate([np.eye(3), -np.eye(3)]).astype(np.float32)
DEGENERATE: dict[str, tuple[Callable[[], Plane], str]] = {
    "two points": (lambda: principal_plane(SPOT[:2]), "at least three points"),
    "one spot": (lambda: principal_plane(SPOT), "on one spot"),
    "one dimension": (lambda: principal_plane(SPOT[:, :1]), "no plane"),
    "two handles": (lambda: handle_plane(SPOT[:2], ABC[:2]), "three of them"),
    "handles of one dimension": (lambda: handle_plane(SPOT[:3, :1], ABC), "no plane"),
    "one class": (lambda: class_plane(SPOT, np.zeros(9, np.int64)), "two classes"),
    "no class": (lambda: class_plane(SPOT, np.full(9, -1)), "two classes"),
    "classes on one spot": (lambda: class_plane(SPOT, np.arange(9) % 3), "same mean"),
    "one mean": (lambda: class_plane(SAME_MEAN, np.arange(6) % 3), "same mean"),
    "random on a line": (
        lambda: random_plane(np.zeros(1, np.float32), np.random.default_rng(0)),
        "no plane",
    ),
}


@pytest.mark.parametrize("case", DEGENERATE)
def test_what_holds_no_plane_says_why(case: str) -> None:
    make, why = DEGENERATE[case]
    with pytest.raises(ValueError, match=why):
        make()


def test_of_very_much_data_a_part_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    z = cloud(4, 0, 20_000)
    whole = principal_plane(z)
    monkeypatch.setattr(planes, "_MOST_NUMBERS", 16_000)
    part = principal_plane(z)
    np.testing.assert_allclose(part.basis, whole.basis, atol=0.1)
    check(part)


@given(PLANES, SEEDS)
def test_bringing_takes_away_what_lies_off_and_nothing_else(plane: Plane, seed: int) -> None:
    z = latents(plane, seed)
    brought = plane.bring(z)
    np.testing.assert_allclose(plane.residual(brought), 0.0, atol=CLOSE)
    np.testing.assert_allclose(plane.project(brought), plane.project(z), atol=CLOSE)


@given(PLANES, SEEDS)
def test_an_ellipse_is_the_marginal_in_the_plane(plane: Plane, seed: int) -> None:
    stddev = np.abs(latents(plane, seed)[0]) + 0.01
    longer, shorter, angle = plane.ellipse(stddev)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    covariance = turn @ np.diag(np.square([longer, shorter])) @ turn.T
    wanted = plane.basis @ np.diag(np.square(stddev)) @ plane.basis.T
    np.testing.assert_allclose(covariance, wanted, atol=1e-3)
    assert longer >= shorter >= 0


@pytest.mark.parametrize("spoil", ["stretched", "skewed", "shifted", "endless", "not a number"])
def test_what_is_no_plane_is_told_from_one(spoil: str) -> None:
    plane = any_plane(5, 0)
    basis = plane.basis.copy()
    origin: Floats = -plane.residual(np.zeros(5, np.float32))
    assert is_plane(origin, basis)
    if spoil == "shifted":
        origin = origin + basis[0]
    elif spoil == "skewed":
        basis[1] = basis[0]
    else:
        basis[1] *= {"stretched": 1.01, "endless": 3e38, "not a number": np.nan}[spoil]
    assert not is_plane(origin, basis)
