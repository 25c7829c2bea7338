"""Very many points on the map: pictures of them, moved along until sharper ones come."""

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QRegion

from explorer.crowd_image import Crowd, crowd_pixels
from explorer.painting import pixels_image
from explorer.point_index import PointIndex
from explorer.viewport import Viewport
from explorer.workers import Callbacks, Lane, TaskContext

_MARGIN_PX = 160  # drawn around what is in sight, so that a pan has something to show
_RENEWED_PX = 70  # of the margin left: from here on a new picture is asked for
_OVERVIEW_PX = 1024


@dataclass(frozen=True, eq=False)
class Shot:
    """A picture of what `view` shows of a crowd."""

    crowd: Crowd
    view: Viewport
    ratio: float
    dark: bool
    image: QImage

    def place(self, view: Viewport) -> QRectF:
        """Where it lies in another viewport, in its pixels."""
        left, bottom, right, top = self.view.box
        return QRectF(QPointF(*view.pixel(left, top)), QPointF(*view.pixel(right, bottom)))


class CrowdLayer(QObject):
    """Draws a crowd at once with the pictures there are, and says when better ones have come.

    While a person pans or zooms, the newest picture is moved and scaled; around it stands one
    of all points. No frame waits for a point to be drawn.
    """

    changed = Signal()

    def __init__(self, lane: Lane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lane = lane
        self._crowd: Crowd | None = None
        self._sharp: Shot | None = None
        self._overview: Shot | None = None
        self._wanted: tuple[Viewport, float, bool] | None = None
        self._drawing = False

    @property
    def busy(self) -> bool:
        """Whether a picture is being drawn."""
        return self._drawing

    @property
    def crowd(self) -> Crowd | None:
        """The points it draws."""
        return self._crowd

    def show(self, crowd: Crowd | None) -> None:
        """Draw other points, or the same in other colours; none draws nothing."""
        moved = crowd is None or self._crowd is None or crowd.index is not self._crowd.index
        self._crowd = crowd
        self._overview = self._wanted = None
        if moved:
            self._sharp = None
        self.changed.emit()

    def draw(self, painter: QPainter, view: Viewport, dark: bool) -> None:
        """The points in sight, as well as they are known."""
        if self._crowd is None:
            return
        view = view.spread
        ratio = painter.device().devicePixelRatioF()
        if not self._good(self._sharp, view, ratio, dark):
            self._wish(view, ratio, dark)
        whole = QRectF(0, 0, view.width, view.height)
        sharp = QRectF() if self._sharp is None else self._sharp.place(view)
        if self._overview is not None and not sharp.contains(whole):
            painter.save()
            around = QRegion(whole.toRect()) - QRegion(sharp.toAlignedRect())
            painter.setClipRegion(around, Qt.ClipOperation.IntersectClip)
            painter.drawImage(self._overview.place(view), self._overview.image)
            painter.restore()
        if self._sharp is not None and _alike(self._sharp.view, view):
            painter.drawImage(QPointF(sharp.topLeft().toPoint()), self._sharp.image)
        elif self._sharp is not None:
            painter.drawImage(sharp, self._sharp.image)

    def _good(self, shot: Shot | None, view: Viewport, ratio: float, dark: bool) -> bool:
        """Whether a picture shows this viewport sharply, with some margin."""
        if (
            shot is None
            or shot.crowd is not self._crowd
            or (shot.ratio, shot.dark) != (ratio, dark)
        ):
            return False
        room = QRectF(0, 0, view.width, view.height).adjusted(-1, -1, 1, 1)
        room.adjust(-_RENEWED_PX, -_RENEWED_PX, _RENEWED_PX, _RENEWED_PX)
        return _alike(shot.view, view) and shot.place(view).contains(room)

    def _wish(self, view: Viewport, ratio: float, dark: bool) -> None:
        self._wanted = (view, ratio, dark)
        if not self._drawing:
            self._draw_wanted()

    def _draw_wanted(self) -> None:
        """The newest wish, or the picture of all points if there is no other."""
        crowd = self._crowd
        if crowd is None:
            return
        if self._wanted is not None:
            (view, ratio, dark), self._wanted = self._wanted, None
            around = view.resized(view.width + 2 * _MARGIN_PX, view.height + 2 * _MARGIN_PX)
            self._submit(crowd, around, ratio, dark, _MARGIN_PX)
        elif self._overview is None and self._sharp is not None:
            self._submit(crowd, overview(crowd.index), 1.0, self._sharp.dark)

    def _submit(
        self, crowd: Crowd, view: Viewport, ratio: float, dark: bool, margin_px: int = 0
    ) -> None:
        self._drawing = True
        task = partial(_draw, crowd, view, ratio, dark, margin_px)
        self._lane.submit(task, Callbacks(self._on_drawn, self._on_failed))

    def _on_drawn(self, shot: Shot) -> None:
        self._drawing = False
        crowd = self._crowd
        if crowd is not None and shot.crowd.index is crowd.index:
            if shot.view == overview(crowd.index):
                self._overview = shot
            else:
                self._sharp = shot
            self.changed.emit()
        self._draw_wanted()

    def _on_failed(self, message: str) -> None:
        """A mistake of the program, which is told elsewhere; the pictures there are stay."""
        self._drawing = False


def _alike(one: Viewport, other: Viewport) -> bool:
    """Whether two viewports show all as large."""
    return (one.scale, one.stretch) == (other.scale, other.stretch)


def overview(index: PointIndex) -> Viewport:
    """A viewport with nearly all points in it."""
    low, reach = index.low.astype(float), index.step.astype(float) * index.side
    size = Viewport(width=_OVERVIEW_PX, height=_OVERVIEW_PX)
    return size.fitted(low - 0.5 * reach, low + 1.5 * reach, 0.0)


def _draw(
    crowd: Crowd, view: Viewport, ratio: float, dark: bool, margin_px: int, context: TaskContext
) -> Shot:
    pixels = crowd_pixels(crowd, view, ratio, dark, margin_px)
    return Shot(crowd, view, ratio, dark, pixels_image(pixels, ratio))
