"""One display for all tests of the real window; each test has a window and settings of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.real_window import RealWindow, real_window
from tests.e2e.screen import Hand, Screen, screen


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test in this folder needs the tools of the real window."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xvfb)


@pytest.fixture(scope="session")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    with screen(tmp_path_factory.mktemp("screen")) as found:
        yield found


@pytest.fixture
def fresh_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing remembered of other tests, and a home folder of its own."""
    for name in ("config", "data", "cache", "state", "home"):
        (tmp_path / name).mkdir()
    for name in ("CONFIG", "DATA", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def hand(display: Screen) -> Hand:
    return Hand(display)


@pytest.fixture
def real(display: Screen, fresh_settings: None) -> Iterator[RealWindow]:
    """The window as it opens the first time: on the shipped model, with its three handles."""
    with real_window(display) as window:
        yield window
