"""p(x|z): densities agree with torch's own, samples with their means, and extremes stay finite."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given
from torch import Tensor, distributions

from models.likelihoods import LOG_SIGMA_FLOOR, Bernoulli, Gaussian, Likelihood

SHAPE = (3, 1, 4, 5)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(seed: int, binary: bool) -> Tensor:
    x = torch.rand(SHAPE, generator=generator(seed), dtype=torch.float64)
    return x.round() if binary else x


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


@pytest.mark.parametrize("p", [Bernoulli(logits(0)), Gaussian(logits(0), torch.tensor(-1.0))])
def test_log_prob_sums_over_pixels_and_broadcasts_over_draws(p: Likelihood) -> None:
    x = images(1, binary=True)
    one_by_one = torch.stack([p.log_prob(image.expand(SHAPE)) for image in x])
    torch.testing.assert_close(p.log_prob(x[:, None]), one_by_one)
    assert p.log_prob(x).shape == (3,)


@pytest.mark.parametrize("p", [Bernoulli(logits(0)), Gaussian(logits(0), torch.tensor(-3.0))])
def test_means_and_samples_are_images(p: Likelihood) -> None:
    for x in (p.mean, p.sample(generator())):
        assert x.shape == SHAPE
        assert 0.0 <= x.min() <= x.max() <= 1.0
    assert torch.equal(p.sample(generator(5)), p.sample(generator(5)))


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
