"""Every method, network and image size builds, keeps its shapes, learns and repeats."""

from dataclasses import replace
from typing import Any, get_args

import pytest
import torch
from torch import Tensor

from models import adversary
from models.autoencoder import Autoencoder, Config
from models.methods import METHODS, LikelihoodName, MethodName
from models.networks import NETWORKS, Network
from models.objectives import METHODS as OBJECTIVES
from models.objectives import Batch
from models.posteriors import DiagonalGaussian, Flow, Point
from models.resuming import discriminator_of
from tests.small_models import CLASSES, small_config, usual

SIZES = [(8, 8), (28, 28), (8, 256), (256, 8), (9, 17), (31, 64), (45, 33)]


def config(method: MethodName = "vae", **values: Any) -> Config:
    """A smaller configuration still."""
    return small_config(method, **({"latent_size": 2, "width": 8} | values))


def build(described: Config, seed: int = 0) -> Autoencoder:
    torch.manual_seed(seed)
    return Autoencoder(described)


def batch_of(described: Config, count: int = 4, seed: int = 0) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(count, *described.image_shape, generator=generator)
    return Batch(x, torch.arange(count) % CLASSES if described.classes else None)


def check_shapes(described: Config) -> None:
    model, batch = build(described), batch_of(described)
    q = model.encode(batch.x, batch.label)
    p = model.decode(q.rsample(), batch.label)
    assert q.mean.shape == q.stddev.shape == q.kl().shape == (4, described.latent_size)
    assert p.mean.shape == p.sample().shape == batch.x.shape
    assert p.log_prob(batch.x).shape == (4,)
    assert p.mean.isfinite().all()
    assert 0.0 <= p.mean.min() <= p.mean.max() <= 1.0


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "colour"])
@pytest.mark.parametrize("network", NETWORKS)
def test_any_size_goes_in_and_comes_out(
    network: Network, channels: int, size: tuple[int, int]
) -> None:
    check_shapes(config(network=network, image_shape=(channels, *size), width=4))


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
def test_the_largest_size_goes_in_and_comes_out(network: Network) -> None:
    check_shapes(config(network=network, image_shape=(3, 256, 256), width=4))


@pytest.mark.parametrize("likelihood", get_args(LikelihoodName))
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("method", METHODS)
def test_each_method_works_with_each_network_and_likelihood(
    method: MethodName, network: Network, likelihood: LikelihoodName
) -> None:
    check_shapes(config(method, network=network, likelihood=likelihood))


@pytest.mark.parametrize("latent_size", [1, 3, 64])
@pytest.mark.parametrize("method", METHODS)
def test_any_latent_size(method: MethodName, latent_size: int) -> None:
    check_shapes(config(method, latent_size=latent_size))


@pytest.mark.parametrize("width", [1, 3, 5, 10, 12, 24])
@pytest.mark.parametrize("depth", [0, 2])
@pytest.mark.parametrize("network", NETWORKS)
def test_any_width_and_depth(network: Network, depth: int, width: int) -> None:
    check_shapes(config(network=network, width=width, depth=depth))


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("method", METHODS)
def test_every_weight_gets_a_gradient(
    method: MethodName, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Residual branches and flows begin at zero: what is inside learns from the second step on.
    monkeypatch.setattr(adversary, "_WIDTH", 16)
    described = config(method, network=network, likelihood="gaussian")
    model, batch = build(described), batch_of(described)
    batch = replace(batch, discriminator=discriminator_of(described))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    for _ in range(2):
        optimizer.zero_grad()
        OBJECTIVES[method](model, batch, usual(method), None).total.backward()
        optimizer.step()
    gradients = {name: value.grad for name, value in model.named_parameters()}
    assert [name for name, value in gradients.items() if value is None or not value.any()] == []


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("method", METHODS)
def test_an_image_alone_is_encoded_as_in_a_batch(method: MethodName, network: Network) -> None:
    described = config(method, network=network)
    model, batch = build(described).eval(), batch_of(described)
    together = model.encode(batch.x, batch.label).mean
    alone = model.encode(batch.x[2:3], None if batch.label is None else batch.label[2:3]).mean
    torch.testing.assert_close(alone, together[2:3], rtol=1e-4, atol=1e-5)


def test_an_empty_batch_is_no_special_case() -> None:
    for network in NETWORKS:
        model = build(config("cvae", network=network))
        none = torch.zeros(0, dtype=torch.int64)
        assert model.encode(torch.zeros(0, 1, 8, 8), none).mean.shape == (0, 2)
        assert model.decode(torch.zeros(0, 2), none).mean.shape == (0, 1, 8, 8)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_seed_makes_the_same_weights(network: Network) -> None:
    described = config(network=network)
    first, again, other = (build(described, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert not all(torch.equal(value, other[name]) for name, value in first.items())


@pytest.mark.parametrize("method", METHODS)
def test_each_method_has_its_kind_of_posterior(method: MethodName) -> None:
    described = config(method)
    batch = batch_of(described)
    q = build(described).encode(batch.x, batch.label)
    kinds = {"ae": Point, "dae": Point, "cae": Point, "flow-vae": Flow}
    assert type(q) is kinds.get(method, DiagonalGaussian)


@pytest.mark.parametrize("likelihood", get_args(LikelihoodName))
def test_a_spread_that_is_learned_is_one_number_of_the_model(likelihood: LikelihoodName) -> None:
    names = [name for name, value in build(config(likelihood=likelihood)).named_parameters()]
    spread = {"gaussian": ["log_sigma"], "discretised-logistic": ["log_scale"]}
    assert [name for name in names if name.startswith("log_")] == spread.get(likelihood, [])


@pytest.mark.parametrize("network", NETWORKS)
def test_a_label_changes_what_is_encoded_and_decoded(network: Network) -> None:
    model = build(config("cvae", network=network))
    x, z = torch.rand(1, 1, 8, 8), torch.zeros(1, 2)
    codes = [model.encode(x, torch.tensor([label])).mean for label in range(CLASSES)]
    images = [model.decode(z, torch.tensor([label])).mean for label in range(CLASSES)]
    for values in (codes, images):
        assert not torch.allclose(values[0], values[1])
        assert not torch.allclose(values[1], values[2])


@pytest.mark.parametrize("kind", [torch.int64, torch.int32, torch.uint8])
def test_labels_may_be_any_whole_numbers(kind: torch.dtype) -> None:
    model = build(config("cvae"))
    label = torch.tensor([0, 2])
    z = torch.zeros(2, 2)
    assert torch.equal(model.decode(z, label).mean, model.decode(z, label.to(kind)).mean)


@pytest.mark.parametrize(
    "label",
    [None, torch.tensor(0), torch.tensor([0]), torch.tensor([0, CLASSES]), torch.tensor([-1, 0])],
    ids=["missing", "a number", "too few", "too high", "negative"],
)
def test_a_conditional_model_refuses_labels_that_do_not_fit(label: Tensor | None) -> None:
    model = build(config("cvae"))
    with pytest.raises(ValueError, match="label"):
        model.encode(torch.rand(2, 1, 8, 8), label)
    with pytest.raises(ValueError, match="label"):
        model.decode(torch.zeros(2, 2), label)


@pytest.mark.parametrize(
    "wrong",
    [
        {"image_shape": (1, 7, 8)},
        {"image_shape": (1, 8, 257)},
        {"image_shape": (2, 8, 8)},
        {"image_shape": (1, 8)},
        {"image_shape": (1, 8, 8.0)},
        {"image_shape": "abc"},
        {"image_shape": None},
        {"latent_size": 0},
        {"latent_size": 513},
        {"latent_size": True},
        {"latent_size": float("nan")},
        {"width": 0},
        {"width": 4097},
        {"width": 10**30},
        {"depth": -1},
        {"depth": 17},
        {"method": "gan"},
        {"method": ["vae"]},
        {"network": "transformer"},
        {"likelihood": "poisson"},
        {"classes": 3},
        {"classes": -1},
        {"transforms": 2},
        {"method": "flow-vae"},
        {"method": "flow-vae", "transforms": 17},
        {"method": "flow-vae", "transforms": 10**9},
        {"method": "flow-vae", "transforms": -1},
        {"method": "flow-vae", "transforms": 2.0},
        {"method": "flow-vae", "transforms": True},
        {"method": "flow-vae", "transforms": 2, "flow": "maf"},
        {"method": "flow-vae", "transforms": 2, "flow": ["iaf"]},
        {"flow": "maf"},
        {"method": "cvae", "classes": 1},
        {"method": "cvae", "classes": 1001},
        {"binarise": 1},
        {"binarise": True, "likelihood": "gaussian"},
        {"colour": "blue"},
    ],
    ids=str,
)
def test_an_impossible_configuration_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="configuration"):
        Config.from_dict(Config().to_dict() | wrong)


def test_a_configuration_without_a_size_is_refused() -> None:
    with pytest.raises(ValueError, match="image_shape"):
        Config.from_dict({"method": "vae"})
