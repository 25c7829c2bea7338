"""Fixtures every test may use, and the guards no test may slip past."""

import gc
import multiprocessing
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

if TYPE_CHECKING:
    from models.data import DataSet
    from models.model import Model

IN_CI = os.environ.get("CI") == "true"
ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
WINDOW_TOOLS = ("Xvfb", "xdotool", "openbox")

# The window of unit tests is drawn into memory; tests/e2e starts processes of its own.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# Small tensors are faster with one thread, by far where other work shares the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long a thread or a child process may take to end after its test (a hang, not a budget).
_GRACE_SECONDS = 5.0

_missing_tools = [tool for tool in WINDOW_TOOLS if shutil.which(tool) is None]
_left_out: set[str] = set()

# No deadline: a test never asserts a time, and these machines are shared.
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("ci" if IN_CI else "local")


def pytest_configure(config: pytest.Config) -> None:
    """Give settings, caches and logs a home of their own, for child processes too."""
    if IN_CI and _missing_tools:
        raise pytest.UsageError(
            f"{', '.join(_missing_tools)} missing: in CI the real-window tests must run"
        )
    home = Path(tempfile.mkdtemp(prefix="latent-explorer-tests-"))
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    for name in ("CONFIG", "DATA", "CACHE", "STATE"):
        folder = home / name.lower()
        folder.mkdir()
        os.environ[f"XDG_{name}_HOME"] = str(folder)
    runtime = home / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the real-window tests where their tools are missing."""
    real = [item for item in items if item.get_closest_marker("xvfb")]
    if not real or not _missing_tools:
        return
    items[:] = [item for item in items if item not in real]
    config.hook.pytest_deselected(items=real)
    _left_out.update(item.nodeid for item in real)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where several processes test, each tells the one that reports (pytest-xdist)."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = sorted(_left_out)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear what one of several processes has left out."""
    _left_out.update(getattr(node, "workeroutput", {}).get("left_out", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out, and how to have it."""
    if _left_out:
        terminalreporter.section("real-window tests left out")
        terminalreporter.line(
            f"{len(_left_out)} tests of the real window did not run, because "
            f"{', '.join(_missing_tools)} cannot be found. "
            "On Debian or Ubuntu: apt-get install xvfb xdotool openbox"
        )


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the clone. It is no part of the project: others skip."""
    if SHARED.is_dir():
        return SHARED
    reason = f"the folder of real data, {SHARED.name}, is not beside the clone"
    if IN_CI and not os.environ.get("WITHOUT_SHARED"):
        pytest.fail(f"{reason}; where that is intended, set WITHOUT_SHARED=1")
    pytest.skip(reason)


@pytest.fixture(scope="session", autouse=True)
def ordinary_priorities() -> None:
    """No child process of a test waits for a core that other tests keep busy."""
    from tests.priorities import leave_priorities

    leave_priorities()


@pytest.fixture(scope="session")
def tiny_data() -> "DataSet":
    """200 grey images of 8x8 pixels in three classes: a bar across, a bar down, a square."""
    import numpy as np

    from models.data import DataSet, ImageSet
    from models.preprocessing import Preprocessing

    random = np.random.default_rng(0)
    labels = np.arange(200, dtype=np.int64) % 3
    images = random.integers(0, 40, (200, 1, 8, 8), dtype=np.uint8)
    for image, label in zip(images[:, 0], labels, strict=True):
        row, column = random.integers(1, 6, 2)
        height, width = ((2, 7), (7, 2), (3, 3))[label]
        image[row : row + height, column : column + width] = random.integers(180, 256)
    return DataSet(
        name="tiny",
        train=ImageSet(images[:150], labels[:150]),
        held_out=ImageSet(images[150:], labels[150:]),
        class_names=("across", "down", "square"),
        preprocessing=Preprocessing(1, 8, 8),
        binary=False,
    )


@pytest.fixture(scope="session")
def tiny_model(tiny_data: "DataSet") -> "Model":
    """A VAE with K = 2 that has seen `tiny_data` a few times, with its points on the map."""
    import torch

    from models.autoencoder import Autoencoder, Config
    from models.model import Model, encode_points
    from models.settings import Settings
    from models.training import train

    torch.manual_seed(0)
    autoencoder = Autoencoder(Config(image_shape=(1, 8, 8), latent_size=2, width=32, depth=1))
    settings = Settings(8, 25, learning_rate=5e-3, warmup_epochs=40.0, averaging=0.9)
    for _ in train(autoencoder, tiny_data, settings, device=torch.device("cpu")):
        pass
    return Model(
        autoencoder=autoencoder.eval().requires_grad_(False),
        preprocessing=tiny_data.preprocessing,
        class_names=tiny_data.class_names,
        points=encode_points(autoencoder, tiny_data.train),
        record={"data": "tiny", "settings": settings.to_dict()},
        metrics={"elbo": -25.0},
    )


@pytest.fixture
def tiny_model_file(tiny_model: "Model", tmp_path: Path) -> Path:
    """`tiny_model` in a file that the test may do anything to."""
    from models.checkpoint import save

    path = tmp_path / "tiny.safetensors"
    save(tiny_model, path)
    return path


@pytest.fixture
def at_hand(tiny_model: "Model", tiny_data: "DataSet", tmp_path: Path) -> Path:
    """`tiny_model` in a file with its data beside it."""
    import numpy as np

    from models.checkpoint import save

    train, held_out = tiny_data.train, tiny_data.held_out
    assert train.labels is not None
    assert held_out.labels is not None
    np.savez(
        tmp_path / "tiny.npz",
        x_train=np.asarray(train.images)[:, 0],
        y_train=train.labels,
        x_test=np.asarray(held_out.images)[:, 0],
        y_test=held_out.labels,
    )
    record = {"data": "tiny", "command": "latent-explorer train --data tiny.npz --epochs 3"}
    save(replace(tiny_model, record=record), tmp_path / "beside.safetensors")
    return tmp_path / "beside.safetensors"


@pytest.fixture(autouse=True)
def scheme_left_as_it_was(request: pytest.FixtureRequest) -> Iterator[None]:
    """Take off the light scheme that a test has put on: the next one may be of any file."""
    if "qapp" not in request.fixturenames:
        yield
        return
    from explorer import theme

    before = theme.colours()
    yield
    if theme.colours() is not before:
        theme.apply(request.getfixturevalue("qapp"), before.dark)


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a thread, a child process, a timer or a window behind it."""
    qt = bool({"qtbot", "qapp", "qapp_args"} & set(request.fixturenames))
    looks = [_threads, _children] + ([_windows, _active_qt_objects] if qt else [])
    if qt:  # from here on gc.get_objects() names only what is new, and is fast
        gc.collect()
        gc.freeze()
    before = [look() for look in looks]
    yield
    if qt:
        _finish_deletions()
    left = [
        name
        for look, known in zip(looks, before, strict=True)
        for name in _still_there(look, known)
    ]
    if left:
        pytest.fail(f"left behind: {', '.join(left)}")


def _still_there(look: Callable[[], dict[int, str]], known: dict[int, str]) -> list[str]:
    """What `look` finds that was not there before, after it had its time to end."""
    deadline = time.monotonic() + _GRACE_SECONDS
    while left := [name for key, name in look().items() if key not in known]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
    return left


def _threads() -> dict[int, str]:
    running = filter(_runs, threading.enumerate())
    return {id(thread): f"thread {thread.name}" for thread in running}


def _runs(thread: threading.Thread) -> bool:
    """Python keeps a note of a thread that Qt started and ended, if it ever asked for its name."""
    tasks = Path("/proc/self/task")
    noted = isinstance(thread, threading._DummyThread) and tasks.is_dir()
    return not noted or (tasks / str(thread.native_id)).exists()


def _children() -> dict[int, str]:
    children = multiprocessing.active_children()
    return {id(child): f"process {child.name}" for child in children}


def _windows() -> dict[int, str]:
    """Top-level widgets that are shown, and all main windows and dialogs."""
    from PySide6.QtWidgets import QApplication, QDialog, QMainWindow

    return {
        id(widget): f"window {type(widget).__name__} {widget.objectName()!r}"
        for widget in QApplication.topLevelWidgets()
        if widget.isVisible() or isinstance(widget, QMainWindow | QDialog)
    }


def _active_qt_objects() -> dict[int, str]:
    """Running QThreads and ticking QTimers that Python made since the last `gc.freeze()`."""
    from PySide6.QtCore import QThread, QTimer
    from shiboken6 import isValid

    found = {}
    for thing in gc.get_objects():
        # By type: some objects of torch warn when they are asked for their __class__.
        if not issubclass(type(thing), QThread | QTimer):
            continue
        if isValid(thing):
            active = thing.isRunning() if isinstance(thing, QThread) else thing.isActive()
            # The thread that runs the tests is always running.
            if active and thing is not QThread.currentThread():
                found[id(thing)] = f"{type(thing).__name__} {thing.objectName()!r}"
    return found


def _finish_deletions() -> None:
    """Let Qt and Python delete what nothing holds any more."""
    from PySide6.QtCore import QCoreApplication, QEvent

    gc.collect()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    QCoreApplication.processEvents()
