"""q(z|x): what an encoder says about the latent of an image."""

from dataclasses import dataclass
from math import log, pi
from typing import Protocol

import torch
from torch import Tensor

_EXP_RANGE = (-60.0, 30.0)


class Posterior(Protocol):
    """A distribution over latents, one for each image of a batch."""

    @property
    def mean(self) -> Tensor: ...

    @property
    def stddev(self) -> Tensor: ...

    def rsample(self, generator: torch.Generator | None = None) -> Tensor: ...

    def sample(self, generator: torch.Generator | None = None) -> Tensor: ...

    def log_prob(self, z: Tensor) -> Tensor: ...

    def kl(self) -> Tensor: ...


def standard_normal_log_prob(z: Tensor) -> Tensor:
    """Log density of the prior N(0, I) at `z` [..., K], in nats: [...]."""
    return -0.5 * (z.square() + log(2 * pi)).sum(-1)


@dataclass(frozen=True)
class DiagonalGaussian:
    """N(mean, diag(exp(log_variance))), both [N, K] (Kingma and Welling 2014, appendix C.2)."""

    mean: Tensor
    log_variance: Tensor

    @property
    def stddev(self) -> Tensor:
        """Standard deviations [N, K]; only the exponential is made safe, never the KL."""
        return torch.exp(0.5 * self.log_variance.clamp(*_EXP_RANGE))

    def rsample(self, generator: torch.Generator | None = None) -> Tensor:
        """A differentiable draw [N, K]: mean + stddev * noise (the reparameterisation)."""
        noise = torch.randn(
            self.mean.shape,
            generator=generator,
            device=self.mean.device,
            dtype=self.mean.dtype,
        )
        return self.mean + self.stddev * noise

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """A draw [N, K] without a gradient."""
        with torch.no_grad():
            return self.rsample(generator)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log density at `z` [..., N, K], in nats: [..., N]."""
        precise = torch.exp(-self.log_variance.clamp(*_EXP_RANGE))
        quadratic = (z - self.mean).square() * precise
        return -0.5 * (quadratic + self.log_variance + log(2 * pi)).sum(-1)

    def kl(self) -> Tensor:
        """Closed-form KL(q || N(0, I)) of each dimension [N, K], in nats (ibid., appendix B)."""
        variance = torch.exp(self.log_variance.clamp(*_EXP_RANGE))
        return 0.5 * (self.mean.square() + variance - 1.0 - self.log_variance)


@dataclass(frozen=True)
class Point:
    """The code of a plain autoencoder: all mass on `mean` [N, K]; it has no KL to a prior."""

    mean: Tensor

    @property
    def stddev(self) -> Tensor:
        """Zeros [N, K]."""
        return torch.zeros_like(self.mean)

    def rsample(self, generator: torch.Generator | None = None) -> Tensor:
        """The code itself [N, K]."""
        return self.mean

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """The code itself [N, K], without a gradient."""
        return self.mean.detach()

    def log_prob(self, z: Tensor) -> Tensor:
        """Not defined: a point mass has no density."""
        raise ValueError("a plain autoencoder has no posterior density")

    def kl(self) -> Tensor:
        """Zeros [N, K]: nothing is paid for the code."""
        return torch.zeros_like(self.mean)
