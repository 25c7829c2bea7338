"""Where a learned sigma or scale starts: at how far the images lie from their mean."""

import numpy as np
import torch

from models.autoencoder import Autoencoder
from models.data import ImageSet
from models.likelihoods import log_scale_of, log_sigma_of

_LOOKED_AT = 1000  # images, evenly spread: the start need not be finer


@torch.no_grad()
def start_spread(autoencoder: Autoencoder, images: ImageSet) -> None:
    """Set a learned sigma or scale as the mean image alone would have it; nothing else changes.

    From 1, the whole range of a pixel, it would take thousands of steps to come down, and as long
    the likelihood would count details for nothing.
    """
    match autoencoder.config.likelihood:
        case "gaussian":
            autoencoder.log_sigma.fill_(log_sigma_of(deviation(images)))
        case "discretised-logistic":
            autoencoder.log_scale.fill_(log_scale_of(deviation(images)))


def deviation(images: ImageSet) -> float:
    """Root mean square of what the mean image leaves over, in pixel units (1 = full range)."""
    rows = np.linspace(0, len(images) - 1, min(_LOOKED_AT, len(images))).astype(np.int64)
    pixels = images.images[rows].reshape(len(rows), -1)
    total, squares = np.zeros(pixels.shape[1]), np.zeros(pixels.shape[1])
    for image in pixels:  # one by one: as float64 they may be 1.5 GB together
        x = image / 255
        total += x
        squares += x * x
    variances = squares / len(rows) - (total / len(rows)) ** 2
    return float(np.sqrt(max(variances.mean(), 0.0)))
