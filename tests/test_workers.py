"""Threads: the newest request wins, finished work arrives, everything ends when it is told."""

import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from PySide6.QtCore import QCoreApplication, QObject, QThread
from pytestqt.qtbot import QtBot

from explorer import workers
from explorer.rendering import DecodeRequest, DecodeResult, Slot
from explorer.workers import (
    CHUNK_SECONDS,
    Callbacks,
    Cancelled,
    DecodeThread,
    Lane,
    ModelShelf,
    TaskContext,
)
from models.errors import DataError
from tests.small_models import small_model

PATIENCE_MS = 20_000


class FakeModel:
    """Decodes z to its own first value, once the gate is open; notes what it was asked."""

    image_shape = (1, 1, 1)

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.asked: list[list[float]] = []

    def decode(self, z: torch.Tensor, label: torch.Tensor | None = None) -> torch.Tensor:
        self.entered.set()
        assert self.gate.wait(20)
        self.asked.append([round(value) for value in z[:, 0].tolist()])
        if (z < 0).any():
            raise ValueError("no such latent")
        return z[:, :1, None, None] / 255


class Listener(QObject):
    """Lives in the GUI thread and notes what it hears, and where."""

    def __init__(self) -> None:
        super().__init__()
        self.results: list[DecodeResult] = []
        self.said: list[Any] = []
        self.threads: set[QThread] = set()

    def on_decoded(self, result: DecodeResult) -> None:
        self.threads.add(QThread.currentThread())
        self.results.append(result)

    def on_done(self, value: Any) -> None:
        self.threads.add(QThread.currentThread())
        self.said.append(("done", value))

    def on_failed(self, message: str) -> None:
        self.said.append(("failed", message))

    def on_progressed(self, what: str, done: int, total: int) -> None:
        self.said.append((what, done, total))

    def on_cancelled(self) -> None:
        self.said.append("cancelled")


@pytest.fixture
def model() -> FakeModel:
    return FakeModel()


@pytest.fixture
def listener(qtbot: QtBot) -> Listener:
    return Listener()


@pytest.fixture
def decoder(qtbot: QtBot, model: FakeModel, listener: Listener) -> Iterator[DecodeThread]:
    shelf = ModelShelf()
    shelf.add(model)  # type: ignore[arg-type] # a fake with the same decode
    thread = DecodeThread(shelf)
    thread.decoded.connect(listener.on_decoded)
    with qtbot.waitSignal(thread.ready, timeout=PATIENCE_MS):
        thread.start()
    yield thread
    model.gate.set()
    thread.stop()


def request(slot: Slot, *values: float, key: int = 1) -> DecodeRequest:
    return DecodeRequest(slot, key, np.array([[value] for value in values], np.float32))


def pictured(listener: Listener) -> list[tuple[Slot, list[int]]]:
    return [
        (result.request.slot, result.pictures[:, 0, 0, 0].tolist()) for result in listener.results
    ]


def test_results_come_to_the_gui_thread(
    decoder: DecodeThread, listener: Listener, qtbot: QtBot
) -> None:
    decoder.submit(request(Slot.PICTURE, 7))
    qtbot.waitUntil(lambda: bool(listener.results), timeout=PATIENCE_MS)
    assert pictured(listener) == [(Slot.PICTURE, [7])]
    assert listener.threads == {QThread.currentThread()}


def rows_at_once(listener: Listener, slot: Slot) -> list[int]:
    return [len(result.pictures) for result in listener.results if result.request.slot is slot]


def test_a_decoder_that_takes_a_second_an_image_is_given_one_at_a_time(
    decoder: DecodeThread, listener: Listener, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one picture of a handle tells enough: nobody drags behind a batch of eight seconds."""

    def slow(model: FakeModel, asked: DecodeRequest, first: int, count: int) -> DecodeResult:
        return DecodeResult(asked, first, np.zeros((count, 1, 1, 1), np.uint8), float(count))

    monkeypatch.setattr(workers, "render", slow)
    decoder.submit(request(Slot.PICTURE, 1))
    qtbot.waitUntil(lambda: len(listener.results) == 1, timeout=PATIENCE_MS)
    decoder.submit(request(Slot.TILES, *range(20)))
    qtbot.waitUntil(lambda: sum(rows_at_once(listener, Slot.TILES)) == 20, timeout=PATIENCE_MS)
    assert set(rows_at_once(listener, Slot.TILES)) == {1}


def test_long_work_is_cut_smaller_beside_a_hand_that_drags(
    decoder: DecodeThread, listener: Listener, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its decode waits for the chunk under way."""
    row_seconds = CHUNK_SECONDS / 20

    def timed(model: FakeModel, asked: DecodeRequest, first: int, count: int) -> DecodeResult:
        pictures = np.zeros((count, 1, 1, 1), np.uint8)
        return DecodeResult(asked, first, pictures, count * row_seconds)

    monkeypatch.setattr(workers, "render", timed)
    decoder.submit(request(Slot.TILES, *range(60)))
    qtbot.waitUntil(lambda: sum(rows_at_once(listener, Slot.TILES)) == 60, timeout=PATIENCE_MS)
    alone = max(rows_at_once(listener, Slot.TILES))
    monkeypatch.setattr(workers, "_HAND_SECONDS", 600)  # the hand is still there
    decoder.submit(request(Slot.PICTURE, 1))
    decoder.submit(request(Slot.STRIP, *range(60)))
    qtbot.waitUntil(lambda: sum(rows_at_once(listener, Slot.STRIP)) == 60, timeout=PATIENCE_MS)
    assert max(rows_at_once(listener, Slot.STRIP)) <= alone / 2


def test_the_newest_request_of_a_slot_wins_and_what_is_finished_arrives(
    decoder: DecodeThread, model: FakeModel, listener: Listener, qtbot: QtBot
) -> None:
    model.gate.clear()
    decoder.submit(request(Slot.PICTURE, 1))
    assert model.entered.wait(20)
    for value in range(2, 50):
        decoder.submit(request(Slot.PICTURE, value))
    model.gate.set()
    qtbot.waitUntil(lambda: len(listener.results) == 2, timeout=PATIENCE_MS)
    assert pictured(listener) == [(Slot.PICTURE, [1]), (Slot.PICTURE, [49])]


def test_lower_slots_go_first_and_long_requests_in_parts(
    decoder: DecodeThread, model: FakeModel, listener: Listener, qtbot: QtBot
) -> None:
    model.gate.clear()
    decoder.submit(request(Slot.TILES, *range(200)))
    assert model.entered.wait(20)
    decoder.submit(request(Slot.THUMBNAILS, 230))
    decoder.submit(request(Slot.STRIP, 220))
    decoder.submit(request(Slot.PICTURE, 210))
    model.gate.set()
    qtbot.waitUntil(lambda: sum(map(len, model.asked)) == 203, timeout=PATIENCE_MS)
    order = model.asked
    assert len(order[0]) < 200, "a batch is cut, so that a handle does not wait for it"
    assert order[1:3] == [[210], [220]]
    assert order[-1] == [230]
    assert [value for part in order for value in part if value < 200] == list(range(200))
    qtbot.waitUntil(lambda: len(listener.results) == len(order), timeout=PATIENCE_MS)


def test_what_is_cleared_is_not_decoded(
    decoder: DecodeThread, model: FakeModel, listener: Listener, qtbot: QtBot
) -> None:
    model.gate.clear()
    decoder.submit(request(Slot.PICTURE, 1))
    assert model.entered.wait(20)
    decoder.submit(request(Slot.TILES, 2))
    decoder.clear(Slot.TILES)
    decoder.clear(Slot.STRIP)
    decoder.submit(request(Slot.THUMBNAILS, 3))
    model.gate.set()
    qtbot.waitUntil(lambda: len(listener.results) == 2, timeout=PATIENCE_MS)
    assert model.asked == [[1], [3]]


def test_a_failure_is_a_result_and_the_thread_goes_on(
    decoder: DecodeThread, listener: Listener, qtbot: QtBot
) -> None:
    decoder.submit(request(Slot.PICTURE, -1))
    qtbot.waitUntil(lambda: len(listener.results) == 1, timeout=PATIENCE_MS)
    assert listener.results[0].error == "no such latent"
    decoder.submit(request(Slot.PICTURE, 5))
    qtbot.waitUntil(lambda: len(listener.results) == 2, timeout=PATIENCE_MS)
    assert not listener.results[1].error


def test_a_model_that_is_closed_is_not_decoded_with(
    decoder: DecodeThread, listener: Listener, qtbot: QtBot
) -> None:
    decoder.submit(request(Slot.PICTURE, 1, key=99))
    decoder.submit(request(Slot.TILES, 2))
    qtbot.waitUntil(lambda: bool(listener.results), timeout=PATIENCE_MS)
    assert pictured(listener) == [(Slot.TILES, [2])]


def test_one_thread_decodes(decoder: DecodeThread, model: FakeModel, qtbot: QtBot) -> None:
    threads: list[int] = []
    plain = model.decode

    def decode(z: torch.Tensor, label: torch.Tensor | None = None) -> torch.Tensor:
        threads.append(torch.get_num_threads())
        return plain(z, label)

    model.decode = decode  # type: ignore[method-assign] # to see it from inside
    decoder.submit(request(Slot.PICTURE, 1))
    qtbot.waitUntil(lambda: bool(threads), timeout=PATIENCE_MS)
    assert threads == [1]


def test_stopping_waits_for_nothing_that_was_asked(model: FakeModel, qtbot: QtBot) -> None:
    shelf = ModelShelf()
    shelf.add(model)  # type: ignore[arg-type] # a fake with the same decode
    thread = DecodeThread(shelf)
    thread.start()
    for slot in Slot:
        thread.submit(request(slot, *range(500)))
    thread.stop()
    assert thread.isFinished()


def test_a_thread_never_started_stops_too(qapp: object) -> None:
    DecodeThread(ModelShelf()).stop()
    Lane().stop()


def test_the_shelf_gives_each_model_a_key_of_its_own() -> None:
    shelf = ModelShelf()
    first, second = shelf.add(FakeModel()), shelf.add(FakeModel())  # type: ignore[arg-type] # fakes
    assert first != second
    shelf.remove(first)
    shelf.remove(first)
    assert shelf.get(first) is None
    assert shelf.get(second) is not None
    assert shelf.add(FakeModel()) not in (first, second)  # type: ignore[arg-type] # a fake


# -- lanes -----------------------------------------------------------------------------------


@pytest.fixture
def lane(qtbot: QtBot) -> Iterator[Lane]:
    found = Lane()
    yield found
    found.stop()


def callbacks(listener: Listener) -> Callbacks:
    return Callbacks(
        listener.on_done, listener.on_failed, listener.on_progressed, listener.on_cancelled
    )


def submit(lane: Lane, listener: Listener, task: Callable[[TaskContext], object]) -> int:
    return lane.submit(task, callbacks(listener))


def test_tasks_run_in_order_off_the_gui_thread(
    lane: Lane, listener: Listener, qtbot: QtBot
) -> None:
    here = threading.get_ident()

    def work(number: int, context: TaskContext) -> tuple[int, bool]:
        return number, threading.get_ident() != here

    for number in range(5):
        submit(lane, listener, partial(work, number))
    with qtbot.waitSignal(lane.idle, timeout=PATIENCE_MS):
        assert lane.busy
    assert listener.said == [("done", (number, True)) for number in range(5)]
    assert listener.threads == {QThread.currentThread()}
    assert not lane.busy


def test_what_a_user_can_cause_is_a_message(lane: Lane, listener: Listener, qtbot: QtBot) -> None:
    def fail(context: TaskContext) -> None:
        raise DataError("x.png: is damaged; copy it again")

    submit(lane, listener, fail)
    with qtbot.waitSignal(lane.idle, timeout=PATIENCE_MS):
        pass
    assert listener.said == [("failed", "x.png: is damaged; copy it again")]


def test_a_mistake_of_the_program_goes_to_the_hook_too(
    lane: Lane, listener: Listener, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: seen.append(kind))

    def fail(context: TaskContext) -> None:
        raise KeyError("a bug")

    submit(lane, listener, fail)
    with qtbot.waitSignal(lane.idle, timeout=PATIENCE_MS):
        pass
    qtbot.waitUntil(lambda: bool(seen), timeout=PATIENCE_MS)
    assert seen == [KeyError]
    assert listener.said == [("failed", "'a bug'")]
    submit(lane, listener, lambda _: "still there")
    with qtbot.waitSignal(lane.idle, timeout=PATIENCE_MS):
        pass
    assert listener.said[-1] == ("done", "still there")


def test_a_running_task_sees_that_it_is_cancelled(
    lane: Lane, listener: Listener, qtbot: QtBot
) -> None:
    started, go_on = threading.Event(), threading.Event()

    def work(context: TaskContext) -> None:
        started.set()
        assert go_on.wait(20)
        if context.cancelled():
            raise Cancelled

    ticket = submit(lane, listener, work)
    assert started.wait(20)
    lane.cancel(ticket)
    go_on.set()
    with qtbot.waitSignal(lane.idle, timeout=PATIENCE_MS):
        pass
    assert listener.said == ["cancelled"]


def test_a_waiting_task_that_is_cancelled_never_runs(
    lane: Lane, listener: Listener, qtbot: QtBot
) -> None:
    go_on, ran = threading.Event(), []
    submit(lane, listener, lambda _: go_on.wait(20))
    ticket = submit(lane, listener, lambda _: ran.append(1))
    lane.cancel(ticket)
    lane.cancel(12345)
    go_on.set()
    with qtbot.waitSignal(lane.idle, timeout=PATIENCE_MS):
        pass
    assert listener.said == [("done", True), "cancelled"]
    assert not ran


def test_progress_is_told_now_and_then_and_at_the_end(
    lane: Lane, listener: Listener, qtbot: QtBot
) -> None:
    def work(context: TaskContext) -> None:
        for done in range(1, 100_001):
            context.report("Writing", done, 100_000)

    submit(lane, listener, work)
    with qtbot.waitSignal(lane.idle, timeout=PATIENCE_MS):
        pass
    told = [entry for entry in listener.said if entry[0] == "Writing"]
    assert told[-1] == ("Writing", 100_000, 100_000)
    assert len(told) < 1000, "2,000 signals delay the GUI thread by seconds"


def test_what_ends_as_the_lane_is_stopped_starts_nothing_new(
    qtbot: QtBot, listener: Listener
) -> None:
    lane, working = Lane(), threading.Event()
    submit(lane, listener, lambda _: working.set())
    assert working.wait(20)
    lane.stop()  # its result waits in the event queue, or is not even sent
    submit(lane, listener, lambda _: None)
    QCoreApplication.processEvents()
    assert lane.isFinished()
    assert not lane.busy
    assert not listener.said


def test_stopping_cancels_what_runs(qtbot: QtBot, listener: Listener) -> None:
    lane, started = Lane(), threading.Event()

    def work(context: TaskContext) -> None:
        started.set()
        while not context.cancelled():
            pass

    submit(lane, listener, work)
    assert started.wait(20)
    lane.stop()
    assert lane.isFinished()


class Measured(FakeModel):
    """A fake whose values can be measured too."""

    latent_size = 1

    def __init__(self) -> None:
        super().__init__()
        self.autoencoder = small_model(latent_size=1).float()


def test_values_come_last_and_the_first_alone_while_nobody_knows_how_long_they_take(
    decoder: DecodeThread, listener: Listener, qtbot: QtBot
) -> None:
    model = Measured()
    key = decoder._shelf.add(model)  # type: ignore[arg-type] # a fake with the same decode
    z, plane = np.arange(30, dtype=np.float32)[:, None], np.array([[1], [0]], np.float32)
    model.gate.clear()
    decoder.submit(request(Slot.PICTURE, 1, key=key))
    assert model.entered.wait(20)
    decoder.submit(DecodeRequest(Slot.FIELD, key, z, kind="field", directions=plane))
    decoder.submit(request(Slot.THUMBNAILS, 2, key=key))
    model.gate.set()
    qtbot.waitUntil(lambda: sum(map(len, listener.results)) == 32, timeout=PATIENCE_MS)
    slots = [result.request.slot for result in listener.results]
    assert slots[:2] == [Slot.PICTURE, Slot.THUMBNAILS]
    values = listener.results[2:]
    assert len(values[0]) == 1
    assert [result.first for result in values] == [
        sum(map(len, values[:place])) for place in range(len(values))
    ]
