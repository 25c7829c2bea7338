"""From the start of a process to its first painted window and its first decode."""

import subprocess
import sys
import time
from compileall import compile_dir
from pathlib import Path

from tests.benchmarks.report import Options, Row, median

_ROOT = Path(__file__).parents[2]
_STARTS = 10
_BUDGET_WINDOW, _BUDGET_ABOVE_TORCH = 1.0, 0.7
_TORCH = "import torch, time; print(time.monotonic())"


def startup(options: Options) -> list[Row]:
    """Start the program again and again, in turns with a process that only imports torch."""
    window = [sys.executable, "-m", "tests.benchmarks.first_paint", str(options.model)]
    torch = [sys.executable, "-c", _TORCH]
    for room in ("explorer", "models"):  # as set-up does, and pip
        compile_dir(_ROOT / room, quiet=1)
    _moments(window)  # fills the system's file cache
    painted, decoded, imported = [], [], []
    for _ in range(options.count(_STARTS)):
        first, picture = _moments(window)
        painted.append(first)
        decoded.append(picture)
        imported += _moments(torch)
    bare = f"import torch {median(imported):.2f} s"
    above = median(decoded) - median(imported)
    return [
        Row(
            "start to painted window",
            f"{median(painted):.2f} s",
            bare,
            median(painted) / median(imported),
            f"<= {_BUDGET_WINDOW} s",
            median(painted) <= _BUDGET_WINDOW,
        ),
        Row(
            "start to first decode",
            f"{median(decoded):.2f} s: {above:.2f} s above",
            bare,
            median(decoded) / median(imported),
            f"<= {_BUDGET_ABOVE_TORCH} s above",
            above <= _BUDGET_ABOVE_TORCH,
        ),
    ]


def _moments(command: list[str]) -> list[float]:
    """Seconds from a process's start to each moment it prints."""
    start = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [float(word) - start for word in done.stdout.split()]
