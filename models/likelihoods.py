"""p(x|z): what a decoder says about the image of a latent."""

from dataclasses import dataclass
from math import expm1, log, pi, sqrt
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from models.noise import normal, uniform

LOG_SIGMA_FLOOR = -6.0
_LEAST_SPREAD = 1 / 255  # pixel units: bytes tell no finer
_NEAR_ZERO = 0.05  # below it a continuous Bernoulli goes by Taylor series
_LEVELS = 255  # steps between the 256 values of a byte


def log_sigma_of(deviation: float) -> float:
    """The `log_sigma` of a Gaussian whose sigma, in pixel units, is this standard deviation.

    The density is highest where sigma is the root mean square of what the mean leaves over
    (Rybkin et al. 2021, sigma-VAE).
    """
    above = log(max(deviation, _LEAST_SPREAD)) - LOG_SIGMA_FLOOR
    return LOG_SIGMA_FLOOR + log(expm1(above))


def log_scale_of(deviation: float) -> float:
    """The `log_scale` of a logistic with this standard deviation, in pixel units."""
    return log_sigma_of(deviation * sqrt(3) / pi)


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
            noise = normal(self.mean, generator)
            return (self.mean + self.safe_log_sigma.exp() * noise).clamp(0.0, 1.0)

    def log_prob(self, x: Tensor) -> Tensor:
        """Sum over pixels of log p(x|z) [N], in nats (a density: it may be positive)."""
        log_sigma = self.safe_log_sigma
        quadratic = ((x - self.mean) * torch.exp(-log_sigma)).square()
        return -(0.5 * quadratic + log_sigma + 0.5 * log(2 * pi)).flatten(-3).sum(-1)


@dataclass(frozen=True)
class ContinuousBernoulli:
    """Independent pixels in [0, 1] (Loaiza-Ganem and Cunningham 2019, eq. 6).

    Unlike the Bernoulli on grey images it is a normalised density. Its parameter
    lambda = sigmoid(logits) is not its mean. All is computed from the logits: torch's own goes by
    lambda, which rounding keeps off 0 and 1, so that beyond logits of 16 it is no density.
    """

    logits: Tensor

    @property
    def mean(self) -> Tensor:
        """Mean image, in [0, 1]."""
        half, near, safe = self._halves()
        off_centre = torch.where(
            near, half / 3.0 - half**3 / 45.0 + half**5 / 472.5, 1.0 / safe.tanh() - 1.0 / safe
        )
        return 0.5 + 0.5 * off_centre

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Images of the same shape, by the inverse of the distribution function."""
        with torch.no_grad():
            down = -self.logits.abs().clamp_min(1e-6)
            dark = torch.log1p(uniform(self.logits, generator) * torch.expm1(down)) / down
            return torch.where(self.logits < 0, dark, 1.0 - dark)

    def log_prob(self, x: Tensor) -> Tensor:
        """Sum over pixels of log p(x|z) [N], in nats (a density: it may be positive)."""
        return Bernoulli(self.logits).log_prob(x) + self._log_normaliser().flatten(-3).sum(-1)

    def _log_normaliser(self) -> Tensor:
        """log C = log(logit / tanh(logit / 2)) of each pixel (ibid., eq. 8)."""
        half, near, safe = self._halves()
        series = half.square() / 3.0 - 7.0 * half**4 / 90.0 + 62.0 * half**6 / 2835.0
        return log(2.0) + torch.where(near, series, torch.log(safe / safe.tanh()))

    def _halves(self) -> tuple[Tensor, Tensor, Tensor]:
        """Half the logits; which are near 0, where the formulas are 0 / 0; 1 instead of those."""
        half = 0.5 * self.logits
        near = half.abs() < _NEAR_ZERO
        return half, near, torch.where(near, 1.0, half)


@dataclass(frozen=True)
class DiscretisedLogistic:
    """Independent pixels of 256 values: a logistic with mean sigmoid(logits), one learned scale.

    The first and the last value take the whole tail (Kingma et al. 2016, appendix A; Salimans
    et al. 2017, eq. 2), so that the 256 probabilities sum to 1.
    """

    logits: Tensor
    log_scale: Tensor

    @property
    def mean(self) -> Tensor:
        """Mean image, in [0, 1], before the tails are folded in."""
        return torch.sigmoid(self.logits)

    @property
    def safe_log_scale(self) -> Tensor:
        """Logarithm of the scale in pixel units (1 = full range), above -6."""
        return LOG_SIGMA_FLOOR + functional.softplus(self.log_scale - LOG_SIGMA_FLOOR)

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Images of the same shape, of the 256 values."""
        with torch.no_grad():
            drawn = torch.logit(uniform(self.logits, generator), eps=1e-6)
            x = self.mean + self.safe_log_scale.exp() * drawn
            return (x.clamp(0.0, 1.0) * _LEVELS).round() / _LEVELS

    def log_prob(self, x: Tensor) -> Tensor:
        """Sum over pixels of log P(x|z) [N], in nats; `x` is rounded to the 256 values."""
        value = (x * _LEVELS).round()
        inverse = torch.exp(-self.safe_log_scale)
        centred = value / _LEVELS - self.mean
        above = inverse * (centred + 0.5 / _LEVELS)
        below = inverse * (centred - 0.5 / _LEVELS)
        # log(sigmoid(above) - sigmoid(below)) without the difference of two numbers near 1
        width = inverse / _LEVELS
        middle = (
            functional.logsigmoid(above)
            + functional.logsigmoid(-below)
            + torch.log(-torch.expm1(-width))
        )
        first, last = functional.logsigmoid(above), functional.logsigmoid(-below)
        log_mass = torch.where(value <= 0, first, torch.where(value >= _LEVELS, last, middle))
        return log_mass.flatten(-3).sum(-1)
