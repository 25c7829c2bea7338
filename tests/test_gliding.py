"""Points on their way: each on its own straight line, never backwards."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from explorer.gliding import Floats, Glide, between, view_between
from explorer.viewport import Viewport

CLOUDS = arrays(np.float32, (7, 2), elements=st.floats(-50, 50, width=32))
SHARES = st.floats(0, 1)


@given(CLOUDS, CLOUDS, st.floats(0, 1000))
def test_a_glide_begins_and_ends_where_it_should(start: Floats, end: Floats, began: float) -> None:
    glide = Glide(start, end, began)
    np.testing.assert_array_equal(glide.at(began - 1), start)
    np.testing.assert_array_equal(glide.at(began), start)
    np.testing.assert_array_equal(glide.at(began + 2 * glide.seconds), end)


@given(CLOUDS, CLOUDS, SHARES)
def test_each_point_goes_its_own_straight_way(start: Floats, end: Floats, share: float) -> None:
    now = between(start, end, share)
    for row in range(len(start)):
        alone = between(start[row : row + 1], end[row : row + 1], share)
        np.testing.assert_array_equal(now[row : row + 1], alone)
    np.testing.assert_allclose(now, start + share * (end - start), atol=1e-3)


@given(st.lists(st.floats(-1, 2), min_size=2, max_size=20))
def test_time_never_runs_backwards(moments: list[float]) -> None:
    glide = Glide(np.zeros((1, 2), np.float32), np.ones((1, 2), np.float32), 0.0)
    shares = [glide.share(moment) for moment in sorted(moments)]
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)


@given(SHARES)
def test_a_view_on_its_way_lies_between_the_two(share: float) -> None:
    start, end = Viewport(0, 0, 10, 300, 200), Viewport(4, -2, 160, 300, 200)
    now = view_between(start, end, share)
    assert 10 <= now.scale <= 160.001
    assert 0 <= now.x <= 4
    assert -2 <= now.y <= 0
    assert (now.width, now.height) == (300, 200)


def test_a_view_on_its_way_begins_and_ends_where_it_should() -> None:
    start, end = Viewport(0, 0, 10, 300, 200), Viewport(4, -2, 160, 300, 200)
    assert view_between(start, end, 0.0) == start
    last = view_between(start, end, 1.0)
    assert (last.x, last.y, round(last.scale, 6)) == (4, -2, 160)
