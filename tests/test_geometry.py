"""Geometry of the decoder: against finite differences, closed forms and a turned basis."""

from dataclasses import dataclass
from typing import get_args

import pytest
import torch
from torch import Tensor

from models.autoencoder import Autoencoder
from models.geometry import in_plane, magnification, push_forward, re_encoding
from models.methods import METHODS, LikelihoodName, MethodName
from models.networks import NETWORKS, Network
from models.posteriors import Point
from tests.small_models import generator, small_model

COUNT = 5


def latents(size: int = 3, count: int = COUNT) -> Tensor:
    return torch.randn(count, size, generator=generator(1), dtype=torch.float64)


def some_plane(size: int = 3, seed: int = 2) -> Tensor:
    """Two orthonormal directions [2, K]."""
    drawn = torch.randn(size, 2, generator=generator(seed), dtype=torch.float64)
    basis: Tensor = torch.linalg.qr(drawn)[0].T
    return basis


def labels(model: Autoencoder, count: int = COUNT) -> Tensor | None:
    return torch.arange(count) % model.config.classes if model.config.classes else None


def differences(model: Autoencoder, z: Tensor, directions: Tensor, label: Tensor | None) -> Tensor:
    """Central differences [D, N, pixels] of the mean image."""
    step = 1e-5
    with torch.no_grad():
        return torch.stack(
            [
                (
                    model.decode(z + step * along, label).mean
                    - model.decode(z - step * along, label).mean
                ).flatten(1)
                / (2 * step)
                for along in directions
            ]
        )


@dataclass
class Linear:
    """x = A z + b, and back by a matrix; its pixels need not lie in [0, 1]."""

    there: Tensor
    back: Tensor

    def decode(self, z: Tensor, label: Tensor | None = None) -> object:
        @dataclass
        class Mean:
            mean: Tensor

        return Mean((z @ self.there.T + 0.3).reshape(len(z), 1, 4, -1))

    def encode(self, x: Tensor, label: Tensor | None = None) -> Point:
        return Point((x.flatten(1) - 0.3) @ self.back.T)


MATRIX = torch.randn(16, 3, generator=generator(3), dtype=torch.float64)


def linear() -> Autoencoder:
    return Linear(MATRIX, torch.linalg.pinv(MATRIX))  # type: ignore[return-value] # quacks like one


def check_against_differences(model: Autoencoder) -> None:
    z, plane, label = latents(), some_plane(), labels(model)
    wanted = differences(model, z, plane, label)
    torch.testing.assert_close(push_forward(model, z, plane, label), wanted, rtol=1e-6, atol=1e-7)
    metric = torch.einsum("inp,jnp->nij", wanted, wanted)
    found = magnification(model, z, plane, label)
    torch.testing.assert_close(found, torch.linalg.det(metric).sqrt(), rtol=1e-5, atol=1e-8)
    assert (found > 0).all()


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("likelihood", get_args(LikelihoodName))
def test_magnification_is_that_of_finite_differences(
    network: Network, likelihood: LikelihoodName
) -> None:
    check_against_differences(small_model(network=network, likelihood=likelihood))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_a_magnification(method: MethodName) -> None:
    check_against_differences(small_model(method))


def test_a_linear_decoder_magnifies_everywhere_alike() -> None:
    model, plane = linear(), some_plane()
    jacobian = MATRIX @ plane.T
    wanted = torch.linalg.det(jacobian.T @ jacobian).sqrt()
    torch.testing.assert_close(
        magnification(model, latents(), plane), wanted.expand(COUNT), rtol=1e-9, atol=0
    )


@pytest.mark.parametrize("angle", [0.4, 1.6, 3.0])
def test_turning_the_basis_within_the_plane_changes_nothing(angle: float) -> None:
    model, plane = small_model(), some_plane()
    c, s = torch.cos(torch.tensor(angle)), torch.sin(torch.tensor(angle))
    turned = torch.tensor([[c, s], [-s, c]], dtype=torch.float64) @ plane
    torch.testing.assert_close(
        magnification(model, latents(), turned), magnification(model, latents(), plane)
    )


def test_longer_directions_magnify_as_much_more() -> None:
    model, plane = small_model(), some_plane()
    scales = torch.tensor([[2.0], [5.0]], dtype=torch.float64)
    torch.testing.assert_close(
        magnification(model, latents(), scales * plane),
        10 * magnification(model, latents(), plane),
    )


def test_along_a_line_it_is_a_length() -> None:
    model = small_model(latent_size=1)
    z, line = latents(1), torch.ones(1, 1, dtype=torch.float64)
    wanted = torch.linalg.vector_norm(differences(model, z, line, None)[0], dim=-1)
    torch.testing.assert_close(magnification(model, z, line), wanted, rtol=1e-6, atol=1e-8)


def test_nearly_parallel_derivatives_keep_their_area_in_single_precision() -> None:
    matrix = torch.zeros(16, 2)
    matrix[0] = torch.tensor([100.0, 100.0])
    matrix[1, 1] = 1e-2
    model: Autoencoder = Linear(matrix, matrix.T)  # type: ignore[assignment] # quacks like one
    found = magnification(model, torch.zeros(1, 2), torch.eye(2))
    torch.testing.assert_close(found, torch.tensor([1.0]), rtol=1e-2, atol=0)


def test_where_the_picture_does_not_change_it_is_zero() -> None:
    nothing = Linear(torch.zeros(16, 2), torch.zeros(2, 16))
    model: Autoencoder = nothing  # type: ignore[assignment] # quacks like one
    assert magnification(model, torch.zeros(3, 2), torch.eye(2)).tolist() == [0.0, 0.0, 0.0]


def test_a_perfect_linear_autoencoder_pulls_nowhere() -> None:
    pulled = re_encoding(linear(), latents())
    torch.testing.assert_close(pulled, torch.zeros_like(pulled), rtol=0, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_the_pull_is_from_z_to_its_re_encoding(method: MethodName) -> None:
    model, z = small_model(method), latents()
    label = labels(model)
    with torch.no_grad():
        wanted = model.encode(model.decode(z, label).mean, label).mean
    torch.testing.assert_close(z + re_encoding(model, z, label), wanted)


def test_a_step_is_its_part_in_the_plane_and_a_length_off_it() -> None:
    steps, plane = latents(6), some_plane(6)
    along, off = in_plane(steps, plane)
    torch.testing.assert_close(
        along.square().sum(-1) + off.square(), steps.square().sum(-1), rtol=1e-9, atol=0
    )
    torch.testing.assert_close(in_plane(along @ plane, plane)[0], along)
    assert float(in_plane(along @ plane, plane)[1].max()) < 1e-12


def test_no_gradient_is_kept() -> None:
    model = small_model()
    assert not magnification(model, latents(), some_plane()).requires_grad
    assert not re_encoding(model, latents()).requires_grad
