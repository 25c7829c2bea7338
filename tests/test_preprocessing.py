"""A picture of any size becomes an image like those the model was trained on."""

import gzip
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw

from models.images import Picture
from models.preprocessing import Fit, Framing, Preprocessing, prepare, to_display

Bytes = npt.NDArray[np.uint8]

MNIST = Preprocessing(1, 28, 28, "fit", "light border", "ink box")
DIGITS = Preprocessing(1, 8, 8, "fit", "light border", "ink fills")


def picture(pixels: Bytes) -> Picture:
    return Picture(Image.fromarray(pixels), "test")


def drawn_seven(
    size: tuple[int, int] = (900, 700),
    paper: int = 255,
    ink: int = 0,
    at: tuple[int, int] = (0, 0),
    stroke_px: int = 26,
) -> Image.Image:
    image = Image.new("L", size, paper)
    stroke = [(x + at[0], y + at[1]) for x, y in ((300, 200), (420, 200), (340, 420))]
    ImageDraw.Draw(image).line(stroke, fill=ink, width=stroke_px)
    return image


def centre_of_mass(image: Bytes) -> tuple[float, float]:
    rows, columns = np.indices(image.shape)
    mass = image.astype(np.float64)
    return float((rows * mass).sum() / mass.sum()), float((columns * mass).sum() / mass.sum())


def ink_extent(image: Bytes, level: int = 25) -> tuple[int, int]:
    rows, columns = np.nonzero(image > level)
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def test_record_survives_its_dictionary() -> None:
    assert Preprocessing.from_dict(MNIST.to_dict()) == MNIST


def test_record_of_a_model_from_before_framing_is_read() -> None:
    old = {"channels": 1, "height": 28, "width": 28, "fit": "fit", "inversion": "never"}
    assert Preprocessing.from_dict(old).framing == "none"


@pytest.mark.parametrize(
    "change",
    [
        {"channels": 2},
        {"height": 0},
        {"width": "28"},
        {"fit": "stretch"},
        {"inversion": "always"},
        {"framing": "gilded"},
        {"channels": 3},  # ink is framed in grey images only
        {"colour": "red"},
    ],
)
def test_impossible_record_is_a_value_error(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="preprocessing"):
        Preprocessing.from_dict({**MNIST.to_dict(), **change})


@settings(max_examples=60)
@given(
    st.sampled_from([1, 3]),
    st.tuples(st.integers(2, 70), st.integers(2, 70)),
    st.tuples(st.integers(8, 40), st.integers(8, 40)),
    st.sampled_from(["fit", "crop"]),
    st.sampled_from(["none", "ink box", "ink fills"]),
    st.booleans(),
    st.data(),
)
def test_any_picture_gets_the_models_shape(
    channels: int,
    source: tuple[int, int],
    target: tuple[int, int],
    fit: Fit,
    framing: Framing,
    colour: bool,
    data: st.DataObject,
) -> None:
    pixels = data.draw(arrays(np.uint8, (*source, 3) if colour else source))
    rule = Preprocessing(
        channels, *target, fit, "light border", framing if channels == 1 else "none"
    )
    prepared = prepare(picture(pixels), rule)
    assert prepared.image.shape == (channels, *target)
    assert prepared.image.dtype == np.uint8
    assert prepared.image.flags.c_contiguous


@given(arrays(np.uint8, (12, 9, 3)), st.sampled_from(["fit", "crop"]))
def test_picture_of_the_models_size_passes_bit_for_bit(pixels: Bytes, fit: Fit) -> None:
    prepared = prepare(picture(pixels), Preprocessing(3, 12, 9, fit))
    np.testing.assert_array_equal(to_display(prepared.image), pixels)
    assert prepared.notes == ()


def test_real_mnist_images_pass_bit_for_bit(shared: Path) -> None:
    raw = gzip.decompress((shared / "data/mnist/t10k-images-idx3-ubyte.gz").read_bytes())
    for image in np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28)[:500]:
        prepared = prepare(picture(image), MNIST)
        np.testing.assert_array_equal(prepared.image[0], image)


def test_light_border_is_inverted_and_dark_is_not() -> None:
    light, dark = np.full((8, 8), 250, np.uint8), np.full((8, 8), 5, np.uint8)
    light[4, 4], dark[4, 4] = 10, 200
    rule = Preprocessing(1, 8, 8, inversion="light border")
    inverted = prepare(picture(light), rule)
    np.testing.assert_array_equal(inverted.image[0], 255 - light)
    assert inverted.notes == ("inverted (light background)",)
    np.testing.assert_array_equal(prepare(picture(dark), rule).image[0], dark)
    np.testing.assert_array_equal(prepare(picture(light), Preprocessing(1, 8, 8)).image[0], light)


def test_colour_is_made_grey_and_grey_is_spread_over_colours() -> None:
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 255
    grey = prepare(picture(red), Preprocessing(1, 8, 8))
    assert grey.notes == ("colour made grey",)
    assert (grey.image == 76).all()  # 0.299 of 255
    colour = prepare(picture(np.full((8, 8), 90, np.uint8)), Preprocessing(3, 8, 8))
    assert colour.image.shape == (3, 8, 8)
    assert (colour.image == 90).all()


def test_fit_keeps_all_and_pads_with_the_border_colour() -> None:
    wide = np.full((20, 80), 40, np.uint8)
    wide[5:15, 30:50] = 220
    prepared = prepare(picture(wide), Preprocessing(1, 40, 40, "fit"))
    assert prepared.notes == ("fitted to 40×40",)
    assert (prepared.image[0, :14] == 40).all()
    assert (prepared.image[0, 26:] == 40).all()
    assert prepared.image[0, 20, 20] > 200


def test_crop_fills_the_frame_from_the_middle() -> None:
    wide = np.zeros((20, 80), np.uint8)
    wide[:, 30:50] = 200
    prepared = prepare(picture(wide), Preprocessing(1, 10, 10, "crop"))
    assert prepared.notes == ("cropped to 10×10",)
    assert (prepared.image[0, :, 1:-1] > 190).all()
    square = prepare(picture(wide[:, 30:50]), Preprocessing(1, 10, 10, "crop"))
    assert square.notes == ("resized to 10×10",)


def test_shrinking_averages_instead_of_skipping() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (400, 200))
    for fit in ("fit", "crop"):
        image = prepare(picture(stripes), Preprocessing(1, 20, 20, fit)).image.astype(int)
        assert (np.abs(image - 128) < 12).all()


@pytest.mark.parametrize("at", [(0, 0), (-280, -180), (430, 250)])
@pytest.mark.parametrize("size", [(900, 700), (3000, 2000)])
def test_black_seven_on_a_white_sheet_comes_as_mnist_has_it(
    size: tuple[int, int], at: tuple[int, int]
) -> None:
    prepared = prepare(Picture(drawn_seven(size, at=at), "seven"), MNIST)
    image = prepared.image[0]
    assert prepared.notes == (
        "inverted (light background)",
        "framed as MNIST: ink box 20×20, centred",
    )
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    assert not border.any()
    assert image.max() == 255
    assert ink_extent(image)[0] in (19, 20)
    np.testing.assert_allclose(centre_of_mass(image), (14, 14), atol=0.6)


def test_a_photographed_seven_is_like_a_drawn_one() -> None:
    noise = np.random.default_rng(0).normal(0, 6, (700, 900))
    grey = np.clip(np.asarray(drawn_seven(), np.float64) * 0.6 + 40 + noise, 0, 255)
    photographed = prepare(picture(grey.astype(np.uint8)), MNIST).image[0]
    drawn = prepare(Picture(drawn_seven(), "drawn"), MNIST).image[0]
    assert np.abs(photographed.astype(int) - drawn).mean() < 5


def photographed(image: Image.Image) -> Image.Image:
    """With grey ink, noise and light that falls off to one corner."""
    random = np.random.default_rng(0)
    light = np.linspace(0.55, 1, image.width) * np.linspace(0.8, 1, image.height)[:, None]
    grey = (np.asarray(image) * 0.8 + 40) * light + random.normal(0, 5, light.shape)
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))


def test_uneven_light_is_taken_off() -> None:
    photo = prepare(Picture(photographed(drawn_seven()), "photo"), MNIST).image[0]
    drawn = prepare(Picture(drawn_seven(), "drawn"), MNIST).image[0]
    assert np.abs(photo.astype(int) - drawn).mean() < 5


def test_an_empty_sheet_has_no_ink_however_it_is_lit() -> None:
    sheet = prepare(Picture(photographed(Image.new("L", (900, 700), 255)), "sheet"), MNIST)
    assert sheet.notes[-1] == "fitted to 28×28"


def test_dirt_on_the_sheet_does_not_count_as_ink() -> None:
    dirty = drawn_seven()
    for corner in ((20, 30), (870, 660), (60, 640)):
        dirty.paste(0, (*corner, corner[0] + 5, corner[1] + 4))
    clean = prepare(Picture(drawn_seven(), "clean"), MNIST)
    np.testing.assert_array_equal(prepare(Picture(dirty, "dirty"), MNIST).image, clean.image)


def test_thin_strokes_are_thickened_and_told_of() -> None:
    thin = prepare(Picture(drawn_seven(stroke_px=3), "thin"), MNIST)
    assert thin.notes[-1].endswith("centred, strokes thickened")
    inked = (thin.image[0] > 127).sum()
    assert inked > 1.3 * max(ink_extent(thin.image[0])), "no thicker than a hair"
    assert thin.image.max() == 255


@pytest.mark.parametrize("scale", [4, 11])
def test_mnist_digit_on_a_sheet_is_framed_as_it_was(scale: int, shared: Path) -> None:
    raw = gzip.decompress((shared / "data/mnist/t10k-images-idx3-ubyte.gz").read_bytes())
    off, moved = [], []
    for image in np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28)[:100]:
        side = 28 * scale
        ink = Image.fromarray(255 - image).resize((side, side), Image.Resampling.BICUBIC)
        sheet = Image.new("L", (3 * side, 2 * side), 255)
        sheet.paste(ink, (37, 21))
        framed = prepare(Picture(sheet, "sheet"), MNIST).image[0].astype(int)
        off.append(np.abs(framed - image).mean())
        moved.append(np.abs(np.roll(framed, 1, 1) - framed).mean())
    assert np.mean(off) < np.mean(moved) / 2, "worse than half a pixel's shift"


def test_light_seven_on_black_needs_no_inversion() -> None:
    dark = prepare(Picture(drawn_seven(paper=0, ink=255), "dark"), MNIST)
    assert dark.notes == ("framed as MNIST: ink box 20×20, centred",)
    light = prepare(Picture(drawn_seven(), "light"), MNIST)
    np.testing.assert_array_equal(dark.image, light.image)


def test_ink_fills_the_frame_of_digits() -> None:
    image = prepare(Picture(drawn_seven(), "seven"), DIGITS).image[0]
    assert ink_extent(image)[0] == 8
    assert not image[:, 0].any()


@pytest.mark.parametrize("preprocessing", [MNIST, DIGITS, Preprocessing(1, 28, 28)])
@pytest.mark.parametrize("level", [0, 60, 127, 128, 255])
def test_blank_picture_stays_blank(preprocessing: Preprocessing, level: int) -> None:
    image = prepare(picture(np.full((90, 70), level, np.uint8)), preprocessing).image
    assert np.ptp(image) == 0


@pytest.mark.parametrize("size", [(2, 2), (2, 900), (900, 2), (3, 5)])
def test_tiny_and_narrow_pictures_are_framed_too(size: tuple[int, int]) -> None:
    pixels = np.zeros(size, np.uint8)
    pixels[0, 0] = 255
    for rule in (MNIST, DIGITS, Preprocessing(1, 28, 28, "crop"), Preprocessing(1, 28, 28, "fit")):
        assert prepare(picture(pixels), rule).image.shape == rule.image_shape


def test_notes_of_the_picture_come_first() -> None:
    noted = Picture(drawn_seven(), "seven", ("turned upright",))
    assert prepare(noted, MNIST).notes[0] == "turned upright"


def test_to_display_turns_single_images_and_batches() -> None:
    images = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5)
    shown = to_display(images)
    assert shown.shape == (2, 4, 5, 3)
    assert shown.flags.c_contiguous
    np.testing.assert_array_equal(to_display(images[1]), shown[1])
    assert shown[1, 2, 3, 0] == images[1, 0, 2, 3]
