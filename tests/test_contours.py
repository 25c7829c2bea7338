"""Contours: closed lines where a field crosses a level."""

import numpy as np
import pytest

from models.contours import contours

SIDE = 41
ROW, COLUMN = np.mgrid[:SIDE, :SIDE].astype(float)


def hill(column: float = 20.0, row: float = 20.0) -> np.ndarray:
    """How near to a place, in cells."""
    return np.asarray(-np.hypot(COLUMN - column, ROW - row))


def area(line: np.ndarray) -> float:
    """Signed, by the shoelace formula."""
    x, y = line.T
    return 0.5 * float(x @ np.roll(y, -1) - y @ np.roll(x, -1))


@pytest.mark.parametrize("radius", [3.3, 8.0, 17.5])
def test_the_contour_of_a_cone_is_a_circle(radius: float) -> None:
    (line,) = contours(hill(), -radius)
    np.testing.assert_allclose(np.hypot(*(line - 20.0).T), radius, atol=0.05)
    assert abs(area(line)) == pytest.approx(np.pi * radius**2, rel=0.02)
    steps = np.hypot(*(line - np.roll(line, 1, axis=0)).T)
    assert steps.max() <= np.sqrt(2) + 1e-9, "neighbours on a line are neighbours on the grid"


def test_a_slope_is_crossed_where_a_straight_line_would() -> None:
    (line,) = contours(COLUMN, 10.25)
    inside = line[line[:, 0] < 11]
    np.testing.assert_allclose(inside[:, 0], 10.25)
    assert len(inside) == SIDE


def test_two_hills_have_two_lines_and_a_ring_has_one_inside_the_other() -> None:
    apart = np.maximum(hill(8, 8), hill(30, 32))
    assert len(contours(apart, -5.0)) == 2
    ring = -np.abs(hill() + 12.0)
    outer, inner = sorted(contours(ring, -3.0), key=lambda line: -abs(area(line)))
    assert area(outer) * area(inner) < 0
    assert abs(area(outer)) == pytest.approx(np.pi * 15**2, rel=0.02)
    assert abs(area(inner)) == pytest.approx(np.pi * 9**2, rel=0.02)


def test_a_region_at_the_edge_is_closed_along_it() -> None:
    (line,) = contours(hill(0, 0), -10.0)
    assert line.min() == pytest.approx(0.0, abs=1e-6)
    assert abs(area(line)) == pytest.approx(np.pi * 100 / 4, rel=0.02)


def test_where_nothing_or_everything_is_above() -> None:
    assert contours(hill(), 1.0) == []
    (line,) = contours(np.ones((4, 6)), 0.0)
    assert abs(area(line)) == pytest.approx(3 * 5, abs=1e-6)


def test_corners_that_touch_are_closed_lines_too() -> None:
    board = np.indices((7, 7)).sum(0) % 2
    lines = contours(board, 0.5)
    assert sum(abs(area(line)) for line in lines) > 0
    assert len({tuple(point) for line in lines for point in line}) == sum(map(len, lines))


def test_what_is_no_number_lies_below_and_infinity_above() -> None:
    field = np.full((5, 5), np.nan)
    assert contours(field, 0.0) == []
    field[2, 2] = np.inf
    (line,) = contours(field, 0.0)
    assert np.isfinite(line).all()
    np.testing.assert_allclose(line.mean(0), 2.0)


def test_chance_fields_give_rings_of_neighbours() -> None:
    field = np.random.default_rng(0).standard_normal((23, 31))
    for line in contours(field, 0.3):
        assert len(line) >= 3
        assert np.abs(line - np.roll(line, 1, axis=0)).max() <= 1 + 1e-9
