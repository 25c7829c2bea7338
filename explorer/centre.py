"""The middle of the window: the map, or the embedding of the data in its place."""

from PySide6.QtWidgets import QStackedWidget, QWidget

from explorer.panels.embedding_panel import EmbeddingPanel
from explorer.panels.map_panel import MapPanel
from explorer.session import Session


class Centre(QStackedWidget):
    """What a person does to the one that is shown goes to that one."""

    def __init__(
        self, session: Session, map_panel: MapPanel, embedding: EmbeddingPanel, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._session, self._map, self._embedding = session, map_panel, embedding
        self.addWidget(map_panel)
        self.addWidget(embedding)
        session.model_changed.connect(self.show_map)
        map_panel.embedding_wished.connect(self.show_embedding)
        embedding.back_wished.connect(self.show_map)

    @property
    def on_map(self) -> bool:
        """Whether the map is shown."""
        return self.currentWidget() is self._map

    def show_map(self) -> None:
        """Put the map back in its place."""
        if not self.on_map:
            self.setCurrentWidget(self._map)
            self._map.view.setFocus()

    def show_embedding(self) -> None:
        """Put the embedding in the place of the map."""
        if self._session.model is not None:
            self.setCurrentWidget(self._embedding)
            self._embedding.begin()

    def turn(self, to_embedding: bool) -> None:
        """Show the one or the other."""
        if to_embedding:
            self.show_embedding()
        else:
            self.show_map()

    def add_handle(self) -> None:
        """Add one where the pointer is."""
        self._shown.add_handle()

    def fit(self) -> None:
        """Let all there is be in sight."""
        self._shown.fit()

    def zoom(self, factor: float) -> None:
        """Look from nearer, if the factor is above 1."""
        self._shown.zoom(factor)

    def look_near(self) -> None:
        """Look for the data nearest what the pointer is at."""
        self._shown.look_near()

    @property
    def _shown(self) -> MapPanel | EmbeddingPanel:
        return self._map if self.on_map else self._embedding
