"""Panning and zooming over a million points, frame by frame, against a bare blit of a picture."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import cos, pi, sin
from pathlib import Path
from time import perf_counter

import numpy as np
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QWidget

from explorer.viewport import Viewport
from explorer.window import MainWindow
from models import load
from models.checkpoint import save
from models.points import Points
from tests.benchmarks.real_window import live, open_window, wait_until
from tests.benchmarks.report import Options, Row, percentile, spread_ms

_POINTS, _CLASSES = 1_000_000, 10
_FRAMES = 300
_FRAME_SECONDS = 1 / 60
_BUDGET_MS = 16.7


def million_points(options: Options) -> list[Row]:
    """A pan and a zoom over a million points of ten classes, with all else that the map shows."""
    with _model_file(options.model) as path, open_window(path) as window:
        wait_until(lambda: not window.points.busy, "the points to be drawn")
        bare = _bare(window, options.count(_FRAMES))
        moves = {"pan": _panned, "zoom": _zoomed}
        return [_row(window, name, move, bare, options) for name, move in moves.items()]


@contextmanager
def _model_file(model: Path) -> Iterator[Path]:
    """The model with a million points: its own, each many times, moved about a little."""
    found, random = load(model), np.random.default_rng(0)
    assert found.points is not None
    assert found.points.label is not None
    rows = random.integers(0, len(found.points), _POINTS)
    mean = found.points.mean[rows]
    mean += random.normal(0, 0.05, mean.shape).astype(np.float32)
    points = Points(mean, found.points.log_variance[rows], found.points.label[rows] % _CLASSES)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "million.safetensors"
        save(replace(found, points=points), path)
        yield path


def _panned(start: Viewport, turn: float) -> Viewport:
    """Around in a circle, some ten pixels a frame."""
    return start.panned(round(260 * (cos(turn) - 1)), round(200 * sin(turn)))


def _zoomed(start: Viewport, turn: float) -> Viewport:
    """Sixteen times nearer and back, about a place away from the middle."""
    factor = 16.0 ** ((1 - cos(turn)) / 2)
    return start.zoomed(factor, (0.4 * start.width, 0.45 * start.height))


def _row(
    window: MainWindow,
    name: str,
    move: Callable[[Viewport, float], Viewport],
    bare: list[float],
    options: Options,
) -> Row:
    view, frames = window.map_panel.view, options.count(_FRAMES)
    window.map_panel.fit()
    wait_until(lambda: not window.points.busy and not window.mosaic.busy, "the map to be drawn")
    start, seconds = view.view, []
    for frame in range(frames):
        began = perf_counter()
        view.set_view(move(start, 4 * pi * frame / frames))
        view.repaint()
        seconds.append(perf_counter() - began)
        live_until(began + _FRAME_SECONDS)
    p99 = 1000 * percentile(seconds, 99)
    return Row(
        f"million points, {name}",
        spread_ms(seconds),
        spread_ms(bare) + " (blit)",
        percentile(seconds, 50) / percentile(bare, 50),
        f"p99 <= {_BUDGET_MS:g} ms",
        p99 <= _BUDGET_MS,
        f"{_POINTS:,} points in {_CLASSES} classes and the mosaic, 60 frames a second",
    )


def live_until(moment: float) -> None:
    """Let the window live until it is so late, as `perf_counter` tells it."""
    QCoreApplication.processEvents()
    while perf_counter() < moment:
        QCoreApplication.processEvents()


class _Picture(QWidget):
    """Shows a picture of its own size and nothing else."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.resize(parent.size())
        self._pixmap = QPixmap(self.size())
        self._pixmap.fill(QColor("#456789"))

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).drawPixmap(0, 0, self._pixmap)


def _bare(window: MainWindow, frames: int) -> list[float]:
    """Seconds that it takes to put a picture of the map's size on the screen."""
    picture, seconds = _Picture(window.map_panel.view), []
    picture.show()
    live(0.2)
    for _ in range(frames):
        began = perf_counter()
        picture.repaint()
        seconds.append(perf_counter() - began)
        live_until(began + _FRAME_SECONDS)
    picture.hide()
    picture.deleteLater()
    return seconds
