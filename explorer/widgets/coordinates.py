"""Where the pointer is on the map, in a corner of it; no layout and no map is drawn anew for it."""

from math import ceil, log10

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from explorer import theme

_DECIMALS = (2, 7)


def decimals_at(scale: float) -> int:
    """How many tell neighbouring pixels apart, `scale` of which are a latent unit."""
    return min(max(ceil(log10(scale)), _DECIMALS[0]), _DECIMALS[1])


class Coordinates(QWidget):
    """A line on a plate of its own, as wide as its longest text: what it stands on stays still."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("pointerCoordinates")
        # The pointer is where it stands on the map, whatever lies over that.
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._names, self._unit, self._decimals = ("", ""), "", 2
        self._longest = -88.0
        self._text = ""
        self.hide()

    def set_axes(self, across: str, up: str, unit: str) -> None:
        """What the two numbers are called; without `up` there is only one."""
        self._names, self._unit = (across, up), unit
        self.resize(self.sizeHint())

    def set_view(self, scale: float, farthest: float) -> None:
        """Pixels a latent unit, and the number farthest from 0 that there will be to show."""
        self._decimals = decimals_at(scale)
        digits = max(len(f"{farthest:.{self._decimals}f}".split(".")[0]), 2)
        self._longest = -float("8" * digits)
        self.resize(self.sizeHint())

    def text(self) -> str:
        """What it says."""
        return self._text

    def show_place(self, x: float, y: float) -> None:
        """The pointer is there, in the plane's own coordinates."""
        self._text = self._words(x, y)
        self.setAccessibleName(f"Pointer at {self._text}")
        self.update()
        self.show()

    def _words(self, x: float, y: float) -> str:
        pairs = [
            f"{name} {value + 0.0:.{self._decimals}f}"
            for name, value in zip(self._names, (x, y), strict=True)
            if name
        ]
        return f"{', '.join(pairs)}{self._unit}".replace("-", "−")

    def sizeHint(self) -> QSize:
        longest = self.fontMetrics().horizontalAdvance(self._words(self._longest, self._longest))
        return QSize(longest + 16, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, colours = QPainter(self), theme.colours()
        painter.fillRect(self.rect(), QColor(colours.panel))
        painter.setPen(QColor(colours.text))
        box = self.rect().adjusted(8, 0, 0, 0)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, self._text)
