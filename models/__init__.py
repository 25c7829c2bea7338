"""Autoencoders and their latent spaces: mathematics, data and files, without any window.

Names are imported on first use, so that `import models.planes` costs no torch import.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from models.errors import CheckpointError, DataError, TrainingError

if TYPE_CHECKING:
    from models.autoencoder import Autoencoder as Autoencoder
    from models.autoencoder import Config as Config
    from models.checkpoint import load as load
    from models.checkpoint import save as save
    from models.data import load_data as load_data
    from models.model import Model as Model
    from models.training import train as train

_HOMES = {
    "Autoencoder": "models.autoencoder",
    "Config": "models.autoencoder",
    "Model": "models.model",
    "load": "models.checkpoint",
    "load_data": "models.data",
    "save": "models.checkpoint",
    "train": "models.training",
}

__all__ = ["CheckpointError", "DataError", "TrainingError", *_HOMES]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'models' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
