"""Training as a generator of frozen `Progress` values; no threads, no window."""

import math
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from models import adversary
from models.adversary import discriminator_loss, shuffled
from models.autoencoder import Autoencoder
from models.data import DataSet, ImageSet
from models.distributed import ALONE, Processes
from models.errors import DataError, TrainingError
from models.matmul import fast_matmul
from models.means import Mean
from models.model import as_images
from models.noise import SharedGenerator, binarised
from models.objectives import METHODS, Batch, Loss
from models.resuming import DISCRIMINATOR, discriminator_of, put_back, put_weights, state_of
from models.rows import expect
from models.settings import (
    Change,
    Settings,
    capacity_at,
    changed,
    kl_weight_at,
    learning_rate_at,
    with_wishes,
)

Terms = Mapping[str, float]
PollChanges = Callable[[], Mapping[str, float]]
KeepChanges = Callable[[Sequence[Change]], None]

_LONGEST_GRADIENT = 100.0
_HELD_OUT_STREAM = 2**40  # no epoch's number
_SPREAD_RATE_TIMES = 20.0  # the learning rate of a learned sigma or scale: 2 % a step
_RATE_TIMES = "rate_times"
_SEED_STRIDE = 1_000_003  # epochs of one seed do not repeat those of the next


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
    the batches since the last value. `kl` is the mean KL of each dimension over the same
    images, held-out ones at the end of an epoch; `gradient_norm` the mean Euclidean norm of the
    gradient of a step; `changes` all settings changed so far, and those that were to be made again.
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
    kl: tuple[float, ...] = ()
    gradient_norm: float = 0.0
    changes: tuple[Change, ...] = ()

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
    changes: Sequence[Change] = (),
    poll: PollChanges | None = None,
    keep_changes: KeepChanges | None = None,
    processes: Processes = ALONE,
) -> Generator[Progress, None, None]:
    """Train `model` in place, from `start` if given; yields several `Progress` a second.

    `poll` is asked before each step for settings to change, by name (see `changed`);
    `changes` are those made before: up to `start` they are in force already, and after it each is
    made again at its step. `keep_changes` is shown all of them before the first step with a new
    one. With several `processes` each calls this with the same model and data; all end with the
    same weights.
    When the generator is exhausted the model holds the final (averaged) weights, on the CPU.

    Raises:
        TrainingError: the loss is not finite; the model then holds its last good weights.
        DataError: there is nothing to train on, or labels a conditional model needs are missing.
        ValueError: `poll` named what cannot be changed, or a value out of range.
    """
    _check(model, data)
    run = _Run(model, data, settings, device or best_device(), start, processes)
    run.changes, run.poll, run.keep_changes = tuple(changes), poll, keep_changes
    try:
        run.put_in_force(change for change in changes if change.epoch < run.epoch)
        with fast_matmul():
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
    return torch.Generator(device).manual_seed(mixed(*seeds))


def mixed(*seeds: int) -> int:
    """One seed made of several."""
    number = 0
    for seed in seeds:
        number = (number * _SEED_STRIDE + seed) % (2**63)
    return number


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
    """Matrices and kernels decay; biases, norms and a learned sigma do not.

    A learned sigma or scale, the only number by itself, follows the error of the pixels: at the
    rate of the others it would lag by thousands of steps and blur what they could show.
    """
    known = list(parameters)
    groups = [
        {"params": [value for value in known if value.ndim > 1], "weight_decay": weight_decay},
        {"params": [value for value in known if value.ndim == 1], "weight_decay": 0.0},
        {
            "params": [value for value in known if value.ndim == 0],
            "weight_decay": 0.0,
            _RATE_TIMES: _SPREAD_RATE_TIMES,
        },
    ]
    return [group for group in groups if group["params"]]


class _Run:
    """The state of one training: model, optimisers, averaged weights, position."""

    def __init__(
        self,
        model: Autoencoder,
        data: DataSet,
        settings: Settings,
        device: torch.device,
        start: Snapshot | None,
        processes: Processes,
    ) -> None:
        self.model, self.data, self.settings, self.device = model, data, settings, device
        self.processes = processes
        self.changes: tuple[Change, ...] = ()
        self.poll: PollChanges | None = None
        self.keep_changes: KeepChanges | None = None
        # Convolutions on a CPU train half as fast again with channels last; others take no notice.
        # torch's stubs lack this form of `to`.
        model.to(device).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self.parameters = dict(model.named_parameters())
        self.fused = device.type != "mps"
        self.optimizer = torch.optim.AdamW(
            _groups(self.parameters.values(), settings.weight_decay),
            lr=settings.learning_rate,
            fused=self.fused,
        )
        self._make_discriminator()
        count = len(data.train)
        self.epoch_images = min(settings.epoch_images or count, count)
        self.steps_per_epoch = math.ceil(self.epoch_images / settings.batch_size)
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

    def _make_discriminator(self) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.settings.seed)
            self.discriminator = discriminator_of(self.model.config)
        if self.discriminator is not None:
            self.discriminator.to(self.device)
            self.adversary = torch.optim.Adam(
                self.discriminator.parameters(),
                lr=adversary.LEARNING_RATE,
                betas=adversary.BETAS,
                fused=self.fused,
            )

    @property
    def steps(self) -> int:
        return self.settings.epochs * self.steps_per_epoch

    def train_epoch(self) -> Iterator[Progress]:
        generator = self._generator(self.epoch)
        whole, recent, reported = Mean(), Mean(), time.monotonic()
        batches = torch.split(self._order(), self.settings.batch_size)
        for index, coming in zip_longest(batches, batches[1:]):
            self._take_changes()
            part, share = self._share(index, generator)
            loss, norm = self._train_step(part, share, generator)
            if coming is not None:  # read ahead where images come from a file
                expect(self.data.train.images, self._share(coming, generator)[0].numpy())
            for mean in (whole, recent):
                mean.add(loss, share * len(index), norm)
            self.step += 1
            self.images_done += len(index)
            if time.monotonic() - reported >= self.settings.report_seconds:
                yield self._progress(recent)
                recent, reported = Mean(), time.monotonic()
        self.epoch += 1
        self.epoch_terms = whole.of_all(self.processes)

    def _order(self) -> Tensor:
        """The images of this epoch: a part of a pass over all of them, or the whole pass."""
        count = len(self.data.train)
        of_pass, part = divmod(self.epoch, count // self.epoch_images)
        stream = new_generator(torch.device("cpu"), self.settings.seed, of_pass, 1)
        order = torch.randperm(count, generator=stream)
        return order[part * self.epoch_images : (part + 1) * self.epoch_images]

    def put_in_force(self, changes: Iterable[Change]) -> None:
        for one in changes:
            self.settings = changed(self.settings, self.model.config.method, one.name, one.value)

    def _take_changes(self) -> None:
        """Make the changes wished for now, and those that were made before this step once."""
        here, wishes = self.step / self.steps_per_epoch, self.poll() if self.poll else {}
        if wishes:
            self.changes = with_wishes(self.changes, here, wishes)
        self.put_in_force(change for change in self.changes if change.epoch == here)
        if wishes and self.keep_changes is not None:
            self.keep_changes(self.changes)

    def _generator(self, *seeds: int) -> torch.Generator:
        """A stream for the whole batch, however many processes share it."""
        seed = self.settings.seed
        if self.processes.world == 1:
            return new_generator(self.device, seed, *seeds)
        return SharedGenerator(self.device).manual_seed(mixed(seed, *seeds))

    def _share(self, index: Tensor, generator: torch.Generator) -> tuple[Tensor, float]:
        """This process's images of a batch, and its share of the loss."""
        if not isinstance(generator, SharedGenerator):
            return index, 1.0
        few = len(index) < self.processes.world  # then each computes all of them
        of = ALONE if few else self.processes
        generator.rank, generator.world, generator.total = of.rank, of.world, len(index)
        part = of.share(index)
        return part, (1 / self.processes.world if few else len(part) / len(index))

    def _whole(self, generator: torch.Generator) -> Callable[[Tensor], Tensor]:
        """What makes the rows of the whole batch of this process's."""
        if not isinstance(generator, SharedGenerator) or generator.world == 1:
            return ALONE.gather
        return partial(self.processes.gather, count=generator.total)

    def _train_step(
        self, index: Tensor, share: float, generator: torch.Generator
    ) -> tuple[Loss, Tensor]:
        loss = self._loss(*self._taken(self.data.train, index, generator), generator)
        self.optimizer.zero_grad()
        value = loss.total.detach() * share
        (loss.total * share).backward()
        self._add_gradients(self.parameters.values(), value)
        if not math.isfinite(float(value)):
            raise TrainingError(
                f"the loss stopped being a finite number in epoch {self.epoch + 1}, step "
                f"{self.step + 1}; the weights of epoch {self.epoch} are kept. "
                "Lower the learning rate, or look for broken images in the data."
            )
        rate = learning_rate_at(self.settings, self.step, self.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group.get(_RATE_TIMES, 1.0)
        norm = self._clipped()
        self.optimizer.step()
        self._update_average()
        self._train_discriminator(loss.z, share, generator)
        return loss, norm

    def _clipped(self) -> Tensor:
        """The norm of the gradient, which is made shorter where that is too long.

        As `clip_grad_norm_`, which multiplies every gradient by 1 where it is not: a fortieth of a
        step of a small network.
        """
        known = self.parameters.values()
        norm = nn.utils.get_total_norm([one.grad for one in known if one.grad is not None])
        if norm > _LONGEST_GRADIENT:
            nn.utils.clip_grads_with_norm_(known, _LONGEST_GRADIENT, norm)
        return norm

    def _taken(
        self, images: ImageSet, index: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor | None]:
        config = self.model.config
        x, label = take(images, index, self.device, bool(config.classes))
        x = x.contiguous(memory_format=torch.channels_last)
        return (binarised(x, generator) if config.binarise else x), label

    def _loss(self, x: Tensor, label: Tensor | None, generator: torch.Generator) -> Loss:
        epochs = self.settings.schedule_epochs or self.settings.epochs
        laid_out = epochs * self.steps_per_epoch
        batch = Batch(
            x,
            label,
            kl_weight_at(self.settings, self.step, laid_out, self.steps_per_epoch),
            capacity_at(self.settings, self.step, laid_out),
            len(self.data.train),
            self.discriminator,
            self._whole(generator),
        )
        objective = METHODS[self.model.config.method]
        return objective(self.model, batch, self.settings.method, generator)

    def _add_gradients(self, parameters: Iterable[Tensor], *more: Tensor) -> None:
        """Sum gradients, each of a share of the loss, over all processes."""
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        self.processes.add([*gradients, *more])

    def _train_discriminator(
        self, z: Tensor | None, share: float, generator: torch.Generator
    ) -> None:
        """FactorVAE's second step, from the latents of the first (Kim and Mnih 2018, alg. 2)."""
        if self.discriminator is None or z is None:
            return
        self.adversary.zero_grad()
        alone = shuffled(self._whole(generator)(z), generator)
        if isinstance(generator, SharedGenerator):
            alone = generator.share(alone, 0)
        loss = discriminator_loss(self.discriminator, z, alone)
        (loss * share).backward()
        self._add_gradients(self.discriminator.parameters())
        self.adversary.step()

    def _update_average(self) -> None:
        """Polyak averaging, faster at first so that early epochs are not a mix with noise."""
        decay = min(self.settings.averaging, (1 + self.step) / (10 + self.step))
        values = [parameter.detach() for parameter in self.parameters.values()]
        torch._foreach_lerp_(list(self.average.values()), values, 1.0 - decay)

    def finish_epoch(self, with_snapshot: bool) -> Progress:
        raw = {name: value.detach().clone() for name, value in self.parameters.items()}
        put_weights(self.model, self.average)
        held_out = self._evaluate()
        if not all(math.isfinite(value) for value in held_out.terms().values()):
            raise TrainingError(
                f"the held-out loss is not a finite number after epoch {self.epoch}; the weights "
                "of the epoch before are kept. Look for broken images in the data."
            )
        self.good = self._weights()
        put_weights(self.model, raw)
        snapshot = None
        if with_snapshot:
            snapshot = Snapshot(self.epoch, MappingProxyType(self.good), self._resume_state())
        return self._progress(self.epoch_terms, held_out, snapshot)

    @torch.no_grad()
    def _evaluate(self) -> Mean:
        held_out = self.data.held_out
        count = min(len(held_out), self.settings.held_out_limit)
        generator = self._generator(_HELD_OUT_STREAM)
        mean = Mean()
        self.model.eval()
        for index in torch.split(torch.arange(count), 500):
            part, share = self._share(index, generator)
            loss = self._loss(*self._taken(held_out, part, generator), generator)
            mean.add(loss, share * len(index))
        self.model.train()
        return mean.of_all(self.processes)

    def _progress(
        self, terms: Mean, held_out: Mean | None = None, snapshot: Snapshot | None = None
    ) -> Progress:
        seconds = time.monotonic() - self.started
        return Progress(
            epoch=self.epoch,
            epochs=self.settings.epochs,
            step=self.step,
            steps=self.steps,
            train=MappingProxyType(terms.terms()),
            held_out=None if held_out is None else MappingProxyType(held_out.terms()),
            seconds=seconds,
            images_per_second=self.images_done / max(seconds, 1e-9),
            snapshot=snapshot,
            kl=(held_out or terms).kl(),
            gradient_norm=terms.gradient_norm(),
            changes=self.changes,
        )

    def _weights(self) -> dict[str, Tensor]:
        return {name: value.detach().cpu().clone() for name, value in self.average.items()}

    def _resume_state(self) -> Mapping[str, Tensor]:
        """Raw weights and Adam's moments, by name."""
        state = state_of("", self.model, self.optimizer)
        if self.discriminator is not None:
            state |= state_of(DISCRIMINATOR, self.discriminator, self.adversary)
        return MappingProxyType(state)

    def _resume(self, start: Snapshot) -> None:
        self.epoch = start.epoch
        put_back(start.resume, "", self.model, self.optimizer, self.fused)
        if self.discriminator is not None:
            put_back(start.resume, DISCRIMINATOR, self.discriminator, self.adversary, self.fused)

    def restore(self) -> None:
        """Leave the model with the last good averaged weights, on the CPU."""
        self.model.to("cpu")
        put_weights(self.model, self.good)
        self.model.eval()
