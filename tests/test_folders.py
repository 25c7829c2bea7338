"""Folders of pictures become data sets; what cannot be read is counted, never fatal."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models import folders, raw
from models.data import load_data
from models.errors import DataError
from models.preprocessing import Fit
from tests.samples import assert_message, assert_sound, pixels, save_pictures


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


def test_one_picture_beside_class_folders_is_one(tmp_path: Path) -> None:
    save_pictures(tmp_path, 1)
    save_pictures(tmp_path / "a", 4)
    found = load_data(str(tmp_path))
    assert found.notes == ("1 picture outside the sub-folders left out",)


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


@pytest.mark.parametrize(
    ("sizes", "shape", "fit", "note"),
    [
        ([(10, 12)] * 2, None, "crop", ""),
        ([(10, 12)] * 2, (1, 12, 10), "crop", ""),
        (
            [(1440, 900)] * 2,
            None,
            "crop",
            "pictures of 1440×900: each is cut to a square (38 % of it is lost) and shrunk to 64×64"
            " (--image-size, --fit)",
        ),
        (
            [(300, 20), (37, 91), (900, 900)],
            None,
            "crop",
            "sizes differ: each is cut to a square (up to 93 % of it is lost) and shrunk or "
            "enlarged to 64×64 (--image-size, --fit)",
        ),
        (
            [(64, 64), (128, 192)],
            None,
            "crop",
            "sizes differ: those that are not 64×64 are cut to a square (33 % of it is lost) and "
            "shrunk to 64×64 (--image-size, --fit)",
        ),
        (
            [(300, 20), (400, 30)],
            (1, 64, 32),
            "fit",
            "sizes differ: each is padded with the colour of its border and shrunk to 32×64",
        ),
        (
            [(20, 30)] * 2,
            (0, 45, 60),
            "crop",
            "pictures of 20×30: each is cut to the shape of 60×45 (50 % of it is lost) and "
            "enlarged to 60×45",
        ),
        ([(32, 32)] * 2, (1, 16, 16), "crop", "pictures of 32×32: each is shrunk to 16×16"),
    ],
)
def test_what_is_cut_off_and_scaled_is_told(
    sizes: list[tuple[int, int]],
    shape: tuple[int, int, int] | None,
    fit: Fit,
    note: str,
    tmp_path: Path,
) -> None:
    for index, size in enumerate(sizes):
        save_pictures(tmp_path / str(index), 1, size)
    found = load_data(str(tmp_path), image_shape=shape, fit=fit)
    assert found.notes == ((note,) if note else ())
    if shape is not None:
        assert found.preprocessing.image_shape == (1, *shape[1:])


def test_pictures_kept_in_the_cache_are_told_of_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_pictures(tmp_path, 4, (300, 60))
    monkeypatch.setattr(folders, "_KEPT_FILES", 3)
    for shape in (None, None, (1, 24, 24), (1, 24, 24)):
        notes = load_data(str(tmp_path), image_shape=shape).notes
        assert notes[0].startswith("pictures of 300×60: each is cut to a square (80 %")


def test_colour_that_is_lost_is_told(tmp_path: Path) -> None:
    save_pictures(tmp_path / "a", 2, mode="L")
    assert load_data(str(tmp_path), image_shape=(1, 12, 10)).notes == ()
    assert load_data(str(tmp_path), image_shape=(3, 12, 10)).notes == ("grey pictures made colour",)
    save_pictures(tmp_path / "b", 2, mode="RGB")
    assert load_data(str(tmp_path), image_shape=(1, 12, 10)).notes == ("colour made grey",)
    assert load_data(str(tmp_path), image_shape=(3, 12, 10)).notes == ()


def test_images_of_an_array_that_are_cut_are_told_of(tmp_path: Path) -> None:
    np.save(tmp_path / "wide.npy", pixels(4, 20, 300))
    (note,) = load_data(str(tmp_path / "wide.npy")).notes
    assert note == (
        "images of 300×20 in grey brought to 64×64 in grey, each cut to a square (93 % of it is "
        "lost) (--image-size, --fit)"
    )


def test_pictures_of_the_right_size_are_kept_bit_for_bit(tmp_path: Path) -> None:
    images = pixels(3)
    for index, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / f"{index}.png")
    found = load_data(str(tmp_path))
    np.testing.assert_array_equal(np.asarray(found.train.images)[:, 0], images[:2])
    np.testing.assert_array_equal(np.asarray(found.held_out.images)[:, 0], images[2:])


@pytest.mark.parametrize(
    ("mode", "border", "inversion"),
    [("L", 0, "light border"), ("L", 255, "never"), ("RGB", 0, "never")],
)
def test_inversion_follows_the_folders_own_border(
    mode: str, border: int, inversion: str, tmp_path: Path
) -> None:
    for index in range(4):
        pixels = np.full((30, 30, 3), border, np.uint8)
        pixels[10:20, 10:20] = (9, 99 + 10 * index, 199)
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
