"""The box that Fit shows: prior, handles, and all data but what lies far out."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from explorer.arrangement import Arrangement, Handle
from explorer.fit_box import FIT_WORDS, extent, fit_box
from explorer.rendering import ModelInfo
from models.planes import axis_plane, random_plane
from models.points import Points
from tests.fakes import info
from tests.opened import opened

if TYPE_CHECKING:
    from models.model import Model

Floats = npt.NDArray[np.float32]


def cloud(count: int, size: int = 2, spread: float = 1.0) -> Floats:
    drawn = np.random.default_rng(count).standard_normal((count, size)) * spread
    return drawn.astype(np.float32)


def model(mean: Floats, prior: bool = True) -> ModelInfo:
    points = Points(mean, np.zeros_like(mean))
    return replace(info(mean.shape[1]), points=points, has_prior=prior)


def at(*latents: Floats | list[float]) -> Arrangement:
    return Arrangement(
        tuple(Handle(k, "ABC"[k], k, np.asarray(z, np.float32)) for k, z in enumerate(latents))
    )


@pytest.mark.parametrize("count", [1, 2, 9, 10, 60, 500, 30_000])
@pytest.mark.parametrize("prior", [False, True])
def test_nothing_of_a_cloud_is_cut_off(count: int, prior: bool) -> None:
    mean = cloud(count, 3, 20.0)
    plane = random_plane(np.zeros(3, np.float32), np.random.default_rng(0))
    xy = plane.project(mean)
    low, high = fit_box(model(mean, prior), plane, at())
    assert (xy >= low).all()
    assert (xy <= high).all()
    if not prior:
        assert low == pytest.approx(xy.min(axis=0))
        assert high == pytest.approx(xy.max(axis=0))


@pytest.mark.parametrize("count", [30, 200, 201, 5000])
@pytest.mark.parametrize("far", [40.0, 1e9])
def test_what_lies_far_out_is_left_out_and_moves_nothing(count: int, far: float) -> None:
    mean = cloud(count)
    without = extent(mean)
    mean[0] = [far, 0.1]
    mean[0 if count < 200 else 1] = [0.1, -far]
    np.testing.assert_allclose(extent(mean), without, atol=1.0)
    assert np.abs(extent(mean)).max() < 8


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_nowhere_counts_for_nothing(bad: float) -> None:
    mean = cloud(50, spread=9.0)
    mean[3] = bad
    low, high = fit_box(model(mean, False), axis_plane(2), at())
    assert low == pytest.approx(np.delete(mean, 3, 0).min(axis=0))
    low, high = fit_box(model(np.full((20, 2), bad, np.float32), False), axis_plane(2), at())
    assert np.isfinite([low, high]).all()
    assert (high > low).all()


def test_the_prior_and_the_handles_are_within() -> None:
    mean = cloud(100, spread=0.1)
    low, high = fit_box(model(mean), axis_plane(2), at())
    assert (low < -3).all()
    assert (high > 3).all()
    low, high = fit_box(model(mean), axis_plane(2), at([7.5, 0], [0, -30]))
    assert high[0] == 7.5
    assert low[1] == -30
    low, high = fit_box(model(mean, False), axis_plane(2), at([0, 2]))
    assert (low > -1).all()
    assert high[1] == 2


def test_fit_cuts_off_no_point_of_an_autoencoder_and_says_what_it_shows(
    qtbot: QtBot, tiny_model: "Model", tmp_path: Path
) -> None:
    from models.autoencoder import Autoencoder, Config
    from models.checkpoint import save

    config = Config(method="ae", image_shape=(1, 8, 8), latent_size=2, width=16, depth=1)
    mean = cloud(2000, spread=40.0) * np.array([0.2, 1], np.float32)
    plain = replace(
        tiny_model,
        autoencoder=Autoencoder(config).eval().requires_grad_(False),
        points=Points(mean, np.zeros_like(mean), np.zeros(2000, np.int64)),
    )
    save(plain, tmp_path / "plain.safetensors")
    with opened(qtbot, tmp_path / "plain.safetensors") as found:
        panel = found.window.map_panel
        button = panel.findChild(QPushButton, "fitButton")
        assert isinstance(button, QPushButton)
        found.window.session.add_handle(np.array([300, 0], np.float32))
        button.click()
        left, bottom, right, top = panel.view.view.box
        for x, y in (*mean, (300, 0)):
            assert left < x < right
            assert bottom < y < top
        assert FIT_WORDS.split(";")[0] in button.toolTip()
        found.settle()
