"""What is remembered between two launches: recent files, geometry, preferences."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QByteArray, QRect, QSettings, QSize
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QMainWindow

MOST_RECENT = 8
MOST_NAMED = 32  # models whose data a person named
_MOST_TRAINED_ON = 24  # kept, as a disk may be away for a while; fewer are shown
_LAYOUT_VERSION = 1
_TITLE_PX, _FRAME_PX = 36, 4  # most desktops' title bars and borders are not larger


class Settings:
    """Typed doors to QSettings."""

    def __init__(self, store: QSettings | None = None) -> None:
        self._store = store or QSettings("latent-explorer", "latent-explorer")

    def recent(self) -> list[Path]:
        """Files opened last, newest first, that still exist."""
        stored = self._store.value("recent", [])
        names = stored if isinstance(stored, list) else [stored]
        return [path for path in map(Path, map(str, names)) if path.is_file()][:MOST_RECENT]

    def add_recent(self, path: Path) -> None:
        """Put a file first in the list."""
        path = path.absolute()
        others = [other for other in self.recent() if other != path]
        self._store.setValue("recent", [str(p) for p in [path, *others]][:MOST_RECENT])

    def named_data(self) -> dict[Path, Path]:
        """The data that a person named, by the file of its model; named last first."""
        stored = self._store.value("namedData", [])
        names = [Path(str(name)) for name in stored] if isinstance(stored, list) else []
        return dict(zip(names[::2], names[1::2], strict=False))

    def add_named_data(self, model: Path, data: Path) -> None:
        """Remember the data of a model; those named longest ago are forgotten."""
        named = {model: data}
        named |= {key: value for key, value in self.named_data().items() if key != model}
        pairs = list(named.items())[:MOST_NAMED]
        self._store.setValue("namedData", [str(path) for pair in pairs for path in pair])

    def trained_data(self) -> list[Path]:
        """Data of one's own chosen to train on, newest first; whether it exists is not asked."""
        stored = self._store.value("training/data", [])
        names = stored if isinstance(stored, list) else [stored]
        return [Path(name) for name in names if isinstance(name, str) and name]

    def add_trained_data(self, path: Path) -> None:
        """Put a folder or a file first in the list."""
        others = [other for other in self.trained_data() if other != path]
        kept = [path, *others][:_MOST_TRAINED_ON]
        self._store.setValue("training/data", [str(one) for one in kept])

    @property
    def last_trained(self) -> str:
        """The data last trained on, by its name or its path; empty before the first training."""
        return str(self._store.value("training/last", ""))

    @last_trained.setter
    def last_trained(self, data: str) -> None:
        self._store.setValue("training/last", data)

    @property
    def theme(self) -> str:
        """`system`, `dark` or `light`."""
        value = str(self._store.value("theme", "system"))
        return value if value in ("system", "dark", "light") else "system"

    @theme.setter
    def theme(self, value: str) -> None:
        self._store.setValue("theme", value)

    @property
    def minimap(self) -> bool:
        """Whether an overview comes when the map shows only a part."""
        return bool(self._store.value("map/minimap", True, bool))

    @minimap.setter
    def minimap(self, value: bool) -> None:
        self._store.setValue("map/minimap", value)

    @property
    def parting_words(self) -> str:
        """What the window said as it closed, to be said again at the next start."""
        return str(self._store.value("partingWords", ""))

    @parting_words.setter
    def parting_words(self, words: str) -> None:
        self._store.setValue("partingWords", words)

    def mosaic(self) -> dict[str, float]:
        """Numbers of the mosaic's look that were kept, by name."""
        return self._numbers("mosaic/")

    def dock_sizes(self) -> dict[str, float]:
        """Sizes of docks that were chosen by hand, by name."""
        return self._numbers("dockSizes/")

    def set_dock_sizes(self, sizes: Mapping[str, float]) -> None:
        """Keep the sizes that were chosen by hand, and no others."""
        self._store.remove("dockSizes")
        for name, value in sizes.items():
            self._store.setValue(f"dockSizes/{name}", value)

    def _numbers(self, group: str) -> dict[str, float]:
        found = {}
        for name in self._store.allKeys():
            if name.startswith(group):
                with suppress(TypeError, ValueError):
                    found[name.removeprefix(group)] = float(str(self._store.value(name)))
        return found

    def set_mosaic(self, numbers: Mapping[str, float]) -> None:
        """Keep the numbers of the mosaic's look."""
        for name, value in numbers.items():
            self._store.setValue(f"mosaic/{name}", value)

    def folder(self, purpose: str) -> str:
        """The folder last used for a purpose (`open`, `export`, ...)."""
        return str(self._store.value(f"folder/{purpose}", ""))

    def set_folder(self, purpose: str, folder: str) -> None:
        """Remember the folder used for a purpose."""
        self._store.setValue(f"folder/{purpose}", folder)

    def save_window(self, window: QMainWindow) -> None:
        """Remember where the window and its docks are."""
        self._store.setValue("geometry", window.saveGeometry())
        self._store.setValue("docks", window.saveState(_LAYOUT_VERSION))

    def restore_window(self, window: QMainWindow) -> bool:
        """Put window and docks where they were, on screens that exist; whether that was known."""
        geometry, docks = self._store.value("geometry"), self._store.value("docks")
        if not isinstance(geometry, QByteArray) or not isinstance(docks, QByteArray):
            return False
        window.restoreGeometry(geometry)
        window.restoreState(docks, _LAYOUT_VERSION)
        _clamp_to_screen(window)
        return True


def first_size(wanted: QSize) -> QSize:
    """The size of a window that fits its screen with the frame a desktop puts around it."""
    screen = QGuiApplication.primaryScreen()
    if screen is None or QGuiApplication.platformName() == "offscreen":
        return wanted
    return wanted.boundedTo(_room(screen).size())


def _room(screen: QScreen) -> QRect:
    """What of a screen the inside of a window may take; offscreen there is no frame."""
    room = screen.availableGeometry()
    if QGuiApplication.platformName() == "offscreen":
        return room
    return room.adjusted(_FRAME_PX, _TITLE_PX, -_FRAME_PX, -_FRAME_PX)


def _clamp_to_screen(window: QMainWindow) -> None:
    screen = QGuiApplication.screenAt(window.geometry().center()) or window.screen()
    room = _room(screen)
    if not room.contains(window.geometry()) and not window.isMaximized():
        window.resize(window.size().boundedTo(room.size()))
        window.move(screen.availableGeometry().topLeft())
