"""What the training panel says, in words; no Qt of its own."""

import re

from explorer.trainer_messages import Loaded
from explorer.training import Status, TrainingState

LIKELIHOODS = {"bernoulli": "Bernoulli", "gaussian": "Gaussian with a learned σ"}


def status_text(state: TrainingState) -> str:
    """One line on what is going on."""
    match state.status:
        case Status.IDLE:
            return "Choose data and settings, then press Start. What is open stays open."
        case Status.PREPARING:
            return f"{state.activity} …"
        case Status.RUNNING:
            return "Training in the background." if state.activity == "Training" else state.activity
        case Status.PAUSED:
            return "Paused. Every finished epoch is on the disk."
        case Status.FINISHING:
            return "Measuring and writing the model …"
        case _:
            return state.message


def progress_text(state: TrainingState) -> str:
    """Epoch, share and time left, as far as they are known."""
    if state.status is Status.PREPARING:
        share = f" · {percent(state.done / state.total)}" if state.total else ""
        return f"{state.activity}{share}"
    position = state.position
    if position is None:
        return ""
    epoch = min(position.epoch + 1, position.epochs) if state.active else position.epoch
    parts = [f"epoch {epoch} of {position.epochs}", percent(position.fraction)]
    if state.status is Status.RUNNING and position.seconds_left is not None:
        parts.append(f"{clock(position.seconds_left)} left")
    elif state.status is Status.PAUSED:
        parts.append("paused")
    elif not state.active and position.seconds:
        parts.append(clock(position.seconds))
    return " · ".join(parts)


def percent(share: float) -> str:
    """Rounded down: 100 % is said only when all is done. No letter of a format may follow it."""
    return f"{int(100 * share)} %"


def clock(seconds: float) -> str:
    """Hours, minutes and seconds as 1:02:03 or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def figures_text(state: TrainingState) -> str:
    """The newest held-out terms in words."""
    terms = state.held_out
    if not terms:
        return ""
    reconstruction = terms.get("reconstruction", 0.0)
    if "elbo" not in terms:
        return f"held out: {reconstruction:.2f} nats"
    return f"held out: {-terms['elbo']:.2f} = {reconstruction:.2f} + {terms['kl']:.2f} KL nats"


def data_text(loaded: Loaded) -> tuple[str, str]:
    """A short line on the data that is trained on, and all there is to say about it."""
    size = "×".join(str(side) for side in loaded.image_shape[1:])
    colour = "grey" if loaded.image_shape[0] == 1 else "colour"
    likelihood = LIKELIHOODS.get(loaded.likelihood, loaded.likelihood)
    text = f"{likelihood} · {size} {colour} · {loaded.images:,} + {loaded.held_out:,} images"
    counts = f"{loaded.images:,} images to train on and {loaded.held_out:,} held out"
    return text, "\n".join((f"Likelihood: {likelihood}", counts, *loaded.notes))


def breakable(text: str) -> str:
    """A text whose paths may be broken into lines."""
    return re.sub(r"([/\\])", "\\1\u200b", text)
