"""Between latent units and pixels: what is under the pointer stays there, tiles cover the view."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.viewport import (
    SCALE_RANGE,
    Tile,
    Viewport,
    ticks,
    tile_level,
    visible_tiles,
)

near = st.floats(-50, 50)
views = st.builds(
    Viewport,
    x=near,
    y=near,
    scale=st.floats(0.5, 5000),
    width=st.integers(1, 2000),
    height=st.integers(1, 2000),
)


@given(views, near, near)
def test_to_pixels_and_back(view: Viewport, x: float, y: float) -> None:
    np.testing.assert_allclose(view.to_plane(view.to_pixels([x, y])), [x, y], atol=1e-6)


@given(views, near, near)
def test_the_place_of_a_pixel_is_the_same_with_and_without_arrays(
    view: Viewport, px: float, py: float
) -> None:
    np.testing.assert_array_equal(view.place(px, py), view.to_plane([px, py]))


def test_up_on_the_plane_is_up_on_the_screen() -> None:
    view = Viewport(width=200, height=100, scale=10)
    np.testing.assert_allclose(view.to_pixels([0, 0]), [100, 50])
    np.testing.assert_allclose(view.to_pixels([1, 1]), [110, 40])


@given(views, st.floats(0.1, 10), st.floats(0, 1), st.floats(0, 1))
def test_zooming_keeps_what_is_under_the_pointer(
    view: Viewport, factor: float, across: float, down: float
) -> None:
    at = (across * view.width, down * view.height)
    before = view.to_plane(at)
    after = view.zoomed(factor, at)
    np.testing.assert_allclose(after.to_plane(at), before, rtol=1e-6, atol=1e-6)
    assert after.scale == pytest.approx(np.clip(view.scale * factor, *SCALE_RANGE), rel=1e-9)


@given(views, st.floats(-300, 300), st.floats(-300, 300))
def test_panning_moves_the_ground_with_the_pointer(view: Viewport, dx: float, dy: float) -> None:
    here = view.to_plane([10, 20])
    np.testing.assert_allclose(view.panned(dx, dy).to_pixels(here), [10 + dx, 20 + dy], atol=1e-4)


@given(views, near, near, st.floats(0.01, 40), st.floats(0.01, 40))
def test_fitting_shows_the_whole_box(
    view: Viewport, x: float, y: float, width: float, height: float
) -> None:
    fitted = view.fitted((x, y), (x + width, y + height))
    left, bottom, right, top = fitted.box
    slack = 1e-6 * (1 + abs(x) + abs(y))
    assert left <= x + slack
    assert bottom <= y + slack
    assert right >= x + width - slack
    assert top >= y + height - slack


def test_zooming_has_an_end() -> None:
    view = Viewport(width=100, height=100)
    for _ in range(200):
        view = view.zoomed(2)
    assert view.scale == SCALE_RANGE[1]
    for _ in range(200):
        view = view.zoomed(0.5)
    assert view.scale == SCALE_RANGE[0]
    assert np.isfinite(view.box).all()


@given(st.floats(-100, 100), st.floats(0.001, 1000), st.integers(1, 3000))
def test_ticks_are_round_and_inside(low: float, extent: float, length: int) -> None:
    marks = ticks(low, low + extent, length)
    assert len(marks) <= length / 50 + 2
    assert marks == sorted(marks)
    for mark in marks:
        assert low - 1e-6 * extent <= mark <= low + extent + 1e-6 * extent
    if len(marks) > 1:
        step = marks[1] - marks[0]
        leading = step / 10 ** np.floor(np.log10(step) + 1e-9)
        assert any(leading == pytest.approx(nice, rel=1e-3) for nice in (1, 2, 5, 10))


@given(st.floats(-100, 100), st.floats(0.001, 1000), st.integers(130, 3000))
def test_one_tick_alone_would_tell_no_scale(low: float, extent: float, length: int) -> None:
    assert len(ticks(low, low + extent, length)) >= 2


def test_no_ticks_on_an_axis_of_no_length() -> None:
    assert ticks(1.0, 1.0, 100) == []


@given(views, st.floats(20, 90))
def test_tiles_cover_the_view_and_none_is_beside_it(view: Viewport, tile_px: float) -> None:
    tiles = visible_tiles(view, tile_px)
    left, bottom, right, top = view.box
    assert min(tile.column * tile.size for tile in tiles) <= left
    assert max((tile.column + 1) * tile.size for tile in tiles) >= right
    assert min(tile.row * tile.size for tile in tiles) <= bottom
    assert max((tile.row + 1) * tile.size for tile in tiles) >= top
    assert len(set(tiles)) == len(tiles)
    side = tiles[0].size * view.scale
    assert tile_px / 1.5 < side < tile_px * 1.5


@given(st.integers(-5, 12), st.integers(-999, 999), st.integers(-999, 999))
def test_a_parent_covers_its_tile(level: int, column: int, row: int) -> None:
    tile = Tile(level, column, row)
    parent = tile.parent
    assert parent.size == 2 * tile.size
    assert parent.column * parent.size <= tile.column * tile.size
    assert (tile.column + 1) * tile.size <= (parent.column + 1) * parent.size
    assert abs(parent.centre[1] - tile.centre[1]) < tile.size


def test_tiles_stay_the_same_while_the_view_pans() -> None:
    view = Viewport(width=400, height=300, scale=100)
    some = set(visible_tiles(view, 42))
    assert len(some & set(visible_tiles(view.panned(30, 0), 42))) > 0.8 * len(some)
    assert tile_level(100, 42) == tile_level(110, 42)


lines = views.map(lambda view: view.as_line(line=True))


@given(lines, st.floats(0.1, 10), st.floats(0, 1), st.floats(0, 1), st.floats(-300, 300), near)
def test_a_line_stays_in_the_middle_however_it_is_looked_at(
    view: Viewport, factor: float, across: float, down: float, dx: float, x: float
) -> None:
    at = (across * view.width, down * view.height)
    zoomed, panned = view.zoomed(factor, at), view.panned(dx, 3 * dx)
    fitted = view.fitted((x, -7), (x + 1, 90))
    for seen in (zoomed, panned, fitted):
        assert seen.pixel(x, 0.0)[1] == view.height / 2
    assert zoomed.to_plane(at)[0] == pytest.approx(view.to_plane(at)[0], rel=1e-6, abs=1e-6)
    here = view.place(10, 20)
    assert panned.pixel(*here)[0] == pytest.approx(10 + dx, abs=1e-4)
    assert fitted.box[0] <= x + 1e-6 * (1 + abs(x))
    assert fitted.box[2] >= x + 1 - 1e-6 * (1 + abs(x))


@given(lines, near, st.floats(-0.5, 0.5))
def test_what_lies_off_a_line_is_as_high_at_every_scale(
    view: Viewport, x: float, share: float
) -> None:
    across, down = view.spread.pixel(x, share)
    assert across == pytest.approx(view.pixel(x, 0)[0], rel=1e-6, abs=1e-6)
    assert down == pytest.approx((0.5 - share) * view.height, abs=1e-6)
    np.testing.assert_allclose(view.spread.place(across, down), [x, share], atol=1e-6)


@given(views)
def test_points_of_a_plane_lie_where_they_lie(view: Viewport) -> None:
    assert view.spread is view
