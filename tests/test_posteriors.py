"""q(z|x): samples, densities and the closed-form KL agree with each other and with torch's own."""

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from models.posteriors import DiagonalGaussian, Point, standard_normal_log_prob
from tests.small_models import generator

MEANS = st.floats(-3.0, 3.0)
LOG_VARIANCES = st.floats(-4.0, 2.0)


def one(mean: float, log_variance: float, size: int = 1) -> DiagonalGaussian:
    """One Gaussian with the same parameters in each of `size` dimensions, in double precision."""
    ones = torch.ones(1, size, dtype=torch.float64)
    return DiagonalGaussian(ones * mean, ones * log_variance)


@given(MEANS, LOG_VARIANCES)
def test_kl_is_what_torch_computes(mean: float, log_variance: float) -> None:
    q = one(mean, log_variance)
    normal = torch.distributions.Normal(q.mean, q.stddev)
    prior = torch.distributions.Normal(torch.zeros_like(q.mean), torch.ones_like(q.mean))
    torch.testing.assert_close(q.kl(), torch.distributions.kl_divergence(normal, prior))


@given(MEANS, LOG_VARIANCES)
def test_kl_is_never_negative_and_zero_only_at_the_prior(mean: float, log_variance: float) -> None:
    kl = one(mean, log_variance).kl().item()
    assert kl >= -1e-12  # rounding
    assert one(0.0, 0.0).kl().item() == 0.0
    if abs(mean) > 0.1:
        assert kl > 0.004


@pytest.mark.parametrize(("mean", "log_variance"), [(0.0, 0.0), (1.5, -2.0), (-0.5, 1.0)])
def test_kl_is_the_mean_log_ratio_of_samples(mean: float, log_variance: float) -> None:
    q = DiagonalGaussian(
        torch.full((200_000, 2), mean, dtype=torch.float64),
        torch.full((200_000, 2), log_variance, dtype=torch.float64),
    )
    z = q.sample(generator())
    ratio = q.log_prob(z) - standard_normal_log_prob(z)
    error = ratio.std() / len(ratio) ** 0.5
    assert abs(ratio.mean() - q.kl()[0].sum()) <= 5 * error + 1e-12


@given(MEANS, LOG_VARIANCES, st.floats(-5.0, 5.0))
def test_log_prob_is_torchs(mean: float, log_variance: float, z: float) -> None:
    q = one(mean, log_variance, size=3)
    at = torch.full((1, 3), z, dtype=torch.float64)
    expected = torch.distributions.Normal(q.mean, q.stddev).log_prob(at).sum(-1)
    torch.testing.assert_close(q.log_prob(at), expected)
    prior = torch.distributions.Normal(0.0, 1.0).log_prob(at).sum(-1)
    torch.testing.assert_close(standard_normal_log_prob(at), prior)


def test_samples_have_the_mean_and_the_spread() -> None:
    q = DiagonalGaussian(torch.full((100_000, 1), 2.0), torch.full((100_000, 1), -1.0))
    z = q.sample(generator())
    assert z.mean().item() == pytest.approx(2.0, abs=0.01)
    assert z.std().item() == pytest.approx(q.stddev[0].item(), rel=0.01)


def test_rsample_is_the_reparameterisation() -> None:
    mean = torch.zeros(4, 2, requires_grad=True)
    log_variance = torch.zeros(4, 2, requires_grad=True)
    q = DiagonalGaussian(mean, log_variance)
    z = q.rsample(generator())
    by_mean, by_log_variance = torch.autograd.grad(z.sum(), (mean, log_variance))
    torch.testing.assert_close(by_mean, torch.ones(4, 2))
    torch.testing.assert_close(by_log_variance, 0.5 * z.detach())  # d/ds of exp(s/2) e at s = 0
    assert not q.sample(generator()).requires_grad


def test_a_generator_makes_samples_repeat() -> None:
    q = one(0.5, 0.1, size=8)
    assert torch.equal(q.sample(generator(3)), q.sample(generator(3)))
    assert not torch.equal(q.sample(generator(3)), q.sample(generator(4)))


@pytest.mark.parametrize("log_variance", [-1e4, -100.0, 100.0, 1e4])
def test_extreme_log_variances_stay_finite_and_pull_back(log_variance: float) -> None:
    s = torch.full((1, 1), log_variance, requires_grad=True)
    q = DiagonalGaussian(torch.zeros(1, 1), s)
    assert all(value.isfinite().all() for value in (q.stddev, q.sample(), q.kl()))
    (gradient,) = torch.autograd.grad(q.kl().sum(), s)
    assert gradient.isfinite()
    assert gradient != 0.0  # the KL itself is never clipped


def test_a_point_samples_itself_and_has_no_density() -> None:
    q = Point(torch.tensor([[1.0, -2.0]], requires_grad=True))
    assert torch.equal(q.rsample(), q.mean)
    assert torch.equal(q.sample(), q.mean)
    assert not q.sample().requires_grad
    assert not q.stddev.any()
    assert not q.kl().any()
    assert not q.total_kl(q.mean, q.mean).any()
    for density in (lambda: q.log_prob(q.mean), q.draw):
        with pytest.raises(ValueError, match="no posterior density"):
            density()


@pytest.mark.parametrize("samples", [1, 5])
def test_draws_come_with_their_own_densities(samples: int) -> None:
    mean, log_variance = torch.randn(2, 4, 3, generator=generator(), dtype=torch.float64)
    q = DiagonalGaussian(mean, log_variance)
    z, log_q = q.draw(generator(1), samples)
    assert z.shape == (samples, 4, 3)
    torch.testing.assert_close(log_q, q.log_prob(z))
    assert torch.equal(q.draw(generator(2))[0][0], q.rsample(generator(2)))


def test_the_total_kl_of_a_gaussian_is_the_closed_form_whatever_was_drawn() -> None:
    q = one(0.5, -1.0, size=3)
    assert torch.equal(q.total_kl(*q.draw(generator(1), 4)), q.kl().sum(-1))


@given(MEANS, LOG_VARIANCES)
def test_precision_is_the_reciprocal_of_the_variance(mean: float, log_variance: float) -> None:
    q = one(mean, log_variance)
    torch.testing.assert_close(q.precision * q.stddev.square(), torch.ones_like(q.mean))
