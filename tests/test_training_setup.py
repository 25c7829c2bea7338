"""The page on which a training is set up: fields by method, presets, what does not count."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QDoubleSpinBox, QScrollArea, QSpinBox
from pytestqt.qtbot import QtBot

from explorer.pages.training_setup import SetupPage
from explorer.training_choices import own_settings, preset_plans, same
from explorer.training_terms import terms_in
from models.methods import METHODS, MethodName, meaning_of
from models.plans import Plan
from models.presets import PRESETS, Look, preset_plan
from models.runs import data_of
from tests.samples import save_pictures


@pytest.fixture
def page(qtbot: QtBot) -> SetupPage:
    page = SetupPage()
    qtbot.addWidget(page)
    page.resize(800, 180)
    page.show()
    return page


def number(page: SetupPage, name: str) -> QSpinBox | QDoubleSpinBox:
    made = page.more.inputs[name]
    assert not isinstance(made, QComboBox)
    return made


def choose(combo: QComboBox, value: str) -> None:
    combo.setCurrentIndex(combo.findData(value))
    combo.activated.emit(combo.currentIndex())


def test_all_methods_of_the_course_can_be_chosen(page: SetupPage) -> None:
    offered = [page.form.method.itemData(at) for at in range(page.form.method.count())]
    assert offered == list(METHODS)
    assert len(offered) == 13


@pytest.mark.parametrize("method", METHODS)
def test_only_what_does_not_fit_scrolls_and_never_the_settings(
    page: SetupPage, method: MethodName
) -> None:
    """At the size the page has in a window of 1100x700."""
    page.resize(690, 140)
    choose(page.form.method, method)
    QApplication.processEvents()
    (area,) = (one for one in page.findChildren(QScrollArea) if one.isAncestorOf(page.meaning))
    inside = area.widget()
    assert inside is not None
    missing = max(0, inside.heightForWidth(inside.width()) - area.viewport().height())
    assert area.verticalScrollBar().maximum() == missing
    assert page.own.isHidden() or page.own.geometry().bottom() < area.viewport().height()


@pytest.mark.parametrize("method", METHODS)
def test_a_method_shows_its_formula_its_settings_and_where_it_is_from(
    page: SetupPage, method: MethodName
) -> None:
    choose(page.form.method, method)
    known = METHODS[method]
    assert known.objective in page.formula.accessibleName()
    assert "<sub>" in page.formula.text() or "_" not in known.objective
    assert known.meaning in page.meaning.text()
    shown = [name for name, made in page.own.inputs.items() if not made.isHidden()]
    assert sorted(shown) == sorted(own_settings(method))
    for name in shown:
        assert page.own.inputs[name].toolTip()
        assert page.own.value(name) == known.defaults[name]
    assert page.plan().method == method
    page.grab()


@pytest.mark.parametrize("method", METHODS)
def test_terms_are_explained_in_the_notation_of_the_formula(method: MethodName) -> None:
    objective = METHODS[method].objective
    terms = terms_in(objective)
    assert terms
    for term in terms:
        conditioned = re.findall(r"[pq]\([xz]\|[^)]*\)", term.tip)
        assert all(density in objective for density in conditioned), term.tip
        if "E log" in term.tip:
            assert "E_q" in objective
    reconstruction = next((term for term in terms if term.key == "reconstruction"), None)
    if reconstruction is not None:
        assert "log p(x" in reconstruction.tip


@pytest.mark.parametrize("method", METHODS)
def test_fields_stand_in_the_order_of_their_explanations(
    page: SetupPage, method: MethodName
) -> None:
    choose(page.form.method, method)
    QApplication.processEvents()
    shown = [made for made in page.own.inputs.values() if not made.isHidden()]
    row_px = max((made.height() for made in shown), default=1)
    shown.sort(key=lambda made: (made.geometry().center().y() // row_px, made.x()))
    names = {made: name for name, made in page.own.inputs.items()}
    text = page.meaning.text()
    places = [text.index(meaning_of(method, names[made])) for made in shown]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("method", "name", "told", "not_told"),
    [
        ("beta-vae", "beta", "Weight of the KL", "total correlation"),
        ("beta-tcvae", "beta", "total correlation", "or of"),
        ("annealed-vae", "gamma", "capacity", "total correlation"),
        ("factor-vae", "gamma", "total correlation", "capacity"),
    ],
)
def test_a_setting_says_what_it_does_in_the_method_chosen(
    page: SetupPage, method: str, name: str, told: str, not_told: str
) -> None:
    choose(page.form.method, method)
    tip = page.own.inputs[name].toolTip()
    assert told in tip
    assert not_told not in tip
    assert tip in page.meaning.text()


def test_a_number_has_its_unit(page: SetupPage) -> None:
    number(page, "warmup_epochs").setValue(3)
    assert number(page, "warmup_epochs").text() == "3 ep."
    assert page.plan().warmup_epochs == 3


def test_settings_of_a_method_reach_the_plan(page: SetupPage) -> None:
    choose(page.form.method, "dae")
    choose(page.own.inputs["corruption"], "masking")  # type: ignore[arg-type] # a list
    page.own.inputs["corruption_level"].setValue(0.5)  # type: ignore[union-attr,arg-type] # a float
    plan = page.plan()
    assert (plan.corruption, plan.corruption_level) == ("masking", 0.5)
    choose(page.form.method, "vae")
    assert (page.plan().corruption, page.plan().corruption_level) == (None, None)


def test_few_settings_are_seen_first_and_a_key_shows_the_rest(page: SetupPage) -> None:
    assert not page.more.isVisible()
    page.form.more.setFocus()
    QTest.keyClick(page.form.more, Qt.Key.Key_Space)
    assert page.more.isVisible()
    assert not page.formula.isVisible()


@pytest.mark.parametrize(
    ("method", "closed"),
    [
        ("vae", set()),
        ("ae", {"warmup_epochs", "warmup_cycles", "free_bits"}),
        ("annealed-vae", {"warmup_epochs", "warmup_cycles", "free_bits"}),
        ("iwae", {"free_bits"}),
    ],
)
def test_what_does_not_count_is_closed_and_says_why(
    page: SetupPage, method: MethodName, closed: set[str]
) -> None:
    choose(page.form.method, method)
    found = {name for name, made in page.more.inputs.items() if not made.isEnabled()}
    assert found == closed
    for name in found:
        title = METHODS[method].title
        assert title in page.more.inputs[name].toolTip()


def test_the_size_of_images_and_how_they_come_to_it_can_be_chosen(
    page: SetupPage, tmp_path: Path
) -> None:
    save_pictures(tmp_path / "mixed" / "a", 2, (300, 20))
    page.choose_data(tmp_path / "mixed")
    side, fit = number(page, "image_side"), page.more.inputs["fit"]
    assert isinstance(fit, QComboBox)
    assert side.text() == "automatic"
    assert page.plan().image_shape is None
    assert all(field.accessibleName() and field.toolTip() for field in (side, fit))
    side.stepUp()
    assert page.plan().image_shape == (0, 8, 8), "the least that a model can have"
    side.setValue(96)
    choose(fit, "fit")
    assert side.text() == "96 px"
    assert "nothing is cut off" in fit.toolTip()
    plan = replace(page.plan(), out=str(tmp_path / "out.safetensors"))
    assert (plan.image_shape, plan.fit) == ((0, 96, 96), "fit")
    assert data_of(plan).preprocessing.image_shape == (1, 96, 96)


def test_a_size_that_is_no_square_is_shown_and_kept(page: SetupPage) -> None:
    page.set_plan(Plan("digits", "", image_shape=(1, 20, 30)))
    assert number(page, "image_side").text() == "30×20"
    assert page.plan().image_shape == (1, 20, 30)
    choose(page.form.data, "mnist")
    assert number(page, "image_side").text() == "automatic"
    assert page.plan().image_shape is None


def test_cycles_take_the_place_of_one_warm_up(page: SetupPage) -> None:
    number(page, "warmup_cycles").setValue(4)
    assert not page.more.inputs["warmup_epochs"].isEnabled()
    assert page.plan().warmup_cycles == 4


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_fills_the_page_until_something_is_changed(page: SetupPage, name: str) -> None:
    choose(page.form.preset, name)
    assert same(page.plan(), preset_plans("digits")[name])
    assert page.form.preset.currentData() == name
    number(page, "seed").setValue(5)
    assert page.form.preset.currentText() == "Own settings"
    choose(page.form.preset, name)
    assert page.plan().seed == 0


def test_a_preset_fits_itself_to_other_data(page: SetupPage) -> None:
    choose(page.form.preset, "disentangled")
    choose(page.form.data, "rooms")
    assert page.form.preset.currentData() == "disentangled"
    assert same(page.plan(), preset_plans("rooms")["disentangled"])


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_fits_itself_to_the_number_of_pictures(
    page: SetupPage, name: str, tmp_path: Path
) -> None:
    folder = tmp_path / "faces"
    save_pictures(folder, 30)
    usual = preset_plan(name, str(folder), look=Look("pictures"))
    choose(page.form.preset, name)
    page.choose_data(folder)
    assert page.form.preset.currentData() == name
    assert page.form.epochs.value() > usual.epochs
    assert number(page, "batch_size").value() < usual.batch_size
    assert same(page.plan(), preset_plan(name, str(folder)))


def test_ones_own_settings_stay_with_other_data(page: SetupPage) -> None:
    page.form.latent_size.setValue(7)
    choose(page.form.data, "mnist")
    assert (page.plan().data, page.plan().latent_size) == ("mnist", 7)
    assert page.form.preset.currentText() == "Own settings"


def test_a_plan_comes_back_whole(page: SetupPage, tmp_path: Path) -> None:
    plan = Plan(
        data=str(tmp_path / "faces"),
        out="",
        method="flow-vae",
        flow="coupling",
        transforms=5,
        samples=3,
        network="resnet",
        width=24,
        depth=0,
        likelihood="discretised-logistic",
        warmup_cycles=4,
        weight_decay=0.05,
        epoch_images=5000,
        image_shape=(3, 64, 64),
        fit="fit",
        seed=11,
    )
    page.set_plan(plan)
    assert page.plan() == plan
    assert page.form.data.currentText() == "faces"


def test_the_usual_size_is_said_and_means_none(page: SetupPage) -> None:
    page.set_plan(Plan("digits", "", network="plain-mlp"))
    assert number(page, "width").text() == "usual: 200"
    assert page.plan().width is None
    assert page.plan().depth is None
    number(page, "depth").setValue(0)
    assert page.plan().depth == 0


def test_a_locked_page_changes_nothing_and_says_why(page: SetupPage) -> None:
    page.set_locked("It trains")
    for made in (*page.more.inputs.values(), *page.own.inputs.values(), page.form.preset):
        assert not made.isEnabled()
        assert made.toolTip() == "It trains"
    page.set_locked("")
    assert page.more.inputs["seed"].isEnabled()
    assert "same seed" in page.more.inputs["seed"].toolTip()
