"""A function of tensors as one call into torch, during which Python's lock is free."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

_Out = TypeVar("_Out", bound=Tensor | tuple[Tensor, ...])


class OneCall(Generic[_Out]):
    """`function` of tensors [N, ...]: the same operations, whatever the tensors hold; no gradients.

    Each operation of torch gives Python's lock up and has to get it back. Beside a thread that is
    busy in Python that is a wait each time: a decode of 30 operations took 5 ms instead of 0.6, at
    worst 9 instead of 0.9. So the operations are recorded at the first call, on no rows at all, and
    from then on run as one. The record holds the weights too: of those that only Python held, torch
    would count the uses under the lock. What cannot be recorded is called as it is.
    """

    def __init__(self, function: Callable[..., _Out]) -> None:
        self._function = function
        self._run: Callable[..., _Out] | None = None

    @torch.no_grad()
    def __call__(self, *inputs: Tensor) -> _Out:
        if self._run is None:
            self._run = self._recorded(inputs)
        # Optimised further it is no faster, and the first two calls would take 30 ms.
        with torch.jit.optimized_execution(False):  # type: ignore[attr-defined]  # not in stubs
            return self._run(*inputs)

    def _recorded(self, inputs: tuple[Tensor, ...]) -> Callable[..., _Out]:
        nothing = tuple(each[:0] for each in inputs)
        try:
            # Not torch.jit.trace, whose records last as long as the process, with their weights.
            record: Any = torch.jit._get_trace_graph  # type: ignore[attr-defined]  # not in stubs
            graph, _ = record(self._function, nothing)
            run: Callable[..., _Out] = torch._C._create_function_from_graph("run", graph)
        except (AttributeError, RuntimeError):  # another torch; weights that are being trained
            return self._function
        return run
