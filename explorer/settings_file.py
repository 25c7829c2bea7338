"""A file of settings for `train`: TOML with the names of its options."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from models.errors import DataError

_NOT_FOR_FILES = ("settings", "resume", "more", "overwrite", "help", "h")

SWITCH = ""  # what an option takes that is on or off


def read_settings(path: str, known: Mapping[str, str]) -> list[str]:
    """The options in a TOML file as words of a command line: `latent = 2` as `--latent=2`.

    `known` are the options there are, each with what it takes in words, or `SWITCH`. Names of
    others come through as they are.

    Raises:
        DataError: it cannot be read, or holds what can be no option.
    """
    try:  # some editors begin a file with a byte-order mark, which TOML does not know
        values = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check its name") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: is no TOML file ({error}); see train --help") from error
    words: list[str] = []
    for name, value in values.items():
        option = f"--{name.replace('_', '-')}"
        problem = _problem(name, value, known.get(option))
        if problem:
            raise DataError(f"{path}: {problem}; see train --help")
        words += [] if value is False else [option] if value is True else [f"{option}={value}"]
    return words


def _problem(name: str, value: object, taken: str | None) -> str:
    """What is wrong with a value of an option that takes this (None if there is no such one)."""
    if name in _NOT_FOR_FILES or (isinstance(value, dict) and taken is None):
        return f"{name!r} is no setting of a training"
    if isinstance(value, dict):
        return f"{name!r} takes one value ({name} = …), not a table ([{name}])"
    if isinstance(value, list):
        return f"{name!r} takes one value, not a list"
    if taken == SWITCH and not isinstance(value, bool):
        return f"{name!r} is true or false, not {value!r}"
    if taken and isinstance(value, bool):
        return f"{name!r} takes {taken}, not {str(value).lower()}"
    return ""
