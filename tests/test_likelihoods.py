"""p(x|z): densities agree with torch's own, samples with their means, and extremes stay finite."""

import math
from collections.abc import Callable
from typing import get_args

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given
from torch import Tensor, distributions

from models.likelihoods import (
    LOG_SIGMA_FLOOR,
    Bernoulli,
    ContinuousBernoulli,
    DiscretisedLogistic,
    Gaussian,
    Likelihood,
)
from models.methods import LikelihoodName
from tests.small_models import generator

SHAPE = (3, 1, 4, 5)
LOGITS = st.floats(-100.0, 100.0)

Build = Callable[[Tensor], Likelihood]
# Each likelihood of given logits, with a spread as they have when trained.
LIKELIHOODS: dict[LikelihoodName, Build] = {
    "bernoulli": Bernoulli,
    "continuous-bernoulli": ContinuousBernoulli,
    "gaussian": lambda at: Gaussian(at, torch.tensor(-3.0, dtype=at.dtype)),
    "discretised-logistic": lambda at: DiscretisedLogistic(at, torch.tensor(-4.0, dtype=at.dtype)),
}
every_likelihood = pytest.mark.parametrize("build", LIKELIHOODS.values(), ids=LIKELIHOODS)


def images(seed: int, binary: bool) -> Tensor:
    x = torch.rand(SHAPE, generator=generator(seed), dtype=torch.float64)
    return x.round() if binary else x


def pixel(value: float) -> Tensor:
    """An image [1, 1, 1, 1] of one pixel."""
    return torch.full((1, 1, 1, 1), value, dtype=torch.float64)


def log_probs(p: Likelihood, values: Tensor) -> Tensor:
    """Log densities of a one-pixel likelihood at many values [V]."""
    return p.log_prob(values[:, None, None, None])


def logits(seed: int, scale: float = 3.0) -> Tensor:
    return scale * torch.randn(SHAPE, generator=generator(seed), dtype=torch.float64)


@given(st.integers(0, 10_000))
def test_bernoulli_log_prob_is_torchs(seed: int) -> None:
    x, p = images(seed, binary=True), Bernoulli(logits(seed + 1))
    expected = distributions.Bernoulli(logits=p.logits).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(p.log_prob(x), expected)


@given(st.integers(0, 10_000), st.floats(-4.0, 1.0))
def test_gaussian_log_prob_is_torchs(seed: int, log_sigma: float) -> None:
    x, p = images(seed, binary=False), Gaussian(logits(seed + 1), torch.tensor(log_sigma).double())
    sigma = p.safe_log_sigma.exp().item()
    expected = distributions.Normal(p.mean, sigma).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(p.log_prob(x), expected)


@given(st.floats(-4.0, 3.0))
def test_gaussian_sigma_is_hardly_changed_above_its_floor(log_sigma: float) -> None:
    p = Gaussian(torch.zeros(SHAPE), torch.tensor(log_sigma))
    assert p.safe_log_sigma.item() == pytest.approx(log_sigma, abs=0.13)
    assert p.safe_log_sigma.item() > LOG_SIGMA_FLOOR


def test_a_perfect_reconstruction_has_a_bounded_density() -> None:
    p = Gaussian(logits(0), torch.tensor(-1e6).double())
    per_pixel = p.log_prob(p.mean) / math.prod(SHAPE[1:])
    limit = -LOG_SIGMA_FLOOR - 0.5 * math.log(2 * math.pi)
    np.testing.assert_allclose(per_pixel, limit, rtol=1e-6)


def test_all_likelihoods_are_looked_at() -> None:
    assert tuple(LIKELIHOODS) == get_args(LikelihoodName)


@every_likelihood
def test_log_prob_sums_over_pixels_and_broadcasts_over_draws(build: Build) -> None:
    p, x = build(logits(0)), images(1, binary=True)
    one_by_one = torch.stack([p.log_prob(image.expand(SHAPE)) for image in x])
    torch.testing.assert_close(p.log_prob(x[:, None]), one_by_one)
    assert p.log_prob(x).shape == (3,)
    flat = build(logits(0).flatten()[:, None, None, None])
    by_pixel = flat.log_prob(x.flatten()[:, None, None, None])
    torch.testing.assert_close(p.log_prob(x), by_pixel.unflatten(0, (3, -1)).sum(1))


@every_likelihood
def test_means_and_samples_are_images(build: Build) -> None:
    p = build(logits(0))
    for x in (p.mean, p.sample(generator())):
        assert x.shape == SHAPE
        assert x.dtype == torch.float64
        assert 0.0 <= x.min() <= x.max() <= 1.0
    assert torch.equal(p.sample(generator(5)), p.sample(generator(5)))
    assert not torch.equal(p.sample(generator(5)), p.sample(generator(6)))
    assert not build(logits(0).requires_grad_()).sample(generator()).requires_grad


@every_likelihood
@pytest.mark.parametrize("logit", [-2.0, 0.0, 0.7])
def test_samples_have_the_mean(build: Build, logit: float) -> None:
    p = build(torch.full((100_000, 1, 1, 1), logit, dtype=torch.float64))
    x = p.sample(generator())
    error = 5 * x.std().item() / 100_000**0.5
    assert x.mean().item() == pytest.approx(p.mean[0].item(), abs=error + 1e-3)  # tails fold in


@every_likelihood
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("logit", [-1e4, -100.0, -17.0, -0.1, -1e-3, 0.0, 1e-3, 0.1, 100.0, 1e4])
def test_values_and_gradients_stay_finite_however_sure_it_is(
    build: Build, dtype: torch.dtype, logit: float
) -> None:
    for value in (0.0, 0.3, 1.0):
        at = torch.full((1, 1, 1, 1), logit, dtype=dtype, requires_grad=True)
        p = build(at)
        log_prob = p.log_prob(torch.full((1, 1, 1, 1), value, dtype=dtype))
        assert log_prob.isfinite()
        for whole in (log_prob.sum(), p.mean.sum()):
            (gradient,) = torch.autograd.grad(whole, at, retain_graph=True)
            assert gradient.isfinite()
        assert p.sample(generator()).isfinite()


@every_likelihood
@pytest.mark.parametrize("logit", [-3.0, -0.11, -0.09, 0.0, 0.05, 2.0])
def test_gradients_are_those_of_finite_differences(build: Build, logit: float) -> None:
    at, x = pixel(logit).requires_grad_(), pixel(0.4)
    assert torch.autograd.gradcheck(lambda logits: build(logits).log_prob(x), at)
    assert torch.autograd.gradcheck(lambda logits: build(logits).mean, at)


# --- densities are densities ---


@given(LOGITS)
def test_a_continuous_bernoulli_integrates_to_1_and_has_its_mean(logit: float) -> None:
    """By Gauss and Legendre, finer towards both ends; torch's own is no density beyond 16."""
    p = ContinuousBernoulli(pixel(logit))
    x, weight = quadrature()
    density = log_probs(p, x).exp() * weight
    assert density.sum().item() == pytest.approx(1.0, abs=1e-9)
    assert (density * x).sum().item() == pytest.approx(p.mean.item(), abs=1e-9)


def quadrature() -> tuple[Tensor, Tensor]:
    """Points in [0, 1] and their weights."""
    node, weight = np.polynomial.legendre.leggauss(30)
    ends = np.concatenate(([0.0], np.geomspace(1e-4, 0.5, 20)))
    ends = np.concatenate((ends, 1.0 - ends[-2::-1]))
    widths = np.diff(ends)[:, None]
    points = ends[:-1, None] + widths * (node + 1) / 2
    return torch.from_numpy(points.ravel()), torch.from_numpy((widths * weight / 2).ravel())


@given(st.floats(-10.0, 10.0), st.floats(0.0, 1.0))
def test_continuous_bernoulli_log_prob_is_torchs_where_that_is_right(
    logit: float, value: float
) -> None:
    expected = distributions.ContinuousBernoulli(logits=pixel(logit)).log_prob(pixel(value))
    seen = ContinuousBernoulli(pixel(logit)).log_prob(pixel(value))
    torch.testing.assert_close(seen, expected.flatten(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("edge", [-0.1, 0.1])
def test_series_and_formula_meet(edge: float) -> None:
    """Below half a logit of 0.05 the normaliser and the mean are Taylor series."""
    inside, outside = (ContinuousBernoulli(pixel(edge * by)) for by in (1 - 1e-13, 1 + 1e-13))
    torch.testing.assert_close(inside.mean, outside.mean, rtol=1e-11, atol=0.0)
    x = pixel(0.3)
    torch.testing.assert_close(inside.log_prob(x), outside.log_prob(x), rtol=0.0, atol=1e-11)


@given(st.floats(-100.0, 100.0), st.floats(-4.0, 0.0))
def test_a_gaussian_integrates_to_1_and_has_its_mean(logit: float, log_sigma: float) -> None:
    p = Gaussian(pixel(logit), torch.tensor(log_sigma, dtype=torch.float64))
    reach = 10 * p.safe_log_sigma.exp().item()
    x = p.mean.item() + torch.linspace(-reach, reach, 2001, dtype=torch.float64)
    density = log_probs(p, x).exp() * reach / 1000
    assert density.sum().item() == pytest.approx(1.0, abs=1e-9)
    assert (density * x).sum().item() == pytest.approx(p.mean.item(), abs=1e-9)


BYTES = torch.arange(256, dtype=torch.float64) / 255


@given(LOGITS, st.floats(-20.0, 10.0))
def test_a_discretised_logistic_sums_to_1_over_the_256_values(
    logit: float, log_scale: float
) -> None:
    p = DiscretisedLogistic(pixel(logit), torch.tensor(log_scale, dtype=torch.float64))
    assert log_probs(p, BYTES).exp().sum().item() == pytest.approx(1.0, abs=1e-9)


@given(st.floats(-3.0, 3.0), st.floats(-4.5, -1.0))
def test_a_discretised_logistic_is_the_logistics_mass_with_open_tails(
    logit: float, log_scale: float
) -> None:
    p = DiscretisedLogistic(pixel(logit), torch.tensor(log_scale, dtype=torch.float64))
    scale = p.safe_log_scale.exp()
    edges = (torch.arange(257, dtype=torch.float64) - 0.5) / 255
    below = torch.sigmoid((edges - p.mean.flatten()) / scale)
    below[0], below[-1] = 0.0, 1.0
    torch.testing.assert_close(log_probs(p, BYTES).exp(), below.diff(), rtol=1e-6, atol=1e-12)


def test_a_discretised_logistics_samples_are_as_frequent_as_it_says() -> None:
    """Both tails and all values between, of a wide one in the dark."""
    count = 200_000
    p = DiscretisedLogistic(
        torch.full((count, 1, 1, 1), -1.5, dtype=torch.float64), torch.tensor(-2.0).double()
    )
    drawn = (p.sample(generator()) * 255).round().long().flatten()
    share = torch.bincount(drawn, minlength=256) / count
    one = DiscretisedLogistic(p.logits[:1], p.log_scale)
    expected = log_probs(one, BYTES).exp()
    error = (expected * (1 - expected) / count).sqrt()
    assert ((share - expected).abs() <= 5 * error + 1e-5).all()
    assert expected[0] > 0.1  # the tail is open: much of the mass is black


def test_a_byte_between_two_values_is_the_nearer_one() -> None:
    p = DiscretisedLogistic(pixel(0.3), torch.tensor(-2.0).double())
    torch.testing.assert_close(p.log_prob(pixel(100.3 / 255)), p.log_prob(pixel(100 / 255)))


def test_continuous_bernoulli_samples_follow_its_density() -> None:
    """Each tenth of [0, 1] is as frequent as the integral of the density over it says."""
    for logit in (-30.0, -4.0, 0.0, 1e-7, 2.5):
        p = ContinuousBernoulli(torch.full((50_000, 1, 1, 1), logit, dtype=torch.float64))
        share = torch.histc(p.sample(generator()), 10, 0.0, 1.0) / 50_000
        x = (torch.arange(10_000, dtype=torch.float64) + 0.5) / 10_000
        mass = log_probs(ContinuousBernoulli(pixel(logit)), x).exp().reshape(10, -1).mean(1) / 10
        error = (mass * (1 - mass) / 50_000).sqrt()
        assert ((share - mass).abs() <= 5 * error + 1e-4).all()


def test_samples_average_to_the_mean() -> None:
    flat = torch.zeros(100_000, 1, 1, 1)
    assert Bernoulli(flat - 1.0).sample(generator()).mean().item() == pytest.approx(
        torch.sigmoid(torch.tensor(-1.0)).item(), abs=0.01
    )
    gaussian = Gaussian(flat, torch.tensor(-3.0)).sample(generator())
    assert gaussian.mean().item() == pytest.approx(0.5, abs=0.01)
    assert gaussian.std().item() == pytest.approx(math.exp(-3.0), rel=0.06)


@pytest.mark.parametrize("logit", [-1e4, -200.0, 200.0, 1e4])
def test_bernoulli_neither_clamps_nor_overflows(logit: float) -> None:
    far = torch.full((1, 1, 1, 1), logit, requires_grad=True)
    wrong = torch.full((1, 1, 1, 1), float(logit < 0))
    log_prob = Bernoulli(far).log_prob(wrong)
    assert log_prob.item() == pytest.approx(-abs(logit))
    (gradient,) = torch.autograd.grad(log_prob.sum(), far)
    assert abs(gradient.item()) == pytest.approx(1.0)  # alive, however far it is wrong
