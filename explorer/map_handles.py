"""Handles and their path on the map: drawn, told in words, and moved by its gestures."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from explorer import theme
from explorer.legends import latent_unit
from explorer.pacing import Paced
from explorer.painting import Ellipse, Floats, Marker
from explorer.rendering import ModelInfo
from explorer.session import Session
from explorer.widgets.map_view import MapView
from explorer.widgets.readout import Readout
from models.planes import Plane

_PATH_SAMPLES = 96
# A short name, two negative numbers, what lies off the plane, and units.
_GAUGE_PX, _LEAST_GAUGE_PX = 225, 200
_GAUGE_PAUSE_MS = 33  # between two looks at numbers that run


class MapHandles(QObject):
    """Binds the handles of a session to a map view; `gauge` says where the active one is."""

    def __init__(self, session: Session, view: MapView, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._view = session, view
        self.gauge = Readout(_GAUGE_PX, _LEAST_GAUGE_PX, parent)
        self._described = Paced(session, self._describe, _GAUGE_PAUSE_MS, self)
        self._markers: dict[int, Marker] = {}
        self._ellipses: list[Ellipse] = []
        session.plane_changed.connect(self._on_plane_changed)
        session.layers_changed.connect(self._draw)
        session.arrangement_changed.connect(self._draw)
        session.latent_changed.connect(self._draw)
        session.active_changed.connect(self._draw)
        session.scrub_changed.connect(self._draw_scrub)
        view.handle_pressed.connect(self._on_pressed)
        view.handle_moved.connect(self._on_moved)
        view.handle_released.connect(self._on_released)
        view.gesture_cancelled.connect(session.cancel_gesture)
        view.nudged.connect(self._on_nudged)

    # -- from the session ------------------------------------------------------------------

    def _on_plane_changed(self) -> None:
        model = self._session.model
        if model is not None:
            self.gauge.setToolTip(theme.as_tip(_gauge_tip(model, self._session.plane)))
        self._draw()
        self._draw_scrub()

    def _draw(self, key: int = 0) -> None:
        """All of them, or the one with that key, which has moved."""
        if key and key in self._markers:
            handle = self._session.arrangement.get(key)
            if handle is not None:
                x, y = self._session.plane.project(handle.z).tolist()
                self._markers[key] = replace(self._markers[key], x=x, y=y)
        else:
            self._gather()
        self._view.set_markers(tuple(self._markers.values()), self._ellipses)
        self._view.set_path(self._path_line())
        self._described.ask()

    def _gather(self) -> None:
        session, handles = self._session, self._session.arrangement.handles
        self._markers, self._ellipses = {}, []
        if session.model is None or not handles:
            return
        places = session.plane.project(np.stack([handle.z for handle in handles])).tolist()
        for handle, (x, y) in zip(handles, places, strict=True):
            active = handle.key == session.active_key
            name, colour = handle.name, handle.colour
            self._markers[handle.key] = Marker(handle.key, name, colour, x, y, active)
            if handle.image is not None and session.layers.posterior:
                x, y = session.plane.project(handle.image.mean).tolist()
                shape = session.plane.ellipse(handle.image.stddev)
                self._ellipses.append(Ellipse(x, y, *shape, handle.colour))

    def _path_line(self) -> Floats:
        arrangement = self._session.arrangement
        if len(arrangement.handles) < 2:
            return np.zeros((0, 2), np.float32)
        if arrangement.path_kind == "linear":  # the map of a straight line is one
            return np.array([(marker.x, marker.y) for marker in self._markers.values()], np.float32)
        return self._session.plane.project(arrangement.path(_PATH_SAMPLES))

    def _draw_scrub(self) -> None:
        frame, arrangement = self._session.scrub, self._session.arrangement
        if frame is None or not arrangement.handles:
            self._view.set_scrub(None)
            return
        z = arrangement.path()[min(frame, arrangement.frames - 1)]
        x, y = self._session.plane.project(z).tolist()
        self._view.set_scrub((x, y))

    def _describe(self) -> None:
        """Say in words, for a screen reader, where the active handle is; show the gauge."""
        session, handle = self._session, self._session.active
        if handle is None or session.model is None:
            self.gauge.set_text("")
            self._view.setAccessibleDescription("No handle")
            return
        x, y = session.plane.project(handle.z).tolist()
        off = float(np.linalg.norm(session.plane.residual(handle.z)))
        where = f"{x:.2f}" if session.model.latent_size == 1 else f"{x:.2f}, {y:.2f}"
        unit = latent_unit(session.model.has_prior)
        place = f"{handle.name}  {where} {unit}".replace("-", "−")
        if session.model.latent_size > 2:
            place += f"   off plane {off:.2f} {unit}"
        self._view.setAccessibleDescription(f"Handle {place}. {plane_words(session.plane)}")
        self.gauge.set_text(place)

    # -- from the person -------------------------------------------------------------------

    def _on_pressed(self, key: int) -> None:
        self._session.set_scrub(None)
        self._session.set_active(key)
        handle = self._session.active
        self._session.begin_gesture(f"Drag {handle.name}" if handle else "Drag")

    def _on_moved(self, key: int, x: float, y: float) -> None:
        handle = self._session.arrangement.get(key)
        if handle is None:
            return
        plane = self._session.plane
        delta = np.array([x, y], np.float32) - plane.project(handle.z)
        self._session.set_latent(key, plane.move(handle.z, delta))

    def _on_released(self, key: int) -> None:
        self._session.end_gesture()
        self._view.set_lens(None)

    def _on_nudged(self, dx: float, dy: float) -> None:
        handle = self._session.active
        if handle is not None:
            z = self._session.plane.move(handle.z, np.array([dx, dy], np.float32))
            self._session.set_scrub(None)
            self._session.put_latent(handle.key, z, f"Nudge {handle.name}")


def plane_words(plane: Plane) -> str:
    """What runs across the map and what up, in one line of plain text."""
    up = f"; up: {plane.up}" if plane.up else ""
    return f"Across: {plane.across}{up}"


def _gauge_tip(model: ModelInfo, plane: Plane) -> str:
    """What the numbers under the map are."""
    unit = (
        "in σ, standard deviations of the prior"
        if model.has_prior
        else "in units of the latent space, for without a prior there is no σ to tell it in"
    )
    if model.latent_size <= 2:
        return f"Where the active handle is, {unit}. {plane_words(plane)}"
    return (
        "Where the active handle is in the plane, and the length of what of its z lies off it, "
        f"{unit}; B brings it to the plane. {plane_words(plane)}"
    )
