"""Tiles on the map: each where it belongs, however many of them there are and however large."""

from collections.abc import Callable

import pytest
from PySide6.QtGui import QColor, QImage, QPainter

from explorer.tile_drawing import draw_tiles
from explorer.viewport import Tile, Viewport, visible_tiles

VIEW = Viewport(0.37, -0.81, 57.3, 320, 240)
TILE_PX = 40.0
GROUND = QColor(1, 2, 3)


def shade(tile: Tile) -> QColor:
    """A colour that no neighbour has."""
    return QColor(60 + 37 * tile.column % 190, 60 + 53 * tile.row % 190, 30 + 60 * (tile.level % 3))


def picture(tile: Tile, side: int = 20) -> QImage:
    found = QImage(side, side, QImage.Format.Format_RGB888)
    found.fill(shade(tile))
    return found


def drawn(image_of: Callable[[Tile], QImage | None], view: Viewport = VIEW) -> QImage:
    found = QImage(view.width, view.height, QImage.Format.Format_RGB32)
    found.fill(GROUND)
    painter = QPainter(found)
    draw_tiles(painter, view, TILE_PX, image_of)
    painter.end()
    return found


def middles(view: Viewport = VIEW) -> list[tuple[Tile, int, int]]:
    """Tiles whose middle is in the view, and its pixel."""
    found = []
    for tile in visible_tiles(view, TILE_PX):
        x, y = (int(value) for value in view.pixel(*tile.centre))
        if 0 <= x < view.width and 0 <= y < view.height:
            found.append((tile, x, y))
    return found


@pytest.mark.parametrize("side", [1, 5, 28, 400])
def test_every_tile_is_where_it_belongs(side: int) -> None:
    seen = drawn(lambda tile: picture(tile, side))
    for tile, x, y in middles():
        assert seen.pixelColor(x, y) == shade(tile)


def test_a_tile_is_drawn_the_right_way_up_and_to_its_edges() -> None:
    def corners(tile: Tile) -> QImage:
        found = QImage(4, 4, QImage.Format.Format_RGB888)
        found.fill(QColor("black"))
        found.setPixelColor(0, 0, QColor("red"))
        found.setPixelColor(3, 3, QColor("blue"))
        return found

    seen = drawn(corners)
    for tile, x, y in middles():
        eighth = 3 * tile.size * VIEW.scale / 8
        if min(x, y) > 30 and x < VIEW.width - 30 and y < VIEW.height - 30:
            upper_left = seen.pixelColor(int(x - eighth), int(y - eighth))
            lower_right = seen.pixelColor(int(x + eighth), int(y + eighth))
            assert upper_left.red() > 150 > upper_left.blue()
            assert lower_right.blue() > 150 > lower_right.red()


def test_where_a_tile_is_missing_its_parent_stands_or_the_ground() -> None:
    def image_of(tile: Tile) -> QImage | None:
        finest = tile.level == visible_tiles(VIEW, TILE_PX)[0].level
        if finest:
            return picture(tile) if (tile.column + tile.row) % 2 else None
        return picture(tile) if tile.parent.row % 2 else None

    seen = drawn(image_of)
    found = set()
    for tile, x, y in middles():
        stands = next(
            (one for one in (tile, tile.parent, tile.parent.parent) if image_of(one)), None
        )
        found.add(None if stands is None else stands.level - tile.level)
        assert seen.pixelColor(x, y) == (GROUND if stands is None else shade(stands))
    assert found >= {0, -1}


def test_pictures_of_several_sizes_are_drawn_each_in_its_place() -> None:
    seen = drawn(lambda tile: picture(tile, 16 + tile.column % 3))
    for tile, x, y in middles():
        assert seen.pixelColor(x, y) == shade(tile)


def test_without_any_tile_nothing_is_drawn() -> None:
    assert drawn(lambda tile: None).pixelColor(5, 5) == GROUND
