"""The legend of the overlays says what is going on where values are slow or are none."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QFont, QFontMetrics, QImage
from pytestqt.qtbot import QtBot

from explorer.legends import Entry
from explorer.map_overlays import MapOverlays
from explorer.rendering import Slot
from explorer.session import Layers, Session
from explorer.viewport import Viewport
from explorer.widgets.map_view import MapView
from explorer.widgets.overlay_legend import OverlayLegend
from explorer.workers import Lane
from tests.fakes import FakeThread, info, three

NAMES = {Slot.MAGNIFICATION: "magnification", Slot.FIELD: "field"}


@pytest.fixture
def thread(qapp: object) -> FakeThread:
    return FakeThread()


@pytest.fixture
def overlays(qtbot: QtBot, thread: FakeThread) -> Iterator[MapOverlays]:
    session, lane, view = Session(), Lane(), MapView()
    qtbot.addWidget(view)
    view.resize(500, 400)
    view.show()
    found = MapOverlays(session, thread, lane, view)  # type: ignore[arg-type] # a fake
    session.set_model(info(), three(), (0, 1))
    view.set_view(Viewport(0, 0, 60, 300, 200))
    session.set_layers(Layers(magnification=True, field=True))
    qtbot.waitUntil(lambda: {request.slot for request in thread.asked} >= NAMES.keys())
    yield found
    lane.stop()


def note(overlays: MapOverlays, slot: Slot) -> str:
    (found,) = [entry.note for entry in overlays.legend.entries() if entry.name == NAMES[slot]]
    return found


@pytest.mark.parametrize("slot", NAMES)
def test_values_on_their_way_are_counted(
    overlays: MapOverlays, thread: FakeThread, slot: Slot
) -> None:
    request = thread.last(slot)
    assert note(overlays, slot) == f"computing, 0 of {len(request.z)}"
    assert "computing, 0 of" in overlays.legend.accessibleDescription()
    thread.measured(request)
    assert note(overlays, slot) == ""


@pytest.mark.parametrize("note", ["computing, 273 of 1,371", "computing, 7,273 of 17,871"])
def test_a_note_does_not_reach_its_title(qtbot: QtBot, note: str) -> None:
    legend = OverlayLegend()
    qtbot.addWidget(legend)
    entry = Entry("x", "Magnification", "", ("#000000", "#ffffff"), "1", "2", note=note)

    def title_px(entry: Entry) -> QImage:
        """The pixels of the title, and a few to the right of it."""
        legend.set_entries([entry])
        font = QFont(legend.font())
        font.setPointSizeF(8)
        font.setBold(True)
        wide = QFontMetrics(font).horizontalAdvance(entry.title) + 8 + 6
        return legend.grab(QRect(0, 0, wide, 20)).toImage()

    assert title_px(entry) == title_px(replace(entry, note=""))
    right = QRect(120, 0, 100, 20)
    with_note = legend.grab(right).toImage()
    legend.set_entries([entry])
    assert legend.grab(right).toImage() != with_note, "the note is there"


@pytest.mark.parametrize("slot", NAMES)
def test_values_that_are_all_not_finite_are_told_of(
    overlays: MapOverlays, thread: FakeThread, slot: Slot
) -> None:
    thread.measured(thread.last(slot), 0, 3, add=np.inf)
    assert note(overlays, slot).startswith("computing, 3 of")
    thread.measured(thread.last(slot), 3, len(thread.last(slot).z) - 3, add=np.nan)
    assert note(overlays, slot) == "no finite values here"


@pytest.mark.parametrize("slot", NAMES)
def test_what_cannot_be_computed_is_not_called_infinite(
    overlays: MapOverlays, thread: FakeThread, slot: Slot
) -> None:
    thread.answer(thread.last(slot), error="out of memory")
    assert note(overlays, slot) == "no values"
