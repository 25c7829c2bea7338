"""The main window: docks, menus, keys; where panels meet."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QPaintEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QLineEdit,
    QMainWindow,
)

from explorer import dropping, theme
from explorer.actions import make_actions
from explorer.centre import Centre
from explorer.command_states import CommandStates
from explorer.commands import Acts, acts_on_map
from explorer.docks import Docks
from explorer.exports import Exports
from explorer.first_opening import FirstOpening
from explorer.help import show_about, show_keys
from explorer.keeping import Keeping, Kept
from explorer.latency_label import LatencyLabel
from explorer.map_area import MapArea
from explorer.menus import RecentMenu, fill_menus
from explorer.messages import Messages
from explorer.model_label import ModelLabel
from explorer.model_list import ModelList
from explorer.panels.data_panel import DataPanel
from explorer.panels.embedding_panel import EmbeddingPanel
from explorer.panels.inspector_panel import InspectorPanel
from explorer.panels.library_panel import LibraryPanel
from explorer.panels.path_panel import PathPanel
from explorer.panels.replay_panel import ReplayPanel
from explorer.panels.sliders_panel import SlidersPanel
from explorer.panels.training_panel import TrainingPanel
from explorer.services import Services
from explorer.session_file import SUFFIX as SESSION_SUFFIX
from explorer.settings import Settings, first_size
from explorer.trained_data import TrainedData
from explorer.training_news import TrainingNews
from explorer.widgets.banner import Banner
from explorer.window_keys import MapKeys

_FIRST_SIZE_PX = (1440, 900)
_SMALLEST_SIZE_PX = (900, 600)


class MainWindow(QMainWindow):
    """One session with its services and panels."""

    settled = Signal()  # first decode, mosaic and points of the model on screen are drawn
    opening_failed = Signal(str)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.setWindowTitle("Latent Explorer")
        self.setAcceptDrops(True)
        self.setMinimumSize(*_SMALLEST_SIZE_PX)
        self.settings = settings
        self.services = services = Services(settings, self)
        self.session, self.opening = services.session, services.opening
        self.decoding, self.mosaic, self.points = (
            services.decoding,
            services.mosaic,
            services.points,
        )
        self.images, self.look = services.images, services.look
        self.training, self.replay = services.training, services.replay
        self._build_panels()
        self.keeping = Keeping(self.session, self._to_keep, settings, services.lanes.keeping, self)
        self.actions_by_name = make_actions(
            self, [self.map_panel.view, self.embedding_panel.view, self.path_panel.strip]
        )
        self.map_keys = MapKeys(self.actions_by_name, self.map_area.classes.choose_by_key, self)
        self._build_menus()
        self._build_status_bar()
        self._take_drops_everywhere()
        self._connect()
        self.resize(first_size(QSize(*_FIRST_SIZE_PX)))
        self.docks.restore()
        if settings.restore_window(self):
            self.docks.choose(settings.dock_sizes())

    def _to_keep(self) -> list[Kept]:
        return self.opening.to_keep(self.map_panel.viewport())

    # -- building --------------------------------------------------------------------------

    def _build_panels(self) -> None:
        self.map_area = MapArea(self.services, self.settings, self)
        self.map_panel, self.overlays = self.map_area.panel, self.map_area.overlays
        self.data_panel = DataPanel(
            self.session,
            self.points,
            self.look,
            self.images,
            self.services.planes,
            self.services.means,
            self,
        )
        self.inspector = InspectorPanel(self.session, self)
        self.sliders = SlidersPanel(self.session, self.services.decode_thread, self)
        self.path_panel = PathPanel(self.session, self)
        self.library_panel = LibraryPanel(self.session, self)
        self.training_panel = TrainingPanel(self.training, self.services.runs, self.session, self)
        self.replay_panel = ReplayPanel(self.replay, self)
        self.training_panel.add_below_curves(self.replay_panel)
        self.embedding_panel = EmbeddingPanel(
            self.session, self.look, self.services.embedding, self
        )
        self.centre = Centre(self.session, self.map_panel, self.embedding_panel, self)
        self.setCentralWidget(self.centre)
        self.banner = Banner(self.centre)
        self.messages = Messages(self.banner, self)
        self.models = ModelList(self.services.library, self.library_panel, self.settings, self)
        self.trained_data = TrainedData(
            self.settings, self.training_panel, self.services.lanes.data_sets, self
        )
        self.first = FirstOpening(self.services, self.models, self.messages, self)
        self.news = TrainingNews(self.training, self.messages, self.settings, self)
        self.exports = Exports(self.services, self.map_area, self.path_panel, self.settings, self)
        self.docks = Docks(
            self,
            {
                "library": self.library_panel,
                "picture": self.inspector,
                "dimensions": self.sliders,
                "path": self.path_panel,
                "training": self.training_panel,
                "data": self.data_panel,
            },
        )

    def _take_drops_everywhere(self) -> None:
        """A field takes no path as its text, and a floating panel is no hole for a drop."""
        for field in self.findChildren(QLineEdit):
            field.setAcceptDrops(False)
        for dock in self.docks.by_name.values():
            dock.setAcceptDrops(True)
            dock.installEventFilter(self)

    def _build_menus(self) -> None:
        recent = RecentMenu(self.settings, self)
        recent.chosen.connect(self._on_recent)
        fill_menus(self.menuBar(), self.actions_by_name, recent, self.docks.toggles())
        self.actions_by_name["showMinimap"].setChecked(self.settings.minimap)
        self.actions_by_name[f"theme{self.settings.theme.capitalize()}"].setChecked(True)
        self._model_label = ModelLabel(self.session, self.menuBar())

    def _on_recent(self, path: Path) -> None:
        self.opening.open_paths([path])

    def _build_status_bar(self) -> None:
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        bar.setContentsMargins(10, 0, 10, 0)
        bar.addWidget(self.messages.line, 1)
        bar.addPermanentWidget(self.exports.status)
        self.latency = LatencyLabel(self.decoding, self)
        bar.addPermanentWidget(self.latency)

    # -- wiring ----------------------------------------------------------------------------

    def _connect(self) -> None:
        for name, act in self._acts().items():
            self.actions_by_name[name].triggered.connect(act)
        self._connect_messages()
        self._connect_services()
        self.banner.moved.connect(self._on_banner_moved)
        self.centre.currentChanged.connect(self._on_centre_turned)
        library, stack = self.library_panel, self.session.undo_stack
        library.model_chosen.connect(self.opening.open_model)
        library.open_requested.connect(self.opening.ask)
        library.train_requested.connect(self.show_training)
        self.path_panel.export_requested.connect(self.exports.export_path)
        self.session.model_changed.connect(self._show_title)
        self.session.model_changed.connect(self._list_training)
        self.session.weights_changed.connect(self._show_title)
        stack.cleanChanged.connect(self._show_title)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._apply_theme)
        self._states = CommandStates(
            self.actions_by_name, self.session, self.replay, self.opening, self
        )

    def _connect_messages(self) -> None:
        services, messages = self.services, self.messages
        for said in (
            services.library.working,
            self.opening.said,
            self.images.said,
            self.exports.status.said,
            self.map_area.said,
            self.data_panel.said,
            self.embedding_panel.said,
            self.replay.said,
            self.inspector.copied,
        ):
            said.connect(messages.say)
        for failed in (
            self.session.refused,
            self.decoding.failed,
            self.images.failed,
            self.images.refused,
            services.means.failed,
            services.embedding.failed,
            self.training.failed,
            services.runs.refused,
            services.runs.discard_failed,
            self.replay.failed,
            self.exports.status.failed,
            self.map_area.failed,
        ):
            failed.connect(messages.complain)

    def _connect_services(self) -> None:
        opening = self.opening
        self.first.failed.connect(self.opening_failed)
        self.first.nothing_open.connect(self.inspector.preview.set_words)
        opening.images_placed.connect(self._on_images_placed)
        opening.data_chosen.connect(self._on_data_chosen)
        opening.title_changed.connect(self._show_title)
        self._connect_data()
        for one_is_there in (
            self.decoding.settled,
            self.mosaic.settled,
            self.overlays.settled,
            self.sliders.thumbnails_shown,
            self.services.lanes.files.idle,
            self.services.lanes.drawing.idle,
        ):
            one_is_there.connect(self._check_settled)
        self._connect_replay()
        self.training_panel.open_requested.connect(opening.open_model)

    def _connect_data(self) -> None:
        # A panel behind another's tab is not hidden as widgets are: only its dock knows.
        self.docks.by_name["data"].visibilityChanged.connect(self.look.watch)
        self.data_panel.pointed.connect(self.look.hover)
        for wished, look in (
            (self.map_panel.near_wished, self.map_area.hand.look_near),
            (self.map_area.hand.near_clicked, self.map_area.hand.look_near),
            (self.embedding_panel.near_wished, self.look.look_near_row),
        ):
            wished.connect(look)
            wished.connect(self._bring_data)

    def _bring_data(self) -> None:
        """The map keeps the keys: the next place may be asked for."""
        self.docks.bring("data")

    def _connect_replay(self) -> None:
        replay, following = self.replay, self.services.following
        for trained, tell in (
            (following.model_kept, self.news.tell_kept),
            (replay.final_shown, self.news.tell_on_map),
        ):
            trained.connect(self.models.add)
            trained.connect(tell)
        following.begun.connect(self.news.take_back)
        replay.epoch_shown.connect(self._on_epoch_shown)
        replay.cursor_gone.connect(self.training_panel.hide_epoch)
        self.training_panel.follow_pictures(self.services.epoch_pictures)
        self.replay_panel.export_requested.connect(self.exports.export_replay)

    def _acts(self) -> Acts:
        return {
            **acts_on_map(self.services, self.map_area, self.centre, self.exports),
            "copyPicture": self.inspector.copy,
            "resetLatent": self.sliders.reset,
            "sampleLatent": self.sliders.sample,
            "playPath": self.path_panel.toggle_play,
            "playReplay": self.replay_panel.toggle_play,
            "showTraining": self.show_training,
            "showData": self.show_data,
            "restoreLayout": self.docks.restore,
            "themeSystem": partial(self._choose_theme, "system"),
            "themeDark": partial(self._choose_theme, "dark"),
            "themeLight": partial(self._choose_theme, "light"),
            "showKeys": partial(show_keys, self),
            "about": partial(show_about, self),
            "quit": self.close,
        }

    def _on_centre_turned(self) -> None:
        self.banner.raise_()
        self.actions_by_name["showEmbedding"].setChecked(not self.centre.on_map)

    def _on_banner_moved(self) -> None:
        self.map_area.keep_clear(self.banner)

    # -- opening ---------------------------------------------------------------------------

    def open_first(self, paths: Sequence[Path]) -> None:
        """What the command line named, once the window is painted."""
        self.first.begin_when_painted(paths)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        self.first.on_painted()

    def _on_data_chosen(self, path: Path) -> None:
        if self.training_panel.choose_data(path):
            self.messages.say(f"{path.name} is chosen as data to train on; press Start")
        else:
            self.messages.say(
                f"A training is under way; {path.name} is chosen as data when it ends"
            )
        self.show_training()

    def _show_title(self, *_: object) -> None:
        model, path = self.session.model, self.opening.session_path
        name = "Latent Explorer" if model is None else model.name
        if path is not None:
            name = path.name.removesuffix(SESSION_SUFFIX)
        self.setWindowTitle(f"{name}[*]")
        self.setWindowModified(self.opening.unsaved)

    def _check_settled(self) -> None:
        busy = self.services.busy or self.overlays.busy or self.sliders.waiting
        if self.session.model is not None and self.session.picture is not None and not busy:
            self.settled.emit()
            self.news.repeat()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropping.can_take(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.opening.take(event.mimeData())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A panel that floats takes drops and keys as the window does."""
        if isinstance(event, QDragEnterEvent):
            self.dragEnterEvent(event)
            return True
        if isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            self.dropEvent(event)
            return True
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self.map_keys.press(event)
        return False

    def _on_images_placed(self) -> None:
        self.centre.show_map()  # what was dropped is not among the data of an embedding
        self.map_panel.show_handle()
        self._check_settled()

    # -- training --------------------------------------------------------------------------

    def show_training(self) -> None:
        """Bring the training panel to the front."""
        self.docks.bring("training")
        self.training_panel.setFocus()

    def show_data(self) -> None:
        """Bring the data panel to the front."""
        self.docks.bring("data")
        self.data_panel.neighbours.setFocus()

    def _list_training(self) -> None:
        """The training of the model on the map is among the runs wherever it lies."""
        if self.session.model is not None:
            self.services.runs.add(Path(f"{self.session.model.path}.run"))

    def _on_epoch_shown(self, epoch: float) -> None:
        self.news.take_back()
        run, plan = self.replay.state.run, self.training.state.plan
        if run is not None and plan is not None and run.folder == plan.folder:
            self.training_panel.show_epoch(epoch)

    # -- theme ---------------------------------------------------------------------------

    def _choose_theme(self, name: str) -> None:
        self.settings.theme = name
        self._apply_theme()

    def _apply_theme(self, *_: object) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, theme.is_dark(self.settings.theme))
        for part in (
            self.map_area,
            self.embedding_panel,
            self.library_panel,
            self.data_panel,
            self.inspector,
        ):
            part.refresh_theme()

    # -- Qt --------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.banner.isVisible():
            self.banner.hide()
        elif event.key() == Qt.Key.Key_Escape and self.session.scrub is not None:
            self.session.set_scrub(None)
        elif event.key() == Qt.Key.Key_Escape and self.look.near_place is not None:
            self.look.look_near(None)
        elif event.key() == Qt.Key.Key_Escape:
            self.centre.show_map()
        elif not self.map_keys.press(event):
            super().keyPressEvent(event)

    def focusNextPrevChild(self, next: bool) -> bool:
        """Tab goes past what stands in a panel behind another's tab."""
        start = QApplication.focusWidget()
        moved = super().focusNextPrevChild(next)
        while moved and self.docks.hides(at := QApplication.focusWidget()) and at is not start:
            moved = super().focusNextPrevChild(next)
        return moved

    def closeEvent(self, event: QCloseEvent) -> None:
        """End every thread and process; a running training can be resumed at the next start."""
        self.news.part()
        self.settings.save_window(self)
        self.settings.set_dock_sizes(self.docks.chosen)
        self.keeping.stop()
        if self.opening.keep(self.map_panel.viewport()):
            self.keeping.forget()
        self.first.stop()
        self.path_panel.stop()
        self.map_area.stop()
        self.services.stop()
        super().closeEvent(event)
