"""Methods trained in the window by a real trainer, then replayed with all that the map shows."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytestqt.qtbot import QtBot

from explorer.session import Layers
from explorer.training import Status
from models.embedding import EmbeddingSettings
from tests.opened import PATIENCE_MS, Opened, opened
from tests.trainings import small_plan, wait_for, write_data

if TYPE_CHECKING:
    from models.data import DataSet

ALL_ON = Layers(density=True, magnification=True, field=True)


def put_epoch(found: Opened, epoch: int | None) -> None:
    """Let the replay put an epoch on the map, or the final model."""
    replay, session = found.window.replay, found.window.session
    if epoch is None:
        replay.go_live()
    else:
        replay.show(epoch)
    found.qtbot.waitUntil(
        lambda: session.model is not None and session.model.epoch == epoch, timeout=PATIENCE_MS
    )
    found.settle()


@pytest.mark.parametrize("method", ["ae", "cvae", "factor-vae", "flow-vae"])
def test_a_method_is_trained_watched_and_replayed_to_its_end(
    qtbot: QtBot,
    tmp_path: Path,
    tiny_data: "DataSet",
    tiny_model_file: Path,
    method: str,
) -> None:
    data = write_data(tmp_path / "bars.npz", tiny_data)
    plan = replace(small_plan(data, tmp_path / f"{method}.safetensors", 3, method), latent_size=3)
    with opened(qtbot, tiny_model_file) as found:
        window = found.window
        window.show_training()
        window.training.start(plan)
        wait_for(qtbot, window.training, Status.FINISHED)
        session, pictures = window.session, window.training.pictures
        assert pictures is not None
        assert pictures.epoch == 3
        put_epoch(found, None)
        assert session.model is not None
        assert session.model.path == Path(plan.out)
        session.set_layers(ALL_ON)
        found.settle()
        grounds = set()
        for epoch in (0, 1, 3, 2, None):
            put_epoch(found, epoch)
            picture = window.map_panel.view._ground.picture().toImage()
            grounds.add(bytes(picture.constBits()))
            assert session.picture is not None
        assert len(grounds) > 3
        with qtbot.waitSignal(window.services.embedding.changed, timeout=PATIENCE_MS):
            window.services.embedding.compute(EmbeddingSettings("t-sne", 8))
        assert not found.heard.complaints
