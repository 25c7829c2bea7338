"""The end of the status bar: where decoding runs, and how soon a picture follows a drag."""

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QWidget

from explorer.decoding import Decoding

_REFRESH_MS = 500
_TIP = (
    "Where decoding runs, and the 95th percentile of the time from a change of the "
    "active handle to its decoded picture, over the last 240 changes"
)


class LatencyLabel(QLabel):
    """Looks now and then while it is on the screen."""

    def __init__(self, decoding: Decoding, parent: QWidget) -> None:
        super().__init__("cpu", parent)
        self._decoding = decoding
        self.setToolTip(_TIP)
        self._timer = QTimer(self, interval=_REFRESH_MS)
        self._timer.timeout.connect(self.refresh)

    def refresh(self) -> None:
        """Show what is known now."""
        p95 = self._decoding.latency.p95_ms
        text = "cpu" if p95 is None else f"cpu  ·  drag to picture p95 {p95:.1f} ms"
        if text != self.text():
            self.setText(text)

    def showEvent(self, event: QShowEvent) -> None:
        self._timer.start()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)
