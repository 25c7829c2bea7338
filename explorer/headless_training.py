"""The command `train`: a plan from its options, and progress for a person."""

import argparse
import math
import shlex
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from explorer.event_log import EventLog
from explorer.progress_line import ProgressLine, bar, clock
from explorer.trainer_messages import is_pseudo
from explorer.training_choices import not_for
from models import distributed
from models.checkpoint import load
from models.data import DataSet
from models.errors import DataError
from models.freed_memory import keep_freed_memory
from models.images import SUFFIXES
from models.methods import SETTING_NAMES
from models.plans import PROGRAM, Plan
from models.presets import preset_plan
from models.runs import config_of, notes_of, plan_to_resume, run
from models.training import Progress

# Options of train that are not fields of a plan.
_NOT_OF_THE_PLAN = (
    *("resume", "more", "overwrite", "settings", "preset", "quiet"),
    *("image_size", "channels"),
)
_USUAL = Plan("", "")
_ENDING = ".safetensors"
_OTHER_ENDINGS = (
    SUFFIXES
    | {".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin", ".onnx", ".h5", ".keras", ".gguf"}
    | {".json", ".toml", ".npz", ".npy", ".csv", ".txt", ".zip", ".run", ".apng", ".svg", ".pdf"}
)


def train(arguments: argparse.Namespace) -> None:
    """Train a model and write its file, with progress on standard error."""
    given = vars(arguments)
    keep_freed_memory()
    with distributed.processes() as processes:
        _train(given, processes)


def _train(given: dict[str, Any], processes: distributed.Processes) -> None:
    line = ProgressLine(quiet="quiet" in given or not processes.first)
    plan = plan_of(given)
    if plan.threads is not None:
        torch.set_num_threads(plan.threads)
    log = EventLog(plan.log_folder) if processes.first else None
    pseudo = False

    def loaded(data: DataSet) -> None:
        nonlocal pseudo
        config = config_of(plan, data)
        pseudo = is_pseudo(config.likelihood, config.binarise)
        for note in notes_of(plan, data):
            line.say(f"{data.name}: {note}")

    resume = "resume" in given
    went_on = False
    steps = run(plan, resume=resume, report=line.loading, loaded=loaded, processes=processes)
    try:
        for progress in steps:
            went_on = True
            if log is not None:
                log.write(progress)
            line.show(described(progress, line.live, pseudo), keep=progress.held_out is not None)
    except KeyboardInterrupt:
        if plan.last_epoch_file.exists():
            line.say(f"stopped; go on with: {PROGRAM} train --resume {plan.out}")
        raise
    finally:
        if log is not None:
            log.close()
        line.end()
    if not processes.first:
        return
    model = load(plan.out)
    metrics = ", ".join(f"{name} {value:.6g}" for name, value in model.metrics.items())
    line.say(f"{plan.out}: {metrics}")
    by_clock, of_processor = model.record["seconds"], model.record["processor_seconds"]
    line.say(f"took {clock(by_clock)} by the clock, {clock(of_processor)} of processor time")
    if not went_on:
        line.say(
            f"{plan.out}: all {plan.epochs} of its epochs were done before; for more of them: "
            f"{PROGRAM} train --resume {shlex.quote(plan.out)} --more N"
        )


def plan_of(given: dict[str, Any]) -> Plan:
    """The plan the options name: only those that were typed are in `given`.

    What was typed comes before what the preset says.

    Raises:
        DataError: options do not go together.
        CheckpointError: there is nothing to resume.
    """
    options = {name: value for name, value in given.items() if name not in _NOT_OF_THE_PLAN}
    size, channels = given.get("image_size"), given.get("channels")
    if "resume" in given:
        if options.keys() - {"threads"} or size or channels or "preset" in given:
            raise DataError(
                "--resume goes on with the settings the training began with; leave the others out"
            )
        resumed = plan_to_resume(_training_of(given["resume"]), given.get("more", 0))
        return replace(resumed, **options)
    if "more" in given:
        raise DataError("--more goes with --resume FILE")
    if "data" not in options or "out" not in options:
        raise DataError("train needs --data and --out (or --resume FILE); see train --help")
    options["out"] = model_file(options["out"])
    if "overwrite" not in given and exists(Plan("", options["out"])):
        raise DataError(
            f"{options['out']}: exists; name another file, train it for more epochs (--resume "
            f"{options['out']} --more N), or add --overwrite to lose it with all its epochs"
        )
    if channels and not size:
        raise DataError("--channels goes with --image-size HxW")
    plan = Plan(options["data"], options["out"])
    if "preset" in given:
        plan = preset_plan(given["preset"], plan.data, plan.out)
        if options.get("method", plan.method) != plan.method:  # its settings are another's
            cleared: dict[str, Any] = dict.fromkeys(SETTING_NAMES)
            plan = replace(plan, **cleared)
    plan = _only_what_counts(replace(plan, **options), options)
    return replace(plan, image_shape=(channels or 0, *size) if size else None)


def model_file(out: str) -> str:
    """The file that a model named so goes to: by its ending it is known as a model.

    Raises:
        DataError: the ending is that of another format.
    """
    ending = Path(out).suffix.lower()
    if ending in _OTHER_ENDINGS:
        raise DataError(
            f"{out}: a model is written as {_ENDING}, and {ending} is the ending of another "
            f"format; name it {Path(out).with_suffix(_ENDING)}"
        )
    return out if ending == _ENDING or Path(out).is_dir() else f"{out}{_ENDING}"


def _training_of(path: str) -> str:
    """What is gone on with: a name may lack the ending, as it may where a training begins."""
    named = f"{path}{_ENDING}"
    there = Plan("", path).last_epoch_file.exists() or Path(path).exists()
    return named if not there and Plan("", named).folder.exists() else path


def _only_what_counts(plan: Plan, named: Collection[str]) -> Plan:
    """The plan with what its preset says of a warm-up left out where there is none.

    Raises:
        DataError: a setting that was named does nothing.
    """
    for name, option in (("warmup_epochs", "--warmup"), ("warmup_cycles", "--warmup-cycles")):
        reason = not_for(plan.method, name, plan.warmup_cycles)
        if reason and name in named:
            raise DataError(f"{option} does nothing with this training: {reason}; leave it out")
        if reason:
            usual: dict[str, Any] = {name: getattr(_USUAL, name)}
            plan = replace(plan, **usual)
    return plan


def exists(plan: Plan) -> bool:
    """Whether a model, or a finished training, has the place of this one."""
    return Path(plan.out).is_file() or plan.finished_file.exists()


def described(progress: Progress, with_bar: bool = False, pseudo: bool = False) -> str:
    """One line for a person: losses in nats an image, speed and time left.

    `pseudo`: they are of a pseudo-likelihood (`is_pseudo`).
    """
    terms = progress.held_out or progress.train
    losses = f"reconstruction {terms['reconstruction']:.2f}"
    if "elbo" in terms:
        losses = f"-ELBO {-terms['elbo']:.2f} = {losses} + KL {terms['kl']:.2f}"
        losses = f"pseudo {losses}" if pseudo else losses
    if "importance_bound" in terms:
        losses = f"{losses}, weighted bound {-terms['importance_bound']:.2f}"
    kind = "held-out" if progress.held_out else "train"
    finished = progress.epoch if progress.held_out else progress.epoch + 1
    speed = progress.images_per_second
    left = progress.seconds * (1 / progress.fraction - 1) if progress.fraction else math.inf
    share = f"{bar(progress.fraction)}  " if with_bar else ""
    return (
        f"{share}epoch {finished}/{progress.epochs}  {kind} {losses} nats  "
        f"{speed:,.0f} images/s  {clock(left)} left"
    )
