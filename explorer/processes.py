"""Processes of their own: the trainer, and one that answers a single request."""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

from PySide6.QtCore import QObject, QThread, Signal

from explorer.trainer_messages import Adjustment, Failed, Job, Order, read_message
from explorer.workers import Cancelled, TaskContext, raise_in_hook
from models.errors import DataError

# The folder of this package comes first on the path, as it does for `python main.py`; -P keeps
# whatever folder the program was started in off it.
_PROGRAM = """
import importlib, sys
if sys.argv[1] not in sys.path:
    sys.path.insert(0, sys.argv[1])
importlib.import_module(sys.argv[2]).main()
"""
_PATIENCE_MS = 1000  # between asking, terminating and killing
_STDERR_KEPT = 4000


class TrainerBug(RuntimeError):
    """A mistake of the program in the trainer process; the text is its traceback there."""


@dataclass(frozen=True)
class TrainerEnd:
    """How a trainer process ended: its exit status (negative: the signal that killed it)."""

    status: int
    standard_error: str = ""


def trainer_command() -> list[str]:
    """What starts `explorer.trainer_process`."""
    return process_command("explorer.trainer_process")


def process_command(module: str) -> list[str]:
    """What starts `main` of a module, from a checkout and from an installed package."""
    home = str(Path(__file__).resolve().parent.parent)
    return [sys.executable, "-P", "-X", "faulthandler", "-c", _PROGRAM, home, module]


def _spawn(command: Sequence[str], errors: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Start a process that this one talks to through pipes.

    Raises:
        OSError: it cannot be started.
    """
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        # Of its own group, so that Ctrl+C passes it by; but not of its own session: the
        # kernel shares cores among sessions first, whatever their priorities are.
        process_group=0,
        creationflags=_windows_flags(),
    )


class ChildBug(RuntimeError):
    """A process ended by itself without an answer; a note holds what it said at last."""


Answer = TypeVar("Answer")


def ask_process(
    context: TaskContext, module: str, request: bytes, read: Callable[[IO[bytes]], Answer]
) -> Answer:
    """What `read` makes of the answer of a process that runs `main` of a module; for a task.

    Cancelling the task kills the process, which should take itself to idle priority and end when
    its standard input does.

    Raises:
        Cancelled: the task was cancelled.
        ChildBug: the process ended without an answer.
        DataError: it cannot be started, or was killed.
    """
    with tempfile.TemporaryFile() as errors:
        try:
            process = _spawn(process_command(module), errors)
        except OSError as error:
            raise DataError(f"A process cannot be started ({error.strerror})") from error
        context.when_cancelled(process.kill)
        try:
            return _asked(process, request, read)
        except EOFError as error:
            if context.cancelled():
                raise Cancelled from error
            raise _death(process, _tail(errors)) from error
        finally:
            _end(process)


def _asked(
    process: "subprocess.Popen[bytes]", request: bytes, read: Callable[[IO[bytes]], Answer]
) -> Answer:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(OSError):  # it is gone: its end of the other pipe says so
        process.stdin.write(request)
        process.stdin.flush()
    return read(process.stdout)


def _death(process: "subprocess.Popen[bytes]", said: str) -> Exception:
    """Why a process that has closed its pipe gave no answer."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE_MS / 1000)
    status = process.returncode
    if status is not None and status < 0 and not said:
        return DataError(
            f"The computation was ended from outside (signal {-status}), for want of memory "
            "perhaps; try again"
        )
    bug = ChildBug(f"The computation ended without an answer (exit status {status})")
    bug.add_note(said)
    return bug


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Leave no process and no open pipe."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.kill()
    process.wait()
    process.stdout.close()
    with suppress(OSError):  # what was not read when it died
        process.stdin.close()


class TrainingThread(QThread):
    """Runs one trainer process, at idle priority and with its own memory, for one job.

    The process has a group of its own, so Ctrl+C in the terminal reaches the window alone.
    It ends when its job does, when it is stopped, or when this process is gone.
    """

    heard = Signal(object)  # a message of explorer.trainer_messages
    ended = Signal(object)  # TrainerEnd, after all that was heard

    def __init__(
        self, job: Job, parent: QObject | None = None, command: Sequence[str] | None = None
    ) -> None:
        super().__init__(parent)
        self._job = job
        self._command = list(command or trainer_command())
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._orders: list[Order | Adjustment] = []
        self._stopping = False

    @property
    def process_id(self) -> int | None:
        """The process's number while it lives."""
        process = self._process
        return process.pid if process is not None else None

    def order(self, order: Order | Adjustment) -> None:
        """Tell the trainer something; before it has started it is kept for it."""
        with self._lock:
            self._orders.append(order)
            if self._process is not None:
                self._write_orders(self._process)

    def stop(self) -> None:
        """End process and thread, whatever they are doing, and wait for that."""
        self._stopping = True
        self.order(Order.STOP)
        for push in (subprocess.Popen.terminate, subprocess.Popen.kill):
            if self.wait(_PATIENCE_MS):
                return
            with self._lock:
                if self._process is not None:
                    push(self._process)
        self.wait()

    def run(self) -> None:
        """Start the process and listen to it until it ends (in the thread)."""
        with tempfile.TemporaryFile() as errors:
            try:
                process = self._start(errors)
            except OSError as error:
                self.heard.emit(Failed(f"The trainer cannot be started ({error.strerror})."))
                self.ended.emit(TrainerEnd(1))
                return
            if process is not None:
                self.ended.emit(TrainerEnd(self._listen(process), _tail(errors)))
            else:
                self.ended.emit(TrainerEnd(0))

    def _start(self, errors: IO[bytes]) -> "subprocess.Popen[bytes] | None":
        """The process, with its job; nothing if a stop came first."""
        with self._lock:
            if self._stopping:
                return None
            process = self._process = _spawn(self._command, errors)
            self._write(process, self._job.to_line())
            self._write_orders(process)
        return process

    def _write_orders(self, process: "subprocess.Popen[bytes]") -> None:
        for order in self._orders:
            self._write(process, order.to_line())
        self._orders.clear()

    @staticmethod
    def _write(process: "subprocess.Popen[bytes]", line: bytes) -> None:
        assert process.stdin is not None
        with suppress(OSError):  # it is gone: its end of the other pipe says so
            process.stdin.write(line)
            process.stdin.flush()

    def _listen(self, process: "subprocess.Popen[bytes]") -> int:
        """Pass on what the process says; its exit status."""
        assert process.stdout is not None
        try:
            while (message := read_message(process.stdout)) is not None:
                self.heard.emit(message)
        except Exception as error:  # a bug: whatever was said, the process has to be reaped
            raise_in_hook(error)
        return self._reap(process)

    def _reap(self, process: "subprocess.Popen[bytes]") -> int:
        """Leave no zombie and no open pipe; who has closed its pipe has nothing left to do."""
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.wait(_PATIENCE_MS / 1000)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with self._lock:
            self._process = None
            process.stdout.close()
            with suppress(OSError):  # what was not read when it died
                process.stdin.close()
        return process.returncode


def _windows_flags() -> int:
    """On Windows: idle priority, no console window, and no part in our Ctrl+C."""
    if sys.platform != "win32":
        return 0
    return (
        subprocess.IDLE_PRIORITY_CLASS
        | subprocess.CREATE_NO_WINDOW
        | subprocess.CREATE_NEW_PROCESS_GROUP
    )


def _tail(errors: IO[bytes]) -> str:
    """The end of what a process wrote to its standard error."""
    length = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, length - _STDERR_KEPT))
    return errors.read().decode(errors="replace").strip()
