"""Asks how and where to write an animation."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QSpinBox, QWidget

from explorer.animation import FRAME_RATES, Format
from explorer.export_form import ExportForm, named

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


class ExportDialog(ExportForm):
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
        super().__init__("export", "Export the path", path, parent)
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
        named(combo, name, tip)
        return combo

    def _build(self) -> None:
        named(self._frames, "exportFrames", "Number of frames")
        self._frames.setToolTip("Frames from the first handle to the last")
        self._back.setToolTip("Forward, then backward, without showing either end twice")
        self._form.addRow("Format", self._format)
        self._form.addRow("Size", self._size)
        self._form.addRow("Frames a second", self._rate)
        self._form.addRow("Frames", self._frames)
        self._form.addRow("", self._back)
        self._add_buttons(
            "Decode the frames and write the file, in the background", self._on_accepted
        )

    def _on_format_chosen(self, text: str) -> None:
        path = Path(self._path.text())
        if path.name:
            self._path.setText(str(path.with_suffix(FORMATS[text][1])))
        moving = text != "PNG strip"
        self._rate.setEnabled(moving)
        self._back.setEnabled(moving)

    def _choice(self) -> ExportChoice:
        format, suffix = FORMATS[self._format.currentText()]
        return ExportChoice(
            path=self._file(suffix),
            format=format,
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
