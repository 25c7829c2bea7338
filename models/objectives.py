"""One pure function a method: a batch in, a `Loss` out; a plain dict names them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from models.autoencoder import Autoencoder, MethodName


@dataclass(frozen=True)
class Loss:
    """`total` is minimised; `terms` are shown: means over the batch, in nats an image."""

    total: Tensor
    terms: Mapping[str, Tensor]


@dataclass(frozen=True)
class Batch:
    """Images `x` [N, C, H, W] in [0, 1] and, for a conditional model, classes `label` [N].

    `kl_weight` is the share of the KL that warm-up lets in, 0 to 1.
    """

    x: Tensor
    label: Tensor | None = None
    kl_weight: float = 1.0


Objective = Callable[[Autoencoder, Batch, torch.Generator | None], Loss]


def autoencoder(model: Autoencoder, batch: Batch, generator: torch.Generator | None = None) -> Loss:
    """Reconstruction alone: -log p(x | z = f(x)) (Hinton and Salakhutdinov 2006)."""
    z = model.encode(batch.x, batch.label).mean
    reconstruction = -model.decode(z, batch.label).log_prob(batch.x).mean()
    return Loss(reconstruction, {"reconstruction": reconstruction})


def negative_elbo(
    model: Autoencoder, batch: Batch, generator: torch.Generator | None = None
) -> Loss:
    """-ELBO = E_q[-log p(x|z)] + KL(q(z|x) || p(z)), one sampled z.

    Kingma and Welling 2014, eq. 10.
    With labels it is the conditional one, q(z|x,y) and p(x|z,y) (Sohn et al. 2015, eq. 4).
    """
    q = model.encode(batch.x, batch.label)
    z = q.rsample(generator)
    reconstruction = -model.decode(z, batch.label).log_prob(batch.x).mean()
    kl = q.kl().sum(-1).mean()
    terms = {"reconstruction": reconstruction, "kl": kl, "elbo": -(reconstruction + kl)}
    return Loss(reconstruction + batch.kl_weight * kl, terms)


METHODS: dict[MethodName, Objective] = {
    "ae": autoencoder,
    "vae": negative_elbo,
    "cvae": negative_elbo,
}
