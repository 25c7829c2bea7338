"""One call: the same values as its function for any number of rows, recorded once, never stale."""

import gc
import weakref
from dataclasses import replace
from typing import get_args

import pytest
import torch
from torch import Tensor, nn

from models.autoencoder import Autoencoder, Config
from models.methods import LikelihoodName
from models.model import Model
from models.networks import NETWORKS, Network
from models.one_call import OneCall
from models.preprocessing import Preprocessing

LIKELIHOODS = get_args(LikelihoodName)
SHAPES = ((1, 28, 28), (3, 16, 16), (1, 9, 17))


def model_of(config: Config) -> Model:
    """A model with weights that are not near 0, as a loaded one: nobody trains it."""
    autoencoder = Autoencoder(config).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(3)
    for weight in autoencoder.parameters():
        weight.normal_(0, 0.3, generator=generator)
    return Model(autoencoder, Preprocessing(*config.image_shape))


def count_runs(module: nn.Module) -> list[int]:
    """Grows by one entry each time Python goes through a module."""
    runs: list[int] = []
    module.register_forward_hook(lambda *_: runs.append(1))
    return runs


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("network", NETWORKS)
def test_a_decode_is_that_of_the_networks_for_any_number_of_latents(
    network: Network, likelihood: LikelihoodName, shape: tuple[int, int, int], classes: int
) -> None:
    model = model_of(
        Config(
            method="cvae" if classes else "vae",
            image_shape=shape,
            latent_size=4,
            network=network,
            width=8,
            depth=1,
            likelihood=likelihood,
            classes=classes,
        )
    )
    generator = torch.Generator().manual_seed(1)
    for count in (1, 5, 0, 33):
        z = torch.randn(count, 4, generator=generator)
        label = torch.arange(count) % classes if classes else None
        wanted = model.autoencoder.decode(z, label).mean
        torch.testing.assert_close(model.decode(z, label), wanted, rtol=0, atol=0)


def test_only_the_first_decode_goes_through_python() -> None:
    model = model_of(Config(width=8))
    runs = count_runs(model.autoencoder.decoder)
    for count in (2, 1, 5):
        model.decode(torch.zeros(count, 2))
    assert len(runs) == 1


def test_weights_that_change_are_those_that_count() -> None:
    model, z = model_of(Config(width=8)), torch.ones(1, 2)
    before = model.decode(z)
    for weight in model.autoencoder.parameters():
        weight.mul_(1.5)
    after = model.decode(z)
    assert not torch.equal(before, after)
    torch.testing.assert_close(after, model.autoencoder.decode(z).mean, rtol=0, atol=0)
    model.autoencoder.double()
    assert model.decode(z.double()).dtype is torch.float64


def test_two_models_of_a_kind_keep_apart() -> None:
    model = model_of(Config(width=8))
    other = replace(model, autoencoder=model_of(Config(width=8)).autoencoder)
    for weight in other.autoencoder.parameters():
        weight.neg_()
    z = torch.ones(2, 2)
    assert not torch.equal(model.decode(z), other.decode(z))
    torch.testing.assert_close(other.decode(z), other.autoencoder.decode(z).mean)


def test_weights_go_with_their_model() -> None:
    """A training is followed for thousands of epochs, and each has weights of its own."""
    model = model_of(Config(width=8))
    model.decode(torch.zeros(1, 2))
    gone: list[int] = []
    for weight in model.autoencoder.decoder.parameters():
        weakref.finalize(weight, gone.append, 1)
    count = len(list(model.autoencoder.decoder.parameters()))
    del model, weight
    gc.collect()
    assert len(gone) == count > 0


def test_weights_that_are_being_trained_are_called_as_they_are() -> None:
    model = model_of(Config(width=8))
    model.autoencoder.requires_grad_(True)
    found = model.decode(torch.ones(1, 2))
    assert not found.requires_grad
    torch.testing.assert_close(found, model.autoencoder.decode(torch.ones(1, 2)).mean.detach())


def test_several_values_at_once() -> None:
    def both(x: Tensor) -> tuple[Tensor, Tensor]:
        return x * 2, x.sum()

    call = OneCall(both)
    for count in (3, 0, 1):
        twice, total = call(torch.ones(count, 2))
        assert twice.shape == (count, 2)
        assert float(total) == 2 * count
