"""Large folders are read once and kept: the same images, whatever came between."""

import json
import os
import shutil
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models import folders, images, row_cache
from models.data import DataSet, load_data
from models.errors import DataError
from models.rows import StoredRows
from tests.disk import needs_file_limit, small_disk
from tests.samples import assert_message, assert_sound, save_pictures

COUNT = 30


def small_cache(place: Path, patch: pytest.MonkeyPatch) -> Path:
    """A cache in a place of its own, of a program that keeps folders of more than 4 pictures."""
    patch.setattr(row_cache, "cache_folder", lambda: place)
    patch.setattr(row_cache, "_SAVED_ROWS", 7)
    patch.setattr(row_cache, "_REPORT_EVERY", 1)
    patch.setattr(row_cache, "_SPARE_BYTES", 0)
    patch.setattr(row_cache, "_WAIT_SECONDS", 0)
    patch.setattr(folders, "_KEPT_FILES", 4)
    patch.setattr(os, "fsync", lambda handle: None)  # the disk's own time, hundreds of times
    return place


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    return small_cache(tmp_path / "cache", monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures of three classes; two of them cannot be read."""
    place = tmp_path / "pictures"
    for name in ("ant", "bee", "cat"):
        save_pictures(place / name, COUNT // 3)
    (place / "ant/005.png").write_bytes(b"no picture")
    (place / "cat/003.png").write_bytes((place / "cat/003.png").read_bytes()[:90])
    return place


def in_colour(path: Path) -> None:
    red = np.full((12, 10, 3), (200, 10, 0), np.uint8)
    red[0, 0] = list(path.name[:3].encode())
    Image.fromarray(red).save(path)


@contextmanager
def nothing_kept() -> Iterator[None]:
    """As if all folders were small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folders, "_KEPT_FILES", 10**9)
        yield


Shape = tuple[int, int, int] | None


def read_plainly(folder: Path, shape: Shape = None) -> DataSet:
    with nothing_kept():
        return load_data(str(folder), image_shape=shape)


def assert_same(found: DataSet, wanted: DataSet) -> None:
    assert isinstance(found.train.images, StoredRows)
    assert not isinstance(wanted.train.images, StoredRows)
    for one, other in ((found.train, wanted.train), (found.held_out, wanted.held_out)):
        np.testing.assert_array_equal(one.images, other.images)
        np.testing.assert_array_equal(one.labels, other.labels)
    assert found.class_names == wanted.class_names
    assert found.preprocessing == wanted.preprocessing
    assert (found.name, found.binary) == (wanted.name, wanted.binary)
    *notes, note = found.notes
    assert tuple(notes) == wanted.notes
    assert note.startswith("kept as ")


def pictures_read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Where the path of each picture goes that is read from now on."""
    seen: list[Path] = []
    read = images.read_picture

    def noted(path: Path) -> object:
        seen.append(path)
        return read(path)

    monkeypatch.setattr(folders, "read_picture", noted)
    return seen


def files_of(cache: Path) -> list[str]:
    found = (path.name.split("-")[0] for path in cache.glob("*/*"))
    return sorted(name for name in found if name != "lock")


# -- what is kept is what would be read ------------------------------------------------------


@pytest.mark.parametrize("shape", [None, (1, 12, 10), (3, 12, 10), (1, 16, 9), (3, 20, 20)])
@pytest.mark.parametrize("coloured", [(), (0,), (17,), (3, 29), range(30)])
def test_kept_pictures_are_those_in_the_folder(
    folder: Path, cache: Path, shape: Shape, coloured: tuple[int, ...]
) -> None:
    for row in coloured:
        in_colour(sorted(folder.glob("*/*"))[row])
    wanted = read_plainly(folder, shape)
    for _ in range(2):
        assert_same(load_data(str(folder), image_shape=shape), wanted)
    assert files_of(cache) == ["images", "index.json", "rows"]


def test_pictures_of_several_sizes_without_classes(tmp_path: Path, cache: Path) -> None:
    save_pictures(tmp_path / "flat", 9)
    for name, size in (("wide.png", (90, 20)), ("tall.png", (20, 300))):
        Image.linear_gradient("L").resize(size).save(tmp_path / "flat" / name)
    found = load_data(str(tmp_path / "flat"))
    assert_same(found, read_plainly(tmp_path / "flat"))
    assert (found.train.labels, found.preprocessing.image_shape) == (None, (1, 64, 64))


def test_pictures_that_take_much_memory_are_kept_too(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "_KEPT_FILES", 10**9)
    wanted = load_data(str(folder))
    monkeypatch.setattr(folders, "_KEPT_BYTES", COUNT * 3 * 12 * 10 - 1)
    assert_same(load_data(str(folder)), wanted)


def test_the_held_out_images_are_not_of_the_last_class_alone(folder: Path, cache: Path) -> None:
    found = load_data(str(folder))
    assert_sound(found, COUNT - 2)
    assert found.held_out.labels is not None
    assert found.held_out.labels.tolist() == [1, 2]
    save_pictures(folder / "dog", 10)
    found = load_data(str(folder))
    assert found.held_out.labels is not None
    assert found.held_out.labels.tolist() == [1, 2, 3]


def test_the_second_time_no_picture_is_opened(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = load_data(str(folder)).notes
    monkeypatch.setattr(folders, "picture_size", pytest.fail)
    seen = pictures_read(monkeypatch)
    assert load_data(str(folder)).notes == wanted
    assert [path.name for path in seen] == ["005.png", "003.png"]  # but those left out
    assert wanted[0].startswith("2 of 30 pictures left out; the first: ")
    assert "005.png" in wanted[0]
    (kept,) = cache.iterdir()
    assert wanted[1] == f"kept as 0 MB in {kept}, which may be deleted"


def test_a_finished_cache_is_a_file_of_numpy(folder: Path, cache: Path) -> None:
    load_data(str(folder))
    (path,) = cache.glob("*/images-*.npy")
    array = np.load(path)
    assert array.shape == (COUNT, 1, 12, 10)
    assert not array[5].any()  # one that could not be read


# -- whatever stops it, it goes on -----------------------------------------------------------


class Killed(BaseException):
    """What no code that is killed gets to see."""


def stop_at(row: int) -> Callable[[str, int, int], None]:
    def report(what: str, done: int, total: int) -> None:
        if what == "reading pictures" and done == row:
            raise DataError("loading was stopped")

    return report


@settings(max_examples=25)
@given(row=st.integers(0, COUNT - 1), coloured=st.none() | st.integers(0, COUNT - 1))
def test_what_was_stopped_goes_on_where_it_was(
    row: int, coloured: int | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("stopped")
    save_pictures(place / "pictures", COUNT)
    if coloured is not None:
        in_colour(place / f"pictures/{coloured:03}.png")
    with pytest.MonkeyPatch.context() as patch:
        small_cache(place / "cache", patch)
        wanted = read_plainly(place / "pictures")
        with pytest.raises(DataError, match="stopped"):
            load_data(str(place / "pictures"), report=stop_at(row))
        seen = pictures_read(patch)
        assert_same(load_data(str(place / "pictures")), wanted)
        assert [path.name for path in seen] == [f"{left:03}.png" for left in range(row, COUNT)]
    shutil.rmtree(place)


@pytest.mark.parametrize("coloured", [None, 12])
@pytest.mark.parametrize("step", ["_write_rows", "_write_index", "_make_file", "_tidy"])
@pytest.mark.parametrize("before", [True, False])
def test_what_was_killed_goes_on(
    folder: Path, cache: Path, step: str, before: bool, coloured: int | None
) -> None:
    if coloured is not None:
        in_colour(sorted(folder.glob("*/*"))[coloured])
    wanted, real, calls = read_plainly(folder), getattr(row_cache, step), 0
    for life in range(20):
        left = life + 1

        def killing(*words: object) -> None:
            nonlocal left
            left -= 1
            if left or not before:
                real(*words)
            if not left:
                raise Killed

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(row_cache, step, killing)
            try:
                found = load_data(str(folder))
            except Killed:
                calls += 1
                continue
        break
    assert calls
    assert_same(found, wanted)
    assert_same(load_data(str(folder)), wanted)
    assert files_of(cache) == ["images", "index.json", "rows"]


def test_stopping_by_the_watch_is_one_message(folder: Path, cache: Path) -> None:
    seen: list[int] = []
    with pytest.raises(DataError, match="stopped") as caught:
        load_data(
            str(folder),
            report=lambda what, done, total: seen.append(done),
            cancelled=lambda: len(seen) > 12,
        )
    assert_message(caught.value, folder)


@pytest.mark.parametrize("coloured", [None, 3, 12])
@pytest.mark.parametrize("broken", [[3], [3, 12, 29], [*range(10, 30)]])
def test_what_could_not_be_read_for_a_moment_is_not_left_out_for_good(
    folder: Path,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    broken: list[int],
    coloured: int | None,
) -> None:
    paths = sorted(folder.glob("*/*"))
    if coloured is not None:
        in_colour(paths[coloured])
    wanted, read = read_plainly(folder), images.read_picture

    def failing(path: Path) -> object:
        if path in [paths[row] for row in broken]:
            raise DataError(f"{path}: cannot be read (Input/output error); try another")
        return read(path)

    with monkeypatch.context() as patch:
        patch.setattr(folders, "read_picture", failing)
        first = load_data(str(folder))
    assert len(first.train) + len(first.held_out) == COUNT - len({5, 23, *broken})
    for _ in range(2):
        assert_same(load_data(str(folder)), wanted)
    assert files_of(cache) == ["images", "index.json", "rows"]


# -- several processes -----------------------------------------------------------------------


def test_only_one_at_a_time_works_in_a_folder(folder: Path, cache: Path) -> None:
    load_data(str(folder))
    (kept,) = cache.iterdir()
    half = kept / ".index.json.x.part"
    half.touch()
    said: list[str] = []
    with FileLock(kept / "lock"), pytest.raises(DataError, match="stopped") as caught:
        load_data(
            str(folder),
            report=lambda what, done, total: said.append(what),
            cancelled=lambda: "waiting" in said[-1] if said else False,
        )
    assert_message(caught.value, folder)
    assert half.exists()


def test_who_has_waited_finds_the_work_done(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = load_data(str(folder))
    (kept,) = cache.iterdir()
    index = kept / "index.json"
    done = index.read_bytes()
    index.unlink()
    lock = FileLock(kept / "lock")

    def finish(what: str, *_: int) -> None:
        if "waiting" in what:
            index.write_bytes(done)
            lock.release()

    monkeypatch.setattr(folders, "picture_size", lambda path: (10, 12))
    seen = pictures_read(monkeypatch)
    with lock:
        found = load_data(str(folder), report=finish)
    assert [path.name for path in seen] == ["005.png", "003.png"]  # those left out
    np.testing.assert_array_equal(found.train.images, wanted.train.images)


# -- what has changed is noticed -------------------------------------------------------------


def add(folder: Path) -> None:
    save_pictures(folder / "bird", 5)


def remove(folder: Path) -> None:
    (folder / "cat/000.png").unlink(missing_ok=True)
    shutil.rmtree(folder / "bee", ignore_errors=True)


def change(folder: Path) -> None:
    Image.fromarray(np.full((12, 10), 77, np.uint8)).save(folder / "cat/004.png")


def repair(folder: Path) -> None:
    shutil.copy(folder / "cat/005.png", folder / "cat/003.png")


def rename(folder: Path) -> None:
    if (folder / "ant").exists():
        (folder / "ant").rename(folder / "zebra")


def colour(folder: Path) -> None:
    in_colour(folder / "cat/004.png")


def resize(folder: Path) -> None:
    Image.fromarray(np.full((12, 19), 77, np.uint8)).save(folder / "cat/004.png")


CHANGES = (add, remove, change, repair, rename, colour, resize)


@pytest.mark.parametrize("second", CHANGES)
@pytest.mark.parametrize("first", CHANGES)
def test_a_changed_folder_is_read_again(
    folder: Path, cache: Path, first: Callable[[Path], None], second: Callable[[Path], None]
) -> None:
    for act in (first, second):
        load_data(str(folder))
        act(folder)
    assert_same(load_data(str(folder)), read_plainly(folder))
    assert files_of(cache) == ["images", "index.json", "rows"]


def test_only_what_changed_is_read_again(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_data(str(folder))
    add(folder)
    change(folder)
    (folder / "cat/009.png").unlink()
    seen = pictures_read(monkeypatch)
    with pytest.raises(DataError, match="stopped"):
        load_data(str(folder), report=stop_at(25))
    found = load_data(str(folder))
    names = [f"{path.parent.name}/{path.name}" for path in seen]
    again = ["ant/005.png", "cat/003.png"]  # could not be read, and so were not kept
    assert sorted(names) == sorted([*again, "cat/004.png", *(f"bird/00{n}.png" for n in range(5))])
    assert_same(found, read_plainly(folder))


def test_a_change_during_a_rebuild_costs_none_of_what_was_there(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_data(str(folder))
    add(folder)
    with pytest.raises(DataError, match="stopped"):
        load_data(str(folder), report=stop_at(8))
    change(folder)
    seen = pictures_read(monkeypatch)
    found = load_data(str(folder))
    names = [path.relative_to(folder).as_posix() for path in seen]
    assert_same(found, read_plainly(folder))
    birds = [f"bird/00{number}.png" for number in range(5)]
    assert names == ["ant/005.png", *birds, "cat/003.png", "cat/004.png"]


def test_a_folder_that_lost_its_only_colour_is_grey(folder: Path, cache: Path) -> None:
    colour(folder)
    assert load_data(str(folder)).train.images.shape[1] == 3
    change(folder)
    assert load_data(str(folder)).train.images.shape[1] == 1


def test_what_is_kept_of_folders_that_are_gone_for_long_is_removed(
    folder: Path, cache: Path, tmp_path: Path
) -> None:
    load_data(str(folder))
    (used,) = cache.iterdir()
    load_data(str(folder), image_shape=(1, 8, 8))
    long_ago = time.time() - 31 * 24 * 3600
    for index in cache.glob("*/index.json"):
        os.utime(index, (long_ago, long_ago))
    load_data(str(folder))  # used again
    folder.rename(tmp_path / "elsewhere")
    assert len(list(cache.iterdir())) == 2
    load_data(str(tmp_path / "elsewhere"))
    assert len(list(cache.iterdir())) == 2
    assert used.exists()  # the disk may only be unplugged


# -- what is damaged is made again -----------------------------------------------------------


def spoilt(**changes: object) -> Callable[[Path], None]:
    def spoil(kept: Path) -> None:
        path = kept / "index.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return spoil


def written(name: str, data: bytes) -> Callable[[Path], None]:
    def write(kept: Path) -> None:
        next(kept.glob(name)).write_bytes(data)

    return write


def shortened(name: str, count: int) -> Callable[[Path], None]:
    def shorten(kept: Path) -> None:
        (path,) = kept.glob(name)
        path.write_bytes(path.read_bytes()[:-count])

    return shorten


def removed(name: str) -> Callable[[Path], None]:
    return lambda kept: next(kept.glob(name)).unlink()


def other_header(kept: Path) -> None:
    (path,) = kept.glob("images-*")
    path.write_bytes(path.read_bytes().replace(b"'|u1'", b"'|i1'", 1))


DAMAGES: dict[str, Callable[[Path], None]] = {
    "one byte short": shortened("images-*", 1),
    "cut in its header": written("images-*", b"\x93NUMPY"),
    "no images": removed("images-*"),
    "empty images": written("images-*", b""),
    "another header": other_header,
    "no index": removed("index.json"),
    "empty index": written("index.json", b""),
    "half an index": shortened("index.json", 20),
    "nested index": written("index.json", b"[" * 100_000),
    "binary index": written("index.json", b"\xff\xfe\x00"),
    "index of a list": written("index.json", b"[]"),
    "future version": spoilt(version=2),
    "unknown field": spoilt(more=1),
    "more done than there is": spoilt(done=COUNT + 1),
    "negative": spoilt(done=-1),
    "done is a word": spoilt(done="30"),
    "done is true": spoilt(done=True),
    "huge shape": spoilt(shape=[1, 2**62, 2**62]),
    "negative shape": spoilt(shape=[-1, 12, -10]),
    "flat shape": spoilt(shape=[120]),
    "no shape": spoilt(shape=None),
    "left out twice": spoilt(left_out=[5, 5]),
    "left out beyond the end": spoilt(left_out=[COUNT]),
    "left out is endless": spoilt(left_out=[2**70]),
    "path as a name": spoilt(identities="../../x"),
    "problem is none": spoilt(first_problem=None),
}


@pytest.mark.parametrize("case", DAMAGES)
def test_a_damaged_cache_is_made_again(folder: Path, cache: Path, case: str) -> None:
    wanted = read_plainly(folder)
    load_data(str(folder))
    (kept,) = cache.iterdir()
    DAMAGES[case](kept)
    assert_same(load_data(str(folder)), wanted)
    assert_same(load_data(str(folder)), wanted)


@pytest.mark.parametrize("name", ["rows-*", "images-*"])
def test_damaged_rows_are_not_used_again(folder: Path, cache: Path, name: str) -> None:
    load_data(str(folder))
    (kept,) = cache.iterdir()
    shortened(name, 8)(kept)
    add(folder)
    assert_same(load_data(str(folder)), read_plainly(folder))


# -- no room ---------------------------------------------------------------------------------


def test_too_little_room_is_told_before_anything_is_read(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, COUNT * 120 - 1))
    seen = pictures_read(monkeypatch)
    with pytest.raises(DataError, match=r"need 0 MB in the cache.*has 0 MB free; make") as caught:
        load_data(str(folder))
    assert_message(caught.value, folder)
    assert str(cache) in str(caught.value)
    assert not seen
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 0, COUNT * 120))
    assert_same(load_data(str(folder)), read_plainly(folder))


def test_no_room_for_colour_is_told_when_it_comes(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_colour(sorted(folder.glob("*/*"))[20])
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 0, COUNT * 120))
    with pytest.raises(DataError, match="make room"):
        load_data(str(folder))
    monkeypatch.undo()


@needs_file_limit
@pytest.mark.parametrize("room", [10, 500, 1300, 3000])
def test_a_full_disk_is_one_message_and_what_is_done_stays(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    wanted = read_plainly(folder)
    with small_disk(room), pytest.raises(DataError, match="cannot be kept in") as caught:
        load_data(str(folder))
    assert_message(caught.value, folder)
    assert str(cache) in str(caught.value)
    seen = pictures_read(monkeypatch)
    assert_same(load_data(str(folder)), wanted)
    saved = max(0, (room - 128) // (7 * 120)) * 7
    assert len(seen) == COUNT - (saved if room > 1000 else 0)


def test_a_cache_folder_that_is_a_file(folder: Path, cache: Path) -> None:
    cache.write_text("in the way")
    with pytest.raises(DataError, match="cannot be kept in") as caught:
        load_data(str(folder))
    assert_message(caught.value, folder)
