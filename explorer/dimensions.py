"""Which dimensions of a latent space a model uses, and which of them the map shows."""

from collections.abc import Sequence

import numpy as np

from explorer.figures import small_nats
from explorer.rendering import ModelInfo
from explorer.session import Session

ACTIVE_VARIANCE = 0.01  # Burda et al. 2016, section 5.2


LEAST_NATS = 0.01  # a mean KL below it is as good as none
_CLEARLY = 0.5  # of another's use: a dimension that is used so little gives way to it on the map
_NEARLY = 0.9  # the same for the order of dimensions in a list
_MANY = 20  # more dimensions are chosen from a list in the order of their use


def use_of(model: ModelInfo) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    """How much each dimension is used [K]: its mean KL; without a prior, the data's spread."""
    use = model.kl if model.has_prior or model.deviation is None else model.deviation
    return np.nan_to_num(use)


def dimensions_in_order(model: ModelInfo) -> list[int]:
    """Highest mean KL first; without a prior, those first along which the data varies most."""
    return [int(dimension) for dimension in np.argsort(-use_of(model), kind="stable")]


def use_words(model: ModelInfo, dimension: int) -> tuple[str, str]:
    """How much the model uses a dimension, and what that figure is."""
    if not model.has_prior and model.deviation is not None:
        return f"spread {model.deviation[dimension]:.2g} units", (
            "Standard deviation of the data's codes along it, in units of the latent space; a "
            "plain autoencoder has no prior, so no KL to one"
        )
    if not model.has_prior:
        return "no KL", "A plain autoencoder has no prior, so its dimensions have no KL to one"
    if model.points is None or not len(model.points):
        return "KL unknown", "The model came without data, over which a mean KL could be taken"
    moments = ", of Gaussians with the flow posteriors' moments" if model.has_flow else ""
    tip = f"Mean KL to the prior over the data{moments}, in nats: how much the model uses it"
    return small_nats(float(model.kl[dimension])), tip


def dimensions_to_choose(model: ModelInfo) -> dict[int, tuple[str, str]]:
    """The dimensions as they are listed, many by use, and `use_words` where data tells them."""
    many = model.latent_size > _MANY
    order = dimensions_in_order(model) if many else range(model.latent_size)
    known = model.points is not None and len(model.points) > 0
    return {d: use_words(model, d) if known else ("", "") for d in order}


def axes_to_follow(model: ModelInfo, axes: tuple[int, int]) -> tuple[int, int]:
    """The dimensions that a map on `axes` goes over to, across and up, as its model learns.

    A dimension stays, and where it is, until another carries twice as much: mean KLs of epochs
    that follow one another waver, and the map would leap.
    """
    use, shown = use_of(model), list(axes)
    least = LEAST_NATS if model.has_prior else 0.0
    for _ in range(2):
        others = [d for d in range(model.latent_size) if d not in shown]
        weak = min((0, 1), key=lambda place: use[shown[place]])
        best = max(others, key=lambda d: use[d], default=shown[weak])
        if use[best] >= least and use[shown[weak]] < _CLEARLY * use[best]:
            shown[weak] = best
    across, up = shown
    return (across, up) if {across, up} & {*axes} else (min(shown), max(shown))


def inactive_axes(model: ModelInfo, axes: tuple[int, int]) -> tuple[int, ...]:
    """Which of the axes have next to no KL; none where there is no data to tell."""
    if not model.has_prior or model.deviation is None:
        return ()
    return tuple(axis for axis in dict.fromkeys(axes) if use_of(model)[axis] < LEAST_NATS)


def is_nearly_in_order(model: ModelInfo, order: Sequence[int]) -> bool:
    """Whether none of them carries clearly less than one that follows it in `order`."""
    use, least = use_of(model)[list(order)], LEAST_NATS if model.has_prior else 0.0
    following = np.maximum.accumulate(use[::-1])[::-1]  # the largest from each place on
    return not np.any((following >= least) & (use < _NEARLY * following))


def active_dimensions(model: ModelInfo) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which dimensions the model uses; all, where there is no data to tell."""
    if model.deviation is None or not model.has_prior:
        return np.ones(model.latent_size, np.bool_)
    return np.asarray(np.square(model.deviation) > ACTIVE_VARIANCE)


def map_dimensions(session: Session) -> tuple[int, ...]:
    """The dimensions that run across and up the map; none on a plane of other directions."""
    model = session.model
    if model is None or session.oblique is not None:
        return ()
    return tuple(dict.fromkeys(axis for axis in session.axes if axis < model.latent_size))
