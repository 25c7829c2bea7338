"""Measured figures: the ELBO and its terms, the importance-weighted bound, active units."""

from collections.abc import Callable

import torch
from torch import Tensor

from models.autoencoder import Autoencoder
from models.data import ImageSet
from models.matmul import fast_matmul
from models.model import as_images, batches, spread_rows
from models.objectives import importance_bound as importance_bound
from models.posteriors import Posterior, standard_normal_log_prob

ACTIVE_VARIANCE = 0.01  # Burda et al. 2016, section 5.2
_FAR = 0.2  # of the ELBO: of another polarity it falls by far more

Report = Callable[[int, int], None]


def log_weights(
    model: Autoencoder,
    x: Tensor,
    q: Posterior,
    label: Tensor | None,
    samples: int,
    generator: torch.Generator,
) -> Tensor:
    """log p(x, z_k) - log q(z_k|x) of `samples` draws: [samples, N], in nats."""
    return log_weights_and_kl(model, x, q, label, samples, generator)[0]


def log_weights_and_kl(
    model: Autoencoder,
    x: Tensor,
    q: Posterior,
    label: Tensor | None,
    samples: int,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """As `log_weights`, and the KL to the prior [N], in nats.

    The KL is the closed form where there is one, else an estimate from the same draws.
    """
    rows, kl = [], []
    for _ in range(samples):
        z, log_q = q.draw(generator)
        log_joint = model.decode(z[0], label).log_prob(x) + standard_normal_log_prob(z[0])
        rows.append(log_joint - log_q[0])
        kl.append(q.total_kl(z, log_q))
    return torch.stack(rows), torch.stack(kl).mean(0)


@torch.no_grad()
@fast_matmul()
def evaluate(
    model: Autoencoder,
    images: ImageSet,
    *,
    importance_samples: int = 0,
    seed: int = 0,
    report: Report | None = None,
) -> dict[str, float]:
    """Mean figures over `images`, in nats an image, from one sampled z an image.

    Keys: `elbo`, `reconstruction` (-E log p(x|z)), `kl`, `active_units`, `kl_<i>` is not
    included; with `importance_samples` also `importance_bound`. A plain autoencoder has only
    `reconstruction`. Binary models see one random binarisation, drawn by `seed`.
    """
    generator = torch.Generator().manual_seed(seed)
    config = model.config
    totals: dict[str, float] = {}
    means = []
    done = 0
    for grey, labels in batches(images, 500 if not importance_samples else 100):
        x = torch.bernoulli(grey, generator=generator) if config.binarise else grey
        label = labels if config.classes else None
        q = model.encode(x, label)
        terms = _terms(model, x, q, label, importance_samples, generator)
        for name, value in terms.items():
            totals[name] = totals.get(name, 0.0) + float(value.double().sum())
        means.append(q.mean)
        done += len(x)
        if report:
            report(done, len(images))
    figures = {name: value / len(images) for name, value in totals.items()}
    figures["active_units"] = float((torch.cat(means).var(0, correction=0) > ACTIVE_VARIANCE).sum())
    return figures


@torch.no_grad()
def terms_of_each(
    model: Autoencoder, grey: Tensor, label: Tensor | None, generator: torch.Generator
) -> dict[str, Tensor]:
    """`elbo`, `reconstruction` (-E log p(x|z)) and `kl` of each image [N], in nats, from one z.

    A plain autoencoder has only `reconstruction`. Binary models see a random binarisation of the
    images `grey` [N, C, H, W].
    """
    x = torch.bernoulli(grey, generator=generator) if model.config.binarise else grey
    return _terms(model, x, model.encode(x, label), label, 0, generator)


def fits_negatives(
    model: Autoencoder, images: ImageSet, count: int = 200
) -> tuple[float, float] | None:
    """Mean ELBO, in nats an image, of `count` images and of their negatives, if far higher.

    Of a plain autoencoder it is log p(x|z) alone. Such images are dark on light and the model's
    light on dark, or the other way round. A model of both kinds, or of neither, tells nothing.
    """
    chosen = spread_rows(len(images), count)
    labels = None if images.labels is None else torch.from_numpy(images.labels[chosen])
    grey = as_images(images.images[chosen])
    found = []
    for x in (grey, 1.0 - grey):
        generator = torch.Generator().manual_seed(0)
        terms = terms_of_each(model, x, labels if model.config.classes else None, generator)
        found.append(float((terms["elbo"] if "elbo" in terms else -terms["reconstruction"]).mean()))
    as_they_are, negatives = found
    far = negatives - as_they_are > _FAR * abs(as_they_are)
    return (as_they_are, negatives) if far else None


def _terms(
    model: Autoencoder,
    x: Tensor,
    q: Posterior,
    label: Tensor | None,
    importance_samples: int,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    if not model.config.has_prior:
        return {"reconstruction": -model.decode(q.mean, label).log_prob(x)}
    z, log_q = q.draw(generator)
    reconstruction = -model.decode(z[0], label).log_prob(x)
    kl = q.total_kl(z, log_q)
    terms = {"elbo": -(reconstruction + kl), "reconstruction": reconstruction, "kl": kl}
    if importance_samples:
        weights = log_weights(model, x, q, label, importance_samples, generator)
        terms["importance_bound"] = importance_bound(weights)
    return terms
