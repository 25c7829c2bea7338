"""Losses over epochs, with a readout under the pointer; importing this imports pyqtgraph.

That takes half a second, so whoever shows it imports it when it is first shown.
"""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from explorer import theme
from explorer.loss_readout import Line, Mark, Reading, Term, low_table, plain, readings, table
from explorer.plot_ranges import decimated, roomy, round_up, value_range

_STEP = 0.02  # of the axis: an arrow key's step
_MOST_POINTS = 250  # of a line: as many as there are pixels across
_HEIGHTS = (0.66, 0.42, 0.18, 0.74, 0.54, 0.3, 0.08)  # where labels of changes can stand
_NEAR = 0.3  # of the axis: labels of changes that come so close together stand below each other
_LABEL_PX = 20  # of height that a label takes
_PX_A_LETTER = 6.5
_ROW_PX = 21
_AXIS_PX = 15
_TABLE_ROW_PX = 14
_LEGEND_PX = 20  # kept free of curves at the top
_MOST_HEADROOM = 0.3  # of the height of a low plot
_LEFT_PX, _RIGHT_PX = 48, 6  # beside the legend, which keeps off the numbers of the axis
_BUTTON_PX = 30  # of a term's button besides its letters


class LossPlot(QWidget):
    """Curves of losses: solid for images trained on, dashed for held out.

    A term is offered, by a button, while it has lines. A single term needs no button.
    """

    def __init__(
        self,
        terms: Sequence[Term],
        parent: QWidget | None = None,
        unit: str = "nats",
        name: str = "Losses over epochs",
    ) -> None:
        super().__init__(parent)
        self._terms: tuple[Term, ...] = ()
        self._lines: list[Line] = []
        self._epoch: float | None = None  # shown elsewhere, and read as long as nobody points
        self._pointed: float | None = None
        self._across, self._values = 1.0, (0.0, 1.0)
        self._fitted: set[str] = set()  # terms that the range of values was found for
        self._numbered: bool | None = None
        self._row_height = self._leading = self._leading_px = 0
        self._first: QWidget | None = None
        self._ground = ""
        self._unit = unit
        self._buttons: dict[str, QToolButton] = {}
        self._plot = pg.PlotWidget(self, background=None)
        self._items: dict[tuple[str, bool], pg.PlotDataItem] = {}
        self._mark = pg.InfiniteLine(angle=90, movable=False)
        self._marks: tuple[Mark, ...] = ()
        self._mark_items: list[pg.InfiniteLine] = []
        self._readout = QLabel(self._plot)
        self._words = QLabel(self._plot)
        self._build(name)
        self.set_terms(terms)

    def sizeHint(self) -> QSize:
        return QSize(320, 120)

    # -- what is shown ---------------------------------------------------------------------

    def set_terms(self, terms: Sequence[Term]) -> None:
        """Offer other terms; those that stay keep whether they are shown."""
        if self._terms == tuple(terms):
            return
        chosen = {key: button.isChecked() for key, button in self._buttons.items()}
        for button in self._buttons.values():
            button.hide()
            button.deleteLater()
        for item in self._items.values():
            self._plot.removeItem(item)
        if len(terms) > 1 and not self._row_height:
            self._row_height = _ROW_PX
            self._row.addStrut(_ROW_PX)  # so that nothing jumps when the first lines come
        self._terms, self._items, self._lines = tuple(terms), {}, []
        self._buttons = {term.key: self._button(term) for term in terms}
        for place, term in enumerate(terms):
            button = self._buttons[term.key]
            button.setChecked(chosen.get(term.key, True))
            button.toggled.connect(self._refresh)
            self._row.insertWidget(self._leading + place, button)
            for held_out in (False, True):
                item = self._plot.plot(antialias=True)
                item.setZValue(1 if held_out else 0)
                self._items[term.key, held_out] = item
        self._dress()
        self.set_lines(())

    def set_leading(self, widget: QWidget) -> None:
        """Put a widget before the buttons of the terms."""
        self._row.insertWidget(0, widget)
        self._leading, self._first = 1, widget

    def set_lines(self, lines: Sequence[Line]) -> None:
        """Draw other lines. Terms without any are not offered."""
        self._lines = [line for line in lines if len(line.epochs)]
        there = {line.term for line in self._lines}
        for key, button in self._buttons.items():
            button.setVisible(key in there and len(self._terms) > 1)
        for (key, held_out), item in self._items.items():
            line = next(
                (one for one in self._lines if (one.term, one.held_out) == (key, held_out)), None
            )
            drawn = (line.epochs, line.values) if line else ((), ())
            item.setData(*(decimated(drawn, _MOST_POINTS) if line else ([], [])))
        self._words.setVisible(not self._lines)
        self._name_buttons()
        self._refresh()

    def set_marks(self, marks: Sequence[Mark]) -> None:
        """Show what happened on the way as upright lines with a few letters."""
        if self._marks == tuple(marks):
            return
        self._marks = tuple(marks)
        for item in self._mark_items:
            self._plot.removeItem(item)
        self._mark_items = [self._mark_item(mark) for mark in marks]
        self._place_marks()

    def marks(self) -> tuple[Mark, ...]:
        """What is marked."""
        return self._marks

    def set_unit(self, unit: str) -> None:
        """Say what the values are in."""
        if unit != self._unit:
            self._unit = unit
            self._say()

    def legend(self) -> str:
        """What is drawn and in which unit, where no values are read."""
        held_out = "   ╍╍ held out" if any(line.held_out for line in self._lines) else ""
        return f"{self._unit} over epochs   ━━ train{held_out}"

    def set_words(self, words: str) -> None:
        """What stands there while there are no lines."""
        self._words.setText(words)

    def words(self) -> str:
        """What is said in place of lines, or nothing where there are some."""
        return "" if self._lines else self._words.text()

    def shown_terms(self) -> list[str]:
        """Keys of the terms whose lines are drawn."""
        there = {line.term for line in self._lines}
        return [key for key, button in self._buttons.items() if button.isChecked() and key in there]

    def readout(self) -> str:
        """The values at the cursor as plain text, or nothing where there is no cursor."""
        cursor = self._cursor()
        return "" if cursor is None else plain(cursor, self._read(cursor))

    def range_shown(self) -> tuple[float, float]:
        """The lowest and highest value on the axis."""
        low, high = self._plot.getViewBox().viewRange()[1]
        return float(low), float(high)

    # -- building --------------------------------------------------------------------------

    def _button(self, term: Term) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"term-{term.key}")
        button.setText(term.name)
        button.setIconSize(QSize(11, 11))
        button.setProperty("slim", True)
        button.setMinimumWidth(1)
        button.setCheckable(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setAccessibleName(f"Show {term.name}")
        button.setToolTip(term.tip)
        return button

    def _build(self, name: str) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self._row = QHBoxLayout()
        self._row.setSpacing(3)
        self._row.addStretch(1)
        layout.addLayout(self._row)
        layout.addWidget(self._plot, 1)
        self._build_plot(name)
        self._build_labels()

    def _build_plot(self, name: str) -> None:
        self._plot.setObjectName("lossCanvas")
        self._plot.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._plot.setAccessibleName(name)
        self._plot.setToolTip("")
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.setMinimumHeight(0)
        self._plot.getViewBox().setDefaultPadding(0)
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
        grid.setContentsMargins(_LEFT_PX, 2, _RIGHT_PX, 16)
        grid.addWidget(self._readout, 0, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight)
        grid.addWidget(self._words, 0, 0)

    def _place_marks(self) -> None:
        """Words stand where neither a curve nor other words are; they stay while that is so."""
        placed: list[tuple[float, float]] = []
        needed = 0.7 * _LABEL_PX / max(1, self._plot.height() - _AXIS_PX)
        for mark, item in zip(self._marks, self._mark_items, strict=True):
            taken = self._curves_near(mark.epoch)
            taken += [at for epoch, at in placed if abs(epoch - mark.epoch) < _NEAR * self._across]
            room = {at: min((abs(at - one) for one in taken), default=1.0) for at in _HEIGHTS}
            if room.get(item.label.orthoPos, 0.0) < needed:
                free = (at for at in _HEIGHTS if room[at] >= needed)
                item.label.setPosition(next(free, max(_HEIGHTS, key=lambda at: room[at])))
            placed.append((mark.epoch, item.label.orthoPos))

    def _curves_near(self, epoch: float) -> list[float]:
        """Where the curves are around an epoch, as shares of the height."""
        low, high = self.range_shown()
        places = epoch + np.linspace(-0.15, 0.15, 7) * self._across
        chosen, found = set(self.shown_terms()), list[float]()
        for line in self._lines:
            if line.term in chosen:
                there = places[(places >= line.epochs[0]) & (places <= line.epochs[-1])]
                values = np.interp(there, line.epochs, line.values)
                found += ((values - low) / (high - low)).tolist()
        return found

    def _mark_item(self, mark: Mark) -> pg.InfiniteLine:
        colours = theme.colours()
        pen = pg.mkPen(colours.muted, width=1, style=Qt.PenStyle.DotLine)
        anchors = [(0, 0.5), (1, 0.5)]  # on the side that has room for the words
        fill = pg.mkBrush(_faint(colours.panel))
        options = {"position": _HEIGHTS[0], "color": colours.text, "anchors": anchors, "fill": fill}
        item = pg.InfiniteLine(
            mark.epoch, angle=90, movable=False, pen=pen, label=mark.text, labelOpts=options
        )
        self._plot.addItem(item, ignoreBounds=True)
        return item

    def minimumSizeHint(self) -> QSize:
        return QSize(170, 60)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._name_buttons()
        self._fit()
        self._say()

    def _name_buttons(self) -> None:
        """Whole names where there is room for them, else short ones."""
        if self._first is not None:
            self._leading_px = self._first.sizeHint().width()
        there = [term for term in self._terms if not self._buttons[term.key].isHidden()]
        if any(term.cut for term in there):
            self._cut_names(there)
            return
        letters, room = sum(len(term.name) for term in there), self.width() - self._leading_px
        narrow = letters * _PX_A_LETTER + len(there) * _BUTTON_PX > room
        for term in there:
            self._buttons[term.key].setText(term.short if narrow else term.name)

    def _cut_names(self, there: Sequence[Term]) -> None:
        """Names cut in the middle as far as needed: how two of them differ is told at the end."""
        buttons = [self._buttons[term.key] for term in there]
        metrics, beside = self.fontMetrics(), 0
        for button in buttons:
            button.ensurePolished()
            metrics = button.fontMetrics()
            beside += button.sizeHint().width() - metrics.horizontalAdvance(button.text())
        beside += self._row.spacing() * (len(there) + self._leading)
        room = self.width() - self._leading_px - beside
        share = even_share([metrics.horizontalAdvance(term.name) for term in there], room)
        for term, button in zip(there, buttons, strict=True):
            button.setText(_cut_in_the_middle(term.name, metrics, share))

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
            axis.setStyle(tickLength=-4, tickTextOffset=2)
        self._plot.getAxis("left").setWidth(38)
        self._plot.getAxis("bottom").setHeight(_AXIS_PX)
        self._mark.setPen(pg.mkPen(colours.muted, width=1))
        for term in self._terms:
            colour = theme.readable(term.colour, colours.dark)
            self._buttons[term.key].setIcon(_disc(colour))
            self._items[term.key, False].setPen(pg.mkPen(colour, width=1.4))
            dashed = pg.mkPen(colour, width=1.8, style=Qt.PenStyle.DashLine)
            self._items[term.key, True].setPen(dashed)
        marks, self._marks = self._marks, ()
        self.set_marks(marks)
        self._say()

    # -- range -----------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Show the lines of the chosen terms and fit the axes to them."""
        chosen = set(self.shown_terms())
        for (key, _), item in self._items.items():
            item.setVisible(key in chosen)
        lines = [line for line in self._lines if line.term in chosen]
        last = max((line.epochs[-1] for line in lines), default=1.0)
        wanted = value_range([(line.epochs, line.values) for line in lines], last)
        # An axis that stands still is calm to look at, and cheap: pyqtgraph keeps its picture.
        self._across = round_up(last)
        self._values = wanted if chosen != self._fitted else roomy(self._values, wanted)
        self._fitted = chosen
        self._fit()
        if bool(lines) != self._numbered:
            self._numbered = bool(lines)
            self._plot.getAxis("left").setStyle(showValues=self._numbered)
            self._plot.getAxis("bottom").setStyle(showValues=self._numbered)
        self._say()

    def _fit(self) -> None:
        """Fit the axes, with headroom so that no curve runs below the legend."""
        height = max(1, self._plot.height() - _AXIS_PX)
        share = min(_LEGEND_PX / height, _MOST_HEADROOM)
        low, high = self._values
        top = low + (high - low) / (1.0 - share)
        self._plot.setRange(xRange=(0.0, self._across), yRange=(low, top), padding=0)
        self._place_marks()

    # -- the cursor ------------------------------------------------------------------------

    def set_cursor_epoch(self, epoch: float | None) -> None:
        """Read the lines at an epoch, or nowhere, as long as nobody points at another."""
        self._epoch = epoch
        self._show_cursor()

    def _point(self, epoch: float | None) -> None:
        self._pointed = epoch
        self._show_cursor()

    def _cursor(self) -> float | None:
        """The epoch that is read."""
        return self._epoch if self._pointed is None else self._pointed

    def _show_cursor(self) -> None:
        cursor = self._cursor()
        self._mark.setVisible(cursor is not None)
        if cursor is not None:
            self._mark.setPos(cursor)
        self._say()

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._step(Qt.Key(event.key()))
        if event.type() in (QEvent.Type.Leave, QEvent.Type.FocusOut):
            self._point(None)
        return False

    def _step(self, key: Qt.Key) -> bool:
        """Arrow keys move the cursor, Escape puts it back; whether the key meant that."""
        low, high = self._plot.getViewBox().viewRange()[0]
        cursor = self._cursor()
        now = high if cursor is None else cursor
        step = _STEP * (high - low)
        target = {
            Qt.Key.Key_Left: now - step,
            Qt.Key.Key_Right: now + step,
            Qt.Key.Key_Home: low,
            Qt.Key.Key_End: high,
        }.get(key)
        if target is not None and self._lines:
            self._point(min(max(target, low), high))
            return True
        if key == Qt.Key.Key_Escape and self._pointed is not None:
            self._point(None)
            return True
        return False

    def _on_pointer_moved(self, at: QPointF) -> None:
        box = self._plot.getViewBox()
        if not self._lines or not box.sceneBoundingRect().contains(at):
            self._point(None)
            return
        self._point(float(box.mapSceneToView(at).x()))

    def _read(self, epoch: float) -> list[Reading]:
        return readings(self._terms, self._lines, self.shown_terms(), epoch)

    def _say(self) -> None:
        """Put the values at the cursor, or the legend, into the corner; mirror them for readers."""
        cursor = self._cursor()
        if cursor is None:
            self._show_legend()
        else:
            self._readout.setText(self._table(cursor))
        ground = _faint(theme.colours().panel).name(QColor.NameFormat.HexArgb)
        if ground != self._ground:
            self._ground = ground
            self._readout.setStyleSheet(f"background: {ground};")
        self._readout.setVisible(bool(self._lines))
        self._plot.setAccessibleDescription(self.readout() or "Arrow keys read the values")

    def _show_legend(self) -> None:
        """All of it where it fits, else without the axis across, else the unit alone."""
        whole = self.legend()
        for text in (whole, whole.replace(" over epochs", ""), self._unit):
            self._readout.setText(self._legend(text))
            if self._readout.sizeHint().width() <= self.width() - _LEFT_PX - _RIGHT_PX:
                return

    def _legend(self, text: str) -> str:
        text = text.replace("   ", " &nbsp; ")
        return f"<span style='color:{theme.colours().muted}'><small>{text}</small></span>"

    def _table(self, epoch: float) -> str:
        low = self._plot.height() < (len(self.shown_terms()) + 2) * _TABLE_ROW_PX
        return (low_table if low else table)(epoch, self._read(epoch))


def even_share(widths: Sequence[int], room: int) -> int:
    """The most that each may have so that all fit into some room: those that need less leave it.

    At least 0, in the unit of the widths.
    """
    left = room
    for place, width in enumerate(sorted(widths)):
        share = left // (len(widths) - place)
        if width > share:
            return max(0, share)
        left -= width
    return max(widths, default=0)


def _cut_in_the_middle(name: str, metrics: QFontMetrics, room: int) -> str:
    """As many letters of a name as fit: Qt takes as many from each side, and so one too many."""
    if metrics.horizontalAdvance(name) <= room:
        return name
    for kept in range(len(name) - 1, 2, -1):
        text = f"{name[: kept // 2]}…{name[-(kept - kept // 2) :]}"
        if metrics.horizontalAdvance(text) <= room:
            return text
    return f"{name[:1]}…{name[-1:]}"


def _faint(colour: str) -> QColor:
    """A ground that lets what lies below it be guessed at."""
    ground = QColor(colour)
    ground.setAlpha(215)
    return ground


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
