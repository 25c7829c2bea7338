"""A training with files: every finished epoch is on the disk, and what was stopped goes on."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch

from models.autoencoder import Autoencoder, Config
from models.checkpoint import load_to_resume, save
from models.data import DataSet, load_data
from models.errors import CheckpointError, DataError, TrainingError
from models.evaluation import evaluate
from models.methods import METHODS, LikelihoodName, MethodName
from models.model import Model, encode_points
from models.networks import Network
from models.plans import Plan
from models.preprocessing import Fit
from models.raw import Cancelled, Report
from models.settings import Settings
from models.training import Progress, Snapshot, train

_TERMS = ("elbo", "reconstruction", "kl")


@dataclass(frozen=True)
class _Position:
    """Where a training stands: the model of its last epoch, how to go on, what it has seen."""

    autoencoder: Autoencoder
    snapshot: Snapshot | None
    history: tuple[Mapping[str, Any], ...]
    seconds: float


def run(
    plan: Plan,
    *,
    resume: bool = False,
    data: DataSet | None = None,
    report: Report | None = None,
    cancelled: Cancelled | None = None,
) -> Iterator[Progress]:
    """Train by `plan`, or with `resume` go on from its last epoch; ends with the file written.

    An epoch's last `Progress` is yielded when the epoch is safely in `plan.last_epoch_file`.
    Whenever this stops early, that file stays, for `resume` or `finish`. `report` and
    `cancelled` belong to the loading of the data, which is `data_of(plan)` unless given.

    Raises:
        DataError: the data cannot be loaded or does not suit the method, or a setting is out of
            range.
        CheckpointError: nothing can be written, or there is nothing (or something else) to
            resume.
        TrainingError: the loss is not finite.
    """
    settings = settings_of(plan)
    position = _read(plan) if resume else None
    _check_folder(plan, resume)
    data = data or data_of(plan, report, cancelled)
    config = config_of(plan, data)
    position = position or _Position(_new_autoencoder(config, plan.seed), None, (), 0.0)
    if position.autoencoder.config != config:
        raise CheckpointError(
            f"{plan.last_epoch_file}: was trained on other data than {plan.data} holds now; "
            "put that data back, or train a new model"
        )
    try:
        position = yield from _epochs(plan, settings, data, position)
    except TrainingError as error:
        raise _with_advice(plan, error) from error
    _finish(plan, data, position)


def finish(plan: Plan, data: DataSet | None = None) -> None:
    """Make the file of the epochs finished so far the final one, and end the training.

    Raises:
        DataError, CheckpointError: as `run`.
    """
    position = _read(plan)
    _finish(plan, data or data_of(plan), position)


def plan_to_resume(path: str | Path) -> Plan:
    """The plan of the unfinished training of `path`: the file it was to make, or its `.run`.

    Raises:
        CheckpointError: there is no such training, or its file is damaged.
    """
    path = Path(path)
    if path.name == Plan("", "").last_epoch_file.name and path.parent.suffix == ".run":
        path = path.parent
    out = str(path.with_suffix("") if path.suffix == ".run" else path)
    file = Plan("", out).last_epoch_file
    if not file.exists():
        raise CheckpointError(f"{out}: no unfinished training here ({file} does not exist)")
    record = load_to_resume(file)[0].record
    try:
        return replace(Plan.from_dict(record["plan"]), out=out)
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{file}: holds no plan to go on with; train a new model") from error


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
            weight_decay=plan.weight_decay,
            seed=plan.seed,
            method=plan.method_settings,
        )
    except ValueError as error:
        raise DataError(f"the training cannot start: {error}") from error


def config_of(plan: Plan, data: DataSet) -> Config:
    """The configuration of a plan on its data.

    Raises:
        DataError: a conditional VAE and data without classes, or a value is out of range.
    """
    conditional = plan.method in METHODS and METHODS[plan.method].conditional
    if conditional and (data.train.labels is None or len(data.class_names) < 2):
        raise DataError(
            f"{data.name}: has no classes, which a conditional VAE needs; sort the images into "
            "sub-folders named by class, or choose another method"
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


def _new_autoencoder(config: Config, seed: int) -> Autoencoder:
    """Fresh weights drawn by `seed`, which leaves the process's own random numbers alone."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Autoencoder(config)


def _check_folder(plan: Plan, resume: bool) -> None:
    """Find out before an hour of training that its result has nowhere to go."""
    out, folder = Path(plan.out), plan.folder
    if out.is_dir():
        raise CheckpointError(f"{out}: is a folder; name a file for the model")
    if plan.last_epoch_file.exists() and not resume:
        raise CheckpointError(
            f"{folder}: holds an unfinished training; go on with it (train --resume {out}), "
            "or remove that folder"
        )
    try:
        folder.mkdir(exist_ok=True)
        (folder / "last.part").touch()
        _remove_parts(folder)
        _remove_empty(folder)
    except OSError as error:
        raise CheckpointError(
            f"{folder}: cannot be written ({error.strerror}); choose another place for the model"
        ) from error


def _epochs(
    plan: Plan, settings: Settings, data: DataSet, position: _Position
) -> Generator[Progress, None, _Position]:
    """Train and save epoch by epoch; returns the last position."""
    history, before = list(position.history), position.seconds
    last = position
    saved = _new_autoencoder(position.autoencoder.config, plan.seed)
    with closing(train(position.autoencoder, data, settings, start=position.snapshot)) as steps:
        for progress in steps:
            progress = replace(progress, seconds=before + progress.seconds)
            if progress.snapshot is not None:
                history.append(_entry(progress))
                saved.load_state_dict(progress.snapshot.weights)
                last = _Position(saved, progress.snapshot, tuple(history), progress.seconds)
                _save_epoch(plan, data, last)
            yield progress
    return replace(last, autoencoder=position.autoencoder)


def _entry(progress: Progress) -> dict[str, Any]:
    held_out = progress.held_out or {}
    return {
        "epoch": progress.epoch,
        "train": {name: round(value, 4) for name, value in progress.train.items()},
        "held_out": {name: round(value, 4) for name, value in held_out.items()},
    }


def _save_epoch(plan: Plan, data: DataSet, position: _Position) -> None:
    model = Model(
        autoencoder=position.autoencoder,
        preprocessing=data.preprocessing,
        class_names=data.class_names,
        record=_record(plan, data, position) | {"plan": plan.to_dict()},
    )
    try:
        plan.folder.mkdir(exist_ok=True)
        save(model, plan.last_epoch_file, resume=position.snapshot)
    except (OSError, CheckpointError) as error:
        epoch = len(position.history)
        kept = f"epoch {epoch - 1} is kept there" if epoch > 1 else "nothing is kept yet"
        raise CheckpointError(
            f"{plan.folder}: epoch {epoch} cannot be written ({_reason(error)}); {kept}. "
            f"Make room, then go on with train --resume {plan.out}"
        ) from error


def _record(plan: Plan, data: DataSet, position: _Position) -> dict[str, Any]:
    return {
        "command": plan.command(),
        "settings": settings_of(plan).to_dict(),
        "data": data.name,
        "seed": plan.seed,
        "history": list(position.history),
        "seconds": round(position.seconds, 1),
    }


def _read(plan: Plan) -> _Position:
    """The position in the file of the last finished epoch."""
    model, snapshot = load_to_resume(plan.last_epoch_file)
    model.autoencoder.requires_grad_(True)
    history, seconds = model.record.get("history"), model.record.get("seconds")
    if not isinstance(history, list) or not isinstance(seconds, int | float):
        raise CheckpointError(f"{plan.last_epoch_file}: its record is damaged; train a new model")
    return _Position(model.autoencoder, snapshot, tuple(history), float(seconds))


def _finish(plan: Plan, data: DataSet, position: _Position) -> None:
    """Encode the map's points, measure the weights as they will be stored, write, tidy up."""
    autoencoder = position.autoencoder.eval()
    if plan.half:
        _round_to_half(plan, autoencoder)
    model = Model(
        autoencoder=autoencoder,
        preprocessing=data.preprocessing,
        class_names=data.class_names,
        points=encode_points(autoencoder, data.train),
        record=_record(plan, data, position),
        metrics=_metrics(autoencoder, data),
    )
    save(model, Path(plan.out), half=plan.half)
    plan.last_epoch_file.unlink(missing_ok=True)
    _remove_parts(plan.folder)
    _remove_empty(plan.folder)


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
    """Say where the finished epochs are, if there are any."""
    if not plan.last_epoch_file.exists():
        return error
    return TrainingError(f"{error} Finished epochs are in {plan.last_epoch_file}.")


def _reason(error: Exception) -> str:
    """The system's own words for what went wrong, without the file name twice."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    return (cause.strerror or str(cause)) if isinstance(cause, OSError) else str(cause)


def _remove_parts(folder: Path) -> None:
    """Remove what a process killed while it wrote has left."""
    for part in folder.glob("*.part"):
        part.unlink(missing_ok=True)


def _remove_empty(folder: Path) -> None:
    """Remove a folder unless the user keeps something of their own in it."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
