"""The second journey: a picture dragged out of another program lands on the map."""

import gzip
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from tests.conftest import ROOT
from tests.e2e.real_window import PATIENCE_SECONDS, RealWindow, place_on_map, ready
from tests.e2e.screen import Hand, Place, Screen, python

if TYPE_CHECKING:
    from explorer.window import MainWindow

SOURCE_AT = (30, 560)  # over the library, where nothing is dropped


def names(window: "MainWindow") -> list[str]:
    return [handle.name for handle in window.session.arrangement.handles]


def has_names(window: "MainWindow", expected: list[str]) -> bool:
    return names(window) == expected


def message(window: "MainWindow") -> str:
    return window.messages.text()


def message_has(window: "MainWindow", words: str) -> bool:
    return words in window.messages.text()


def images(window: "MainWindow") -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """The active handle's image and reconstruction [H, W, C], and what was done to it."""
    handle = window.session.active
    assert handle is not None
    assert handle.image is not None
    return handle.image.pixels, handle.image.reconstruction, handle.image.notes


def images_shown(window: "MainWindow") -> bool:
    """Whether image, reconstruction and difference are on the screen beside the preview."""
    views = [view for view, _ in window.inspector._small.values()]
    return all(view.isVisible() and not view.image().isNull() for view in views)


def on_map(window: "MainWindow") -> bool:
    """Whether the active handle stands at its posterior mean, where the map shows it."""
    handle, view = window.session.active, window.map_panel.view
    assert handle is not None
    assert handle.image is not None
    return bool(np.allclose(handle.z, handle.image.mean)) and view.ground.toRect().contains(
        view.position_of(handle.name)
    )


def undo_text(window: "MainWindow") -> str:
    return window.session.undo_stack.undoText()


def drawn_seven(path: Path) -> Path:
    """A seven in thick black ink on white paper, larger than any model's images."""
    paper = Image.new("L", (210, 280), 255)
    pen = ImageDraw.Draw(paper)
    pen.line([(50, 60), (160, 60), (100, 220)], fill=0, width=22, joint="curve")
    paper.save(path)
    return path


def mnist_digit(shared: Path, path: Path) -> Path:
    """The first test image of MNIST, a seven, five times as large and black on white."""
    with gzip.open(shared / "data" / "mnist" / "t10k-images-idx3-ubyte.gz") as stream:
        stream.read(16)
        pixels = np.frombuffer(stream.read(28 * 28), np.uint8).reshape(28, 28)
    ImageOps.invert(Image.fromarray(pixels)).resize((140, 140)).save(path)
    return path


@contextmanager
def source(screen: Screen, kind: str, *files: Path, at: Place = SOURCE_AT) -> Iterator[IO[str]]:
    """The other program on the screen; what it says of its drags."""
    program = [*python(), "-m", "tests.e2e.drag_source", kind, str(at[0]), str(at[1])]
    process = subprocess.Popen(
        [*program, *map(str, files)],
        cwd=ROOT,
        env=screen.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process.stdout
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
        process.stdout.close()


def drag_into(real: RealWindow, hand: Hand, said: IO[str]) -> str:
    """Drag what the other program offers onto the map: whether it was taken."""
    start = (SOURCE_AT[0] + 40, SOURCE_AT[1] + 40)
    hand.drag(start, (start[0] + 30, start[1] - 20), real.ask(place_on_map, 0.6, 0.5), steps=14)
    return said.readline().strip()


@pytest.fixture(params=["drawn", "mnist"])
def digit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "my seven.png"
    if request.param == "drawn":
        return drawn_seven(path)
    return mnist_digit(request.getfixturevalue("shared"), path)


def test_a_file_is_encoded_placed_and_reconstructed(
    real: RealWindow, hand: Hand, display: Screen, digit: Path
) -> None:
    with source(display, "files", digit) as said:
        assert drag_into(real, hand, said) == "taken"
        real.wait(has_names, ["A", "B", "C", "D"])
    pixels, reconstruction, notes = real.ask(images)
    assert pixels.shape == reconstruction.shape == (28, 28, 1)
    assert pixels[0, 0] < 30, "light on dark, as the model knows it"
    likeness = np.corrcoef(pixels.ravel(), reconstruction.ravel())[0, 1]
    assert likeness > 0.6, "the model makes a seven of a seven"
    assert any("inverted" in note for note in notes)
    assert any("framed as" in note or "fitted to 28×28" in note for note in notes)
    told = real.ask(message)
    assert "my seven.png is handle D" in told
    assert all(note in told for note in notes)
    assert real.ask(images_shown)
    assert real.ask(on_map)
    assert real.ask(undo_text) == "Add image"
    real.wait(ready)  # the other program has given the keys back
    hand.key("ctrl+z")
    real.wait(has_names, ["A", "B", "C"])


def test_bytes_of_a_picture_are_taken_as_a_browser_gives_them(
    real: RealWindow, hand: Hand, display: Screen, tmp_path: Path
) -> None:
    with source(display, "bytes", drawn_seven(tmp_path / "seven.png")) as said:
        assert drag_into(real, hand, said) == "taken"
        real.wait(has_names, ["A", "B", "C", "D"])
    assert "inverted" in real.ask(message)


def test_several_files_are_as_many_handles(
    real: RealWindow, hand: Hand, display: Screen, tmp_path: Path
) -> None:
    files = [drawn_seven(tmp_path / f"seven {number}.png") for number in range(3)]
    with source(display, "files", *files) as said:
        assert drag_into(real, hand, said) == "taken"
        real.wait(has_names, ["A", "B", "C", "D", "E", "F"])
    told = real.ask(message)
    assert all(f"seven {number}.png is handle {'DEF'[number]}" in told for number in range(3))
    real.wait(ready)  # the other program has given the keys back
    hand.key("ctrl+z")
    real.wait(has_names, ["A", "B", "C"])


def test_an_address_is_never_fetched(real: RealWindow, hand: Hand, display: Screen) -> None:
    with source(display, "address") as said:
        drag_into(real, hand, said)
        real.wait(message_has, "nothing is fetched from the web")
    assert real.ask(names) == ["A", "B", "C"]


def test_a_file_that_is_no_picture_is_told(
    real: RealWindow, hand: Hand, display: Screen, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.png"
    letter.write_text("Dear Sir or Madam")
    with source(display, "files", letter) as said:
        assert drag_into(real, hand, said) == "taken"
        real.wait(message_has, "letter.png: is no picture")
    assert real.ask(names) == ["A", "B", "C"]
