"""What the overlays draw: colours in order, arrows to scale, holes where they are."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.legends import figure
from explorer.overlay_drawing import (
    HOLE_COLOUR,
    VIRIDIS,
    Contours,
    Range,
    arrow_field,
    arrows,
    heat_image,
    heat_map,
    magnification_range,
    ramp,
)
from explorer.overlays import TileGrid
from explorer.painting import Drawn
from explorer.viewport import Viewport
from models.density import Mixture
from models.relief import Relief, near_relief, whole_relief

VIEW = Viewport(0, 0, 40, 320, 240)


def grid(function: Callable[[np.ndarray, np.ndarray], np.ndarray], level: int = 1) -> TileGrid:
    """Values of a function of the centres of 20 x 16 tiles around the middle."""
    row, column = np.mgrid[-8:8, -10:10]
    size = 2.0**-level
    found = np.asarray(function((column + 0.5) * size, (row + 0.5) * size), np.float32)
    return TileGrid(level, -10, -8, found[..., None] if found.ndim == 2 else found)


def drawn(layer: Drawn, view: Viewport = VIEW) -> QImage:
    image = QImage(view.width, view.height, QImage.Format.Format_ARGB32)
    image.fill(QColor("#000000"))
    painter = QPainter(image)
    layer.draw(painter, view, True)
    painter.end()
    return image


def light(image: QImage, x: int, y: int) -> float:
    return image.pixelColor(x, y).lightnessF()


def test_colours_run_from_dark_to_light() -> None:
    colours = ramp(VIRIDIS, np.linspace(0, 1, 64)).astype(float)
    luminance = colours @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) > 0).all()
    assert QColor(*ramp(VIRIDIS, 0.0).tolist()).name() == VIRIDIS[0]
    assert QColor(*ramp(VIRIDIS, 2.0).tolist()).name() == VIRIDIS[-1]


def test_a_heat_map_is_light_where_it_magnifies_and_upright(qapp: object) -> None:
    layer = heat_map()
    layer.show(grid(lambda x, y: np.exp(x + 2 * y)))
    image = drawn(layer)
    assert light(image, 290, 20) > light(image, 30, 20) > light(image, 30, 220)
    assert light(image, 290, 20) > light(image, 290, 220)


def test_a_heat_map_is_smooth(qapp: object) -> None:
    layer = heat_map()
    layer.show(grid(lambda x, y: np.exp(x)))
    image = drawn(layer)
    shades = [image.pixelColor(x, 120).green() for x in range(60, 260)]
    assert max(abs(a - b) for a, b in pairwise(shades)) <= 4


def test_magnifications_that_are_nearly_the_same_look_so(qapp: object) -> None:
    ends = magnification_range(grid(lambda x, y: 562 * (1 + 1e-4 * x)))
    assert ends is not None
    assert figure(ends.low) != figure(ends.high)
    image = heat_image(grid(lambda x, y: 562 * (1 + 1e-4 * x)), ends)
    shades = [image.pixelColor(x, 5) for x in range(image.width())]
    assert max(shade.green() for shade in shades) - min(shade.green() for shade in shades) < 10


def test_what_is_not_known_yet_is_transparent(qapp: object) -> None:
    known = grid(lambda x, y: np.where(x > 0, 3.0, np.nan))
    ends = magnification_range(known)
    assert ends is not None
    image = heat_image(known, ends)
    assert image.pixelColor(2, 5).alpha() == 0
    assert image.pixelColor(15, 5).alpha() > 100
    assert magnification_range(grid(lambda x, y: x * np.nan)) is None


def test_magnifications_of_zero_take_the_darkest_colour(qapp: object) -> None:
    found = heat_image(grid(lambda x, y: np.where(x > 0, 1.0, 0.0)), Range(0.5, 1.0))
    assert light(found, 2, 2) < light(found, 15, 2)


def test_arrows_are_to_scale_until_they_would_reach_the_next() -> None:
    steps = grid(lambda x, y: np.stack([0.1 + 0 * x, 0 * x - 0.2, 0 * x], -1))
    tails, pixels, lengths = arrows(VIEW, steps)
    np.testing.assert_allclose(pixels, [[4.0, 8.0]] * len(pixels), rtol=1e-5)
    np.testing.assert_allclose(lengths, np.hypot(0.1, 0.2), rtol=1e-5)
    np.testing.assert_allclose(tails[0], VIEW.to_pixels([-4.75, -3.75]))
    far = grid(lambda x, y: np.stack([30 + 0 * x, 40 + 0 * x, 0 * x], -1))
    _, pixels, lengths = arrows(VIEW, far)
    assert np.hypot(*pixels.T).max() < 0.5 * VIEW.scale
    np.testing.assert_allclose(pixels[:, 1] / pixels[:, 0], -4 / 3)
    np.testing.assert_allclose(lengths, 50)


def test_steps_that_are_no_numbers_have_no_arrow() -> None:
    steps = grid(lambda x, y: np.stack([np.where(x > 0, 0.1, np.nan), 0 * x, 0 * x], -1))
    tails, _, _ = arrows(VIEW, steps)
    assert len(tails) == steps.values[..., 0].size / 2


def test_arrows_are_seen(qapp: object) -> None:
    layer = arrow_field()
    layer.show(grid(lambda x, y: np.stack([-0.3 * x, -0.3 * y, 0 * x], -1)))
    bright = sum(
        light(drawn(layer), x, y) > 0.6 for x in range(0, 320, 2) for y in range(0, 240, 2)
    )
    assert bright > 100
    layer.show(None)
    assert drawn(layer).pixelColor(10, 10) == QColor("#000000")


def ring_of_data() -> Mixture:
    """Data on a circle of 1.5: a hole in the middle."""
    turn = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    mean = 1.5 * np.stack([np.cos(turn), np.sin(turn)], 1)
    return Mixture(mean, np.broadcast_to(0.04 * np.eye(2), (200, 2, 2)), 200)


@pytest.fixture
def ring() -> Relief:
    return whole_relief(ring_of_data(), has_prior=True, line=False)


def test_a_hole_is_tinted_where_it_is(ring: Relief, qapp: object) -> None:
    assert len(ring.holes) >= 1
    layer = Contours()
    layer.show(ring, with_prior=True)
    image, hole = drawn(layer), QColor(HOLE_COLOUR)
    inside = image.pixelColor(*(round(v) for v in VIEW.pixel(0.3, 0.35)))
    assert inside.red() > inside.green()
    assert inside.hslHue() == pytest.approx(hole.hslHue(), abs=12)
    on_data = image.pixelColor(*(round(v) for v in VIEW.pixel(-1.06, 1.06)))
    assert on_data.saturation() < 40 or abs(on_data.hslHue() - hole.hslHue()) > 40


def test_without_a_prior_there_is_no_hole() -> None:
    assert whole_relief(ring_of_data(), has_prior=False, line=False).holes == ()


def test_looked_at_closely_the_rings_are_the_same_but_finer(ring: Relief) -> None:
    near = near_relief(ring_of_data(), ring, (1.0, -0.5, 2.0, 0.5), 0.01, True)
    assert near.levels == ring.levels
    assert near.grid.cell[0] < ring.grid.cell[0] / 4
    for x, y in ((1.5, 0.0), (1.2, 0.3), (1.8, -0.4)):
        assert near.value(x, y) == pytest.approx(ring.value(x, y), rel=0.3)
    assert near.value(0, 0) is None


def test_on_a_line_there_are_curves(qapp: object) -> None:
    mean = np.stack([np.linspace(-1, 1, 50), np.zeros(50)], 1)
    covariance = np.zeros((50, 2, 2))
    covariance[:, 0, 0] = 0.1
    relief = whole_relief(Mixture(mean, covariance, 50), has_prior=True, line=True)
    layer = Contours()
    layer.show(relief, with_prior=True)
    image = drawn(layer)
    column = [y for y in range(240) if light(image, 160, y) > 0.3]
    assert column
    assert min(column) >= 240 * 0.6


def test_a_drawing_is_kept_until_something_changes(
    ring: Relief, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[int] = []
    monkeypatch.setattr("explorer.overlay_drawing.draw_relief", lambda *_: times.append(1))
    layer = Contours()
    layer.show(ring, with_prior=True)
    for _ in range(3):
        drawn(layer)
        layer.show(ring, with_prior=True)
    assert len(times) == 1
    drawn(layer, VIEW.panned(5, 0))
    assert len(times) == 2
    layer.show(ring, with_prior=False)
    drawn(layer, VIEW.panned(5, 0))
    assert len(times) == 3


def test_the_word_on_a_hole_is_in_the_colours_of_the_theme(
    ring: Relief, qapp: QApplication
) -> None:
    layer, before = Contours(), theme.colours().dark
    layer.show(ring, with_prior=True)
    theme.apply(qapp, True)
    dark = _light_pixels(drawn(layer))
    theme.apply(qapp, False)
    assert _light_pixels(drawn(layer)) > dark + 200  # a plate, not letters
    theme.apply(qapp, before)


def _light_pixels(image: QImage) -> int:
    bits = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return int((bits[..., :3].min(-1) > 180).sum())
