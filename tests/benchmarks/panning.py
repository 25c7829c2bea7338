"""Pan and zoom frames with a million points on the map."""

from time import perf_counter

import numpy as np
from PySide6.QtCore import QEventLoop

from explorer.widgets.map_view import MapView
from tests.benchmarks.paint_watch import PaintWatch
from tests.benchmarks.real_window import live, open_window
from tests.benchmarks.report import Options, Row, median, percentile, spread_ms

_POINTS, _FRAMES = 1_000_000, 60
_BUDGET_P99 = 0.0167


def million_points(options: Options) -> list[Row]:
    """Move the map and wait until it is painted, again and again; the mosaic is switched off."""
    random = np.random.default_rng(0)
    xy = random.standard_normal((_POINTS, 2), np.float32)
    colours = random.integers(0, 256, (_POINTS, 3), np.uint8)
    with open_window(options.model) as window:
        view = window.map_panel.view
        view.show_tiles = False
        view.set_points(xy, colours)
        live(0.5)
        frames = _frames(view, options.count(_FRAMES))
        width, height = view.view.width, view.view.height
        loops = [_bare_seconds(xy, width, height) for _ in range(20)]
    return [
        Row(
            "pan or zoom, a million points",
            spread_ms(frames),
            f"{spread_ms(loops)} (counting them by pixel)",
            median(frames) / median(loops),
            "p99 <= 16.7 ms",
            percentile(frames, 99) <= _BUDGET_P99,
        )
    ]


def _frames(view: MapView, count: int) -> list[float]:
    """Seconds from each move of the map to its paint."""
    loop, watch = QEventLoop(), PaintWatch(view)
    watch.painted.connect(loop.quit)
    found = []
    for number in range(count):
        start = perf_counter()
        if number % 2:
            view.set_view(view.view.panned(3, 2))
        else:
            view.zoom(1.01 if number % 4 else 1 / 1.01)
        loop.exec()
        found.append(perf_counter() - start)
    watch.stop()
    return found


def _bare_seconds(xy: np.ndarray[tuple[int, int], np.dtype[np.float32]], w: int, h: int) -> float:
    """How many points fall on each pixel: the least that a picture of them takes."""
    start = perf_counter()
    column = ((xy[:, 0] + 4) * (w / 8)).astype(np.int32)
    row = ((xy[:, 1] + 4) * (h / 8)).astype(np.int32)
    np.bincount(np.clip(row * w + column, 0, w * h - 1), minlength=w * h)
    return perf_counter() - start
