"""Which dimensions of a latent space a model uses, and which of them the map shows."""

import numpy as np

from explorer.rendering import ModelInfo
from explorer.session import Session

ACTIVE_VARIANCE = 0.01  # Burda et al. 2016, section 5.2


def dimensions_in_order(model: ModelInfo) -> list[int]:
    """Highest mean KL first; without a prior, those first along which the data varies most."""
    use = model.kl if model.has_prior or model.deviation is None else model.deviation
    return [int(dimension) for dimension in np.argsort(-use, kind="stable")]


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
