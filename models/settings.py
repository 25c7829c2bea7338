"""How to train, and how the learning rate, the KL's weight and the capacity run their course."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from models.methods import SETTINGS, MethodSettings, settings_names

_RISE_STEPS, _RISE_SHARE = 100, 0.05  # of the steps, if those are fewer
_LOWEST_SHARE = 0.002  # of the learning rate, at the end of its cosine


@dataclass(frozen=True)
class Settings:
    """How to train. Seconds, epochs and images are counted; the learning rate is Adam's.

    `warmup_epochs` is how long the KL's weight rises from 0 to 1 (Bowman et al. 2016); with
    `warmup_cycles` it rises that often instead, each time for half a cycle (Fu et al. 2019).
    Cycles and the capacity are laid out along `schedule_epochs`, which is all of them if 0: more
    epochs than were planned at first do not take them back.
    `epoch_images`, unless 0, ends an epoch after so many images; the next goes on with others.
    `method` holds what the objective can be told.
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
    warmup_cycles: int = 0
    epoch_images: int = 0
    schedule_epochs: int = 0
    weight_decay: float = 0.0
    averaging: float = 0.999
    seed: int = 0
    held_out_limit: int = 2000
    report_seconds: float = 0.1
    method: MethodSettings = field(default_factory=MethodSettings)

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1 or not 0 < self.learning_rate < 1:
            raise ValueError("epochs and batch must be at least 1, the learning rate in (0, 1)")
        if self.warmup_epochs < 0 or not 0 <= self.weight_decay <= 1:
            raise ValueError("warm-up cannot be negative; the weight decay is in [0, 1]")
        if not 0 <= self.averaging < 1:
            raise ValueError("averaging is a decay in [0, 1)")
        if min(self.warmup_cycles, self.epoch_images, self.schedule_epochs) < 0:
            raise ValueError(
                "warm-up cycles, the images of an epoch and the epochs of a schedule cannot be "
                "negative"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Change:
    """A setting changed while the training ran, after `epoch` epochs (a fraction counts)."""

    epoch: float
    name: str
    value: float


def changed(settings: Settings, method: str, name: str, value: float) -> Settings:
    """Settings with another `learning_rate`, or another setting of the method that is `live`.

    Raises:
        ValueError: it cannot be changed during a training, or the value is out of range.
    """
    if name == "learning_rate":
        return replace(settings, learning_rate=value)
    if name not in settings_names(method) or not SETTINGS[name].live:
        raise ValueError(f"{name} cannot be changed while {method} trains")
    problem = SETTINGS[name].problem(value)
    if problem:
        raise ValueError(problem)
    chosen = int(value) if SETTINGS[name].whole else value
    known: dict[str, Any] = {name: chosen}
    return replace(settings, method=replace(settings.method, **known))


def with_wishes(
    changes: Sequence[Change], epoch: float, wishes: Mapping[str, float]
) -> tuple[Change, ...]:
    """The changes with more of them after `epoch` epochs, by name, in the order they are made.

    Of one name a wish replaces those that were to be made from there on: it is the newer one.
    """
    kept = [one for one in changes if one.epoch < epoch or one.name not in wishes]
    new = [Change(epoch, name, value) for name, value in wishes.items()]
    return tuple(sorted((*kept, *new), key=lambda one: one.epoch))


def learning_rate_at(settings: Settings, step: int, steps: int) -> float:
    """Up for 100 steps or a twentieth of them, if fewer; meanwhile along a cosine to nearly 0.

    Loshchilov and Hutter 2017.
    """
    rise = min(1.0, (step + 1) / min(_RISE_STEPS, _RISE_SHARE * steps))
    fall = 0.5 * (1 + math.cos(math.pi * step / steps))
    return settings.learning_rate * rise * max(fall, _LOWEST_SHARE)


def kl_weight_at(settings: Settings, step: int, steps: int, steps_per_epoch: int) -> float:
    """The share of the KL that counts, 0 to 1: rising once, or in cycles of which half rise."""
    if settings.warmup_cycles and step >= steps:  # trained on for more epochs than were planned
        return 1.0
    if settings.warmup_cycles:
        cycles = settings.warmup_cycles
        # In whole numbers: steps / cycles, rounded, would put some cycles' start in the one before.
        return min(1.0, 2.0 * (step * cycles % steps + cycles) / steps)
    warm = settings.warmup_epochs * steps_per_epoch
    return min(1.0, (step + 1) / warm) if warm else 1.0


def capacity_at(settings: Settings, step: int, steps: int) -> float:
    """Where the capacity stands, in nats: from 0 to its end along the share it rises for."""
    rising = settings.method.capacity_share * steps
    share = min(1.0, step / rising) if rising else 1.0
    return settings.method.capacity * share
