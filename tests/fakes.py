"""What stands in for a model and for the thread that decodes it."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from explorer.arrangement import Arrangement, Handle
from explorer.rendering import DecodeRequest, DecodeResult, ModelInfo, Slot
from explorer.workers import Callbacks, Cancel, Task, TaskContext
from models.preprocessing import Preprocessing


def info(latent_size: int = 3, key: int = 1) -> ModelInfo:
    return ModelInfo(
        key=key,
        path=Path("model.safetensors"),
        method="vae",
        network="mlp",
        likelihood="bernoulli",
        latent_size=latent_size,
        image_shape=(1, 8, 8),
        has_prior=True,
        binarise=True,
        class_names=(),
        conditional=False,
        preprocessing=Preprocessing(1, 8, 8),
        points=None,
        kl=np.zeros(latent_size, np.float32),
        centre=np.zeros(latent_size, np.float32),
        spread=np.full(latent_size, 3.0, np.float32),
        metrics={},
    )


def three(size: int = 3) -> Arrangement:
    return Arrangement(
        tuple(
            Handle(key, name, key - 1, np.full(size, float(key), np.float32))
            for key, name in ((1, "A"), (2, "B"), (3, "C"))
        )
    )


class HeldLane:
    """Keeps the tasks it is given; each runs when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Task, Callbacks]] = []
        self._context = TaskContext(lambda *told: None, Cancel())

    def submit(self, task: Task, callbacks: Callbacks) -> int:
        self.waiting.append((task, callbacks))
        return len(self.waiting)

    def run(self) -> None:
        """Run the task that waits longest."""
        task, callbacks = self.waiting.pop(0)
        callbacks.done(task(self._context))


class PromptLane(HeldLane):
    """Runs each task at once."""

    def submit(self, task: Task, callbacks: Callbacks) -> int:
        super().submit(task, callbacks)
        self.run()
        return 1


class FakeThread(QObject):
    """Keeps what it is asked; the test answers."""

    decoded = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[DecodeRequest] = []
        self.cleared: list[Slot] = []
        self.each: float | None = None  # seconds that a picture takes
        self.sides, self.channels = (8, 8), 1

    def seconds_a_picture(self, model_key: int) -> float | None:
        return self.each

    def submit(self, request: DecodeRequest) -> None:
        self.asked.append(request)

    def clear(self, slot: Slot) -> None:
        self.cleared.append(slot)

    def last(self, slot: Slot) -> DecodeRequest:
        return [request for request in self.asked if request.slot is slot][-1]

    def answer(
        self,
        request: DecodeRequest,
        first: int = 0,
        count: int | None = None,
        error: str = "",
        finite: bool = True,
    ) -> None:
        rows = 0 if error else len(request.z) - first if count is None else count
        shade = int(request.z[first, 0]) % 256
        sides = (-(-side // request.shrink) for side in self.sides)
        pictures = np.full((rows, *sides, self.channels), shade, np.uint8)
        self.decoded.emit(DecodeResult(request, first, pictures, 0.001, finite, error))

    def measured(
        self, request: DecodeRequest, first: int = 0, count: int | None = None, add: float = 0.0
    ) -> None:
        """Answer with values: x + 10 y of the plane in every column."""
        end = len(request.z) if count is None else first + count
        columns = 1 if request.kind == "magnification" else 3
        ramp = request.z[first:end, 0] + 10 * request.z[first:end, 1] + add
        values = np.repeat(ramp[:, None], columns, 1).astype(np.float32)
        nothing = np.zeros((0, 8, 8, 1), np.uint8)
        self.decoded.emit(DecodeResult(request, first, nothing, 0.001, values=values))

    def asked_again(self, qtbot: QtBot, count: int) -> DecodeRequest:
        """The newest of more than `count` requests, when it comes."""
        qtbot.waitUntil(lambda: len(self.asked) > count)
        return self.asked[-1]
