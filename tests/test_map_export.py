"""The map as a picture: drawn anew at any size, whole or not at all, off the GUI thread."""

import weakref
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter, QPicture, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.axes import MARGIN_LEFT_PX
from explorer.crowd_image import Crowd
from explorer.exporting import MapExport, _export_map
from explorer.legends import Entry, Key
from explorer.map_bands import _no_finer, draw_bands, image_rows, write_map
from explorer.map_drawing import (
    Included,
    MapContents,
    MapDrawing,
    draw_map,
    logical_size,
)
from explorer.overlay_drawing import VIRIDIS, Contours, Range, arrow_field, draw_arrows, draw_relief
from explorer.overlays import TileGrid
from explorer.painting import Ellipse, Marker, to_image
from explorer.point_index import PointIndex
from explorer.rendering import decode
from explorer.viewport import Tile, Viewport, visible_tiles
from explorer.widgets.map_export_dialog import LONGEST_PX, MapChoice, MapExportDialog, cost_words
from explorer.workers import Cancel, Cancelled, ModelShelf, TaskContext
from models.density import Grid
from models.errors import DataError
from models.planes import axis_plane
from models.relief import Relief
from tests.disk import needs_file_limit, small_disk
from tests.opened import PATIENCE_MS, Opened, opened

if TYPE_CHECKING:
    from models.model import Model

Part = TypeVar("Part", bound=QWidget)

BARE = Included(axes=False, handles=False, legend=False)
VIEW = Viewport(0.3, -0.2, 40, 300, 200)


def nothing_drawn() -> QPicture:
    picture = QPicture()
    QPainter(picture).end()
    return picture


def contents(**values: Any) -> MapContents:
    empty = MapContents(
        view=VIEW,
        colours=theme.DARK,
        ground_dark=True,
        line_only=False,
        tiles=True,
        tile_px=42.0,
        opacity=1.0,
        prior=False,
        points=np.zeros((0, 2), np.float32),
        point_colours=np.zeros((0, 3), np.uint8),
        below=nothing_drawn(),
        above=nothing_drawn(),
        on_top=nothing_drawn(),
        path=np.zeros((0, 2), np.float32),
        markers=(),
        ellipses=(),
    )
    return replace(empty, **values)


def busy_contents() -> MapContents:
    """A map with one of everything."""
    random = np.random.default_rng(0)
    xy = random.standard_normal((200, 2)).astype(np.float32)
    colours = np.tile(np.array([[240, 60, 60]], np.uint8), (200, 1))
    markers = (Marker(1, "A", 0, 0.0, 0.0, True), Marker(2, "second", 1, 1.0, 1.0))
    path = np.array([[0, 0], [1, 1]], np.float32)
    return contents(
        prior=True,
        points=xy,
        point_colours=colours,
        markers=markers,
        path=path,
        legend=((0, "zero"), (1, "one")),
        caption="across: z0, up: z1",
    )


def checked(tile: Tile) -> QImage:
    """A tile of one grey that its place tells."""
    image = QImage(4, 4, QImage.Format.Format_Grayscale8)
    image.fill(60 + 20 * ((tile.column + 3 * tile.row) % 8))
    return image


@pytest.fixture
def context() -> TaskContext:
    return TaskContext(lambda what, done, total: None, Cancel())


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0, 3.7])
def test_it_is_as_large_as_asked_for(qapp: object, ratio: float) -> None:
    drawn = draw_map(busy_contents(), checked, ratio, Included())
    logical = logical_size(busy_contents(), Included())
    assert (drawn.width(), drawn.height()) == (
        round(logical.width() * ratio),
        round(logical.height() * ratio),
    )


def test_larger_is_the_same_picture_drawn_more_finely(qapp: object) -> None:
    small = image_rows(draw_map(busy_contents(), checked, 1.0, Included())).astype(int)
    large = image_rows(draw_map(busy_contents(), checked, 4.0, Included())).astype(int)
    height, width = small.shape[:2]
    blocks = large.reshape(height, 4, width, 4, 3)
    assert np.abs(blocks.mean((1, 3)) - small).mean() < 6
    assert np.ptp(blocks, axis=(1, 3)).max() > 100, "enlarged, not drawn"


def test_every_tile_stands_at_its_place(qapp: object) -> None:
    drawn = image_rows(draw_map(contents(), checked, 2.0, BARE))
    for tile in visible_tiles(VIEW, 42.0):
        x, y = VIEW.pixel(*tile.centre)
        if 0 <= x < VIEW.width and 0 <= y < VIEW.height:
            expected = checked(tile).pixelColor(0, 0).red()
            assert drawn[int(2 * y), int(2 * x)].tolist() == [expected] * 3


def test_the_ground_shows_through_faint_tiles(qapp: object) -> None:
    def white(tile: Tile) -> QImage:
        image = QImage(2, 2, QImage.Format.Format_Grayscale8)
        image.fill(255)
        return image

    plain = QColor(theme.DARK.map).red()
    for opacity in (0.0, 0.25, 1.0):
        drawn = image_rows(draw_map(contents(opacity=opacity), white, 1.0, BARE))
        assert drawn[100, 150, 0] == pytest.approx(plain + opacity * (255 - plain), abs=2)


def test_further_layers_are_drawn_as_finely(qapp: object) -> None:
    layer = QPicture()
    painter = QPainter(layer)
    painter.fillRect(10, 10, 1, 1, QColor("#ff0000"))
    painter.end()
    for place in ("below", "above", "on_top"):
        drawn = image_rows(draw_map(contents(tiles=False, **{place: layer}), checked, 3.0, BARE))
        red = (drawn == [255, 0, 0]).all(-1)
        assert np.argwhere(red).min(0).tolist() == [30, 30]
        assert red.sum() == 9


def test_what_is_left_out_is_not_on_it(qapp: object) -> None:
    def seen(included: Included, colour: QColor) -> bool:
        drawn = image_rows(draw_map(busy_contents(), checked, 2.0, included))
        return bool((drawn == [colour.red(), colour.green(), colour.blue()]).all(-1).any())

    assert seen(Included(), theme.handle_colour(1))
    assert not seen(Included(handles=False), theme.handle_colour(1))
    assert seen(Included(), theme.class_colour(1))
    assert not seen(Included(legend=False), theme.class_colour(1))
    bare = logical_size(busy_contents(), BARE)
    assert (bare.width(), bare.height()) == (300, 200)


def of_kl() -> Entry:
    return Entry("points", "Points: KL", "", VIRIDIS, "3.1", "27", unit="nats")


def test_scales_are_printed_in_their_colours_below_the_map(qapp: object) -> None:
    density = Entry("density", "Density", "", keys=(Key("solid", "#ff00ff", "data"),))
    found = replace(busy_contents(), legend=(), scales=(of_kl(), density))
    bare = logical_size(replace(found, scales=()), Included())
    size = logical_size(found, Included())
    assert size.height() > bare.height()
    drawn = image_rows(draw_map(found, checked, 3.0, Included())).astype(int)
    below = drawn[3 * bare.height() :]
    for colour in (VIRIDIS[0], VIRIDIS[5], VIRIDIS[-1], "#ff00ff"):
        of = QColor(colour)
        gap = np.abs(below - [of.red(), of.green(), of.blue()]).max(-1)
        assert gap.min() <= 6, colour
    assert draw_map(found, checked, 3.0, Included(legend=False)).height() == 3 * bare.height()


@pytest.mark.parametrize("width", [240, 300, 900])
def test_no_scale_is_cut(qapp: object, width: int) -> None:
    view = replace(VIEW, width=width)
    many = contents(view=view, scales=(of_kl(),) * 4)
    drawn = image_rows(draw_map(many, checked, 2.0, Included())).astype(int)
    panel = QColor(theme.DARK.panel)
    first = 2 * logical_size(contents(view=view), Included()).height()
    right = drawn[first:, -8:] - [panel.red(), panel.green(), panel.blue()]
    assert not right.any()


def on_map(found: Opened) -> MapContents:
    request = found.window.exports.of_map._gathered()
    assert request is not None
    return request.contents


def test_the_legend_is_that_of_what_colours_the_points(qtbot: QtBot, tiny_model_file: Path) -> None:
    with opened(qtbot, tiny_model_file) as found:
        window, layers = found.window, found.window.session.layers
        assert on_map(found).legend
        layers = replace(layers, colour_by="kl", density=True, magnification=True, field=True)
        window.session.set_layers(layers)
        found.settle()
        of_kl = on_map(found)
        assert of_kl.legend == ()
        assert [entry.name for entry in of_kl.scales] == [
            "points",
            "density",
            "magnification",
            "field",
        ]
        assert of_kl.scales[0].title == "Points: KL"
        assert [entry.unit for entry in of_kl.scales] == ["nats", "", "px²/σ²", "σ"]
        window.session.set_layers(replace(layers, points=False, density=False, field=False))
        found.settle()
        names = [entry.name for entry in on_map(found).scales]
        assert names == ["magnification"]


def test_a_long_legend_takes_as_many_rows_as_it_needs(qapp: object) -> None:
    few = logical_size(contents(legend=((0, "zero"),)), Included()).height()
    many = tuple((label, f"a class of number {label}") for label in range(100))
    assert logical_size(contents(legend=many), Included()).height() > few + 300
    draw_map(contents(legend=many), checked, 1.0, Included())


# -- in bands ---------------------------------------------------------------------------------


def noisy(tile: Tile) -> QImage:
    """A tile of pixels that its place tells."""
    random = np.random.default_rng([tile.level + 100, tile.column + 1000, tile.row + 1000])
    return to_image(random.integers(0, 256, (12, 12, 3), np.uint8))


def overlaid() -> QPicture:
    """Lines and dashes as overlays record them."""
    picture = QPicture()
    painter = QPainter(picture)
    grid = TileGrid(0, -4, -3, np.full((6, 8, 3), 0.4, np.float32))
    draw_arrows(painter, VIEW, grid, Range(0.0, 0.5))
    everywhere = np.full((20, 20), 0.02)
    ring = np.array([[-2.0, -1.0], [2.0, -1.2], [1.0, 2.0]])
    relief = Relief(Grid(-4, -4, 4, 4, 20, 20), everywhere, (0.1,), ((ring,),), (ring / 2,))
    draw_relief(painter, VIEW, relief, True, True)
    painter.end()
    return picture


def many() -> Crowd:
    random = np.random.default_rng(5)
    xy = random.standard_normal((3000, 2)).astype(np.float32)
    colours = random.integers(0, 256, (3000, 3), np.uint8)
    return Crowd(PointIndex.of(xy), colours, random.random(3000) < 0.3)


def full_contents(kind: str) -> MapContents:
    """A map with everything there is."""
    found = replace(
        busy_contents(),
        ellipses=(Ellipse(0.2, 0.3, 0.5, 0.2, 0.4, 1),),
        above=overlaid(),
        opacity=0.7,
    )
    none = np.zeros((0, 2), np.float32)
    if kind == "crowd":
        return replace(found, points=none, crowd=many())
    if kind == "line":
        return replace(found, line_only=True)
    if kind == "small points":
        xy = np.random.default_rng(2).standard_normal((2500, 2)).astype(np.float32)
        return replace(found, points=xy, point_colours=np.full((2500, 3), 200, np.uint8))
    return found


@pytest.mark.parametrize("kind", ["points", "small points", "crowd", "line"])
@pytest.mark.parametrize(("ratio", "step"), [(1.0, 7), (2.5, 20), (2.5, 101), (9.3, 113)])
def test_bands_are_the_same_picture_as_one_drawing(
    qapp: object, kind: str, ratio: float, step: int
) -> None:
    drawing = MapDrawing(full_contents(kind), ratio, Included())
    height = drawing.height
    whole = image_rows(drawing.rows(range(height), noisy)).astype(int)
    bands = [
        image_rows(drawing.rows(range(start, min(start + step, height)), noisy))
        for start in range(0, height, step)
    ]
    gap = np.abs(np.concatenate(bands) - whole)
    # The places of edges are rounded to 1/64 of a pixel.
    assert gap.max() <= 6
    assert np.count_nonzero(gap) < 0.01 * gap.size


def test_overlays_are_drawn_finely_not_enlarged(qapp: object) -> None:
    layer = arrow_field()
    layer.show(TileGrid(0, -4, -3, np.full((6, 8, 3), 0.4, np.float32)))
    picture = QPicture()
    painter = QPainter(picture)
    layer.draw(painter, VIEW, True)
    painter.end()
    drawn = image_rows(draw_map(contents(tiles=False, above=picture), checked, 8.0, BARE))
    bright = drawn.astype(int).sum(2)
    # Enlarged lines would change by little from pixel to pixel.
    assert np.abs(np.diff(bright, axis=1)).max() > 300


def test_what_layers_draw_outside_of_the_ground_is_not_on_the_picture(qapp: object) -> None:
    layer = QPicture()
    painter = QPainter(layer)
    painter.save()
    painter.setClipRect(QRectF(20, 20, 40, 40), Qt.ClipOperation.IntersectClip)
    painter.fillRect(0, 0, 100, 100, QColor("#00ff00"))
    painter.restore()  # the clip that was set before the picture is played is gone
    painter.fillRect(-100, -100, 2000, 2000, QColor("#ff0000"))
    painter.end()
    with_axes = Included(handles=False, legend=False)
    drawn = image_rows(draw_map(contents(tiles=False, above=layer), checked, 2.0, with_axes))
    red = np.argwhere((drawn == [255, 0, 0]).all(-1))
    assert red.min(0).tolist() == [0, 2 * MARGIN_LEFT_PX]
    assert red.max(0).tolist() == [399, 2 * MARGIN_LEFT_PX + 599]


def test_holes_are_hatched_on_the_picture_as_on_the_map(qapp: object) -> None:
    hole = np.array([[-2.0, -1.0], [-2.0, 1.0], [2.0, 1.0], [2.0, -1.0]])
    relief = Relief(Grid(-4, -4, 4, 4, 20, 20), np.full((20, 20), 0.02), (), (), (hole,))
    layer = Contours()
    layer.show(relief, False)
    picture, pixmap = QPicture(), QPixmap(VIEW.width, VIEW.height)
    pixmap.fill(QColor(theme.DARK.map))
    for device in (picture, pixmap):
        painter = QPainter(device)
        layer.draw(painter, VIEW, True)
        painter.end()
    drawn = image_rows(draw_map(contents(tiles=False, above=picture), checked, 1.0, BARE))
    on_map = image_rows(pixmap.toImage())
    assert np.abs(drawn.astype(int) - on_map).mean() < 1.0
    assert len(np.unique(drawn[80:90, 90:110].reshape(-1, 3), axis=0)) > 2, "no hatching"


@pytest.mark.parametrize("share", [1.0, 0.3])
def test_a_file_in_bands_is_the_picture_and_holds_few_tiles(
    qapp: object, tmp_path: Path, context: TaskContext, share: float
) -> None:
    drawing = MapDrawing(contents(tile_px=42.0 * share), 3.0, BARE)
    asked: list[Tile] = []

    def decode(tiles: list[Tile]) -> list[QImage]:
        asked.extend(tiles)
        return [noisy(tile) for tile in tiles]

    write_map(tmp_path / "map.png", drawing, decode, context, band_pixels=900 * 40)
    with Image.open(tmp_path / "map.png") as image:
        found = np.asarray(image).astype(int)
    assert len(asked) == len(set(asked)), "a tile is decoded twice"
    assert set(asked) == set(visible_tiles(VIEW, 42.0 * share))
    whole = image_rows(drawing.rows(range(drawing.height), noisy))
    if drawing.tile_side > 6:  # finer ones are made smaller before they are drawn
        assert np.abs(found - whole).max() <= 6
    assert [tile.row for tile in asked] == sorted((tile.row for tile in asked), reverse=True)


def test_tiles_above_a_band_are_forgotten(qapp: object, context: TaskContext) -> None:
    drawing = MapDrawing(contents(), 3.0, BARE)
    living: list[int] = []
    made: list[weakref.ref[QImage]] = []

    def decode(tiles: list[Tile]) -> list[QImage]:
        images = [noisy(tile) for tile in tiles]
        made.extend(map(weakref.ref, images))
        return images

    def count(rows: npt.NDArray[np.uint8]) -> None:
        living.append(sum(image() is not None for image in made))

    draw_bands(drawing, decode, context, count, 900 * 20)
    total = len(visible_tiles(VIEW, 42.0))
    assert 0 < max(living) < total / 2


def test_a_very_wide_picture_is_drawn_to_its_right_end(
    qapp: object, tmp_path: Path, context: TaskContext
) -> None:
    wide = contents(view=Viewport(0, 0, 40, 400, 8), path=np.array([[-9, 0], [9, 0]], np.float32))
    drawing = MapDrawing(wide, 100.0, Included(axes=False, legend=False))
    write_map(tmp_path / "map.png", drawing, lambda tiles: [checked(t) for t in tiles], context)
    with Image.open(tmp_path / "map.png") as image:
        assert image.size == (40_000, 800)
        found = np.asarray(image.convert("L"))
    assert (found[395:405] == 255).all()
    assert len(np.unique(found[20, 33_000:])) == 2, "two tiles are there"


def test_a_tile_that_is_drawn_smaller_is_the_mean_of_its_pixels(qapp: object) -> None:
    stripes = np.zeros((64, 64, 1), np.uint8)
    stripes[:, ::2] = 200
    small = image_rows(_no_finer(to_image(stripes), 8))
    assert small.shape == (8, 8, 3)
    assert np.abs(small.astype(int) - 100).max() < 12


def test_few_of_a_crowd_are_drawn_as_those_of_a_usual_set(qapp: object) -> None:
    crowd = replace(many(), chosen=None)
    near = replace(VIEW, scale=400.0)
    index = crowd.index
    order = np.argsort(index.row)
    xy = np.stack([index.x, index.y], 1)[order]
    usual = contents(view=near, points=xy, point_colours=crowd.colours[order])
    one, other = (
        image_rows(draw_map(found, checked, 3.0, BARE))
        for found in (contents(view=near, crowd=crowd), usual)
    )
    assert (one == other).all()
    assert (one != image_rows(draw_map(contents(view=near), checked, 3.0, BARE))).any()


def test_points_of_a_crowd_keep_their_size(qapp: object) -> None:
    found = replace(contents(tiles=False), crowd=replace(many(), chosen=None))
    plain = image_rows(draw_map(contents(tiles=False), checked, 1.0, BARE))[0, 0]
    shares = [
        float((image_rows(draw_map(found, checked, ratio, BARE)) != plain).any(2).mean())
        for ratio in (1.0, 4.0, 11.0)
    ]
    assert max(shares) < 1.5 * min(shares)


# -- the service -------------------------------------------------------------------------------


@pytest.fixture
def shelf(tiny_model: "Model") -> ModelShelf:
    found = ModelShelf()
    found.add(tiny_model)
    return found


def request(path: Path | None, **values: Any) -> MapExport:
    plane = axis_plane(2)
    asked = MapExport(path, 1, contents(), plane, None, 2.0, BARE)
    return replace(asked, **values)


def test_the_file_is_what_the_decoder_draws(
    qapp: object, shelf: ModelShelf, tiny_model: "Model", tmp_path: Path, context: TaskContext
) -> None:
    path = _export_map(shelf, request(tmp_path / "map.png"), context)
    assert isinstance(path, Path)
    assert [found.name for found in tmp_path.iterdir()] == ["map.png"]
    with Image.open(path) as image:
        drawn: npt.NDArray[np.uint8] = np.asarray(image.convert("L"))
    assert drawn.shape == (400, 600)
    tile = next(t for t in visible_tiles(VIEW, 42.0) if np.hypot(*t.centre) < t.size)
    picture = decode(tiny_model, np.array([tile.centre], np.float32), None)[0][0, :, :, 0]
    left, bottom = tile.column * tile.size, tile.row * tile.size
    x, y = (round(2 * value) for value in VIEW.pixel(left, bottom + tile.size))
    side = round(2 * tile.size * VIEW.scale)
    block = drawn[y : y + side, x : x + side]
    shrunk = np.asarray(Image.fromarray(block).resize((8, 8), Image.Resampling.BOX))
    assert np.abs(shrunk.astype(int) - picture).mean() < 12


def test_without_a_file_it_is_only_drawn(
    qapp: object, shelf: ModelShelf, context: TaskContext
) -> None:
    drawn = _export_map(shelf, request(None), context)
    assert isinstance(drawn, QImage)
    assert (drawn.width(), drawn.height()) == (600, 400)


def test_a_conditional_model_is_drawn_under_its_class(
    qapp: object, tiny_model: "Model", context: TaskContext
) -> None:
    from models.autoencoder import Autoencoder, Config

    config = Config(
        method="cvae", image_shape=(1, 8, 8), latent_size=2, width=16, depth=1, classes=3
    )
    shelf = ModelShelf()
    shelf.add(replace(tiny_model, autoencoder=Autoencoder(config).eval().requires_grad_(False)))
    one, other = (_export_map(shelf, request(None, label=label), context) for label in (0, 2))
    assert one != other


def test_the_map_of_a_line_can_be_drawn(qapp: object) -> None:
    line = replace(busy_contents(), line_only=True)
    assert not draw_map(line, checked, 1.0, Included()).isNull()


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_cancelled_it_leaves_what_was_there(
    qapp: object, shelf: ModelShelf, tmp_path: Path, share: float
) -> None:
    stop = Cancel()

    def report(what: str, done: int, total: int) -> None:
        if done >= share * total:
            stop.set()

    path = tmp_path / "map.png"
    path.write_bytes(b"older")
    with pytest.raises(Cancelled):
        _export_map(shelf, request(path), TaskContext(report, stop))
    assert path.read_bytes() == b"older"
    assert [found.name for found in tmp_path.iterdir()] == ["map.png"]


def test_a_bad_place_is_one_clear_message(
    qapp: object, shelf: ModelShelf, tmp_path: Path, context: TaskContext
) -> None:
    with pytest.raises(DataError, match=r"nowhere.*cannot be written.*choose another place"):
        _export_map(shelf, request(tmp_path / "nowhere" / "map.png"), context)


@needs_file_limit
def test_a_full_disk_is_one_clear_message_and_keeps_the_older_file(
    qapp: object, shelf: ModelShelf, tmp_path: Path, context: TaskContext
) -> None:
    path = tmp_path / "map.png"
    path.write_bytes(b"older")
    with small_disk(2000), pytest.raises(DataError, match=r"cannot be written.*choose another"):
        _export_map(shelf, request(path), context)
    assert path.read_bytes() == b"older"
    assert [found.name for found in tmp_path.iterdir()] == ["map.png"]


def test_a_model_that_was_closed_is_told(qapp: object, context: TaskContext) -> None:
    with pytest.raises(DataError, match="was closed"):
        _export_map(ModelShelf(), request(None), context)


# -- the dialog --------------------------------------------------------------------------------


def asked(qtbot: QtBot, path: Path, size: tuple[int, int] = (760, 560)) -> MapExportDialog:
    dialog = MapExportDialog(
        MapChoice(path),
        lambda included: QSize(size[0] + 40 * included.axes, size[1]),
        lambda share: round(100 / share**2),
    )
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def part(dialog: QWidget, kind: type[Part], name: str) -> Part:
    found = dialog.findChild(kind, name)
    assert isinstance(found, kind)
    return found


def accept(dialog: MapExportDialog) -> MapChoice:
    heard: list[MapChoice] = []
    dialog.chosen.connect(heard.append)
    part(dialog, QPushButton, "mapExportAccept").click()
    return heard[0]


def test_scale_and_width_say_the_same(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = asked(qtbot, tmp_path / "map.png")
    scale = part(dialog, QComboBox, "mapExportScale")
    width = part(dialog, QSpinBox, "mapExportWidth")
    assert (scale.currentText(), width.value()) == ("2×", 1600)
    width.setValue(1200)
    assert scale.currentText() == "Other"
    width.setValue(2400)
    assert scale.currentText() == "3×"
    scale.setCurrentIndex(scale.findText("4×"))
    scale.activated.emit(scale.currentIndex())
    assert width.value() == 3200
    part(dialog, QCheckBox, "mapExport-axes").click()
    assert width.value() == 3040
    choice = accept(dialog)
    assert choice.ratio == 4
    assert choice.included == Included(axes=False)


def test_any_size_is_offered_and_what_it_costs_is_said(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = asked(qtbot, tmp_path / "map.png")
    width = part(dialog, QSpinBox, "mapExportWidth")
    assert "Roughly" not in note(dialog)
    width.selectAll()
    QTest.keyClicks(width, "20000")
    assert "20000 × 14000 pixels" in note(dialog), "told while it is typed"
    width.setValue(20_000)
    assert "20000 × 14000 pixels" in note(dialog)
    assert "Roughly" in note(dialog)
    assert "Many programs" not in note(dialog)
    width.setValue(40_000)
    assert "Many programs cannot open pictures with a side over 30,000 pixels" in note(dialog)
    assert 800 * accept(dialog).ratio == pytest.approx(40_000)


@pytest.mark.parametrize(
    ("pixels", "decode_seconds", "words"),
    [
        (1_000_000, 1.0, ""),
        (1_000_000, 600.0, "10 minutes"),
        (280_000_000, 10.0, "30 seconds"),
        (10**12, 0.0, "19 hours"),
        (10**13, 0.0, "8 days"),
    ],
)
def test_cost_is_told_in_words_that_suit_it(pixels: int, decode_seconds: float, words: str) -> None:
    told = cost_words(pixels, 20.0, decode_seconds)
    assert words in told
    assert bool(told) == bool(words)


def test_a_width_over_the_limit_becomes_the_limit_with_a_word(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = asked(qtbot, tmp_path / "map.png")
    width = part(dialog, QSpinBox, "mapExportWidth")
    assert f"at most {LONGEST_PX:,} pixels" in width.toolTip()
    width.selectAll()
    QTest.keyClicks(width, "1200000")
    assert width.cleanText() == "1200000", "a digit is missing"
    assert f"At most {LONGEST_PX:,} pixels across" in note(dialog)
    QTest.keyClick(width, Qt.Key.Key_Tab)
    width.clearFocus()
    width.interpretText()
    assert width.value() == LONGEST_PX
    assert f"At most {LONGEST_PX:,} pixels across" in note(dialog)
    width.setValue(1200)
    assert "At most" not in note(dialog)
    width.setValue(7)
    assert width.value() == 100
    assert "At least 100 pixels across" in note(dialog)


def note(dialog: MapExportDialog) -> str:
    return next(found.text() for found in dialog.findChildren(QLabel) if "×" in found.text())


def test_finer_tiles_are_more_and_the_note_counts_them(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = asked(qtbot, tmp_path / "map.png")
    part(dialog, QComboBox, "mapExportTiles").setCurrentIndex(1)
    notes = [label.text() for label in dialog.findChildren(QLabel)]
    assert "1600 × 1120 pixels; 400 tiles are decoded." in notes
    assert accept(dialog).tile_share == 0.5


@pytest.mark.parametrize("name", ["", "  ", "map.jpg", "map.png.txt"])
def test_a_name_that_cannot_be_written_cannot_be_exported(
    qtbot: QtBot, tmp_path: Path, name: str
) -> None:
    dialog = asked(qtbot, tmp_path / "map.png")
    part(dialog, QLineEdit, "mapExportPath").setText(name)
    assert not part(dialog, QPushButton, "mapExportAccept").isEnabled()
    part(dialog, QLineEdit, "mapExportPath").setText(str(tmp_path / "other"))
    assert accept(dialog).path == tmp_path / "other.png"


# -- the window --------------------------------------------------------------------------------


def test_the_window_copies_and_exports(qtbot: QtBot, tiny_model_file: Path, tmp_path: Path) -> None:
    with opened(qtbot, tiny_model_file) as found:
        window = found.window
        with qtbot.waitSignal(window.services.exporting.drawn, timeout=PATIENCE_MS):
            window.actions_by_name["copyMap"].trigger()
        picture = QGuiApplication.clipboard().image()
        view = window.map_panel.view
        assert picture.width() == 2 * view.width()
        assert picture.height() > 2 * view.height()  # its legend too
        assert "Copied the map" in window.messages.text()
        assert "no more" not in window.messages.text()
        window.services.exporting.drawn.emit(QImage(8192, 10, QImage.Format.Format_RGB32))
        assert "a copy has no more" in window.messages.text()
        window.actions_by_name["exportMap"].trigger()
        dialog = window.findChild(MapExportDialog)
        assert isinstance(dialog, MapExportDialog)
        part(dialog, QLineEdit, "mapExportPath").setText(str(tmp_path / "out.png"))
        with qtbot.waitSignal(window.services.exporting.exported, timeout=PATIENCE_MS):
            part(dialog, QPushButton, "mapExportAccept").click()
        with Image.open(tmp_path / "out.png") as image:
            assert image.size == (picture.width(), picture.height())
