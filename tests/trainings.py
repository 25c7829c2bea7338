"""Data, plans and waiting that tests of trainings share."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot
from safetensors.numpy import save_file

from explorer.processes import TrainingThread
from explorer.trainer_messages import Adjustment, Job, Message, Order
from explorer.training import Status, Training
from explorer.workers import Callbacks, Lane, Task, TaskContext
from models.errors import CheckpointError, DataError, TrainingError
from models.plans import Plan

if TYPE_CHECKING:
    from models.data import DataSet

Kind = TypeVar("Kind")
PATIENCE_MS = 100_000  # a trainer imports torch, beside all other tests


def write_data(path: Path, data: "DataSet", labelled: bool = True) -> Path:
    """The images of a data set to train on as an `.npz`."""
    if labelled and data.train.labels is not None:
        np.savez(path, images=data.train.images, labels=data.train.labels)
    else:
        np.savez(path, images=data.train.images)
    return path


def small_plan(data: Path, out: Path, epochs: int = 3, method: str = "vae") -> Plan:
    """A training of a few steps an epoch."""
    return Plan(
        data=str(data),
        out=str(out),
        method=method,
        epochs=epochs,
        width=16,
        depth=1,
        batch_size=30,
        learning_rate=5e-3,
        seed=4,
    )


def wait_for(qtbot: QtBot, training: Training, *wanted: Status) -> None:
    """Let events run until the training has one of the statuses."""

    ends = (Status.FINISHED, Status.STOPPED, Status.FAILED)
    qtbot.waitUntil(lambda: training.state.status in (*wanted, *ends), timeout=PATIENCE_MS)
    state = training.state
    assert state.status in wanted, f"{state.status}: {state.message or state.activity}"


def wait_for_epoch(qtbot: QtBot, training: Training, epoch: int) -> None:
    """Let events run until that many epochs are finished."""

    def reached() -> bool:
        position = training.state.position
        return position is not None and position.epoch >= epoch

    qtbot.waitUntil(reached, timeout=PATIENCE_MS)


def of_kind(messages: list[Message], kind: type[Kind]) -> list[Kind]:
    """The messages of one kind."""
    return [message for message in messages if isinstance(message, kind)]


class FakeThread(QObject):
    """Stands where a `TrainingThread` would; the test speaks for the trainer."""

    heard = Signal(object)
    ended = Signal(object)

    def __init__(self, job: Job, parent: QObject) -> None:
        super().__init__(parent)
        self.job, self.orders = job, list[Order | Adjustment]()
        self.stopped = self.started = False
        self.process_id: int | None = None

    def start(self) -> None:
        self.started = True

    def order(self, order: Order | Adjustment) -> None:
        self.orders.append(order)

    def stop(self) -> None:
        self.stopped = True

    def wait(self) -> bool:
        return True


class Fakes:
    """All fake threads of a service, newest last."""

    def __init__(self) -> None:
        self.all: list[FakeThread] = []

    def make(self, job: Job, parent: QObject) -> TrainingThread:
        self.all.append(FakeThread(job, parent))
        return cast(TrainingThread, self.all[-1])

    @property
    def last(self) -> FakeThread:
        return self.all[-1]


class DirectLane:
    """Stands where a `Lane` would: a task is done at once."""

    def submit(self, task: Task, callbacks: Callbacks) -> int:
        try:
            value = task(cast(TaskContext, None))
        except (CheckpointError, DataError, TrainingError) as error:
            callbacks.failed(str(error))
        else:
            callbacks.done(value)
        return 1

    @classmethod
    def make(cls) -> Lane:
        return cast(Lane, cls())


def write_run(
    folder: Path,
    name: str,
    epochs: int = 3,
    planned: int = 3,
    method: str = "vae",
    finished: bool = True,
    binary: bool = False,
    course: tuple[float, ...] = (),
    **settings: Any,
) -> Path:
    """A training's folder as `models.runs` leaves it, without weights; falls by a nat an epoch.

    Within epochs its curves have points at `course`.
    """
    out = folder / f"{name}.safetensors"
    plan = Plan("digits", str(out), method=method, epochs=planned, **settings)
    history = []
    for epoch in range(1, epochs + 1):
        terms: dict[str, float] = {"reconstruction": 30.0 - epoch}
        if method != "ae":
            terms |= {"kl": 2.0, "elbo": -32.0 + epoch}
        entry = {"epoch": epoch, "train": terms, "held_out": terms, "gradient_norm": 1.5}
        history.append({**entry, "kl": [1.5, 0.5]})
    record: dict[str, Any] = {
        "processor_seconds": 0.5,
        "plan": plan.to_dict(),
        "history": history,
        "seconds": 1.0,
        "changes": [],
    }
    if course:
        record["course"] = [{"epoch": at, "train": {"reconstruction": 9.0}} for at in course]
    config = {"likelihood": plan.likelihood or "bernoulli", "binarise": binary}
    header = {"record": record, "resume_epoch": epochs, "config": config}
    plan.folder.mkdir(parents=True)
    save_file({}, plan.last_epoch_file, {"latent_explorer": json.dumps(header)})
    if not epochs:  # cut off in the first one
        plan.last_epoch_file.unlink()
        plan.begun_file.write_text(json.dumps(plan.to_dict()))
    elif finished:
        plan.finished_file.write_text(json.dumps({"epoch": epochs}))
        out.write_bytes(b"a model")
    return plan.folder
