"""Circles and ellipses are where they belong, at any size and whoever draws them."""

from collections.abc import Callable
from math import cos, pi, radians, sin

import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPen
from pytestqt.qtbot import QtBot

from explorer import dashes, theme
from explorer.overlay_drawing import draw_relief
from explorer.painting import Ellipse, draw_ellipses, draw_prior
from explorer.viewport import Viewport
from models.density import Grid
from models.relief import Relief

WIDTH, HEIGHT = 400, 300
SCALES = [1e2, 1e4, 1e6, 1e7]
ANGLES = [0.0, 22.5, 60.0, 200.0]  # degrees; between the ends of Qt's four curves it errs most


def inked(draw: Callable[[QPainter], None], view: Viewport) -> npt.NDArray[np.float64]:
    """The places [N, 2] in the plane of pixels that are drawn on."""
    image = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    draw(painter)
    painter.end()
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(HEIGHT, WIDTH, 4)
    rows, columns = np.nonzero(pixels[..., 0] > 120)  # blue
    x = view.x + (columns + 0.5 - WIDTH / 2) / view.scale
    y = view.y - (rows + 0.5 - HEIGHT / 2) / view.scale
    return np.stack([x, y], axis=1)


def prior(painter: QPainter, view: Viewport) -> None:
    draw_prior(painter, view, theme.colours(), False, True)


def prior_in_parts(painter: QPainter, view: Viewport) -> None:
    draw_prior(painter, view, theme.colours(), False, True, in_parts=True)


def prior_of_the_density(painter: QPainter, view: Viewport) -> None:
    grid = Grid(-1.0, -1.0, 1.0, 1.0, 2, 2)
    draw_relief(painter, view, Relief(grid, np.zeros((2, 2)), (), (), ()), True, True)


def own_dashes(painter: QPainter, view: Viewport) -> None:
    painter.setPen(QPen(QColor("#9cc6ff"), 2.0))
    box = QRectF(0, 0, WIDTH, HEIGHT)
    dashes.draw_circle(painter, QPointF(*view.pixel(0.0, 0.0)), view.scale, box)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("degrees", ANGLES)
@pytest.mark.parametrize("draw", [prior, prior_in_parts, prior_of_the_density, own_dashes])
def test_a_circle_is_true_at_any_scale(
    qtbot: QtBot, draw: Callable[[QPainter, Viewport], None], degrees: float, scale: float
) -> None:
    view = Viewport(cos(radians(degrees)), sin(radians(degrees)), scale, WIDTH, HEIGHT)
    places = inked(lambda painter: draw(painter, view), view)
    reach = np.hypot(*places.T)
    off_px = np.abs(reach[:, None] - np.arange(1, 4)).min(axis=1) * scale
    assert len(places) > 50
    assert np.median(off_px) < 1.2


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("degrees", ANGLES)
def test_a_posterior_is_true_at_any_scale(qtbot: QtBot, degrees: float, scale: float) -> None:
    ellipse = Ellipse(0.3, -0.2, 1.0, 0.6, pi / 5, 4)
    turn, t = np.array([cos(pi / 5), sin(pi / 5)]), radians(degrees)
    side = np.array([-turn[1], turn[0]])
    x, y = np.array([0.3, -0.2]) + cos(t) * turn + 0.6 * sin(t) * side
    view = Viewport(float(x), float(y), scale, WIDTH, HEIGHT)
    places = inked(lambda painter: draw_ellipses(painter, view, [ellipse]), view)
    away = places - [0.3, -0.2]
    reach = np.hypot(away @ turn, away @ side / 0.6)
    off_px = np.abs(reach[:, None] - np.arange(1, 3)).min(axis=1) * 0.6 * scale
    assert len(places) > 50
    assert np.median(off_px) < 1.2
