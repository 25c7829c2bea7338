"""The steps from one arrangement to the next: undone, done again, and made of a hand's moves."""

from collections.abc import Callable
from time import monotonic

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from explorer.arrangement import Arrangement

_MERGE_SECONDS = 0.8

# With the handle that was active there: if it comes back it is again, or if the active one goes.
Show = Callable[[Arrangement, int | None], None]


class _Step(QUndoCommand):
    """From one arrangement to another; equal ones in quick succession merge.

    `active` is the active handle before: with it comes what the map shows, through that handle.
    """

    def __init__(
        self,
        show: Show,
        text: str,
        before: Arrangement,
        after: Arrangement,
        merge: str = "",
        active: int | None = None,
    ) -> None:
        super().__init__(text)
        self._show, self.before, self.after = show, before, after
        self.merge, self.at = merge, monotonic()
        self._active, self._undone = active, False

    def redo(self) -> None:
        came = [one.key for one in self.after.handles if self.before.get(one.key) is None]
        self._show(self.after, came[-1] if came and self._undone else None)

    def undo(self) -> None:
        self._undone = True
        self._show(self.before, self._active)

    def id(self) -> int:
        return 1 if self.merge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _Step) or other.merge != self.merge:
            return False
        if other.at - self.at > _MERGE_SECONDS:
            return False
        self.after, self.at = other.after, other.at
        return True


class History(QObject):
    """Keeps the steps; `now` tells the arrangement there is, and `show` puts another one there.

    `active` tells the key of the active handle.

    Moves between `begin` and `end` are one step. Whatever else comes in between ends that step as
    it stands, and the hand goes on with a new one.
    """

    gesture_changed = Signal()  # one began, or ended

    def __init__(
        self,
        now: Callable[[], Arrangement],
        show: Show,
        active: Callable[[], int | None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self.stack = QUndoStack(parent)
        self._now, self._show, self._active = now, show, active
        self._gesture: tuple[str, Arrangement] | None = None
        self._hold: tuple[str, Arrangement] | None = None  # of a gesture that was broken off

    def clear(self) -> None:
        """Forget all steps, and what a hand is doing."""
        self._gesture = self._hold = None
        self.stack.clear()

    @property
    def in_gesture(self) -> bool:
        """Whether moves are being gathered into one step."""
        return self._gesture is not None

    def begin(self, text: str) -> None:
        """From here to `end` all moves are one step."""
        self.end()
        self._gesture = (text, self._now())
        self.gesture_changed.emit()

    def end(self) -> None:
        """Make the moves since `begin` one step, if anything moved."""
        self._hold = None
        self._close()

    def cancel(self) -> None:
        """Take the moves since `begin` back."""
        self._hold = None
        if self._gesture is None:
            return
        (_, before), self._gesture = self._gesture, None
        self._show(before, None)
        self.gesture_changed.emit()

    def goes_on(self, key: int) -> bool:
        """Whether the hand may move a handle; it begins anew if its gesture was broken off.

        Not a handle that was moved or taken from under it.
        """
        if self._hold is None:
            return True
        text, left = self._hold
        before, now = left.get(key), self._now().get(key)
        if before is None or now is None or not np.array_equal(before.z, now.z):
            return False
        self.begin(text)
        return True

    def add(self, text: str, after: Arrangement, merge: str = "") -> None:
        """A step of its own; quick ones of the same `merge` are one."""
        self._break_off()
        self.stack.push(_Step(self._show, text, self._now(), after, merge, self._active()))

    def undo(self) -> None:
        """Take the last step back; in a gesture that is what has been moved so far."""
        self._break_off()
        self.stack.undo()

    def redo(self) -> None:
        """Take the step again that was taken back last; a gesture ends as it stands."""
        self._break_off()
        self.stack.redo()

    def _close(self) -> None:
        if self._gesture is None:
            return
        (text, before), self._gesture = self._gesture, None
        if before is not self._now():
            self.stack.push(_Step(self._show, text, before, self._now()))
        self.gesture_changed.emit()

    def _break_off(self) -> None:
        """Something else than the gesture comes now."""
        if self._gesture is not None:
            self._hold = self._gesture[0], self._now()
            self._close()
