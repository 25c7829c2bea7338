"""Training from a file that is not read into memory, against the same images in memory."""

import gc
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil
import torch

from models.autoencoder import Autoencoder
from models.data import DataSet, ImageSet, load_data
from models.plans import Plan
from models.rows import StoredRows
from models.runs import config_of, settings_of
from models.training import train
from tests.benchmarks.digits import write_digits
from tests.benchmarks.report import Options, Row, median

_MB = 1e6
_IMAGES = 1_600_000  # of 28x28 bytes: more than what is read whole
_DRAWN = 10_000  # different ones among them
_AN_EPOCH = 12_800  # images taken from all over the file
_TURNS = 15
_SAME_RATE, _ADDED_MB = 0.95, 50


def large_data(options: Options) -> list[Row]:
    """Turns of one epoch each, so that both meet the same other work on the machine."""
    torch.set_num_threads(1)  # as the window's trainer has on two cores
    plan = Plan("", "", network="mlp", epochs=1, latent_size=8)
    with TemporaryDirectory() as name:
        in_file, added = _opened(_written(Path(name)))
        rows = np.random.default_rng(0).permutation(len(in_file.train))[:_AN_EPOCH]
        in_file = replace(in_file, train=ImageSet(_rows_of(in_file).view(rows)))
        in_memory = replace(in_file, train=ImageSet(np.asarray(in_file.train.images)))
        _rate(plan, in_memory)
        before, rates = _megabytes(), list[tuple[float, float]]()
        for _ in range(options.count(_TURNS)):
            rates.append((_rate(plan, in_file), _rate(plan, in_memory)))
        added += max(0.0, _megabytes() - before)
    ratio = median([one / other for one, other in rates])
    return [
        Row(
            "training from a large file",
            f"{median([one for one, _ in rates]):,.0f} images/s",
            f"{median([other for _, other in rates]):,.0f} images/s (in memory)",
            ratio,
            f"ratio >= {_SAME_RATE:g}",
            ratio >= _SAME_RATE,
            f"mlp, batch {plan.batch_size}, one thread; a file of {_IMAGES * 784 / 1e9:.1f} GB, "
            "in the system's cache",
        ),
        Row(
            "memory added by a large file",
            f"{added:+.0f} MB",
            f"{_IMAGES * 784 / _MB:,.0f} MB (the file)",
            None,
            f"<= {_ADDED_MB} MB",
            added <= _ADDED_MB,
        ),
    ]


def _written(folder: Path) -> Path:
    """An `.npy` of digits, again and again."""
    write_digits(folder / "digits.npz", _DRAWN)
    with np.load(folder / "digits.npz") as archive:
        images = archive["images"]
    path = folder / "large.npy"
    with path.open("wb") as stream:
        header = {"descr": "|u1", "fortran_order": False, "shape": (_IMAGES, *images.shape[1:])}
        np.lib.format.write_array_header_1_0(stream, header)
        for _ in range(_IMAGES // _DRAWN):
            stream.write(images.tobytes())
    return path


def _opened(path: Path) -> tuple[DataSet, float]:
    """The file as a data set, and the megabytes that took."""
    before = _megabytes()
    data = load_data(str(path))
    return data, _megabytes() - before


def _rows_of(data: DataSet) -> StoredRows:
    images = data.train.images
    assert isinstance(images, StoredRows)
    return images


def _rate(plan: Plan, data: DataSet) -> float:
    """One epoch as the program trains; images a second."""
    torch.manual_seed(0)
    model = Autoencoder(config_of(plan, data))
    with closing(train(model, data, settings_of(plan), snapshots=False)) as steps:
        *_, last = steps
    return len(data.train) / last.seconds


def _megabytes() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss / _MB)
