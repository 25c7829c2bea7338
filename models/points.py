"""The data on the map: where an encoder puts each image."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Points:
    """Posterior means and log-variances [N, K] of the data, classes [N] if known."""

    mean: Floats
    log_variance: Floats
    label: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.mean)

    def mean_kl(self) -> Floats:
        """Mean KL to the prior of each dimension [K], in nats: how much it is used."""
        variance = np.exp(np.clip(self.log_variance, -60.0, 30.0))
        kl = 0.5 * (self.mean**2 + variance - 1.0 - self.log_variance)
        return np.asarray(kl.mean(0), np.float32)
