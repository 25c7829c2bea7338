"""A training with files: every finished epoch is on the disk, and what was stopped goes on."""

import copy
import math
import time
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from models.autoencoder import Autoencoder, Config
from models.change_file import changes_to_come, write_changes
from models.checkpoint import load_to_resume, save
from models.data import DataSet, how_to_label, load_data
from models.distributed import ALONE, Processes
from models.errors import CheckpointError, DataError, ProcessLostError, TrainingError
from models.evaluation import evaluate
from models.methods import METHODS, LikelihoodName, MethodName
from models.model import Model, encode_points
from models.networks import Network
from models.plans import Plan, begun_plan
from models.preprocessing import Fit
from models.raw import Cancelled, Report
from models.resuming import put_weights
from models.run_files import (
    EpochFiles,
    begin_folder,
    check_folder,
    locked,
    mark_finished,
    not_written,
)
from models.settings import Change, Settings, changed, with_wishes
from models.spread import start_spread
from models.training import PollChanges, Progress, Snapshot, train

_MOST_KL = 128  # dimensions whose KL is written down for every epoch
_LOOKED_AT = 32  # images that tell data from other data
_COURSE = 500  # points of the curves within all epochs together
_TERMS = ("elbo", "reconstruction", "kl")


@dataclass(frozen=True)
class _Position:
    """Where a training stands: the model of its last epoch, how to go on, what it has seen."""

    autoencoder: Autoencoder
    snapshot: Snapshot | None
    history: tuple[Mapping[str, Any], ...]
    seconds: float
    changes: tuple[Change, ...] = ()
    processor_seconds: float = 0.0  # of this process: what a shared machine really gave
    plan: Plan | None = None  # that it followed so far
    planned_epochs: int = 0  # at first; 0 in a new one
    data_mark: str = ""  # of the data it saw, if that is known
    to_come: tuple[Change, ...] = ()  # made in the epoch that was under way: made again
    course: tuple[Mapping[str, Any], ...] = ()  # what batches within the epochs said


def run(
    plan: Plan,
    *,
    resume: bool = False,
    data: DataSet | None = None,
    report: Report | None = None,
    cancelled: Cancelled | None = None,
    loaded: Callable[[DataSet], None] | None = None,
    poll: PollChanges | None = None,
    processes: Processes = ALONE,
) -> Iterator[Progress]:
    """Train by `plan`, or with `resume` go on from its last epoch; ends with the file written.

    An epoch's last `Progress` is yielded when the epoch is safely in `plan.last_epoch_file`,
    which stays, for `resume` or `finish`, as do the epochs of `models.snapshots`. `report` and
    `cancelled` belong to the loading of the data, which is `data_of(plan)` unless given;
    `loaded` is shown it before the first step. `poll` is asked for settings to change while it
    runs. Of several `processes` that each call this the first writes the files.

    Raises:
        DataError: the data cannot be loaded or does not suit the method, or a setting is out of
            range.
        CheckpointError: nothing can be written, or there is nothing (or something else) to
            resume.
        TrainingError: the loss is not finite, or another of the processes has ended.
    """
    settings = settings_of(plan)
    with ExitStack() as held:
        position, data = _begin_together(plan, resume, data, report, cancelled, processes, held)
        if loaded is not None:
            loaded(data)
        try:
            position = yield from _epochs(plan, settings, data, position, poll, processes)
        except TrainingError as error:
            raise _with_advice(plan, error) from error
        if processes.first:
            _finish(plan, data, position)


def _begin_together(
    plan: Plan,
    resume: bool,
    data: DataSet | None,
    report: Report | None,
    cancelled: Cancelled | None,
    processes: Processes,
    held: ExitStack,
) -> tuple[_Position, DataSet]:
    """Where to start and with what data; nothing on the disk has changed if that fails.

    The first process goes ahead: what it has fetched or put into the cache is there for all.
    """
    if not processes.first:
        if not processes.all_are_well():
            raise DataError("the training cannot start; the first process says why")
        data = data or data_of(plan)
        return _position(plan, resume, data), data
    try:
        held.enter_context(locked(plan, resume))
        check_folder(plan, resume)
        data = data or data_of(plan, report, cancelled)
        position = _position(plan, resume, data)
        if position.plan != plan and position.snapshot is not None:
            # More epochs: whoever goes on knows of them.
            _save_epoch(plan, data, position, kept=len(position.history))
        begin_folder(plan, resume)
    except BaseException:  # Ctrl+C as well: the other processes wait for a word
        processes.all_are_well(False)
        raise
    processes.all_are_well()
    return position, data


def _position(plan: Plan, resume: bool, data: DataSet) -> _Position:
    config = config_of(plan, data)
    if not resume:
        autoencoder = _new_autoencoder(config, plan.seed)
        start_spread(autoencoder, data.train)
        return _Position(autoencoder, None, (), 0.0)
    position = _read(plan)
    if position.autoencoder.config != config or position.data_mark not in ("", _mark(data)):
        raise CheckpointError(
            f"{plan.last_epoch_file}: was trained on other data than {plan.data} holds now; "
            "put that data back, or train a new model"
        )
    return position


def _mark(data: DataSet) -> str:
    """What tells this data from other data: how many images, and a look at some of them."""
    marks = []
    for images in (data.train.images, data.held_out.images):
        some = np.linspace(0, len(images) - 1, min(_LOOKED_AT, len(images))).astype(np.int64)
        looked_at = b"".join(np.ascontiguousarray(images[int(row)]).tobytes() for row in some)
        marks.append(f"{len(images)}-{zlib.crc32(looked_at):08x}")
    return " ".join(marks)


def finish(plan: Plan, data: DataSet | None = None) -> None:
    """Make the file of the epochs finished so far the final one, and end the training.

    Raises:
        DataError, CheckpointError: as `run`.
    """
    with locked(plan, resume=True):
        data = data or data_of(plan)
        _finish(plan, data, _position(plan, True, data))


def keep_wishes(plan: Plan, progress: Progress, wishes: Mapping[str, float]) -> None:
    """Write down settings that a training which waits at `progress` will change when it goes on.

    Raises:
        CheckpointError: they cannot be written.
        ValueError: one cannot be changed, or its value is out of range.
    """
    for name, value in wishes.items():
        changed(settings_of(plan), plan.method, name, value)
    steps_per_epoch = progress.steps // progress.epochs
    changes = with_wishes(progress.changes, progress.step / steps_per_epoch, wishes)
    write_changes(plan, changes)


def plan_to_resume(path: str | Path, more: int = 0) -> Plan:
    """The plan of the training of `path`: the file it makes, or its `.run`.

    With `more` it goes on for that many epochs from where it stands.

    Raises:
        CheckpointError: there is no such training, or its file is damaged.
    """
    path = Path(path)
    if path.name == Plan("", "").last_epoch_file.name and path.parent.suffix == ".run":
        path = path.parent
    out = str(path.with_suffix("") if path.suffix == ".run" else path)
    file = Plan("", out).last_epoch_file
    if not file.exists():
        if begun := begun_plan(out):
            raise CheckpointError(
                f"{out}: no epoch of it was finished; start it again with: {begun.command()}"
            )
        raise CheckpointError(f"{out}: no training to go on with here ({file} does not exist)")
    model, snapshot = load_to_resume(file)
    try:
        plan = replace(Plan.from_dict(model.record["plan"]), out=out)
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{file}: holds no plan to go on with; train a new model") from error
    return plan.longer(snapshot.epoch + more) if more else plan


def settings_of(plan: Plan) -> Settings:
    """The training settings of a plan.

    Raises:
        DataError: one is out of range.
    """
    try:
        return Settings(
            epochs=plan.epochs,
            batch_size=plan.batch_size,
            learning_rate=plan.learning_rate,
            warmup_epochs=plan.warmup_epochs,
            warmup_cycles=plan.warmup_cycles,
            epoch_images=plan.epoch_images,
            schedule_epochs=plan.schedule_epochs,
            weight_decay=plan.weight_decay,
            seed=plan.seed,
            method=plan.method_settings,
        )
    except ValueError as error:
        raise DataError(f"the training cannot start: {error}") from error


def config_of(plan: Plan, data: DataSet) -> Config:
    """The configuration of a plan on its data.

    Raises:
        DataError: a conditional VAE and data without classes, a batch of one image where those
            of a batch are compared, or a value is out of range.
    """
    conditional = plan.method in METHODS and METHODS[plan.method].conditional
    unlabelled = data.train.labels is None or data.held_out.labels is None
    if conditional and (unlabelled or len(data.class_names) < 2):
        what = "has only one class" if len(data.class_names) == 1 else "has no classes"
        what = "has images without a class" if unlabelled and data.class_names else what
        raise DataError(
            f"{plan.data or data.name}: {what}, and a conditional VAE needs two or more; "
            f"{how_to_label(plan.data)}, or choose another method"
        )
    title = METHODS[plan.method].title if plan.method in METHODS else plan.method
    batchwise = plan.method in METHODS and METHODS[plan.method].batchwise
    if batchwise and min(plan.batch_size, len(data.train)) < 2:
        raise DataError(
            f"{title} compares the images of a batch, and there is one in each; choose a batch of "
            "two or more, better of 64, or another method"
        )
    shape = data.preprocessing.image_shape
    likelihood = plan.likelihood or ("bernoulli" if shape[0] == 1 else "gaussian")
    width, depth = plan.network_size
    try:
        told = plan.method_settings
        return Config(
            method=cast(MethodName, plan.method),
            image_shape=shape,
            latent_size=plan.latent_size,
            network=cast(Network, plan.network),
            width=width,
            depth=depth,
            likelihood=cast(LikelihoodName, likelihood),
            classes=len(data.class_names) if conditional else 0,
            binarise=data.binary and likelihood == "bernoulli",
            flow=told.flow,
            transforms=told.transforms if plan.method == "flow-vae" else 0,
        )
    except ValueError as error:
        raise DataError(f"the training cannot start: {error}") from error


def data_of(
    plan: Plan,
    report: Report | None = None,
    cancelled: Cancelled | None = None,
) -> DataSet:
    """The data a plan trains on.

    Raises:
        DataError: it cannot be loaded, or `cancelled` said so.
    """
    return load_data(
        plan.data,
        image_shape=plan.image_shape,
        fit=cast(Fit, plan.fit),
        allow_download=plan.allow_download,
        report=report,
        cancelled=cancelled,
    )


def notes_of(plan: Plan, data: DataSet) -> tuple[str, ...]:
    """What is worth telling of the data of a training: its own notes, and one on the batch."""
    count = len(data.train)
    if plan.batch_size <= count:
        return data.notes
    return (*data.notes, f"a batch of {plan.batch_size:,} takes all {count:,} images")


def _new_autoencoder(config: Config, seed: int) -> Autoencoder:
    """Fresh weights drawn by `seed`, which leaves the process's own random numbers alone."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Autoencoder(config)


def _epochs(
    plan: Plan,
    settings: Settings,
    data: DataSet,
    position: _Position,
    poll: PollChanges | None,
    processes: Processes,
) -> Generator[Progress, None, _Position]:
    """Train and save epoch by epoch; returns the last position."""
    history, before = list(position.history), position.seconds
    course, within = list(position.course), list[Progress]()
    worked = position.processor_seconds - time.process_time()
    last = position
    saved = copy.deepcopy(position.autoencoder)
    keep = EpochFiles(plan, data)
    if processes.first:
        keep.begin(position.autoencoder, len(position.history))
    steps = train(
        position.autoencoder,
        data,
        settings,
        start=position.snapshot,
        changes=(*position.changes, *position.to_come),
        poll=poll,
        keep_changes=partial(write_changes, plan) if processes.first else None,
        snapshots=processes.first,
        processes=processes,
    )
    with closing(steps):
        for progress in steps:
            progress = replace(progress, seconds=before + progress.seconds)
            if progress.held_out is None:
                within.append(progress)
            if progress.snapshot is not None:
                history.append(_entry(progress))
                course += _course(within, _COURSE // progress.epochs)
                within.clear()
                put_weights(saved, progress.snapshot.weights)
                last = replace(
                    position,
                    autoencoder=saved,
                    snapshot=progress.snapshot,
                    history=tuple(history),
                    course=tuple(course),
                    seconds=progress.seconds,
                    changes=progress.changes,
                    processor_seconds=worked + time.process_time(),
                )
                with _told_to(processes):
                    _save_epoch(plan, data, last, kept=progress.epoch - 1)
                    keep.write(saved, progress.epoch)
            elif progress.held_out is not None and not processes.all_are_well():
                raise TrainingError(
                    f"epoch {progress.epoch} could not be written; the first process says why."
                )
            yield progress
    return replace(last, autoencoder=position.autoencoder)


@contextmanager
def _told_to(processes: Processes) -> Iterator[None]:
    """Tell the others, who wait for it, how the block ended: they end with the first process."""
    try:
        yield
    except BaseException:
        processes.all_are_well(False)
        raise
    processes.all_are_well()


def _entry(progress: Progress) -> dict[str, Any]:
    held_out = progress.held_out or {}
    entry = {
        "epoch": progress.epoch,
        "train": {name: round(value, 4) for name, value in progress.train.items()},
        "held_out": {name: round(value, 4) for name, value in held_out.items()},
        "gradient_norm": round(progress.gradient_norm, 4),
    }
    if len(progress.kl) <= _MOST_KL:
        entry["kl"] = [round(value, 3) for value in progress.kl]
    return entry


def _course(within: Sequence[Progress], most: int) -> list[dict[str, Any]]:
    """At most so many points of the curves within an epoch; one would be the epoch's mean."""
    count = min(most, len(within))
    if count < 2:
        return []
    return [
        {
            "epoch": round(part[-1].fraction * part[-1].epochs, 4),
            "train": {
                name: round(sum(one.train[name] for one in part) / len(part), 4)
                for name in part[-1].train
            },
            "gradient_norm": round(sum(one.gradient_norm for one in part) / len(part), 4),
        }
        for at in range(count)
        for part in [within[at * len(within) // count : (at + 1) * len(within) // count]]
    ]


def _save_epoch(plan: Plan, data: DataSet, position: _Position, kept: int) -> None:
    """Write the file of the last epoch; if that fails, epoch `kept` is still in it."""
    model = Model(
        autoencoder=position.autoencoder,
        preprocessing=data.preprocessing,
        class_names=data.class_names,
        record=_record(plan, data, position)
        | {"plan": plan.to_dict(), "course": list(position.course)},
    )
    try:
        plan.folder.mkdir(exist_ok=True)
        save(model, plan.last_epoch_file, resume=position.snapshot)
        plan.begun_file.unlink(missing_ok=True)
    except (OSError, CheckpointError) as error:
        epoch = len(position.history)
        more = plan.epochs - epoch if kept == epoch else 0
        raise not_written(plan, epoch, kept, error, more) from error


def _record(plan: Plan, data: DataSet, position: _Position) -> dict[str, Any]:
    return {
        "command": plan.command(),
        "settings": settings_of(plan).to_dict(),
        "data": data.name,
        "seed": plan.seed,
        "history": list(position.history),
        "seconds": round(position.seconds, 3),
        "processor_seconds": round(position.processor_seconds, 3),
        "changes": [asdict(change) for change in position.changes],
        "data_mark": _mark(data),
        "planned_epochs": position.planned_epochs or plan.epochs,
        "beside_the_command": _departures(plan, position),
    }


def _departures(plan: Plan, position: _Position) -> list[str]:
    """What the recorded command does not say: whoever runs it gets another model for these."""
    done = len(position.history)
    told = [
        f"{change.name} {change.value:g} from epoch {change.epoch:.2f} on"
        for change in position.changes
    ]
    if position.planned_epochs not in (0, plan.epochs):
        told.append(f"first planned for {position.planned_epochs} epochs")
    if done < plan.epochs:
        told.append(f"stopped after epoch {done} of {plan.epochs}")
    return told


def _read(plan: Plan) -> _Position:
    """The position in the file of the last finished epoch."""
    model, snapshot = load_to_resume(plan.last_epoch_file)
    model.autoencoder.requires_grad_(True)
    history, seconds = model.record.get("history"), model.record.get("seconds")
    kept_apart = changes_to_come(plan, snapshot.epoch)
    try:
        if not isinstance(history, list) or not isinstance(seconds, int | float):
            raise TypeError("no history")
        changes = _checked(model, (Change(**one) for one in model.record.get("changes", [])))
        to_come = _checked(model, kept_apart)
    except (TypeError, ValueError) as error:
        raise CheckpointError(
            f"{plan.last_epoch_file}: its record is damaged; train a new model"
        ) from error
    worked = model.record.get("processor_seconds")
    worked = float(worked) if isinstance(worked, int | float) else 0.0
    try:
        followed = replace(Plan.from_dict(model.record["plan"]), out=plan.out)
    except (KeyError, ValueError):
        followed = None
    course = model.record.get("course")
    first = model.record.get("planned_epochs")
    if type(first) is not int and followed is not None:  # written before it was told
        first = followed.schedule_epochs or followed.epochs
    return _Position(
        model.autoencoder,
        snapshot,
        tuple(history),
        float(seconds),
        changes,
        worked,
        followed,
        first if type(first) is int else 0,
        str(model.record.get("data_mark", "")),
        to_come,
        course=tuple(course) if isinstance(course, list) else (),
    )


def _checked(model: Model, changes: Iterable[Change]) -> tuple[Change, ...]:
    """Changes, all of settings that can be changed while such a model trains.

    Raises:
        TypeError, ValueError: they are none.
    """
    changes = tuple(changes)
    for change in changes:
        changed(Settings(), model.autoencoder.config.method, change.name, change.value)
        if not math.isfinite(change.epoch):
            raise ValueError("a change at no time")
    return changes


def _finish(plan: Plan, data: DataSet, position: _Position) -> None:
    """Encode the map's points, measure the weights as they will be stored, and write the file."""
    autoencoder = position.autoencoder.eval()
    if plan.half:
        _round_to_half(plan, autoencoder)
    model = Model(
        autoencoder=autoencoder,
        preprocessing=data.preprocessing,
        class_names=data.class_names,
        points=encode_points(autoencoder, data.train, plan.points),
        record=_record(plan, data, position),
        metrics=_metrics(autoencoder, data),
    )
    save(model, Path(plan.out), half=plan.half)
    mark_finished(plan, len(position.history))


def _round_to_half(plan: Plan, autoencoder: Autoencoder) -> None:
    with torch.no_grad():
        for value in autoencoder.state_dict().values():
            value.copy_(value.half().float())
            if not bool(value.isfinite().all()):
                raise TrainingError(
                    f"{plan.out}: a weight is too large for half precision; "
                    f"the training is kept in {plan.folder}. Train again without --half"
                )


def _metrics(autoencoder: Autoencoder, data: DataSet) -> dict[str, float]:
    """Figures of all held-out images, as `evaluate` gives them with its default seed."""
    figures = evaluate(autoencoder, data.held_out)
    named = {f"held_out_{name}_nats": figures[name] for name in _TERMS if name in figures}
    counts = {"active_units": figures["active_units"], "held_out_images": len(data.held_out)}
    return named | {name: float(value) for name, value in counts.items()}


def _with_advice(plan: Plan, error: TrainingError) -> TrainingError:
    """Say where the finished epochs are, if there are any, or how to go on from the last."""
    if not plan.last_epoch_file.exists():
        return error
    if isinstance(error, ProcessLostError):
        epoch = load_to_resume(plan.last_epoch_file)[1].epoch
        return ProcessLostError(
            f"{error} Epoch {epoch} is kept; go on with train --resume {plan.out}"
        )
    return TrainingError(f"{error} Finished epochs are in {plan.last_epoch_file}.")
