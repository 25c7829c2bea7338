"""By what points are coloured, and for values: which colour is which value."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QImage, QPainter, QPaintEvent, QStandardItemModel
from PySide6.QtWidgets import QComboBox, QWidget

from explorer import theme

Bytes = npt.NDArray[np.uint8]
_LEAST_BAR_PX = 20


@dataclass(frozen=True)
class ColourBy:
    """One thing to colour by; `reason` says why it cannot be chosen, if it cannot."""

    key: str
    text: str
    tip: str
    reason: str = ""


class ColourChoice(QComboBox):
    """A list of what points can be coloured by."""

    chosen = Signal(str)
    opening = Signal()  # somebody is about to choose

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("colourBy")
        self.setAccessibleName("Colour of the points")
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(7)
        self.setMaxVisibleItems(16)
        self._choices: tuple[ColourBy, ...] = ()
        self.activated.connect(self._on_activated)

    def set_choices(self, choices: Sequence[ColourBy], current: str) -> None:
        """What there is to choose, and what is chosen."""
        if tuple(choices) != self._choices:
            self._choices = tuple(choices)
            self._list()
        place = self.findData(current)
        self.setCurrentIndex(place)
        tip = f" Now by: {self._choices[place].tip}" if place >= 0 else ""
        self.setToolTip(theme.as_tip(f"By what the points of the data are coloured.{tip}"))

    def _list(self) -> None:
        """List the choices; the same ones again only change: the list may be open."""
        if [self.itemData(n) for n in range(self.count())] != [c.key for c in self._choices]:
            self.clear()
            for choice in self._choices:
                self.addItem(choice.text, choice.key)
        items = cast("QStandardItemModel", self.model())
        for place, choice in enumerate(self._choices):
            self.setItemText(place, choice.text)
            tip = theme.as_tip(choice.reason or choice.tip)
            self.setItemData(place, tip, Qt.ItemDataRole.ToolTipRole)
            items.item(place).setEnabled(not choice.reason)

    def showPopup(self) -> None:
        self.opening.emit()
        super().showPopup()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.opening.emit()
        super().focusInEvent(event)

    def _on_activated(self, place: int) -> None:
        self.chosen.emit(self.itemData(place))


class GradientLegend(QWidget):
    """A strip of colours with the values of its ends and their unit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = np.zeros((1, 3), np.uint8)
        self._ends = ("", "")
        self._words = ""

    def sizeHint(self) -> QSize:
        return QSize(260, 22)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 20)

    def text(self) -> str:
        """What it says, from the low end to the high one."""
        return f"{self._ends[0]} to {self._ends[1]}"

    def show_range(self, colours: Bytes, low: str, high: str, words: str) -> None:
        """Colours [M, 3] from a value to another, as they are written, and what they are."""
        self._colours, self._ends, self._words = colours, (low, high), words
        self.setToolTip(theme.as_tip(words))
        self.setAccessibleName(f"{words}: {self.text()}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QColor(theme.colours().text))
        metrics = self.fontMetrics()
        ends: tuple[str, ...] = self._ends
        if sum(metrics.horizontalAdvance(end) + 8 for end in ends) + _LEAST_BAR_PX > self.width():
            ends = tuple(end.partition(" ")[0] for end in ends)  # the tooltip tells the unit
        left, right = (metrics.horizontalAdvance(end) + 8 for end in ends)
        bar = QRectF(
            left,
            self.height() / 2 - 5,
            max(_LEAST_BAR_PX, min(self.width() - left - right, 180)),
            10,
        )
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, 0, left, self.height()), middle, ends[0])
        after = QRectF(bar.right() + 8, 0, right, self.height())
        painter.drawText(after, middle, ends[1])
        row = np.ascontiguousarray(self._colours)
        kind = QImage.Format.Format_RGB888
        image = QImage(row.data, len(row), 1, 3 * len(row), kind).copy()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(bar, image)
