"""Trainings with their epochs on the disk, for tests that follow or replay them."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from models.plans import Plan
from tests.trainings import small_plan

if TYPE_CHECKING:
    from models.data import DataSet


def trained(
    folder: Path, data: "DataSet", method: str = "vae", latent_size: int = 2, epochs: int = 4
) -> Plan:
    """A finished training of `data`; epochs 0, 1, 2 and 4 have a file, of others some may."""
    from models.runs import run

    plan = small_plan(folder / "unused.npz", folder / f"bars-{method}-{latent_size}.safetensors")
    plan = replace(plan, method=method, latent_size=latent_size, epochs=epochs)
    for _ in run(plan, data=data):
        pass
    return plan
