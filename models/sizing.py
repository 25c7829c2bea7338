"""The size of images: which a model can have, and what bringing them to one does, in words."""

from collections.abc import Collection

from models.preprocessing import Fit

Size = tuple[int, int]  # width, height

OPTIONS = "(--image-size, --fit)"
SIDES = (8, 256)
DEFAULT_SIDE = 64


def usable_size(height: int, width: int) -> tuple[int, int]:
    """The size itself if a model can have it (8 to 256 pixels a side), else 64×64."""
    if SIDES[0] <= height <= SIDES[1] and SIDES[0] <= width <= SIDES[1]:
        return height, width
    return DEFAULT_SIDE, DEFAULT_SIDE


def sizing_note(sizes: Collection[Size], wanted: Size, fit: Fit) -> str:
    """What becomes of pictures of these sizes when each is brought to another, or nothing."""
    others = {size for size in sizes if size != wanted}
    if not others:
        return ""
    width, height = next(iter(others))
    name = f"pictures of {width}×{height}" if len(set(sizes)) == 1 else "sizes differ"
    subject = "each is" if wanted not in sizes else f"those that are not {_text(wanted)} are"
    done = (shape_words(others, wanted, fit), f"{_scaled(others, wanted, fit)} {_text(wanted)}")
    return f"{name}: {subject} {' and '.join(filter(None, done))}"


def shape_words(sizes: Collection[Size], wanted: Size, fit: Fit) -> str:
    """What is cut off images of these sizes, or put around them; nothing if nothing is."""
    lost = max(_lost(size, wanted) for size in sizes)
    if not lost:
        return ""
    if fit == "fit":
        return "padded with the colour of its border"
    shape = "a square" if wanted[0] == wanted[1] else f"the shape of {_text(wanted)}"
    share = f"{lost:.0%}".replace("%", " %") if lost >= 0.01 else "less than 1 %"
    return f"cut to {shape} ({'up to ' if len(sizes) > 1 else ''}{share} of it is lost)"


def _lost(size: Size, wanted: Size) -> float:
    """The share of an image that stands over the frame it fills; 0 where that is no pixel."""
    scale = _scale(size, wanted, "crop")
    kept = [min(side, aim / scale) for side, aim in zip(size, wanted, strict=True)]
    if size[0] - kept[0] < 1 and size[1] - kept[1] < 1:
        return 0.0
    return 1 - kept[0] * kept[1] / (size[0] * size[1])


def _scale(size: Size, wanted: Size, fit: Fit) -> float:
    scales = [aim / side for side, aim in zip(size, wanted, strict=True)]
    return max(scales) if fit == "crop" else min(scales)


def _scaled(sizes: Collection[Size], wanted: Size, fit: Fit) -> str:
    scales = [_scale(size, wanted, fit) for size in sizes]
    if max(scales) < 1:
        return "shrunk to"
    if min(scales) > 1:
        return "enlarged to"
    return "brought to" if max(scales) == min(scales) else "shrunk or enlarged to"


def _text(size: Size) -> str:
    return f"{size[0]}×{size[1]}"
