"""Losses over epochs, with a readout under the pointer; importing this imports pyqtgraph.

That takes half a second, so whoever shows it imports it when it is first shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from explorer import theme

_SETTLED = 0.08  # of the epochs so far: what came before them does not stretch the axis
_MARGIN = 0.06
_STEP = 0.02  # of the axis: an arrow key's step
_ENOUGH = 8
_FILLED = 0.75
_MOST_POINTS = 250  # of a line: as many as there are pixels across
_NARROW_PX = 245


@dataclass(frozen=True)
class Term:
    """One loss: its key, the word for it, a shorter one, its colour on dark ground, its meaning."""

    key: str
    name: str
    short: str
    colour: str
    tip: str


@dataclass(frozen=True, eq=False)
class Line:
    """Values of a term over epochs, of images trained on or held out."""

    term: str
    held_out: bool
    epochs: Sequence[float]
    values: Sequence[float]

    def at(self, epoch: float) -> float:
        """The value at an epoch, straight between points."""
        return float(np.interp(epoch, self.epochs, self.values))


class LossPlot(QWidget):
    """Curves of losses in nats an image: solid for images trained on, dashed for held out."""

    def __init__(self, terms: Sequence[Term], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._terms = terms
        self._lines: list[Line] = []
        self._cursor: float | None = None
        self._across, self._values = 1.0, (0.0, 1.0)
        self._fitted: set[str] = set()  # terms that the range of values was found for
        self._numbered: bool | None = None
        self._buttons: dict[str, QToolButton] = {term.key: self._button(term) for term in terms}
        self._plot = pg.PlotWidget(self, background=None)
        self._items: dict[tuple[str, bool], pg.PlotDataItem] = {}
        self._mark = pg.InfiniteLine(angle=90, movable=False)
        self._readout = QLabel(self._plot)
        self._words = QLabel(self._plot)
        self._build()
        self._dress()

    def sizeHint(self) -> QSize:
        return QSize(320, 160)

    # -- what is shown ---------------------------------------------------------------------

    def set_lines(self, lines: Sequence[Line], missing: str = "") -> None:
        """Draw other lines. Terms without any cannot be chosen, for the reason `missing`."""
        self._lines = [line for line in lines if len(line.epochs)]
        shown = {line.term for line in self._lines}
        for term in self._terms:
            absent = bool(missing) and bool(shown) and term.key not in shown
            self._buttons[term.key].setEnabled(not absent)
            self._buttons[term.key].setToolTip(missing if absent else term.tip)
        for (key, held_out), item in self._items.items():
            line = next(
                (one for one in self._lines if (one.term, one.held_out) == (key, held_out)), None
            )
            item.setData(*(decimated(line, _MOST_POINTS) if line else ([], [])))
        self._words.setVisible(not self._lines)
        self._refresh()

    def set_words(self, words: str) -> None:
        """What stands there while there are no lines."""
        self._words.setText(words)

    def shown_terms(self) -> list[str]:
        """Keys of the terms whose lines are drawn."""
        return [
            key
            for key, button in self._buttons.items()
            if button.isChecked() and button.isEnabled()
        ]

    def readout(self) -> str:
        """The values at the cursor as plain text, or nothing where there is no cursor."""
        if self._cursor is None:
            return ""
        rows = [f"epoch {self._cursor:.1f}"]
        for term in self._terms:
            values = self._values_at(term.key)
            if values:
                rows.append(f"{term.name} " + ", ".join(f"{k} {v:.2f}" for k, v in values.items()))
        return "; ".join(rows)

    def range_shown(self) -> tuple[float, float]:
        """The lowest and highest value on the axis, in nats."""
        low, high = self._plot.getViewBox().viewRange()[1]
        return float(low), float(high)

    # -- building --------------------------------------------------------------------------

    def _button(self, term: Term) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"term-{term.key}")
        button.setText(term.name)
        button.setStyleSheet("padding: 1px 5px; min-height: 16px;")
        button.setIconSize(QSize(12, 12))
        button.setMinimumWidth(1)
        button.setCheckable(True)
        button.setChecked(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setAccessibleName(f"Show {term.name}")
        button.setToolTip(term.tip)
        button.toggled.connect(self._refresh)
        return button

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        row = QHBoxLayout()
        row.setSpacing(4)
        for button in self._buttons.values():
            row.addWidget(button)
        row.addStretch(1)
        layout.addLayout(row)
        layout.addWidget(self._plot, 1)
        self._build_plot()
        self._build_labels()

    def _build_plot(self) -> None:
        self._plot.setObjectName("lossCanvas")
        self._plot.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._plot.setAccessibleName("Losses over epochs")
        self._plot.setToolTip("")
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.setLabel("left", "nats")
        self._plot.setLabel("bottom", "epoch")
        self._plot.getViewBox().setDefaultPadding(0)
        for term in self._terms:
            for held_out in (False, True):
                item = self._plot.plot(antialias=True)
                item.setZValue(1 if held_out else 0)
                self._items[term.key, held_out] = item
        self._mark.hide()
        self._plot.addItem(self._mark, ignoreBounds=True)
        self._plot.scene().sigMouseMoved.connect(self._on_pointer_moved)
        self._plot.installEventFilter(self)

    def _build_labels(self) -> None:
        for label in (self._readout, self._words):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._words.setWordWrap(True)
        self._words.setProperty("role", "muted")
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._readout.setTextFormat(Qt.TextFormat.RichText)
        grid = QGridLayout(self._plot)
        grid.setContentsMargins(44, 4, 6, 30)
        grid.addWidget(self._readout, 0, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight)
        grid.addWidget(self._words, 0, 0)

    def minimumSizeHint(self) -> QSize:
        return QSize(184, 80)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for term in self._terms:
            narrow = self.width() < _NARROW_PX
            self._buttons[term.key].setText(term.short if narrow else term.name)

    # -- colours ---------------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._dress()
        super().changeEvent(event)

    def _dress(self) -> None:
        """Take on the colours of the scheme: pyqtgraph does not follow it by itself."""
        colours = theme.colours()
        for name in ("left", "bottom"):
            axis = self._plot.getAxis(name)
            axis.setPen(pg.mkPen(colours.border))
            axis.setTextPen(pg.mkPen(colours.muted))
            font = self.font()
            font.setPointSizeF(8.0)
            axis.setTickFont(font)
            axis.label.setFont(font)
            axis.setStyle(tickLength=-4)
        self._plot.getAxis("left").setWidth(42)
        self._plot.getAxis("bottom").setHeight(30)
        self._mark.setPen(pg.mkPen(colours.muted, width=1))
        for term in self._terms:
            colour = readable(term.colour, colours.dark)
            self._buttons[term.key].setIcon(_disc(colour))
            self._items[term.key, False].setPen(pg.mkPen(colour, width=1.4))
            dashed = pg.mkPen(colour, width=1.8, style=Qt.PenStyle.DashLine)
            self._items[term.key, True].setPen(dashed)
        self._say()

    # -- range -----------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Show the lines of the chosen terms and fit the axes to them."""
        chosen = set(self.shown_terms())
        for (key, _), item in self._items.items():
            item.setVisible(key in chosen)
        lines = [line for line in self._lines if line.term in chosen]
        last = max((line.epochs[-1] for line in lines), default=1.0)
        wanted = value_range(lines, last)
        # An axis that stands still is calm to look at, and cheap: pyqtgraph keeps its picture.
        self._across = round_up(last)
        self._values = wanted if chosen != self._fitted else roomy(self._values, wanted)
        self._fitted = chosen
        self._plot.setRange(xRange=(0.0, self._across), yRange=self._values, padding=0)
        if bool(lines) != self._numbered:
            self._numbered = bool(lines)
            self._plot.getAxis("left").setStyle(showValues=self._numbered)
            self._plot.getAxis("bottom").setStyle(showValues=self._numbered)
        self._say()

    # -- the cursor ------------------------------------------------------------------------

    def set_cursor_epoch(self, epoch: float | None) -> None:
        """Read the lines at an epoch, or nowhere."""
        self._cursor = epoch
        self._mark.setVisible(epoch is not None)
        if epoch is not None:
            self._mark.setPos(epoch)
        self._say()

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._step(Qt.Key(event.key()))
        if event.type() in (QEvent.Type.Leave, QEvent.Type.FocusOut):
            self.set_cursor_epoch(None)
        return False

    def _step(self, key: Qt.Key) -> bool:
        """Arrow keys move the cursor, Escape removes it; whether the key meant that."""
        low, high = self._plot.getViewBox().viewRange()[0]
        now = high if self._cursor is None else self._cursor
        step = _STEP * (high - low)
        target = {
            Qt.Key.Key_Left: now - step,
            Qt.Key.Key_Right: now + step,
            Qt.Key.Key_Home: low,
            Qt.Key.Key_End: high,
        }.get(key)
        if target is not None and self._lines:
            self.set_cursor_epoch(min(max(target, low), high))
            return True
        if key == Qt.Key.Key_Escape and self._cursor is not None:
            self.set_cursor_epoch(None)
            return True
        return False

    def _on_pointer_moved(self, at: QPointF) -> None:
        box = self._plot.getViewBox()
        if not self._lines or not box.sceneBoundingRect().contains(at):
            self.set_cursor_epoch(None)
            return
        self.set_cursor_epoch(float(box.mapSceneToView(at).x()))

    def _values_at(self, key: str) -> dict[str, float]:
        """The values of a term at the cursor, by what they are of, as far as lines reach."""
        if self._cursor is None or key not in self.shown_terms():
            return {}
        return {
            "held out" if line.held_out else "train": line.at(self._cursor)
            for line in self._lines
            if line.term == key and line.epochs[0] <= self._cursor <= line.epochs[-1]
        }

    def _say(self) -> None:
        """Put the values at the cursor, or the legend, into the corner; mirror them for readers."""
        colours = theme.colours()
        legend = f"<span style='color:{colours.muted}'>━━ train &nbsp; ╍╍ held out</span>"
        self._readout.setText(self._table() if self._cursor is not None else legend)
        self._readout.setVisible(bool(self._lines))
        self._plot.setAccessibleDescription(self.readout() or "Arrow keys read the values")

    def _table(self) -> str:
        """The values at the cursor as a small table."""
        colours = theme.colours()
        rows = f"<tr><td>epoch {self._cursor:.1f}&nbsp;</td><td align=right>&nbsp;train</td>"
        rows += "<td align=right>&nbsp;held out</td></tr>"
        for term in self._terms:
            values = self._values_at(term.key)
            if values:
                cells = "".join(
                    f"<td align=right>&nbsp;{values[kind]:.2f}</td>"
                    if kind in values
                    else "<td></td>"
                    for kind in ("train", "held out")
                )
                name = f"<td style='color:{readable(term.colour, colours.dark)}'>{term.name}</td>"
                rows += f"<tr>{name}{cells}</tr>"
        return f"<table cellspacing=0 style='color:{colours.text}'>{rows}</table>"


def value_range(lines: Sequence[Line], last: float) -> tuple[float, float]:
    """The lowest and highest value to show: without the first steep fall, if there is more."""
    settled = [
        value
        for line in lines
        for epoch, value in zip(line.epochs, line.values, strict=True)
        if epoch >= _SETTLED * last
    ]
    everything = [value for line in lines for value in line.values]
    values = settled if len(settled) >= _ENOUGH else everything
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    margin = _MARGIN * (high - low) or 0.5
    return low - margin, high + margin


def roomy(now: tuple[float, float], wanted: tuple[float, float]) -> tuple[float, float]:
    """The range as it is while the wanted one fills most of it, else the wanted one."""
    fits = now[0] <= wanted[0] and wanted[1] <= now[1]
    fills = wanted[1] - wanted[0] >= _FILLED * (now[1] - now[0])
    return now if fits and fills else wanted


def round_up(epochs: float) -> float:
    """The next of few round numbers of epochs."""
    power = 10.0 ** np.floor(np.log10(max(epochs, 1e-3)))
    steps = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
    return float(next(step * power for step in steps if step * power >= epochs * (1 - 1e-9)))


def decimated(line: Line, most: int) -> tuple[list[float], list[float]]:
    """Epochs and values of every n-th point and the last, where there are more than `most`."""
    step = max(1, -(-len(line.epochs) // most))
    keep = [*range(0, len(line.epochs) - 1, step), len(line.epochs) - 1]
    return [line.epochs[at] for at in keep], [line.values[at] for at in keep]


def readable(colour: str, dark: bool) -> str:
    """A colour made for dark ground, darkened for a light one."""
    return colour if dark else QColor(colour).darker(145).name()


def _disc(colour: str) -> QPixmap:
    """The colour of a line as a button's icon."""
    pixmap = QPixmap(20, 20)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawEllipse(4, 4, 12, 12)
    painter.end()
    return pixmap
