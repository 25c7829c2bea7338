"""Small curves under the strip, one a row, sharing its horizontal axis."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer import painting, theme
from explorer.figures import figure


@dataclass(frozen=True, eq=False)
class Curve:
    """One value a frame; where the player stands `short`, value and `unit` are shown."""

    name: str
    short: str
    unit: str
    colour: str
    values: npt.NDArray[np.float64]


class Curves(QWidget):
    """Draws curves and, where the player stands, their values."""

    def __init__(self, gutter_px: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curves: Sequence[Curve] = ()
        self._scrub: int | None = None
        self._gutter_px = gutter_px
        self.setMinimumHeight(0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(600, 78)

    def set_curves(self, curves: Sequence[Curve]) -> None:
        """Draw other curves."""
        self._curves = curves
        self.update()

    def set_scrub(self, frame: int | None) -> None:
        """Say the values at a frame."""
        self._scrub = frame
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, colours = QPainter(self), theme.colours()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPointSizeF(8)
        painter.setFont(font)
        rows = max(len(self._curves), 1)
        height = self.height() / rows
        if height < 14:
            return
        for row, curve in enumerate(self._curves):
            top = row * height
            painter.setPen(QPen(QColor(colours.border), 1))
            painter.drawLine(0, int(top + height - 3), self.width(), int(top + height - 3))
            self._draw_curve(painter, curve, top + 4, height - 9)
            painter.setPen(QColor(colours.muted))
            box = QRectF(0, top, self._gutter_px - 4, height - 3)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, self._title(curve))

    def _title(self, curve: Curve) -> str:
        if self._scrub is None or self._scrub >= len(curve.values):
            return curve.name
        value = figure(curve.values[self._scrub], 2)
        return f"{curve.short} {value} {curve.unit}".rstrip()

    def _draw_curve(self, painter: QPainter, curve: Curve, top: float, height: float) -> None:
        values = curve.values
        if len(values) < 2 or not np.isfinite(values).all():
            return
        low, high = float(values.min()), float(values.max())
        span = high - low or 1.0
        cell = (self.width() - self._gutter_px) / len(values)
        xs = self._gutter_px + cell * (np.arange(len(values)) + 0.5)
        share = (values - low) / span if high > low else np.full(len(values), 0.5)
        ys = top + height * (1 - share)
        painter.setPen(QPen(QColor(curve.colour), 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painting.draw_line(painter, [QPointF(x, y) for x, y in zip(xs, ys, strict=True)])
        if self._scrub is not None and self._scrub < len(values):
            painter.setBrush(QColor(curve.colour))
            painter.drawEllipse(QPointF(xs[self._scrub], ys[self._scrub]), 3, 3)
