"""Corruptions do what they say, to whole pixels, and nothing at level 0."""

from typing import get_args

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given
from torch import Tensor

from models.corruption import CORRUPTIONS, gaussian, masking, salt_and_pepper
from models.methods import Corruption
from tests.small_models import generator

NAMES: tuple[Corruption, ...] = get_args(Corruption)
LEVELS = st.floats(0.0, 1.0)


def images(count: int = 50) -> Tensor:
    """Coloured images without a pixel of 0 or 1."""
    x = torch.rand(count, 3, 10, 10, generator=generator(9), dtype=torch.float64)
    return 0.1 + 0.8 * x


def test_every_corruption_of_the_settings_is_there() -> None:
    assert tuple(CORRUPTIONS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_level_0_changes_nothing(name: Corruption) -> None:
    assert torch.equal(CORRUPTIONS[name](images(), 0.0, generator()), images())


@pytest.mark.parametrize("name", NAMES)
def test_a_generator_decides_and_the_image_stays(name: Corruption) -> None:
    x = images()
    first, again, other = (CORRUPTIONS[name](x, 0.4, generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first, x)
    assert torch.equal(x, images())
    assert first.dtype == x.dtype


@given(LEVELS)
def test_noise_has_the_standard_deviation_of_its_level(level: float) -> None:
    noise = gaussian(images(), level, generator()) - images()
    assert noise.std().item() == pytest.approx(level, rel=0.03)
    assert noise.mean().item() == pytest.approx(0.0, abs=0.05)


@given(LEVELS)
def test_masking_blackens_its_share_of_whole_pixels(level: float) -> None:
    x = images()
    masked = masking(x, level, generator())
    black = (masked == 0.0).all(1)
    assert torch.equal((masked == 0.0).any(1), black)  # all channels of a pixel or none
    kept = ~black[:, None].expand_as(x)
    assert torch.equal(masked[kept], x[kept])
    assert black.double().mean().item() == pytest.approx(level, abs=0.03)


@given(LEVELS)
def test_salt_and_pepper_strike_half_their_share_each(level: float) -> None:
    x = images()
    struck = salt_and_pepper(x, level, generator())
    black, white = (struck == 0.0).all(1), (struck == 1.0).all(1)
    kept = ~(black | white)[:, None].expand_as(x)
    assert torch.equal(struck[kept], x[kept])
    for share in (black, white):
        assert share.double().mean().item() == pytest.approx(level / 2, abs=0.03)


def test_at_level_1_nothing_is_left_to_see() -> None:
    assert not masking(images(), 1.0, generator()).any()
    assert set(salt_and_pepper(images(), 1.0, generator()).unique().tolist()) == {0.0, 1.0}
