"""Presets: a plan for a purpose, fitted to the kind of images, that any training accepts."""

import gzip
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import presets
from models.downloads import BUILT_IN
from models.errors import DataError
from models.plans import Plan
from models.presets import (
    ENOUGH_STEPS,
    MOST_EPOCHS,
    PRESETS,
    SMALL_BATCH_STEPS,
    SMALLEST_BATCH_SHARE,
    Kind,
    Look,
    kind_of,
    look_at,
    preset_plan,
)
from models.runs import config_of, data_of, run, settings_of
from tests.samples import idx, pixels, save_pictures


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("data", BUILT_IN)
def test_a_preset_makes_sense_for_every_built_in_set(name: str, data: str) -> None:
    plan = preset_plan(name, data, "out.safetensors")
    assert (plan.data, plan.out) == (data, "out.safetensors")
    settings_of(plan)  # raises where something is out of range
    assert (plan.network == "conv") == BUILT_IN[data].colour


def test_presets_are_what_they_say() -> None:
    assert all(preset_plan("2d-map", data).latent_size == 2 for data in BUILT_IN)
    assert preset_plan("disentangled", "sprites").method == "beta-tcvae"
    assert preset_plan("tight-bound", "mnist").method == "flow-vae"
    beta = preset_plan("sharp", "mnist").beta
    assert beta is not None
    assert beta < 1


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((50, 8, 8), "tiny"),
        ((50, 64), "tiny"),
        ((50, 28, 28), "small"),
        ((50, 784), "small"),
        ((50, 1, 64, 64), "shapes"),
        ((50, 64, 64, 3), "pictures"),
        ((50, 3, 16, 16), "pictures"),
    ],
)
@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_the_kind_is_told_by_the_first_bytes(
    tmp_path: Path, shape: tuple[int, ...], kind: str, ending: str
) -> None:
    path = tmp_path / f"images.{ending}"
    images = np.zeros(shape, np.uint8)
    if ending == "npy":
        np.save(path, images)
    else:
        np.savez(path, labels=np.zeros(50, np.int64), images=images)
    assert kind_of(str(path)) == kind


def test_folders_are_pictures_unless_they_hold_idx_files(tmp_path: Path) -> None:
    assert kind_of(str(tmp_path)) == "pictures"
    (tmp_path / "train-images-idx3-ubyte.gz").touch()
    assert kind_of(str(tmp_path)) == "small"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("counts", "side", "look"),
    [
        ({"train": 600, "t10k": 200}, 28, Look("small", 800, 200)),
        ({"train": 60}, 8, Look("tiny", 60)),
        ({"t10k": 30}, 64, Look("shapes", 30)),
    ],
)
def test_images_in_idx_files_are_counted(
    tmp_path: Path, counts: dict[str, int], side: int, look: Look, packed: bool
) -> None:
    for part, count in counts.items():
        content = idx(pixels(count, side, side, seed=count))
        path = tmp_path / f"{part}-images-idx3-ubyte{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(content) if packed else content)
    assert look_at(str(tmp_path)) == look
    if look.kind == "small":
        plan = preset_plan("2d-map", str(tmp_path))
        assert len(data_of(plan).train) == 600
        assert plan.epochs * math.ceil(600 / plan.batch_size) >= ENOUGH_STEPS
        assert (plan.epochs - 1) * math.ceil(600 / plan.batch_size) < ENOUGH_STEPS


def test_idx_files_without_images_are_left_to_the_loading(tmp_path: Path) -> None:
    for content in (b"", b"broken", idx(pixels(2))[:7]):
        (tmp_path / "train-images-idx3-ubyte").write_bytes(content)
        assert look_at(str(tmp_path)) == Look("small")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"\x93NUMPY\x09\x09"])
@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_broken_files_are_left_to_the_loading(tmp_path: Path, content: bytes, ending: str) -> None:
    path = tmp_path / f"broken.{ending}"
    path.write_bytes(content)
    assert kind_of(str(path)) == "small"


def test_an_encrypted_archive_is_left_to_the_loading(tmp_path: Path) -> None:
    path = tmp_path / "locked.npz"
    np.savez(path, images=np.zeros((50, 64, 64), np.uint8))
    body = bytearray(path.read_bytes())
    body[6] |= 1  # the flags of the member, in its own header
    body[body.index(b"PK\x01\x02") + 8] |= 1  # and in the list of them
    path.write_bytes(body)
    assert kind_of(str(path)) == "small"


def test_an_unknown_preset_is_said() -> None:
    with pytest.raises(DataError, match="there is no preset 'best'; use 2d-map, sharp"):
        preset_plan("best", "mnist")


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_trains_on_a_folder_of_colour_pictures(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    save_pictures(folder, 12, (64, 64), "RGB")
    plan = preset_plan(name, str(folder), str(tmp_path / "out.safetensors"))
    assert config_of(plan, data_of(plan)).image_shape == (3, 64, 64)
    progress = next(run(plan))
    assert all(np.isfinite(value) for value in progress.train.values())


KINDS: tuple[Kind, ...] = ("tiny", "small", "shapes", "pictures")


def steps_of(plan: Plan, images: int) -> int:
    train = images - images // 10
    return plan.epochs * math.ceil(min(train, plan.epoch_images or train) / plan.batch_size)


@given(
    name=st.sampled_from(sorted(PRESETS)),
    kind=st.sampled_from(KINDS),
    images=st.integers(2, 200_000),
)
def test_few_images_are_gone_through_until_there_are_enough_steps(
    name: str, kind: Kind, images: int
) -> None:
    plan = preset_plan(name, "x", look=Look(kind, images))
    usual = preset_plan(name, "x", look=Look(kind))
    settings_of(plan)  # raises where something is out of range
    assert steps_of(plan, images) >= ENOUGH_STEPS or plan.epochs == MOST_EPOCHS
    assert usual.epochs <= plan.epochs <= max(MOST_EPOCHS, usual.epochs)
    least = usual.batch_size // SMALLEST_BATCH_SHARE
    assert least <= plan.batch_size <= usual.batch_size
    if plan.batch_size < usual.batch_size:  # no smaller than it takes
        larger = replace(plan, epochs=usual.epochs, batch_size=2 * plan.batch_size)
        assert steps_of(larger, images) < SMALL_BATCH_STEPS
    if plan.epochs > usual.epochs:  # batches come first, and no more epochs than it takes
        assert plan.batch_size == least
        assert steps_of(replace(plan, epochs=plan.epochs - 1), images) < ENOUGH_STEPS
        assert plan.warmup_epochs / plan.epochs == pytest.approx(
            usual.warmup_epochs / usual.epochs, abs=0.501 / plan.epochs
        )


@pytest.mark.parametrize("name", PRESETS)
def test_many_images_change_nothing_of_a_preset(name: str) -> None:
    for kind in KINDS:
        usual = preset_plan(name, "x", look=Look(kind))
        assert preset_plan(name, "x", look=Look(kind, 60_000)) == usual


def test_the_pictures_of_a_folder_are_counted(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    save_pictures(folder, 7)
    for name in ("notes.txt", ".hidden.png"):
        (folder / name).touch()
    save_pictures(folder / "__MACOSX", 4)
    assert look_at(str(folder)) == Look("pictures", 7)
    save_pictures(folder / "cats", 3)
    save_pictures(folder / "dogs" / "small", 2)
    assert look_at(str(folder)) == Look("pictures", 12)


def test_the_images_of_an_array_are_counted(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", np.zeros((50, 28, 28), np.uint8))
    assert look_at(str(tmp_path / "images.npy")) == Look("small", 50)


def test_a_large_folder_is_not_counted_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_pictures(tmp_path / "a", 6)
    save_pictures(tmp_path / "b", 6)
    monkeypatch.setattr(presets, "_COUNTED", 13)
    assert look_at(str(tmp_path)) == Look("pictures")
    monkeypatch.setattr(presets, "_COUNTED", 14)
    assert look_at(str(tmp_path)) == Look("pictures", 12)


def test_the_command_of_a_preset_names_all_it_sets() -> None:
    plan = preset_plan("tight-bound", "rooms", "x.safetensors")
    words = plan.command().split()
    assert words[words.index("--likelihood") + 1] == "discretised-logistic"
    assert Plan.from_dict(plan.to_dict()) == plan
