"""The map with its toolbar and legend, bound to a session."""

from dataclasses import replace
from functools import partial

import numpy as np
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from explorer import theme
from explorer.arrangement import Bytes, Floats
from explorer.colour_bar import ColourBar
from explorer.crowd_image import unchosen_grey
from explorer.decoding import Decoding
from explorer.dimensions import dimensions_to_choose
from explorer.fit_box import FIT_WORDS, fit_box
from explorer.layer_buttons import LayerButtons
from explorer.map_handles import MapHandles, plane_words
from explorer.map_points import MapPoints, project
from explorer.mosaic import Mosaic
from explorer.painting import to_image
from explorer.plane_choices import reason_against
from explorer.plane_laying import PlaneLaying
from explorer.point_values import colour_rows, values_of
from explorer.rendering import ModelInfo
from explorer.session import Session
from explorer.viewport import Viewport
from explorer.widgets.class_legend import ClassLegend
from explorer.widgets.elided_label import ElidedLabel
from explorer.widgets.map_view import MapView
from explorer.widgets.mosaic_settings import MosaicLook, MosaicSettings
from explorer.widgets.plane_chooser import PlaneChooser
from explorer.widgets.tool_strip import ToolStrip
from models.planes import PLANE_KINDS

_COMPACT_PX = 900  # below it the layers need the room more than a title
_FIT_MARGIN, _GROWING_MARGIN = 0.01, 0.2  # of the box of all there is; data without a prior grows
_SOLID = 0.5  # opacity of tiles from which on they are what points and circles stand on
_OUTGROWN = 0.02  # of the view: the outermost points may wander so far out of it
_SPARSE = 0.35  # of the view: less than that of it filled is looked at from nearer

_TOOLS = {
    "pan": "Pan: a drag on the map moves it, a click on a point puts a handle there (V)",
    "nearest": "Nearest data: a click on a place or a point shows the images nearest to it in "
    "all dimensions, in the Data panel; Esc ends (Shift+D: at once, at the pointer)",
    "rectangle": "Select by rectangle: a drag selects the points in it; with Shift adds them, "
    "with Ctrl takes them away; Esc ends (R)",
    "lasso": "Select by lasso: a drag selects the points it goes around; with Shift adds them, "
    "with Ctrl takes them away; Esc ends (L)",
}

_PLANES: dict[str, tuple[str, str]] = {
    "axes": ("Axes", "Two dimensions of the latent space"),
    "principal": (
        "Principal",
        "The two directions along which the posterior means of the data vary most",
    ),
    "handles": (
        "Handles",
        "Through the active handle and the two that follow it on the path, as they are now",
    ),
    "selections": (
        "Selections",
        "Across it the direction from the mean of the first of two selections to that of the "
        "second, up toward the mean of all data; the Data panel sets the first",
    ),
    "classes": (
        "Classes",
        "The two directions that best separate the classes shown (Fisher's LDA); the legend below "
        "the map chooses them: hide or show a class there and the plane follows",
    ),
    "random": ("Random", "Two directions at random"),
}
_TOO_FEW = (
    "The plane stays as it is: to be made anew it needs two classes or more in the legend below "
    "the map"
)
_EMBEDDING = (
    "t-SNE, UMAP …",
    "No plane, but all dimensions at once: the data laid out so that neighbours stay neighbours, "
    "for looking and picking (Ctrl+U)",
)


class MapPanel(QWidget):
    """Everything a person does on the map becomes a change of the session."""

    view_settled = Signal()
    failed = Signal(str)
    said = Signal(str)
    embedding_wished = Signal()
    tool_chosen = Signal(str)
    # The data nearest a place (x, y), a point's number; none: nearest the active handle.
    near_wished = Signal(object)

    def __init__(
        self,
        session: Session,
        decoding: Decoding,
        mosaic: Mosaic,
        points: MapPoints,
        planes: PlaneLaying,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("mapPanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._session, self._decoding, self._mosaic = session, decoding, mosaic
        self._points, self._planes = points, planes
        self.view = MapView(self)
        self.view.setObjectName("map")
        self.view.tile_image = mosaic.image
        self.view.crowd = points.layer
        points.layer.changed.connect(self.view.redraw_layers)
        points.selection_changed.connect(self._on_selection_changed)
        points.colours_changed.connect(self._draw_points)
        self._legend = ClassLegend(self)
        self._legend.toggled.connect(self._on_class_toggled)
        self._legend.hidden_wished.connect(self._on_classes_hidden)
        self._legend.pointed.connect(points.point_at)
        self.colours = ColourBar(session, self._legend, self)
        self._tools = ToolStrip(_TOOLS, self)
        self._tools.set_tool("pan")
        self._tools.chosen.connect(self.tool_chosen)
        self.handles = MapHandles(session, self.view, self)
        self._chooser = PlaneChooser(_PLANES, ElidedLabel(self), self)
        self._chooser.kind_chosen.connect(planes.lay)
        planes.slow.connect(self._on_plane_slow)
        planes.ended.connect(self._show_plane)
        planes.failed.connect(self.failed)
        self._chooser.axes_chosen.connect(self._session.set_axes)
        self._chooser.opening.connect(self._offer_dimensions)
        self._chooser.add_view(*_EMBEDDING)
        self._chooser.view_chosen.connect(self.embedding_wished)
        self._build()
        self._connect_view()
        self._connect_session()
        decoding.lens_changed.connect(self._on_lens_changed)
        mosaic.tiles_changed.connect(self._on_tiles_changed)
        mosaic.settled.connect(self._on_mosaic_settled)
        self._tiles_held_back = False
        self._lens_shown = True  # of the one class; not while all of them are shown
        self._separated: frozenset[int] = frozenset()  # classes hidden when last looked at

    # -- building --------------------------------------------------------------------------

    def _build(self) -> None:
        self.view.setAccessibleName("Latent map")
        self.view.setToolTip("")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 6)
        layout.setSpacing(theme.SPACING_PX)
        layout.addLayout(self._toolbar())
        self._rows = QVBoxLayout()
        self._rows.setSpacing(4)
        layout.addLayout(self._rows)
        middle = QHBoxLayout()
        middle.setSpacing(2)
        middle.addWidget(self._tools)
        middle.addWidget(self.view, 1)
        layout.addLayout(middle, 1)
        bottom = QHBoxLayout()
        bottom.setSpacing(4)
        bottom.addWidget(self.colours, 1)
        bottom.addWidget(self.handles.gauge)
        layout.addLayout(bottom)

    def add_row(self, row: QWidget) -> None:
        """Give a row of controls its place between toolbar and map."""
        self._rows.addWidget(row)

    def show_lens(self, shown: bool) -> None:
        """Whether one decode stands beside the pointer; another may stand there instead."""
        self._lens_shown = shown

    def show_mosaic(self, look: MosaicLook) -> None:
        """Tiles of another size or opacity, at once, and another bound on their memory."""
        self.mosaic_settings.set_look(look)
        self.view.tile_opacity = look.opacity
        self._mosaic.limit(look.cache_mb * 2**20)
        self._show_ground()
        self.view.redraw_ground()
        self._look()

    def _show_ground(self) -> None:
        """Whether what lies under points and circles is dark: faint tiles are no ground."""
        tiles = self._session.layers.mosaic and self.mosaic_settings.look.opacity >= _SOLID
        self.view.ground_dark = tiles or theme.colours().dark

    def _toolbar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        bar.setSpacing(4)
        bar.addWidget(self._chooser)
        bar.addSpacing(10)
        bar.addWidget(LayerButtons(self._session, self), 1)
        self.mosaic_settings = MosaicSettings(self)
        self.mosaic_settings.changed.connect(self.show_mosaic)
        bar.addWidget(self.mosaic_settings)
        fit = QPushButton("Fit", self)
        fit.setObjectName("fitButton")
        fit.setAccessibleName("Fit")
        fit.setToolTip(theme.as_tip(f"{FIT_WORDS}. The wheel, + and − zoom"))
        fit.setProperty("slim", True)
        fit.clicked.connect(self.fit)
        bar.addWidget(fit)
        return bar

    def _connect_view(self) -> None:
        view = self.view
        view.handle_activated.connect(self.rename)
        view.ground_activated.connect(self.add_handle_at)
        view.menu_requested.connect(self._on_menu_requested)
        view.pointer_moved.connect(self._on_pointer_moved)
        view.view_changed.connect(self._on_view_changed)

    def _connect_session(self) -> None:
        session = self._session
        session.model_changed.connect(self._on_model_changed)
        session.points_changed.connect(self._on_points_changed)
        session.plane_changed.connect(self._on_plane_changed)
        session.layers_changed.connect(self._on_layers_changed)
        session.arrangement_changed.connect(self._show_reasons)
        session.picture_changed.connect(self._on_picture_changed)
        for changed in (
            session.model_changed,
            session.weights_changed,
            session.plane_changed,
            session.arrangement_changed,
            session.active_changed,
            session.latent_changed,
            session.class_changed,
        ):
            changed.connect(self._on_ground_changed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._chooser.set_compact(event.size().width() < _COMPACT_PX)
        super().resizeEvent(event)

    def show_tool(self, name: str) -> None:
        """Which tool a press on the ground is for."""
        self._tools.set_tool(name)

    # -- commands --------------------------------------------------------------------------

    def fit(self) -> None:
        """Show the data, but what lies far out, the prior and the handles."""
        model = self._session.model
        if model is not None:
            low, high = self._box(model)
            self.view.fit(tuple(low), tuple(high), margin=_FIT_MARGIN)

    def show_box(self, low: tuple[float, float], high: tuple[float, float]) -> None:
        """Show so much of the plane and hardly more; it is no longer all there is."""
        self.view.set_view(self.view.view.fitted(low, high))

    def _box(self, model: ModelInfo) -> tuple[Floats, Floats]:
        return fit_box(model, self._session.plane, self._session.arrangement)

    def _fit_gently(self, model: ModelInfo) -> None:
        """Follow data that outgrows the view or hardly fills it, unless a person chose the view."""
        if not self.view.fitted or self.view.dragging:
            return
        low, high = self._box(model)
        left, bottom, right, top = self.view.goal.box
        slack = _OUTGROWN * (right - left)
        across = low[0] < left - slack or high[0] > right + slack
        up = low[1] < bottom - slack or high[1] > top + slack
        filled, filled_up = (high - low) / (right - left, top - bottom)
        if not self.view.line_only:
            across, filled = across or up, max(filled, filled_up)
        if across or (filled < _SPARSE and not self._session.replaying):
            room = _FIT_MARGIN if model.has_prior else _GROWING_MARGIN
            self.view.glide_to_fit(tuple(low), tuple(high), room)

    def zoom(self, factor: float) -> None:
        """Zoom around the middle."""
        self.view.zoom(factor)

    def viewport(self) -> Viewport:
        """What the map shows."""
        return self.view.view

    def chosen_view(self) -> Viewport | None:
        """What the map shows, if that is not simply all there is."""
        return None if self.view.fitted else self.view.view

    def add_handle_at(self, x: float, y: float) -> None:
        """A new handle at a place of the map, in the plane on screen."""
        if self._session.model is None:
            return
        z = self._session.slice.lift(np.array([x, y], np.float32))
        self._session.add_handle(z, self._session.label)

    def add_handle(self) -> None:
        """A new handle at the pointer, or in the middle of the map."""
        self.add_handle_at(*self._place_meant())

    def look_near(self) -> None:
        """Wish for the data nearest the pointer, or the middle of the map."""
        x, y = self._place_meant()
        row = self._points.near(x, y, self.view.view)
        self.near_wished.emit((x, y) if row is None else row)

    def _place_meant(self) -> tuple[float, float]:
        return self.view.place or (self.view.view.x, self.view.view.y)

    def show_handle(self) -> None:
        """Make sure that the active handle is on the map."""
        handle, view = self._session.active, self.view.view
        if handle is None:
            return
        x, y = self._session.plane.project(handle.z).tolist()
        left, bottom, right, top = view.box
        if not (left < x < right and bottom < y < top):
            low, high = (min(left, x), min(bottom, y)), (max(right, x), max(top, y))
            self.view.fit(low, high)

    def bring_to_plane(self, key: int) -> None:
        """Project a handle onto the plane of the map."""
        handle = self._session.arrangement.get(key)
        if handle is not None and self._session.lies_on_plane(handle):
            self.said.emit(f"{handle.name} lies on the plane already")
        self._session.set_scrub(None)
        self._session.bring_to_plane(key)

    def rename(self, key: int) -> None:
        """Ask for another name."""
        handle = self._session.arrangement.get(key)
        if handle is None:
            return
        dialog = QInputDialog(self)
        dialog.setObjectName("renameDialog")
        dialog.setWindowTitle("Rename handle")
        dialog.setLabelText("Name (at most 24 characters):")
        dialog.setTextValue(handle.name)
        dialog.textValueSelected.connect(partial(self._session.rename_handle, key))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    # -- from the session ------------------------------------------------------------------

    def _on_model_changed(self) -> None:
        self.view.set_lens(None)
        model = self._session.model
        if model is None:
            return
        self._offer_dimensions()
        self.view.set_line_only(model.latent_size == 1)
        self._separated = self._session.layers.hidden_classes
        labelled = model.points is not None and model.points.label is not None
        self._legend.set_classes(model.class_names if labelled else ())

    def _offer_dimensions(self) -> None:
        """Those that carry most now: somebody is about to choose, or may."""
        if self._session.model is not None:
            self._chooser.set_dimensions(dimensions_to_choose(self._session.model))

    def _on_plane_changed(self) -> None:
        self._show_plane()
        self._draw_points()
        self.fit()

    def _show_plane(self) -> None:
        session, model = self._session, self._session.model
        if model is None:
            return
        plane = session.plane
        words = plane_words(plane)
        self._chooser.show_plane(plane.kind, session.axes, plane.name, theme.as_tip(words))
        self.view.axis_names = plane.across, plane.up

    def _on_selection_changed(self) -> None:
        self._draw_points()
        self._show_reasons()

    def _show_reasons(self) -> None:
        """Which planes can be chosen, and why others cannot."""
        session, model = self._session, self._session.model
        if model is None:
            return
        hidden, arrangement = session.layers.hidden_classes, session.arrangement
        two = self._points.two
        self._chooser.set_reasons(
            {
                kind: reason_against(kind, model, arrangement, hidden, two)
                for kind in PLANE_KINDS
                if kind != "axes"
            }
        )

    def _on_ground_changed(self, key: int = 0) -> None:
        """What the pointer looks at is another picture now."""
        self.view.tell_pointer()

    def _on_points_changed(self) -> None:
        self._draw_points(glide=True)
        self._show_reasons()
        if self._session.model is not None:
            self._fit_gently(self._session.model)

    def _on_tiles_changed(self) -> None:
        """Under a dragged handle the ground is drawn once it is whole: each time costs a frame."""
        if self.view.dragging and self._mosaic.busy:
            self._tiles_held_back = True
        else:
            self.view.redraw_ground()

    def _on_mosaic_settled(self) -> None:
        self.view.let_go()
        if self._tiles_held_back:
            self._tiles_held_back = False
            self.view.refine_ground()

    def _on_layers_changed(self) -> None:
        layers, model = self._session.layers, self._session.model
        self._legend.set_hidden(layers.hidden_classes)
        self.view.show_tiles = layers.mosaic
        self.view.show_prior = layers.prior and model is not None and model.has_prior
        self._show_ground()
        self.view.redraw_ground()
        self._draw_points()
        self._show_reasons()
        self._look()
        self._separate_shown()

    def _separate_shown(self) -> None:
        """Let a plane that separates classes be that of those which are shown now."""
        session, model = self._session, self._session.model
        before, self._separated = self._separated, session.layers.hidden_classes
        if model is None or self._planes.kind != "classes" or before == self._separated:
            return
        if reason_against("classes", model, session.arrangement, self._separated):
            self.said.emit(_TOO_FEW)
        else:
            self._planes.lay("classes")

    def refresh_theme(self) -> None:
        """The scheme is another one."""
        self._legend.refresh_theme()
        self._tools.refresh_theme()
        self._on_layers_changed()

    def _draw_points(self, glide: bool = False) -> None:
        model, layers = self._session.model, self._session.layers
        if model is None or model.points is None or not layers.points or self._points.crowded:
            self.view.set_points(np.zeros((0, 2), np.float32), np.zeros((0, 3), np.uint8))
            return
        points = model.points
        xy = project(points, self._session.plane, model.latent_size == 1)
        colours = colour_rows(points, values_of(points, layers.colour_by, self._points.measured))
        rows, chosen = np.arange(len(points)), self._points.standing_out(points)
        if chosen is not None:
            colours[~chosen] = unchosen_grey(self.view.ground_dark)
            rows = np.concatenate([rows[~chosen], rows[chosen]])  # those are drawn over the others
        if points.label is not None and layers.hidden_classes:
            rows = rows[~np.isin(points.label[rows], sorted(layers.hidden_classes))]
        xy, colours = xy[rows], colours[rows]
        (self.view.glide_points if glide else self.view.set_points)(xy, colours)

    def _on_picture_changed(self) -> None:
        picture = self._session.picture
        wanted = self._lens_shown and self._session.in_gesture and self.view.dragging
        if picture is not None and wanted:
            self.view.set_lens(to_image(picture))

    # -- from the person -------------------------------------------------------------------

    def _on_pointer_moved(self, x: float, y: float) -> None:
        if self._session.model is not None and self._lens_shown:
            self._decoding.look_at(
                self._session.slice.lift(np.array([x, y], np.float32)), self._session.label
            )

    def _on_lens_changed(self, picture: Bytes) -> None:
        if self.view.hovering and self._lens_shown:
            self.view.set_lens(to_image(picture))

    def _on_view_changed(self) -> None:
        self._look()
        self.view.tell_pointer()
        if self._mosaic.comes_at_once:
            self.view.hold()

    def _look(self) -> None:
        model = self._session.model
        if model is None:
            return
        view, ratio = self.view.view, self.view.devicePixelRatioF()
        tile_px = self.mosaic_settings.look.tile_px
        self.view.tile_px = self._mosaic.fitting_tile_px(view, tile_px, ratio)
        self._mosaic.look(view, self.view.tile_px, self._place_meant(), ratio)

    def _on_plane_slow(self, kind: str) -> None:
        tip = f"{_PLANES[kind][1]}. It is being computed; the present plane stands meanwhile"
        self._chooser.show_plane(kind, self._session.axes, "computing …", theme.as_tip(tip))

    def _on_menu_requested(self, key: int, x: float, y: float, where: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if key < 0:
            menu.addAction("Add handle here", partial(self.add_handle_at, x, y))
            row = self._points.near(x, y, self.view.view)
            if row is not None:
                self._offer_nearest(menu, f"image #{row}", row)
            self._offer_nearest(menu, "this place", (x, y))
            menu.addAction("Fit", self.fit)
        else:
            self._session.set_active(key)
            place = [h.key for h in self._session.arrangement.handles].index(key)
            move = self._session.move_handle_in_order
            menu.addAction("Rename …", partial(self.rename, key))
            menu.addAction("Earlier on the path", partial(move, key, place - 1))
            menu.addAction("Later on the path", partial(move, key, place + 1))
            bring = menu.addAction("Bring to plane", partial(self.bring_to_plane, key))
            handle = self._session.active
            bring.setEnabled(handle is not None and not self._session.lies_on_plane(handle))
            if handle is not None:
                self._offer_nearest(menu, handle.name, None)
            menu.addSeparator()
            menu.addAction("Delete", partial(self._session.remove_handle, key))
        menu.popup(where)

    def _offer_nearest(self, menu: QMenu, what: str, at: tuple[float, float] | int | None) -> None:
        words = f"Nearest data to {what}".replace("&", "&&")
        action = menu.addAction(words, partial(self.near_wished.emit, at))
        model = self._session.model
        action.setEnabled(model is not None and model.points is not None)

    def _on_class_toggled(self, label: int, shown: bool) -> None:
        self._session.set_layers(self._session.layers.with_class(label, shown))

    def _on_classes_hidden(self, labels: frozenset[int]) -> None:
        self._session.set_layers(replace(self._session.layers, hidden_classes=labels))
