"""The epochs of a training on the disk: one small model file each, thinned as they grow many."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_ENDING = ".safetensors"
_BYTES = 100_000_000  # the files of one training take about so much at most
_MOST, _FEWEST = 60, 12  # files of evenly spaced epochs


def epochs_folder(run: Path) -> Path:
    """Where the epochs of the training in the folder `run` are."""
    return run / "epochs"


def epoch_file(run: Path, epoch: int) -> Path:
    """The model after `epoch` epochs, with the held-out images' points."""
    return epochs_folder(run) / f"{epoch:06}{_ENDING}"


def epochs_in(run: Path) -> list[int]:
    """The epochs that are on the disk, in order."""
    names = (path.stem for path in epochs_folder(run).glob(f"*{_ENDING}"))
    return sorted(int(name) for name in names if name.isdecimal())


def kept(epochs: Iterable[int], most: int) -> set[int]:
    """Which epochs stay: the last, powers of two, and multiples of one that leave `most`.

    Dimensions wake up early, so the first epochs stay dense.
    """
    known = list(epochs)
    last, stride = max(known, default=0), 1
    while last // stride > most:
        stride *= 2
    return {
        epoch for epoch in known if epoch == last or epoch % stride == 0 or epoch & (epoch - 1) == 0
    }


def thin(run: Path) -> None:
    """Delete epochs that are not to be kept, by how large the newest is.

    One that cannot be deleted now is tried again the next time.
    """
    epochs = epochs_in(run)
    if not epochs:
        return
    size = max(1, epoch_file(run, epochs[-1]).stat().st_size)
    for epoch in set(epochs) - kept(epochs, min(_MOST, max(_FEWEST, _BYTES // size))):
        with suppress(OSError):
            epoch_file(run, epoch).unlink()


def remove_after(run: Path, epoch: int) -> None:
    """Delete the epochs after one: a training that goes on from there makes its own.

    Raises:
        OSError: one cannot be deleted.
    """
    for later in epochs_in(run):
        if later > epoch:
            epoch_file(run, later).unlink(missing_ok=True)


def remove_all(run: Path) -> None:
    """Delete all epochs and their folder."""
    remove_after(run, -1)
    folder = epochs_folder(run)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
