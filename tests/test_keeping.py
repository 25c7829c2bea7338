"""What was not saved is on disk before the window closes: after a crash it is there."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QSettings
from pytestqt.qtbot import QtBot

from explorer.keeping import LAST_TIME, Keeping, Kept
from explorer.session import Session
from explorer.session_file import SavedSession, read_session
from explorer.settings import Settings
from explorer.workers import Lane
from tests.fakes import HeldLane, info, three
from tests.opened import PATIENCE_MS, opened


class Desk:
    """A session that belongs to no file, and who keeps it; time passes when `rest` is called."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.session, self.lane = folder, Session(), HeldLane()
        self.session.set_model(info(), three(), (0, 1))
        self.settings = Settings(QSettings(str(folder / "settings"), QSettings.Format.IniFormat))
        lane = cast(Lane, self.lane)
        self.keeping = Keeping(self.session, self.to_keep, self.settings, lane, self.session)
        self.changed = True

    def to_keep(self) -> list[Kept]:
        model = self.session.model
        assert model is not None
        saved = SavedSession(model.path.absolute(), self.session.arrangement, (0, 1), None)
        return [Kept(self.folder / "data" / LAST_TIME, model, saved, self.changed)]

    def add(self) -> None:
        self.session.add_handle(np.ones(3, np.float32))

    def rest(self) -> None:
        """The hand has rested for long enough, if it is waited for."""
        if self.keeping.rest.isActive():
            self.keeping.rest.stop()
            self.keeping.rest.timeout.emit()

    def write(self) -> None:
        while self.lane.waiting:
            self.lane.run()

    @property
    def files(self) -> list[Path]:
        return sorted((self.folder / "data").glob("*"))


@pytest.fixture
def desk(qapp: QCoreApplication, tmp_path: Path) -> Iterator[Desk]:
    found = Desk(tmp_path)
    yield found
    found.session.deleteLater()


def test_a_change_is_written_in_the_lane_once_the_hand_has_rested(desk: Desk) -> None:
    desk.add()
    assert desk.keeping.rest.isActive()
    assert not desk.lane.waiting
    desk.rest()
    assert not desk.files  # nothing is written in the GUI thread
    desk.write()
    (file,) = desk.files
    assert len(read_session(file).arrangement.handles) == 4
    assert desk.settings.recent() == [file]


def test_each_step_is_waited_after(desk: Desk) -> None:
    for _ in range(3):
        desk.add()
    desk.rest()
    assert len(desk.lane.waiting) == 1


def test_nothing_is_written_when_nothing_has_changed(desk: Desk) -> None:
    desk.rest()
    assert not desk.lane.waiting
    desk.add()
    desk.rest()
    desk.session.undo()
    desk.session.redo()
    desk.rest()
    assert len(desk.lane.waiting) == 1
    desk.changed = False
    desk.add()
    desk.rest()
    assert len(desk.lane.waiting) == 1


def test_no_file_is_written_under_a_hand(desk: Desk) -> None:
    desk.add()
    desk.session.begin_gesture("Drag A")
    desk.session.set_latent(1, np.zeros(3, np.float32))
    desk.rest()
    assert not desk.lane.waiting
    desk.session.end_gesture()
    desk.rest()
    assert len(desk.lane.waiting) == 1


def test_two_windows_keep_their_own_files_and_one_that_closes_takes_away_its_own(
    desk: Desk,
) -> None:
    other = Desk(desk.folder)
    for each in (desk, other):
        each.add()
        each.rest()
        each.write()
    assert len(desk.files) == 2
    other.keeping.forget()
    (file,) = desk.files
    assert desk.settings.recent() == [file]
    other.session.deleteLater()


def test_of_windows_that_were_cut_off_long_ago_nothing_stays(desk: Desk) -> None:
    folder = desk.folder / "data"
    folder.mkdir()
    for day in range(10, 22):
        (folder / f"last-time-202001{day}-120000-7-1.latent.json").touch()
    (folder / LAST_TIME).touch()
    desk.add()
    desk.rest()
    desk.write()
    names = [file.name for file in desk.files]
    assert LAST_TIME in names
    assert len(names) == 1 + 8
    assert desk.settings.recent()[0].name in names
    assert "last-time-20200121-120000-7-1.latent.json" in names
    assert "last-time-20200114-120000-7-1.latent.json" not in names


def test_what_cannot_be_written_is_logged_and_nothing_else(desk: Desk) -> None:
    (desk.folder / "data").write_text("no folder")
    desk.add()
    desk.rest()
    desk.write()
    assert desk.settings.recent() == []


def test_after_a_crash_it_stands_under_open_recent(qtbot: QtBot, tiny_model_file: Path) -> None:
    with opened(qtbot, tiny_model_file) as found:
        window = found.window
        window.map_panel.add_handle_at(0.5, 0.5)
        window.keeping.rest.stop()
        window.keeping.rest.timeout.emit()
        lane = window.services.lanes.keeping
        qtbot.waitUntil(lambda: not lane.busy, timeout=PATIENCE_MS)
        kept = window.settings.recent()[0]  # as it would be found if the window were gone now
        assert kept.name.startswith("last-time")
        handles = read_session(kept).arrangement.handles
        assert [handle.name for handle in handles] == found.handle_names()
        window.close()
        assert not kept.is_file()
        assert window.settings.recent()[0].name == LAST_TIME
