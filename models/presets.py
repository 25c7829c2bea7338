"""Presets: plans named by what they are for, fitted to the images; imports no torch."""

import math
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from models.arrays import DAMAGED
from models.downloads import BUILT_IN
from models.errors import DataError
from models.idx import idx_files, idx_shape
from models.images import SUFFIXES
from models.plans import Plan

Kind = Literal["tiny", "small", "shapes", "pictures"]

_TINY_PX, _SMALL_PX = 16, 40  # the longer side of tiny and of small images
_LOOKED_AT = 50  # files of a folder, to tell what it is
_COUNTED = 10_000  # entries of a folder: more images are enough for any preset
_LEVELS = 3  # of sub-folders that are counted
_KINDS: dict[str, Kind] = {"digits": "tiny", "sprites": "shapes", "rooms": "pictures"}


# A preset's batches and epochs are those of a large set. Of a small one it takes smaller batches,
# which cost no time, and if steps are few even so, more epochs. But no more than that: of 600
# pictures, on the way to 4,000 steps, the held-out loss rose again from 1,800 on.
SMALL_BATCH_STEPS = 4_000
ENOUGH_STEPS = 3_000
SMALLEST_BATCH_SHARE = 4  # of the preset's batch
MOST_EPOCHS = 200


@dataclass(frozen=True)
class Look:
    """What the first bytes of a data set tell: its kind, and how many images, if that is known.

    Built-in sets have no number here: their presets were fitted to them by hand. `held_out` is how
    many of them are held out where the set says so.
    """

    kind: Kind
    images: int | None = None
    held_out: int | None = None


@dataclass(frozen=True)
class Preset:
    """A plan's settings by the kind of images.

    `usual` holds for all kinds, `kinds` what differs: `tiny` grey images of up to 16 pixels,
    `small` ones of up to 40, larger grey `shapes`, and `pictures` in colour.
    """

    title: str
    meaning: str
    usual: Mapping[str, Any]
    kinds: Mapping[Kind, Mapping[str, Any]]


# An epoch of the large procedural sets would take an hour: it ends after fewer images.
_SHAPES = {"network": "mlp", "epoch_images": 60_000}
_PICTURES = {"network": "conv", "width": 16, "batch_size": 64, "epoch_images": 20_000}

PRESETS: dict[str, Preset] = {
    "2d-map": Preset(
        "2-D map",
        "Two latent dimensions: all of the latent space lies on the map at once.",
        {"method": "vae", "latent_size": 2},
        {
            "tiny": {"width": 128, "epochs": 200, "batch_size": 64},
            "small": {"width": 256, "epochs": 40},
            "shapes": {**_SHAPES, "epochs": 20},
            "pictures": {**_PICTURES, "epochs": 30},
        },
    ),
    "sharp": Preset(
        "Sharp reconstructions",
        "Many latent dimensions at a low price: images come back in detail, at the cost of "
        "samples from the prior.",
        {"method": "beta-vae", "beta": 0.3},
        {
            "tiny": {"latent_size": 16, "width": 128, "epochs": 200, "batch_size": 64},
            "small": {"latent_size": 32, "width": 384, "epochs": 40},
            "shapes": {**_SHAPES, "latent_size": 32, "epochs": 30},
            "pictures": {**_PICTURES, "latent_size": 64, "width": 24, "epochs": 40},
        },
    ),
    "disentangled": Preset(
        "Disentangled factors",
        "Ten dimensions that are made independent, so that each may stand for one thing that "
        "varies.",
        {"method": "beta-tcvae", "latent_size": 10, "batch_size": 256},
        {
            "tiny": {"beta": 3.0, "width": 128, "epochs": 200, "batch_size": 128},
            "small": {"beta": 4.0, "width": 256, "epochs": 60},
            "shapes": {
                **_SHAPES,
                "beta": 20.0,
                "batch_size": 128,
                "warmup_epochs": 0.0,
                "epochs": 40,
            },
            "pictures": {**_PICTURES, "beta": 4.0, "batch_size": 128, "epochs": 40},
        },
    ),
    "tight-bound": Preset(
        "Tight bound",
        "A flexible posterior and a large network: the ELBO comes as near to log p(x) as one "
        "layer of latents lets it.",
        {"method": "flow-vae", "weight_decay": 0.05, "warmup_epochs": 5.0},
        {
            # Too few images for a flow, which had the looser bound there (24.8 for 23.0 nats).
            "tiny": {
                "method": "iwae",
                "samples": 8,
                "latent_size": 16,
                "width": 128,
                "epochs": 200,
                "batch_size": 64,
            },
            "small": {"latent_size": 40, "width": 512, "epochs": 140},
            "shapes": {**_SHAPES, "latent_size": 16, "width": 512, "epochs": 40},
            "pictures": {
                **_PICTURES,
                "latent_size": 64,
                "likelihood": "discretised-logistic",
                "epochs": 40,
            },
        },
    ),
}


def preset_plan(name: str, data: str, out: str = "", look: Look | None = None) -> Plan:
    """The plan of a preset for data that looks so; without a `look` its first bytes are read.

    Raises:
        DataError: there is no such preset.
    """
    if name not in PRESETS:
        raise DataError(f"there is no preset {name!r}; use {', '.join(PRESETS)}")
    preset = PRESETS[name]
    look = look or look_at(data)
    plan = replace(Plan(data, out), **{**preset.usual, **preset.kinds[look.kind]})
    if look.images is None:
        return plan
    held_out = look.images // 10 if look.held_out is None else look.held_out
    return _with_enough_steps(plan, max(1, look.images - held_out))


def _with_enough_steps(plan: Plan, train: int) -> Plan:
    """Smaller batches, then more epochs with as much more warm-up, where steps are few."""

    def steps_an_epoch(batch: int) -> int:
        return math.ceil(min(train, plan.epoch_images or train) / batch)

    batch, least = plan.batch_size, plan.batch_size // SMALLEST_BATCH_SHARE
    while batch > least and plan.epochs * steps_an_epoch(batch) < SMALL_BATCH_STEPS:
        batch //= 2
    wanted = min(MOST_EPOCHS, math.ceil(ENOUGH_STEPS / steps_an_epoch(batch)))
    epochs = max(plan.epochs, wanted)
    warmup = float(round(plan.warmup_epochs * epochs / plan.epochs))
    return replace(plan, batch_size=batch, epochs=epochs, warmup_epochs=warmup)


def kind_of(data: str) -> Kind:
    """What kind of images a data set holds, by its name or its first bytes."""
    return look_at(data).kind


def look_at(data: str) -> Look:
    """What can be told of a data set without loading it; at most 10,000 names are looked at."""
    if data in BUILT_IN:
        return Look(_KINDS.get(data, "small"))
    path = Path(data).expanduser()
    try:
        if path.is_dir():
            with os.scandir(path) as entries:
                names = [entry.name for entry in islice(entries, _LOOKED_AT)]
            if any("idx3-ubyte" in name for name in names):
                return _idx_look(path)
            return Look("pictures", _pictures_in(path))
        shape = _array_shape(path)
        return Look(_kind_of_shape(shape), shape[0] if shape else None)
    except (OSError, DataError, *DAMAGED):
        return Look("small")  # whatever is wrong is said when it is loaded


def _idx_look(folder: Path) -> Look:
    """What the headers of a folder of IDX files say; it has test images of its own, or has not."""
    files = idx_files(folder)
    parts = [files[name] for name in ("train images", "t10k images") if name in files]
    shapes = [idx_shape(path) for path in parts]
    counts = [shape[0] for shape in shapes]
    held_out = counts[1] if len(counts) > 1 else None
    return Look(_kind_of_shape(shapes[0]) if shapes else "small", sum(counts) or None, held_out)


def _pictures_in(folder: Path) -> int | None:
    """The pictures in a folder and below it, or None where there may be more than are counted."""
    left, found = _COUNTED, 0
    waiting = [(str(folder), 0)]
    while waiting:
        name, level = waiting.pop()
        with os.scandir(name) as entries:
            for entry in entries:
                left -= 1
                if left < 0:
                    return None
                if entry.name[0] == ".":
                    continue
                if os.path.splitext(entry.name)[1].lower() in SUFFIXES:
                    found += 1
                elif level < _LEVELS and _is_folder(entry, top=level == 0):
                    waiting.append((entry.path, level + 1))
    return found or None


def _is_folder(entry: os.DirEntry[str], top: bool) -> bool:
    """Whether pictures are looked for in there, as when they are loaded."""
    return entry.is_dir(follow_symlinks=top) and not (top and entry.name[0] == "_")


def _array_shape(path: Path) -> tuple[int, ...]:
    """The shape of the images in an `.npy`, or of the largest array in an `.npz`."""
    with path.open("rb") as stream:
        if path.suffix.lower() != ".npz":
            return _header_shape(stream)
        with zipfile.ZipFile(stream) as archive:
            largest = max(archive.infolist(), key=lambda member: member.file_size)
            with archive.open(largest) as member:
                return _header_shape(member)


def _header_shape(stream: IO[bytes]) -> tuple[int, ...]:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return tuple(np.lib.format.read_array_header_1_0(stream)[0])
    return tuple(np.lib.format.read_array_header_2_0(stream)[0])


def _kind_of_shape(shape: tuple[int, ...]) -> Kind:
    """By the sides of an image, and whether it has three channels."""
    sides = shape[1:]
    if 3 in sides and len(sides) == 3:
        return "pictures"
    longest = max(sides, default=0)
    if len(sides) == 1:  # flat images
        longest = round(longest**0.5)
    if longest <= _TINY_PX:
        return "tiny"
    return "small" if longest <= _SMALL_PX else "shapes"
