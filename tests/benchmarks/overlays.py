"""Overlays: values of a cold viewport against one batch of the same, and drags under all."""

from collections.abc import Callable
from time import perf_counter

import torch
from PySide6.QtCore import QObject
from torch import Tensor

from explorer.overlays import TileValues
from explorer.rendering import DecodeRequest, DecodeResult, field, magnification
from explorer.session import Layers
from explorer.window import MainWindow
from models.model import Model
from tests.benchmarks import bare
from tests.benchmarks.real_window import MOVES_A_SECOND, Hand, open_window, wait_until
from tests.benchmarks.report import Options, Row, median, percentile, spread_ms

_VIEWPORTS, _MOVES, _WARM_UP_MOVES = 10, 1800, 120
_BUDGET_P50, _BUDGET_P99 = 0.004, 0.0083

Measure = Callable[[Model, Tensor, Tensor, Tensor | None], Tensor]


def overlays(options: Options) -> list[Row]:
    """Magnification and field of parts that nobody has seen; then a drag with all of it shown."""
    with open_window(options.model) as window:
        count = options.count(_VIEWPORTS)
        rows = [
            _values_row(window, window.overlays.magnification, magnification, count),
            _values_row(window, window.overlays.field, field, count),
        ]
        return [*rows, _drag_row(window, options)]


def _values_row(window: MainWindow, values: TileValues, measure: Measure, count: int) -> Row:
    kind = values.measured.kind
    window.session.set_layers(Layers(mosaic=False).with_layer(kind, True))
    watch = _Watch(window, values, measure)
    jumps = [watch.jump() for _ in range(count + 1)][1:]
    window.session.set_layers(Layers())
    coarse, whole, loops = (list(times) for times in zip(*jumps, strict=True))
    return Row(
        f"cold {kind}, {watch.rows} values",
        f"{spread_ms(whole)}; first p50 {1000 * median(coarse):.2f} ms",
        f"{spread_ms(loops)} (one batch)",
        median(whole) / median(loops),
        "",
        None,
        "in small chunks, so that a handle's decode need not wait",
    )


class _Watch(QObject):
    """Sends the map elsewhere and notes when values come."""

    def __init__(self, window: MainWindow, values: TileValues, measure: Measure) -> None:
        super().__init__()
        self._window, self._values, self._measure = window, values, measure
        self._came: list[float] = []
        self._request: DecodeRequest | None = None
        values.changed.connect(self._on_changed)
        window.services.decode_thread.decoded.connect(self._on_decoded)

    @property
    def rows(self) -> int:
        """How many values the last viewport took."""
        return 0 if self._request is None else len(self._request.z)

    def jump(self) -> tuple[float, float, float]:
        """Seconds to the first values, to all of them, and of one batch of the same."""
        view = self._window.map_panel.view
        wait_until(lambda: not self._values.busy, "the overlay")
        self._came.clear()
        start = perf_counter()
        view.set_view(view.view.panned(3.0 * view.view.width, 0.0))
        wait_until(lambda: bool(self._came) and not self._values.busy, "the overlay")
        return self._came[0] - start, self._came[-1] - start, self._bare()

    def _bare(self) -> float:
        request = self._request
        assert request is not None
        assert request.directions is not None
        model = self._window.services.shelf.get(request.model_key)
        assert model is not None
        torch.set_num_threads(1)
        label = None if request.label is None else torch.from_numpy(request.label)
        z, plane = torch.from_numpy(request.z), torch.from_numpy(request.directions)
        start = perf_counter()
        self._measure(model, z, plane, label)
        return perf_counter() - start

    def _on_changed(self) -> None:
        self._came.append(perf_counter())

    def _on_decoded(self, result: DecodeResult) -> None:
        if result.request.slot is self._values.measured.slot:
            self._request = result.request


def _drag_row(window: MainWindow, options: Options) -> Row:
    """A drag with mosaic, points, circles and every overlay on the map."""
    assert window.session.model is not None
    window.session.set_layers(Layers(density=True, magnification=True, field=True))
    window.map_panel.fit()
    wait_until(lambda: not (window.mosaic.busy or window.overlays.busy), "the overlays")
    model = window.services.shelf.get(window.session.model.key)
    assert model is not None
    loops = bare.frame_seconds(model, window.map_panel.view.size(), 240, MOVES_A_SECOND)
    hand = Hand(window)
    hand.drag(_WARM_UP_MOVES)
    frames = hand.drag(options.count(_MOVES))
    within = median(frames) <= _BUDGET_P50 and percentile(frames, 99) <= _BUDGET_P99
    return Row(
        "drag frame with all overlays",
        spread_ms(frames),
        f"{spread_ms(loops)} (decode, blit)",
        median(frames) / median(loops),
        "p50 <= 4 ms, p99 <= 8.3 ms",
        within,
    )
