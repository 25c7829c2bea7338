"""Service: models, sessions and pictures come and go off the GUI thread."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from explorer.arrangement import Arrangement, Handle
from explorer.encoding import ImageSource
from explorer.library import Library, method_title
from explorer.opening import summary
from explorer.rendering import ModelInfo
from explorer.session_file import SavedSession
from explorer.workers import Lane, ModelShelf
from models.methods import METHODS
from models.planes import random_plane
from tests.fakes import info

if TYPE_CHECKING:
    from models.model import Model

PATIENCE_MS = 20_000


@pytest.fixture
def shelf() -> ModelShelf:
    return ModelShelf()


@pytest.fixture
def library(qtbot: QtBot, shelf: ModelShelf) -> Iterator[Library]:
    parent, lane = QObject(), Lane()
    yield Library(shelf, lane, parent)
    lane.stop()
    parent.deleteLater()


def opened(library: Library, qtbot: QtBot, path: Path) -> ModelInfo:
    with qtbot.waitSignal(library.model_opened, timeout=PATIENCE_MS) as signal:
        library.open_model(path)
    info: ModelInfo = signal.args[0]
    return info


def test_an_opened_model_stands_on_the_shelf(
    library: Library, shelf: ModelShelf, qtbot: QtBot, tiny_model_file: Path, tiny_model: "Model"
) -> None:
    info = opened(library, qtbot, tiny_model_file)
    assert info.path == tiny_model_file
    found = shelf.get(info.key)
    assert found is not None
    assert found.class_names == tiny_model.class_names
    library.close_model(info.key)
    assert shelf.get(info.key) is None


def test_what_cannot_be_opened_is_told(library: Library, qtbot: QtBot, tmp_path: Path) -> None:
    with qtbot.waitSignal(library.failed, timeout=PATIENCE_MS) as signal:
        library.open_model(tmp_path / "gone.safetensors")
    assert "gone.safetensors" in signal.args[0]


def test_of_many_models_opened_at_once_the_last_comes(
    library: Library, qtbot: QtBot, tiny_model_file: Path
) -> None:
    came: list[ModelInfo] = []
    library.model_opened.connect(came.append)
    copies = []
    for number in range(8):
        copies.append(tiny_model_file.with_name(f"copy{number}.safetensors"))
        copies[-1].write_bytes(tiny_model_file.read_bytes())
    for copy in copies:
        library.open_model(copy)
    qtbot.waitUntil(lambda: bool(came) and came[-1].path == copies[-1], timeout=PATIENCE_MS)
    assert len(came) < len(copies)


def test_good_and_bad_pictures_are_told_apart(
    library: Library, qtbot: QtBot, tiny_model_file: Path, tmp_path: Path
) -> None:
    info = opened(library, qtbot, tiny_model_file)
    Image.new("L", (20, 20), 90).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_text("Dear Sir")
    with qtbot.waitSignal(library.images_encoded, timeout=PATIENCE_MS) as signal:
        library.encode(
            info, [ImageSource(name, tmp_path / name) for name in ("bad.png", "good.png")]
        )
    result = signal.args[0]
    assert result.model_key == info.key
    assert [encoded.image.name for encoded in result.encoded] == ["good.png"]
    assert len(result.failures) == 1
    assert "bad.png" in result.failures[0]


def test_a_session_is_saved_and_opened_with_its_model(
    library: Library, qtbot: QtBot, tiny_model_file: Path, tmp_path: Path
) -> None:
    info, path = opened(library, qtbot, tiny_model_file), tmp_path / "x.latent.json"
    arrangement = Arrangement((Handle(1, "A", 0, np.array([1, 2], np.float32)),))
    with qtbot.waitSignal(library.session_saved, timeout=PATIENCE_MS):
        library.save_session(path, info, SavedSession(tiny_model_file, arrangement, (0, 1), None))
    with qtbot.waitSignal(library.session_opened, timeout=PATIENCE_MS) as signal:
        library.open_session(path)
    model, saved, named = signal.args
    assert (model.path, named) == (tiny_model_file, path)
    np.testing.assert_array_equal(saved.arrangement.handles[0].z, [1, 2])


def test_a_session_of_another_model_leaves_nothing_open(
    library: Library, shelf: ModelShelf, qtbot: QtBot, tiny_model_file: Path, tmp_path: Path
) -> None:
    info, path = opened(library, qtbot, tiny_model_file), tmp_path / "x.latent.json"
    handle = Handle(1, "A", 0, np.array([1, 2], np.float32), label=2)
    saved = SavedSession(tiny_model_file, Arrangement((handle,)), (0, 1), None)
    with qtbot.waitSignal(library.session_saved, timeout=PATIENCE_MS):
        library.save_session(path, info, saved)
    with qtbot.waitSignal(library.failed, timeout=PATIENCE_MS) as signal:
        library.open_session(path)
    assert "another model" in signal.args[0]
    assert list(shelf._models) == [info.key]


def test_a_session_whose_plane_is_of_another_model_is_refused(
    library: Library, shelf: ModelShelf, qtbot: QtBot, tiny_model_file: Path, tmp_path: Path
) -> None:
    info, path = opened(library, qtbot, tiny_model_file), tmp_path / "x.latent.json"
    plane = random_plane(np.zeros(5, np.float32), np.random.default_rng(0))
    saved = SavedSession(tiny_model_file, Arrangement(), (0, 1), None, plane)
    with qtbot.waitSignal(library.session_saved, timeout=PATIENCE_MS):
        library.save_session(path, replace(info, latent_size=5), saved)
    with qtbot.waitSignal(library.failed, timeout=PATIENCE_MS) as signal:
        library.open_session(path)
    assert "another model" in signal.args[0]
    assert list(shelf._models) == [info.key]


def test_a_card_shows_what_the_model_draws(
    library: Library, qtbot: QtBot, tiny_model_file: Path
) -> None:
    with qtbot.waitSignal(library.card_ready, timeout=PATIENCE_MS) as signal:
        library.ask_card(tiny_model_file)
    card = signal.args[0]
    assert (card.path, card.title, card.detail) == (tiny_model_file, "tiny", "K = 2, VAE")
    assert card.picture.shape == (8, 8, 1)
    assert card.picture.any()


def test_a_file_without_a_card_is_passed_over_in_silence(
    library: Library, qtbot: QtBot, tiny_model_file: Path, tmp_path: Path
) -> None:
    heard: list[str] = []
    library.failed.connect(heard.append)
    library.ask_card(tmp_path / "gone.safetensors")
    opened(library, qtbot, tiny_model_file)
    assert not heard


@pytest.mark.parametrize("method", METHODS)
def test_a_model_of_every_method_has_a_name_for_it(method: str) -> None:
    """A model of a method without a title could not be opened: it was a KeyError."""
    assert summary(replace(info(), method=method)).startswith(method_title(method))
    assert method_title(method) != method
