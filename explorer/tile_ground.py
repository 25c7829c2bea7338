"""What tiles of the map are decoded of, and when all of them are of something else."""

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, Signal

from explorer.pacing import Paced
from explorer.session import Session
from explorer.viewport import Tile, centres

_SLICE_PAUSE_MS = 33  # between two looks at what lies off the plane while a handle is dragged


class TileGround(QObject):
    """Plane, part off it and class, as they are now; `generation` counts what they have been.

    What was made of an older generation stands until there is something newer.
    """

    renewed = Signal()  # there is a new generation
    ask_wished = Signal()  # after `ask_soon`, once for all that changes now, before a frame
    _ask = Signal()

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.slice, self.label = session.slice, session.label
        self.generation, self.ask_pending = 0, False
        self._ask.connect(self._on_ask, Qt.ConnectionType.QueuedConnection)  # before any timer
        session.weights_changed.connect(self.renew)
        session.plane_changed.connect(self.renew)
        session.active_changed.connect(self._on_slice_changed)
        session.class_changed.connect(self._on_slice_changed)
        slices = Paced(session, self._on_slice_changed, _SLICE_PAUSE_MS, self)
        session.latent_changed.connect(slices.ask)

    def renew(self) -> None:
        """Every tile is of something else now."""
        self.generation += 1
        self.slice, self.label = self._session.slice, self._session.label
        self.renewed.emit()
        self.ask_soon()

    def ask_soon(self) -> None:
        """Let `ask_wished` follow."""
        if not self.ask_pending:
            self.ask_pending = True
            self._ask.emit()

    def at_centres(self, tiles: list[Tile]) -> npt.NDArray[np.float32]:
        """The latents [N, K] at the centres of tiles."""
        return self.slice.lift(centres(tiles).astype(np.float32))

    def labels(self, count: int) -> npt.NDArray[np.int64] | None:
        """The class for each of so many latents, if the model has classes to choose."""
        return None if self.label is None else np.full(count, self.label, np.int64)

    def _on_ask(self) -> None:
        self.ask_pending = False
        self.ask_wished.emit()

    def _on_slice_changed(self) -> None:
        """The part off the plane or the class moved with the active handle: other tiles."""
        session = self._session
        if session.label != self.label or not session.slice.is_at(self.slice):
            self.renew()
