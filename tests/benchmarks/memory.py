"""Resident memory of the window with a model open, and what a long drag adds to it."""

import gc
import subprocess
import sys

import psutil

from tests.benchmarks.real_window import Hand, live, open_window, wait_until
from tests.benchmarks.report import Options, Row

_MB = 1e6
_DRAGS, _WARM_UP_DRAGS = 10_000, 500
_MOVES_A_SECOND = 240  # as fast as the window can paint and no move is lost
_BUDGET_OPEN, _BUDGET_ADDED = 600, 20
_BARE = """
import sys, torch, psutil
import PySide6.QtWidgets
from models import load
model = load(sys.argv[1])
model.decode(torch.zeros(1, model.latent_size), torch.zeros(1, dtype=int) * model.conditional)
print(psutil.Process().memory_info().rss)
"""


def memory(options: Options) -> list[Row]:
    """Open a model, then drag."""
    bare = _bare_megabytes(options)
    with open_window(options.model) as window:
        opened = _megabytes()
        hand = Hand(window)
        hand.drag(_WARM_UP_DRAGS, _MOVES_A_SECOND)
        window.images.find()  # as soon as the pointer rests on a point: that is no drag's memory
        wait_until(lambda: not window.images.looking, "the original images")
        live(1.0)
        before = _megabytes()
        drags = options.count(_DRAGS)
        hand.drag(drags, _MOVES_A_SECOND)
        live(1.0)
        added = _megabytes() - before
    return [
        Row(
            "memory, model open",
            f"{opened:.0f} MB",
            f"{bare:.0f} MB (torch, Qt, the model)",
            opened / bare,
            f"<= {_BUDGET_OPEN} MB",
            opened <= _BUDGET_OPEN,
        ),
        Row(
            f"memory added by {drags:,} drags",
            f"{added:+.1f} MB",
            "",
            None,
            f"<= {_BUDGET_ADDED} MB",
            added <= _BUDGET_ADDED,
        ),
    ]


def _megabytes() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss / _MB)


def _bare_megabytes(options: Options) -> float:
    """A process that has imported torch and Qt and decoded once."""
    command = [sys.executable, "-c", _BARE, str(options.model)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout) / _MB
