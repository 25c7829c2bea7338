"""Data that cannot teach anything, or not this: one message with a cause and what to do."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.data import load_data
from models.errors import DataError
from models.model import Model
from models.plans import Plan
from models.runs import run
from tests.disk import needs_file_limit, small_disk
from tests.samples import AnyArray, assert_message, assert_sound, idx, pixels, save_pictures


def plan_of(data: Path, **changes: Any) -> Plan:
    """Half a second of training on some data."""
    out = str(data.parent / "out.safetensors")
    plan = Plan(str(data), out, width=16, depth=1, epochs=2, batch_size=10)
    return replace(plan, **changes)


def trained(plan: Plan) -> Model:
    from models import load

    list(run(plan))
    return load(plan.out)


def archive(path: Path, images: AnyArray, labels: AnyArray | None = None) -> None:
    if labels is None:
        np.savez(path, images=images)
    else:
        np.savez(path, images=images, labels=labels)


# -- images that are all the same ------------------------------------------------------------


def same_pictures(path: Path) -> None:
    path.mkdir()
    for index in range(5):
        Image.new("RGB", (12, 12), (9, 99, 199)).save(path / f"{index}.png")


def same_rows(path: Path) -> None:
    archive(path.with_suffix(".npz"), np.repeat(pixels(1), 700, 0))


def black_and_black(path: Path) -> None:
    np.save(path.with_suffix(".npy"), np.zeros((2, 9, 9), np.float32))


@pytest.mark.parametrize("write", [same_pictures, same_rows, black_and_black])
def test_constant_images_have_nothing_to_learn(
    write: Callable[[Path], None], tmp_path: Path
) -> None:
    write(tmp_path / "same")
    (path,) = tmp_path.iterdir()
    with pytest.raises(DataError, match=r"images are the same, so there is nothing") as caught:
        load_data(str(path))
    assert_message(caught.value, path)


@pytest.mark.parametrize("place", [(0, 0, 0), (699, 11, 9), (256, 3, 3), (257, 3, 3)])
def test_one_other_pixel_is_enough(place: tuple[int, int, int], tmp_path: Path) -> None:
    images = np.repeat(pixels(1), 700, 0)
    images[place] ^= 0xFF
    archive(tmp_path / "nearly.npz", images)
    assert_sound(load_data(str(tmp_path / "nearly.npz")), 700)


# -- classes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [None, np.zeros(30, int), np.arange(30)])
def test_a_conditional_model_needs_classes(labels: AnyArray | None, tmp_path: Path) -> None:
    from models import raw

    path = tmp_path / "data.npz"
    archive(path, pixels(30, 8, 8), labels)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(raw, "MOST_CLASSES", 20)  # more different ones are no classes
        with pytest.raises(
            DataError, match=r"(no classes|only one class), and a conditional VAE needs"
        ):
            trained(plan_of(path, method="cvae"))
    assert not (tmp_path / "out.safetensors").exists()


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("a.npz", "add an array named labels, y, arr_1, y_train or train_labels"),
        ("a.npy", "save the images in an .npz (named images) with an array named labels, y"),
        ("a.idx", "add IDX files of labels for all images (train-labels-idx1-ubyte)"),
        ("a.folder", "sort the images into sub-folders named by class"),
    ],
)
def test_how_images_get_classes_depends_on_where_they_are(
    name: str, advice: str, tmp_path: Path
) -> None:
    path, images = tmp_path / name, pixels(30, 8, 8)
    if name == "a.npz":
        archive(path, images, None)
    elif name == "a.npy":
        np.save(path, images)
    else:
        path.mkdir()
        (path / "train-images-idx3-ubyte").write_bytes(idx(images))
    if name == "a.folder":
        (path / "train-images-idx3-ubyte").unlink()
        save_pictures(path, 12)
    with pytest.raises(DataError) as caught:
        trained(plan_of(path, method="cvae"))
    told = f"{path}: has no classes, and a conditional VAE needs two or more; {advice}"
    assert str(caught.value).startswith(told)
    assert str(caught.value).endswith(", or choose another method")


def test_test_images_without_classes_are_told_of_before_the_training(tmp_path: Path) -> None:
    images = pixels(30, 8, 8)
    path = tmp_path / "keras.npz"
    np.savez(path, x_train=images[:20], y_train=np.arange(20) % 2, x_test=images[20:])
    with pytest.raises(DataError, match=r"has images without a class.*y_test or test_labels"):
        trained(plan_of(path, method="cvae"))


def test_one_class_is_fine_without_conditions(tmp_path: Path) -> None:
    save_pictures(tmp_path / "data" / "only", 12)
    model = trained(plan_of(tmp_path / "data"))
    assert model.class_names == ("only",)


def test_a_class_whose_pictures_all_break_is_left_out(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        save_pictures(tmp_path / "data" / name, 6)
    for path in (tmp_path / "data/b").iterdir():
        path.write_bytes(b"no picture")
    found = load_data(str(tmp_path / "data"))
    assert_sound(found, 12)
    assert found.class_names == ("a", "c")
    assert trained(plan_of(tmp_path / "data", method="cvae")).class_names == ("a", "c")


# -- few images, large batches ---------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 3, 30])
def test_a_batch_larger_than_the_data_is_all_of_it(count: int, tmp_path: Path) -> None:
    archive(tmp_path / "few.npz", pixels(count, 8, 8))
    model = trained(plan_of(tmp_path / "few.npz", batch_size=100_000))
    assert model.points is not None
    assert len(model.points) == count - max(1, count // 10)
    assert all(np.isfinite(value) for value in model.metrics.values())


# -- a disk that fills up --------------------------------------------------------------------


@needs_file_limit
def test_a_disk_that_fills_up_loses_no_finished_epoch(tmp_path: Path) -> None:
    from models.errors import CheckpointError

    archive(tmp_path / "data.npz", pixels(40, 8, 8))
    plan = plan_of(tmp_path / "data.npz", epochs=4)
    steps = run(plan)
    for progress in steps:
        if progress.held_out is not None:
            break
    kept = plan.last_epoch_file.read_bytes()
    with small_disk(1000), pytest.raises(CheckpointError, match=r"[Mm]ake room") as caught:
        list(steps)
    assert "\n" not in str(caught.value)
    assert plan.last_epoch_file.read_bytes() == kept
    list(run(plan, resume=True))
    assert Path(plan.out).exists()
