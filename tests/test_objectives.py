"""Objectives by property: closed forms, bounds and limits, over the dict of methods."""

from itertools import pairwise

import pytest
import torch

from models.autoencoder import Autoencoder, Config, MethodName
from models.evaluation import importance_bound, log_weights
from models.objectives import METHODS, Batch, Loss
from models.posteriors import standard_normal_log_prob


def model_of(method: MethodName, seed: int = 0) -> Autoencoder:
    torch.manual_seed(seed)
    described = Config(
        method=method,
        image_shape=(1, 8, 8),
        latent_size=3,
        width=16,
        depth=1,
        classes=3 if method == "cvae" else 0,
    )
    return Autoencoder(described).double()


def batch_of(method: MethodName, count: int = 16, kl_weight: float = 1.0) -> Batch:
    generator = torch.Generator().manual_seed(7)
    x = torch.rand(count, 1, 8, 8, generator=generator, dtype=torch.float64).round()
    return Batch(x, torch.arange(count) % 3 if method == "cvae" else None, kl_weight)


def loss_of(method: MethodName, kl_weight: float = 1.0, seed: int = 0) -> Loss:
    with torch.no_grad():
        generator = torch.Generator().manual_seed(seed)
        return METHODS[method](model_of(method), batch_of(method, 16, kl_weight), generator)


VARIATIONAL = [method for method in METHODS if model_of(method).config.has_prior]


@pytest.mark.parametrize("method", METHODS)
def test_a_loss_is_one_number_and_its_terms_are_too(method: MethodName) -> None:
    loss = loss_of(method)
    assert loss.total.shape == ()
    assert loss.total.isfinite()
    assert "reconstruction" in loss.terms
    assert all(term.shape == () and term.isfinite() for term in loss.terms.values())


@pytest.mark.parametrize("method", METHODS)
def test_the_same_generator_gives_the_same_loss(method: MethodName) -> None:
    assert torch.equal(loss_of(method, seed=1).total, loss_of(method, seed=1).total)


@pytest.mark.parametrize("method", METHODS)
def test_an_objective_changes_nothing_but_gradients(method: MethodName) -> None:
    model, batch = model_of(method), batch_of(method)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    x = batch.x.clone()
    METHODS[method](model, batch, None)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(batch.x, x)


def test_terms_are_means_over_images() -> None:
    """Twice the same images have the same loss: nothing is summed over the batch."""
    model, batch = model_of("ae"), batch_of("ae")
    twice = Batch(batch.x.repeat(2, 1, 1, 1))
    once = METHODS["ae"](model, batch, None).total
    torch.testing.assert_close(METHODS["ae"](model, twice, None).total, once)


def test_a_plain_autoencoder_pays_for_reconstruction_alone() -> None:
    loss = loss_of("ae")
    assert set(loss.terms) == {"reconstruction"}
    model, batch = model_of("ae"), batch_of("ae")
    z = model.encode(batch.x).mean
    expected = -model.decode(z).log_prob(batch.x).mean()
    torch.testing.assert_close(loss.total, expected.detach())


@pytest.mark.parametrize("method", VARIATIONAL)
def test_the_elbo_is_its_two_terms(method: MethodName) -> None:
    terms = loss_of(method).terms
    torch.testing.assert_close(terms["elbo"], -(terms["reconstruction"] + terms["kl"]))
    assert terms["kl"] > 0.0


@pytest.mark.parametrize("method", VARIATIONAL)
@pytest.mark.parametrize("kl_weight", [0.0, 0.25, 1.0])
def test_warm_up_lets_in_a_share_of_the_kl_and_shows_all_of_it(
    method: MethodName, kl_weight: float
) -> None:
    whole, part = loss_of(method), loss_of(method, kl_weight)
    assert part.terms == whole.terms
    expected = whole.terms["reconstruction"] + kl_weight * whole.terms["kl"]
    torch.testing.assert_close(part.total, expected)


@pytest.mark.parametrize("method", VARIATIONAL)
def test_one_importance_sample_is_the_elbo_for_the_same_noise(method: MethodName) -> None:
    model, batch = model_of(method), batch_of(method)
    with torch.no_grad():
        q = model.encode(batch.x, batch.label)
        noise = torch.Generator().manual_seed(3)
        weights = log_weights(model, batch.x, q, batch.label, 1, noise)
        z = q.sample(torch.Generator().manual_seed(3))
        log_p = model.decode(z, batch.label).log_prob(batch.x)
    elbo = log_p - (q.log_prob(z) - standard_normal_log_prob(z))
    torch.testing.assert_close(importance_bound(weights), elbo)


@pytest.mark.parametrize("method", VARIATIONAL)
def test_the_importance_bound_does_not_fall_with_more_samples(method: MethodName) -> None:
    """Burda et al. 2016, theorem 1, in its exact form: over all subsets of the same draws."""
    model, batch = model_of(method), batch_of(method)
    with torch.no_grad():
        q = model.encode(batch.x, batch.label)
        noise = torch.Generator().manual_seed(4)
        weights = log_weights(model, batch.x, q, batch.label, 64, noise)
    bounds = []
    for k in (1, 2, 4, 8, 16, 32, 64):
        groups = [importance_bound(group) for group in torch.split(weights, k)]
        bounds.append(torch.stack(groups).mean(0))
    for fewer, more in pairwise(bounds):
        assert (more >= fewer - 1e-9).all()
    assert (bounds[-1] > bounds[0]).all()


@pytest.mark.parametrize("method", VARIATIONAL)
def test_the_closed_form_kl_gives_the_same_elbo_on_average(method: MethodName) -> None:
    model, batch = model_of(method), batch_of(method)
    with torch.no_grad():
        q = model.encode(batch.x, batch.label)
        noise = torch.Generator().manual_seed(5)
        sampled = log_weights(model, batch.x, q, batch.label, 500, noise).mean(0)
        losses = torch.stack(
            [
                METHODS[method](model, batch, torch.Generator().manual_seed(seed)).terms["elbo"]
                for seed in range(100)
            ]
        )
    error = float(losses.std()) / 10
    assert losses.mean().item() == pytest.approx(sampled.mean().item(), abs=5 * error)
