"""A `Plan`: everything that says how one model is trained, as plain values."""

import json
import shlex
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

from models.methods import SETTING_NAMES, MethodSettings, method_settings

PROGRAM = "latent-explorer"

# Widths that suit each network on two cores: hidden units, or channels of the first level.
_WIDTHS = {"mlp": 256, "plain-mlp": 200, "conv": 32, "resnet": 32}
_DEPTHS = {"mlp": 2, "plain-mlp": 2, "conv": 0, "resnet": 1}


@dataclass(frozen=True)
class Plan:
    """What to train on what, and the file the model goes to.

    `data` is what `load_data` takes and `out` a path. Without a `likelihood` grey images get
    the Bernoulli and coloured ones the Gaussian; without a `width` or `depth` the network's
    usual one is taken. `image_shape` (channels, height, width; 0 channels are those the images
    have) resizes the data by the rule `fit`. `half` stores weights in half precision. `points` is
    how many images at most are kept encoded, as the points of the map. `threads` is what the
    command line computes with: another number rounds otherwise. From `beta` on come the settings of
    the methods, where None means the method's usual value. The other fields are those of
    `Config` and `Settings`.
    """

    data: str
    out: str
    method: str = "vae"
    latent_size: int = 2
    epochs: int = 20
    network: str = "mlp"
    width: int | None = None
    depth: int | None = None
    likelihood: str | None = None
    batch_size: int = 128
    learning_rate: float = 1e-3
    warmup_epochs: float = 1.0
    warmup_cycles: int = 0
    epoch_images: int = 0
    schedule_epochs: int = 0
    weight_decay: float = 0.0
    seed: int = 0
    half: bool = False
    points: int = 10_000
    image_shape: tuple[int, int, int] | None = None
    fit: str = "crop"
    allow_download: bool = False
    threads: int | None = None
    beta: float | None = None
    gamma: float | None = None
    capacity: float | None = None
    capacity_share: float | None = None
    samples: int | None = None
    corruption: str | None = None
    corruption_level: float | None = None
    contraction: float | None = None
    lambda_od: float | None = None
    lambda_d: float | None = None
    flow: str | None = None
    transforms: int | None = None
    free_bits: float | None = None

    @property
    def method_settings(self) -> MethodSettings:
        """What the objective is told: the method's usual values, and those given here.

        Raises:
            ValueError: the method is unknown, does not take a setting, or it is out of range.
        """
        return method_settings(self.method, {name: getattr(self, name) for name in SETTING_NAMES})

    @property
    def network_size(self) -> tuple[int, int]:
        """Width and depth, with the network's usual ones where none is named."""
        width = _WIDTHS.get(self.network, 0) if self.width is None else self.width
        depth = _DEPTHS.get(self.network, 0) if self.depth is None else self.depth
        return width, depth

    def longer(self, epochs: int) -> "Plan":
        """The same for `epochs` epochs, with cycles and capacity laid out as they were."""
        return replace(self, epochs=epochs, schedule_epochs=self.schedule_epochs or self.epochs)

    @property
    def folder(self) -> Path:
        """The folder that holds the training's epochs: `out` with `.run` at its end."""
        return Path(f"{self.out}.run")

    @property
    def last_epoch_file(self) -> Path:
        """The model as of the last finished epoch, with what it takes to go on."""
        return self.folder / "last.safetensors"

    @property
    def begun_file(self) -> Path:
        """This plan, until the first epoch is finished: what a kill before that leaves."""
        return self.folder / "begun.json"

    @property
    def log_folder(self) -> Path:
        """Where TensorBoard finds its events."""
        return self.folder / "tensorboard"

    @property
    def finished_file(self) -> Path:
        """Is there when `out` has been made of the epochs in the folder, which then stay."""
        return self.folder / "finished.json"

    @property
    def changes_file(self) -> Path:
        """The settings changed so far, also those of the epoch under way."""
        return self.folder / "changes.json"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Plan":
        """The inverse of `to_dict`.

        Raises:
            ValueError: a value is missing or unknown.
        """
        try:
            shape = values.get("image_shape")
            return cls(**{**values, "image_shape": tuple(shape) if shape else None})
        except (TypeError, AttributeError) as error:
            raise ValueError(f"plan: {error}") from error

    def command(self) -> str:
        """The command line that trains this model; options at their default are left out."""
        words = [PROGRAM, "train"]
        for field in fields(self):
            value = getattr(self, field.name)
            always = field.default is MISSING or field.name in ("method", "latent_size", "epochs")
            if always or value != field.default:
                words += _option(field.name, value)
        return shlex.join(words)


def begun_plan(out: str) -> Plan | None:
    """The plan of a training that was cut off before its first epoch was finished, if one was."""
    file = Plan("", out).begun_file
    try:
        return replace(Plan.from_dict(json.loads(file.read_text("utf-8"))), out=out)
    except (OSError, ValueError):
        return None


_OPTIONS = {
    "latent_size": "--latent",
    "batch_size": "--batch",
    "warmup_epochs": "--warmup",
}


def _option(name: str, value: object) -> list[str]:
    """One field as words of a command line."""
    if name == "image_shape":
        channels, height, width = cast(tuple[int, int, int], value)
        size = ["--image-size", f"{height}x{width}"]
        return [*size, "--channels", str(channels)] if channels else size
    option = _OPTIONS.get(name, f"--{name.replace('_', '-')}")
    return [option] if value is True else [option, str(value)]
