"""The newest pictures of a training, kept in its folder for whoever opens it later."""

import zipfile
from pathlib import Path

import numpy as np

from explorer.recorded_runs import pictures_file
from explorer.trainer_messages import Bytes, Pictures
from models.files import replacing

_LAYERS = ("images", "reconstructions", "samples")


def write_pictures(run: Path, pictures: Pictures) -> None:
    """Put them in the folder of the training, in one step.

    Raises:
        OSError: they cannot be written.
    """
    with replacing(pictures_file(run)) as temporary, temporary.open("wb") as stream:
        np.savez(
            stream,
            images=pictures.images,
            reconstructions=pictures.reconstructions,
            samples=pictures.samples,
            epoch=np.array(pictures.epoch),
            no_samples=np.array(pictures.no_samples),
        )


def read_pictures(run: Path) -> Pictures | None:
    """The pictures of the training in the folder `run`; none if they are missing or damaged."""
    try:
        with (  # which np.load would leave open where it is damaged
            pictures_file(run).open("rb") as stream,
            np.load(stream, allow_pickle=False) as arrays,
        ):
            images, reconstructions, samples = (_layer(arrays[name]) for name in _LAYERS)
            epoch, no_samples = int(arrays["epoch"]), str(arrays["no_samples"])
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None
    if images.shape != reconstructions.shape:
        return None
    return Pictures(epoch, images, reconstructions, samples, no_samples)


def _layer(array: Bytes) -> Bytes:
    """Pictures [N, H, W, C], or it is refused."""
    if array.dtype != np.uint8 or array.ndim != 4 or array.shape[3] not in (1, 3):
        raise ValueError("no pictures")
    return array
