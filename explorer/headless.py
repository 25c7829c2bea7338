"""The headless commands that use a model: files in, files and JSON out, never Qt."""

import argparse
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from explorer.animation import Bytes, Format, format_of, write_animation
from explorer.progress_line import ProgressLine
from models.checkpoint import load
from models.data import DataSet, ImageSet, load_data
from models.disentanglement import measure_mig
from models.errors import DataError
from models.evaluation import evaluate as measure
from models.evaluation import fits_negatives
from models.images import read_picture
from models.model import Model, as_images
from models.paths import path as latent_path
from models.posteriors import Posterior
from models.preprocessing import Prepared, prepare, to_display

Floats = npt.NDArray[np.float32]

_ANIMATION_SIDE = 256
_DECODED_AT_ONCE = 100


def _print_json(values: dict[str, Any]) -> None:
    print(json.dumps(values))


def info(arguments: argparse.Namespace) -> None:
    """Print what a model file holds as one JSON object."""
    model = load(arguments.model)
    config = model.autoencoder.config
    _print_json(
        {
            "format": model.format,
            "method": config.method,
            "latent_size": config.latent_size,
            "image_shape": config.image_shape,
            "network": config.network,
            "width": config.width,
            "depth": config.depth,
            "likelihood": config.likelihood,
            "binarise": config.binarise,
            "class_names": model.class_names,
            "preprocessing": model.preprocessing.to_dict(),
            "parameters": sum(value.numel() for value in model.autoencoder.parameters()),
            "points": len(model.points) if model.points is not None else 0,
            "metrics": dict(model.metrics),
            "command": model.record.get("command"),
            "beside_the_command": model.record.get("beside_the_command", []),
        }
    )


def evaluate(arguments: argparse.Namespace) -> None:
    """Print the figures of a model on images as one JSON object."""
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    model = load(arguments.model)
    config, samples = model.autoencoder.config, arguments.importance_samples
    if samples and not config.has_prior:
        raise DataError(f"{arguments.model}: a plain autoencoder has no importance-weighted bound")
    line = ProgressLine()
    images, data = _images_for(model, arguments, line)
    notes = [*data.notes, *_polarity(model, images)]
    for note in notes:
        line.say(f"{data.name}: {note}")
    figures = measure(
        model.autoencoder,
        images,
        importance_samples=samples,
        seed=arguments.seed,
        report=line.measuring,
    )
    line.end()
    units = {key if key == "active_units" else f"{key}_nats": v for key, v in figures.items()}
    _print_json(
        {
            "model": arguments.model,
            "data": data.name,
            "notes": notes,
            "split": arguments.split,
            "images": len(images),
        }
        | units
        | _bits(model, figures)
        | _mig(model, images, arguments.seed)
        | {
            "importance_samples": samples,
            "seed": arguments.seed,
            "binarised": config.binarise,
            "pseudo_likelihood": config.likelihood == "bernoulli" and not config.binarise,
        }
    )


def _polarity(model: Model, images: ImageSet) -> list[str]:
    """What to say where the model knows the negatives of the images better than them."""
    found = fits_negatives(model.autoencoder, images)
    if found is None:
        return []
    what = "ELBO" if model.autoencoder.config.has_prior else "log p(x|z)"
    here, there = (f"{value:,.0f}".replace("-", "−") for value in found)
    return [
        f"the negatives of these images have a higher {what} ({there} against {here} nats an "
        "image), so the model was trained on images of the other polarity; invert these first"
    ]


def _bits(model: Model, figures: dict[str, float]) -> dict[str, float]:
    """-ELBO in bits a pixel; a Gaussian's is a density, so it may be negative."""
    if "elbo" not in figures:
        return {}
    _, height, width = model.image_shape
    return {"bits_per_pixel": -figures["elbo"] / (math.log(2) * height * width)}


def _mig(model: Model, images: ImageSet, seed: int) -> dict[str, float]:
    """The mutual information gap, where the factors of the images are known."""
    gap = measure_mig(model, images, labelled=model.conditional, seed=seed)
    return {} if gap is None else {"mig": gap}


def _images_for(
    model: Model, arguments: argparse.Namespace, line: ProgressLine
) -> tuple[ImageSet, DataSet]:
    """The chosen part of the data in the model's shape and classes, and all of the data."""
    data = load_data(
        arguments.data,
        image_shape=model.image_shape,
        fit=model.preprocessing.fit,
        allow_download=arguments.allow_download,
        report=line.loading,
    )
    images = data.train if arguments.split == "train" else data.held_out
    if not len(images):
        raise DataError(f"{arguments.data}: has no {arguments.split} images")
    if model.conditional:
        images = ImageSet(images.images, _same_classes(model, images, data.class_names))
    return images, data


def _same_classes(model: Model, images: ImageSet, names: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Labels by the model's numbers: its classes may have another order than the data's."""
    if images.labels is None:
        raise DataError("this conditional model needs images with labels")
    unknown = sorted(set(names) - set(model.class_names))
    if unknown:
        raise DataError(f"the model knows no class {unknown[0]!r}; it knows {_known(model)}")
    numbers = np.array([model.class_names.index(name) for name in names], np.int64)
    return numbers[images.labels]


# --- pictures and latents ---


def encode(arguments: argparse.Namespace) -> None:
    """Print the posterior of each image as a JSON line."""
    model = load(arguments.model)
    label = _label(model, arguments)
    for name in arguments.images:
        prepared, q = _encoded(model, name, label)
        _print_json(
            {
                "image": name,
                "mean": q.mean[0].tolist(),
                "stddev": q.stddev[0].tolist(),
                "notes": prepared.notes,
            }
        )


def decode(arguments: argparse.Namespace) -> None:
    """Write the mean picture of one latent."""
    if format_of(Path(arguments.out)) != "png":
        raise DataError(f"{arguments.out}: the name must end in .png")
    model = load(arguments.model)
    z = _latent(model, arguments.z)
    _write(_decoded(model, z[None], _label(model, arguments)), "png", arguments)


def interpolate(arguments: argparse.Namespace) -> None:
    """Write the path between two images or latents."""
    kind = format_of(Path(arguments.out))
    if arguments.path_kind == "geodesic":
        raise DataError("--path geodesic: not available yet: use linear or spherical")
    model = load(arguments.model)
    label = _label(model, arguments)
    ends = [_place(model, name, label) for name in (arguments.start, arguments.end)]
    latents = latent_path(np.stack(ends), arguments.frames, arguments.path_kind)
    _write(_decoded(model, latents, label), kind, arguments)


def traverse(arguments: argparse.Namespace) -> None:
    """Write what each dimension does: rows of a picture, or one after another in an animation."""
    kind = format_of(Path(arguments.out))
    model = load(arguments.model)
    latents = _traversals(model, arguments)
    frames = _decoded(model, latents.reshape(-1, model.latent_size), _label(model, arguments))
    if kind == "png":
        frames = _columns(frames, len(latents))
    _write(frames, kind, arguments, rows=len(latents) if kind == "png" else 1)


def _traversals(model: Model, arguments: argparse.Namespace) -> Floats:
    """Latents [dimensions, frames, K]: each moves one dimension from -range to range.

    In standard deviations of the prior; a plain autoencoder has none, so of its data.
    """
    centre, scale = np.zeros(model.latent_size), np.ones(model.latent_size)
    if not model.autoencoder.config.has_prior and model.points is not None and len(model.points):
        centre, scale = model.points.mean.mean(0), model.points.mean.std(0)
    chosen = range(model.latent_size) if arguments.dimension is None else [arguments.dimension]
    if max(chosen) >= model.latent_size:
        raise DataError(f"--dimension {max(chosen)}: the model has {model.latent_size} (from 0)")
    steps = np.linspace(-arguments.range, arguments.range, arguments.frames)
    out = np.tile(centre, (len(chosen), arguments.frames, 1))
    for row, dimension in enumerate(chosen):
        out[row, :, dimension] += steps * scale[dimension]
    return out.astype(np.float32)


def _columns(frames: Bytes, rows: int) -> Bytes:
    """Frames [rows * N, H, W, ...] stacked into N columns [N, rows * H, W, ...]."""
    count, height, width = len(frames) // rows, *frames.shape[1:3]
    grid = frames.reshape(rows, count, *frames.shape[1:]).swapaxes(0, 1)
    return np.ascontiguousarray(grid).reshape(count, rows * height, width, *frames.shape[3:])


def _label(model: Model, arguments: argparse.Namespace) -> int | None:
    """The number of the class that --label names."""
    if not model.conditional:
        if arguments.label is not None:
            raise DataError(f"{arguments.model}: is not conditional: leave --label out")
        return None
    if arguments.label is None:
        raise DataError(f"{arguments.model}: is conditional and needs --label: {_known(model)}")
    name = arguments.label.strip()
    if name in model.class_names:
        return model.class_names.index(name)
    if name.isdecimal() and int(name) < len(model.class_names):
        return int(name)
    raise DataError(f"--label {name}: the model knows {_known(model)}")


def _known(model: Model) -> str:
    return ", ".join(model.class_names)


def _place(model: Model, name: str, label: int | None) -> Floats:
    """The latent [K] of an image file or of numbers."""
    if not Path(name).exists() and _numbers(name) is not None:
        return _latent(model, name)
    return _encoded(model, name, label)[1].mean[0].numpy()


def _encoded(model: Model, name: str, label: int | None) -> tuple[Prepared, Posterior]:
    prepared = prepare(read_picture(Path(name), name), model.preprocessing)
    return prepared, model.encode(as_images(prepared.image[None]), _labels(label, 1))


def _labels(label: int | None, count: int) -> Tensor | None:
    return None if label is None else torch.full((count,), label)


def _latent(model: Model, text: str) -> Floats:
    """A latent [K] that was typed as numbers with commas between."""
    numbers = _numbers(text)
    if numbers is None or not np.isfinite(numbers).all():
        raise DataError(
            f"{text.strip()!r} is no latent: give {model.latent_size} numbers z0,z1,..."
        )
    if len(numbers) != model.latent_size:
        raise DataError(
            f"{text.strip()!r} has {len(numbers)} numbers, and the model's latents have "
            f"{model.latent_size}"
        )
    return numbers


def _numbers(text: str) -> Floats | None:
    """Numbers with commas between, or None if they are none."""
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        return None
    limit = float(np.finfo(np.float32).max)
    return np.array([value if abs(value) <= limit else np.nan for value in values], np.float32)


def _decoded(model: Model, latents: Floats, label: int | None) -> Bytes:
    """Mean pictures of latents [N, K] as bytes: [N, H, W] if grey, else [N, H, W, 3]."""
    parts = []
    for start in range(0, len(latents), _DECODED_AT_ONCE):
        z = torch.from_numpy(latents[start : start + _DECODED_AT_ONCE])
        pictures = model.decode(z, _labels(label, len(z)))
        parts.append((pictures.nan_to_num() * 255).round().to(torch.uint8).numpy())
    frames = to_display(np.concatenate(parts))
    return frames[..., 0] if frames.shape[-1] == 1 else frames


def _write(frames: Bytes, kind: Format, arguments: argparse.Namespace, rows: int = 1) -> None:
    """Write frames, each of `rows` pictures; pictures keep their size in a PNG unless told."""
    native = max(frames.shape[1] // rows, frames.shape[2])
    side = arguments.size or (native if kind == "png" else _ANIMATION_SIDE)
    options = {}
    if "fps" in arguments:
        options = {
            "frames_per_second": arguments.fps,
            "there_and_back": arguments.there_and_back,
        }
    write_animation(
        frames,
        Path(arguments.out),
        format=kind,
        size=round(side * max(frames.shape[1:3]) / native),
        scaling=arguments.scaling,
        **options,
    )
