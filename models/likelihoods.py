"""p(x|z): what a decoder says about the image of a latent."""

from dataclasses import dataclass
from math import log, pi
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

LOG_SIGMA_FLOOR = -6.0


class Likelihood(Protocol):
    """A distribution over images [N, C, H, W], one for each latent of a batch."""

    @property
    def mean(self) -> Tensor: ...

    def sample(self, generator: torch.Generator | None = None) -> Tensor: ...

    def log_prob(self, x: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Bernoulli:
    """Independent binary pixels with the given logits [N, C, H, W].

    On grey images the value of `log_prob` is a pseudo-likelihood: it is not the logarithm
    of a normalised density and must not be compared with figures for binary images.
    """

    logits: Tensor

    @property
    def mean(self) -> Tensor:
        """Probability of one for each pixel, in [0, 1]."""
        return torch.sigmoid(self.logits)

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Binary images of the same shape."""
        with torch.no_grad():
            return torch.bernoulli(self.mean, generator=generator)

    def log_prob(self, x: Tensor) -> Tensor:
        """Sum over pixels of log p(x|z) [N], in nats; from logits, so nothing is clamped."""
        logits, x = torch.broadcast_tensors(self.logits, x)
        loss = functional.binary_cross_entropy_with_logits(logits, x, reduction="none")
        return -loss.flatten(-3).sum(-1)


@dataclass(frozen=True)
class Gaussian:
    """Independent Gaussian pixels: mean sigmoid(logits), one learned sigma for all pixels.

    `log_sigma` is soft-clipped at -6 (Rybkin et al. 2021, sigma-VAE), so that a perfect
    reconstruction cannot make the density infinite.
    """

    logits: Tensor
    log_sigma: Tensor

    @property
    def mean(self) -> Tensor:
        """Mean image, in [0, 1]."""
        return torch.sigmoid(self.logits)

    @property
    def safe_log_sigma(self) -> Tensor:
        """Logarithm of sigma in pixel units (1 = full range), above -6."""
        return LOG_SIGMA_FLOOR + functional.softplus(self.log_sigma - LOG_SIGMA_FLOOR)

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """A noisy image of the same shape, clipped to [0, 1] to be shown."""
        with torch.no_grad():
            mean = self.mean
            noise = torch.randn(
                mean.shape, generator=generator, device=mean.device, dtype=mean.dtype
            )
            return (mean + self.safe_log_sigma.exp() * noise).clamp(0.0, 1.0)

    def log_prob(self, x: Tensor) -> Tensor:
        """Sum over pixels of log p(x|z) [N], in nats (a density: it may be positive)."""
        log_sigma = self.safe_log_sigma
        quadratic = ((x - self.mean) * torch.exp(-log_sigma)).square()
        return -(0.5 * quadratic + log_sigma + 0.5 * log(2 * pi)).flatten(-3).sum(-1)
