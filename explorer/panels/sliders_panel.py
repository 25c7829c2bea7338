"""One slider a dimension, bound to the active handle."""

import numpy as np
from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from explorer import theme
from explorer.dimensions import (
    active_dimensions,
    dimensions_in_order,
    is_nearly_in_order,
    map_dimensions,
    use_words,
)
from explorer.pacing import Paced
from explorer.painting import to_image
from explorer.rendering import DecodeRequest, DecodeResult, ModelInfo, Slot
from explorer.session import Session
from explorer.widgets.dimension_row import DimensionRow
from explorer.workers import DecodeThread

THUMBNAILS_A_ROW = 7
_MOST_ROWS = 32
_HEADER_MARGINS_PX, _HEADER_GAP_PX = 20, 6
_FOLD_PX = 40
_FOLD_WORDS = ("Show all", "Show all", "All")  # the last where there is little room
_THUMBNAIL_PAUSE_MS = 60
_VALUES_PAUSE_MS = 33  # between two looks at numbers that run


class SlidersPanel(QWidget):
    """Those of the map first, then by mean KL or spread; inactive ones folded away and counted."""

    thumbnails_shown = Signal()

    def __init__(
        self, session: Session, thread: DecodeThread, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._thread = session, thread
        self._rows: dict[int, DimensionRow] = {}
        self._of_map: tuple[int, ...] = ()  # the dimensions across and up the map
        self._filled = -1  # the model that the rows are of, by its key
        self._left_over = False  # rows are to be others, but a hand is at them
        self._inactive_shown = False
        self._count_words = ("", "")
        self.waiting = False  # for thumbnails
        self._arrived: list[QImage] = []
        self._generator = np.random.default_rng()
        self._timer = QTimer(self, singleShot=True, interval=_THUMBNAIL_PAUSE_MS)
        self._timer.timeout.connect(self._ask_thumbnails)
        self._build()
        session.model_changed.connect(self._on_model_changed)
        session.weights_changed.connect(self._on_weights_changed)
        session.plane_changed.connect(self._on_plane_changed)
        self._rows_pace = Paced(session, self._show_values, _VALUES_PAUSE_MS, self)
        session.active_changed.connect(self._on_latent_changed)
        session.arrangement_changed.connect(self._on_latent_changed)
        session.latent_changed.connect(self._on_latent_changed)
        thread.decoded.connect(self._on_decoded)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._on_focus_changed)

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 4, 6)
        layout.setSpacing(4)
        header = QHBoxLayout()
        header.setContentsMargins(0, 0, 6, 0)
        header.setSpacing(_HEADER_GAP_PX)
        self._count = QLabel(self)
        self._count.setProperty("role", "muted")
        # Its words come and change in mid-training: they take the room there is, and ask for none.
        self._count.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        header.addWidget(self._count, 1)
        self._fold = self._button(
            _FOLD_WORDS[0], "showInactive", "Show the inactive dimensions too"
        )
        self._fold.setCheckable(True)
        self._fold.setMinimumWidth(_FOLD_PX)
        self._fold.toggled.connect(self._on_fold_toggled)
        reset = self._button("Reset", "resetLatent", "Back to the image's posterior mean, or to 0")
        reset.clicked.connect(self.reset)
        sample = self._button("Sample", "sampleLatent", "A fresh z from the prior N(0, I)")
        sample.clicked.connect(self.sample)
        self._sample = sample
        self._buttons = (self._fold, reset, sample)
        for button in self._buttons:
            header.addWidget(button)
        layout.addLayout(header)
        self._area = QScrollArea(self)
        self._area.setWidgetResizable(True)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is in it is scrolled to by Tab
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout.addWidget(self._area, 1)

    def _button(self, text: str, name: str, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        return button

    # -- from the session ------------------------------------------------------------------

    def _on_model_changed(self) -> None:
        model = self._session.model
        if model is None:
            return
        self._sample.setEnabled(model.has_prior)
        self._sample.setToolTip(
            "A fresh z from the prior N(0, I)"
            if model.has_prior
            else "A plain autoencoder has no prior to sample from"
        )
        self._fill(model)

    def _fill(self, model: ModelInfo) -> None:
        self._left_over = False
        self._of_map = map_dimensions(self._session)
        shown, count = self._wanted_rows(model)
        self._show_count(model, count)
        holder = QWidget(self._area)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(2)
        before = self._rows if self._filled == model.key else {}
        self._rows, self._filled = {}, model.key
        for dimension in shown[:_MOST_ROWS]:
            centre, reach = float(model.centre[dimension]), float(model.spread[dimension])
            row = DimensionRow(dimension, centre, reach, holder)
            row.set_detail(*use_words(model, dimension))
            self._mark(row)
            if dimension in before:  # its pictures stand until others come
                row.thumbnails.set_images(before[dimension].thumbnails.images)
            row.pressed.connect(self._on_row_pressed)
            row.moved.connect(self._on_row_moved)
            row.released.connect(self._on_row_released)
            self._rows[dimension] = row
            column.addWidget(row)
        if len(shown) > _MOST_ROWS:
            less = "carry less" if model.has_prior else "vary less"
            more = QLabel(f"{len(shown) - _MOST_ROWS} more dimensions {less}", holder)
            more.setProperty("role", "muted")
            column.addWidget(more)
        column.addStretch(1)
        self._area.setWidget(holder)
        self._on_latent_changed()

    def _show_count(self, model: ModelInfo, active: int) -> None:
        text, few, tip = _count_words(model, active)
        self._count_words = (text, few)
        self._fold.setVisible(0 < active < model.latent_size > 2)
        self._count.setToolTip(theme.as_tip(f"{text}\n{tip}"))
        self._fit_header()

    def _fit_header(self) -> None:
        """As many words as there is room for: the map's width is not to change with them."""
        for fold, words in zip(
            _FOLD_WORDS, (*self._count_words, self._count_words[1]), strict=True
        ):
            self._fold.setText(fold)
            self._count.setText(words)
            shown = [button for button in self._buttons if not button.isHidden()]
            taken = sum(button.sizeHint().width() + _HEADER_GAP_PX for button in shown)
            if self._count.sizeHint().width() <= self.width() - _HEADER_MARGINS_PX - taken:
                return

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_header()

    def _wanted_rows(self, model: ModelInfo) -> tuple[list[int], int]:
        """The dimensions to show, the most used first, and how many are active.

        The map's are always among them: before all others where they would be out of sight.
        """
        active, of_map = active_dimensions(model), self._of_map
        order, hidden = dimensions_in_order(model), self._out_of_sight(model)
        order = [*hidden, *(d for d in order if d not in hidden)]
        count = int(active.sum())
        if not count or model.latent_size <= 2:  # posterior collapse, or no room to be won
            return order, count
        return [d for d in order if active[d] or d in of_map or self._inactive_shown], count

    def _out_of_sight(self, model: ModelInfo) -> list[int]:
        """The dimensions of the map that would not be shown as others are."""
        active, order = active_dimensions(model), dimensions_in_order(model)
        return [d for d in self._of_map if not active[d] or d in order[_MOST_ROWS:]]

    def _on_plane_changed(self) -> None:
        model = self._session.model
        if model is None or map_dimensions(self._session) == self._of_map:
            return
        by_itself = not self._session.plane_chosen and self._filled == model.key
        if by_itself and self._in_hand:
            self._of_map, self._left_over = map_dimensions(self._session), True
            for row in self._rows.values():
                self._mark(row)
        else:
            self._fill(model)

    def _mark(self, row: DimensionRow) -> None:
        if row.dimension in self._of_map:
            row.set_mark(*_MARKS[self._of_map.index(row.dimension)])
        else:
            row.clear_mark()

    @property
    def _in_hand(self) -> bool:
        """Whether somebody is at the rows: nothing may move under the hand."""
        at_one = any(row.has_focus for row in self._rows.values())
        return self._session.in_gesture or at_one or self.underMouse()

    def _is_in_place(self, model: ModelInfo, shown: list[int]) -> bool:
        """Whether the rows can stay as they are: while a model learns their order wavers."""
        rows, first = list(self._rows), self._out_of_sight(model)
        if rows == shown:
            return True
        if model.epoch is None or {*rows} != {*shown} or rows[: len(first)] != first:
            return False
        return is_nearly_in_order(model, rows[len(first) :])

    def _settle(self) -> None:
        """Let the rows be what they were to be while a hand was at them."""
        model = self._session.model
        if self._left_over and model is not None and not self._in_hand:
            self._fill(model)

    def _on_focus_changed(self, before: QWidget | None, now: QWidget | None) -> None:
        self._settle()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._settle()

    def _on_weights_changed(self) -> None:
        """Rows stay where they are while their model learns, unless others carry clearly more."""
        model = self._session.model
        if model is None:
            return
        shown, count = self._wanted_rows(model)
        self._left_over = not self._is_in_place(model, shown[:_MOST_ROWS])
        if self._left_over and not self._in_hand:
            self._fill(model)
            return
        self._show_count(model, count)
        for dimension, row in self._rows.items():
            row.set_detail(*use_words(model, dimension))
            if not self._session.in_gesture:
                row.set_span(float(model.centre[dimension]), float(model.spread[dimension]))
        self._on_latent_changed()

    def _on_fold_toggled(self, on: bool) -> None:
        self._inactive_shown = on
        if self._session.model is not None:
            self._fill(self._session.model)

    def _on_latent_changed(self, key: int = 0) -> None:
        if self._session.active is None:
            return
        self._rows_pace.ask()
        if not self._timer.isActive():
            self.waiting = bool(self._rows)
            self._timer.start()

    def _show_values(self) -> None:
        handle = self._session.active
        if handle is None:
            return
        for dimension, row in self._rows.items():
            if dimension < len(handle.z):
                row.show_value(float(handle.z[dimension]))

    # -- thumbnails ------------------------------------------------------------------------

    def _ask_thumbnails(self) -> None:
        handle, model = self._session.active, self._session.model
        if handle is None or model is None or not self._rows or len(handle.z) != model.latent_size:
            self.waiting = False
            return
        dimensions = tuple(self._rows)
        z = np.tile(handle.z, (len(dimensions), THUMBNAILS_A_ROW, 1))
        for row, dimension in enumerate(dimensions):
            reach = model.spread[dimension]
            centre = model.centre[dimension]
            z[row, :, dimension] = np.linspace(centre - reach, centre + reach, THUMBNAILS_A_ROW)
        z = z.reshape(-1, model.latent_size)
        label = None if handle.label is None else np.full(len(z), handle.label, np.int64)
        self._thread.submit(DecodeRequest(Slot.THUMBNAILS, model.key, z, label, dimensions))

    def _on_decoded(self, result: DecodeResult) -> None:
        model = self._session.model
        if result.request.slot is not Slot.THUMBNAILS or model is None:
            return
        if result.request.model_key != model.key:
            return
        if result.error:
            self.waiting = False
            return
        if result.first == 0:
            self._arrived = []
        self._arrived = [*self._arrived, *map(to_image, result.pictures)]
        for index, dimension in enumerate(result.request.ticket):
            images = self._arrived[index * THUMBNAILS_A_ROW : (index + 1) * THUMBNAILS_A_ROW]
            if dimension not in self._rows or not images:
                continue
            thumbnails, left = self._rows[dimension].thumbnails, THUMBNAILS_A_ROW - len(images)
            if not left or not thumbnails.whole:  # whole rows stand until the next is whole
                thumbnails.set_images([*images, *[None] * left])
        if len(self._arrived) >= len(result.request.z) and not self._timer.isActive():
            self.waiting = False
            self.thumbnails_shown.emit()

    # -- from the person -------------------------------------------------------------------

    def _on_row_pressed(self, dimension: int) -> None:
        self._session.set_scrub(None)
        self._session.begin_gesture(f"Slide z{dimension}")

    def _on_row_moved(self, dimension: int, value: float) -> None:
        handle = self._session.active
        if handle is None:
            return
        z = handle.z.copy()
        z[dimension] = value
        self._session.set_scrub(None)
        self._session.set_latent(handle.key, z, f"Slide z{dimension}")

    def _on_row_released(self, dimension: int) -> None:
        self._session.end_gesture()

    def reset(self) -> None:
        """Put the active handle back on its image's posterior mean, or in the centre."""
        handle, model = self._session.active, self._session.model
        if handle is not None and model is not None:
            home = model.centre if handle.image is None else handle.image.mean
            self._session.put_latent(handle.key, home, "Reset")

    def sample(self) -> None:
        """Put the active handle on a fresh draw from the prior."""
        handle, model = self._session.active, self._session.model
        if handle is not None and model is not None and model.has_prior:
            z = self._generator.standard_normal(model.latent_size).astype(np.float32)
            self._session.put_latent(handle.key, z, "Sample")

    def sizeHint(self) -> QSize:
        return QSize(380, 420)


_MARKS = (
    ("map →", "This dimension runs across the map, to the right", "across the map"),
    ("map ↑", "This dimension runs up the map", "up the map"),
)


def _count_words(model: ModelInfo, active: int) -> tuple[str, str, str]:
    """What is said of all the dimensions together, the same in few words, and what that means."""
    size = model.latent_size
    few = f"K = {size}"
    if model.deviation is None:
        text = f"{size} dimension{'' if size == 1 else 's'}"
        tip = "The model came without data, which would tell how much it uses each of them"
    elif not model.has_prior:
        text = "1 dimension" if size == 1 else f"{size} dimensions, by spread"
        tip = (
            "In order of the standard deviation of the data's codes, the largest first. A plain "
            "autoencoder has no prior: no KL could switch a dimension off, so none is counted as "
            "active or inactive"
        )
    else:
        text, few = f"{active} of {size} active", f"{active} of {size}"
        tip = (
            "Active: the posterior mean varies over the data by more than 0.01 (variance, Burda et "
            "al. 2016)"
        )
    return text, few, tip
