"""The path through the handles: strip, player, and what changes along it."""

from functools import partial

import numpy as np
from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from explorer.arrangement import PATH_FRAMES
from explorer.painting import to_image
from explorer.session import Session
from explorer.widgets.curves import Curve, Curves
from explorer.widgets.overflow_row import OverflowRow
from explorer.widgets.strip_view import Keyframe, StripView
from models.paths import PATH_KINDS

PLAY_FRAMES_PER_SECOND = 12
GUTTER_PX = 122  # names of the curves, beside the strip's room, so that frames line up
_CURVES_PAUSE_MS = 80
_POINTS_COMPARED = 2000

_KIND_TIPS = {
    "linear": "Straight lines between the handles: for small K and posterior means",
    "spherical": "The direction turns at constant speed, the norm is interpolated apart: keeps "
    "the path in the shell where the prior has its mass, for large K",
}
_LEAST_FRAMES_PX = 104  # for “256 frames” and the arrows


class PathPanel(QWidget):
    """Plays and scrubs; the order of handles is changed by dragging a keyframe."""

    export_requested = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.strip = StripView(self)
        self.strip.setObjectName("strip")
        self.strip.setAccessibleName("Path, frame by frame")
        self.strip.setToolTip(
            "Click or drag to look at a frame, arrow keys to step; drag a letter to reorder"
        )
        self._curves = Curves(GUTTER_PX, self)
        self._curves.setAccessibleName("Change, log prior density and distance to data")
        self._curves.setToolTip(
            "Change per step: root mean square difference of neighbouring frames, 0 to 1.\n"
            "Log prior density: log N(z; 0, I), in nats.\n"
            f"Distance to data: to the nearest of up to {_POINTS_COMPARED} posterior means, "
            "in latent units."
        )
        self._player = QTimer(self, interval=1000 // PLAY_FRAMES_PER_SECOND)
        self._player.timeout.connect(self._on_tick)
        self._curves_timer = QTimer(self, singleShot=True, interval=_CURVES_PAUSE_MS)
        self._curves_timer.timeout.connect(self._draw_curves)
        self._build()
        session.model_changed.connect(self.stop)
        session.arrangement_changed.connect(self._on_arrangement_changed)
        session.active_changed.connect(self._draw_keyframes)
        session.points_changed.connect(self._draw_curves_soon)
        session.strip_changed.connect(self._on_strip_changed)
        session.scrub_changed.connect(self._on_scrub_changed)
        self.strip.scrubbed.connect(self._on_scrubbed)
        self.strip.keyframe_chosen.connect(self._on_keyframe_chosen)
        self.strip.keyframe_moved.connect(session.move_handle_in_order)

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(6)
        layout.addLayout(self._toolbar())
        row = QHBoxLayout()
        row.setSpacing(0)
        self._where = QLabel(self)
        self._where.setProperty("role", "muted")
        self._where.setStyleSheet("font-size: 8pt")
        self._where.setFixedWidth(GUTTER_PX)
        row.addWidget(self._where)
        row.addWidget(self.strip, 1)
        layout.addLayout(row, 3)
        layout.addWidget(self._curves, 2)

    def _toolbar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        bar.setSpacing(4)
        self._kinds = QButtonGroup(self)
        for kind in PATH_KINDS:
            button = self._button(kind.capitalize(), f"path-{kind}", _KIND_TIPS[kind])
            button.setCheckable(True)
            button.clicked.connect(partial(self._session.set_path, kind))
            self._kinds.addButton(button)
            bar.addWidget(button)
        bar.addSpacing(6)
        self.play_button = self._button("▶", "playPath", "Play the path (Space)")
        self.play_button.setCheckable(True)
        self.play_button.setAccessibleName("Play")
        self.play_button.toggled.connect(self._on_play_toggled)
        self._loop = self._button("Loop", "loopPath", "Play again from the start at the end")
        self._loop.setCheckable(True)
        self._loop.setChecked(True)
        self._back = self._button("There and back", "thereAndBack", "Play forward, then backward")
        self._back.setCheckable(True)
        self._frames = QSpinBox(self)
        self._frames.setObjectName("pathFrames")
        self._frames.setRange(*PATH_FRAMES)
        self._frames.setSuffix(" frames")
        self._frames.setKeyboardTracking(False)
        self._frames.setAccessibleName("Number of frames")
        self._frames.setToolTip(f"Frames on the path, {PATH_FRAMES[0]} to {PATH_FRAMES[1]}")
        self._frames.setMinimumWidth(_LEAST_FRAMES_PX)
        self._frames.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._frames.valueChanged.connect(self._on_frames_chosen)
        bar.addWidget(self.play_button)
        modes = OverflowRow("modes", self)
        modes.set_buttons([self._loop, self._back])
        bar.addWidget(self._frames)
        bar.addWidget(modes, 1)
        export = self._button("Export …", "exportAnimation", "Save the path as GIF, APNG or PNG")
        export.setProperty("primary", True)
        export.clicked.connect(self.export_requested)
        bar.addWidget(export)
        return bar

    def _button(self, text: str, name: str, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setProperty("slim", True)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        return button

    @property
    def there_and_back(self) -> bool:
        """Whether the path is played forth and back."""
        return self._back.isChecked()

    # -- from the session ------------------------------------------------------------------

    def _on_arrangement_changed(self) -> None:
        arrangement = self._session.arrangement
        for button in self._kinds.buttons():
            button.setChecked(button.objectName() == f"path-{arrangement.path_kind}")
        self._frames.blockSignals(True)
        self._frames.setValue(arrangement.frames)
        self._frames.blockSignals(False)
        if len(arrangement.handles) < 2:
            self.stop()
        self.play_button.setEnabled(len(arrangement.handles) > 1)
        self._draw_keyframes()
        self._say_where()
        self._on_strip_changed()

    def _draw_keyframes(self) -> None:
        active = self._session.active_key
        self.strip.set_keyframes(
            [
                Keyframe(handle.key, handle.name, handle.colour, handle.key == active)
                for handle in self._session.arrangement.handles
            ]
        )

    def _on_strip_changed(self) -> None:
        arrangement = self._session.arrangement
        count = arrangement.frames if arrangement.handles else 0
        images = {
            frame: to_image(picture)
            for frame, picture in self._session.strip.items()
            if frame < count
        }
        self.strip.set_frames(count, images)
        self._draw_curves_soon()

    def _draw_curves_soon(self) -> None:
        if not self._curves_timer.isActive():
            self._curves_timer.start()

    def _draw_curves(self) -> None:
        arrangement, model, strip = (
            self._session.arrangement,
            self._session.model,
            self._session.strip,
        )
        if model is None or len(arrangement.handles) < 2 or len(strip) < arrangement.frames:
            self._curves.set_curves([])
            return
        pictures = [strip[frame] for frame in range(arrangement.frames)]
        if len({picture.shape for picture in pictures}) > 1:  # nothing to compare
            self._curves.set_curves([])
            return
        z = arrangement.path()
        frames = np.stack(pictures).astype(np.float32)
        step = np.sqrt(np.square(np.diff(frames / 255, axis=0)).mean((1, 2, 3)))
        curves = [Curve("change per step", "change", "RMS", "#5aaaff", np.append(step, step[-1:]))]
        if model.has_prior:
            log_prior = -0.5 * (np.square(z).sum(1) + model.latent_size * np.log(2 * np.pi))
            curves.append(Curve("log prior density", "log p(z)", "nats", "#5fd4a0", log_prior))
        if model.points is not None and len(model.points):
            every = max(1, len(model.points) // _POINTS_COMPARED)
            gaps = np.square(z[:, None] - model.points.mean[None, ::every]).sum(2)
            curves.append(
                Curve("distance to data", "distance", "", "#ff8c5a", np.sqrt(gaps.min(1)))
            )
        self._curves.set_curves(curves)

    def _on_scrub_changed(self) -> None:
        frame = self._session.scrub
        self.strip.set_scrub(frame)
        self._curves.set_scrub(frame)
        self._say_where()
        if frame is None:
            self.stop()

    def _say_where(self) -> None:
        frame, arrangement = self._session.scrub, self._session.arrangement
        count = len(arrangement.handles)
        standing = f"{count} handle{'' if count == 1 else 's'}"
        moving = "" if frame is None else f"frame {frame + 1} of {arrangement.frames}"
        self._where.setText(moving or standing)

    # -- player ----------------------------------------------------------------------------

    def toggle_play(self) -> None:
        """Play or pause."""
        if self.play_button.isEnabled():
            self.play_button.toggle()

    def stop(self) -> None:
        """Pause where it stands."""
        self.play_button.setChecked(False)

    def _on_play_toggled(self, on: bool) -> None:
        self.play_button.setText("❚❚" if on else "▶")
        if not on:
            self._player.stop()
            return
        self._forward = True
        if self._session.scrub in (None, self._session.arrangement.frames - 1):
            self._session.set_scrub(0)
        self._player.start()

    def _on_tick(self) -> None:
        last = self._session.arrangement.frames - 1
        now = self._session.scrub or 0
        if self._forward and now >= last and self.there_and_back:
            self._forward = False
        at_end = now >= last if self._forward else now <= 0
        if at_end:
            self._forward = True
            if not self._loop.isChecked():
                self.stop()
                return
            now = -1 if not self.there_and_back else 0
        self._session.set_scrub(min(now + (1 if self._forward else -1), last))

    # -- from the person -------------------------------------------------------------------

    def _on_scrubbed(self, frame: int) -> None:
        self.stop()
        self._session.set_scrub(frame)

    def _on_keyframe_chosen(self, key: int) -> None:
        self._session.set_scrub(None)
        self._session.set_active(key)

    def _on_frames_chosen(self, frames: int) -> None:
        self._session.set_scrub(None)
        self._session.set_path(frames=frames)

    def sizeHint(self) -> QSize:
        return QSize(790, 220)
