"""Measured figures: the truth where it is known in closed form, and bounds that are bounds."""

import math

import numpy as np
import pytest
import torch

from models.autoencoder import Autoencoder
from models.data import DataSet, ImageSet
from models.evaluation import evaluate, importance_bound
from models.methods import METHODS, MethodName
from models.model import Model, batches, encode_points
from models.posteriors import DiagonalGaussian, standard_normal_log_prob
from tests.small_models import small_config, small_model


def images_of(count: int, seed: int = 0) -> ImageSet:
    random = np.random.default_rng(seed)
    return ImageSet(random.integers(0, 256, (count, 1, 8, 8), dtype=np.uint8), np.arange(count) % 3)


def test_the_bound_does_not_overflow() -> None:
    far = torch.tensor([[-1e5, 1e5], [-1e5 - 1.0, 1e5 - 1.0]], dtype=torch.float64)
    expected = math.log((1 + math.exp(-1.0)) / 2)
    torch.testing.assert_close(importance_bound(far), far[0] + expected)


def test_figures_are_means_over_images_whatever_the_batch(tiny_model: Model) -> None:
    """1,200 images go through in three batches; the same figures are measured here in one."""
    images = images_of(1200)
    figures = evaluate(tiny_model.autoencoder, images, seed=4)
    ((x, _),) = batches(images, 1200)
    q = tiny_model.autoencoder.encode(x)
    assert figures["kl"] == pytest.approx(q.kl().sum(-1).mean().item(), rel=1e-5)
    assert figures["elbo"] == pytest.approx(-(figures["reconstruction"] + figures["kl"]), rel=1e-6)
    reconstructions = [
        -tiny_model.autoencoder.decode(q.sample()).log_prob(x).mean().item() for _ in range(20)
    ]
    error = float(5 * np.std(reconstructions) + 1e-6)
    assert figures["reconstruction"] == pytest.approx(np.mean(reconstructions), abs=error)


def test_a_seed_makes_the_same_figures(tiny_model: Model, tiny_data: DataSet) -> None:
    first, again, other = (
        evaluate(tiny_model.autoencoder, tiny_data.held_out, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_the_importance_bound_is_above_the_elbo(tiny_data: DataSet) -> None:
    figures = evaluate(small_model().float(), tiny_data.held_out, importance_samples=50)
    assert figures["importance_bound"] >= figures["elbo"]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_measured_by_what_it_has(method: MethodName, tiny_data: DataSet) -> None:
    """A plain autoencoder has only a reconstruction."""
    model = Autoencoder(small_config(method))
    figures = evaluate(model, tiny_data.held_out, importance_samples=3)
    expected = {"reconstruction", "active_units"}
    if METHODS[method].has_prior:
        expected |= {"elbo", "kl", "importance_bound"}
        elbo = -(figures["reconstruction"] + figures["kl"])
        assert figures["elbo"] == pytest.approx(elbo, rel=1e-6)
    assert figures.keys() == expected
    assert all(math.isfinite(value) for value in figures.values())


def test_a_conditional_model_is_measured_with_its_labels(tiny_data: DataSet) -> None:
    model = Autoencoder(small_config("cvae"))
    assert evaluate(model, tiny_data.held_out)["elbo"] < 0.0
    with pytest.raises(ValueError, match="label"):
        evaluate(model, ImageSet(tiny_data.held_out.images))


def test_binary_models_see_binary_images(tiny_data: DataSet) -> None:
    """Whatever a decoder says of a draw of 0 and 1, its mean cannot cost less than the entropy."""
    model = Autoencoder(small_config(binarise=True))
    ones = ImageSet(np.full((20, 1, 8, 8), 255, np.uint8))
    grey = ImageSet(np.full((20, 1, 8, 8), 128, np.uint8))
    with torch.no_grad():
        for parameter in model.decoder.last.parameters():
            parameter.fill_(20.0 if parameter.ndim == 1 else 0.0)  # sure of a white image
    assert evaluate(model, ones)["reconstruction"] == pytest.approx(0.0, abs=1e-3)
    # Half the pixels of a draw are black, each of which costs 20 nats.
    assert evaluate(model, grey)["reconstruction"] == pytest.approx(64 * 0.5 * 20, rel=0.1)


def with_means(scale: tuple[float, ...]) -> Autoencoder:
    """A model whose posterior means vary over images by the given scales."""
    model = Autoencoder(small_config(latent_size=len(scale), width=64, depth=0))
    with torch.no_grad():
        model.head.weight.zero_()
        for dimension, size in enumerate(scale):
            model.head.weight[dimension, dimension] = size
    return model


def test_active_units_are_those_whose_mean_varies() -> None:
    images = images_of(200)
    assert evaluate(with_means((0.0, 50.0, 0.0, 50.0, 1e-3)), images)["active_units"] == 2.0
    assert evaluate(with_means((0.0,)), images)["active_units"] == 0.0
    one = evaluate(with_means((50.0,)), images_of(1))
    assert one["active_units"] == 0.0  # one image cannot vary


def test_progress_is_reported_to_the_end(tiny_model: Model) -> None:
    seen: list[tuple[int, int]] = []
    evaluate(tiny_model.autoencoder, images_of(1200), report=lambda *now: seen.append(now))
    assert seen == [(500, 1200), (1000, 1200), (1200, 1200)]


def test_evaluation_leaves_the_model_alone(tiny_model: Model, tiny_data: DataSet) -> None:
    before = {name: value.clone() for name, value in tiny_model.autoencoder.state_dict().items()}
    evaluate(tiny_model.autoencoder, tiny_data.held_out)
    after = tiny_model.autoencoder.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_points_are_the_posteriors_of_the_data(tiny_model: Model, tiny_data: DataSet) -> None:
    points = encode_points(tiny_model.autoencoder, tiny_data.train)
    ((x, label),) = batches(tiny_data.train, 150)
    q = tiny_model.encode(x)
    assert isinstance(q, DiagonalGaussian)
    np.testing.assert_allclose(points.mean, q.mean, atol=1e-5)
    np.testing.assert_allclose(points.log_variance, q.log_variance, atol=1e-5)
    np.testing.assert_array_equal(points.label, label)
    np.testing.assert_allclose(points.mean_kl(), q.kl().mean(0), rtol=1e-3)


@pytest.mark.parametrize("limit", [1, 2, 7, 150, 1000])
def test_points_are_spread_evenly_over_the_data(
    limit: int, tiny_model: Model, tiny_data: DataSet
) -> None:
    points = encode_points(tiny_model.autoencoder, tiny_data.train, limit)
    assert len(points) == min(limit, 150)
    assert points.label is not None
    whole = encode_points(tiny_model.autoencoder, tiny_data.train)
    np.testing.assert_allclose(points.mean[0], whole.mean[0], atol=1e-5)
    if limit > 1:
        np.testing.assert_allclose(points.mean[-1], whole.mean[-1], atol=1e-5)


def test_the_prior_is_a_density() -> None:
    grid = torch.linspace(-8.0, 8.0, 4001, dtype=torch.float64)[:, None]
    total = standard_normal_log_prob(grid).exp().sum() * 16 / 4000
    assert total.item() == pytest.approx(1.0, abs=1e-6)
