"""The map's keys wherever the focus is, unless what has it takes such a key itself."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QApplication, QComboBox, QWidget

from explorer.actions import COMMANDS

_ZOOMS = {"+": "zoomIn", "=": "zoomIn", "-": "zoomOut"}
_BESIDE_THE_KEY = Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.GroupSwitchModifier


class MapKeys(QObject):
    """Gives a key that nobody wanted, and that came up to the window, to the map's command.

    A field takes what is typed, a slider Home and a button Space: those never come up. A closed
    list would jump to an entry at each letter, so that the next key of the map chose another plane:
    the map's letters pass it by, until it is opened. A list that stands open is searched by
    letters; a digit there chooses the class, where there is one for it.
    """

    def __init__(
        self,
        actions: Mapping[str, QAction],
        choose_class: Callable[[str], bool],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._actions = [actions[command.name] for command in COMMANDS if command.on_map]
        self._zooms = {sign: actions[name] for sign, name in _ZOOMS.items()}
        self._choose_class = choose_class
        for box in window.findChildren(QComboBox):
            if not box.isEditable():
                box.installEventFilter(self)
        for entries in window.findChildren(QAbstractItemView):
            if entries.window() is window:  # of no popup
                entries.installEventFilter(self)

    def press(self, event: QKeyEvent) -> bool:
        """Do what a key means on the map; whether it means anything."""
        if isinstance(QApplication.focusWidget(), QAbstractItemView):
            return False  # one at its first row lets Home pass
        held = _held(event)
        keys = QKeySequence(event.keyCombination().key() | held)
        for action in self._actions:
            if action.isEnabled() and keys in action.shortcuts():
                action.trigger()
                return True
        return self._zoom(event) or self._choose(event)

    def _zoom(self, event: QKeyEvent) -> bool:
        zoom = self._zooms.get(event.text())
        if zoom is None or _held(event) & ~Qt.KeyboardModifier.ShiftModifier:  # + may need it
            return False
        zoom.trigger()
        return True

    def _choose(self, event: QKeyEvent) -> bool:
        digit = event.text()
        return not _held(event) and digit.isdecimal() and self._choose_class(digit)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return False
        if isinstance(watched, QAbstractItemView):
            return self._choose(event)
        typed = event.text().isprintable() and bool(event.text().strip())
        return typed and self.press(event)


def _held(event: QKeyEvent) -> Qt.KeyboardModifier:
    return event.modifiers() & ~_BESIDE_THE_KEY
