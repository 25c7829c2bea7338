"""A model whose decode takes longer than its paint: 64x64 convolutions with random weights."""

from pathlib import Path

import numpy as np
import torch

from models.autoencoder import Autoencoder, Config
from models.checkpoint import save
from models.model import Model
from models.points import Points
from models.preprocessing import Preprocessing

_SIDE, _POINTS = 64, 10_000


def write_conv_model(path: Path) -> None:
    """The decoder that the budgets were set by, in a file with 10,000 points for the map."""
    torch.manual_seed(0)
    config = Config(image_shape=(1, _SIDE, _SIDE), latent_size=2, network="conv", width=32, depth=0)
    random = np.random.default_rng(0)
    points = Points(
        mean=random.standard_normal((_POINTS, 2), np.float32),
        log_variance=np.full((_POINTS, 2), -2.0, np.float32),
        label=random.integers(0, 10, _POINTS),
    )
    names = tuple(str(digit) for digit in range(10))
    save(Model(Autoencoder(config), Preprocessing(1, _SIDE, _SIDE), names, points), path)
