"""The menu bar, filled from the table of commands, and the menu of what was opened lately."""

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from explorer.actions import MENUS
from explorer.settings import Settings


class RecentMenu(QMenu):
    """Lists the files at the moment at which it is opened."""

    chosen = Signal(object)  # Path

    def __init__(self, settings: Settings, parent: QWidget) -> None:
        super().__init__("Open recent", parent)
        self._settings = settings
        self.aboutToShow.connect(self._fill)

    def _fill(self) -> None:
        self.clear()
        for path in self._settings.recent():
            action = self.addAction(path.name)
            action.setToolTip(str(path))
            action.triggered.connect(partial(self.chosen.emit, path))
        if self.isEmpty():
            self.addAction("Nothing opened yet").setEnabled(False)


def fill_menus(
    bar: QMenuBar, actions: Mapping[str, QAction], recent: QMenu, panels: Sequence[QAction]
) -> None:
    """All of `MENUS`; of the themes one is chosen at a time."""
    for title, names in MENUS.items():
        menu = bar.addMenu(title)
        menu.setToolTipsVisible(True)
        for name in names:
            if not name:
                menu.addSeparator()
            elif name == "recent":
                menu.addMenu(recent)
            elif name == "panels":
                menu.addActions(panels)
            else:
                menu.addAction(actions[name])
    themes = QActionGroup(bar)
    for name in ("themeSystem", "themeDark", "themeLight"):
        themes.addAction(actions[name])
