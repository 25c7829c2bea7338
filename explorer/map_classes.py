"""The class on the map: chosen in a row or by a digit, or all of them beside the pointer."""

from functools import partial

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut

from explorer import theme
from explorer.class_grid import draw_grid, fitting_grid
from explorer.class_lens import ClassLens
from explorer.session import Session
from explorer.widgets.class_row import ClassRow, class_keys
from explorer.widgets.map_view import MapView

Bytes = npt.NDArray[np.uint8]

_SHARE_ACROSS, _SHARE_UP = 0.6, 0.5  # of the ground, that all classes may cover at most
_APART_PX = 18  # of that for frame and edge: above or below the pointer there is always room


class MapClasses(QObject):
    """Keeps `row` true to the session, and lays the lens of all classes on the map."""

    all_changed = Signal(bool)  # whether the lens beside the pointer is that of every class

    def __init__(self, session: Session, lens: ClassLens, view: MapView, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._lens, self._view = session, lens, view
        self.row = ClassRow(view)
        self.row.hide()
        self.row.chosen.connect(session.choose_class)
        self.row.all_toggled.connect(self._on_all_toggled)
        for digit in "0123456789":
            key = QShortcut(QKeySequence(digit), view)
            key.setContext(Qt.ShortcutContext.WidgetShortcut)
            key.activated.connect(partial(self.choose_by_key, digit))
        session.model_changed.connect(self._on_model_changed)
        for changed in (
            session.active_changed,
            session.arrangement_changed,
            session.latent_changed,
            session.class_changed,
        ):
            changed.connect(self._show_class)
        session.latent_changed.connect(self._on_latent_changed)
        view.pointer_moved.connect(self._on_pointer_moved)
        view.pointer_left.connect(lens.stop)
        lens.decoded.connect(self._on_decoded)

    @property
    def all_classes(self) -> bool:
        """Whether the lens beside the pointer is that of every class."""
        model = self._session.model
        return model is not None and model.conditional and self.row.all_classes

    # -- from the session ------------------------------------------------------------------

    def _on_model_changed(self) -> None:
        model = self._session.model
        conditional = model is not None and model.conditional
        self.row.setVisible(conditional)
        if model is not None and conditional:
            self.row.set_classes(model.class_names, class_keys(model.class_names))
        self.all_changed.emit(self.all_classes)

    def _show_class(self, key: int = 0) -> None:
        label = self._session.label
        if label is not None:
            self.row.set_class(label)

    def _on_latent_changed(self, key: int) -> None:
        handle = self._session.active
        if self.all_classes and self._view.dragging and handle is not None and key == handle.key:
            self._lens.look_at(handle.z)

    # -- from the person -------------------------------------------------------------------

    def choose_by_key(self, digit: str) -> bool:
        """Choose the class whose key that is; whether there is one."""
        model = self._session.model
        if model is None or not model.conditional or not self._view.isVisible():
            return False
        for label, key in class_keys(model.class_names).items():
            if key == digit:
                self._session.choose_class(label)
                return True
        return False

    def _on_all_toggled(self, on: bool) -> None:
        self._lens.stop()
        self._view.set_lens(None)
        self.all_changed.emit(self.all_classes)
        self._view.tell_pointer()

    def _on_pointer_moved(self, x: float, y: float) -> None:
        if self.all_classes:
            self._lens.look_at(self._session.slice.lift(np.array([x, y], np.float32)))

    def _on_decoded(self, pictures: Bytes) -> None:
        model = self._session.model
        if model is None or not self.all_classes:
            return
        if self._view.hovering or self._view.dragging:
            ground = self._view.ground
            room = _SHARE_ACROSS * ground.width(), _SHARE_UP * ground.height() - _APART_PX
            grid = fitting_grid(len(pictures), *room)
            picture = draw_grid(
                pictures, model.class_names, self._session.label, grid, theme.colours()
            )
            self._view.set_lens(picture, max(grid.size()), "")
