"""The shares that processes draw of a batch's noise are together the noise of one process."""

from collections.abc import Callable

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given
from torch import Tensor

from models.adversary import shuffled
from models.noise import SharedGenerator, binarised, normal, uniform
from models.posteriors import DiagonalGaussian

Draw = Callable[[Tensor, torch.Generator | None, int], Tensor]
DRAWS: list[Draw] = [normal, uniform]


def shared(rank: int, world: int, total: int, seed: int = 0) -> SharedGenerator:
    generator = SharedGenerator()
    generator.manual_seed(seed)
    generator.rank, generator.world, generator.total = rank, world, total
    return generator


def plain(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def used_up(count: int) -> torch.Generator:
    """A stream of which so many numbers have been drawn."""
    generator = plain()
    torch.rand(count, generator=generator)
    return generator


def count_of(rank: int, world: int, total: int) -> int:
    """How many images of a batch one process has: every `world`-th."""
    return len(range(rank, total, world))


@given(st.integers(1, 20), st.integers(1, 5), st.integers(0, 2), st.sampled_from(DRAWS))
def test_the_shares_are_together_the_whole_draw(
    total: int, world: int, dim: int, draw: Draw
) -> None:
    shape = [2, 3, 4]
    shape[dim] = total
    whole = draw(torch.zeros(shape, dtype=torch.float64), plain(), dim)
    for rank in range(world):
        shape[dim] = count_of(rank, world, total)
        own = draw(torch.zeros(shape, dtype=torch.float64), shared(rank, world, total), dim)
        every = torch.tensor(range(rank, total, world), dtype=torch.int64)
        assert torch.equal(own, whole.index_select(dim, every))


@pytest.mark.parametrize("draw", DRAWS)
def test_draws_after_one_another_stay_in_step(draw: Draw) -> None:
    """Each process uses up the numbers of all images, so that the next draw fits as well."""
    one, all_of_them = shared(1, 3, 10), plain()
    for size in (4, 7, 1):
        own = draw(torch.zeros(count_of(1, 3, 10), size), one, 0)
        assert torch.equal(own, draw(torch.zeros(10, size), all_of_them, 0)[1::3])


@pytest.mark.parametrize("draw", DRAWS)
def test_numbers_are_of_the_kind_that_is_asked_for(draw: Draw) -> None:
    for dtype in (torch.float32, torch.float64):
        drawn = draw(torch.zeros(2, 3, dtype=dtype), plain(), 0)
        assert drawn.shape == (2, 3)
        assert drawn.dtype == dtype


def test_numbers_have_their_distributions() -> None:
    like = torch.zeros(100_000, dtype=torch.float64)
    gaussian, flat = normal(like, plain()), uniform(like, plain())
    assert gaussian.mean().item() == pytest.approx(0.0, abs=0.02)
    assert gaussian.var().item() == pytest.approx(1.0, abs=0.03)
    assert 0.0 <= flat.min() <= flat.max() < 1.0
    assert flat.mean().item() == pytest.approx(0.5, abs=0.01)
    assert flat.var().item() == pytest.approx(1 / 12, abs=0.003)


def test_a_posteriors_draws_are_shared_by_image() -> None:
    mean, log_variance = torch.randn(2, 7, 3, generator=plain(5))
    z, log_q = DiagonalGaussian(mean, log_variance).draw(plain(), 4)
    for rank in range(2):
        q = DiagonalGaussian(mean[rank::2], log_variance[rank::2])
        own, own_log_q = q.draw(shared(rank, 2, 7), 4)
        assert torch.equal(own, z[:, rank::2])
        torch.testing.assert_close(own_log_q, log_q[:, rank::2])
        assert torch.equal(
            q.rsample(shared(rank, 2, 7)),
            DiagonalGaussian(mean, log_variance).rsample(plain())[rank::2],
        )


@pytest.mark.parametrize("generator", [plain, lambda: shared(0, 1, 500)], ids=["one", "shared"])
def test_binary_images_are_ones_as_often_as_the_grey_value_says(
    generator: Callable[[], torch.Generator],
) -> None:
    grey = torch.tensor([0.0, 0.25, 0.5, 1.0]).repeat(500, 1, 250, 1)
    drawn = binarised(grey, generator())
    assert drawn.dtype == grey.dtype
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    torch.testing.assert_close(drawn.mean((0, 1, 2)), grey[0, 0, 0], rtol=0.0, atol=0.01)


def test_binary_images_are_shared_too() -> None:
    grey = torch.rand(9, 1, 4, 4, generator=plain(3))
    whole = binarised(grey, shared(0, 1, 9))
    parts = [binarised(grey[rank::4], shared(rank, 4, 9)) for rank in range(4)]
    for rank, part in enumerate(parts):
        assert torch.equal(part, whole[rank::4])


def test_a_whole_batch_is_shuffled_alike_by_every_process() -> None:
    z = torch.randn(10, 3, generator=plain(1))
    mixed, one = shuffled(z, plain()), shared(1, 2, 10)
    assert torch.equal(shuffled(z, one), mixed)
    assert torch.equal(normal(z[1::2], one), normal(z, used_up(30))[1::2]), "and stays in step"
