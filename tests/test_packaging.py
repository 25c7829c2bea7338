"""What is installed: the wheel and its assets, the tested set, `make` and what it says."""

import configparser
import os
import shutil
import socket
import subprocess
import sys
import tomllib
import zipfile
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), ".")
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel installed, away from this tree."""
    folder = tmp_path_factory.mktemp("site")
    pip("install", "--no-deps", "--target", str(folder), str(wheel))
    return folder


def run_installed(site: Path, folder: Path, *words: str) -> str:
    """What Python prints in another folder, where only the installed program can be found."""
    environment = {"PYTHONPATH": str(site), "PATH": str(site / "bin")}
    if sys.platform == "win32":
        environment["SYSTEMROOT"] = "C:\\Windows"
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_the_program_its_assets_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert {name.split("/")[0] for name in names} == {"explorer", "models"}
    assets = {name.removeprefix("explorer/assets/") for name in names if "/assets/" in name}
    folder = ROOT / "assets"
    here = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    # While a model is trained its folder stands beside it; no clone has one.
    assert assets == {name for name in here if ".run/" not in name}
    sources = {
        path.relative_to(ROOT).as_posix()
        for room in ("explorer", "models")
        for path in (ROOT / room).rglob("*.py")
    }
    assert sources <= names


def test_the_wheel_carries_its_licence_and_its_commands(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        told = {name.split(".dist-info/")[-1]: name for name in archive.namelist()}
        assert archive.read(told["licenses/LICENSE"]) == (ROOT / "LICENSE").read_bytes()
        points = configparser.ConfigParser()
        points.read_string(archive.read(told["entry_points.txt"]).decode())
    assert points["console_scripts"]["latent-explorer"] == "explorer.command_line:main"
    assert points["gui_scripts"]["latent-explorer-window"] == "explorer.command_line:main"


def test_the_installed_program_runs_from_another_folder(site: Path, tmp_path: Path) -> None:
    where = "import explorer, models; print(explorer.__file__); print(models.__file__)"
    for found in run_installed(site, tmp_path, "-c", where).split():
        assert Path(found).is_relative_to(site)
    command = "import sys; from explorer.command_line import main; sys.exit(main(['--help']))"
    assert "latent-explorer" in run_installed(site, tmp_path, "-c", command)


def test_the_installed_program_finds_its_assets(site: Path, tmp_path: Path) -> None:
    found = run_installed(
        site, tmp_path, "-c", "from explorer.theme import assets_folder as f; print(f())"
    )
    assert Path(found.strip()) == site / "explorer" / "assets"


def test_there_is_one_version(wheel: Path) -> None:
    import explorer

    assert wheel.name.startswith(f"latent_explorer-{explorer.__version__}-")


# The tested set.


def constraints() -> dict[str, Version]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): Version(version) for name, version in pins}


REQUIREMENTS = [
    Requirement(text)
    for text in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"])
]


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda requirement: requirement.name)
def test_the_tested_version_is_in_the_range_asked_for(requirement: Requirement) -> None:
    tested = constraints()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(tested)
    assert tested.local is None  # 2.13.0+cpu would be found on no ordinary index


def test_versions_known_to_fail_are_not_asked_for() -> None:
    """What breaks with them stands in pyproject.toml."""
    by_name = {requirement.name: requirement.specifier for requirement in REQUIREMENTS}
    qt = by_name["PySide6-Essentials"]
    assert not any(qt.contains(version) for version in ("6.11.0", "6.11.1", "6.12.0"))
    assert qt.contains("6.12.1")
    assert not by_name["torch"].contains("2.9.1")  # weights_only=True had bypasses


def test_qt_calls_keep_their_references_to_none() -> None:
    """PySide6 6.12.0 loses one at every call on Python 3.11, and aborts when none is left."""
    from PySide6.QtCore import QObject

    thing = QObject()
    before = sys.getrefcount(None)
    for _ in range(5000):
        thing.setObjectName("x")
    assert abs(sys.getrefcount(None) - before) < 1000


# What `make run` says before Qt would abort.


@pytest.fixture(scope="module")
def check_system() -> ModuleType:
    spec = spec_from_file_location("check_system", ROOT / "tools" / "check_system.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LDD = """\
\tlinux-vdso.so.1 (0x00007ffc)
\tlibxcb-cursor.so.0 => not found
\tlibxkbcommon-x11.so.0 => not found
\tlibxcb.so.1 => /lib/x86_64-linux-gnu/libxcb.so.1 (0x00007f)
\tlibxcb-cursor.so.0 => not found
\tlibsomething.so.7 => not found
"""


def test_missing_libraries_are_named_with_the_command_that_brings_them(
    check_system: ModuleType,
) -> None:
    missing = check_system.missing_libraries(LDD)
    assert missing == ["libxcb-cursor.so.0", "libxkbcommon-x11.so.0", "libsomething.so.7"]
    advice = check_system.library_advice(missing)
    assert "apt-get install libxcb-cursor0 libxkbcommon-x11-0\n" in advice
    assert "No package is known here for: libsomething.so.7" in advice
    assert check_system.library_advice([]) == ""


def test_no_screen_is_told(check_system: ModuleType) -> None:
    told = check_system.missing_display({})
    assert "neither DISPLAY nor WAYLAND_DISPLAY is set" in told
    assert "xvfb-run make run" in told
    assert check_system.missing_display({"WAYLAND_DISPLAY": "wayland-0"}) == ""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no X servers on Windows")
def test_a_screen_that_does_not_answer_is_told(check_system: ModuleType) -> None:
    assert "no X server answers" in check_system.missing_display({"DISPLAY": ":54321"})


def test_a_screen_that_answers_is_taken(check_system: ModuleType) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1] - 6000
        assert check_system.missing_display({"DISPLAY": f"127.0.0.1:{number}.0"}) == ""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux asks for a screen and libraries")
def test_make_run_without_a_screen_ends_with_the_reason() -> None:
    script = [sys.executable, str(ROOT / "tools" / "check_system.py")]
    done = subprocess.run(script, env={}, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "There is no screen" in done.stderr
    environment = {"QT_QPA_PLATFORM": "offscreen"}
    assert subprocess.run(script, env=environment, check=False).returncode == 0


def test_qts_own_plugin_is_looked_at(check_system: ModuleType) -> None:
    if sys.platform != "linux" or not shutil.which("ldd"):
        assert check_system.linked_by_qt({}) == ""
    else:
        assert "libQt6Core" in check_system.linked_by_qt({"DISPLAY": ":0"})
    assert find_spec("PySide6") is not None


# make.

TARGETS = ("help", "setup", "run", "test", "check", "bench", "assets", "screenshots", "clean")


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
@pytest.mark.parametrize("target", TARGETS)
def test_make_knows_each_target(target: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    shown = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert target == "help" or f"make {target}" in shown


@pytest.mark.skipif(not shutil.which("sh"), reason="there is no shell")
def test_setup_without_a_python_new_enough_says_what_is_needed(tmp_path: Path) -> None:
    """An old python3 is the only one there."""
    shell = shutil.which("sh")
    assert shell is not None
    old = tmp_path / "bin" / "python3"
    old.parent.mkdir()
    old.write_text(f"#!{shell}\nexit 1\n", "utf-8")
    old.chmod(0o755)
    done = subprocess.run(
        [shell, str(ROOT / "tools" / "setup.sh")],
        cwd=tmp_path,
        env={"PATH": str(old.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr
    assert "apt-get install python3 python3-venv" in done.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_setup_says_what_to_do_about_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(tmp_path / "gone")
    done = subprocess.run(
        ["sh", str(ROOT / "tools" / "setup.sh")],
        cwd=tmp_path,
        env={**os.environ, "PYTHON3": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "rm .venv" in done.stderr
