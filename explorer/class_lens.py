"""Service: one latent decoded under every class of a conditional model, as one batch."""

from time import perf_counter

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer, Signal

from explorer.rendering import DecodeRequest, DecodeResult, Slot
from explorer.session import Session
from explorer.workers import DecodeThread

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

_PAUSE_MS = 33  # between two batches: what is under the hand is decoded and drawn first


class ClassLens(QObject):
    """`look_at` asks, `decoded` answers; a batch that was begun is finished before the next.

    Otherwise many classes under a hand that does not rest would never be seen.
    """

    decoded = Signal(object)  # bytes [classes, H, W, C]

    def __init__(self, session: Session, thread: DecodeThread, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._thread = session, thread
        self._wanted: Floats | None = None
        self._under_way: DecodeRequest | None = None
        self._parts: list[Bytes] = []
        self._asked_at = 0.0
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._ask)
        session.model_changed.connect(self.stop)
        thread.decoded.connect(self._on_decoded)

    def look_at(self, z: Floats) -> None:
        """Ask for the decodes of `z` [K]; an earlier wish that nobody has begun is forgotten."""
        self._wanted = z
        self._ask_soon()

    def stop(self) -> None:
        """Nobody looks any more."""
        self._wanted = self._under_way = None
        self._timer.stop()

    def _ask_soon(self) -> None:
        if self._under_way is None and not self._timer.isActive():
            since_ms = 1000 * (perf_counter() - self._asked_at)
            self._timer.start(max(0, round(_PAUSE_MS - since_ms)))

    def _ask(self) -> None:
        model, z = self._session.model, self._wanted
        if model is None or z is None or not model.conditional or len(z) != model.latent_size:
            return
        self._wanted, self._asked_at, self._parts = None, perf_counter(), []
        labels = np.arange(len(model.class_names), dtype=np.int64)
        rows = np.tile(z, (len(labels), 1)).astype(np.float32)
        self._under_way = DecodeRequest(Slot.LENS, model.key, rows, labels, ticket=self)
        self._thread.submit(self._under_way)

    def _on_decoded(self, result: DecodeResult) -> None:
        request = result.request
        if request is not self._under_way:
            return
        self._parts.append(result.pictures)
        if result.error or result.first + len(result.pictures) >= len(request.z):
            self._under_way = None
            if not result.error:
                self.decoded.emit(np.concatenate(self._parts))
            if self._wanted is not None:
                self._ask_soon()
