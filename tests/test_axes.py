"""The numbers along the axes: at any zoom each is whole, apart from the next, and true."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QPainter

from explorer import theme
from explorer.axes import (
    MARGIN_BOTTOM_PX,
    MARGIN_LEFT_PX,
    Label,
    across,
    axis_font,
    draw_axes,
    up,
)
from explorer.viewport import Viewport

ORIGIN = QPointF(MARGIN_LEFT_PX, 0)


def views() -> list[Viewport]:
    random = np.random.default_rng(4)
    found = [
        Viewport(0, 0, 0.002, 900, 600),  # where −50000 stood as 50000
        Viewport(1.309, 1.3095, 2e6, 900, 600),  # where 1.30949 stood as 30949
        Viewport(-31250.125, -31250.125, 1e5, 900, 600),
    ]
    for scale in 10.0 ** np.linspace(-3, 7, 40):
        x, y = (random.standard_normal(2) * max(3.0, 100 / scale)).tolist()
        width, height = random.integers(200, 1500, 2).tolist()
        found.append(Viewport(x, y, float(scale), width, height))
    return found


def apart(labels: list[Label]) -> bool:
    boxes = [label.box for label in labels]
    return not any(
        one.intersects(other) for place, one in enumerate(boxes) for other in boxes[:place]
    )


def number(text: str) -> float:
    return float(text.replace("−", "-"))


@pytest.mark.parametrize("view", views(), ids=lambda view: f"{view.scale:.3g}")
def test_every_number_lies_in_its_margin_apart_from_the_others_and_says_its_value(
    qapp: object, view: Viewport
) -> None:
    metrics = QFontMetricsF(axis_font(QFont()))
    beside, below = up(view, ORIGIN, metrics), across(view, ORIGIN, metrics)
    assert below
    assert beside or view.height < 250
    assert apart(below)
    assert apart(beside)
    width, height = MARGIN_LEFT_PX + view.width, view.height + MARGIN_BOTTOM_PX
    for label in beside:
        assert 0 <= label.box.left() <= label.box.right() <= MARGIN_LEFT_PX
        assert 0 <= label.box.top() <= label.box.bottom() <= height
    for label in below:
        assert 0 <= label.box.left() <= label.box.right() <= width
        assert view.height <= label.box.top() <= label.box.bottom() <= height
    for label in beside + below:
        long, wide = metrics.horizontalAdvance(label.text), metrics.height()
        room = (label.box.height(), label.box.width()) if label.turned else ()
        assert (long, wide) <= (room or (label.box.width(), label.box.height()))
        assert number(label.text) == label.value
    for label in below:
        place = float(view.to_pixels([label.value, 0])[0]) + MARGIN_LEFT_PX
        assert label.box.center().x() == pytest.approx(place, abs=1e-6)
    for label in beside:
        place = float(view.to_pixels([0, label.value])[1])
        assert label.box.center().y() == pytest.approx(place, abs=1e-6)


@pytest.mark.parametrize("view", views()[:3], ids=lambda view: f"{view.scale:.3g}")
def test_nothing_is_drawn_outside_of_the_numbers_own_places(qapp: object, view: Viewport) -> None:
    image = QImage(
        MARGIN_LEFT_PX + view.width, view.height + MARGIN_BOTTOM_PX, QImage.Format.Format_RGB32
    )
    image.fill(0)
    painter = QPainter(image)
    draw_axes(painter, view, ORIGIN, theme.DARK, vertical=True)
    metrics = QFontMetricsF(painter.font())
    for label in [*up(view, ORIGIN, metrics), *across(view, ORIGIN, metrics)]:
        box = label.box.toAlignedRect()
        assert any(
            image.pixel(x, y) & 0xFFFFFF
            for x in range(box.left(), box.right())
            for y in range(box.top(), box.bottom())
        ), label.text
        painter.fillRect(box.adjusted(-1, -1, 1, 1), 0)
    painter.end()
    shown = np.frombuffer(image.constBits(), np.uint32) & 0xFFFFFF
    assert not shown.any()
