"""The embedding view: computed aside, picked from, cancelled, and left as it was found."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QProgressBar, QPushButton
from pytestqt.qtbot import QtBot

from explorer.embedding import Embedding, Layout
from explorer.panels.embedding_panel import NOTE, EmbeddingPanel
from explorer.processes import process_command
from explorer.session import Session
from explorer.workers import Lane, TaskContext
from models.embedding import EmbeddingSettings, Floats, nearest
from models.points import Points
from tests.fakes import info
from tests.opened import PATIENCE_MS, Opened, opened

if TYPE_CHECKING:
    from models.model import Model

SETTINGS = EmbeddingSettings("t-sne", 8)


def points(count: int = 60, size: int = 3) -> Points:
    random = np.random.default_rng(0)
    mean = random.standard_normal((count, size)).astype(np.float32)
    return Points(mean, np.zeros_like(mean), np.arange(count) % 3)


@pytest.fixture
def lane(qtbot: QtBot) -> Iterator[Lane]:
    found = Lane()
    yield found
    found.stop()


@pytest.fixture
def session(qtbot: QtBot) -> Session:
    found = Session()
    model = replace(info(3), points=points(), class_names=("a", "b", "c"))
    found.set_model(model, found.arrangement, (0, 1))
    return found


@pytest.fixture
def service(session: Session, lane: Lane) -> Embedding:
    return Embedding(session, lane)


def children() -> set[int]:
    """Processes of this one that live."""
    return {child.pid for child in psutil.Process().children(recursive=True) if _lives(child)}


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:  # it has ended since it was found
        return False


# The service.


def test_a_layout_comes_from_a_process_of_its_own(
    service: Embedding, session: Session, qtbot: QtBot
) -> None:
    before, told = children(), []
    service.working_changed.connect(lambda: told.append(service.working))
    with qtbot.waitSignal(service.changed, timeout=PATIENCE_MS):
        service.compute(SETTINGS)
    layout = service.layout("t-sne")
    assert layout is not None
    assert layout.xy.shape == (60, 2)
    assert np.isfinite(layout.xy).all()
    assert service.is_current(layout)
    assert service.layout("umap") is None
    assert max(working.done for working in told if working) > 0
    assert service.working is None
    qtbot.waitUntil(lambda: children() <= before, timeout=PATIENCE_MS)


def test_cancelling_ends_the_process_at_once(service: Embedding, qtbot: QtBot, lane: Lane) -> None:
    before = children()
    service.compute(SETTINGS)
    qtbot.waitUntil(lambda: children() > before, timeout=PATIENCE_MS)
    service.cancel()
    assert service.working is None
    qtbot.waitUntil(lambda: children() <= before and not lane.busy, timeout=PATIENCE_MS)
    assert service.layout("t-sne") is None


def test_stopping_the_lane_ends_the_process(service: Embedding, qtbot: QtBot, lane: Lane) -> None:
    before = children()
    service.compute(SETTINGS)
    qtbot.waitUntil(lambda: children() > before, timeout=PATIENCE_MS)
    lane.stop()
    assert children() <= before


def test_the_process_ends_with_its_window(qtbot: QtBot) -> None:
    """The window's end of the pipe closes, however it dies."""
    command = process_command("explorer.embedder_process")
    child = psutil.Popen(command, stdin=-1, stdout=-1)
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.close()
    assert child.wait(PATIENCE_MS / 1000) == 0
    child.stdout.close()


def test_another_model_cancels_it(
    service: Embedding, session: Session, qtbot: QtBot, lane: Lane
) -> None:
    before = children()
    service.compute(SETTINGS)
    qtbot.waitUntil(lambda: children() > before, timeout=PATIENCE_MS)
    other = replace(info(3), key=7, path=Path("other.safetensors"), points=points())
    session.set_model(other, session.arrangement, (0, 1))
    assert service.working is None
    qtbot.waitUntil(lambda: not lane.busy, timeout=PATIENCE_MS)
    assert service.layout("t-sne") is None
    assert children() <= before


def test_a_second_wish_takes_the_place_of_the_first(
    service: Embedding, qtbot: QtBot, lane: Lane
) -> None:
    service.compute(SETTINGS)
    service.compute(replace(SETTINGS, neighbours=4))
    qtbot.waitUntil(lambda: service.layout("t-sne") is not None, timeout=PATIENCE_MS)
    layout = service.layout("t-sne")
    assert layout is not None
    assert layout.settings.neighbours == 4
    qtbot.waitUntil(lambda: not lane.busy, timeout=PATIENCE_MS)
    assert service.layout("t-sne") is layout


def test_what_cannot_be_embedded_is_told(
    service: Embedding, session: Session, qtbot: QtBot
) -> None:
    broken = points()
    broken.mean[3] = np.nan
    session.set_points(broken)
    with qtbot.waitSignal(service.failed, timeout=PATIENCE_MS) as told:
        service.compute(SETTINGS)
    assert "1 of 60 posterior means are not finite" in told.args[0]
    assert service.working is None


def test_a_killed_process_is_told(service: Embedding, qtbot: QtBot) -> None:
    before = children()
    with qtbot.waitSignal(service.failed, timeout=PATIENCE_MS) as told:
        service.compute(SETTINGS)
        qtbot.waitUntil(lambda: children() > before, timeout=PATIENCE_MS)
        for pid in children() - before:
            psutil.Process(pid).kill()
    assert "signal 9" in told.args[0]


def layout_of(data: Points, every: int = 1) -> Layout:
    """A layout that was not computed: two coordinates of the data."""
    rows = np.arange(0, len(data), every)
    xy = 10 * data.mean[rows][:, :2]
    return Layout(SETTINGS, xy, rows, len(data), 8, data.mean[rows][:64], None)


def test_other_weights_make_a_layout_old_and_other_data_end_it(
    service: Embedding, session: Session
) -> None:
    assert session.model is not None
    layout = layout_of(points())
    service._kept[session.model.path, "t-sne"] = layout
    assert service.is_current(layout)
    session.set_points(replace(points(), mean=points().mean + 0.01))
    assert service.layout("t-sne") is layout
    assert not service.is_current(layout)
    session.set_points(points(50))
    assert service.layout("t-sne") is None


def test_it_is_kept_while_another_model_is_on_the_map(service: Embedding, session: Session) -> None:
    model = session.model
    assert model is not None
    service._kept[model.path, "t-sne"] = layout_of(points())
    other = replace(info(3), key=7, path=Path("other.safetensors"), points=points())
    session.set_model(other, session.arrangement, (0, 1))
    assert service.layout("t-sne") is None
    session.set_model(replace(model, key=8), session.arrangement, (0, 1))
    found = service.layout("t-sne")
    assert found is not None
    assert service.is_current(found)


# A process that gives no answer.


def test_a_task_that_is_cancelled_before_it_waits_is_told_at_once() -> None:
    from explorer.workers import Cancel

    cancel, called = Cancel(), []
    context = TaskContext(lambda *words: None, cancel)
    context.when_cancelled(lambda: called.append("early"))
    cancel.set()
    cancel.set()
    assert called == ["early"]
    context.when_cancelled(lambda: called.append("late"))
    assert called == ["early", "late"]


# The window.


@pytest.fixture
def window(qtbot: QtBot, tiny_model_file: Path) -> Iterator[Opened]:
    with opened(qtbot, tiny_model_file) as found:
        yield found


def view_of(top: Opened, every: int = 1) -> EmbeddingPanel:
    """The view with a layout that need not be computed."""
    window = top.window
    model = window.session.model
    assert model is not None
    assert model.points is not None
    window.services.embedding._kept[model.path, "t-sne"] = layout_of(model.points, every)
    window.services.embedding.changed.emit()
    trigger(top)
    return window.embedding_panel


def trigger(top: Opened) -> None:
    top.window.actions_by_name["showEmbedding"].trigger()


def means(top: Opened) -> Floats:
    model = top.window.session.model
    assert model is not None
    assert model.points is not None
    return model.points.mean


def at(panel: EmbeddingPanel, x: float, y: float) -> QPoint:
    """The pixel of a place in the embedding."""
    px, py = panel.view.view.pixel(x, y)
    return (QPointF(panel.view.ground.left(), 0) + QPointF(px, py)).toPoint()


def words(panel: EmbeddingPanel) -> str:
    return panel.view.accessibleDescription()


def button(panel: EmbeddingPanel, name: str) -> QPushButton:
    found = panel.findChild(QPushButton, name)
    assert isinstance(found, QPushButton)
    return found


def label(panel: EmbeddingPanel, name: str) -> str:
    found = panel.findChild(QLabel, name)
    assert isinstance(found, QLabel)
    return found.text()


def test_the_first_look_computes_and_shows_how_far_it_is(window: Opened) -> None:
    panel = window.window.embedding_panel
    trigger(window)
    assert window.window.services.embedding.working is not None
    assert button(panel, "embeddingCancel").isVisible()
    assert not button(panel, "embeddingCompute").isEnabled()
    bar = panel.findChild(QProgressBar, "embeddingProgress")
    assert isinstance(bar, QProgressBar)
    assert bar.isVisible()
    assert bar.format().startswith("t-SNE: ")
    assert bar.maximum() > 0  # one that runs to and fro shows no words
    assert label(panel, "embeddingMessage").startswith("t-SNE is being computed")
    window.qtbot.waitUntil(
        lambda: button(panel, "embeddingCompute").text() == "Compute again", timeout=PATIENCE_MS
    )
    assert not bar.isVisible()
    assert len(panel.view.points()) == len(means(window))
    assert f"{len(means(window))} images" in label(panel, "embeddingStatus")
    assert label(panel, "embeddingNote") == NOTE


def test_cancelled_in_the_view_it_can_be_begun_again(window: Opened) -> None:
    panel = window.window.embedding_panel
    trigger(window)
    button(panel, "embeddingCancel").click()
    assert not button(panel, "embeddingCancel").isVisible()
    assert button(panel, "embeddingCompute").text() == "Compute"
    assert button(panel, "embeddingCompute").isEnabled()
    assert "cancelled" in window.window.messages.text()
    button(panel, "embeddingCompute").click()
    assert window.window.services.embedding.working is not None
    assert "cancelled" not in window.window.messages.text()
    button(panel, "embeddingCancel").click()
    window.qtbot.waitUntil(
        lambda: not window.window.services.lanes.embeddings.busy, timeout=PATIENCE_MS
    )


def test_closing_the_window_ends_what_is_computed(qtbot: QtBot, tiny_model_file: Path) -> None:
    before = children()
    with opened(qtbot, tiny_model_file) as top:
        trigger(top)
        qtbot.waitUntil(lambda: children() > before, timeout=PATIENCE_MS)
    assert children() <= before


def test_the_map_comes_back_as_it_was(window: Opened) -> None:
    top = window.window
    top.map_panel.zoom(2.5)
    before = window.seen(), top.map_panel.viewport(), top.session.plane, top.session.layers
    panel = view_of(window)
    assert top.centre.currentWidget() is panel
    assert not top.map_panel.isVisible()
    panel.view.setFocus()
    QTest.keyClick(panel.view, Qt.Key.Key_Escape)
    assert top.centre.currentWidget() is top.map_panel
    assert not top.actions_by_name["showEmbedding"].isChecked()
    after = window.seen(), top.map_panel.viewport(), top.session.plane, top.session.layers
    assert after == before


def test_the_layout_is_kept_between_two_looks(window: Opened) -> None:
    panel = view_of(window)
    shown = panel.view.points()
    button(panel, "embeddingBack").click()
    trigger(window)
    assert window.window.services.embedding.working is None
    np.testing.assert_array_equal(panel.view.points(), shown)


def test_the_chooser_of_planes_leads_there(window: Opened) -> None:
    """With K = 2 there is one plane, and still an embedding."""
    combo = window.window.map_panel.findChild(QComboBox, "planeKind")
    assert isinstance(combo, QComboBox)
    assert combo.isEnabled()
    items = combo.model()
    assert isinstance(items, QStandardItemModel)
    last = combo.count() - 1
    assert items.item(last).isEnabled()
    assert "t-SNE" in combo.itemText(last)
    view_of(window)
    trigger(window)
    combo.setCurrentIndex(last)
    combo.activated.emit(last)
    assert window.window.centre.currentWidget() is window.window.embedding_panel
    assert combo.currentData() == "axes"


def test_the_nearest_image_is_picked_with_its_reconstruction(window: Opened) -> None:
    """Where the data is not at hand."""
    panel = view_of(window)
    x, y = 3.0, -4.0
    panel.view.pointer_moved.emit(x, y)
    row = nearest(10 * means(window)[:, :2], (x, y))
    window.qtbot.waitUntil(lambda: panel._card.picture is not None, timeout=PATIENCE_MS)
    assert words(panel) == window.window.look.name_of(row)
    assert words(panel).endswith(f"#{row}")
    assert panel._card.lines[:2] == (words(panel), "reconstruction")
    assert panel._card.at == tuple((10 * means(window)[row, :2]).tolist())
    panel.view.grab()


def test_what_is_picked_shows_its_original_and_becomes_a_handle_with_it(
    qtbot: QtBot, at_hand: Path
) -> None:
    with opened(qtbot, at_hand) as top:
        panel, session, images = view_of(top), top.window.session, top.window.images
        x, y = (10 * means(top)[6, :2]).tolist()
        panel.view.set_view(replace(panel.view.view, x=x, y=y, scale=500.0))
        panel.view.pointer_moved.emit(x, y)
        qtbot.waitUntil(lambda: "original" in panel._card.lines, timeout=PATIENCE_MS)
        assert images.at_hand
        assert panel._card.picture is not None
        count = len(session.arrangement.handles)
        panel.add_handle()
        panel.add_handle()  # that it is asked for once more before it is there makes no second
        qtbot.waitUntil(lambda: len(session.arrangement.handles) > count, timeout=PATIENCE_MS)
        top.settle()
        assert len(session.arrangement.handles) == count + 1
        handle = session.active
        assert handle is not None
        assert handle.image is not None
        assert handle.image.pixels.shape[:2] == (panel._card.picture.height(),) * 2
        np.testing.assert_allclose(handle.z, means(top)[6], atol=0.01)
        assert "#6" in top.window.messages.text()
        # It stands on the image, though it was encoded anew: there is one already.
        assert panel.view.position_of(handle.key) == at(panel, x, y)
        panel.add_handle()
        assert len(session.arrangement.handles) == count + 1


def test_a_click_puts_a_handle_on_the_posterior_mean(window: Opened) -> None:
    panel, session = view_of(window, every=2), window.window.session
    x, y = (10 * means(window)[6, :2]).tolist()
    panel.view.set_view(replace(panel.view.view, x=x, y=y, scale=500.0))
    count = len(session.arrangement.handles)
    QTest.mouseClick(panel.view, Qt.MouseButton.LeftButton, pos=at(panel, x, y))
    assert len(session.arrangement.handles) == count + 1
    assert session.active is not None
    np.testing.assert_array_equal(session.active.z, means(window)[6])
    assert "#6" in window.window.messages.text()
    # It is on the view, and the next press is its own.
    there = panel.view.position_of(session.active.key)
    session.set_active(session.arrangement.handles[0].key)
    QTest.mouseClick(panel.view, Qt.MouseButton.LeftButton, pos=there)
    assert len(session.arrangement.handles) == count + 1
    assert session.active.name == session.arrangement.handles[-1].name
    session.undo_stack.undo()
    assert len(session.arrangement.handles) == count


def test_a_pan_puts_no_handle(window: Opened) -> None:
    panel, session = view_of(window), window.window.session
    before, view = session.arrangement, panel.view.view
    middle = panel.view.ground.center().toPoint()
    QTest.mousePress(panel.view, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(panel.view, middle + QPoint(40, 0))
    QTest.mouseRelease(panel.view, Qt.MouseButton.LeftButton, pos=middle + QPoint(40, 0))
    assert session.arrangement is before
    assert panel.view.view != view


def test_only_handles_that_stand_on_images_are_shown(window: Opened) -> None:
    panel, session = view_of(window), window.window.session
    key = session.add_handle(means(window)[3])
    assert key is not None
    assert panel.view.position_of(key) == at(panel, *(10 * means(window)[3, :2]).tolist())
    session.set_latent(key, means(window)[3] + 0.05)
    with pytest.raises(KeyError):
        panel.view.position_of(key)


def test_the_keyboard_steps_and_places(window: Opened) -> None:
    panel, session = view_of(window), window.window.session
    panel.view.setFocus()
    QTest.keyClick(panel.view, Qt.Key.Key_Right)  # the one in the middle first
    first = panel._card.at
    assert first is not None
    QTest.keyClick(panel.view, Qt.Key.Key_Right)
    assert panel._card.at is not None
    assert panel._card.at[0] > first[0]
    count = len(session.arrangement.handles)
    QTest.keyClick(panel.view, Qt.Key.Key_Return)
    assert len(session.arrangement.handles) == count + 1
    QTest.keyClick(panel.view, Qt.Key.Key_Return)  # there is one already
    assert len(session.arrangement.handles) == count + 1


def test_steps_keep_the_picked_image_in_sight(window: Opened) -> None:
    panel = view_of(window)
    panel.zoom(6)
    panel.view.setFocus()
    for _ in range(40):
        QTest.keyClick(panel.view, Qt.Key.Key_Up)
        assert panel._card.at is not None
        left, bottom, right, top = panel.view.view.box
        assert left <= panel._card.at[0] <= right
        assert bottom <= panel._card.at[1] <= top


def test_hidden_classes_are_not_shown_or_picked(window: Opened) -> None:
    panel, session = view_of(window), window.window.session
    session.set_layers(session.layers.with_class(0, False).with_class(1, False))
    assert session.model is not None
    assert session.model.points is not None
    labels = session.model.points.label
    assert labels is not None
    assert len(panel.view.points()) == int((labels == 2).sum())
    for place in range(0, 30, 3):
        panel.view.pointer_moved.emit(*(10 * means(window)[place, :2]).tolist())
        assert words(panel).startswith(f"{session.model.class_names[2]}  ·  #")


def test_keys_of_the_map_act_on_what_is_shown(window: Opened) -> None:
    panel, top = view_of(window), window.window
    map_view, fitted = top.map_panel.viewport(), panel.view.view
    top.actions_by_name["zoomIn"].trigger()
    assert panel.view.view.scale > fitted.scale
    top.actions_by_name["fit"].trigger()
    assert panel.view.view == fitted
    assert top.map_panel.viewport() == map_view
    count = len(top.session.arrangement.handles)
    top.actions_by_name["addHandle"].trigger()  # nothing is pointed at
    assert len(top.session.arrangement.handles) == count
    assert "Point at an image" in top.messages.text()


def test_older_weights_are_told(window: Opened) -> None:
    panel, session = view_of(window), window.window.session
    assert session.model is not None
    assert session.model.points is not None
    moved = replace(session.model.points, mean=means(window) + 0.5)
    session.set_points(moved)
    assert "no longer of those on the map" in label(panel, "embeddingStatus")
    panel.view.pointer_moved.emit(0.0, 0.0)
    panel.add_handle()
    assert session.active is not None
    assert (moved.mean == session.active.z).all(1).any()  # where the image lies now


def test_a_missing_package_names_the_one_command(
    window: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.embedding.find_spec", lambda name: None)
    panel = window.window.embedding_panel
    trigger(window)
    assert window.window.services.embedding.working is None
    assert "-m pip install openTSNE" in label(panel, "embeddingMessage")
    assert not button(panel, "embeddingCompute").isEnabled()
    combo = panel.findChild(QComboBox, "embeddingMethod")
    assert isinstance(combo, QComboBox)
    combo.setCurrentIndex(combo.findData("umap"))
    combo.activated.emit(combo.currentIndex())
    assert "-m pip install umap-learn" in label(panel, "embeddingMessage")


def test_a_failure_is_told_once_and_stays_to_be_read(window: Opened) -> None:
    panel, session = window.window.embedding_panel, window.window.session
    assert session.model is not None
    assert session.model.points is not None
    session.set_points(replace(session.model.points, mean=np.zeros_like(means(window))))
    trigger(window)
    window.qtbot.waitUntil(lambda: bool(window.heard.complaints), timeout=PATIENCE_MS)
    assert "same posterior mean" in label(panel, "embeddingMessage")
    trigger(window)
    trigger(window)
    assert window.window.services.embedding.working is None
    assert len(window.heard.complaints) == 1


def test_another_model_brings_the_map_back(
    window: Opened, tiny_model: "Model", tmp_path: Path
) -> None:
    from models.checkpoint import save

    view_of(window)
    save(tiny_model, tmp_path / "other.safetensors")
    window.window.opening.open_model(tmp_path / "other.safetensors")
    window.settle()
    assert window.window.centre.currentWidget() is window.window.map_panel


def test_a_conditional_model_keeps_the_class_of_the_image(
    window: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel, session = view_of(window), window.window.session
    assert session.model is not None
    assert session.model.points is not None
    labels = session.model.points.label
    assert labels is not None
    session.model = replace(session.model, conditional=True)
    monkeypatch.setattr(window.window.services.decode_thread, "submit", lambda request: None)
    asked = []
    monkeypatch.setattr(session, "add_handle", lambda z, label: asked.append(label))
    panel.view.pointer_moved.emit(*(10 * means(window)[4, :2]).tolist())
    panel.add_handle()
    assert asked == [labels[4]]


def test_the_method_that_is_chosen_is_told_from_the_one_being_computed(
    window: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = window.window.embedding_panel
    trigger(window)
    bar, combo = panel.findChild(QProgressBar), panel.findChild(QComboBox, "embeddingMethod")
    assert isinstance(bar, QProgressBar)
    assert isinstance(combo, QComboBox)
    message = panel.findChild(QLabel, "embeddingMessage")
    assert isinstance(message, QLabel)
    assert message.textInteractionFlags() == Qt.TextInteractionFlag.NoTextInteraction
    monkeypatch.setattr("models.embedding.find_spec", lambda name: None)
    combo.setCurrentIndex(combo.findData("umap"))
    combo.activated.emit(combo.currentIndex())
    assert "UMAP needs the package umap-learn" in message.text()
    assert "Meanwhile t-SNE is being computed" in message.text()
    assert bar.isVisible()
    assert bar.format().startswith("t-SNE: ")
    assert "t-SNE" in button(panel, "embeddingCancel").toolTip()
    assert not button(panel, "embeddingCompute").isEnabled()
    monkeypatch.undo()
    button(panel, "embeddingCancel").click()
    window.qtbot.waitUntil(
        lambda: not window.window.services.lanes.embeddings.busy, timeout=PATIENCE_MS
    )


def test_points_are_drawn_up_to_the_edges_of_the_view(window: Opened) -> None:
    panel = view_of(window)
    view = panel.view
    assert view.ground == QRectF(view.rect())
    x, y = view.points()[0].tolist()
    px, py = view.view.pixel(x, y)
    view.set_view(view.view.panned(2 - px, view.height() - 4 - py))  # that point, in the corner
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(2, view.height() - 4))
    row = panel.picked_row()
    assert row is not None
    assert at(panel, x, y) == QPoint(2, view.height() - 4)
    np.testing.assert_allclose(view.points()[panel._pick], (x, y))
