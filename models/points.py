"""The data on the map: where an encoder puts each image."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_AT_ONCE = 65_536  # points whose KL is computed together


@dataclass(frozen=True)
class Points:
    """Posterior means and log-variances [N, K] of the data, classes [N] if known."""

    mean: Floats
    log_variance: Floats
    label: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.mean)

    def at(self, rows: npt.NDArray[np.int64]) -> "Points":
        """Some of them, by their numbers [n]."""
        label = None if self.label is None else self.label[rows]
        return Points(self.mean[rows], self.log_variance[rows], label)

    def mean_kl(self) -> Floats:
        """Mean KL to the prior of each dimension [K], in nats: how much it is used."""
        return np.asarray(_kl(self.mean, self.log_variance).mean(0), np.float32)

    def kl(self) -> Floats:
        """KL(q(z|x) || N(0, I)) of each point [N], in nats (Kingma and Welling 2014, app. B)."""
        parts = (slice(start, start + _AT_ONCE) for start in range(0, len(self), _AT_ONCE))
        rows = [_kl(self.mean[part], self.log_variance[part]).sum(1) for part in parts]
        return np.concatenate(rows) if rows else np.zeros(0, np.float32)


def _kl(mean: Floats, log_variance: Floats) -> Floats:
    """KL of each dimension of Gaussians [N, K]: [N, K]."""
    variance = np.exp(np.clip(log_variance, -60.0, 30.0))
    return np.asarray(0.5 * (mean**2 + variance - 1.0 - log_variance), np.float32)
