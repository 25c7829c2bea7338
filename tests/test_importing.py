"""What is imported first: nothing that slows every later import, and no search for garbage."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

OPENED = """
import builtins, gc, os, sys
from pathlib import Path
own = builtins.__import__
from explorer import start
app, window = start([])
assert "PySide6.QtCore" in sys.modules
assert gc.isenabled()
assert gc.get_freeze_count() > 10_000
print(builtins.__import__ is own, flush=True)
os._exit(0)
"""


def test_opening_the_window_leaves_pythons_own_import(tmp_path: Path) -> None:
    """PySide's reads the source of every module that comes later: 1,500 of torch."""
    homes = {f"XDG_{kind}_HOME": str(tmp_path) for kind in ("CONFIG", "DATA", "CACHE", "STATE")}
    done = subprocess.run(
        [sys.executable, "-c", OPENED],
        cwd=ROOT,
        env={**os.environ, **homes, "QT_QPA_PLATFORM": "offscreen"},
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "True\n"
