"""A figure with its terms as bars to one scale."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from explorer import figures


@dataclass(frozen=True)
class Term:
    """One row; `tip` says what it is and how it was computed."""

    name: str
    value: float
    colour: str
    tip: str


class _Bar(QWidget):
    """A bar of a share of the width."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.share, self.colour = 0.0, "#000000"
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(80, 9)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(0, 0, 0, 0))
        painter.setBrush(QColor(self.colour))
        width = max(3.0, self.share * self.width())
        painter.drawRoundedRect(QRectF(0, 0, width, self.height()), 3, 3)


class TermBars(QWidget):
    """A title, its figure, and a bar for each term; all in nats."""

    def __init__(self, rows: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self._title, self._figure = QLabel(self), QLabel(self)
        for label in (self._title, self._figure):
            label.setProperty("role", "title")
        self._grid.addWidget(self._title, 0, 0, 1, 2)
        self._grid.addWidget(self._figure, 0, 2)
        self._rows: list[tuple[QLabel, _Bar, QLabel]] = []
        for _ in range(rows):
            self._add_row()

    def set_terms(self, title: str, figure: str, terms: Sequence[Term], tip: str) -> None:
        """Show other terms."""
        self._title.setText(title)
        self._figure.setText(figure)
        self._title.setToolTip(tip)
        self._figure.setToolTip(tip)
        while len(self._rows) < len(terms):
            self._add_row()
        largest = max((abs(term.value) for term in terms), default=1.0) or 1.0
        for (name, bar, value), term in zip(self._rows, terms, strict=False):
            name.setText(term.name)
            bar.share, bar.colour = abs(term.value) / largest, term.colour
            bar.update()
            value.setText(figures.figure(term.value))
            for widget in (name, bar, value):
                widget.setToolTip(term.tip)

    def _add_row(self) -> None:
        row = len(self._rows) + 1
        name, bar, value = QLabel(self), _Bar(self), QLabel(self)
        name.setProperty("role", "muted")
        for column, widget in enumerate((name, bar, value)):
            self._grid.addWidget(widget, row, column)
        self._rows.append((name, bar, value))
