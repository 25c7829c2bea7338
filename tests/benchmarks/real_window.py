"""The real window on a model, settled, and a hand that drags a handle on its map."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import cos, pi, sin
from pathlib import Path
from unittest.mock import patch

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from explorer import start
from explorer.application import spare_what_stays
from explorer.rendering import DecodeResult
from explorer.window import MainWindow
from tests.benchmarks.paint_watch import PaintWatch

SIZE_PX = (1440, 900)
MOVES_A_SECOND = 120
_PATIENCE_SECONDS = 120.0
_POLL_MS = 10


def wait_until(condition: Callable[[], bool], what: str = "the window") -> None:
    """Run the event loop until something is so, which is looked at a hundred times a second.

    Raises:
        TimeoutError: it did not come to be so.
    """
    loop, poll = QEventLoop(), QTimer(interval=_POLL_MS)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    poll.timeout.connect(lambda: loop.quit() if condition() or _late(deadline) else None)
    poll.start()
    if not condition():
        loop.exec()
    poll.stop()
    if not condition():
        raise TimeoutError(f"waited {_PATIENCE_SECONDS:.0f} s for {what}")


def _late(deadline: float) -> bool:
    return time.monotonic() > deadline


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
        spare_what_stays()  # as `explorer.application.run` does
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
        self._window, self._map = window, window.map_panel.view
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_due)

    def drag(self, moves: int, moves_a_second: float = MOVES_A_SECOND) -> list[float]:
        """Drag for so many moves; seconds from each move to its painted picture."""
        self._moves, self._interval = moves, 1.0 / moves_a_second
        self._seconds: list[float] = []  # of each move that was painted
        self._sent, self._arrived = 0, -1  # moves sent; the last one whose picture has come
        self._index_of: dict[bytes, int] = {}
        decoding, preview = self._window.decoding, self._window.inspector.preview
        self._painted: dict[QWidget, int] = {self._map: -1, preview: -1}
        watch = PaintWatch(self._map, preview)
        watch.painted.connect(self._on_painted)
        # A slot of our own would be told by an event of its own, now and then after the paint.
        self._take = decoding._take_picture
        with patch.object(decoding, "_take_picture", self._take_picture):
            self._press()
            self._started = time.perf_counter() + self._interval
            self._plan_next()
            wait_until(lambda: len(self._seconds) == moves, f"{moves} moves to be painted")
            self._send(QEvent.Type.MouseButtonRelease, self._place(moves - 1))
        watch.stop()
        return self._seconds

    def _press(self) -> None:
        handle = self._window.session.active
        assert handle is not None
        at = QPointF(self._map.position_of(handle.key))
        self._send(QEvent.Type.MouseButtonPress, at, Qt.MouseButton.LeftButton)

    def _send(
        self, kind: QEvent.Type, at: QPointF, held: Qt.MouseButton = Qt.MouseButton.NoButton
    ) -> None:
        moving = kind == QEvent.Type.MouseMove
        button = Qt.MouseButton.NoButton if moving else Qt.MouseButton.LeftButton
        where, keys = QPointF(self._map.mapToGlobal(at)), Qt.KeyboardModifier.NoModifier
        QCoreApplication.sendEvent(self._map, QMouseEvent(kind, at, where, button, held, keys))

    def _place(self, index: int) -> QPointF:
        """A curve around the middle of the map that never comes back to the same place."""
        ground, turn = self._map.ground, 2 * pi * index / 173
        x = ground.center().x() + 0.3 * ground.width() * cos(turn)
        return QPointF(x, ground.center().y() + 0.3 * ground.height() * sin(1.37 * turn))

    def _due(self, index: int) -> float:
        return self._started + index * self._interval

    def _plan_next(self) -> None:
        wait = self._due(self._sent) - time.perf_counter()
        self._timer.start(max(0, int(1000 * wait)))

    def _on_due(self) -> None:
        early = self._due(self._sent) - time.perf_counter()
        if early > 0:  # less than the millisecond that timers count by
            time.sleep(early)
        self._send(QEvent.Type.MouseMove, self._place(self._sent), Qt.MouseButton.LeftButton)
        handle = self._window.session.active
        assert handle is not None
        self._index_of[handle.z.tobytes()] = self._sent
        self._sent += 1
        if self._sent < self._moves:
            self._plan_next()

    def _take_picture(self, result: DecodeResult) -> None:
        self._arrived = self._index_of.get(result.request.z.tobytes(), self._arrived)
        self._take(result)

    def _on_painted(self, widget: QWidget) -> None:
        now = time.perf_counter()
        self._painted[widget] = self._arrived
        for index in range(len(self._seconds), min(self._painted.values()) + 1):
            self._seconds.append(now - self._due(index))
