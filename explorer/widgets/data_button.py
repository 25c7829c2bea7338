"""A button to name data by hand: a folder, or a file of arrays."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from explorer import theme

_TIP = (
    "Name the data that the model's points were encoded from, to see the original images in the "
    "place of reconstructions. Some of them are encoded again, to be sure that it is the one"
)


class DataButton(QPushButton):
    """Its menu asks for a folder (of pictures, or of IDX files) or for an .npz or .npy file."""

    chosen = Signal(Path)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Choose data ▾", parent)
        self.setObjectName("chooseOriginals")
        self.setProperty("slim", True)
        self.setAccessibleName("Choose the data of the original images")
        self.setToolTip(theme.as_tip(_TIP))
        menu = QMenu(self)
        menu.addAction("Folder of pictures or IDX files …", self._ask_folder)
        menu.addAction("File (.npz, .npy) …", self._ask_file)
        self.setMenu(menu)

    def _ask_folder(self) -> None:
        dialog = QFileDialog(self, "Folder of the original images")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        self._open(dialog)

    def _ask_file(self) -> None:
        dialog = QFileDialog(self, "File of the original images", filter="Arrays (*.npz *.npy)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        self._open(dialog)

    def _open(self, dialog: QFileDialog) -> None:
        dialog.setObjectName("originalsDialog")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_selected)
        dialog.open()

    def _on_selected(self, name: str) -> None:
        if name:
            self.chosen.emit(Path(name))
