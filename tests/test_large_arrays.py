"""An `.npy` of more than a gigabyte stays in its file: the same images, and no memory for them."""

import errno
import io
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models import arrays, row_cache, rows
from models.data import load_data
from models.errors import DataError
from models.rows import StoredRows
from tests.samples import AnyArray, assert_message, assert_sound, npy_claiming, pixels
from tests.test_arrays import BAD_ARRAYS

if TYPE_CHECKING:
    from torch import Tensor

ROOT = Path(__file__).parent.parent
COUNT = 50


@pytest.fixture
def all_are_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "_READ_BYTES", 0)
    monkeypatch.setattr(arrays, "_AT_ONCE", 7)
    monkeypatch.setattr(row_cache, "_SAVED_ROWS", 7)
    monkeypatch.setattr(row_cache, "_REPORT_EVERY", 1)
    monkeypatch.setattr(row_cache, "cache_folder", lambda: tmp_path / "cache")


COLOUR = np.random.default_rng(0).integers(0, 256, (COUNT, 12, 10, 3), dtype=np.uint8)
LAYOUTS: dict[str, AnyArray] = {
    "grey": pixels(COUNT),
    "channel last": pixels(COUNT)[..., None],
    "channel first": pixels(COUNT)[:, None],
    "colour last": COLOUR,
    "colour first": np.ascontiguousarray(np.moveaxis(COLOUR, 3, 1)),
    "big endian": pixels(COUNT).astype(">u2"),
    "signed": pixels(COUNT).astype(np.int64),
    "0 to 255": pixels(COUNT).astype(np.float64),
    "0 to 1": pixels(COUNT).astype(np.float32) / 255,
    "half": pixels(COUNT).astype(np.float16) / 255,
    "black and white": pixels(COUNT) > 128,
    "0 and 1": (pixels(COUNT) > 128).astype(np.uint8),
    "256 only at the end": np.concatenate([np.zeros((40, 9, 9), np.uint8), pixels(10, 9, 9)]),
}


@pytest.mark.parametrize("shape", [None, (1, 16, 9), (3, 12, 12)])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_stays_in_its_file_is_what_would_be_read(
    layout: str,
    shape: tuple[int, int, int] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    all_are_large: None,
) -> None:
    path = tmp_path / "large.npy"
    np.save(path, LAYOUTS[layout])
    found = load_data(str(path), image_shape=shape)
    monkeypatch.setattr(arrays, "_READ_BYTES", 10**9)
    wanted = load_data(str(path), image_shape=shape)
    assert_sound(found, COUNT)
    assert isinstance(found.train.images, StoredRows)
    assert not isinstance(wanted.train.images, StoredRows)
    np.testing.assert_array_equal(found.train.images, wanted.train.images)
    copy = pickle.loads(pickle.dumps(found.train))  # as another process would get it
    np.testing.assert_array_equal(copy.images[:3], wanted.train.images[:3])
    np.testing.assert_array_equal(found.held_out.images, wanted.held_out.images)
    assert (found.preprocessing, found.binary) == (wanted.preprocessing, wanted.binary)
    assert found.notes[: len(wanted.notes)] == wanted.notes
    assert len(found.notes) == len(wanted.notes) + (shape is not None)


@pytest.mark.parametrize("name", BAD_ARRAYS)
def test_bad_large_array_is_one_message(name: str, tmp_path: Path, all_are_large: None) -> None:
    body, problem = BAD_ARRAYS[name]
    path = tmp_path / "bad.npy"
    path.write_bytes(body)
    with pytest.raises(DataError, match=problem) as caught:
        load_data(str(path))
    assert_message(caught.value, path)


def test_columns_one_by_one_are_refused(tmp_path: Path, all_are_large: None) -> None:
    path = tmp_path / "columns.npy"
    np.save(path, np.asfortranarray(pixels(COUNT)))
    with pytest.raises(DataError, match=r"Fortran order.*ascontiguousarray") as caught:
        load_data(str(path))
    assert_message(caught.value, path)


def test_images_that_differ_only_at_the_end_are_fine(tmp_path: Path, all_are_large: None) -> None:
    images = np.full((600, 8, 8), 9, np.uint8)
    path = tmp_path / "same.npy"
    np.save(path, images)
    with pytest.raises(DataError, match=r"all 600 images are the same.*nothing to learn") as caught:
        load_data(str(path))
    assert_message(caught.value, path)
    images[-1, -1, -1] = 8
    np.save(path, images)
    assert_sound(load_data(str(path)), 600)


def test_looking_at_values_reports_and_can_be_stopped(tmp_path: Path, all_are_large: None) -> None:
    np.save(tmp_path / "a.npy", pixels(COUNT) / 255)
    seen: list[tuple[str, int, int]] = []
    load_data(str(tmp_path / "a.npy"), report=lambda *step: seen.append(step))
    assert seen[1:] == [("looking at values", done, COUNT) for done in range(0, COUNT, 7)]
    with pytest.raises(DataError, match="stopped"):
        load_data(str(tmp_path / "a.npy"), report=lambda *s: seen.append(s), cancelled=lambda: True)


def test_resizing_goes_on_and_is_done_once(tmp_path: Path, all_are_large: None) -> None:
    np.save(tmp_path / "a.npy", pixels(COUNT))
    shape, seen = (1, 20, 20), list[tuple[str, int, int]]()

    def stop(what: str, done: int, total: int) -> None:
        if done == 33:
            raise DataError("loading was stopped")

    with pytest.raises(DataError, match="stopped"):
        load_data(str(tmp_path / "a.npy"), image_shape=shape, report=stop)
    load_data(str(tmp_path / "a.npy"), image_shape=shape, report=lambda *step: seen.append(step))
    assert [done for what, done, _ in seen if what == "resizing images"] == [*range(33, 51)]
    seen.clear()
    found = load_data(
        str(tmp_path / "a.npy"), image_shape=shape, report=lambda *step: seen.append(step)
    )
    assert not [step for step in seen if step[0] == "resizing images"]
    assert found.notes[0].startswith("images of 10×12 in grey brought to 20×20 in grey")
    assert found.notes[1].startswith("kept as ")
    np.save(tmp_path / "a.npy", pixels(COUNT, seed=1))
    again = load_data(str(tmp_path / "a.npy"), image_shape=shape)
    assert (np.asarray(again.train.images) != np.asarray(found.train.images)).any()


def test_a_file_that_breaks_while_it_is_resized_is_one_message(
    tmp_path: Path, all_are_large: None
) -> None:
    path = tmp_path / "a.npy"
    np.save(path, pixels(COUNT))

    def cut(what: str, done: int, total: int) -> None:
        if what == "resizing images" and done == 20:
            path.write_bytes(path.read_bytes()[:3000])

    with pytest.raises(DataError, match="has become shorter") as caught:
        load_data(str(path), image_shape=(1, 20, 20), report=cut)
    assert_message(caught.value, path)


def test_a_disk_that_failed_for_a_moment_is_read_by_the_next_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, all_are_large: None
) -> None:
    path, failing, read = tmp_path / "a.npy", False, rows._read_at
    np.save(path, pixels(COUNT))

    def fail(what: str, done: int, total: int) -> None:
        nonlocal failing
        failing = what == "resizing images" and 20 <= done < 40

    def read_at(stream: io.FileIO, start: int, into: memoryview) -> int:
        if failing and str(stream.name) == str(path):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(stream, start, into)

    monkeypatch.setattr(rows, "_read_at", read_at)
    shape = (1, 20, 20)
    with pytest.raises(DataError, match="Input/output error"):
        load_data(str(path), image_shape=shape, report=fail)
    found = load_data(str(path), image_shape=shape)
    monkeypatch.setattr(arrays, "_READ_BYTES", 10**9)
    wanted = load_data(str(path), image_shape=shape)
    np.testing.assert_array_equal(found.train.images, wanted.train.images)
    np.testing.assert_array_equal(found.held_out.images, wanted.held_out.images)


# Opens what argv[1] names and takes many batches at random; prints what that took at most.
TAKE = """
import resource, sys
import numpy as np
from models.data import load_data
def most() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
load_data("digits")  # all that is imported on the way
before = most()
data = load_data(sys.argv[1])
order = np.random.default_rng(0).permutation(len(data.train))[:60_000]
for rows in np.split(order, len(order) // 100):
    data.train.images[rows]
print(data.train.images.nbytes >> 20, most() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no `resource`")
@pytest.mark.parametrize(("dtype", "count"), [("|u1", 4_000_000), ("<f4", 400_000)])
def test_memory_is_flat_however_large_the_file(dtype: str, count: int, tmp_path: Path) -> None:
    path = tmp_path / "sparse.npy"
    with path.open("wb") as stream:  # with nearly nothing in it, it takes no room on the disk
        stream.write(npy_claiming((count, 28, 28), dtype))
        stream.write(pixels(20, 28, 28).astype(dtype).tobytes())
        stream.truncate(128 + count * 784 * np.dtype(dtype).itemsize)
    assert path.stat().st_size > 2**30
    command = [sys.executable, "-c", TAKE, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    images_mb, added_mb = (int(word) for word in done.stdout.split())
    assert images_mb > 250
    assert added_mb < 150


def test_training_is_the_same_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, all_are_large: None
) -> None:
    import torch

    from models.plans import Plan
    from models.runs import config_of, run

    np.save(tmp_path / "a.npy", pixels(200, 8, 8))
    weights = []
    for limit in (0, 10**9):
        monkeypatch.setattr(arrays, "_READ_BYTES", limit)
        out = str(tmp_path / f"{limit}.safetensors")
        plan = Plan(str(tmp_path / "a.npy"), out, width=16, depth=1, epochs=2, batch_size=30)
        data = load_data(plan.data)
        assert isinstance(data.train.images, StoredRows) is not bool(limit)
        assert config_of(plan, data).image_shape == (1, 8, 8)
        list(run(plan, data=data))
        weights.append(Path(out).read_bytes())
    tensors = [load_weights(body) for body in weights]
    assert tensors[0].keys() == tensors[1].keys()
    assert all(torch.equal(tensors[0][name], tensors[1][name]) for name in tensors[0])


def load_weights(body: bytes) -> dict[str, "Tensor"]:
    from safetensors.torch import load

    return load(body)
