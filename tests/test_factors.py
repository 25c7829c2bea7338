"""Images drawn from factors are the images of those factors, and behave as an array of them."""

import math
import pickle
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models import rooms as rooms_module
from models.autoencoder import Autoencoder, Config
from models.data import BUILT_IN, ImageSet, load_data
from models.factors import Factor, FactorImages, Factors
from models.rooms import layers, rooms
from models.settings import Settings
from models.solids import SHAPES as SOLIDS
from models.solids import normals, span
from models.sprites import sprites
from models.training import train
from tests.samples import assert_sound

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

SMALL = Factors((Factor("a", (1.0, 2.0)), Factor("b", ("x", "y", "z")), Factor("c", (0.0,) * 4)))
KINDS = {"sprites": sprites(), "rooms": rooms()}

both = pytest.mark.parametrize("images", KINDS.values(), ids=KINDS)


def some(images: FactorImages, count: int, seed: int = 0) -> npt.NDArray[np.int64]:
    """Numbers of a few images."""
    return np.random.default_rng(seed).integers(0, len(images), count)


# --- the numbering ---


@given(st.lists(st.integers(1, 7), min_size=1, max_size=5), st.data())
def test_numbers_and_rows_are_each_other_s_inverse(sizes: list[int], data: st.DataObject) -> None:
    factors = Factors(tuple(Factor(str(n), tuple(range(size))) for n, size in enumerate(sizes)))
    number = data.draw(st.integers(0, len(factors) - 1))
    row = factors.rows(number)
    assert row.shape == (len(sizes),)
    assert factors.index(row) == number
    expected = 0
    for place, size in zip(row.tolist(), sizes, strict=True):
        assert 0 <= place < size
        expected = expected * size + place
    assert expected == number


def test_the_last_factor_changes_fastest() -> None:
    assert (SMALL.names, SMALL.sizes, len(SMALL)) == (("a", "b", "c"), (2, 3, 4), 24)
    assert SMALL.rows([0, 1, 4, 23]).tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 2, 3]]
    assert SMALL.index(SMALL.rows(np.arange(24))).tolist() == list(range(24))
    assert SMALL.column("b") == 1


@pytest.mark.parametrize("number", [-1, 24])
def test_there_is_no_other_image(number: int) -> None:
    with pytest.raises(ValueError, match="out of bounds"):
        SMALL.rows([number])
    with pytest.raises(ValueError, match="invalid entry"):
        SMALL.index([[0, 3, 0]])


def test_the_sets_have_the_published_factors() -> None:
    assert KINDS["sprites"].shape == (737_280, 1, 64, 64)
    assert KINDS["sprites"].factors.sizes == (1, 3, 6, 40, 32, 32)
    assert KINDS["rooms"].shape == (480_000, 3, 64, 64)
    assert KINDS["rooms"].factors.sizes == (10, 10, 10, 8, 4, 15)


# --- an array that is drawn ---


def drawn(rows: npt.NDArray[np.int64]) -> Bytes:
    """Tiny images [N, 1, 2, 2] that show their number."""
    return np.broadcast_to(SMALL.index(rows)[:, None, None, None], (len(rows), 1, 2, 2)).astype(
        np.uint8
    )


LAZY = FactorImages(SMALL, (1, 2, 2), drawn)
WHOLE = np.asarray(LAZY)

keys = st.one_of(
    st.integers(-24, 23),
    st.slices(24),
    st.lists(st.integers(-24, 23), max_size=30).map(lambda rows: np.array(rows, np.int64)),
    st.lists(st.booleans(), min_size=24, max_size=24).map(np.array),
)


@given(keys)
def test_it_is_indexed_as_an_array_is(key: int | slice | npt.NDArray[np.int64]) -> None:
    expected = WHOLE[key]
    found = LAZY[key]
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(LAZY.rows(key), SMALL.rows(np.arange(24)[key]))


@given(keys, st.lists(st.integers(-3, 2), max_size=5))
def test_a_view_is_indexed_as_a_part_is(
    key: int | slice | npt.NDArray[np.int64], rows: list[int]
) -> None:
    part, index = LAZY.view(key), np.array(rows, np.int64)
    expected = WHOLE[np.atleast_1d(np.arange(24)[key])]
    assert part.shape == expected.shape
    assert part.nbytes == expected.nbytes
    np.testing.assert_array_equal(part[:], expected)
    if len(expected) >= 3:
        np.testing.assert_array_equal(part[index], expected[index])
        np.testing.assert_array_equal(part.view(index)[:], expected[index])


@pytest.mark.parametrize(
    "key", [24, -25, np.array([24]), np.zeros(23, bool), (0, 0), None, np.zeros((2, 2), np.int64)]
)
def test_what_is_not_there_is_an_index_error(key: int) -> None:
    with pytest.raises(IndexError):
        LAZY[key]


@both
def test_nothing_is_drawn_until_it_is_taken(
    images: FactorImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw(rows: npt.NDArray[np.int64]) -> Bytes:
        pytest.fail("drawn")

    lazy = FactorImages(images.factors, images.image_shape, draw)
    part = lazy.view(np.arange(len(lazy))[::3]).view(slice(10))
    assert part.shape == (10, *images.image_shape)
    assert (part.ndim, part.dtype) == (4, np.dtype(np.uint8))
    np.testing.assert_array_equal(part.rows(), images.rows(slice(0, 30, 3)))


@both
def test_a_batch_holds_what_single_images_are(images: FactorImages) -> None:
    numbers = some(images, 150)
    batch = images[numbers]
    assert (batch.shape, batch.dtype) == ((150, *images.image_shape), np.dtype(np.uint8))
    assert batch.flags.writeable
    for place in (0, 17, 149):
        np.testing.assert_array_equal(images[int(numbers[place])], batch[place])
    np.testing.assert_array_equal(images.view(numbers)[100:], batch[100:])


@both
def test_it_travels_to_another_process(images: FactorImages) -> None:
    numbers = some(images, 20)
    images[0]  # what was drawn does not travel
    assert len(pickle.dumps(images)) < 5000
    other = pickle.loads(pickle.dumps(images.view(numbers)))
    np.testing.assert_array_equal(other[:], images[numbers])


@both
@settings(max_examples=50)
@given(st.data())
def test_every_factor_shows(images: FactorImages, data: st.DataObject) -> None:
    sizes = images.factors.sizes
    row = np.array([data.draw(st.integers(0, size - 1)) for size in sizes])
    column = data.draw(st.sampled_from([place for place, size in enumerate(sizes) if size > 1]))
    other = row.copy()
    other[column] = data.draw(st.integers(0, sizes[column] - 1))
    one, two = images.render(np.stack([row, other]))
    full_turn = images.factors.names[column] == "orientation" and sizes[column] == 40
    same = {row[column], other[column]} in ({0, 39}, {0}, {39}) and full_turn
    assert np.array_equal(one, two) == (row[column] == other[column] or same)


# --- sprites ---


def slow_sprite(row: list[int]) -> Bytes:
    """One image [64, 64] by the formulas, pixel by pixel, without numpy's help."""
    _, shape, scale, orientation, x, y = row
    s, t = (5 + scale) / 10, 2 * math.pi * orientation / 39
    image = np.zeros((64, 64), np.uint8)
    for line in range(64):
        for column in range(64):
            dx = column + 0.5 - (16 + 32 * x / 31)
            dy = line + 0.5 - (16 + 32 * y / 31)
            u = dx * math.cos(t) - dy * math.sin(t)
            v = dx * math.sin(t) + dy * math.cos(t)
            inside = (slow_square, slow_ellipse, slow_heart)[shape]
            image[line, column] = 255 * inside(u, v, s)
    return image


def slow_square(u: float, v: float, s: float) -> bool:
    return max(abs(u), abs(v)) <= 9.6 * s


def slow_ellipse(u: float, v: float, s: float) -> bool:
    return math.hypot(u / (12.8 * s), v / (7.2 * s)) <= 1


def slow_heart(u: float, v: float, s: float) -> bool:
    angle = math.degrees(math.atan2(-v, abs(u)))
    words = (
        "9.15 7.72 6.96 6.37 6.17 5.95 5.91 6.01 6.02 6.23 6.59 7.06 7.54 8.24 8.97 9.68 10.38 "
        "10.86 11.13 11.25 11.20 10.95 10.39 9.66 8.33 6.69 5.08"
    )
    knots = [*range(-90, 86, 7), 90]
    radii = [float(word) for word in words.split()]
    for (low, high), (near, far) in zip(pairwise(knots), pairwise(radii), strict=True):
        if low <= angle <= high:
            share = (angle - low) / (high - low)
            return bool(math.hypot(u, v) <= s * (near + share * (far - near)))
    raise AssertionError


@pytest.mark.parametrize("shape", range(3))
def test_sprites_follow_the_formulas_in_every_pixel(shape: int) -> None:
    images = KINDS["sprites"]
    rows = images.rows(some(images, 12, seed=shape))
    rows[:, 1] = shape
    rows[0, 2:] = 5, 0, 0, 0  # the corners of what is possible
    rows[1, 2:] = 5, 39, 31, 31
    for row, image in zip(rows.tolist(), images.render(rows), strict=True):
        np.testing.assert_array_equal(image[0], slow_sprite(row))


def test_sprites_are_black_and_white_with_a_black_border() -> None:
    images = KINDS["sprites"][some(KINDS["sprites"], 300)]
    assert set(np.unique(images)) == {0, 255}
    border = np.concatenate([images[..., [0, -1]].ravel(), images[..., [0, -1], :].ravel()])
    assert not border.any()


# --- rooms ---


def distance(shape: int, p: Floats) -> float:
    """How far a point is from a solid of scale 1, by its signed distance function."""
    name = SOLIDS[shape]
    if name == "sphere":
        return math.dist(p, (0, 0, 0.78)) - 0.78
    if name == "capsule":
        return math.dist(p, (0, 0, min(max(p[2], 0.5), 1.36))) - 0.5
    if name == "cylinder":
        outside = [math.hypot(p[0], p[1]) - 0.62, abs(float(p[2]) - 0.68) - 0.68]
    else:
        outside = [abs(float(gap)) - 0.62 for gap in p - (0.0, 0.0, 0.62)]
    return math.hypot(*(max(gap, 0.0) for gap in outside)) + min(max(outside), 0.0)


def march(shape: int, origin: Floats, ray: Floats, most: float = 20.0) -> Floats | None:
    """The first point of a solid on a ray, a step of the distance at a time."""
    unit, gone = ray / np.linalg.norm(ray), 0.0
    while gone < most:
        gap = distance(shape, origin + gone * unit)
        if gap < 1e-7:
            return np.asarray(origin + gone * unit)
        gone += gap
    return None


@pytest.mark.parametrize("shape", range(len(SOLIDS)), ids=SOLIDS)
def test_rays_meet_solids_where_their_distance_ends(shape: int) -> None:
    random = np.random.default_rng(shape)
    origins = random.normal(size=(300, 3)) * 0.3 + (-3.0, -3.0, 3.0)
    rays = random.normal(size=(300, 3)) * 0.5 + (0.0, 0.0, 0.7) - origins
    enter, leave = span(shape, origins, rays)
    met = 0
    for origin, ray, start, end in zip(origins, rays, enter, leave, strict=True):
        point = march(shape, origin, ray)
        if point is None:
            assert not start < end
            continue
        met += 1
        np.testing.assert_allclose(origin + start * ray, point, atol=1e-4)
        assert abs(distance(shape, origin + end * ray)) < 1e-9
        normal = normals(shape, point[None])[0]
        assert distance(shape, point + 0.01 * normal) == pytest.approx(0.01, abs=1e-4)
    assert 30 < met < 300


@pytest.mark.parametrize("shape", range(len(SOLIDS)), ids=SOLIDS)
def test_kept_light_is_what_rays_bring(shape: int) -> None:
    scale, orientation = (1, 4, 7, 3)[shape], (0, 14, 5, 9)[shape]
    size = 0.75 + 0.5 * scale / 7
    origin, rays = rooms_module._camera(orientation)
    light = layers(scale, shape, orientation)
    random = np.random.default_rng(shape)
    for line, column in random.integers((8, 14), (52, 50), (60, 2)).tolist():
        sums = np.zeros(3)
        for ray in rays[3 * line : 3 * line + 3, 3 * column : 3 * column + 3].reshape(9, 3):
            point = march(shape, origin / size, ray)
            if point is not None:
                sums[2] += rooms_module._shade(normals(shape, point[None]))[0] / 9
            else:
                to_floor = -origin[2] / ray[2]
                x, y, _ = origin + to_floor * ray
                sums[0 if to_floor > 0 and x < 3.4 and y < 3.4 else 1] += 1 / 9
        assert light[2, line, column] == pytest.approx(255 * 0.97 * sums[2], abs=0.51)
        for surface in (0, 1):  # their light depends on shadow and corners
            assert light[surface, line, column] <= 255 * sums[surface] + 0.51
            assert (light[surface, line, column] > 0) == (sums[surface] > 0)


def test_an_image_is_the_sum_of_kept_light_in_its_colours() -> None:
    images = KINDS["rooms"]
    for row, image in zip(images.rows(some(images, 20)), images[some(images, 20)], strict=True):
        fresh = layers.__wrapped__(*row[3:].tolist()).astype(int)
        assert fresh.sum(0).max() <= 255
        np.testing.assert_array_equal(fresh, layers(*row[3:].tolist()))
        colours = rooms_module._colours()[row[:3]].astype(int)
        expected = np.floor(np.einsum("sc,shw->chw", colours, fresh) / 255 + 0.5)
        np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize("surface", range(3), ids=["floor", "wall", "object"])
def test_a_hue_changes_its_own_surface_alone(surface: int) -> None:
    images = KINDS["rooms"]
    rows = images.rows(some(images, 20))
    other = rows.copy()
    other[:, surface] = (rows[:, surface] + 5) % 10
    changed = (images.render(rows) != images.render(other)).any(1)
    for row, change in zip(rows, changed, strict=True):
        own = layers(*row[3:].tolist())[surface]
        assert not change[own == 0].any()
        assert change[own > 3].all()


def test_a_shadow_lies_behind_the_object_and_is_soft() -> None:
    for shape in range(len(SOLIDS)):
        shadow = rooms_module._shadow(shape)
        side = rooms_module._SHADOW_SIDE

        def lit(x: float, y: float, shadow: Floats = shadow, side: int = side) -> float:
            place = [round((value / 3.2 + 1) * (side - 1) / 2) for value in (y, x)]
            return float(shadow[place[0], place[1]])

        behind = lit(0.9, 0.15)
        assert behind < 0.65 < 0.85 < lit(-1.2, -0.2)  # the lamp stands on that side
        assert lit(-3.0, 3.0) > 0.97
        assert len(np.unique(shadow.round(3))) > 50


# --- as data sets ---


@pytest.mark.parametrize("name", KINDS)
def test_they_are_data_sets_that_take_no_memory(name: str) -> None:
    data, images = load_data(name), KINDS[name]
    assert_sound(data, len(images))
    assert data.factors is not None
    assert data.factors == images.factors
    assert data.class_names == BUILT_IN[name].class_names
    assert data.class_names == images.factors.factors[images.factors.column("shape")].values
    assert data.binary == (name == "sprites")
    assert data.preprocessing.inversion == ("light border" if name == "sprites" else "never")
    for part in (data.train, data.held_out):
        assert isinstance(part.images, FactorImages)
        rows = part.images.rows(slice(50))
        assert part.labels is not None
        np.testing.assert_array_equal(part.labels[:50], rows[:, data.factors.column("shape")])
        np.testing.assert_array_equal(part.images[:50], images[data.factors.index(rows)])


@pytest.mark.parametrize("name", KINDS)
def test_held_out_images_are_the_same_ten_thousand_and_no_others(name: str) -> None:
    numbers = []
    for part in ("train", "held_out", "held_out"):
        images = getattr(load_data(name), part).images
        numbers.append(images.factors.index(images.rows()))
    train, held_out, again = numbers
    np.testing.assert_array_equal(held_out, again)
    assert len(held_out) == 10_000
    assert len(np.union1d(train, held_out)) == len(train) + len(held_out) == len(KINDS[name])
    # spread: the first thousand show every value of every factor
    for column, size in zip(
        KINDS[name].rows(held_out[:1000]).T, KINDS[name].factors.sizes, strict=True
    ):
        assert len(np.unique(column)) == size


@pytest.mark.parametrize("shape", [(1, 32, 32), (3, 16, 24)])
@pytest.mark.parametrize("name", KINDS)
def test_another_shape_is_made_when_an_image_is_taken(
    name: str, shape: tuple[int, int, int]
) -> None:
    data = load_data(name, image_shape=shape)
    assert_sound(data, len(KINDS[name]))
    assert isinstance(data.train.images, FactorImages)
    assert data.binary == (name == "sprites" and shape[0] == 1)
    assert "brought to" in data.notes[0]
    batch = data.train.images[:3]
    assert batch.shape == (3, *shape)
    native = KINDS[name][data.train.images.factors.index(data.train.images.rows(slice(3)))]
    # resizing and cropping leave the mean light where it was
    height = shape[1] * 64 // max(shape[1:])
    middle = native[:, :, (64 - height) // 2 : (64 + height) // 2].mean((2, 3))
    weights = (0.299, 0.587, 0.114) if native.shape[1] > shape[0] else (1 / len(middle[0]),) * 3
    grey = middle @ weights[: len(middle[0])]
    np.testing.assert_allclose(batch.mean((1, 2, 3)), grey, atol=4)


def test_training_on_drawn_images_is_training_on_an_array_of_them() -> None:
    whole = load_data("sprites", image_shape=(1, 8, 8))
    assert isinstance(whole.train.images, FactorImages)
    assert isinstance(whole.held_out.images, FactorImages)
    lazy = replace(
        whole,
        train=ImageSet(whole.train.images.view(slice(100))),
        held_out=ImageSet(whole.held_out.images.view(slice(30))),
    )
    array = replace(
        lazy,
        train=ImageSet(np.asarray(lazy.train.images)),
        held_out=ImageSet(np.asarray(lazy.held_out.images)),
    )
    losses = []
    for data in (lazy, array):
        torch.manual_seed(0)
        model = Autoencoder(Config(image_shape=(1, 8, 8), width=8, depth=0, binarise=True))
        *_, last = train(model, data, Settings(epochs=2, batch_size=32))
        losses.append((last.train, last.held_out))
    assert losses[0] == losses[1]
