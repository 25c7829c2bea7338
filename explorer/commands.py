"""What the commands do to the session and on the map; the panels beside it do the others."""

from collections.abc import Callable
from functools import partial

from PySide6.QtGui import QGuiApplication

from explorer.centre import Centre
from explorer.exports import Exports
from explorer.map_area import MapArea
from explorer.opening import Opening
from explorer.services import Services
from explorer.session import Session

Acts = dict[str, Callable[..., object]]


def acts_on_map(services: Services, area: MapArea, centre: Centre, exports: Exports) -> Acts:
    """By the names of `actions.COMMANDS`; what can be checked is told whether it is."""
    session, opening, panel, hand = services.session, services.opening, area.panel, area.hand
    return {
        "openModel": opening.ask,
        "saveSession": lambda: opening.save(panel.viewport()),
        "saveSessionAs": lambda: opening.save_as(panel.viewport()),
        "backToModel": opening.go_back,
        "pasteImage": partial(_paste, opening),
        "exportAnimation": exports.export_path,
        "exportMap": exports.export_map,
        "exportReplay": exports.export_replay,
        "copyMap": exports.copy_map,
        "undo": session.undo,
        "redo": session.redo,
        "renameHandle": partial(_with_active, session, panel.rename),
        "deleteHandle": partial(_with_active, session, session.remove_handle),
        "bringToPlane": partial(_with_active, session, panel.bring_to_plane),
        "nextHandle": partial(_step_active, session, 1),
        "previousHandle": partial(_step_active, session, -1),
        "handleEarlier": partial(_move_active, session, -1),
        "handleLater": partial(_move_active, session, 1),
        "panTool": partial(hand.set_tool, "pan"),
        "rectangleTool": partial(hand.set_tool, "rectangle"),
        "lassoTool": partial(hand.set_tool, "lasso"),
        "selectInView": hand.select_in_view,
        "selectNone": hand.select_none,
        "handleOnPoint": hand.place_nearest,
        "addHandle": centre.add_handle,
        "nearestHere": centre.look_near,
        "fit": centre.fit,
        "zoomIn": partial(centre.zoom, 1.25),
        "zoomOut": partial(centre.zoom, 0.8),
        "showEmbedding": centre.turn,
        "showMinimap": area.show_minimap,
        "watchTraining": services.replay.set_watching,
    }


def _paste(opening: Opening) -> None:
    opening.take(QGuiApplication.clipboard().mimeData())


def _with_active(session: Session, act: Callable[[int], object]) -> None:
    """Call `act` with the key of the active handle, if there is one."""
    if session.active_key is not None:
        act(session.active_key)


def _step_active(session: Session, step: int) -> None:
    """Make the handle active that comes so many later on the path, around its end."""
    place, handles = _place(session), session.arrangement.handles
    if place is not None:
        session.set_scrub(None)
        session.set_active(handles[(place + step) % len(handles)].key)


def _move_active(session: Session, step: int) -> None:
    """Put the active handle so many places later on the path."""
    place = _place(session)
    if place is not None and session.active_key is not None:
        session.move_handle_in_order(session.active_key, place + step)


def _place(session: Session) -> int | None:
    """The active handle's place on the path."""
    keys = [handle.key for handle in session.arrangement.handles]
    return keys.index(session.active_key) if session.active_key in keys else None
