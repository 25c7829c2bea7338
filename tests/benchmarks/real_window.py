"""The real window on a model, settled, and a hand that drags a handle on its map."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import cos, pi, sin
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent

from explorer import start
from explorer.rendering import DecodeResult, Slot
from explorer.widgets.map_view import MapView
from explorer.window import MainWindow

SIZE_PX = (1440, 900)
MOVES_A_SECOND = 120
_PATIENCE_SECONDS = 120.0
_PAINTED = QEvent.Type(QEvent.registerEventType())


def wait_until(condition: Callable[[], bool], what: str = "the window") -> None:
    """Let the window live until something is so.

    Raises:
        TimeoutError: it did not come to be so.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        QCoreApplication.processEvents()
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {_PATIENCE_SECONDS:.0f} s for {what}")
        time.sleep(0.001)


def live(seconds: float) -> None:
    """Let the window live for some time."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= end)


@contextmanager
def open_window(model: Path) -> Iterator[MainWindow]:
    """The window at its usual size with a model open and everything drawn."""
    _, window = start([str(model)])
    window.resize(*SIZE_PX)
    try:
        settle(window)
        yield window
    finally:
        window.training.shutdown()  # before the window asks what to do with a running one
        window.close()
        QCoreApplication.processEvents()


def settle(window: MainWindow) -> None:
    """Wait until picture, mosaic, path and library are drawn."""
    session = window.session

    def settled() -> bool:
        strip = len(session.strip) == session.arrangement.frames
        drawn = session.picture is not None and strip and not window.mosaic.busy
        return drawn and not window.library_panel.missing_cards()

    wait_until(settled, "the window to be drawn")
    live(0.3)


class Hand(QObject):
    """Drags the active handle around the middle of the map and watches what is painted.

    A move counts from the moment it was due until both the map and the preview have painted
    its picture (or a later one) and the paint has gone to the screen: a window that is late
    to take the move is late.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._window = window
        self._map: MapView = window.map_panel.view
        self._watched: tuple[QObject, ...] = (self._map, window.inspector.preview)
        self.seconds: list[float] = []  # of each move that was painted
        self._due: list[float] = []
        self._index_of: dict[bytes, int] = {}
        self._arrived = -1
        self._painted = {id(widget): -1 for widget in self._watched}
        self._moves, self._interval, self._started = 0, 0.0, 0.0
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_due)

    def drag(self, moves: int, moves_a_second: float = MOVES_A_SECOND) -> list[float]:
        """Drag for so many moves; seconds from each move to its painted picture."""
        self._due, self.seconds, self._moves = [], [], moves
        self._arrived = -1
        self._painted = dict.fromkeys(self._painted, -1)
        self._interval = 1.0 / moves_a_second
        self._take()
        self._started = time.perf_counter() + self._interval
        self._plan_next()
        wait_until(lambda: len(self.seconds) == moves, f"{moves} moves to be painted")
        self._let_go()
        return self.seconds

    def _take(self) -> None:
        self._window.decode_thread.decoded.connect(self._on_decoded)
        for widget in self._watched:
            widget.installEventFilter(self)
        handle = self._window.session.active
        assert handle is not None
        at = QPointF(self._map.position_of(handle.key))
        self._send(QEvent.Type.MouseButtonPress, at, Qt.MouseButton.LeftButton)

    def _let_go(self) -> None:
        self._send(QEvent.Type.MouseButtonRelease, self._place(self._moves - 1))
        for widget in self._watched:
            widget.removeEventFilter(self)
        self._window.decode_thread.decoded.disconnect(self._on_decoded)

    def _send(
        self,
        kind: QEvent.Type,
        at: QPointF,
        held: Qt.MouseButton = Qt.MouseButton.NoButton,
    ) -> None:
        moving = kind == QEvent.Type.MouseMove
        button = Qt.MouseButton.NoButton if moving else Qt.MouseButton.LeftButton
        where, keys = QPointF(self._map.mapToGlobal(at)), Qt.KeyboardModifier.NoModifier
        QCoreApplication.sendEvent(self._map, QMouseEvent(kind, at, where, button, held, keys))

    def _place(self, index: int) -> QPointF:
        """A curve through the middle of the map that never comes back to the same place."""
        ground, turn = self._map.ground, 2 * pi * index / 173
        x = ground.center().x() + 0.3 * ground.width() * cos(turn)
        return QPointF(x, ground.center().y() + 0.3 * ground.height() * sin(1.37 * turn))

    def _plan_next(self) -> None:
        wait = self._started + len(self._due) * self._interval - time.perf_counter()
        self._timer.start(max(0, int(1000 * wait)))

    def _on_due(self) -> None:
        index = len(self._due)
        due = self._started + index * self._interval
        early = due - time.perf_counter()
        if early > 0:  # less than a millisecond, which timers do not know
            time.sleep(early)
        self._due.append(due)
        self._send(QEvent.Type.MouseMove, self._place(index), Qt.MouseButton.LeftButton)
        handle = self._window.session.active
        assert handle is not None
        self._index_of[handle.z.tobytes()] = index
        if index + 1 < self._moves:
            self._plan_next()

    def _on_decoded(self, result: DecodeResult) -> None:
        if result.request.slot is Slot.PICTURE:
            self._arrived = self._index_of.get(result.request.z.tobytes(), self._arrived)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self._painted[id(watched)] != self._arrived:
            self._painted[id(watched)] = self._arrived
            # Delivered when this round of painting is over and has gone to the screen.
            QCoreApplication.postEvent(
                self, QEvent(_PAINTED), Qt.EventPriority.HighEventPriority.value
            )
        return False

    def event(self, event: QEvent) -> bool:
        if event.type() != _PAINTED:
            return super().event(event)
        now = time.perf_counter()
        for due in self._due[len(self.seconds) : min(self._painted.values()) + 1]:
            self.seconds.append(now - due)
        return True
