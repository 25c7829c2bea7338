"""One latent dimension: where it leads as thumbnails, a slider, and its value to type."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QValidator
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QWidget,
)

from explorer import theme

STEPS = 400


class Thumbnails(QWidget):
    """Small pictures from one end of a slider to the other."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images: Sequence[QImage | None] = ()
        self.setFixedHeight(34)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(230, 34)

    @property
    def images(self) -> Sequence[QImage | None]:
        """What it shows."""
        return self._images

    @property
    def whole(self) -> bool:
        """Whether every picture is there, be it of an earlier place."""
        return bool(self._images) and None not in self._images

    def set_images(self, images: Sequence[QImage | None]) -> None:
        """Show other pictures; None for one that has not come."""
        self._images = images
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self._images:
            theme.fill_waiting(painter, QRectF(self.rect()))
            return
        painter.fillRect(self.rect(), QColor(theme.colours().map))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        cell = self.width() / len(self._images)
        for index, image in enumerate(self._images):
            there = QRectF(index * cell, 0, cell, self.height())
            if image is None:
                theme.fill_waiting(painter, there)
                continue
            scale = min(cell / image.width(), self.height() / image.height())
            box = QRectF(0, 0, image.width() * scale, image.height() * scale)
            box.moveCenter(there.center())
            painter.drawImage(box, image)


class SignedValue(QDoubleSpinBox):
    """Writes a minus as the map does; a hyphen is as good to type."""

    def textFromValue(self, value: float) -> str:
        return super().textFromValue(value + 0.0).replace("-", "−")

    def valueFromText(self, text: str) -> float:
        return super().valueFromText(text.replace("−", "-"))

    def validate(self, text: str, place: int) -> tuple[QValidator.State, str, int]:
        state, _, place = super().validate(text.replace("−", "-"), place)
        return state, text, place


class DimensionRow(QWidget):
    """A dimension's name, use in nats, thumbnails, slider and value; in latent units."""

    pressed = Signal(int)
    moved = Signal(int, float)  # dimension, value
    released = Signal(int)

    def __init__(self, dimension: int, centre: float, reach: float, parent: QWidget) -> None:
        super().__init__(parent)
        self.dimension, self._centre, self._reach = dimension, centre, reach
        self._shown: float | None = None
        self.thumbnails = Thumbnails(self)
        self.slider = self._new_slider()
        self.value = self._new_value()
        self._name = name = QLabel(f"z<sub>{dimension}</sub>", self)
        name.setProperty("role", "title")
        self._detail = small = QLabel(self)
        small.setProperty("role", "muted")
        small.setStyleSheet("font-size: 8pt")
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 2, 0, 4)
        layout.setHorizontalSpacing(8)
        layout.setVerticalSpacing(0)
        layout.addWidget(name, 0, 0, Qt.AlignmentFlag.AlignBottom)
        layout.addWidget(small, 1, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.thumbnails, 0, 1)
        layout.addWidget(self.slider, 1, 1)
        layout.addWidget(self.value, 0, 2, 2, 1, Qt.AlignmentFlag.AlignVCenter)
        layout.setColumnMinimumWidth(0, 54)  # with a mark beside the name
        layout.setColumnStretch(1, 1)

    def _new_slider(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal, self)
        slider.setObjectName(f"slider-{self.dimension}")
        slider.setAccessibleName(f"Latent dimension {self.dimension}")
        slider.setToolTip(
            f"Dimension z{self.dimension} of the active handle, in latent units; "
            "arrow keys step, Page Up and Down step further"
        )
        slider.setRange(-STEPS, STEPS)
        slider.setSingleStep(STEPS // 60)
        slider.setPageStep(STEPS // 6)
        slider.sliderPressed.connect(self._on_pressed)
        slider.valueChanged.connect(self._on_slider_moved)
        slider.sliderReleased.connect(self._on_released)
        return slider

    def _new_value(self) -> QDoubleSpinBox:
        value = SignedValue(self)
        value.setObjectName(f"value-{self.dimension}")
        value.setAccessibleName(f"Value of latent dimension {self.dimension}")
        value.setToolTip(f"z{self.dimension} of the active handle, in latent units")
        value.setRange(-1e4, 1e4)
        value.setDecimals(2)
        value.setSingleStep(0.1)
        value.setKeyboardTracking(False)
        value.lineEdit().setAcceptDrops(False)
        value.setProperty("plain", True)  # no room is kept for buttons
        value.setAlignment(Qt.AlignmentFlag.AlignRight)
        value.setFixedWidth(62)
        value.valueChanged.connect(self._on_typed)
        return value

    @property
    def has_focus(self) -> bool:
        """Whether somebody is at its slider or types its value."""
        return self.slider.hasFocus() or self.value.hasFocus()

    def set_detail(self, detail: str, tip: str) -> None:
        """How much the dimension is used, and what that figure is."""
        self._detail.setText(detail)
        self._detail.setToolTip(tip)

    def set_mark(self, mark: str, tip: str, spoken: str) -> None:
        """Say beside its name what it is to the map; `spoken` is for a screen reader."""
        words = f"<span style='font-size: 8pt; font-weight: normal'>{mark}</span>"
        self._name.setText(f"z<sub>{self.dimension}</sub>&nbsp;{words}")
        self._name.setToolTip(tip)
        self.slider.setAccessibleName(f"Latent dimension {self.dimension}, {spoken}")

    def clear_mark(self) -> None:
        """It is nothing to the map any more."""
        self._name.setText(f"z<sub>{self.dimension}</sub>")
        self._name.setToolTip("")
        self.slider.setAccessibleName(f"Latent dimension {self.dimension}")

    def set_span(self, centre: float, reach: float) -> None:
        """Let the slider reach so far to both sides of `centre`; the value stays."""
        self._centre, self._reach = centre, reach
        if self._shown is not None:
            value, self._shown = self._shown, None
            self.show_value(value)

    def show_value(self, value: float) -> None:
        """Follow the handle; nothing is reported (a slider would echo a rounded value)."""
        if value == self._shown:
            return
        self._shown = value
        with QSignalBlocker(self.slider), QSignalBlocker(self.value):
            self.slider.setValue(round((value - self._centre) / self._reach * STEPS))
            self.value.setValue(value)

    def _on_pressed(self) -> None:
        self.pressed.emit(self.dimension)

    def _on_released(self) -> None:
        self.released.emit(self.dimension)

    def _on_slider_moved(self, step: int) -> None:
        self._shown = None
        self.moved.emit(self.dimension, self._centre + step / STEPS * self._reach)

    def _on_typed(self, value: float) -> None:
        self._shown = None
        self.moved.emit(self.dimension, value)
