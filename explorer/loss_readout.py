"""What curves say at an epoch: their values as plain text and as small tables."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from explorer import theme
from explorer.figures import figure

_KINDS = ("train", "held out")


@dataclass(frozen=True)
class Term:
    """One loss: its key, the word for it, a shorter one, its colour on dark ground, its meaning.

    `cut`: on its button the word is cut in the middle, only as far as it has to be.
    """

    key: str
    name: str
    short: str
    colour: str
    tip: str
    cut: bool = False


@dataclass(frozen=True, eq=False)
class Line:
    """Values of a term over epochs, of images trained on or held out."""

    term: str
    held_out: bool
    epochs: Sequence[float]
    values: Sequence[float]

    def at(self, epoch: float) -> float:
        """The value at an epoch, straight between points."""
        return float(np.interp(epoch, self.epochs, self.values))

    def reaches(self, epoch: float) -> bool:
        """Whether there are values on both sides of an epoch."""
        return self.epochs[0] <= epoch <= self.epochs[-1]


@dataclass(frozen=True)
class Mark:
    """Something that happened after so many epochs, in a few letters."""

    epoch: float
    text: str


@dataclass(frozen=True)
class Reading:
    """The values of a term at an epoch, by what they are of: "train" and "held out"."""

    term: Term
    values: dict[str, float]


def readings(
    terms: Sequence[Term], lines: Sequence[Line], shown: Collection[str], epoch: float
) -> list[Reading]:
    """What can be read of the terms that are shown, as far as lines reach."""
    found = []
    for term in terms:
        of_term = [line for line in lines if line.term == term.key and line.reaches(epoch)]
        values = {_KINDS[line.held_out]: line.at(epoch) for line in of_term}
        if values and term.key in shown:
            found.append(Reading(term, values))
    return found


def plain(epoch: float, found: Sequence[Reading]) -> str:
    """All in one line."""
    rows = [f"epoch {epoch:.1f}"]
    for one in found:
        values = ", ".join(f"{kind} {figure(value, 2)}" for kind, value in one.values.items())
        rows.append(f"{one.term.name} {values}")
    return "; ".join(rows)


def table(epoch: float, found: Sequence[Reading]) -> str:
    """A row a term, a column a kind."""
    rows = f"<tr><td>epoch {epoch:.1f}&nbsp;</td><td align=right>&nbsp;train</td>"
    rows += "<td align=right>&nbsp;held out</td></tr>"
    for one in found:
        cells = "".join(
            f"<td align=right>&nbsp;{figure(one.values[kind], 2)}</td>"
            if kind in one.values
            else "<td></td>"
            for kind in _KINDS
        )
        rows += f"<tr>{_name(one.term, one.term.name)}{cells}</tr>"
    return _small(rows)


def low_table(epoch: float, found: Sequence[Reading]) -> str:
    """The held-out values, or where there are none those trained on, in two columns."""
    kind = _KINDS[any("held out" in one.values for one in found)]
    cells = [
        f"{_name(one.term, f'&nbsp;{one.term.short}')}"
        f"<td align=right>&nbsp;{figure(one.values[kind], 2)}</td>"
        for one in found
        if kind in one.values
    ]
    rows = "".join(f"<tr>{''.join(cells[at : at + 2])}</tr>" for at in range(0, len(cells), 2))
    return _small(f"<tr><td colspan=4>&nbsp;epoch {epoch:.1f}, {kind}</td></tr>{rows}")


def _name(term: Term, text: str) -> str:
    return f"<td style='color:{theme.readable(term.colour, theme.colours().dark)}'>{text}</td>"


def _small(rows: str) -> str:
    ink = theme.colours().text
    return f"<small><table cellspacing=0 style='color:{ink}'>{rows}</table></small>"
