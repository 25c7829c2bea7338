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
    "models": "models.errors",
    "models.errors": "",
    "models.change_file": "models.errors models.files models.plans models.settings",
    "models.files": "models.errors",
    "models.paths": "",
    "models.planes": "",
    "models.plans": "models.methods",
    "models.embedding": "models.errors",
    "models.snapshots": "",
    "models.points": "",
    "models.ink": "",
    "models.images": "models.errors",
    "models.preprocessing": "models.errors models.images models.ink",
    "models.raw": "models.errors models.preprocessing",
    "models.rows": "models.errors models.raw",
    "models.row_cache": "models.errors models.files models.raw models.rows",
    "models.arrays": "models.errors models.raw models.rows",
    "models.downloads": "models.errors models.files models.raw",
    "models.sizing": "models.preprocessing",
    "models.folders": (
        "models.errors models.images models.preprocessing models.raw models.row_cache models.sizing"
    ),
    "models.resizing": (
        "models.errors models.images models.preprocessing models.raw models.row_cache models.rows"
    ),
    "models.idx": "models.errors models.raw",
    "models.factors": "",
    "models.sprites": "models.factors",
    "models.solids": "",
    "models.rooms": "models.factors models.solids",
    "models.data": (
        "models.arrays models.downloads models.errors models.factors models.folders models.idx "
        "models.images models.preprocessing models.raw models.resizing models.rooms models.rows "
        "models.sizing models.sprites"
    ),
    "models.presets": (
        "models.arrays models.downloads models.errors models.idx models.images models.plans"
    ),
    "models.distributed": "models.errors",
    "models.matmul": "",
    "models.one_call": "",
    "models.freed_memory": "",
    "models.methods": "",
    "models.settings": "models.methods",
    "models.networks": "",
    "models.noise": "",
    "models.likelihoods": "models.noise",
    "models.posteriors": "models.noise",
    "models.flows": "models.methods models.posteriors",
    "models.adversary": "",
    "models.corruption": "models.methods models.noise",
    "models.autoencoder": (
        "models.flows models.likelihoods models.methods models.networks models.posteriors"
    ),
    "models.objectives": (
        "models.adversary models.autoencoder models.corruption models.methods models.posteriors"
    ),
    "models.resuming": "models.adversary models.autoencoder",
    "models.means": "models.distributed models.objectives",
    "models.model": (
        "models.autoencoder models.data models.one_call models.points models.posteriors "
        "models.preprocessing"
    ),
    "models.training": (
        "models.adversary models.autoencoder models.data models.distributed models.errors "
        "models.matmul models.means models.model models.noise models.objectives models.resuming "
        "models.rows models.settings"
    ),
    "models.evaluation": (
        "models.autoencoder models.data models.matmul models.model models.objectives "
        "models.posteriors"
    ),
    "models.originals": (
        "models.data models.errors models.evaluation models.factors models.model models.points "
        "models.raw models.rows"
    ),
    "models.disentanglement": "models.data models.factors models.model",
    "models.checkpoint": (
        "models.autoencoder models.errors models.files models.model models.points "
        "models.preprocessing models.resuming models.training"
    ),
    "models.run_files": (
        "models.autoencoder models.checkpoint models.data models.errors models.files models.model "
        "models.plans models.snapshots"
    ),
    "models.spread": "models.autoencoder models.data models.likelihoods",
    "models.runs": (
        "models.autoencoder models.change_file models.checkpoint models.data models.distributed "
        "models.errors models.evaluation models.methods models.model models.networks models.plans "
        "models.preprocessing models.raw models.resuming models.run_files models.settings "
        "models.spread models.training"
    ),
    "models.geometry": "models.autoencoder",
    "models.density": "models.planes models.points",
    "models.contours": "",
    "models.relief": "models.contours models.density",
    # explorer: the values on screen
    "explorer": "explorer.importing",
    "explorer.viewport": "",
    "explorer.gliding": "explorer.viewport",
    "explorer.frame_timing": "",
    "explorer.glider": "explorer.gliding explorer.viewport",
    "explorer.pacing": "explorer.session",
    "explorer.point_index": "",
    "explorer.ringed_points": "explorer.viewport",
    "explorer.crowd_image": "explorer.point_index explorer.ringed_points explorer.viewport",
    "explorer.selection": "models.points",
    "explorer.neighbours": "",
    "explorer.area_tool": "explorer.viewport",
    "explorer.arrangement": "models.paths models.planes",
    "explorer.importing": "",
    "explorer.rendering": (
        "explorer.importing models models.geometry models.matmul models.model models.one_call "
        "models.points models.preprocessing"
    ),
    "explorer.history": "explorer.arrangement",
    "explorer.session": (
        "explorer.arrangement explorer.history explorer.rendering models.paths models.planes "
        "models.points"
    ),
    "explorer.map_look": "explorer.selection explorer.session",
    "explorer.session_file": (
        "explorer.arrangement explorer.map_look explorer.rendering explorer.viewport models.errors "
        "models.files models.paths models.planes"
    ),
    "explorer.plane_choices": (
        "explorer.arrangement explorer.rendering explorer.selection models models.planes"
    ),
    "explorer.dimensions": "explorer.figures explorer.rendering explorer.session",
    "explorer.first_look": "explorer.arrangement explorer.rendering",
    # training: the trainer's own process, and what is said to it and by it
    "explorer.trainer_messages": "models.plans",
    "explorer.loss_curves": "explorer.trainer_messages",
    "explorer.recorded_runs": (
        "explorer.trainer_messages models.change_file models.errors models.plans models.snapshots"
    ),
    "explorer.runs_on_disk": (
        "explorer.loss_curves explorer.recorded_runs explorer.trainer_messages models.errors "
        "models.plans"
    ),
    "explorer.fields": "",
    "explorer.plot_ranges": "",
    "explorer.loss_readout": "explorer.figures explorer.theme",
    "explorer.training_terms": "",
    "explorer.training_choices": (
        "explorer.fields models.downloads models.methods models.plans models.presets "
        "models.settings models.sizing"
    ),
    "explorer.trainer_pictures": (
        "explorer.trainer_messages models.autoencoder models.data models.model models.resuming"
    ),
    "explorer.kept_pictures": ("explorer.recorded_runs explorer.trainer_messages models.files"),
    "explorer.trainer_process": (
        "explorer.kept_pictures explorer.recorded_runs explorer.trainer_messages "
        "explorer.trainer_pictures models.data models.errors models.freed_memory models.plans "
        "models.preprocessing models.runs models.snapshots models.training"
    ),
    # the process that embeds the data, and what is said to it and by it
    "explorer.embedder_messages": "models.embedding models.errors",
    "explorer.embedder_process": (
        "explorer.embedder_messages explorer.trainer_process models.embedding models.errors"
    ),
    # threads, and the services that use them
    "explorer.workers": "explorer.rendering models.errors models.model",
    "explorer.processes": "explorer.trainer_messages explorer.workers models.errors",
    "explorer.encoding": (
        "explorer.arrangement explorer.rendering models.evaluation models.images models.model "
        "models.preprocessing"
    ),
    "explorer.animation": "models.errors models.files models.paths",
    "explorer.decoding": "explorer.rendering explorer.session explorer.workers",
    "explorer.class_lens": "explorer.rendering explorer.session explorer.workers",
    "explorer.tile_ground": "explorer.pacing explorer.session explorer.viewport models.planes",
    "explorer.mosaic": (
        "explorer.painting explorer.rendering explorer.session explorer.tile_ground "
        "explorer.viewport explorer.workers"
    ),
    "explorer.overlays": (
        "explorer.rendering explorer.session explorer.tile_ground explorer.viewport "
        "explorer.workers"
    ),
    "explorer.aggregate": (
        "explorer.session explorer.viewport explorer.workers models.density models.planes "
        "models.points models.relief"
    ),
    "explorer.training": (
        "explorer.loss_curves explorer.processes explorer.recorded_runs "
        "explorer.trainer_messages explorer.workers models.plans"
    ),
    "explorer.run_list": (
        "explorer.recorded_runs explorer.runs_on_disk explorer.training explorer.workers"
    ),
    "explorer.embedding": (
        "explorer.embedder_messages explorer.processes explorer.session explorer.workers "
        "models.embedding models.points"
    ),
    "explorer.library": (
        "explorer.encoding explorer.epochs explorer.first_look explorer.kept_arrangement "
        "explorer.recorded_runs explorer.rendering explorer.session_file explorer.theme "
        "explorer.workers "
        "models.checkpoint models.errors models.methods models.snapshots"
    ),
    "explorer.kept_arrangement": (
        "explorer.errors explorer.recorded_runs explorer.session_file models.errors"
    ),
    "explorer.epochs": (
        "explorer.kept_arrangement explorer.kept_pictures explorer.recorded_runs "
        "explorer.rendering "
        "explorer.session_file explorer.workers models.checkpoint "
        "models.errors models.model models.points models.snapshots"
    ),
    "explorer.replay": (
        "explorer.epochs explorer.recorded_runs explorer.session explorer.workers models.points"
    ),
    "explorer.epoch_pictures": (
        "explorer.recorded_runs explorer.rendering explorer.session explorer.trainer_messages "
        "explorer.trainer_pictures explorer.training explorer.workers models.data models.model"
    ),
    "explorer.following": "explorer.epochs explorer.replay explorer.training",
    "explorer.replay_overlays": (
        "explorer.aggregate explorer.batching explorer.epochs explorer.legends "
        "explorer.overlay_drawing "
        "explorer.overlays explorer.rendering explorer.viewport explorer.workers models.model "
        "models.planes models.relief"
    ),
    "explorer.replay_drawing": (
        "explorer.batching explorer.epochs explorer.figures explorer.gliding explorer.painting "
        "explorer.point_drawing explorer.rendering explorer.replay_overlays explorer.theme "
        "explorer.tile_drawing explorer.viewport "
        "explorer.workers models.errors models.model models.planes models.snapshots"
    ),
    "explorer.exporting": (
        "explorer.animation explorer.batching explorer.epochs explorer.map_bands "
        "explorer.map_drawing explorer.painting explorer.rendering explorer.replay_drawing "
        "explorer.viewport explorer.workers models.errors models.model models.planes"
    ),
    "explorer.beside": "",
    "explorer.stepping_aside": "",
    "explorer.lens": "explorer.beside explorer.viewport",
    "explorer.path_layer": "explorer explorer.painting explorer.viewport",
    "explorer.marker_layer": "explorer.painting explorer.viewport",
    "explorer.map_hand": "explorer.area_tool explorer.marker_layer explorer.viewport",
    "explorer.map_keys": "explorer.viewport",
    "explorer.scale_bar": "explorer.theme explorer.viewport",
    "explorer.window_keys": "explorer.actions",
    "explorer.fit_box": "explorer.arrangement explorer.rendering models.planes",
    "explorer.map_handles": (
        "explorer.legends explorer.pacing explorer.painting explorer.rendering explorer.session "
        "explorer.theme explorer.widgets models.planes"
    ),
    "explorer.crowding": (
        "explorer.arrangement explorer.dimensions explorer.rendering models.planes"
    ),
    "explorer.map_axes": (
        "explorer explorer.crowding explorer.dimensions explorer.first_look explorer.rendering "
        "explorer.session explorer.theme explorer.widgets"
    ),
    "explorer.map_corners": (
        "explorer explorer.legends explorer.scale_bar explorer.session explorer.theme "
        "explorer.widgets"
    ),
    "explorer.circles": "",
    "explorer.dashes": "explorer.circles",
    "explorer.axes": "explorer.theme explorer.viewport",
    "explorer.legends": "",
    "explorer.fine_points": "explorer.point_drawing explorer.ringed_points explorer.viewport",
    "explorer.map_drawing": (
        "explorer.axes explorer.crowd_image explorer.fine_points explorer.legends "
        "explorer.painting explorer.theme explorer.tile_drawing explorer.viewport"
    ),
    "explorer.map_ground": (
        "explorer explorer.axes explorer.painting explorer.theme explorer.tile_drawing "
        "explorer.viewport"
    ),
    "explorer.batching": "",
    "explorer.png_rows": "",
    "explorer.map_bands": (
        "explorer.batching explorer.map_drawing explorer.png_rows explorer.viewport "
        "explorer.workers models.errors models.files"
    ),
    "explorer.map_export": (
        "explorer.crowd_layer explorer.exporting explorer.legends explorer.map_drawing "
        "explorer.session "
        "explorer.settings explorer.viewport explorer.widgets"
    ),
    "explorer.path_export": (
        "explorer.arrangement explorer.exporting explorer.session explorer.settings "
        "explorer.widgets"
    ),
    "explorer.export_status": "explorer.exporting",
    "explorer.replay_export": (
        "explorer.exporting explorer.map_drawing explorer.recorded_runs explorer.replay "
        "explorer.replay_drawing explorer.replay_overlays explorer.session explorer.settings "
        "explorer.theme explorer.widgets"
    ),
    # what the window is made of
    "explorer.errors": "models.errors",
    "explorer.export_form": "",
    "explorer.settings": "",
    "explorer.actions": "",
    "explorer.theme": "",
    "explorer.focus": "",
    "explorer.painting": "explorer.circles explorer.dashes explorer.theme explorer.viewport",
    "explorer.point_drawing": "explorer.painting explorer.ringed_points explorer.viewport",
    "explorer.tile_drawing": "explorer.theme explorer.viewport",
    "explorer.class_grid": "explorer.painting explorer.theme",
    "explorer.class_list": "explorer.theme",
    "explorer.map_classes": (
        "explorer.class_grid explorer.class_lens explorer.session explorer.theme explorer.widgets"
    ),
    "explorer.point_layer": "explorer.point_drawing explorer.viewport",
    "explorer.point_values": "explorer.painting explorer.theme models.points",
    "explorer.crowd_layer": (
        "explorer.crowd_image explorer.painting explorer.point_index explorer.viewport "
        "explorer.workers"
    ),
    "explorer.map_points": (
        "explorer.crowd_image explorer.crowd_layer explorer.point_drawing explorer.point_index "
        "explorer.point_values explorer.selection explorer.session explorer.viewport "
        "explorer.workers models.planes "
        "models.points"
    ),
    "explorer.kept_look": (
        "explorer.map_look explorer.map_points explorer.point_values explorer.selection "
        "explorer.session"
    ),
    "explorer.overlay_drawing": (
        "explorer.circles explorer.dashes explorer.overlays explorer.theme explorer.viewport "
        "models.relief"
    ),
    "explorer.map_overlays": (
        "explorer.aggregate explorer.legends explorer.overlay_drawing explorer.overlays "
        "explorer.session "
        "explorer.widgets explorer.workers models.density"
    ),
    "explorer.layer_buttons": (
        "explorer.map_overlays explorer.session explorer.theme explorer.widgets"
    ),
    "explorer.data_images": (
        "explorer.encoding explorer.rendering explorer.session explorer.workers models.errors "
        "models.originals models.points"
    ),
    "explorer.plane_laying": (
        "explorer.map_points explorer.plane_choices explorer.session explorer.workers models.planes"
    ),
    "explorer.mean_finding": (
        "explorer.arrangement explorer.selection explorer.session explorer.workers models.points"
    ),
    "explorer.data_look": (
        "explorer.data_images explorer.encoding explorer.neighbours explorer.rendering "
        "explorer.session explorer.workers models.points"
    ),
    "explorer.figures": "",
    "explorer.point_words": (
        "explorer.data_look explorer.figures explorer.rendering models.points"
    ),
    "explorer.point_hand": (
        "explorer.data_look explorer.legends explorer.map_points explorer.neighbours "
        "explorer.painting explorer.point_words explorer.selection explorer.session "
        "explorer.widgets models.points"
    ),
    "explorer.colour_bar": (
        "explorer explorer.dimensions explorer.legends explorer.point_values explorer.rendering "
        "explorer.session explorer.theme explorer.widgets "
    ),
    "explorer.dropping": "explorer.encoding",
    "explorer.training_words": (
        "explorer.epochs explorer.figures explorer.progress_line explorer.trainer_messages "
        "explorer.training explorer.training_terms"
    ),
    "explorer.docks": "explorer.theme",
    "explorer.menus": "explorer.actions explorer.settings",
    "explorer.command_states": "explorer.opening explorer.replay explorer.session",
    "explorer.help": "explorer explorer.actions explorer.errors explorer.theme",
    "explorer.opening": (
        "explorer.arrangement explorer.dimensions explorer.dropping explorer.encoding "
        "explorer.first_look explorer.keeping explorer.library explorer.map_look "
        "explorer.recorded_runs explorer.rendering explorer.session explorer.session_file "
        "explorer.settings explorer.viewport"
    ),
    "explorer.keeping": (
        "explorer.arrangement explorer.errors explorer.rendering explorer.session "
        "explorer.session_file explorer.settings explorer.workers models.errors"
    ),
    "explorer.widgets": (
        "explorer.animation explorer.area_tool explorer.axes explorer.beside explorer.class_list "
        "explorer.export_form explorer.fields explorer.figures explorer.focus "
        "explorer.frame_timing explorer.glider explorer.legends explorer.lens "
        "explorer.loss_readout explorer.map_drawing explorer.map_ground explorer.map_hand "
        "explorer.map_keys explorer.marker_layer explorer.painting explorer.path_layer "
        "explorer.plot_ranges explorer.point_layer explorer.stepping_aside explorer.theme "
        "explorer.tile_drawing explorer.viewport"
    ),
    "explorer.pages": (
        "explorer.epochs explorer.fields explorer.figures explorer.loss_curves "
        "explorer.loss_readout "
        "explorer.progress_line explorer.runs_on_disk explorer.theme explorer.trainer_messages "
        "explorer.training_choices explorer.training_terms explorer.widgets models.downloads "
        "models.methods models.plans models.presets"
    ),
    "explorer.panels": (
        "explorer.actions explorer.arrangement explorer.colour_bar explorer.crowd_image "
        "explorer.data_images explorer.data_look explorer.decoding explorer.dimensions "
        "explorer.embedding explorer.encoding explorer.epoch_pictures explorer.fields "
        "explorer.figures explorer.fit_box "
        "explorer.layer_buttons explorer.legends explorer.library explorer.map_handles "
        "explorer.map_overlays explorer.map_points explorer.mean_finding explorer.mosaic "
        "explorer.neighbours explorer.pacing explorer.pages explorer.painting "
        "explorer.plane_choices explorer.plane_laying explorer.point_values "
        "explorer.point_words "
        "explorer.rendering explorer.replay explorer.run_list explorer.runs_on_disk "
        "explorer.selection explorer.session explorer.theme explorer.training "
        "explorer.training_choices explorer.training_words explorer.viewport explorer.widgets "
        "explorer.workers models.downloads models.embedding models.paths models.planes "
        "models.plans models.points models.presets"
    ),
    "explorer.services": (
        "explorer.data_images explorer.data_look explorer.decoding explorer.embedding "
        "explorer.epoch_pictures explorer.exporting explorer.following explorer.library "
        "explorer.map_points explorer.mean_finding explorer.mosaic explorer.opening "
        "explorer.plane_laying "
        "explorer.replay explorer.run_list explorer.session explorer.settings explorer.training "
        "explorer.workers"
    ),
    "explorer.messages": "explorer.errors explorer.theme explorer.widgets",
    "explorer.latency_label": "explorer.decoding",
    "explorer.training_news": (
        "explorer.messages explorer.settings explorer.training explorer.training_words"
    ),
    "explorer.map_area": (
        "explorer.class_lens explorer.kept_look explorer.map_axes explorer.map_classes "
        "explorer.map_corners explorer.map_look explorer.map_overlays explorer.panels "
        "explorer.point_hand explorer.services explorer.settings explorer.widgets"
    ),
    "explorer.centre": "explorer.panels explorer.session",
    "explorer.exports": (
        "explorer.export_status explorer.map_area explorer.map_export explorer.panels "
        "explorer.path_export explorer.replay_export explorer.services explorer.settings"
    ),
    "explorer.model_list": "explorer.library explorer.panels explorer.settings",
    "explorer.trained_data": (
        "explorer.panels explorer.settings explorer.workers models.downloads models.presets"
    ),
    "explorer.first_opening": (
        "explorer.messages explorer.model_list explorer.opening explorer.services"
    ),
    "explorer.model_label": "explorer.opening explorer.session",
    "explorer.commands": (
        "explorer.centre explorer.exports explorer.map_area explorer.opening explorer.services "
        "explorer.session"
    ),
    "explorer.window": (
        "explorer.actions explorer.centre explorer.command_states explorer.commands "
        "explorer.docks explorer.dropping explorer.exports explorer.first_opening explorer.help "
        "explorer.keeping explorer.latency_label explorer.map_area explorer.menus "
        "explorer.messages "
        "explorer.model_label explorer.model_list explorer.panels explorer.services "
        "explorer.session_file explorer.settings explorer.theme explorer.trained_data "
        "explorer.training_news explorer.widgets explorer.window_keys"
    ),
    "explorer.application": (
        "explorer explorer.errors explorer.settings explorer.theme explorer.window"
    ),
    # the command line
    "explorer.progress_line": "",
    "explorer.settings_file": "models.errors",
    "explorer.event_log": "models.training",
    "explorer.headless": (
        "explorer.animation explorer.progress_line models.checkpoint models.data "
        "models.disentanglement models.errors models.evaluation models.images models.model "
        "models.paths models.posteriors models.preprocessing"
    ),
    "explorer.headless_training": (
        "explorer.event_log explorer.progress_line explorer.trainer_messages "
        "explorer.training_choices models.checkpoint models.data models.distributed models.errors "
        "models.freed_memory models.images models.methods models.plans models.presets models.runs "
        "models.training"
    ),
    "explorer.command_line": (
        "explorer explorer.application explorer.errors explorer.headless "
        "explorer.headless_training explorer.importing explorer.settings_file models.downloads "
        "models.errors models.methods models.plans models.presets"
    ),
}
# The two packages lend names of their rooms, fetched on first use: no arrow, for nothing loads.
LENT = {
    "models": ("models.autoencoder models.checkpoint models.data models.model models.training"),
    "explorer": "explorer.application explorer.window",
}
SHARED_ROOMS = ("explorer.panels", "explorer.pages", "explorer.widgets", "models.foreign")

QT = {"PySide6", "shiboken6", "pyqtgraph", "superqt", "qtpy"}
CONCURRENCY = {"threading", "_thread", "multiprocessing", "subprocess", "concurrent", "asyncio"}
QT_CONCURRENCY = {"QThread", "QThreadPool", "QRunnable", "QProcess", "QtConcurrent"}
KNOWS_THREADS = {
    "explorer.workers",
    "explorer.processes",  # the near ends of pipes, each with a thread that listens
    "explorer.trainer_process",  # the far end of such a pipe: it listens and works
    "explorer.embedder_process",  # the same
    "models.images",  # a lock alone: Python's warning filters belong to the whole process
}
HEAVY = {"torch", "sklearn", "scipy", "zuko", "openTSNE", "umap"}
# Rooms that run commands without a window, and so may load torch at once.
WITH_TORCH = {"explorer.headless", "explorer.headless_training", "explorer.event_log"}
# Rooms of the application that headless commands and the trainer's process use.
WITHOUT_QT = WITH_TORCH | {
    "main",
    "explorer",
    "explorer.animation",
    "explorer.command_line",
    "explorer.embedder_messages",
    "explorer.embedder_process",
    "explorer.loss_curves",
    "explorer.fields",
    "explorer.training_choices",
    "explorer.plot_ranges",
    "explorer.progress_line",
    "explorer.runs_on_disk",
    "explorer.settings_file",
    "explorer.trainer_messages",
    "explorer.trainer_pictures",
    "explorer.trainer_process",
    "explorer.recorded_runs",
}


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


MODELS = sorted(name for name in MODULES if name.startswith("models"))
APPLICATION = sorted(MODULES.keys() - {*MODELS} - WITH_TORCH)

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
    allowed = {*ARROWS[room(module)].split(), *LENT.get(module, "").split()}
    wanted = {target(found) for found in IMPORTS[module]} - {""}
    # In a shared room nobody knows a neighbour, but for the package that names them.
    neighbours = {name for name in wanted if room(name) == room(module) and name != room(module)}
    assert not neighbours, f"{module} imports its neighbours"
    arrows = {room(name) for name in wanted} - {room(module)}
    assert arrows <= allowed, f"{module} may not import {sorted(arrows - allowed)}"


def test_the_table_has_no_cycles_and_no_unknown_rooms() -> None:
    table = {name: set(arrows.split()) for name, arrows in ARROWS.items()}
    assert set().union(*table.values()) <= table.keys()
    assert table.keys() <= {room(module) for module in MODULES}, "a room that is no more"
    list(TopologicalSorter(table).static_order())


@pytest.mark.parametrize("module", MODELS)
def test_models_never_import_qt_or_the_application(module: str) -> None:
    assert not {found.module.split(".")[0] for found in IMPORTS[module]} & {*QT, "explorer"}


@pytest.mark.parametrize("module", sorted(MODULES.keys() - KNOWS_THREADS))
def test_only_workers_and_processes_know_threads_and_processes(module: str) -> None:
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


@pytest.mark.parametrize("module", APPLICATION)
def test_the_application_loads_without_torch(module: str) -> None:
    assert not loaded_with(module) & HEAVY, "import it inside the function that a worker runs"


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
        ({*QT, "explorer"}, MODELS),
        (HEAVY, APPLICATION),
        (QT, sorted(WITHOUT_QT & MODULES.keys())),
    ],
    ids=["models without Qt", "explorer without torch", "headless without Qt"],
)
def test_each_module_loads_on_its_own_without(refused: set[str], modules: list[str]) -> None:
    command = [sys.executable, "-c", LOAD_EACH, " ".join(refused), *modules]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"loaded {len(modules)}"
