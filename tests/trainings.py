"""Data, plans and waiting that tests of trainings share."""

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from pytestqt.qtbot import QtBot

from explorer.trainer_messages import Message
from explorer.training import Status, Training
from models.plans import Plan

if TYPE_CHECKING:
    from models.data import DataSet

Kind = TypeVar("Kind")
PATIENCE_MS = 100_000  # a trainer imports torch at idle priority, beside all other tests


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
