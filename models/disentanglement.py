"""Disentanglement: how far each latent stands for one factor of variation.

The settings are those of disentanglement_lib (Locatello et al. 2019): the representation is the
posterior mean. Estimators of the same name differ: their figures cannot be compared.
"""

import numpy as np
import numpy.typing as npt
import torch

from models.data import ImageSet
from models.factors import FactorImages
from models.model import Encodes, batches

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MIG_IMAGES = 10_000
_BINS = 20
_AT_ONCE = 500


def mig(means: npt.ArrayLike, factors: npt.ArrayLike) -> float:
    """The mutual information gap of latents [N, K] and factors [N, F], in [0, 1].

    For each factor v, the mutual information of the latent that tells most about it less that of
    the second best, as a share of the factor's entropy H(v); then the mean over factors that have
    more than one value here. Latents are cut into 20 bins of equal width (Chen et al. 2018,
    eq. 6, as estimated in `mig.py` of disentanglement_lib). NaN if a latent is not a finite
    number or no factor varies.
    """
    latents, values = np.asarray(means, np.float64), np.asarray(factors, np.int64)
    if not np.isfinite(latents).all():
        return float("nan")
    places = [np.unique(column, return_inverse=True)[1] for column in values.T]
    gaps = [_gap(_binned(latents), place) for place in places if place.any()]
    return float(np.mean(gaps)) if gaps else float("nan")


def measure_mig(
    model: Encodes, images: ImageSet, *, labelled: bool = False, seed: int = 0
) -> float | None:
    """`mig` of the posterior means of at most 10,000 images, drawn by `seed`.

    `labelled` models are told the class of each image. None for images whose factors are not
    known.
    """
    drawn = images.images
    if not isinstance(drawn, FactorImages):
        return None
    count = min(MIG_IMAGES, len(drawn))
    chosen = np.random.default_rng(seed).choice(len(drawn), count, replace=False)
    labels = None if images.labels is None else images.labels[chosen]
    means = encoded_means(model, ImageSet(drawn.view(chosen), labels), labelled)
    return mig(means, drawn.rows(chosen))


@torch.no_grad()
def encoded_means(model: Encodes, images: ImageSet, labelled: bool = False) -> Floats:
    """Posterior means [N, K] of images, which are taken a batch at a time."""
    means = [
        model.encode(x, label if labelled else None).mean for x, label in batches(images, _AT_ONCE)
    ]
    return torch.cat(means).double().numpy()


def _binned(latents: Floats) -> Integers:
    """The bin [N, K] of each value, from 0, by the range of its latent."""
    edges = [np.histogram_bin_edges(column, _BINS)[:-1] for column in latents.T]
    columns = [np.digitize(*pair) - 1 for pair in zip(latents.T, edges, strict=True)]
    return np.stack(columns, 1).astype(np.int64)


def _gap(bins: Integers, factor: Integers) -> float:
    """(I1 - I2) / H(v) of latents in bins [N, K] and a factor [N]; a sole latent has I2 = 0."""
    informations = sorted(_mutual_information(column, factor) for column in bins.T)
    first, second = informations[-1], informations[-2] if len(informations) > 1 else 0.0
    return (first - second) / _mutual_information(factor, factor)


def _mutual_information(one: Integers, other: Integers) -> float:
    """The mutual information of two series of numbers from 0, in nats."""
    shape = int(one.max()) + 1, int(other.max()) + 1
    counts = np.bincount(one * shape[1] + other, minlength=shape[0] * shape[1]).reshape(shape)
    joint = counts / len(one)
    alone = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    there = joint > 0
    return float((joint[there] * np.log(joint[there] / alone[there])).sum())
