"""Service: a path as a file, with progress; cancelled or failed it leaves what was there."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from explorer import rendering
from explorer.animation import Format
from explorer.exporting import Exporting, ExportRequest
from explorer.workers import Lane, ModelShelf

if TYPE_CHECKING:
    from models.model import Model

PATIENCE_MS = 20_000


@pytest.fixture
def shelf(tiny_model: "Model") -> ModelShelf:
    found = ModelShelf()
    found.add(tiny_model)
    return found


@pytest.fixture
def exporting(qtbot: QtBot, shelf: ModelShelf) -> Iterator[Exporting]:
    parent, lane = QObject(), Lane()
    yield Exporting(shelf, lane, parent)
    lane.stop()
    parent.deleteLater()


def request(path: Path, frames: int = 12, kind: Format = "gif") -> ExportRequest:
    z = np.linspace((-2, -2), (2, 2), frames).astype(np.float32)
    return ExportRequest(path, 1, z, None, kind, 64, 20.0, False)


@pytest.mark.parametrize("kind", get_args(Format))
def test_each_format_is_written(
    exporting: Exporting, qtbot: QtBot, tmp_path: Path, kind: Format
) -> None:
    path = tmp_path / f"x.{kind}"
    progress: list[tuple[str, int, int]] = []
    exporting.progressed.connect(lambda *told: progress.append(told))
    with qtbot.waitSignal(exporting.exported, timeout=PATIENCE_MS) as exported:
        exporting.export(request(path, kind=kind))
        assert exporting.busy
    assert exported.args == [path]
    assert not exporting.busy
    assert progress[-1][1] == progress[-1][2]
    with Image.open(path) as image:
        frames = getattr(image, "n_frames", 1)
        assert image.size == ((12 * 64, 64) if kind == "png" else (64, 64))
    assert frames == (1 if kind == "png" else 12)
    assert list(tmp_path.iterdir()) == [path]


def test_there_and_back_shows_no_end_twice(
    exporting: Exporting, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "x.apng"
    with qtbot.waitSignal(exporting.exported, timeout=PATIENCE_MS):
        exporting.export(replace(request(path, 5, "apng"), there_and_back=True))
    with Image.open(path) as image:
        assert image.n_frames == 8  # type: ignore[attr-defined] # of an animation


def test_a_cancelled_export_leaves_the_old_file(
    exporting: Exporting, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, started, go_on = tmp_path / "x.gif", threading.Event(), threading.Event()
    path.write_bytes(b"old")
    plain = rendering.decode

    def slow(*args: Any) -> object:
        started.set()
        assert go_on.wait(20)
        return plain(*args)

    monkeypatch.setattr("explorer.exporting.decode", slow)
    exporting.export(request(path, 200))
    assert started.wait(20)
    with qtbot.waitSignal(exporting.cancelled, timeout=PATIENCE_MS):
        exporting.cancel()
        go_on.set()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    with qtbot.waitSignal(exporting.exported, timeout=PATIENCE_MS):
        exporting.export(request(path))


@pytest.mark.parametrize("at", [1, 3])
def test_of_a_slow_model_no_picture_is_decoded_after_it_was_cancelled(
    exporting: Exporting,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    at: int,
) -> None:
    plain, clock, decoded, begun = rendering.decode, [0.0], [], threading.Event()

    def slow(model: "Model", z: Any, label: Any) -> object:
        assert begun.wait(PATIENCE_MS / 1000)
        decoded.append(len(z))
        clock[0] += 1.1 * len(z)
        if sum(decoded) >= at:
            exporting.cancel()
        return plain(model, z, label)

    monkeypatch.setattr("explorer.batching.perf_counter", lambda: clock[0])
    monkeypatch.setattr("explorer.exporting.decode", slow)
    with qtbot.waitSignal(exporting.cancelled, timeout=PATIENCE_MS):
        exporting.export(request(tmp_path / "x.gif", 64))
        begun.set()
    assert decoded == [1] * at


def test_nothing_to_cancel_is_no_trouble(exporting: Exporting) -> None:
    exporting.cancel()
    assert not exporting.busy


def test_a_model_that_was_closed_is_told(
    exporting: Exporting, shelf: ModelShelf, qtbot: QtBot, tmp_path: Path
) -> None:
    shelf.remove(1)
    with qtbot.waitSignal(exporting.failed, timeout=PATIENCE_MS) as failed:
        exporting.export(request(tmp_path / "x.gif"))
    assert "export again" in failed.args[0]
    assert not list(tmp_path.iterdir())
