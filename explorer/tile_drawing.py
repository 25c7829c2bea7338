"""The mosaic's tiles as they are drawn on the map: all at once, or some at a time."""

from collections.abc import Callable, Iterator, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from explorer.theme import Colours
from explorer.viewport import Tile, Viewport, visible_tiles

TileImage = Callable[[Tile], QImage | None]

# Sides of pictures that are scaled together: of smaller ones the rims would be seen to mix with
# their neighbours', and to copy larger ones, in sides of their tiles, takes longer.
_SMALLEST_JOINED_PX, _LARGEST_JOINED = 16, 2.0
_ANCESTORS = 4  # how many coarser levels stand in for a tile that has not come yet


def tile_rect(view: Viewport, tile: Tile) -> QRectF:
    """The pixels of a tile, on whole ones so that neighbours leave no seam."""
    size = tile.size
    left, bottom = tile.column * size, tile.row * size
    x0, y1 = view.pixel(left, bottom)
    x1, y0 = view.pixel(left + size, bottom + size)
    return QRectF(QPointF(round(x0), round(y0)), QPointF(round(x1), round(y1)))


def draw_tiles(painter: QPainter, view: Viewport, tile_px: float, image_of: TileImage) -> None:
    """The mosaic; where a tile has not come, the nearest coarser one that has."""
    for _ in tiles_drawn(painter, view, tile_px, image_of):
        pass


def fade(painter: QPainter, ground: QRectF, colours: Colours, opacity: float) -> None:
    """Let the plain ground show through tiles of that opacity, 0 to 1.

    Painting over them costs one rectangle, and shows no coarse tile through a fine one.
    """
    if opacity < 1:
        veil = QColor(colours.map)
        veil.setAlphaF(1 - opacity)
        painter.fillRect(ground, veil)


def tiles_drawn(
    painter: QPainter, view: Viewport, tile_px: float, image_of: TileImage
) -> Iterator[None]:
    """`draw_tiles` step by step: some of it has been drawn each time this yields."""
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    wanted = visible_tiles(view, tile_px)
    coarse: dict[Tile, QImage] = {}
    own: list[tuple[Tile, QImage]] = []
    for tile in wanted:
        image = image_of(tile)
        if image is not None:
            own.append((tile, image))
        elif (found := _ancestor(tile, image_of)) is not None:
            coarse[found[0]] = found[1]
    for tile, image in sorted(coarse.items(), key=lambda pair: pair[0].level):
        painter.drawImage(tile_rect(view, tile), image)
        yield
    if own and (joined := _joined(own, view, wanted[0], wanted[-1])) is not None:
        painter.drawImage(*joined)
        yield
        return
    for tile, image in own:
        painter.drawImage(tile_rect(view, tile), image)
        yield


def _joined(
    tiles: Sequence[tuple[Tile, QImage]], view: Viewport, first: Tile, last: Tile
) -> tuple[QRectF, QImage] | None:
    """Tiles between two corners as one picture, with holes where there are none, and its place.

    To scale one picture takes a fifth of the time of hundreds. Nothing if that is not for them.
    """
    width, height = tiles[0][1].width(), tiles[0][1].height()
    most = _LARGEST_JOINED * first.size * view.scale
    if min(width, height) < _SMALLEST_JOINED_PX or max(width, height) > most:
        return None
    columns, rows = last.column - first.column + 1, last.row - first.row + 1
    kinds = QImage.Format
    complete = len(tiles) == columns * rows
    kind = kinds.Format_RGB32 if complete else kinds.Format_ARGB32_Premultiplied
    whole = QImage(columns * width, rows * height, kind)
    if not complete:
        whole.fill(Qt.GlobalColor.transparent)
    painter = QPainter(whole)
    for tile, picture in tiles:
        if picture.width() != width or picture.height() != height:
            painter.end()
            return None
        painter.drawImage(
            (tile.column - first.column) * width, (last.row - tile.row) * height, picture
        )
    painter.end()
    left, top = view.pixel(first.column * first.size, (last.row + 1) * first.size)
    side = first.size * view.scale
    return QRectF(left, top, columns * side, rows * side), whole


def _ancestor(tile: Tile, image_of: TileImage) -> tuple[Tile, QImage] | None:
    for _ in range(_ANCESTORS):
        tile = tile.parent
        image = image_of(tile)
        if image is not None:
            return tile, image
    return None
