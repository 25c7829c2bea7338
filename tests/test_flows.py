"""Flow posteriors: their densities are densities, of the very draws they make."""

from typing import Any, get_args

import pytest
import torch
from torch import Tensor

from models.autoencoder import Autoencoder
from models.flows import CONTEXT_SIZE, FlowSteps
from models.methods import FlowName
from models.posteriors import DiagonalGaussian, Flow, standard_normal_log_prob
from tests.small_models import generator, small_batch, small_model

KINDS: tuple[FlowName, ...] = get_args(FlowName)


def bent(kind: FlowName, latent_size: int = 3, count: int = 4, steps: int = 2) -> Flow:
    """Posteriors of `count` images that are no Gaussians."""
    torch.manual_seed(0)
    flow = FlowSteps(kind, latent_size, steps).double()
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    context = torch.randn(count, CONTEXT_SIZE, dtype=torch.float64)
    mean, log_variance = torch.randn(2, count, latent_size, dtype=torch.float64)
    return Flow(DiagonalGaussian(mean, log_variance - 1.0), flow(context))


@pytest.mark.parametrize("latent_size", [1, 2, 3, 8])
@pytest.mark.parametrize("kind", KINDS)
def test_the_density_of_a_draw_is_that_of_the_draw(kind: FlowName, latent_size: int) -> None:
    q = bent(kind, latent_size)
    z, log_q = q.draw(generator(), 5)
    assert z.shape == (5, 4, latent_size)
    assert log_q.shape == (5, 4)
    torch.testing.assert_close(q.log_prob(z), log_q, rtol=1e-7, atol=1e-7)
    torch.testing.assert_close(q.draw(generator())[0][0], q.rsample(generator()))


@pytest.mark.parametrize("kind", KINDS)
def test_the_density_changes_by_the_jacobians_determinant(kind: FlowName) -> None:
    """Rezende and Mohamed 2015, eq. 5, with the whole Jacobian by autograd."""
    q = bent(kind, count=1)
    start, log_start = q.base.draw(generator())

    def carry(at: Tensor) -> Tensor:
        z: Tensor = q.transform.call_and_ladj(at[None])[0][0]
        return z

    jacobian = torch.autograd.functional.jacobian(carry, start[0, 0].detach())
    assert not jacobian.allclose(torch.diag(jacobian.diagonal()))  # the dimensions do depend
    _, log_q = q.draw(generator())
    torch.testing.assert_close(log_q[0, 0], log_start[0, 0] - torch.logdet(jacobian))


@pytest.mark.parametrize("kind", KINDS)
def test_a_density_integrates_to_1(kind: FlowName) -> None:
    q = bent(kind, latent_size=2, count=1)
    with torch.no_grad():
        reach = 8.0 * q.stddev[0]
        side = torch.linspace(-1.0, 1.0, 201, dtype=torch.float64)
        grid = q.mean[0] + reach * torch.cartesian_prod(side, side)
        total = q.log_prob(grid[:, None]).exp().sum() * reach.prod() / 100**2
    assert total.item() == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_transform_and_its_inverse_undo_each_other(kind: FlowName) -> None:
    q = bent(kind, latent_size=5, steps=3)
    start = torch.randn(6, 4, 5, generator=generator(), dtype=torch.float64)
    z, stretch = q.transform.call_and_ladj(start)
    back, back_stretch = q.transform.inv.call_and_ladj(z)
    torch.testing.assert_close(back, start)
    torch.testing.assert_close(back_stretch, -stretch)


@pytest.mark.parametrize("kind", KINDS)
def test_moments_are_close_to_those_of_many_draws(kind: FlowName) -> None:
    q = bent(kind, count=3)
    with torch.no_grad():
        z, _ = q.draw(generator(1), 20_000)
        mean, stddev = z.mean(0), z.std(0)
        # 64 draws in pairs: within 5 standard errors of 32, and a spread within a third.
        assert ((q.mean - mean).abs() <= 5 * stddev / 32**0.5).all()
        assert ((q.stddev / stddev - 1.0).abs() < 0.35).all()
        again = bent(kind, count=3)
        assert torch.equal(q.mean, again.mean)  # the same draws every time: maps do not jitter
        assert torch.equal(q.stddev, again.stddev)


@pytest.mark.parametrize("kind", KINDS)
def test_the_total_kl_is_the_mean_log_ratio_of_the_draws(kind: FlowName) -> None:
    q = bent(kind)
    with torch.no_grad():
        z, log_q = q.draw(generator(), 5000)
        ratio = log_q - standard_normal_log_prob(z)
        torch.testing.assert_close(q.total_kl(z, log_q), ratio.mean(0))
        error = ratio.std(0) / 5000**0.5
        other = q.total_kl(*q.draw(generator(1), 5000))
        assert ((other - ratio.mean(0)).abs() <= 8 * error).all()
        assert (ratio.mean(0) > 0.0).all()


def test_the_kl_of_a_dimension_is_that_of_a_gaussian_with_its_moments() -> None:
    q = bent("iaf")
    normal = torch.distributions.Normal(q.mean, q.stddev)
    prior = torch.distributions.Normal(torch.zeros_like(q.mean), torch.ones_like(q.mean))
    torch.testing.assert_close(q.kl(), torch.distributions.kl_divergence(normal, prior))


def dependence(kind: FlowName) -> Tensor:
    """Which dimension [K] of z depends on which [K] of the noise, after one step."""
    torch.manual_seed(0)
    flow = FlowSteps(kind, 4, 1).double()
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    transform = flow(torch.randn(CONTEXT_SIZE, dtype=torch.float64))

    def carry(at: Tensor) -> Tensor:
        z: Tensor = transform.call_and_ladj(at)[0]
        return z

    at = torch.randn(4, generator=generator(), dtype=torch.float64)
    jacobian: Tensor = torch.autograd.functional.jacobian(carry, at)
    return jacobian.abs() > 1e-12


def test_an_autoregressive_step_goes_by_the_dimensions_before() -> None:
    assert torch.equal(dependence("iaf"), torch.ones(4, 4).tril().bool())


def test_a_coupling_step_gives_one_half_the_other() -> None:
    expected = torch.eye(4)
    expected[2:, :2] = 1.0
    assert torch.equal(dependence("coupling"), expected.bool())


@pytest.mark.parametrize("kind", KINDS)
def test_two_steps_let_every_dimension_depend_on_every_other(kind: FlowName) -> None:
    q = bent(kind, latent_size=4, count=1)

    def carry(at: Tensor) -> Tensor:
        z: Tensor = q.transform.call_and_ladj(at[None])[0][0]
        return z

    jacobian = torch.autograd.functional.jacobian(carry, torch.zeros(4, dtype=torch.float64))
    if kind == "iaf":
        assert (jacobian.abs() > 1e-12).all()
    else:  # a half does not see itself
        assert (jacobian[2:, :2].abs() > 1e-12).all()
        assert (jacobian[:2, 2:].abs() > 1e-12).all()


def test_the_image_bends_the_flow() -> None:
    model = small_model("flow-vae")
    q = model.encode(small_batch().x[:2])
    assert isinstance(q, Flow)
    start = torch.zeros(2, 3, dtype=torch.float64)
    z, _ = q.transform.call_and_ladj(start)
    assert not torch.allclose(z[0], z[1])


@pytest.mark.parametrize("latent_size", [1, 2, 3, 64])
@pytest.mark.parametrize("kind", KINDS)
def test_fresh_steps_are_the_identity(kind: FlowName, latent_size: int) -> None:
    flow = FlowSteps(kind, latent_size, 3)
    z = torch.randn(5, latent_size, generator=generator())
    carried, stretch = flow(torch.randn(5, CONTEXT_SIZE, generator=generator(1))).call_and_ladj(z)
    assert torch.equal(carried, z)
    assert not stretch.any()


@pytest.mark.parametrize("values", [{}, {"flow": "coupling"}, {"latent_size": 1}], ids=str)
def test_a_model_for_its_shapes_alone_takes_no_memory(values: dict[str, Any]) -> None:
    described = small_model("flow-vae", **values)
    with torch.device("meta"):
        shapes = Autoencoder(described.config)
    assert {value.device.type for value in shapes.parameters()} == {"meta"}
    expected = {name: value.shape for name, value in described.named_parameters()}
    assert {name: value.shape for name, value in shapes.named_parameters()} == expected


def test_a_density_far_from_the_draws_is_finite_and_small() -> None:
    q = bent("iaf")
    far = torch.full((4, 3), 1e3, dtype=torch.float64)
    assert q.log_prob(far).isfinite().all()
    assert (q.log_prob(far) < -1e3).all()
