"""Draws the pictures of the README from the real program, without a screen."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtGui import QPixmap

    from explorer.window import MainWindow

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
os.environ["QT_QPA_PLATFORM"] = "offscreen"

DOCS = ROOT / "docs"
ASSETS = ROOT / "assets"
PATIENCE_SECONDS = 120
EPOCHS_SHOWN = 40
SIZE_PX = (1440, 900)
ZOOMS = (1.0, 5.0, 40.0)
ROW_PX = 1600


def _private_folders(folder: Path) -> None:
    """Nothing that was opened before is in a picture, and nothing is left behind."""
    for name in ("CONFIG", "DATA", "CACHE", "STATE"):
        os.environ[f"XDG_{name}_HOME"] = str(folder / name.lower())


def _draw_seven(path: Path) -> None:
    """A seven, black on white, as a person would draw one."""
    from PySide6.QtCore import QPointF, Qt
    from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

    image = QImage(420, 320, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor("black"), 24, c=Qt.PenCapStyle.RoundCap))
    corners = [(140, 80), (280, 76), (236, 150), (200, 250)]
    painter.drawPolyline(QPolygonF([QPointF(*corner) for corner in corners]))
    painter.end()
    image.save(str(path))


def _shoot(
    name: str,
    files: list[Path],
    *,
    before: "Callable[[MainWindow], None] | None" = None,
    ready: "Callable[[MainWindow], bool] | None" = None,
    zooms: tuple[float, ...] = (),
) -> None:
    """Open files in a window of that size, let it settle, and save what it shows.

    With `zooms` the map alone, side by side, enlarged so many times around the active handle.
    """
    from PySide6.QtCore import QDeadlineTimer, QEventLoop

    from explorer import start
    from explorer.settings import Settings

    Settings().theme = "dark"
    app, window = start(["latent-explorer", *map(str, files)])
    window.resize(*SIZE_PX)
    window.docks.restore()

    def live(until: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
        deadline = QDeadlineTimer(round(seconds * 1000))
        while not until():
            app.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
            if deadline.hasExpired():
                raise SystemExit(f"{name}: the window did not settle")

    def pause(seconds: float) -> None:
        deadline = QDeadlineTimer(round(seconds * 1000))
        live(deadline.hasExpired)

    live(lambda: window.session.picture is not None and not window.opening.pending_images)
    wanted = len([file for file in files if file.suffix == ".png"]) + 3
    live(lambda: len(window.session.arrangement.handles) >= wanted)
    if before is not None:
        before(window)
    if ready is not None:
        live(lambda: ready(window))
    pause(1.5)
    DOCS.mkdir(exist_ok=True)
    picture = window.grab()
    if zooms:
        maps = []
        for factor in zooms:
            _look_nearer(window, factor)
            live(lambda: not window.mosaic.busy)
            pause(1.0)
            maps.append(window.map_panel.view.grab())
        picture = _side_by_side(maps)
    picture.save(str(DOCS / f"{name}.png"))
    window.close()
    pause(0.2)
    print(DOCS / f"{name}.png")


def _look_nearer(window: "MainWindow", factor: float) -> None:
    """Show all, then so many times nearer, around the active handle."""
    from dataclasses import replace

    panel, handle = window.map_panel, window.session.active
    panel.fit()
    if factor > 1 and handle is not None:
        x, y = window.session.plane.project(handle.z).tolist()
        fitted = panel.viewport()
        panel.view.set_view(replace(fitted, x=x, y=y, scale=fitted.scale * factor))


def _side_by_side(pictures: "list[QPixmap]") -> "QPixmap":
    """Pictures of one size in a row, with a gap between them."""
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QPainter, QPixmap

    gap, size = 8, pictures[0].size()
    row = QPixmap(len(pictures) * (size.width() + gap) - gap, size.height())
    row.fill(Qt.GlobalColor.transparent)
    painter = QPainter(row)
    for place, picture in enumerate(pictures):
        painter.drawPixmap(place * (size.width() + gap), 0, picture)
    painter.end()
    return row.scaledToWidth(ROW_PX, Qt.TransformationMode.SmoothTransformation)


def _epochs_done(window: "MainWindow") -> int:
    position = window.training.state.position
    return 0 if position is None else position.epoch


def main() -> None:
    """All pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _private_folders(folder)
        seven = folder / "seven.png"
        two, ten = ASSETS / "mnist-2d.safetensors", ASSETS / "mnist-10d.safetensors"
        from PySide6.QtWidgets import QApplication

        app = QApplication(["latent-explorer"])
        app.setApplicationName("latent-explorer")
        _draw_seven(seven)
        _shoot("window", [two])
        _shoot("encoded", [ten, seven])
        _shoot("overlays", [two], before=_lay_overlays, ready=_overlays_drawn)
        _shoot("zooms-mnist-2d", [two], zooms=ZOOMS)
        _shoot("zooms-rooms", [ASSETS / "rooms.safetensors"], zooms=ZOOMS)
        # Last: the next window would tell that it has not ended.
        _shoot("training", [two], before=_start_training, ready=_has_trained)


def _lay_overlays(window: "MainWindow") -> None:
    from dataclasses import replace

    window.show_data()
    layers = window.session.layers
    window.session.set_layers(replace(layers, density=True, magnification=True, field=True))


def _overlays_drawn(window: "MainWindow") -> bool:
    return not (window.overlays.busy or window.look.waiting or window.images.looking)


def _has_trained(window: "MainWindow") -> bool:
    return _epochs_done(window) >= EPOCHS_SHOWN


def _start_training(window: "MainWindow") -> None:
    from models.plans import Plan

    window.show_training()
    out = Path(os.environ["XDG_DATA_HOME"]) / "digits.safetensors"
    out.parent.mkdir(parents=True, exist_ok=True)
    window.training.start(Plan("digits", str(out), epochs=400))


if __name__ == "__main__":
    main()
