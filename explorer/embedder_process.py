"""The process that computes an embedding: one request, at idle priority, then it ends."""

import os
import signal
import threading
import traceback
from typing import BinaryIO

from explorer.embedder_messages import read_request, write_failure, write_places, write_progress
from explorer.trainer_process import lower_priority, take_streams
from models.embedding import embed
from models.errors import DataError


def main() -> None:
    """Answer the request on standard input, then end this process."""
    lower_priority()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the window, which then kills
    requests, answers = take_streams()
    try:
        answer(requests, answers)
    except (EOFError, OSError):  # the window is gone
        os._exit(0)
    os._exit(0)  # libraries need no orderly end


def answer(requests: BinaryIO, answers: BinaryIO) -> None:
    """Read a request, compute, and write the answer.

    Raises:
        EOFError, OSError: nobody is there any more.
    """
    z, settings = read_request(requests)
    threading.Thread(target=_end_with, args=(requests,), daemon=True).start()

    def report(what: str, done: int, total: int) -> None:
        write_progress(answers, what, done, total)

    try:
        write_places(answers, embed(z, settings, report))
    except BrokenPipeError:
        raise
    except (DataError, MemoryError) as error:
        write_failure(answers, str(error) or "There is not enough memory for this embedding")
    except Exception as error:  # a bug: the window tells it, with its traceback
        write_failure(answers, str(error), traceback.format_exc())


def _end_with(requests: BinaryIO) -> None:
    """The window holds the other end of this pipe: when it is gone there is nobody to answer."""
    requests.read()
    os._exit(0)
