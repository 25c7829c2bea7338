"""Whatever is wrong with what a person brings: one clear message, and what was open stays."""

import json
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from explorer.exporting import ExportRequest
from explorer.session_file import SavedSession, write_session
from explorer.training import Status
from models.plans import Plan
from tests.disk import needs_file_limit, small_disk
from tests.opened import PATIENCE_MS, Opened, opened
from tests.trainings import wait_for

Act = Callable[[Opened, Path], None]


@pytest.fixture
def window(qtbot: QtBot, tiny_model_file: Path) -> Iterator[Opened]:
    with opened(qtbot, tiny_model_file) as found:
        yield found


# -- files -----------------------------------------------------------------------------------


def opens(name: str, write: Callable[[Path], object]) -> Act:
    """A file of that name is written and opened, as the dialog, a drop and the keys do."""

    def act(opened: Opened, folder: Path) -> None:
        path = folder / name
        write(path)
        opened.window.opening.open_paths([path])

    return act


def content(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def text(words: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(words)


def nothing(path: Path) -> None:
    """The file is not there."""


def part_of_the_model(share: float) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        data = (path.parent / "tiny.safetensors").read_bytes()
        path.write_bytes(data[: int(share * len(data))])

    return write


def foreign(path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"weight": np.zeros((3, 3), np.float32)}, path)


def png_of(width: int, height: int) -> bytes:
    """A PNG of a size, with next to no pixels in it."""
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0),
        b"IDAT": zlib.compress(bytes(100)),
        b"IEND": b"",
    }
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks.items()
    )


def cut_picture(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:3000])


def one_pixel(path: Path) -> None:
    Image.new("L", (1, 1)).save(path)


def drops(build: Callable[[QMimeData], object]) -> Act:
    """Something falls on the window that is no file."""

    def act(opened: Opened, folder: Path) -> None:
        mime = QMimeData()
        build(mime)
        opened.drop(mime)

    return act


def pastes(words: str) -> Act:
    """A text is on the clipboard, and Paste is chosen."""

    def act(opened: Opened, folder: Path) -> None:
        QApplication.clipboard().setText(words)
        opened.window.actions_by_name["pasteImage"].trigger()

    return act


def session_with(**changes: Any) -> Act:
    """A session of the open model is saved, spoilt and opened."""

    def act(opened: Opened, folder: Path) -> None:
        path, session = folder / "spoilt.latent.json", opened.window.session
        assert session.model is not None
        saved = SavedSession(session.model.path, session.arrangement, (0, 1), None)
        write_session(path, session.model, saved)
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))
        opened.window.opening.open_paths([path])

    return act


def bare_handle(**changes: Any) -> dict[str, Any]:
    handle = {"name": "A", "colour": 0, "z": [0.0, 0.0], "label": None, "image": None}
    return handle | changes


FILES: dict[str, tuple[Act, str]] = {
    "model that is not there": (opens("gone.safetensors", nothing), r"gone\.safetensors"),
    "model cut in half": (opens("half.safetensors", part_of_the_model(0.5)), r"half\.safetensors"),
    "model cut short": (opens("short.safetensors", part_of_the_model(0.99)), r"short\.safetens"),
    "empty model": (opens("empty.safetensors", content(b"")), r"empty\.safetensors"),
    "text as a model": (opens("letter.safetensors", text("Dear Sir")), r"letter\.safetensors"),
    "picture as a model": (opens("p.safetensors", content(png_of(9, 9))), r"p\.safetensors"),
    "model of another program": (opens("foreign.safetensors", foreign), r"foreign\.safetensors"),
    "header of exabytes": (
        opens("huge.safetensors", content(struct.pack("<Q", 2**63) + bytes(99))),
        r"huge\.safetensors",
    ),
    "pickle": (opens("model.pt", content(b"\x80\x04\x95" + bytes(99))), r"model\.pt.*pickle"),
    "pickle named as a model": (
        opens("evil.safetensors", content(b"\x80\x02cposix\nsystem\n.")),
        r"evil\.safetensors.*pickle",
    ),
    "checkpoint of a trainer": (
        opens("x.ckpt", content(b"PK\x03\x04" + bytes(99))),
        r"x\.ckpt",
    ),
    "onnx": (opens("net.onnx", content(b"\x08\x07\x12\x04torch" + bytes(99))), r"net\.onnx"),
    "session that is not there": (opens("gone.json", nothing), r"gone\.json"),
    "session without JSON": (opens("s.json", text("{")), r"s\.json: is no session"),
    "other JSON": (opens("s.json", text('{"a": 1}')), r"s\.json: is JSON but no session"),
    "list as a session": (opens("s.json", text("[]")), r"s\.json: is JSON but no session"),
    "nested session": (opens("s.json", text("[" * 100_000)), r"s\.json: is no session"),
    "binary session": (opens("s.json", content(b"\xff\xfe\x00")), r"s\.json: is no session"),
    "session of the future": (session_with(latent_explorer_session=99), "version 99"),
    "session without handles": (session_with(handles=None), "is damaged"),
    "session of other latents": (session_with(handles=[bare_handle(z=[1.0])]), "is damaged"),
    "session of endless latents": (
        session_with(handles=[bare_handle(z=[1e999, 0.0])]),
        "is damaged",
    ),
    "session with a broken picture": (
        session_with(
            handles=[
                bare_handle(
                    image={
                        "name": "x",
                        "pixels": "AAAA",
                        "reconstruction": "AAAA",
                        "mean": [0, 0],
                        "stddev": [1, 1],
                        "terms": {},
                        "kl": [0, 0],
                        "notes": [],
                    }
                )
            ]
        ),
        "is damaged",
    ),
    "session with a class the model lacks": (
        session_with(handles=[bare_handle(label=3)]),
        "another model",
    ),
    "session of another K": (
        session_with(latent_size=3, handles=[bare_handle(z=[0.0, 0.0, 0.0])]),
        "another model",
    ),
    "session with an axis too many": (session_with(axes=[0, 7]), "is damaged"),
    "session with three axes": (session_with(axes=[0, 1, 1]), "is damaged"),
    "session of no view": (session_with(view=[0, 0, 0]), "is damaged"),
    "session of a model that is gone": (
        session_with(model="/nowhere/gone.safetensors"),
        r"gone\.safetensors",
    ),
    "picture that is not there": (opens("gone.png", nothing), r"gone\.png"),
    "empty picture": (opens("empty.png", content(b"")), r"empty\.png: is empty"),
    "text as a picture": (opens("letter.png", text("Dear Sir")), r"letter\.png: is no picture"),
    "file of no known kind": (opens("letter.odt", text("Dear Sir")), r"letter\.odt"),
    "picture cut short": (opens("cut.png", cut_picture), r"cut\.png: is damaged"),
    "picture of one pixel": (opens("dot.png", one_pixel), r"dot\.png: is only 1×1"),
    "picture of 30,000x30,000": (
        opens("bomb.png", content(png_of(30_000, 30_000))),
        r"bomb\.png: has more than 64 million",
    ),
    "program as a picture": (opens("run.gif", content(b"MZ" + bytes(200))), r"run\.gif"),
    "dropped: an address": (
        drops(lambda mime: mime.setUrls([QUrl("https://example.org/x.png")])),
        "nothing is fetched",
    ),
    "dropped: broken bytes": (
        drops(lambda mime: mime.setData("image/png", b"\x89PNG")),
        "is no picture|is damaged",
    ),
    "dropped: no bytes": (
        drops(lambda mime: mime.setData("image/png", b"")),
        "is empty|no picture or file",
    ),
    "dropped: a file that is gone": (
        drops(lambda mime: mime.setUrls([QUrl.fromLocalFile("/nowhere/x.png")])),
        "is not there any more",
    ),
    "pasted: text": (pastes("hello"), "no picture or file"),
}


@pytest.mark.parametrize("case", FILES)
def test_one_message_and_what_is_open_stays(window: Opened, tmp_path: Path, case: str) -> None:
    act, words = FILES[case]
    before = window.seen()
    act(window, tmp_path)
    expect_one_message(window, words)
    after = window.seen()
    assert after == before
    assert window.window.banner.isVisible()
    assert_still_works(window)


def expect_one_message(window: Opened, words: str) -> None:
    """It comes to the status bar and the log, once, and without a dialog or a traceback."""
    import re

    window.qtbot.waitUntil(lambda: bool(window.heard.complaints), timeout=PATIENCE_MS)
    window.settle()
    QApplication.processEvents()
    assert len(window.heard.complaints) == 1
    message = window.heard.complaints[0]
    assert re.search(words, message), message
    assert window.window.messages.text() == message
    assert "Traceback" not in message
    assert "\n" not in message
    assert not [dialog for dialog in window.window.findChildren(QDialog) if dialog.isVisible()]
    assert not window.heard.mistakes


def assert_still_works(window: Opened) -> None:
    """A handle still moves, and its picture follows."""
    session = window.window.session
    handle = session.active
    assert handle is not None
    with window.qtbot.waitSignal(session.picture_changed, timeout=PATIENCE_MS):
        session.set_latent(handle.key, handle.z + 0.5)
    window.settle()


# -- targets ---------------------------------------------------------------------------------


def export_to(window: Opened, path: Path) -> None:
    session = window.window.session
    assert session.model is not None
    window.window.services.exporting.export(
        ExportRequest(
            path, session.model.key, session.arrangement.path(8), None, "gif", 64, 20, False
        )
    )


def save_to(window: Opened, path: Path) -> None:
    window.window.opening.save_to(path, window.window.map_panel.viewport())


TARGETS = {"export": (export_to, ".gif"), "session": (save_to, ".latent.json")}


def in_no_folder(folder: Path, ending: str) -> Path:
    return folder / "nowhere" / f"x{ending}"


def in_a_file(folder: Path, ending: str) -> Path:
    (folder / "file").write_text("no folder")
    return folder / "file" / f"x{ending}"


def on_a_folder(folder: Path, ending: str) -> Path:
    (folder / f"x{ending}").mkdir()
    return folder / f"x{ending}"


def of_a_name_too_long(folder: Path, ending: str) -> Path:
    return folder / ("x" * 300 + ending)


@pytest.mark.parametrize("place", [in_no_folder, in_a_file, on_a_folder, of_a_name_too_long])
@pytest.mark.parametrize("kind", TARGETS)
def test_a_target_that_cannot_be_written(
    window: Opened, tmp_path: Path, kind: str, place: Callable[[Path, str], Path]
) -> None:
    write, ending = TARGETS[kind]
    path = place(tmp_path, ending)
    before, files = window.seen(), sorted(tmp_path.rglob("*"))
    write(window, path)
    expect_one_message(window, "cannot be written")
    assert window.seen() == before
    assert sorted(tmp_path.rglob("*")) == files, "nothing is left of the attempt"
    assert_still_works(window)


@needs_file_limit
@pytest.mark.parametrize("kind", TARGETS)
def test_a_full_disk_leaves_the_old_file(window: Opened, tmp_path: Path, kind: str) -> None:
    write, ending = TARGETS[kind]
    path = tmp_path / f"old{ending}"
    path.write_bytes(b"old")
    before, files = window.seen(), sorted(tmp_path.rglob("*"))
    with small_disk(200):
        write(window, path)
        expect_one_message(window, "cannot be written")
    assert window.seen() == before
    assert path.read_bytes() == b"old"
    assert sorted(tmp_path.rglob("*")) == files
    assert_still_works(window)


# -- data ------------------------------------------------------------------------------------


def empty_folder(path: Path) -> None:
    path.mkdir()


def folder_of_one_picture(path: Path) -> None:
    path.mkdir()
    Image.new("L", (16, 16)).save(path / "one.png")


def folder_of_text(path: Path) -> None:
    path.mkdir()
    (path / "letter.txt").write_text("Dear Sir")


def pickled_array(path: Path) -> None:
    np.savez(path, images=np.array([{"evil": 1}], object))


DATA: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "empty folder": ("empty", empty_folder, "empty"),
    "folder of one picture": ("one", folder_of_one_picture, "one"),
    "folder without pictures": ("text", folder_of_text, "text"),
    "npz that is text": ("x.npz", text("Dear Sir"), r"x\.npz"),
    "npz with a pickle": ("x.npz", pickled_array, r"x\.npz"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", DATA)
def test_data_that_nothing_can_be_trained_on(window: Opened, tmp_path: Path, case: str) -> None:
    name, write, words = DATA[case]
    write(tmp_path / name)
    before, training = window.seen(), window.window.training
    training.start(Plan(str(tmp_path / name), str(tmp_path / "out.safetensors"), epochs=1))
    wait_for(window.qtbot, training, Status.FAILED)
    expect_one_message(window, words)
    assert window.seen() == before
    assert not (tmp_path / "out.safetensors").exists()
    assert_still_works(window)


def test_a_folder_that_is_dropped_becomes_the_data_to_train_on(
    window: Opened, tmp_path: Path
) -> None:
    folder_of_one_picture(tmp_path / "mine")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "mine"))])
    window.drop(mime)
    assert window.window.training_panel.plan().data == str(tmp_path / "mine")
    assert "mine is chosen" in window.window.messages.text()
    assert window.window.training_panel.isVisible()


# -- odd, but good ---------------------------------------------------------------------------


def cmyk(path: Path) -> None:
    Image.new("CMYK", (30, 20), (0, 200, 10, 0)).save(path, "JPEG")


def deep(path: Path) -> None:
    ramp = np.linspace(0, 65535, 600).astype(np.uint16).reshape(20, 30)
    Image.fromarray(ramp).save(path, "PNG")


def animated(path: Path) -> None:
    frames = [Image.new("L", (30, 20), shade) for shade in (10, 120, 230)]
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:])


def see_through(path: Path) -> None:
    image = Image.new("RGBA", (30, 20), (0, 0, 0, 255))
    image.putpixel((0, 0), (0, 0, 0, 0))
    image.save(path, "PNG")


def long_and_thin(path: Path) -> None:
    Image.new("L", (2000, 2), 90).save(path, "PNG")


ODD = {
    "cmyk": (cmyk, "CMYK converted to RGB"),
    "deep": (deep, "16-bit grey scaled to 8 bits"),
    "animated": (animated, "first of several frames"),
    "see-through": (see_through, "transparency laid on white"),
    "long and thin": (long_and_thin, "8×8"),
}


@pytest.mark.parametrize("case", ODD)
def test_an_odd_picture_is_encoded_and_the_rule_told(
    window: Opened, tmp_path: Path, case: str
) -> None:
    write, rule = ODD[case]
    write(tmp_path / "odd.img")
    window.window.opening.open_paths([tmp_path / "odd.img"])
    window.qtbot.waitUntil(lambda: len(window.handle_names()) == 4, timeout=PATIENCE_MS)
    assert window.window.messages.text().count(rule) == 1
    assert not window.heard.complaints
    window.settle()


def test_good_and_bad_pictures_together_are_told_apart(window: Opened, tmp_path: Path) -> None:
    deep(tmp_path / "good.png")
    (tmp_path / "bad.png").write_text("Dear Sir")
    window.window.opening.open_paths([tmp_path / "good.png", tmp_path / "bad.png"])
    expect_one_message(window, r"bad\.png: is no picture")
    assert window.handle_names() == ["A", "B", "C", "D"]


def test_of_many_bad_pictures_some_are_named_and_the_rest_counted(
    window: Opened, tmp_path: Path
) -> None:
    files = [tmp_path / f"bad {number}.png" for number in range(9)]
    for file in files:
        file.write_text("Dear Sir")
    window.window.opening.open_paths(files)
    window.qtbot.waitUntil(lambda: bool(window.heard.complaints), timeout=PATIENCE_MS)
    window.settle()
    assert len(window.heard.complaints) == 1
    assert "and 5 more" in window.heard.complaints[0]


# -- models with nothing to show -------------------------------------------------------------


def test_no_message_of_before_stays_over_a_model_that_opens(
    window: Opened, tmp_path: Path, tiny_model_file: Path
) -> None:
    window.window.opening.open_paths([tmp_path / "gone.safetensors"])
    expect_one_message(window, "gone")
    window.window.opening.open_paths([tiny_model_file])
    window.qtbot.waitUntil(lambda: not window.window.banner.isVisible(), timeout=PATIENCE_MS)
    window.settle()


@pytest.mark.parametrize("points", [True, False])
def test_a_model_of_one_dimension_does_all_that_others_do(
    qtbot: QtBot, tmp_path: Path, points: bool
) -> None:
    from models.checkpoint import save

    path = tmp_path / "line.safetensors"
    model = model_of(1)
    save(model if points else replace(model, points=None), path)
    with opened(qtbot, path) as window:
        assert not window.heard.complaints
        map_panel, session = window.window.map_panel, window.window.session
        map_panel.add_handle_at(0.3, 0.9)
        assert session.active is not None
        np.testing.assert_allclose(session.active.z, [0.3], atol=1e-6)
        map_panel.view.handle_moved.emit(session.active.key, -0.5, 3.0)
        np.testing.assert_allclose(session.active.z, [-0.5], atol=1e-6)
        deep(tmp_path / "picture.png")
        window.window.opening.open_paths([tmp_path / "picture.png"])
        qtbot.waitUntil(lambda: len(window.handle_names()) == 5, timeout=PATIENCE_MS)
        session.set_path("spherical")
        window.settle()
        map_panel.view.grab()
        assert not window.heard.complaints


def model_of(latent_size: int) -> Any:
    import torch

    from models.autoencoder import Autoencoder, Config
    from models.model import Model
    from models.points import Points
    from models.preprocessing import Preprocessing

    torch.manual_seed(0)
    config = Config(image_shape=(1, 8, 8), latent_size=latent_size, width=16, depth=1)
    random = np.random.default_rng(0)
    mean = random.normal(size=(40, latent_size)).astype(np.float32)
    return Model(
        Autoencoder(config).eval().requires_grad_(False),
        Preprocessing(1, 8, 8),
        points=Points(mean, np.full_like(mean, -2.0)),
    )
