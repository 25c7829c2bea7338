"""Asks how and where to write an animation."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from explorer.animation import FRAME_RATES, Format

FORMATS: dict[str, tuple[Format, str]] = {
    "GIF": ("gif", ".gif"),
    "Animated PNG": ("apng", ".apng"),
    "PNG strip": ("png", ".png"),
}
SIZES_PX = (64, 128, 256, 384, 512)
# GIF delays are whole hundredths of a second.
RATES = {f"{rate:.3g}": rate for rate in FRAME_RATES}


@dataclass(frozen=True)
class ExportChoice:
    """What a person chose; `size` in pixels of the longer side."""

    path: Path
    format: Format
    size: int
    frames: int
    frames_per_second: float
    there_and_back: bool


class ExportDialog(QDialog):
    """`chosen` follows Export; nothing is written here."""

    chosen = Signal(object)  # ExportChoice

    def __init__(
        self,
        path: Path,
        frames: int,
        most_frames: int,
        there_and_back: bool,
        parent: QWidget,
        sizes_px: Sequence[int] = SIZES_PX,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("exportDialog")
        self.setWindowTitle("Export the path")
        self._path = QLineEdit(str(path), self)
        self._format = self._combo(list(FORMATS), "exportFormat", "What kind of file to write")
        self._sizes, self._what = tuple(sizes_px), ""
        self._size = self._combo(
            [f"{side} px" for side in self._sizes], "exportSize", "Pixels of the longer side"
        )
        self._size.setCurrentIndex(self._sizes.index(256))
        self._rate = self._combo(list(RATES), "exportRate", "Frames a second")
        self._rate.setCurrentText("20")
        self._frames = QSpinBox(self)
        self._back = QCheckBox("There and back", self)
        self._note = QLabel(self)
        self._note.setProperty("role", "muted")
        self._note.setWordWrap(True)
        self._frames.setRange(2, most_frames)
        self._frames.setValue(max(frames, 48))
        self._back.setChecked(there_and_back)
        self._build()
        self._format.currentTextChanged.connect(self._on_format_chosen)
        for changed in (
            self._path.textChanged,
            self._rate.currentTextChanged,
            self._frames.valueChanged,
            self._back.toggled,
        ):
            changed.connect(self._say)
        self._say()

    def say_what(self, title: str, frames_tip: str, what: str, size_px: int, rate: str) -> None:
        """Not the path but something else is exported, at another usual size and rate."""
        self.setWindowTitle(title)
        self._frames.setToolTip(frames_tip)
        self._size.setCurrentIndex(self._sizes.index(size_px))
        self._rate.setCurrentText(rate)
        self._what = what
        self._say()

    def _combo(self, texts: list[str], name: str, tip: str) -> QComboBox:
        combo = QComboBox(self)
        combo.addItems(texts)
        combo.setObjectName(name)
        combo.setAccessibleName(tip)
        combo.setToolTip(tip)
        return combo

    def _build(self) -> None:
        self._path.setObjectName("exportPath")
        self._path.setAccessibleName("File to write")
        self._path.setToolTip("File to write")
        self._path.setMinimumWidth(320)
        self._frames.setObjectName("exportFrames")
        self._frames.setAccessibleName("Number of frames")
        self._frames.setToolTip("Frames from the first handle to the last")
        self._back.setToolTip("Forward, then backward, without showing either end twice")
        browse = QPushButton("Browse …", self)
        browse.setToolTip("Choose the folder and name")
        browse.setAutoDefault(False)
        browse.clicked.connect(self._on_browse)
        file_row = QHBoxLayout()
        file_row.addWidget(self._path, 1)
        file_row.addWidget(browse)
        form = QFormLayout()
        form.addRow("File", file_row)
        form.addRow("Format", self._format)
        form.addRow("Size", self._size)
        form.addRow("Frames a second", self._rate)
        form.addRow("Frames", self._frames)
        form.addRow("", self._back)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self._export = buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self._export.setObjectName("exportAccept")
        self._export.setDefault(True)
        self._export.setToolTip("Decode the frames and write the file, in the background")
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setToolTip("Write nothing")
        buttons.accepted.connect(self._on_accepted)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addLayout(form)
        layout.addWidget(self._note)
        layout.addWidget(buttons)

    def _on_browse(self) -> None:
        dialog = QFileDialog(self, self.windowTitle(), self._path.text())
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.selectFile(self._path.text())
        dialog.fileSelected.connect(self._path.setText)
        dialog.open()

    def _on_format_chosen(self, text: str) -> None:
        path = Path(self._path.text())
        if path.name:
            self._path.setText(str(path.with_suffix(FORMATS[text][1])))
        moving = text != "PNG strip"
        self._rate.setEnabled(moving)
        self._back.setEnabled(moving)

    def _file(self) -> Path:
        """The file that is named so far, with an ending; without a name it has none either."""
        path = Path(self._path.text())
        with suppress(RuntimeError):  # ~somebody, who does not exist
            path = path.expanduser()
        suffix = FORMATS[self._format.currentText()][1]
        return path if path.suffix or not path.name else path.with_suffix(suffix)

    def _choice(self) -> ExportChoice:
        return ExportChoice(
            path=self._file(),
            format=FORMATS[self._format.currentText()][0],
            size=self._sizes[self._size.currentIndex()],
            frames=self._frames.value(),
            frames_per_second=RATES[self._rate.currentText()],
            there_and_back=self._back.isChecked() and self._back.isEnabled(),
        )

    def _say(self) -> None:
        choice = self._choice()
        count = choice.frames * 2 - 2 if choice.there_and_back else choice.frames
        words = f"{count} frames"
        if choice.format != "png":
            words += f", {count / choice.frames_per_second:.1f} seconds, plays in a loop"
        if choice.path.is_file():
            words += f". Replaces {choice.path.name}."
        words = f"{self._what} {words}".strip()
        self._note.setText(words if choice.path.name else "Type the name of the file to write.")
        self._export.setEnabled(bool(choice.path.name))

    def _on_accepted(self) -> None:
        self.chosen.emit(self._choice())
        self.accept()
