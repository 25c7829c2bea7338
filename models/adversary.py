"""FactorVAE's discriminator: tells latents from latents whose dimensions were shuffled."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

_LAYERS, _WIDTH, _SLOPE = 6, 1000, 0.2  # Kim and Mnih 2018, table 1 of the appendix

LEARNING_RATE = 1e-4
BETAS = (0.5, 0.9)


class Discriminator(nn.Module):
    """Latents [N, K] to logits [N, 2]: drawn together from q(z), or each dimension alone."""

    def __init__(self, latent_size: int) -> None:
        super().__init__()
        sizes = (latent_size, *[_WIDTH] * _LAYERS)
        layers: list[nn.Module] = []
        for inward, outward in pairwise(sizes):
            layers += [nn.Linear(inward, outward), nn.LeakyReLU(_SLOPE)]
        self.layers = nn.Sequential(*layers, nn.Linear(_WIDTH, 2))

    def forward(self, z: Tensor) -> Tensor:
        logits: Tensor = self.layers(z)
        return logits

    def total_correlation(self, z: Tensor) -> Tensor:
        """Estimate of KL(q(z) || prod q(z_j)), in nats, by the density ratio (ibid., eq. 3)."""
        logits: Tensor = self(z)
        return (logits[:, 0] - logits[:, 1]).mean()


def shuffled(z: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Each dimension of `z` [N, K], of a whole batch, in its own order (ibid., algorithm 1)."""
    numbers = torch.rand(z.shape, generator=generator, device=z.device, dtype=z.dtype)
    return z.gather(0, numbers.argsort(0))


def discriminator_loss(discriminator: Discriminator, together: Tensor, alone: Tensor) -> Tensor:
    """Cross-entropy, in nats, of telling latents [N, K] from shuffled ones [M, K]."""
    kinds = ((together, 0), (alone, 1))
    losses = []
    for z, kind in kinds:
        target = torch.full((len(z),), kind, dtype=torch.long, device=z.device)
        losses.append(functional.cross_entropy(discriminator(z), target))
    return 0.5 * (losses[0] + losses[1])
