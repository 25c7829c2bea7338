"""Training throughput against a plain DataLoader loop on the same network, batch and data."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from models.autoencoder import Autoencoder
from models.data import DataSet, ImageSet, load_data
from models.evaluation import evaluate
from models.freed_memory import keep_freed_memory
from models.networks import Network
from models.plans import Plan
from models.runs import config_of, settings_of
from models.training import train
from tests.benchmarks.digits import write_digits
from tests.benchmarks.plain_training import train_plainly
from tests.benchmarks.report import Options, Row

# Images and epochs: as long as it takes both loops to come to rest, or a minute has gone by.
_SIZES: dict[Network, tuple[int, int]] = {"mlp": (10_240, 25), "conv": (2_560, 15)}
_BUDGET = 2.0
_RATE = 1e-3  # theirs is constant; ours has this mean, as a cosine falls from twice as much
Loop = Callable[[Plan, DataSet], tuple[float, float]]
_SAME_LOSS = 1.01  # ours may be so many times the other and still count as the same


def training_mlp(options: Options) -> list[Row]:
    """The usual network of the training panel."""
    return [_compared("mlp", options)]


def training_conv(options: Options) -> list[Row]:
    """The convolutional network, where arithmetic is nearly all there is."""
    return [_compared("conv", options)]


def _compared(network: Network, options: Options) -> Row:
    images, epochs = _SIZES[network]
    with TemporaryDirectory() as name:
        path = Path(name, "digits.npz")
        write_digits(path, options.count(images))
        data = load_data(str(path))
    plan = Plan("", "", network=network, epochs=epochs, latent_size=8, learning_rate=2 * _RATE)
    measured = [_in_own_process(loop, plan, data) for loop in (_as_we_do, _plainly)]
    (rate, bare), losses = zip(*measured, strict=True)
    same = losses[0] <= _SAME_LOSS * losses[1]
    return Row(
        f"training, {network}",
        f"{rate:,.0f} images/s to a held-out loss of {losses[0]:.1f}",
        f"{bare:,.0f} images/s to {losses[1]:.1f} (DataLoader)",
        rate / bare,
        f"ratio >= {_BUDGET:g}, same loss",
        rate >= _BUDGET * bare and same,
        f"{torch.get_num_threads()} threads, batch {plan.batch_size}, {epochs} epochs "
        f"of {len(data.train):,} images",
    )


def _in_own_process(loop: Loop, plan: Plan, data: DataSet) -> tuple[float, float]:
    """How memory is handled belongs to a process."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(loop, plan, data).result()


def _as_we_do(plan: Plan, data: DataSet) -> tuple[float, float]:
    """Images a second, and the held-out -ELBO in nats; in a process like the trainer's."""
    keep_freed_memory()
    _warm_up(plan, data)
    model = _fresh(plan, data)
    rate = _train(model, data, plan)
    return rate, -evaluate(model, data.held_out)["elbo"]


def _plainly(plan: Plan, data: DataSet) -> tuple[float, float]:
    _warm_up(plan, data)
    model = _fresh(plan, data)
    rate = train_plainly(model, data.train, plan.epochs, plan.batch_size, _RATE)
    return rate, -evaluate(model, data.held_out)["elbo"]


def _warm_up(plan: Plan, data: DataSet) -> None:
    """Let torch import what it imports at the first step of an optimiser."""
    few = replace(data, train=ImageSet(data.train.images[:128]))
    _train(_fresh(plan, few), few, replace(plan, epochs=1))
    train_plainly(_fresh(plan, few), few.train, 1, plan.batch_size, _RATE)


def _fresh(plan: Plan, data: DataSet) -> Autoencoder:
    torch.manual_seed(0)
    return Autoencoder(config_of(plan, data))


def _train(model: Autoencoder, data: DataSet, plan: Plan) -> float:
    """Train as the program does, held-out measurements and snapshots too; images a second."""
    with closing(train(model, data, settings_of(plan))) as steps:
        *_, last = steps
    return plan.epochs * len(data.train) / last.seconds
