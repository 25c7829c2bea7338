"""Parts of what is computed grow while they are quick, and are single ones of what is slow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer import batching
from explorer.batching import Batches


class Clock:
    """A time that passes only when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.integers(1, 40), st.lists(st.integers(0, 100), max_size=4), st.floats(0, 1))
def test_every_row_is_in_one_part_whatever_each_takes(
    most: int, counts: list[int], seconds: float
) -> None:
    clock, batches = Clock(), Batches(most)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batching, "perf_counter", clock)
        for count in counts:
            rows: list[int] = []
            for part in batches.parts(count):
                assert 1 <= part.stop - part.start <= most
                rows += range(part.start, part.stop)
                clock.now += seconds * (part.stop - part.start)
            assert rows == list(range(count))


@pytest.mark.parametrize(("seconds", "sizes"), [(1.1, [1] * 8), (0.001, [1, 2, 4, 1])])
def test_slow_rows_are_computed_one_by_one(
    monkeypatch: pytest.MonkeyPatch, seconds: float, sizes: list[int]
) -> None:
    clock = Clock()
    monkeypatch.setattr(batching, "perf_counter", clock)
    seen = []
    for part in Batches(32).parts(8):
        seen.append(part.stop - part.start)
        clock.now += seconds * seen[-1]
    assert seen == sizes


def test_what_becomes_slow_is_cut_smaller_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, batches, sizes = Clock(), Batches(16), []
    monkeypatch.setattr(batching, "perf_counter", clock)
    for part in batches.parts(100):
        sizes.append(part.stop - part.start)
        clock.now += 1.0 if part.start > 40 else 0.0
    assert sizes[:6] == [1, 2, 4, 8, 16, 16]
    assert sizes[-1] == 1
