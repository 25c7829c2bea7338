"""What keys do on the map: pan, zoom, and nudge the active handle."""

from PySide6.QtCore import Qt

from explorer.viewport import Viewport

NUDGE_PX, FINE_NUDGE_PX = 8, 1
ZOOM_A_NOTCH = 1.25
_PAN_PX, _PAN_SHARE = 60, 0.8  # a step of the keys; a large one, of the view

_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
_ZOOMS = {
    Qt.Key.Key_Plus: ZOOM_A_NOTCH,
    Qt.Key.Key_Equal: ZOOM_A_NOTCH,
    Qt.Key.Key_Minus: 1 / ZOOM_A_NOTCH,
}


def view_after(view: Viewport, key: Qt.Key, held: Qt.KeyboardModifier) -> Viewport | None:
    """What is looked at after + or −, or an arrow with Ctrl or, for a large step, with Alt."""
    if key in _ZOOMS:
        return view.zoomed(_ZOOMS[key])
    dx, dy = _ARROWS.get(key, (0, 0))
    if key in _ARROWS and held & Qt.KeyboardModifier.ControlModifier:
        return view.panned(-_PAN_PX * dx, _PAN_PX * dy)
    if key in _ARROWS and held & Qt.KeyboardModifier.AltModifier:
        return view.panned(-_PAN_SHARE * view.width * dx, _PAN_SHARE * view.height * dy)
    return None


def nudge_of(view: Viewport, key: Qt.Key, held: Qt.KeyboardModifier) -> tuple[float, float] | None:
    """How far an arrow moves a handle, in latent units; with Shift finely."""
    if key not in _ARROWS:
        return None
    fine = held & Qt.KeyboardModifier.ShiftModifier
    step = (FINE_NUDGE_PX if fine else NUDGE_PX) / view.scale
    dx, dy = _ARROWS[key]
    return dx * step, dy * step
