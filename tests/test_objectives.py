"""Objectives by property, over the dict of methods: what each of them keeps."""

from collections.abc import Callable, Mapping
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from models.evaluation import importance_bound, log_weights
from models.methods import METHODS, MethodName, MethodSettings
from models.noise import SharedGenerator
from models.objectives import METHODS as OBJECTIVES
from models.objectives import Batch, kl_terms
from models.posteriors import DiagonalGaussian, standard_normal_log_prob
from tests.small_models import generator, loss_of, small_batch, small_model, usual

VARIATIONAL: list[MethodName] = [method for method in METHODS if METHODS[method].has_prior]
NOISELESS = {"ae", "cae"}
# These judge a batch as a whole, by the spread of its latents.
OF_THE_BATCH = {"beta-tcvae", "dip-vae-i", "dip-vae-ii"}


def test_every_method_has_an_objective_and_every_objective_a_method() -> None:
    assert list(OBJECTIVES) == list(METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_a_loss_is_one_number_and_its_terms_are_too(method: MethodName) -> None:
    loss = loss_of(method)
    assert loss.total.shape == ()
    assert loss.total.isfinite()
    assert "reconstruction" in loss.terms
    assert all(term.shape == () and term.isfinite() for term in loss.terms.values())


@pytest.mark.parametrize("method", METHODS)
def test_a_loss_brings_the_latents_that_were_drawn_and_the_kl_of_each_dimension(
    method: MethodName,
) -> None:
    loss = OBJECTIVES[method](small_model(method), small_batch(method), usual(method), generator())
    assert loss.z is not None
    assert loss.z.shape == (8, 3)
    assert not loss.z.requires_grad
    if METHODS[method].has_prior and method != "flow-vae":
        assert loss.kl is not None
        assert loss.kl.shape == (3,)
        assert not loss.kl.requires_grad
        torch.testing.assert_close(loss.kl.sum(), loss.terms["kl"].detach())
    else:
        assert loss.kl is None


@pytest.mark.parametrize("method", METHODS)
def test_a_generator_decides_all_that_is_random(method: MethodName) -> None:
    before = torch.get_rng_state()
    first, again, other = (loss_of(method, seed).total for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert torch.equal(first, other) == (method in NOISELESS)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("method", METHODS)
def test_an_objective_changes_nothing_but_gradients(method: MethodName) -> None:
    model, batch = small_model(method), small_batch(method)
    modules = [model] if batch.discriminator is None else [model, batch.discriminator]
    before = [value.clone() for module in modules for value in module.state_dict().values()]
    x = batch.x.clone()
    OBJECTIVES[method](model, batch, usual(method), generator()).total.backward()
    after = [value for module in modules for value in module.state_dict().values()]
    assert all(torch.equal(*values) for values in zip(after, before, strict=True))
    assert torch.equal(batch.x, x)
    assert batch.x.grad is None
    assert not batch.x.requires_grad


@pytest.mark.parametrize("method", METHODS)
def test_gradients_are_those_of_finite_differences(method: MethodName) -> None:
    """Along random directions of all weights at once, the noise being the same."""
    model, batch = small_model(method), small_batch(method)
    weights: list[Tensor] = list(model.parameters())
    loss = OBJECTIVES[method](model, batch, usual(method), generator())
    gradient = torch.autograd.grad(loss.total, weights)
    for seed in range(3):
        noise = generator(100 + seed)
        direction = [torch.randn(w.shape, generator=noise, dtype=w.dtype) for w in weights]
        totals = []
        for step in (1e-6, -1e-6):
            with torch.no_grad():
                torch._foreach_add_(weights, direction, alpha=step)
                totals.append(OBJECTIVES[method](model, batch, usual(method), generator()).total)
                torch._foreach_add_(weights, direction, alpha=-step)
        slope = (totals[0] - totals[1]) / 2e-6
        expected = sum((g * d).sum() for g, d in zip(gradient, direction, strict=True))
        torch.testing.assert_close(slope, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("method", [name for name in METHODS if name not in OF_THE_BATCH])
def test_a_batch_costs_the_mean_of_its_shares(method: MethodName) -> None:
    """Nothing is summed over the batch, and two processes see the noise that one would see."""
    model, batch, parts = small_model(method), small_batch(method), []
    for rank in range(2):
        noise = SharedGenerator()
        noise.manual_seed(0)
        noise.rank, noise.world, noise.total = rank, 2, len(batch.x)
        label = None if batch.label is None else batch.label[rank::2]
        share = Batch(batch.x[rank::2], label, discriminator=batch.discriminator)
        parts.append(OBJECTIVES[method](model, share, usual(method), noise))
    whole = OBJECTIVES[method](model, batch, usual(method), generator())
    torch.testing.assert_close(whole.total, (parts[0].total + parts[1].total) / 2)
    for name, term in whole.terms.items():
        torch.testing.assert_close(term, (parts[0].terms[name] + parts[1].terms[name]) / 2)


@pytest.mark.parametrize("method", sorted(OF_THE_BATCH))
def test_those_that_judge_a_batch_as_a_whole_still_reconstruct_by_the_mean(
    method: MethodName,
) -> None:
    model, batch = small_model(method), small_batch(method)
    seen = OBJECTIVES[method](model, batch, usual(method), generator()).terms
    plain = OBJECTIVES["vae"](model, batch, usual("vae"), generator()).terms
    assert all(torch.equal(seen[name], plain[name]) for name in plain)


@pytest.mark.parametrize("method", METHODS)
def test_the_elbo_is_its_two_terms(method: MethodName) -> None:
    terms = loss_of(method).terms
    assert ("elbo" in terms) == ("kl" in terms) == METHODS[method].has_prior
    if METHODS[method].has_prior:
        torch.testing.assert_close(terms["elbo"], -(terms["reconstruction"] + terms["kl"]))
        assert terms["kl"] > 0.0


Formula = Callable[[Mapping[str, Tensor], MethodSettings, float], Tensor]


def by_terms(*extra: str) -> Formula:
    return lambda term, told, w: (
        term["reconstruction"] + w * term["kl"] + sum(term[name] for name in extra)
    )


# What `models.methods` says in words, of the terms that are shown; w is the share of the KL.
FORMULAS: dict[MethodName, Formula] = {
    "ae": lambda term, told, w: term["reconstruction"],
    "dae": lambda term, told, w: term["reconstruction"],
    "cae": lambda term, told, w: term["reconstruction"] + told.contraction * term["jacobian"],
    "vae": by_terms(),
    "cvae": by_terms(),
    "beta-vae": lambda term, told, w: term["reconstruction"] + w * told.beta * term["kl"],
    "annealed-vae": lambda term, told, w: (
        term["reconstruction"] + told.gamma * (term["kl"] - 5.0).abs()
    ),
    "factor-vae": lambda term, told, w: (
        term["reconstruction"] + w * term["kl"] + told.gamma * term["total_correlation"]
    ),
    "dip-vae-i": by_terms("covariance"),
    "dip-vae-ii": by_terms("covariance"),
}


@pytest.mark.parametrize("kl_weight", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("method", FORMULAS)
def test_the_total_is_what_the_formula_makes_of_the_terms(
    method: MethodName, kl_weight: float
) -> None:
    """Warm-up lets in a share of the KL and shows all of it."""
    batch = small_batch(method, kl_weight=kl_weight, capacity=5.0)
    loss = OBJECTIVES[method](small_model(method), batch, usual(method), generator())
    torch.testing.assert_close(loss.total, FORMULAS[method](loss.terms, usual(method), kl_weight))
    whole = OBJECTIVES[method](small_model(method), small_batch(method), usual(method), generator())
    assert loss.terms == whole.terms


@pytest.mark.parametrize("method", ["iwae", "flow-vae"])
def test_tighter_bounds_are_what_is_minimised(method: MethodName) -> None:
    loss = loss_of(method, samples=5)
    torch.testing.assert_close(loss.total, -loss.terms["importance_bound"])
    warming = loss_of(method, samples=5, kl_weight=0.0)
    assert warming.terms == loss.terms
    assert warming.total < loss.total  # nothing is paid for the latents yet
    assert METHODS.keys() - FORMULAS.keys() == {"beta-tcvae", "iwae", "flow-vae"}


@pytest.mark.parametrize("kl_weight", [0.0, 0.25, 1.0])
def test_the_total_correlation_is_shown_without_the_constant_that_is_paid_with_it(
    kl_weight: float,
) -> None:
    """Weights 1/(NM) are minimised (Chen et al. 2018); with 1/M no term is below 0 on average."""
    model, batch = small_model("beta-tcvae"), small_batch("beta-tcvae", kl_weight=kl_weight)
    loss = OBJECTIVES["beta-tcvae"](model, batch, usual("beta-tcvae", beta=6.0), generator())
    q = model.encode(batch.x)
    assert isinstance(q, DiagonalGaussian)
    assert loss.z is not None
    paid = kl_terms(q, loss.z, batch.data_size)
    cost = paid[0] + 6.0 * paid[1] + paid[2]
    torch.testing.assert_close(loss.total, loss.terms["reconstruction"] + kl_weight * cost)
    shown = kl_terms(q, loss.z, 1)
    names = ("information", "total_correlation", "dimension_kl")
    for name, expected in zip(names, shown, strict=True):
        torch.testing.assert_close(loss.terms[name], expected)
        assert not loss.terms[name].requires_grad


@pytest.mark.parametrize("method", ["vae", "cvae", "flow-vae"])
def test_one_importance_sample_is_the_elbo_for_the_same_noise(method: MethodName) -> None:
    model, batch = small_model(method), small_batch(method)
    with torch.no_grad():
        q = model.encode(batch.x, batch.label)
        weights = log_weights(model, batch.x, q, batch.label, 1, generator(3))
        z = q.sample(generator(3))
        log_p = model.decode(z, batch.label).log_prob(batch.x)
    elbo = log_p - (q.log_prob(z) - standard_normal_log_prob(z))
    torch.testing.assert_close(importance_bound(weights), elbo)


@pytest.mark.parametrize("method", ["vae", "cvae", "flow-vae"])
def test_the_importance_bound_does_not_fall_with_more_samples(method: MethodName) -> None:
    """Burda et al. 2016, theorem 1, in its exact form: over all subsets of the same draws."""
    model, batch = small_model(method), small_batch(method)
    with torch.no_grad():
        q = model.encode(batch.x, batch.label)
        weights = log_weights(model, batch.x, q, batch.label, 64, generator(4))
    bounds = []
    for k in (1, 2, 4, 8, 16, 32, 64):
        groups = [importance_bound(group) for group in torch.split(weights, k)]
        bounds.append(torch.stack(groups).mean(0))
    for fewer, more in pairwise(bounds):
        assert (more >= fewer - 1e-9).all()
    assert (bounds[-1] > bounds[0]).all()
    assert (bounds[-1] <= weights.max(0).values).all()  # a mean of weights, not their sum


@pytest.mark.parametrize("method", VARIATIONAL)
def test_the_elbo_that_is_shown_is_the_mean_log_weight(method: MethodName) -> None:
    """By the closed-form KL or by Monte Carlo: on average they are the same."""
    model, batch = small_model(method), small_batch(method)
    with torch.no_grad():
        q = model.encode(batch.x, batch.label)
        sampled = log_weights(model, batch.x, q, batch.label, 300, generator(5)).mean(0)
        losses = torch.stack(
            [
                OBJECTIVES[method](model, batch, usual(method), generator(seed)).terms["elbo"]
                for seed in range(50)
            ]
        )
    error = float(losses.std()) / 50**0.5 + float(sampled.std()) / 300**0.5
    assert losses.mean().item() == pytest.approx(sampled.mean().item(), abs=5 * error)


def test_a_plain_autoencoder_pays_for_reconstruction_alone() -> None:
    model, batch, loss = small_model("ae"), small_batch("ae"), loss_of("ae")
    z = model.encode(batch.x).mean
    expected = -model.decode(z).log_prob(batch.x).mean()
    torch.testing.assert_close(loss.total, expected.detach())


def test_a_missing_discriminator_is_told() -> None:
    with pytest.raises(ValueError, match="discriminator"):
        OBJECTIVES["factor-vae"](small_model(), small_batch(), usual("factor-vae"), None)
