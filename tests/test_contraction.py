"""The contractive penalty is the exact squared norm of the encoder's Jacobian."""

import pytest
import torch

from models.autoencoder import Autoencoder
from models.networks import NETWORKS, Network
from models.objectives import METHODS, squared_jacobian_norm
from tests.small_models import generator, small_batch, small_model, usual


@pytest.mark.parametrize("network", NETWORKS)
def test_the_norm_is_that_of_the_whole_jacobian(network: Network) -> None:
    model, x = small_model("cae", network=network, width=6), small_batch(count=3).x
    expected = [
        torch.autograd.functional.jacobian(lambda at: model.encode(at).mean, image[None])
        .square()
        .sum()
        for image in x
    ]
    torch.testing.assert_close(squared_jacobian_norm(model, x), torch.stack(expected))


def test_one_layer_of_tanh_has_a_closed_form() -> None:
    """z = V tanh(W x + b) + c has the Jacobian V diag(1 - tanh^2) W (Rifai et al. 2011, eq. 7)."""
    model, x = small_model("cae", network="plain-mlp", depth=1), small_batch().x
    (layer,) = [part for part in model.encoder.modules() if isinstance(part, torch.nn.Linear)]
    slope = 1.0 - torch.tanh(layer(x.flatten(1))).square()
    jacobian = torch.einsum("kh,nh,hx->nkx", model.head.weight, slope, layer.weight)
    expected = jacobian.square().sum((1, 2))
    torch.testing.assert_close(squared_jacobian_norm(model, x), expected)


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_the_gradient_of_the_penalty_is_that_of_finite_differences(network: Network) -> None:
    model, x = small_model("cae", network=network, width=6), small_batch(count=3).x
    weight = model.head.weight
    (gradient,) = torch.autograd.grad(squared_jacobian_norm(model, x).sum(), weight)
    direction = torch.randn(weight.shape, generator=generator(), dtype=weight.dtype)
    norms = []
    for step in (1e-5, -1e-5):
        with torch.no_grad():
            weight.add_(direction, alpha=step)
            norms.append(squared_jacobian_norm(model, x).sum())
            weight.add_(direction, alpha=-step)
    slope = (norms[0] - norms[1]) / 2e-5
    torch.testing.assert_close(slope, (gradient * direction).sum(), rtol=1e-6, atol=1e-6)


def test_without_gradients_it_is_the_same_number_and_keeps_no_graph() -> None:
    """Held-out images are measured under no_grad."""
    model, x = small_model("cae"), small_batch().x
    with torch.no_grad():
        norm = squared_jacobian_norm(model, x)
    assert not norm.requires_grad
    torch.testing.assert_close(norm, squared_jacobian_norm(model, x).detach())
    assert not x.requires_grad
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_model_that_learns_nothing_more_can_be_measured() -> None:
    model, x = small_model("cae"), small_batch().x
    expected = squared_jacobian_norm(model, x).detach()
    model.requires_grad_(False)
    torch.testing.assert_close(squared_jacobian_norm(model, x).detach(), expected)


def contraction_after(weight: float) -> tuple[Autoencoder, float]:
    model, batch = small_model("cae"), small_batch()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    for _ in range(20):
        optimizer.zero_grad()
        METHODS["cae"](model, batch, usual("cae", contraction=weight), None).total.backward()
        optimizer.step()
    with torch.no_grad():
        return model, float(squared_jacobian_norm(model, batch.x).mean())


def test_who_pays_for_the_norm_makes_it_smaller() -> None:
    assert contraction_after(10.0)[1] < 0.5 * contraction_after(0.0)[1]
