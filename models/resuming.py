"""What it takes to go on with a training: raw weights and Adam's state, as named tensors."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from models.adversary import Discriminator
from models.autoencoder import Autoencoder, Config

DISCRIMINATOR = "discriminator."


def discriminator_of(config: Config) -> Discriminator | None:
    """The discriminator that a method trains beside its model, with fresh weights."""
    return Discriminator(config.latent_size) if config.method == "factor-vae" else None


def state_of(prefix: str, module: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Copies, on the CPU, of a module's weights and of its Adam's moments and step counts."""
    state = {}
    for name, parameter in module.named_parameters():
        state[f"raw.{prefix}{name}"] = parameter.detach().cpu().clone()
        for key, value in optimizer.state[parameter].items():
            state[f"adam.{key}.{prefix}{name}"] = torch.as_tensor(value).cpu().clone()
    return state


@torch.no_grad()
def put_back(
    state: Mapping[str, Tensor],
    prefix: str,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    fused: bool,
) -> None:
    """The inverse of `state_of`; `state` stays as it is."""
    for name, parameter in module.named_parameters():
        parameter.copy_(state[f"raw.{prefix}{name}"])
        # In the parameter's own memory format, which a fused Adam relies on.
        moments = {
            key: torch.empty_like(parameter).copy_(state[f"adam.{key}.{prefix}{name}"])
            for key in ("exp_avg", "exp_avg_sq")
        }
        # A fused Adam counts its steps on the device, any other on the CPU.
        where = parameter.device if fused else "cpu"
        step = state[f"adam.step.{prefix}{name}"].to(where, copy=True)
        optimizer.state[parameter] = {"step": step, **moments}


@torch.no_grad()
def put_weights(module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy weights into a module's parameters of the same names."""
    for name, parameter in module.named_parameters():
        parameter.copy_(weights[name])


def resume_shapes(autoencoder: Autoencoder) -> dict[str, tuple[int, ...]]:
    """The name and shape of every tensor that a training of this model needs to go on."""
    with torch.device("meta"):
        discriminator = discriminator_of(autoencoder.config)
    shapes = _shapes("", autoencoder)
    return shapes | (_shapes(DISCRIMINATOR, discriminator) if discriminator else {})


def _shapes(prefix: str, module: nn.Module) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for name, parameter in module.named_parameters():
        for key in ("raw", "adam.exp_avg", "adam.exp_avg_sq"):
            shapes[f"{key}.{prefix}{name}"] = tuple(parameter.shape)
        shapes[f"adam.step.{prefix}{name}"] = ()
    return shapes
