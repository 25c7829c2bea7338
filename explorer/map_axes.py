"""What the map says of its axes: that others carry more, or that the data is one spot on them."""

from PySide6.QtCore import QObject, QTimer, Signal

from explorer import theme
from explorer.crowding import TIP as CROWDING_TIP
from explorer.crowding import Crowding, crowding, crowding_words
from explorer.dimensions import LEAST_NATS, axes_to_follow, inactive_axes, use_of
from explorer.first_look import training_arrangement
from explorer.rendering import ModelInfo
from explorer.session import Session
from explorer.widgets.axes_hint import AxesHint

_GESTURE_PAUSE_MS = 150  # until it is looked again whether a hand still drags
_TIP = (
    f"A dimension whose mean KL over the data is below {LEAST_NATS} nats says next to nothing "
    "about an image. The button shows the dimensions that carry most, and lets the map follow them "
    "while the model trains, until a plane is chosen by hand. Handles keep their z, but for the "
    "first ones of a training as long as nobody touches them: they come along"
)


class MapAxes(QObject):
    """Follows a training to the dimensions it wakes up, unless a person chose the plane.

    `hint` offers them where a person looks at dimensions that carry nothing, or the data seen near
    where all of it lies under one handle.
    """

    said = Signal(str)
    box_wished = Signal(object, object)  # two corners in the plane, that the map is to show

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.hint = AxesHint()
        self.hint.clicked.connect(self._on_hint_clicked)
        self._crowding: Crowding | None = None  # what the hint tells of
        self._later = QTimer(self, singleShot=True, interval=_GESTURE_PAUSE_MS)
        self._later.timeout.connect(self._follow)
        session.weights_changed.connect(self._on_weights_changed)
        session.points_changed.connect(self._show_hint)
        session.playing_changed.connect(self._show_hint)
        session.plane_changed.connect(self._show_hint)  # which follows another model, too

    def stop(self) -> None:
        """Do nothing more: the window closes."""
        self._later.stop()

    def _on_weights_changed(self) -> None:
        self._follow()
        self._show_hint()

    def _follow(self) -> None:
        session, model = self._session, self._session.model
        chosen = session.plane_chosen or session.oblique is not None
        if model is None or chosen or session.replaying:
            return
        axes = axes_to_follow(model, session.axes)
        if axes == session.axes:
            return
        if session.in_gesture:  # not under a hand
            self._later.start()
            return
        self._show_axes(model, axes)
        uses = _uses(model, axes)
        self.said.emit(f"The map shows {session.plane.name} now, which carry most ({uses})")

    def _show_hint(self) -> None:
        session, model = self._session, self._session.model
        if session.playing:  # a row that comes and goes would move the map each time
            return
        words, axes = "", session.axes
        if model is None or session.oblique is not None:
            dead: tuple[int, ...] = ()
        else:
            dead, axes = inactive_axes(model, session.axes), axes_to_follow(model, session.axes)
        if dead and axes != session.axes:
            names = " and ".join(f"z{axis}" for axis in dead)
            words = f"{names} {'are' if len(dead) > 1 else 'is'} inactive"
        self._crowding = None if words or model is None else crowding(model, session.plane)
        if model is not None and self._crowding is not None:
            told = crowding_words(model, self._crowding)
            self.hint.set_hint(told, "Zoom to them", theme.as_tip(f"{told}. {CROWDING_TIP}"))
            return
        action = "Show z{} × z{}".format(*axes)
        self.hint.set_hint(words, action, theme.as_tip(_TIP))

    def _on_hint_clicked(self) -> None:
        session, model = self._session, self._session.model
        if self._crowding is not None:
            self.box_wished.emit(*self._crowding.box)
        elif model is not None:
            self._show_axes(model, axes_to_follow(model, session.axes))

    def _show_axes(self, model: ModelInfo, axes: tuple[int, int]) -> None:
        """Go over to them, and with the map its first handles, which would lie in one place."""
        self._session.lay_out(training_arrangement(model, axes))
        self._session.set_axes(*axes, chosen=False)


def _uses(model: ModelInfo, axes: tuple[int, int]) -> str:
    """How much two dimensions are used, in words."""
    one, other = (float(use_of(model)[axis]) for axis in axes)
    if not model.has_prior:
        return f"spread {one:.2g} and {other:.2g}"
    return f"{one:.2g} and {other:.2g} nats"
