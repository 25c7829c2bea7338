"""NumPy files of any layout become images; pickles, bombs and nonsense are one message."""

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import arrays
from models.data import load_data
from models.errors import DataError
from models.preprocessing import Preprocessing
from tests.samples import AnyArray, assert_message, assert_sound, npy, npy_claiming, pixels


@pytest.mark.parametrize(
    "array",
    [
        pixels(20),
        pixels(20)[..., None],
        pixels(20)[:, None],
        np.asfortranarray(pixels(20)),
        pixels(20).astype(np.int64),
        pixels(20).astype(">u2"),
        pixels(20).astype(np.float64),
        pixels(20).astype(np.float32) / 255,
        pixels(20).astype(np.float16) / 255,
    ],
)
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_arrays_of_any_layout_and_type_are_the_same_images(
    array: AnyArray, suffix: str, tmp_path: Path
) -> None:
    path = tmp_path / f"images{suffix}"
    if suffix == ".npy":
        np.save(path, array)
    else:
        np.savez_compressed(path, images=array)
    found = load_data(str(path))
    assert_sound(found, 20)
    assert found.name == "images"
    step = 1 if array.dtype == np.float16 else 0
    wanted = pixels(20)[[9, 19], None].astype(int)
    assert np.abs(found.held_out.images - wanted).max() <= step


def test_colour_arrays_either_way_round(tmp_path: Path) -> None:
    last = np.random.default_rng(0).integers(0, 256, (4, 12, 10, 3), dtype=np.uint8)
    np.save(tmp_path / "last.npy", last)
    np.save(tmp_path / "first.npy", last.transpose(0, 3, 1, 2))
    found = [load_data(str(tmp_path / name)) for name in ("last.npy", "first.npy")]
    np.testing.assert_array_equal(found[0].train.images, found[1].train.images)
    assert found[0].preprocessing == Preprocessing(3, 12, 10, "crop")


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int32, np.float32])
def test_black_and_white_arrays_are_spread_to_bytes(dtype: type, tmp_path: Path) -> None:
    np.save(tmp_path / "shapes.npy", (pixels(6) > 128).astype(dtype))
    found = load_data(str(tmp_path / "shapes.npy"))
    assert set(np.unique(found.train.images)) == {0, 255}
    assert found.binary


def test_binary_means_nearly_black_or_white(tmp_path: Path) -> None:
    np.save(tmp_path / "grey.npy", pixels(6, 40, 40))
    assert not load_data(str(tmp_path / "grey.npy")).binary


@pytest.mark.parametrize(
    ("labels", "names", "first"),
    [
        (np.arange(20) % 3, ("0", "1", "2"), [0, 1, 2]),
        (np.arange(20) % 2 * 7 + 3, ("3", "10"), [0, 1, 0]),
        (np.array(["cat", "ant"] * 10), ("ant", "cat"), [1, 0, 1]),
        ((np.arange(20) % 3).astype(float)[:, None], ("0", "1", "2"), [0, 1, 2]),
    ],
)
def test_labels_of_an_archive(
    labels: AnyArray, names: tuple[str, ...], first: list[int], tmp_path: Path
) -> None:
    np.savez(tmp_path / "a.npz", x=pixels(20), y=labels)
    found = load_data(str(tmp_path / "a.npz"))
    assert_sound(found, 20)
    assert found.class_names == names
    assert found.train.labels is not None
    assert found.train.labels[:3].tolist() == first


def test_archive_with_a_division_of_its_own(tmp_path: Path) -> None:
    images, labels = pixels(12), np.arange(12) % 4
    np.savez(
        tmp_path / "a.npz",
        x_train=images[:9],
        y_train=labels[:9],
        x_test=images[9:],
        y_test=labels[9:],
    )
    found = load_data(str(tmp_path / "a.npz"))
    assert_sound(found, 12)
    np.testing.assert_array_equal(np.asarray(found.held_out.images)[:, 0], images[9:])
    assert found.held_out.labels is not None
    assert found.held_out.labels.tolist() == [1, 2, 3]


def test_too_many_different_labels_are_no_classes(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=pixels(1200, 8, 8), y=np.arange(1200))
    found = load_data(str(tmp_path / "a.npz"))
    assert (found.train.labels, found.class_names) == (None, ())
    assert found.notes == ("labels left out: 1,200 different ones are no classes",)


@pytest.mark.parametrize("shape", [(1, 32, 40), (3, 12, 10), (3, 9, 9)])
def test_arrays_are_brought_to_a_shape_that_is_asked_for(
    shape: tuple[int, int, int], tmp_path: Path
) -> None:
    np.save(tmp_path / "a.npy", pixels(5))
    found = load_data(str(tmp_path / "a.npy"), image_shape=shape, fit="fit")
    assert_sound(found, 5)
    assert found.preprocessing.image_shape == shape
    assert found.preprocessing.inversion == "light border"
    assert found.notes[0].startswith("images of 10×12 in grey brought to")


@pytest.mark.parametrize("side", [4, 300])
def test_arrays_of_a_size_no_model_has_become_64_by_64(side: int, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", pixels(3, side, side))
    assert load_data(str(tmp_path / "a.npy")).train.images.shape[1:] == (1, 64, 64)


class Trap:
    """An object whose unpickling would be noticed."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return pytest.fail, ("a pickle was opened",)


_OBJECTS = npy(np.array([Trap(), Trap()], dtype=object), allow_pickle=True)

BAD_ARRAYS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is damaged or no NumPy file"),
    "text": (b"no array", "is damaged or no NumPy file"),
    "pickle": (pickle.dumps(Trap()), "is damaged or no NumPy file"),
    "objects": (_OBJECTS, "a pickle.*never opened"),
    "truncated": (npy(pixels(9))[:-5], "is damaged|breaks off"),
    "header-cut": (npy(pixels(9))[:20], "is damaged"),
    "huge": (npy_claiming((2**40, 28, 28)), "breaks off|would take"),
    "huge-floats": (npy_claiming((2**40, 28, 28), "<f8"), "breaks off|would take"),
    "overflowing": (npy_claiming((2**62, 2**62, 4)), "breaks off|would take"),
    "negative": (npy_claiming((-1, 28, 28)), "is damaged"),
    "no-images": (npy(np.zeros((0, 28, 28), np.uint8)), "is empty"),
    "one-image": (npy(pixels(1)), "only 1 image"),
    "a-number": (npy(np.array(3.0)), "has the shape"),
    "a-table": (npy(np.zeros((20, 784), np.uint8)), "has the shape"),
    "five-axes": (npy(np.zeros((2, 2, 8, 8, 3), np.uint8)), "has the shape"),
    "two-channels": (npy(np.zeros((4, 8, 8, 2), np.uint8)), "has the shape"),
    "nan": (npy(np.full((4, 8, 8), np.nan, np.float32)), "not finite"),
    "infinite": (npy(np.full((4, 8, 8), np.inf)), "not finite"),
    "one-nan": (npy(np.where(np.arange(256).reshape(4, 8, 8) == 77, np.nan, 0.5)), "not finite"),
    "below-zero": (npy(np.linspace(-1, 1, 256).reshape(4, 8, 8)), "values from -1 to 1"),
    "above": (npy(np.linspace(0, 4000, 256).reshape(4, 8, 8)), "values from 0 to 4000"),
    "complex": (npy(np.zeros((4, 8, 8), complex)), "no pixels"),
    "dates": (npy(np.zeros((4, 8, 8), "M8[s]")), "no pixels"),
    "words": (npy(np.full((4, 8, 8), "pixel")), "no pixels"),
    "records": (npy(np.zeros((4, 8, 8), [("r", "u1"), ("g", "u1")])), "no pixels"),
}


@pytest.mark.parametrize("name", BAD_ARRAYS)
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_bad_array_is_one_message(name: str, suffix: str, tmp_path: Path) -> None:
    body, problem = BAD_ARRAYS[name]
    path = tmp_path / f"bad{suffix}"
    if suffix == ".npz":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("images.npy", body)
    else:
        path.write_bytes(body)
    with pytest.raises(DataError, match=problem) as caught:
        load_data(str(path))
    assert_message(caught.value, path)


def archive(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, body in members.items():
            file.writestr(f"{name}.npy", body)
    return stream.getvalue()


def flip(body: bytes, at: int) -> bytes:
    return body[:at] + bytes([body[at] ^ 0xFF]) + body[at + 1 :]


BAD_ARCHIVES: dict[str, tuple[bytes, str]] = {
    "no-zip": (b"nothing of the kind", "is damaged or no NumPy file"),
    "no-members": (archive(), "no array named images, x or arr_0 .but nothing"),
    "other-names": (archive(pictures=npy(pixels(4))), "but pictures"),
    "wrong-checksum": (flip(archive(images=npy(pixels(9))), 400), "is damaged"),
    "cut": (archive(images=npy(pixels(9)))[:500], "is damaged"),
    "label-pickle": (archive(images=npy(pixels(2)), labels=_OBJECTS), "never opened"),
    "few-labels": (archive(x=npy(pixels(9)), y=npy(np.arange(8))), r"shape \[8\] for 9 images"),
    "one-hot": (archive(x=npy(pixels(9)), y=npy(np.eye(9))), r"shape \[9, 9\]"),
    "broken-labels": (archive(x=npy(pixels(2)), y=npy(np.array([0.5, 1]))), "whole numbers"),
    "bomb": (archive(images=npy_claiming((10**6, 256, 256))), "would take"),
    "unlike": (
        archive(x_train=npy(pixels(4)), x_test=npy(pixels(4, 9, 9))),
        "differ in shape",
    ),
}


@pytest.mark.parametrize("name", BAD_ARCHIVES)
def test_bad_archive_is_one_message(name: str, tmp_path: Path) -> None:
    body, problem = BAD_ARCHIVES[name]
    path = tmp_path / "bad.npz"
    path.write_bytes(body)
    with pytest.raises(DataError, match=problem) as caught:
        load_data(str(path))
    assert_message(caught.value, path)


def test_converting_reports_and_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays, "_AT_ONCE", 4)
    np.save(tmp_path / "a.npy", pixels(10).astype(np.float32))
    seen: list[tuple[str, int, int]] = []
    load_data(str(tmp_path / "a.npy"), report=lambda *step: seen.append(step))
    assert seen[1:] == [("converting images", done, 10) for done in (4, 8, 10)]
    with pytest.raises(DataError, match="stopped"):
        load_data(str(tmp_path / "a.npy"), cancelled=lambda: True)
