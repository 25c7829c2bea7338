"""The application: a window to see, touch and understand a latent space."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from explorer.window import MainWindow

__version__ = "0.1.0"


def start(argv: Sequence[str] = ()) -> "tuple[QApplication, MainWindow]":
    """The application and its main window, shown, without entering the event loop.

    `argv` names models, images or session files to open, after the program's own name.
    """
    from explorer.importing import first_import, import_qt

    with first_import("explorer.application"):
        import_qt()
        from explorer.application import start as start_window

    return start_window(argv)
