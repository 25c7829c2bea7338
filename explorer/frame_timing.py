"""When the map is painted: not twice for one change, nor with half of what belongs to a frame."""

from time import perf_counter

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QWidget

_PATIENCE_MS = 10  # the picture of a dragged handle comes sooner, unless its decoder is slow
_HOLD_MS, _ALONE_SECONDS = 30, 0.1  # tiles of another view come sooner than that


class FrameTiming(QObject):
    """Paints a widget at once, soon, or when what it waits for is there."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._patience, self._hold = QTimer(self), QTimer(self)
        for timer, wait_ms in ((self._patience, _PATIENCE_MS), (self._hold, _HOLD_MS)):
            timer.setSingleShot(True)
            timer.setTimerType(Qt.TimerType.PreciseTimer)
            timer.setInterval(wait_ms)
        self._patience.timeout.connect(widget.update)
        self._hold.timeout.connect(self.let_go)
        self._moved_at, self._moved_alone = 0.0, True

    def soon(self) -> None:
        """Paint within a moment, so that one frame shows a handle and its picture.

        To paint at once would be to paint twice, and to hold up the decode the first time.
        """
        if not self._patience.isActive():
            self._patience.start()

    def now(self) -> None:
        """Paint what was to be painted soon."""
        self._patience.stop()
        self._widget.update()

    def view_moved(self) -> None:
        """There is another view: alone, or one of several that follow one another."""
        before, self._moved_at = self._moved_at, perf_counter()
        self._moved_alone = self._moved_at - before > _ALONE_SECONDS
        if not self._moved_alone:
            self.let_go()

    def hold(self) -> None:
        """Paint nothing until `let_go`, for a moment at most.

        Not while one view follows another: each is to be seen, with or without its tiles.
        """
        if self._moved_alone:
            self._widget.setUpdatesEnabled(False)
            self._hold.start()

    def let_go(self) -> None:
        """Paint what was held back, if anything was."""
        if not self._widget.updatesEnabled():
            self._hold.stop()
            self._widget.setUpdatesEnabled(True)  # which paints all of it
