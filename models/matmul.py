"""Matrix products by the faster of the two libraries that torch brings for a CPU."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

_matmul = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]  # not in torch's stubs
_usual = _matmul.fp32_precision
_blocks: list[None] = []  # one for each that runs, in whatever threads


@contextmanager
def fast_matmul() -> Iterator[None]:
    """Let oneDNN multiply float32 matrices in this block, where it does so in full precision.

    On processors with AVX-512 but not Intel's, MKL computes 97 GFLOP/s a core and oneDNN 227
    (256 x 4096 by 4096 x 256), both to 1e-6. torch turns to oneDNN once products may be rounded
    to bfloat16; its kernels do round on a processor with AMX, so there nothing is changed.
    The switch is one for all threads: it is put back when the last of such blocks ends.
    """
    _blocks.append(None)
    try:
        if not _rounds():
            _matmul.fp32_precision = "bf16"
        yield
    finally:
        _blocks.pop()
        if not _blocks:
            _matmul.fp32_precision = _usual


def _rounds() -> bool:
    """Whether products that may be rounded to bfloat16 are: with AMX, or we cannot tell."""
    known = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(known.get("amx_bf16", True))
