"""What the window and the trainer process say to each other; no Qt, no torch.

The window writes lines: a `Job`, then any number of `Order`s and `Adjustment`s. The trainer answers
with frozen messages, each pickled behind its length. Only the window's own trainer is ever read.
"""

import json
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Literal

import numpy as np
import numpy.typing as npt

from models.plans import Plan

Bytes = npt.NDArray[np.uint8]
Terms = Mapping[str, float]
Task = Literal["train", "resume", "finish"]

_LENGTH_BYTES = 8
_LONGEST_MESSAGE = 2**28  # what is longer was not written by a trainer


@dataclass(frozen=True)
class Job:
    """What one trainer process is for.

    `train` follows `plan`; `resume` goes on with the training at `path`, for `more` epochs unless
    that is 0, and `finish` makes a model of its epochs.
    """

    task: Task
    plan: Plan | None = None
    path: str = ""
    more: int = 0

    def to_line(self) -> bytes:
        """One line of JSON."""
        plan = self.plan.to_dict() if self.plan else None
        values = {"task": self.task, "plan": plan, "path": self.path, "more": self.more}
        return json.dumps(values).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "Job":
        """The inverse of `to_line`."""
        values = json.loads(line)
        plan = Plan.from_dict(values["plan"]) if values["plan"] else None
        return cls(values["task"], plan, values["path"], values["more"])


class Order(StrEnum):
    """What a trainer is told while it works.

    `FINISH` makes a model of the epochs finished so far; `STOP` only ends, as soon as can be.
    """

    PAUSE = "pause"
    GO_ON = "go on"
    FINISH = "finish"
    STOP = "stop"

    def to_line(self) -> bytes:
        """One line, as `read_order` takes it."""
        return f"{self}\n".encode()


@dataclass(frozen=True)
class Adjustment:
    """An order to change a setting, by its name, from the next step on."""

    name: str
    value: float

    def to_line(self) -> bytes:
        """One line, as `read_order` takes it."""
        return f"adjust {self.name} {self.value!r}\n".encode()


def read_order(line: bytes) -> Order | Adjustment:
    """The order in a line.

    Raises:
        ValueError: it is none.
    """
    text = line.decode().strip()
    if text.startswith("adjust "):
        _, name, value = text.split(" ")
        return Adjustment(name, float(value))
    return Order(text)


@dataclass(frozen=True)
class CurvePoint:
    """Terms in nats an image where `epoch` epochs (a fraction within one) are done.

    `kl` is the mean KL of each dimension, in nats, and `gradient_norm` the Euclidean norm of the
    gradient of a step; held-out points have none of the latter.
    """

    epoch: float
    terms: Terms
    held_out: bool
    kl: tuple[float, ...] = ()
    gradient_norm: float | None = None


@dataclass(frozen=True)
class Adjusted:
    """A setting changed while a training ran, where `epoch` epochs were done."""

    epoch: float
    name: str
    value: float


@dataclass(frozen=True)
class Position:
    """Where a training stands; `epoch` counts finished ones, pauses are left out of seconds."""

    epoch: int
    epochs: int
    fraction: float
    seconds: float = 0.0
    seconds_left: float | None = None
    images_per_second: float | None = None


@dataclass(frozen=True, eq=False)
class Pictures:
    """What the model makes of the same held-out images and the same noise after `epoch` epochs.

    `images` and `reconstructions` are bytes [N, H, W, C], `samples` of the prior [M, H, W, C];
    where there can be none, `no_samples` says why.
    """

    epoch: int
    images: Bytes
    reconstructions: Bytes
    samples: Bytes
    no_samples: str = ""


@dataclass(frozen=True)
class Preparing:
    """Before the first step: `done` of `total` (0: unknown) of an activity."""

    activity: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class Planned:
    """The plan that is followed, where it starts, and what was there before.

    `pictures` are the newest that were kept of it.

    `pseudo`: the terms of `points` are of a pseudo-likelihood (`is_pseudo`).
    """

    plan: Plan
    position: Position
    points: tuple[CurvePoint, ...] = ()
    adjusted: tuple[Adjusted, ...] = ()
    pseudo: bool = False
    pictures: Pictures | None = None


@dataclass(frozen=True)
class Loaded:
    """The data is there: how many images to train on and held out, and what was changed on the way.

    `image_shape` is (channels, height, width); `likelihood` is the one that suits it, and with
    `binary` each pixel is 0 or 1.
    """

    images: int
    held_out: int
    image_shape: tuple[int, int, int]
    likelihood: str
    notes: tuple[str, ...] = ()
    binary: bool = False

    @property
    def pseudo(self) -> bool:
        """Whether its nats are of a pseudo-likelihood."""
        return is_pseudo(self.likelihood, self.binary)


@dataclass(frozen=True, eq=False)
class Advanced:
    """Where training stands now, with all points, and the newest pictures, since the last.

    `adjusted` are all settings changed so far; `epoch_file` is the newest epoch of which the
    training's folder holds a file (`models.snapshots`), if it is newer than the last told.
    """

    position: Position
    points: tuple[CurvePoint, ...] = ()
    pictures: Pictures | None = None
    adjusted: tuple[Adjusted, ...] = ()
    epoch_file: int | None = None


@dataclass(frozen=True)
class Paused:
    """No step is taken until the order to go on."""


@dataclass(frozen=True)
class GoneOn:
    """The pause is over."""


@dataclass(frozen=True)
class Finishing:
    """The model is measured and written."""


@dataclass(frozen=True)
class Finished:
    """The model of `epoch` epochs is in the file at `path`."""

    path: str
    epoch: int


@dataclass(frozen=True)
class Stopped:
    """Ended as ordered; no model was written."""


@dataclass(frozen=True)
class Failed:
    """Training could not go on; `details` is the traceback of a bug."""

    message: str
    details: str = ""


Message = (
    Preparing
    | Planned
    | Loaded
    | Advanced
    | Paused
    | GoneOn
    | Finishing
    | Finished
    | Stopped
    | Failed
)


def is_pseudo(likelihood: str, binary: bool) -> bool:
    """Whether a likelihood is no normalised density of the images: a Bernoulli on grey ones."""
    return likelihood == "bernoulli" and not binary


def write_message(stream: IO[bytes], message: Message) -> None:
    """Write one message.

    Raises:
        OSError: nobody reads any more.
    """
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    stream.write(len(body).to_bytes(_LENGTH_BYTES) + body)
    stream.flush()


def read_message(stream: IO[bytes]) -> Message | None:
    """The next message, waiting for it; nothing when the stream has ended, however it did."""
    length = int.from_bytes(head) if len(head := stream.read(_LENGTH_BYTES)) == 8 else 0
    if not 0 < length < _LONGEST_MESSAGE:
        return None
    body = stream.read(length)
    if len(body) < length:
        return None
    message: Message = pickle.loads(body)
    return message
