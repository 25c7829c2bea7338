"""The legend of the overlays says what is going on where values are slow or are none."""

from collections.abc import Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from explorer.map_overlays import MapOverlays
from explorer.rendering import Slot
from explorer.session import Layers, Session
from explorer.viewport import Viewport
from explorer.widgets.map_view import MapView
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
