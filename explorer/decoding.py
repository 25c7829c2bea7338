"""Service: from what is on screen to decode requests, and from results to pictures."""

from time import perf_counter

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer, Signal

from explorer.rendering import DecodeRequest, DecodeResult, ModelInfo, Slot
from explorer.session import PictureState, Session
from explorer.workers import DecodeThread

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

_LATENCIES_KEPT = 240
_STRIP_PAUSE_MS = 50  # between two strips of a path that is dragged
_BEHIND_MS = 300  # a picture that is awaited for longer is said to be: words would only flicker


class Latency:
    """Recent times from a pointer's move to its painted picture, in milliseconds."""

    def __init__(self) -> None:
        self._values: list[float] = []

    def add(self, milliseconds: float) -> None:
        """Count one more."""
        self._values = [*self._values[-_LATENCIES_KEPT:], milliseconds]

    @property
    def p95_ms(self) -> float | None:
        """The 95th percentile, once there are enough to speak of one."""
        return float(np.percentile(self._values, 95)) if len(self._values) >= 20 else None


class Decoding(QObject):
    """Keeps the session's picture, lens and strip true to its latents."""

    lens_changed = Signal(object)  # bytes [H, W, C] at the pointer
    failed = Signal(str)
    settled = Signal()  # picture and strip belong to what is on screen now

    def __init__(self, session: Session, thread: DecodeThread, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._thread = session, thread
        self._strip: dict[int, Bytes] = {}
        self._failure = ""
        self.latency = Latency()
        self.lens_z: Floats | None = None  # what the newest lens is the decode of
        self._strip_timer = QTimer(self, singleShot=True)
        self._strip_asked_at = 0.0
        self._strip_timer.timeout.connect(self._ask_strip)
        self._behind = QTimer(self, singleShot=True, interval=_BEHIND_MS)
        self._behind.timeout.connect(self._on_behind)
        self.waiting: set[Slot] = set()
        self._newest: dict[Slot, DecodeRequest] = {}
        session.model_changed.connect(self._on_model_changed)
        session.weights_changed.connect(self._on_weights_changed)
        session.active_changed.connect(self._ask_picture)
        session.arrangement_changed.connect(self._on_arrangement_changed)
        session.latent_changed.connect(self._on_latent_changed)
        thread.decoded.connect(self._on_decoded)

    def look_at(self, z: Floats, label: int | None) -> None:
        """Ask for the lens: the decode of `z` [K]."""
        self._submit(Slot.LENS, z[None], None if label is None else np.array([label]))

    def _on_model_changed(self) -> None:
        self._failure = ""
        self._strip = {}  # or frames of the former model would stand among those of this one
        self.latency = Latency()  # another decoder takes another time
        self.waiting.clear()
        self._behind.stop()
        for slot in Slot:
            self._thread.clear(slot)

    def _on_weights_changed(self) -> None:
        self._ask_picture(timed=False)  # nobody moved anything
        self._ask_strip_soon()

    def _on_arrangement_changed(self) -> None:
        self._ask_picture()
        self._ask_strip_soon()

    def _on_latent_changed(self, key: int) -> None:
        if key == self._session.active_key:
            self._ask_picture()
        self._ask_strip_soon()

    def _ask_picture(self, *, timed: bool = True) -> None:
        handle = self._session.active
        if handle is not None and self._session.model is not None:
            label = None if handle.label is None else np.array([handle.label])
            asked = perf_counter() if timed else None
            self._submit(Slot.PICTURE, handle.z[None], label, (handle.key, asked))
            if Slot.PICTURE in self.waiting and not self._behind.isActive():
                self._behind.start()

    def _on_behind(self) -> None:
        self._session.set_picture_state("behind")

    def _ask_strip_soon(self) -> None:
        """At once, but not at each of a drag's moves: they have their own picture to show."""
        self.waiting.add(Slot.STRIP)
        if not self._strip_timer.isActive():
            since_ms = 1000 * (perf_counter() - self._strip_asked_at)
            self._strip_timer.start(max(0, round(_STRIP_PAUSE_MS - since_ms)))

    def _ask_strip(self) -> None:
        self._strip_asked_at = perf_counter()
        arrangement = self._session.arrangement
        if not arrangement.handles:
            self._strip = {}
            self._session.set_strip({})
            self._let_go(Slot.STRIP)
            return
        self._submit(Slot.STRIP, arrangement.path(), arrangement.path_labels())

    def _submit(
        self,
        slot: Slot,
        z: Floats,
        label: npt.NDArray[np.int64] | None,
        ticket: object = None,
    ) -> None:
        model = self._session.model
        if model is None or z.shape[1] != model.latent_size:
            self.waiting.discard(slot)
            return
        if slot is not Slot.LENS:  # nobody waits for the pointer to rest
            self.waiting.add(slot)
        request = self._newest[slot] = DecodeRequest(slot, model.key, z, label, ticket)
        self._thread.submit(request)

    def _on_decoded(self, result: DecodeResult) -> None:
        model = self._session.model
        if model is None or result.request.model_key != model.key:
            return
        if result.error or not result.finite:
            self._tell_once(model, result)
        if result.error:
            self._give_up(result.request)
            return
        if result.request.slot is Slot.PICTURE:
            self._take_picture(result)
        elif result.request.slot is Slot.LENS and result.request.ticket is None:
            self.lens_z = result.request.z[0]
            self.lens_changed.emit(result.pictures[0])
        elif result.request.slot is Slot.STRIP:
            self._take_strip(result)

    def _take_picture(self, result: DecodeResult) -> None:
        key, asked = result.request.ticket
        if key == self._session.active_key:
            self._session.set_picture(result.pictures[0])
            if asked is not None:
                self.latency.add(1000 * (perf_counter() - asked))
        self._follow(result.request, "live")
        self._done(result.request)

    def _follow(self, request: DecodeRequest, state: PictureState) -> None:
        """A picture came, or will not: there is another to wait for unless it was the newest."""
        if request is self._newest.get(Slot.PICTURE):
            self._behind.stop()
            self._session.set_picture_state(state)
        elif self._behind.isActive():
            self._behind.start()

    def _give_up(self, request: DecodeRequest) -> None:
        self.waiting.discard(request.slot)
        if request.slot is Slot.PICTURE:
            self._follow(request, "failed")

    def _take_strip(self, result: DecodeResult) -> None:
        total = len(result.request.z)
        self._strip = {frame: p for frame, p in self._strip.items() if frame < total}
        for offset, picture in enumerate(result.pictures):
            self._strip[result.first + offset] = picture
        self._session.set_strip(dict(self._strip))
        if result.first + len(result.pictures) >= total:
            self._done(result.request)

    def _done(self, request: DecodeRequest) -> None:
        """A newer request of the slot is still to come unless this is the newest."""
        if request is self._newest.get(request.slot):
            self._let_go(request.slot)

    def _let_go(self, slot: Slot) -> None:
        if slot is Slot.STRIP and self._strip_timer.isActive():
            return
        self.waiting.discard(slot)
        if not self.waiting & {Slot.PICTURE, Slot.STRIP}:
            self.settled.emit()

    def _tell_once(self, model: ModelInfo, result: DecodeResult) -> None:
        message = result.error or (
            "some decodes are not finite numbers, and a cross stands in their place; move nearer "
            "to the data, or open a sound copy of the model if its weights are damaged"
        )
        if message != self._failure:
            self._failure = message
            self.failed.emit(f"{model.name}: {message}")
