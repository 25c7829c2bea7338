"""How the mosaic looks and how much memory it may take: a button with a small form."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSlider,
    QSpinBox,
    QWidget,
    QWidgetAction,
)

# Spacings in latent units halve as one zooms, so a tile is at most sqrt(2) smaller or larger.
TILE_SIZES_PX = (21.0, 30.0, 42.0, 59.0, 84.0, 119.0, 168.0)
CACHE_MB = (32, 4096)
_SLIDER_PX = 150


@dataclass(frozen=True)
class MosaicLook:
    """Tiles of about `tile_px` pixels, `opacity` 0 to 1, at most `cache_mb` MB of them kept."""

    tile_px: float = 42.0
    opacity: float = 1.0
    cache_mb: int = 64


def look_from(numbers: Mapping[str, float]) -> MosaicLook:
    """The look that was kept; what is missing or out of range is as usual."""
    usual, tile_px, cache = MosaicLook(), numbers.get("tile_px"), numbers.get("cache_mb")
    opacity = numbers.get("opacity", usual.opacity)
    return MosaicLook(
        tile_px if tile_px in TILE_SIZES_PX else usual.tile_px,
        opacity if 0 <= opacity <= 1 else usual.opacity,
        round(cache) if cache and CACHE_MB[0] <= cache <= CACHE_MB[1] else usual.cache_mb,
    )


class MosaicSettings(QPushButton):
    """`changed` follows each move of a slider: the map shows what it means.

    No `QToolButton`: in a style sheet one is three pixels taller than the buttons beside it.
    """

    changed = Signal(object)  # MosaicLook

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = MosaicLook()
        self.setObjectName("mosaicSettings")
        self.setText("Tiles ▾")
        self.setProperty("slim", True)
        self.setAccessibleName("Settings of the mosaic")
        self.setToolTip("Size and opacity of the decoded tiles, and the memory they may take")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._size = self._slider("tileSize", "Size of the tiles", len(TILE_SIZES_PX) - 1, 1)
        self._opacity = self._slider("tileOpacity", "Opacity of the tiles in percent", 100, 10)
        self._cache = QSpinBox(self)
        self._cache.setRange(*CACHE_MB)
        self._cache.setSingleStep(32)
        self._cache.setSuffix(" MB")
        self._cache.setKeyboardTracking(False)
        self._cache.setObjectName("tileCache")
        self._cache.setAccessibleName("Memory for tiles")
        self._cache.setToolTip(
            "Memory for decoded tiles; the ones seen longest ago are forgotten first"
        )
        self._size_text, self._opacity_text = QLabel(self), QLabel(self)
        self._build()
        self._show_look()
        self._size.valueChanged.connect(self._on_changed)
        self._opacity.valueChanged.connect(self._on_changed)
        self._cache.valueChanged.connect(self._on_changed)

    def _slider(self, name: str, tip: str, most: int, page: int) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal, self)
        slider.setObjectName(name)
        slider.setAccessibleName(tip)
        slider.setToolTip(tip)
        slider.setRange(0, most)
        slider.setPageStep(page)
        slider.setFixedWidth(_SLIDER_PX)
        return slider

    def _build(self) -> None:
        form_widget = QWidget(self)
        form = QFormLayout(form_widget)
        form.setContentsMargins(10, 8, 10, 8)
        for label in (self._size_text, self._opacity_text):
            label.setFixedWidth(label.fontMetrics().horizontalAdvance("about 168 px "))
        form.addRow("Tiles", _row(self._size, self._size_text))
        form.addRow("Opacity", _row(self._opacity, self._opacity_text))
        form.addRow("Memory", self._cache)
        menu = QMenu(self)
        action = QWidgetAction(menu)
        action.setDefaultWidget(form_widget)
        menu.addAction(action)
        menu.aboutToShow.connect(self._size.setFocus)
        self.setMenu(menu)

    def set_look(self, look: MosaicLook) -> None:
        """What the map shows; nobody is told. A size between two is shown as the nearest."""
        self.look = look
        self._show_look()

    def _show_look(self) -> None:
        nearest = min(TILE_SIZES_PX, key=lambda size: abs(size - self.look.tile_px))
        for field, value in (
            (self._size, TILE_SIZES_PX.index(nearest)),
            (self._opacity, round(100 * self.look.opacity)),
            (self._cache, self.look.cache_mb),
        ):
            blocked = field.blockSignals(True)
            field.setValue(value)
            field.blockSignals(blocked)
        self._say()

    def _say(self) -> None:
        self._size_text.setText(f"about {self.look.tile_px:.0f} px")
        self._opacity_text.setText(f"{100 * self.look.opacity:.0f} %")

    def _on_changed(self, *_: object) -> None:
        look = replace(
            self.look,
            tile_px=TILE_SIZES_PX[self._size.value()],
            opacity=self._opacity.value() / 100,
            cache_mb=self._cache.value(),
        )
        if look != self.look:
            self.look = look
            self._say()
            self.changed.emit(look)


def _row(first: QWidget, second: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.addWidget(first)
    row.addWidget(second)
    return row
