"""Data sets of every kind arrive as bytes, divided and described, or as one clear message."""

import gzip
import hashlib
import http.server
import io
import pickle
import struct
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models import arrays, data, downloads, raw
from models.data import BUILT_IN, DataSet, load_data, read_idx
from models.errors import DataError
from models.preprocessing import Preprocessing

ROOT = Path(__file__).parent.parent
AnyArray = npt.NDArray[Any]


def pixels(count: int, height: int = 12, width: int = 10, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Grey images [N, H, W] of noise on a dark border."""
    images = np.random.default_rng(seed).integers(0, 256, (count, height, width), dtype=np.uint8)
    images[:, [0, -1]] = 0
    images[:, :, [0, -1]] = 0
    return images


def save_pictures(
    folder: Path, count: int, size: tuple[int, int] = (10, 12), mode: str = "L"
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shape = (size[1], size[0]) if mode == "L" else (size[1], size[0], 3)
    random = np.random.default_rng(count)
    for index in range(count):
        image = Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8))
        image.save(folder / f"{index:03}.png")


def idx(array: npt.NDArray[np.uint8]) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def npy(array: AnyArray, **options: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def npy_claiming(shape: tuple[int, ...], descr: str = "|u1", body: bytes = b"") -> bytes:
    stream = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + body


def assert_message(error: DataError, path: Path) -> None:
    message = str(error)
    assert path.name in message, "what is it about?"
    assert ";" in message, "what to do is missing"
    assert "\n" not in message


def assert_sound(data_set: DataSet, count: int) -> None:
    """What every data set keeps, whatever it came from."""
    assert len(data_set.train) + len(data_set.held_out) == count
    for part in (data_set.train, data_set.held_out):
        assert len(part) > 0
        assert part.images.dtype == np.uint8
        assert part.images.shape[1:] == data_set.preprocessing.image_shape
        if part.labels is not None:
            assert part.labels.dtype == np.int64
            assert len(part.labels) == len(part)
            assert part.labels.min() >= 0
            assert part.labels.max() < len(data_set.class_names)


# Built-in names


def test_digits_come_with_the_program() -> None:
    digits = load_data("digits")
    assert_sound(digits, 1797)
    assert len(digits.train) == 1500
    assert digits.preprocessing == Preprocessing(1, 8, 8, "fit", "light border", "ink fills")
    assert digits.class_names == tuple("0123456789")
    assert not digits.binary
    assert digits.train.images.max() == 255
    assert digits.held_out.labels is not None
    assert set(digits.held_out.labels) == set(range(10))
    again = load_data("digits")
    np.testing.assert_array_equal(digits.held_out.images, again.held_out.images)


def test_every_built_in_name_has_words_for_a_chooser() -> None:
    for name, built_in in BUILT_IN.items():
        assert built_in.title
        assert built_in.description.endswith(".")
        assert len(built_in.class_names) == 10
        assert built_in.needs_download == (name != "digits")
        assert data.is_downloaded("digits")


def test_nothing_is_downloaded_without_being_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_download", lambda *_: pytest.fail("downloaded"))
    for name, built_in in BUILT_IN.items():
        if built_in.needs_download:
            with pytest.raises(DataError, match=f"^{name}: .*allow the download"):
                load_data(name)


@dataclass
class Mirror:
    """A small data set behind a server of its own, and what that server does wrong."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    half: bool = False
    requests: list[str] = field(default_factory=list)


class _Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, mirror: Mirror, *arguments: Any) -> None:
        self.mirror = mirror
        super().__init__(*arguments)

    def do_GET(self) -> None:
        name = self.path.removeprefix("/")
        self.mirror.requests.append(name)
        body = self.mirror.files.get(name)
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if self.mirror.half else body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Mirror]:
    """The mirror "mnist" is fetched from, with an empty cache."""
    parts = {"train": 30, "t10k": 10}
    files = {}
    for part, count in parts.items():
        labels = np.arange(count, dtype=np.uint8) % 10
        files[f"{part}-images-idx3-ubyte.gz"] = gzip.compress(idx(pixels(count)))
        files[f"{part}-labels-idx1-ubyte.gz"] = gzip.compress(idx(labels))
    mirror = Mirror(files=dict(files))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, mirror))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    mirror.url = f"http://127.0.0.1:{server.server_port}/"
    md5 = {name: hashlib.md5(body).hexdigest() for name, body in files.items()}
    built_in = replace(BUILT_IN["mnist"], mirrors=(mirror.url,), md5=md5)
    monkeypatch.setitem(BUILT_IN, "mnist", built_in)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(downloads, "cache_folder", lambda name: tmp_path / "cache" / name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield mirror
    server.shutdown()
    server.server_close()
    thread.join()


def leftovers(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache" / "mnist").glob("*"))


def test_download_with_progress_then_from_the_cache(mirror: Mirror, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    mnist = load_data("mnist", allow_download=True, report=lambda *step: seen.append(step))
    assert_sound(mnist, 40)
    assert len(mnist.held_out) == 10
    assert mnist.class_names == tuple("0123456789")
    assert leftovers(tmp_path) == sorted(mirror.files)
    size = len(mirror.files["train-images-idx3-ubyte.gz"])
    assert ("downloading train-images-idx3-ubyte.gz", size, size) in seen
    assert all(0 <= done <= total for what, done, total in seen if total)
    assert data.is_downloaded("mnist")
    mirror.requests.clear()
    again = load_data("mnist")
    assert not mirror.requests
    np.testing.assert_array_equal(again.train.images, mnist.train.images)


def test_damaged_cache_is_not_used_and_fetched_again(mirror: Mirror, tmp_path: Path) -> None:
    load_data("mnist", allow_download=True)
    (tmp_path / "cache/mnist/train-labels-idx1-ubyte.gz").write_bytes(b"half")
    with pytest.raises(DataError, match="train-labels"):
        load_data("mnist")
    mirror.requests.clear()
    load_data("mnist", allow_download=True)
    assert mirror.requests == ["train-labels-idx1-ubyte.gz"]


def wrong_bytes(mirror: Mirror) -> None:
    mirror.files = {name: b"<html>Sign in to the Wi-Fi</html>" for name in mirror.files}


def half_files(mirror: Mirror) -> None:
    mirror.half = True


def no_files(mirror: Mirror) -> None:
    mirror.files = {}


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (wrong_bytes, "published checksum"),
        (half_files, "could not be reached or broke off|published checksum"),
        (no_files, "could not be reached"),
    ],
)
def test_bad_download_is_one_message_and_leaves_nothing(
    spoil: Callable[[Mirror], None], problem: str, mirror: Mirror, tmp_path: Path
) -> None:
    spoil(mirror)
    with pytest.raises(DataError, match=problem) as caught:
        load_data("mnist", allow_download=True)
    assert_message(caught.value, Path("mnist"))
    assert leftovers(tmp_path) == []


def test_no_network_is_one_message(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = "http://127.0.0.1:9/"  # the port of "discard", where nothing listens
    monkeypatch.setitem(BUILT_IN, "mnist", replace(BUILT_IN["mnist"], mirrors=(nobody,)))
    with pytest.raises(DataError, match=r"could not be reached .*check the network"):
        load_data("mnist", allow_download=True)


def test_second_mirror_helps_out(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    mirrors = (f"{mirror.url}gone/", mirror.url)
    monkeypatch.setitem(BUILT_IN, "mnist", replace(BUILT_IN["mnist"], mirrors=mirrors))
    assert_sound(load_data("mnist", allow_download=True), 40)


def test_download_can_be_stopped(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="stopped"):
        load_data("mnist", allow_download=True, cancelled=lambda: bool(mirror.requests))
    assert leftovers(tmp_path) == []


# IDX folders


def test_real_mnist(shared: Path) -> None:
    mnist = load_data(str(shared / "data/mnist"))
    assert_sound(mnist, 70_000)
    assert (len(mnist.train), len(mnist.held_out)) == (60_000, 10_000)
    assert mnist.train.images.shape == (60_000, 1, 28, 28)
    assert mnist.class_names == tuple("0123456789")
    assert mnist.train.labels is not None
    assert mnist.train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist.preprocessing == Preprocessing(1, 28, 28, "fit", "light border", "ink box")
    assert mnist.binary
    assert mnist.name == "mnist"


@pytest.mark.parametrize("pattern", ["{}-{}-{}-ubyte", "{}-{}.{}-ubyte", "{}-{}-{}-ubyte.gz"])
def test_idx_files_under_any_of_their_names(pattern: str, tmp_path: Path) -> None:
    for part, count in (("train", 20), ("t10k", 5)):
        for what, array in (
            ("images", pixels(count)),
            ("labels", np.arange(count, dtype=np.uint8)),
        ):
            name = pattern.format(part, what, f"idx{array.ndim}")
            body = idx(array)
            (tmp_path / name).write_bytes(gzip.compress(body) if name.endswith("gz") else body)
    found = load_data(str(tmp_path))
    assert_sound(found, 25)
    assert len(found.held_out) == 5
    assert len(found.class_names) == 20


def test_idx_without_labels_or_test_images_divides_itself(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(pixels(40)))
    found = load_data(str(tmp_path))
    assert_sound(found, 40)
    assert (len(found.held_out), found.train.labels, found.class_names) == (4, None, ())


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.booleans())
@settings(max_examples=30)
def test_idx_reads_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, shape: list[int], packed: bool
) -> None:
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    path = tmp_path_factory.mktemp("idx") / ("file.gz" if packed else "file")
    path.write_bytes(gzip.compress(idx(array)) if packed else idx(array))
    np.testing.assert_array_equal(read_idx(path), array)


_IMAGES = idx(pixels(4))

BAD_IDX: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is no IDX file"),
    "short-magic": (b"\0\0\x08", "is no IDX file"),
    "text": (b"not at all what was expected", "is no IDX file"),
    "floats": (b"\0\0\x0d\x03" + bytes(12), "type 0x0d"),
    "flat": (idx(np.arange(9, dtype=np.uint8)), "1-dimensional"),
    "deep": (b"\0\0\x08\xff" + bytes(12), "is no IDX file"),
    "header-cut": (_IMAGES[:9], "inside its header"),
    "body-cut": (_IMAGES[:-1], "breaks off"),
    "too-long": (_IMAGES + b"x", "longer than it says"),
    "no-images": (b"\0\0\x08\x03" + struct.pack(">3I", 0, 28, 28), "says it holds 0×28×28"),
    "huge": (
        b"\0\0\x08\x03" + struct.pack(">3I", 2**32 - 1, 2**32 - 1, 2**32 - 1),
        "says it holds",
    ),
    "large": (b"\0\0\x08\x03" + struct.pack(">3I", 1_000_000, 64, 64), "breaks off"),
    "negative": (b"\0\0\x08\x03" + struct.pack(">3i", -1, 28, 28), "says it holds"),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", BAD_IDX)
def test_bad_idx_is_one_message(name: str, packed: bool, tmp_path: Path) -> None:
    body, problem = BAD_IDX[name]
    path = tmp_path / ("train-images-idx3-ubyte" + (".gz" if packed else ""))
    path.write_bytes(gzip.compress(body) if packed else body)
    with pytest.raises(DataError, match=problem) as caught:
        load_data(str(tmp_path))
    assert_message(caught.value, path)


@pytest.mark.parametrize("cut", [1, 5, 12, 200, -1])
def test_damaged_gzip_is_one_message(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(_IMAGES)[:cut])
    with pytest.raises(DataError, match=r"damaged gzip|is no IDX file|breaks off"):
        load_data(str(tmp_path))
    path.write_bytes(_IMAGES)
    with pytest.raises(DataError, match="damaged gzip"):
        load_data(str(tmp_path))


def test_labels_must_belong_to_the_images(tmp_path: Path) -> None:
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(np.arange(3, dtype=np.uint8)))
    with pytest.raises(DataError, match="labels but no images"):
        load_data(str(tmp_path))
    (tmp_path / "train-images-idx3-ubyte").write_bytes(_IMAGES)
    with pytest.raises(DataError, match="3 labels for 4 images"):
        load_data(str(tmp_path))


# Folders of pictures


def test_sub_folders_are_classes_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name, count in (("cat", 14), ("ant", 11), ("bee/deeper", 5)):
        save_pictures(tmp_path / name, count)
    save_pictures(tmp_path / "__MACOSX", 3)
    (tmp_path / "empty").mkdir()
    (tmp_path / "readme.txt").write_text("not a picture")
    found = load_data(str(tmp_path))
    assert_sound(found, 30)
    assert found.class_names == ("ant", "bee", "cat")
    assert len(found.held_out) == 3
    assert found.train.labels is not None
    assert found.train.labels.tolist() == sorted(found.train.labels.tolist())
    assert found.preprocessing.image_shape == (1, 12, 10)
    assert found.notes == ()


def test_pictures_beside_class_folders_are_told_of(tmp_path: Path) -> None:
    save_pictures(tmp_path, 3)
    save_pictures(tmp_path / "a", 4)
    found = load_data(str(tmp_path))
    assert_sound(found, 4)
    assert found.notes == ("3 pictures outside the sub-folders left out",)


@pytest.mark.parametrize(("count", "held_out"), [(2, 1), (9, 1), (10, 1), (19, 1), (20, 2)])
def test_flat_folder_holds_out_every_tenth(count: int, held_out: int, tmp_path: Path) -> None:
    save_pictures(tmp_path, count)
    found = load_data(str(tmp_path))
    assert_sound(found, count)
    assert (len(found.held_out), found.train.labels, found.class_names) == (held_out, None, ())


@pytest.mark.parametrize(
    ("sizes", "modes", "shape"),
    [
        ([(10, 12)] * 2, "LL", (1, 12, 10)),
        ([(10, 12)] * 2, "LC", (3, 12, 10)),
        ([(8, 256)] * 2, "LL", (1, 256, 8)),
        ([(7, 30)] * 2, "LL", (1, 64, 64)),
        ([(300, 30)] * 2, "LL", (1, 64, 64)),
        ([(10, 12), (12, 10)], "CC", (3, 64, 64)),
    ],
)
def test_shape_is_chosen_from_the_folder(
    sizes: list[tuple[int, int]], modes: str, shape: tuple[int, int, int], tmp_path: Path
) -> None:
    for index, (size, mode) in enumerate(zip(sizes, modes, strict=True)):
        save_pictures(tmp_path / str(index), 1, size, mode)
    assert load_data(str(tmp_path)).preprocessing.image_shape == shape
    assert load_data(str(tmp_path), image_shape=(1, 20, 30)).train.images.shape[1:] == (1, 20, 30)


def test_pictures_of_the_right_size_are_kept_bit_for_bit(tmp_path: Path) -> None:
    images = pixels(3)
    for index, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / f"{index}.png")
    found = load_data(str(tmp_path))
    np.testing.assert_array_equal(found.train.images[:, 0], images[:2])
    np.testing.assert_array_equal(found.held_out.images[:, 0], images[2:])


@pytest.mark.parametrize(
    ("mode", "border", "inversion"),
    [("L", 0, "light border"), ("L", 255, "never"), ("RGB", 0, "never")],
)
def test_inversion_follows_the_folders_own_border(
    mode: str, border: int, inversion: str, tmp_path: Path
) -> None:
    for index in range(4):
        pixels = np.full((30, 30, 3), border, np.uint8)
        pixels[10:20, 10:20] = (9, 99, 199 - index)
        Image.fromarray(pixels).convert(mode).save(tmp_path / f"{index}.png")
    found = load_data(str(tmp_path), fit="crop")
    assert found.preprocessing.inversion == inversion
    assert found.preprocessing.fit == "crop"
    assert load_data(str(tmp_path), fit="fit").preprocessing.fit == "fit"


def test_unreadable_pictures_are_counted_and_left_out(tmp_path: Path) -> None:
    save_pictures(tmp_path, 12)
    (tmp_path / "004.png").write_bytes(b"no picture")
    whole = (tmp_path / "007.png").read_bytes()
    (tmp_path / "007.png").write_bytes(whole[: len(whole) // 2])
    found = load_data(str(tmp_path))
    assert_sound(found, 10)
    (note,) = found.notes
    assert note.startswith("2 of 12 pictures left out; the first: ")
    assert "004.png" in note


def none_at_all(folder: Path) -> None:
    (folder / "notes.txt").write_text("nothing to see")


def one_picture(folder: Path) -> None:
    save_pictures(folder, 1)


def one_readable(folder: Path) -> None:
    save_pictures(folder, 2)
    (folder / "001.png").write_bytes(b"broken")


def none_readable(folder: Path) -> None:
    for name in "abc":
        (folder / f"{name}.jpg").write_bytes(b"broken")


@pytest.mark.parametrize(
    ("fill", "problem"),
    [
        (lambda folder: None, "holds no pictures"),
        (none_at_all, "holds no pictures"),
        (one_picture, "only one picture"),
        (one_readable, "only one picture.*001.png"),
        (none_readable, "no picture in it can be read.*a.jpg"),
    ],
)
def test_folder_with_too_little_in_it(
    fill: Callable[[Path], None], problem: str, tmp_path: Path
) -> None:
    fill(tmp_path)
    with pytest.raises(DataError, match=problem) as caught:
        load_data(str(tmp_path))
    assert_message(caught.value, tmp_path)


def test_too_many_pictures_for_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_pictures(tmp_path, 5)
    monkeypatch.setattr(raw, "MOST_BYTES", 1000)
    with pytest.raises(DataError, match=r"5 images of 3×12×10 would take .* \(2 images\)"):
        load_data(str(tmp_path))


def test_reading_a_folder_reports_and_can_be_stopped(tmp_path: Path) -> None:
    save_pictures(tmp_path, 40)
    seen: list[tuple[str, int, int]] = []
    load_data(str(tmp_path), report=lambda *step: seen.append(step))
    assert ("reading pictures", 32, 40) in seen
    assert seen[-1] == ("reading pictures", 40, 40)
    with pytest.raises(DataError, match="stopped"):
        load_data(str(tmp_path), report=lambda *s: seen.append(s), cancelled=lambda: len(seen) > 8)


# Arrays


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
    np.testing.assert_array_equal(found.held_out.images[:, 0], images[9:])
    assert found.held_out.labels is not None
    assert found.held_out.labels.tolist() == [1, 2, 3]


def test_too_many_different_labels_are_no_classes(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((1200, 8, 8), np.uint8), y=np.arange(1200))
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


def test_large_arrays_stay_on_disk_and_may_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "_COPIED_BYTES", 100)
    images = pixels(40)
    np.save(tmp_path / "a.npy", images)
    found = load_data(str(tmp_path / "a.npy"))
    assert_sound(found, 40)
    assert isinstance(found.train.images, np.memmap)
    assert found.train.images.flags.writeable  # torch warns of memory that is not
    np.testing.assert_array_equal(found.held_out.images[:, 0], images[36:])
    assert "last tenth" in found.notes[0]
    found.train.images[:] = 7
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), images)


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


# Anything else


@pytest.mark.parametrize("source", ["", "  ", "no-such-data", "/no/such/folder", "x\0y"])
def test_unknown_source_is_one_message(source: str) -> None:
    with pytest.raises(DataError, match="digits, mnist"):
        load_data(source)


def test_a_single_file_is_no_data_set(tmp_path: Path) -> None:
    save_pictures(tmp_path, 1)
    with pytest.raises(DataError, match="is no data set; use digits"):
        load_data(str(tmp_path / "000.png"))


def test_data_comes_without_torch_qt_or_a_network_library() -> None:
    program = (
        "import sys; import models.data, models.preprocessing, models.images; "
        "late = {'torch', 'PySide6', 'sklearn', 'scipy', 'pooch', 'requests'}; "
        "print(sorted(late & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
