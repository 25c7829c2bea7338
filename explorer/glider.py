"""Points on their way, and a view that goes along: looked at again and again until they arrive."""

from dataclasses import dataclass
from time import perf_counter

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QStyle, QWidget

from explorer.gliding import Floats, Glide, view_between
from explorer.viewport import Viewport

_LOOK_MS, _LOOK_MS_WHILE_DRAGGING = 20, 50


@dataclass(frozen=True, eq=False)
class Step:
    """Where points [N, 2] and the view are; without a `view` it stays."""

    points: Floats
    view: Viewport | None
    arrived: bool


class Glider(QObject):
    """Tells each `Step` of the way."""

    stepped = Signal(object)

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._glide: Glide | None = None
        self._views: tuple[Viewport, Viewport] | None = None
        self._timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.look)

    @property
    def seen(self) -> bool:
        """Whether anybody would see a glide, and wants to see things move."""
        widget, hint = self._widget, QStyle.StyleHint.SH_Widget_Animation_Duration
        wanted = widget.style().styleHint(hint, None, widget) > 0
        return wanted and widget.isVisible() and not widget.visibleRegion().isEmpty()

    @property
    def end(self) -> Floats | None:
        """Where the points go [N, 2], if they are on their way."""
        return None if self._glide is None else self._glide.end

    @property
    def goal(self) -> Viewport | None:
        """Where the view goes, if it is on its way."""
        return None if self._views is None else self._views[1]

    def begin(self, start: Floats, end: Floats, view: Viewport, dragging: bool) -> None:
        """Points set out; a view that was on its way goes on from where it is."""
        self._glide = Glide(start, end, perf_counter())
        if self._views is not None:
            self.take_along(view, self._views[1])
        self._timer.start(_LOOK_MS_WHILE_DRAGGING if dragging else _LOOK_MS)

    def take_along(self, view: Viewport, goal: Viewport) -> None:
        """The view is to arrive together with the points."""
        self._views = view, goal

    def leave_view(self) -> None:
        """The view stays where it is."""
        self._views = None

    def look(self) -> None:
        """Tell where all is now."""
        if self._glide is None:
            return
        now = perf_counter()
        share = self._glide.share(now)
        view = None if self._views is None else view_between(*self._views, share)
        self.stepped.emit(Step(self._glide.at(now), view, share >= 1))

    def stop(self) -> None:
        """Nothing is on its way any more."""
        self._glide = self._views = None
        self._timer.stop()
