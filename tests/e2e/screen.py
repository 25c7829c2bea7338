"""A display of our own with a window manager, and the hand that moves its pointer."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

Place = tuple[int, int]

SIZE = (1440, 900)
_PATIENCE_SECONDS = 10


@dataclass(frozen=True)
class Screen:
    """An X server's display (`:N`) and what a program on it needs in its environment."""

    display: str

    @property
    def environment(self) -> dict[str, str]:
        """For programs that are to appear on this screen."""
        return {
            **{name: value for name, value in os.environ.items() if name != "WAYLAND_DISPLAY"},
            "DISPLAY": self.display,
            "QT_QPA_PLATFORM": "xcb",
            "QT_SCALE_FACTOR": "1",
            "LIBGL_ALWAYS_SOFTWARE": "1",
        }


@contextmanager
def screen(folder: Path) -> Iterator[Screen]:
    """A free display of 1440x900 pixels with openbox on it; both end with the block."""
    read, write = os.pipe()
    size = f"{SIZE[0]}x{SIZE[1]}x24"
    server = ["Xvfb", "-displayfd", str(write), "-screen", "0", size, "-nolisten", "tcp"]
    with (
        (folder / "screen.log").open("wb") as log,
        _running(server, log.fileno(), pass_fds=(write,)),
    ):
        os.close(write)
        with os.fdopen(read) as answer:
            number = answer.readline().strip()
        assert number, f"Xvfb did not start: {(folder / 'screen.log').read_text()}"
        found = Screen(f":{number}")
        with _running(_window_manager(folder), log.fileno(), environment=found.environment):
            (folder / "ready").read_text()  # a pipe: it is there when openbox is
            yield found


def _window_manager(folder: Path) -> list[str]:
    os.mkfifo(folder / "ready")
    return ["openbox", "--sm-disable", "--startup", f"sh -c 'echo up > {folder / 'ready'}'"]


@contextmanager
def _running(
    command: list[str],
    log: int,
    environment: Mapping[str, str] | None = None,
    pass_fds: Iterable[int] = (),
) -> Iterator[None]:
    # A signal to the tests (Ctrl+C) must not take the display away before the window is closed.
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=log,
        stderr=log,
        pass_fds=tuple(pass_fds),
        start_new_session=True,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Hand:
    """Mouse and keyboard of a screen, by xdotool; places are pixels of the screen."""

    def __init__(self, screen: Screen) -> None:
        self._environment = screen.environment
        self._at: Place = (0, 0)

    def _do(self, *words: str) -> None:
        subprocess.run(
            ["xdotool", *words], env=self._environment, check=True, timeout=_PATIENCE_SECONDS
        )

    def move(self, to: Place) -> None:
        """Jump there."""
        self._at = to
        self._do("mousemove", str(to[0]), str(to[1]))

    def glide(self, to: Place, steps: int = 12) -> None:
        """Go there in several small moves, as a hand does."""
        (x0, y0), (x1, y1) = self._at, to
        for step in range(1, steps + 1):
            share = step / steps
            self.move((round(x0 + share * (x1 - x0)), round(y0 + share * (y1 - y0))))

    def press(self, button: int = 1) -> None:
        self._do("mousedown", str(button))

    def release(self, button: int = 1) -> None:
        self._do("mouseup", str(button))

    def click(self, at: Place, button: int = 1, times: int = 1) -> None:
        """Click there, twice for a double click."""
        self.move(at)
        self._do("click", "--repeat", str(times), "--delay", "40", str(button))

    def drag(self, *places: Place, steps: int = 12) -> None:
        """Press at the first place, glide through the others, release at the last."""
        self.move(places[0])
        self.press()
        for _, there in pairwise(places):
            self.glide(there, steps)
        self.release()

    def wheel(self, at: Place, notches: int) -> None:
        """Turn the wheel there: forward (away from the hand) if positive."""
        self.move(at)
        self._do("click", "--repeat", str(abs(notches)), "4" if notches > 0 else "5")

    def key(self, *keys: str) -> None:
        """Press keys one after another: `ctrl+z`, `Escape`, ..."""
        self._do("key", "--delay", "20", *keys)

    def type(self, text: str) -> None:
        """Type a text."""
        self._do("type", "--delay", "8", "--", text)


def python() -> list[str]:
    """What starts this Python with warnings shown."""
    return [sys.executable, "-X", "faulthandler"]
