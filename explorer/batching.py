"""How much is computed at once where somebody may cancel: of what is slow, little."""

from collections.abc import Iterator
from time import perf_counter

_QUICK_SECONDS = 0.1  # for what takes longer than that nobody waits who has cancelled


class Batches:
    """Cuts rows into parts, at first of one; more, up to `most`, while parts are quick."""

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 1

    def parts(self, count: int) -> Iterator[slice]:
        """The slices of `count` rows in order; each is done with when the next is asked for."""
        start = 0
        while start < count:
            part = slice(start, min(start + self._size, count))
            began = perf_counter()
            yield part
            quick = perf_counter() - began < _QUICK_SECONDS
            self._size = min(2 * self._size, self._most) if quick else max(1, self._size // 2)
            start = part.stop
