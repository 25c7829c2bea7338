"""What `train` takes besides options: a file of settings, a preset, more epochs, an event log."""

import math
import shlex
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from explorer.command_line import InputError, with_settings
from explorer.event_log import EventLog
from explorer.headless_training import plan_of
from explorer.progress_line import bar, clock
from models.checkpoint import load
from models.errors import DataError
from models.methods import METHODS, SETTINGS, settings_names
from models.plans import Plan
from models.presets import preset_plan
from models.training import Progress
from tests.samples import save_pictures
from tests.test_command_line import TRAIN, Run, files, run

__all__ = ["files", "run"]  # fixtures


def typed(*words: str) -> Plan:
    return plan_of(vars(with_settings("train", list(words))))


def test_a_file_of_settings_stands_for_options(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(
        'data = "mnist"\nout = "x.safetensors"\nmethod = "iwae"\nsamples = 7\nlatent = 5\n'
        "learning-rate = 2e-3\nhalf = true\nallow_download = false\nimage-size = 16\nchannels = 1\n"
    )
    assert typed("--settings", str(file)) == Plan(
        "mnist",
        "x.safetensors",
        method="iwae",
        samples=7,
        latent_size=5,
        learning_rate=2e-3,
        half=True,
        image_shape=(1, 16, 16),
    )


def test_what_is_typed_comes_before_the_file_and_that_before_the_preset(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('preset = "disentangled"\ndata = "mnist"\nout = "x"\nbeta = 9\nlatent = 5\n')
    plan = typed("--settings", str(file), "--latent", "7")
    assert plan == Plan(
        **{
            **preset_plan("disentangled", "mnist", "x.safetensors").to_dict(),
            "beta": 9,
            "latent_size": 7,
        }
    )


def test_a_preset_with_another_method_leaves_its_own_settings_out() -> None:
    words = ("--preset", "disentangled", "--data", "mnist", "--out", "x")
    assert typed(*words, "--method", "vae").method_settings.beta == 1.0
    assert typed(*words).beta == preset_plan("disentangled", "mnist").beta


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("latent = ", "is no TOML file"),
        ("colour = 3", "unrecognized arguments: --colour=3"),
        ("latent = 0", "must be at least 1"),
        ("betta = 4", "--betta=4 (did you mean --beta?)"),
        ("epochs = true", "'epochs' takes a whole number, not true"),
        ("samples = false", "'samples' takes a whole number, not false"),
        ("learning_rate = true", "'learning_rate' takes a number, not true"),
        ("method = true", "'method' takes one of ae, dae, cae, vae"),
        ("half = 1", "'half' is true or false, not 1"),
        ("[method]\nbeta = 3", "'method' takes one value (method = …), not a table ([method])"),
        ("epochs = [1, 2]", "'epochs' takes one value, not a list"),
        ('method = "gan"', "invalid choice: 'gan'"),
        ("[plan]\nlatent = 3", "'plan' is no setting of a training"),
        ('resume = "x"', "'resume' is no setting of a training"),
        ("help = true", "'help' is no setting of a training"),
        ('settings = "x"', "'settings' is no setting of a training"),
    ],
)
def test_what_is_wrong_with_a_file_of_settings_is_said(
    tmp_path: Path, content: str, message: str
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(content)
    with pytest.raises((DataError, InputError)) as raised:
        typed("--settings", str(file), "--data", "mnist", "--out", "x")
    assert message in str(raised.value)
    assert str(file) in str(raised.value)


def test_a_file_of_settings_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("latent = 5\n", encoding="utf-8-sig")
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    words = ("--settings", str(file), "--data", "mnist", "--out", "x")
    assert typed(*words).latent_size == 5


def test_a_missing_file_of_settings_is_said(run: Run) -> None:
    answer = run("train", "--settings", "no.toml")
    assert answer.status == 2
    assert "no.toml: cannot be read (No such file or directory)" in answer.err


@pytest.mark.parametrize("method", METHODS)
def test_every_setting_of_a_method_is_an_option(method: str) -> None:
    for name in settings_names(method):
        setting = SETTINGS[name]
        value = setting.choices[-1] if setting.choices else 1 if setting.whole else 0.5
        words = ("--data", "x", "--out", "y", "--method", method, setting.option, str(value))
        assert getattr(typed(*words).method_settings, name) == value


def test_a_setting_of_another_method_is_refused(run: Run) -> None:
    answer = run(*TRAIN, "--beta", 3)
    assert answer.status == 2
    assert "--beta is no setting of vae" in answer.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--method", "ae", "--warmup", "3"), "--warmup does nothing.*: Autoencoder: has no KL"),
        (("--method", "dae", "--warmup-cycles", "4"), "--warmup-cycles does nothing.* no KL"),
        (("--method", "annealed-vae", "--warmup", "1"), "--warmup does nothing.*: C rises"),
        (("--warmup", "5", "--warmup-cycles", "2"), "--warmup does nothing.*cycles take its place"),
        (("--preset", "2d-map", "--method", "ae", "--warmup", "5"), "--warmup does nothing"),
    ],
)
def test_a_warm_up_that_would_do_nothing_is_refused(
    words: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=told):
        typed("--data", "digits", "--out", "x", *words)
    options = zip(words[::2], words[1::2], strict=True)
    file = tmp_path / "settings.toml"
    file.write_text("".join(f"{name[2:]} = {value!r}\n" for name, value in options))
    with pytest.raises(DataError, match=told):
        typed("--data", "digits", "--out", "x", "--settings", str(file))


@pytest.mark.parametrize(
    "words", [("--method", "ae"), ("--method", "annealed-vae"), ("--warmup-cycles", "3")]
)
def test_a_warm_up_that_only_a_preset_names_is_left_out(words: tuple[str, ...]) -> None:
    preset = ("--preset", "tight-bound", "--data", "mnist", "--out", "x")
    assert typed(*preset).warmup_epochs == 5
    plan = typed(*preset, *words)
    assert plan.warmup_epochs == Plan("", "").warmup_epochs
    command = shlex.split(plan.command())[2:]
    assert typed(*command) == plan, "what is recorded can be typed again"
    once = typed("--data", "x", "--out", "y", "--warmup", "5", "--warmup-cycles", "0")
    assert once.warmup_epochs == 5


def test_a_name_without_its_ending_becomes_a_file_the_window_knows(run: Run) -> None:
    words = ("train", "--data", "data.npz", "--width", 8, "--depth", 0, "--epochs", 1, "--quiet")
    for name in ("new", "new.v2"):
        run.quietly(*words, "--out", name)
        assert load(f"{name}.safetensors").latent_size == 2
        assert not Path(name).exists()
        assert "exists" in run(*words, "--out", name).err
        run.quietly("train", "--resume", name, "--more", 1, "--quiet")
        assert len(load(f"{name}.safetensors").record["history"]) == 2
    run.quietly(*words, "--out", "SHOUTED.SAFETENSORS")
    assert load("SHOUTED.SAFETENSORS").latent_size == 2


def test_a_finished_training_goes_on(run: Run) -> None:
    run.quietly(*TRAIN, "--epochs", 2, "--quiet")
    run.quietly("train", "--resume", "new.safetensors", "--more", 3, "--quiet")
    assert len(load("new.safetensors").record["history"]) == 5


def test_who_goes_on_with_a_finished_training_is_told_how_to_train_it_for_more(run: Run) -> None:
    run.quietly(*TRAIN, "--epochs", 2, "--quiet")
    answer = run("train", "--resume", "new.safetensors")
    assert answer.status == 0
    assert "all 2 of its epochs were done before" in answer.err
    assert "train --resume new.safetensors --more N" in answer.err
    went_on = run("train", "--resume", "new.safetensors", "--more", 1)
    assert "--more N" not in went_on.err


def test_going_on_computes_with_as_many_threads(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another number of them rounds otherwise, and the weights would be others."""
    told: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", told.append)
    run.quietly(*TRAIN, "--epochs", 1, "--threads", 3, "--quiet")
    run.quietly("train", "--resume", "new.safetensors", "--more", 1, "--quiet")
    run.quietly("train", "--resume", "new.safetensors", "--more", 1, "--threads", 2, "--quiet")
    assert told == [3, 3, 2]
    assert "--threads 2" in load("new.safetensors").record["command"]


def test_a_model_is_not_trained_over_unless_that_is_said(run: Run) -> None:
    run.quietly(*TRAIN, "--epochs", 2, "--quiet")
    epochs = sorted(Path("new.safetensors.run").rglob("*.safetensors"))
    before = {file: file.read_bytes() for file in (Path("new.safetensors"), *epochs)}
    answer = run(*TRAIN, "--epochs", 1, "--method", "ae")
    assert answer.status == 2
    assert "exists" in answer.err
    assert "--overwrite" in answer.err
    assert {file: file.read_bytes() for file in before} == before
    run.quietly(*TRAIN, "--epochs", 1, "--method", "ae", "--overwrite", "--quiet")
    assert load("new.safetensors").autoencoder.config.method == "ae"


def test_a_file_of_settings_does_not_overwrite(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("overwrite = true")
    with pytest.raises(DataError, match="no setting of a training"):
        typed("--settings", str(file))


def test_going_on_takes_no_other_images_of_the_same_size(run: Run) -> None:
    run.quietly(*TRAIN, "--epochs", 1, "--quiet")
    with np.load("data.npz") as data:
        arrays = dict(data)
    name = next(name for name, array in arrays.items() if array.ndim > 1)
    for other in (arrays[name][::-1], arrays[name][:-20]):
        np.savez("data.npz", **{name: other})
        answer = run("train", "--resume", "new.safetensors", "--more", 1)
        assert answer.status == 2
        assert "other data" in answer.err
    np.savez("data.npz", **arrays)
    run.quietly("train", "--resume", "new.safetensors", "--more", 1, "--quiet")


def test_info_says_what_the_command_does_not(run: Run) -> None:
    run.quietly(*TRAIN, "--epochs", 1, "--quiet")
    run.quietly("train", "--resume", "new.safetensors", "--more", 2, "--quiet")
    told = run("info", "new.safetensors").json
    assert told["beside_the_command"] == ["first planned for 1 epochs"]


def test_more_goes_with_resume(run: Run) -> None:
    answer = run(*TRAIN, "--more", 3)
    assert (answer.status, "--more goes with --resume" in answer.err) == (2, True)


@pytest.mark.parametrize("words", [("--preset", "sharp"), ("--beta", 3), ("--latent", 3)])
def test_what_is_gone_on_with_takes_no_other_settings(run: Run, words: tuple[object, ...]) -> None:
    answer = run("train", "--resume", "new.safetensors", *words)
    assert answer.status == 2
    assert "--resume goes on with the settings the training began with" in answer.err


def test_training_logs_to_tensorboard(run: Run) -> None:
    run.quietly(*TRAIN, "--epochs", 3, "--quiet")
    events = EventAccumulator("new.safetensors.run/tensorboard")
    events.Reload()
    history = load("new.safetensors").record["history"]
    told = [event.value for event in events.Scalars("elbo/held-out")]
    assert told == pytest.approx([entry["held_out"]["elbo"] for entry in history], abs=1e-3)
    kl = [event.value for event in events.Scalars("kl of each dimension/z1")]
    assert kl == pytest.approx([entry["kl"][1] for entry in history], abs=1e-3)
    assert events.Scalars("gradient norm")


def test_an_epoch_that_is_done_again_is_logged_once(run: Run) -> None:
    folder = Path("new.safetensors.run/tensorboard")
    run.quietly(*TRAIN, "--epochs", 2, "--quiet")
    done = [event.step for event in logged(folder).Scalars("elbo/held-out")]
    steps = done[0]  # an epoch
    with closing(EventLog(folder)) as cut_short:
        for step in (2 * steps + 1, 3 * steps):
            terms = {"elbo": -1.0}
            held_out = terms if step == 3 * steps else None
            epoch = 2 + (held_out is not None)
            cut_short.write(Progress(epoch, 4, step, 4 * steps, terms, held_out, 1.0, 1.0))
    run.quietly("train", "--resume", "new.safetensors", "--more", 1, "--quiet")
    events = logged(folder).Scalars("elbo/held-out")
    assert [event.step for event in events] == [*done, 3 * steps]
    assert events[-1].value != -1.0


def logged(folder: Path) -> EventAccumulator:
    events = EventAccumulator(str(folder))
    events.Reload()
    return events


def test_without_tensorboard_nothing_is_logged(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.event_log.find_spec", lambda name: None)
    run.quietly(*TRAIN, "--epochs", 1, "--quiet")
    assert not Path("new.safetensors.run/tensorboard").exists()
    assert load("new.safetensors").latent_size == 2


@pytest.mark.parametrize(
    ("share", "drawn"),
    [(0.0, "▕    ▏  0 %"), (0.5, "▕██  ▏ 50 %"), (0.28, "▕█▏  ▏ 28 %"), (1.0, "▕████▏100 %")],
)
def test_a_bar_shows_its_share(share: float, drawn: str) -> None:
    assert bar(share, 4) == drawn


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0:00"), (62, "1:02"), (3723, "1:02:03"), (math.inf, "?")]
)
def test_time_is_written_as_a_clock_shows_it(seconds: float, words: str) -> None:
    assert clock(seconds) == words


def test_what_there_is_to_tell_of_the_data_is_told(run: Run) -> None:
    answer = run(
        "train", *TRAIN[1:], "--epochs", 1, "--batch", 5000, "--image-size", 9, "--channels", 1
    )
    assert "brought to 9×9 in grey" in answer.err
    assert "a batch of 5,000 takes all" in answer.err
    assert "note: " not in answer.err


def test_pictures_that_are_cut_are_told_of_before_the_training(run: Run, tmp_path: Path) -> None:
    for index, size in enumerate(((64, 48), (300, 20), (37, 91))):
        save_pictures(tmp_path / "mixed" / str(index), 1, size)
    said = run("train", "--data", "mixed", "--out", "m.safetensors", "--epochs", 1).err
    note = said.index("sizes differ: each is cut to a square (up to 93 % of it is lost) and")
    assert "to 64×64 (--image-size, --fit)" in said
    assert note < said.index("epoch 1/1")
    words = ("--image-size", "32x48", "--fit", "fit", "--out", "n.safetensors")
    said = run("train", "--data", "mixed", *words, "--epochs", 1).err
    assert "sizes differ: each is padded with the colour of its border and" in said
    assert load("n.safetensors").image_shape == (1, 32, 48), "grey, as all of them are"
    assert load("n.safetensors").record["command"].count("--channels") == 0


def test_a_pseudo_likelihood_is_said_to_be_one(run: Run) -> None:
    assert " held-out pseudo -ELBO " in run(*TRAIN, "--epochs", 1).err
    words = ("--likelihood", "continuous-bernoulli", "--out", "c.safetensors")
    assert " held-out -ELBO " in run(*TRAIN, "--epochs", 1, *words).err


def test_how_long_it_took_is_told_and_recorded(run: Run) -> None:
    answer = run(*TRAIN, "--epochs", 1)
    record = load("new.safetensors").record
    assert record["processor_seconds"] > 0
    told = clock(record["seconds"]), clock(record["processor_seconds"])
    assert "took {} by the clock, {} of processor time".format(*told) in answer.err


def test_a_terminal_is_shown_a_bar(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    answer = run(*TRAIN, "--epochs", 2)
    assert f"\r\x1b[K{bar(0.5)}  epoch 1/2  held-out" in answer.err


def test_as_many_points_are_kept_as_are_wished(run: Run) -> None:
    run.quietly(*TRAIN, "--epochs", 1, "--points", 17, "--quiet")
    assert run("info", "new.safetensors").json["points"] == 17
    assert load("new.safetensors").points is not None
    assert run(*TRAIN, "--epochs", 1, "--points", 0).status == 2
