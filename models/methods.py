"""What can be optimised: each method's objective in words and its settings; imports no torch."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Literal, get_args

MethodName = Literal[
    "ae",
    "dae",
    "cae",
    "vae",
    "cvae",
    "beta-vae",
    "annealed-vae",
    "beta-tcvae",
    "factor-vae",
    "dip-vae-i",
    "dip-vae-ii",
    "iwae",
    "flow-vae",
]
Corruption = Literal["gaussian", "masking", "salt-and-pepper"]
FlowName = Literal["iaf", "coupling"]
LikelihoodName = Literal["bernoulli", "continuous-bernoulli", "gaussian", "discretised-logistic"]

Value = float | int | str


@dataclass(frozen=True)
class MethodSettings:
    """What the objectives can be told; each method reads only those that `METHODS` lists for it.

    `free_bits` (nats a dimension) goes with every method that has a prior.
    """

    beta: float = 1.0
    gamma: float = 10.0
    capacity: float = 25.0
    capacity_share: float = 0.5
    corruption: Corruption = "gaussian"
    corruption_level: float = 0.3
    contraction: float = 0.1
    lambda_od: float = 10.0
    lambda_d: float = 10.0
    flow: FlowName = "iaf"
    transforms: int = 2
    samples: int = 1
    free_bits: float = 0.0


@dataclass(frozen=True)
class Setting:
    """One setting: its range and what it does. `live`: it may be changed during a training."""

    name: str
    text: str
    meaning: str
    low: float = 0.0
    high: float = 1.0
    whole: bool = False
    choices: tuple[str, ...] = ()
    live: bool = True

    @property
    def option(self) -> str:
        """The option of the command line."""
        return f"--{self.name.replace('_', '-')}"

    def problem(self, value: object) -> str:
        """What is wrong with a value, or nothing."""
        if self.choices:
            known = value in self.choices
            return "" if known else f"{self.option} is one of {', '.join(self.choices)}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"{self.option} must be a number"
        whole = "a whole number " if self.whole else ""
        fits = math.isfinite(value) and self.low <= value <= self.high
        if not fits or (self.whole and value != int(value)):
            return f"{self.option} must be {whole}from {self.low:g} to {self.high:g}"
        return ""


SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting(
            "beta",
            "β",
            "Weight of the KL (or of the total correlation): above 1 it buys independent "
            "dimensions with blurrier reconstructions",
            high=1000.0,
        ),
        Setting(
            "gamma",
            "γ",
            "Weight of the penalty: of the distance to the capacity, or of the total correlation",
            high=10_000.0,
        ),
        Setting(
            "capacity",
            "Capacity C",
            "The KL, in nats, that the model is led to use once C has risen to its end",
            high=1000.0,
        ),
        Setting(
            "capacity_share",
            "C's rise (share)",
            "Share of the training, from its start, in which C rises from 0 to its end",
        ),
        Setting(
            "corruption",
            "Corruption",
            "What is done to the image before it is encoded; the clean one is to be restored",
            choices=get_args(Corruption),
            live=False,
        ),
        Setting(
            "corruption_level",
            "Level",
            "Standard deviation of the Gaussian noise (1 is the full range), or the share of "
            "pixels masked or struck",
        ),
        Setting(
            "contraction",
            "λ",
            "Weight of the squared Frobenius norm of the encoder's Jacobian",
            high=1000.0,
        ),
        Setting(
            "lambda_od",
            "λ off-diagonal",
            "Weight of the squared covariances between dimensions",
            high=10_000.0,
        ),
        Setting(
            "lambda_d",
            "λ diagonal",
            "Weight of the squared distances of the variances to 1",
            high=10_000.0,
        ),
        Setting(
            "flow",
            "Flow",
            "IAF: each dimension given those before it; coupling: one half given the other",
            choices=get_args(FlowName),
            live=False,
        ),
        Setting(
            "transforms",
            "Transforms",
            "How many steps the flow takes from a Gaussian to the posterior",
            low=1,
            high=16,
            whole=True,
            live=False,
        ),
        Setting(
            "samples",
            "Samples k",
            "Latents drawn for each image: more make the bound tighter and each step slower",
            low=1,
            high=100,
            whole=True,
        ),
        Setting(
            "free_bits",
            "Free nats",
            "KL, in nats a dimension, that costs nothing: it keeps dimensions from collapsing "
            "early (Kingma et al. 2016)",
            high=10.0,
        ),
    )
}


@dataclass(frozen=True)
class Method:
    """A method: its name, what it minimises, why one would, who described it, its settings.

    `defaults` lists the settings it takes and their usual values, and `meanings` says what those
    do that mean something else elsewhere; `has_prior` says whether its latents have the prior
    N(0, I). `batchwise`: its terms compare the images of a batch, so one alone says nothing.
    """

    title: str
    objective: str
    meaning: str
    source: str
    defaults: Mapping[str, Value]
    has_prior: bool = True
    conditional: bool = False
    batchwise: bool = False
    meanings: Mapping[str, str] = field(default_factory=dict)


_ELBO = "E_q[−log p(x|z)] + KL(q(z|x) ‖ p(z))"

METHODS: dict[MethodName, Method] = {
    "ae": Method(
        "Autoencoder",
        "−log p(x | z = f(x))",
        "Reconstruction alone: codes are points without a prior, so places between them may "
        "mean nothing.",
        "Hinton and Salakhutdinov 2006",
        {},
        has_prior=False,
    ),
    "dae": Method(
        "Denoising AE",
        "−log p(x | z = f(x̃)),  x̃ = corrupted x",
        "Restores a clean image from a corrupted one, so it has to learn what images look like.",
        "Vincent et al. 2010",
        {"corruption": "gaussian", "corruption_level": 0.3},
        has_prior=False,
    ),
    "cae": Method(
        "Contractive AE",
        "−log p(x | z = f(x)) + λ ‖∂f(x)/∂x‖²",
        "Codes that hardly move when the image does: only changes along the data survive.",
        "Rifai et al. 2011",
        {"contraction": 0.1},
        has_prior=False,
    ),
    "vae": Method(
        "VAE",
        _ELBO,
        "The negative evidence lower bound (ELBO): reconstruct from a noisy code, and pay for "
        "every nat by which the code departs from the prior.",
        "Kingma and Welling 2014, eq. 10",
        {},
    ),
    "cvae": Method(
        "Conditional VAE",
        "E_q[−log p(x|z,y)] + KL(q(z|x,y) ‖ p(z))",
        "Encoder and decoder are told the class, so the latent is free for everything else, "
        "such as style.",
        "Sohn et al. 2015, eq. 4",
        {},
        conditional=True,
    ),
    "beta-vae": Method(
        "β-VAE",
        "E_q[−log p(x|z)] + β KL(q(z|x) ‖ p(z))",
        "A dearer KL: fewer dimensions are used, and those more independently.",
        "Higgins et al. 2017, eq. 4",
        {"beta": 4.0},
        meanings={
            "beta": "Weight of the KL: above 1 it buys independent dimensions with blurrier "
            "reconstructions, below 1 the reverse"
        },
    ),
    "annealed-vae": Method(
        "Annealed capacity",
        "E_q[−log p(x|z)] + γ |KL(q(z|x) ‖ p(z)) − C|",
        "The KL is led along a capacity C that rises from 0: dimensions open one after another.",
        "Burgess et al. 2018, eq. 8",
        {"gamma": 1000.0, "capacity": 25.0, "capacity_share": 0.5},
        meanings={"gamma": "Weight of the distance between the KL and the capacity C"},
    ),
    "beta-tcvae": Method(
        "β-TCVAE",
        "E_q[−log p(x|z)] + I(x;z) + β KL(q(z) ‖ ∏ q(z_j)) + Σ KL(q(z_j) ‖ p(z_j))",
        "The KL taken apart; only the total correlation, the dependence between dimensions, "
        "costs β.",
        "Chen et al. 2018, eq. 4, with minibatch-weighted sampling",
        {"beta": 6.0},
        meanings={
            "beta": "Weight of the total correlation alone: above 1 it buys independent dimensions "
            "at less cost to reconstructions than a weight of the whole KL"
        },
        batchwise=True,
    ),
    "factor-vae": Method(
        "FactorVAE",
        "E_q[−log p(x|z)] + KL(q(z|x) ‖ p(z)) + γ KL(q(z) ‖ ∏ q(z_j))",
        "A discriminator that tells latents from shuffled ones estimates the total correlation, "
        "which costs γ.",
        "Kim and Mnih 2018, eq. 2",
        {"gamma": 10.0},
        meanings={
            "gamma": "Weight of the total correlation, on top of the KL: more makes dimensions "
            "more independent"
        },
        batchwise=True,
    ),
    "dip-vae-i": Method(
        "DIP-VAE I",
        f"{_ELBO} + λₒ Σ_(i≠j) Cov[μ]²_ij + λ_d Σ (Cov[μ]_ii − 1)²",
        "Posterior means are made uncorrelated, each of variance 1.",
        "Kumar et al. 2018, eq. 6",
        {"lambda_od": 10.0, "lambda_d": 100.0},
        batchwise=True,
    ),
    "dip-vae-ii": Method(
        "DIP-VAE II",
        f"{_ELBO} + λₒ Σ_(i≠j) Cov[z]²_ij + λ_d Σ (Cov[z]_ii − 1)²",
        "As DIP-VAE I, for the latents themselves: the posteriors' variances count too.",
        "Kumar et al. 2018, eq. 7",
        {"lambda_od": 10.0, "lambda_d": 10.0},
        batchwise=True,
    ),
    "iwae": Method(
        "IWAE",
        "−E[log 1/k Σ p(x,z_i) / q(z_i|x)],  z_1 … z_k from q(z|x)",
        "A tighter bound on log p(x) from k weighted samples; k = 1 is the VAE.",
        "Burda et al. 2016, eq. 8",
        {"samples": 5},
    ),
    "flow-vae": Method(
        "Flow posterior",
        "−E[log 1/k Σ p(x,z_i) / q(z_i|x)],  z_i = flow(Gaussian; x)",
        "A posterior that can bend: a normalising flow turns the encoder's Gaussian into "
        "whatever fits, and the bound gets tighter.",
        "Rezende and Mohamed 2015; Kingma et al. 2016",
        {"flow": "iaf", "transforms": 2, "samples": 1},
    ),
}


def settings_names(method: str) -> tuple[str, ...]:
    """The settings a method takes, in the order they are shown."""
    known = METHODS[_known(method)]
    return (*known.defaults, *(("free_bits",) if _takes_free_bits(method) else ()))


def meaning_of(method: str, name: str) -> str:
    """What a setting does in a method; in one that is not known, what it does in general."""
    own = METHODS[_known(method)].meanings if method in METHODS else {}
    return own.get(name, SETTINGS[name].meaning)


def _takes_free_bits(method: str) -> bool:
    """Free bits need a KL of each dimension, of its own."""
    plain = method not in ("iwae", "flow-vae", "annealed-vae", "beta-tcvae")
    return METHODS[_known(method)].has_prior and plain


def method_settings(method: str, given: Mapping[str, Value | None]) -> MethodSettings:
    """The settings of a method: its usual ones, and those that are given (not None).

    Raises:
        ValueError: the method takes no such setting, or a value is out of range.
    """
    names = settings_names(method)
    defaults = {"beta": 1.0, **METHODS[_known(method)].defaults}
    chosen = {name: value for name, value in given.items() if value is not None}
    for name, value in chosen.items():
        if name not in names:
            raise ValueError(f"{SETTINGS[name].option} is no setting of {method}")
        problem = SETTINGS[name].problem(value)
        if problem:
            raise ValueError(problem)
    # `Setting.problem` has seen to the types.
    return replace(MethodSettings(), **{**defaults, **chosen})  # type: ignore[arg-type]


SETTING_NAMES = tuple(field.name for field in fields(MethodSettings))


def known_method(name: str) -> Method | None:
    """What there is to know of the method of that name, if there is one."""
    return next((method for known, method in METHODS.items() if known == name), None)


def _known(method: str) -> MethodName:
    for name in METHODS:
        if name == method:
            return name
    raise ValueError(f"there is no method {method!r}; use {', '.join(METHODS)}")
