"""The KL of each dimension over epochs: what pointer and keys read, and what it says."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer.dimensions import use_words
from explorer.pages.training_watch import _no_kl
from explorer.widgets.kl_strip import KlStrip, heat
from models.points import Points
from tests.fakes import info

EPOCHS = [1.0, 2.0, 3.0, 4.0]
KL = [[0.0, 0.5, 1.0, 2.0], [3.0, 1.0, 0.005, 0.0], [0.0, 0.0, 0.0, 0.02]]


@pytest.fixture
def strip(qtbot: QtBot) -> KlStrip:
    strip = KlStrip()
    qtbot.addWidget(strip)
    strip.resize(300, 120)
    strip.set_values(EPOCHS, KL)
    strip.show()
    return strip


def test_without_a_cursor_it_counts_what_is_active(strip: KlStrip) -> None:
    assert strip.readout() == "2 of 3 active after epoch 4"
    assert "2 of 3 active" in strip.accessibleDescription()


def test_the_pointer_reads_dimension_epoch_and_nats(strip: KlStrip, qtbot: QtBot) -> None:
    QTest.mouseMove(strip, strip.cell_centre(1, 0).toPoint())
    qtbot.waitUntil(lambda: "z1" in strip.readout())
    assert strip.readout() == "epoch 1 · z1 · 3.00 nats · 1 of 3 active"
    QTest.mouseMove(strip, QPoint(2, 2))
    qtbot.waitUntil(lambda: "after" in strip.readout())


def test_arrow_keys_read_values(strip: KlStrip) -> None:
    for key, told in (
        (Qt.Key.Key_Down, "epoch 4 · z0"),
        (Qt.Key.Key_Down, "epoch 4 · z1"),
        (Qt.Key.Key_Left, "epoch 3 · z1"),
        (Qt.Key.Key_Home, "epoch 1 · z1"),
        (Qt.Key.Key_Up, "epoch 1 · z0"),
        (Qt.Key.Key_Up, "epoch 1 · z0"),
        (Qt.Key.Key_End, "epoch 4 · z0"),
        (Qt.Key.Key_Escape, "2 of 3 active after"),
    ):
        QTest.keyClick(strip, key)
        assert strip.readout().startswith(told)


def test_the_cursor_outlives_new_epochs_and_not_another_model(strip: KlStrip) -> None:
    QTest.keyClick(strip, Qt.Key.Key_Home)
    QTest.keyClick(strip, Qt.Key.Key_Down)
    strip.set_values([*EPOCHS, 5.0], [[*row, 1.0] for row in KL])
    assert strip.readout().startswith("epoch 1 · z1")
    strip.set_values([1.0], [[0.3]])
    assert strip.readout() == "1 of 1 active after epoch 1"


def test_an_epoch_shown_elsewhere_is_marked_and_counted(strip: KlStrip) -> None:
    before = strip.grab().toImage()
    strip.set_cursor_epoch(2.2)
    assert strip.readout() == "2 of 3 active after epoch 2"
    assert "after epoch 2" in strip.accessibleDescription()
    assert strip.grab().toImage() != before
    strip.set_cursor_epoch(1.0)
    assert strip.readout() == "1 of 3 active after epoch 1"
    QTest.keyClick(strip, Qt.Key.Key_End)
    assert strip.readout().startswith("epoch 4 · z0"), "who points reads what is pointed at"
    QTest.keyClick(strip, Qt.Key.Key_Escape)
    strip.set_cursor_epoch(None)
    assert strip.readout() == "2 of 3 active after epoch 4"


def test_the_labels_stand_out_of_what_is_active_at_the_epoch_that_is_read(strip: KlStrip) -> None:
    labels = QRect(0, 15, 29, 90)
    end = strip.grab(labels).toImage()
    strip.set_cursor_epoch(1.0)  # another dimension is active there
    first = strip.grab(labels).toImage()
    assert first != end
    QTest.keyClick(strip, Qt.Key.Key_End)
    assert strip.grab(labels).toImage() == end
    QTest.keyClick(strip, Qt.Key.Key_Home)
    assert strip.grab(labels).toImage() == first


def test_where_there_is_no_kl_it_says_so(strip: KlStrip) -> None:
    strip.set_values((), ())
    strip.set_words("no prior, no KL")
    assert strip.words() == "no prior, no KL"
    assert strip.readout() == ""
    QTest.keyClick(strip, Qt.Key.Key_Left)
    strip.grab()


@pytest.mark.parametrize("dark", [True, False])
def test_noise_of_dimensions_that_all_collapsed_does_not_look_awake(dark: bool) -> None:
    dim = heat(np.array([[0.0, 0.004]]), dark)
    ground, noise, bright = (
        QColor(image.pixelColor(1, 0)).lightness()
        for image in (heat(np.zeros((1, 2)), dark), dim, heat(np.array([[0.0, 3.0]]), dark))
    )
    assert abs(noise - ground) < 0.2 * abs(bright - ground)


@pytest.mark.parametrize("dark", [True, False])
def test_more_nats_stand_out_more_from_the_ground(qapp: object, dark: bool) -> None:
    image = heat(np.array([[0.0, 0.1, 1.0]]), dark)
    found = [QColor(image.pixelColor(column, 0)).lightness() for column in range(3)]
    assert found == sorted(found, reverse=not dark)


@pytest.mark.parametrize("size", [(160, 50), (500, 300)])
@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (10, 400), (512, 3)])
def test_any_size_is_drawn(strip: KlStrip, size: tuple[int, int], shape: tuple[int, int]) -> None:
    strip.resize(*size)
    strip.set_values(range(1, shape[1] + 1), np.ones(shape).tolist())
    strip.set_marks([1.0, shape[1] / 2])
    strip.grab()
    field = strip._field()
    for cell in ((0, 0), (shape[0] - 1, shape[1] - 1)):
        assert field.contains(strip.cell_centre(*cell))


def test_of_a_flow_it_is_said_what_the_kl_of_a_dimension_is_elsewhere() -> None:
    """The sliders show one, of Gaussians: neither may deny the other."""
    zero = np.zeros((4, 2), np.float32)
    model = replace(info(2), method="flow-vae", points=Points(zero, zero, None))
    _, tip = use_words(model, 0)
    told = _no_kl("flow-vae")
    assert "panel Dimensions" in told
    assert "moments" in told
    assert "moments" in tip
