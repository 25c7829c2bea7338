"""The training panel: settings, curves, and what the model makes of images while it learns."""

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
    QMessageBox,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from explorer.training import Status, Training, TrainingState
from explorer.training_words import breakable, data_text, figures_text, progress_text, status_text
from explorer.widgets.download_question import DownloadQuestion
from explorer.widgets.picture_grid import PictureGrid
from explorer.widgets.training_bar import TrainingBar, enable
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
_LIKELIHOOD_TIP = (
    "p(x|z) is chosen by the images: Bernoulli for grey ones, "
    "Gaussian with a learned σ for those in colour"
)
_EPOCHS = {"digits": 100}  # small sets need more rounds for as many steps
_USUAL_EPOCHS, _OWN_EPOCHS = 20, 200
_FORM_PX = (236, 310)


class TrainingPanel(QWidget):
    """Shows one `Training` and turns clicks into its wishes."""

    open_requested = Signal(object)  # Path of a model file

    def __init__(self, training: Training, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self._plot: LossPlot | None = None
        self._dialog: QFileDialog | QMessageBox | None = None
        self._shown: Status | None = None
        data = [Choice(name, known.title, known.description) for name, known in BUILT_IN.items()]
        self.form = TrainingForm(data, WISHES, METHODS, NETWORKS, self)
        self.bar = TrainingBar(self)
        self.status = QLabel(self)
        self.figures = QLabel(self)
        self.reconstructions, self.samples = PictureGrid(self), PictureGrid(self)
        self._plot_place = QVBoxLayout()
        self.setFocusProxy(self.form.data)
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
        layout.addWidget(self.bar)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._scrolled_form(), 8)
        row.addLayout(self._plot_place, 8)
        row.addLayout(self._pictures(), 6)
        layout.addLayout(row, 1)
        layout.addLayout(self._status_line())

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
                "Prior samples",
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
        self.bar.start.clicked.connect(self._on_start_clicked)
        self.bar.pause.clicked.connect(self._on_pause_clicked)
        self.bar.stop.clicked.connect(self._training.stop)
        self.bar.open.clicked.connect(self._on_open_clicked)
        self.bar.menu.aboutToShow.connect(self._fill_unfinished_menu)
        self.form.wished.connect(self._on_form_wished)
        self.form.data_changed.connect(self._suggest_epochs)
        self.form.changed.connect(self._show_note)
        self._training.state_changed.connect(self._on_state_changed)
        self._training.curves_changed.connect(self._on_curves_changed)
        self._training.pictures_changed.connect(self._on_pictures_changed)
        self._training.unfinished_changed.connect(self._on_unfinished_changed)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._plot is None:
            self._make_plot()
        self._shown = None
        self._on_state_changed()
        self._on_curves_changed()
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

    # -- wishes of a person ----------------------------------------------------------------

    def choose_data(self, path: str | Path) -> None:
        """Choose a folder of images, an `.npz` or an `.npy` as the data of the next training."""
        path = Path(path)
        self.form.add_data(Choice(str(path), path.name or str(path), str(path)))
        if path.is_dir():  # pictures of one's own are seldom as small as digits
            self.form.network.setCurrentIndex(self.form.network.findData("conv"))

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
        hosts = [str(urlsplit(mirror).hostname) for mirror in known.mirrors]
        box = DownloadQuestion(known.title, known.description, hosts, self)
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
        dialog.fileSelected.connect(self.choose_data)
        self._open_dialog(dialog)

    def _open_dialog(self, dialog: QFileDialog | QMessageBox) -> None:
        """Ask without stopping the rest of the window."""
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._dialog = dialog
        dialog.open()

    def _suggest_epochs(self, data: str) -> None:
        """Small sets need more epochs; a number that a person has typed stays."""
        suggested = {_USUAL_EPOCHS, _OWN_EPOCHS, *_EPOCHS.values()}
        usual = _USUAL_EPOCHS if data in BUILT_IN else _OWN_EPOCHS
        if self.form.epochs.value() in suggested:
            self.form.epochs.setValue(_EPOCHS.get(data, usual))

    def _fill_unfinished_menu(self) -> None:
        self.bar.menu.clear()
        for run in self._training.unfinished():
            entry = self.bar.menu.addMenu(self._training.describe_unfinished(run))
            for text, act in (
                ("Go on training", self._training.resume_last),
                ("Keep as a model", self._training.keep_last),
                ("Discard", self._training.discard),
            ):
                entry.addAction(text).triggered.connect(partial(_call, act, run))

    # -- facts of the training -------------------------------------------------------------

    def _on_state_changed(self) -> None:
        state = self._training.state
        if self.visibleRegion().isEmpty() and state.status is self._shown:
            return  # ten times a second for nobody to see
        self._shown = state.status
        self._show_plan(state)
        self._show_buttons(state)
        self._show_progress(state)
        self._show_note()
        self.status.setText(breakable(status_text(state)))
        _set_role(self.status, "danger" if state.status is Status.FAILED else "muted")
        self.figures.setText(figures_text(state))
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
            self.choose_data(plan.data)
        self.form.set_values(values)

    def _show_buttons(self, state: TrainingState) -> None:
        bar, active, paused = self.bar, state.active, state.status is Status.PAUSED
        busy = "A training is under way; stop it first" if active else ""
        ready = "" if active else "No training is under way"
        if state.status is Status.FINISHING:
            ready = "The model is being measured and written"
        self.form.set_locked(busy)
        enable(bar.start, "Train a new model with these settings", busy)
        bar.pause.setText("Resume" if paused else "Pause")
        enable(bar.pause, "Go on training" if paused else "Take no step until you resume", ready)
        enable(bar.stop, "End now and keep the model of the last finished epoch", ready)
        bar.open.setVisible(state.file is not None and not active)
        enable(bar.open, f"Open {state.file.stem if state.file else 'the model'}", "")
        enable(bar.unfinished, "Trainings that ended before their time", busy)

    def _show_progress(self, state: TrainingState) -> None:
        position = state.position
        speed = position.images_per_second if position is not None else None
        tip = f"{speed:,.0f} images a second" if speed else "How far training is"
        share: float | None = position.fraction if position is not None else 0.0
        if state.status in (Status.PREPARING, Status.FINISHING):
            share = state.done / state.total if state.total else None
        self.bar.set_progress(share, progress_text(state), tip)

    def _show_note(self) -> None:
        state, data = self._training.state, self.form.values().data
        if state.data is not None and state.plan is not None and state.plan.data == data:
            self.form.set_note(*data_text(state.data))
        elif data in BUILT_IN:
            self.form.set_note("Likelihood: Bernoulli, for grey images", _LIKELIHOOD_TIP)
        else:
            self.form.set_note("Likelihood: chosen by the images", _LIKELIHOOD_TIP)

    def _on_curves_changed(self) -> None:
        if self._plot is None or not self.isVisible():
            return  # drawn when shown
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
        self.bar.set_unfinished(len(self._training.unfinished()))


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


def _set_role(label: QLabel, role: str) -> None:
    """Give a label another part of the style sheet."""
    if label.property("role") != role:
        label.setProperty("role", role)
        label.style().unpolish(label)
        label.style().polish(label)


def _call(act: "Callable[[Path], None]", run: Path, checked: bool = False) -> None:
    """What a menu entry does; Qt adds whether it is checked."""
    act(run)
