"""A bar to go through the epochs of a training: slider, player, what is shown, export."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QWidget,
)

from explorer import theme

_PAGE_EPOCHS = 5
_NOTCH = 120  # of a wheel, as Qt counts
_HANDLE_PX = 12
_TICK_PX = 3
_TICKS_BELOW_PX = 7  # the middle of the slider
_PLAY_PX = 38
_GAP_PX = 5
_SLIDER_PX = 140  # that more than the fewest words leave to the slider
_WIDE_PX, _ROOMY_PX = 1000, 480  # below the first words are short; below the other some must go

_STEPS = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Down: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Up: 1,
    Qt.Key.Key_PageDown: -_PAGE_EPOCHS,
    Qt.Key.Key_PageUp: _PAGE_EPOCHS,
}


class EpochSlider(QSlider):
    """A slider that stands only on epochs that there are, each with a tick under it."""

    epoch_wished = Signal(int)
    play_wished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._epochs: tuple[int, ...] = ()
        self._shown: int | None = None
        self._turned = 0  # what a wheel has turned short of a notch
        self.setMinimumWidth(60)
        self.setTracking(True)
        self.valueChanged.connect(self._on_value_changed)

    def set_epochs(self, epochs: Sequence[int], total: int, shown: int | None) -> None:
        """The epochs there are, how many there will be, and the one to stand on."""
        self._epochs, self._shown = tuple(epochs), shown
        with QSignalBlocker(self):
            self.setRange(0, max(total, *epochs, 1) if epochs else 1)
            self.setValue((shown or 0) if epochs else 0)
        self.update()

    def _wish(self, epoch: int) -> None:
        with QSignalBlocker(self):
            self.setValue(epoch)
        if epoch != self._shown:
            self._shown = epoch
            self.epoch_wished.emit(epoch)

    def _nearest(self, epoch: float) -> int:
        """The place among the epochs that there are."""
        return min(range(len(self._epochs)), key=lambda at: abs(self._epochs[at] - epoch))

    def _step(self, by: int) -> None:
        """So many of the epochs that there are further on, or back."""
        place = self._nearest(self._shown or 0) + by
        self._wish(self._epochs[min(max(place, 0), len(self._epochs) - 1)])

    def _on_value_changed(self, value: int) -> None:
        """Assistive technology moves the handle: to the nearest epoch, but not back at once."""
        if not self._epochs:
            return
        nearest = self._epochs[self._nearest(value)]
        if nearest == self._shown:
            self._step(1 if value > nearest else -1)
        else:
            self._wish(nearest)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Space:
            self.play_wished.emit()
        elif not self._epochs:
            super().keyPressEvent(event)
        elif key in _STEPS:
            self._step(_STEPS[key])
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self._wish(self._epochs[0 if key == Qt.Key.Key_Home else -1])
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._wish_at(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self._wish_at(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.setSliderDown(False)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """An epoch a notch; touch pads turn by less than one."""
        self._turned += event.angleDelta().y()
        notches = int(self._turned / _NOTCH)
        self._turned -= notches * _NOTCH
        if notches and self._epochs:
            self._step(notches)
        event.accept()

    def _wish_at(self, x: float) -> None:
        if self._epochs:
            self._wish(min(self._epochs, key=lambda epoch: abs(self.place(epoch) - x)))

    def place(self, epoch: int) -> float:
        """Where an epoch is, in pixels from the left."""
        room = self.width() - _HANDLE_PX
        return _HANDLE_PX / 2 + room * epoch / max(self.maximum(), 1)

    def sizeHint(self) -> QSize:
        """With room for ticks; a minimum height would be the style sheet's."""
        return QSize(super().sizeHint().width(), 2 * (_TICKS_BELOW_PX + _TICK_PX) + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        bottom, colours = self.height() / 2 + _TICKS_BELOW_PX, theme.colours()
        colour = QColor(colours.muted if self.isEnabled() else colours.border)
        for epoch in self._epochs:
            painter.fillRect(QRectF(round(self.place(epoch)), bottom, 1, _TICK_PX), colour)
        painter.end()
        super().paintEvent(event)


class ReplayBar(QWidget):
    """Says what a person wishes to see; what comes of it is told to it."""

    epoch_wished = Signal(int)
    play_wished = Signal()
    speed_chosen = Signal(float)
    watch_toggled = Signal(bool)
    newest_wished = Signal()
    export_wished = Signal()

    def __init__(self, speeds: Sequence[float], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider = EpochSlider(self)
        self.play = self._button("▶", "playReplay", "")
        self.watch = self._button("Follow on the map", "watchTrainingButton", "")
        self.newest = self._button("Live", "replayNewest", "")
        self.export = self._button("Export this replay …", "exportReplayButton", "")
        self.speed = QComboBox(self)
        self.label = QLabel(self)
        self._speeds = tuple(speeds)
        self._words = ("", "")
        self._build()
        self._connect()

    def _build(self) -> None:
        self.slider.setObjectName("replayEpoch")
        self.slider.setAccessibleName("Epoch shown on the map")
        self.play.setFixedWidth(_PLAY_PX)  # for either of its signs
        self.watch.setCheckable(True)
        self.watch.setAccessibleName("Follow on the map")
        self.export.setAccessibleName("Export this replay")
        self.export.setToolTip("Save the map over the epochs as GIF, APNG or PNG strip")
        self.speed.addItems([f"{speed:g} a second" for speed in self._speeds])
        self.speed.setObjectName("replaySpeed")
        self.speed.setAccessibleName("Epochs a second")
        self.speed.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.speed.setToolTip(
            "How many epochs are played a second, at most: each stays until the map of it is "
            "whole, but no longer than two seconds more"
        )
        self.label.setObjectName("replayWords")
        self._row = layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(_GAP_PX)
        layout.addWidget(self.watch)
        layout.addWidget(self.play)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.label)
        for widget in (self.newest, self.speed, self.export):
            layout.addWidget(widget)

    def _button(self, text: str, name: str, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        return button

    def _connect(self) -> None:
        self.slider.epoch_wished.connect(self.epoch_wished)
        self.slider.play_wished.connect(self._on_play_wished)
        self.play.clicked.connect(self._on_play_wished)
        self.watch.clicked.connect(self._on_watch_clicked)
        self.newest.clicked.connect(self.newest_wished)
        self.export.clicked.connect(self.export_wished)
        self.speed.activated.connect(self._on_speed_chosen)

    def _on_play_wished(self) -> None:
        if self.play.isEnabled():
            self.play_wished.emit()

    def _on_watch_clicked(self) -> None:
        self.watch_toggled.emit(self.watch.isChecked())

    def _on_speed_chosen(self, index: int) -> None:
        self.speed_chosen.emit(self._speeds[index])

    # -- what is shown ---------------------------------------------------------------------

    def set_epochs(self, epochs: Sequence[int], total: int, shown: int | None, why: str) -> None:
        """The epochs there are and the one shown; with none of them `why` says the reason."""
        some = bool(epochs)
        self.slider.set_epochs(epochs, total, shown)
        self.slider.setEnabled(some)
        self.export.setEnabled(some)
        self.play.setEnabled(len(epochs) > 1)
        self.speed.setEnabled(len(epochs) > 1)
        tip = "Go through the epochs; arrow keys, Page Up and Down, Home, End; Space plays"
        self.slider.setToolTip(tip if some else why)
        self.export.setToolTip(
            "Save the map over the epochs as GIF, APNG or PNG strip" if some else why
        )

    def set_words(self, words: str, few: str = "") -> None:
        """What is shown, in words, and in fewer where there is little room."""
        self._words = words, few or words
        self._show_words()
        self.label.setToolTip(words)
        self.slider.setAccessibleDescription(words)

    def set_playing(self, playing: bool, speed: float) -> None:
        """Whether it plays, and how fast it would."""
        name = "Pause" if playing else "Play the epochs"
        self.play.setText("❚❚" if playing else "▶")
        self.play.setAccessibleName(name)
        self.play.setToolTip(f"{name} (Space)")
        self.speed.setCurrentIndex(self._speeds.index(speed))

    def set_watching(self, watching: bool, tip: str) -> None:
        """Whether the map follows a training."""
        self.watch.setChecked(watching)
        self.watch.setToolTip(tip)

    def set_newest(self, text: str, tip: str, on: bool) -> None:
        """The way back from an earlier epoch."""
        self.newest.setText(text)
        self.newest.setAccessibleName(f"{text}: {tip}")
        self.newest.setToolTip(tip)
        self.newest.setEnabled(on)
        self._show_words()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fewer words where there is little room."""
        super().resizeEvent(event)
        wide = self.width() >= _WIDE_PX
        self.speed.setVisible(self.width() >= _ROOMY_PX)
        self.watch.setText("Follow on the map" if wide else "Follow")
        self.export.setText("Export this replay …" if wide else "Export …")
        for index, speed in enumerate(self._speeds):
            self.speed.setItemText(index, f"{speed:g} a second" if wide else f"{speed:g}/s")
        self.speed.setMinimumContentsLength(10 if wide else 3)
        self.speed.setMinimumWidth(self.speed.sizeHint().width())  # the least is a mere arrow
        self._show_words()
        self._row.activate()  # or it is drawn once with the words and widths of before

    def _show_words(self) -> None:
        """All of the words where they fit beside everything else, else fewer of them."""
        room, (words, few) = self._room_px(), self._words
        beside = room - _SLIDER_PX + self.slider.minimumWidth()
        rooms = {words: beside, few: beside, few.partition(" · ")[0]: room}
        words = next((some for some, there in rooms.items() if self._px(some) <= there), "")
        self.label.setText(words)
        self.label.setMinimumWidth(self._px(words))

    def _px(self, words: str) -> int:
        """As wide as all digits are, so that nothing moves while they count."""
        widest = "".join("0" if letter.isdigit() else letter for letter in words)
        return self.label.fontMetrics().horizontalAdvance(widest) + 4

    def _room_px(self) -> int:
        """What the other widgets leave of the width."""
        others = [self.watch, self.play, self.slider, self.newest, self.speed, self.export]
        shown = [widget for widget in others if not widget.isHidden()]
        needed = sum(
            max(widget.minimumSizeHint().width(), widget.minimumWidth()) for widget in shown
        )
        return self.width() - needed - _GAP_PX * len(shown)

    def minimumSizeHint(self) -> QSize:
        return QSize(300, 28)

    def sizeHint(self) -> QSize:
        return QSize(700, 28)
