"""The overlays of a map: services, what they draw on it, and the legend in its corner."""

from math import exp, pi, sqrt

from PySide6.QtCore import QObject, QRect, Signal

from explorer.aggregate import AggregateDensity
from explorer.legends import Entry, Key, figure, latent_unit, magnification_unit
from explorer.overlay_drawing import (
    ARROWS,
    DATA_COLOUR,
    HOLE_COLOUR,
    LIGHT_DATA,
    LIGHT_HOLE,
    LIGHT_PRIOR,
    PRIOR_COLOUR,
    VIRIDIS,
    Contours,
    Range,
    TileLayer,
    arrow_field,
    heat_map,
)
from explorer.overlays import FIELD, MAGNIFICATION, TileValues
from explorer.session import Session
from explorer.widgets.map_view import MARGIN_LEFT_PX, MapView
from explorer.widgets.overlay_legend import OverlayLegend
from explorer.workers import DecodeThread, Lane
from models.density import MOST_POINTS

_INSET_PX = 8
_QUICK_SECONDS = 0.5  # values that come faster are not counted: words would only flicker

_DENSITY_TIP = (
    "Where the data lies: the aggregate posterior, the mean of q(z|x) over the data, marginal in "
    "the plane of the map. Its rings hold 39, 86 and 99 % of it, as the prior's circles of 1, 2 "
    "and 3 σ (dashed) hold of the prior: where both agree, the data fills the prior. Hatched: "
    "holes, within 2 σ, where it is less than a quarter as dense as the prior expects"
)
_DENSITY_WITHOUT_PRIOR_TIP = (
    "Where the data lies: a kernel density estimate of its codes in the plane of the map (Scott's "
    "rule), with rings that hold 39, 86 and 99 % of it. A plain autoencoder has no prior to hold "
    "it against, so there are no holes"
)
_DENSITY_LINE_TIP = (
    "Where on the line the data lies: the aggregate posterior, the mean of q(z|x) over the data, "
    "as a curve, the higher the denser. Dashed, to the same scale: the prior N(0, 1); where both "
    "agree, the data fills the prior"
)
_DENSITY_LINE_WITHOUT_PRIOR_TIP = (
    "Where on the line the data lies: a kernel density estimate of its codes (Scott's rule) as a "
    "curve, the higher the denser. A plain autoencoder has no prior to hold it against"
)
MAGNIFICATION_TIP = (
    "How fast the picture changes from place to place: sqrt(det G), where G = JᵀJ is the metric "
    "that the decoder pulls back to the plane of the map (J: derivatives of the mean image along "
    "its two directions). It is the area of image space that one unit of area of the plane covers, "
    "in px²/σ²: a px is the way of one pixel from 0 to 1, σ a standard deviation of the prior "
    "(px²/unit² without a prior; on a line, length by length). Colours on a logarithmic scale, "
    "from the 2nd to the 98th percentile of what is visible, which count as 5 % apart at least. "
    "What is told of the pointer is the value in the middle of its tile, some 22 px wide"
)
FIELD_TIP = (
    "Where the model pulls: arrows from z to encode(decode(z)), the part of that step in the plane "
    "of the map. To the scale of the map, but cut where the next arrow begins; the colour tells "
    "the length uncut, in σ, standard deviations of the prior (without one, in latent units). What "
    "is told of the pointer is the step from the middle of its tile, some 42 px wide"
)

_NOTES = {
    "computing": "Being computed, coarse ones first; pictures that are on screen go before them",
    "no finite values here": "Every value in view is infinite or no number (NaN): there is nothing "
    "to colour",
    "no values": "Nothing could be computed here",
}


def density_tip(has_prior: bool, line: bool) -> str:
    """What the density of a model is, on a plane or on the line of K = 1."""
    if line:
        return _DENSITY_LINE_TIP if has_prior else _DENSITY_LINE_WITHOUT_PRIOR_TIP
    return _DENSITY_TIP if has_prior else _DENSITY_WITHOUT_PRIOR_TIP


class MapOverlays(QObject):
    """Puts density, magnification and field on a map view and keeps their legend true."""

    settled = Signal()  # all that is on is there
    failed = Signal(str)

    def __init__(self, session: Session, thread: DecodeThread, lane: Lane, view: MapView) -> None:
        super().__init__(view)
        self._session, self._view = session, view
        self.density = AggregateDensity(session, lane, self)
        self.magnification = TileValues(MAGNIFICATION, session, thread, self)
        self.field = TileValues(FIELD, session, thread, self)
        self.density.failed.connect(self.failed)
        self.heat, self.arrows, self.contours = heat_map(), arrow_field(), Contours()
        view.below_points.append(self.heat)
        # First: words of holes and the scale bar are read above the arrows.
        view.above_points[:0] = [self.arrows, self.contours]
        self.legend = OverlayLegend(view)
        self.legend.entered.connect(view.forget_pointer)
        self.legend.move(MARGIN_LEFT_PX + _INSET_PX, _INSET_PX)
        self._pointer: tuple[float, float] | None = None
        self._held_back = False
        for service in (self.magnification, self.field, self.density):
            service.changed.connect(self._on_changed)
            service.settled.connect(self._on_settled)
        for service in (self.magnification, self.field):
            service.progressed.connect(self._explain)
        view.pointer_moved.connect(self._on_pointer_moved)
        view.pointer_left.connect(self._on_pointer_left)
        session.layers_changed.connect(self.look)
        session.model_changed.connect(self._on_changed)
        view.view_changed.connect(self.look)

    @property
    def busy(self) -> bool:
        """Whether anything that is on is still on its way."""
        return self.density.busy or self.magnification.busy or self.field.busy

    def look(self) -> None:
        """Show what there is of what the map shows now, and ask for the rest."""
        view = self._view.view
        pointer = self._pointer or (view.x, view.y)
        self._show()
        self.magnification.look(view, pointer)
        self.field.look(view, pointer)
        self.density.look(view)

    def refresh_theme(self) -> None:
        """The scheme is another one."""
        self._show()
        self.legend.update()

    def _on_changed(self) -> None:
        """Under a dragged handle the ground is drawn once it is whole: each time costs a frame."""
        if self._view.dragging and self.busy:
            self._held_back = True
        else:
            self._show()

    def _on_settled(self) -> None:
        if self.busy:
            return
        if self._held_back:
            self._held_back = False
            self._show()
        self.settled.emit()

    def _show(self) -> None:
        view, aggregate = self._view.view, self.density.aggregate
        self.heat.show(self.magnification.grid(view) if self.magnification.on else None)
        self.arrows.show(self.field.grid(view) if self.field.on else None)
        shown = aggregate is not None and self.density.on
        relief = aggregate.relief(view) if aggregate is not None and shown else None
        circles = self._view.show_prior and not self._on_line  # which on a line are no curve
        with_prior = aggregate is not None and aggregate.has_prior and not circles
        self.contours.show(relief, with_prior)
        self._view.redraw_layers()
        self._explain()

    def keep_clear(self, covered: QRect) -> None:
        """Let the legend stand below what lies over the map; in the view's own pixels."""
        beside = covered.left() > self.legend.geometry().right()
        below = covered.isEmpty() or beside or covered.bottom() < _INSET_PX
        top = _INSET_PX if below else covered.bottom() + 1 + _INSET_PX
        self.legend.move(MARGIN_LEFT_PX + _INSET_PX, top)

    # -- the legend ------------------------------------------------------------------------

    def _explain(self) -> None:
        entries = []
        if self.density.on:
            entries.append(self._density_entry())
        if self.magnification.on:
            ends = self.heat.range
            note = self._note(self.magnification, ends)
            entries.append(
                _scale(
                    "magnification",
                    "Magnification",
                    MAGNIFICATION_TIP,
                    VIRIDIS,
                    ends,
                    note,
                    self._unit_of_magnification,
                )
            )
        if self.field.on:
            ends = self.arrows.range
            note = self._note(self.field, ends)
            unit = self._unit_of_length
            entries.append(_scale("field", "Field", FIELD_TIP, ARROWS, ends, note, unit))
        self.legend.set_entries(entries)
        self._show_here()

    @property
    def _has_prior(self) -> bool:
        return self._session.model is None or self._session.model.has_prior

    @property
    def _on_line(self) -> bool:
        return self._session.model is not None and self._session.model.latent_size == 1

    @property
    def _unit_of_length(self) -> str:
        return latent_unit(self._has_prior)

    @property
    def _unit_of_magnification(self) -> str:
        return magnification_unit(self._has_prior, self._on_line)

    def _note(self, service: TileValues, ends: Range | None) -> str:
        """What is going on where values are slow to come, or do not come."""
        progress = service.progress
        if progress is not None:
            done, of, seconds = progress
            worth_telling = ends is None or seconds > _QUICK_SECONDS
            return f"computing, {done:,} of {of:,}" if worth_telling else ""
        if ends is not None or service.busy:
            return ""
        return "no finite values here" if service.known(self._view.view) else "no values"

    def _density_entry(self) -> Entry:
        model, dark = self._session.model, self._view.ground_dark  # as they are drawn
        data, prior, hole = (
            (DATA_COLOUR, PRIOR_COLOUR, HOLE_COLOUR)
            if dark
            else (LIGHT_DATA, LIGHT_PRIOR, LIGHT_HOLE)
        )
        keys = [Key("solid", data, "data")]
        if model is not None and model.has_prior:
            keys += [Key("dashed", prior, "prior")]
            if model.latent_size > 1:
                keys += [Key("hatched", hole, "hole")]
        note = "all classes" if self._session.layers.hidden_classes else ""
        if self.density.busy and self.density.aggregate is None:
            note = "computing"
        return Entry("density", "Density", self._density_tip(), keys=tuple(keys), note=note)

    def _density_tip(self) -> str:
        aggregate = self.density.aggregate
        tip = density_tip(self._has_prior, self._on_line)
        if aggregate is None:
            return tip
        counted, of = len(aggregate.mixture), aggregate.mixture.of
        drawn = f"{counted:,} of {of:,} points, drawn at random" if of > MOST_POINTS else ""
        least = aggregate.mixture.least
        widened = (
            f"; posteriors narrower than {least:.2g} are widened to that, the median way to the "
            "16th neighbour, for gaps between the data at hand are no holes"
        )
        hidden = ". Classes that are hidden count too: it is of all the data"
        hidden = hidden if self._session.layers.hidden_classes else ""
        return f"{tip}. Of {drawn or f'{counted:,} points'}{widened if least else ''}{hidden}"

    def _on_pointer_moved(self, x: float, y: float) -> None:
        self._pointer = (x, y)
        self._show_here()

    def _on_pointer_left(self) -> None:
        self._pointer = None
        self._show_here()

    def _show_here(self) -> None:
        """The values at the pointer."""
        if not self.legend.entries() or self._pointer is None:
            self.legend.set_here({})
            return
        found = {
            "density": self._density_here(*self._pointer),
            "magnification": _magnification_here(
                self.heat, self._unit_of_magnification, *self._pointer
            ),
            "field": _field_here(
                self.arrows, self._off_plane, self._unit_of_length, *self._pointer
            ),
        }
        self.legend.set_here({name: text for name, text in found.items() if text})

    @property
    def _off_plane(self) -> bool:
        return self._session.model is not None and self._session.model.latent_size > 2

    def _density_here(self, x: float, y: float) -> str:
        relief, aggregate = self.contours.relief, self.density.aggregate
        value = None if relief is None else relief.value(x, y)
        if relief is None or aggregate is None or value is None:
            return ""
        if not aggregate.has_prior:
            peak = float(aggregate.whole.values.max())
            return f"{100 * value / peak:.0f} % of peak" if peak > 0 else ""
        expected = prior_density(x, y, relief.grid.rows == 1)
        return f"{_times(value / expected)} prior" if expected > 0 else ""


def prior_density(x: float, y: float, line: bool) -> float:
    """N(0, I2) at a place of the plane; N(0, 1) on a line."""
    if line:
        return exp(-0.5 * x * x) / sqrt(2 * pi)
    return exp(-0.5 * (x * x + y * y)) / (2 * pi)


def _times(ratio: float) -> str:
    if ratio < 0.01:
        return "under 0.01 ×"
    return f"{figure(ratio)} ×" if ratio < 1000 else "over 1000 ×"


def _scale(
    name: str,
    title: str,
    tip: str,
    colours: tuple[str, ...],
    ends: Range | None,
    note: str,
    unit: str,
) -> Entry:
    low, high = ("", "") if ends is None else (figure(ends.low), figure(ends.high))
    tip = f"{tip}. {_NOTES[note.split(',')[0]]}" if note else tip
    return Entry(name, title, tip, colours, low, high, name == "field", note=note, unit=unit)


def _magnification_here(heat: TileLayer, unit: str, x: float, y: float) -> str:
    found = None if heat.grid is None else heat.grid.at(x, y)
    return "" if found is None else f"{figure(float(found[0]))} {unit}"


def _field_here(arrows: TileLayer, off_plane: bool, unit: str, x: float, y: float) -> str:
    found = None if arrows.grid is None else arrows.grid.at(x, y)
    if found is None:
        return ""
    length = float((found[0] ** 2 + found[1] ** 2) ** 0.5)
    beside = f", off plane {figure(float(found[2]))}" if off_plane else ""
    return f"{figure(length)}{beside} {unit}"  # a unit for both: there is little room
