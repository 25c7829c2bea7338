"""A file of settings for `train`: TOML with the names of its options."""

import tomllib
from pathlib import Path

from models.errors import DataError

_NOT_FOR_FILES = ("settings", "resume", "more", "overwrite", "help", "h")


def read_settings(path: str) -> list[str]:
    """The options in a TOML file as words of a command line: `latent = 2` as `--latent=2`.

    Raises:
        DataError: it cannot be read, or holds what can be no option.
    """
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check its name") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: is no TOML file ({error}); see train --help") from error
    words: list[str] = []
    for name, value in values.items():
        option = f"--{name.replace('_', '-')}"
        if name in _NOT_FOR_FILES or isinstance(value, dict):
            raise DataError(f"{path}: {name!r} is no setting of a training; see train --help")
        if isinstance(value, list):
            raise DataError(f"{path}: {name!r} takes one value, not a list; see train --help")
        words += [] if value is False else [option] if value is True else [f"{option}={value}"]
    return words
