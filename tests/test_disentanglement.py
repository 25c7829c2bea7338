"""The mutual information gap: closed forms, limits, and what it does not depend on."""

import math

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score
from torch import Tensor

from models.data import DataSet, ImageSet, load_data
from models.disentanglement import encoded_means, measure_mig, mig
from models.factors import Factor, FactorImages, Factors
from models.model import Model
from models.posteriors import DiagonalGaussian

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FACTORS = Factors(tuple(Factor(f"f{size}", tuple(range(size))) for size in (1, 3, 7, 10)))
EVERY = FACTORS.rows(np.arange(len(FACTORS)))


def noisy_mixture(seed: int, latents: int) -> Floats:
    """Latents [N, K] that tell something of several factors each."""
    random = np.random.default_rng(seed)
    mixed = EVERY @ random.normal(size=(4, latents))
    return np.asarray(mixed + random.normal(size=mixed.shape))


def test_true_factors_score_one() -> None:
    assert mig(EVERY, EVERY) == pytest.approx(1.0)
    assert mig(EVERY[:, 1:], EVERY) == pytest.approx(1.0)
    rooms = load_data("rooms")
    assert rooms.factors is not None
    rows = rooms.factors.rows(np.random.default_rng(0).integers(0, len(rooms.factors), 10_000))
    assert mig(rows, rows) == pytest.approx(1.0, abs=0.02)


def test_noise_scores_nothing() -> None:
    rows = np.tile(EVERY, (50, 1))
    noise = np.random.default_rng(0).normal(size=(len(rows), 10))
    assert 0 <= mig(noise, rows) < 0.01


def test_a_factor_told_twice_scores_nothing() -> None:
    twice = np.concatenate([EVERY, -2.0 * EVERY], 1)
    assert mig(twice, EVERY) == pytest.approx(0.0)


def test_closed_form() -> None:
    # Two fair bits. One latent knows the first; another says "both" and nothing else.
    bits = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    means = np.stack([bits[:, 0], bits[:, 0] & bits[:, 1]], 1).astype(float)
    # I(a and b; a) = H(1/4) - H(1/2) / 2
    quarter = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    both = quarter - math.log(2) / 2
    gaps = (1 - both / math.log(2), both / math.log(2))
    assert mig(means, bits) == pytest.approx(sum(gaps) / 2)
    assert mig(means[:, 1:], bits) == pytest.approx(both / math.log(2))  # a sole latent


def test_a_factor_with_more_values_than_bins_loses_what_bins_hide() -> None:
    factor = np.arange(40)[:, None]
    assert mig(factor, factor) == pytest.approx(math.log(20) / math.log(40))


@given(st.integers(0, 1000), st.integers(1, 5))
@settings(max_examples=20)
def test_it_is_that_of_the_library_s_estimator(seed: int, latents: int) -> None:
    means = noisy_mixture(seed, latents)
    table = np.zeros((latents, 4))
    for row, column in enumerate(means.T):
        bins = np.digitize(column, np.histogram(column, 20)[1][:-1])
        table[row] = [mutual_info_score(factor, bins) for factor in EVERY.T]
    best = np.sort(np.concatenate([table, np.zeros((1, 4))]), 0)[::-1]
    entropy = [mutual_info_score(factor, factor) for factor in EVERY.T]
    expected = np.mean((best[0] - best[1])[1:] / entropy[1:])
    assert mig(means, EVERY) == pytest.approx(expected)


@given(
    st.integers(0, 1000),
    st.permutations(range(4)),
    st.lists(st.sampled_from([-8.0, -1.0, 0.25, 4.0]), min_size=4, max_size=4),
)
@settings(max_examples=20)
def test_order_sign_and_scale_of_latents_do_not_matter(
    seed: int, order: list[int], scale: list[float]
) -> None:
    means = noisy_mixture(seed, 4)
    changed = means[:, order] * scale
    assert mig(changed, EVERY) == pytest.approx(mig(means, EVERY), abs=1e-9)
    assert 0 <= mig(means, EVERY) <= 1


@pytest.mark.parametrize("means", [np.full((210, 2), np.nan), np.full((210, 2), np.inf)])
def test_what_is_not_a_number_has_no_gap(means: Floats) -> None:
    assert math.isnan(mig(means, EVERY))


def test_factors_of_one_value_are_left_out() -> None:
    same = np.zeros((210, 1), np.int64)
    assert math.isnan(mig(EVERY, same))
    assert mig(EVERY, np.concatenate([same, EVERY], 1)) == pytest.approx(1.0)


def test_a_constant_latent_tells_nothing() -> None:
    assert mig(np.zeros((210, 2)), EVERY) == pytest.approx(0.0)


# --- of a model ---


def drawn(rows: Integers) -> npt.NDArray[np.uint8]:
    """Images [N, 1, 1, 4] that show their factors as bytes."""
    return (10 * rows[:, None, None, :]).astype(np.uint8)


class Reader:
    """An encoder that sees the factors in `drawn` images."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.labels: list[Tensor | None] = []

    def encode(self, x: Tensor, label: Tensor | None = None) -> DiagonalGaussian:
        self.batches.append(len(x))
        self.labels.append(label)
        mean = x.flatten(1)
        return DiagonalGaussian(mean, torch.zeros_like(mean))


def test_a_model_is_measured_on_images_with_known_factors() -> None:
    images = ImageSet(FactorImages(FACTORS, (1, 1, 4), drawn), EVERY[:, 1])
    reader = Reader()
    assert measure_mig(reader, images) == pytest.approx(1.0)
    assert sum(reader.batches) == len(FACTORS)
    assert reader.labels == [None]
    measure_mig(reader, images, labelled=True)
    assert reader.labels[1] is not None
    np.testing.assert_array_equal(
        encoded_means(reader, images), (10 * EVERY / 255).astype(np.float32)
    )


def test_no_more_than_ten_thousand_images_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    many = Factors((*FACTORS.factors, Factor("more", tuple(range(100)))))
    images = ImageSet(FactorImages(many, (1, 1, 5), drawn))
    reader = Reader()
    first = measure_mig(reader, images, seed=1)
    assert sum(reader.batches) == 10_000
    assert max(reader.batches) <= 500
    assert measure_mig(reader, images, seed=1) == first
    assert measure_mig(reader, images, seed=2) != first


def test_without_factors_there_is_no_gap(tiny_model: Model, tiny_data: DataSet) -> None:
    assert measure_mig(tiny_model, tiny_data.held_out) is None
