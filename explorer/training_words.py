"""What the training panel says, in words; no Qt of its own."""

from collections.abc import Sequence
from pathlib import Path

from explorer.epochs import held_out_loss, loss_name
from explorer.figures import figure, nats
from explorer.progress_line import clock
from explorer.trainer_messages import Loaded
from explorer.training import Status, TrainingState
from explorer.training_terms import likelihood_text, shown_terms, terms_for, unit_of

_PRIORITY_TIP = "The trainer runs at idle priority: it waits while other programs use the processor"


def progress_text(state: TrainingState) -> str:
    """What is going on: the activity, or epoch, share and time left, as far as they are known."""
    match state.status:
        case Status.IDLE:
            return "Choose what to train, then press Start"
        case Status.PREPARING:
            share = f" · {percent(state.done / state.total)}" if state.total else " …"
            return f"{state.activity}{share}"
        case Status.FINISHING:
            return "Measuring and writing the model …"
        case Status.FAILED:
            return " · ".join(part for part in ("Failed", short_progress_text(state)) if part)
    position, left = state.position, ""
    if state.status is Status.RUNNING and position is not None:
        known = position.seconds_left is not None
        left = f"{clock(position.seconds_left or 0.0)} left" if known else ""
        left = left if state.activity == "Training" else state.activity
    elif state.status is Status.PAUSED:
        left = "paused"
    else:
        spent = clock(position.seconds) if position is not None and position.seconds else ""
        return " · ".join(part for part in (state.message.rstrip("."), spent) if part)
    return " · ".join(part for part in (short_progress_text(state), left) if part)


_ENDS = {Status.FAILED: "Failed", Status.STOPPED: "Stopped", Status.FINISHED: "Finished"}


def progress_texts(state: TrainingState) -> tuple[str, ...]:
    """The same in ever fewer words: with the images a second, without, and the shortest."""
    text, short, position = progress_text(state), short_progress_text(state), state.position
    short = _ENDS.get(state.status, short)
    if state.status is Status.STOPPED and position is not None and position.epoch:
        told = f"Stopped after epoch {position.epoch} of {position.epochs}"
        return text, f"{told} · go on under Runs", told, short
    if state.status is not Status.RUNNING or position is None or not position.images_per_second:
        return text, short
    rate = f"{position.images_per_second:,.0f} images/s"
    return f"{short} · {rate}{text.removeprefix(short)}", text, short


def unfinished_texts(names: Sequence[str]) -> tuple[str, ...]:
    """That trainings of these names were left unfinished, in ever fewer words."""
    named = names[0] if len(names) == 1 else f"{len(names)} trainings"
    told = f"Not finished: {named}"
    return f"{told}. Go on, keep or discard under Runs", f"{told} (see Runs)", told


def no_pictures_text(state: TrainingState) -> str:
    """Why no pictures of a training are shown, or when there will be some."""
    epoch = state.position.epoch if state.position is not None else 0
    if state.active:
        return "after the next epoch" if epoch else "after the first epoch"
    if state.status is not Status.IDLE and not epoch:
        return "no epoch was finished"
    if state.plan is not None:
        return "none were kept; they are made while it trains in this window"
    return "while a model trains"


def closing_text(state: TrainingState) -> str:
    """What is kept of a training that the window ends by closing; nothing if none runs."""
    plan, position = state.plan, state.position
    if not state.active or plan is None or not plan.out:
        return ""
    name = Path(plan.out).stem
    if position is None or not position.epoch:
        return f"The training of {name} was closed before its first epoch ended: it is not kept"
    return (
        f"{name} stands at epoch {position.epoch} of {position.epochs}, with what was on its map; "
        "go on with it under Runs (Ctrl+T)"
    )


def short_progress_text(state: TrainingState) -> str:
    """Epoch and share alone, or the first words of what is going on."""
    position = state.position
    if state.status in (Status.IDLE, Status.PREPARING, Status.FINISHING) or position is None:
        return {Status.IDLE: "press Start", Status.FINISHING: "Measuring …"}.get(
            state.status, state.activity if state.active else ""
        )
    if state.status is Status.FAILED and not position.epoch:
        return ""
    epoch = min(position.epoch + 1, position.epochs) if state.active else position.epoch
    return f"epoch {epoch} of {position.epochs} · {percent(position.fraction)}"


def progress_tip(state: TrainingState) -> str:
    """All there is to say of how far and how fast a training goes."""
    position, idle = state.position, _PRIORITY_TIP if state.active else ""
    failure = state.message if state.status is Status.FAILED else ""
    if position is None:
        told = progress_text(state) if state.active or failure else "How far training is"
        return "\n".join(filter(None, (told, failure, idle)))
    parts = [progress_text(state)]
    if position.seconds:
        parts.append(f"{clock(position.seconds)} spent")
    if position.images_per_second:
        parts.append(f"{position.images_per_second:,.0f} images a second")
    return "\n".join(filter(None, (" · ".join(parts), failure, figures_text(state), idle)))


def pace_text(state: TrainingState) -> str:
    """The newest loss of a training that runs, and the time spent."""
    position = state.position
    if state.status not in (Status.RUNNING, Status.PAUSED) or position is None:
        return ""
    terms, parts = state.held_out or {}, list[str]()
    if terms:
        parts.append(f"{loss_name(terms, state.pseudo)} {nats(held_out_loss(terms), 2)}")
    return " · ".join((*parts, clock(position.seconds)))


def trained_text(state: TrainingState, file: Path) -> str:
    """That the model in a file is trained, or after which epoch it was stopped."""
    position = state.position
    if state.status is Status.STOPPED and state.file == file and position is not None:
        return f"{file.stem}: stopped after epoch {position.epoch} of {position.epochs}"
    return f"{file.stem} is trained"


def epochs_text(count: int) -> str:
    """What goes with a training: its finished epochs, or where there are none its settings."""
    if not count:
        return "settings are"
    return "one finished epoch is" if count == 1 else f"{count} finished epochs are"


def percent(share: float) -> str:
    """Rounded down: 100 % is said only when all is done. No letter of a format may follow it."""
    return f"{int(100 * share)} %"


def figures_text(state: TrainingState) -> str:
    """The newest held-out terms in words."""
    terms = shown_terms(state.held_out or {})
    words = {term.key: term.name for term in terms_for(state.pseudo)}
    told = dict[str, list[str]]()
    for key, value in terms.items():
        told.setdefault(unit_of(key), []).append(f"{words[key]} {figure(value, 2)}")
    found = [f"{', '.join(values)} ({unit} an image)" for unit, values in told.items()]
    return f"held out: {', '.join(found)}" if found else ""


def data_text(loaded: Loaded) -> tuple[str, str]:
    """A short line on the data that is trained on, and all there is to say about it."""
    size = "×".join(str(side) for side in loaded.image_shape[1:])
    colour = "grey" if loaded.image_shape[0] == 1 else "colour"
    likelihood = likelihood_text(loaded.likelihood, loaded.pseudo)
    text = f"{size} {colour} · {loaded.images:,} images"
    if loaded.notes:
        text += f" · {len(loaded.notes)} note{'s' if len(loaded.notes) > 1 else ''}"
    counts = f"{loaded.images:,} images to train on and {loaded.held_out:,} held out"
    return text, "\n".join((f"Likelihood: {likelihood}", counts, *loaded.notes))
