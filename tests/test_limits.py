"""Each method at the settings where it is another one: value and gradient agree exactly there."""

from typing import get_args

import pytest
import torch
from torch import Tensor

from models.autoencoder import Autoencoder
from models.methods import METHODS, Corruption, MethodName, settings_names
from models.objectives import METHODS as OBJECTIVES
from models.objectives import Batch, Loss
from models.posteriors import DiagonalGaussian, standard_normal_log_prob
from tests.small_models import generator, loss_of, small_batch, small_model, usual


def total_and_gradient(
    method: MethodName, model: Autoencoder, batch: Batch, **values: float | str
) -> tuple[Tensor, ...]:
    loss = OBJECTIVES[method](model, batch, usual(method, **values), generator())
    return loss.total, *torch.autograd.grad(loss.total, list(model.parameters()))


def assert_the_same(
    first: tuple[Tensor, ...], second: tuple[Tensor, ...], rtol: float = 1e-10
) -> None:
    for one, other in zip(first, second, strict=True):
        torch.testing.assert_close(one, other, rtol=rtol, atol=1e-12)


@pytest.mark.parametrize(
    ("method", "values"),
    [
        ("beta-vae", {"beta": 1.0}),
        ("cvae", {}),
        ("annealed-vae", {"gamma": 1.0}),  # the batch's capacity is 0
        ("factor-vae", {"gamma": 0.0}),
        ("dip-vae-i", {"lambda_od": 0.0, "lambda_d": 0.0}),
        ("dip-vae-ii", {"lambda_od": 0.0, "lambda_d": 0.0}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_vae_is_a_limit_of(method: MethodName, values: dict[str, float]) -> None:
    model, batch = small_model(), small_batch("factor-vae")
    assert_the_same(
        total_and_gradient(method, model, batch, **values),
        total_and_gradient("vae", model, batch),
    )


@pytest.mark.parametrize(
    ("method", "values"),
    [
        *[
            ("dae", {"corruption": corruption, "corruption_level": 0.0})
            for corruption in get_args(Corruption)
        ],
        ("cae", {"contraction": 0.0}),
    ],
    ids=str,
)
def test_the_plain_autoencoder_is_a_limit_of(
    method: MethodName, values: dict[str, float | str]
) -> None:
    model, batch = small_model("ae"), small_batch()
    assert_the_same(
        total_and_gradient(method, model, batch, **values),
        total_and_gradient("ae", model, batch),
    )


def test_a_denoiser_restores_the_clean_image_not_the_corrupted_one() -> None:
    """At level 1 masking leaves nothing to see, and the whole image to restore."""
    model, batch = small_model("ae"), small_batch()
    seen = total_and_gradient("dae", model, batch, corruption="masking", corruption_level=1.0)
    z = model.encode(torch.zeros_like(batch.x)).mean
    torch.testing.assert_close(seen[0], -model.decode(z).log_prob(batch.x).mean())


def monte_carlo_elbo(model: Autoencoder, batch: Batch, kl_weight: float = 1.0) -> Tensor:
    """log p(x|z) + w (log p(z) - log q(z|x)), the draw being `rsample`'s."""
    q = model.encode(batch.x)
    z = q.rsample(generator())
    log_ratio = standard_normal_log_prob(z) - q.log_prob(z)
    return (model.decode(z).log_prob(batch.x) + kl_weight * log_ratio).mean()


@pytest.mark.parametrize("kl_weight", [0.3, 1.0])
@pytest.mark.parametrize("method", ["iwae", "flow-vae"])
def test_one_sample_makes_the_tighter_bound_the_elbo(method: MethodName, kl_weight: float) -> None:
    model, batch = small_model(method), small_batch(kl_weight=kl_weight)
    expected = -monte_carlo_elbo(model, batch, kl_weight)
    assert_the_same(
        total_and_gradient(method, model, batch, samples=1),
        (expected, *torch.autograd.grad(expected, list(model.parameters()))),
        rtol=1e-8,
    )


def test_without_a_dearer_correlation_tcvae_is_the_monte_carlo_elbo() -> None:
    model, batch = small_model(), small_batch()
    seen = total_and_gradient("beta-tcvae", model, batch, beta=1.0)
    expected = -monte_carlo_elbo(model, batch)
    assert_the_same(
        seen, (expected, *torch.autograd.grad(expected, list(model.parameters()))), rtol=1e-8
    )


def test_below_its_capacity_the_kl_is_pushed_up() -> None:
    model = small_model()
    kl = loss_of("vae").terms["kl"]
    for capacity, sign in ((0.5 * float(kl), 1.0), (2.0 * float(kl), -1.0)):
        batch = small_batch(capacity=capacity)
        loss = OBJECTIVES["annealed-vae"](model, batch, usual("annealed-vae", gamma=3.0), None)
        expected = loss.terms["reconstruction"] + 3.0 * sign * (loss.terms["kl"] - capacity)
        torch.testing.assert_close(loss.total, expected)


TAKE_FREE_BITS: list[MethodName] = [
    method for method in METHODS if "free_bits" in settings_names(method)
]


def loss_with_free_bits(method: MethodName, free_bits: float, model: Autoencoder) -> Loss:
    settings = usual(method, free_bits=free_bits)
    return OBJECTIVES[method](model, small_batch(method), settings, generator())


@pytest.mark.parametrize("method", TAKE_FREE_BITS)
def test_free_bits(method: MethodName) -> None:
    """None change nothing; many make the KL a constant without a gradient (Kingma et al. 2016)."""
    model = small_model(method)
    weights = list(model.parameters())
    none, few, many = (loss_with_free_bits(method, bits, model) for bits in (0.0, 1e-9, 10.0))
    assert none.kl is not None
    assert 0.0 < none.kl.min() < none.kl.max() < 10.0
    torch.testing.assert_close(few.total, none.total)
    assert few.terms == many.terms == none.terms  # what is shown is the whole KL
    weight = usual(method).beta
    paid = many.total - (none.total - weight * none.terms["kl"])
    assert paid.item() == pytest.approx(weight * 10.0 * 3)
    unpaid = torch.autograd.grad(none.total - weight * none.terms["kl"], weights, retain_graph=True)
    assert_the_same(torch.autograd.grad(many.total, weights), unpaid, rtol=1e-7)


def test_free_bits_spare_only_the_dimensions_below_them() -> None:
    model = small_model()
    kl = loss_of("vae").kl
    assert kl is not None
    between = float(kl.sort().values[1]) + 1e-6  # two dimensions are spared, one is not
    loss = loss_with_free_bits("vae", between, model)
    expected = loss.terms["reconstruction"] + kl.clamp_min(between).sum()
    torch.testing.assert_close(loss.total, expected)
    assert (kl > between).sum() == 1


def test_a_flow_that_has_not_begun_is_the_gaussian_posterior() -> None:
    """The same encoder without its flow: exactly the same draws, densities and moments."""
    torch.manual_seed(0)
    plain = Autoencoder(small_model("iwae").config).double()
    for kind in ("iaf", "coupling"):
        flowing = Autoencoder(small_model("flow-vae", flow=kind).config).double()
        flowing.load_state_dict(plain.state_dict(), strict=False)
        x = small_batch().x
        gaussian, flow = plain.encode(x), flowing.encode(x)
        assert isinstance(gaussian, DiagonalGaussian)
        assert torch.equal(flow.rsample(generator()), gaussian.rsample(generator()))
        (z, log_q), expected = flow.draw(generator(), 4), gaussian.draw(generator(), 4)
        assert torch.equal(z, expected[0])
        assert torch.equal(log_q, expected[1])
        torch.testing.assert_close(flow.log_prob(z), gaussian.log_prob(z))
        torch.testing.assert_close(flow.mean, gaussian.mean)
