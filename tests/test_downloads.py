"""A built-in data set is fetched whole, once, and only when that is asked for."""

import gzip
import hashlib
import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import data, downloads
from models.data import BUILT_IN, load_data
from models.errors import DataError
from tests.samples import (
    assert_message,
    assert_sound,
    idx,
    pixels,
)


def test_every_built_in_name_has_words_for_a_chooser() -> None:
    for name, built_in in BUILT_IN.items():
        assert built_in.title
        assert built_in.description.endswith(".")
        assert len(built_in.class_names) == len(set(built_in.class_names)) > 1
        assert built_in.needs_download == (name not in ("digits", "sprites", "rooms"))
        assert data.is_downloaded(name) or built_in.needs_download


def test_nothing_is_downloaded_without_being_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_download", lambda *_: pytest.fail("downloaded"))
    for name, built_in in BUILT_IN.items():
        if built_in.needs_download:
            with pytest.raises(DataError, match=f"^{name}: .*allow the download"):
                load_data(name)


@dataclass
class Mirror:
    """A small data set behind a server of its own, and what that server does wrong."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    half: bool = False
    requests: list[str] = field(default_factory=list)


class _Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, mirror: Mirror, *arguments: Any) -> None:
        self.mirror = mirror
        super().__init__(*arguments)

    def do_GET(self) -> None:
        name = self.path.removeprefix("/")
        self.mirror.requests.append(name)
        body = self.mirror.files.get(name)
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if self.mirror.half else body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Mirror]:
    """The mirror "mnist" is fetched from, with an empty cache."""
    parts = {"train": 30, "t10k": 10}
    files = {}
    for part, count in parts.items():
        labels = np.arange(count, dtype=np.uint8) % 10
        files[f"{part}-images-idx3-ubyte.gz"] = gzip.compress(idx(pixels(count)))
        files[f"{part}-labels-idx1-ubyte.gz"] = gzip.compress(idx(labels))
    mirror = Mirror(files=dict(files))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, mirror))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    mirror.url = f"http://127.0.0.1:{server.server_port}/"
    md5 = {name: hashlib.md5(body).hexdigest() for name, body in files.items()}
    built_in = replace(BUILT_IN["mnist"], mirrors=(mirror.url,), md5=md5)
    monkeypatch.setitem(BUILT_IN, "mnist", built_in)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(downloads, "cache_folder", lambda name: tmp_path / "cache" / name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield mirror
    server.shutdown()
    server.server_close()
    thread.join()


def leftovers(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache" / "mnist").glob("*"))


def test_download_with_progress_then_from_the_cache(mirror: Mirror, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    mnist = load_data("mnist", allow_download=True, report=lambda *step: seen.append(step))
    assert_sound(mnist, 40)
    assert len(mnist.held_out) == 10
    assert mnist.class_names == tuple("0123456789")
    assert leftovers(tmp_path) == sorted(mirror.files)
    size = len(mirror.files["train-images-idx3-ubyte.gz"])
    assert ("downloading train-images-idx3-ubyte.gz", size, size) in seen
    assert all(0 <= done <= total for what, done, total in seen if total)
    assert data.is_downloaded("mnist")
    mirror.requests.clear()
    again = load_data("mnist")
    assert not mirror.requests
    np.testing.assert_array_equal(again.train.images, mnist.train.images)


def test_damaged_cache_is_not_used_and_fetched_again(mirror: Mirror, tmp_path: Path) -> None:
    load_data("mnist", allow_download=True)
    (tmp_path / "cache/mnist/train-labels-idx1-ubyte.gz").write_bytes(b"half")
    with pytest.raises(DataError, match="train-labels"):
        load_data("mnist")
    mirror.requests.clear()
    load_data("mnist", allow_download=True)
    assert mirror.requests == ["train-labels-idx1-ubyte.gz"]


def wrong_bytes(mirror: Mirror) -> None:
    mirror.files = {name: b"<html>Sign in to the Wi-Fi</html>" for name in mirror.files}


def half_files(mirror: Mirror) -> None:
    mirror.half = True


def no_files(mirror: Mirror) -> None:
    mirror.files = {}


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (wrong_bytes, "published checksum"),
        (half_files, "could not be reached or broke off|published checksum"),
        (no_files, "could not be reached"),
    ],
)
def test_bad_download_is_one_message_and_leaves_nothing(
    spoil: Callable[[Mirror], None], problem: str, mirror: Mirror, tmp_path: Path
) -> None:
    spoil(mirror)
    with pytest.raises(DataError, match=problem) as caught:
        load_data("mnist", allow_download=True)
    assert_message(caught.value, Path("mnist"))
    assert leftovers(tmp_path) == []


def test_no_network_is_one_message(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = "http://127.0.0.1:9/"  # the port of "discard", where nothing listens
    monkeypatch.setitem(BUILT_IN, "mnist", replace(BUILT_IN["mnist"], mirrors=(nobody,)))
    with pytest.raises(DataError, match=r"could not be reached .*check the network"):
        load_data("mnist", allow_download=True)


def test_second_mirror_helps_out(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    mirrors = (f"{mirror.url}gone/", mirror.url)
    monkeypatch.setitem(BUILT_IN, "mnist", replace(BUILT_IN["mnist"], mirrors=mirrors))
    assert_sound(load_data("mnist", allow_download=True), 40)


def test_download_can_be_stopped(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="stopped"):
        load_data("mnist", allow_download=True, cancelled=lambda: bool(mirror.requests))
    assert leftovers(tmp_path) == []
