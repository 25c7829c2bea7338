"""A replay as a file: as many frames as asked for, as long, drawn as the map is."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import create_autospec, patch

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.animation import Format
from explorer.epochs import Run, list_epochs, loss_name, read_epoch, read_run
from explorer.exporting import Exporting, ReplayExport, _export_replay
from explorer.painting import Marker
from explorer.rendering import measure
from explorer.replay import Replay, ReplayState
from explorer.replay_drawing import MapLook, _caption, draw_replay, places
from explorer.replay_export import ReplayExports, _what
from explorer.replay_overlays import MOST_VALUES, Wanted, overlays_of
from explorer.session import Session
from explorer.settings import Settings
from explorer.viewport import Viewport
from explorer.widgets.export_dialog import ExportDialog
from explorer.widgets.map_view import MapView
from explorer.workers import Cancel, Cancelled, TaskContext
from models.errors import CheckpointError, DataError
from models.planes import axis_plane
from models.snapshots import epoch_file
from tests.epochs import trained
from tests.fakes import info, three
from tests.samples import Bytes

if TYPE_CHECKING:
    from models.data import DataSet
    from models.plans import Plan


@pytest.fixture
def plan(tmp_path: Path, tiny_data: "DataSet") -> "Plan":
    return trained(tmp_path, tiny_data)


@pytest.fixture
def context() -> TaskContext:
    return TaskContext(lambda what, done, total: None, Cancel())


def look_of(latent_size: int = 2) -> MapLook:
    plane = axis_plane(latent_size, 0, min(1, latent_size - 1))
    view = Viewport(0, 0, 40, 300, 200)
    return MapLook(view, 42.0, plane, plane, None, theme.colours(), has_prior=True)


def request(plan: "Plan", path: Path, context: TaskContext) -> ReplayExport:
    return ReplayExport(
        path=path,
        run=read_run(plan.folder, context),
        look=look_of().sized(150),
        format="gif",
        frames=12,
        frames_per_second=10.0,
        there_and_back=False,
        classes=3,
    )


def rgb(colour: QColor) -> tuple[int, int, int]:
    return colour.red(), colour.green(), colour.blue()


def test_the_file_is_as_long_as_asked_for(
    qapp: QApplication, plan: "Plan", tmp_path: Path, context: TaskContext
) -> None:
    path = _export_replay(request(plan, tmp_path / "replay.gif", context), context)
    with Image.open(path) as image:
        assert image.size == (150, 100)
        total = 0
        for frame in range(getattr(image, "n_frames", 1)):
            image.seek(frame)
            total += image.info["duration"]
    assert total == 1200


@pytest.mark.parametrize("format", ["apng", "png"])
def test_it_can_be_of_other_kinds(
    qapp: QApplication, plan: "Plan", tmp_path: Path, context: TaskContext, format: Format
) -> None:
    wish = replace(request(plan, tmp_path / f"replay.{format}", context), format=format)
    with Image.open(_export_replay(wish, context)) as image:
        assert image.size == ((150, 100) if format == "apng" else (12 * 150, 100))


def test_points_keep_the_colours_of_their_classes(
    qapp: QApplication, plan: "Plan", tmp_path: Path, context: TaskContext
) -> None:
    path = _export_replay(request(plan, tmp_path / "replay.gif", context), context)
    with Image.open(path) as image:
        seen = {colour for _, colour in image.convert("RGB").getcolors(100_000) or []}
    for label in range(3):
        pure = theme.class_colour(label)
        wanted = np.array([pure.red(), pure.green(), pure.blue()]) * 0.9
        gap = min(np.abs(np.array(colour) - wanted).max() for colour in seen)
        assert gap < 13.5, f"class {label} is not among the colours"


def test_handles_keep_their_colours_whatever_the_ground_is(
    qapp: QApplication, plan: "Plan", tmp_path: Path, context: TaskContext
) -> None:
    """Among the colours of a mosaic a palette of 256 has none for a few dots."""
    wish = request(plan, tmp_path / "replay.gif", context)
    markers = tuple(Marker(key, "A", key, 0.3 * key - 1.0, 0.0) for key in range(6))
    colourful = np.random.default_rng(0).integers(0, 256, (12, 100, 150, 3), np.uint8)

    def drawn(look: MapLook, *_: object) -> Bytes:
        frames = colourful.copy()
        for marker in look.markers:
            frames[:, 50, 10 * marker.key] = rgb(theme.handle_colour(marker.colour))
        return frames

    with patch("explorer.exporting.draw_replay", drawn):
        path = _export_replay(replace(wish, look=replace(wish.look, markers=markers)), context)
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    for marker in markers:
        wanted = rgb(theme.handle_colour(marker.colour))
        assert np.abs(pixels[50, 10 * marker.key] - wanted).max() <= 2


def test_frames_change_from_epoch_to_epoch(
    qapp: QApplication, plan: "Plan", context: TaskContext
) -> None:
    frames = draw_replay(look_of(), read_run(plan.folder, context), 8, context)
    assert frames.shape == (8, 200, 300, 3)
    assert all((one != other).any() for one, other in pairwise(frames))


@pytest.mark.parametrize(
    ("method", "size"), [("vae", 1), ("cvae", 2), ("ae", 3), ("flow-vae", 3), ("factor-vae", 3)]
)
def test_every_kind_of_model_can_be_drawn(
    qapp: QApplication,
    tmp_path: Path,
    tiny_data: "DataSet",
    context: TaskContext,
    method: str,
    size: int,
) -> None:
    plan = trained(tmp_path, tiny_data, method, size, epochs=2)
    look = replace(look_of(size), label=1, has_prior=method != "ae")
    assert len(draw_replay(look, read_run(plan.folder, context), 3, context)) == 3


@pytest.mark.parametrize("gone", [0, 1, 4])
def test_over_an_epoch_that_went_points_glide_on(
    qapp: QApplication, plan: "Plan", context: TaskContext, gone: int
) -> None:
    run = replace(read_run(plan.folder, context), loss={})
    epoch_file(plan.folder, gone).unlink()
    frames = draw_replay(replace(look_of(), mosaic=False), run, 16, context)
    frames = frames[:, :150]  # without the caption
    assert all((one != other).any() for one, other in pairwise(frames))


def test_without_any_epoch_it_is_said(
    qapp: QApplication, plan: "Plan", context: TaskContext
) -> None:
    run = read_run(plan.folder, context)
    for epoch in run.epochs:
        epoch_file(plan.folder, epoch).unlink()
    with pytest.raises(DataError, match="train the model again"):
        draw_replay(look_of(), run, 6, context)


def test_a_cancelled_export_leaves_no_file(
    qapp: QApplication, plan: "Plan", tmp_path: Path
) -> None:
    cancel = Cancel()

    def report(what: str, done: int, total: int) -> None:
        if done == 3:
            cancel.set()

    context = TaskContext(report, cancel)
    path = tmp_path / "replay.gif"
    path.write_bytes(b"older")
    with pytest.raises(Cancelled):
        _export_replay(request(plan, path, context), context)
    assert path.read_bytes() == b"older"
    assert not list(tmp_path.glob("*.part"))


def test_a_look_of_another_size_shows_the_same() -> None:
    look, small = look_of(), look_of().sized(75)
    assert (small.view.width, small.view.height) == (75, 50)
    assert small.view.box == pytest.approx(look.view.box)
    assert small.tile_px / small.view.scale == pytest.approx(look.tile_px / look.view.scale)


def test_frames_stand_evenly_from_the_first_epoch_to_the_last() -> None:
    assert places(5, 5) == [0, 1, 2, 3, 4]
    assert places(2, 3) == [0, 0.5, 1]
    assert places(1, 3) == [0, 0, 0]


def test_a_caption_says_which_loss_it_gives() -> None:
    run = Run(Path("x.run"), loss={3: 24.31}, loss_name="pseudo −ELBO")
    assert _caption(3, run) == "epoch 3  ·  held out pseudo −ELBO 24.3 nats"
    assert _caption(2, run) == "epoch 2"


def test_handles_and_path_are_on_every_frame(
    qapp: QApplication, plan: "Plan", context: TaskContext
) -> None:
    markers = (Marker(1, "A", 0, -1.0, 1.0, active=True), Marker(2, "B", 1, 1.0, 0.5))
    path = np.array([(-1.0, 1.0), (1.0, 0.5)], np.float32)
    bare, run = look_of(), read_run(plan.folder, context)
    look = replace(bare, markers=markers, path=path).sized(300)
    without, with_it = (draw_replay(one, run, 4, context).astype(int) for one in (bare, look))
    for marker in markers:
        x, y = (round(at) for at in look.view.pixel(marker.x, marker.y))
        there = np.s_[:, y - 6 : y + 7, x - 6 : x + 7]
        assert (without[there] != with_it[there]).any(3).mean((1, 2)).min() > 0.6
    x, y = (round(at) for at in look.view.pixel(0.0, 0.75))
    assert (with_it[:, y - 1 : y + 2, x].min(2).max(1) > 240).all(), "the path between them"


@pytest.mark.parametrize("name", ["density", "magnification", "field"])
@pytest.mark.parametrize(("method", "size"), [("vae", 1), ("cvae", 2), ("ae", 3), ("flow-vae", 3)])
def test_overlays_that_are_on_are_drawn_for_each_epoch(
    qapp: QApplication,
    tmp_path: Path,
    tiny_data: "DataSet",
    context: TaskContext,
    name: str,
    method: str,
    size: int,
) -> None:
    plan = trained(tmp_path, tiny_data, method, size, epochs=2)
    bare = replace(look_of(size), mosaic=False, points=False, has_prior=method != "ae")
    run = replace(read_run(plan.folder, context), loss={})
    without, with_it = (
        draw_replay(look, run, 3, context)[:, :150].astype(int)  # without the caption
        for look in (bare, replace(bare, overlays=Wanted(**{name: True})))
    )
    drawn = (without != with_it).any(-1)
    assert drawn.mean((1, 2)).min() > 0.002
    assert (with_it[0] != with_it[-1]).any(), "the same at every epoch"


def test_the_density_of_an_epoch_holds_its_points(
    qapp: QApplication, plan: "Plan", context: TaskContext
) -> None:
    look, found = look_of(), read_epoch(plan.folder, 4, context)
    overlays = overlays_of(
        Wanted(density=True), found, look.view, look.plane, look.plane, None, context
    )
    assert overlays.relief is not None
    assert found.info.points is not None
    held = [overlays.relief.value(x, y) or 0.0 for x, y in found.info.points.mean[:, :2].tolist()]
    assert np.mean(np.array(held) >= overlays.relief.levels[-1]) > 0.9


def test_values_of_a_large_picture_are_bounded_and_those_of_the_model(
    qapp: QApplication, plan: "Plan", context: TaskContext
) -> None:
    look, found = look_of(), read_epoch(plan.folder, 4, context)
    view = replace(look.view, scale=400.0, width=3000, height=2000)
    wanted = Wanted(magnification=True, field=True)
    overlays = overlays_of(wanted, found, view, look.plane, look.plane, None, context)
    assert overlays.heat is not None
    assert overlays.arrows is not None
    for grid in (overlays.heat, overlays.arrows):
        assert np.isfinite(grid.values).all()
        assert grid.values[..., 0].size < 3 * MOST_VALUES  # with those around the view
    middle = overlays.heat.at(0.1, 0.1)
    size = 2.0**-overlays.heat.level
    centre = (np.floor(np.array([[0.1, 0.1]]) / size) + 0.5) * size
    z = look.plane.lift(centre.astype(np.float32))
    assert middle == pytest.approx(
        measure(found.model, "magnification", z, look.plane.basis, None)[0], rel=1e-4
    )


def test_overlays_can_be_cancelled(qapp: QApplication, plan: "Plan", context: TaskContext) -> None:
    look, found = look_of(), read_epoch(plan.folder, 4, context)
    stop = Cancel()
    stop.set()
    told = TaskContext(lambda what, done, total: None, stop)
    with pytest.raises(Cancelled):
        overlays_of(Wanted(field=True), found, look.view, look.plane, look.plane, None, told)


def test_the_dialog_says_what_is_drawn_and_what_is_not() -> None:
    plain = _what(12, Wanted())
    assert plain.startswith("The map as it is shown now, over 12 epochs.")
    assert "no posteriors of images, no selections" in plain
    assert "field computed for each" in _what(12, Wanted(field=True))
    some = _what(12, Wanted(density=True, magnification=True, field=True))
    assert "density, magnification and field computed for each" in some


def test_a_dialog_that_was_closed_is_gone(qtbot: QtBot, tmp_path: Path) -> None:
    window, session = QWidget(), Session()
    qtbot.addWidget(window)
    session.set_model(info(), three(), (0, 1))
    replay, settings = create_autospec(Replay, instance=True), create_autospec(Settings)
    replay.state = ReplayState(Run(tmp_path / "x.safetensors.run", (0, 1)))
    settings.folder.return_value = str(tmp_path)
    exports = ReplayExports(session, replay, create_autospec(Exporting), settings, window)
    exports.ask(MapView(window).contents())
    dialog = window.findChild(ExportDialog)
    assert dialog is not None
    with qtbot.waitSignal(dialog.destroyed):
        dialog.reject()
    session.deleteLater()


# -- reading -------------------------------------------------------------------------------


def test_a_folder_says_its_epochs_and_how_well_each_did(plan: "Plan", context: TaskContext) -> None:
    run = read_run(plan.folder, context)
    assert {0, 1, 2, 4} <= set(run.epochs)
    assert run.total == 4
    assert run.loss.keys() == {1, 2, 3, 4}
    assert run.loss[4] < run.loss[1]
    assert run.loss_name == "pseudo −ELBO"
    assert list_epochs(plan.folder, context).epochs == run.epochs


def test_an_epoch_knows_which_it_is_and_the_final_model_is_none(
    plan: "Plan", context: TaskContext
) -> None:
    found = read_epoch(plan.folder, 2, context)
    assert (found.info.epoch, found.info.path) == (2, Path(plan.out))
    assert found.size_bytes > 0
    assert read_epoch(plan.folder, None, context).info.epoch is None
    with pytest.raises(CheckpointError):
        read_epoch(plan.folder, 9, context)


@pytest.mark.parametrize(
    ("terms", "pseudo", "name"),
    [
        (("elbo", "reconstruction"), False, "−ELBO"),
        (("elbo", "reconstruction"), True, "pseudo −ELBO"),
        (("reconstruction",), True, "reconstruction"),
    ],
)
def test_a_loss_is_called_what_it_is(terms: tuple[str, ...], pseudo: bool, name: str) -> None:
    assert loss_name(terms, pseudo) == name


def test_no_folder_is_no_error(tmp_path: Path, context: TaskContext) -> None:
    assert read_run(tmp_path / "nothing.run", context).epochs == ()
