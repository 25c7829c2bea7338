"""What is done to a picture before a model sees it: a record kept with the model, and `prepare`."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops

from models.images import Picture
from models.ink import frame_ink

Bytes = npt.NDArray[np.uint8]
Fit = Literal["fit", "crop"]
Inversion = Literal["never", "light border"]
Framing = Literal["none", "ink box", "ink fills"]

_MIDDLE_GREY = 127
_BORDER_SHARE = 50  # the border is 1/50 of the shorter side wide, at least one pixel


@dataclass(frozen=True)
class Preprocessing:
    """How a picture of any size becomes an image [channels, height, width] in [0, 1].

    `fit` keeps the whole picture and pads it with the colour of its border; `crop` fills the
    frame and cuts what stands over. With inversion "light border" a picture whose border is
    lighter than middle grey is inverted: the data is light on dark (as MNIST is). With a
    framing other than "none" the ink of a grey picture that does not have the model's size
    already is cut out and placed as the data has it: "ink box" as in MNIST (20 of 28 pixels,
    centre of mass in the middle), "ink fills" as in scikit-learn's digits (frame filled, box in
    the middle).
    """

    channels: int
    height: int
    width: int
    fit: Fit = "fit"
    inversion: Inversion = "never"
    framing: Framing = "none"

    def __post_init__(self) -> None:
        sizes = (self.channels, self.height, self.width)
        if not all(type(size) is int and size > 0 for size in sizes) or self.channels not in (1, 3):
            raise ValueError(f"preprocessing: impossible size {sizes}")
        rules = (self.fit, self.inversion, self.framing)
        known = (get_args(Fit), get_args(Inversion), get_args(Framing))
        if any(rule not in choices for rule, choices in zip(rules, known, strict=True)):
            raise ValueError(f"preprocessing: unknown rule among {rules}")
        if self.framing != "none" and self.channels != 1:
            raise ValueError("preprocessing: only grey images can be framed by their ink")

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return self.channels, self.height, self.width

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Preprocessing":
        """The inverse of `to_dict`.

        Raises:
            ValueError: a value is missing, unknown or out of range.
        """
        try:
            return cls(**values)
        except TypeError as error:
            raise ValueError(f"preprocessing: {error}") from error


@dataclass(frozen=True)
class Prepared:
    """An image [C, H, W] of bytes as the model wants it, and a few words on each step to it."""

    image: Bytes
    notes: tuple[str, ...] = ()


def prepare(picture: Picture, preprocessing: Preprocessing) -> Prepared:
    """Bring a picture to a model's size, channels and polarity.

    A picture that has them already comes through bit for bit. `notes` begin with the
    picture's own.
    """
    image, notes = picture.image, list(picture.notes)
    mode = "L" if preprocessing.channels == 1 else "RGB"
    if image.mode != mode:
        notes += ["colour made grey"] if mode == "L" else []
        image = image.convert(mode)
    if preprocessing.inversion == "light border" and _has_light_border(image):
        image = ImageChops.invert(image)
        notes.append("inverted (light background)")
    if image.size != (preprocessing.width, preprocessing.height):
        image, note = _sized(image, preprocessing)
        notes.append(note)
    pixels = np.asarray(image, np.uint8)
    channels_first = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    return Prepared(np.ascontiguousarray(channels_first), tuple(notes))


def to_display(images: Bytes) -> Bytes:
    """Images [..., C, H, W] as pixels [..., H, W, C], contiguous, for a screen or a file."""
    return np.ascontiguousarray(np.moveaxis(images, -3, -1))


def _border_colour(image: Image.Image) -> tuple[int, ...]:
    """The median of the pixels along the four edges, for each channel."""
    pixels = np.asarray(image).reshape(image.height, image.width, -1)
    band = max(1, min(image.size) // _BORDER_SHARE)
    edges = (pixels[:band], pixels[-band:], pixels[band:-band, :band], pixels[band:-band, -band:])
    ring = np.concatenate([edge.reshape(-1, pixels.shape[2]) for edge in edges])
    return tuple(int(value) for value in np.median(ring, 0))


def _has_light_border(image: Image.Image) -> bool:
    colour = _border_colour(image)
    # the weights of Pillow's own conversion to grey (ITU-R BT.601)
    weights = (0.299, 0.587, 0.114) if len(colour) == 3 else (1.0,)
    return sum(w * value for w, value in zip(weights, colour, strict=True)) > _MIDDLE_GREY


def _sized(image: Image.Image, preprocessing: Preprocessing) -> tuple[Image.Image, str]:
    """The picture in the model's size by the rule that applies, and which one that was."""
    size = (preprocessing.width, preprocessing.height)
    if preprocessing.framing != "none":
        framed = frame_ink(image, size, like_mnist=preprocessing.framing == "ink box")
        if framed is not None:
            return framed
    if preprocessing.fit == "crop":
        return _cropped(image, size)
    return _fitted(image, size)


def _fitted(image: Image.Image, size: tuple[int, int]) -> tuple[Image.Image, str]:
    scale = min(size[0] / image.width, size[1] / image.height)
    inner = (
        min(size[0], max(1, round(image.width * scale))),
        min(size[1], max(1, round(image.height * scale))),
    )
    small = image.resize(inner, Image.Resampling.LANCZOS, reducing_gap=3.0)
    colour = _border_colour(image)
    whole = Image.new(image.mode, size, colour if len(colour) > 1 else colour[0])
    whole.paste(small, ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2))
    return whole, f"fitted to {size[0]}×{size[1]}"


def _cropped(image: Image.Image, size: tuple[int, int]) -> tuple[Image.Image, str]:
    scale = max(size[0] / image.width, size[1] / image.height)
    width, height = min(image.width, size[0] / scale), min(image.height, size[1] / scale)
    left, top = (image.width - width) / 2, (image.height - height) / 2
    box = (left, top, left + width, top + height)
    whole = image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    cut = image.width - width >= 1 or image.height - height >= 1
    return whole, f"{'cropped' if cut else 'resized'} to {size[0]}×{size[1]}"
