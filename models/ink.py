"""Placing the light ink of a grey picture in its frame as a data set of characters has it."""

import numpy as np
import numpy.typing as npt
from PIL import Image

_Floats = npt.NDArray[np.float64]

_MNIST_SHARE = 20 / 28  # LeCun scaled a digit to 20 of the frame's 28 pixels
_LEAST_CONTRAST = 24  # of 255 between paper and ink; below that a picture is blank
_SEARCH_SIDE = 512  # a box is looked for in a picture no larger than this
_NOISE_WIDTHS = 4.0  # paper is what lies within so many (robust) standard deviations
_MEDIAN_TO_STDDEV = 1.4826  # median absolute deviation to standard deviation of a Gaussian


def frame_ink(
    image: Image.Image, size: tuple[int, int], *, like_mnist: bool
) -> tuple[Image.Image, str] | None:
    """Cut out the light ink on dark paper and place it in a black frame of `size` (width, height).

    Like MNIST the ink's box is scaled into 20/28 of the frame and its centre of mass put in
    the middle (http://yann.lecun.com/exdb/mnist); else the box fills the frame and is centred.
    Paper becomes 0 and full ink 255. Returns the image and a note, or None if there is no ink.
    """
    box = _ink_box(image)
    if box is None:
        return None
    share = _MNIST_SHARE if like_mnist else 1.0
    inner = (max(1, round(size[0] * share)), max(1, round(size[1] * share)))
    scale = min(inner[0] / (box[2] - box[0]), inner[1] / (box[3] - box[1]))
    new = tuple(
        min(most, max(1, round(length * scale)))
        for most, length in zip(inner, (box[2] - box[0], box[3] - box[1]), strict=True)
    )
    paper, _ = _paper(np.asarray(image, np.float64))
    # Hamming's window does not ring: no faint echo of a stroke on the paper
    small = image.resize((new[0], new[1]), Image.Resampling.HAMMING, box=box, reducing_gap=3.0)
    ink = _full_range(np.asarray(small, np.float64), paper)
    frame = np.zeros((size[1], size[0]), np.uint8)
    top, left = _corner(ink, frame.shape, by_mass=like_mnist)
    frame[top : top + ink.shape[0], left : left + ink.shape[1]] = np.rint(ink)
    kind, middle = ("MNIST", "centred") if like_mnist else ("the data", "filled")
    note = f"framed as {kind}: ink box {inner[0]}×{inner[1]}, {middle}"
    return Image.fromarray(frame), note


def _paper(values: _Floats) -> tuple[float, float]:
    """Level of the paper and its upper end, from the pixels along the edges."""
    ring = np.concatenate([values[0], values[-1], values[1:-1, 0], values[1:-1, -1]])
    level = float(np.median(ring))
    noise = _MEDIAN_TO_STDDEV * float(np.median(np.abs(ring - level)))
    return level, level + _NOISE_WIDTHS * noise


def _ink_box(image: Image.Image) -> tuple[float, float, float, float] | None:
    """Left, top, right, bottom of what is lighter than halfway from paper to the lightest."""
    step = max(1.0, max(image.size) / _SEARCH_SIDE)
    look = image
    if step > 1:
        smaller = (max(1, round(image.width / step)), max(1, round(image.height / step)))
        look = image.resize(smaller, Image.Resampling.BOX, reducing_gap=2.0)
    values = np.asarray(look, np.float64)
    level, above = _paper(values)
    lightest = float(values.max())
    if lightest - above < _LEAST_CONTRAST:
        return None
    ink = values > max(above, level + (lightest - level) / 2)
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    across, down = image.width / look.width, image.height / look.height
    return (
        float(columns[0] * across),
        float(rows[0] * down),
        float((columns[-1] + 1) * across),
        float((rows[-1] + 1) * down),
    )


def _full_range(values: _Floats, paper: float) -> _Floats:
    """Levels stretched so that paper is 0 and the bulk of the ink 255, where it is not so yet."""
    above = np.clip(values - paper, 0, None)
    peak = float(above.max())
    if not peak:
        return above
    full = float(np.percentile(above[above > peak / 2], 75))
    return np.clip(above * (255.0 / full), 0, 255)


def _corner(ink: _Floats, frame: tuple[int, ...], *, by_mass: bool) -> tuple[int, int]:
    """Top and left of the ink in the frame, never beyond its edges."""
    corner = []
    for axis, (length, room) in enumerate(zip(ink.shape, frame, strict=True)):
        start = (room - length) // 2
        if by_mass and ink.any():
            mass = ink.sum(1 - axis)
            centre = float((mass * np.arange(length)).sum() / mass.sum())
            start = round(room / 2 - centre)
        corner.append(min(max(start, 0), room - length))
    return corner[0], corner[1]
