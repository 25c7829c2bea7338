"""The row that says what the colours of the points are, bound to a session."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QStackedWidget, QWidget

from explorer import theme
from explorer.dimensions import dimensions_in_order, map_dimensions
from explorer.legends import Entry, latent_unit
from explorer.point_values import BY_CLASS, MEASURED, range_of, sampled, value_colours, values_of
from explorer.rendering import ModelInfo
from explorer.session import Session
from explorer.widgets.class_legend import ClassLegend
from explorer.widgets.colour_choice import ColourBy, ColourChoice, GradientLegend
from explorer.widgets.elided_label import ElidedLabel

Floats = npt.NDArray[np.float32]

_MOST_DIMENSIONS = 30  # to choose from: of more, those that carry most
_WIDE_PX = 400  # with less room words are few
_MOST_NAMED = 8  # hidden classes
_LOOKING = "Looking for the images that the points were encoded from …"


class ColourBar(QWidget):
    """By what points are coloured; then the legend of classes, or the range of the values."""

    find_requested = Signal()  # somebody may want what needs the images
    measure_requested = Signal()
    measure_cancelled = Signal()

    def __init__(
        self, session: Session, legend: ClassLegend, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._legend = session, legend
        self._measured: Mapping[str, Floats] = {}
        self._no_images, self._pending = _LOOKING, ""
        self._shown: QWidget = legend
        self._scale: Entry | None = None
        self._offered: list[int] = []  # dimensions, in an order that stays while a model learns
        self._gradient = GradientLegend(self)
        self._gradient.setObjectName("valueLegend")
        self._choice = ColourChoice(self)
        self._pages = QStackedWidget(self)
        for page in (self._legend, self._gradient, self._build_progress()):
            self._pages.addWidget(page)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._choice)
        row.addWidget(self._build_hidden())
        row.addWidget(self._pages, 1)
        self._choice.opening.connect(self._offer)
        self._choice.opening.connect(self.find_requested)
        self._choice.chosen.connect(self._on_chosen)
        self._cancel.clicked.connect(self._on_cancelled)
        session.model_changed.connect(self._on_model_changed)
        session.points_changed.connect(self._on_points_changed)
        session.layers_changed.connect(self._show)
        session.plane_changed.connect(self._offer)
        self._show_progress("")
        self._show()

    def _build_progress(self) -> QWidget:
        """How far the measuring is: in the place of a legend, so that nothing else moves."""
        self._progress = ElidedLabel(self)
        self._progress.setObjectName("measuringProgress")
        self._progress.setProperty("role", "muted")
        self._progress.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self._cancel = QPushButton("Cancel", self)
        self._cancel.setObjectName("cancelMeasuring")
        self._cancel.setAccessibleName("Cancel the measuring of the points")
        self._cancel.setToolTip("Leave it; points keep the colours they have")
        page = QWidget(self)
        page.setProperty("compact", True)
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._cancel)  # first: it does not move as the words grow
        row.addWidget(self._progress)
        row.addStretch(1)
        self._measuring = page
        return page

    def _build_hidden(self) -> QPushButton:
        """Says that classes are hidden where their legend is not shown, and brings them back."""
        self._hidden = QPushButton(self)
        self._hidden.setObjectName("showHiddenClasses")
        self._hidden.setProperty("slim", True)
        self._hidden.setAccessibleName("Show the hidden classes")
        self._hidden.setToolTip("Show the points of all classes")
        self._hidden.clicked.connect(self._on_show_all)
        self._hidden.hide()
        return self._hidden

    def scale(self) -> Entry | None:
        """What the colours of the points mean where they are those of values."""
        return self._scale

    # -- what it is told -------------------------------------------------------------------

    def set_images(self, at_hand: bool, reason: str, known: bool) -> None:
        """Whether there are images to measure, and why not."""
        missing = f"Needs the images of the data. {reason}" if known else _LOOKING
        self._no_images = "" if at_hand else missing
        self._show()

    def set_measured(self, measured: Mapping[str, Floats]) -> None:
        """What was asked for has been measured: values [N] by name."""
        self._measured = measured
        pending, self._pending = self._pending, ""
        self._show_progress("")
        if pending in measured:
            self._colour_by(pending)
        self._show()

    def show_progress(self, done: int, total: int) -> None:
        """How many of the points have been measured."""
        if self._pending:
            self._show_progress(f"measuring {100 * done // max(total, 1)} %")

    def end_measuring(self) -> None:
        """It was left or it failed: the colours stay what they were."""
        if self._pending:
            self._pending = ""
            self._show_progress("")
            self._show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_page()

    # -- from the session ------------------------------------------------------------------

    def _on_model_changed(self) -> None:
        self._measured, self._no_images = {}, _LOOKING
        self.end_measuring()
        self._offer()

    def _offer(self) -> None:
        """List the dimensions that carry most now: somebody is about to choose, or may."""
        model, colour_by = self._session.model, self._session.layers.colour_by
        if model is not None:
            self._offered = _dimensions(model, map_dimensions(self._session), colour_by)
        self._show()

    def _on_points_changed(self) -> None:
        """Other weights: what was measured is not true of them."""
        self._measured = {}
        if self._session.layers.colour_by in MEASURED:
            self._colour_by(BY_CLASS)
        else:
            self._show()

    def _colour_by(self, key: str) -> None:
        self._session.set_layers(replace(self._session.layers, colour_by=key))

    def _show_progress(self, words: str) -> None:
        self._progress.setText(words)
        self._show_page()

    def _show_page(self) -> None:
        """The legend of what the points are coloured by, but for while others are measured."""
        page = self._measuring if self._progress.text() else self._shown
        self._pages.setCurrentWidget(page)
        self._show_hidden(page is not self._legend)

    def _show_hidden(self, without_legend: bool) -> None:
        model, hidden = self._session.model, sorted(self._session.layers.hidden_classes)
        self._hidden.setVisible(without_legend and bool(hidden))
        if model is None or not hidden:
            return
        number = "1 class" if len(hidden) == 1 else f"{len(hidden):,} classes"
        named = [name for at, name in enumerate(model.class_names) if at in hidden]
        more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
        which = ", ".join(named[:_MOST_NAMED]) + more
        tip = f"The points of {number} are not shown: {which}. Press to show all classes"
        wide = self.width() >= _WIDE_PX
        self._hidden.setText(f"{number} hidden · show" if wide else f"{len(hidden):,} hidden")
        self._hidden.setToolTip(theme.as_tip(tip))
        self._hidden.setAccessibleName(f"Show the hidden classes: {which}")

    def _show(self) -> None:
        model, colour_by = self._session.model, self._session.layers.colour_by
        data = None if model is None else model.points
        self._choice.setVisible(data is not None and len(data) > 0)
        if model is None or data is None or not len(data):
            self._shown, self._scale = self._legend, None
            self._show_page()
            return
        choices = _choices(model, self._no_images, self._offered)
        self._choice.set_choices(choices, self._pending or colour_by)
        part, every = sampled(data)
        measured = {name: values[::every] for name, values in self._measured.items()}
        values = values_of(part, colour_by, measured)
        self._scale = None
        self._shown = self._legend if values is None else self._gradient
        self._show_page()
        if values is not None:
            span = range_of(values)
            unit = latent_unit(model.has_prior) if colour_by.startswith("z") else "nats"
            low, high = (f"{value:.3g}".replace("-", "−") for value in (span.low, span.high))
            names = {choice.key: (choice.text, choice.tip) for choice in choices}
            title, tip = names.get(colour_by, (colour_by, colour_by))
            self._scale = Entry(
                "points", f"Points: {title}", tip, theme.VALUE_COLOURS, low, high, unit=unit
            )
            words = (
                f"{tip}. From the 1st to the 99th percentile; what lies beyond has the end's colour"
            )
            self._gradient.show_range(value_colours(), f"{low} {unit}", f"{high} {unit}", words)

    # -- from the person -------------------------------------------------------------------

    def _on_chosen(self, key: str) -> None:
        if key in MEASURED and key not in self._measured:
            self._pending = key
            self._show_progress("measuring …")
            self.measure_requested.emit()
            return
        if self._pending:
            self._on_cancelled()
        self._colour_by(key)

    def _on_show_all(self) -> None:
        self._choice.setFocus()  # the button goes
        self._session.set_layers(replace(self._session.layers, hidden_classes=frozenset()))

    def _on_cancelled(self) -> None:
        self.measure_cancelled.emit()
        self.end_measuring()


def _dimensions(model: ModelInfo, of_map: Sequence[int], chosen: str) -> list[int]:
    """Those that carry most; of many also those of the map and the one that is chosen."""
    order = dimensions_in_order(model)
    kept = [d for d in order if d in of_map or f"z{d}" == chosen]
    most = [d for d in order if d not in kept][: _MOST_DIMENSIONS - len(kept)]
    return [d for d in order if d in kept or d in most]


def _choices(model: ModelInfo, no_images: str, dimensions: Sequence[int]) -> list[ColourBy]:
    """What points can be coloured by: classes, the KL, what needs images, `dimensions`."""
    none = "" if model.has_prior else "A plain autoencoder has no prior, so no KL and no ELBO"
    flow = ", of Gaussians with the flow posteriors' moments" if model.has_flow else ", closed form"
    pseudo = model.likelihood == "bernoulli" and not model.binarise
    stored = ", of the posterior that is stored with the model"
    drawn, told = "", ""
    if model.binarise:
        stored += (
            ": that of the grey image. The Picture panel tells the KL of one random binarisation, "
            "which is what the model was trained on, so the two differ"
        )
        drawn = " of one random binarisation"
        told = ". Its KL is of that binarisation too, not the one of the grey image on a card"
    kind = " (grey pixels under a Bernoulli: no normalised density)" if pseudo else ""
    elbo = "Pseudo-ELBO" if pseudo else "ELBO"
    fixed = [
        ColourBy(BY_CLASS, "Class", "The class of each image, where classes are known"),
        ColourBy("kl", "KL", f"KL(q(z|x) || p(z)) of each image{flow}, in nats{stored}", none),
        ColourBy(
            "elbo",
            elbo,
            f"{elbo}{drawn} of each image, a lower bound on log p(x), from one sampled z, in "
            f"nats{kind}{told}",
            none or no_images,
        ),
        ColourBy(
            "reconstruction",
            "Error",
            f"Reconstruction error −E log p(x|z){drawn} of each image, from one sampled z, in "
            f"nats{kind}",
            no_images,
        ),
    ]
    left = model.latent_size - len(dimensions)
    rest = f". The {left} dimensions that carry less are not listed" if left else ""
    return fixed + [
        ColourBy(f"z{number}", f"z{number}", f"The posterior mean of dimension {number}{rest}")
        for number in dimensions
    ]
