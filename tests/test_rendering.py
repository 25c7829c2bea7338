"""From a frozen request to a frozen result, and what the window is told of a model."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from explorer.rendering import DecodeRequest, Kind, Slot, decode, describe, render

if TYPE_CHECKING:
    from torch import Tensor

    from models.model import Model


def test_pictures_are_the_decoders_mean_in_bytes(tiny_model: "Model") -> None:
    import torch

    z = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    pictures, finite = decode(tiny_model, z, None)
    assert finite
    assert pictures.shape == (5, 8, 8, 1)
    assert pictures.dtype == np.uint8
    exact = tiny_model.decode(torch.from_numpy(z)).permute(0, 2, 3, 1).numpy() * 255
    assert np.abs(pictures - exact).max() <= 0.51


def test_many_pictures_at_once_are_those_of_one_by_one(tiny_model: "Model") -> None:
    """Large batches are multiplied by another library."""
    z = np.random.default_rng(0).normal(size=(100, tiny_model.latent_size)).astype(np.float32)
    together, _ = decode(tiny_model, z, None)
    alone = np.concatenate([decode(tiny_model, row[None], None)[0] for row in z])
    assert np.abs(together.astype(int) - alone).max() <= 1  # of 255: a rounding


@pytest.mark.parametrize("shrink", [1, 2, 3, 8])
def test_smaller_pictures_are_means_of_blocks(shrink: int, tiny_model: "Model") -> None:
    z = np.random.default_rng(0).normal(size=(5, tiny_model.latent_size)).astype(np.float32)
    full, small = (decode(tiny_model, z, None, factor)[0] for factor in (1, shrink))
    assert small.shape == (5, -(-8 // shrink), -(-8 // shrink), 1)
    for down, across in np.ndindex(small.shape[1:3]):
        rows, columns = (slice(at * shrink, (at + 1) * shrink) for at in (down, across))
        block = full[:, rows, columns, 0].reshape(5, -1).mean(1)
        assert np.abs(small[:, down, across, 0] - block).max() <= 1  # of 255: roundings


def test_a_part_of_a_request_is_that_part(tiny_model: "Model") -> None:
    z = np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)
    request = DecodeRequest(Slot.TILES, 1, z, ticket="mine")
    whole, part = render(tiny_model, request, 0, 9), render(tiny_model, request, 3, 4)
    assert part.first == 3
    assert part.request is request
    np.testing.assert_array_equal(part.pictures, whole.pictures[3:7])
    assert part.seconds > 0


DIRECTIONS = np.array([[0.6, 0.8], [-0.8, 0.6]], np.float32)


@pytest.mark.parametrize(("kind", "columns"), [("magnification", 1), ("field", 3)])
def test_other_kinds_give_values_of_a_part(tiny_model: "Model", kind: Kind, columns: int) -> None:
    z = np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)
    request = DecodeRequest(Slot.FIELD, 1, z, kind=kind, directions=DIRECTIONS)
    whole, part = render(tiny_model, request, 0, 9), render(tiny_model, request, 3, 4)
    assert whole.values is not None
    assert part.values is not None
    assert whole.values.shape == (9, columns)
    assert (len(part), len(part.pictures)) == (4, 0)
    np.testing.assert_allclose(part.values, whole.values[3:7], rtol=1e-4, atol=1e-6)


def test_the_field_is_the_step_to_the_re_encoding(tiny_model: "Model") -> None:
    import torch

    z = torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    request = DecodeRequest(Slot.FIELD, 1, z.numpy(), kind="field", directions=DIRECTIONS)
    found = render(tiny_model, request, 0, 4).values
    wanted = (tiny_model.encode(tiny_model.decode(z)).mean - z) @ torch.from_numpy(DIRECTIONS).T
    assert found is not None
    np.testing.assert_allclose(found[:, :2], wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[:, 2], 0, atol=1e-5)


def test_a_line_has_a_magnification(tiny_model: "Model") -> None:
    z, line = np.zeros((2, 2), np.float32), np.array([[1, 0], [0, 0]], np.float32)
    request = DecodeRequest(Slot.MAGNIFICATION, 1, z, kind="magnification", directions=line)
    found = render(tiny_model, request, 0, 2).values
    assert found is not None
    assert (found > 0).all()


def test_values_without_a_plane_are_an_expected_failure(tiny_model: "Model") -> None:
    request = DecodeRequest(Slot.FIELD, 1, np.zeros((1, 2), np.float32), kind="field")
    assert "plane" in render(tiny_model, request, 0, 1).error


@pytest.mark.parametrize("request_", [DecodeRequest(Slot.PICTURE, 1, np.zeros((1, 5), np.float32))])
def test_an_expected_failure_is_a_value(tiny_model: "Model", request_: DecodeRequest) -> None:
    result = render(tiny_model, request_, 0, 1)
    assert "latents" in result.error
    assert len(result.pictures) == 0


def test_what_is_no_number_is_crossed_out_and_told(tiny_model: "Model") -> None:
    z = np.array([[np.nan, 0], [0, 0]], np.float32)
    result = render(tiny_model, DecodeRequest(Slot.PICTURE, 1, z), 0, 2)
    assert not result.finite
    assert not result.error
    crossed, sound = result.pictures[:, :, :, 0]
    assert set(np.unique(crossed)) == {crossed[0, 1], crossed[0, 0]}
    np.testing.assert_array_equal(crossed[np.eye(8, dtype=bool)], crossed[0, 0])
    np.testing.assert_array_equal(crossed, crossed[::-1])
    np.testing.assert_array_equal(sound, decode(tiny_model, z[1:], None)[0][0, :, :, 0])


def test_large_numbers_are_no_damage() -> None:
    """A sum over the pictures of many may overflow where each of them is finite."""

    class Bright:
        def decode(self, z: object, label: object) -> "Tensor":
            import torch

            return torch.full((2, 3, 4, 4), 3e38)

    pictures, finite = decode(Bright(), np.zeros((2, 1), np.float32), None)  # type: ignore[arg-type] # a fake
    assert finite
    assert (pictures == 255).all()


def test_a_model_is_described_without_its_weights(tiny_model: "Model") -> None:
    info = describe(tiny_model, 7, Path("a/tiny.safetensors"))
    assert (info.key, info.name, info.latent_size) == (7, "tiny", 2)
    assert info.image_shape == (1, 8, 8)
    assert info.class_names == ("across", "down", "square")
    assert tiny_model.points is not None
    np.testing.assert_allclose(info.kl, tiny_model.points.mean_kl())
    assert np.all(info.spread >= 3)
    assert np.all(info.spread >= np.abs(tiny_model.points.mean).max(0) - 1e-6)
    np.testing.assert_array_equal(info.centre, 0)
    assert info.metrics == {"elbo": -25.0}


def test_without_data_nothing_is_guessed(tiny_model: "Model") -> None:
    info = describe(replace(tiny_model, points=None), 1, Path("x.safetensors"))
    np.testing.assert_array_equal(info.kl, 0)
    np.testing.assert_array_equal(info.spread, 3)


def test_without_a_prior_the_data_says_where_the_middle_is() -> None:
    import torch

    from models.autoencoder import Autoencoder, Config
    from models.model import Model
    from models.points import Points
    from models.preprocessing import Preprocessing

    torch.manual_seed(0)
    config = Config(image_shape=(1, 8, 8), latent_size=2, width=16, depth=1, method="ae")
    mean = np.random.default_rng(0).normal((40, -7), (5, 0.1), (100, 2)).astype(np.float32)
    points = Points(mean, np.zeros_like(mean))
    model = Model(Autoencoder(config).eval(), Preprocessing(1, 8, 8), points=points)
    info = describe(model, 1, Path("ae.safetensors"))
    assert not info.has_prior
    np.testing.assert_allclose(info.centre, mean.mean(0), rtol=1e-5)
    np.testing.assert_allclose(info.spread, 3 * mean.std(0), rtol=1e-5)
    np.testing.assert_array_equal(info.kl, 0)


def test_handles_come_before_tiles_and_tiles_before_thumbnails() -> None:
    assert Slot.PICTURE < Slot.LENS < Slot.STRIP < Slot.TILES < Slot.THUMBNAILS


def test_the_few_pictures_of_points_come_before_what_fills_the_map() -> None:
    """A slow decoder fills it for minutes: nobody waits for that to see one point."""
    of_points, of_the_map = (Slot.CARD, Slot.NEIGHBOURS), (Slot.TILES, Slot.MAGNIFICATION)
    assert max(of_points) < min(of_the_map) < Slot.FIELD
