"""Small pictures in a grid: stacks of them, such as an image above its reconstruction."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer import theme
from explorer.painting import to_image

Bytes = npt.NDArray[np.uint8]

_GAP_PX = 1
_STACK_GAP_PX = 4  # between a stack and the one below it
_LARGEST_PX = 96
_DIMMED = 0.35  # opacity


class PictureGrid(QWidget):
    """Shows stacks of pictures as large as they fit, or words where there are none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stacks: list[list[QImage]] = []
        self._words, self._dimmed = "", False
        self.setMinimumSize(60, 24)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(210, 70)

    def images(self) -> list[list[QImage]]:
        """The pictures, stack by stack, each from the top."""
        return self._stacks

    def words(self) -> str:
        """What stands there while there is no picture."""
        return self._words

    def set_stacks(self, layers: Sequence[Bytes]) -> None:
        """Show pictures [N, H, W, C] of bytes; the first layer stands above the second."""
        self._stacks = [
            [to_image(picture) for picture in stack] for stack in zip(*layers, strict=True)
        ]
        self.update()

    def set_dimmed(self, dimmed: bool) -> None:
        """Show pictures faintly: they are of something else than what is looked at."""
        self._dimmed = dimmed
        self.update()

    def set_words(self, words: str) -> None:
        """Show words and no pictures."""
        self._stacks, self._words = [], words
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, colours = QPainter(self), theme.colours()
        if not self._stacks:
            painter.fillRect(self.rect(), QColor(colours.map))
            painter.setPen(QColor(colours.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(6, 2, -6, -2), flags, self._words)
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setOpacity(_DIMMED if self._dimmed else 1.0)
        columns, width, height = self.cells()
        depth = len(self._stacks[0])
        for place, stack in enumerate(self._stacks):
            row, column = divmod(place, columns)
            top = row * (depth * (height + _GAP_PX) - _GAP_PX + _STACK_GAP_PX)
            for layer, image in enumerate(stack):
                left = column * (width + _GAP_PX)
                box = QRectF(left, top + layer * (height + _GAP_PX), width, height)
                painter.drawImage(box, image)

    def cells(self) -> tuple[int, float, float]:
        """How many columns there are, and the width and height of a picture in pixels.

        Of all numbers of columns the one that leaves the pictures largest.
        """
        first = self._stacks[0][0]
        best = (1, 0.0)
        for columns in range(1, len(self._stacks) + 1):
            scale = self._scale(columns, first)
            if scale > best[1]:
                best = (columns, scale)
        return best[0], first.width() * best[1], first.height() * best[1]

    def _scale(self, columns: int, first: QImage) -> float:
        """How much pictures are enlarged in that many columns."""
        depth, rows = len(self._stacks[0]), -(-len(self._stacks) // columns)
        room_across = self.width() - (columns - 1) * _GAP_PX
        gaps = rows * (depth - 1) * _GAP_PX + (rows - 1) * _STACK_GAP_PX
        across = room_across / columns / first.width()
        down = (self.height() - gaps) / (rows * depth) / first.height()
        return max(0.0, min(across, down, _LARGEST_PX / max(first.width(), first.height())))
