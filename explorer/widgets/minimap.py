"""All of the plane in a corner of the map: where the view is, where the data and the handles."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
)
from PySide6.QtWidgets import QWidget

from explorer import theme
from explorer.viewport import Viewport

Floats = npt.NDArray[np.float32]

LONGEST_PX, _SHORTEST_PX = 150, 48
_NOWHERE = QPointF(-99, -99)
_LEAST_FRAME_PX = 5  # of the frame that shows the view: a smaller one would be a speck


class Minimap(QWidget):
    """What stands still is drawn once; a press or a drag in it wishes the view's centre there."""

    centre_wished = Signal(float, float)
    entered = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("minimap")
        self.setAccessibleName("Overview of the plane")
        self.setToolTip(
            "All that Show all shows: data, prior and handles; the frame is what the map shows. "
            "Click or drag to look elsewhere (Ctrl+arrows pan, Home shows all)"
        )
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._points: Floats = np.zeros((0, 2), np.float32)
        self._sigmas = 0.0
        self._whole, self._view = Viewport(), Viewport()
        self._others, self._active = QPolygonF(), _NOWHERE
        self._places: dict[int, tuple[float, float]] = {}
        self._active_key: int | None = None
        self._ground: QPixmap | None = None
        self.hide()

    # -- what it shows ---------------------------------------------------------------------

    def set_world(
        self, low: Sequence[float], high: Sequence[float], longest_px: int = LONGEST_PX
    ) -> None:
        """Two corners of all there is give it its shape, `longest_px` its longer side."""
        across, up = max(high[0] - low[0], 1e-6), max(high[1] - low[1], 1e-6)
        longest = longest_px / max(across, up)
        width = max(_SHORTEST_PX, round(across * longest))
        height = max(_SHORTEST_PX, round(up * longest))
        whole = Viewport(0, 0, 1, width, height).fitted(low, high, 0.02)
        if whole != self._whole:
            self._whole, self._ground = whole, None
            self.resize(width, height)
            self._place_handles()

    def set_points(self, xy: Floats, sigmas: float) -> None:
        """Data [N, 2], and out to how many standard deviations the prior is outlined (0: none)."""
        self._points, self._sigmas, self._ground = xy, sigmas, None
        self.update()

    def set_view(self, view: Viewport) -> None:
        """What the map shows."""
        self._view = view
        self.update()

    def set_handles(self, places: Mapping[int, tuple[float, float]], active: int | None) -> None:
        """Where each handle is, by its key."""
        self._places, self._active_key = dict(places), active
        self._place_handles()

    def move_handle(self, key: int, x: float, y: float) -> None:
        """One handle is elsewhere: for the active one that is a dot drawn elsewhere, no more."""
        self._places[key] = (x, y)
        if key == self._active_key:
            self._active = QPointF(*self._whole.pixel(x, y))
            self.update()
        else:
            self._place_handles()

    def _place_handles(self) -> None:
        active = self._places.get(-1 if self._active_key is None else self._active_key)
        self._active = QPointF(*self._whole.pixel(*active)) if active else _NOWHERE
        others = (place for key, place in self._places.items() if key != self._active_key)
        self._others = QPolygonF([QPointF(*self._whole.pixel(*place)) for place in others])
        self.update()

    def frame(self) -> QRectF:
        """What of it the map shows, in its own pixels."""
        left, bottom, right, top = self._view.box
        if self._view.line:  # all its height, however little of the line is in sight
            _, bottom, _, top = self._whole.box
        frame = QRectF(
            QPointF(*self._whole.pixel(left, top)), QPointF(*self._whole.pixel(right, bottom))
        )
        grow = max(0.0, _LEAST_FRAME_PX - frame.width()) / 2
        tall = max(0.0, _LEAST_FRAME_PX - frame.height()) / 2
        return frame.adjusted(-grow, -tall, grow, tall)

    # -- painting --------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._ground is None:
            self._ground = self._painted()
        painter, colours = QPainter(self), theme.colours()
        painter.drawPixmap(0, 0, self._ground)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        round_cap = (Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
        painter.setPen(QPen(QColor(colours.text), 4, *round_cap))
        painter.drawPoints(self._others)
        painter.setPen(QPen(QColor(colours.accent), 7, *round_cap))
        painter.drawPoint(self._active)
        painter.setPen(QPen(QColor(colours.accent), 1.5))
        painter.drawRect(self.frame())

    def _painted(self) -> QPixmap:
        """Data, prior and edge."""
        colours, ratio = theme.colours(), self.devicePixelRatioF()
        pixmap = QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(QColor(colours.panel))
        painter = QPainter(pixmap)
        if len(self._points):
            painter.drawImage(QRectF(self.rect()), self._density())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._sigmas:
            reach = self._sigmas * self._whole.scale
            painter.setPen(QPen(QColor(colours.muted), 1, Qt.PenStyle.DashLine))
            painter.drawEllipse(QPointF(*self._whole.pixel(0, 0)), reach, reach)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        painter.setPen(QColor(colours.border))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
        return pixmap

    def _density(self) -> QImage:
        """How many points lie in each of its pixels, as how opaque that pixel is."""
        width, height = self._whole.width, self._whole.height
        pixels = np.clip(self._whole.to_pixels(self._points), -1e9, 1e9).astype(np.int64)
        inside = ((pixels >= 0) & (pixels < [width, height])).all(1)
        place = pixels[inside, 1] * width + pixels[inside, 0]
        count = np.bincount(place, minlength=width * height).astype(np.float64)
        most = max(float(np.percentile(count[count > 0], 95)) if len(place) else 1.0, 1.0)
        alpha = np.where(count > 0, 60 + 195 * np.sqrt(np.minimum(count / most, 1)), 0)
        grey = QColor(theme.colours().muted)
        parts = [np.round(alpha * part / 255) for part in (grey.red(), grey.green(), grey.blue())]
        red, green, blue = (part.astype(np.uint32) for part in parts)
        argb = alpha.astype(np.uint32) << 24 | red << 16 | green << 8 | blue
        drawn = QImage.Format.Format_ARGB32_Premultiplied
        data = np.ascontiguousarray(argb, np.uint32)
        return QImage(data.data, width, height, width * 4, drawn).copy()

    # -- mouse -----------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._wish(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._wish(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A second click here is not one on the map below."""
        self.mousePressEvent(event)

    def _wish(self, at: QPointF) -> None:
        x = min(max(at.x(), 0.0), float(self.width()))
        y = min(max(at.y(), 0.0), float(self.height()))
        place = self._whole.to_plane([x, y])
        self.centre_wished.emit(float(place[0]), float(place[1]))

    def enterEvent(self, event: QEnterEvent) -> None:
        self.entered.emit()
        super().enterEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._ground = None
        super().changeEvent(event)
