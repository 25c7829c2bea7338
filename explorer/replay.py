"""Service: the epochs of a training on the map, as they come and again whenever wished."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import ceil, inf
from pathlib import Path
from time import perf_counter

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.epochs import Epoch, Probe, Run, list_epochs, read_epoch, read_run
from explorer.recorded_runs import out_file
from explorer.session import Session
from explorer.workers import Callbacks, Lane, ModelShelf
from models.points import Points

FINAL = -1  # stands for the model that a training made in the end
SPEEDS = (1.0, 2.0, 4.0, 8.0)  # epochs a second
CACHE_BYTES = 64 * 2**20
_REST_SECONDS = 0.12  # a hand that drags and has not moved for so long looks at what it has done
_LONGEST_SECONDS = 8.0  # that an epoch waits for a hand to rest
_GROUND_SECONDS = 2.0  # that one more than is due waits for the map of the one before
_LOOK_MS = 15  # between two looks at whether that is there


@dataclass(frozen=True)
class ReplayState:
    """What there is to replay, and what the map shows of it.

    `shown` is the epoch on the map, or wished for and on its way; None is the final model, or
    that the map shows something else (`on_map`). `live` follows the newest epoch of a training
    that is `running`; `watching` says whether the next one is followed.
    """

    run: Run | None = None
    shown: int | None = None
    on_map: bool = False
    running: bool = False
    live: bool = False
    watching: bool = True
    playing: bool = False
    speed: float = 4.0

    @property
    def epochs(self) -> tuple[int, ...]:
        """The epochs that can be shown."""
        return self.run.epochs if self.run is not None else ()

    @property
    def place(self) -> int | None:
        """The epoch to stand on: the last one stands for the final model."""
        if self.shown is not None or not self.on_map or not self.epochs:
            return self.shown
        return self.epochs[-1]


class Replay(QObject):
    """Puts epochs on the map as other weights of one model: the arrangement stays as it is.

    Files are read one at a time in a lane of its own; of what is wished the newest wins.
    """

    changed = Signal()
    epoch_shown = Signal(float)  # where the cursor of curves belongs
    cursor_gone = Signal()  # the map shows what it shows without a replay
    found = Signal(object)  # RecordedRun: a training that can be replayed, and has ended
    arrived = Signal(object)  # ModelInfo of an epoch where another model is on the map
    kept_found = Signal(object, object)  # Path of its file, and the SavedSession kept for it
    final_shown = Signal(object)  # Path of the model that is complete now
    failed = Signal(str)
    said = Signal(str)

    def __init__(self, session: Session, shelf: ModelShelf, lane: Lane, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._shelf, self._lane = session, shelf, lane
        self.state = ReplayState()
        self._models: OrderedDict[int, Epoch] = OrderedDict()
        self._probes: dict[int, Probe] = {}
        self._gone: set[int] = set()  # vanished or damaged
        self._wanted: int | None = None
        self._loading: tuple[int, bool] | None = None  # epoch, and whether somebody wishes it
        self._opened = 0  # trainings so far: what is read of one is nothing to the next
        self._listing = self._again = self._prepared = self._declined = False
        self.ground_fills: Callable[[], bool] = bool  # whether the map is not yet of its weights
        self._late = False  # what plays had to be waited for
        self._tells = True  # others of the training that is found
        self._swapped_at = self._moved_at = 0.0
        self._player = QTimer(self, singleShot=True)
        self._player.timeout.connect(self._on_tick)
        self._later = QTimer(self, singleShot=True)
        self._later.timeout.connect(self._load_next)
        session.model_changed.connect(self._on_model_changed)
        session.latent_changed.connect(self._on_latent_changed)

    # -- what there is ---------------------------------------------------------------------

    def open(self, folder: Path) -> None:
        """Replay the training in a folder, if there is one."""
        self._forget()
        self._tells = True
        self._set(replace(self.state, run=Run(folder), shown=None, running=False, live=False))
        self._read_run(folder)

    def begin(self, folder: Path) -> None:
        """A training begins to write its epochs there, or goes on to."""
        live = self.state.watching
        shown = None if live else self._stays_on(folder)
        self._forget()
        self._set(replace(self.state, run=Run(folder), shown=shown, running=True, live=live))

    def _stays_on(self, folder: Path) -> int | None:
        """The epoch of the training in `folder` that is on the map, if one is."""
        model, run = self._session.model, self.state.run
        if model is None or model.path != out_file(folder):
            return None
        if model.epoch is None and run is not None and run.folder == folder:
            return self.state.place
        return model.epoch

    def set_plan(self, total: int, loss: Mapping[int, float], loss_name: str) -> None:
        """How many epochs a running training will have, and how well it did after each so far."""
        if (run := self.state.run) is not None:
            run = replace(run, total=total, loss=loss, loss_name=loss_name)
            self._set(replace(self.state, run=run))

    def look_again(self) -> None:
        """Epochs were written, thinned or deleted."""
        run = self.state.run
        if run is None or self._listing:
            self._again = self._listing
            return
        self._listing = True
        task = partial(list_epochs, run.folder)
        done = partial(self._on_listed, self._opened)
        failed = partial(self._on_not_listed, self._opened)
        self._lane.submit(task, Callbacks(done, failed))

    def add(self, folder: Path, epoch: int) -> None:
        """One more epoch has its file."""
        run = self.state.run
        if run is None or run.folder != folder:
            return
        self._gone.discard(epoch)
        epochs = tuple(sorted({*run.epochs, epoch}))
        self._set(replace(self.state, run=replace(run, epochs=epochs, total=max(run.total, epoch))))
        if self.state.live:
            self._want(epoch)
        self.look_again()

    def finish(self, path: Path | None) -> bool:
        """The training has ended, with that model if any; whether it comes on the map here.

        It does where the newest epoch is followed there, not where a person looks at an earlier
        one. The next training is followed, unless a person has said that none is to be. After one
        that came to nothing that of the model on the map can be replayed again.
        """
        state = self.state
        self._set(replace(self.state, running=False, live=False, watching=not self._declined))
        if (
            path is None
            and not any(state.epochs)
            and not state.on_map
            and self._open_what_is_shown()
        ):
            self._tells = False  # the training that came to nothing is what is talked of
            return False
        if state.run is not None:
            self._read_run(state.run.folder)
        if path is None or not state.on_map or not state.live:
            return False
        self._set(replace(self.state, shown=None))
        self._want(FINAL)
        return True

    def _open_what_is_shown(self) -> bool:
        """Replay the training of the model on the map, if there is a model."""
        model = self._session.model
        if model is None:
            return False
        self.open(Path(f"{model.path}.run"))
        self._set(replace(self.state, shown=model.epoch))
        return True

    # -- wishes ----------------------------------------------------------------------------

    def prepare(self) -> None:
        """Somebody may want to replay: find out where the data lies at every epoch."""
        self._prepared = True
        self._load_next()

    def show(self, epoch: int) -> None:
        """Put an epoch on the map: the nearest that there is."""
        epochs = self.state.epochs
        if epochs:
            nearest = min(epochs, key=lambda known: abs(known - epoch))
            self._set(replace(self.state, live=False, shown=nearest))
            self._show_wish(nearest)

    def go_live(self) -> None:
        """Follow the training that runs, or go back to the model it made."""
        self.pause()
        if self.state.running:
            self._declined = False
            self._set(replace(self.state, live=True, watching=True))
            if self.state.epochs:
                self._want(self.state.epochs[-1])
        elif self.state.run is not None:
            self._set(replace(self.state, shown=None))
            self._want(FINAL)
        self.cursor_gone.emit()

    def set_watching(self, on: bool) -> None:
        """Follow the training on the map or leave the map alone, this one and those to come."""
        self._declined = not on
        state = self.state
        if state.running and state.watching and not on and state.shown is not None:
            self.said.emit(f"The map stays at epoch {state.shown}; Follow brings the newest again")
        self._watch(on)

    def _watch(self, on: bool) -> None:
        self._set(replace(self.state, watching=on))
        if on and self.state.running:
            self.go_live()
        elif not on:
            self._wanted = None
            self._set(replace(self.state, live=False))

    def play(self) -> None:
        """Show one epoch after another, from the first if the last one is shown."""
        epochs, place = self.state.epochs, self.state.place
        if len(epochs) < 2:
            return
        if place is None or place >= epochs[-1]:
            self.show(epochs[0])
        self._set(replace(self.state, playing=True, live=False))
        self._late = False
        self._player.start(self._beat_ms)

    @property
    def _beat_ms(self) -> int:
        return round(1000 / self.state.speed)

    def pause(self) -> None:
        """Stay on the epoch that is shown."""
        self._player.stop()
        self._set(replace(self.state, playing=False))

    def set_speed(self, epochs_a_second: float) -> None:
        """How fast to play."""
        self._set(replace(self.state, speed=epochs_a_second))
        if self._player.isActive():
            self._player.start(self._beat_ms)

    def stop(self) -> None:
        """Do nothing more: the window closes."""
        self._player.stop()
        self._later.stop()
        self._wanted = None

    # -- playing ---------------------------------------------------------------------------

    def _on_tick(self) -> None:
        """The next one, if the one before is there and has been seen whole."""
        if self._is_coming():
            self._late = True
            self._player.start(_LOOK_MS)
        elif self._late:
            self._late = False
            self._player.start(self._beat_ms // 2)
        else:
            self._player.start(self._beat_ms)
            self._show_next()

    def _is_coming(self) -> bool:
        """Whether weights or map of the epoch that is due are still to come."""
        longest = 1 / self.state.speed + _GROUND_SECONDS
        waits = perf_counter() - self._swapped_at < longest
        return self._wanted is not None or (waits and self.ground_fills())

    def _show_next(self) -> None:
        later = [epoch for epoch in self.state.epochs if epoch > (self.state.shown or 0)]
        if later:
            self.show(later[0])
        else:
            self.pause()

    # -- loading ---------------------------------------------------------------------------

    def _show_wish(self, epoch: int) -> None:
        """The cloud at once where it is known; the weights from the cache or behind it."""
        self.epoch_shown.emit(float(epoch))
        if epoch in self._models:
            self._models.move_to_end(epoch)
            self._wanted = None
            self._put(self._models[epoch])
            return
        if epoch in self._probes and self.state.on_map:
            self._session.set_points(self._probes[epoch].points())
        self._want(epoch)

    def _want(self, epoch: int) -> None:
        self._wanted = epoch
        if self.state.live:
            self._set(replace(self.state, shown=epoch))
        self._load_next()

    def _load_next(self) -> None:
        if self._loading is not None or self.state.run is None:
            return
        if self._wanted is not None:
            left = self._swapped_at + _LONGEST_SECONDS - perf_counter()
            if not self._waits_for_hand(left):
                self._load(self._wanted, wished=True)
        elif self._prepared and (missing := self._missing()) and not self._waits_for_hand():
            self._load(missing[-1], wished=False)

    def _waits_for_hand(self, most_seconds: float = inf) -> bool:
        """Whether a hand that drags has priority, and so it is looked at again in a moment."""
        rests_in = self._moved_at + _REST_SECONDS - perf_counter()
        wait = min(rests_in, most_seconds) if self._session.in_gesture else 0.0
        if wait > 0:
            self._later.start(ceil(1000 * wait))
        return wait > 0

    def _on_latent_changed(self) -> None:
        self._moved_at = perf_counter()

    def _missing(self) -> list[int]:
        known = {*self._probes, *self._gone}
        return [epoch for epoch in self.state.epochs if epoch not in known]

    def _load(self, epoch: int, wished: bool) -> None:
        if self.state.run is None:
            return
        self._loading = epoch, wished
        shown = self._session.model
        like = self._shelf.get(shown.key) if shown is not None and self.state.on_map else None
        number = None if epoch == FINAL else epoch
        task = partial(read_epoch, self.state.run.folder, number, like=like)
        done = partial(self._on_epoch, self._opened)
        self._lane.submit(task, Callbacks(done, partial(self._on_epoch_failed, self._opened)))

    def _on_epoch(self, opened: int, found: Epoch) -> None:
        if opened != self._opened:
            return
        loading, self._loading = self._loading, None
        if loading is not None:
            epoch, wished = loading
            self._keep(epoch, found)
            if epoch == self._wanted:
                self._wanted = None
                self._put(found)
            elif wished and self._wanted not in (None, FINAL) and not self.state.live:
                self._put(found)  # nearer to what is wished than what is shown
        self._load_next()

    def _on_epoch_failed(self, opened: int, message: str) -> None:
        """Files of epochs come and go: others stand in for one, as long as there are any."""
        if opened != self._opened:
            return
        loading, self._loading = self._loading, None
        run = self.state.run
        if loading is not None and run is not None:
            epoch, wished = loading
            self._gone.add(epoch)
            left = tuple(known for known in run.epochs if known not in self._gone)
            if left != run.epochs:
                self._set(replace(self.state, run=replace(run, epochs=left)))
            if wished and epoch == self._wanted:
                self._wanted = None
                self._stand_in(epoch, left, message)
        self._load_next()

    def _stand_in(self, epoch: int, left: tuple[int, ...], message: str) -> None:
        if not left:
            self.failed.emit(message)
        elif epoch == FINAL or self.state.live:
            self._wanted = left[-1]
            self._set(replace(self.state, shown=left[-1]))
        else:
            self.show(epoch)

    def _keep(self, epoch: int, found: Epoch) -> None:
        """Remember where the data lies at every epoch, and the weights of as many as fit."""
        if epoch == FINAL:
            return
        if found.info.points is not None:
            self._probes[epoch] = Probe.of(found.info.points)
        self._models[epoch] = found
        self._models.move_to_end(epoch)
        while sum(kept.size_bytes for kept in self._models.values()) > CACHE_BYTES:
            if len(self._models) == 1:
                break
            self._models.popitem(last=False)

    # -- the map ---------------------------------------------------------------------------

    def _put(self, found: Epoch) -> None:
        """On the map, with the cloud of the epoch that is wished by now."""
        self._swapped_at = perf_counter()
        model, info = self._session.model, found.info
        if model is not None and model.same_but_for_weights(info):
            self._shelf.replace(model.key, found.model)
            ahead = self._points_ahead()
            self._session.set_weights(
                replace(info, key=model.key, points=info.points if ahead is None else ahead)
            )
        else:
            if found.kept is not None:
                self.kept_found.emit(info.path, found.kept)
            self.arrived.emit(replace(info, key=self._shelf.add(found.model)))
        self._set(self.state)
        if info.epoch is None:
            self.final_shown.emit(info.path)

    def _points_ahead(self) -> Points | None:
        probe = self._probes.get(self._wanted) if self._wanted is not None else None
        return None if probe is None else probe.points()

    # -- facts -----------------------------------------------------------------------------

    def _read_run(self, folder: Path) -> None:
        done = partial(self._on_run, self._opened)
        self._lane.submit(partial(read_run, folder), Callbacks(done, self.failed.emit))

    def _on_run(self, opened: int, run: Run) -> None:
        if opened != self._opened or self.state.run is None:
            return
        before = self.state.run
        total = max(run.total, before.total if self.state.running else 0)
        if not run.loss:
            run = replace(run, loss=before.loss, loss_name=before.loss_name)
        self._set(replace(self.state, run=replace(run, total=total)))
        if run.known is not None and run.epochs and self._tells and not self.state.running:
            self.found.emit(run.known)
        self._load_next()

    def _on_listed(self, opened: int, listed: Run) -> None:
        run = self.state.run
        if opened != self._opened or run is None:
            return
        self._listing = False
        epochs = tuple(epoch for epoch in listed.epochs if epoch not in self._gone)
        for epoch in {*self._probes, *self._models} - set(epochs):
            self._probes.pop(epoch, None)
            self._models.pop(epoch, None)
        self._set(replace(self.state, run=replace(run, epochs=epochs)))
        if self.state.live and self.state.shown is None and epochs:
            self._want(epochs[-1])
        self._load_next()
        if self._again:
            self._again = False
            self.look_again()

    def _on_not_listed(self, opened: int, message: str) -> None:
        if opened == self._opened:
            self._listing = self._again = False
            self.failed.emit(message)

    def _on_model_changed(self) -> None:
        """Another model is on the map: look for its training, or stop watching one that runs."""
        was_on_map = self.state.on_map
        self._set(self.state)
        model = self._session.model
        if model is None:
            return
        if self.state.on_map:
            if model.epoch is None and not self.state.live and self._wanted is None:
                self.pause()
                self._set(replace(self.state, shown=None))
                self.cursor_gone.emit()
            return
        self.pause()
        if not self.state.running:
            self._open_what_is_shown()
        elif was_on_map:
            self._watch(False)
            self._set(replace(self.state, shown=None))

    def _forget(self) -> None:
        self.pause()
        self._opened += 1
        self._loading = None
        self._listing = self._again = False
        self._models.clear()
        self._probes.clear()
        self._gone.clear()
        self._wanted = None
        self.cursor_gone.emit()

    def _set(self, after: ReplayState) -> None:
        model, run = self._session.model, after.run
        on_map = model is not None and run is not None and model.path == out_file(run.folder)
        after = replace(after, on_map=on_map)
        if after != self.state:
            self.state = after
            self._session.replaying = on_map and not after.live and after.shown is not None
            self._session.set_playing(after.playing)
            self.changed.emit()
