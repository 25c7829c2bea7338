"""Density of the aggregate posterior: against closed forms and a plain sum of Gaussians."""

from dataclasses import replace
from math import pi

import numpy as np
import pytest

from models import density as density_module
from models.contours import contours
from models.density import (
    HOLE_RATIO,
    LINE_MASSES,
    MASSES,
    Grid,
    box_of,
    density,
    kernels_in,
    lack,
    levels,
    log_prior,
    posteriors_in,
    widened,
)
from models.planes import axis_plane, random_plane
from models.points import Points

WIDE = Grid(-8, -7, 8, 7, 160, 140)


def points(count: int = 40, size: int = 4, seed: int = 0) -> Points:
    random = np.random.default_rng(seed)
    mean = random.standard_normal((count, size)).astype(np.float32)
    return Points(mean, random.uniform(-3, -0.5, (count, size)).astype(np.float32))


PLANES = {
    "axes": axis_plane(4, 1, 3),
    "oblique": random_plane(np.full(4, 0.3, np.float32), np.random.default_rng(1)),
}


def brute_force(plane_name: str, data: Points, grid: Grid) -> np.ndarray:
    """A Gaussian after another, each with its own inverse."""
    plane = PLANES[plane_name]
    basis = plane.basis.astype(float)
    x, y = np.meshgrid(*grid.centres)
    places = np.stack([x, y], -1)
    total = np.zeros(x.shape)
    for mean, log_variance in zip(data.mean, data.log_variance, strict=True):
        covariance = basis @ np.diag(np.exp(log_variance.astype(float))) @ basis.T
        covariance += np.diag(np.square(grid.cell)) / 4
        off = places - (mean.astype(float) - plane.origin) @ basis.T
        square = np.einsum("hwi,ij,hwj->hw", off, np.linalg.inv(covariance), off)
        total += np.exp(-square / 2) / (2 * pi * np.sqrt(np.linalg.det(covariance)))
    return total / len(data)


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("grid", [WIDE, Grid(0.2, -0.4, 0.9, 0.1, 30, 20)], ids=["all", "near"])
def test_it_is_the_plain_sum_of_gaussians(plane: str, grid: Grid) -> None:
    found = density(posteriors_in(PLANES[plane], points()), grid)
    wanted = brute_force(plane, points(), grid)
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-5 * wanted.max())


@pytest.mark.parametrize("plane", PLANES)
def test_it_integrates_to_one(plane: str) -> None:
    width, height = WIDE.cell
    total = density(posteriors_in(PLANES[plane], points()), WIDE).sum() * width * height
    assert total == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("plane", PLANES)
def test_posteriors_that_are_points_do_not_slip_through_the_grid(plane: str) -> None:
    sharp = replace(points(), log_variance=np.full((40, 4), -40.0, np.float32))
    width, height = WIDE.cell
    total = density(posteriors_in(PLANES[plane], sharp), WIDE).sum() * width * height
    assert total == pytest.approx(1.0, abs=0.03)


def test_one_posterior_is_its_closed_form() -> None:
    one = Points(np.zeros((1, 2), np.float32), np.log(np.array([[0.25, 4.0]], np.float32)))
    grid = Grid(-0.01, -0.01, 0.01, 0.01, 3, 3)
    found = density(posteriors_in(axis_plane(2), one), grid)[1, 1]
    assert found == pytest.approx(1 / (2 * pi * 0.5 * 2.0), rel=1e-3)


def test_very_many_posteriors_are_drawn_from_and_their_density_hardly_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = points(4000)
    whole = density(posteriors_in(PLANES["axes"], data), WIDE)
    monkeypatch.setattr(density_module, "MOST_POINTS", 1000)
    some = posteriors_in(PLANES["axes"], data)
    assert (len(some), some.of) == (1000, 4000)
    drawn = density(some, WIDE)
    width, height = WIDE.cell
    assert np.abs(drawn - whole).sum() * width * height < 0.15


def test_points_that_are_no_numbers_are_left_out() -> None:
    data = points()
    data.mean[3, 0] = np.nan
    assert len(posteriors_in(PLANES["oblique"], data)) == 39
    assert np.isfinite(density(posteriors_in(PLANES["oblique"], data), WIDE)).all()


def test_without_data_there_is_nothing() -> None:
    none = Points(np.zeros((0, 4), np.float32), np.zeros((0, 4), np.float32))
    mixture = posteriors_in(PLANES["oblique"], none)
    assert density(mixture, WIDE).max() == 0
    low, high = box_of(mixture, has_prior=True)
    assert (high > low).all()


def test_codes_without_a_spread_have_a_density_of_their_means() -> None:
    data = Points(points(3000).mean, np.zeros((3000, 4), np.float32))
    found = density(kernels_in(PLANES["axes"], data), WIDE)
    width, height = WIDE.cell
    assert found.sum() * width * height == pytest.approx(1.0, abs=1e-3)
    normal = np.exp(log_prior(WIDE))
    assert np.abs(found - normal).sum() * width * height < 0.2


@pytest.mark.parametrize("radius", [1.0, 2.0, 3.0])
def test_regions_of_the_prior_are_its_circles(radius: float) -> None:
    grid = Grid(-5, -5, 5, 5, 200, 200)
    prior = np.exp(log_prior(grid))
    level = levels(prior, MASSES)[int(radius) - 1]
    (line,) = contours(prior, level)
    np.testing.assert_allclose(np.hypot(*grid.place(line).T), radius, atol=0.05)


def test_data_that_fills_the_prior_has_no_hole() -> None:
    prior = np.exp(log_prior(WIDE))
    assert lack(prior, WIDE).max() <= 0
    assert lack(1.01 * HOLE_RATIO * prior, WIDE).max() <= 0


def test_a_hole_is_where_the_prior_has_mass_and_the_data_none() -> None:
    prior = np.exp(log_prior(WIDE))
    x, y = np.meshgrid(*WIDE.centres)
    empty = np.hypot(x - 1.0, y) < 0.5
    found = lack(np.where(empty, 0.0, prior), WIDE) > 0
    np.testing.assert_array_equal(found, empty)
    far = np.hypot(x, y) > 2.0
    assert not (lack(np.where(far, 0.0, prior), WIDE) > 0).any()


def test_on_a_line_it_is_a_density_of_one_dimension() -> None:
    data = points(30, 1)
    grid = Grid(-8, -1, 8, 1, 400, 1)
    found = density(posteriors_in(axis_plane(1), data), grid)
    assert found.shape == (1, 400)
    assert found.sum() * grid.cell[0] == pytest.approx(1.0, abs=1e-3)
    spread = np.exp(data.log_variance[:, 0] / 2)
    off = (grid.centres[0] - data.mean) / spread[:, None]
    wanted = (np.exp(-np.square(off) / 2) / (spread[:, None] * np.sqrt(2 * pi))).mean(0)
    np.testing.assert_allclose(found[0], wanted, rtol=0.02, atol=2e-3)
    prior = np.exp(log_prior(grid))
    inside = prior >= levels(prior, LINE_MASSES)[1]
    assert np.abs(grid.centres[0][inside[0]]).max() == pytest.approx(2.0, abs=0.05)


def test_a_stray_point_does_not_stretch_the_box() -> None:
    data = points(4000)
    data.mean[0] = 1e6
    low, high = box_of(posteriors_in(PLANES["axes"], data), has_prior=True)
    assert (high - low < 20).all()


@pytest.mark.parametrize("plane", PLANES)
def test_gaps_between_a_sample_of_sharp_posteriors_are_no_holes(plane: str) -> None:
    sharp = Points(points(6000).mean, np.full((6000, 4), -12.0, np.float32))
    exact = posteriors_in(PLANES[plane], sharp)
    grid = Grid(-4, -4, 4, 4, 128, 128)
    assert (lack(density(exact, grid), grid) > 0).mean() > 0.005
    wide = widened(exact)
    found = density(wide, grid)
    assert not (lack(found, grid) > 0).any()
    normal = np.exp(log_prior(grid))
    assert np.abs(found - normal).sum() * np.prod(grid.cell) < 0.15
    assert 0.02 < wide.least < 0.2


def test_posteriors_that_reach_each_other_stay_as_they_are() -> None:
    broad = Points(points(6000).mean, np.full((6000, 4), -1.0, np.float32))
    exact = posteriors_in(PLANES["oblique"], broad)
    found = widened(exact)
    np.testing.assert_array_equal(found.covariance, exact.covariance)
    assert found.least == 0


def test_a_handful_of_posteriors_is_shown_as_it_is() -> None:
    few = posteriors_in(PLANES["axes"], points(5))
    assert widened(few) is few


def test_on_a_line_sharp_posteriors_are_widened_too() -> None:
    sharp = Points(points(4000, 1).mean, np.full((4000, 1), -12.0, np.float32))
    found = widened(posteriors_in(axis_plane(1), sharp))
    assert 0.001 < found.least < 0.1
    assert (found.covariance[:, 1, 1] == 0).all()
