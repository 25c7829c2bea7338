"""Commands on the active handle: act on it, step to the next, move it on the path."""

from collections.abc import Callable

from explorer.session import Session


def with_active(session: Session, act: Callable[[int], object]) -> None:
    """Call `act` with the key of the active handle, if there is one."""
    if session.active_key is not None:
        act(session.active_key)


def step_active(session: Session, step: int) -> None:
    """Make the handle active that comes so many later on the path, around its end."""
    place, handles = _place(session), session.arrangement.handles
    if place is not None:
        session.set_scrub(None)
        session.set_active(handles[(place + step) % len(handles)].key)


def move_active(session: Session, step: int) -> None:
    """Put the active handle so many places later on the path."""
    place = _place(session)
    if place is not None and session.active_key is not None:
        session.move_handle_in_order(session.active_key, place + step)


def _place(session: Session) -> int | None:
    """The active handle's place on the path."""
    keys = [handle.key for handle in session.arrangement.handles]
    return keys.index(session.active_key) if session.active_key in keys else None
