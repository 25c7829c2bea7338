"""DIP-VAE's covariances: those of numpy, and by sampling those of the latents themselves."""

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given

from models.methods import MethodName
from models.objectives import METHODS, covariance
from models.posteriors import DiagonalGaussian
from tests.small_models import generator, loss_of, small_batch, small_model, usual

DIP: list[MethodName] = ["dip-vae-i", "dip-vae-ii"]


@given(st.integers(1, 30), st.integers(2, 5), st.floats(-1e3, 1e3))
def test_a_covariance_is_numpys(count: int, size: int, offset: float) -> None:
    rows = torch.randn(count, size, generator=generator(), dtype=torch.float64) + offset
    expected = np.cov(rows.numpy(), rowvar=False, bias=True)
    np.testing.assert_allclose(covariance(rows), expected, atol=1e-10)


def posterior_of(method: MethodName) -> DiagonalGaussian:
    q = small_model(method).encode(small_batch().x)
    assert isinstance(q, DiagonalGaussian)
    return q


def penalty_of(matrix: torch.Tensor, lambda_od: float, lambda_d: float) -> float:
    """Kumar et al. 2018, eq. 6 and 7, entry by entry."""
    total = 0.0
    for i, row in enumerate(matrix.tolist()):
        for j, value in enumerate(row):
            total += lambda_d * (value - 1.0) ** 2 if i == j else lambda_od * value**2
    return total


@pytest.mark.parametrize("method", DIP)
@pytest.mark.parametrize(("lambda_od", "lambda_d"), [(10.0, 100.0), (0.0, 3.0), (2.0, 0.0)])
def test_the_penalty_is_that_of_the_covariance(
    method: MethodName, lambda_od: float, lambda_d: float
) -> None:
    q = posterior_of(method)
    matrix = torch.from_numpy(np.cov(q.mean.detach().numpy(), rowvar=False, bias=True))
    if method == "dip-vae-ii":
        matrix = matrix + torch.diag(q.log_variance.detach().exp().mean(0))
    seen = loss_of(method, lambda_od=lambda_od, lambda_d=lambda_d).terms["covariance"]
    assert seen.item() == pytest.approx(penalty_of(matrix, lambda_od, lambda_d))


def test_the_latents_covariance_obeys_the_law_of_total_covariance() -> None:
    """Cov[z] = Cov[E[z|x]] + E[Cov[z|x]]: that of very many draws comes close to it."""
    q = posterior_of("dip-vae-ii")
    with torch.no_grad():
        whole = covariance(q.mean) + torch.diag(q.stddev.square().mean(0))
        z, _ = q.draw(generator(), 50_000)
    np.testing.assert_allclose(np.cov(z.flatten(0, 1).T, bias=True), whole, atol=0.02)


@pytest.mark.parametrize("method", DIP)
def test_the_penalty_is_differentiated_through_what_it_is_of(method: MethodName) -> None:
    """DIP I is blind to the posteriors' variances, DIP II is not."""
    model = small_model(method)
    loss = METHODS[method](model, small_batch(), usual(method), generator())
    (gradient,) = torch.autograd.grad(loss.terms["covariance"], model.head.weight)
    mean, log_variance = gradient.chunk(2)
    assert mean.any()
    assert bool(log_variance.any()) == (method == "dip-vae-ii")
