"""From a frozen request to a frozen result: what the decode thread computes; no Qt."""

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.points import Points
from models.preprocessing import Preprocessing

if TYPE_CHECKING:
    from models.model import Model

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]


class Slot(IntEnum):
    """Who asks; in each slot the newest request wins, and lower numbers are served first."""

    PICTURE = 0
    LENS = 1
    STRIP = 2
    TILES = 3
    THUMBNAILS = 4
    CARD = 7
    NEIGHBOURS = 8


@dataclass(frozen=True, eq=False)
class DecodeRequest:
    """Decode `z` [N, K] with the model `model_key`; `label` [N] for a conditional model.

    `ticket` is the asker's own mark, given back with every result.
    """

    slot: Slot
    model_key: int
    z: Floats
    label: npt.NDArray[np.int64] | None = None
    ticket: Any = None


@dataclass(frozen=True, eq=False)
class DecodeResult:
    """Pictures [n, H, W, C] (bytes) of rows `first`, `first` + 1, ... of the request.

    An expected failure is a value: `error` is then its message and there are no pictures.
    `seconds` is what the decode took.
    """

    request: DecodeRequest
    first: int
    pictures: Bytes
    seconds: float
    finite: bool = True
    error: str = ""


@dataclass(frozen=True, eq=False)
class ModelInfo:
    """What the window knows of an open model without touching torch.

    `kl` [K] is the mean KL of each dimension in nats; `spread` [K] is how far sliders reach:
    at least 3 standard deviations of the prior, or of the data where there is no prior.
    `centre` [K] is the prior's mean, or the data's where there is no prior. `epoch` is there
    where the weights are those of an epoch of its training and not the model file's own.
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
    if some and points is not None:
        deviation = points.mean.std(0) if len(points) > 1 else np.ones(size, np.float32)
        if config.has_prior:
            reach = np.abs(points.mean).max(0)
        else:
            centre = points.mean.mean(0)
            reach = np.maximum(3.0 * deviation, 1e-3)
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
    )


def epoch_of(model: "Model") -> int | None:
    """The epoch of a training that a model is of, unless it is what the training came to."""
    epoch = model.record.get("epoch")
    return epoch if type(epoch) is int and epoch >= 0 else None


def compute_alone() -> None:
    """Make torch use one thread in the calling one: two bought nothing and held drags up."""
    import torch

    torch.set_num_threads(1)


def decode(model: "Model", z: Floats, label: npt.NDArray[np.int64] | None) -> tuple[Bytes, bool]:
    """Mean images of `z` [N, K] as bytes [N, H, W, C], and whether all were finite.

    In the place of one that is not stands a cross.
    """
    import torch

    classes = None if label is None else torch.from_numpy(label)
    image = model.decode(torch.from_numpy(np.ascontiguousarray(z, np.float32)), classes)
    pixels = image.mul(255.0).add_(0.5).nan_to_num_(0.0).clamp_(0.0, 255.0).to(torch.uint8)
    pictures = pixels.permute(0, 2, 3, 1).contiguous().numpy()
    if torch.isfinite(image.sum()):
        return pictures, True
    broken = ~torch.isfinite(image).flatten(1).all(1).numpy()
    pictures[broken] = _cross(pictures.shape[1:])
    return pictures, not broken.any()


def _cross(shape: tuple[int, ...]) -> Bytes:
    """What stands for a picture [H, W, C] that is not made of numbers."""
    height, width, channels = shape
    down, across = np.linspace(0, 1, height)[:, None], np.linspace(0, 1, width)
    thick = 1.1 / min(height, width)
    on = (np.abs(down - across) < thick) | (np.abs(down + across - 1) < thick)
    ink, ground = ((220, 70, 60), (40, 14, 12)) if channels == 3 else ((200,), (40,))
    return np.where(on[..., None], ink, ground).astype(np.uint8)


def render(model: "Model", request: DecodeRequest, first: int, count: int) -> DecodeResult:
    """Rows `first` to `first + count` of a request, decoded."""
    from time import perf_counter

    start = perf_counter()
    part = slice(first, first + count)
    label = None if request.label is None else request.label[part]
    try:
        pictures, finite = decode(model, request.z[part], label)
    except (ValueError, RuntimeError, MemoryError) as error:
        height, width = model.image_shape[1:]
        nothing = np.zeros((0, height, width, model.image_shape[0]), np.uint8)
        return DecodeResult(request, first, nothing, 0.0, error=str(error))
    return DecodeResult(request, first, pictures, perf_counter() - start, finite)
