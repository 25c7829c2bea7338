"""Model files: one `.safetensors` each, loaded strictly, saved atomically, never a pickle."""

import json
import os
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from models.autoencoder import Autoencoder, Config
from models.errors import CheckpointError
from models.files import replacing
from models.model import Model
from models.points import Points
from models.preprocessing import Preprocessing
from models.resuming import resume_shapes
from models.training import Snapshot

METADATA_KEY = "latent_explorer"
VERSION = 1
_MOST_CLASS_NAMES = 1000
_FARTHEST = np.float32(1e9)  # that a point can lie from 0
_LONGEST_QUOTE = 120
_LONGEST_HEADER = 100_000_000  # of a safetensors file, by its own rules

_PICKLE_ADVICE = (
    "It is a PyTorch or Python pickle, which can run any code, so it is never opened. "
    "Save the weights as .safetensors and open that."
)


def save(
    model: Model,
    path: str | os.PathLike[str],
    *,
    half: bool = False,
    resume: Snapshot | None = None,
) -> None:
    """Write `model` to `path` in one step: whoever reads sees the old file or the whole new one.

    With `half` weights and points are kept in half precision. `resume` adds what it takes to
    go on training.

    Raises:
        CheckpointError: the file cannot be written; an older file of that name is untouched.
    """
    path = Path(path)
    tensors = {f"weights.{name}": value for name, value in _state(model.autoencoder).items()}
    if model.points is not None:
        tensors["points.mean"] = torch.from_numpy(model.points.mean)
        tensors["points.log_variance"] = torch.from_numpy(model.points.log_variance)
    if half:
        tensors = {name: value.half() for name, value in tensors.items()}
    if model.points is not None and model.points.label is not None:
        tensors["points.label"] = torch.from_numpy(model.points.label).to(torch.int32)
    if resume is not None:
        tensors |= {f"resume.{name}": value for name, value in resume.resume.items()}
    header = _header(model) | ({"resume_epoch": resume.epoch} if resume else {})
    try:
        with replacing(path) as temporary:
            tensors = {name: value.contiguous() for name, value in tensors.items()}
            save_file(tensors, temporary, {METADATA_KEY: json.dumps(header, allow_nan=False)})
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{path}: cannot be written ({error}); choose another place"
        ) from error


def _state(autoencoder: Autoencoder) -> dict[str, Tensor]:
    """Weights by name: buffers are masks, which follow from the configuration."""
    return {name: value.detach().cpu() for name, value in autoencoder.named_parameters()}


def _header(model: Model) -> dict[str, Any]:
    return {
        "version": VERSION,
        "config": model.autoencoder.config.to_dict(),
        "preprocessing": model.preprocessing.to_dict(),
        "class_names": list(model.class_names),
        "record": dict(model.record),
        "metrics": dict(model.metrics),
    }


def load(path: str | os.PathLike[str], like: Model | None = None) -> Model:
    """The model in a file; sooner, if `like` is one of the same configuration with other weights.

    Raises:
        CheckpointError: the file is missing, damaged, foreign, a pickle, or does not fit together.
    """
    return _load(Path(path), like)[0]


def load_to_resume(path: str | os.PathLike[str]) -> tuple[Model, Snapshot]:
    """The model in a file and the snapshot to go on from.

    Raises:
        CheckpointError: as `load`, or the file holds no training to go on with.
    """
    path = Path(path)
    model, header, tensors = _load(path)
    epoch = header.get("resume_epoch")
    state = {
        # A copy: what is mapped from the file would keep Windows from replacing it.
        name.removeprefix("resume."): value.clone()
        for name, value in tensors.items()
        if name.startswith("resume.")
    }
    shapes = {name: tuple(value.shape) for name, value in state.items()}
    if type(epoch) is not int or epoch < 0 or shapes != resume_shapes(model.autoencoder):
        raise CheckpointError(f"{path}: holds no training to go on with; train a new model")
    return model, Snapshot(epoch, _state(model.autoencoder), state)


def _load(path: Path, like: Model | None = None) -> tuple[Model, dict[str, Any], dict[str, Tensor]]:
    _refuse_what_is_no_safetensors(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            header = _read_header(path, metadata)
            config = Config.from_dict(header["config"])
            names = file.keys()
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in names}
            form = _form(config, like)
            _check_shapes(path, form, shapes)
            tensors = {name: file.get_tensor(name) for name in shapes}
        _refuse_lost_weights(path, tensors)
        return _build(form, header, tensors), header, tensors
    except CheckpointError:
        raise
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path}: is damaged or no safetensors file ({_short(error)}); copy or export it again"
        ) from error
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise CheckpointError(
            f"{path}: its description does not hold together ({_short(error)}); export it again"
        ) from error


def _short(value: object) -> str:
    """A value from a file, fit for one line of a message."""
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "…"


def _refuse_constant(name: str) -> float:
    """JSON has no NaN or Infinity, and nothing here could do anything with one."""
    raise ValueError(f"{name} is no number")


def _refuse_what_is_no_safetensors(path: Path) -> None:
    try:
        if path.is_dir():
            raise CheckpointError(f"{path}: is a folder; choose a .safetensors model file")
        if path.exists() and not path.is_file():  # a pipe or a device has no end
            raise CheckpointError(f"{path}: is no ordinary file; choose a .safetensors model file")
        with path.open("rb") as stream:
            start = stream.read(16)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CheckpointError(
            f"{path}: cannot be read ({reason}); check name and rights"
        ) from error
    # The length of the header comes first, so any byte can begin a file: 0x80 and PK mean a
    # pickle only where no such header follows.
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= _LONGEST_HEADER:
        return
    if start[:1] == b"\x80" or start[:4] == b"PK\x03\x04":
        raise CheckpointError(f"{path}: {_PICKLE_ADVICE}")
    why = "is empty" if not start else "does not begin as a safetensors file does"
    raise CheckpointError(f"{path}: is no model file (it {why}); copy it again or choose another")


def _read_header(path: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    if METADATA_KEY not in metadata:
        raise CheckpointError(
            f"{path}: was not written by Latent Explorer (no {METADATA_KEY!r} in its metadata); "
            "only its own model files can be opened so far"
        )
    header = json.loads(metadata[METADATA_KEY], parse_constant=_refuse_constant)
    if not isinstance(header, dict) or not isinstance(header.get("config"), dict):
        raise ValueError("no configuration")
    if header.get("version") != VERSION:
        raise CheckpointError(
            f"{path}: has version {_short(header.get('version'))} and this program reads "
            f"{VERSION}; update Latent Explorer"
        )
    return header


def _form(config: Config, like: Model | None) -> Autoencoder:
    """A model of the configuration to be copied with other weights; it may have none itself."""
    if like is not None and like.autoencoder.config == config:
        return like.autoencoder
    with torch.device("meta"):
        return Autoencoder(config)


def _check_shapes(path: Path, form: Autoencoder, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Compare with the model the configuration describes, before any memory is taken for it."""
    config = form.config
    expected = {f"weights.{name}": tuple(value.shape) for name, value in form.named_parameters()}
    if "points.mean" in shapes:
        count = shapes["points.mean"][0] if shapes["points.mean"] else 0
        expected["points.mean"] = expected["points.log_variance"] = (count, config.latent_size)
        if "points.label" in shapes:
            expected["points.label"] = (count,)
    known = {name: shape for name, shape in shapes.items() if not name.startswith("resume.")}
    for name in expected.keys() | known.keys():
        if expected.get(name) != known.get(name):
            raise CheckpointError(
                f"{path}: tensor {name!r} has shape {known.get(name, 'missing')} and its "
                f"configuration needs {expected.get(name, 'none of that name')}; export it again"
            )


def _refuse_lost_weights(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Weights that are no numbers decode to nothing; a training that diverges leaves such."""
    weights = {name: value for name, value in tensors.items() if name.startswith("weights.")}
    if not all(value.is_floating_point() for value in weights.values()):
        raise ValueError("some weights are of a type that weights cannot have")
    lost = sum(not _is_finite(value) for value in weights.values())
    if lost:
        raise CheckpointError(
            f"{path}: some of its weights are not finite numbers (in {lost} of {len(weights)} "
            "tensors), as when a training diverges; open an earlier copy, or train it again at a "
            "lower learning rate"
        )


def _build(form: Autoencoder, header: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Model:
    config = form.config
    weights = {
        name.removeprefix("weights."): value
        for name, value in tensors.items()
        if name.startswith("weights.")
    }
    autoencoder = _with_weights(form, weights)
    class_names = _class_names(header, config)
    preprocessing = Preprocessing.from_dict(header["preprocessing"])
    if preprocessing.image_shape != config.image_shape:
        raise ValueError("preprocessing and configuration name different image sizes")
    return Model(
        autoencoder=autoencoder,
        preprocessing=preprocessing,
        class_names=class_names,
        points=_points(tensors, len(class_names)),
        record=_mapping(header, "record"),
        metrics=_metrics(header),
    )


def _with_weights(form: Autoencoder, weights: Mapping[str, Tensor]) -> Autoencoder:
    """A copy with weights in the place of the parameters; names and shapes have been checked.

    To draw parameters first, or to describe the networks anew, would take as long again.
    """
    if any(buffer.is_meta for buffer in form.buffers()):  # made with a model, and in no file
        form = Autoencoder(form.config)
    copied: dict[int, Any] = {
        id(parameter): nn.Parameter(weights[name].to(parameter.dtype, copy=True), False)
        for name, parameter in form.named_parameters()
    }
    return deepcopy(form, copied).eval()


def _is_finite(value: Tensor) -> bool:
    """Whether these are finite numbers, all of them: the extremes tell, NaN is passed on."""
    return not value.numel() or all(bool(end.isfinite()) for end in value.aminmax())


def _class_names(header: Mapping[str, Any], config: Config) -> tuple[str, ...]:
    names = header.get("class_names", [])
    if not isinstance(names, list) or len(names) > _MOST_CLASS_NAMES:
        raise ValueError("class names must be a list")
    if config.classes and len(names) != config.classes:
        raise ValueError(f"{config.classes} classes but {len(names)} names")
    return tuple(str(name)[:100] for name in names)


def _within_reach(values: Tensor) -> npt.NDArray[np.float32]:
    """Numbers that can be squared and summed: 0 for what is none, and at most 1e9 from 0."""
    finite = np.nan_to_num(values.float().numpy())
    return np.asarray(np.clip(finite, -_FARTHEST, _FARTHEST), np.float32)


def _points(tensors: Mapping[str, Tensor], classes: int) -> Points | None:
    if "points.mean" not in tensors:
        return None
    mean = _within_reach(tensors["points.mean"])
    log_variance = _within_reach(tensors["points.log_variance"])
    label = tensors.get("points.label")
    if label is None:
        return Points(mean, log_variance)
    least, most = (0, 0) if not label.numel() else label.aminmax()
    if label.is_floating_point() or least < 0 or most >= (classes or _MOST_CLASS_NAMES):
        raise ValueError(f"the labels of its points are not those of its {classes} classes")
    return Points(mean, log_variance, label.numpy().astype(np.int64))


def _mapping(header: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = header.get(key, {})
    if not isinstance(value, dict):
        raise TypeError(f"{key} must be an object")
    return value


def _metrics(header: Mapping[str, Any]) -> dict[str, float]:
    return {str(name): float(value) for name, value in _mapping(header, "metrics").items()}
