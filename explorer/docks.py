"""The panels around the map: docks in their places, with a title where one is needed."""

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget
from shiboken6 import isValid

_WIDE_PX = 1300
_SIDES_PX = {True: (172, 396), False: (150, 330)}  # wide window or not: left, right
_BOTTOM_PX = {True: 246, False: 220}
_RIGHT_SHARES = (330, 460)  # picture, dimensions


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


class Docks(QObject):
    """Makes the docks of a window; they can be moved, floated, closed and restored."""

    def __init__(self, window: QMainWindow, panels: Mapping[str, QWidget]) -> None:
        super().__init__(window)
        self._window = window
        self.by_name: dict[str, QDockWidget] = {}
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
        self.fit()

    def fit(self) -> None:
        """Sizes that suit the window's."""
        docks, resize, wide = (
            self.by_name,
            self._window.resizeDocks,
            self._window.width() >= _WIDE_PX,
        )
        across, up = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        resize([docks["library"], docks["picture"]], list(_SIDES_PX[wide]), across)
        resize([docks["path"]], [_BOTTOM_PX[wide]], up)
        resize([docks["picture"], docks["dimensions"]], list(_RIGHT_SHARES), up)

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
