"""A small model of each method, a batch and its usual settings, in double precision.

And what trainings of such models are asked.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest
import torch
from torch import Tensor

from models import adversary
from models.adversary import Discriminator
from models.autoencoder import Autoencoder, Config
from models.methods import METHODS, MethodName, MethodSettings, method_settings
from models.objectives import METHODS as OBJECTIVES
from models.objectives import Batch, Loss
from models.training import Progress, Snapshot

CLASSES = 3
DISCRIMINATOR_WIDTH = 16  # not 1000: tests train it


def small_config(method: MethodName = "vae", **values: Any) -> Config:
    """A small configuration of a method."""
    small: dict[str, Any] = {"image_shape": (1, 8, 8), "latent_size": 3, "width": 16, "depth": 1}
    needed = {
        "classes": CLASSES if METHODS[method].conditional else 0,
        "transforms": 2 if method == "flow-vae" else 0,
    }
    return Config(method=method, **(small | needed | values))


def small_model(method: MethodName = "vae", seed: int = 0, **values: Any) -> Autoencoder:
    """Its weights are shaken: fresh residual branches and flows would do nothing at all."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Autoencoder(small_config(method, **values)).double()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def small_discriminator(latent_size: int = 3, seed: int = 0) -> Discriminator:
    """As Kim and Mnih's, but narrow."""
    with torch.random.fork_rng(devices=[]), patch.object(adversary, "_WIDTH", DISCRIMINATOR_WIDTH):
        torch.manual_seed(seed)
        return Discriminator(latent_size).double()


def small_batch(method: MethodName = "vae", count: int = 8, **values: Any) -> Batch:
    """Random images of 8x8 pixels with what the method's objective needs beside them."""
    x = torch.rand(count, 1, 8, 8, generator=generator(7), dtype=torch.float64)
    label = torch.arange(count) % CLASSES if METHODS[method].conditional else None
    discriminator = small_discriminator() if method == "factor-vae" else None
    return Batch(x, label, data_size=50, discriminator=discriminator, **values)


def usual(method: MethodName, **values: Any) -> MethodSettings:
    """The usual settings of a method, and those that are given."""
    return method_settings(method, values)


def loss_of(method: MethodName, seed: int = 0, kl_weight: float = 1.0, **values: Any) -> Loss:
    """The loss of a small model, without gradients."""
    with torch.no_grad():
        return OBJECTIVES[method](
            small_model(method),
            small_batch(method, kl_weight=kl_weight),
            usual(method, **values),
            generator(seed),
        )


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Call(NamedTuple):
    """What an objective was asked, in a training step or of held-out images."""

    training: bool
    batch: Batch
    settings: MethodSettings


def calls_of(method: MethodName, monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """Where every call of a method's objective goes from now on."""
    calls: list[Call] = []
    whole = OBJECTIVES[method]

    def spy(
        model: Autoencoder, batch: Batch, told: MethodSettings, noise: torch.Generator | None
    ) -> Loss:
        calls.append(Call(model.training, batch, told))
        return whole(model, batch, told, noise)

    monkeypatch.setitem(OBJECTIVES, method, spy)
    return calls


def epochs(progress: Iterator[Progress]) -> list[Progress]:
    """The values at the end of each epoch."""
    return [value for value in progress if value.held_out is not None]


def snapshot_of(progress: Progress) -> Snapshot:
    assert progress.snapshot is not None
    return progress.snapshot


def same(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> bool:
    """Whether they are bit for bit the same weights."""
    return first.keys() == second.keys() and all(
        torch.equal(value, second[name]) for name, value in first.items()
    )
