"""A box beside a place of the map: in sight, clear of what else is there, and calm."""

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSizeF, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from explorer.beside import SIDES, Beside
from explorer.stepping_aside import SteppingAside

GROUND = QSizeF(600, 300)
LEGEND, PLATE, OVERVIEW = (
    QRectF(8, 8, 232, 110),
    QRectF(8, 250, 170, 20),
    QRectF(442, 142, 150, 150),
)


def free(box: QRectF, *others: QRectF) -> bool:
    inside = QRectF(QPointF(), GROUND).contains(box)
    return inside and not any(box.intersects(other) for other in others)


def places(count: int = 300) -> list[QPointF]:
    drawn = np.random.default_rng(0).uniform((0, 0), (600, 300), (count, 2)).round()
    return [QPointF(x, y) for x, y in drawn.tolist()]


@pytest.mark.parametrize("size", [QSizeF(90, 105), QSizeF(280, 110), QSizeF(212, 76)])
def test_it_hides_nothing_where_there_is_room_and_is_beside_its_place(size: QSizeF) -> None:
    there = [LEGEND, PLATE]
    for at in places():
        if any(other.adjusted(-9, -9, 9, 9).contains(at) for other in there):
            continue  # not in the strip between one and the edge either
        box = Beside().box(size, at, GROUND, there)
        assert free(box, *there), at
        assert not box.contains(at)
        near = QRectF(at, at).adjusted(-61, -61, 61, 61)
        assert box.intersects(near)


def test_its_sides_are_taken_in_order() -> None:
    at, size = QPointF(300, 150), QSizeF(60, 60)
    where = {
        "above": lambda box: box.bottom() < at.y(),
        "below": lambda box: box.top() > at.y(),
        "right": lambda box: box.left() > at.x(),
        "left": lambda box: box.right() < at.x(),
    }
    for side in SIDES:
        found = Beside((side, *SIDES))
        assert where[side](found.box(size, at, GROUND))
        assert found.side == side


def test_what_must_not_be_hidden_is_not_while_what_is_covered_may_be() -> None:
    size, at = QSizeF(212, 76), QPointF(300, 150)
    lens = QRectF(310, 4, 280, 292)
    everywhere = [QRectF(0, 0, 600, 300)]
    box = Beside().box(size, at, GROUND, everywhere, [lens])
    assert free(box, lens)
    far = QRectF(0, 60, 600, 236)  # nothing is free but a strip at the top, far from the place
    box = Beside().box(QSizeF(100, 40), QPointF(300, 250), GROUND, (), [far])
    assert free(box, far)


def test_one_that_fits_nowhere_is_in_sight() -> None:
    box = Beside().box(QSizeF(590, 290), QPointF(300, 150), GROUND, [LEGEND])
    assert free(box)


@pytest.mark.parametrize("size", [QSizeF(90, 105), QSizeF(280, 120), QSizeF(360, 150)])
def test_a_pointer_that_trembles_makes_it_jump_once_at_most(size: QSizeF) -> None:
    there = [LEGEND, PLATE, OVERVIEW]
    for at in places():
        for way in (QPointF(1, 0), QPointF(0, 1), QPointF(-1, 1)):
            found = Beside()
            found.box(size, at - way * 8, GROUND, there)
            boxes = [found.box(size, at + way * (n % 2), GROUND, there) for n in range(8)]
            moved = [
                (one.topLeft() - other.topLeft()).manhattanLength()
                for one, other in pairwise(boxes)
            ]
            assert sum(step > 4 for step in moved) <= 1, (at, way, moved)


def test_asking_twice_changes_nothing() -> None:
    found, there = Beside(), [LEGEND, PLATE, OVERVIEW]
    for at in places():
        once = found.box(QSizeF(280, 120), at, GROUND, there)
        assert found.box(QSizeF(280, 120), at, GROUND, there) == once


# -- stepping aside --------------------------------------------------------------------------


def is_seen(widget: QWidget) -> bool:
    return widget.mask().isEmpty() or widget.mask().intersects(widget.rect())


@pytest.fixture
def ground(qtbot: QtBot) -> QWidget:
    found = QWidget()
    qtbot.addWidget(found)
    return found


def test_a_widget_steps_aside_while_it_lies_on_a_box_and_comes_back(
    ground: QWidget, qtbot: QtBot
) -> None:
    legend, hidden = QWidget(ground), QWidget(ground)
    for widget in (legend, hidden):
        widget.setGeometry(QRect(100, 100, 80, 40))
    aside, box = SteppingAside(ground), QRectF(170, 110, 60, 60)
    aside.make_room([legend, hidden], [QRectF(), box], None)
    qtbot.waitUntil(lambda: not is_seen(legend) and not is_seen(hidden))
    aside.make_room([legend], [box.translated(15, 0)], None)  # a little off: it waits
    qtbot.waitUntil(lambda: is_seen(hidden))  # whoever is no longer there is not forgotten
    assert not is_seen(legend)
    aside.make_room([legend], [box.translated(40, 0)], None)
    qtbot.waitUntil(lambda: is_seen(legend))


def test_a_widget_under_the_pointer_stays(ground: QWidget, qtbot: QtBot) -> None:
    legend, plate = QWidget(ground), QWidget(ground)
    plate.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    for widget in (legend, plate):
        widget.setGeometry(QRect(QPoint(100, 100), QPoint(180, 140)))
    aside = SteppingAside(ground)
    aside.make_room([legend, plate], [QRectF(90, 90, 99, 99)], QPointF(120, 120))
    qtbot.waitUntil(lambda: not is_seen(plate))  # to which the pointer is on the map
    assert is_seen(legend)
