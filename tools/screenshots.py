"""Draws the pictures of the README from the real program, without a screen."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.window import MainWindow

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
os.environ["QT_QPA_PLATFORM"] = "offscreen"

DOCS = ROOT / "docs"
ASSETS = ROOT / "assets"
PATIENCE_SECONDS = 120
EPOCHS_SHOWN = 40
SIZE_PX = (1440, 900)


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
) -> None:
    """Open files in a window of that size, let it settle, and save what it shows."""
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
        live(lambda: _epochs_done(window) >= EPOCHS_SHOWN)
    pause(1.5)
    DOCS.mkdir(exist_ok=True)
    window.grab().save(str(DOCS / f"{name}.png"))
    window.close()
    pause(0.2)
    print(DOCS / f"{name}.png")


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
        _shoot("training", [two], before=_start_training)


def _start_training(window: "MainWindow") -> None:
    from models.plans import Plan

    window.show_training()
    out = Path(os.environ["XDG_DATA_HOME"]) / "digits.safetensors"
    out.parent.mkdir(parents=True, exist_ok=True)
    window.training.start(Plan("digits", str(out), epochs=400))


if __name__ == "__main__":
    main()
