"""The page on which a training is set up: what to train on what, and what the method minimises."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from explorer import theme
from explorer.fields import Choice, Value
from explorer.training_choices import (
    EPOCHS,
    LATENT_SIZE,
    METHOD_CHOICES,
    METHOD_FIELDS,
    MORE,
    NETWORK_CHOICES,
    OWN,
    PRESET_CHOICES,
    not_for,
    oblong_text,
    own_data,
    own_settings,
    plan_of,
    preset_of,
    preset_plans,
    usual,
    values_of,
)
from explorer.training_terms import TERMS, formula_html, terms_in
from explorer.widgets.field_grid import FieldGrid
from explorer.widgets.training_form import FormChoices, FormValues, TrainingForm
from models.downloads import BUILT_IN
from models.methods import SETTINGS, known_method, meaning_of
from models.plans import Plan
from models.presets import Look

FOLDER_WISH, FILE_WISH = "folder…", "file…"
WISHES = (
    Choice(FOLDER_WISH, "Folder of images…", "a folder of pictures; its sub-folders are classes"),
    Choice(FILE_WISH, "File…", "an .npz or .npy file of images"),
)
_FORM_PX = (224, 310)
_FORMULA_PX = 15


class SetupPage(QWidget):
    """A plan as fields; beside them the objective, or all other settings."""

    wished = Signal(str)  # the value of a wish
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        data = [Choice(name, known.title, known.description) for name, known in BUILT_IN.items()]
        self.form = TrainingForm(
            FormChoices(
                PRESET_CHOICES, data, WISHES, METHOD_CHOICES, NETWORK_CHOICES, LATENT_SIZE, EPOCHS
            ),
            self,
        )
        self.formula, self.meaning = QLabel(self), QLabel(self)
        self.own = FieldGrid(METHOD_FIELDS, 158, self)
        self.more = FieldGrid(MORE, 158, self)
        self.beside = QStackedWidget(self)
        self._base = Plan("", "")
        self._own: list[str] = []  # paths, in the order of the list
        self._presets = preset_plans(self.form.values().data)
        self._method = ""
        self._locked = ""
        self._lay_out()
        self._connect()
        self.set_plan(next(iter(self._presets.values())))
        self._first_plan = self.plan()

    # -- the plan --------------------------------------------------------------------------

    def plan(self) -> Plan:
        """What the page says, without a file to write to."""
        form = self.form.values()
        values: dict[str, Value] = {
            **self.own.values(),
            **self.more.values(),
            "data": form.data,
            "method": form.method,
            "latent_size": form.latent_size,
            "network": form.network,
            "epochs": form.epochs,
        }
        return plan_of(values, self._base)

    def set_plan(self, plan: Plan) -> None:
        """Fill the page; data that it does not know is put into its list."""
        self._fill(plan, preset_plans(plan.data))

    def choose_data(self, path: Path) -> None:
        """Choose a folder or a file of images."""
        self._list(str(path), first=True)
        self.form.choose_data(str(path))

    def set_own_data(self, paths: Sequence[str]) -> None:
        """Folders and files to offer, besides what is chosen."""
        self._own = list(paths)
        self._list(self.form.values().data)

    def open_on(self, data: str, look: Look) -> None:
        """Begin with data that looks so, fitted as if it were chosen, if nothing was changed."""
        if self.plan() == self._first_plan:
            presets = preset_plans(data, look)
            self._fill(next(iter(presets.values())), presets)
            self.changed.emit()

    def set_locked(self, reason: str) -> None:
        """Keep everything from being changed for a reason, or let it be changed again."""
        if reason == self._locked and self.form.isEnabled():
            return
        self._locked = reason
        self.form.set_locked(reason)
        self._show()

    def _list(self, data: str, first: bool = False) -> None:
        """Data stands in the list, whether it came with the program or not."""
        if data not in BUILT_IN and (first or data not in self._own):
            rest = [path for path in self._own if path != data]
            self._own = [data, *rest] if first else [*rest, data]
        self.form.set_own_data(own_data(self._own))

    def _fill(self, plan: Plan, presets: dict[str, Plan]) -> None:
        self._list(plan.data)
        self._base = replace(plan, out="", allow_download=False)
        self._presets = presets
        values = values_of(plan)
        self.form.set_values(
            FormValues(plan.data, plan.method, plan.latent_size, plan.network, plan.epochs)
        )
        self._show_method(plan.method)
        self.own.set_values(values)
        self.more.set_values(values)
        self._show()

    # -- building --------------------------------------------------------------------------

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(14)
        form = _scrolled(self.form)
        form.setMinimumWidth(_FORM_PX[0])
        form.setMaximumWidth(_FORM_PX[1])
        row.addWidget(form, 4)
        self.beside.addWidget(_scrolled(self._objective()))
        holder = QWidget(self)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 4, 0)
        column.addWidget(self.more)
        column.addStretch(1)
        self.beside.addWidget(_scrolled(holder))
        row.addWidget(self.beside, 6)

    def _objective(self) -> QWidget:
        holder = QWidget(self)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(6)
        for label in (self.formula, self.meaning):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.RichText)
            # As high as its lines: its hint, `Minimum`, is that of a narrower label.
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.formula.setObjectName("objective")
        self.formula.setToolTip("What is minimised, each term in the colour of its curve")
        self.formula.setStyleSheet(f"font-size: {_FORMULA_PX}px;")
        self.meaning.setObjectName("objectiveMeaning")
        column.addWidget(self.formula)
        column.addWidget(self.own)
        column.addWidget(self.meaning)
        column.addStretch(1)
        return holder

    def _connect(self) -> None:
        self.form.wished.connect(self.wished)
        self.form.preset_chosen.connect(self._on_preset_chosen)
        self.form.data_changed.connect(self._on_data_changed)
        self.form.changed.connect(self._on_changed)
        self.form.more.toggled.connect(self._on_more_toggled)
        self.own.changed.connect(self._on_changed)
        self.more.changed.connect(self._on_changed)

    # -- changes ---------------------------------------------------------------------------

    def _on_preset_chosen(self, name: str) -> None:
        if name in self._presets:
            self.set_plan(self._presets[name])
            self.changed.emit()

    def _on_data_changed(self, data: str) -> None:
        """A preset fits itself to other data; settings of one's own stay."""
        before = self._presets
        chosen = preset_of(replace(self.plan(), data=next(iter(before.values())).data), before)
        self._presets = preset_plans(data)
        self._base = replace(self._base, data=data, image_shape=None)
        if chosen != OWN:
            self.set_plan(self._presets[chosen])

    def _on_changed(self) -> None:
        method = self.form.values().method
        if method != self._method:
            self._show_method(method)
            self.own.set_values({name: usual(method, name) for name in own_settings(method)})
        self._show()
        self.changed.emit()

    def _on_more_toggled(self, on: bool) -> None:
        self.beside.setCurrentIndex(int(on))

    # -- showing ---------------------------------------------------------------------------

    def _show(self) -> None:
        """What follows from the fields: which preset they are, and what does not count."""
        form = self.form.values()
        cycles = int(self.more.value("warmup_cycles"))
        self.more.set_closed(
            {name: self._locked or not_for(form.method, name, cycles) for name in self.more.inputs}
        )
        self.own.set_closed({name: self._locked for name in self.own.inputs})
        width, depth = replace(Plan("", ""), network=form.network).network_size
        self.more.set_special("width", f"usual: {width}")
        self.more.set_special("depth", f"usual: {depth}")
        self.more.set_special("image_side", oblong_text(self._base) or "automatic")
        self.form.set_preset(preset_of(self.plan(), self._presets))

    def _show_method(self, name: str) -> None:
        self._method = name
        self.own.set_shown(own_settings(name))
        self.own.set_tips({one: meaning_of(name, one) for one in own_settings(name)})
        self._explain(name)

    def _explain(self, name: str) -> None:
        method = known_method(name)
        if method is None:
            return
        self.formula.setText(formula_html(method.objective, _colour_of))
        self.formula.setAccessibleName(f"{method.title} minimises {method.objective}")
        colours = theme.colours()
        source = method.source.replace("eq. ", "eq.&nbsp;")
        told = [f"{method.meaning} <span style='color:{colours.muted}'>{source}.</span>"]
        told += [_line(SETTINGS[one].text, meaning_of(name, one)) for one in own_settings(name)]
        told += [
            _line(term.name, term.tip, _colour_of(term.key)) for term in terms_in(method.objective)
        ]
        self.meaning.setText("<div style='margin-bottom:3px'>" + "<br>".join(told) + "</div>")

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._method:
            self._explain(self._method)


def _colour_of(key: str) -> str:
    """The colour of a term in the scheme in use."""
    colour = next(term.colour for term in TERMS if term.key == key)
    return theme.readable(colour, theme.colours().dark)


def _line(name: str, meaning: str, colour: str = "") -> str:
    muted = theme.colours().muted
    return (
        f"<b style='color:{colour or theme.colours().text}'>{name}</b> "
        f"<span style='color:{muted}'>{meaning}</span>"
    )


def _scrolled(widget: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidget(widget)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setMinimumSize(100, 40)
    return area
