"""The path through the handles: where it is long, drawn once but for what moves."""

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap

from explorer import painting
from explorer.viewport import Viewport

Floats = npt.NDArray[np.float32]

_LONG = 60  # points: a shorter path is drawn as quickly as a picture of it
_MOST_MOVING = 4


class PathLayer:
    """Keeps a picture of a long path without the points that move, and draws those pieces anew."""

    def __init__(self) -> None:
        self.xy: Floats = np.zeros((0, 2), np.float32)
        self.player: tuple[float, float] | None = None
        self._kept: Floats = np.zeros((0, 2), np.float32)
        self._moving: frozenset[int] = frozenset()
        self._look: tuple[Viewport, bool, float] | None = None
        self._picture = QPixmap()

    def draw(self, painter: QPainter, view: Viewport, dark: bool) -> None:
        """Draw it as it is now."""
        if len(self.xy) <= _LONG:
            painting.draw_path(painter, view, self.xy, dark)
            return
        look = (view, dark, painter.device().devicePixelRatioF())
        moved = self._moved()
        if look != self._look or moved is None or not moved <= self._moving:
            self._moving = moved or frozenset()
            self._look, self._kept = look, self.xy
            self._picture = self._painted(look)
        painter.drawPixmap(0, 0, self._picture)
        for piece in self._pieces(moving=True):
            painting.draw_path(painter, view, piece, dark)

    def draw_player(self, painter: QPainter, view: Viewport) -> None:
        """Draw the place on it that is played, if one is."""
        if self.player is not None:
            painter.setPen(QColor("#111317"))
            painter.setBrush(QColor("#ffffff"))
            painter.drawEllipse(QPointF(*view.pixel(*self.player)), 5, 5)

    def _moved(self) -> frozenset[int] | None:
        """Which points lie elsewhere than in the picture; none if it is another path."""
        if self.xy.shape != self._kept.shape:
            return None
        moved = np.flatnonzero((self.xy != self._kept).any(1)).tolist()
        return frozenset(moved) if len(moved) <= _MOST_MOVING else None

    def _pieces(self, moving: bool) -> list[Floats]:
        """The stretches of the path that touch a moving point, or those that touch none."""
        touched = np.zeros(len(self.xy) - 1, bool)
        for point in self._moving:
            touched[max(0, point - 1) : point + 1] = True
        edges = np.flatnonzero(np.diff((touched == moving).astype(np.int8), prepend=0, append=0))
        bounds = edges.reshape(-1, 2).tolist()
        return [self.xy[first : last + 1] for first, last in bounds]

    def _painted(self, look: tuple[Viewport, bool, float]) -> QPixmap:
        view, dark, ratio = look
        picture = QPixmap(round(view.width * ratio), round(view.height * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        for piece in self._pieces(moving=False):
            painting.draw_path(painter, view, piece, dark)
        painter.end()
        return picture
