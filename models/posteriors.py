"""q(z|x): what an encoder says about the latent of an image."""

from dataclasses import dataclass
from functools import cached_property
from math import log, pi
from typing import Protocol

import torch
from torch import Tensor

from models.noise import normal

_EXP_RANGE = (-60.0, 30.0)
_MOMENT_DRAWS = 64


class Transform(Protocol):
    """An invertible map of latents [..., K], with the log of its Jacobian's determinant."""

    def call_and_ladj(self, z: Tensor) -> tuple[Tensor, Tensor]: ...

    @property
    def inv(self) -> "Transform": ...


class Posterior(Protocol):
    """A distribution over latents, one for each image of a batch."""

    @property
    def mean(self) -> Tensor: ...

    @property
    def stddev(self) -> Tensor: ...

    def rsample(self, generator: torch.Generator | None = None) -> Tensor: ...

    def sample(self, generator: torch.Generator | None = None) -> Tensor: ...

    def log_prob(self, z: Tensor) -> Tensor: ...

    def draw(
        self, generator: torch.Generator | None = None, samples: int = 1
    ) -> tuple[Tensor, Tensor]: ...

    def kl(self) -> Tensor: ...

    def total_kl(self, z: Tensor, log_q: Tensor) -> Tensor: ...


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

    @property
    def precision(self) -> Tensor:
        """Reciprocal variances [N, K], made safe as `stddev` is."""
        return torch.exp(-self.log_variance.clamp(*_EXP_RANGE))

    def rsample(self, generator: torch.Generator | None = None) -> Tensor:
        """A differentiable draw [N, K]: mean + stddev * noise (the reparameterisation)."""
        return self.mean + self.stddev * normal(self.mean, generator)

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """A draw [N, K] without a gradient."""
        with torch.no_grad():
            return self.rsample(generator)

    def draw(
        self, generator: torch.Generator | None = None, samples: int = 1
    ) -> tuple[Tensor, Tensor]:
        """Differentiable draws [samples, N, K] and their log densities [samples, N], in nats."""
        noise = normal(self.mean.expand(samples, *self.mean.shape), generator, dim=1)
        z = self.mean + self.stddev * noise
        return z, -0.5 * (noise.square() + self.log_variance + log(2 * pi)).sum(-1)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log density at `z` [..., N, K], in nats: [..., N]."""
        quadratic = (z - self.mean).square() * self.precision
        return -0.5 * (quadratic + self.log_variance + log(2 * pi)).sum(-1)

    def kl(self) -> Tensor:
        """Closed-form KL(q || N(0, I)) of each dimension [N, K], in nats (ibid., appendix B)."""
        variance = torch.exp(self.log_variance.clamp(*_EXP_RANGE))
        return 0.5 * (self.mean.square() + variance - 1.0 - self.log_variance)

    def total_kl(self, z: Tensor, log_q: Tensor) -> Tensor:
        """KL(q || N(0, I)) [N], in nats: the closed form, whatever was drawn."""
        return self.kl().sum(-1)


@dataclass(frozen=True)
class Flow:
    """A Gaussian `base` carried by an invertible `transform` (Rezende and Mohamed 2015, eq. 5).

    `mean` and `stddev` are estimates from the same 64 draws every time, and so is `kl`: that of
    Gaussians with those moments. `total_kl` needs no such thing.
    """

    base: DiagonalGaussian
    transform: Transform

    @cached_property
    def _moments(self) -> tuple[Tensor, Tensor]:
        shape = (_MOMENT_DRAWS // 2, *self.base.mean.shape)
        like = self.base.mean.new_empty(()).expand(shape)
        half = normal(like, torch.Generator(like.device).manual_seed(0))
        noise = torch.cat((half, -half))  # in pairs, so that a straight flow's mean is exact
        z, _ = self.transform.call_and_ladj(self.base.mean + self.base.stddev * noise)
        return z.mean(0), z.std(0, correction=0)

    @property
    def mean(self) -> Tensor:
        """Posterior means [N, K], estimated."""
        return self._moments[0]

    @property
    def stddev(self) -> Tensor:
        """Standard deviations [N, K], estimated."""
        return self._moments[1]

    def rsample(self, generator: torch.Generator | None = None) -> Tensor:
        """A differentiable draw [N, K]."""
        z: Tensor = self.transform.call_and_ladj(self.base.rsample(generator))[0]
        return z

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """A draw [N, K] without a gradient."""
        with torch.no_grad():
            return self.rsample(generator)

    def draw(
        self, generator: torch.Generator | None = None, samples: int = 1
    ) -> tuple[Tensor, Tensor]:
        """Differentiable draws [samples, N, K] and their log densities [samples, N], in nats."""
        start, log_start = self.base.draw(generator, samples)
        z, log_stretch = self.transform.call_and_ladj(start)
        return z, log_start - log_stretch

    def log_prob(self, z: Tensor) -> Tensor:
        """Log density at `z` [..., N, K], in nats: [..., N]; an IAF takes K passes for it."""
        start, log_stretch = self.transform.inv.call_and_ladj(z)
        return self.base.log_prob(start) + log_stretch

    def kl(self) -> Tensor:
        """KL to N(0, 1) of Gaussians with the dimensions' moments [N, K], in nats: estimates."""
        mean, stddev = self._moments
        return DiagonalGaussian(mean, 2.0 * stddev.clamp_min(1e-6).log()).kl()

    def total_kl(self, z: Tensor, log_q: Tensor) -> Tensor:
        """KL(q || N(0, I)) [N], in nats, by Monte Carlo from draws [k, N, K], log q [k, N]."""
        return (log_q - standard_normal_log_prob(z)).mean(0)


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

    def draw(
        self, generator: torch.Generator | None = None, samples: int = 1
    ) -> tuple[Tensor, Tensor]:
        """Not defined, as `log_prob`."""
        raise ValueError("a plain autoencoder has no posterior density")

    def kl(self) -> Tensor:
        """Zeros [N, K]: nothing is paid for the code."""
        return torch.zeros_like(self.mean)

    def total_kl(self, z: Tensor, log_q: Tensor) -> Tensor:
        """Zeros [N]: nothing is paid for the code."""
        return self.mean.new_zeros(len(self.mean))
