"""The one table of commands: name, text, keys and help."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget


@dataclass(frozen=True)
class Command:
    """A command of menus, keys and tests; `keys` in Qt's portable notation."""

    name: str
    text: str
    keys: tuple[str, ...]
    tip: str
    checkable: bool = False
    on_map: bool = False  # keys that sliders and buttons need too: see `window_keys`


COMMANDS = (
    Command("openModel", "Open …", ("Ctrl+O",), "Open a model, a session or images"),
    Command("saveSession", "Save session", ("Ctrl+S",), "Save handles, path and view to a file"),
    Command("saveSessionAs", "Save session as …", ("Ctrl+Shift+S",), "Save to another file"),
    Command("exportAnimation", "Export path …", ("Ctrl+E",), "Save the path as GIF, APNG or PNG"),
    Command(
        "exportMap",
        "Export map …",
        ("Ctrl+Shift+M",),
        "Draw what the map shows at any size, and save it as PNG",
    ),
    Command("quit", "Quit", ("Ctrl+Q",), "Close the window"),
    Command("undo", "Undo", ("Ctrl+Z",), "Take the last change of the arrangement back"),
    Command("redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Make the last change again"),
    Command("copyPicture", "Copy picture", ("Ctrl+C",), "Copy the picture to the clipboard"),
    Command(
        "copyMap",
        "Copy map",
        ("Ctrl+Shift+C",),
        "Draw what the map shows, twice as large or as exported last but at most 8,192 pixels "
        "across or down, and copy it",
    ),
    Command("pasteImage", "Paste image", ("Ctrl+V",), "Encode the picture on the clipboard"),
    Command(
        "addHandle",
        "Add handle",
        ("N",),
        "A new handle at the pointer or in the middle",
        on_map=True,
    ),
    Command(
        "renameHandle",
        "Rename handle …",
        ("F2",),
        "Another name for the active handle",
        on_map=True,
    ),
    Command("deleteHandle", "Delete handle", ("Del",), "Take the active handle away", on_map=True),
    Command(
        "nextHandle",
        "Next handle",
        ("PgDown", "]"),
        "Make the next handle the active one",
        on_map=True,
    ),
    Command(
        "previousHandle",
        "Previous handle",
        ("PgUp", "["),
        "Make the one before active",
        on_map=True,
    ),
    Command(
        "handleEarlier",
        "Earlier on the path",
        ("Ctrl+Shift+Left",),
        "Move the active handle one place toward the start of the path",
    ),
    Command(
        "handleLater",
        "Later on the path",
        ("Ctrl+Shift+Right",),
        "Move the active handle one place toward the end of the path",
    ),
    Command("resetLatent", "Reset handle", ("Ctrl+R",), "Back to the image's posterior mean, or 0"),
    Command(
        "sampleLatent",
        "Sample from the prior",
        ("Ctrl+P",),
        "Put the active handle on a fresh z from N(0, I)",
    ),
    Command(
        "bringToPlane",
        "Bring to plane",
        ("B",),
        "Take away what of the active handle lies off the plane of the map",
        on_map=True,
    ),
    Command(
        "handleOnPoint",
        "Handle on nearest data",
        ("D",),
        "A new handle on the data point nearest the active one that has none yet",
        on_map=True,
    ),
    Command(
        "nearestHere",
        "Nearest data here",
        ("Shift+D",),
        "The data nearest the pointer or the point under it, or the middle of the map, in the data "
        "panel; until a handle moves or Esc",
    ),
    Command("panTool", "Pan", ("V",), "A drag on the map moves it", on_map=True),
    Command(
        "rectangleTool",
        "Select by rectangle",
        ("R",),
        "A drag on the map selects the points in a rectangle; Shift adds, Ctrl takes away",
        on_map=True,
    ),
    Command(
        "lassoTool",
        "Select by lasso",
        ("L",),
        "A drag on the map selects the points it goes around; Shift adds, Ctrl takes away",
        on_map=True,
    ),
    Command("selectInView", "Select points in view", ("Ctrl+A",), "Select all points on the map"),
    Command("selectNone", "Select nothing", ("Ctrl+Shift+A",), "Let go of the selected points"),
    Command("showData", "Nearest data and selection", ("Ctrl+D",), "Open the data panel"),
    Command(
        "fit",
        "Show all",
        ("Home",),
        "Show the prior, the handles and the data, but points far out, on the map",
        on_map=True,
    ),
    Command("zoomIn", "Zoom in", ("Ctrl++", "Ctrl+="), "Enlarge the map around its middle"),
    Command("zoomOut", "Zoom out", ("Ctrl+-",), "Show more of the plane"),
    Command(
        "showEmbedding",
        "Embedding (t-SNE, UMAP)",
        ("Ctrl+U",),
        "The data laid out so that neighbours stay neighbours, in the place of the map",
        True,
    ),
    Command(
        "showMinimap",
        "Overview",
        (),
        "In a corner of the map, while only a part of all there is is in sight",
        True,
    ),
    Command(
        "playPath", "Play or pause", ("Space",), "Play the path between the handles", on_map=True
    ),
    Command("showTraining", "Train a model …", ("Ctrl+T",), "Open the training panel"),
    Command(
        "watchTraining",
        "Follow training on the map",
        ("Ctrl+M",),
        "Let the map follow a training as it learns",
        True,
    ),
    Command(
        "backToModel",
        "Back to the model before",
        ("Ctrl+B",),
        "Open the model that a training took the place of, as it was left",
    ),
    Command("playReplay", "Play epochs", ("Ctrl+Shift+P",), "Play a training epoch by epoch"),
    Command(
        "exportReplay",
        "Export replay …",
        ("Ctrl+Shift+E",),
        "Save the map over the epochs of a training as GIF, APNG or PNG",
    ),
    Command("restoreLayout", "Restore panels", (), "Put every panel back in its place"),
    Command("themeSystem", "As the system", (), "Dark or light as the system says", True),
    Command("themeDark", "Dark", (), "Light on dark", True),
    Command("themeLight", "Light", (), "Dark on light", True),
    Command("showKeys", "Keys and mouse", ("F1",), "What mouse and keyboard do"),
    Command("about", "About Latent Explorer", (), "Version, licence, and where the log is"),
)

MENUS: dict[str, tuple[str, ...]] = {
    "&File": (
        "openModel",
        "recent",
        "",
        "saveSession",
        "saveSessionAs",
        "",
        "exportAnimation",
        "exportMap",
        "",
        "quit",
    ),
    "&Edit": (
        "undo",
        "redo",
        "",
        "copyPicture",
        "copyMap",
        "pasteImage",
        "",
        "addHandle",
        "renameHandle",
        "deleteHandle",
        "",
        "nextHandle",
        "previousHandle",
        "handleEarlier",
        "handleLater",
        "",
        "resetLatent",
        "sampleLatent",
        "bringToPlane",
        "handleOnPoint",
        "",
        "selectInView",
        "selectNone",
    ),
    "&View": (
        "fit",
        "zoomIn",
        "zoomOut",
        "showMinimap",
        "",
        "showEmbedding",
        "",
        "panTool",
        "rectangleTool",
        "lassoTool",
        "",
        "nearestHere",
        "showData",
        "",
        "panels",
        "restoreLayout",
        "",
        "themeSystem",
        "themeDark",
        "themeLight",
    ),
    "&Model": (
        "showTraining",
        "watchTraining",
        "backToModel",
        "",
        "playReplay",
        "exportReplay",
    ),
    "&Path": ("playPath", "exportAnimation"),
    "&Help": ("showKeys", "about"),
}


def make_actions(parent: QWidget, map_widgets: Sequence[QWidget]) -> dict[str, QAction]:
    """One QAction a command, by name.

    Its keys work in the whole window, or, for commands of the map, where `map_widgets` have
    the focus, and where nothing else wants them: Space presses a button and Home moves a slider.
    """
    actions = {}
    for command in COMMANDS:
        action = QAction(command.text, parent)
        action.setObjectName(command.name)
        action.setShortcuts([QKeySequence(keys) for keys in command.keys])
        keys = f" ({command.keys[0]})" if command.keys else ""
        action.setToolTip(command.tip + keys)
        action.setCheckable(command.checkable)
        if command.on_map:
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        for widget in map_widgets if command.on_map else (parent,):
            widget.addAction(action)
        actions[command.name] = action
    return actions
