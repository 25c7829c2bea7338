"""Built-in data sets: which there are, and fetching those that have to be downloaded."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from models.errors import DataError
from models.raw import Watch

_DIGITS = tuple("0123456789")
_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class BuiltIn:
    """A data set known by name; `md5` holds the published checksum of each file to download."""

    title: str
    description: str
    class_names: tuple[str, ...]
    mirrors: tuple[str, ...] = ()
    md5: Mapping[str, str] = field(default_factory=dict)
    colour: bool = False

    @property
    def needs_download(self) -> bool:
        """Whether it does not come with the program."""
        return bool(self.md5)


def _four_files(train: str, train_labels: str, test: str, test_labels: str) -> dict[str, str]:
    return {
        "train-images-idx3-ubyte.gz": train,
        "train-labels-idx1-ubyte.gz": train_labels,
        "t10k-images-idx3-ubyte.gz": test,
        "t10k-labels-idx1-ubyte.gz": test_labels,
    }


BUILT_IN: dict[str, BuiltIn] = {
    "digits": BuiltIn(
        "Digits, 8×8",
        "1,797 small handwritten digits that come with the program (scikit-learn, UCI).",
        _DIGITS,
    ),
    "mnist": BuiltIn(
        "MNIST",
        "70,000 handwritten digits of 28×28 pixels (LeCun et al. 1998); 12 MB to download.",
        _DIGITS,
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        _four_files(
            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "d53e105ee54ea40749a09fcbcd1e9432",
            "9fb629c4189551a2d022fa330f9573f3",
            "ec29112dd5afa0611ce80d1b7f02629c",
        ),
    ),
    "fashion-mnist": BuiltIn(
        "Fashion-MNIST",
        "70,000 pieces of clothing of 28×28 pixels (Xiao et al. 2017); 31 MB to download.",
        (
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
        (
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        _four_files(
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "25c81989df183df01b3e8a0aad5dffbe",
            "bef4ecab320f06d8554ea6380940ec79",
            "bb300cfdad3c16e7a12a480ee83cd310",
        ),
    ),
    "kmnist": BuiltIn(
        "Kuzushiji-MNIST",
        "70,000 cursive Japanese characters of 28×28 pixels (Clanuwat et al. 2018); "
        "21 MB to download.",
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        (
            "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
            "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        ),
        _four_files(
            "bdb82020997e1d708af4cf47b453dcf7",
            "e144d726b3acfaa3e44228e80efcd344",
            "5c965bf0a639b31b8f53240b1b52f4d7",
            "7320c461ea6c1c855c0b718fb2a4b134",
        ),
    ),
    "sprites": BuiltIn(
        "Sprites, 64×64",
        "737,280 white shapes on black, drawn while training: dSprites (Matthey et al. 2017) made "
        "anew from its factors shape, scale, orientation and position; nothing to download.",
        ("square", "ellipse", "heart"),
    ),
    "rooms": BuiltIn(
        "Rooms, 64×64",
        "480,000 objects in rooms, in colours, drawn while training from six factors: three hues, "
        "scale, shape and orientation, as in 3D Shapes (Burgess and Kim 2018); "
        "nothing to download.",
        ("cube", "cylinder", "sphere", "capsule"),
        colour=True,
    ),
}


def cache_folder(name: str) -> Path:
    """Where the files of a built-in data set are kept once downloaded."""
    from platformdirs import user_cache_path

    return user_cache_path("latent-explorer", appauthor=False) / "data" / name


def is_downloaded(name: str) -> bool:
    """Whether a built-in data set is there without any network (checksums are not looked at)."""
    folder = cache_folder(name)
    return all((folder / file).is_file() for file in BUILT_IN[name].md5)


def fetch(name: str, allow_download: bool, watch: Watch) -> Path:
    """The folder with the files of a built-in data set, downloading those that are not there.

    Raises:
        DataError: a file is missing and may not or cannot be downloaded, or arrived wrong.
    """
    folder, built_in = cache_folder(name), BUILT_IN[name]
    missing = [file for file in built_in.md5 if not _is_right(folder / file, built_in.md5[file])]
    if missing and not allow_download:
        raise DataError(
            f"{name}: is not on this computer yet and nothing is downloaded without being asked; "
            f"allow the download, or put {missing[0]} and the like into a folder and open that"
        )
    for file in missing:
        _download(name, file, folder, watch)
    return folder


def _is_right(path: Path, md5: str) -> bool:
    try:
        return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() == md5
    except OSError:
        return False


def _download(name: str, file: str, folder: Path, watch: Watch) -> None:
    """One file from the first mirror that has it right; it appears whole or not at all."""
    # here, as they take time to import and few runs download anything
    import pooch
    from requests.exceptions import RequestException

    pooch.get_logger().setLevel("WARNING")
    built_in, problem = BUILT_IN[name], ""
    for mirror in built_in.mirrors:
        bar = _Bar(f"downloading {file}", watch)
        downloader = pooch.HTTPDownloader(progressbar=bar, timeout=_TIMEOUT_S)
        known = f"md5:{built_in.md5[file]}"
        try:
            pooch.retrieve(mirror + file, known, file, folder, downloader=downloader)
            return
        except DataError:  # loading was stopped
            raise
        except RequestException as error:
            problem = problem or f"the server could not be reached or broke off ({_first(error)})"
        except ValueError:
            problem = "what arrived does not have the published checksum"
        except OSError as error:
            reason = error.strerror or str(error)
            raise DataError(f"{folder / file}: cannot be written ({reason}); make room") from error
    raise DataError(
        f"{name}: {file} could not be downloaded, as {problem}; "
        "check the network and try again, or open a folder that has the file"
    )


def _first(error: Exception) -> str:
    """The kind of a network error: its text is long and full of addresses."""
    return type(error).__name__


class _Bar:
    """The progress bar that pooch asks for, passed on to a `Watch`."""

    def __init__(self, what: str, watch: Watch) -> None:
        self.what, self.watch = what, watch
        self.total, self.done = 0, 0

    def update(self, count: int) -> None:
        self.done += count
        self.watch.step(self.what, min(self.done, self.total or self.done), self.total)

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        """Nothing to put away."""
