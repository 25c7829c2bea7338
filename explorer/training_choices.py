"""What can be chosen for a training, in words, and how a form's values become a plan."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from explorer.fields import Choice, Field, Value
from models.downloads import BUILT_IN
from models.methods import (
    METHODS,
    SETTINGS,
    MethodSettings,
    Setting,
    known_method,
    meaning_of,
    settings_names,
)
from models.plans import Plan
from models.presets import ENOUGH_STEPS, MOST_EPOCHS, PRESETS, Look, look_at, preset_plan
from models.settings import Settings, changed
from models.sizing import DEFAULT_SIDE, SIDES

OWN = ""  # the entry of the presets that stands for changed settings

METHOD_CHOICES = tuple(
    Choice(name, method.title, method.meaning) for name, method in METHODS.items()
)
NETWORK_CHOICES = (
    Choice("mlp", "MLP", "fully connected with residual blocks: fast, good for small images"),
    Choice("plain-mlp", "Plain MLP", "fully connected layers alone, as in the first papers"),
    Choice("conv", "Conv", "convolutions: sees neighbouring pixels together, slower"),
    Choice("resnet", "ResNet", "residual convolutions: for larger images, slowest"),
)
PRESET_CHOICES = (
    *(Choice(name, preset.title, preset.meaning) for name, preset in PRESETS.items()),
    Choice(OWN, "Own settings", "something was changed by hand"),
)
LIKELIHOOD_CHOICES = (
    Choice(
        "",
        "Automatic",
        "Bernoulli for grey images, Gaussian with a learned σ for those in colour",
    ),
    Choice(
        "bernoulli",
        "Bernoulli",
        "each pixel is on or off with a probability; on grey images a pseudo-likelihood, whose "
        "nats compare with no other likelihood's",
    ),
    Choice(
        "continuous-bernoulli",
        "Continuous Bernoulli",
        "a density for values between 0 and 1: the Bernoulli, normalised "
        "(Loaiza-Ganem and Cunningham 2019)",
    ),
    Choice(
        "gaussian",
        "Gaussian, learned σ",
        "normal around each pixel's mean, with one σ for all, learned along (Rybkin et al. 2021)",
    ),
    Choice(
        "discretised-logistic",
        "Discretised logistic",
        "a probability for each of the 256 values of a byte (Salimans et al. 2017)",
    ),
)
FIT_CHOICES = (
    Choice("crop", "Crop", "the frame is filled, and what stands over on two sides is cut off"),
    Choice("fit", "Whole", "nothing is cut off; what is missing has the colour of its border"),
)
_AUTOMATIC_SIDE = SIDES[0] - 1
_USUAL = Plan("", "")
_NUMBERS = {
    field.name: field.default for field in fields(Plan) if isinstance(field.default, int | float)
}

LATENT_SIZE = Field(
    "latent_size",
    "K",
    "The number of latent dimensions: 2 shows all of the map at once",
    1,
    512,
    whole=True,
    spoken="Latent size",
)
EPOCHS = Field(
    "epochs",
    "Epochs",
    "How often the images are gone through. For few images of your own a preset takes smaller "
    f"batches, and more epochs until there are {ENOUGH_STEPS:,} steps (at most {MOST_EPOCHS} "
    "epochs)",
    1,
    100_000,
    whole=True,
)
RATE = Field(
    "learning_rate",
    "Peak rate",
    "Learning rate: Adam's step size at its highest. It follows a cosine to nearly 0 at the end, "
    "so during a training this is not the one of the present step",
    0.00001,
    0.5,
    spoken="Highest learning rate",
)
FREE_NATS = SETTINGS["free_bits"]
MORE = (
    Field("likelihood", "p(x|z)", "", choices=LIKELIHOOD_CHOICES, spoken="Likelihood"),
    Field(
        "image_side",
        "Image size",
        "Pixels a side: all images become squares of it. Automatic keeps the size they share, from "
        f"{SIDES[0]} to {SIDES[1]} pixels a side, and takes {DEFAULT_SIDE} where they share none",
        _AUTOMATIC_SIDE,
        SIDES[1],
        whole=True,
        special="automatic",
        spoken="Image size, in pixels a side",
        unit="px",
    ),
    Field(
        "fit",
        "Fit",
        "How an image of another shape comes to its size",
        choices=FIT_CHOICES,
        spoken="Fit of images of another shape",
    ),
    Field("batch_size", "Batch", "Images in one step", 1, 8192, whole=True),
    RATE,
    Field(
        "width",
        "Width",
        "Hidden units, or channels of the first level",
        0,
        4096,
        whole=True,
        special="usual",
    ),
    Field(
        "depth",
        "Depth",
        "Residual blocks (of each level in a ResNet), or the layers of a plain MLP",
        -1,
        16,
        whole=True,
        special="usual",
    ),
    Field(
        "weight_decay",
        "Weight decay",
        "Draws weights to 0 and narrows the gap between images seen and held out",
    ),
    Field(
        "warmup_epochs",
        "Warm-up",
        "Epochs in which the weight of the KL rises from 0 to 1 (Bowman et al. 2016)",
        0,
        10_000,
        special="none",
        spoken="Warm-up, in epochs",
        unit="ep.",
    ),
    Field(
        "warmup_cycles",
        "Cycles",
        "Instead of once, the weight of the KL rises so often, each time for half a cycle "
        "(Fu et al. 2019)",
        0,
        1000,
        whole=True,
        special="none",
        spoken="Warm-up cycles",
    ),
    Field("free_bits", FREE_NATS.text, FREE_NATS.meaning, FREE_NATS.low, FREE_NATS.high),
    Field(
        "epoch_images",
        "Images",
        "Ends an epoch after so many images; the next goes on with others",
        0,
        10_000_000,
        whole=True,
        special="all",
        spoken="Images an epoch",
    ),
    Field(
        "seed",
        "Seed",
        "The same seed, data and settings make the same model",
        0,
        2**31 - 1,
        whole=True,
    ),
)
_SYMBOLS = {"samples": "k", "lambda_od": "λ off", "lambda_d": "λ diag", "capacity": "C"}
_SHORT = {"batch_size": "batch", "learning_rate": "rate"}
_NOT_TOLD = {
    "data",
    "out",
    "method",
    "latent_size",
    "epochs",
    "allow_download",
    "half",
    "threads",
}
_CHOICE_WORDS = {
    "gaussian": "Gaussian noise",
    "masking": "Masking",
    "salt-and-pepper": "Salt and pepper",
    "iaf": "IAF",
    "coupling": "Coupling",
}


def setting_field(setting: Setting, method: str = "") -> Field:
    """A method's setting as a field of a form."""
    meaning = meaning_of(method, setting.name)
    choices = tuple(
        Choice(name, _CHOICE_WORDS.get(name, name), meaning) for name in setting.choices
    )
    return Field(
        setting.name,
        setting.text,
        meaning,
        setting.low,
        setting.high,
        setting.whole,
        choices,
        unit="nats" if setting.name == "capacity" else "",
    )


METHOD_FIELDS = tuple(
    setting_field(setting) for name, setting in SETTINGS.items() if name != "free_bits"
)


def own_settings(method: str) -> tuple[str, ...]:
    """The settings shown with a method's objective: all of its own."""
    return tuple(METHODS[method].defaults) if method in METHODS else ()


def usual(method: str, name: str) -> Value:
    """The usual value of a method's setting."""
    known = METHODS[method].defaults if method in METHODS else {}
    value: Value = known.get(name, getattr(MethodSettings(), name))
    return value


def not_for(method: str, name: str, cycles: int = 0) -> str:
    """Why a setting does not count for a method, or nothing."""
    known = known_method(method)
    if known is None:
        return ""
    if name in ("warmup_epochs", "warmup_cycles", "free_bits") and not known.has_prior:
        return f"{known.title}: has no KL"
    if name in ("warmup_epochs", "warmup_cycles") and method == "annealed-vae":
        return f"{known.title}: C rises in its place"
    if name == "warmup_epochs" and cycles:
        return "The cycles take its place"
    if name == "free_bits" and name not in settings_names(method):
        return f"{known.title}: the KL of each dimension is not what is paid for"
    return ""


def live_fields(method: str) -> tuple[Field, ...]:
    """What can be changed while a method trains."""
    names = settings_names(method) if method in METHODS else ()
    live = (SETTINGS[name] for name in names)
    return (*(setting_field(one, method) for one in live if one.live and not one.choices), RATE)


def live_problem(plan: Plan, name: str, value: float) -> str:
    """Why a setting cannot be changed to a value while a plan is followed, or nothing."""
    try:
        changed(Settings(method=plan.method_settings), plan.method, name, value)
    except ValueError as error:
        return str(error)
    return ""


def setting_word(name: str) -> str:
    """A setting's name as it stands beside a value."""
    return SETTINGS[name].text if name in SETTINGS else _SHORT.get(name, name.replace("_", " "))


# -- data --------------------------------------------------------------------------------------


def own_data(paths: Sequence[str]) -> tuple[Choice, ...]:
    """Folders and files as entries; where two have one name, what they lie in is said as well."""
    return tuple(Choice(path, _told_apart(path, paths), path) for path in paths)


def _told_apart(path: str, among: Sequence[str]) -> str:
    """The name of a path, with as many of its folders as no other path and no set has."""
    parts = Path(path).parts
    others = [Path(other).parts for other in among if other != path]
    others += [(known.title,) for known in BUILT_IN.values()]
    for depth in range(1, len(parts) + 1):
        if all(_tail(other, depth) != _tail(parts, depth) for other in others):
            folders = str(Path(*parts[-depth:-1]))
            return parts[-1] if depth == 1 else f"{parts[-1]} ({folders})"
    return path


def _tail(parts: tuple[str, ...], depth: int) -> tuple[str, ...]:
    return tuple(part.casefold() for part in parts[-depth:])


# -- plans -------------------------------------------------------------------------------------


def plan_of(values: Mapping[str, Value], base: Plan = _USUAL) -> Plan:
    """The plan that a form's values say; what no field shows is taken from `base`."""
    method = str(values["method"])
    known: dict[str, Any] = {name: None for name in SETTINGS}
    for name, value in values.items():
        if name in SETTINGS:
            counts = name in settings_names(method) and value != usual(method, name)
            known[name] = value if counts else None
        else:
            known[name] = value
    if "image_side" in known:
        known["image_shape"] = _shape(int(known.pop("image_side")), base)
    known["likelihood"] = known.get("likelihood") or None
    for name, nothing in (("width", 0), ("depth", -1)):
        known[name] = None if known.get(name, nothing) == nothing else known[name]
    cycles = int(known.get("warmup_cycles", 0))
    for name in ("warmup_epochs", "warmup_cycles"):
        if not_for(method, name, cycles):
            known[name] = _NUMBERS[name]
    return replace(base, **known)


def _shape(side: int, base: Plan) -> tuple[int, int, int] | None:
    """The shape that a side says; automatic is what was, if that is no square."""
    if side == _AUTOMATIC_SIDE:
        return base.image_shape if oblong_text(base) else None
    return base.image_shape[0] if base.image_shape else 0, side, side


def oblong_text(plan: Plan) -> str:
    """The size of a plan's images if it names one that is no square."""
    _, height, width = plan.image_shape or (0, 0, 0)
    return "" if height == width else f"{width}×{height}"


def values_of(plan: Plan) -> dict[str, Value]:
    """What a form shows of a plan: the inverse of `plan_of`."""
    values: dict[str, Value] = {
        name: getattr(plan, name) for name in ("data", "method", "latent_size", "epochs", "network")
    }
    for field in MORE:
        if field.name != "image_side":
            values[field.name] = getattr(plan, field.name)
    square = plan.image_shape and not oblong_text(plan)
    values["image_side"] = plan.image_shape[1] if plan.image_shape and square else _AUTOMATIC_SIDE
    for name in SETTINGS:
        given = getattr(plan, name)
        values[name] = usual(plan.method, name) if given is None else given
    values["likelihood"] = plan.likelihood or ""
    values["width"] = 0 if plan.width is None else plan.width
    values["depth"] = -1 if plan.depth is None else plan.depth
    return values


def same(one: Plan, other: Plan) -> bool:
    """Whether two plans train the same, wherever it goes."""
    return _comparable(one) == _comparable(other)


def _comparable(plan: Plan) -> Plan:
    bare = replace(plan_of(values_of(plan), plan), out="", allow_download=False)
    width, depth = replace(bare, width=None, depth=None).network_size
    return replace(
        bare,
        width=None if bare.width == width else bare.width,
        depth=None if bare.depth == depth else bare.depth,
    )


def preset_plans(data: str, look: Look | None = None) -> dict[str, Plan]:
    """Each preset's plan for data that looks so; without a `look` its first bytes are read."""
    look = look or look_at(data)
    return {name: preset_plan(name, data, look=look) for name in PRESETS}


def preset_of(plan: Plan, presets: Mapping[str, Plan]) -> str:
    """The preset that a plan follows, or `OWN`."""
    return next((name for name, known in presets.items() if same(plan, known)), OWN)


def told_settings(plan: Plan) -> str:
    """The settings of a plan's method in words, and then those that are not the usual ones."""
    own = own_settings(plan.method)
    sizes = replace(plan, width=None, depth=None).network_size
    usual_size = dict(zip(("width", "depth"), sizes, strict=True))
    words = []
    for name in own:
        given = getattr(plan, name)
        words.append(_told(name, usual(plan.method, name) if given is None else given))
    for field in fields(plan):
        value = getattr(plan, field.name)
        ordinary = value is None or value in (field.default, usual_size.get(field.name))
        if field.name not in _NOT_TOLD and field.name not in own and not ordinary:
            words.append(_told(field.name, value))
    return ", ".join(words)


def _told(name: str, value: Any) -> str:  # noqa: ANN401 # a field of any kind
    if name in ("network", "likelihood", "corruption", "flow"):
        return str(value)
    if name == "fit":
        return "not cropped"
    if name == "image_shape":
        return "×".join(str(side) for side in value[1:])
    return f"{_SYMBOLS.get(name) or setting_word(name)} {value:g}"
