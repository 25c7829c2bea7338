"""Importing torch, the longest step of a start: what of it goes sooner, or beside the rest."""

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path


@contextmanager
def without_garbage_search() -> Iterator[None]:
    """Python looks for garbage again and again while modules are made, of which none is any.

    For torch that is a fifth of its import. What is there afterwards stays: no search goes through
    it any more.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def import_torch() -> None:
    """Import torch, unless that has been done."""
    if "torch" not in sys.modules:
        with without_garbage_search():
            import torch  # noqa: F401


def map_libraries() -> None:
    """Bring torch's libraries into memory: a quarter of its import that holds no lock of Python's.

    For a thread, while Python has other things to import; where that fails, importing torch does
    it, or says why it cannot.
    """
    spec = None if "torch" in sys.modules else find_spec("torch")
    if sys.platform.startswith("linux") and spec is not None and spec.origin is not None:
        with suppress(OSError):
            ctypes.CDLL(str(Path(spec.origin).with_name("lib") / "libtorch_python.so"))
