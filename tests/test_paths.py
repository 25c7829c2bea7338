"""Paths keep their ends, their norms and their speed, and stay finite where directions fail."""

from itertools import pairwise

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis.extra.numpy import arrays

from models.paths import PATH_KINDS, Floats, PathKind, path, there_and_back

NUMBERS = st.floats(-8.0, 8.0, width=32, allow_subnormal=False)
KINDS = st.sampled_from(PATH_KINDS)


def keyframes(count: st.SearchStrategy[int]) -> st.SearchStrategy[Floats]:
    """Some keyframes [M, K] of one size K."""
    shapes = st.tuples(count, st.integers(1, 6))
    return shapes.flatmap(lambda shape: arrays(np.float32, shape, elements=NUMBERS))


def angles(z: Floats) -> Floats:
    """Angles between latents that follow each other, in radians."""
    unit = z.astype(np.float64) / np.linalg.norm(z.astype(np.float64), axis=1, keepdims=True)
    cosines = (unit[1:] * unit[:-1]).sum(1)
    return np.asarray(np.arccos(np.clip(cosines, -1.0, 1.0)), np.float32)


@given(keyframes(st.integers(1, 5)), st.integers(1, 40), KINDS)
def test_a_path_is_finite_and_ends_exactly_where_it_should(
    ends: Floats, frames: int, kind: PathKind
) -> None:
    z = path(ends, frames, kind)
    assert z.shape == (frames, ends.shape[1])
    assert z.dtype == np.float32
    assert np.isfinite(z).all()
    np.testing.assert_array_equal(z[0], ends[0])
    if frames > 1:
        np.testing.assert_array_equal(z[-1], ends[-1])


@given(keyframes(st.integers(2, 5)), st.integers(1, 8), KINDS)
def test_a_path_passes_through_every_keyframe(ends: Floats, steps: int, kind: PathKind) -> None:
    z = path(ends, steps * (len(ends) - 1) + 1, kind)
    np.testing.assert_allclose(z[::steps], ends, atol=1e-5)


@given(keyframes(st.just(2)), st.integers(2, 30), KINDS)
def test_the_way_back_is_the_way_there(ends: Floats, frames: int, kind: PathKind) -> None:
    u, v = ends.astype(np.float64)
    # Opposite directions turn through a perpendicular one that is chosen from the first.
    norms = np.linalg.norm(u) * np.linalg.norm(v)
    assume(
        not norms or np.linalg.norm(u * np.linalg.norm(v) + v * np.linalg.norm(u)) > 0.01 * norms
    )
    there, back = path(ends, frames, kind), path(ends[::-1], frames, kind)
    np.testing.assert_allclose(there, back[::-1], atol=1e-4)


@given(keyframes(st.just(2)), st.integers(3, 30))
def test_a_linear_path_has_equal_steps(ends: Floats, frames: int) -> None:
    steps = np.diff(path(ends, frames, "linear"), axis=0)
    np.testing.assert_allclose(steps, np.broadcast_to(steps[0], steps.shape), atol=1e-5)


@given(arrays(np.float32, (2, 5), elements=NUMBERS), st.integers(3, 30))
def test_a_spherical_path_keeps_the_norm_and_turns_at_constant_speed(
    ends: Floats, frames: int
) -> None:
    norms = np.linalg.norm(ends, axis=1)
    assume(norms.min() > 0.1)
    ends = ends / norms[:, None] * 3.0
    z = path(ends, frames, "spherical")
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 3.0, rtol=1e-4)
    turned = angles(z)
    np.testing.assert_allclose(turned, angles(ends)[0] / (frames - 1), atol=2e-3)


@given(arrays(np.float32, (2, 5), elements=NUMBERS), st.integers(3, 30))
def test_a_spherical_path_interpolates_the_norm_apart(ends: Floats, frames: int) -> None:
    first, last = np.linalg.norm(ends, axis=1)
    assume(min(first, last) > 0.1)
    norms = np.linalg.norm(path(ends, frames, "spherical"), axis=1)
    np.testing.assert_allclose(norms, np.linspace(first, last, frames), atol=2e-3)


def test_a_linear_path_cuts_through_the_shell_and_a_spherical_one_does_not() -> None:
    ends = np.random.default_rng(0).standard_normal((2, 64)).astype(np.float32)
    linear, spherical = (np.linalg.norm(path(ends, 3, kind)[1]) for kind in PATH_KINDS)
    assert linear < 6.5
    assert spherical == pytest.approx(8.0, abs=1.0)


@pytest.mark.parametrize("size", [1, 2, 3, 64])
@pytest.mark.parametrize("kind", PATH_KINDS)
@pytest.mark.parametrize(
    ("start", "end"),
    [
        (1.0, -1.0),
        (1.0, -1.0 - 1e-7),
        (0.0, 1.0),
        (1.0, 0.0),
        (0.0, 0.0),
        (1.0, 1.0),
        (1e-9, -1e-9),
    ],
    ids=["opposite", "nearly", "from zero", "to zero", "zero", "same", "tiny"],
)
def test_directions_that_fail_leave_a_finite_path(
    start: float, end: float, kind: PathKind, size: int
) -> None:
    ends = np.outer([start, end], np.arange(1, size + 1)).astype(np.float32)
    z = path(ends, 25, kind)
    assert np.isfinite(z).all()
    assert np.linalg.norm(z, axis=1).max() <= np.linalg.norm(ends, axis=1).max() * 1.001 + 1e-12
    np.testing.assert_array_equal(z[[0, -1]], ends)
    steps = np.linalg.norm(np.diff(z, axis=0), axis=1)
    assert steps.max() <= 0.15 * np.linalg.norm(ends, axis=1).max() + 1e-12  # no jump


@pytest.mark.parametrize("kind", PATH_KINDS)
def test_nothing_moves_between_two_equal_keyframes(kind: PathKind) -> None:
    ends = np.random.default_rng(0).standard_normal((1, 10)).astype(np.float32).repeat(2, 0)
    np.testing.assert_allclose(path(ends, 9, kind), ends[:1].repeat(9, 0), rtol=1e-6)


def test_opposite_latents_turn_half_round_without_losing_norm() -> None:
    z = path(np.array([[2.0, 0.0, 0.0], [-2.0, 0.0, 0.0]], np.float32), 9, "spherical")
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 2.0, rtol=1e-6)
    np.testing.assert_allclose(angles(z), np.pi / 8, rtol=1e-4)


@pytest.mark.parametrize("kind", PATH_KINDS)
def test_one_keyframe_stands_still(kind: PathKind) -> None:
    z = path(np.array([[1.0, 2.0]], np.float32), 4, kind)
    np.testing.assert_array_equal(z, [[1.0, 2.0]] * 4)


@pytest.mark.parametrize(
    ("ends", "frames"),
    [(np.zeros((0, 2)), 5), (np.zeros((2, 2)), 0), (np.zeros(2), 5)],
    ids=["no keyframe", "no frame", "one latent, not a list"],
)
def test_a_path_of_nothing_is_refused(ends: Floats, frames: int) -> None:
    with pytest.raises(ValueError, match="keyframe"):
        path(ends, frames)


@given(st.integers(1, 50))
def test_there_and_back_shows_each_end_once(count: int) -> None:
    order = there_and_back(count)
    assert len(order) == max(count, 2 * count - 2)
    assert set(order) == set(range(count))
    looped = [*order, order[0]]
    assert all(abs(here - there) == 1 for here, there in pairwise(looped)) or count == 1
