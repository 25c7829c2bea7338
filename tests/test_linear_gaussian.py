"""A linear-Gaussian VAE, of which everything is known in closed form, against what is computed."""

import math
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.autoencoder import Autoencoder
from models.evaluation import importance_bound, log_weights
from models.methods import MethodName
from models.objectives import METHODS, Batch
from models.posteriors import DiagonalGaussian
from tests.small_models import generator, usual

PIXELS, LATENTS = 12, 2
BOUNDS: list[tuple[MethodName, int]] = [("iwae", 1), ("iwae", 5), ("iwae", 64), ("flow-vae", 3)]


@dataclass(frozen=True)
class GaussianImages:
    """N(mean, sigma^2 I) over images, without a squashing sigmoid."""

    mean: Tensor
    log_sigma: Tensor

    def log_prob(self, x: Tensor) -> Tensor:
        by_pixel: Tensor = torch.distributions.Normal(self.mean, self.log_sigma.exp()).log_prob(x)
        return by_pixel.flatten(-3).sum(-1)


class LinearGaussian(nn.Module):
    """p(z) = N(0, I), p(x|z) = N(W z + b, sigma^2 I); its encoder may be the true posterior's.

    The columns of W are orthogonal, which makes the true posterior a diagonal Gaussian.
    """

    def __init__(self, sigma: float = 0.3) -> None:
        super().__init__()
        columns, _ = torch.linalg.qr(torch.randn(PIXELS, LATENTS, generator=generator(2)).double())
        self.weight = nn.Parameter(columns * torch.tensor([1.5, 0.7], dtype=torch.float64))
        self.bias = nn.Parameter(torch.full((PIXELS,), 0.5, dtype=torch.float64))
        self.log_sigma = nn.Parameter(torch.tensor(math.log(sigma), dtype=torch.float64))
        self.shift, self.log_stretch = 0.0, 0.0  # how far the encoder is off, in mean and variance

    def posterior(self, x: Tensor) -> DiagonalGaussian:
        """The true p(z|x)."""
        noise = torch.exp(2 * self.log_sigma)
        precision = 1.0 + self.weight.square().sum(0) / noise
        mean = (x.flatten(1) - self.bias) @ self.weight / noise / precision
        return DiagonalGaussian(mean, -precision.log().expand_as(mean))

    def encode(self, x: Tensor, label: Tensor | None = None) -> DiagonalGaussian:
        true = self.posterior(x)
        return DiagonalGaussian(true.mean + self.shift, true.log_variance + self.log_stretch)

    def decode(self, z: Tensor, label: Tensor | None = None) -> GaussianImages:
        flat = z @ self.weight.T + self.bias
        return GaussianImages(flat.unflatten(-1, (1, 1, PIXELS)), self.log_sigma)

    def log_evidence(self, x: Tensor) -> Tensor:
        """log p(x) = log N(x; b, W W^T + sigma^2 I)."""
        noise = torch.exp(2 * self.log_sigma) * torch.eye(PIXELS, dtype=torch.float64)
        covariance = self.weight @ self.weight.T + noise
        evidence = torch.distributions.MultivariateNormal(self.bias, covariance)
        log_prob: Tensor = evidence.log_prob(x.flatten(1))
        return log_prob


def as_model(model: nn.Module) -> Autoencoder:
    """It has what objectives ask of an `Autoencoder`."""
    return cast(Autoencoder, model)


def drawn(count: int = 50) -> tuple[LinearGaussian, Tensor]:
    """The model and images from it."""
    model = LinearGaussian()
    with torch.no_grad():
        z = torch.randn(count, LATENTS, generator=generator(3), dtype=torch.float64)
        mean = model.decode(z).mean
        noise = torch.randn(mean.shape, generator=generator(4), dtype=torch.float64)
        return model, mean + model.log_sigma.exp() * noise


def exact_noise(like: Tensor, generator: torch.Generator | None = None, dim: int = 0) -> Tensor:
    """2K points an image whose means of squares and products are those of N(0, I).

    So the mean over them of log p(x|z), which is quadratic in z, is the exact expectation.
    """
    one = LATENTS**0.5 * torch.eye(LATENTS, dtype=like.dtype)
    return torch.cat((one, -one)).repeat(like.shape[dim] // (2 * LATENTS), 1)


def exact_elbo(
    model: LinearGaussian, x: Tensor, monkeypatch: pytest.MonkeyPatch, method: MethodName = "vae"
) -> Tensor:
    """The objective's ELBO, its expectation taken exactly."""
    monkeypatch.setattr("models.posteriors.normal", exact_noise)
    batch = Batch(x.repeat_interleave(2 * LATENTS, 0))
    return METHODS[method](as_model(model), batch, usual(method), None).terms["elbo"]


@pytest.mark.parametrize("samples", [1, 7])
def test_with_the_true_posterior_every_bound_is_the_evidence(samples: int) -> None:
    model, x = drawn()
    weights = log_weights(as_model(model), x, model.posterior(x), None, samples, generator())
    expected = model.log_evidence(x)
    torch.testing.assert_close(weights, expected.expand(samples, -1), rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(importance_bound(weights), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("method", "samples"), BOUNDS)
def test_with_the_true_posterior_every_objective_is_the_evidence(
    method: MethodName, samples: int
) -> None:
    """And its gradient too, by what leaves W orthogonal, so that the posterior stays true."""
    model, x = drawn()
    told = usual(method, samples=samples)
    loss = METHODS[method](as_model(model), Batch(x), told, generator())
    evidence = model.log_evidence(x).mean()
    torch.testing.assert_close(-loss.total, evidence, rtol=1e-10, atol=1e-10)
    weights = [model.bias, model.log_sigma]
    for seen, expected in zip(
        torch.autograd.grad(-loss.total, weights),
        torch.autograd.grad(evidence, weights),
        strict=True,
    ):
        torch.testing.assert_close(seen, expected, rtol=1e-8, atol=1e-8)


def test_with_the_true_posterior_the_elbo_is_the_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    model, x = drawn()
    seen = exact_elbo(model, x, monkeypatch)
    torch.testing.assert_close(seen, model.log_evidence(x).mean(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("shift", "stretch"), [(0.0, 0.7), (0.4, 0.0), (-0.2, -1.0)])
def test_with_another_posterior_the_elbo_lacks_its_distance_to_the_true_one(
    shift: float, stretch: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """log p(x) - ELBO = KL(q(z|x) || p(z|x)), exactly (Kingma and Welling 2014, eq. 1)."""
    model, x = drawn()
    model.shift, model.log_stretch = shift, stretch
    q, true = (
        torch.distributions.Normal(p.mean, p.stddev) for p in (model.encode(x), model.posterior(x))
    )
    gap = torch.distributions.kl_divergence(q, true).sum(1).mean()
    elbo = exact_elbo(model, x, monkeypatch)
    torch.testing.assert_close(model.log_evidence(x).mean() - elbo, gap, rtol=1e-9, atol=1e-10)


def test_with_another_posterior_the_bound_closes_in_on_the_evidence_from_below() -> None:
    model, x = drawn()
    model.requires_grad_(False)
    q = model.posterior(x)
    wide = replace(q, log_variance=q.log_variance + math.log(4.0))
    noise = generator()
    gaps = []
    for samples in (1, 10, 1000):
        weights = log_weights(as_model(model), x, wide, None, samples, noise)
        gaps.append(float((model.log_evidence(x) - importance_bound(weights)).mean()))
    assert gaps[0] > gaps[1] > gaps[2] > -0.01
    assert gaps[2] < 0.02
    # At k = 1 the gap is KL(q || p(z|x)) of Gaussians: 0.5 (4 - 1 - log 4) a dimension on average.
    assert gaps[0] == pytest.approx(LATENTS * 0.5 * (3 - math.log(4.0)), abs=1.2)


class Learned(LinearGaussian):
    """As it is, but with an encoder that has to be learned, and everything off at first."""

    def __init__(self) -> None:
        super().__init__(sigma=1.0)
        self.to_mean = nn.Linear(PIXELS, LATENTS).double()
        self.log_variance = nn.Parameter(torch.zeros(LATENTS, dtype=torch.float64))
        with torch.no_grad():
            self.weight.copy_(0.1 * torch.randn(PIXELS, LATENTS, generator=generator(8)))
            self.to_mean.weight.copy_(0.1 * torch.randn(LATENTS, PIXELS, generator=generator(9)))

    def encode(self, x: Tensor, label: Tensor | None = None) -> DiagonalGaussian:
        mean = self.to_mean(x.flatten(1))
        return DiagonalGaussian(mean, self.log_variance.expand_as(mean))


def principal_evidence(x: Tensor) -> float:
    """The most that probabilistic PCA of K components reaches (Tipping and Bishop 1999, eq. 4)."""
    rows = x.flatten(1).numpy()
    values = np.linalg.eigvalsh(np.cov(rows, rowvar=False, bias=True))[::-1]
    noise = values[LATENTS:].mean()
    log_determinant = np.log(values[:LATENTS]).sum() + (PIXELS - LATENTS) * np.log(noise)
    return float(-0.5 * (PIXELS * np.log(2 * np.pi) + log_determinant + PIXELS))


def test_gradient_descent_on_the_elbo_finds_probabilistic_pca(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The linear VAE's ELBO has its maximum where the likelihood has (Lucas et al. 2019)."""
    _, x = drawn(400)
    model = Learned()
    monkeypatch.setattr("models.posteriors.normal", exact_noise)
    batch = Batch(x.repeat_interleave(2 * LATENTS, 0))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 500)
    for _ in range(500):
        optimizer.zero_grad()
        loss = METHODS["vae"](as_model(model), batch, usual("vae"), None)
        loss.total.backward()
        optimizer.step()
        schedule.step()
    best = principal_evidence(x)
    with torch.no_grad():
        elbo = -float(loss.total)
        evidence = float(model.log_evidence(x).mean())
    assert elbo <= evidence + 1e-9 <= best + 2e-9  # neither can be passed
    assert elbo == pytest.approx(best, abs=0.01)
