"""Imports that take long: Qt, the window's modules, and torch."""

import builtins
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def first_import(module: str) -> Iterator[None]:
    """Import a module in this block without a search for garbage, if it is not there yet.

    Python looks for garbage again and again while modules are made, of which none is any. For
    torch that is a fifth of its import. What is there afterwards stays: no search goes through
    it any more.
    """
    if module in sys.modules:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def import_qt() -> None:
    """Import Qt and go on with Python's own import statement.

    PySide puts one in its place that reads the source of every module imported from then on, to
    see whether it may want PySide's optional names (`from __feature__ import snake_case`). Nothing
    here does, and torch, of some 1,500 modules, would take a fifth longer.
    """
    own = builtins.__import__
    import PySide6.QtCore  # noqa: F401 # for those who use it

    builtins.__import__ = own


def import_torch() -> None:
    """Import torch, unless that has been done."""
    with first_import("torch"):
        import torch  # noqa: F401 # for those who use it
