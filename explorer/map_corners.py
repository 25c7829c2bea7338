"""What stands in the corners of the map: overview, scale, and where the pointer is."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject

from explorer import theme
from explorer.legends import latent_unit
from explorer.scale_bar import EDGE_PX, HEIGHT_PX, ScaleBar
from explorer.session import Session
from explorer.widgets.coordinates import Coordinates
from explorer.widgets.elided_label import ElidedLabel
from explorer.widgets.map_view import MARGIN_LEFT_PX, MapView
from explorer.widgets.minimap import LONGEST_PX, Minimap

_NO_PRIOR = "No prior: the range is that of the data; no σ circles, nothing to sample from"
_NO_PRIOR_TIP = (
    "An autoencoder without a prior p(z) learns where the codes of its data lie and nothing about "
    "the rest of the space: there are no standard deviations to draw circles for, and nothing to "
    "draw a fresh z from. Lengths are in latent units"
)
_SIGMAS = 3.0
_MOST_POINTS = 50_000  # of the data on the overview: more look the same
_LEAST_GROUND_PX = (360, 240)  # on a smaller map the overview would hide too much of it
_MOST_SHARE = 0.36  # of the ground's sides, that the overview may take
_IN_SIGHT = 0.02  # of the extent of all there is: so much out of sight is none


class MapCorners(QObject):
    """Keeps the corners true to session and view."""

    def __init__(self, session: Session, view: MapView, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._view = session, view
        self._wanted = True
        self.minimap, self.coordinates = Minimap(view), Coordinates(view)
        self.note = ElidedLabel(view)
        self.note.setObjectName("mapNote")
        self.note.setProperty("role", "muted")
        self.note.hide()
        self._scale_bar = ScaleBar()
        view.above_points.append(self._scale_bar)
        self.minimap.centre_wished.connect(self._on_centre_wished)
        self.minimap.entered.connect(view.forget_pointer)
        view.view_changed.connect(self._on_view_changed)
        view.pointer_moved.connect(self.coordinates.show_place)
        view.area_moved.connect(self.coordinates.show_place)
        view.pointer_left.connect(self.coordinates.hide)
        view.handle_pressed.connect(self._on_handle_pressed)
        session.model_changed.connect(self._on_model_changed)
        session.plane_changed.connect(self._on_plane_changed)
        session.points_changed.connect(self._show_points)
        session.arrangement_changed.connect(self._show_handles)
        session.active_changed.connect(self._show_handles)
        session.latent_changed.connect(self._on_latent_changed)

    def show_minimap(self, wanted: bool) -> None:
        """Whether the overview comes when the map shows only a part."""
        self._wanted = wanted
        self._on_view_changed()

    # -- from the session ------------------------------------------------------------------

    def _on_model_changed(self) -> None:
        model = self._session.model
        if model is not None:
            self._scale_bar.in_sigmas = model.has_prior
            self.note.setVisible(not model.has_prior)
            self.note.setText("" if model.has_prior else _NO_PRIOR)
            self.note.setToolTip("" if model.has_prior else theme.as_tip(_NO_PRIOR_TIP))

    def _on_plane_changed(self) -> None:
        session, plane = self._session, self._session.plane
        if session.model is None:
            return
        names = (plane.across, plane.up) if plane.kind == "axes" else ("across", "up")
        self.coordinates.set_axes(*names, f" {latent_unit(session.model.has_prior)}")
        self.coordinates.hide()
        self._show_points()
        self._show_handles()

    def _show_points(self) -> None:
        model = self._session.model
        if model is None:
            return
        xy = np.zeros((0, 2), np.float32)
        if model.points is not None and len(model.points):
            step = -(-len(model.points) // _MOST_POINTS)
            xy = self._session.plane.project(model.points.mean[::step])
        round_prior = model.has_prior and model.latent_size > 1
        self.minimap.set_points(xy, _SIGMAS if round_prior else 0.0)

    def _show_handles(self) -> None:
        session = self._session
        handles = session.arrangement.handles
        if session.model is None or not handles:
            self.minimap.set_handles({}, None)
            return
        xy = session.plane.project(np.stack([handle.z for handle in handles])).tolist()
        places = {handle.key: (x, y) for handle, (x, y) in zip(handles, xy, strict=True)}
        self.minimap.set_handles(places, session.active_key)

    def _on_latent_changed(self, key: int) -> None:
        handle = self._session.arrangement.get(key)
        if handle is not None:
            x, y = self._session.plane.project(handle.z).tolist()
            self.minimap.move_handle(key, x, y)

    # -- from the view ---------------------------------------------------------------------

    def _on_view_changed(self) -> None:
        view, ground = self._view.view, self._view.ground
        low, high, _ = self._view.fit_box
        room = (round(_MOST_SHARE * view.width), round(_MOST_SHARE * view.height))
        self.minimap.set_world(low, high, min(LONGEST_PX, *room))
        self.minimap.set_view(view)
        self.coordinates.set_view(view.scale, max(map(abs, view.box)))
        left = MARGIN_LEFT_PX + EDGE_PX
        bottom = round(ground.bottom()) - EDGE_PX
        self.coordinates.move(left, bottom - HEIGHT_PX - 2 - self.coordinates.height())
        corner = round(ground.right()) - EDGE_PX - self.minimap.width()
        self.minimap.move(corner, bottom - self.minimap.height())
        self.minimap.setVisible(self._wanted and self._has_room() and not self._whole_in_sight())

    def _has_room(self) -> bool:
        ground = self._view.view
        return ground.width >= _LEAST_GROUND_PX[0] and ground.height >= _LEAST_GROUND_PX[1]

    def _whole_in_sight(self) -> bool:
        low, high, _ = self._view.fit_box
        left, bottom, right, top = self._view.view.box
        spare = _IN_SIGHT * max(high[0] - low[0], high[1] - low[1])
        across = left - spare <= low[0] and high[0] <= right + spare
        return across and (
            self._view.line_only or (bottom - spare <= low[1] and high[1] <= top + spare)
        )

    def _on_handle_pressed(self, key: int) -> None:
        """The line under the map says where the handle is; a second one would be a frame late."""
        self.coordinates.hide()

    def _on_centre_wished(self, x: float, y: float) -> None:
        self._view.set_view(replace(self._view.view, x=x, y=y))
