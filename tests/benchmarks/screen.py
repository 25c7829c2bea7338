"""A screen and a home of one's own: nothing of the person's settings is read or changed."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SIZE = "1600x1000x24"
_HOMES = ("CONFIG", "DATA", "CACHE", "STATE")


class NoScreenError(RuntimeError):
    """There is no screen to open a window on, and none can be made."""


@contextmanager
def own_home() -> Iterator[Path]:
    """A temporary home for settings, trained models and logs, of child processes too."""
    with tempfile.TemporaryDirectory(prefix="latent-explorer-") as name:
        home = Path(name)
        with _environment({f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in _HOMES}):
            yield home


@contextmanager
def some_screen() -> Iterator[None]:
    """The screen there is; on Linux without one a virtual screen, drawn by software.

    Raises:
        NoScreenError: there is none and Xvfb is not installed.
    """
    if sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        yield
        return
    if shutil.which("Xvfb") is None:
        raise NoScreenError(
            "There is no screen and Xvfb cannot be found. On Debian or Ubuntu: apt-get install xvfb"
        )
    with _xvfb() as display, _environment({"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}):
        yield


@contextmanager
def _xvfb() -> Iterator[str]:
    """A virtual screen on the first number that is free; its name."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", _SIZE, "-nolisten", "tcp"]
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(command, pass_fds=[write], stdout=quiet, stderr=quiet)
    os.close(write)
    try:
        with os.fdopen(read) as told:
            number = told.readline().strip()
        if not number:
            raise NoScreenError("Xvfb was started but gives no screen")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
