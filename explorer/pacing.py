"""Pace: what follows a dragged handle is shown after its picture, and not at each move."""

from collections.abc import Callable
from time import perf_counter

from PySide6.QtCore import QObject, QTimer

from explorer.session import Session

_PATIENCE_MS = 100  # a decoder slower than this: numbers follow the hand, pictures come after


class Paced(QObject):
    """Acts at once, but while a gesture is under way at most so often, after a painted picture.

    To repaint at each move what no eye can follow would hold up the decode that is on its way,
    or the picture.
    """

    def __init__(
        self, session: Session, act: Callable[[], None], interval_ms: int, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._session, self._act, self._interval = session, act, interval_ms / 1000
        self._acted_at = 0.0
        self._late = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._late.timeout.connect(self._on_late)
        self._soon = QTimer(self, singleShot=True, interval=0)  # what is to be painted goes before
        self._soon.timeout.connect(self._run)
        session.picture_changed.connect(self._on_picture_changed)

    def ask(self) -> None:
        """What is shown is no longer true."""
        if not self._session.in_gesture:
            self._run()
        elif not self._late.isActive():
            self._late.start()

    def _on_picture_changed(self) -> None:
        if self._late.isActive() and self._rested():
            self._soon.start()

    def _on_late(self) -> None:
        if self._session.in_gesture and not self._rested():
            self._late.start()
        else:
            self._run()

    def _rested(self) -> bool:
        return perf_counter() - self._acted_at >= self._interval

    def _run(self) -> None:
        self._late.stop()
        self._soon.stop()
        self._acted_at = perf_counter()
        self._act()
