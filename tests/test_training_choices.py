"""What can be chosen for a training: plans from fields and back, presets, formulas."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer import training_choices
from explorer.training_choices import (
    METHOD_FIELDS,
    MORE,
    OWN,
    live_fields,
    live_problem,
    not_for,
    own_settings,
    plan_of,
    preset_of,
    preset_plans,
    same,
    told_settings,
    values_of,
)
from explorer.training_terms import TERMS, formula_html, pieces, shown_terms, term_of
from models.methods import METHODS, SETTINGS, MethodName, settings_names
from models.plans import Plan
from models.presets import PRESETS, Look, look_at
from models.settings import Settings, changed

every_method = pytest.mark.parametrize("method", METHODS)


# -- fields and plans ----------------------------------------------------------------------


@every_method
def test_fields_say_a_plan_and_a_plan_says_the_fields(method: str) -> None:
    plan = Plan("digits", "", method=method, network="conv", seed=7, likelihood="gaussian")
    again = plan_of(values_of(plan), replace(plan, points=300))
    assert same(replace(plan, points=300), again)
    assert again.points == 300, "what has no field stays"
    assert again.method_settings == plan.method_settings


@every_method
@given(st.data())
def test_any_setting_of_a_method_reaches_its_plan(method: str, data: st.DataObject) -> None:
    values = values_of(Plan("digits", "", method=method))
    for name in settings_names(method):
        setting = SETTINGS[name]
        if setting.choices:
            values[name] = data.draw(st.sampled_from(setting.choices))
        elif setting.whole:
            values[name] = data.draw(st.integers(int(setting.low), int(setting.high)))
        else:
            values[name] = data.draw(st.floats(setting.low, setting.high))
    told = plan_of(values).method_settings
    for name in settings_names(method):
        assert getattr(told, name) == values[name]


@every_method
def test_settings_of_other_methods_never_reach_a_plan(method: str) -> None:
    values = values_of(Plan("digits", "", method=method))
    for name in set(SETTINGS) - set(settings_names(method)):
        values[name] = SETTINGS[name].choices[-1] if SETTINGS[name].choices else 1
    assert plan_of(values).method_settings == Plan("digits", "", method=method).method_settings


@pytest.mark.parametrize("shape", [None, (1, 16, 16), (0, 64, 64), (3, 20, 30), (0, 8, 256)])
@pytest.mark.parametrize("fit", ["crop", "fit"])
def test_any_size_of_images_survives_the_fields(
    shape: tuple[int, int, int] | None, fit: str
) -> None:
    plan = Plan("pictures", "", image_shape=shape, fit=fit)
    assert plan_of(values_of(plan), plan) == plan


def test_a_side_makes_squares_of_the_images_with_the_channels_wished_for_before() -> None:
    for before, wanted in ((None, (0, 32, 32)), ((3, 20, 30), (3, 32, 32))):
        plan = Plan("pictures", "", image_shape=before)
        assert plan_of(values_of(plan) | {"image_side": 32}, plan).image_shape == wanted
    square = Plan("pictures", "", image_shape=(0, 32, 32))
    automatic = values_of(Plan("pictures", ""))
    assert plan_of(automatic, square).image_shape is None


@pytest.mark.parametrize("method", ["ae", "dae", "cae"])
def test_a_method_without_prior_has_no_warm_up(method: str) -> None:
    for name in ("warmup_epochs", "warmup_cycles", "free_bits"):
        assert "no KL" in not_for(method, name)
    values = values_of(Plan("digits", "", method=method)) | {"warmup_epochs": 9.0}
    assert plan_of(values).warmup_epochs == Plan("", "").warmup_epochs


def test_what_does_not_count_says_why() -> None:
    assert not_for("vae", "warmup_epochs") == not_for("vae", "batch_size") == ""
    assert "cycles" in not_for("vae", "warmup_epochs", cycles=2)
    assert "C rises" in not_for("annealed-vae", "warmup_cycles")
    assert not_for("iwae", "free_bits")


def test_every_field_is_explained() -> None:
    for field in (*MORE, *METHOD_FIELDS):
        assert field.text
        assert field.tip or all(choice.tip for choice in field.choices)
    likelihoods = next(field for field in MORE if field.name == "likelihood").choices
    assert len(likelihoods) == 5


# -- presets -------------------------------------------------------------------------------


@pytest.mark.parametrize("data", ["digits", "mnist", "sprites", "rooms"])
def test_a_preset_is_known_again_and_a_change_makes_it_ones_own(data: str) -> None:
    plans = preset_plans(data)
    assert plans.keys() == PRESETS.keys()
    for name, plan in plans.items():
        shown = plan_of(values_of(plan), plan)
        assert preset_of(shown, plans) == name
        assert preset_of(replace(shown, seed=3), plans) == OWN
        assert preset_of(replace(shown, out="elsewhere"), plans) == name


def test_data_is_looked_at_once_for_all_presets(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def look(data: str) -> Look:
        looked.append(data)
        return look_at(data)

    monkeypatch.setattr(training_choices, "look_at", look)
    assert preset_plans("rooms")["2d-map"].epoch_images == 20_000
    assert looked == ["rooms"]


# -- changing while it runs ------------------------------------------------------------------


@every_method
def test_what_is_offered_can_be_changed_while_it_trains(method: str) -> None:
    plan = Plan("digits", "", method=method)
    fields = live_fields(method)
    assert fields[-1].name == "learning_rate"
    for field in fields:
        assert live_problem(plan, field.name, field.low) == ""
        changed(Settings(method=plan.method_settings), method, field.name, field.low)
        assert live_problem(plan, field.name, -1.0)
    assert "cannot be changed" in live_problem(plan, "latent_size", 3)


# -- formulas ------------------------------------------------------------------------------


@every_method
def test_every_piece_of_an_objective_is_a_term_with_its_colour(method: MethodName) -> None:
    objective = METHODS[method].objective
    formula = objective.partition(",  ")[0]
    found = [term_of(piece) for piece in pieces(formula)]
    assert all(found), formula
    text = formula_html(objective, lambda key: f"<{key}>")
    for key in found:
        assert f"color:<{key}>" in text
    assert "_" not in text.replace("total_correlation", "").replace("dimension_kl", "").replace(
        "importance_bound", ""
    )


def test_indices_are_low_and_variables_slanted() -> None:
    text = formula_html("λₒ Σ_(i≠j) Cov[μ]²_ij + log q(z_1)", lambda key: "red")
    assert "λ<sub>o</sub>" in text
    assert "Σ<sub>i≠j</sub>" in text
    assert "²<sub>ij</sub>" in text
    assert "log&nbsp;<i>q</i>(<i>z</i><sub>1</sub>)" in text


def test_bounds_are_shown_negated_and_terms_in_one_order() -> None:
    terms = {"kl": 2.0, "importance_bound": -20.0, "elbo": -21.0}
    assert list(shown_terms(terms).items()) == [
        ("elbo", 21.0),
        ("importance_bound", 20.0),
        ("kl", 2.0),
    ]
    assert len({term.key for term in TERMS}) == len(TERMS) == 9


# -- words ---------------------------------------------------------------------------------


def test_settings_of_the_method_are_told_first_and_then_what_is_not_usual() -> None:
    plan = Plan("digits", "x", method="beta-vae", beta=8.0, network="conv", learning_rate=0.002)
    assert told_settings(plan) == "β 8, conv, rate 0.002"
    plan = Plan("pictures", "x", image_shape=(0, 32, 48), fit="fit")
    assert told_settings(plan) == "32×48, not cropped"
    usual = Plan("digits", "x", method="iwae", latent_size=40, epochs=3, width=256, depth=2)
    assert told_settings(usual) == "k 5", "it has a width that is the network's usual one"
    conv = told_settings(replace(usual, width=128, network="conv"))
    assert conv == "k 5, conv, width 128, depth 2"
    assert told_settings(Plan("digits", "x", method="flow-vae", samples=3)).startswith("iaf, ")
    assert told_settings(Plan("digits", "x", method="unknown")) == ""


def test_settings_shown_with_an_objective_are_its_own() -> None:
    assert own_settings("dip-vae-i") == ("lambda_od", "lambda_d")
    assert own_settings("vae") == own_settings("nonsense") == ()
