"""The services of a window with their threads, from their start to their orderly end."""

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from explorer.data_images import DataImages
from explorer.data_look import DataLook
from explorer.decoding import Decoding
from explorer.embedding import Embedding
from explorer.epoch_pictures import EpochPictures
from explorer.exporting import Exporting
from explorer.following import Following
from explorer.library import Library
from explorer.map_points import MapPoints
from explorer.mean_finding import MeanFinding
from explorer.mosaic import Mosaic
from explorer.opening import Opening
from explorer.plane_laying import PlaneLaying
from explorer.replay import Replay
from explorer.run_list import RunList
from explorer.session import Session
from explorer.settings import Settings
from explorer.training import Training
from explorer.workers import DecodeThread, Lane, ModelShelf


class Lanes(QObject):
    """A lane for each kind of work, so that none waits for another kind."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.files, self.exports, self.epochs = Lane(self), Lane(self), Lane(self)
        self.drawing, self.measuring, self.looking = Lane(self), Lane(self), Lane(self)
        self.embeddings, self.sums, self.densities = Lane(self), Lane(self), Lane(self)
        self.keeping, self.data_sets, self.picturing = Lane(self), Lane(self), Lane(self)

    def stop(self) -> None:
        """End them all; each is asked to before any is waited for."""
        lanes = self.findChildren(Lane)
        for lane in lanes:
            lane.cancel_all()
        for lane in lanes:
            lane.stop()


class Services:
    """One session and what works on it; panels show it, and the window tells what is said."""

    def __init__(self, settings: Settings, window: QWidget) -> None:
        self.session = session = Session(window)
        self.shelf = ModelShelf()
        self.decode_thread = thread = DecodeThread(self.shelf, window)
        self.lanes = lanes = Lanes(window)
        self.decoding = Decoding(session, thread, window)
        self.mosaic = Mosaic(session, thread, window)
        self.embedding = Embedding(session, lanes.embeddings, window)
        self.points = MapPoints(session, lanes.drawing, window)
        self.planes = PlaneLaying(session, self.points, lanes.sums, window)
        self.means = MeanFinding(session, lanes.sums, window)
        self.images = DataImages(
            session, self.shelf, lanes.measuring, window, settings.named_data()
        )
        self.look = DataLook(session, self.images, thread, lanes.looking, window)
        self.library = Library(self.shelf, lanes.files, window)
        self.opening = Opening(session, self.library, settings, window)
        self.exporting = Exporting(self.shelf, lanes.exports, window)
        self.training = Training(parent=window)
        self.runs = RunList(self.training, lanes.files, window)
        self.replay = Replay(session, self.shelf, lanes.epochs, window)
        self.epoch_pictures = EpochPictures(
            session, self.shelf, self.training, lanes.picturing, window
        )
        self.following = Following(self.training, self.replay, window)
        self._introduce(settings)

    def _introduce(self, settings: Settings) -> None:
        """What services hear from one another."""
        opening, images, replay = self.opening, self.images, self.replay
        opening.data_named.connect(images.remember)
        opening.named_data = images.named_for
        images.named.connect(settings.add_named_data)
        images.measured.connect(self.points.set_measured)
        self.following.model_wished.connect(opening.open_model)
        replay.kept_found.connect(opening.remember_kept)
        replay.arrived.connect(opening.put_epoch)
        replay.changed.connect(self._on_replay_changed)
        replay.ground_fills = lambda: self.mosaic.fills

    def _on_replay_changed(self) -> None:
        self.mosaic.only_whole = self.replay.state.playing

    @property
    def busy(self) -> bool:
        """Whether something of the model on screen, or another file, is still on its way."""
        return bool(
            self.mosaic.busy
            or self.decoding.waiting
            or self.lanes.files.busy
            or self.opening.pending_images
            or self.points.busy
        )

    def stop(self) -> None:
        """End every thread and process; a running training can be resumed at the next start."""
        self.replay.stop()
        self.training.shutdown()
        self.lanes.stop()
        self.runs.stop()
        self.decode_thread.stop()
