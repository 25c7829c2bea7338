"""Finding the images of a model's points again: only if they truly are the ones."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.data import DataSet
from models.errors import DataError
from models.evaluation import evaluate
from models.model import Model, encode_points, spread_rows
from models.originals import encoded_there, find_originals, measured, sources_of
from models.points import Points


@pytest.fixture
def data_file(tiny_data: DataSet, tmp_path: Path) -> Path:
    """`tiny_data` in a file that divides it the same way."""
    path = tmp_path / "tiny.npz"
    train, held_out = tiny_data.train, tiny_data.held_out
    assert train.labels is not None
    assert held_out.labels is not None
    np.savez(
        path,
        x_train=np.asarray(train.images)[:, 0],
        y_train=train.labels,
        x_test=np.asarray(held_out.images)[:, 0],
        y_test=held_out.labels,
    )
    return path


def told(model: Model, path: Path) -> Model:
    return replace(model, record={"command": f"latent-explorer train --data '{path}' --epochs 3"})


def points_of(model: Model) -> Points:
    assert model.points is not None
    return model.points


def test_the_images_of_the_points_are_found_by_the_command_that_trained(
    tiny_model: Model, tiny_data: DataSet, data_file: Path
) -> None:
    found = find_originals(told(tiny_model, data_file), points_of(tiny_model), Path("x"))
    assert len(found) == len(points_of(tiny_model))
    np.testing.assert_array_equal(found.images[:], np.asarray(tiny_data.train.images))


def test_points_of_some_of_the_images_get_those(
    tiny_model: Model, tiny_data: DataSet, data_file: Path
) -> None:
    model = told(tiny_model, data_file)
    for images in (tiny_data.train, tiny_data.held_out):
        points = encode_points(model.autoencoder, images, limit=40)
        found = find_originals(model, points, Path("x"))
        wanted = np.asarray(images.images)[spread_rows(len(images), 40)]
        np.testing.assert_array_equal(found.images[:], wanted)


def test_other_data_of_that_name_is_refused(tiny_model: Model, data_file: Path) -> None:
    with np.load(data_file) as old:
        changed = dict(old)
    for name in ("x_train", "x_test"):
        changed[name] = 255 - changed[name]
    np.savez(data_file, **changed)
    with pytest.raises(DataError, match="not those of the points"):
        find_originals(told(tiny_model, data_file), points_of(tiny_model), Path("x"))


def test_data_that_is_not_there_is_not_at_hand(tiny_model: Model, tmp_path: Path) -> None:
    model = told(tiny_model, tmp_path / "gone.npz")
    with pytest.raises(DataError, match="not on this computer"):
        find_originals(model, points_of(model), Path("x"))


def test_a_relative_path_is_looked_for_beside_the_model_and_above_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    record = {"command": "latent-explorer train --data data --out m.safetensors", "data": "data"}
    for place in (tmp_path / "m.safetensors", tmp_path / "models" / "m.safetensors"):
        assert sources_of(record, place) == [str(tmp_path / "data")]
    assert sources_of({"command": "'unbalanced"}, tmp_path) == []
    assert sources_of({"data": "sprites"}, tmp_path) == ["sprites"]
    assert sources_of({"data": "mnist"}, tmp_path) == []  # and nothing is fetched


def test_each_image_is_compared_with_its_own_point(tiny_model: Model, tiny_data: DataSet) -> None:
    images, rows = np.asarray(tiny_data.train.images), np.array([3, 4, 5])
    swapped = images[[3, 5, 4]]
    there = encoded_there(tiny_model, points_of(tiny_model), rows, swapped)
    assert there.tolist() == [True, False, False]


def test_measured_values_have_the_means_that_an_evaluation_finds(
    tiny_model: Model, tiny_data: DataSet, data_file: Path
) -> None:
    model, points = told(tiny_model, data_file), points_of(tiny_model)
    told_of: list[tuple[int, int]] = []
    found = measured(
        model,
        points,
        find_originals(model, points, Path("x")),
        lambda done, total: told_of.append((done, total)),
    )
    wanted = evaluate(model.autoencoder, tiny_data.train)
    for name in ("elbo", "reconstruction"):
        assert found[name].shape == (len(points),)
        assert found[name].mean() == pytest.approx(wanted[name], rel=0.02)
    np.testing.assert_allclose(
        -found["elbo"], found["reconstruction"] + points.kl(), rtol=1e-3, atol=1e-3
    )
    assert told_of[-1] == (len(points), len(points))


def test_measuring_can_be_stopped(tiny_model: Model, data_file: Path) -> None:
    model = told(tiny_model, data_file)
    originals = find_originals(model, points_of(model), Path("x"))
    with pytest.raises(DataError, match="stopped"):
        measured(model, points_of(model), originals, cancelled=lambda: True)


def test_the_kl_of_each_point_is_the_closed_form_of_torch() -> None:
    random = np.random.default_rng(2)
    mean, log_variance = random.normal(size=(2, 50, 4)).astype(np.float32)
    q = torch.distributions.Normal(torch.from_numpy(mean), torch.from_numpy(log_variance / 2).exp())
    wanted = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).sum(1)
    np.testing.assert_allclose(Points(mean, log_variance).kl(), wanted.numpy(), rtol=1e-4)
