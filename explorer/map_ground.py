"""What lies still on the map, drawn once: tiles, and over them points, overlays and the prior."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from time import perf_counter

from PySide6.QtCore import QObject, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPixmap

from explorer import axes, painting, tile_drawing
from explorer.painting import Drawn
from explorer.theme import Colours
from explorer.tile_drawing import TileImage
from explorer.viewport import Viewport

_WORK_MS, _WORK_SECONDS = 4, 0.002  # between two goes at tiles drawn bit by bit; how long one is

Steps = Generator[QPixmap | None, None, None]


@dataclass(frozen=True, eq=False)
class GroundLook:
    """All that the ground is drawn from; `size` is that of the map with the axes around it."""

    view: Viewport
    size: QSize
    ratio: float  # device pixels a pixel
    font: QFont
    colours: Colours
    dark: bool
    show_axes: bool
    line_only: bool
    tile_image: TileImage | None  # none: there are no tiles
    tile_px: float
    tile_opacity: float
    layers: Sequence[Drawn]  # what lies on the tiles, in this order
    show_prior: bool

    @property
    def ground(self) -> QRectF:
        """The part that shows the plane."""
        left = axes.MARGIN_LEFT_PX if self.show_axes else 0
        return QRectF(left, 0, self.view.width, self.view.height)


class MapGround(QObject):
    """Keeps the picture of the tiles, and that of the tiles with what lies on them.

    So points may move over tiles that are drawn already, and handles over both.
    """

    refined = Signal()  # the tiles are drawn: there is another picture

    def __init__(self, look: Callable[[], GroundLook], parent: QObject) -> None:
        super().__init__(parent)
        self._look = look
        self._tiles: QPixmap | None = None
        self._whole: QPixmap | None = None
        self._steps: Steps | None = None
        self._worker = QTimer(self, interval=_WORK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._worker.timeout.connect(self._on_work)

    def picture(self) -> QPixmap:
        """The ground and the axes around it, drawn now as far as it was forgotten."""
        if self._whole is None:
            look = self._look()
            if self._tiles is None:
                *_, self._tiles = _tiles_drawn(look)
            assert self._tiles is not None
            self._whole = _with_layers(self._tiles, look)
        return self._whole

    def forget(self) -> None:
        """All of it is to be drawn anew."""
        self._leave_work()
        self._tiles = self._whole = None

    def forget_layers(self) -> None:
        """What lies on the tiles is to be drawn anew; the tiles are as they were."""
        self._whole = None

    def refine(self) -> None:
        """Draw other tiles a few at a time, so that no frame is late for them."""
        self._leave_work()
        self._steps = _tiles_drawn(self._look())
        self._worker.start()

    @property
    def refining(self) -> bool:
        """Whether tiles are being drawn."""
        return self._steps is not None

    def _on_work(self) -> None:
        end = perf_counter() + _WORK_SECONDS
        for pixmap in self._steps or ():
            if pixmap is not None:
                self._leave_work()
                self._tiles, self._whole = pixmap, None
                self.refined.emit()
                return
            if perf_counter() > end:
                return

    def _leave_work(self) -> None:
        self._worker.stop()
        if self._steps is not None:
            self._steps.close()  # which ends its painter
        self._steps = None


def _empty(look: GroundLook) -> tuple[QPixmap, QPainter]:
    """The axes around ground without tiles, and who paints on at the ground's corner."""
    pixmap = QPixmap(look.size * look.ratio)
    pixmap.setDevicePixelRatio(look.ratio)
    pixmap.fill(QColor(look.colours.panel if look.show_axes else look.colours.map))
    painter = QPainter(pixmap)
    painter.setFont(look.font)
    if look.show_axes:
        corner, vertical = look.ground.topLeft(), not look.line_only
        axes.draw_axes(painter, look.view, corner, look.colours, vertical=vertical)
    painter.setClipRect(look.ground)
    painter.fillRect(look.ground, QColor(look.colours.map))
    painter.translate(look.ground.topLeft())
    return pixmap, painter


def _tiles_drawn(look: GroundLook) -> Steps:
    """What lies under the points and stands still while they glide; None until it is drawn."""
    pixmap, painter = _empty(look)
    try:
        if look.tile_image is not None:
            yield from tile_drawing.tiles_drawn(painter, look.view, look.tile_px, look.tile_image)
            ground = QRectF(QPointF(), look.ground.size())
            tile_drawing.fade(painter, ground, look.colours, look.tile_opacity)
    finally:
        painter.end()
    yield pixmap


def _with_layers(tiles: QPixmap, look: GroundLook) -> QPixmap:
    pixmap = QPixmap(tiles)
    painter = QPainter(pixmap)
    painter.setFont(look.font)
    painter.setClipRect(look.ground)
    painter.translate(look.ground.topLeft())
    painting.draw_layers(painter, look.layers, look.view, look.dark)
    if look.show_prior:
        painting.draw_prior(painter, look.view, look.colours, look.line_only, look.dark)
    painter.end()
    return pixmap
