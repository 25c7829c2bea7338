"""The data points of a usual set on the map, drawn once for each view and place."""

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage, QPainter

from explorer.point_drawing import map_points_image
from explorer.viewport import Viewport

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]


class PointLayer:
    """Points [N, 2] in colours [N, 3] with the picture of them that was drawn last.

    Fit for some ten thousand: it draws when it is asked to. More are a `CrowdLayer`'s.
    """

    def __init__(self) -> None:
        self.xy: Floats = np.zeros((0, 2), np.float32)
        self.colours: Bytes = np.zeros((0, 3), np.uint8)
        self._image: QImage | None = None
        self._drawn_for: tuple[Viewport, float, bool] | None = None

    def set(self, xy: Floats, colours: Bytes) -> None:
        """Other points, or other places of the same."""
        self.xy, self.colours, self._image = xy, colours, None

    def draw(self, painter: QPainter, view: Viewport, dark: bool) -> None:
        """Draw them, anew if they or the view are others than before."""
        if not len(self.xy):
            return
        wanted = view.spread, painter.device().devicePixelRatioF(), dark
        if self._image is None or self._drawn_for != wanted:
            self._image = map_points_image(wanted[0], self.xy, self.colours, wanted[1], wanted[2])
            self._drawn_for = wanted
        painter.drawImage(0, 0, self._image)
