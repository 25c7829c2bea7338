"""Another program with something to drag out of it: a file, or the bytes of a picture."""

import sys
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel

SIDE_PX = 90


class Source(QLabel):
    """A small window above all others; a drag of its content starts with the mouse."""

    def __init__(self, kind: str, files: list[Path]) -> None:
        super().__init__("drag me")
        self._kind, self._files = kind, files
        self._pressed: QPoint | None = None
        self.setWindowFlags(Qt.WindowType.WindowStaysOnTopHint | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setFixedSize(SIDE_PX, SIDE_PX)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        self._pressed = None
        drag = QDrag(self)
        drag.setMimeData(self._content())
        done = drag.exec(Qt.DropAction.CopyAction)
        print("taken" if done == Qt.DropAction.CopyAction else "refused", flush=True)

    def _content(self) -> QMimeData:
        content = QMimeData()
        if self._kind == "files":
            content.setUrls([QUrl.fromLocalFile(str(path)) for path in self._files])
        elif self._kind == "bytes":  # as a browser does it: an address, and the picture itself
            content.setUrls([QUrl("https://example.org/picture.png")])
            content.setData("image/png", self._files[0].read_bytes())
        else:
            content.setUrls([QUrl("https://example.org/picture.png")])
        return content


def main() -> int:
    """The words are: files, bytes or address; where the window is to be; files."""
    kind, x, y, *names = sys.argv[1:]
    app = QApplication(sys.argv[:1])
    source = Source(kind, [Path(name) for name in names])
    source.move(int(x), int(y))
    source.show()
    source.windowHandle().requestActivate()
    print("ready", flush=True)
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
