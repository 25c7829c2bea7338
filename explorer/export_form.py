"""What every dialog has that asks for a file to write: its name, fields, a note, and Export."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)


def named(widget: QWidget, name: str, tip: str) -> None:
    """Name a widget for tests, for those who hear it, and for those who point at it."""
    widget.setObjectName(name)
    widget.setAccessibleName(tip)
    widget.setToolTip(tip)


class ExportForm(QDialog):
    """A dialog adds its fields to `_form`, then the buttons; names of parts begin with `name`."""

    def __init__(self, name: str, title: str, path: Path, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{name}Dialog")
        self.setWindowTitle(title)
        self._name = name
        self._path = QLineEdit(str(path), self)
        named(self._path, f"{name}Path", "File to write")
        self._path.setMinimumWidth(320)
        browse = QPushButton("Browse …", self)
        browse.setToolTip("Choose the folder and name")
        browse.setAutoDefault(False)
        browse.clicked.connect(self._on_browse)
        row = QHBoxLayout()
        row.addWidget(self._path, 1)
        row.addWidget(browse)
        self._note = QLabel(self)
        self._note.setProperty("role", "muted")
        self._note.setWordWrap(True)
        self._form = QFormLayout()
        self._form.addRow("File", row)
        self._rows = QVBoxLayout(self)
        self._rows.setSpacing(10)
        self._rows.addLayout(self._form)
        self._rows.addWidget(self._note)

    def _add_buttons(self, tip: str, accept: Callable[[], None]) -> None:
        """Cancel, which closes the dialog, and Export, with its tip and what it does."""
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self._export = buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self._export.setObjectName(f"{self._name}Accept")
        self._export.setDefault(True)
        self._export.setToolTip(tip)
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setToolTip("Write nothing")
        buttons.accepted.connect(accept)
        buttons.rejected.connect(self.reject)
        self._rows.addWidget(buttons)

    def _file(self, suffix: str) -> Path:
        """The file that is named so far; without an ending it gets one, without a name nothing."""
        path = Path(self._path.text().strip())
        with suppress(RuntimeError):  # ~somebody, who does not exist
            path = path.expanduser()
        return path if not path.name or path.suffix else path.with_suffix(suffix)

    def _on_browse(self) -> None:
        dialog = QFileDialog(self, self.windowTitle(), self._path.text())
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.selectFile(self._path.text())
        dialog.fileSelected.connect(self._path.setText)
        dialog.open()
