"""The training loop that is found everywhere: a DataLoader, one image at a time, plain Adam.

After the VAE of pytorch/examples: `ToTensor` on each image, the default collation, and a loss
read back at every step.
"""

from collections.abc import Sized
from time import perf_counter

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from models.autoencoder import Autoencoder
from models.data import ImageSet
from models.likelihoods import Bernoulli
from models.posteriors import DiagonalGaussian


class PlainImages(Dataset[tuple[Tensor, int]], Sized):
    """Images one by one, as torchvision's data sets give them."""

    def __init__(self, images: ImageSet) -> None:
        self._images = torch.from_numpy(np.asarray(images.images)[:, 0])
        self._labels = [0] * len(images) if images.labels is None else images.labels.tolist()

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = Image.fromarray(self._images[index].numpy())
        return _to_tensor(picture), int(self._labels[index])


def _to_tensor(picture: Image.Image) -> Tensor:
    """What torchvision's `ToTensor` does to a grey picture."""
    pixels = torch.from_numpy(np.array(picture, np.uint8, copy=True))
    pixels = pixels.view(picture.size[1], picture.size[0], 1)
    return pixels.permute(2, 0, 1).contiguous().to(torch.float32).div(255)


def train_plainly(
    model: Autoencoder, images: ImageSet, epochs: int, batch_size: int, learning_rate: float
) -> float:
    """Train a VAE of binary images in place; images a second."""
    loader = DataLoader(PlainImages(images), batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    model.train()
    start = perf_counter()
    for _ in range(epochs):
        total = 0.0
        for data, _ in loader:
            optimizer.zero_grad()
            loss = _loss(model, torch.bernoulli(data))
            loss.backward()
            total += loss.item()
            optimizer.step()
    seconds = perf_counter() - start
    model.eval()
    return epochs * len(images) / seconds


def _loss(model: Autoencoder, x: Tensor) -> Tensor:
    """-ELBO, a mean over the batch, from one sampled z."""
    q = model.encode(x)
    assert isinstance(q, DiagonalGaussian)
    z = q.mean + torch.exp(0.5 * q.log_variance) * torch.randn_like(q.mean)
    likelihood = model.decode(z)
    assert isinstance(likelihood, Bernoulli)
    missed = functional.binary_cross_entropy_with_logits(likelihood.logits, x, reduction="sum")
    kl = -0.5 * torch.sum(1 + q.log_variance - q.mean.pow(2) - q.log_variance.exp())
    return (missed + kl) / len(x)
