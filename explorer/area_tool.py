"""An area drawn on the map by hand: a rectangle or a lasso, in plane coordinates."""

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from explorer.viewport import Viewport

Floats = npt.NDArray[np.float64]

TOOLS = ("pan", "nearest", "rectangle", "lasso")
_STEP_PX = 3.0  # between two corners of a lasso
_LEAST_PX = 4.0  # an area smaller than that across is a click
_MOST_CORNERS = 2000


class AreaTool:
    """A layer of the map: the outline that is being drawn, from `begin` to `end`."""

    def __init__(self) -> None:
        self.kind = "pan"
        self._corners: list[tuple[float, float]] = []

    @property
    def draws(self) -> bool:
        """Whether a press on the ground begins an area; with the other tools it pans."""
        return self.kind not in ("pan", "nearest")

    @property
    def drawing(self) -> bool:
        """Whether an area is being drawn."""
        return bool(self._corners)

    def begin(self, x: float, y: float) -> None:
        """Start at a place."""
        self._corners = [(x, y)]

    def move(self, x: float, y: float, scale: float) -> None:
        """Go on to a place; `scale` is pixels a latent unit."""
        if self.kind == "rectangle":
            self._corners = [self._corners[0], (x, y)]
            return
        x0, y0 = self._corners[-1]
        far = abs(x - x0) + abs(y - y0) >= _STEP_PX / scale
        if far and len(self._corners) < _MOST_CORNERS:
            self._corners.append((x, y))

    def outline(self) -> Floats:
        """The corners [M, 2] of the area so far."""
        if self.kind == "rectangle" and len(self._corners) == 2:
            (x0, y0), (x1, y1) = self._corners
            return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
        return np.array(self._corners, np.float64).reshape(-1, 2)

    def end(self, scale: float) -> Floats | None:
        """The area, if it is one and not a mere click."""
        found, self._corners = self.outline(), []
        if len(found) < 3 or np.ptp(found, axis=0).max() * scale < _LEAST_PX:
            return None
        return found

    def cancel(self) -> None:
        """Forget what was drawn."""
        self._corners = []

    def draw(self, painter: QPainter, view: Viewport, dark: bool) -> None:
        """The outline, to be seen on dark and on light ground."""
        if len(self._corners) < 2:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shape = QPolygonF([QPointF(x, y) for x, y in view.to_pixels(self.outline()).tolist()])
        fill = QColor("#ffffff" if dark else "#1f6fd0")
        fill.setAlpha(28)
        painter.setBrush(fill)
        painter.setPen(QPen(QColor("#000000" if dark else "#ffffff"), 3))
        painter.drawPolygon(shape)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor("#ffffff" if dark else "#1f6fd0"), 1.4, Qt.PenStyle.DashLine))
        painter.drawPolygon(shape)
