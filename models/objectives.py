"""One pure function a method: a batch in, a `Loss` out; a plain dict names them.

Terms are means over the batch, in nats an image; the formulas in words are `models.methods`'s.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from models.adversary import Discriminator
from models.autoencoder import Autoencoder
from models.corruption import CORRUPTIONS
from models.methods import MethodName, MethodSettings
from models.posteriors import DiagonalGaussian, Posterior, standard_normal_log_prob


@dataclass(frozen=True)
class Loss:
    """`total` is minimised; `terms` are shown: means over the batch, in nats an image.

    `kl` [K] is the mean KL to the prior of each dimension, where it is known, and `z` [N, K]
    the latents that were decoded; both are without gradient.
    """

    total: Tensor
    terms: Mapping[str, Tensor]
    kl: Tensor | None = None
    z: Tensor | None = None


def _all_here(rows: Tensor) -> Tensor:
    return rows


@dataclass(frozen=True)
class Batch:
    """Images `x` [N, C, H, W] in [0, 1] and, for a conditional model, classes `label` [N].

    `kl_weight` is the share of the KL that warm-up lets in, 0 to 1; `capacity`, in nats, is
    where C stands now; `data_size` counts the images the batch was drawn from; FactorVAE's
    `discriminator` estimates the total correlation. Where the images are one process's share of
    a batch, `whole` makes the rows [M, ...] of all its images of their rows [N, ...], with
    gradients (`models.distributed`); what judges the batch as a whole asks it.
    """

    x: Tensor
    label: Tensor | None = None
    kl_weight: float = 1.0
    capacity: float = 0.0
    data_size: int = 0
    discriminator: Discriminator | None = None
    whole: Callable[[Tensor], Tensor] = _all_here


# Draws of a batch whose density under all its posteriors is computed: a large batch makes the
# estimate of q(z) better, and the mean over so many draws is good enough.
_MOST_DRAWS = 256

Generator = torch.Generator | None
Objective = Callable[[Autoencoder, Batch, MethodSettings, Generator], Loss]


# --- autoencoders, for contrast ---


def autoencoder(
    model: Autoencoder, batch: Batch, settings: MethodSettings, generator: Generator = None
) -> Loss:
    """Reconstruction alone: -log p(x | z = f(x)) (Hinton and Salakhutdinov 2006)."""
    return _restored(model, batch, batch.x)


def denoising(
    model: Autoencoder, batch: Batch, settings: MethodSettings, generator: Generator = None
) -> Loss:
    """-log p(x | z = f(x~)): the code of a corrupted image restores the clean one.

    Vincent et al. 2010, eq. 7.
    """
    corrupt = CORRUPTIONS[settings.corruption]
    return _restored(model, batch, corrupt(batch.x, settings.corruption_level, generator))


def contractive(
    model: Autoencoder, batch: Batch, settings: MethodSettings, generator: Generator = None
) -> Loss:
    """-log p(x | z = f(x)) + lambda ||df/dx||_F^2 (Rifai et al. 2011, eq. 6).

    The norm is the exact one of the Jacobian of the code by the pixels, not a sampled estimate.
    """
    plain = _restored(model, batch, batch.x)
    norm = squared_jacobian_norm(model, batch.x, batch.label).mean()
    total = plain.total + settings.contraction * norm
    return Loss(total, {**plain.terms, "jacobian": norm}, z=plain.z)


def _restored(model: Autoencoder, batch: Batch, seen: Tensor) -> Loss:
    z = model.encode(seen, batch.label).mean
    reconstruction = -model.decode(z, batch.label).log_prob(batch.x).mean()
    return Loss(reconstruction, {"reconstruction": reconstruction}, z=z.detach())


def squared_jacobian_norm(model: Autoencoder, x: Tensor, label: Tensor | None = None) -> Tensor:
    """||d mean / d x||_F^2 of each image [N], by one backward pass a latent dimension.

    No layer mixes images, so the gradient of a sum over the batch holds each image's own.
    """
    keep = torch.is_grad_enabled()
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        z = model.encode(x, label).mean
        norm = x.new_zeros(len(x))
        for dimension in range(z.shape[1]):
            more = keep or dimension + 1 < z.shape[1]
            (row,) = torch.autograd.grad(
                z[:, dimension].sum(), x, create_graph=keep, retain_graph=more
            )
            norm = norm + row.flatten(1).square().sum(1)
    return norm if keep else norm.detach()


# --- variational autoencoders ---


@dataclass(frozen=True)
class _Elbo:
    """The pieces that most methods share: one draw and what it costs."""

    q: Posterior
    z: Tensor
    reconstruction: Tensor
    kl: Tensor  # [N, K], each image's of each dimension


def _elbo(model: Autoencoder, batch: Batch, generator: Generator) -> _Elbo:
    q = model.encode(batch.x, batch.label)
    z = q.rsample(generator)
    reconstruction = -model.decode(z, batch.label).log_prob(batch.x).mean()
    return _Elbo(q, z, reconstruction, q.kl())


def _loss(total: Tensor, parts: _Elbo, **terms: Tensor) -> Loss:
    each = parts.kl.mean(0)
    kl = each.sum()
    elbo = -(parts.reconstruction + kl)
    known = {"elbo": elbo, "reconstruction": parts.reconstruction, "kl": kl}
    return Loss(total, {**known, **terms}, each.detach(), parts.z.detach())


def negative_elbo(
    model: Autoencoder, batch: Batch, settings: MethodSettings, generator: Generator = None
) -> Loss:
    """-ELBO = E_q[-log p(x|z)] + beta KL(q(z|x) || p(z)), one sampled z; beta is 1 in a VAE.

    Kingma and Welling 2014, eq. 10; Higgins et al. 2017, eq. 4.
    With labels it is the conditional one, q(z|x,y) and p(x|z,y) (Sohn et al. 2015, eq. 4).
    """
    parts = _elbo(model, batch, generator)
    paid = _paid_kl(parts, batch, settings)
    return _loss(parts.reconstruction + batch.kl_weight * settings.beta * paid, parts)


def _paid_kl(parts: _Elbo, batch: Batch, settings: MethodSettings) -> Tensor:
    """The KL that counts: free bits leave each dimension some (Kingma et al. 2016, eq. 15).

    They do so of the mean over the batch: without them any share of it will do.
    """
    if not settings.free_bits:
        return parts.kl.mean(0).sum()
    return batch.whole(parts.kl).mean(0).clamp_min(settings.free_bits).sum()


def annealed_capacity(
    model: Autoencoder, batch: Batch, settings: MethodSettings, generator: Generator = None
) -> Loss:
    """E_q[-log p(x|z)] + gamma |KL - C| with C = `batch.capacity` (Burgess et al. 2018, eq. 8)."""
    parts = _elbo(model, batch, generator)
    distance = (batch.whole(parts.kl).mean(0).sum() - batch.capacity).abs()
    return _loss(parts.reconstruction + settings.gamma * distance, parts)


def total_correlation(
    model: Autoencoder, batch: Batch, settings: MethodSettings, generator: Generator = None
) -> Loss:
    """The KL in three terms, of which the total correlation costs beta (Chen et al. 2018, eq. 4).

    I(x;z) + beta KL(q(z) || prod q(z_j)) + sum KL(q(z_j) || p(z_j)). What is minimised is
    estimated as there; what is shown are the same terms of the batch's own aggregate posterior,
    which differ by a constant. Either way the three sum to the Monte-Carlo KL of the same draw.
    """
    parts = _elbo(model, batch, generator)
    assert isinstance(parts.q, DiagonalGaussian)
    q = DiagonalGaussian(batch.whole(parts.q.mean), batch.whole(parts.q.log_variance))
    z = batch.whole(parts.z)
    size = max(batch.data_size, len(z))
    information, correlation, alone = kl_terms(q, z[:_MOST_DRAWS], size)
    paid = information + settings.beta * correlation + alone
    with torch.no_grad():  # of the batch's own aggregate posterior: N = 1 takes log N away
        dimensions, log_size = z.shape[1], math.log(size)
        information = information - log_size
        correlation = correlation - (dimensions - 1) * log_size
        alone = alone + dimensions * log_size
    terms = {"information": information, "total_correlation": correlation, "dimension_kl": alone}
    return _loss(parts.reconstruction + batch.kl_weight * paid, parts, **terms)


def kl_terms(q: DiagonalGaussian, z: Tensor, data_size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Index-code information, total correlation and dimension-wise KL of a draw, in nats.

    `z` [L, K] is one draw from each of the first L of the M posteriors `q`. By
    minibatch-weighted sampling log q(z_i) is estimated as log 1/(NM) sum_j q(z_i|x_j)
    (Chen et al. 2018, appendix C.1):
    every weight is 1/(NM), the same in the joint as in the marginals. N moves the terms by 1,
    K - 1 and -K times log N, and no gradient; with N = 1 they are those of the mixture of the
    batch's posteriors, of which none is negative on average.
    """
    squared = (z[:, None] - q.mean).square()  # [L, M, K]: draw i under posterior j
    log_each = -0.5 * (squared * q.precision + q.log_variance + math.log(2 * math.pi))
    log_weight = math.log(data_size * len(q.mean))
    log_joint = torch.logsumexp(log_each.sum(-1), 1) - log_weight
    log_product = (torch.logsumexp(log_each, 1) - log_weight).sum(-1)
    log_q = log_each.diagonal().sum(0)  # [K, L] to [L]
    log_prior = standard_normal_log_prob(z)
    return (
        (log_q - log_joint).mean(),
        (log_joint - log_product).mean(),
        (log_product - log_prior).mean(),
    )


def factor_vae(
    model: Autoencoder, batch: Batch, settings: MethodSettings, generator: Generator = None
) -> Loss:
    """-ELBO + gamma TC, the discriminator's estimate (Kim and Mnih 2018, eq. 2).

    The discriminator learns in a step of its own (`models.training`), from the latents drawn
    here.
    """
    if batch.discriminator is None:
        raise ValueError("FactorVAE needs its discriminator")
    parts = _elbo(model, batch, generator)
    correlation = batch.discriminator.total_correlation(parts.z)
    paid = _paid_kl(parts, batch, settings)
    total = parts.reconstruction + batch.kl_weight * paid + settings.gamma * correlation
    return _loss(total, parts, total_correlation=correlation)


def dip_vae_i(
    model: Autoencoder, batch: Batch, settings: MethodSettings, generator: Generator = None
) -> Loss:
    """-ELBO + a penalty on the covariance of the posterior means (Kumar et al. 2018, eq. 6)."""
    parts = _elbo(model, batch, generator)
    return _decorrelated(parts, covariance(batch.whole(parts.q.mean)), batch, settings)


def dip_vae_ii(
    model: Autoencoder, batch: Batch, settings: MethodSettings, generator: Generator = None
) -> Loss:
    """-ELBO + a penalty on the covariance of z under q(z) (Kumar et al. 2018, eq. 7)."""
    parts = _elbo(model, batch, generator)
    spread = torch.diag(batch.whole(parts.q.stddev.square()).mean(0))
    matrix = covariance(batch.whole(parts.q.mean)) + spread
    return _decorrelated(parts, matrix, batch, settings)


def _decorrelated(parts: _Elbo, matrix: Tensor, batch: Batch, settings: MethodSettings) -> Loss:
    diagonal = matrix.diagonal()
    off_diagonal = matrix.square().sum() - diagonal.square().sum()
    to_one = (diagonal - 1.0).square().sum()
    penalty = settings.lambda_od * off_diagonal + settings.lambda_d * to_one
    paid = _paid_kl(parts, batch, settings)
    total = parts.reconstruction + batch.kl_weight * paid + penalty
    return _loss(total, parts, covariance=penalty)


def covariance(rows: Tensor) -> Tensor:
    """Covariance [K, K] of rows [N, K], divided by N."""
    centred = rows - rows.mean(0)
    product: Tensor = (centred.mT @ centred) / len(rows)
    return product


# --- tighter bounds ---


def importance_weighted(
    model: Autoencoder, batch: Batch, settings: MethodSettings, generator: Generator = None
) -> Loss:
    """-log 1/k sum p(x, z_i) / q(z_i|x), for Gaussian posteriors and flows alike.

    Burda et al. 2016, eq. 8. At k = 1 it is the Monte-Carlo -ELBO of the same noise.
    """
    q = model.encode(batch.x, batch.label)
    z, log_q = q.draw(generator, settings.samples)
    log_likelihood = _log_likelihood(model, z, batch)
    log_ratio = standard_normal_log_prob(z) - log_q
    weights = log_likelihood + batch.kl_weight * log_ratio
    total = -importance_bound(weights).mean()
    with torch.no_grad():
        reconstruction, kl = -log_likelihood.mean(), q.total_kl(z, log_q).mean()
        bound = importance_bound(log_likelihood + log_ratio).mean()
        terms = {"elbo": -(reconstruction + kl), "reconstruction": reconstruction, "kl": kl}
        each = q.kl().mean(0) if isinstance(q, DiagonalGaussian) else None
    return Loss(total, {**terms, "importance_bound": bound}, each, z[0].detach())


def _log_likelihood(model: Autoencoder, z: Tensor, batch: Batch) -> Tensor:
    """log p(x|z) of draws [k, N, K]: [k, N], all decoded in one go."""
    samples, count = z.shape[:2]
    label = None if batch.label is None else batch.label.repeat(samples)
    x = batch.x.repeat(samples, 1, 1, 1)
    return model.decode(z.flatten(0, 1), label).log_prob(x).reshape(samples, count)


def importance_bound(log_weight: Tensor) -> Tensor:
    """log (1/k sum_k w_k) of log weights [k, N]: [N], in nats (Burda et al. 2016, eq. 8)."""
    return torch.logsumexp(log_weight, 0) - math.log(len(log_weight))


METHODS: dict[MethodName, Objective] = {
    "ae": autoencoder,
    "dae": denoising,
    "cae": contractive,
    "vae": negative_elbo,
    "cvae": negative_elbo,
    "beta-vae": negative_elbo,
    "annealed-vae": annealed_capacity,
    "beta-tcvae": total_correlation,
    "factor-vae": factor_vae,
    "dip-vae-i": dip_vae_i,
    "dip-vae-ii": dip_vae_ii,
    "iwae": importance_weighted,
    "flow-vae": importance_weighted,
}
