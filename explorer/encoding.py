"""From a picture a person brought to its place in latent space; no Qt, runs off the GUI thread."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from explorer.arrangement import Bytes, EncodedImage
from explorer.rendering import epoch_of
from models.images import read_picture
from models.preprocessing import prepare

if TYPE_CHECKING:
    from models.model import Model

BOUND_SAMPLES = 64
_MOST_CLASSES_TRIED = 64
_SEED = 0


@dataclass(frozen=True)
class ImageSource:
    """A picture file, or the bytes of one that came without a file."""

    name: str
    path: Path | None = None
    data: bytes = b""


@dataclass(frozen=True, eq=False)
class Encoded:
    """An encoded image and, for a conditional model, the class it was encoded as."""

    image: EncodedImage
    label: int | None


def encode_source(model: "Model", source: ImageSource, label: int | None = None) -> Encoded:
    """Read, prepare, encode, decode again and measure one picture.

    A conditional model takes `label`, or else the class of the highest ELBO.

    Raises:
        DataError: the picture cannot be used.
    """
    import torch

    picture = read_picture(source.path if source.path is not None else source.data, source.name)
    prepared = prepare(picture, model.preprocessing)
    x = torch.from_numpy(prepared.image[None].copy()).float() / 255.0
    notes = list(prepared.notes)
    if model.conditional and label is None:
        label = _best_class(model, x)
        if label is not None:
            notes.append(f"class {model.class_names[label]}: the highest ELBO of all")
        else:
            label = 0
    return Encoded(_measure(model, x, label, source.name, tuple(notes)), label)


def encode_pixels(model: "Model", pixels: Bytes, label: int | None, name: str) -> Encoded:
    """As `encode_source` for an image [C, H, W] that needs no preparing: one of the data's own."""
    import torch

    x = torch.from_numpy(pixels[None].copy()).float() / 255.0
    label = label if model.conditional else None
    return Encoded(_measure(model, x, label, name, ("an image of the data",)), label)


def _measure(
    model: "Model", x: "torch.Tensor", label: int | None, name: str, notes: tuple[str, ...]
) -> EncodedImage:
    import torch

    classes = None if label is None else torch.tensor([label])
    q = model.encode(x, classes)
    mean_image = model.decode(q.mean, classes)
    return EncodedImage(
        name=name,
        pixels=_bytes(x),
        reconstruction=_bytes(mean_image),
        mean=q.mean[0].numpy(),
        stddev=q.stddev[0].numpy(),
        terms=_terms(model, x, label),
        kl=q.kl()[0].numpy(),
        notes=notes,
        epoch=epoch_of(model),
    )


def _terms(model: "Model", x: "torch.Tensor", label: int | None) -> dict[str, float]:
    """ELBO terms and importance-weighted bound of one image, in nats, from `BOUND_SAMPLES` z."""
    import torch

    from models.evaluation import importance_bound, log_weights_and_kl

    if not model.autoencoder.config.has_prior:
        return {}
    generator = torch.Generator().manual_seed(_SEED)
    target = torch.bernoulli(x, generator=generator) if model.autoencoder.config.binarise else x
    classes = None if label is None else torch.tensor([label])
    with torch.no_grad():
        q = model.autoencoder.encode(target, classes)
        weights, kl_each = log_weights_and_kl(
            model.autoencoder, target, q, classes, BOUND_SAMPLES, generator
        )
    kl = float(kl_each)
    elbo = float(weights.mean())
    bound = float(importance_bound(weights)[0])
    return {"elbo": elbo, "reconstruction": -(elbo + kl), "kl": kl, "importance_bound": bound}


def _best_class(model: "Model", x: "torch.Tensor") -> int | None:
    """The class with the highest ELBO; none where there are too many to try."""
    count = len(model.class_names)
    if count > _MOST_CLASSES_TRIED:
        return None
    elbos = [_terms(model, x, label).get("elbo", 0.0) for label in range(count)]
    return int(np.argmax(elbos))


def _bytes(image: "torch.Tensor") -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    """One image [1, C, H, W] in [0, 1] as bytes [H, W, C]."""
    import torch

    pixels = image[0].mul(255.0).round().clamp(0, 255).to(torch.uint8)
    return pixels.permute(1, 2, 0).contiguous().numpy()


if TYPE_CHECKING:
    import torch
