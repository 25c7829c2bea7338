"""Animations are read back by Pillow and, where that hides something, byte by byte."""

import errno
import os
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from explorer.animation import FRAME_RATES, Bytes, Format, Scaling, format_of, write_animation
from models.errors import DataError
from tests.disk import needs_file_limit, small_disk

FORMATS: tuple[Format, ...] = ("gif", "apng", "png")


def moving(count: int, height: int = 16, width: int = 24, colour: bool = False) -> Bytes:
    """Frames of a smooth ground with a light square that moves across."""
    y, x = np.mgrid[:height, :width]
    frames = np.empty((count, height, width, 3), np.uint8)
    for number, frame in enumerate(frames):
        frame[:] = np.stack([x * 5, y * 5, (x + y) * 3], -1)
        frame[4:9, number % width : number % width + 4] = (250, 240, 200)
    return frames if colour else frames[..., 0]


def read(path: Path) -> tuple[list[npt.NDArray[np.uint8]], list[float], dict[str, Any]]:
    """All frames as RGB, their durations in ms, and what else the file says."""
    frames, durations = [], []
    with Image.open(path) as image:
        info: dict[str, Any] = {str(key): value for key, value in image.info.items()}
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGB")))
            durations.append(float(image.info.get("duration", 0)))
    return frames, durations, info


def pixels(path: Path) -> npt.NDArray[np.uint8]:
    """Of a still picture, in its own mode."""
    with Image.open(path) as image:
        return np.asarray(image)


def gif_blocks(data: bytes) -> Iterator[tuple[str, int]]:
    """Of a GIF: ("delay", hundredths) and ("table", flags) of each frame, in order."""
    at = 13 + 3 * 2 ** ((data[10] & 7) + 1)
    while data[at : at + 1] != b";":
        if data[at : at + 1] == b"!":
            if data[at + 1] == 0xF9:
                yield "delay", struct.unpack_from("<H", data, at + 4)[0]
            at += 2
        else:
            assert data[at : at + 1] == b","
            yield "table", data[at + 9] & 0x80
            at += 11
        while data[at]:
            at += data[at] + 1
        at += 1


@pytest.mark.parametrize("format", ["gif", "apng"])
@pytest.mark.parametrize("scaling", ["smooth", "nearest"])
def test_grey_frames_come_back_exactly(tmp_path: Path, format: Format, scaling: Scaling) -> None:
    frames = moving(7)
    assert write_animation(frames, tmp_path / "a", format=format, size=24, scaling=scaling)
    found, _, info = read(tmp_path / "a")
    assert info["loop"] == 0
    assert len(found) == len(frames)
    for frame, wanted in zip(found, frames, strict=True):
        np.testing.assert_array_equal(frame, np.repeat(wanted[..., None], 3, -1))


def test_apng_keeps_colours_exactly_and_gif_nearly(tmp_path: Path) -> None:
    frames = moving(9, colour=True)
    limits: dict[Format, int] = {"apng": 0, "gif": 12}
    for format, most in limits.items():
        write_animation(frames, tmp_path / format, format=format, size=24)
        found, _, _ = read(tmp_path / format)
        difference = np.abs(np.stack(found).astype(int) - frames)
        assert difference.max() <= most


@pytest.mark.parametrize("colour", [False, True])
def test_a_gif_has_one_palette(tmp_path: Path, colour: bool) -> None:
    write_animation(moving(12, colour=colour), tmp_path / "a.gif", format="gif", size=64)
    data = (tmp_path / "a.gif").read_bytes()
    assert data[10] & 0x80, "no global colour table"
    assert [flag for kind, flag in gif_blocks(data) if kind == "table"] == [0] * 12


def test_what_stands_still_does_not_flicker(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    frames = np.repeat(random.integers(0, 256, (1, 32, 32, 3), np.uint8), 6, 0)
    frames[:, 8:16, 8:16] = random.integers(0, 256, (6, 8, 8, 3), np.uint8)
    write_animation(frames, tmp_path / "a.gif", format="gif", size=32)
    found = np.stack(read(tmp_path / "a.gif")[0])
    found[:, 8:16, 8:16] = 0
    assert (found == found[0]).all()


@given(rate=st.one_of(st.sampled_from(FRAME_RATES), st.floats(0.5, 50)), count=st.integers(1, 80))
@example(rate=9.6, count=6)  # 62.5: either way is right
def test_gif_delays_carry_what_rounding_leaves(rate: float, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.gif"
        different = np.arange(count, dtype=np.uint8)[:, None, None] * np.ones((4, 4), np.uint8)
        write_animation(different, path, format="gif", frames_per_second=rate, size=8)
        blocks = list(gif_blocks(path.read_bytes()))
    delays = [value for kind, value in blocks if kind == "delay"]
    assert len(delays) == count
    assert min(delays) >= 2, "browsers play shorter delays as a tenth of a second"
    assert np.cumsum(delays) == pytest.approx(100 / rate * np.arange(1, count + 1), abs=0.5 + 1e-6)


@pytest.mark.parametrize("format", ["gif", "apng"])
def test_identical_neighbours_keep_their_time(tmp_path: Path, format: Format) -> None:
    frames = np.repeat(moving(4), 5, 0)
    write_animation(frames, tmp_path / "a", format=format, frames_per_second=100 / 3)
    assert sum(read(tmp_path / "a")[1]) == pytest.approx(20 * 30, abs=1)


@pytest.mark.parametrize("format", ["gif", "apng"])
def test_there_and_back_shows_neither_end_twice(tmp_path: Path, format: Format) -> None:
    frames = moving(5)
    write_animation(frames, tmp_path / "a", format=format, size=24, there_and_back=True)
    found = [frame[..., 0] for frame in read(tmp_path / "a")[0]]
    np.testing.assert_array_equal(found, frames[[0, 1, 2, 3, 4, 3, 2, 1]])


@pytest.mark.parametrize("colour", [False, True])
def test_a_strip_has_the_frames_side_by_side(tmp_path: Path, colour: bool) -> None:
    frames = moving(5, colour=colour)
    write_animation(frames, tmp_path / "a.png", format="png", size=24)
    strip = pixels(tmp_path / "a.png")
    np.testing.assert_array_equal(strip, np.concatenate(list(frames), 1))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("colour", [False, True])
def test_size_is_the_longer_side(tmp_path: Path, format: Format, colour: bool) -> None:
    for height, width, wanted in ((16, 24, (96, 64)), (24, 8, (32, 96)), (200, 100, (48, 96))):
        frames = np.full((1, height, width, 3) if colour else (1, height, width), 77, np.uint8)
        write_animation(frames, tmp_path / "a", format=format, size=96)
        found = read(tmp_path / "a")[0][0]
        assert found.shape == (wanted[1], wanted[0], 3)
        assert np.abs(found.astype(int) - 77).max() <= 1


def test_nearest_scaling_invents_no_level(tmp_path: Path) -> None:
    frames = np.array([[[0, 255], [255, 0]]], np.uint8)
    write_animation(frames, tmp_path / "a.png", format="png", size=64, scaling="nearest")
    assert set(pixels(tmp_path / "a.png").ravel()) == {0, 255}
    write_animation(frames, tmp_path / "a.png", format="png", size=64)
    assert len(set(pixels(tmp_path / "a.png").ravel())) > 2


@pytest.mark.parametrize("format", ["gif", "apng"])
def test_without_loop_it_plays_once(tmp_path: Path, format: Format) -> None:
    write_animation(moving(3), tmp_path / "a", format=format, loop=False)
    assert read(tmp_path / "a")[2].get("loop", 1) == 1


@pytest.mark.parametrize("format", FORMATS)
def test_progress_counts_every_frame(tmp_path: Path, format: Format) -> None:
    heard: list[tuple[int, int]] = []
    write_animation(
        moving(6), tmp_path / "a", format=format, report=lambda *done: heard.append(done)
    )
    assert heard == [(done, 6) for done in range(1, 7)]


@pytest.mark.parametrize("format", FORMATS)
def test_a_cancelled_one_leaves_the_older_file(tmp_path: Path, format: Format) -> None:
    path = tmp_path / "a"
    path.write_text("older")
    asked: list[int] = []

    def third_time() -> bool:
        asked.append(1)
        return len(asked) > 2

    assert not write_animation(moving(6), path, format=format, cancelled=third_time)
    assert path.read_text() == "older"
    assert os.listdir(tmp_path) == ["a"]


@needs_file_limit
@pytest.mark.parametrize("format", FORMATS)
def test_a_full_disk_leaves_the_older_file(tmp_path: Path, format: Format) -> None:
    path = tmp_path / "a"
    path.write_text("older")
    noise = np.random.default_rng(0).integers(0, 256, (4, 64, 64), np.uint8)
    with small_disk(2000), pytest.raises(DataError, match=r"a: cannot be written \(File too large"):
        write_animation(noise, path, format=format)
    assert path.read_text() == "older"
    assert os.listdir(tmp_path) == ["a"]


def refuse(*_: object, **__: object) -> None:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def a_missing_folder(folder: Path, _: pytest.MonkeyPatch) -> Path:
    return folder / "missing" / "a.gif"


def a_file_for_a_folder(folder: Path, _: pytest.MonkeyPatch) -> Path:
    (folder / "file").touch()
    return folder / "file" / "a.gif"


def a_folder_of_that_name(folder: Path, _: pytest.MonkeyPatch) -> Path:
    (folder / "a.gif").mkdir()
    return folder / "a.gif"


def a_read_only_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # Rights do not stop the administrator, who may run these tests.
    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    return folder / "a.gif"


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (a_missing_folder, "No such file or directory"),
        (a_file_for_a_folder, "Not a directory"),
        (a_folder_of_that_name, "Is a directory"),
        (a_read_only_folder, "Permission denied"),
    ],
)
def test_where_nothing_can_be_written_it_says_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: Callable[[Path, pytest.MonkeyPatch], Path],
    reason: str,
) -> None:
    path = place(tmp_path, monkeypatch)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError, match=rf"a\.gif: cannot be written \({reason}\); choose"):
        write_animation(moving(2), path, format="gif")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("rate", [0.0, 0.05, 51.0, float("nan"), -5.0])
def test_a_rate_that_cannot_be_played_is_refused(tmp_path: Path, rate: float) -> None:
    with pytest.raises(DataError, match="frames a second"):
        write_animation(moving(2), tmp_path / "a.gif", format="gif", frames_per_second=rate)


@pytest.mark.parametrize("size", [0, 7, 100_000])
def test_an_impossible_size_is_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(DataError, match="pixels"):
        write_animation(moving(2), tmp_path / "a.gif", format="gif", size=size)


def test_a_strip_that_no_one_could_open_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="fewer or smaller"):
        write_animation(moving(40), tmp_path / "a.png", format="png", size=8192)
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize(
    "frames",
    [
        np.zeros((2, 4, 4), np.float32),
        np.zeros((4, 4), np.uint8),
        np.zeros((0, 4, 4), np.uint8),
        np.zeros((2, 4, 4, 4), np.uint8),
    ],
)
def test_frames_of_another_kind_are_a_mistake(tmp_path: Path, frames: Bytes) -> None:
    with pytest.raises(ValueError, match="frames must be"):
        write_animation(frames, tmp_path / "a.gif", format="gif")


def test_the_name_says_the_format() -> None:
    assert [format_of(Path(f"x.{name}")) for name in ("gif", "GIF", "apng", "png")] == [
        *("gif", "gif", "apng", "png")
    ]
    with pytest.raises(DataError, match=r"x\.jpg: the name must end in"):
        format_of(Path("x.jpg"))
