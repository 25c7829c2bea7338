"""Asks where the picture of the map goes, how large it is and what is on it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import sqrt
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QSpinBox, QWidget

from explorer.export_form import ExportForm, named
from explorer.map_drawing import Included

SCALES = (1, 2, 3, 4, 6, 8, 12, 16, 24)
LONGEST_PX = 1_000_000  # whose file is a thousand times as large as most disks
OPENED_PX = 30_000  # GIMP and many viewers stop at 32,767 or sooner, JPEG's readers at 65,535
_NARROWEST_PX = 100
_LIMIT = f"The longer side has at most {LONGEST_PX:,} pixels"
_HARD_TO_OPEN = f"Many programs cannot open pictures with a side over {OPENED_PX:,} pixels."
# What maps of the shipped models took on one core. The larger, the smoother and the better packed:
# 0.60, 0.21 and 0.10 bytes a pixel at 2, 8 and 20 times the screen.
_PACKED, _SECONDS_A_PIXEL, _USUAL_TILE_SECONDS = -0.75, 1 / 15e6, 0.001
_LARGE_PIXELS, _LONG_SECONDS = 50e6, 20.0  # from here on it is told what it costs
_TYPED_PX = 9_999_999  # more than there can be: what is typed is never cut short
_USUAL_SCALE = 2
_NOTE_LINES = 5  # as many as it ever has: nothing moves when it has them
_SUFFIX = ".png"
_TILES = (
    ("As on the map", 1.0),
    ("Half the size: four times as many", 0.5),
    ("A quarter of the size: sixteen times as many", 0.25),
    ("An eighth of the size: 64 times as many", 0.125),
    ("A sixteenth of the size: 256 times as many", 0.0625),
)


@dataclass(frozen=True)
class MapChoice:
    """What a person chose; `tile_share` is the size of tiles in that of those on the map."""

    path: Path
    ratio: float = float(_USUAL_SCALE)
    tile_share: float = 1.0
    included: Included = field(default_factory=Included)


class MapExportDialog(ExportForm):
    """`chosen` follows Export; nothing is written here."""

    chosen = Signal(object)  # MapChoice

    def __init__(
        self,
        before: MapChoice,
        size_of: Callable[[Included], QSize],
        tiles_of: Callable[[float], int],
        parent: QWidget | None = None,
        tile_seconds: float | None = None,
    ) -> None:
        """It shows what was chosen `before`.

        `size_of` tells the pixels at the scale of the screen, `tiles_of` the tiles to decode;
        none are where the map shows no mosaic. One takes `tile_seconds`, where that is known.
        """
        super().__init__("mapExport", "Export the map", before.path, parent)
        self._size_of, self._tiles_of = size_of, tiles_of
        self._tile_seconds = _USUAL_TILE_SECONDS if tile_seconds is None else tile_seconds
        self._ratio, self._limit_said = before.ratio, ""
        self._scale, self._width, self._tiles = QComboBox(self), QSpinBox(self), QComboBox(self)
        self._boxes = {
            "axes": self._box("Numbers along the axes", "axes", before.included.axes),
            "handles": self._box("Handles and path", "handles", before.included.handles),
            "legend": self._box("Legends", "legend", before.included.legend),
        }
        self._fill(before.tile_share)
        self._build()
        self._connect()
        self._show_ratio()

    def _box(self, text: str, name: str, on: bool) -> QCheckBox:
        box = QCheckBox(text, self)
        named(box, f"mapExport-{name}", text)
        box.setToolTip(f"{text}: on the picture or not")
        box.setChecked(on)
        return box

    def _fill(self, share: float) -> None:
        for scale in SCALES:
            if scale == 1 or scale <= self._most():
                self._scale.addItem(f"{scale}×", float(scale))
        self._scale.addItem("Other", 0.0)
        for text, value in _TILES:
            self._tiles.addItem(text, value)
        self._tiles.setCurrentIndex(max(0, self._tiles.findData(share)))
        self._tiles.setEnabled(self._tiles_of(1.0) > 0)
        for widget, name, tip in (
            (self._scale, "mapExportScale", "How many times as large as on the screen"),
            (self._width, "mapExportWidth", f"Pixels across; the height follows. {_LIMIT}"),
            (self._tiles, "mapExportTiles", "Size of the decoded tiles, in the size on the map"),
        ):
            named(widget, name, tip)
        self._width.setSuffix(" px")
        self._width.setKeyboardTracking(False)
        self._width.setRange(1, _TYPED_PX)

    def _build(self) -> None:
        size = QHBoxLayout()
        size.addWidget(self._scale, 1)
        size.addWidget(self._width)
        self._form.addRow("Size", size)
        self._form.addRow("Tiles", self._tiles)
        for number, box in enumerate(self._boxes.values()):
            self._form.addRow("" if number else "Show", box)
        self._note.setMinimumHeight(_NOTE_LINES * self._note.fontMetrics().lineSpacing())
        self._note.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._add_buttons(
            "Decode the tiles, draw and write the file, in the background", self._on_accepted
        )

    def _connect(self) -> None:
        self._path.textChanged.connect(self._say)
        self._tiles.currentIndexChanged.connect(self._say)
        self._scale.activated.connect(self._on_scale_chosen)
        self._width.valueChanged.connect(self._on_width_chosen)
        self._width.lineEdit().textEdited.connect(self._on_width_typed)
        for box in self._boxes.values():
            box.toggled.connect(self._show_ratio)

    # -- size ------------------------------------------------------------------------------

    def _included(self) -> Included:
        return replace(Included(), **{name: box.isChecked() for name, box in self._boxes.items()})

    def _most(self) -> float:
        """How many times as large as on the screen the picture can be."""
        size = self._size_of(self._included())
        return LONGEST_PX / max(size.width(), size.height(), 1)

    def _least(self) -> float:
        return _NARROWEST_PX / self._size_of(self._included()).width()

    def _on_scale_chosen(self, place: int) -> None:
        self._ratio = float(self._scale.itemData(place)) or self._ratio
        self._show_ratio()

    def _on_width_typed(self) -> None:
        """A width that cannot be is told while it is typed, and not changed before it is whole."""
        typed = self._width.cleanText()
        if typed.isdecimal():
            ratio = int(typed) / self._size_of(self._included()).width()
            self._limit_said = self._words_about(ratio)
            self._say_of(self._ratio if self._limit_said else ratio)

    def _on_width_chosen(self, width: int) -> None:
        self._ratio = width / self._size_of(self._included()).width()
        self._show_ratio()

    def _words_about(self, ratio: float) -> str:
        """Why a picture cannot be so many times as large; nothing if it can."""
        across = self._size_of(self._included()).width()
        if ratio > self._most():
            widest = int(self._most() * across)
            return f"At most {widest:,} pixels across. {_LIMIT}. "
        return f"At least {_NARROWEST_PX} pixels across. " if ratio < self._least() else ""

    def _show_ratio(self) -> None:
        """Both fields say the same; none allows a picture that is too large."""
        size = self._size_of(self._included())
        self._limit_said = self._words_about(self._ratio)
        self._ratio = min(max(self._ratio, self._least()), self._most())
        place = self._scale.findData(self._ratio)
        self._scale.setCurrentIndex(place if place >= 0 else self._scale.count() - 1)
        blocked = self._width.blockSignals(True)  # a whole number would round the scale
        self._width.setValue(round(self._ratio * size.width()))
        self._width.blockSignals(blocked)
        self._say()

    # -- what is chosen --------------------------------------------------------------------

    def _say(self) -> None:
        self._say_of(self._ratio)

    def _say_of(self, ratio: float) -> None:
        """What there will be with a picture so many times as large."""
        path, size = self._file(_SUFFIX), self._size_of(self._included())
        right = path.suffix.lower() == _SUFFIX
        tiles = self._tiles_of(self._tiles.currentData())
        across, down = (round(side * ratio) for side in (size.width(), size.height()))
        words = f"{across} × {down} pixels"
        words += f"; {tiles:,} tiles are decoded" if tiles else ""
        words += f". Replaces {path.name}." if right and path.is_file() else "."
        words += cost_words(
            across * down, ratio * sqrt(self._tiles.currentData()), tiles * self._tile_seconds
        )
        words += f" {_HARD_TO_OPEN}" if max(across, down) > OPENED_PX else ""
        if not path.name:
            words = "Type the name of the file to write."
        elif not right:
            words = f"The picture is a PNG: let the name end in {_SUFFIX}."
        self._note.setText(self._limit_said + words)
        self._export.setEnabled(right)

    def _on_accepted(self) -> None:
        self._width.interpretText()
        share = float(self._tiles.currentData())
        self.chosen.emit(MapChoice(self._file(_SUFFIX), self._ratio, share, self._included()))
        self.accept()


def cost_words(pixels: int, enlarged: float, decode_seconds: float) -> str:
    """About how large a file is and how long it takes; nothing where neither is worth a thought.

    `enlarged` tells how smooth it is: pixels of the file across what was one on the screen, times
    the square root of the tiles' share of their size.
    """
    size_bytes = pixels * max(enlarged, 1.0) ** _PACKED
    seconds = pixels * _SECONDS_A_PIXEL + decode_seconds
    if pixels < _LARGE_PIXELS and seconds < _LONG_SECONDS:
        return ""
    return f" Roughly {_size(size_bytes)} and {_time(seconds)} in the background."


def _size(size_bytes: float) -> str:
    for unit, name in ((1e12, "TB"), (1e9, "GB")):
        if size_bytes >= 0.95 * unit:
            return f"{size_bytes / unit:.2g} {name}"
    return f"{max(10, 10 * round(size_bytes / 1e7))} MB"


def _time(seconds: float) -> str:
    for unit, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 0.95 * unit:
            count = round(seconds / unit)
            return f"{count:,} {name}{'' if count == 1 else 's'}"
    return f"{max(10, 10 * round(seconds / 10))} seconds"
