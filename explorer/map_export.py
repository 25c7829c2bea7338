"""The map as a picture: asks how, gathers what is on it, and gives that to the export."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtWidgets import QWidget

from explorer.crowd_layer import CrowdLayer
from explorer.exporting import LONGEST_COPY_PX, Exporting, MapExport
from explorer.legends import Entry, printable
from explorer.map_drawing import Included, MapContents, logical_size
from explorer.session import Session
from explorer.settings import Settings
from explorer.viewport import tile_span
from explorer.widgets.map_export_dialog import MapChoice, MapExportDialog
from explorer.widgets.map_view import MapView


class MapExports(QObject):
    """`begun` follows Export or Copy; the rest is told by the service that exports.

    The picture is of the moment at which the dialog opened: what moves on while a person
    chooses is not on it.
    """

    begun = Signal(str)  # what is under way

    def __init__(
        self,
        session: Session,
        view: MapView,
        points: CrowdLayer,
        exporting: Exporting,
        settings: Settings,
        seconds_a_tile: Callable[[int], float | None],
        scale: Callable[[], Entry | None],
        overlays: Callable[[], tuple[Entry, ...]],
        window: QWidget,
    ) -> None:
        """`seconds_a_tile` tells how long a model, by its key, takes for one.

        `scale` is what colours the points, if values do; `overlays` the legend of what is on.
        """
        super().__init__(window)
        self._session, self._view, self._exporting = session, view, exporting
        self._points, self._seconds_a_tile = points, seconds_a_tile
        self._settings, self._window = settings, window
        self._scale, self._overlays = scale, overlays
        self._last = MapChoice(Path())
        self._request: MapExport | None = None

    def ask(self) -> None:
        """Ask for file and size of the map as it is now."""
        model, request = self._session.model, self._gathered()
        if model is None or request is None:
            return
        self._request = request
        folder = Path(self._settings.folder("export") or Path.home())
        before = replace(self._last, path=folder / f"{model.name}-map.png")
        dialog = MapExportDialog(
            before, self._size, self._tiles, self._window, self._seconds_a_tile(model.key)
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self._on_chosen)
        dialog.open()

    def copy(self) -> None:
        """Draw the map for the clipboard, as large and with what was exported last."""
        request = self._gathered()
        if request is None:
            return
        size = logical_size(request.contents, self._last.included)
        most = LONGEST_COPY_PX / max(size.width(), size.height())
        self.begun.emit("Drawing the map …")
        self._exporting.export_map(
            self._as_chosen(replace(request, path=None), min(self._last.ratio, most))
        )

    def _on_chosen(self, choice: MapChoice) -> None:
        request, self._request = self._request, None
        if request is None:
            return
        self._last = choice
        self._settings.set_folder("export", str(choice.path.parent))
        self.begun.emit(f"Exporting {choice.path.name} …")
        self._exporting.export_map(
            self._as_chosen(replace(request, path=choice.path), choice.ratio)
        )

    def _as_chosen(self, request: MapExport, ratio: float) -> MapExport:
        tile_px = request.contents.tile_px * self._last.tile_share
        contents = replace(request.contents, tile_px=tile_px)
        return replace(request, contents=contents, ratio=ratio, included=self._last.included)

    def _gathered(self) -> MapExport | None:
        """What is on the map now, in the plane through the active handle."""
        session = self._session
        if session.model is None:
            return None
        contents = replace(
            self._view.contents(),
            legend=self._legend(),
            scales=self._scales(),
            caption=self._caption(),
            crowd=self._points.crowd if session.layers.points else None,
        )
        return MapExport(None, session.model.key, contents, session.slice, session.label, 1.0)

    def _legend(self) -> tuple[tuple[int, str], ...]:
        """The classes whose points are on the map, if these are coloured by them."""
        model, layers = self._session.model, self._session.layers
        if model is None or model.points is None or model.points.label is None:
            return ()
        if not layers.points or self._scale() is not None:
            return ()
        shown = enumerate(model.class_names)
        return tuple(pair for pair in shown if pair[0] not in layers.hidden_classes)

    def _scales(self) -> tuple[Entry, ...]:
        """What colours the points, if values do, and what the overlays that are on mean."""
        of_points = self._scale() if self._session.layers.points else None
        return printable((*((of_points,) if of_points else ()), *self._overlays()))

    def _caption(self) -> str:
        """Which model the picture is of, and what runs across and up."""
        session, plane = self._session, self._session.plane
        assert session.model is not None
        up = f", up: {plane.up}" if plane.up else ""
        label, names = session.label, session.model.class_names
        of_class = f"  ·  class {names[label]}" if label is not None else ""
        return f"{session.model.name}{of_class}  ·  across: {plane.across}{up}"

    def _contents(self) -> MapContents:
        assert self._request is not None
        return self._request.contents

    def _size(self, included: Included) -> QSize:
        return logical_size(self._contents(), included)

    def _tiles(self, share: float) -> int:
        contents = self._contents()
        if not contents.tiles:
            return 0
        return tile_span(contents.view, contents.tile_px * share).number
