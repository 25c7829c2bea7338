"""Between the map on screen and the look that a session file keeps of it."""

from dataclasses import replace

from explorer.map_look import MapLook
from explorer.map_points import MapPoints
from explorer.point_values import BY_CLASS, MEASURED
from explorer.selection import Selection
from explorer.session import Layers, Session

_MEASURED_WORDS = {"elbo": "the ELBO", "reconstruction": "the error"}
_TO_MEASURE = (
    "Points are coloured by class: {}, by which they were coloured when the session was saved, "
    "would have to be measured again. The list below the map does that"
)


def present_look(session: Session, points: MapPoints, tile_px: float, opacity: float) -> MapLook:
    """What there is to keep of the map."""
    handles = [handle.key for handle in session.arrangement.handles]
    key = session.active_key
    return MapLook(
        session.layers,
        tile_px,
        opacity,
        handles.index(key) if key in handles else None,
        session.label if key is None else None,
        _count(session),
        points.selection,
        points.kept,
    )


def show_look(look: MapLook, session: Session, points: MapPoints) -> str:
    """Bring back what of a look fits the model on the map, and selections if the data does.

    What is told of it is why points are not coloured as they were, if they are not.
    """
    session.set_layers(_fitting(look.layers, session))
    handles = session.arrangement.handles
    if look.active is not None and look.active < len(handles):
        session.set_active(handles[look.active].key)
    if look.label is not None and not handles and look.label < _classes(session):
        session.choose_class(look.label)
    if look.count == _count(session):
        points.restore(look.selection, look.kept)
    else:
        points.restore(Selection(), None)
    measured = _MEASURED_WORDS.get(look.layers.colour_by)
    return "" if measured is None else _TO_MEASURE.format(measured)


def _fitting(layers: Layers, session: Session) -> Layers:
    """Without classes that there are not, and colours that would have to be measured first."""
    hidden = frozenset(label for label in layers.hidden_classes if label < _classes(session))
    colour_by = BY_CLASS if layers.colour_by in MEASURED else layers.colour_by
    return replace(layers, hidden_classes=hidden, colour_by=colour_by)


def _classes(session: Session) -> int:
    return 0 if session.model is None else len(session.model.class_names)


def _count(session: Session) -> int:
    model = session.model
    return 0 if model is None or model.points is None else len(model.points)
