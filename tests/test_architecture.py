"""Who may import whom. To add a room, add its line to ARROWS; keep the arrows free of cycles."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Each room and the rooms it may import, at its top, for its types or inside a function.
# A module is a room; so is a folder of modules that keep apart (panels, widgets, foreign).
ARROWS: dict[str, str] = {
    "main": "explorer.command_line",
    # models: mathematics, data and files; never Qt, never explorer
    "models": (
        "models.autoencoder models.checkpoint models.data models.errors models.model "
        "models.training"
    ),
    "models.errors": "",
    "models.preprocessing": "",
    "models.paths": "",
    "models.planes": "",
    "models.points": "",
    "models.files": "models.errors",
    "models.plans": "",
    "models.images": "models.errors models.preprocessing",
    "models.data": "models.errors models.files models.images models.preprocessing",
    "models.networks": "",
    "models.likelihoods": "",
    "models.posteriors": "",
    "models.autoencoder": "models.likelihoods models.networks models.posteriors",
    "models.objectives": "models.autoencoder",
    "models.model": (
        "models.autoencoder models.data models.points models.posteriors models.preprocessing"
    ),
    "models.training": (
        "models.autoencoder models.data models.errors models.model models.objectives"
    ),
    "models.evaluation": "models.autoencoder models.data models.model models.posteriors",
    "models.checkpoint": (
        "models.autoencoder models.errors models.files models.model models.points "
        "models.preprocessing models.training"
    ),
    "models.runs": (
        "models.autoencoder models.checkpoint models.data models.errors models.evaluation "
        "models.files models.model models.networks models.plans models.training"
    ),
    # explorer: the values on screen
    "explorer": "explorer.application explorer.window",
    "explorer.arrangement": "models.errors models.files models.paths models.planes",
    "explorer.viewport": "",
    "explorer.rendering": (
        "models.checkpoint models.errors models.images models.model models.planes models.points "
        "models.preprocessing"
    ),
    "explorer.session": "explorer.arrangement explorer.rendering models.paths models.planes",
    # services
    "explorer.animation": "models.errors models.files models.paths",
    "explorer.workers": (
        "explorer.rendering models.checkpoint models.errors models.model models.plans "
        "models.runs models.training"
    ),
    "explorer.decoding": "explorer.rendering explorer.session explorer.workers",
    "explorer.mosaic": (
        "explorer.rendering explorer.session explorer.viewport explorer.workers models.planes"
    ),
    "explorer.training": (
        "explorer.rendering explorer.session explorer.workers models.errors models.plans"
    ),
    "explorer.library": (
        "explorer.arrangement explorer.rendering explorer.session explorer.settings "
        "explorer.workers models.checkpoint models.data models.errors models.files models.images "
        "models.model models.points models.preprocessing"
    ),
    "explorer.exporting": (
        "explorer.animation explorer.rendering explorer.session explorer.workers models.errors"
    ),
    "explorer.errors": "explorer.settings models.errors",
    # what the window is made of
    "explorer.settings": "",
    "explorer.theme": "explorer.settings",
    "explorer.palette": "",
    "explorer.actions": "explorer.theme",
    "explorer.widgets": "explorer.palette explorer.theme explorer.viewport",
    "explorer.panels": (
        "explorer.actions explorer.arrangement explorer.palette explorer.rendering "
        "explorer.session explorer.settings explorer.theme explorer.viewport explorer.widgets "
        "models.paths models.planes models.plans models.points"
    ),
    "explorer.window": (
        "explorer.actions explorer.arrangement explorer.decoding explorer.errors "
        "explorer.exporting explorer.library explorer.mosaic explorer.palette explorer.panels "
        "explorer.rendering explorer.session explorer.settings explorer.theme explorer.training "
        "explorer.viewport explorer.widgets explorer.workers models.errors models.plans"
    ),
    "explorer.application": (
        "explorer.errors explorer.library explorer.settings explorer.theme explorer.window "
        "explorer.workers"
    ),
    "explorer.command_line": (
        "explorer explorer.animation explorer.application explorer.errors models models.autoencoder "
        "models.checkpoint models.data models.errors models.evaluation models.files models.images "
        "models.model models.networks models.objectives models.paths models.plans "
        "models.preprocessing models.runs models.training"
    ),
}
SHARED_ROOMS = ("explorer.panels", "explorer.widgets", "models.foreign")

QT = {"PySide6", "shiboken6", "pyqtgraph", "superqt", "qtpy"}
CONCURRENCY = {"threading", "_thread", "multiprocessing", "subprocess", "concurrent", "asyncio"}
QT_CONCURRENCY = {"QThread", "QThreadPool", "QRunnable", "QProcess", "QtConcurrent"}
KNOWS_THREADS = {"explorer.workers"}
# Rooms of the application that headless commands use.
WITHOUT_QT = {"main", "explorer", "explorer.command_line", "explorer.animation"}
WITHOUT_QT |= {"explorer.arrangement", "explorer.rendering", "explorer.viewport"}


@dataclass(frozen=True)
class Import:
    """One imported name: `module` as written, `name` what is taken from it."""

    module: str
    name: str = ""
    at_load: bool = True  # neither inside a function nor for types alone


def module_name(path: Path) -> str:
    """The dotted name of a source file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path): path
    for path in (ROOT / "main.py", *ROOT.glob("models/**/*.py"), *ROOT.glob("explorer/**/*.py"))
    if path.exists()
}


def imports(node: ast.AST, at_load: bool = True) -> Iterator[Import]:
    """All imports below a node."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, "", at_load) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (Import(child.module or "", alias.name, at_load) for alias in child.names)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from imports(child, False)
        else:
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from imports(child, at_load and not function)


IMPORTS = {
    name: list(imports(ast.parse(path.read_text("utf-8")))) for name, path in MODULES.items()
}


def target(found: Import) -> str:
    """The module of this project that an import takes, or nothing."""
    longer = f"{found.module}.{found.name}"
    return longer if longer in MODULES else found.module if found.module in MODULES else ""


def room(module: str) -> str:
    """The room a module belongs to."""
    return next((shared for shared in SHARED_ROOMS if module.startswith(shared + ".")), module)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_imports_only_what_its_room_may(module: str) -> None:
    assert room(module) in ARROWS, "a new room: give it a line in ARROWS"
    allowed = set(ARROWS[room(module)].split())
    wanted = {target(found) for found in IMPORTS[module]} - {""}
    # In a shared room nobody knows a neighbour, but for the package that names them.
    neighbours = {name for name in wanted if room(name) == room(module) and name != room(module)}
    assert not neighbours, f"{module} imports its neighbours"
    arrows = {room(name) for name in wanted} - {room(module)}
    assert arrows <= allowed, f"{module} may not import {sorted(arrows - allowed)}"


def test_the_table_has_no_cycles_and_no_unknown_rooms() -> None:
    table = {name: set(arrows.split()) for name, arrows in ARROWS.items()}
    assert set().union(*table.values()) <= table.keys()
    list(TopologicalSorter(table).static_order())


@pytest.mark.parametrize("module", sorted(name for name in MODULES if name.startswith("models")))
def test_models_never_import_qt_or_the_application(module: str) -> None:
    assert not {found.module.split(".")[0] for found in IMPORTS[module]} & {*QT, "explorer"}


@pytest.mark.parametrize("module", sorted(MODULES.keys() - KNOWS_THREADS))
def test_only_workers_know_threads_and_processes(module: str) -> None:
    assert not {found.module.split(".")[0] for found in IMPORTS[module]} & CONCURRENCY
    assert not {found.name for found in IMPORTS[module]} & QT_CONCURRENCY


def loaded_with(module: str) -> set[str]:
    """Top-level names of all packages that loading a module loads, as far as this project goes."""
    seen, waiting, packages = {module}, [module], set()
    while waiting:
        for found in IMPORTS[waiting.pop()]:
            if not found.at_load:
                continue
            packages.add(found.module.split(".")[0])
            parents = found.module.split(".")
            chain = [".".join(parents[:end]) for end in range(1, len(parents) + 1)]
            for name in (*chain, target(found)):
                if name in MODULES and name not in seen:
                    seen.add(name)
                    waiting.append(name)
    return packages


@pytest.mark.parametrize("module", sorted(name for name in MODULES if "explorer" in name))
def test_the_application_loads_without_torch(module: str) -> None:
    heavy = {"torch", "sklearn", "scipy"}
    assert not loaded_with(module) & heavy, "import it inside the function that a worker runs"


@pytest.mark.parametrize("module", sorted(WITHOUT_QT & MODULES.keys()))
def test_headless_rooms_load_without_qt(module: str) -> None:
    assert not loaded_with(module) & QT


# Loads each module named in argv[2:] afresh where the packages named in argv[1] cannot be found.
LOAD_EACH = """
import importlib, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in refused:
            raise ImportError(f"{module} wants {name}")
refused = sys.argv[1].split()
sys.meta_path.insert(0, Refuse())
for module in sys.argv[2:]:
    for name in [name for name in sys.modules if name.split(".")[0] in ("models", "explorer")]:
        del sys.modules[name]
    importlib.import_module(module)
print("loaded", len(sys.argv) - 2)
"""


@pytest.mark.parametrize(
    ("refused", "modules"),
    [
        ({*QT, "explorer"}, [name for name in MODULES if name.startswith("models")]),
        ({"torch", "sklearn"}, [name for name in MODULES if name.startswith("explorer")]),
        (QT, [name for name in MODULES if name in WITHOUT_QT]),
    ],
    ids=["models without Qt", "explorer without torch", "headless without Qt"],
)
def test_each_module_loads_on_its_own_without(refused: set[str], modules: list[str]) -> None:
    command = [sys.executable, "-c", LOAD_EACH, " ".join(refused), *sorted(modules)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"loaded {len(modules)}"
