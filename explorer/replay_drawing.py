"""The map over the epochs of a training, drawn frame by frame off the GUI thread."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from explorer import painting, theme
from explorer.batching import Batches
from explorer.epochs import Epoch, Run, read_epoch
from explorer.figures import nats
from explorer.gliding import between
from explorer.point_drawing import points_image, spread_off_line
from explorer.rendering import decode
from explorer.replay_overlays import Ground, Overlays, Wanted, draw_above, draw_below, overlays_of
from explorer.theme import Colours
from explorer.tile_drawing import draw_tiles, fade
from explorer.viewport import Tile, Viewport, visible_tiles
from explorer.workers import Cancelled, TaskContext
from models.errors import CheckpointError, DataError
from models.planes import Plane
from models.snapshots import epoch_file

if TYPE_CHECKING:
    from models.model import Model

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

_DECODE_BATCH = 64
_POINT_SIZE, _OPACITY = 2, 0.9
_CAPTION_SHARE, _SMALLEST_CAPTION_PX = 0.028, 9  # of the height


_MOST_HANDLE_COLOURS = 16  # that a palette of few colours has to keep


@dataclass(frozen=True, eq=False)
class MapLook:
    """What of the map is drawn: `view` in pixels of the picture, `tiles_at` the decoded plane."""

    view: Viewport
    tile_px: float
    plane: Plane
    tiles_at: Plane
    label: int | None
    colours: Colours
    has_prior: bool
    mosaic: bool = True
    points: bool = True
    prior: bool = True
    hidden_classes: frozenset[int] = field(default_factory=frozenset)
    opacity: float = 1.0  # of the tiles
    overlays: Wanted = field(default_factory=Wanted)
    path: Floats | None = None  # [N, 2] in the plane
    markers: tuple[painting.Marker, ...] = ()  # handles, the same at every epoch

    @property
    def line_only(self) -> bool:
        """Whether the plane is a line (K = 1)."""
        return bool(self.plane.basis.shape[1] == 1)

    @property
    def ground_dark(self) -> bool:
        """Whether what lies under the points is dark."""
        return self.mosaic or self.colours.dark

    def sized(self, longer_px: int) -> "MapLook":
        """The same part of the plane with as many tiles in a picture of another size."""
        factor = longer_px / max(self.view.width, self.view.height)
        width, height = round(self.view.width * factor), round(self.view.height * factor)
        view = replace(self.view, scale=self.view.scale * factor, width=width, height=height)
        return replace(self, view=view, tile_px=self.tile_px * factor)


@dataclass(frozen=True, eq=False)
class _Known:
    """What the frames around an epoch need of it."""

    epoch: int
    tiles: Mapping[Tile, QImage]
    xy: Floats
    point_colours: Bytes
    overlays: Overlays


def places(epochs: int, frames: int) -> list[float]:
    """Where each frame stands among the epochs: from 0 to the last one, evenly."""
    return np.linspace(0.0, epochs - 1.0, frames).tolist() if epochs > 1 else [0.0] * frames


def draw_replay(look: MapLook, run: Run, frames: int, context: TaskContext) -> Bytes:
    """The frames [N, H, W, 3]: points glide from epoch to epoch, tiles are the nearest one's.

    An epoch whose file is gone is left out: points glide over the gap.

    Raises:
        DataError: there is none left.
        Cancelled: it was told to stop.
    """
    epochs = [epoch for epoch in run.epochs if epoch_file(run.folder, epoch).is_file()]
    film = _Film(look, run.folder, epochs, context)
    if not film.find_first():
        raise DataError(f"{run.folder}: holds no epochs to replay any more; train the model again")
    out = np.empty((frames, look.view.height, look.view.width, 3), np.uint8)
    for number, place in enumerate(places(len(epochs), frames)):
        before, after = film.at(int(place)), film.at(min(int(place) + 1, len(epochs) - 1))
        share = place - int(place)
        near = before if share < 0.5 else after
        xy = before.xy if len(before.xy) != len(after.xy) else between(before.xy, after.xy, share)
        out[number] = _frame(look, near, xy, _caption(near.epoch, run))
        context.report("Drawing", number + 1, frames)
    return out


class _Film:
    """The epochs, read and decoded as the frames come to them; two are kept at a time."""

    def __init__(
        self, look: MapLook, folder: Path, epochs: list[int], context: TaskContext
    ) -> None:
        self.look, self.folder, self.epochs, self.context = look, folder, epochs, context
        self._known: dict[int, _Known] = {}
        self._last: _Known | None = None

    def find_first(self) -> bool:
        """Look for the first epoch that can be read; it stands in for those before it."""
        return any(self._read(at) is not None for at in range(len(self.epochs)))

    def at(self, place: int) -> _Known:
        """The epoch at a place in the list, or the one before it if it cannot be read."""
        known = self._read(place) or self._last
        assert known is not None, "find_first comes first"
        self._last = known
        return known

    def _read(self, place: int) -> _Known | None:
        if place in self._known:
            return self._known[place]
        if self.context.cancelled():
            raise Cancelled
        try:
            found = read_epoch(self.folder, self.epochs[place], self.context)
        except CheckpointError:
            return None
        if found.model.latent_size != self.look.plane.basis.shape[1]:
            return None
        known = self._known[place] = self._prepare(self.epochs[place], found)
        self._last = self._last or known
        for old in [at for at in self._known if at < place - 1]:
            del self._known[old]
        return known

    def _prepare(self, epoch: int, found: Epoch) -> _Known:
        xy, colours = _points(self.look, found)
        tiles, look = self._tiles(found.model), self.look
        overlays = overlays_of(
            look.overlays, found, look.view, look.plane, look.tiles_at, look.label, self.context
        )
        return _Known(epoch, tiles, xy, colours, overlays)

    def _tiles(self, model: "Model") -> dict[Tile, QImage]:
        look = self.look
        wanted = visible_tiles(look.view, look.tile_px) if look.mosaic else []
        found: dict[Tile, QImage] = {}
        for batch in Batches(_DECODE_BATCH).parts(len(wanted)):
            if self.context.cancelled():
                raise Cancelled
            part = wanted[batch]
            z = look.tiles_at.lift(np.array([tile.centre for tile in part], np.float32))
            label = None
            if model.conditional:
                label = np.full(len(part), look.label or 0, np.int64)
            images = painting.to_images(decode(model, z, label)[0])
            found.update(zip(part, images, strict=True))
        return found


def _points(look: MapLook, found: Epoch) -> tuple[Floats, Bytes]:
    """Where the data lies in the plane [N, 2], and its colours [N, 3]."""
    points = found.info.points
    if points is None or not look.points:
        return np.zeros((0, 2), np.float32), np.zeros((0, 3), np.uint8)
    xy = look.plane.project(points.mean)
    if look.line_only:
        xy = spread_off_line(xy)
    colours = painting.class_colour_rows(points.label, len(points))
    if points.label is not None and look.hidden_classes:
        shown = ~np.isin(points.label, sorted(look.hidden_classes))
        xy, colours = xy[shown], colours[shown]
    return xy, colours


def kept_colours(look: MapLook, classes: int) -> Bytes:
    """The colours [M, 3] of handles, and those that points have on dark, grey and light ground."""
    handles = [theme.handle_colour(marker.colour) for marker in look.markers]
    own = dict.fromkeys((colour.red(), colour.green(), colour.blue()) for colour in handles)
    few = np.array(list(own)[:_MOST_HANDLE_COLOURS], np.uint8).reshape(-1, 3)
    return np.concatenate([few, _point_colours(classes)])


def _point_colours(classes: int) -> Bytes:
    labels = np.arange(max(classes, 1), dtype=np.int64) if classes else None
    pure = np.unique(painting.class_colour_rows(labels, max(classes, 1)), axis=0)
    grounds = np.array([0.0, 127.0, 255.0])[:, None, None]
    mixed = _OPACITY * pure[None].astype(np.float64) + (1 - _OPACITY) * grounds
    return mixed.reshape(-1, 3).round().astype(np.uint8)


def _caption(epoch: int, run: Run) -> str:
    if epoch not in run.loss:
        return f"epoch {epoch}"
    return f"epoch {epoch}  ·  held out {run.loss_name} {nats(run.loss[epoch])}"


def _frame(look: MapLook, known: _Known, xy: Floats, caption: str) -> Bytes:
    """One picture [H, W, 3]."""
    view = look.view
    image = QImage(view.width, view.height, QImage.Format.Format_RGB888)
    image.fill(QColor(look.colours.map))
    painter = QPainter(image)
    if look.mosaic:
        draw_tiles(painter, view, look.tile_px, known.tiles.get)
        whole = QRectF(0, 0, view.width, view.height)
        fade(painter, whole, look.colours, look.opacity)
    draw_below(painter, view, known.overlays)
    if len(xy):
        colours = known.point_colours
        layer = points_image(view.spread, xy, colours, 1.0, _POINT_SIZE, _OPACITY)
        painter.drawImage(0, 0, layer)
    beside = look.has_prior and (look.line_only or not look.prior)  # circles show it elsewhere
    ground = Ground(look.has_prior, look.line_only, beside, look.ground_dark)
    draw_above(painter, view, known.overlays, ground)
    if look.prior and look.has_prior:
        painting.draw_prior(painter, view, look.colours, look.line_only, look.ground_dark)
    if look.path is not None:
        painting.draw_path(painter, view, look.path, look.ground_dark)
    painting.draw_markers(painter, view, look.markers)
    _draw_caption(painter, view, caption)
    painter.end()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(view.height, image.bytesPerLine())
    return rows[:, : 3 * view.width].reshape(view.height, view.width, 3).copy()


def _draw_caption(painter: QPainter, view: Viewport, text: str) -> None:
    """Words on a plate in the lower left corner, in lines where the picture is narrow."""
    font = QFont(painter.font())
    font.setPixelSize(max(_SMALLEST_CAPTION_PX, round(_CAPTION_SHARE * view.height)))
    painter.setFont(font)
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    room = QRectF(0, 0, view.width - 2 * 12, view.height)
    box = QFontMetricsF(font).boundingRect(room, flags, text).adjusted(-6, -3, 6, 3)
    box.moveBottomLeft(QPointF(6, view.height - 6))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(10, 12, 16, 215))
    painter.drawRoundedRect(box, 3, 3)
    painter.setPen(QColor("#f0f2f5"))
    painter.drawText(box, flags, text)
