"""Normalising flows for posteriors, by zuko: steps from a Gaussian to q(z|x), given the image."""

import torch
from torch import Tensor, nn

from models.methods import FlowName
from models.posteriors import Transform

CONTEXT_SIZE = 64  # numbers about the image that every step is given


class FlowSteps(nn.Module):
    """`count` affine autoregressive (iaf) or coupling steps, each in the opposite order.

    Going from noise to latents takes one pass a step, which is what a posterior does in
    training (Kingma et al. 2016, inverse autoregressive flow). At first they are the identity.
    """

    def __init__(self, kind: FlowName, latent_size: int, count: int) -> None:
        super().__init__()
        # Here: importing it takes a tenth of a second, which models without a flow need not pay.
        from zuko.flows.autoregressive import MaskedAutoregressiveTransform

        place = torch.empty(0).device
        hidden = (min(max(64, 4 * latent_size), 512),) * 2
        self.steps = nn.ModuleList()
        for step in range(count):
            with torch.device("cpu"):  # masks are computed, which no meta device can
                order = torch.arange(latent_size)
                made = MaskedAutoregressiveTransform(
                    latent_size,
                    CONTEXT_SIZE,
                    passes=2 if kind == "coupling" else None,
                    order=order.flip(0) if step % 2 else order,
                    hidden_features=hidden,
                    activation=nn.ELU,
                )
            for parameter in _last_layer(made).parameters():
                nn.init.zeros_(parameter)
            self.steps.append(made.to(place))

    def forward(self, context: Tensor) -> Transform:
        """The transform of latents [..., N, K] given `context` [N, CONTEXT_SIZE]."""
        from zuko.transforms import ComposedTransform

        transform: Transform = ComposedTransform(*(step(context) for step in self.steps))
        return transform


def _last_layer(step: nn.Module) -> nn.Module:
    """The layer that gives a step's shifts and scales; at K = 1 it is no `nn.Linear`."""
    layers = step.hyper
    assert isinstance(layers, nn.Sequential)
    return layers[-1]
