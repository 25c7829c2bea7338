"""A class that is hidden is told of wherever it counts, and there is a way to bring it back."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from explorer.map_overlays import MapOverlays
from explorer.selection import Selection
from explorer.session import Session
from tests.opened import Opened, opened


@pytest.fixture
def window(at_hand: Path, qtbot: QtBot) -> Iterator[Opened]:
    with opened(qtbot, at_hand) as found:
        found.window.docks.bring("data")
        yield found


def hide(window: Opened, *labels: int) -> None:
    session = window.window.session
    session.set_layers(replace(session.layers, hidden_classes=frozenset(labels)))
    window.settle()


def colour(window: Opened, by: str) -> None:
    session = window.window.session
    session.set_layers(replace(session.layers, colour_by=by))
    window.settle()


def way_back(window: Opened) -> QPushButton:
    found = window.window.map_panel.findChild(QPushButton, "showHiddenClasses")
    assert isinstance(found, QPushButton)
    return found


def test_beside_the_colour_bar_a_button_tells_of_hidden_classes_and_shows_them(
    window: Opened,
) -> None:
    session = window.window.session
    assert session.model is not None
    names = session.model.class_names
    button = way_back(window)
    hide(window, 0)
    assert not button.isVisible()  # the legend says it
    colour(window, "kl")
    assert button.isVisible()
    assert button.text() == "1 class hidden · show"
    assert names[0] in button.toolTip()
    assert names[1] not in button.toolTip()
    hide(window, 0, 1)
    assert button.text() == "2 classes hidden · show"
    button.click()
    assert session.layers.hidden_classes == frozenset()
    assert session.layers.colour_by == "kl"
    assert not button.isVisible()


def test_a_selection_says_how_many_of_it_are_hidden(window: Opened) -> None:
    model = window.window.session.model
    assert model is not None
    assert model.points is not None
    assert model.points.label is not None
    counts = window.window.findChild(QLabel, "selectionCounts")
    assert isinstance(counts, QLabel)
    window.window.points.select(Selection(np.arange(len(model.points))))
    assert "hidden" not in counts.text()
    hide(window, 0)
    unseen = int((model.points.label == 0).sum())
    assert f"<b>{unseen:,}</b>&nbsp;of them hidden" in counts.text()
    assert counts.text().count("○</span>") == 1
    hide(window)
    assert "hidden" not in counts.text()


def test_what_is_nearest_says_that_its_class_is_hidden(window: Opened) -> None:
    model, near = window.window.session.model, window.window.data_panel.neighbours
    assert model is not None
    assert model.points is not None
    assert model.points.label is not None
    window.qtbot.waitUntil(lambda: bool(near.items()))
    labels = [int(model.points.label[item.key]) for item in near.items()]
    shown = near.grab().toImage()
    hide(window, labels[0])
    for item, label in zip(near.items(), labels, strict=True):
        assert item.hollow is (label == labels[0])
        assert ("hidden on the map" in item.tip) is (label == labels[0])
    assert near.grab().toImage() != shown
    hide(window)
    assert not any(item.hollow for item in near.items())


def density(overlays: MapOverlays) -> tuple[str, str]:
    (entry,) = [entry for entry in overlays.legend.entries() if entry.name == "density"]
    return entry.note, entry.tip


def test_the_density_says_that_it_is_of_all_classes(window: Opened) -> None:
    session: Session = window.window.session
    session.set_layers(session.layers.with_layer("density", True))
    window.settle()
    assert "hidden" not in density(window.window.overlays)[1]
    hide(window, 0)
    note, tip = density(window.window.overlays)
    assert note == "all classes"
    assert "Classes that are hidden count too" in tip
