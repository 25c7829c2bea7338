"""A disk that is nearly full, for tests of what is written."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

needs_file_limit = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows cannot limit how large a file may grow"
)


@contextmanager
def small_disk(room: int) -> Iterator[None]:
    """No file may grow beyond `room` bytes: writing more fails with the system's own error."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
