"""Training as a generator of frozen `Progress` values; no threads, no window."""

import math
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from models.autoencoder import Autoencoder
from models.data import DataSet, ImageSet
from models.errors import DataError, TrainingError
from models.model import as_images
from models.objectives import METHODS, Batch

Terms = Mapping[str, float]

_SEED_STRIDE = 1_000_003  # epochs of one seed do not repeat those of the next


@dataclass(frozen=True)
class Settings:
    """How to train. Seconds, epochs and images are counted; the learning rate is Adam's.

    `warmup_epochs` is how long the KL's weight rises from 0 to 1 (Bowman et al. 2016).
    `weight_decay` is AdamW's (Loshchilov and Hutter 2019): it narrows the gap between data
    seen and held out.
    `averaging` is the decay a step of the averaged weights, which are the ones kept
    (Polyak averaging; 0 keeps the raw ones). `held_out_limit` bounds the images looked at
    after each epoch.
    """

    epochs: int = 20
    batch_size: int = 128
    learning_rate: float = 1e-3
    warmup_epochs: float = 1.0
    weight_decay: float = 0.0
    averaging: float = 0.999
    seed: int = 0
    held_out_limit: int = 2000
    report_seconds: float = 0.1

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1 or not 0 < self.learning_rate < 1:
            raise ValueError("epochs and batch must be at least 1, the learning rate in (0, 1)")
        if self.warmup_epochs < 0 or not 0 <= self.weight_decay <= 1:
            raise ValueError("warm-up cannot be negative; the weight decay is in [0, 1]")
        if not 0 <= self.averaging < 1:
            raise ValueError("averaging is a decay in [0, 1)")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Snapshot:
    """Weights on the CPU after `epoch` epochs, and what it takes to go on from there."""

    epoch: int
    weights: Mapping[str, Tensor]
    resume: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """Where training stands. Terms are means, in nats an image.

    At the end of an epoch `epoch` is the number finished, `train` the mean over that epoch,
    and `held_out` is there, as is `snapshot` if it was asked for; in between `train` covers
    the batches since the last value.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    train: Terms
    held_out: Terms | None
    seconds: float
    images_per_second: float
    snapshot: Snapshot | None = None

    @property
    def fraction(self) -> float:
        """Share of all steps done, 0 to 1."""
        return self.step / self.steps


def best_device() -> torch.device:
    """A CUDA or Apple GPU where there is one, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def train(
    model: Autoencoder,
    data: DataSet,
    settings: Settings,
    *,
    snapshots: bool = True,
    start: Snapshot | None = None,
    device: torch.device | None = None,
) -> Generator[Progress, None, None]:
    """Train `model` in place, from `start` if given; yields several `Progress` a second.

    When the generator is exhausted the model holds the final (averaged) weights, on the CPU.

    Raises:
        TrainingError: the loss is not finite; the model then holds its last good weights.
        DataError: there is nothing to train on, or labels a conditional model needs are missing.
    """
    _check(model, data)
    run = _Run(model, data, settings, device or best_device(), start)
    try:
        while run.epoch < settings.epochs:
            yield from run.train_epoch()
            yield run.finish_epoch(snapshots)
    finally:
        run.restore()


def _check(model: Autoencoder, data: DataSet) -> None:
    if not len(data.train) or not len(data.held_out):
        raise DataError(f"{data.name}: no images to train on; choose a data set with at least 2")
    if model.config.classes and (data.train.labels is None or data.held_out.labels is None):
        raise DataError(
            f"{data.name} has no labels, which a conditional VAE needs; "
            "sort the images into sub-folders named by class, or choose another method"
        )


def new_generator(device: torch.device, *seeds: int) -> torch.Generator:
    """A random stream of its own for a seed and, say, an epoch."""
    mixed = 0
    for seed in seeds:
        mixed = (mixed * _SEED_STRIDE + seed) % (2**63)
    return torch.Generator(device).manual_seed(mixed)


def take(
    images: ImageSet, index: Tensor, device: torch.device, with_label: bool
) -> tuple[Tensor, Tensor | None]:
    """The images (float32 in [0, 1]) and labels at `index`, on the device."""
    rows = index.numpy()
    x = as_images(images.images[rows]).to(device)
    if not with_label or images.labels is None:
        return x, None
    return x, torch.from_numpy(images.labels[rows]).to(device)


def _groups(parameters: Iterable[Tensor], weight_decay: float) -> list[dict[str, Any]]:
    """Matrices and kernels decay; biases, norms and a learned sigma do not."""
    known = list(parameters)
    return [
        {"params": [value for value in known if value.ndim > 1], "weight_decay": weight_decay},
        {"params": [value for value in known if value.ndim <= 1], "weight_decay": 0.0},
    ]


class _Mean:
    """Means of terms over batches of different sizes."""

    def __init__(self) -> None:
        self.totals: dict[str, float] = {}
        self.count = 0

    def add(self, terms: Mapping[str, Tensor], count: int) -> None:
        for name, value in terms.items():
            self.totals[name] = self.totals.get(name, 0.0) + float(value) * count
        self.count += count

    def value(self) -> dict[str, float]:
        return {name: total / self.count for name, total in self.totals.items()}


class _Run:
    """The state of one training: model, optimiser, averaged weights, position."""

    def __init__(
        self,
        model: Autoencoder,
        data: DataSet,
        settings: Settings,
        device: torch.device,
        start: Snapshot | None,
    ) -> None:
        self.model, self.data, self.settings, self.device = model, data, settings, device
        model.to(device).train()
        self.parameters = dict(model.named_parameters())
        self.fused = device.type != "mps"
        self.optimizer = torch.optim.AdamW(
            _groups(self.parameters.values(), settings.weight_decay),
            lr=settings.learning_rate,
            fused=self.fused,
        )
        self.steps_per_epoch = math.ceil(len(data.train) / settings.batch_size)
        self.epoch = 0
        self.average = {name: value.detach().clone() for name, value in self.parameters.items()}
        if start is not None:
            # The averages first: a snapshot's weights may be the model's own memory.
            for name, value in start.weights.items():
                self.average[name].copy_(value)
            self._resume(start)
        self.good = self._weights()
        self.step = self.epoch * self.steps_per_epoch
        self.started = time.monotonic()
        self.images_done = 0

    @property
    def steps(self) -> int:
        return self.settings.epochs * self.steps_per_epoch

    def train_epoch(self) -> Iterator[Progress]:
        generator = new_generator(self.device, self.settings.seed, self.epoch)
        order = torch.randperm(
            len(self.data.train),
            generator=new_generator(torch.device("cpu"), self.settings.seed, self.epoch, 1),
        )
        whole, recent, reported = _Mean(), _Mean(), time.monotonic()
        for index in torch.split(order, self.settings.batch_size):
            terms = self._train_step(index, generator)
            whole.add(terms, len(index))
            recent.add(terms, len(index))
            self.step += 1
            self.images_done += len(index)
            if time.monotonic() - reported >= self.settings.report_seconds:
                yield self._progress(recent.value())
                recent, reported = _Mean(), time.monotonic()
        self.epoch += 1
        self.epoch_terms = whole.value()

    def _train_step(self, index: Tensor, generator: torch.Generator) -> Mapping[str, Tensor]:
        config = self.model.config
        x, label = take(self.data.train, index, self.device, bool(config.classes))
        if config.binarise:
            x = torch.bernoulli(x, generator=generator)
        self._schedule()
        loss = METHODS[config.method](self.model, Batch(x, label, self._kl_weight()), generator)
        if not math.isfinite(float(loss.total.detach())):
            raise TrainingError(
                f"the loss stopped being a finite number in epoch {self.epoch + 1}, step "
                f"{self.step + 1}; the weights of epoch {self.epoch} are kept. "
                "Lower the learning rate, or look for broken images in the data."
            )
        self.optimizer.zero_grad()
        loss.total.backward()
        nn.utils.clip_grad_norm_(self.parameters.values(), 100.0)
        self.optimizer.step()
        self._update_average()
        return {name: value.detach() for name, value in loss.terms.items()}

    def _schedule(self) -> None:
        """Up for 100 steps, then a cosine to nearly 0 (Loshchilov and Hutter 2017)."""
        rise = min(1.0, (self.step + 1) / 100)
        fall = 0.5 * (1 + math.cos(math.pi * self.step / self.steps))
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * rise * max(fall, 0.002)

    def _kl_weight(self) -> float:
        warm = self.settings.warmup_epochs * self.steps_per_epoch
        return min(1.0, (self.step + 1) / warm) if warm else 1.0

    def _update_average(self) -> None:
        """Polyak averaging, faster at first so that early epochs are not a mix with noise."""
        decay = min(self.settings.averaging, (1 + self.step) / (10 + self.step))
        values = [parameter.detach() for parameter in self.parameters.values()]
        torch._foreach_lerp_(list(self.average.values()), values, 1.0 - decay)

    def finish_epoch(self, with_snapshot: bool) -> Progress:
        raw = {name: value.detach().clone() for name, value in self.parameters.items()}
        self._put(self.average)
        held_out = self._evaluate()
        if not all(math.isfinite(value) for value in held_out.values()):
            raise TrainingError(
                f"the held-out loss is not a finite number after epoch {self.epoch}; the weights "
                "of the epoch before are kept. Look for broken images in the data."
            )
        self.good = self._weights()
        self._put(raw)
        snapshot = None
        if with_snapshot:
            snapshot = Snapshot(self.epoch, MappingProxyType(self.good), self._resume_state())
        return self._progress(self.epoch_terms, held_out, snapshot)

    @torch.no_grad()
    def _evaluate(self) -> dict[str, float]:
        config, held_out = self.model.config, self.data.held_out
        count = min(len(held_out), self.settings.held_out_limit)
        generator = new_generator(self.device, self.settings.seed, 0, 2)
        mean = _Mean()
        self.model.eval()
        for index in torch.split(torch.arange(count), 500):
            x, label = take(held_out, index, self.device, bool(config.classes))
            if config.binarise:
                x = torch.bernoulli(x, generator=generator)
            loss = METHODS[config.method](self.model, Batch(x, label), generator)
            mean.add(loss.terms, len(index))
        self.model.train()
        return mean.value()

    def _progress(
        self, terms: Terms, held_out: Terms | None = None, snapshot: Snapshot | None = None
    ) -> Progress:
        seconds = time.monotonic() - self.started
        frozen = MappingProxyType(dict(terms))
        rate = self.images_done / max(seconds, 1e-9)
        return Progress(
            epoch=self.epoch,
            epochs=self.settings.epochs,
            step=self.step,
            steps=self.steps,
            train=frozen,
            held_out=None if held_out is None else MappingProxyType(dict(held_out)),
            seconds=seconds,
            images_per_second=rate,
            snapshot=snapshot,
        )

    def _weights(self) -> dict[str, Tensor]:
        return {name: value.detach().cpu().clone() for name, value in self.average.items()}

    def _put(self, weights: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(weights[name])

    def _resume_state(self) -> Mapping[str, Tensor]:
        """Raw weights and Adam's moments, by name."""
        state = {}
        for name, parameter in self.parameters.items():
            state[f"raw.{name}"] = parameter.detach().cpu().clone()
            for key, value in self.optimizer.state[parameter].items():
                state[f"adam.{key}.{name}"] = torch.as_tensor(value).cpu().clone()
        return MappingProxyType(state)

    def _resume(self, start: Snapshot) -> None:
        self.epoch = start.epoch
        self._put({name: start.resume[f"raw.{name}"] for name in self.parameters})
        for name, parameter in self.parameters.items():
            self.optimizer.state[parameter] = {
                key: start.resume[f"adam.{key}.{name}"].to(
                    # A fused Adam counts its steps on the device, any other on the CPU.
                    self.device if self.fused or key != "step" else "cpu",
                    copy=True,  # Adam writes into these; a snapshot stays as it was
                )
                for key in ("step", "exp_avg", "exp_avg_sq")
            }

    def restore(self) -> None:
        """Leave the model with the last good averaged weights, on the CPU."""
        self.model.to("cpu")
        self.parameters = dict(self.model.named_parameters())
        self._put(self.good)
        self.model.eval()
