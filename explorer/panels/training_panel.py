"""The training panel: set up, watch and change a training, and the runs there are."""

import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QMessageBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from explorer.epoch_pictures import EpochPictures
from explorer.fields import Choice, Value
from explorer.pacing import Paced
from explorer.pages.training_runs import RunsPage
from explorer.pages.training_setup import FOLDER_WISH, SetupPage
from explorer.pages.training_watch import WatchPage
from explorer.run_list import RunList
from explorer.runs_on_disk import RunState
from explorer.session import Session
from explorer.training import Status, Training, TrainingState
from explorer.training_choices import live_problem, setting_word, values_of
from explorer.training_words import (
    data_text,
    epochs_text,
    no_pictures_text,
    pace_text,
    progress_texts,
    progress_tip,
    unfinished_texts,
)
from explorer.widgets.download_question import DownloadQuestion
from explorer.widgets.training_bar import TrainingBar, enable
from models.downloads import BUILT_IN, is_downloaded
from models.plans import Plan
from models.presets import Look

PAGES = (
    Choice("setup", "Set up", "Data, method and its settings"),
    Choice("watch", "Watch", "Curves, pictures, and settings that can be changed on the way"),
    Choice("runs", "Runs", "Trainings, finished and unfinished: compare, go on, keep, discard"),
)
_CURVES_PAUSE_MS = 2000  # between two looks at curves while a handle is dragged: they cost 10 ms
_MOST_COUNTED = 100  # from here on a page's button says "99+": the tooltip counts all
_LIKELIHOOD_TIP = (
    "p(x|z) is chosen by the images: Bernoulli for grey ones, Gaussian with a learned σ for "
    "those in colour; another one can be chosen under More settings"
)


class TrainingPanel(QWidget):
    """Shows one `Training` and its runs, and turns clicks into wishes."""

    open_requested = Signal(object)  # Path of a model file
    data_chosen = Signal(object)  # Path of a folder or file to train on
    begun_on = Signal(str)  # the data of a training, by its name or path
    shown = Signal()

    def __init__(
        self, training: Training, runs: RunList, session: Session, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._training, self._runs = training, runs
        self._curves_pace = Paced(session, self._on_curves_changed, _CURVES_PAUSE_MS, self)
        self._dialog: QFileDialog | QMessageBox | None = None
        self._of_map: EpochPictures | None = None
        self._shown: Status | None = None
        self._was_active = False
        self._wished: dict[str, Value] = {}  # settings changed, whether the trainer has said so yet
        self._brought: Plan | None = None  # by the training that runs: what Set up was filled with
        self._next_data: Path | None = None  # chosen while a training runs
        self._cut_short = ""  # run that has just ended before its time: to be selected
        self._asked = False
        self._data_folder = ""
        self.bar = TrainingBar(PAGES, self)
        self.bar.leave_room("runs", _runs_text(_MOST_COUNTED))
        self.setup, self.watch, self.runs = SetupPage(self), WatchPage(self), RunsPage(self)
        self.form = self.setup.form
        self.reconstructions, self.samples = self.watch.reconstructions, self.watch.samples
        self.pages = QStackedWidget(self)
        self.setProperty("compact", True)
        self.setFocusProxy(self.form.data)
        self._build()
        self._connect()
        self._on_state_changed()
        self._on_pictures_changed()

    # -- building --------------------------------------------------------------------------

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        layout.setSpacing(6)
        layout.addWidget(self.bar)
        for page in (self.setup, self.watch, self.runs):
            self.pages.addWidget(page)
        layout.addWidget(self.pages, 1)

    def _connect(self) -> None:
        self.bar.page_chosen.connect(self.show_page)
        self.bar.start.clicked.connect(self._on_start_clicked)
        self.bar.pause.clicked.connect(self._on_pause_clicked)
        self.bar.stop.clicked.connect(self._training.stop)
        self.bar.open.clicked.connect(self._on_open_clicked)
        self.setup.wished.connect(self._on_setup_wished)
        self.setup.changed.connect(self._show_note)
        self.watch.live_changed.connect(self._on_live_changed)
        self.runs.compare_requested.connect(self._on_compare_requested)
        self.runs.checks_changed.connect(self._show_compared)
        self.runs.open_requested.connect(self._on_run_opened)
        self.runs.go_on_requested.connect(self._on_go_on_requested)
        self.runs.more_requested.connect(self._on_more_requested)
        self.runs.use_requested.connect(self._on_use_requested)
        self.runs.keep_requested.connect(self._on_keep_requested)
        self.runs.discard_requested.connect(self._on_discard_requested)
        self._training.state_changed.connect(self._on_state_changed)
        self._training.curves_changed.connect(self._curves_pace.ask)
        self._training.pictures_changed.connect(self._on_pictures_changed)
        self._runs.changed.connect(self._on_runs_changed)

    def add_below_curves(self, widget: QWidget) -> None:
        """Put a slim row under the curves."""
        self.watch.below_curves.addWidget(widget)

    def show_epoch(self, epoch: float) -> None:
        """Read the curves at that epoch."""
        self.watch.set_cursor(epoch)

    def hide_epoch(self) -> None:
        """Read the curves nowhere."""
        self.watch.set_cursor(None)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._asked:
            self._asked = True
            self._runs.refresh()
        self._shown = None
        self._show_all()
        self.shown.emit()

    def _show_all(self) -> None:
        if self.pages.currentWidget() is self.watch:
            self.watch.make_plots()
        self._on_state_changed()
        self._on_curves_changed()
        self._on_runs_changed()

    # -- pages -----------------------------------------------------------------------------

    def show_page(self, name: str) -> None:
        """Show `setup`, `watch` or `runs`."""
        self.bar.set_page(name)
        if name == "runs" and self._asked:
            self._runs.refresh()  # others may have begun, or ended, in another window
        page = {"setup": self.setup, "watch": self.watch, "runs": self.runs}[name]
        self.pages.setCurrentWidget(page)
        self._shown = None
        if self.isVisible():
            self._show_all()

    # -- wishes: a training ------------------------------------------------------------------

    def choose_data(self, path: str | Path) -> bool:
        """Choose a folder of images, an `.npz` or an `.npy` as the data of the next training.

        Whether that is done: while a training runs Set up shows its settings, so it waits.
        """
        chosen = Path(path).expanduser().absolute()
        waits = self._training.state.active
        if waits:
            self._next_data = chosen
        else:
            self.setup.choose_data(chosen)
            self.show_page("setup")
        self._data_folder = str(chosen.parent)
        self.data_chosen.emit(chosen)
        return not waits

    def set_data_folder(self, folder: str) -> None:
        """Where to look for data first, unless some was chosen since."""
        self._data_folder = self._data_folder or folder

    def open_on(self, data: str, look: Look) -> None:
        """Begin with data that looks so, unless a person or a training has filled Set up."""
        if not self._training.state.active:
            self.setup.open_on(data, look)

    def plan(self) -> Plan:
        """The plan that the page says, with a fresh file to write to."""
        plan = self.setup.plan()
        return replace(plan, out=str(self._training.fresh_file(_name_for(plan))))

    def _on_start_clicked(self) -> None:
        plan = self.plan()
        if plan.data in BUILT_IN and not is_downloaded(plan.data):
            self._ask_download(plan)
        else:
            self._training.start_new(plan, _name_for(plan))

    def _ask_download(self, plan: Plan) -> None:
        """Nothing is fetched unless a person says yes to what, from where and how much."""
        known = BUILT_IN[plan.data]
        hosts = [str(urlsplit(mirror).hostname) for mirror in known.mirrors]
        box = DownloadQuestion(known.title, known.description, hosts, self)
        allowed = replace(plan, allow_download=True)
        box.accepted.connect(partial(self._training.start_new, allowed, _name_for(plan)))
        self._open_dialog(box)

    def _on_pause_clicked(self) -> None:
        if self._training.state.status is Status.PAUSED:
            self._training.resume()
        else:
            self._training.pause()

    def _on_open_clicked(self) -> None:
        if self._training.state.file is not None:
            self.open_requested.emit(self._training.state.file)

    def _on_setup_wished(self, wish: str) -> None:
        if wish == FOLDER_WISH:
            dialog = QFileDialog(self, "Folder of images")
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        else:
            dialog = QFileDialog(self, "File of images", filter="Arrays (*.npz *.npy)")
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setDirectory(self._data_folder or str(Path.home()))
        dialog.fileSelected.connect(self.choose_data)
        self._open_dialog(dialog)

    def _open_dialog(self, dialog: QFileDialog | QMessageBox) -> None:
        """Ask without stopping the rest of the window."""
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._dialog = dialog
        dialog.open()

    def _on_live_changed(self, name: str, value: float) -> None:
        """Change a setting of the training that runs, unless it is that already."""
        state = self._training.state
        if state.plan is None or not _can_change(state):
            return
        if value == self._in_force(state).get(name):
            return
        problem = live_problem(state.plan, name, value)
        if not problem:
            self._wished[name] = value
            self._training.adjust(name, value)
        told = (
            f"From the next step on: {setting_word(name)} {value:g}. Marked on the curves, "
            "and kept in the record."
        )
        self.watch.say_live(problem or told)

    # -- wishes: a run ---------------------------------------------------------------------

    def _on_compare_requested(self) -> None:
        self.show_page("watch")
        self.watch.show_view("compare")
        self._show_compared()

    def _on_run_opened(self, key: str) -> None:
        run = self.runs.run(key)
        if run is not None and run.file is not None:
            self.open_requested.emit(run.file)

    def _on_go_on_requested(self, key: str) -> None:
        run = self.runs.run(key)
        if not self._runs.is_free(Path(key)):
            return
        if run is not None and run.state is RunState.NOT_BEGUN and run.plan is not None:
            self._training.start(run.plan)
        else:
            self._training.resume_last(Path(key))
        self._focus_on_pause()

    def _on_more_requested(self, key: str, more: int) -> None:
        if self._runs.is_free(Path(key)):
            self._training.resume_last(Path(key), more)
            self._focus_on_pause()

    def _focus_on_pause(self) -> None:
        """The button that was pressed is gone with its page; the keys stay with the training."""
        if self._training.state.active:
            self.bar.pause.setFocus()

    def _on_keep_requested(self, key: str) -> None:
        if self._runs.is_free(Path(key)):
            self._training.keep_last(Path(key))

    def _on_use_requested(self, key: str) -> None:
        run = self.runs.run(key)
        if run is not None and run.plan is not None:
            self.setup.set_plan(run.plan)
            self.show_page("setup")
            self._show_note()

    def _on_discard_requested(self, key: str) -> None:
        run = self.runs.run(key)
        if run is None or not self._runs.is_free(run.folder):
            return
        box = QMessageBox(self)
        box.setObjectName("discardQuestion")
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(f"Discard {run.name}?")
        box.setText(f"Discard the training of {run.name}?")
        box.setInformativeText(
            "The model stays. Its epochs are deleted: it cannot be replayed or trained on."
            if run.has_model
            else f"Its {epochs_text(run.epoch)} deleted for good."
        )
        yes = box.addButton("Discard", QMessageBox.ButtonRole.DestructiveRole)
        yes.setObjectName("discardYes")
        yes.clicked.connect(partial(self._discard, run.folder))
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        self._open_dialog(box)

    def _discard(self, folder: Path, checked: bool = False) -> None:
        self._runs.discard(folder)

    # -- facts of the training -------------------------------------------------------------

    def _on_state_changed(self) -> None:
        state = self._training.state
        self._follow_start(state)
        if self.visibleRegion().isEmpty() and state.status is self._shown:
            return  # ten times a second for nobody to see
        self._shown = state.status
        self._show_buttons(state)
        share: float | None = state.position.fraction if state.position is not None else 0.0
        if state.status in (Status.PREPARING, Status.FINISHING):
            share = state.done / state.total if state.total else None
        self.bar.set_pace(pace_text(state))
        self.bar.set_progress(share, self._progress_texts(state), progress_tip(state))
        self._show_note()
        self._show_live(state)
        self._show_why_no_pictures(state)
        if self.pages.currentWidget() is self.runs:
            self._show_runs()

    def _follow_start(self, state: TrainingState) -> None:
        """Whoever starts a training wants to watch it; data that waited comes when it ends."""
        if state.active == self._was_active:
            return
        self._was_active, self._wished, self._brought = state.active, {}, None
        cut_short = state.plan if state.status in (Status.FAILED, Status.STOPPED) else None
        self._cut_short = "" if cut_short is None else str(cut_short.folder)
        if not state.active and self._next_data is not None:
            self.setup.choose_data(self._next_data)
            self._next_data = None
        if state.active:
            pressed = self.bar.start.hasFocus()
            self.show_page("watch")
            self.watch.leave_comparison()
            if pressed:  # a button that is closed passes the focus on to whatever comes next
                self.bar.pause.setFocus()

    def _show_buttons(self, state: TrainingState) -> None:
        bar, active, paused = self.bar, state.active, state.status is Status.PAUSED
        busy = "A training is under way; stop it first" if active else ""
        ready = "" if active else "No training is under way"
        if state.status is Status.FINISHING:
            ready = "The model is being measured and written"
        if active and state.plan is not None and state.plan.data:
            self._show_plan(state.plan)
        self.setup.set_locked(busy)
        enable(bar.start, "Train a new model with the settings of Set up", busy)
        bar.pause.setText("Resume" if paused else "Pause")
        enable(bar.pause, "Go on training" if paused else "Take no step until you resume", ready)
        enable(bar.stop, "End now and keep the model of the last finished epoch", ready)
        bar.open.setVisible(state.file is not None and not active)
        enable(bar.open, f"Open {state.file.stem if state.file else 'the model'}", "")

    def _show_plan(self, plan: Plan) -> None:
        """A training that is resumed brings its own settings, some of which no field can say."""
        bare = replace(plan, out="", allow_download=False)
        if bare != self._brought:
            self._brought = bare
            self.begun_on.emit(bare.data)
            if bare != self.setup.plan():
                self.setup.set_plan(bare)

    def _progress_texts(self, state: TrainingState) -> tuple[str, ...]:
        """How far it is; until one is started, what was left unfinished."""
        if state.status is Status.IDLE and (left := self._runs.unfinished()):
            return unfinished_texts([run.name for run in left])
        return progress_texts(state)

    def _show_note(self) -> None:
        state, data = self._training.state, self.form.values().data
        wished = self.setup.plan()
        if state.data is not None and state.plan and _same_images(state.plan, wished):
            self.form.set_note(*data_text(state.data))
        elif wished.likelihood is not None:
            self.form.set_note("", "")
        elif data in BUILT_IN:
            kind = "Gaussian, in colour" if BUILT_IN[data].colour else "Bernoulli, grey"
            self.form.set_note(kind, _LIKELIHOOD_TIP)
        else:
            self.form.set_note("p(x|z) by the images", _LIKELIHOOD_TIP)

    def _show_live(self, state: TrainingState) -> None:
        plan = state.plan
        if plan is None or not plan.data:
            self.watch.set_live("", {}, "No training is under way")
            return
        closed = "" if state.active else "No training is under way"
        if state.status is Status.FINISHING:
            closed = "The model is being measured and written"
        self.watch.set_live(plan.method, self._in_force(state), closed)

    def _in_force(self, state: TrainingState) -> dict[str, Value]:
        """The settings that hold now: the plan's, and what was changed on the way."""
        if state.plan is None:
            return {}
        adjusted: dict[str, Value] = {one.name: one.value for one in state.adjusted}
        wished = self._wished if _can_change(state) else {}
        return values_of(state.plan) | adjusted | wished

    def _on_curves_changed(self) -> None:
        if not self.watch.isVisible():
            return  # drawn when shown
        state = self._training.state
        method = state.plan.method if state.plan is not None and state.plan.data else ""
        self.watch.set_curves(self._training.curves, state.adjusted, method, state.pseudo)
        if any(run.state is RunState.RUNNING for run in self.runs.checked_runs()):
            self._show_runs()
            self._show_compared()

    def _on_pictures_changed(self) -> None:
        words, of_map = no_pictures_text(self._training.state), self._of_map
        if of_map is None:
            self.watch.set_pictures(self._training.pictures, words)
        else:
            self.watch.set_pictures(of_map.pictures, words, of_map.other)

    def follow_pictures(self, pictures: EpochPictures) -> None:
        """Show the pictures of the epoch that is on the map."""
        self._of_map = pictures
        pictures.changed.connect(self._on_pictures_changed)

    def _show_why_no_pictures(self, state: TrainingState) -> None:
        missing = self._training.pictures is None
        if missing and self.watch.samples.words() != no_pictures_text(state):
            self._on_pictures_changed()

    # -- facts of the runs -----------------------------------------------------------------

    def _on_runs_changed(self) -> None:
        self._show_runs()
        self._select_cut_short()
        count = len(self._runs.unfinished())
        self.bar.set_page_text("runs", _runs_text(count))
        left = f"; {count} unfinished" if count else ""
        self.bar.pages["runs"].setToolTip(PAGES[2].tip + left)
        self._show_compared()
        if self._training.state.status is Status.IDLE:
            self._shown = None
            self._on_state_changed()

    def _show_runs(self) -> None:
        busy = "A training is under way; stop it first" if self._training.state.active else ""
        self.runs.set_runs(self._runs.listed(), busy)

    def _select_cut_short(self) -> None:
        """Whoever is told to go on under Runs finds it selected there."""
        if self._cut_short and self.runs.run(self._cut_short) is not None:
            self.runs.table.select(self._cut_short)
            self._cut_short = ""

    def _show_compared(self) -> None:
        self.watch.set_compared(self.runs.checked_runs())


def _runs_text(unfinished: int) -> str:
    """What the page of runs is called, with how many are unfinished."""
    if not unfinished:
        return "Runs"
    return f"Runs ({unfinished})" if unfinished < _MOST_COUNTED else "Runs (99+)"


def _name_for(plan: Plan) -> str:
    """What to call the model: its data, method and dimensions."""
    source = plan.data if plan.data in BUILT_IN else Path(plan.data).stem
    name = re.sub(r"[^\w.-]+", "-", source.lower()).strip("-.")[:40] or "model"
    return f"{name}-{plan.method}-{plan.latent_size}d"


def _same_images(one: Plan, other: Plan) -> bool:
    """Whether what was said of the images of one plan, and their likelihood, holds for another."""
    names = ("data", "image_shape", "fit", "likelihood")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _can_change(state: TrainingState) -> bool:
    """Whether a trainer hears of settings that are changed."""
    return state.active and state.status is not Status.FINISHING
