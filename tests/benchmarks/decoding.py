"""The decode service and the mosaic against the bare decode of the same latents."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QCoreApplication, QEventLoop, QObject

from explorer.rendering import DecodeRequest, DecodeResult, Slot
from explorer.window import MainWindow
from explorer.workers import DecodeThread, ModelShelf
from models.checkpoint import load
from models.model import Model
from tests.benchmarks import bare
from tests.benchmarks.paint_watch import PaintWatch
from tests.benchmarks.real_window import live, open_window, wait_until
from tests.benchmarks.report import Options, Row, median, percentile, spread_ms
from tests.benchmarks.untrained import write_conv_model

Floats = npt.NDArray[np.float32]

_TRIPS = 2000
_VIEWPORTS = 20
_BUDGET_ABOVE, _BUDGET_MOSAIC, _BUDGET_COARSE = 0.0005, 1.3, 0.05


def round_trip(options: Options) -> list[Row]:
    """From a request in the GUI thread to its result in a slot there, one at a time."""
    app = QCoreApplication.instance() or QCoreApplication([])
    model, shelf = load(options.model), ModelShelf()
    thread = DecodeThread(shelf)
    client = _Client(thread, shelf.add(model), model)
    thread.start()
    trips, decodes = [], []
    try:
        for _ in range(options.count(_TRIPS)):
            decodes += bare.decode_seconds(model, 1)
            trips.append(client.ask())
    finally:
        thread.stop()
        app.processEvents()
    above = median(trips) - median(decodes)
    return [
        Row(
            "decode round trip",
            f"{spread_ms(trips)}: {1000 * above:.2f} ms above",
            spread_ms(decodes),
            median(trips) / median(decodes),
            "<= 0.5 ms above at the median",
            above <= _BUDGET_ABOVE,
        )
    ]


class _Client(QObject):
    """Asks for one decode at a time."""

    def __init__(self, thread: DecodeThread, model_key: int, model: Model) -> None:
        super().__init__()
        label = bare.one_class(model)
        z, classes = bare.one_latent(model).numpy(), None if label is None else label.numpy()
        self._request = DecodeRequest(Slot.PICTURE, model_key, z, classes)
        self._thread, self._loop, self._came = thread, QEventLoop(), 0.0
        thread.decoded.connect(self._on_decoded)

    def ask(self) -> float:
        """Seconds until the decode is here."""
        asked = perf_counter()
        self._thread.submit(self._request)
        self._loop.exec()
        return self._came - asked

    def _on_decoded(self, result: DecodeResult) -> None:
        self._came = perf_counter()
        self._loop.quit()


def cold_mosaic(options: Options) -> list[Row]:
    """The map jumps to parts of the plane that nobody has seen; all their tiles are decoded."""
    return _mosaic_rows(options.model, options.model.stem, options.count(_VIEWPORTS))


def cold_mosaic_conv(options: Options) -> list[Row]:
    """The same with a decoder that takes its time."""
    with TemporaryDirectory() as name:
        model = Path(name, "conv.safetensors")
        write_conv_model(model)
        return _mosaic_rows(model, "64x64 conv", options.count(_VIEWPORTS // 2))


def _mosaic_rows(model: Path, name: str, viewports: int) -> list[Row]:
    with open_window(model) as window:
        watch = _MosaicWatch(window)
        jumps = [watch.jump() for _ in range(viewports + 1)][1:]
    decoded = [jump.decoded for jump in jumps]
    painted = [jump.painted for jump in jumps]
    coarse = [jump.coarse for jump in jumps]
    loops = [jump.bare for jump in jumps]
    ratio = median(decoded) / median(loops)
    return [
        Row(
            f"cold mosaic, {name}, {jumps[0].tiles} tiles",
            f"{spread_ms(decoded)}; painted p50 {1000 * median(painted):.2f} ms",
            f"{spread_ms(loops)} (one batch)",
            ratio,
            f"ratio <= {_BUDGET_MOSAIC}",
            ratio <= _BUDGET_MOSAIC,
        ),
        Row(
            f"first coarse tiles, {name}",
            spread_ms(coarse),
            "",
            None,
            f"<= {1000 * _BUDGET_COARSE:.0f} ms",
            percentile(coarse, 99) <= _BUDGET_COARSE,
        ),
    ]


@dataclass(frozen=True)
class _Jump:
    """Seconds from a jump: to the first coarse tiles painted, all tiles decoded, all painted."""

    tiles: int
    coarse: float
    decoded: float
    painted: float
    bare: float


class _MosaicWatch(QObject):
    """Sends the map elsewhere and notes when tiles come and when they are painted."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._window, self._map = window, window.map_panel.view
        self._came: list[float] = []  # whenever the map was told of more tiles
        self._painted: list[float] = []
        self._watch = PaintWatch(self._map)
        self._watch.painted.connect(self._on_painted)
        window.mosaic.tiles_changed.connect(self._on_tiles_changed)
        window.services.decode_thread.decoded.connect(self._on_decoded)

    def jump(self) -> _Jump:
        """Look at a viewport that shares no tile with any before."""
        mosaic, view = self._window.mosaic, self._map.view
        self._came.clear()
        self._painted.clear()
        start = perf_counter()
        self._map.set_view(view.panned(3.0 * view.width, 0.0))
        wait_until(lambda: bool(self._came) and not mosaic.busy, "the mosaic")
        wait_until(
            lambda: max(self._painted, default=0.0) > self._came[-1], "the mosaic to be painted"
        )
        live(0.1)
        first, last = self._came[0], self._came[-1]
        coarse, painted = self._first_paint_after(first), self._first_paint_after(last)
        loop = median([self._bare_batch() for _ in range(5)])
        return _Jump(len(self._z), coarse - start, last - start, painted - start, loop)

    def _first_paint_after(self, moment: float) -> float:
        return next(at for at in self._painted if at > moment)

    def _bare_batch(self) -> float:
        assert self._window.session.model is not None
        model = self._window.services.shelf.get(self._window.session.model.key)
        assert model is not None
        return bare.batch_seconds(model, self._z)

    def _on_tiles_changed(self) -> None:
        self._came.append(perf_counter())

    def _on_decoded(self, result: DecodeResult) -> None:
        if result.request.slot is Slot.TILES:
            self._z = result.request.z

    def _on_painted(self) -> None:
        self._painted.append(perf_counter())
