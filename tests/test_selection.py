"""Selected points, nearest points and areas drawn by hand: against brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.area_tool import AreaTool
from explorer.neighbours import nearest
from explorer.selection import How, Selection
from models.points import Points

numbers = st.lists(st.integers(0, 40), unique=True).map(sorted)


@given(first=numbers, second=numbers, how=st.sampled_from(["replace", "add", "remove"]))
def test_selections_join_as_sets_do(first: list[int], second: list[int], how: How) -> None:
    one, other = (np.array(rows, np.int64) for rows in (first, second))
    wanted = {
        "replace": set(second),
        "add": set(first) | set(second),
        "remove": set(first) - set(second),
    }[how]
    found = Selection(one).with_rows(other, how)
    assert found.rows.tolist() == sorted(wanted)
    assert np.flatnonzero(found.mask(41)).tolist() == sorted(wanted)


def data(count: int = 3000, latent_size: int = 5) -> Points:
    random = np.random.default_rng(4)
    mean = random.normal(size=(count, latent_size)).astype(np.float32)
    return Points(mean, np.zeros_like(mean), random.integers(0, 4, count))


def test_counts_by_class_and_mean_are_those_of_the_selected_points() -> None:
    points, rows = data(), np.arange(0, 3000, 7)
    assert points.label is not None
    selection = Selection(rows)
    wanted = [int((points.label[rows] == label).sum()) for label in range(4)]
    assert selection.counts(points, 4).tolist() == wanted
    np.testing.assert_allclose(selection.mean(points), points.mean[rows].mean(0), rtol=1e-4)
    assert selection.usual_class(points) == int(np.argmax(wanted))
    with pytest.raises(ValueError, match="no points"):
        Selection().mean(points)


def test_what_is_no_number_spoils_no_mean() -> None:
    points = data(50)
    points.mean[[3, 7]] = [[np.nan], [np.inf]]
    rows = np.arange(10)
    wanted = points.mean[np.setdiff1d(rows, [3, 7])].mean(0)
    np.testing.assert_allclose(Selection(rows).mean(points), wanted, rtol=1e-4)
    with pytest.raises(ValueError, match="finite"):
        Selection(np.array([3, 7])).mean(points)


@pytest.mark.parametrize("latent_size", [1, 5, 512])
def test_the_nearest_points_are_those_that_sorting_all_finds(latent_size: int) -> None:
    points = data(700, latent_size)
    z = np.full(latent_size, 0.3, np.float32)
    rows, distances = nearest(points.mean, z, 12)
    every = np.linalg.norm(points.mean.astype(np.float64) - z, axis=1)
    assert rows.tolist() == np.argsort(every, kind="stable")[:12].tolist()
    np.testing.assert_allclose(distances, every[rows], rtol=1e-5)


def test_equals_come_in_order_and_what_is_no_number_not_at_all() -> None:
    mean = np.zeros((6, 2), np.float32)
    mean[1] = np.nan
    mean[2] = 3e38
    rows, distances = nearest(mean, np.zeros(2, np.float32), 6)
    assert rows.tolist() == [0, 3, 4, 5]
    assert not distances.any()
    assert not len(nearest(mean[:0], np.zeros(2, np.float32), 3)[0])
    assert not len(nearest(mean, np.zeros(2, np.float32), 3, lambda: True)[0])


def test_a_rectangle_has_its_corners_where_it_began_and_ended() -> None:
    tool = AreaTool()
    tool.kind = "rectangle"
    tool.begin(1, 2)
    for x, y in ((1.5, 2.5), (3, -1)):
        tool.move(x, y, 100)
    assert tool.drawing
    corners = tool.end(100)
    assert corners is not None
    assert {tuple(corner) for corner in corners.tolist()} == {(1, 2), (3, 2), (3, -1), (1, -1)}
    assert not tool.drawing


def test_a_lasso_keeps_the_places_it_went_through_but_for_tiny_steps() -> None:
    tool = AreaTool()
    tool.kind = "lasso"
    tool.begin(0, 0)
    for x, y in ((0.001, 0), (1, 0), (1, 0.001), (1, 1)):
        tool.move(x, y, 100)
    corners = tool.end(100)
    assert corners is not None
    assert corners.tolist() == [[0, 0], [1, 0], [1, 1]]


@pytest.mark.parametrize("kind", ["rectangle", "lasso"])
def test_a_click_is_no_area(kind: str) -> None:
    tool = AreaTool()
    tool.kind = kind
    tool.begin(0, 0)
    tool.move(0.01, 0.01, 100)
    assert tool.end(100) is None
