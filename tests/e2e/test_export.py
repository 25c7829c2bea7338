"""The third journey: press Export and get a GIF of the path."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tests.e2e.real_window import RealWindow, place_of, shown
from tests.e2e.screen import Hand

if TYPE_CHECKING:
    from explorer.window import MainWindow


def dialog_ready(window: "MainWindow") -> bool:
    from PySide6.QtWidgets import QApplication

    active = QApplication.activeWindow()
    return active is not None and active.objectName() == "exportDialog"


def said(window: "MainWindow", words: str) -> bool:
    return words in window.messages.text()


def in_front(window: "MainWindow") -> bool:
    return window.isActiveWindow()


def fill(real: RealWindow, hand: Hand, name: str, text: str) -> None:
    """Put a text in the place of what a field holds."""
    hand.click(real.ask(place_of, name), times=2)
    hand.key("ctrl+a")
    hand.type(text)


def choose_strip(real: RealWindow, hand: Hand) -> None:
    """Choose the last format, by keys."""
    hand.click(real.ask(place_of, "exportFormat"))
    hand.key("End", "Return")
    real.wait(format_is, "PNG strip")


def format_is(window: "MainWindow", text: str) -> bool:
    from PySide6.QtWidgets import QApplication, QComboBox

    dialog = QApplication.activeWindow()
    combo = None if dialog is None else dialog.findChild(QComboBox, "exportFormat")
    return combo is not None and combo.currentText() == text


def colour_tables(data: bytes) -> tuple[int, int]:
    """How many global and local colour tables a GIF has, by its own structure."""
    local, at = 0, 13 + 3 * 2 ** ((data[10] & 7) + 1)
    while data[at] != 0x3B:
        if data[at] == 0x21:
            at += 2
        else:
            assert data[at] == 0x2C
            packed = data[at + 9]
            local += packed >> 7
            at += 11 + (3 * 2 ** ((packed & 7) + 1) if packed >> 7 else 0)
        while data[at]:
            at += data[at] + 1
        at += 1
    return data[10] >> 7, local


def test_a_gif_of_the_path(real: RealWindow, hand: Hand, tmp_path: Path) -> None:
    path = tmp_path / "my path.gif"
    hand.click(real.ask(place_of, "exportAnimation"))
    real.wait(dialog_ready)
    fill(real, hand, "exportPath", str(path))
    fill(real, hand, "exportFrames", "30")
    hand.click(real.ask(place_of, "exportAccept"))
    real.wait(said, f"Exported {path}")
    real.wait(in_front)
    with Image.open(path) as gif:
        durations, frames = [], []
        for number in range(getattr(gif, "n_frames", 1)):
            gif.seek(number)
            durations.append(gif.info["duration"])
            frames.append(np.asarray(gif.convert("L")).astype(int))
        assert gif.info["loop"] == 0, "it plays for ever"
        assert gif.size == (256, 256)
    assert sum(durations) == 30 * 50, "30 frames at 20 a second"
    assert colour_tables(path.read_bytes()) == (1, 0), "one palette for all frames"
    assert len({frame.tobytes() for frame in frames}) > 10, "it moves"
    assert not list(tmp_path.glob(".*")), "no unfinished file stays"


def test_escape_leaves_the_dialog_and_writes_nothing(
    real: RealWindow, hand: Hand, tmp_path: Path
) -> None:
    path = tmp_path / "old.gif"
    path.write_bytes(b"old")
    hand.key("ctrl+e")
    real.wait(dialog_ready)
    fill(real, hand, "exportPath", str(path))
    hand.key("Escape")
    real.wait(in_front)
    assert path.read_bytes() == b"old"


def test_a_folder_that_is_not_there_is_told_and_another_try_works(
    real: RealWindow, hand: Hand, tmp_path: Path
) -> None:
    hand.key("ctrl+e")
    real.wait(dialog_ready)
    fill(real, hand, "exportPath", str(tmp_path / "nowhere" / "path.gif"))
    hand.key("Return")
    real.wait(said, "cannot be written")
    assert real.wait(shown, "banner")
    good = tmp_path / "path.png"
    hand.key("ctrl+e")
    real.wait(dialog_ready)
    choose_strip(real, hand)
    fill(real, hand, "exportPath", str(good))
    hand.key("Return")
    real.wait(said, f"Exported {good}")
    with Image.open(good) as strip:
        assert strip.size == (48 * 256, 256)
