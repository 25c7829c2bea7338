"""Means of a loss's terms over batches."""

import torch
from torch import Tensor

from models.distributed import Processes
from models.objectives import Loss

_KL, _GRADIENT = "kl of each dimension", "gradient norm"  # beside the terms


class Mean:
    """Means over batches of different sizes; sums stay where they were computed."""

    def __init__(self) -> None:
        self.totals: dict[str, Tensor] = {}
        self.count = 0.0

    def add(self, loss: Loss, count: float, gradient_norm: Tensor | None = None) -> None:
        """Take in the loss of a batch of `count` images."""
        values: dict[str, Tensor | None] = {**loss.terms, _KL: loss.kl, _GRADIENT: gradient_norm}
        for name, value in values.items():
            if value is None:
                continue
            added = value.detach() * count
            self.totals[name] = self.totals[name] + added if name in self.totals else added
        self.count += count

    def terms(self) -> dict[str, float]:
        """The mean of each term, in nats an image."""
        return {
            name: float(total) / self.count
            for name, total in self.totals.items()
            if name not in (_KL, _GRADIENT)
        }

    def gradient_norm(self) -> float:
        """The mean Euclidean norm of the gradients of steps; 0 where there were none."""
        total = self.totals.get(_GRADIENT)
        return float(total) / self.count if total is not None else 0.0

    def of_all(self, processes: Processes) -> "Mean":
        """The mean over the images of all processes."""
        if processes.world == 1:
            return self
        whole = Mean()
        whole.totals = {name: total.clone() for name, total in self.totals.items()}
        count = torch.tensor(float(self.count), device=next(iter(whole.totals.values())).device)
        processes.add([*whole.totals.values(), count])
        whole.count = float(count)
        return whole

    def kl(self) -> tuple[float, ...]:
        """The mean of each dimension's KL, if there is one."""
        total = self.totals.get(_KL)
        return tuple((total / self.count).tolist()) if total is not None else ()
