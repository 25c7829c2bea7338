"""Imports that take long: the window's modules, and torch."""

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


def import_torch() -> None:
    """Import torch, unless that has been done."""
    with first_import("torch"):
        import torch  # noqa: F401 # for those who use it
