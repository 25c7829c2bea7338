"""An animation written by the program against Pillow's own save of the same frames."""

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import numpy.typing as npt
from PIL import Image

from explorer.animation import write_animation
from tests.benchmarks.report import Options, Row, median

Bytes = npt.NDArray[np.uint8]

_FRAMES, _SIDE, _TIMES = 120, 256, 10
_BUDGET_SECONDS = 2.0


def gif(options: Options) -> list[Row]:
    """Frames of 28x28, as a model of digits gives them, and coloured ones of 64x64; both as 256."""
    kinds = {"grey": _moving_blobs(28, 1), "colour": _moving_blobs(64, 3)}
    return [_compared(name, frames, options) for name, frames in kinds.items()]


def _compared(name: str, frames: Bytes, options: Options) -> Row:
    ours, theirs = [], []
    with TemporaryDirectory() as folder:
        for _ in range(options.count(_TIMES)):
            start = perf_counter()
            write_animation(frames, Path(folder, "path.gif"), format="gif", size=_SIDE)
            ours.append(perf_counter() - start)
            theirs.append(_bare_seconds(frames))
    return Row(
        f"GIF, {_FRAMES} {name} frames of {_SIDE}x{_SIDE}",
        f"{median(ours):.2f} s",
        f"{median(theirs):.2f} s (Pillow)",
        median(ours) / median(theirs),
        f"<= {_BUDGET_SECONDS:g} s",
        median(ours) <= _BUDGET_SECONDS,
    )


def _bare_seconds(frames: Bytes) -> float:
    """Enlarge the frames and let Pillow save them, each with the palette it likes."""
    start = perf_counter()
    pictures = [Image.fromarray(frame).resize((_SIDE, _SIDE)) for frame in frames]
    first, *others = pictures
    first.save(BytesIO(), "GIF", save_all=True, append_images=others, duration=40, loop=0)
    return perf_counter() - start


def _moving_blobs(side: int, channels: int) -> Bytes:
    """Soft blobs that wander, one for each channel: [N, H, W] or [N, H, W, 3]."""
    y, x = np.mgrid[:side, :side] / side
    frames = np.zeros((_FRAMES, side, side, channels), np.uint8)
    for number in range(_FRAMES):
        for channel in range(channels):
            turn = 2 * np.pi * (number / _FRAMES + channel / 3)
            square = (x - 0.5 - 0.3 * np.cos(turn)) ** 2 + (y - 0.5 - 0.3 * np.sin(turn)) ** 2
            frames[number, ..., channel] = 255 * np.exp(-square / 0.03)
    return frames[..., 0] if channels == 1 else frames
