"""A process of its own: opens the window and prints when it was painted, and its first picture.

Run by `startup.py` with the model's path. Prints two readings of the monotonic clock, which all
processes share, and ends without a word to anybody.
"""

import os
import sys
import time


def main(model: str) -> None:
    """Open, watch, print, end."""
    from PySide6.QtWidgets import QWidget

    from explorer import start
    from tests.benchmarks.paint_watch import PaintWatch

    app, window = start([model])
    preview = window.inspector.preview
    watch = PaintWatch(window.map_panel.view, preview)
    moments: list[float] = []

    def on_painted(widget: QWidget) -> None:
        due = not moments or (len(moments) == 1 and not preview.image().isNull())
        if due:
            moments.append(time.monotonic())
        if len(moments) == 2:
            print(*moments, flush=True)
            os._exit(0)

    watch.painted.connect(on_painted)
    app.exec()


if __name__ == "__main__":
    main(sys.argv[1])
