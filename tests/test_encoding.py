"""From a picture somebody brought to its place in latent space."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.encoding import BOUND_SAMPLES, ImageSource, encode_source
from models.errors import DataError

if TYPE_CHECKING:
    from models.data import DataSet
    from models.model import Model


def png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def source(pixels: np.ndarray, name: str = "x.png") -> ImageSource:
    return ImageSource(name, data=png(pixels))


def conditional_model() -> "Model":
    from models.autoencoder import Autoencoder, Config
    from models.model import Model
    from models.preprocessing import Preprocessing

    torch.manual_seed(0)
    config = Config(
        image_shape=(1, 8, 8), latent_size=2, width=16, depth=1, method="cvae", classes=3
    )
    autoencoder = Autoencoder(config).eval().requires_grad_(False)
    return Model(autoencoder, Preprocessing(1, 8, 8), class_names=("a", "b", "c"))


def test_an_image_of_the_data_is_where_its_point_is(
    tiny_model: "Model", tiny_data: "DataSet"
) -> None:
    assert tiny_model.points is not None
    for row in (0, 7, 23):
        found = encode_source(tiny_model, source(tiny_data.train.images[row][0]))
        np.testing.assert_allclose(found.image.mean, tiny_model.points.mean[row], atol=1e-4)
        np.testing.assert_array_equal(found.image.pixels[..., 0], tiny_data.train.images[row][0])
        assert found.label is None
        assert found.image.notes == ()


def test_the_reconstruction_is_the_decode_of_the_mean(
    tiny_model: "Model", tiny_data: "DataSet"
) -> None:
    image = encode_source(tiny_model, source(tiny_data.train.images[3][0])).image
    exact = tiny_model.decode(torch.from_numpy(image.mean)[None])[0, 0].numpy() * 255
    assert np.abs(image.reconstruction[..., 0] - exact).max() <= 0.51


def test_the_terms_hold_together(tiny_model: "Model", tiny_data: "DataSet") -> None:
    image = encode_source(tiny_model, source(tiny_data.train.images[3][0])).image
    terms = image.terms
    assert terms["elbo"] == pytest.approx(-(terms["reconstruction"] + terms["kl"]))
    assert terms["kl"] > 0
    assert terms["importance_bound"] >= terms["elbo"]
    assert image.kl.shape == (2,)
    assert np.all(image.kl >= 0)
    again = encode_source(tiny_model, source(tiny_data.train.images[3][0])).image
    assert again.terms == terms, "the samples are drawn with a fixed seed"
    assert BOUND_SAMPLES > 1


def test_each_step_to_the_models_size_is_told_once(tiny_model: "Model") -> None:
    deep = np.linspace(0, 65535, 30 * 40).astype(np.uint16).reshape(30, 40)
    notes = encode_source(tiny_model, source(deep)).image.notes
    assert notes.count("16-bit grey scaled to 8 bits") == 1
    assert len(set(notes)) == len(notes)
    assert any("8×8" in note for note in notes)


def test_a_conditional_model_takes_the_class_that_explains_the_image_best() -> None:
    model = conditional_model()
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)
    elbos = [encode_source(model, source(pixels), label).image.terms["elbo"] for label in range(3)]
    found = encode_source(model, source(pixels))
    assert found.label == int(np.argmax(elbos))
    assert f"class {'abc'[found.label]}: the highest ELBO of all" in found.image.notes


def test_a_class_that_was_chosen_is_kept() -> None:
    found = encode_source(conditional_model(), source(np.zeros((8, 8), np.uint8)), label=2)
    assert found.label == 2
    assert not any("class" in note for note in found.image.notes)


def test_a_file_is_read_by_its_path(tiny_model: "Model", tmp_path: Path) -> None:
    path = tmp_path / "digit.png"
    path.write_bytes(png(np.eye(8, dtype=np.uint8) * 255))
    assert encode_source(tiny_model, ImageSource("digit.png", path)).image.name == "digit.png"


def test_what_is_no_picture_is_told_by_its_name(tiny_model: "Model") -> None:
    with pytest.raises(DataError, match=r"^pasted: is no picture"):
        encode_source(tiny_model, ImageSource("pasted", data=b"Dear Sir"))
