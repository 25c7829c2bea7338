"""The decodes of one latent under every class, as one picture with the classes' names."""

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from explorer.painting import to_images
from explorer.theme import Colours

Bytes = npt.NDArray[np.uint8]

_CELL_PX = (72, 14)  # the side of a picture at most and at least
_GAP_PX, _NAME_PX, _EDGE_PX = 4, 13, 4
_LEAST_NAMED_PX = 26  # a name under a smaller picture would be an ellipsis


class Grid(NamedTuple):
    """`columns` x `rows` of cells whose longer side is `cell` pixels, with names or without."""

    columns: int
    rows: int
    cell: int
    named: bool

    def size(self) -> tuple[int, int]:
        """Pixels across and down, edges included."""
        width = self.columns * (self.cell + _GAP_PX) - _GAP_PX + 2 * _EDGE_PX
        height = self.rows * (self.cell + self.below + _GAP_PX) - _GAP_PX + 2 * _EDGE_PX
        return width, height

    @property
    def below(self) -> int:
        """Pixels under a picture for its name."""
        return _NAME_PX if self.named else 0


def fitting_grid(count: int, width: float, height: float) -> Grid:
    """The largest cells, in rows as even as can be, of which `count` fit into that many pixels.

    Where not even the smallest fit, those.
    """
    grid = _grid(count, width, _CELL_PX[1])
    for cell in range(_CELL_PX[0], _CELL_PX[1], -2):
        tried = _grid(count, width, cell)
        if tried.size()[0] <= width and tried.size()[1] <= height:
            return tried
    return grid


def _grid(count: int, width: float, cell: int) -> Grid:
    most = max(1, int((width - 2 * _EDGE_PX + _GAP_PX) // (cell + _GAP_PX)))
    rows = ceil(count / most)
    return Grid(ceil(count / rows), rows, cell, cell >= _LEAST_NAMED_PX)


def draw_grid(
    pictures: Bytes, names: Sequence[str], chosen: int | None, grid: Grid, colours: Colours
) -> QImage:
    """The pictures [N, H, W, C] on a plate, the chosen class framed; one pixel is one pixel."""
    image = QImage(*grid.size(), QImage.Format.Format_RGB32)
    image.fill(QColor(colours.panel))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    font = QFont(painter.font())
    font.setPixelSize(10)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    for place, (picture, name) in enumerate(zip(to_images(pictures), names, strict=False)):
        row, column = divmod(place, grid.columns)
        x = _EDGE_PX + column * (grid.cell + _GAP_PX)
        y = _EDGE_PX + row * (grid.cell + grid.below + _GAP_PX)
        painter.drawImage(_inside(picture, x, y, grid.cell), picture)
        if grid.named:
            box = QRectF(x, y + grid.cell, grid.cell, _NAME_PX)
            words = metrics.elidedText(name, Qt.TextElideMode.ElideRight, grid.cell)
            painter.setPen(QColor(colours.text if place == chosen else colours.muted))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
        if place == chosen:
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.drawRect(QRectF(x - 1, y - 1, grid.cell + 2, grid.cell + grid.below + 2))
    painter.end()
    return image


def _inside(picture: QImage, x: float, y: float, side: float) -> QRectF:
    """Where a picture stands in a square, in its own proportions."""
    scale = side / max(picture.width(), picture.height())
    width, height = scale * picture.width(), scale * picture.height()
    return QRectF(x + (side - width) / 2, y + (side - height) / 2, width, height)
