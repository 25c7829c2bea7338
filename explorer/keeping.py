"""What belongs to no file is kept on disk while a person works, for what may cut that off."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from explorer.arrangement import Arrangement
from explorer.errors import LOG
from explorer.rendering import ModelInfo
from explorer.session import Session
from explorer.session_file import SUFFIX, SavedSession, write_session
from explorer.settings import Settings
from explorer.workers import Callbacks, Lane, TaskContext
from models.errors import DataError

LAST_TIME = f"last-time{SUFFIX}"
_REST_MS = 20_000  # after the last step
_MOST_CUT_OFF = 8  # windows that were cut off, whose files stay; older ones are removed
_WINDOWS = count(1)  # of this process


@dataclass(frozen=True, eq=False)
class Kept:
    """How a model is left, and the file that says so; `changed` if steps are in no other file."""

    path: Path
    model: ModelInfo
    saved: SavedSession
    changed: bool = True


def write_kept(kept: Kept) -> bool:
    """Write the file; if that cannot be, it is logged and nothing else happens."""
    try:
        kept.path.parent.mkdir(parents=True, exist_ok=True)
        write_session(kept.path, kept.model, kept.saved)
    except (OSError, DataError) as error:
        LOG.warning("the arrangement was not kept: %s", error)
        return False
    return True


class Keeping(QObject):
    """Writes, once the hand has rested, what closing the window would write.

    What closing writes as `LAST_TIME` goes to a file of this window's own meanwhile: another
    window, open or cut off, has its own.
    """

    def __init__(
        self,
        session: Session,
        to_keep: Callable[[], Sequence[Kept]],
        settings: Settings,
        lane: Lane,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._to_keep = session, to_keep
        self._settings, self._lane = settings, lane
        self._own = f"last-time-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}-{next(_WINDOWS)}"
        self._own_path: Path | None = None
        self._known: dict[Path, Arrangement] = {}  # what was written, or is being written
        self.rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self.rest.timeout.connect(self._on_rested)
        session.undo_stack.indexChanged.connect(self._on_step)

    def _on_step(self) -> None:
        self.rest.start()

    def _on_rested(self) -> None:
        if self._session.in_gesture:
            self.rest.start()
            return
        for kept in self._to_keep():
            known = self._known.get(kept.path) is kept.saved.arrangement
            if known or not kept.changed:
                continue
            self._known[kept.path] = kept.saved.arrangement
            if kept.path.name == LAST_TIME:
                self._own_path = kept.path.with_name(f"{self._own}{SUFFIX}")
                kept = replace(kept, path=self._own_path)
            self._lane.submit(partial(_write, kept), Callbacks(self._on_written, self._on_failed))

    def _on_written(self, written: Path | None) -> None:
        if written is not None and written == self._own_path:
            self._settings.add_recent(written)

    def _on_failed(self, message: str) -> None:
        """A mistake of the program, which is told elsewhere."""

    def stop(self) -> None:
        """Write nothing more, and wait for what is being written: the window closes."""
        self.rest.stop()
        self._lane.stop()

    def forget(self) -> None:
        """The window has left what it leaves in the usual file."""
        if self._own_path is not None:
            self._own_path.unlink(missing_ok=True)


def _write(kept: Kept, context: TaskContext) -> Path | None:
    if not write_kept(kept):
        return None
    own = sorted(kept.path.parent.glob(f"last-time-*{SUFFIX}"))  # the oldest first
    for old in own[:-_MOST_CUT_OFF]:
        with suppress(OSError):  # it is gone, or may not be removed
            old.unlink()
    return kept.path
