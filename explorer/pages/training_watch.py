"""The page on which a training is watched: its curves, its pictures, and what can be changed."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.fields import Choice, Value
from explorer.loss_curves import Curve, Curves
from explorer.loss_readout import Line, Mark, Term
from explorer.runs_on_disk import Run
from explorer.trainer_messages import Adjusted, Pictures
from explorer.training_choices import live_fields, setting_word
from explorer.training_terms import (
    GRADIENT,
    TERMS,
    WEIGHTS_TIP,
    likelihood_text,
    shown,
    terms_for,
    tip_in,
    unit_of,
)
from explorer.widgets.elided_label import ElidedLabel
from explorer.widgets.field_grid import FieldGrid
from explorer.widgets.kl_strip import KlStrip
from explorer.widgets.picture_grid import PictureGrid
from models.methods import known_method

if TYPE_CHECKING:
    from explorer.widgets.loss_plot import LossPlot

VIEWS = (
    Choice("terms", "Terms", f"Every term of the objective over the epochs.\n{WEIGHTS_TIP}"),
    Choice("kl", "Dimensions", "The KL of each dimension over the epochs"),
    Choice("gradient", "Gradient", "The norm of the gradient over the epochs"),
    Choice("compare", "Compare", "One term of the runs that are checked under Runs"),
)
SIDES = (
    Choice("pictures", "Pictures", "What the model makes of images, and of draws from the prior"),
    Choice("change", "Change", "Change settings while the model trains"),
)
RUN_COLOURS = (
    "#5aaaff", "#ff8c5a", "#5fd4a0", "#d59cff", "#ffd166", "#ff7eb6", "#5ad1e6", "#b8e986",
)  # fmt: skip
_NO_CURVES = "Curves are drawn here while a model trains."
_NOT_COMPARED = "Check runs under Runs, and their curves are laid over each other here."
_LIVE_NOTE = (
    "Enter, or leaving the field, changes it from the next step on. "
    "It is marked on the curves and kept in the record."
)
_OF_LIKELIHOOD = ("elbo", "importance_bound", "reconstruction")
_SIDE_PX = 150
_BOTH_PX = 1050


class WatchPage(QWidget):
    """Shows curves and pictures; `below_curves` has room for one row more."""

    live_changed = Signal(str, float)  # a setting to change, and its value

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.terms: LossPlot | None = None
        self.gradient: LossPlot | None = None
        self.compared: LossPlot | None = None
        self.kl = KlStrip(self)
        self.view, self.side = QStackedWidget(self), QWidget(self)
        self.compared_term = QComboBox(self)
        self.reconstructions, self.samples = PictureGrid(self), PictureGrid(self)
        self.live: FieldGrid | None = None
        self.live_note = QLabel(self)
        self.below_curves = QVBoxLayout()
        self._method = ""
        self._runs: tuple[Run, ...] = ()
        self._titles: dict[str, ElidedLabel] = {}  # of the pictures
        self._buttons: dict[str, QToolButton] = {}
        self._live_place = QVBoxLayout()
        self._pictures, self._change = QWidget(self), QWidget(self)
        self._lay_out()
        self.set_live("", {}, "No training is under way")

    # -- building --------------------------------------------------------------------------

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        curves, left = QHBoxLayout(), QVBoxLayout()
        curves.setSpacing(8)
        curves.addLayout(self._rail())
        curves.addWidget(self.view, 1)
        left.setSpacing(2)
        left.addLayout(curves, 1)
        left.addLayout(self.below_curves)
        row.addLayout(left, 1)
        row.addWidget(self.side)
        self._lay_out_views()
        self._lay_out_side()

    def _rail(self) -> QVBoxLayout:
        """The views as a column of buttons: height is what the curves need."""
        rail = QVBoxLayout()
        rail.setSpacing(3)
        for place, choice in enumerate(VIEWS):
            button = self._toggle("view", choice)
            button.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
            button.setChecked(place == 0)
            rail.addWidget(button)
        rail.addStretch(1)
        return rail

    def _toggle(self, kind: str, choice: Choice) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"{kind}-{choice.value}")
        button.setText(choice.text)
        button.setAccessibleName(choice.text)
        button.setToolTip(choice.tip)
        button.setCheckable(True)
        button.setProperty("slim", kind == "view")
        button.clicked.connect(partial(self._on_toggle_clicked, kind, choice.value))
        self._buttons[choice.value] = button
        return button

    def _lay_out_views(self) -> None:
        self._places = {choice.value: QWidget(self) for choice in VIEWS}
        for place in self._places.values():
            column = QVBoxLayout(place)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(2)
            self.view.addWidget(place)
        self._layout_of("kl").addWidget(self.kl)
        for term in TERMS:
            self.compared_term.addItem(term.name, term.key)
        self.compared_term.setObjectName("comparedTerm")
        self.compared_term.setAccessibleName("Term that is compared")
        self.compared_term.setToolTip(
            "Which term of the checked runs is drawn; values of different likelihoods or data "
            "cannot be compared"
        )
        self.compared_term.currentIndexChanged.connect(self._show_compared)

    def _layout_of(self, view: str) -> QVBoxLayout:
        layout = self._places[view].layout()
        assert isinstance(layout, QVBoxLayout)
        return layout

    def _lay_out_side(self) -> None:
        self.side.setFixedWidth(_SIDE_PX)
        column = QVBoxLayout(self.side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        self._side_row = QWidget(self.side)
        row = QHBoxLayout(self._side_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        for choice in SIDES:
            row.addWidget(self._toggle("side", choice))
        row.addStretch(1)
        both = QHBoxLayout()
        both.setSpacing(12)
        both.addWidget(self._pictures, 1)
        both.addWidget(self._change, 1)
        column.addWidget(self._side_row)
        column.addLayout(both, 1)
        self._lay_out_pictures()
        self._lay_out_change()
        self._buttons["pictures"].setChecked(True)
        self._show_side()

    def _lay_out_pictures(self) -> None:
        column = QVBoxLayout(self._pictures)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
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
            title = self._titles[name] = ElidedLabel(self)
            title.setText(name)
            title.setProperty("role", "muted")
            title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            grid.setAccessibleName(name)
            grid.setToolTip(tip)
            column.addWidget(title)
            column.addWidget(grid, 1)

    def _lay_out_change(self) -> None:
        holder = QWidget(self)
        inner = QVBoxLayout(holder)
        inner.setContentsMargins(0, 0, 2, 0)
        inner.setSpacing(4)
        inner.addLayout(self._live_place)
        self.live_note.setWordWrap(True)
        self.live_note.setProperty("role", "muted")
        self.live_note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        inner.addWidget(self.live_note)
        inner.addStretch(1)
        area = QScrollArea(self._change)
        area.setWidget(holder)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QVBoxLayout(self._change)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(area)

    def make_plots(self) -> None:
        """Make the plots: that takes half a second, so it is done when they are first seen."""
        if self.terms is not None:
            return
        from explorer.widgets.loss_plot import LossPlot

        self.terms = LossPlot(_plotted(pseudo=False), self)
        self.terms.set_words(_NO_CURVES)
        self.gradient = LossPlot(
            (Term(*GRADIENT),), self, unit="gradient norm", name="Gradient norm over epochs"
        )
        self.gradient.set_words(_NO_CURVES)
        self.compared = LossPlot((), self, name="A term of the checked runs over epochs")
        self.compared.set_words(_NOT_COMPARED)
        self._layout_of("terms").addWidget(self.terms)
        self._layout_of("gradient").addWidget(self.gradient)
        self.compared.set_leading(self.compared_term)
        self._layout_of("compare").addWidget(self.compared)
        self._show_compared()

    # -- views -----------------------------------------------------------------------------

    def show_view(self, name: str) -> None:
        """Show the curves of terms, the KL of dimensions, the gradient, or runs compared."""
        self._choose(VIEWS, name)
        self.view.setCurrentWidget(self._places[name])

    def leave_comparison(self) -> None:
        """Show the curves of this training, not those of others; a view of its own stays."""
        if self._buttons["compare"].isChecked():
            self.show_view("terms")

    def show_side(self, name: str) -> None:
        """Show the pictures, or the settings that can be changed."""
        self._choose(SIDES, name)
        self._show_side()

    def _choose(self, choices: Sequence[Choice], name: str) -> None:
        for choice in choices:  # a group of buttons would leave only one of them to Tab
            self._buttons[choice.value].setChecked(choice.value == name)

    def _on_toggle_clicked(self, kind: str, name: str, checked: bool = False) -> None:
        if kind == "view":
            self.show_view(name)
        else:
            self.show_side(name)

    def _show_side(self) -> None:
        both = self.width() >= _BOTH_PX
        self._side_row.setVisible(not both)
        self._pictures.setVisible(both or self._buttons["pictures"].isChecked())
        self._change.setVisible(both or self._buttons["change"].isChecked())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        share = 0.5 if self.width() >= _BOTH_PX else 0.27
        self.side.setFixedWidth(int(max(_SIDE_PX, share * self.width())))
        self._show_side()

    # -- what is shown ---------------------------------------------------------------------

    def set_curves(
        self, curves: Curves, adjusted: Sequence[Adjusted], method: str, pseudo: bool = False
    ) -> None:
        """Draw the curves of a training, and mark what was changed on the way.

        `pseudo`: they are of a pseudo-likelihood.
        """
        if self.terms is None or self.gradient is None:
            return
        marks = [Mark(one.epoch, f"{setting_word(one.name)} {one.value:g}") for one in adjusted]
        lines = _lines(curves)
        steps = curves.gradient
        self.terms.set_terms(_plotted(pseudo, method))
        self.terms.set_lines(lines)
        self.gradient.set_lines([Line(GRADIENT.key, False, steps.epochs, steps.values)])
        for plot in (self.terms, self.gradient):
            plot.set_marks(marks)
        self._set_kl(curves.kl, adjusted, method)

    def set_cursor(self, epoch: float | None) -> None:
        """Read the curves at the epoch that is on the map, or nowhere."""
        for plot in (self.terms, self.gradient):
            if plot is not None:
                plot.set_cursor_epoch(epoch)
        self.kl.set_cursor_epoch(epoch)

    def _set_kl(self, kl: Sequence[Curve], adjusted: Sequence[Adjusted], method: str) -> None:
        self.kl.set_words(_no_kl(method))
        self.kl.set_values(kl[0].epochs if kl else (), [curve.values for curve in kl])
        self.kl.set_marks([one.epoch for one in adjusted])

    def set_compared(self, runs: Sequence[Run]) -> None:
        """Lay the curves of runs over each other."""
        self._runs = tuple(runs)
        self._show_compared()

    def _show_compared(self) -> None:
        if self.compared is None:
            return
        key = str(self.compared_term.currentData())
        self.compared.set_terms(
            [
                Term(str(run.folder), run.name, _short(run.name), colour, _run_tip(run), cut=True)
                for run, colour in zip(self._runs, cycle(RUN_COLOURS), strict=False)
            ]
        )
        self.compared.set_unit(_compared_unit(key, self._runs))
        lines: list[Line] = []
        for run in self._runs:
            for held_out, terms in ((False, run.curves.train), (True, run.curves.held_out)):
                if key in terms:
                    values = [shown(key, value) for value in terms[key].values]
                    lines.append(Line(str(run.folder), held_out, terms[key].epochs, values))
        word = self.compared_term.currentText()
        none = f"None of the checked runs has this term: {word}."
        self.compared.set_words(none if self._runs else _NOT_COMPARED)
        self.compared.set_lines(lines)

    def set_pictures(
        self, pictures: Pictures | None, words: str = "", other: int | None = None
    ) -> None:
        """Show what a model makes of images, or in `words` why there is nothing.

        It is said which epoch they are of, and with `other`, the epoch on the map, that it is not
        that one.
        """
        not_of = "" if other is None else f", not the map's {other}"
        for name, title in self._titles.items():
            title.setText(name if pictures is None else f"{name}, epoch {pictures.epoch}{not_of}")
        if pictures is None:
            for grid in (self.reconstructions, self.samples):
                grid.set_words(words)
                grid.setAccessibleDescription(words)
            return
        for grid in (self.reconstructions, self.samples):
            grid.set_dimmed(other is not None)
        self.reconstructions.set_stacks((pictures.images, pictures.reconstructions))
        after = f"after epoch {pictures.epoch}{not_of}"
        told = f"{len(pictures.images)} held-out images, each above its reconstruction"
        self.reconstructions.setAccessibleDescription(f"{told}, {after}")
        if pictures.no_samples:
            self.samples.set_words(pictures.no_samples)
        else:
            self.samples.set_stacks((pictures.samples,))
        told = pictures.no_samples or f"{len(pictures.samples)} samples"
        self.samples.setAccessibleDescription(f"{told}, {after}")

    # -- settings that can be changed ------------------------------------------------------

    def set_live(self, method: str, values: Mapping[str, Value], closed: str) -> None:
        """Offer what can be changed while a method trains, with what is in force now.

        A field that is being typed into is left alone; `closed` says why none can be changed.
        """
        if self.live is None or method != self._method:
            self._make_live(method)
        assert self.live is not None
        typed = {name for name, made in self.live.inputs.items() if made.hasFocus() and not closed}
        self.live.set_values({name: value for name, value in values.items() if name not in typed})
        self.live.set_closed({name: closed for name in self.live.inputs})
        if closed:
            self.live_note.setText(closed + ".")
        elif self.live_note.text() in ("", "No training is under way.") or not values:
            self.live_note.setText(_LIVE_NOTE)

    def _make_live(self, method: str) -> None:
        if self.live is not None:
            self._live_place.removeWidget(self.live)
            self.live.hide()
            self.live.deleteLater()
        self._method = method
        self.live = FieldGrid(live_fields(method), 400, self)
        self.live.committed.connect(self._on_live_committed)
        self._live_place.addWidget(self.live)

    def _on_live_committed(self, name: str) -> None:
        if self.live is not None:
            self.live_changed.emit(name, float(self.live.value(name)))

    def say_live(self, text: str) -> None:
        """Say what became of a change."""
        self.live_note.setText(text)


def _plotted(pseudo: bool, method: str = "") -> tuple[Term, ...]:
    """The terms as a plot offers them, in the notation of the method's formula."""
    known = known_method(method)
    objective = known.objective if known is not None else ""
    return tuple(
        Term(*words._replace(tip=f"{tip_in(words, objective)}\n{WEIGHTS_TIP}"))
        for words in terms_for(pseudo)
    )


def _run_tip(run: Run) -> str:
    of = likelihood_text(run.likelihood, run.pseudo)
    told = f"Show {run.name}; likelihood: {of}" if of else f"Show {run.name}"
    return f"{told}\n{WEIGHTS_TIP}"


def _compared_unit(key: str, runs: Sequence[Run]) -> str:
    """The unit of a term of runs, and whether it is a pseudo-likelihood's or of several."""
    if key not in _OF_LIKELIHOOD:
        return unit_of(key)
    if len({(run.likelihood, run.pseudo) for run in runs if run.likelihood}) > 1:
        return "likelihoods differ · nats"
    return "nats (pseudo)" if runs and all(run.pseudo for run in runs) else "nats"


def _short(name: str) -> str:
    """A run's name where there is little room."""
    return name if len(name) < 10 else f"{name[:3]}…{name[-4:]}"


def _no_kl(method: str) -> str:
    """Why a method has no KL of each dimension, or that it comes."""
    known = known_method(method)
    if known is None:
        return "The KL of each dimension is drawn here while a model trains."
    if not known.has_prior:
        return f"{known.title}: without a prior there is no KL."
    if method == "flow-vae":
        return (
            f"{known.title}: a flow has only a KL of all dimensions together. Those in the panel "
            "Dimensions are of Gaussians with its posteriors' moments."
        )
    return "The KL of each dimension is drawn here after the first epoch."


def _lines(curves: Curves) -> list[Line]:
    return [
        Line(name, held_out, curve.epochs, [shown(name, value) for value in curve.values])
        for held_out, terms in ((False, curves.train), (True, curves.held_out))
        for name, curve in terms.items()
    ]
