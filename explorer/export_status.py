"""The end of the status bar while an export is under way: how far it is, and Cancel."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from explorer.exporting import LONGEST_COPY_PX, Exporting


class ExportStatus(QWidget):
    """Shown from `begin` to the end of an export, which is said; there is one at a time."""

    said = Signal(str)
    failed = Signal(str)

    def __init__(self, exporting: Exporting, parent: QWidget) -> None:
        super().__init__(parent)
        self._exporting = exporting
        self.setProperty("compact", True)  # the status bar grows by nothing when it comes
        self._progress = QProgressBar(self)
        self._progress.setFixedWidth(170)
        self._progress.setAccessibleName("Export progress")
        cancel = QPushButton("Cancel", self)
        cancel.setObjectName("cancelExport")
        cancel.setAccessibleName("Cancel the export")
        cancel.setToolTip("Stop the export; an older file of that name stays as it was")
        cancel.clicked.connect(exporting.cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._progress)
        row.addWidget(cancel)
        self.hide()
        exporting.progressed.connect(self._on_progressed)
        exporting.exported.connect(self._on_exported)
        exporting.drawn.connect(self._on_drawn)
        exporting.failed.connect(self._on_failed)
        exporting.cancelled.connect(self._on_cancelled)

    def is_free(self) -> bool:
        """Whether another export can begin; if not, that is said."""
        if self._exporting.busy:
            self.failed.emit("An export is under way; wait for it, or cancel it in the status bar")
        return not self._exporting.busy

    def begin(self, what: str) -> None:
        """An export begins, of which nobody knows yet how long it takes."""
        self._progress.setRange(0, 0)
        self.show()
        self.said.emit(what)

    def _on_progressed(self, what: str, done: int, total: int) -> None:
        self._progress.setRange(0, total)
        self._progress.setValue(done)
        self._progress.setFormat(f"{what} %p %")

    def _on_drawn(self, picture: QImage) -> None:
        self.hide()
        QGuiApplication.clipboard().setImage(picture)
        words = f"Copied the map, {picture.width()}×{picture.height()} pixels"
        if max(picture.width(), picture.height()) >= LONGEST_COPY_PX:
            words += ": a copy has no more, for it is kept in memory; export it for any size"
        self.said.emit(words)

    def _on_exported(self, path: Path) -> None:
        self.hide()
        self.said.emit(f"Exported {path}")

    def _on_failed(self, message: str) -> None:
        self.hide()
        self.failed.emit(message)

    def _on_cancelled(self) -> None:
        self.hide()
        self.said.emit("Export cancelled; nothing was written")
