"""How the mosaic looks: changed at once, remembered, and never a viewport without tiles."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton, QSlider, QSpinBox
from pytestqt.qtbot import QtBot

from explorer.viewport import Viewport, fitting_tile_px, visible_tiles
from explorer.widgets.mosaic_settings import (
    TILE_SIZES_PX,
    MosaicLook,
    MosaicSettings,
    look_from,
)
from tests.opened import PATIENCE_MS, Opened, opened


def fields(settings: MosaicSettings) -> tuple[QSlider, QSlider, QSpinBox]:
    size = settings.findChild(QSlider, "tileSize")
    opacity = settings.findChild(QSlider, "tileOpacity")
    cache = settings.findChild(QSpinBox, "tileCache")
    assert isinstance(size, QSlider)
    assert isinstance(opacity, QSlider)
    assert isinstance(cache, QSpinBox)
    return size, opacity, cache


def test_each_field_is_heard_and_setting_the_look_is_not(qtbot: QtBot) -> None:
    settings = MosaicSettings()
    qtbot.addWidget(settings)
    heard: list[MosaicLook] = []
    settings.changed.connect(heard.append)
    settings.set_look(MosaicLook(84.0, 0.4, 128))
    size, opacity, cache = fields(settings)
    assert (size.value(), opacity.value(), cache.value()) == (TILE_SIZES_PX.index(84.0), 40, 128)
    assert not heard
    size.setValue(0)
    opacity.setValue(70)
    cache.setValue(256)
    assert heard[-1] == MosaicLook(TILE_SIZES_PX[0], 0.7, 256)
    assert len(heard) == 3


@pytest.mark.parametrize(
    "kept",
    [{}, {"tile_px": 1.0}, {"opacity": -3.0}, {"cache_mb": 1e9}, {"cache_mb": float("nan")}],
)
def test_nonsense_that_was_kept_is_as_usual(kept: dict[str, float]) -> None:
    assert look_from(kept) == MosaicLook()


@pytest.mark.parametrize("size", [(300, 200), (1400, 1000), (3840, 2160)])
@pytest.mark.parametrize("tile_px", TILE_SIZES_PX)
@pytest.mark.parametrize("zoom", [70.0, 101.0, 140.0])
def test_however_small_tiles_are_wished_for_no_viewport_has_too_many(
    size: tuple[int, int], tile_px: float, zoom: float
) -> None:
    view = Viewport(0.1, 0.2, zoom, *size)
    fitting = fitting_tile_px(view, tile_px, 1700)
    assert len(visible_tiles(view, fitting)) <= 1700 * 1.08
    if 2 * size[0] * size[1] / tile_px**2 < 1700:
        assert fitting == tile_px


def tiles_seen(found: Opened) -> int:
    view = found.window.map_panel.view
    return len(visible_tiles(view.view, view.tile_px))


def test_the_map_follows_and_the_next_launch_remembers(qtbot: QtBot, tiny_model_file: Path) -> None:
    with opened(qtbot, tiny_model_file) as found:
        panel = found.window.map_panel
        before = tiles_seen(found)
        size, opacity, cache = fields(panel.mosaic_settings)
        size.setValue(TILE_SIZES_PX.index(84.0))
        found.settle()
        assert tiles_seen(found) < before
        tiles = visible_tiles(panel.view.view, panel.view.tile_px)
        image = found.window.mosaic.image
        qtbot.waitUntil(lambda: all(image(tile) is not None for tile in tiles), timeout=PATIENCE_MS)
        assert panel.view.ground_dark
        opacity.setValue(30)
        assert panel.view.tile_opacity == 0.3
        cache.setValue(96)
        found.settle()
    with opened(qtbot, tiny_model_file, remembering=True) as again:
        look = again.window.map_panel.mosaic_settings.look
        assert look == MosaicLook(84.0, 0.3, 96)
        assert again.window.map_panel.view.tile_px == 84.0


@pytest.mark.parametrize("width", [1440, 1000])
def test_the_buttons_above_the_map_are_of_one_height(
    qtbot: QtBot, tiny_model_file: Path, width: int
) -> None:
    with opened(qtbot, tiny_model_file) as found:
        found.window.resize(width, 800)
        found.settle()
        panel = found.window.map_panel
        settings = panel.mosaic_settings
        middle = settings.mapTo(panel, settings.rect().center()).y()
        row = [
            button
            for button in panel.findChildren(QAbstractButton)
            if button.isVisible() and button.mapTo(panel, button.rect().center()).y() == middle
        ]
        assert {"mosaicSettings", "fitButton", "layer-mosaic"} <= {b.objectName() for b in row}
        assert ("moreButton" in {b.objectName() for b in row}) == (width == 1000)
        assert len({button.height() for button in row}) == 1
