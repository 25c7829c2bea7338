"""Images that stay in their file are what an array of them would be, and take no memory."""

import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import DataError
from models.rows import RowFile, StoredRows, expect
from tests.samples import Bytes, assert_message, pixels

COUNT = 23


def images() -> Bytes:
    return pixels(COUNT)[:, None]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "images.bin"
    path.write_bytes(b"header" + images().tobytes() + b"what follows")
    return path


def stored(path: Path) -> StoredRows:
    return StoredRows(RowFile(path, len(b"header"), COUNT, (1, 12, 10)))


NUMBERS = st.lists(st.integers(-COUNT, COUNT - 1), max_size=40).map(
    lambda numbers: np.array(numbers, np.int64)
)
PLACES = st.none() | st.integers(-COUNT - 3, COUNT + 3)
SLICES = st.builds(slice, PLACES, PLACES, st.none() | st.integers(1, 5) | st.integers(-5, -1))
MASKS = st.lists(st.booleans(), min_size=COUNT, max_size=COUNT).map(np.array)
KEYS = NUMBERS | SLICES | MASKS | st.integers(-COUNT, COUNT - 1)


@given(key=KEYS)
def test_rows_are_those_of_an_array(key: int | slice | Bytes, file: Path) -> None:
    wanted, rows = images()[key], stored(file)
    if isinstance(key, np.ndarray):
        expect(rows, key)
    found = rows[key]
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    np.testing.assert_array_equal(found, wanted)
    assert found.flags.writeable
    assert found.flags.c_contiguous


@given(outer=NUMBERS | SLICES | MASKS, inner=SLICES)
def test_a_view_is_what_was_chosen(outer: slice | Bytes, inner: slice, file: Path) -> None:
    view, wanted = stored(file).view(outer), images()[outer]
    assert (len(view), view.shape, view.nbytes) == (len(wanted), wanted.shape, wanted.nbytes)
    assert (view.ndim, view.dtype) == (wanted.ndim, wanted.dtype)
    np.testing.assert_array_equal(view[inner], wanted[inner])
    np.testing.assert_array_equal(np.asarray(view.view(inner)), wanted[inner])
    np.testing.assert_array_equal(view.whole()[view.rows], wanted)


@pytest.mark.parametrize("key", [COUNT, -COUNT - 1, np.array([0, COUNT]), np.zeros(3, bool)])
def test_there_is_no_such_row(key: int | Bytes, file: Path) -> None:
    with pytest.raises(IndexError):
        stored(file)[key]


@pytest.mark.parametrize("key", [None, ..., (0, 0), np.zeros((2, 2), int), "0"])
def test_what_is_no_row_is_refused(key: object, file: Path) -> None:
    with pytest.raises(IndexError, match="number, slice, mask or array"):
        stored(file)[key]  # type: ignore[index]  # wrong on purpose


def test_all_rows_are_never_had_unnoticed(file: Path) -> None:
    with pytest.raises(ValueError, match="copy"):
        stored(file).__array__(copy=False)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is told")
def test_what_is_taken_next_is_read_ahead(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []

    def advise(stream: int, start: int, count: int, advice: int) -> None:
        assert advice == os.POSIX_FADV_WILLNEED
        told.append((start, count))

    monkeypatch.setattr(os, "posix_fadvise", advise)
    size, rows = 12 * 10, stored(file)
    expect(rows, np.array([7, 2]))
    assert told == [(len(b"header") + row * size, size) for row in (7, 2)]
    rows[np.array([7, 2])]
    assert len(told) == 2  # what was told already is not told again
    expect(rows.view(slice(5, 9)), slice(1, 3))
    assert told[2:] == [(len(b"header") + row * size, size) for row in (6, 7)]
    expect(rows, 3)  # one row is read at once
    expect(images(), np.array([1, 2]))
    assert len(told) == 4


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is told")
def test_the_system_is_told_of_rows_while_they_come_slowly(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    now, passes = [0.0], [0.0]

    def clock() -> float:
        now[0] += passes[0]
        return now[0]

    monkeypatch.setattr(os, "posix_fadvise", lambda *_: told.append(1))
    monkeypatch.setattr("models.rows.perf_counter", clock)
    rows, chosen = stored(file), np.array([3, 1])

    def tells(takes: int) -> int:
        before = len(told)
        for _ in range(takes):
            expect(rows, chosen)
            np.testing.assert_array_equal(rows[chosen], images()[chosen])
        return (len(told) - before) // len(chosen)

    first = tells(1000)
    assert 0 < first < 1000  # all rows are in memory: soon there is nothing to tell
    assert tells(1000) == 0
    passes[0] = 1.0  # they are there no more
    assert tells(1000) >= 900


@pytest.mark.parametrize("key", [slice(None), np.array([3, COUNT - 1])])
def test_a_file_cut_short_meanwhile_is_one_message(key: slice | Bytes, tmp_path: Path) -> None:
    path = tmp_path / "images.bin"
    path.write_bytes(b"header" + images().tobytes())
    rows = stored(path)
    rows[key]
    os.truncate(path, 2000)
    with pytest.raises(DataError, match="has become shorter") as caught:
        rows[key]
    assert_message(caught.value, path)
    np.testing.assert_array_equal(rows[:2], images()[:2])


def test_another_process_opens_the_file_itself(file: Path) -> None:
    view = stored(file).view(slice(3, 9))
    copy = pickle.loads(pickle.dumps(view))
    np.testing.assert_array_equal(copy[:], view[:])
    assert copy.file._stream is not view.file._stream


def test_the_file_is_closed_with_the_last_view(tmp_path: Path) -> None:
    path = tmp_path / "images.bin"
    path.write_bytes(b"header" + images().tobytes())
    view = stored(path).view(slice(3, 5))
    stream = view.file._stream
    view[0]
    assert not stream.closed
    del view
    assert stream.closed
