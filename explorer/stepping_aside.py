"""Small widgets over the map that are not seen while they would hide what is drawn on it."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QRegion
from PySide6.QtWidgets import QWidget

_CALM_PX = 16.0  # one that has stepped aside comes back when there is so much room around it


class SteppingAside(QObject):
    """Masks them, for whether they are shown is for others to say."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._aside: list[QWidget] = []
        self._wanted: list[QWidget] = []
        # What is drawn is known when it is painted, and then no mask may change.
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._step)

    def make_room(
        self, widgets: Sequence[QWidget], boxes: Sequence[QRectF], pointer: QPointF | None
    ) -> None:
        """Of the widgets those step aside soon that lie on a box; all in pixels of their parent.

        One that the pointer is on stays: a person looks at it, and it may hear the mouse.
        """
        self._wanted = [
            widget
            for widget in widgets
            if self._hides(widget, boxes) and not _is_pointed_at(widget, pointer)
        ]
        if self._wanted != self._aside:
            self._later.start()

    def _step(self) -> None:
        for widget in self._wanted:
            if widget not in self._aside:
                widget.setMask(QRegion(-2, -2, 1, 1))  # an empty one would be no mask
        for widget in self._aside:
            if widget not in self._wanted:
                widget.clearMask()
        self._aside = self._wanted

    def _hides(self, widget: QWidget, boxes: Sequence[QRectF]) -> bool:
        grown = _CALM_PX if widget in self._aside else 0.0
        place = QRectF(widget.geometry()).adjusted(-grown, -grown, grown, grown)
        return any(box.intersects(place) for box in boxes)


def _is_pointed_at(widget: QWidget, pointer: QPointF | None) -> bool:
    if pointer is None or widget.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents):
        return False
    return QRectF(widget.geometry()).contains(pointer)
