"""Picking points against brute force: in a box, nearest a place, inside an outline."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.point_index import Floats, PointIndex


def clouds() -> list[Floats]:
    """Points of several kinds, some of them far out or on one spot."""
    random = np.random.default_rng(3)
    clusters = random.normal(0, 0.3, (4000, 2)) + random.integers(-2, 3, (4000, 2))
    far = random.normal(0, 1, (500, 2))
    far[::50] = [[1e9, -3e8]]
    line = np.stack([random.normal(0, 1, 300), np.zeros(300)], 1)
    return [
        np.asarray(points, np.float32)
        for points in (clusters, far, line, np.full((50, 2), 0.25), [[0.5, 0.5]], np.zeros((0, 2)))
    ]


CLOUDS = clouds()
places = st.floats(-3, 3, width=32)


def nearest_by_hand(xy: Floats, x: float, y: float, reach: float) -> int | None:
    squares = np.square(xy.astype(np.float64) - [x, y]).sum(1)
    if not len(squares) or squares.min() > reach * reach:
        return None
    return int(np.argmin(squares))


def odd_crossings(outline: list[tuple[float, float]], x: float, y: float) -> bool:
    """Whether a ray to the right crosses the outline an odd number of times."""
    odd = False
    for (x0, y0), (x1, y1) in zip(outline, [*outline[1:], outline[0]], strict=True):
        if (y0 <= y < y1 or y1 <= y < y0) and x < x0 + (y - y0) * ((x1 - x0) / (y1 - y0)):
            odd = not odd
    return odd


@pytest.mark.parametrize("xy", CLOUDS)
@given(x=places, y=places, reach=st.sampled_from([0.01, 0.1, 1.0]))
def test_the_nearest_point_is_the_one_that_looking_at_all_finds(
    xy: Floats, x: float, y: float, reach: float
) -> None:
    assert PointIndex.of(xy).nearest(x, y, reach) == nearest_by_hand(xy, x, y, reach)


@pytest.mark.parametrize("xy", CLOUDS)
@given(corners=st.tuples(places, places, places, places))
def test_a_box_holds_the_points_that_lie_in_it(
    xy: Floats, corners: tuple[float, float, float, float]
) -> None:
    left, right = sorted(corners[:2])
    bottom, top = sorted(corners[2:])
    inside = (xy >= [left, bottom]).all(1) & (xy <= [right, top]).all(1)
    found = PointIndex.of(xy).in_box(left, bottom, right, top)
    np.testing.assert_array_equal(found, np.flatnonzero(inside))


@pytest.mark.parametrize("xy", CLOUDS)
@given(outline=st.lists(st.tuples(places, places), min_size=3, max_size=12))
def test_an_outline_holds_the_points_with_an_odd_number_of_crossings(
    xy: Floats, outline: list[tuple[float, float]]
) -> None:
    found = PointIndex.of(xy[:400]).inside(outline)
    wanted = [row for row, (x, y) in enumerate(xy[:400].tolist()) if odd_crossings(outline, x, y)]
    assert found.tolist() == wanted


def test_what_is_no_number_is_nowhere() -> None:
    xy = np.array([[0, 0], [np.nan, 0], [0, np.inf], [1, 1]], np.float32)
    index = PointIndex.of(xy)
    assert len(index) == 2
    assert index.in_box(-9, -9, 9, 9).tolist() == [0, 3]
    assert index.nearest(1.1, 1, 0.5) == 3


def test_points_keep_the_numbers_they_are_given() -> None:
    index = PointIndex.of(np.array([[0, 0], [2, 2]], np.float32), np.array([7, 4]))
    assert index.nearest(2, 2, 0.1) == 4
    assert index.in_box(-1, -1, 3, 3).tolist() == [4, 7]


def test_an_outline_of_two_corners_holds_nothing_and_a_cancelled_one_neither() -> None:
    index = PointIndex.of(CLOUDS[0])
    assert not len(index.inside([(-9, -9), (9, 9)]))
    whole = [(-9, -9), (9, -9), (9, 9), (-9, 9)]
    assert len(index.inside(whole)) == len(CLOUDS[0])
    assert not len(index.inside(whole, lambda: True))


@pytest.mark.parametrize("xy", CLOUDS)
@given(x=places, y=places, reach=st.sampled_from([0.01, 0.1, 10.0]))
def test_the_company_of_a_place_is_what_counting_all_finds(
    xy: Floats, x: float, y: float, reach: float
) -> None:
    near = xy[np.hypot(*(xy.astype(np.float64) - [x, y]).T) <= reach]
    apart = len(np.unique(near, axis=0)) > 1
    assert PointIndex.of(xy).company(x, y, reach) == (len(near), apart)


def test_company_is_counted_as_far_up_as_across_where_the_view_is_stretched() -> None:
    index = PointIndex.of(np.array([(0, 0), (1, 0), (0, 0.09), (0, 0.3)], np.float32))
    assert index.company(0, 0, 1.0, stretch=10.0) == (3, True)
