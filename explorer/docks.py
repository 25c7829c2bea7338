"""The panels around the map: docks in their places, with a title where one is needed."""

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget
from shiboken6 import isValid

_WINDOW_PX = (1100, 1300)  # a narrow and a wide window, for which these are the sizes
_USUAL_PX = {"left": (158, 172), "right": (250, 396), "bottom": (220, 246)}
_RIGHT_SHARES = (370, 420)  # picture, dimensions
_MOST_PX = 10_000
_SAME_PX = 3  # a drag that moves an edge by no more was a mere click


@dataclass(frozen=True)
class Place:
    """A panel's title, object name and side of the window."""

    title: str
    name: str
    area: Qt.DockWidgetArea


_AREAS = Qt.DockWidgetArea
PLACES = {
    "library": Place("Library", "libraryDock", _AREAS.LeftDockWidgetArea),
    "picture": Place("Picture", "pictureDock", _AREAS.RightDockWidgetArea),
    "dimensions": Place("Dimensions", "dimensionsDock", _AREAS.RightDockWidgetArea),
    "path": Place("Path", "pathDock", _AREAS.BottomDockWidgetArea),
    "training": Place("Training", "trainingDock", _AREAS.BottomDockWidgetArea),
    "data": Place("Data", "dataDock", _AREAS.BottomDockWidgetArea),
}
_SIZES = {
    "left": _AREAS.LeftDockWidgetArea,
    "right": _AREAS.RightDockWidgetArea,
    "bottom": _AREAS.BottomDockWidgetArea,
    "picture": _AREAS.RightDockWidgetArea,  # its part of the height there
}


def _extent(dock: QDockWidget, way: Qt.Orientation) -> int:
    return dock.width() if way == Qt.Orientation.Horizontal else dock.height()


class Docks(QObject):
    """Makes the docks of a window; they can be moved, floated, closed and restored."""

    def __init__(self, window: QMainWindow, panels: Mapping[str, QWidget]) -> None:
        super().__init__(window)
        self._window = window
        self.by_name: dict[str, QDockWidget] = {}
        self.chosen: dict[str, float] = {}  # sizes that a person gave by hand, by what they are of
        self._pressed: dict[str, float] = {}
        window.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.AllowNestedDocks
        )
        window.setTabPosition(_AREAS.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        window.setCorner(Qt.Corner.BottomLeftCorner, _AREAS.LeftDockWidgetArea)
        window.setCorner(Qt.Corner.BottomRightCorner, _AREAS.RightDockWidgetArea)
        for name, panel in panels.items():
            self.by_name[name] = self._dock(PLACES[name], panel)
        window.installEventFilter(self)

    def _dock(self, place: Place, panel: QWidget) -> QDockWidget:
        dock = QDockWidget(place.title, self._window)
        dock.setObjectName(place.name)
        panel.setAutoFillBackground(True)
        dock.setWidget(panel)
        for changed in (dock.topLevelChanged, dock.dockLocationChanged, dock.visibilityChanged):
            changed.connect(self._retitle)
        return dock

    def toggles(self) -> list[QAction]:
        """An action a panel that shows or hides it."""
        return [dock.toggleViewAction() for dock in self.by_name.values()]

    def hides(self, widget: QWidget | None) -> bool:
        """Whether a widget stands in a panel behind another's tab: Qt lays that far off."""
        while widget is not None and not isinstance(widget, QDockWidget):
            widget = widget.parentWidget()
        return widget is not None and widget.visibleRegion().isEmpty()

    def bring(self, name: str) -> None:
        """Show a panel, in front of those it shares its place with."""
        self.by_name[name].show()
        self.by_name[name].raise_()

    def restore(self) -> None:
        """Every panel in its first place."""
        for name, dock in self.by_name.items():
            dock.setFloating(False)
            self._window.addDockWidget(PLACES[name].area, dock)
            dock.show()
        docks = self.by_name
        self._window.splitDockWidget(docks["picture"], docks["dimensions"], Qt.Orientation.Vertical)
        self._window.tabifyDockWidget(docks["path"], docks["data"])
        self._window.tabifyDockWidget(docks["data"], docks["training"])
        docks["path"].raise_()
        self.chosen.clear()
        self.fit()

    def choose(self, sizes: Mapping[str, float]) -> None:
        """Sizes as they were chosen at another time, as in `chosen`; the others are the usual."""
        self.chosen = {
            name: size
            for name, size in sizes.items()
            if name in _SIZES and 0 < size < (1 if name == "picture" else _MOST_PX)
        }
        self.fit()

    def fit(self) -> None:
        """Sizes that suit the window's, but for those chosen by hand; what was moved is left."""
        narrow, wide = _WINDOW_PX
        roomy = min(max((self._window.width() - narrow) / (wide - narrow), 0.0), 1.0)
        usual = {side: low + roomy * (high - low) for side, (low, high) in _USUAL_PX.items()}
        across, up = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        for side, px in usual.items():
            dock, way = self._one_of(side), up if side == "bottom" else across
            wanted = round(self.chosen.get(side, px))
            if dock is not None and wanted != _extent(dock, way):
                self._window.resizeDocks([dock], [wanted], way)
        if self._share() is not None:
            share = self.chosen.get("picture", _RIGHT_SHARES[0] / sum(_RIGHT_SHARES))
            both = [self.by_name["picture"], self.by_name["dimensions"]]
            height = sum(dock.height() for dock in both)
            first = round(share * height)
            self._window.resizeDocks(both, [first, height - first], up)

    def _in_place(self, dock: QDockWidget) -> bool:
        shown = not dock.isHidden() and not dock.isFloating()
        return shown and self._window.dockWidgetArea(dock) == self._home(dock).area

    def _home(self, dock: QDockWidget) -> Place:
        return next(place for place in PLACES.values() if place.name == dock.objectName())

    def _one_of(self, side: str) -> QDockWidget | None:
        """A dock of a side of the window on which only those stand that belong there."""
        area = _SIZES[side]
        there = [
            dock
            for dock in self.by_name.values()
            if not (dock.isHidden() or dock.isFloating())
            and self._window.dockWidgetArea(dock) == area
        ]
        if not there or not all(map(self._in_place, there)):
            return None
        return max(there, key=lambda dock: dock.geometry().left())  # those behind a tab lie far off

    def _share(self) -> float | None:
        """The picture's part of the height that it and the dimensions have, if one is above."""
        picture, dimensions = self.by_name["picture"], self.by_name["dimensions"]
        above = picture.geometry().bottom() < dimensions.geometry().top()
        if not (self._in_place(picture) and self._in_place(dimensions) and above):
            return None
        return picture.height() / max(picture.height() + dimensions.height(), 1)

    def _sizes(self) -> dict[str, float]:
        """The sizes there are now, of what is in its place."""
        found: dict[str, float] = {}
        for side in ("left", "right", "bottom"):
            dock = self._one_of(side)
            if dock is not None:
                found[side] = dock.height() if side == "bottom" else dock.width()
        share = self._share()
        return found if share is None else {**found, "picture": share}

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Edges dragged by hand are remembered; another size of the window brings the usual."""
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress:
            self._pressed = self._sizes()
        elif kind == QEvent.Type.MouseButtonRelease:
            self._remember(self._pressed)
            self._pressed = {}
        elif kind == QEvent.Type.Resize:
            self.fit()
        return False

    def _remember(self, before: Mapping[str, float]) -> None:
        """What a drag made another size is chosen from now on."""
        height = self.by_name["picture"].height() + self.by_name["dimensions"].height()
        for name, size in self._sizes().items():
            moved = abs(size - before.get(name, size)) * (height if name == "picture" else 1)
            if moved > _SAME_PX:
                self.chosen[name] = size

    def _retitle(self, *_: object) -> None:
        """A dock in a row of tabs has its title there and needs no second one."""
        if not isValid(self._window):  # docks still speak while a window is taken down
            return
        for dock in self.by_name.values():
            tabbed = bool(self._window.tabifiedDockWidgets(dock)) and not dock.isFloating()
            if tabbed != isinstance(dock.titleBarWidget(), _NoTitle):
                dock.setTitleBarWidget(_NoTitle(dock) if tabbed else None)  # type: ignore[arg-type] # None asks for Qt's own title


class _NoTitle(QWidget):
    """Takes no room where a dock's title would be."""

    def sizeHint(self) -> QSize:
        return QSize(0, 0)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)
