"""Drawing images from their factors against a training that takes the same batches ready-made."""

from contextlib import closing
from dataclasses import replace
from time import perf_counter

import numpy as np
import torch

from models.autoencoder import Autoencoder
from models.data import DataSet, ImageSet, load_data
from models.networks import Network
from models.plans import Plan
from models.runs import config_of, settings_of
from models.training import train
from tests.benchmarks.report import Options, Row, median

_IMAGES: dict[Network, int] = {"mlp": 5_120, "conv": 1_280}
_ROUNDS = 5  # in turns, as the machine may be slower at one time than at another
_BUDGET = 1.0


def drawing(options: Options) -> list[Row]:
    """Sprites for the usual network of the training panel, rooms for the convolutional one.

    Both on one thread: where others keep the cores busy, two threads of torch wait for each other.
    """
    torch.set_num_threads(1)
    return [_compared("sprites", "mlp", options), _compared("rooms", "conv", options)]


def _compared(name: str, network: Network, options: Options) -> Row:
    began = perf_counter()
    data = load_data(name)
    plan = Plan("", "", network=network, epochs=1, latent_size=10)
    data.train.images[: plan.batch_size]
    first = perf_counter() - began
    part = _ready(data, options.count(_IMAGES[network]))
    _train(part, plan)  # torch imports at the first step what it needs
    drawn, trained = [], []
    for _ in range(options.count(_ROUNDS)):
        drawn.append(_draw(data.train, len(part.train), plan.batch_size))
        trained.append(_train(part, plan))
    ratio = median(drawn) / median(trained)
    return Row(
        f"drawing {name}",
        f"{median(drawn):,.0f} images/s",
        f"{median(trained):,.0f} images/s ({network} training)",
        ratio,
        f"ratio > {_BUDGET:g}",
        ratio > _BUDGET,
        f"batch {plan.batch_size}, one thread each; "
        f"the first batch came {first:.2f} s after the data was asked for",
    )


def _ready(data: DataSet, count: int) -> DataSet:
    """The first images, drawn beforehand; as good as none are held out."""
    few = ImageSet(data.held_out.images[:2])
    return replace(data, train=ImageSet(data.train.images[:count]), held_out=few)


def _draw(images: ImageSet, count: int, batch_size: int) -> float:
    """Draw so many images in batches, in random order; images a second."""
    order = np.random.default_rng(0).permutation(len(images))[:count]
    start = perf_counter()
    for place in range(0, count, batch_size):
        images.images[order[place : place + batch_size]]
    return count / (perf_counter() - start)


def _train(data: DataSet, plan: Plan) -> float:
    """Train on images that are there; images a second."""
    torch.manual_seed(0)
    model = Autoencoder(config_of(plan, data))
    with closing(train(model, data, settings_of(plan), snapshots=False)) as steps:
        *_, last = steps
    return len(data.train) / last.seconds
