"""Training lowers the loss, repeats, goes on where it stopped and never leaves broken weights."""

import math
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from models import adversary
from models.autoencoder import Autoencoder
from models.data import DataSet, ImageSet
from models.errors import DataError, TrainingError
from models.methods import METHODS, MethodName, MethodSettings
from models.objectives import METHODS as OBJECTIVES
from models.objectives import Batch, Loss
from models.settings import Settings
from models.training import Progress, Snapshot, train
from tests.small_models import calls_of, epochs, same, small_config, snapshot_of, usual

CPU = torch.device("cpu")
FAST = Settings(epochs=3, batch_size=25, learning_rate=5e-3, averaging=0.9, seed=1)


@pytest.fixture(autouse=True)
def small_discriminator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adversary, "_WIDTH", 16)


def new_model(method: MethodName = "vae", **values: Any) -> Autoencoder:
    torch.manual_seed(0)
    return Autoencoder(small_config(method, **({"latent_size": 2, "width": 24} | values)))


def weights_of(model: Autoencoder) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.named_parameters()}


@pytest.mark.parametrize(
    ("method", "network"),
    [*((method, "mlp") for method in METHODS), ("vae", "conv"), ("vae", "resnet"), ("ae", "conv")],
)
def test_training_lowers_the_loss(method: MethodName, network: str, tiny_data: DataSet) -> None:
    width = 24 if network == "mlp" else 6
    # Not a KL of many nats before all else.
    gentle = {"gamma": 1.0, "capacity": 3.0} if method == "annealed-vae" else {}
    settings = replace(FAST, epochs=12, warmup_epochs=0.0, method=usual(method, **gentle))
    model = new_model(method, network=network, width=width)
    done = epochs(train(model, tiny_data, settings, device=CPU))
    name, sign = ("elbo", -1) if METHODS[method].has_prior else ("reconstruction", 1)
    trained = [sign * value.train[name] for value in done]
    held_out = [sign * (value.held_out or {})[name] for value in done]
    assert trained[-1] < 0.9 * trained[0]
    assert held_out[-1] < 0.9 * held_out[0]
    assert all(value.gradient_norm > 0.0 for value in done)
    known = METHODS[method].has_prior and method != "flow-vae"
    assert {len(value.kl) for value in done} == {2 if known else 0}


@pytest.mark.parametrize(
    ("method", "binarise"), [*((method, False) for method in METHODS), ("vae", True), ("dae", True)]
)
def test_a_seed_makes_the_same_model(
    method: MethodName, binarise: bool, tiny_data: DataSet
) -> None:
    trained = []
    for seed in (1, 1, 2):
        model = new_model(method, binarise=binarise)
        settings = replace(FAST, seed=seed, method=usual(method))
        epochs(train(model, tiny_data, settings, device=CPU))
        trained.append(weights_of(model))
    assert same(trained[0], trained[1])
    assert not same(trained[0], trained[2])


def test_training_does_not_touch_the_random_numbers_of_others(tiny_data: DataSet) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    for method in METHODS:
        model = new_model(method)
        torch.manual_seed(5)
        epochs(train(model, tiny_data, replace(FAST, epochs=1), device=CPU))
        assert torch.equal(torch.rand(3), expected)


def test_progress_says_where_training_stands(tiny_data: DataSet) -> None:
    values = list(train(new_model(), tiny_data, replace(FAST, report_seconds=0.0), device=CPU))
    steps = math.ceil(len(tiny_data.train) / FAST.batch_size)
    assert len(values) == FAST.epochs * (steps + 1)  # one a step, one an epoch
    assert [value.step for value in values] == sorted(value.step for value in values)
    assert values[-1].fraction == 1.0
    assert {value.steps for value in values} == {FAST.epochs * steps}
    ends = [value for value in values if value.held_out is not None]
    assert [value.epoch for value in ends] == [1, 2, 3]
    assert [value.step for value in ends] == [steps, 2 * steps, 3 * steps]
    for value in ends:
        assert value.held_out is not None
        assert value.train.keys() == value.held_out.keys()
        assert value.seconds >= 0.0
        assert value.images_per_second > 0.0


def test_a_value_of_progress_never_changes(tiny_data: DataSet) -> None:
    *_, last = train(new_model(), tiny_data, FAST, device=CPU)
    with pytest.raises(FrozenInstanceError):
        last.epoch = 0  # type: ignore[misc]  # it must not be possible
    for mapping in (last.train, last.held_out, snapshot_of(last).weights):
        with pytest.raises(TypeError):
            mapping["elbo"] = 0.0  # type: ignore[index]  # it must not be possible


def test_earlier_snapshots_keep_their_weights(tiny_data: DataSet) -> None:
    kept: list[tuple[Snapshot, dict[str, Tensor], dict[str, Tensor]]] = []
    for value in epochs(train(new_model(), tiny_data, FAST, device=CPU)):
        taken = snapshot_of(value)
        weights = {name: tensor.clone() for name, tensor in taken.weights.items()}
        kept.append(
            (taken, weights, {name: tensor.clone() for name, tensor in taken.resume.items()})
        )
    for taken, weights, resume in kept:
        assert same(taken.weights, weights)
        assert same(taken.resume, resume)
    assert not same(kept[0][1], kept[1][1])


def test_snapshots_only_when_asked(tiny_data: DataSet) -> None:
    values = train(new_model(), tiny_data, FAST, device=CPU, snapshots=False)
    assert all(value.snapshot is None for value in values)


def test_the_model_ends_with_the_last_snapshots_weights(tiny_data: DataSet) -> None:
    model = new_model()
    *_, last = train(model, tiny_data, FAST, device=CPU)
    assert same(weights_of(model), snapshot_of(last).weights)
    assert not model.training


def test_without_averaging_the_raw_weights_are_kept(tiny_data: DataSet) -> None:
    *_, last = train(new_model(), tiny_data, replace(FAST, averaging=0.0), device=CPU)
    taken = snapshot_of(last)
    assert same(taken.weights, {name: taken.resume[f"raw.{name}"] for name in taken.weights})


def test_nothing_is_left_to_do_after_the_last_epoch(tiny_data: DataSet) -> None:
    *_, last = train(new_model(), tiny_data, FAST, device=CPU)
    model = new_model()
    assert list(train(model, tiny_data, FAST, device=CPU, start=snapshot_of(last))) == []
    assert same(weights_of(model), snapshot_of(last).weights)


def test_stopping_early_leaves_the_weights_of_the_last_epoch(tiny_data: DataSet) -> None:
    model = new_model()
    running = train(model, tiny_data, replace(FAST, report_seconds=0.0), device=CPU)
    first = next(value for value in running if value.held_out is not None)
    next(running)  # a step of the second epoch
    running.close()
    assert same(weights_of(model), snapshot_of(first).weights)
    assert not model.training


def broken_after(steps: int, value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the loss `value` from a step on."""
    count, whole = 0, OBJECTIVES["vae"]

    def objective(
        model: Autoencoder, batch: Batch, told: MethodSettings, noise: torch.Generator | None
    ) -> Loss:
        nonlocal count
        loss = whole(model, batch, told, noise)
        count += model.training
        return Loss(loss.total * value, loss.terms) if count > steps else loss

    monkeypatch.setitem(OBJECTIVES, "vae", objective)


def test_a_gradient_that_is_too_long_is_shortened_and_no_other(
    tiny_data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing but its length: what is stepped along is `clip_grad_norm_` of what was found."""
    broken_after(6, 1e4, monkeypatch)  # the losses of the second epoch are 10,000 times as high
    applied: list[float] = []
    step = torch.optim.AdamW.step

    def spy(self: torch.optim.AdamW, closure: None = None) -> None:
        found = [one.grad for group in self.param_groups for one in group["params"]]
        applied.append(float(torch.nn.utils.get_total_norm(found)))
        step(self)

    monkeypatch.setattr(torch.optim.AdamW, "step", spy)
    ends = epochs(train(new_model(), tiny_data, replace(FAST, epochs=2), device=CPU))
    usual_norms, long_norms = applied[:6], applied[6:]
    assert 0 < max(usual_norms) < 100
    assert ends[0].gradient_norm == pytest.approx(np.mean(usual_norms), rel=1e-3)
    assert long_norms == pytest.approx([100] * 6, rel=1e-3)
    assert ends[1].gradient_norm > 1000  # the curve shows what was found


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_stops_with_the_last_good_weights(
    value: float, tiny_data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_after(9, value, monkeypatch)  # 6 steps an epoch: the fourth of the second
    model = new_model()
    ends: list[Progress] = []
    with pytest.raises(TrainingError, match=r"epoch 2, step 10.*weights of epoch 1 are kept"):
        ends.extend(value for value in train(model, tiny_data, FAST, device=CPU) if value.snapshot)
    assert same(weights_of(model), snapshot_of(ends[0]).weights)


def test_broken_weights_are_noticed_before_they_are_kept(
    tiny_data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last step of an epoch breaks the weights: no loss of that epoch shows it."""
    model = new_model()
    before = weights_of(model)
    steps = math.ceil(len(tiny_data.train) / FAST.batch_size)
    step, count = torch.optim.AdamW.step, 0

    def breaking(self: torch.optim.AdamW, closure: None = None) -> None:
        nonlocal count
        count += 1
        step(self)
        if count == steps:
            with torch.no_grad():
                self.param_groups[0]["params"][0].fill_(math.nan)

    monkeypatch.setattr(torch.optim.AdamW, "step", breaking)
    with pytest.raises(TrainingError, match="held-out loss is not a finite number after epoch 1"):
        list(train(model, tiny_data, FAST, device=CPU))
    assert same(weights_of(model), before)


def test_a_learning_rate_far_too_high_never_leaves_broken_weights(tiny_data: DataSet) -> None:
    model = new_model(likelihood="gaussian")
    settings = Settings(epochs=8, batch_size=10, learning_rate=0.9, averaging=0.0)
    try:
        list(train(model, tiny_data, settings, device=CPU))
    except TrainingError as error:
        assert "learning rate" in str(error) or "held-out" in str(error)  # noqa: PT017 - it may also go well
    assert all(value.isfinite().all() for value in model.parameters())


def kl_weights(settings: Settings, data: DataSet, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The weight of the KL in each training step."""
    calls = calls_of("vae", monkeypatch)
    list(train(new_model(), data, settings, device=CPU))
    return [call.batch.kl_weight for call in calls if call.training]


def test_the_kl_warms_up_linearly_and_stays(
    tiny_data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = kl_weights(replace(FAST, warmup_epochs=2.0), tiny_data, monkeypatch)
    np.testing.assert_allclose(weights[:12], np.arange(1, 13) / 12)
    assert weights[12:] == [1.0] * 6


def test_without_warm_up_the_kl_counts_from_the_start(
    tiny_data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(kl_weights(replace(FAST, warmup_epochs=0.0), tiny_data, monkeypatch)) == {1.0}


def test_the_learning_rate_rises_and_falls_as_a_cosine(
    tiny_data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[float] = []
    step = torch.optim.AdamW.step

    def spy(self: torch.optim.AdamW, closure: None = None) -> None:
        rates.append(self.param_groups[0]["lr"])
        step(self)

    monkeypatch.setattr(torch.optim.AdamW, "step", spy)
    list(train(new_model(), tiny_data, replace(FAST, epochs=40), device=CPU))
    step_number = np.arange(len(rates))
    rise = np.minimum(1.0, (step_number + 1) / 12)  # a twentieth of all steps
    fall = 0.5 * (1 + np.cos(np.pi * step_number / len(rates)))
    np.testing.assert_allclose(rates, FAST.learning_rate * rise * fall, atol=2e-5)
    assert min(rates) > 0.0


def test_every_image_is_seen_once_an_epoch(
    tiny_data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = calls_of("ae", monkeypatch)
    list(train(new_model("ae"), tiny_data, replace(FAST, epochs=2, batch_size=40), device=CPU))
    seen = [call.batch.x for call in calls if call.training]
    assert [len(x) for x in seen] == [40, 40, 40, 30] * 2
    expected = torch.from_numpy(tiny_data.train.images).float() / 255
    for epoch in (seen[:4], seen[4:]):
        rows = torch.cat(epoch).flatten(1)
        assert sorted(rows.tolist()) == sorted(expected.flatten(1).tolist())
    assert not torch.equal(torch.cat(seen[:4]), torch.cat(seen[4:]))  # in another order


def test_binary_images_are_drawn_anew_every_time(
    tiny_data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = calls_of("vae", monkeypatch)
    list(train(new_model(binarise=True), tiny_data, FAST, device=CPU))
    assert all(set(call.batch.x.unique().tolist()) <= {0.0, 1.0} for call in calls)
    seen = [call.batch.x for call in calls if not call.training]
    assert all(torch.equal(seen[0], x) for x in seen)  # held out: the same draw every epoch


def test_labels_reach_a_conditional_model(
    tiny_data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = {
        image.tobytes(): label
        for part in (tiny_data.train, tiny_data.held_out)
        for image, label in zip(
            part.images[:], part.labels if part.labels is not None else (), strict=True
        )
    }
    calls = calls_of("cvae", monkeypatch)
    list(train(new_model("cvae"), tiny_data, replace(FAST, epochs=1), device=CPU))
    assert calls
    for _, batch, _ in calls:
        assert batch.label is not None
        for x, label in zip(batch.x, batch.label, strict=True):
            key = (x * 255).round().to(torch.uint8).numpy().tobytes()
            assert images[key] == label


def test_images_may_be_a_memory_map(tiny_data: DataSet, tmp_path: Any) -> None:
    np.save(tmp_path / "images.npy", tiny_data.train.images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    on_disk = replace(tiny_data, train=ImageSet(mapped, tiny_data.train.labels))
    first, second = new_model(), new_model()
    list(train(first, tiny_data, FAST, device=CPU))
    list(train(second, on_disk, FAST, device=CPU))
    assert same(weights_of(first), weights_of(second))


def test_data_without_labels_suits_only_what_needs_none(tiny_data: DataSet) -> None:
    bare = replace(
        tiny_data,
        train=ImageSet(tiny_data.train.images),
        held_out=ImageSet(tiny_data.held_out.images),
    )
    list(train(new_model("vae"), bare, replace(FAST, epochs=1), device=CPU))
    with pytest.raises(DataError, match=r"tiny has no labels.*sub-folders"):
        list(train(new_model("cvae"), bare, FAST, device=CPU))


def test_nothing_to_train_on_is_told(tiny_data: DataSet) -> None:
    none = ImageSet(tiny_data.train.images[:0], None)
    for empty in (replace(tiny_data, train=none), replace(tiny_data, held_out=none)):
        with pytest.raises(DataError, match="tiny: no images"):
            list(train(new_model(), empty, FAST, device=CPU))


def test_one_image_is_enough(tiny_data: DataSet) -> None:
    one = ImageSet(tiny_data.train.images[:1], None)
    model = new_model()
    *_, last = train(model, replace(tiny_data, train=one, held_out=one), FAST, device=CPU)
    assert last.epoch == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"learning_rate": 0.0},
        {"learning_rate": 1.0},
        {"learning_rate": math.nan},
        {"warmup_epochs": -1.0},
        {"weight_decay": 1.5},
        {"averaging": 1.0},
        {"averaging": -0.1},
        {"warmup_cycles": -1},
        {"epoch_images": -1},
        {"schedule_epochs": -3},
    ],
    ids=str,
)
def test_impossible_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"at least 1|negative|averaging"):
        replace(FAST, **wrong)


def test_settings_are_plain_values() -> None:
    values = FAST.to_dict()
    assert values.keys() == {field.name for field in fields(Settings)}
    assert Settings(**values | {"method": MethodSettings(**values["method"])}) == FAST
