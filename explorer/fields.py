"""What a form offers, as plain values: entries of lists, and numbers with their ranges."""

from dataclasses import dataclass

Value = float | int | str


@dataclass(frozen=True)
class Choice:
    """One entry of a list: its value, its text, and a line that explains it."""

    value: str
    text: str
    tip: str = ""


@dataclass(frozen=True)
class Field:
    """One setting of a form: a list where it has `choices`, else a number from `low` to `high`.

    `special` is said in place of the lowest number; `spoken` names it where `text` is too short;
    `unit` stands behind the number.
    """

    name: str
    text: str
    tip: str
    low: float = 0.0
    high: float = 1.0
    whole: bool = False
    choices: tuple[Choice, ...] = ()
    special: str = ""
    spoken: str = ""
    unit: str = ""
