"""Placing the light ink of a grey picture in its frame as a data set of characters has it."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

_Floats = npt.NDArray[np.float64]
_Mask = npt.NDArray[np.bool_]
_Box = tuple[float, float, float, float]  # left, top, right, bottom, as shares of the picture

_MNIST_SHARE = 20 / 28  # LeCun scaled a digit to 20 of the frame's 28 pixels
_LEAST_CONTRAST = 24  # of 255 between paper and ink; below that a picture is blank
_SEARCH_SIDE = 512  # a box is looked for in a picture no larger than this
_WORK_SIDE = 240  # the longer side of the box while its ink is worked on
_PAPER_GRID = 64  # the paper's light is fitted to so many points a side
_NOISE_WIDTHS = 6.0  # paper is what lies within so many (robust) standard deviations
_MEDIAN_TO_STDDEV = 1.4826  # median absolute deviation to standard deviation of a Gaussian
_SPECK_SHARE = 1 / 30  # of the largest piece of ink; what is smaller is dirt
_LEAST_STROKE = 0.08  # width of a stroke over the longer side; 99 of 100 MNIST digits have more


def frame_ink(
    image: Image.Image, size: tuple[int, int], *, like_mnist: bool
) -> tuple[Image.Image, str] | None:
    """Cut out the light ink on dark paper and place it in a black frame of `size` (width, height).

    Like MNIST the ink's box is scaled into 20/28 of the frame and its centre of mass put in
    the middle (http://yann.lecun.com/exdb/mnist); else the box fills the frame and is centred.
    Uneven light on the paper is taken off, full ink is 255, and strokes too thin to be seen at
    that size are thickened. Returns the image and a note, or None if there is no ink.
    """
    found = _find(image)
    if found is None:
        return None
    box, light = found
    ink, thickened = _thick_enough(_cut_out(image, box, light))
    share = _MNIST_SHARE if like_mnist else 1.0
    room = (max(1, round(size[0] * share)), max(1, round(size[1] * share)))
    small = np.asarray(_scaled_into(ink, room))
    frame = np.zeros((size[1], size[0]), np.uint8)
    top, left = _corner(small, frame.shape, by_mass=like_mnist)
    frame[top : top + small.shape[0], left : left + small.shape[1]] = small
    kind, middle = ("MNIST", "centred") if like_mnist else ("the data", "filled")
    note = f"framed as {kind}: ink box {room[0]}×{room[1]}, {middle}"
    return Image.fromarray(frame), f"{note}, strokes thickened" if thickened else note


def _find(image: Image.Image) -> tuple[_Box, _Floats] | None:
    """The box of the ink and the light on the paper around it; None if nothing stands out."""
    step = max(1.0, max(image.size) / _SEARCH_SIDE)
    smaller = (max(1, round(image.width / step)), max(1, round(image.height / step)))
    look = image if step == 1 else image.resize(smaller, Image.Resampling.BOX, reducing_gap=2.0)
    values = np.asarray(look, np.float64)
    light, noise = _paper(values)
    above = values - _surface(light, values.shape, (0, 0, 1, 1))
    strongest = float(above.max())
    if strongest < max(_LEAST_CONTRAST, _NOISE_WIDTHS * noise):
        return None
    ink = _without_specks(above > max(strongest / 2, _NOISE_WIDTHS * noise))
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    height, width = ink.shape
    left, right = columns[0] / width, (columns[-1] + 1) / width
    return (float(left), rows[0] / height, float(right), (rows[-1] + 1) / height), light


def _paper(values: _Floats) -> tuple[_Floats, float]:
    """Coefficients of the light on the paper, a quadratic surface, and the paper's noise.

    It is fitted to the edges of the picture first, which seldom have ink, then to all that
    agrees with that.
    """
    pick = [np.linspace(0, side - 1, min(side, _PAPER_GRID)).astype(int) for side in values.shape]
    some = values[np.ix_(*pick)]
    terms = _terms(some.shape, (0, 0, 1, 1))
    use = np.zeros(some.shape, bool)
    use[[0, -1]] = use[:, [0, -1]] = True
    # a corner of ink must not bend the surface: start from what is near the edges' median
    ring = some[use]
    use &= np.abs(some - np.median(ring)) <= max(3 * _spread(ring), 1)
    light = np.zeros(len(terms))
    for _ in range(4):
        light = np.linalg.lstsq(terms[:, use].T, some[use], rcond=None)[0]
        distance = np.abs(some - np.tensordot(light, terms, 1))
        use = distance <= max(3 * _spread(distance[use], 0.0), 1)
    return light, _spread(distance[use], 0.0)


def _spread(values: _Floats, centre: float | None = None) -> float:
    """A standard deviation that outliers do not move."""
    middle = float(np.median(values)) if centre is None else centre
    return _MEDIAN_TO_STDDEV * float(np.median(np.abs(values - middle)))


def _terms(shape: tuple[int, ...], box: _Box) -> _Floats:
    """1, x, y, x², xy, y² at the pixels of a box of the picture: [6, H, W]."""
    left, top, right, bottom = box
    x = left + (right - left) * (np.arange(shape[1]) + 0.5)[None] / shape[1] + np.zeros(shape)
    y = top + (bottom - top) * (np.arange(shape[0]) + 0.5)[:, None] / shape[0] + np.zeros(shape)
    return np.stack([np.ones(shape), x, y, x * x, x * y, y * y])


def _surface(light: _Floats, shape: tuple[int, ...], box: _Box) -> _Floats:
    return np.asarray(np.tensordot(light, _terms(shape, box), 1))


def _without_specks(ink: _Mask) -> _Mask:
    """The ink without pieces much smaller than the largest one."""
    from scipy import ndimage  # here, as it takes time to import and few pictures need it

    pieces, count = ndimage.label(ink, np.ones((3, 3)))
    areas = np.bincount(pieces.ravel(), minlength=count + 1)
    areas[0] = 0
    return np.asarray((areas >= areas.max() * _SPECK_SHARE)[pieces] & ink)


def _cut_out(image: Image.Image, box: _Box, light: _Floats) -> Image.Image:
    """The ink in the box, paper at 0 and the bulk of the ink at 255, of a size to work on."""
    left, right = box[0] * image.width, box[2] * image.width
    top, bottom = box[1] * image.height, box[3] * image.height
    width, height = right - left, bottom - top
    scale = _WORK_SIDE / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    # Hamming's window does not ring: no faint echo of a stroke on the paper
    edges = (left, top, right, bottom)
    cut = image.resize(size, Image.Resampling.HAMMING, box=edges, reducing_gap=3.0)
    values = np.asarray(cut, np.float64)
    above = np.clip(values - _surface(light, values.shape, box), 0, None)
    full = max(1.0, float(np.percentile(above[above >= above.max() / 2], 75)))
    return Image.fromarray(np.rint(np.clip(above * (255 / full), 0, 255)).astype(np.uint8))


def _thick_enough(ink: Image.Image) -> tuple[Image.Image, bool]:
    """The ink with strokes that survive being made small, and whether they had to be thickened."""
    missing = _LEAST_STROKE * max(ink.size) - _stroke_width(np.asarray(ink) > 127)
    radius = round(missing / 2)
    if radius < 1:
        return ink, False
    wide = Image.new("L", (ink.width + 2 * radius, ink.height + 2 * radius))
    wide.paste(ink, (radius, radius))
    return wide.filter(ImageFilter.MaxFilter(2 * radius + 1)), True


def _stroke_width(ink: _Mask) -> float:
    """Twice the area over the length of the outline, in pixels."""
    padded = np.pad(ink, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    outline = int((ink & ~inner).sum())
    return 2 * int(ink.sum()) / max(outline, 1)


def _scaled_into(ink: Image.Image, room: tuple[int, int]) -> Image.Image:
    """The ink as large as `room` (width, height) lets it be, in its proportions."""
    scale = min(room[0] / ink.width, room[1] / ink.height)
    width = min(room[0], max(1, round(ink.width * scale)))
    height = min(room[1], max(1, round(ink.height * scale)))
    return ink.resize((width, height), Image.Resampling.HAMMING)


def _corner(
    ink: npt.NDArray[np.uint8], frame: tuple[int, ...], *, by_mass: bool
) -> tuple[int, int]:
    """Top and left of the ink in the frame, never beyond its edges."""
    corner = []
    for axis, (length, room) in enumerate(zip(ink.shape, frame, strict=True)):
        start = (room - length) // 2
        if by_mass and ink.any():
            mass = ink.sum(1 - axis, dtype=np.float64)
            centre = float((mass * np.arange(length)).sum() / mass.sum())
            start = round(room / 2 - centre)
        corner.append(min(max(start, 0), room - length))
    return corner[0], corner[1]
