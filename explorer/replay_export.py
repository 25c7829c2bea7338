"""Asks how to export a replay, and says what of the map is to be drawn."""

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from explorer import theme
from explorer.exporting import Exporting, ReplayExport
from explorer.map_drawing import MapContents
from explorer.recorded_runs import out_file
from explorer.replay import Replay
from explorer.replay_drawing import MapLook
from explorer.replay_overlays import Wanted
from explorer.session import Session
from explorer.settings import Settings
from explorer.widgets.export_dialog import ExportChoice, ExportDialog

SIZES_PX = (256, 384, 512, 768)
_USUAL_SIZE_PX, _USUAL_RATE = 512, "10"
_FEWEST_FRAMES, _MOST_FRAMES = 48, 240


class ReplayExports(QObject):
    """`begun` follows Export in the dialog; the rest is told by the service that exports."""

    begun = Signal(str)  # what is under way

    def __init__(
        self,
        session: Session,
        replay: Replay,
        exporting: Exporting,
        settings: Settings,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._replay, self._exporting = session, replay, exporting
        self._settings, self._window = settings, window
        self._map: MapContents | None = None

    def ask(self, shown: MapContents) -> None:
        """Ask for file, format and size; the map is drawn as it is shown now."""
        run, model = self._replay.state.run, self._session.model
        if run is None or model is None or not self._replay.state.epochs:
            return
        self._map = shown
        self._replay.pause()
        folder = Path(self._settings.folder("export") or Path.home())
        frames = min(max(_FEWEST_FRAMES, len(run.epochs)), _MOST_FRAMES)
        name = out_file(run.folder).stem
        dialog = ExportDialog(
            folder / f"{name}-replay.gif", frames, _MOST_FRAMES, False, self._window, SIZES_PX
        )
        dialog.say_what(
            "Export the replay",
            "Frames from the first epoch to the last",
            _what(len(run.epochs), self._overlays()),
            _USUAL_SIZE_PX,
            _USUAL_RATE,
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self._on_chosen)
        dialog.open()

    def _on_chosen(self, choice: ExportChoice) -> None:
        run, look = self._replay.state.run, self._look()
        if run is None or look is None:
            return
        self._settings.set_folder("export", str(choice.path.parent))
        self.begun.emit(f"Exporting {choice.path.name} …")
        self._exporting.export_replay(
            ReplayExport(
                path=choice.path,
                run=run,
                look=look.sized(choice.size),
                format=choice.format,
                frames=choice.frames,
                frames_per_second=choice.frames_per_second,
                there_and_back=choice.there_and_back,
                classes=self._classes(),
            )
        )

    def _classes(self) -> int:
        """How many colours points have on the map."""
        model = self._session.model
        label = None if model is None or model.points is None else model.points.label
        return 0 if label is None or not len(label) else int(label.max()) + 1

    def _look(self) -> MapLook | None:
        """The part of the plane on the map, through the active handle, with its layers."""
        session = self._session
        model, handle, layers, shown = session.model, session.active, session.layers, self._map
        if model is None or shown is None:
            return None
        return MapLook(
            view=shown.view,
            tile_px=shown.tile_px,
            plane=session.plane,
            tiles_at=session.slice,
            label=handle.label if handle is not None else None,
            colours=theme.colours(),
            has_prior=model.has_prior,
            mosaic=layers.mosaic,
            points=layers.points,
            prior=layers.prior,
            hidden_classes=layers.hidden_classes,
            opacity=shown.opacity,
            overlays=self._overlays(),
            path=shown.path,
            markers=shown.markers,
        )

    def _overlays(self) -> Wanted:
        layers = self._session.layers
        return Wanted(layers.density, layers.magnification, layers.field)


def _what(epochs: int, overlays: Wanted) -> str:
    """What is on the frames, and what of the map is not."""
    words = f"The map as it is shown now, over {epochs} epochs"
    if overlays.names:
        *before, last = overlays.names
        names = f"{', '.join(before)} and {last}" if before else last
        words += f", {names} computed for each"
    return (
        f"{words}. Points in the colours of their classes; no posteriors of images, no selections."
    )
