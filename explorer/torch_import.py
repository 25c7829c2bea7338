"""Importing torch, the longest step of a start."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


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
            import torch  # noqa: F401 # for those who use it
