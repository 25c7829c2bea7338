"""Planes project what they lift, and a move inside one leaves what lies off it alone."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from models.planes import Floats, Plane, axis_plane

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
