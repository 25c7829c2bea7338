"""A small model of each method, a batch and its usual settings, in double precision."""

from typing import Any
from unittest.mock import patch

import torch

from models import adversary
from models.adversary import Discriminator
from models.autoencoder import Autoencoder, Config
from models.methods import METHODS, MethodName, MethodSettings, method_settings
from models.objectives import METHODS as OBJECTIVES
from models.objectives import Batch, Loss

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
