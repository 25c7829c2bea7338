"""Where a small box stands beside a place of the map: in sight, clear of others, and calmly."""

from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSizeF

Side = Literal["above", "below", "right", "left"]
SIDES: tuple[Side, ...] = ("above", "below", "right", "left")
Boxes = Sequence[QRectF]

EDGE_PX, GAP_PX = 4.0, 4.0  # from the edge of the ground, and from what it keeps clear of
_LEAST_AWAY_PX = 8.0  # from its place, where there is no room for more
_ANYWHERE = float("inf")
_CALM_PX = 16.0  # the place may move so far before what was just left is come back to
_WAYS = tuple(QPointF(x, y) * _CALM_PX for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)))
_BETTER = 0.5  # another side is taken if less than that part is hidden there of what is here


class Beside:
    """Finds where a box stands; a place that moves by a pixel makes it jump once, never to and fro.

    `sides`, the best first; `away_px` from the place, across and down; so far aside, `far_px`, it
    still belongs to its place.
    """

    def __init__(
        self,
        sides: Sequence[Side] = SIDES,
        away_px: tuple[float, float] = (22.0, 14.0),
        far_px: float = 60.0,
    ) -> None:
        self._sides, self._away, self._far = tuple(sides), away_px, far_px
        self.side: Side | None = None  # where it stands
        self._felt: list[QRectF] = []  # what made it slide along that side
        self._hides = False  # whether there was no room at all

    def forget(self) -> None:
        """It stands nowhere any more."""
        self.side, self._felt, self._hides = None, [], False

    def box(
        self, size: QSizeF, at: QPointF, ground: QSizeF, covered: Boxes = (), never: Boxes = ()
    ) -> QRectF:
        """Where it stands beside `at`, on a ground from 0, 0.

        It keeps clear of both lists; where that cannot be, of `never` at any distance and as well
        as can be of `covered`; on too small a ground it stands over its place.
        """
        others = [*covered, *never]
        for side in self._sides:
            if self._stands(side, size, at, ground, others):
                return self._taken(side, size, at, ground, others)
        for side in () if self._hides else self._sides:
            if self._on(side, size, at, ground, others) is not None:
                return self._taken(side, size, at, ground, others)
        return self._least_hiding(size, at, ground, covered, never)

    def _stands(self, side: Side, size: QSizeF, at: QPointF, ground: QSizeF, others: Boxes) -> bool:
        """Whether there is room on a side: to spare, unless it stands free there already."""
        if self._on(side, size, at, ground, others) is None:
            return False
        moved = () if side == self.side and not self._hides else _WAYS
        return all(self._on(side, size, at + way, ground, others) is not None for way in moved)

    def _taken(
        self, side: Side, size: QSizeF, at: QPointF, ground: QSizeF, others: Boxes
    ) -> QRectF:
        if side != self.side:
            self.side, self._felt = side, []
        self._hides = False
        box = self._on(side, size, at, ground, others, self._felt)
        if box is None:
            self._felt, box = [], self._on(side, size, at, ground, others)
        assert box is not None
        slid = box != self._on(side, size, at, ground, ())
        self._felt = [one for one in others if slid and self._feels(one, box)]
        return box

    def _feels(self, other: QRectF, box: QRectF) -> bool:
        """Whether another makes the box slide along its side."""
        assert self.side is not None
        reach = _CALM_PX if other in self._felt else GAP_PX
        if not _lies(self.side):
            other, box = _mirrored(other), _mirrored(box)
        return _in_band(other, box, reach)

    def _on(
        self,
        side: Side,
        size: QSizeF,
        at: QPointF,
        ground: QSizeF,
        others: Boxes,
        felt: Boxes = (),
        far: float | None = None,
    ) -> QRectF | None:
        """As `box` on one side; none if there is no room. `felt` makes it slide from afar."""
        lies = _lies(side)
        if not lies:  # the same, mirrored in the diagonal
            at, size, ground = at.transposed(), size.transposed(), ground.transposed()
            others, felt = [_mirrored(one) for one in others], [_mirrored(one) for one in felt]
        width, height = size.width(), size.height()
        away = self._away[1] if lies else self._away[0]
        if side in ("above", "left"):
            y = max(at.y() - away - height, EDGE_PX)
            between = at.y() - y - height
        else:
            y = min(at.y() + away, ground.height() - height - EDGE_PX)
            between = y - at.y()
        if between < _LEAST_AWAY_PX:
            return None
        wanted = at.x() + self._away[0] if lies else at.x() - width / 2
        far = self._far if far is None else far
        x = _slid(wanted, QRectF(0, y, width, height), ground.width(), others, felt)
        if x is None or not at.x() - width - far <= x <= at.x() + far:
            return None
        box = QRectF(round(x), round(y), width, height)  # a picture on half a pixel is blurred
        return box if lies else _mirrored(box)

    def _least_hiding(
        self, size: QSizeF, at: QPointF, ground: QSizeF, covered: Boxes, never: Boxes
    ) -> QRectF:
        self._felt, self._hides = [], True
        costs = {
            side: self._cost(side, size, at, ground, covered, never, () if here else _WAYS)
            for side in self._sides
            for here in (side == self.side,)
        }
        best = min(self._sides, key=lambda side: costs[side])
        if self.side is None or costs[best] < _BETTER * costs[self.side]:
            self.side = best
        box = self._on(self.side, size, at, ground, never, far=_ANYWHERE)
        return self._over(size, at, ground, never) if box is None else box

    def _cost(
        self,
        side: Side,
        size: QSizeF,
        at: QPointF,
        ground: QSizeF,
        covered: Boxes,
        never: Boxes,
        ways: Sequence[QPointF],
    ) -> float:
        """The most that would be hidden on a side if its place moved so; infinite without room."""
        boxes = [
            self._on(side, size, at + way, ground, never, far=_ANYWHERE)
            for way in (QPointF(), *ways)
        ]
        return max(_ANYWHERE if box is None else _hidden(box, covered) for box in boxes)

    def _over(self, size: QSizeF, at: QPointF, ground: QSizeF, never: Boxes) -> QRectF:
        """Wherever it hides least of what it must not hide, be it the place itself."""
        columns = [at.x() + self._away[0], at.x() - self._away[0] - size.width()]
        rows = [at.y() - self._away[1] - size.height(), at.y() + self._away[1]]
        for other in never:
            columns += [other.left() - GAP_PX - size.width(), other.right() + GAP_PX]
            rows += [other.top() - GAP_PX - size.height(), other.bottom() + GAP_PX]
        boxes = [_inside(QRectF(QPointF(x, y), size), ground) for y in rows for x in columns]
        return min(boxes, key=lambda box: _hidden(box, never))


def _lies(side: Side) -> bool:
    """Whether a box on that side slides to and fro, not up and down."""
    return side in ("above", "below")


def _slid(wanted: float, band: QRectF, width: float, others: Boxes, felt: Boxes) -> float | None:
    """The x nearest to the one wanted at which the band's box is clear of others.

    What stands left of the middle of the ground pushes it to the right, what stands right of it
    to the left: so it slides with its place and does not jump over what is in its way.
    """
    low, high = EDGE_PX, width - band.width() - EDGE_PX
    for other in others:
        if not _in_band(other, band, _CALM_PX if other in felt else GAP_PX):
            continue
        if other.center().x() < width / 2:
            low = max(low, other.right() + GAP_PX)
        else:
            high = min(high, other.left() - GAP_PX - band.width())
    return max(low, min(wanted, high)) if low <= high else None


def _in_band(other: QRectF, band: QRectF, reach: float) -> bool:
    """Whether another is as high up as the band is, or nearer to that than `reach`."""
    return other.bottom() + reach > band.top() and other.top() - reach < band.bottom()


def _hidden(box: QRectF, others: Boxes) -> float:
    """How much of others it would lie on, in square pixels."""
    common = [box.intersected(other) for other in others]
    return sum(part.width() * part.height() for part in common)


def _inside(box: QRectF, ground: QSizeF) -> QRectF:
    x = max(EDGE_PX, min(box.x(), ground.width() - box.width() - EDGE_PX))
    y = max(EDGE_PX, min(box.y(), ground.height() - box.height() - EDGE_PX))
    return QRectF(x, y, box.width(), box.height())


def _mirrored(box: QRectF) -> QRectF:
    return QRectF(box.y(), box.x(), box.height(), box.width())
