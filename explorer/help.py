"""What the Help menu shows."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from explorer import __version__
from explorer.errors import log_file

_KEYS = """
<table cellspacing="6">
<tr><td><b>Drag a handle</b></td><td>its decode follows; Esc takes it back</td></tr>
<tr><td><b>Drag the ground, wheel</b></td><td>pan, zoom to the pointer</td></tr>
<tr><td><b>Double-click</b></td><td>the ground: add a handle; a handle: rename it</td></tr>
<tr><td><b>Click on a point</b></td><td>a handle on its posterior mean; D: on the nearest</td></tr>
<tr><td><b>Shift+D, right click</b></td><td>the data nearest that place or point; Esc ends</td></tr>
<tr><td><b>V, R, L</b></td><td>pan, select by rectangle, by lasso (Shift, Ctrl: add, take)</td></tr>
<tr><td><b>Ctrl+A, Ctrl+D</b></td><td>select points in view; the data panel</td></tr>
<tr><td><b>Arrows, Shift+arrows</b></td><td>nudge the active handle, finely</td></tr>
<tr><td><b>Ctrl+arrows, Alt+arrows</b></td><td>pan the map, by most of what it shows</td></tr>
<tr><td><b>+ and −, Home</b></td><td>zoom the map, show all (also Ctrl with + and −)</td></tr>
<tr><td><b>Ctrl+Home</b></td><td>the active handle in the middle of the map</td></tr>
<tr><td><b>0 to 9</b></td><td>the class of a conditional model</td></tr>
<tr><td><b>Ctrl+Shift+C, Ctrl+Shift+M</b></td><td>copy, export the map as a picture</td></tr>
<tr><td><b>N, Del, F2</b></td><td>add, delete, rename a handle</td></tr>
<tr><td><b>B</b></td><td>bring the active handle to the plane</td></tr>
<tr><td><b>Page Up, Page Down</b></td><td>the handle before, the next one</td></tr>
<tr><td><b>Ctrl+U</b></td><td>the embedding; arrows and Enter pick there, Esc goes back</td></tr>
<tr><td><b>Ctrl+Shift+Left, Right</b></td><td>earlier, later on the path</td></tr>
<tr><td><b>Space</b></td><td>play the path</td></tr>
<tr><td><b>Left, Right on the strip</b></td><td>step frame by frame</td></tr>
<tr><td><b>Ctrl+Z, Ctrl+Shift+Z</b></td><td>undo, redo</td></tr>
<tr><td><b>Drop or paste</b></td><td>an image, a model, a session, a folder to train on</td></tr>
</table>
"""

_ABOUT = """
<p><b>Latent Explorer {version}</b></p>
<p>See, touch and understand the latent space of a variational autoencoder.</p>
<p>MIT licence. Log: {log}</p>
"""


def show_keys(parent: QWidget) -> None:
    """What mouse and keyboard do."""
    _tell(parent, "Keys and mouse", _KEYS)


def show_about(parent: QWidget) -> None:
    """Version, licence, and where the log is."""
    _tell(parent, "About Latent Explorer", _ABOUT.format(version=__version__, log=log_file()))


def _tell(parent: QWidget, title: str, text: str) -> None:
    box = QMessageBox(parent)
    box.setWindowTitle(title)
    box.setTextFormat(Qt.TextFormat.RichText)
    box.setText(text)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
