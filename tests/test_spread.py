"""Where a learned sigma or scale starts, and how fast it follows the error of the pixels."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.autoencoder import Autoencoder
from models.checkpoint import load, load_to_resume
from models.data import DataSet, ImageSet, load_data
from models.likelihoods import Gaussian, log_scale_of, log_sigma_of
from models.methods import LikelihoodName
from models.plans import Plan
from models.runs import run
from models.settings import Settings, learning_rate_at
from models.spread import deviation, start_spread
from models.training import train
from tests.samples import save_pictures
from tests.small_models import small_config

SPREADS: dict[LikelihoodName, str] = {
    "gaussian": "log_sigma",
    "discretised-logistic": "log_scale",
}
every_spread = pytest.mark.parametrize("likelihood", SPREADS)


def images(count: int = 40, seed: int = 0, contrast: int = 60) -> ImageSet:
    random = np.random.default_rng(seed)
    return ImageSet(random.integers(90, 90 + contrast, (count, 1, 8, 8), dtype=np.uint8))


def new_model(likelihood: LikelihoodName) -> Autoencoder:
    torch.manual_seed(0)
    return Autoencoder(small_config("vae", image_shape=(1, 8, 8), likelihood=likelihood))


@given(st.floats(1 / 255, 2.0))
def test_the_start_is_the_sigma_it_was_asked_for(sigma: float) -> None:
    p = Gaussian(torch.zeros(1, 1, 1, 1), torch.tensor(log_sigma_of(sigma), dtype=torch.float64))
    assert p.safe_log_sigma.exp().item() == pytest.approx(sigma, rel=1e-6)


@pytest.mark.parametrize("deviation", [0.0, 1e-9])
def test_images_that_hardly_differ_leave_a_finite_start(deviation: float) -> None:
    assert math.isfinite(log_sigma_of(deviation))
    assert math.isfinite(log_scale_of(deviation))


@pytest.mark.parametrize("contrast", [8, 60, 160])
def test_no_other_sigma_makes_the_images_likelier_under_their_mean(contrast: int) -> None:
    data = images(contrast=contrast)
    x = torch.from_numpy(data.images).double() / 255
    log_sigma = torch.tensor(log_sigma_of(deviation(data)), dtype=torch.float64, requires_grad=True)
    Gaussian(torch.logit(x.mean(0, keepdim=True)), log_sigma).log_prob(x).sum().backward()
    assert log_sigma.grad is not None
    assert abs(log_sigma.grad.item()) < 1e-6 * x.numel()


def test_a_logistic_starts_with_the_same_standard_deviation() -> None:
    """A logistic with scale s has the variance (pi s)^2 / 3."""
    p = Gaussian(torch.zeros(1, 1, 1, 1), torch.tensor(log_scale_of(0.2), dtype=torch.float64))
    scale = p.safe_log_sigma.exp().item()  # both go through the same floor
    assert scale * math.pi / math.sqrt(3) == pytest.approx(0.2)


def test_of_many_images_some_tell() -> None:
    many = images(5000)
    pixels = np.asarray(many.images) / 255
    assert deviation(many) == pytest.approx(float(np.std(pixels, axis=0).mean()), rel=0.01)


@every_spread
def test_only_the_spread_is_set(likelihood: LikelihoodName) -> None:
    model, fresh = new_model(likelihood), new_model(likelihood)
    start_spread(model, images())
    before = dict(fresh.named_parameters())
    changed = [name for name, v in model.named_parameters() if not torch.equal(v, before[name])]
    assert changed == [SPREADS[likelihood]]


@pytest.mark.parametrize("likelihood", ["bernoulli", "continuous-bernoulli"])
def test_a_likelihood_without_a_spread_stays(likelihood: LikelihoodName) -> None:
    model, fresh = new_model(likelihood), new_model(likelihood)
    start_spread(model, images())
    before = dict(fresh.named_parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.named_parameters())


@every_spread
def test_the_spread_follows_faster_than_a_weight_can(
    likelihood: LikelihoodName, tiny_data: DataSet
) -> None:
    """Adam moves a weight by about its rate a step; a sigma far too large must not crawl so."""
    torch.manual_seed(0)
    shape = tiny_data.preprocessing.image_shape
    model = Autoencoder(small_config("vae", image_shape=shape, likelihood=likelihood))
    spread = getattr(model, SPREADS[likelihood])
    with torch.no_grad():
        spread.fill_(2.0)
    settings = Settings(epochs=3, batch_size=10, averaging=0.0)
    *_, last = train(model, tiny_data, settings, device=torch.device("cpu"))
    reach = sum(learning_rate_at(settings, step, last.steps) for step in range(last.steps))
    assert 2.0 - spread.item() > 5 * reach


def plan_of(tmp_path: Path, likelihood: LikelihoodName, out: str) -> Plan:
    pictures = tmp_path / "pictures"
    if not pictures.exists():
        save_pictures(pictures, 20, (8, 8), "RGB")
    path = str(tmp_path / out)
    return Plan(str(pictures), path, epochs=2, likelihood=likelihood, width=8, threads=1)


@every_spread
def test_a_training_starts_from_the_spread_of_its_data(
    likelihood: LikelihoodName, tmp_path: Path
) -> None:
    plan = plan_of(tmp_path, likelihood, "out.safetensors")
    list(run(plan))
    model, _ = load_to_resume(plan.last_epoch_file)
    to_log = log_sigma_of if likelihood == "gaussian" else log_scale_of
    start = to_log(deviation(load_data(plan.data).train))
    ended = getattr(model.autoencoder, SPREADS[likelihood]).item()
    assert ended == pytest.approx(start, abs=0.1)  # after two steps


@every_spread
def test_going_on_does_not_start_the_spread_again(
    likelihood: LikelihoodName, tmp_path: Path
) -> None:
    whole = plan_of(tmp_path, likelihood, "whole.safetensors")
    list(run(whole))
    stopped = plan_of(tmp_path, likelihood, "stopped.safetensors")
    next(progress for progress in run(stopped) if progress.snapshot is not None)
    list(run(stopped, resume=True))
    expected = dict(load(whole.out).autoencoder.named_parameters())
    for name, value in load(stopped.out).autoencoder.named_parameters():
        assert torch.equal(value, expected[name]), name
