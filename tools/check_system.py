"""Says what a window needs and this system lacks, before Qt aborts without saying it.

Run by `make run`. It does nothing where the answer is known to be yes: on macOS and Windows,
and with a Qt platform that needs no screen.
"""

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

# Which Debian or Ubuntu package brings a shared library that Qt's xcb or wayland plugin needs.
PACKAGES = {
    "libEGL": "libegl1",
    "libGL": "libgl1",
    "libGLX": "libgl1",
    "libX11": "libx11-6",
    "libX11-xcb": "libx11-xcb1",
    "libdbus-1": "libdbus-1-3",
    "libfontconfig": "libfontconfig1",
    "libfreetype": "libfreetype6",
    "libglib-2.0": "libglib2.0-0",
    "libgthread-2.0": "libglib2.0-0",
    "libwayland-client": "libwayland-client0",
    "libwayland-cursor": "libwayland-cursor0",
    "libwayland-egl": "libwayland-egl1",
    "libxcb": "libxcb1",
    "libxcb-cursor": "libxcb-cursor0",
    "libxcb-icccm": "libxcb-icccm4",
    "libxcb-image": "libxcb-image0",
    "libxcb-keysyms": "libxcb-keysyms1",
    "libxcb-randr": "libxcb-randr0",
    "libxcb-render": "libxcb-render0",
    "libxcb-render-util": "libxcb-render-util0",
    "libxcb-shape": "libxcb-shape0",
    "libxcb-shm": "libxcb-shm0",
    "libxcb-sync": "libxcb-sync1",
    "libxcb-util": "libxcb-util1",
    "libxcb-xfixes": "libxcb-xfixes0",
    "libxcb-xkb": "libxcb-xkb1",
    "libxkbcommon": "libxkbcommon0",
    "libxkbcommon-x11": "libxkbcommon-x11-0",
}
_SOCKET_SECONDS = 2.0


def missing_display(environment: Mapping[str, str]) -> str:
    """Why no window can be opened on the screen the environment names, or nothing."""
    if environment.get("WAYLAND_DISPLAY"):
        return ""
    display = environment.get("DISPLAY", "")
    if not display:
        return (
            "There is no screen to open a window on: neither DISPLAY nor WAYLAND_DISPLAY is set.\n"
            "Run this inside a desktop session, or on a virtual screen:\n"
            "    apt-get install xvfb xauth && xvfb-run make run"
        )
    if answers(display):
        return ""
    return (
        f"DISPLAY is {display!r}, but no X server answers there.\n"
        "Set it to the screen of your desktop session (often DISPLAY=:0), or start a server."
    )


def answers(display: str) -> bool:
    """Whether an X server accepts connections at `display` ([host]:number[.screen])."""
    match = re.fullmatch(r"(?:unix)?(?P<host>[^:]*):(?P<number>\d+)(?:\.\d+)?", display)
    if not match:
        return True  # a form not known here: Qt has the last word
    host, number = match["host"], int(match["number"])
    if host:
        try:
            socket.create_connection((host, 6000 + number), _SOCKET_SECONDS).close()
        except OSError:
            return False
        return True
    path = f"/tmp/.X11-unix/X{number}"
    return any(_unix_answers(address) for address in (path, f"\0{path}"))


def _unix_answers(address: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_SOCKET_SECONDS)
        try:
            client.connect(address)
        except OSError:
            return False
        return True


def missing_libraries(linked: str) -> list[str]:
    """Names of the shared libraries that `ldd` printed as not found, in its order."""
    return list(dict.fromkeys(re.findall(r"^\s*(\S+) => not found", linked, re.MULTILINE)))


def package_of(library: str) -> str:
    """The Debian package of a shared library (libxcb-cursor.so.0), or nothing."""
    return PACKAGES.get(library.partition(".so")[0], "")


def library_advice(libraries: list[str]) -> str:
    """What is missing and the one command that brings it, or nothing."""
    if not libraries:
        return ""
    packages = sorted({package for library in libraries if (package := package_of(library))})
    command = f"    apt-get install {' '.join(packages)}" if packages else ""
    unknown = [library for library in libraries if not package_of(library)]
    rest = f"No package is known here for: {', '.join(unknown)}" if unknown else ""
    lines = [
        f"Qt needs shared libraries that are not on this system: {', '.join(libraries)}",
        "On Debian or Ubuntu:" if command else "",
        command,
        rest,
    ]
    return "\n".join(line for line in lines if line)


def linked_by_qt(environment: Mapping[str, str]) -> str:
    """What `ldd` says about the platform plugin that will open the window."""
    spec = importlib.util.find_spec("PySide6")
    if spec is None or not spec.submodule_search_locations or not shutil.which("ldd"):
        return ""
    name = "libqxcb.so" if environment.get("DISPLAY") else "libqwayland.so"
    plugin = Path(spec.submodule_search_locations[0]) / "Qt" / "plugins" / "platforms" / name
    if not plugin.exists():
        return ""
    return subprocess.run(["ldd", str(plugin)], capture_output=True, text=True, check=False).stdout


def main() -> int:
    """0 when a window can be opened, as far as can be told; else 2, and the reason on stderr."""
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM", "xcb") not in (
        "xcb",
        "wayland",
    ):
        return 0
    libraries = library_advice(missing_libraries(linked_by_qt(os.environ)))
    problems = [problem for problem in (missing_display(os.environ), libraries) if problem]
    print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")
    return 2 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
