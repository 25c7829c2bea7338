"""The KL taken apart (Chen et al. 2018): the parts sum to it, and each weight is 1/(NM)."""

import math

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given
from torch import Tensor

from models.objectives import kl_terms
from models.posteriors import DiagonalGaussian, standard_normal_log_prob
from tests.small_models import generator

SIZES = st.tuples(st.integers(1, 12), st.integers(1, 4), st.integers(1, 10**6))


def posteriors(count: int, latent_size: int, seed: int = 0) -> tuple[DiagonalGaussian, Tensor]:
    """Random posteriors of `count` images, and a draw from each."""
    mean, log_variance = torch.randn(
        2, count, latent_size, generator=generator(seed), dtype=torch.float64
    )
    q = DiagonalGaussian(2.0 * mean, log_variance)
    return q, q.sample(generator(seed + 1))


@given(SIZES)
def test_the_terms_sum_to_the_monte_carlo_kl(sizes: tuple[int, int, int]) -> None:
    count, latent_size, data_size = sizes
    q, z = posteriors(count, latent_size)
    expected = (q.log_prob(z) - standard_normal_log_prob(z)).mean()
    torch.testing.assert_close(sum(kl_terms(q, z, data_size)), expected)


def by_hand(q: DiagonalGaussian, z: Tensor, data_size: int) -> tuple[float, float, float]:
    """The estimator spelled out: over draws i, posteriors j, dimensions k."""
    count, size = z.shape

    def density(i: int, j: int, k: int) -> float:
        mean, variance = float(q.mean[j, k]), math.exp(float(q.log_variance[j, k]))
        squared = (float(z[i, k]) - mean) ** 2 / variance
        return math.exp(-0.5 * squared) / math.sqrt(2 * math.pi * variance)

    terms = [0.0, 0.0, 0.0]
    for i in range(count):
        own = joint = 0.0
        marginals = [0.0] * size
        for j in range(count):
            each = [density(i, j, k) for k in range(size)]
            joint += math.prod(each) / (data_size * count)
            marginals = [
                known + one / (data_size * count)
                for known, one in zip(marginals, each, strict=True)
            ]
            own = math.prod(each) if i == j else own
        prior = math.prod(math.exp(-0.5 * float(v) ** 2) / math.sqrt(2 * math.pi) for v in z[i])
        terms[0] += math.log(own / joint) / count
        terms[1] += math.log(joint / math.prod(marginals)) / count
        terms[2] += math.log(math.prod(marginals) / prior) / count
    return terms[0], terms[1], terms[2]


@pytest.mark.parametrize("count", [1, 2, 7])
def test_each_term_is_the_one_spelled_out(count: int) -> None:
    q, z = posteriors(count, 3)
    for seen, expected in zip(kl_terms(q, z, 40), by_hand(q, z, 40), strict=True):
        assert seen.item() == pytest.approx(expected, rel=1e-9)


@given(SIZES)
def test_every_weight_is_one_in_nm(sizes: tuple[int, int, int]) -> None:
    """N moves log q(z) and each log q(z_j) by log N, so the terms by 1, K - 1 and -K of it."""
    count, latent_size, data_size = sizes
    q, z = posteriors(count, latent_size)
    plain, weighted = kl_terms(q, z, 1), kl_terms(q, z, data_size)
    for one, other, times in zip(plain, weighted, (1, latent_size - 1, -latent_size), strict=True):
        expected = one + times * math.log(data_size)
        torch.testing.assert_close(other, expected, rtol=1e-9, atol=1e-9)


def test_the_same_posterior_for_every_image_knows_nothing() -> None:
    """Then q(z) is that posterior, and but for the weights' log N nothing is left."""
    one, _ = posteriors(1, 3)
    q = DiagonalGaussian(one.mean.expand(20, 3), one.log_variance.expand(20, 3))
    z = q.sample(generator())
    information, correlation, alone = kl_terms(q, z, 1)
    assert information.item() == pytest.approx(0.0, abs=1e-12)
    assert correlation.item() == pytest.approx(0.0, abs=1e-12)
    expected = (q.log_prob(z) - standard_normal_log_prob(z)).mean()
    torch.testing.assert_close(alone, expected)


def test_posteriors_on_a_grid_have_no_total_correlation() -> None:
    """All combinations of the places of each dimension: the aggregate factorises, exactly."""
    places = torch.tensor([-2.0, 0.3, 1.0, 2.5], dtype=torch.float64)
    mean = torch.cartesian_prod(places, 2.0 * places, places - 1.0)
    q = DiagonalGaussian(mean, torch.full_like(mean, -1.5))
    _, correlation, _ = kl_terms(q, q.sample(generator()), 1)
    assert correlation.item() == pytest.approx(0.0, abs=1e-10)


def test_dimensions_that_repeat_each_other_have_all_of_it() -> None:
    """M places far apart, the same in K dimensions: log M nats are known K times over."""
    places = 100.0 * torch.arange(8, dtype=torch.float64)[:, None].expand(8, 3)
    q = DiagonalGaussian(places, torch.zeros_like(places))
    information, correlation, _ = kl_terms(q, q.sample(generator()), 1)
    assert information.item() == pytest.approx(math.log(8))  # which image it is
    assert correlation.item() == pytest.approx(2 * math.log(8))


def test_one_dimension_has_no_total_correlation() -> None:
    q, z = posteriors(9, 1)
    assert kl_terms(q, z, 1234)[1].item() == pytest.approx(0.0, abs=1e-12)


@given(st.permutations(range(6)))
def test_the_order_of_the_images_is_no_matter(order: list[int]) -> None:
    """Stratified weights that favour the first column would show here."""
    q, z = posteriors(6, 3)
    turned = DiagonalGaussian(q.mean[order], q.log_variance[order])
    for one, other in zip(kl_terms(q, z, 50), kl_terms(turned, z[order], 50), strict=True):
        torch.testing.assert_close(other, one)


def test_the_total_correlation_of_the_standard_estimate_approaches_the_true_one() -> None:
    """z correlated by rho through the means: TC = -1/2 log(1 - r^2), r after the posteriors' own
    variance. With weights 1/M and many images the estimate comes close, from above.
    """
    rho, variance, count = 0.8, 0.2, 2000
    first, other = torch.randn(2, count, generator=generator(3), dtype=torch.float64)
    mean = torch.stack((first, rho * first + math.sqrt(1 - rho**2) * other), 1)
    q = DiagonalGaussian(mean, torch.full_like(mean, math.log(variance)))
    correlation = kl_terms(q, q.sample(generator(4)), 1)[1].item()
    r = rho / (1 + variance)
    assert correlation == pytest.approx(-0.5 * math.log(1 - r**2), abs=0.05)


@pytest.mark.parametrize("log_variance", [-1e4, -100.0, 25.0])
def test_extreme_posteriors_have_finite_terms_and_gradients(log_variance: float) -> None:
    """In single precision the reciprocal of such a variance is infinite."""
    s = torch.full((4, 2), log_variance, requires_grad=True)
    q = DiagonalGaussian(torch.arange(8.0).reshape(4, 2), s)
    terms = kl_terms(q, q.rsample(generator()), 10)
    assert all(term.isfinite() for term in terms)
    (gradient,) = torch.autograd.grad(sum(terms, torch.zeros(())), s)
    assert gradient.isfinite().all()
