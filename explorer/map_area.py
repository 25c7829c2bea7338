"""The map with all that lies on and around it, and its look as it is kept."""

from dataclasses import asdict, replace

from PySide6.QtCore import QObject, QPoint, QRect, Signal
from PySide6.QtWidgets import QWidget

from explorer.class_lens import ClassLens
from explorer.kept_look import present_look, show_look
from explorer.map_axes import MapAxes
from explorer.map_classes import MapClasses
from explorer.map_corners import MapCorners
from explorer.map_look import MapLook
from explorer.map_overlays import MapOverlays
from explorer.panels.map_panel import MapPanel
from explorer.point_hand import PointHand
from explorer.services import Services
from explorer.settings import Settings
from explorer.widgets.mosaic_settings import MosaicLook, look_from


class MapArea(QObject):
    """Puts the parts of the map in their places and lets them hear of one another."""

    said = Signal(str)
    failed = Signal(str)

    def __init__(self, services: Services, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._services, self._settings = services, settings
        session = services.session
        self.panel = panel = MapPanel(
            session, services.decoding, services.mosaic, services.points, services.planes, window
        )
        panel.show_mosaic(look_from(settings.mosaic()))
        self.axes = MapAxes(session, self)
        panel.add_row(self.axes.hint)
        self.corners = MapCorners(session, panel.view, panel)
        self.corners.show_minimap(settings.minimap)
        panel.add_row(self.corners.note)
        lens = ClassLens(session, services.decode_thread, self)
        self.classes = MapClasses(session, lens, panel.view, panel)
        panel.add_row(self.classes.row)
        self.overlays = MapOverlays(
            session, services.decode_thread, services.lanes.densities, panel.view
        )
        self.hand = PointHand(session, panel.view, services.points, services.look, self)
        self._connect()
        self._connect_images()
        self._connect_opening()

    def _connect(self) -> None:
        panel, hand = self.panel, self.hand
        for part in (panel, self.axes, hand):
            part.said.connect(self.said)
        panel.failed.connect(self.failed)
        self.overlays.failed.connect(self.failed)
        self.axes.box_wished.connect(panel.show_box)
        panel.mosaic_settings.changed.connect(self._on_mosaic_look)
        panel.tool_chosen.connect(hand.set_tool)
        hand.tool_changed.connect(panel.show_tool)
        self.classes.all_changed.connect(self._on_all_classes)

    def _connect_images(self) -> None:
        """What the pictures of the data are colours of, and how far it is with that."""
        images, colours = self._services.images, self.panel.colours
        colours.find_requested.connect(images.find)
        colours.measure_requested.connect(images.measure)
        colours.measure_cancelled.connect(images.cancel)
        images.measured.connect(colours.set_measured)
        images.progressed.connect(colours.show_progress)
        images.failed.connect(colours.end_measuring)
        images.changed.connect(self._on_images_changed)

    def _connect_opening(self) -> None:
        opening = self._services.opening
        opening.view_saved.connect(self.panel.view.set_view)
        opening.look_saved.connect(self.show_look)
        opening.chosen_view = self.panel.chosen_view
        opening.present_look = self.present_look

    def _on_all_classes(self, shown: bool) -> None:
        self.panel.show_lens(not shown)

    def _on_mosaic_look(self, look: MosaicLook) -> None:
        self._settings.set_mosaic(asdict(look))

    def _on_images_changed(self) -> None:
        images = self._services.images
        self.panel.colours.set_images(images.at_hand, images.reason, images.known)

    def show_minimap(self, shown: bool) -> None:
        """Show an overview where there is need of one, or never."""
        self._settings.minimap = shown
        self.corners.show_minimap(shown)

    def keep_clear(self, cover: QWidget) -> None:
        """Put nothing of the overlays below what covers a part of the map, while it does."""
        corner = self.panel.view.mapFromGlobal(cover.mapToGlobal(QPoint()))
        self.overlays.keep_clear(QRect(corner, cover.size()) if cover.isVisible() else QRect())

    def present_look(self) -> MapLook:
        """What there is to keep of the map."""
        tiles = self.panel.mosaic_settings.look
        services = self._services
        return present_look(services.session, services.points, tiles.tile_px, tiles.opacity)

    def show_look(self, look: MapLook) -> None:
        """Bring a look back as far as it fits what is on the map, and say what does not."""
        services, tiles = self._services, self.panel.mosaic_settings.look
        tiles = replace(tiles, tile_px=look.tile_px, opacity=look.opacity)
        self.panel.show_mosaic(look_from(asdict(tiles)))
        if told := show_look(look, services.session, services.points):
            self.said.emit(told)

    def refresh_theme(self) -> None:
        """The scheme is another one."""
        self.panel.refresh_theme()
        self.overlays.refresh_theme()

    def stop(self) -> None:
        """Do nothing more: the window closes."""
        self.axes.stop()
