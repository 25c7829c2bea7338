"""The handles on the map: many that stand still are drawn once."""

from collections.abc import Sequence
from math import hypot

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPixmap

from explorer import painting
from explorer.painting import Marker
from explorer.viewport import Viewport

_GRAB_PX = painting.HANDLE_RADIUS_PX + 5
_MANY_MARKERS = 24  # from here on those that stand still are drawn once


class MarkerLayer:
    """Markers with the picture of those at rest that was drawn last."""

    def __init__(self) -> None:
        self.markers: tuple[Marker, ...] = ()
        self._still: tuple[object, QPixmap] | None = None

    @property
    def active(self) -> Marker | None:
        """The one that is active, if one is."""
        return next((marker for marker in self.markers if marker.active), None)

    def named(self, wanted: object) -> Marker:
        """By name or key.

        Raises:
            KeyError: there is none.
        """
        for marker in self.markers:
            if wanted in (marker.name, marker.key):
                return marker
        raise KeyError(wanted)

    def at(self, view: Viewport, left: float, top: float) -> Marker | None:
        """The one nearest to a place, in pixels of the ground, if it can be taken there."""

        def distance(marker: Marker) -> float:
            x, y = view.pixel(marker.x, marker.y)
            return hypot(x - left, y - top)

        nearest = min(self.markers, key=lambda m: (distance(m), not m.active), default=None)
        return nearest if nearest is not None and distance(nearest) <= _GRAB_PX else None

    def draw(self, painter: QPainter, view: Viewport, dark: bool) -> None:
        """Draw them, many at rest under the active one."""
        markers = self.markers
        if len(markers) > _MANY_MARKERS:
            still = tuple(marker for marker in markers if not marker.active)
            wanted = (still, view, painter.device().devicePixelRatioF())  # mostly the very same
            if self._still is None or self._still[0] != wanted:
                self._still = (wanted, _painted(painter, view, still))
            painter.drawPixmap(0, 0, self._still[1])
            markers = tuple(marker for marker in markers if marker.active)
        painting.draw_markers(painter, view, markers)


def _painted(painter: QPainter, view: Viewport, markers: Sequence[Marker]) -> QPixmap:
    ratio = painter.device().devicePixelRatioF()
    pixmap = QPixmap(round(view.width * ratio), round(view.height * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    own = QPainter(pixmap)
    own.setFont(painter.font())
    painting.draw_markers(own, view, markers)
    own.end()
    return pixmap
