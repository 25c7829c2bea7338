"""The arrangement of a training that has no model yet, kept in the folder of its epochs."""

from pathlib import Path

from explorer.errors import LOG
from explorer.recorded_runs import arrangement_file
from explorer.session_file import SavedSession, read_session
from models.errors import DataError


def read_kept(run: Path) -> SavedSession | None:
    """What was on the map of the training in the folder `run` when its window closed, if kept.

    What cannot be read is as if it had not been kept.
    """
    file = arrangement_file(run)
    if not file.is_file():
        return None
    try:
        return read_session(file)
    except DataError as error:
        LOG.warning("the arrangement of a training does not come back: %s", error)
        return None
