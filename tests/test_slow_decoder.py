"""A decoder that takes a second an image: the map stays alive beside it, and fills in."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from explorer import workers
from explorer.rendering import DecodeRequest, DecodeResult, Slot, render
from explorer.viewport import Viewport, visible_tiles
from explorer.widgets.map_view import MARGIN_LEFT_PX, MapView
from tests.opened import PATIENCE_MS, Opened, opened
from tests.test_map_view import MOVE, NONE, PRESS, RELEASE, mouse

if TYPE_CHECKING:
    from models.model import Model


class SlowDecoder:
    """In the place of the decoder: says that it takes a second an image; waits for leave for each.

    `asked` are the slots and the numbers of images it has begun with, `done` what is over.
    """

    def __init__(self) -> None:
        self._leave = threading.Condition()
        self._allowed, self._free = 0, True
        self.asked: list[tuple[Slot, int]] = []
        self.done = 0

    def __call__(
        self, model: "Model", request: DecodeRequest, first: int, count: int
    ) -> DecodeResult:
        with self._leave:
            self.asked.append((request.slot, count))
            self._leave.wait_for(lambda: self._free or self._allowed > 0)
            self._allowed -= 0 if self._free else 1
        result = replace(render(model, request, first, count), seconds=float(count))
        self.done += 1
        return result

    @property
    def stuck(self) -> bool:
        """Whether it is in the middle of an image, waiting."""
        with self._leave:
            return len(self.asked) > self.done and not self._free and not self._allowed

    def hold(self) -> None:
        """From now on each image needs leave."""
        with self._leave:
            self._free = False

    def allow(self) -> None:
        """Leave for one image."""
        with self._leave:
            self._allowed += 1
            self._leave.notify()

    def let_go(self) -> None:
        """Leave for all."""
        with self._leave:
            self._free = True
            self._leave.notify()


class Watcher:
    """A layer of the map that notes where the handle A is whenever the map is painted."""

    def __init__(self, view: MapView) -> None:
        self._view = view
        self.seen: list[QPoint] = []
        view.on_top.append(self)

    def draw(self, painter: QPainter, view: Viewport, dark: bool) -> None:
        self.seen.append(self._view.position_of("A"))


@pytest.fixture
def decoder(monkeypatch: pytest.MonkeyPatch) -> SlowDecoder:
    found = SlowDecoder()
    monkeypatch.setattr(workers, "render", found)
    return found


@pytest.fixture
def slow(decoder: SlowDecoder, tiny_model_file: Path, qtbot: QtBot) -> Iterator[Opened]:
    """The window on such a model: its first viewport is filled, then the decoder is held."""
    with opened(qtbot, tiny_model_file) as found:
        decoder.hold()
        try:
            yield found
        finally:
            decoder.let_go()


def missing(window: Opened) -> int:
    """How many tiles in sight have not come."""
    view, mosaic = window.window.map_panel.view, window.window.mosaic
    tiles = visible_tiles(view.view, view.tile_px)
    return sum(mosaic.image(tile) is None for tile in tiles)


def there(window: Opened) -> int:
    """How many tiles have come that the map in sight needs, the coarse ones too."""
    view, mosaic = window.window.map_panel.view, window.window.mosaic
    tiles = visible_tiles(view.view, view.tile_px)
    wanted = {*tiles, *(tile.parent.parent for tile in tiles)}
    return sum(mosaic.image(tile) is not None for tile in wanted)


def drawn(view: MapView) -> QImage:
    """The map as it is painted."""
    image = QImage(view.size(), QImage.Format.Format_RGB32)
    view.render(image)
    return image


def zoomed_in(window: Opened, decoder: SlowDecoder) -> MapView:
    """The map where its tiles have not come: the decoder is in the middle of one."""
    view = window.window.map_panel.view
    view.zoom(4.3)
    window.qtbot.waitUntil(
        lambda: decoder.stuck and window.window.mosaic.busy,
        timeout=PATIENCE_MS,
    )
    assert missing(window) > 20
    return view


def test_coarse_tiles_stand_for_those_that_have_not_come(
    slow: Opened, decoder: SlowDecoder
) -> None:
    view = zoomed_in(slow, decoder)
    some = drawn(view)
    view.tile_image = lambda tile: None
    view.redraw_ground()
    none = drawn(view)
    left, size = MARGIN_LEFT_PX, (some.height(), some.width(), 4)
    with_tiles, without = (
        np.frombuffer(image.constBits(), np.uint8).reshape(size) for image in (some, none)
    )
    other = (with_tiles[:, left:, :3] != without[:, left:, :3]).any(2)
    assert other[: int(view.view.height)].mean() > 0.9  # the rest is points and handles
    assert decoder.stuck


def test_a_handle_is_dragged_and_the_map_panned_while_an_image_is_decoded(
    slow: Opened, decoder: SlowDecoder
) -> None:
    session, view = slow.window.session, zoomed_in(slow, decoder)
    watcher, before = Watcher(view), decoder.done
    session.set_latent(1, session.slice.lift(np.array([view.view.x, view.view.y], np.float32)))
    start = view.position_of("A")
    mouse(view, PRESS, start)
    for step in (QPoint(30, 10), QPoint(60, 35), QPoint(90, -20)):
        mouse(view, MOVE, start + step)
        slow.qtbot.waitUntil(
            lambda at=start + step: watcher.seen[-1:] == [at],  # type: ignore[misc] # a default is not inferred
            timeout=PATIENCE_MS,
        )
    mouse(view, RELEASE, start + QPoint(90, -20), held=NONE)
    wanted = view.view.to_plane(QPointF(start + QPoint(90 - MARGIN_LEFT_PX, -20)).toTuple())
    assert session.active is not None
    np.testing.assert_allclose(session.active.z, wanted, atol=1e-4)
    here = view.view
    mouse(view, PRESS, QPoint(MARGIN_LEFT_PX + 20, 20))
    mouse(view, MOVE, QPoint(MARGIN_LEFT_PX + 60, 50))
    mouse(view, RELEASE, QPoint(MARGIN_LEFT_PX + 60, 50), held=NONE)
    assert view.view == here.panned(40, 30)
    slow.qtbot.waitUntil(
        lambda: watcher.seen[-1] == start + QPoint(130, 10),
        timeout=PATIENCE_MS,
    )
    assert decoder.done == before  # nothing of it waited for a picture
    assert decoder.stuck


def test_the_picture_says_that_it_is_behind_its_handle(slow: Opened, decoder: SlowDecoder) -> None:
    session, words = slow.window.session, slow.window.findChild(QLabel, "pictureState")
    assert isinstance(words, QLabel)
    assert words.text() == "decoded, live"
    assert session.active_key is not None
    for place in (0.3, 0.4):
        session.set_latent(session.active_key, np.array([place, -0.4], np.float32))
        slow.qtbot.waitUntil(lambda: words.text() == "decoding …", timeout=PATIENCE_MS)
    decoder.let_go()
    slow.qtbot.waitUntil(lambda: words.text() == "decoded, live", timeout=PATIENCE_MS)


def test_the_map_fills_in_image_by_image_and_a_handle_comes_first(
    slow: Opened, decoder: SlowDecoder
) -> None:
    session, _ = slow.window.session, zoomed_in(slow, decoder)
    for more in range(there(slow) + 1, there(slow) + 4):
        decoder.allow()
        slow.qtbot.waitUntil(
            lambda now=more: there(slow) == now and decoder.stuck,  # type: ignore[misc] # nor here
            timeout=PATIENCE_MS,
        )
    before_drag = len(decoder.asked)
    assert session.active_key is not None
    session.set_latent(session.active_key, np.array([0.3, -0.4], np.float32))
    decoder.allow()
    slow.qtbot.waitUntil(
        lambda: len(decoder.asked) > before_drag,
        timeout=PATIENCE_MS,
    )
    assert decoder.asked[before_drag][0] is Slot.PICTURE
    assert {count for _, count in decoder.asked[2:]} == {1}
    decoder.let_go()
    slow.settle()
    slow.qtbot.waitUntil(lambda: missing(slow) == 0, timeout=PATIENCE_MS)
