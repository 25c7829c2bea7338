"""The terms of the methods' objectives: their names and colours, and formulas as rich text."""

import html
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple


class TermWords(NamedTuple):
    """A term: its key, its name and a shorter one, its colour on dark ground, its meaning."""

    key: str
    name: str
    short: str
    colour: str
    tip: str


TERMS = (
    TermWords("elbo", "−ELBO", "−ELBO", "#5aaaff", "Reconstruction and KL together"),
    TermWords(
        "importance_bound",
        "−Bound",
        "−Bound",
        "#d59cff",
        "The importance-weighted bound on −log p(x), of k samples: the tighter the lower",
    ),
    TermWords(
        "reconstruction",
        "Reconstruction",
        "Rec.",
        "#5fd4a0",
        "−E log p(x|z): how badly images come back",
    ),
    TermWords("kl", "KL", "KL", "#ff8c5a", "KL(q(z|x) ‖ p(z)): what the latents cost"),
    TermWords(
        "information",
        "Information",
        "I(x;z)",
        "#b48cff",
        "I(x;z): how much the latent tells about the image",
    ),
    TermWords(
        "total_correlation",
        "Total correlation",
        "TC",
        "#ffd166",
        "KL(q(z) ‖ ∏ q(zⱼ)): how much the dimensions depend on one another",
    ),
    TermWords(
        "dimension_kl",
        "Dimension KL",
        "Σ KL",
        "#ff7eb6",
        "Σ KL(q(zⱼ) ‖ p(zⱼ)): how far each dimension, alone, is from the prior",
    ),
    TermWords(
        "covariance",
        "Covariance",
        "Cov",
        "#ffd166",
        "The penalty, already weighted, on covariances and on variances other than 1",
    ),
    TermWords(
        "jacobian",
        "Jacobian",
        "Jac.",
        "#ffd166",
        "‖∂f(x)/∂x‖²: how much the code moves with the image (no nats; without its weight)",
    ),
)
GRADIENT = TermWords(
    "gradient", "Gradient norm", "Gradient", "#8fa8ff", "Euclidean norm of a step's gradient"
)
# Of a Bernoulli on grey images, which is no normalised density: what is a bound elsewhere is none.
_PSEUDO_TIP = (
    "pseudo: a Bernoulli on grey images is no normalised density, so these nats compare with no "
    "other likelihood's"
)
_PSEUDO = {"elbo": ("pseudo −ELBO", "p.−ELBO"), "importance_bound": ("pseudo −Bound", "p.−Bound")}
_LIKELIHOODS = {
    "bernoulli": "Bernoulli",
    "continuous-bernoulli": "Continuous Bernoulli",
    "gaussian": "Gaussian with a learned σ",
    "discretised-logistic": "Discretised logistic",
}
WEIGHTS_TIP = (
    "Train (solid): the weights of each step; held out (dashed): their running average "
    "(Polyak, decay rising to 0.999), which is what is kept as the model"
)
NEGATED = frozenset({"elbo", "importance_bound"})  # shown so that lower is better, as for the rest
_UNITS = {"jacobian": "squared norm"}
# What marks a piece of a formula as a term's; the first that is found counts.
_MARKS = (
    ("Cov", "covariance"),
    ("∂", "jacobian"),
    ("1/k", "importance_bound"),
    ("∏", "total_correlation"),
    ("I(x;z)", "information"),
    ("KL(q(z_j)", "dimension_kl"),
    ("KL(", "kl"),
    ("log p(x", "reconstruction"),
)
_TOKEN = re.compile(
    r"_\((?P<group>[^)]*)\)|_(?P<low>[A-Za-z0-9]+)|(?P<word>[A-Za-z]\u0303?(?:[A-Za-z]\u0303?)*)"
)


def likelihood_text(likelihood: str, pseudo: bool) -> str:
    """A likelihood in words, and whether it is a density of what it is used for."""
    name = _LIKELIHOODS.get(likelihood, likelihood)
    return f"{name} on grey images, a pseudo-likelihood" if pseudo else name


def terms_for(pseudo: bool) -> tuple[TermWords, ...]:
    """The terms; where they are of a pseudo-likelihood their names and tips say so."""
    return tuple(_pseudo(term) if pseudo and term.key in _PSEUDO else term for term in TERMS)


def _pseudo(term: TermWords) -> TermWords:
    name, short = _PSEUDO[term.key]
    return term._replace(name=name, short=short, tip=f"{term.tip}; {_PSEUDO_TIP}")


def shown(key: str, value: float) -> float:
    """A term's value as it is shown."""
    return -value if key in NEGATED else value


def unit_of(key: str) -> str:
    """What a term is in."""
    return _UNITS.get(key, "nats")


def shown_terms(terms: Mapping[str, float]) -> dict[str, float]:
    """Terms as they are shown, in the order they are shown."""
    return {term.key: shown(term.key, terms[term.key]) for term in TERMS if term.key in terms}


def tip_in(term: TermWords, objective: str) -> str:
    """A term's meaning in the notation of a method's formula.

    Its networks may be given the class y, and a code that is no distribution has no expectation.
    """
    tip = term.tip
    if "(x|z,y)" in objective:
        tip = tip.replace("p(x|z)", "p(x|z,y)").replace("q(z|x)", "q(z|x,y)")
    formula, _, _ = objective.partition(",  ")
    plain = next((piece for piece in pieces(formula) if "z = f(" in piece), "")
    return tip.replace("−E log p(x|z)", plain) if plain else tip


def terms_in(objective: str) -> list[TermWords]:
    """The terms that a method's formula names, their meanings in its notation."""
    found = {term_of(piece) for piece in pieces(objective)}
    return [term._replace(tip=tip_in(term, objective)) for term in TERMS if term.key in found]


def term_of(piece: str) -> str:
    """The term that a piece of a formula is, or nothing."""
    return next((key for mark, key in _MARKS if mark in piece), "")


def pieces(formula: str) -> list[str]:
    """What is added up in a formula."""
    found, depth, start = list[str](), 0, 0
    for at, letter in enumerate(formula):
        depth += (letter in "([") - (letter in ")]")
        if depth == 0 and formula[at : at + 3] == " + ":
            found.append(formula[start:at])
            start = at + 3
    return [*found, formula[start:]]


def formula_html(objective: str, colour: Callable[[str], str]) -> str:
    """A formula as rich text: indices low, variables slanted, each term in its curve's colour.

    `colour` gives a term's colour. Lines break between terms only; what the formula says of its
    variables follows on a line of its own.
    """
    formula, _, where = objective.partition(",  ")
    added = []
    for piece in pieces(formula):
        key = term_of(piece)
        text = _set(piece)
        added.append(f"<span style='color:{colour(key)}'>{text}</span>" if key else text)
    line = " +&nbsp;".join(added)
    return f"{line}<br><small>{_set(where)}</small>" if where else line


def _set(text: str) -> str:
    """Set one piece of a formula."""
    escaped = html.escape(text.replace("λₒ", "λ_o"), quote=False)
    return _TOKEN.sub(_set_token, escaped).replace(" ", "&nbsp;")


def _set_token(found: re.Match[str]) -> str:
    low = found["group"] or found["low"]
    if low:
        return f"<sub>{low}</sub>"
    word = found["word"]
    single = len(word.replace("\u0303", "")) == 1 and word not in ("E", "I")
    return f"<i>{word}</i>" if single else word
