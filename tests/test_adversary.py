"""FactorVAE's discriminator: its density ratio is the total correlation where that is known."""

import math

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given
from torch import Tensor, nn

from models.adversary import Discriminator, discriminator_loss, shuffled
from models.objectives import METHODS
from tests.small_models import generator, small_batch, small_discriminator, small_model, usual


class TrueRatio(nn.Module):
    """Logits of the best discriminator there is: the log densities of z, together and apart."""

    def __init__(self, rho: float) -> None:
        super().__init__()
        covariance = torch.tensor([[1.0, rho], [rho, 1.0]], dtype=torch.float64)
        zero = torch.zeros(2, dtype=torch.float64)
        self.together = torch.distributions.MultivariateNormal(zero, covariance)
        self.apart = torch.distributions.MultivariateNormal(zero, torch.eye(2).double())

    def forward(self, z: Tensor) -> Tensor:
        return torch.stack((self.together.log_prob(z), self.apart.log_prob(z)), 1)


def correlated(rho: float, count: int, seed: int = 0) -> Tensor:
    """Latents [count, 2] of variance 1 and correlation rho: TC = -1/2 log(1 - rho^2)."""
    first, other = torch.randn(2, count, generator=generator(seed), dtype=torch.float64)
    return torch.stack((first, rho * first + math.sqrt(1 - rho**2) * other), 1)


@pytest.mark.parametrize("rho", [0.0, 0.5, -0.9])
def test_the_true_density_ratio_gives_the_total_correlation(rho: float) -> None:
    discriminator = small_discriminator(2)
    discriminator.layers = nn.Sequential(TrueRatio(rho))
    seen = discriminator.total_correlation(correlated(rho, 100_000))
    assert seen.item() == pytest.approx(-0.5 * math.log(1 - rho**2), abs=0.02)


def test_the_true_density_ratio_has_the_least_loss() -> None:
    together = correlated(0.8, 20_000)
    alone = shuffled(together, generator(1))

    def loss(module: nn.Module) -> float:
        discriminator = small_discriminator(2)
        discriminator.layers = nn.Sequential(module)
        return float(discriminator_loss(discriminator, together, alone))

    best = loss(TrueRatio(0.8))
    assert best < min(loss(TrueRatio(rho)) for rho in (0.0, 0.6, 0.9))
    assert loss(TrueRatio(0.0)) == pytest.approx(math.log(2.0))  # it cannot tell them apart


def test_a_trained_discriminator_estimates_the_total_correlation() -> None:
    discriminator = small_discriminator(2).float()
    optimizer = torch.optim.Adam(discriminator.parameters(), lr=2e-3, betas=(0.5, 0.9))
    for step in range(300):
        z = correlated(0.9, 500, seed=step).float()
        optimizer.zero_grad()
        discriminator_loss(discriminator, z, shuffled(z, generator(step))).backward()
        optimizer.step()
    with torch.no_grad():
        seen = discriminator.total_correlation(correlated(0.9, 20_000, seed=1000).float())
        none = discriminator.total_correlation(correlated(0.0, 20_000, seed=1000).float())
    assert seen.item() == pytest.approx(-0.5 * math.log(1 - 0.81), abs=0.15)
    assert none < 0.0  # of what is not correlated, this discriminator says: shuffled


@given(st.integers(1, 40), st.integers(1, 5), st.integers(0, 100))
def test_shuffling_keeps_the_values_of_each_dimension(count: int, size: int, seed: int) -> None:
    z = torch.randn(count, size, generator=generator(), dtype=torch.float64)
    mixed = shuffled(z, generator(seed))
    assert torch.equal(mixed.sort(0).values, z.sort(0).values)
    assert torch.equal(mixed, shuffled(z, generator(seed)))


def test_shuffling_takes_each_dimension_apart_from_the_others() -> None:
    z = correlated(0.95, 20_000)
    mixed = shuffled(z, generator(1))
    assert torch.corrcoef(mixed.T)[0, 1].abs() < 0.03
    rows = torch.arange(1000.0)[:, None].expand(-1, 2)
    first, other = shuffled(rows, generator(2)).T
    assert 0 < (first == other).sum() + (first == rows[:, 0]).sum() < 20


def test_the_discriminator_learns_without_touching_the_model() -> None:
    model, batch = small_model("factor-vae"), small_batch("factor-vae")
    loss = METHODS["factor-vae"](model, batch, usual("factor-vae"), generator())
    assert batch.discriminator is not None
    assert loss.z is not None
    discriminator_loss(batch.discriminator, loss.z, shuffled(loss.z, generator())).backward()
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(parameter.grad is not None for parameter in batch.discriminator.parameters())


def test_the_penalty_reaches_the_encoder_alone() -> None:
    model, batch = small_model("factor-vae"), small_batch("factor-vae")
    loss = METHODS["factor-vae"](model, batch, usual("factor-vae"), generator())
    loss.terms["total_correlation"].backward()
    reached = {name for name, value in model.named_parameters() if value.grad is not None}
    assert {name.split(".")[0] for name in reached} == {"encoder", "head"}


def test_it_is_as_large_as_the_papers() -> None:
    with torch.device("meta"):
        layers = Discriminator(10).layers
    sizes = [part.out_features for part in layers if isinstance(part, nn.Linear)]
    assert sizes == [1000] * 6 + [2]
    slopes = {part.negative_slope for part in layers if isinstance(part, nn.LeakyReLU)}
    assert slopes == {0.2}
