"""Says when widgets have been painted."""

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

_PAINTED = QEvent.Type(QEvent.registerEventType())


class PaintWatch(QObject):
    """Says when a widget has been painted and the paint has gone to the screen."""

    painted = Signal(object)  # the widget

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__()
        self._widgets, self._waiting = widgets, list[QObject]()
        for widget in widgets:
            widget.installEventFilter(self)

    def stop(self) -> None:
        """Watch no more."""
        for widget in self._widgets:
            widget.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self._waiting.append(watched)
            # Delivered before anything else, when this round of painting is over.
            soon = Qt.EventPriority.HighEventPriority.value
            QCoreApplication.postEvent(self, QEvent(_PAINTED), soon)
        return False

    def event(self, event: QEvent) -> bool:
        if event.type() != _PAINTED:
            return super().event(event)
        for widget in self._waiting:
            self.painted.emit(widget)
        self._waiting.clear()
        return True
