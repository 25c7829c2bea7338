"""From a frozen request to a frozen result: what the decode thread computes; no Qt."""

from contextlib import nullcontext
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from explorer.importing import import_torch
from models.points import Points
from models.preprocessing import Preprocessing

if TYPE_CHECKING:
    from torch import Tensor

    from models.model import Model
    from models.one_call import OneCall

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

_LARGE_BATCH = 16  # of fewer latents MKL has the products sooner than oneDNN

# What is computed of latents: pictures; the magnification factor of a plane; the step to the
# re-encoding of the picture, across and up in the plane and the length off it.
Kind = Literal["picture", "magnification", "field"]


class Slot(IntEnum):
    """Who asks; in each slot the newest request wins, and lower numbers are served first."""

    PICTURE = 0
    LENS = 1
    CARD = 2
    STRIP = 3
    NEIGHBOURS = 4
    TILES = 5
    THUMBNAILS = 6
    MAGNIFICATION = 7
    FIELD = 8


@dataclass(frozen=True, eq=False)
class DecodeRequest:
    """Decode `z` [N, K] with the model `model_key`; `label` [N] for a conditional model.

    `ticket` is the asker's own mark, given back with every result. Another `kind` than pictures
    needs the plane's `directions` [2, K] (on a line, K = 1, the second is 0). `shrink` makes
    pictures smaller by that whole factor.
    """

    slot: Slot
    model_key: int
    z: Floats
    label: npt.NDArray[np.int64] | None = None
    ticket: Any = None
    kind: Kind = "picture"
    directions: Floats | None = None
    shrink: int = 1


@dataclass(frozen=True, eq=False)
class DecodeResult:
    """Pictures [n, H, W, C] (bytes) of rows `first`, `first` + 1, ... of the request.

    An expected failure is a value: `error` is then its message and there are no pictures.
    `seconds` is what the decode took. Of another kind than pictures there are `values` [n, C],
    and no pictures.
    """

    request: DecodeRequest
    first: int
    pictures: Bytes
    seconds: float
    finite: bool = True
    error: str = ""
    values: Floats | None = None

    def __len__(self) -> int:
        return len(self.pictures if self.values is None else self.values)


@dataclass(frozen=True, eq=False)
class ModelInfo:
    """What the window knows of an open model without touching torch.

    `kl` [K] is the mean KL of each dimension in nats; `spread` [K] is how far sliders reach:
    at least 3 standard deviations of the prior, or of the data where there is no prior.
    `centre` [K] is the prior's mean, or the data's where there is no prior. `deviation` [K] is the
    standard deviation of the posterior means over the data, where there are two points or more.
    `epoch` is there where the weights are those of an epoch of its training and not the model
    file's own.
    """

    key: int
    path: Path
    method: str
    network: str
    likelihood: str
    latent_size: int
    image_shape: tuple[int, int, int]
    has_prior: bool
    binarise: bool
    class_names: tuple[str, ...]
    conditional: bool
    preprocessing: Preprocessing
    points: Points | None
    kl: Floats
    centre: Floats
    spread: Floats
    metrics: dict[str, float]
    epoch: int | None = None
    deviation: Floats | None = None

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem

    @property
    def has_flow(self) -> bool:
        """Whether its posteriors are flows, whose KL has no closed form."""
        return self.method == "flow-vae"

    def same_but_for_weights(self, other: "ModelInfo") -> bool:
        """Whether the other is this model, before or after some training."""
        mine, theirs = (
            (info.path, info.method, info.latent_size, info.image_shape, info.class_names)
            for info in (self, other)
        )
        return mine == theirs


def describe(model: "Model", key: int, path: Path) -> ModelInfo:
    """What the window is told of a model."""
    config = model.autoencoder.config
    points, size = model.points, config.latent_size
    some = points is not None and len(points) > 0
    kl = points.mean_kl() if some and points is not None else np.zeros(size, np.float32)
    centre, spread = np.zeros(size, np.float32), np.full(size, 3.0, np.float32)
    deviation = None if points is None or len(points) < 2 else points.mean.std(0)
    if some and points is not None:
        if config.has_prior:
            reach = np.abs(points.mean).max(0)
        else:
            centre = points.mean.mean(0)
            reach = np.maximum(3.0 * (np.ones(size) if deviation is None else deviation), 1e-3)
        spread = np.maximum(spread, reach) if config.has_prior else reach
    return ModelInfo(
        key=key,
        path=path,
        method=config.method,
        network=config.network,
        likelihood=config.likelihood,
        latent_size=size,
        image_shape=config.image_shape,
        has_prior=config.has_prior,
        binarise=config.binarise,
        class_names=model.class_names,
        conditional=model.conditional,
        preprocessing=model.preprocessing,
        points=points,
        kl=kl if config.has_prior else np.zeros(size, np.float32),
        centre=np.asarray(centre, np.float32),
        spread=np.asarray(spread, np.float32),
        metrics=dict(model.metrics),
        epoch=epoch_of(model),
        deviation=deviation,
    )


def epoch_of(model: "Model") -> int | None:
    """The epoch of a training that a model is of, unless it is what the training came to."""
    epoch = model.record.get("epoch")
    return epoch if type(epoch) is int and epoch >= 0 else None


def compute_alone() -> None:
    """Make torch use one thread in the calling one: two bought nothing and held drags up."""
    import_torch()
    import torch

    torch.set_num_threads(1)


def decode(
    model: "Model", z: Floats, label: npt.NDArray[np.int64] | None, shrink: int = 1
) -> tuple[Bytes, bool]:
    """Mean images of `z` [N, K] as bytes [N, H, W, C], and whether all were finite.

    In the place of one that is not stands a cross. With `shrink` they are smaller by that factor,
    the sides rounded up: the mean of each block of pixels.
    """
    import torch

    from models.matmul import fast_matmul

    classes = None if label is None else torch.from_numpy(label)
    with fast_matmul() if len(z) >= _LARGE_BATCH else nullcontext():
        image = model.decode(torch.from_numpy(np.ascontiguousarray(z, np.float32)), classes)
    if shrink > 1:
        image = torch.nn.functional.avg_pool2d(image, shrink, ceil_mode=True)
    pixels, total = _as_bytes()(image)
    pictures = pixels.numpy()
    if np.isfinite(total.numpy()):
        return pictures, True
    broken = ~torch.isfinite(image).flatten(1).all(1).numpy()
    pictures[broken] = _cross(pictures.shape[1:])
    return pictures, not broken.any()


def prepare(model: "Model") -> None:
    """Do now, off the decode thread, what the first decode of a model would do for all later."""
    label = np.zeros(0, np.int64) if model.conditional else None
    decode(model, np.zeros((0, model.latent_size), np.float32), label)


@cache
def _as_bytes() -> "OneCall[tuple[Tensor, Tensor]]":
    """Of images [N, C, H, W] in [0, 1]: bytes [N, H, W, C], and the sum of all values."""
    import torch

    from models.one_call import OneCall

    def as_bytes(image: "Tensor") -> tuple["Tensor", "Tensor"]:
        pixels = image.mul(255.0).add_(0.5).nan_to_num_(0.0).clamp_(0.0, 255.0).to(torch.uint8)
        return pixels.permute(0, 2, 3, 1).contiguous(), image.sum()

    return OneCall(as_bytes)


def _cross(shape: tuple[int, ...]) -> Bytes:
    """What stands for a picture [H, W, C] that is not made of numbers."""
    height, width, channels = shape
    down, across = np.linspace(0, 1, height)[:, None], np.linspace(0, 1, width)
    thick = 1.1 / min(height, width)
    on = (np.abs(down - across) < thick) | (np.abs(down + across - 1) < thick)
    ink, ground = ((220, 70, 60), (40, 14, 12)) if channels == 3 else ((200,), (40,))
    return np.where(on[..., None], ink, ground).astype(np.uint8)


def magnification(
    model: "Model", z: "Tensor", directions: "Tensor", label: "Tensor | None"
) -> "Tensor":
    """Magnification factors [N, 1] of the plane at `z` [N, K]; see `models.geometry`."""
    from models import geometry

    some = directions[directions.abs().sum(1) > 0]
    return geometry.magnification(model.autoencoder, z, some, label)[:, None]


def field(model: "Model", z: "Tensor", directions: "Tensor", label: "Tensor | None") -> "Tensor":
    """encode(decode(z)) - z: across, up, and the length off the plane [N, 3]."""
    import torch

    from models import geometry

    steps = geometry.re_encoding(model.autoencoder, z, label)
    along, off = geometry.in_plane(steps, directions)
    return torch.cat([along, off[:, None]], 1)


_VALUES = {"magnification": magnification, "field": field}


def measure(
    model: "Model",
    kind: Kind,
    z: Floats,
    directions: Floats | None,
    label: npt.NDArray[np.int64] | None,
) -> Floats:
    """Values [N, C] of a kind that is no picture.

    Raises:
        ValueError: the shapes are not this model's, or there are no directions.
    """
    import torch

    if directions is None or z.shape[1:] != (model.latent_size,):
        raise ValueError(f"latents must be [N, {model.latent_size}], in a plane")
    latents, plane = (
        torch.from_numpy(np.ascontiguousarray(part, np.float32)) for part in (z, directions)
    )
    classes = None if label is None else torch.from_numpy(label)
    found = _VALUES[kind](model, latents, plane, classes)
    return np.asarray(found.numpy(), np.float32)


def render(model: "Model", request: DecodeRequest, first: int, count: int) -> DecodeResult:
    """Rows `first` to `first + count` of a request: pictures, or values of its kind."""
    from time import perf_counter

    start = perf_counter()
    part = slice(first, first + count)
    label = None if request.label is None else request.label[part]
    height, width = model.image_shape[1:]
    nothing = np.zeros((0, height, width, model.image_shape[0]), np.uint8)
    try:
        if request.kind != "picture":
            found = measure(model, request.kind, request.z[part], request.directions, label)
            return DecodeResult(request, first, nothing, perf_counter() - start, values=found)
        pictures, finite = decode(model, request.z[part], label, request.shrink)
    except (ValueError, RuntimeError, MemoryError) as error:
        return DecodeResult(request, first, nothing, 0.0, error=str(error))
    return DecodeResult(request, first, pictures, perf_counter() - start, finite)
