"""Methods in words and numbers: settings in range, and the same in plans and command lines."""

import shlex
from dataclasses import asdict, fields, replace
from typing import Any, get_args

import hypothesis.strategies as st
import pytest
from hypothesis import given

from explorer.command_line import command_parser
from explorer.headless_training import plan_of
from models.autoencoder import Config
from models.methods import (
    METHODS,
    SETTING_NAMES,
    SETTINGS,
    Corruption,
    FlowName,
    MethodName,
    MethodSettings,
    Setting,
    Value,
    method_settings,
    settings_names,
)
from models.plans import Plan
from tests.small_models import small_config

WRONG: dict[str, list[object]] = {
    "beta": [-0.1, 1000.1, float("nan"), float("inf"), "4", None, True],
    "samples": [0, 101, 2.5, -1],
    "transforms": [0, 17, 1.5],
    "corruption": ["", "snow", 0.3, None],
    "flow": ["maf", 2],
    "corruption_level": [-0.01, 1.01],
}


def value_of(setting: Setting) -> st.SearchStrategy[Value]:
    """Any value a setting may have."""
    if setting.choices:
        return st.sampled_from(setting.choices)
    if setting.whole:
        return st.integers(int(setting.low), int(setting.high))
    return st.floats(setting.low, setting.high)


@st.composite
def given_settings(draw: st.DrawFn) -> tuple[MethodName, dict[str, Value]]:
    """A method and some of the settings it takes."""
    method = draw(st.sampled_from(list(METHODS)))
    names = draw(st.sets(st.sampled_from(settings_names(method) or ("none",)))) - {"none"}
    return method, {name: draw(value_of(SETTINGS[name])) for name in sorted(names)}


def test_every_method_of_the_type_is_described() -> None:
    assert tuple(METHODS) == get_args(MethodName)
    assert len(METHODS) == 13
    for method, known in METHODS.items():
        assert all((known.title, known.objective, known.meaning, known.source)), method
    assert len({known.title for known in METHODS.values()}) == 13


def test_every_setting_is_described_and_taken_by_a_method() -> None:
    assert tuple(SETTINGS) == SETTING_NAMES == tuple(f.name for f in fields(MethodSettings))
    assert {name for method in METHODS for name in settings_names(method)} == set(SETTINGS)
    assert SETTINGS["corruption"].choices == get_args(Corruption)
    assert SETTINGS["flow"].choices == get_args(FlowName)
    assert {name for name, setting in SETTINGS.items() if not setting.live} == {
        "corruption",  # a change is a number
        "flow",
        "transforms",
    }


@pytest.mark.parametrize("name", SETTINGS)
def test_usual_values_are_in_range(name: str) -> None:
    assert SETTINGS[name].problem(getattr(MethodSettings(), name)) == ""
    for method in METHODS:
        if name in settings_names(method):
            assert SETTINGS[name].problem(getattr(method_settings(method, {}), name)) == ""


@given(st.data(), st.sampled_from(list(SETTINGS)))
def test_a_value_in_range_has_no_problem(data: st.DataObject, name: str) -> None:
    assert SETTINGS[name].problem(data.draw(value_of(SETTINGS[name]))) == ""


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_value_out_of_range_is_told_by_the_name_of_its_option(name: str, value: object) -> None:
    problem = SETTINGS[name].problem(value)
    assert problem.startswith(f"--{name.replace('_', '-')} ")
    method = next(method for method in METHODS if name in settings_names(method))
    if value is not None:
        with pytest.raises(ValueError, match=SETTINGS[name].option):
            method_settings(method, {name: value})  # type: ignore[dict-item]  # wrong on purpose


def test_messages_name_the_range() -> None:
    assert SETTINGS["beta"].problem(-1.0) == "--beta must be from 0 to 1000"
    assert SETTINGS["samples"].problem(0) == "--samples must be a whole number from 1 to 100"
    assert SETTINGS["beta"].problem("x") == "--beta must be a number"
    assert SETTINGS["flow"].problem("maf") == "--flow is one of iaf, coupling"


@given(given_settings())
def test_what_is_given_comes_before_the_usual(chosen: tuple[MethodName, dict[str, Value]]) -> None:
    method, values = chosen
    told = method_settings(method, {**dict.fromkeys(SETTING_NAMES), **values})
    expected = {**METHODS[method].defaults, **values}
    assert all(getattr(told, name) == value for name, value in expected.items())
    if "beta" not in settings_names(method):
        assert told.beta == 1.0
    if "free_bits" not in values:
        assert told.free_bits == 0.0


@pytest.mark.parametrize("method", METHODS)
def test_a_setting_of_other_methods_is_refused(method: MethodName) -> None:
    for name in SETTINGS.keys() - set(settings_names(method)):
        value = getattr(MethodSettings(), name)
        with pytest.raises(ValueError, match=f"{SETTINGS[name].option} is no setting of {method}"):
            method_settings(method, {name: value})


def test_an_unknown_method_is_told_with_those_there_are() -> None:
    for ask in (settings_names, lambda method: method_settings(method, {})):
        with pytest.raises(ValueError, match=r"no method 'gan'; use ae, dae.*flow-vae"):
            ask("gan")


def test_free_bits_go_with_every_closed_form_kl_that_is_paid_as_it_is() -> None:
    taking = {method for method in METHODS if "free_bits" in settings_names(method)}
    assert taking == {"vae", "cvae", "beta-vae", "factor-vae", "dip-vae-i", "dip-vae-ii"}


@given(given_settings())
def test_a_plan_survives_json_and_the_command_line(
    chosen: tuple[MethodName, dict[str, Value]],
) -> None:
    method, values = chosen
    known: dict[str, Any] = dict(values)
    plan = Plan("data here", "it's.safetensors", method=method, **known)
    assert Plan.from_dict(plan.to_dict()) == plan
    words = shlex.split(plan.command())[2:]
    assert plan_of(vars(command_parser("train").parse_args(words))) == plan
    assert plan.method_settings == method_settings(method, values)


@pytest.mark.parametrize("method", METHODS)
def test_a_configuration_survives_json(method: MethodName) -> None:
    described = small_config(method, image_shape=(3, 9, 17), likelihood="discretised-logistic")
    again = Config.from_dict(described.to_dict() | {"image_shape": [3, 9, 17]})
    assert again == described
    assert asdict(again) == asdict(described)


@pytest.mark.parametrize("method", METHODS)
def test_only_a_flow_has_transforms_and_only_a_conditional_model_classes(
    method: MethodName,
) -> None:
    described = small_config(method)
    with pytest.raises(ValueError, match="flow"):
        replace(described, transforms=0 if described.transforms else 2)
    with pytest.raises(ValueError, match="classes"):
        replace(described, classes=0 if described.classes else 3)
