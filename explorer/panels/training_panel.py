"""The training panel: settings on the left, curves in the middle, what the model sees on the right."""

import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.training import Status, Training, TrainingState
from explorer.widgets.picture_grid import PictureGrid
from explorer.widgets.training_form import Choice, FormValues, TrainingForm
from models.downloads import BUILT_IN, is_downloaded
from models.plans import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.widgets.loss_plot import LossPlot

FOLDER_WISH, FILE_WISH = "folder…", "file…"

METHODS = (
    Choice("vae", "VAE", "variational autoencoder: reconstructs, and keeps latents near a prior"),
    Choice("cvae", "Conditional VAE", "a VAE told the class of each image; needs labelled images"),
    Choice("ae", "AE", "plain autoencoder: only reconstructs, so its latents have no prior"),
)
NETWORKS = (
    Choice("mlp", "MLP", "fully connected with residual blocks: fast, good for small images"),
    Choice("conv", "Conv", "convolutions: sees neighbouring pixels together, slower"),
    Choice("resnet", "ResNet", "residual convolutions: for larger images, slowest"),
)
WISHES = (
    Choice(FOLDER_WISH, "Folder of images…", "a folder of pictures; its sub-folders are classes"),
    Choice(FILE_WISH, "File…", "an .npz or .npy file of images"),
)
_LIKELIHOODS = {"bernoulli": "Bernoulli", "gaussian": "Gaussian with a learned σ"}
_LIKELIHOOD_TIP = (
    "p(x|z) is chosen by the images: Bernoulli for grey ones, "
    "Gaussian with a learned σ for those in colour"
)
_EPOCHS = {"digits": 100}  # small sets need more rounds for as many steps
_USUAL_EPOCHS = 20
_FORM_PX = (206, 310)


class TrainingPanel(QWidget):
    """Shows one `Training` and turns clicks into its wishes."""

    open_requested = Signal(object)  # Path of a model file

    def __init__(self, training: Training, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self._plot: LossPlot | None = None
        self._dialog: QFileDialog | QMessageBox | None = None
        data = [Choice(name, known.title, known.description) for name, known in BUILT_IN.items()]
        self.form = TrainingForm(data, WISHES, METHODS, NETWORKS, self)
        self.start_button = QPushButton("Start", self)
        self.pause_button = QPushButton("Pause", self)
        self.stop_button = QPushButton("Stop", self)
        self.unfinished_button = QToolButton(self)
        self.open_button = QPushButton("Open model", self)
        self.progress = QProgressBar(self)
        self.status = QLabel(self)
        self.figures = QLabel(self)
        self.reconstructions, self.samples = PictureGrid(self), PictureGrid(self)
        self._plot_place = QVBoxLayout()
        self._suggest_epochs(self.form.values().data)
        self._build()
        self._connect()
        self._on_state_changed()
        self._on_pictures_changed()
        self._on_unfinished_changed()

    # -- building --------------------------------------------------------------------------

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 6)
        layout.setSpacing(6)
        layout.addLayout(self._toolbar())
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._scrolled_form(), 8)
        row.addLayout(self._plot_place, 8)
        row.addLayout(self._pictures(), 6)
        layout.addLayout(row, 1)
        layout.addLayout(self._status_line())

    def _toolbar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        bar.setSpacing(6)
        for button, name in (
            (self.start_button, "trainStart"),
            (self.pause_button, "trainPause"),
            (self.stop_button, "trainStop"),
        ):
            button.setObjectName(name)
            button.setAutoDefault(False)
            bar.addWidget(button)
        self.start_button.setProperty("primary", True)
        self.progress.setObjectName("trainProgress")
        self.progress.setAccessibleName("Training progress")
        self.progress.setRange(0, 1000)
        self.progress.setMinimumWidth(80)
        bar.addWidget(self.progress, 1)
        self.unfinished_button.setObjectName("trainUnfinished")
        self.unfinished_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.unfinished_button.setMenu(QMenu(self.unfinished_button))
        bar.addWidget(self.unfinished_button)
        self.open_button.setObjectName("trainOpen")
        self.open_button.setAutoDefault(False)
        bar.addWidget(self.open_button)
        return bar

    def _scrolled_form(self) -> QScrollArea:
        area = QScrollArea(self)
        area.setWidget(self.form)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setMinimumSize(_FORM_PX[0], 40)
        area.setMaximumWidth(_FORM_PX[1])
        return area

    def _pictures(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(3)
        for grid, name, tip in (
            (
                self.reconstructions,
                "Reconstructions",
                "Held-out images, the same in every epoch; below each what the model makes of it",
            ),
            (
                self.samples,
                "Samples of the prior",
                "Decodes of draws from the prior, of the same noise in every epoch",
            ),
        ):
            title = QLabel(name, self)
            title.setProperty("role", "muted")
            title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            grid.setAccessibleName(name)
            grid.setToolTip(tip)
            column.addWidget(title)
            column.addWidget(grid, 1)
        return column

    def _status_line(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(12)
        self.status.setObjectName("trainStatus")
        self.status.setWordWrap(True)
        self.status.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.figures.setProperty("role", "muted")
        self.figures.setToolTip("Held-out images, after the last finished epoch, in nats an image")
        line.addWidget(self.status, 1)
        line.addWidget(self.figures)
        return line

    def _connect(self) -> None:
        self.start_button.clicked.connect(self._on_start_clicked)
        self.pause_button.clicked.connect(self._on_pause_clicked)
        self.stop_button.clicked.connect(self._training.stop)
        self.open_button.clicked.connect(self._on_open_clicked)
        self.form.wished.connect(self._on_form_wished)
        self.form.data_changed.connect(self._suggest_epochs)
        self.form.changed.connect(self._show_note)
        self._training.state_changed.connect(self._on_state_changed)
        self._training.curves_changed.connect(self._on_curves_changed)
        self._training.pictures_changed.connect(self._on_pictures_changed)
        self._training.unfinished_changed.connect(self._on_unfinished_changed)
        menu = self.unfinished_button.menu()
        menu.aboutToShow.connect(self._fill_unfinished_menu)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._plot is None:
            self._make_plot()
        self._on_unfinished_changed()

    def _make_plot(self) -> None:
        from explorer.widgets.loss_plot import LossPlot, Term

        terms = (
            Term("elbo", "−ELBO", "−ELBO", "#5aaaff", "The loss: reconstruction and KL together"),
            Term(
                "reconstruction",
                "Reconstruction",
                "Rec.",
                "#5fd4a0",
                "−E log p(x|z): how badly images come back",
            ),
            Term("kl", "KL", "KL", "#ff8c5a", "KL(q(z|x) || p(z)): what the latents cost"),
        )
        self._plot = LossPlot(terms, self)
        self._plot.set_words("Curves are drawn here while a model trains.")
        self._plot_place.addWidget(self._plot)
        self._on_curves_changed()

    # -- wishes of a person ----------------------------------------------------------------

    def set_data(self, path: str | Path) -> None:
        """Choose a folder of images, an `.npz` or an `.npy` as the data of the next training."""
        path = Path(path)
        self.form.add_data(Choice(str(path), path.name or str(path), str(path)))

    def plan(self) -> Plan:
        """The plan that the form says, with a fresh file to write to."""
        values = self.form.values()
        source = values.data if values.data in BUILT_IN else Path(values.data).stem
        name = re.sub(r"[^\w.-]+", "-", source.lower()).strip("-.")[:40] or "model"
        name = f"{name}-{values.method}-{values.latent_size}d"
        return Plan(
            data=values.data,
            out=str(self._training.fresh_file(name)),
            method=values.method,
            latent_size=values.latent_size,
            epochs=values.epochs,
            network=values.network,
            batch_size=values.batch_size,
            learning_rate=values.learning_rate,
        )

    def _on_start_clicked(self) -> None:
        plan = self.plan()
        if plan.data in BUILT_IN and not is_downloaded(plan.data):
            self._ask_download(plan)
        else:
            self._training.start(plan)

    def _ask_download(self, plan: Plan) -> None:
        """Nothing is fetched unless a person says yes to what, from where and how much."""
        known = BUILT_IN[plan.data]
        box = QMessageBox(self)
        box.setObjectName("downloadQuestion")
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(f"Download {known.title}?")
        box.setText(f"{known.title} is not on this computer yet. Download it?")
        hosts = " or ".join(str(urlsplit(mirror).hostname) for mirror in known.mirrors)
        box.setInformativeText(f"{known.description}\nIt comes from {hosts} and is kept.")
        download = box.addButton("Download and train", QMessageBox.ButtonRole.AcceptRole)
        download.setObjectName("downloadYes")
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        box.accepted.connect(partial(self._training.start, replace(plan, allow_download=True)))
        self._open_dialog(box)

    def _on_pause_clicked(self) -> None:
        if self._training.state.status is Status.PAUSED:
            self._training.resume()
        else:
            self._training.pause()

    def _on_open_clicked(self) -> None:
        if self._training.state.file is not None:
            self.open_requested.emit(self._training.state.file)

    def _on_form_wished(self, wish: str) -> None:
        if wish == FOLDER_WISH:
            dialog = QFileDialog(self, "Folder of images")
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        else:
            dialog = QFileDialog(self, "File of images", filter="Arrays (*.npz *.npy)")
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.set_data)
        self._open_dialog(dialog)

    def _open_dialog(self, dialog: QFileDialog | QMessageBox) -> None:
        """Ask without stopping the rest of the window."""
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._dialog = dialog
        dialog.open()

    def _suggest_epochs(self, data: str) -> None:
        """Small sets need more epochs; a number that a person has typed stays."""
        suggested = {_USUAL_EPOCHS, *_EPOCHS.values()}
        if self.form.epochs.value() in suggested:
            self.form.epochs.setValue(_EPOCHS.get(data, _USUAL_EPOCHS))

    def _fill_unfinished_menu(self) -> None:
        menu = self.unfinished_button.menu()
        menu.clear()
        for run in self._training.unfinished():
            entry = menu.addMenu(self._training.describe_unfinished(run))
            for text, act in (
                ("Go on training", self._training.resume_last),
                ("Keep as a model", self._training.keep_last),
                ("Discard", self._training.discard),
            ):
                entry.addAction(text).triggered.connect(partial(_call, act, run))

    # -- facts of the training -------------------------------------------------------------

    def _on_state_changed(self) -> None:
        state = self._training.state
        self._show_plan(state)
        self._show_buttons(state)
        self._show_progress(state)
        self._show_note()
        self.status.setText(_breakable(status_text(state)))
        _set_role(self.status, "danger" if state.status is Status.FAILED else "muted")
        self.figures.setText(_figures(state))
        self.figures.setVisible(state.status is not Status.FAILED)  # a message needs the room

    def _show_plan(self, state: TrainingState) -> None:
        """A training that is resumed brings its own settings."""
        plan = state.plan
        if plan is None or not plan.data or not state.active:
            return
        values = _form_values(plan)
        if values == self.form.values():
            return
        if plan.data not in BUILT_IN:
            self.set_data(plan.data)
        self.form.set_values(values)

    def _show_buttons(self, state: TrainingState) -> None:
        active, paused = state.active, state.status is Status.PAUSED
        busy = "A training is under way; stop it first"
        nothing = "No training is under way"
        finishing = state.status is Status.FINISHING
        writing = "The model is being measured and written" if finishing else ""
        start = "" if not active else busy
        self.form.set_locked(start)
        _enable(self.start_button, "Train a new model with these settings", start)
        self.pause_button.setText("Resume" if paused else "Pause")
        tip = "Go on training" if paused else "Take no step until you resume"
        _enable(self.pause_button, tip, writing if active else nothing)
        tip = "End now and keep the model of the last finished epoch"
        _enable(self.stop_button, tip, writing if active else nothing)
        self.open_button.setVisible(state.file is not None and not active)
        _enable(self.open_button, f"Open {state.file.stem if state.file else 'the model'}", "")
        _enable(self.unfinished_button, "Trainings that ended before their time", start)

    def _show_progress(self, state: TrainingState) -> None:
        position = state.position
        text = progress_text(state)
        waiting = state.status in (Status.PREPARING, Status.FINISHING)
        if waiting and not state.total:
            self.progress.setRange(0, 0)  # how long is not known
        else:
            self.progress.setRange(0, 1000)
            share = state.done / state.total if waiting else position.fraction if position else 0.0
            self.progress.setValue(round(1000 * share))
        self.progress.setFormat(text)
        self.progress.setAccessibleDescription(text)
        speed = position.images_per_second if position is not None else None
        self.progress.setToolTip(f"{speed:,.0f} images a second" if speed else "How far training is")

    def _show_note(self) -> None:
        state, data = self._training.state, self.form.values().data
        if state.data is not None and state.plan is not None and state.plan.data == data:
            loaded = state.data
            size = "×".join(str(side) for side in loaded.image_shape[1:])
            colour = "grey" if loaded.image_shape[0] == 1 else "colour"
            likelihood = _LIKELIHOODS.get(loaded.likelihood, loaded.likelihood)
            text = f"{likelihood} · {size} {colour} · {loaded.images:,} + {loaded.held_out:,} images"
            counts = f"{loaded.images:,} images to train on and {loaded.held_out:,} held out"
            self.form.set_note(text, "\n".join((f"Likelihood: {likelihood}", counts, *loaded.notes)))
        elif data in BUILT_IN:
            self.form.set_note("Likelihood: Bernoulli, for grey images", _LIKELIHOOD_TIP)
        else:
            self.form.set_note("Likelihood: chosen by the images", _LIKELIHOOD_TIP)

    def _on_curves_changed(self) -> None:
        if self._plot is None:
            return
        from explorer.widgets.loss_plot import Line

        curves = self._training.curves
        lines = []
        for held_out, terms in ((False, curves.train), (True, curves.held_out)):
            for name, curve in terms.items():
                values = [-value for value in curve.values] if name == "elbo" else curve.values
                lines.append(Line(name, held_out, curve.epochs, values))
        self._plot.set_lines(lines, "A plain autoencoder has no KL and so no ELBO")

    def _on_pictures_changed(self) -> None:
        pictures = self._training.pictures
        if pictures is None:
            self.reconstructions.set_words("after the first epoch")
            self.samples.set_words("after the first epoch")
            return
        self.reconstructions.set_stacks((pictures.images, pictures.reconstructions))
        told = f"{len(pictures.images)} held-out images, each above its reconstruction"
        self.reconstructions.setAccessibleDescription(f"{told}, after epoch {pictures.epoch}")
        if pictures.no_samples:
            self.samples.set_words(pictures.no_samples)
        else:
            self.samples.set_stacks((pictures.samples,))
        told = pictures.no_samples or f"{len(pictures.samples)} samples"
        self.samples.setAccessibleDescription(f"{told}, after epoch {pictures.epoch}")

    def _on_unfinished_changed(self) -> None:
        count = len(self._training.unfinished())
        self.unfinished_button.setVisible(count > 0)
        self.unfinished_button.setText(f"Unfinished ({count}) ▾")
        self.unfinished_button.setAccessibleName(f"Unfinished trainings: {count}")


def status_text(state: TrainingState) -> str:
    """One line on what is going on."""
    match state.status:
        case Status.IDLE:
            return "Choose data and settings, then press Start. What is open stays open."
        case Status.PREPARING:
            return f"{state.activity} …"
        case Status.RUNNING:
            return "Training in the background." if state.activity == "Training" else state.activity
        case Status.PAUSED:
            return "Paused. Every finished epoch is on the disk."
        case Status.FINISHING:
            return "Measuring and writing the model …"
        case _:
            return state.message


def progress_text(state: TrainingState) -> str:
    """Epoch, share and time left, as far as they are known."""
    if state.status is Status.PREPARING:
        share = f" · {_percent(state.done / state.total)}" if state.total else ""
        return f"{state.activity}{share}"
    position = state.position
    if position is None:
        return ""
    epoch = min(position.epoch + 1, position.epochs) if state.active else position.epoch
    parts = [f"epoch {epoch} of {position.epochs}", _percent(position.fraction)]
    if state.status is Status.RUNNING and position.seconds_left is not None:
        parts.append(f"{clock(position.seconds_left)} left")
    elif state.status is Status.PAUSED:
        parts.append("paused")
    elif not state.active and position.seconds:
        parts.append(clock(position.seconds))
    return " · ".join(parts)


def _percent(share: float) -> str:
    """Rounded down: 100 % is said only when all is done. No letter of a format may follow it."""
    return f"{int(100 * share)} %"


def clock(seconds: float) -> str:
    """Hours, minutes and seconds as 1:02:03 or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _figures(state: TrainingState) -> str:
    """The newest held-out terms in words."""
    terms = state.held_out
    if not terms:
        return ""
    reconstruction = terms.get("reconstruction", 0.0)
    if "elbo" not in terms:
        return f"held out: {reconstruction:.2f} nats"
    return f"held out: {-terms['elbo']:.2f} = {reconstruction:.2f} + {terms['kl']:.2f} KL nats"


def _form_values(plan: Plan) -> FormValues:
    return FormValues(
        data=plan.data,
        method=plan.method,
        latent_size=plan.latent_size,
        network=plan.network,
        epochs=plan.epochs,
        batch_size=plan.batch_size,
        learning_rate=plan.learning_rate,
    )


def _enable(button: QPushButton | QToolButton, tip: str, reason: str) -> None:
    """Enable a button, or disable it for a reason that its tooltip then gives."""
    button.setEnabled(not reason)
    button.setToolTip(reason or tip)
    button.setAccessibleName(button.accessibleName() or button.text())


def _set_role(label: QLabel, role: str) -> None:
    """Give a label another part of the style sheet."""
    if label.property("role") != role:
        label.setProperty("role", role)
        label.style().unpolish(label)
        label.style().polish(label)


def _breakable(text: str) -> str:
    """A text whose paths may be broken into lines."""
    return re.sub(r"([/\\])", "\\1\u200b", text)


def _call(act: "Callable[[Path], None]", run: Path, checked: bool = False) -> None:
    """What a menu entry does; Qt adds whether it is checked."""
    act(run)
