"""A small model trained by each method, alone or by `torchrun -m tests.each_method DATA OUT`.

What is written to OUT is what the first process ends with, by case.
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from models.autoencoder import Autoencoder
from models.data import DataSet, load_data
from models.distributed import ALONE, Processes, processes
from models.methods import METHODS, MethodName, Value, method_settings, settings_names
from models.noise import SharedGenerator
from models.objectives import METHODS as OBJECTIVES
from models.objectives import Batch
from models.settings import Settings
from models.training import train
from tests.small_models import small_batch, small_config, small_model

IMAGES = 9  # of the batch whose gradient is taken: five for one process, four for the other


@dataclass(frozen=True)
class Case:
    """A method and what it is told beside its usual settings."""

    method: MethodName
    told: dict[str, Value] = field(default_factory=dict)


# The KL of a share of a batch is now above, now below what is free and the capacity.
CASES: dict[str, Case] = {name: Case(name) for name in METHODS} | {
    f"{name} with free bits": Case(name, {"free_bits": 0.1})
    for name in METHODS
    if "free_bits" in settings_names(name)
}
CASES["annealed-vae"] = Case("annealed-vae", {"capacity": 0.1, "capacity_share": 0.0})


Outcome = dict[str, Tensor]


def outcome(case: Case, data: DataSet, of: Processes = ALONE) -> Outcome:
    """What three epochs end with: curves and KLs, by epoch, and all weights.

    `gradient` is that of one batch, in double precision, and `alone` what one process makes of it.
    """
    with torch.random.fork_rng():
        torch.manual_seed(0)
        classes = len(data.class_names) if METHODS[case.method].conditional else 0
        model = Autoencoder(small_config(case.method, classes=classes))
    told = method_settings(case.method, case.told)
    settings = Settings(epochs=3, batch_size=67, learning_rate=3e-3, method=told)
    curve, kl = list[list[float]](), list[tuple[float, ...]]()
    for progress in train(model, data, settings, snapshots=False, processes=of):
        if progress.held_out is not None:
            curve.append([*progress.train.values(), *progress.held_out.values()])
            kl.append(progress.kl)
    return {
        "curve": torch.tensor(curve, dtype=torch.float64),
        "kl": torch.tensor(kl),
        "weights": torch.cat([value.detach().flatten() for value in model.parameters()]),
        "gradient": gradient(case, of),
        "alone": gradient(case, ALONE),
    }


def gradient(case: Case, of: Processes) -> Tensor:
    """The gradient of the loss of a batch of which each process has its share, in one row."""
    model, batch = small_model(case.method), small_batch(case.method, IMAGES, capacity=2.0)
    noise = SharedGenerator()
    noise.manual_seed(0)
    noise.rank, noise.world, noise.total = of.rank, of.world, IMAGES
    index = of.share(torch.arange(IMAGES))
    label = None if batch.label is None else batch.label[index]
    share = Batch(
        batch.x[index],
        label,
        capacity=batch.capacity,
        data_size=batch.data_size,
        discriminator=batch.discriminator,
        whole=lambda rows: of.gather(rows, IMAGES),
    )
    loss = OBJECTIVES[case.method](model, share, method_settings(case.method, case.told), noise)
    (loss.total * len(index) / IMAGES).backward()
    gradients = [value.grad for value in model.parameters() if value.grad is not None]
    of.add(gradients)
    return torch.cat([value.flatten() for value in gradients])


def main(data: str, out: str) -> None:
    torch.set_num_threads(1)
    with processes() as these:
        loaded = load_data(data)
        outcomes = {name: outcome(case, loaded, these) for name, case in CASES.items()}
    if these.first:
        torch.save(outcomes, Path(out))


if __name__ == "__main__":
    main(*sys.argv[1:])
