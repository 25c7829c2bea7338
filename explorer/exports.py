"""The commands that export: the path, the map, a replay; one is under way at a time."""

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from explorer.export_status import ExportStatus
from explorer.map_area import MapArea
from explorer.map_export import MapExports
from explorer.panels.path_panel import PathPanel
from explorer.path_export import PathExports
from explorer.replay_export import ReplayExports
from explorer.services import Services
from explorer.settings import Settings


class Exports(QObject):
    """Each asks how, unless another is under way; `status` shows how far it is."""

    def __init__(
        self,
        services: Services,
        area: MapArea,
        path: PathPanel,
        settings: Settings,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._view, self._path_panel = services.session, area.panel.view, path
        session, exporting = services.session, services.exporting
        self.status = ExportStatus(exporting, window)
        self.of_map = MapExports(
            session,
            area.panel.view,
            services.points.layer,
            exporting,
            settings,
            services.decode_thread.seconds_a_picture,
            area.panel.colours.scale,
            area.overlays.legend.entries,
            window,
        )
        self._of_path = PathExports(session, exporting, settings, window)
        self._of_replay = ReplayExports(session, services.replay, exporting, settings, window)
        for one in (self.of_map, self._of_path, self._of_replay):
            one.begun.connect(self.status.begin)

    def export_path(self) -> None:
        """The pictures along the path, as an animation."""
        if self._session.arrangement.handles and self.status.is_free():
            self._of_path.ask(self._path_panel.there_and_back)

    def export_map(self) -> None:
        """The map as it is shown, as a picture."""
        if self.status.is_free():
            self.of_map.ask()

    def copy_map(self) -> None:
        """The same to the clipboard."""
        if self.status.is_free():
            self.of_map.copy()

    def export_replay(self) -> None:
        """The map as its model learnt, as an animation."""
        if self.status.is_free():
            self._of_replay.ask(self._view.contents())
