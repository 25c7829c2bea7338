"""The page of runs: a table, and what can be done with the one selected."""

import time
from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from explorer import theme
from explorer.epochs import held_out_loss
from explorer.figures import figure
from explorer.progress_line import clock
from explorer.runs_on_disk import ELSEWHERE_TEXT, Run, RunState
from explorer.training_choices import setting_word, told_settings
from explorer.training_terms import likelihood_text
from explorer.widgets.run_table import Column, Row, RunTable
from explorer.widgets.training_bar import enable
from models.downloads import BUILT_IN
from models.methods import METHODS

COLUMNS = (
    Column("Run", "The name of its model; check some to compare", middle=True, least_px=96, rank=4),
    Column(
        "State",
        "Running (here, or elsewhere: in another window or on the command line), finished, stopped "
        "(a model of fewer epochs than planned), unfinished, not begun (cut off in its first "
        "epoch) or damaged",
    ),
    Column("Epochs", "Finished, of those planned", number=True),
    Column("Data", "What it was trained on", least_px=56, rank=2),
    Column("Method", "What was optimised", least_px=56, rank=3),
    Column("K", "Latent dimensions", number=True),
    Column(
        "−ELBO, nats",
        "Of held-out images, in nats an image; where there is no ELBO, the reconstruction (rec.).\n"
        "Values of different likelihoods or data cannot be compared. Pseudo: a Bernoulli on grey "
        "images is no normalised density",
        number=True,
    ),
    Column(
        "−Bound, nats",
        "The importance-weighted bound of held-out images, in nats an image; values of different "
        "likelihoods or data cannot be compared",
        number=True,
        goes=True,
    ),
    Column(
        "Settings",
        "Those of its method, others that are not the usual ones, and what was changed on the way",
        stretches=True,
        least_px=72,
        rank=1,
    ),
    Column("Date", "When its last epoch was written"),
)
_MOST = 99_999
_MORE_PX = 132
_LEAST_PX = 34  # a narrow panel cuts texts; tips and names say the rest
_RUNNING = {RunState.RUNNING: "It runs now", RunState.ELSEWHERE: f"It {ELSEWHERE_TEXT}"}
_NONE = "Select a run in the table"


class RunsPage(QWidget):
    """Says what is wished of a run by its folder's path."""

    compare_requested = Signal()
    open_requested = Signal(str)
    go_on_requested = Signal(str)
    more_requested = Signal(str, int)
    use_requested = Signal(str)
    keep_requested = Signal(str)
    discard_requested = Signal(str)
    checks_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs: dict[str, Run] = {}
        self._busy = ""
        self.table = RunTable(COLUMNS, self)
        self.words = QLabel("Trainings are listed here, finished and unfinished ones.", self)
        self.words.setProperty("role", "muted")
        self.compare = self._button("Compare", "runsCompare")
        self.open = self._button("Open", "runOpen")
        self.go_on = self._button("Go on", "runGoOn")
        self.train_more = self._button("Train", "runMore")
        self.use = self._button("Use settings", "runUse")
        self.keep = self._button("Keep", "runKeep")
        self.discard = self._button("Discard …", "runDiscard")
        self.more = QSpinBox(self)
        self._lay_out()
        self._connect()
        self._show_buttons()

    def set_runs(self, runs: Sequence[Run], busy: str) -> None:
        """List other runs; while one is `busy`, for a reason, no other can go on."""
        self._runs, self._busy = {str(run.folder): run for run in runs}, busy
        self.table.set_rows([row_of(run) for run in runs])
        self.words.setVisible(not runs)
        self._show_buttons()

    def run(self, key: str) -> Run | None:
        """The run with a key, if there is one."""
        return self._runs.get(key)

    def checked_runs(self) -> list[Run]:
        """The runs that are checked, in the order they were."""
        return [self._runs[key] for key in self.table.checked() if key in self._runs]

    # -- building --------------------------------------------------------------------------

    def _button(self, text: str, name: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAutoDefault(False)
        button.setMinimumWidth(_LEAST_PX)
        return button

    def _lay_out(self) -> None:
        self.more.setRange(1, _MOST)
        self.more.setValue(10)
        self.more.setSuffix(" more epochs")
        self.more.setMinimumWidth(_LEAST_PX)
        self.more.setMaximumWidth(_MORE_PX)
        self.more.setObjectName("runMoreEpochs")
        self.more.setAccessibleName("Epochs more")
        self.more.setToolTip("How many epochs more the selected run is trained")
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for widget in (self.compare, self.open, self.use, self.go_on, self.train_more, self.more):
            row.addWidget(widget)
        row.addStretch(1)
        for widget in (self.keep, self.discard):
            row.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self.words)
        layout.addWidget(self.table, 1)

    def _connect(self) -> None:
        self.table.selected.connect(self._show_buttons)
        self.table.checks_changed.connect(self._show_buttons)
        self.table.checks_changed.connect(self.checks_changed)
        self.table.opened.connect(self.open_requested)
        self.compare.clicked.connect(self.compare_requested)
        for button, wish in (
            (self.open, self.open_requested),
            (self.go_on, self.go_on_requested),
            (self.use, self.use_requested),
            (self.keep, self.keep_requested),
            (self.discard, self.discard_requested),
        ):
            button.clicked.connect(partial(self._wish, wish))
        self.train_more.clicked.connect(self._on_more_clicked)

    def _wish(self, wish: SignalInstance, checked: bool = False) -> None:
        wish.emit(self.table.selected_key())

    def _on_more_clicked(self) -> None:
        self.more.interpretText()
        self.more_requested.emit(self.table.selected_key(), self.more.value())

    # -- buttons ---------------------------------------------------------------------------

    def _show_buttons(self) -> None:
        run = self._runs.get(self.table.selected_key())
        count = len(self.checked_runs())
        self.compare.setText(f"Compare ({count})" if count else "Compare")
        none = "" if count else "Check runs in the table first"
        enable(self.compare, "Draw the curves of the checked runs over each other", none)
        whole = run is not None and run.plan is not None
        damaged = "" if run is None or whole else "Its file is damaged"
        missing = damaged if run is not None else _NONE
        running = "" if run is None else _RUNNING.get(run.state, "")
        no_file = "" if run is None or run.file is not None else "It has no model yet"
        enable(self.open, "Open its model on the map (Enter)", missing or no_file)
        enable(self.use, "Put its settings into Set up", missing or self._busy)
        done = run is not None and run.plan is not None and run.epoch >= run.plan.epochs
        made = run is not None and run.has_model
        over = "It is finished; train it for more epochs" if made and done else ""
        stays = missing or running or self._busy
        begun = run is None or run.state is not RunState.NOT_BEGUN
        go_on = "Train the rest of its epochs" if begun else "Start it again from its settings"
        none_yet = "" if begun else "It has finished no epoch"
        enable(self.go_on, go_on, stays or over)
        enable(self.train_more, "Train it for so many epochs more", stays or none_yet)
        kept = "Its model is made already" if made else none_yet
        enable(self.keep, "Make a model of the epochs it has finished", stays or kept)
        gone = _NONE if run is None else running
        enable(self.discard, "Delete it, when you have said yes", gone)


def row_of(run: Run) -> Row:
    """A run as a row of the table."""
    plan, terms = run.plan, run.held_out
    written = time.localtime(run.changed_at)
    date = f"{written.tm_mday} {time.strftime('%b %H:%M', written)}"
    state = run.state.value
    if plan is None:
        texts = (run.name, state, "", "", "", "", "", "", "", date)
        nothing = (0.0, "", "", 0.0, 0.0, 0.0, "")
        order: tuple[float | str, ...] = (run.name, state, *nothing, run.changed_at)
        return Row(str(run.folder), texts, order, (run.problem,) * len(texts), _colours(run))
    data = BUILT_IN[plan.data].title.split(",")[0] if plan.data in BUILT_IN else plan.data
    data = data.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    method = METHODS[plan.method].title if plan.method in METHODS else plan.method
    told = ", ".join(part for part in (told_settings(plan), changes_text(run)) if part)
    loss = held_out_loss(terms) if terms else float("inf")
    bound = -terms.get("importance_bound", float("-inf"))
    kind = "pseudo " if run.pseudo else ""
    shown = f"{kind if 'elbo' in terms else 'rec. '}{figure(loss, 2)}" if terms else ""
    texts = (
        run.name,
        state,
        f"{run.epoch}/{plan.epochs}",
        data,
        method,
        str(plan.latent_size),
        shown,
        f"{kind}{figure(bound, 2)}" if "importance_bound" in terms else "",
        told,
        date,
    )
    order = (
        run.name, state, float(run.epoch), data, method, float(plan.latent_size), loss, bound,
        told, run.changed_at,
    )  # fmt: skip
    elbo_tip, bound_tip = _loss_tip(run, "−ELBO", texts[6]), _loss_tip(run, "−Bound", texts[7])
    if bound_tip:  # a narrow table has no column for it
        elbo_tip += f"\n−Bound {texts[7].removeprefix(kind)} nats an image"
    tips = (
        f"{run.name}\n{run.folder}",
        _RUNNING.get(run.state, state),
        _epochs_tip(run, texts[2]),
        plan.data,
        *texts[4:6],
        elbo_tip,
        bound_tip,
        told or "the usual ones",
        time.strftime("%d %b %Y %H:%M:%S", written),
    )
    return Row(str(run.folder), texts, order, tips, _colours(run))


def _epochs_tip(run: Run, shown: str) -> str:
    """How many epochs are finished, and how long they took: others may have had the cores too."""
    if not run.seconds or run.state in _RUNNING:
        return shown
    took = f"{shown}, in {clock(run.seconds)} by the clock"
    if not run.processor_seconds:
        return took
    return f"{took} and {clock(run.processor_seconds)} of processor time, of all cores together"


def _loss_tip(run: Run, name: str, shown: str) -> str:
    """What a loss is of, and with what it compares."""
    if not shown:
        return ""
    name = "Reconstruction" if shown.startswith("rec.") else name
    value = shown.rsplit(" ", 1)[-1]
    told = f"{'pseudo ' if run.pseudo else ''}{name} {value} nats an image"
    of = likelihood_text(run.likelihood, run.pseudo)
    return "\n".join(
        (
            f"{told}; likelihood: {of}" if of else told,
            "Compares only with runs of the same likelihood on the same data",
        )
    )


def changes_text(run: Run) -> str:
    """What was changed while it ran."""
    return ", ".join(
        f"{setting_word(one.name)} {one.value:g} from epoch {one.epoch:.1f}" for one in run.adjusted
    )


def _colours(run: Run) -> tuple[str, ...]:
    colours = theme.colours()
    by_state = {
        RunState.RUNNING: colours.accent,
        RunState.ELSEWHERE: colours.accent,
        RunState.UNFINISHED: "#e08a3c" if colours.dark else "#a35200",
        RunState.NOT_BEGUN: "#e08a3c" if colours.dark else "#a35200",
        RunState.DAMAGED: colours.danger,
    }
    colour = by_state.get(run.state, "")
    return tuple(colour if column.title == "State" else "" for column in COLUMNS)
