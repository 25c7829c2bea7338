"""What the window and the process that computes an embedding say to each other; no Qt, no pickle.

A request is a line of JSON and the bytes of the points; an answer is lines of JSON, of which the
last is followed by the bytes of the places, or says why there are none.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import IO, Any

import numpy as np

from models.embedding import EmbeddingSettings, Floats
from models.errors import DataError

_MOST_NUMBERS = 2**30  # what announces more was not written by the other end
_LONGEST_LINE = 2**20


class EmbedderBug(RuntimeError):
    """A mistake of the program in the process; a note holds its traceback there."""


def request_bytes(z: Floats, settings: EmbeddingSettings) -> bytes:
    """Points [N, K] to embed."""
    return _line({"settings": asdict(settings), "shape": z.shape}) + _numbers(z)


def read_request(stream: IO[bytes]) -> tuple[Floats, EmbeddingSettings]:
    """The inverse of `request_bytes`.

    Raises:
        EOFError: the stream has ended.
    """
    head = _read_line(stream)
    return _read_numbers(stream, head["shape"]), EmbeddingSettings(**head["settings"])


def write_progress(stream: IO[bytes], what: str, done: int, total: int) -> None:
    """How far it is; a total of 0 is unknown.

    Raises:
        OSError: nobody reads any more.
    """
    stream.write(_line({"what": what, "done": done, "total": total}))
    stream.flush()


def write_places(stream: IO[bytes], xy: Floats) -> None:
    """The places [N, 2]."""
    stream.write(_line({"shape": xy.shape}) + _numbers(xy))
    stream.flush()


def write_failure(stream: IO[bytes], message: str, details: str = "") -> None:
    """Why there are none; `details` is the traceback of a bug."""
    stream.write(_line({"failed": message, "details": details}))
    stream.flush()


def read_answer(stream: IO[bytes], report: Callable[[str, int, int], None]) -> Floats:
    """The places [N, 2]; on the way `report` is told how far it is.

    Raises:
        DataError: the points cannot be embedded.
        EmbedderBug: the process made a mistake.
        EOFError: the stream has ended before the answer.
    """
    while "shape" not in (said := _read_line(stream)):
        if said.get("details"):
            bug = EmbedderBug(f"The embedding ended by a mistake of the program: {said['failed']}")
            bug.add_note(said["details"])
            raise bug
        if "failed" in said:
            raise DataError(said["failed"])
        report(said["what"], said["done"], said["total"])
    return _read_numbers(stream, said["shape"])


def _line(values: dict[str, Any]) -> bytes:
    return json.dumps(values).encode() + b"\n"


def _numbers(values: Floats) -> bytes:
    return np.ascontiguousarray(values, "<f4").tobytes()


def _read_line(stream: IO[bytes]) -> dict[str, Any]:
    line = stream.readline(_LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise EOFError
    found: dict[str, Any] = json.loads(line)
    return found


def _read_numbers(stream: IO[bytes], shape: list[int]) -> Floats:
    rows, columns = shape
    if not 0 <= rows * columns <= _MOST_NUMBERS:
        raise EOFError
    body = stream.read(4 * rows * columns)
    if len(body) < 4 * rows * columns:
        raise EOFError
    return np.frombuffer(body, "<f4").reshape(rows, columns).astype(np.float32)
