"""The program as it is started: `python main.py`, its end in every way, and its pictures."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import psutil
import pytest
from PIL import Image

from tests.conftest import ROOT
from tests.e2e.real_window import (
    PATIENCE_SECONDS,
    RealWindow,
    children_of,
    place_of,
    real_window,
    running,
)
from tests.e2e.screen import Hand, Screen, python
from tests.e2e.test_drop import drawn_seven, names

if TYPE_CHECKING:
    from explorer.window import MainWindow

pytestmark = pytest.mark.usefixtures("fresh_settings")

MAIN = [*python(), str(ROOT / "main.py")]


class Program:
    """`python main.py` as a process, with its standard error kept."""

    def __init__(self, process: "subprocess.Popen[bytes]", errors: IO[bytes]) -> None:
        self.process, self._errors = process, errors

    def ends(self) -> tuple[int, str]:
        """Its exit status and what it said, once it has ended."""
        status = self.process.wait(PATIENCE_SECONDS)
        self._errors.seek(0)
        return status, self._errors.read().decode()


@contextmanager
def program(screen: Screen, *words: str) -> Iterator[Program]:
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [*MAIN, *words], env=screen.environment, stderr=errors, start_new_session=True
        )
        try:
            yield Program(process, errors)
        finally:
            process.kill()
            process.wait()


def window_number(screen: Screen) -> str:
    """The X window of the program, once it is there and in front."""
    found = subprocess.run(
        ["xdotool", "search", "--sync", "--onlyvisible", "--name", "Latent Explorer"],
        env=screen.environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    number = found.stdout.split()[0]
    subprocess.run(
        ["xdotool", "windowactivate", "--sync", number],
        env=screen.environment,
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    return number


def by_key(hand: Hand, program: Program) -> None:
    hand.key("ctrl+q")


def by_its_button(hand: Hand, program: Program) -> None:
    hand.key("alt+F4")


def by_ctrl_c(hand: Hand, program: Program) -> None:
    os.killpg(program.process.pid, signal.SIGINT)  # as a terminal does it


def by_the_system(hand: Hand, program: Program) -> None:
    program.process.terminate()


@pytest.mark.parametrize("close", [by_key, by_its_button, by_ctrl_c, by_the_system])
def test_it_ends_well_however_it_is_closed(
    close: Callable[[Hand, Program], None], display: Screen, hand: Hand
) -> None:
    with program(display) as started:
        window_number(display)
        started_too = children_of(started.process.pid)
        close(hand, started)
        assert started.ends() == (0, "")
        assert not [child for child in started_too if psutil.pid_exists(child)]


def test_it_opens_what_the_command_line_names(
    display: Screen, tiny_model_file: Path, tmp_path: Path
) -> None:
    with real_window(display, tiny_model_file, drawn_seven(tmp_path / "x.png")) as window:
        window.wait(has_image)
        assert window.ask(model_name) == "tiny"
        assert window.ask(names) == ["A", "B", "C", "D"]


def has_image(window: "MainWindow") -> bool:
    handle = window.session.active
    return handle is not None and handle.image is not None


def model_name(window: "MainWindow") -> str:
    return "" if window.session.model is None else window.session.model.name


@pytest.mark.parametrize("on_screen", [True, False], ids=["on a display", "without a display"])
def test_its_picture_is_the_settled_window(
    on_screen: bool, display: Screen, tiny_model_file: Path, tmp_path: Path
) -> None:
    environment = display.environment
    if not on_screen:
        del environment["DISPLAY"], environment["QT_QPA_PLATFORM"]
    picture = tmp_path / "window.png"
    done = subprocess.run(
        [*MAIN, "--screenshot", str(picture), str(tiny_model_file)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=2 * PATIENCE_SECONDS,
    )
    assert (done.returncode, done.stderr) == (0, "")
    with Image.open(picture) as image:
        width, height = image.size
        colours = image.convert("RGB").getcolors(width * height)
    assert width >= 900
    assert height >= 600
    assert colours is not None
    assert len(colours) > 500, "a map with its mosaic, points and pictures"


def test_its_picture_of_a_bad_file_is_one_line(display: Screen, tmp_path: Path) -> None:
    bad, picture = tmp_path / "bad.safetensors", tmp_path / "window.png"
    bad.write_bytes(b"nothing of the kind")
    done = subprocess.run(
        [*MAIN, "--screenshot", str(picture), str(bad)],
        env=display.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=2 * PATIENCE_SECONDS,
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "bad.safetensors" in done.stderr
    assert not picture.exists()


# -- while it trains -----------------------------------------------------------------------------


def trainer(window: "MainWindow") -> int:
    """The number of the trainer's process, once it trains."""
    training = window.training
    return training.process_id or 0 if training.state.position is not None else 0


def training_over(window: "MainWindow") -> bool:
    return not window.training.state.active


def message(window: "MainWindow") -> str:
    return window.messages.text()


def set_epochs(window: "MainWindow", epochs: int) -> None:
    window.training_panel.form.epochs.setValue(epochs)


def start_training(window: RealWindow, hand: Hand, epochs: int) -> int:
    hand.key("ctrl+t")
    window.ask(set_epochs, epochs)
    hand.click(window.ask(place_of, "trainStart"))
    return window.wait(trainer)


def close_window(window: "MainWindow") -> bool:
    return window.close()


def test_ctrl_c_while_it_trains_leaves_no_process(
    display: Screen, hand: Hand, tiny_model_file: Path
) -> None:
    with running(display, tiny_model_file) as window:
        window.wait(in_front)
        child = start_training(window, hand, 5000)
        assert psutil.pid_exists(child)
        window.process.send_signal(signal.SIGINT)
        assert window.ended() == 0
        assert not psutil.pid_exists(child)


def in_front(window: "MainWindow") -> bool:
    return window.isActiveWindow() and window.session.picture is not None


def test_a_killed_trainer_is_told_and_the_window_goes_on(
    display: Screen, hand: Hand, tiny_model_file: Path
) -> None:
    with real_window(display, tiny_model_file) as window:
        child = start_training(window, hand, 5000)
        os.kill(child, signal.SIGKILL)
        assert window.wait(training_over)
        assert window.ask(message)
        assert window.ask(model_name) == "tiny"
        hand.click(window.ask(place_of, "fitButton"))
        assert not psutil.pid_exists(child)


def test_a_model_trained_in_the_window_opens_when_it_is_done(
    display: Screen, hand: Hand, tiny_model_file: Path
) -> None:
    with real_window(display, tiny_model_file) as window:
        start_training(window, hand, 2)
        window.wait(model_is_not, "tiny")
        assert window.ask(model_name).startswith("digits")


def model_is_not(window: "MainWindow", name: str) -> bool:
    return model_name(window) not in ("", name) and window.session.picture is not None
