"""Training on several processes, by torchrun: each computes a share of every batch."""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType
from typing import Protocol

import torch
from torch import Tensor, distributed

from models.errors import ProcessLostError


@dataclass(frozen=True)
class Processes:
    """Which of how many processes this is. Number 0 writes the files and speaks."""

    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that writes and speaks."""
        return self.rank == 0

    def share(self, index: Tensor) -> Tensor:
        """Every `world`-th entry of the images of a batch [N]."""
        return index[self.rank :: self.world]

    def add(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum over all processes, in one message.

        Raises:
            ProcessLostError: another process has ended.
        """
        if self.world == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        with _while_all_live():
            distributed.all_reduce(flat)
        parts = flat.split([tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view(tensor.shape))

    def gather(self, rows: Tensor, count: int = 0) -> Tensor:
        """The rows of a batch [count, ...] of which each process has its `share` [N, ...].

        All processes get them in the batch's order, and all have to ask. Gradients flow back
        from all: where the loss is the sum of what each process makes of the rows, every share
        gets that sum's gradient.

        Raises:
            ProcessLostError: another process has ended.
        """
        if self.world == 1:
            return rows
        # torch's stubs leave `apply` untyped.
        gathered: Tensor = _Gather.apply(rows, self, count)  # type: ignore[no-untyped-call]
        return gathered

    def all_are_well(self, well: bool = True) -> bool:
        """Wait until all processes have come here; whether none of them has failed.

        Raises:
            ProcessLostError: another process has ended.
        """
        if self.world == 1:
            return well
        failed = torch.tensor(0.0 if well else 1.0)
        if distributed.get_backend() == "nccl":
            failed = failed.cuda()
        with _while_all_live():
            distributed.all_reduce(failed)
        return not bool(failed)


class _Kept(Protocol):
    """What `_Gather` keeps from its way forward for its way back."""

    processes: Processes


class _Gather(torch.autograd.Function):
    """`Processes.gather`: rows among zeros, added up over all processes; so are the gradients."""

    @staticmethod
    def forward(ctx: _Kept, rows: Tensor, processes: Processes, count: int) -> Tensor:
        ctx.processes = processes
        gathered = rows.new_zeros(count, *rows.shape[1:])
        gathered[processes.rank :: processes.world] = rows
        processes.add([gathered])
        return gathered

    @staticmethod
    def backward(ctx: _Kept, *gradients: Tensor) -> tuple[Tensor, None, None]:
        whole = gradients[0].clone(memory_format=torch.contiguous_format)
        ctx.processes.add([whole])
        return ctx.processes.share(whole), None, None


@contextmanager
def _while_all_live() -> Iterator[None]:
    """Say in one line when the block cannot reach another process any more."""
    try:
        yield
    except RuntimeError as error:  # gloo's are of no kind of their own, but bear its name
        if not isinstance(error, distributed.DistError) and "gloo" not in str(error):
            raise
        _end_in_peace()
        raise ProcessLostError(
            "another process of this training has ended; what it said last, if anything, tells why."
        ) from error


def _end_in_peace() -> None:
    """Be deaf to torchrun, which ends all processes when one is gone: this one ends by itself."""
    with suppress(ValueError):  # a GPU's gradients are made in a thread, which may not say
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _told_to_end(number: int, frame: FrameType | None) -> None:
    _end_in_peace()
    raise ProcessLostError(
        "this training was told to end, by whoever runs it or as another process of it has ended."
    )


ALONE = Processes()
_PATIENCE = timedelta(days=1)  # others wait while the first reads a folder of a million pictures


@contextmanager
def processes() -> Iterator[Processes]:
    """The processes that torchrun has started, connected while the block lasts, or this alone.

    They speak by nccl where each on this machine has a GPU of its own, else by gloo.

    Raises:
        ProcessLostError: one has ended, or this one was told to (SIGTERM).
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield ALONE
        return
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    graphics = torch.cuda.is_available() and torch.cuda.device_count() >= here
    if graphics:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    distributed.init_process_group("nccl" if graphics else "gloo", timeout=_PATIENCE)
    before = signal.signal(signal.SIGTERM, _told_to_end)
    try:
        yield Processes(distributed.get_rank(), world)
    except BaseException:
        _end_in_peace()
        raise
    else:
        signal.signal(signal.SIGTERM, before)
    finally:
        distributed.destroy_process_group()
