"""The command line, most of it in this process, what concerns a whole process in one of its own."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import types
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from explorer import __version__, command_line, headless, headless_training
from explorer.command_line import command_parser, main
from models import data as data_module
from models.autoencoder import Autoencoder, Config
from models.checkpoint import load, save
from models.data import DataSet
from models.model import Model, encode_points
from models.paths import path as latent_path
from models.paths import there_and_back
from models.plans import Plan
from models.preprocessing import Preprocessing
from tests.samples import save_pictures

ROOT = Path(__file__).parent.parent
PROGRAM = [sys.executable, str(ROOT / "main.py")]

# Runs the words in argv[1:] in a process that cannot import Qt.
WITHOUT_QT = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"PySide6", "shiboken6", "pyqtgraph", "superqt", "qtpy"}:
            raise ImportError("Qt is not there")
sys.meta_path.insert(0, Refuse())
from explorer.command_line import main
sys.exit(main())
"""


class Answer:
    """What a command did: exit status, standard output, standard error."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object that was printed, and nothing beside it."""
        assert (self.status, self.err) == (0, "")
        assert self.out.count("\n") == 1
        value: dict[str, Any] = json.loads(self.out)
        return value


class Run:
    """Runs words in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *words: object) -> Answer:
        status = main([str(word) for word in words])
        return Answer(status, *self.capsys.readouterr())

    def quietly(self, *words: object) -> None:
        answer = self(*words)
        assert (answer.status, answer.out, answer.err) == (0, "", "")


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Run]:
    """Commands in a folder of their own, on one thread."""
    monkeypatch.chdir(tmp_path)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield Run(capsys)
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, tiny_model: Model, tiny_data: DataSet) -> None:
    """Models vae, cvae, ae, line (K = 1) and colour; pictures a and b; data; a broken picture."""
    save(tiny_model, tmp_path / "vae.safetensors")
    small = Config(image_shape=(1, 8, 8), width=8, depth=0)
    for name, config in {
        "cvae": replace(small, method="cvae", classes=3),
        "ae": replace(small, method="ae"),
        "line": replace(small, latent_size=1),
    }.items():
        autoencoder = Autoencoder(config)
        points = encode_points(autoencoder, tiny_data.train)
        model = Model(autoencoder, tiny_data.preprocessing, tiny_data.class_names, points)
        save(model, tmp_path / f"{name}.safetensors")
    for name, image in zip("ab", tiny_data.held_out.images[:][:, 0], strict=False):
        Image.fromarray(image).save(tmp_path / f"{name}.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "a.png").read_bytes()[:60])
    (tmp_path / "folder").mkdir()
    names = np.array(tiny_data.class_names)[tiny_data.train.labels]
    np.savez(tmp_path / "data.npz", images=tiny_data.train.images, labels=names)
    np.savez(tmp_path / "unlabelled.npz", images=tiny_data.train.images)
    strange = np.where(names == "down", "oblique", names)
    np.savez(tmp_path / "strange.npz", images=tiny_data.train.images, labels=strange)


def grey(path: Path, frame: int = 0) -> npt.NDArray[np.uint8]:
    """Levels of one frame of a picture."""
    with Image.open(path) as image:
        image.seek(frame)
        return np.asarray(image.convert("L"))


def decoded(model: Model, z: npt.ArrayLike, label: int | None = None) -> npt.NDArray[np.uint8]:
    """Mean pictures [N, 8, 8] of latents [N, K]."""
    latents = torch.tensor(np.asarray(z, np.float32))
    labels = None if label is None else torch.full((len(latents),), label)
    levels = model.decode(latents, labels)[:, 0].numpy() * 255
    return np.round(levels).astype(np.uint8)


# --- info, evaluate ---


def test_info_describes_the_file(run: Run, tiny_model: Model) -> None:
    told = run("info", "vae.safetensors").json
    assert told["format"] == "latent-explorer"
    assert told["method"] == "vae"
    assert told["latent_size"] == 2
    assert told["image_shape"] == [1, 8, 8]
    assert told["class_names"] == ["across", "down", "square"]
    assert told["metrics"] == dict(tiny_model.metrics)
    assert told["points"] == 150
    assert told["preprocessing"] == tiny_model.preprocessing.to_dict()
    assert told["parameters"] == sum(p.numel() for p in tiny_model.autoencoder.parameters())
    assert {"network", "likelihood", "command"} <= told.keys()


def test_evaluate_gives_terms_that_add_up(run: Run) -> None:
    told = run("evaluate", "vae.safetensors", "--data", "data.npz").json
    assert told["elbo_nats"] == pytest.approx(-told["reconstruction_nats"] - told["kl_nats"])
    assert told["bits_per_pixel"] == pytest.approx(-told["elbo_nats"] / 64 / np.log(2))
    assert told["images"] == 15
    assert told["pseudo_likelihood"] is True
    assert told["binarised"] is False
    assert "importance_bound_nats" not in told


def test_evaluate_measures_disentanglement_where_factors_are_known(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "mig" not in run("evaluate", "vae.safetensors", "--data", "data.npz").json
    monkeypatch.setattr(data_module, "_DRAWN_HELD_OUT", 300)
    words = ("evaluate", "vae.safetensors", "--data", "sprites")
    told = json.loads(run(*words).out)
    assert told["images"] == 300
    assert 0 <= told["mig"] <= 1
    assert json.loads(run(*words).out) == told


def test_evaluate_is_the_same_for_the_same_seed(run: Run) -> None:
    words = ("evaluate", "vae.safetensors", "--data", "data.npz", "--split", "train", "--seed")
    assert run(*words, 1).json == run(*words, 1).json
    assert run(*words, 1).json["elbo_nats"] != run(*words, 2).json["elbo_nats"]
    assert run(*words, 1).json["images"] == 135


def test_evaluate_tightens_the_bound_with_samples(run: Run) -> None:
    words = ("evaluate", "vae.safetensors", "--data", "data.npz", "--importance-samples")
    few, many = run(*words, 2).json, run(*words, 200).json
    assert few["importance_samples"] == 2
    below = max(few["importance_bound_nats"], many["elbo_nats"])
    assert below < many["importance_bound_nats"]


def test_evaluate_matches_classes_by_name(run: Run, tiny_data: DataSet, tmp_path: Path) -> None:
    right = run("evaluate", "cvae.safetensors", "--data", "data.npz").json
    model = load(tmp_path / "cvae.safetensors")
    save(  # the same weights, but their class 0 is called square now
        Model(model.autoencoder, model.preprocessing, ("square", "across", "down")),
        tmp_path / "turned.safetensors",
    )
    wrong = run("evaluate", "turned.safetensors", "--data", "data.npz").json
    assert wrong["elbo_nats"] != right["elbo_nats"]
    names = np.array(["square", "across", "down"])[tiny_data.train.labels]
    np.savez(tmp_path / "turned.npz", images=tiny_data.train.images, labels=names)
    turned = run("evaluate", "turned.safetensors", "--data", "turned.npz").json
    assert turned["elbo_nats"] == right["elbo_nats"]


def test_evaluate_of_a_plain_autoencoder_has_no_elbo(run: Run) -> None:
    told = run("evaluate", "ae.safetensors", "--data", "data.npz").json
    assert told["reconstruction_nats"] > 0
    assert not {"elbo_nats", "kl_nats", "bits_per_pixel"} & told.keys()


def test_evaluate_brings_images_to_the_model(run: Run, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    np.save(tmp_path / "colour.npy", random.integers(0, 256, (20, 12, 10, 3), np.uint8))
    answer = run("evaluate", "vae.safetensors", "--data", "colour.npy")
    note = (
        "images of 10×12 in colour brought to 8×8 in grey, each padded with the colour of its "
        "border"
    )
    assert answer.err == f"colour: {note}\n"
    told = json.loads(answer.out)
    assert (told["images"], told["notes"]) == (2, [note])
    assert run("evaluate", "vae.safetensors", "--data", "data.npz").json["notes"] == []


def test_evaluate_says_what_was_done_to_pictures(run: Run, tmp_path: Path) -> None:
    save_pictures(tmp_path / "photos", 3, (30, 20), "RGB")
    answer = run("evaluate", "vae.safetensors", "--data", "photos")
    shrunk, grey = json.loads(answer.out)["notes"]
    assert shrunk.startswith("pictures of 30×20: each is ")
    assert shrunk.endswith("shrunk to 8×8"), "there is no option to choose otherwise"
    assert grey == "colour made grey"
    assert answer.err == f"photos: {shrunk}\nphotos: {grey}\n"


@pytest.mark.parametrize("model", ["mnist-10d", "rooms"])
def test_evaluate_says_that_images_are_of_the_other_polarity(
    model: str, run: Run, tmp_path: Path
) -> None:
    path = ROOT / "assets" / f"{model}.safetensors"
    known = load(path)
    z = torch.randn(30, known.latent_size, generator=torch.Generator().manual_seed(0))
    images = (255 * known.decode(z)).round().byte().permute(0, 2, 3, 1).numpy()
    for name, pixels in (("as-known", images), ("negatives", 255 - images)):
        np.save(tmp_path / f"{name}.npy", pixels)
    assert run("evaluate", path, "--data", "as-known.npy").json["notes"] == []
    answer = run("evaluate", path, "--data", "negatives.npy")
    (note,) = json.loads(answer.out)["notes"]
    assert "the other polarity" in note
    assert answer.err == f"negatives: {note}\n"


# --- encode, decode ---


def test_encode_prints_a_line_an_image(run: Run, tiny_model: Model, tiny_data: DataSet) -> None:
    answer = run("encode", "vae.safetensors", "a.png", "b.png")
    assert (answer.status, answer.err) == (0, "")
    told = [json.loads(line) for line in answer.out.splitlines()]
    assert [line["image"] for line in told] == ["a.png", "b.png"]
    q = tiny_model.encode(torch.from_numpy(tiny_data.held_out.images[:2] / np.float32(255)))
    for name, rows in (("mean", q.mean), ("stddev", q.stddev)):
        close = [pytest.approx(row, rel=1e-5, abs=1e-6) for row in rows.tolist()]
        assert [line[name] for line in told] == close
    assert told[0]["notes"] == []


def test_encode_says_what_it_did_to_a_picture(run: Run, tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), (200, 30, 30)).save(tmp_path / "red.png")
    notes = run("encode", "vae.safetensors", "red.png").json["notes"]
    assert any("8×8" in note for note in notes)


def test_a_class_is_told_by_name_or_number(run: Run) -> None:
    by_name = run("encode", "cvae.safetensors", "a.png", "--label", "down").json
    assert by_name == run("encode", "cvae.safetensors", "a.png", "--label", 1).json
    assert by_name != run("encode", "cvae.safetensors", "a.png", "--label", "square").json


@pytest.mark.parametrize(
    "words", [["--z", "-0.5,1.25"], ["--z=-0.5,1.25"], ["--z", "-.5, 1.25"], ["--z", "-5e-1,1.25"]]
)
def test_decode_writes_the_mean(
    run: Run, tmp_path: Path, tiny_model: Model, words: list[str]
) -> None:
    run.quietly("decode", "vae.safetensors", *words, "--out", "x.png")
    wanted = decoded(tiny_model, [[-0.5, 1.25]])[0]
    np.testing.assert_array_equal(grey(tmp_path / "x.png"), wanted)


def test_decode_of_a_class_in_a_size(run: Run, tmp_path: Path) -> None:
    model = load(tmp_path / "cvae.safetensors")
    words = ("decode", "cvae.safetensors", "--z", "0,1", "--label", "square", "--out", "x.png")
    run.quietly(*words, "--size", 64, "--scaling", "nearest")
    wanted = decoded(model, [[0, 1]], 2)[0].repeat(8, 0).repeat(8, 1)
    np.testing.assert_array_equal(grey(tmp_path / "x.png"), wanted)


def test_a_model_of_one_dimension(run: Run, tmp_path: Path) -> None:
    run.quietly("decode", "line.safetensors", "--z", "-2", "--out", "x.png")
    wanted = decoded(load(tmp_path / "line.safetensors"), [[-2]])[0]
    np.testing.assert_array_equal(grey(tmp_path / "x.png"), wanted)
    run.quietly("interpolate", "line.safetensors", "-2", "a.png", "--out", "x.gif")
    run.quietly("traverse", "line.safetensors", "--out", "x.png")


def test_a_decode_far_outside_is_still_a_picture(run: Run) -> None:
    run.quietly("decode", "vae.safetensors", "--z", "3e38,-3e38", "--out", "x.png")


def test_colour_is_written_in_colour(run: Run, tmp_path: Path) -> None:
    config = Config(image_shape=(3, 8, 10), width=8, depth=0, likelihood="gaussian")
    save(Model(Autoencoder(config), Preprocessing(3, 8, 10)), tmp_path / "colour.safetensors")
    for name in ("x.png", "x.gif", "x.apng"):
        run.quietly("traverse", "colour.safetensors", "--out", name)
    run.quietly("decode", "colour.safetensors", "--z", "0,0", "--out", "y.png")
    with Image.open(tmp_path / "y.png") as image:
        assert (image.mode, image.size) == ("RGB", (10, 8))


# --- interpolate, traverse ---


@pytest.mark.parametrize("kind", ["linear", "spherical"])
def test_interpolate_between_latents(
    run: Run, tmp_path: Path, tiny_model: Model, kind: str
) -> None:
    words = ("interpolate", "vae.safetensors", "-1,0.5", "1,1", "--path", kind, "--frames", 5)
    run.quietly(*words, "--out", "x.png")
    keyframes = np.array([[-1, 0.5], [1, 1]], np.float32)
    latents = latent_path(keyframes, 5, "linear" if kind == "linear" else "spherical")
    wanted = np.concatenate(list(decoded(tiny_model, latents)), 1)
    np.testing.assert_array_equal(grey(tmp_path / "x.png"), wanted)


@pytest.mark.parametrize("name", ["x.gif", "x.apng"])
def test_interpolate_between_images(run: Run, tmp_path: Path, tiny_model: Model, name: str) -> None:
    words = ("interpolate", "vae.safetensors", "a.png", "b.png", "--frames", 6, "--out", name)
    run.quietly(*words, "--size", 8, "--fps", 10, "--there-and-back")
    ends = [run("encode", "vae.safetensors", f"{end}.png").json["mean"] for end in "ab"]
    wanted = decoded(tiny_model, latent_path(np.array(ends, np.float32), 6))
    with Image.open(tmp_path / name) as image:
        assert (image.n_frames, image.size) == (10, (8, 8))  # type: ignore[attr-defined]  # Pillow
        assert image.info["loop"] == 0
        assert image.info["duration"] == pytest.approx(100)
    for frame, number in enumerate(there_and_back(6)):
        found = grey(tmp_path / name, frame).astype(int)
        assert np.abs(found - wanted[number]).max() <= 1


def test_traverse_is_a_row_a_dimension(run: Run, tmp_path: Path, tiny_model: Model) -> None:
    words = ("traverse", "vae.safetensors", "--frames", 5, "--range", 2, "--out", "x.png")
    run.quietly(*words)
    found = grey(tmp_path / "x.png")
    assert found.shape == (2 * 8, 5 * 8)
    for column, step in enumerate((-2, -1, 0, 1, 2)):
        both = decoded(tiny_model, [[step, 0], [0, step]])
        np.testing.assert_array_equal(found[:8, column * 8 : column * 8 + 8], both[0])
        np.testing.assert_array_equal(found[8:, column * 8 : column * 8 + 8], both[1])
    run.quietly(*words, "--dimension", 1, "--size", 16)
    assert grey(tmp_path / "x.png").shape == (16, 80)


def test_traverse_plays_one_dimension_after_another(run: Run, tmp_path: Path) -> None:
    run.quietly("traverse", "vae.safetensors", "--frames", 5, "--out", "x.gif")
    with Image.open(tmp_path / "x.gif") as image:
        assert image.n_frames == 10  # type: ignore[attr-defined]  # Pillow has it on some classes


def test_a_plain_autoencoder_is_traversed_around_its_data(run: Run, tmp_path: Path) -> None:
    run.quietly("traverse", "ae.safetensors", "--frames", 3, "--out", "x.png")
    model = load(tmp_path / "ae.safetensors")
    assert model.points is not None
    wanted = decoded(model, model.points.mean.mean(0, keepdims=True))[0]
    np.testing.assert_array_equal(grey(tmp_path / "x.png")[:8, 8:16], wanted)


# --- train ---

TRAIN = ("train", "--data", "data.npz", "--out", "new.safetensors", "--width", 8, "--depth", 0)


def test_train_then_evaluate_gives_the_recorded_figures(run: Run) -> None:
    run.quietly(*TRAIN, "--latent", 3, "--epochs", 2, "--half", "--quiet")
    recorded = run("info", "new.safetensors").json
    measured = run("evaluate", "new.safetensors", "--data", "data.npz").json
    assert recorded["latent_size"] == 3
    assert recorded["metrics"]["held_out_elbo_nats"] == measured["elbo_nats"]
    assert recorded["metrics"]["held_out_kl_nats"] == measured["kl_nats"]
    assert recorded["metrics"]["active_units"] == measured["active_units"]


def test_the_recorded_command_trains_the_same_model(run: Run, tmp_path: Path) -> None:
    run.quietly(*TRAIN, "--method", "cvae", "--epochs", 2, "--batch", 30, "--seed", 5, "--quiet")
    command = run("info", "new.safetensors").json["command"]
    first = (tmp_path / "new.safetensors").rename(tmp_path / "first.safetensors")
    program, *words = shlex.split(command)
    assert program == "latent-explorer"
    run(*words, "--overwrite")
    states = [load(path).autoencoder.state_dict() for path in (first, "new.safetensors")]
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_train_says_a_line_an_epoch(run: Run) -> None:
    answer = run(*TRAIN, "--epochs", 3)
    assert (answer.status, answer.out) == (0, "")
    *epochs, last, took = answer.err.splitlines()
    assert [line.split("  ")[0] for line in epochs] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert all("-ELBO" in line and "KL" in line and "left" in line for line in epochs)
    assert last.startswith("new.safetensors: held_out_elbo_nats -")
    assert re.fullmatch(r"took [\d:]+ by the clock, [\d:]+ of processor time", took)


def test_train_rewrites_its_line_on_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    answer = run(*TRAIN, "--epochs", 2)
    assert answer.err.count("\n") == 4
    assert "epoch 1/2" in answer.err


@pytest.mark.parametrize(
    "plan",
    [
        Plan("x", "y.safetensors"),
        Plan("a b", "c'd.safetensors", method="cvae", latent_size=7, epochs=3, half=True, seed=9),
        Plan(
            "x",
            "y.safetensors",
            network="conv",
            width=3,
            depth=4,
            likelihood="gaussian",
            batch_size=2,
        ),
        Plan(
            "x",
            "y.safetensors",
            learning_rate=0.0123,
            warmup_epochs=0.0,
            image_shape=(3, 20, 30),
            fit="fit",
        ),
        Plan("x", "y.safetensors", image_shape=(0, 20, 30)),
        Plan(
            "x",
            "y.safetensors",
            method="ae",
            network="resnet",
            allow_download=True,
            latent_size=512,
        ),
    ],
)
def test_a_plan_and_its_command_say_the_same(plan: Plan) -> None:
    words = shlex.split(plan.command())[2:]
    given = vars(command_parser("train").parse_args(words))
    assert headless_training.plan_of(given) == plan


# --- processes ---


def process(*words: object, code: str = "") -> subprocess.CompletedProcess[str]:
    """The words run by a process of their own."""
    start = [sys.executable, "-c", code] if code else PROGRAM
    command = [*start, *map(str, words)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_headless_commands_run_without_qt(run: Run) -> None:
    commands = [
        ["info", "vae.safetensors"],
        ["encode", "vae.safetensors", "a.png"],
        ["evaluate", "vae.safetensors", "--data", "data.npz"],
        ["decode", "vae.safetensors", "--z", "0,0", "--out", "x.png"],
        ["interpolate", "vae.safetensors", "a.png", "b.png", "--frames", "4", "--out", "x.gif"],
        ["traverse", "vae.safetensors", "--frames", "4", "--out", "x.gif"],
        [*map(str, TRAIN), "--epochs", "1", "--threads", "1"],
    ]
    assert {words[0] for words in commands} == command_line.COMMANDS.keys()
    each = f"sys.exit(max(main(words) for words in {commands}))"
    done = process(code=WITHOUT_QT.replace("sys.exit(main())", each))
    assert done.returncode == 0, done.stderr


def test_help_waits_for_no_torch(run: Run) -> None:
    code = WITHOUT_QT.replace("sys.exit(main())", "main(); sys.exit('torch' in sys.modules)")
    for words in (["--help"], ["train", "--help"], ["info"], ["--version"]):
        assert process(*words, code=code).returncode == 0


def test_main_py_and_its_status(run: Run) -> None:
    assert process("--version").stdout == f"latent-explorer {__version__}\n"
    done = process("info", "vae.safetensors")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["latent_size"] == 2
    done = process("info", "nothing.safetensors")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_a_reader_that_has_enough_is_no_error(run: Run) -> None:
    with subprocess.Popen(
        [*PROGRAM, "encode", "vae.safetensors", "a.png", "b.png"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        assert program.stderr.read() == b""
    assert program.returncode == 0


def training_process(*words: object) -> "subprocess.Popen[str]":
    """A long training that has finished its first epoch."""
    command = [*PROGRAM, *map(str, TRAIN), "--batch", "5", "--threads", "1", *map(str, words)]
    program = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert program.stderr is not None
    first = program.stderr.readline()
    assert first.startswith("epoch 1/"), first
    return program


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_an_interrupted_training_says_how_to_go_on(run: Run) -> None:
    # Processes started behind a script's back are deaf to Ctrl+C, and so would their own be.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    program = training_process("--epochs", 100_000)
    signal.signal(signal.SIGINT, before)
    with program:
        program.send_signal(signal.SIGINT)
        assert program.stderr is not None
        last = program.stderr.read().splitlines()[-1]
    assert program.returncode == 130
    assert last == "stopped; go on with: latent-explorer train --resume new.safetensors"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_killed_training_goes_on_and_ends_the_same(run: Run) -> None:
    run.quietly(*TRAIN, "--batch", 5, "--epochs", 40, "--threads", 1, "--quiet")
    straight = load("new.safetensors")
    os.remove("new.safetensors")
    with training_process("--epochs", 40, "--overwrite") as program:
        program.kill()
    assert os.listdir("new.safetensors.run")
    run.quietly("train", "--resume", "new.safetensors", "--quiet")
    resumed = load("new.safetensors").autoencoder.state_dict()
    for name, value in straight.autoencoder.state_dict().items():
        assert torch.equal(value, resumed[name]), name


# --- the window ---


def test_anything_else_opens_the_window(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[list[str], str | None]] = []

    def open_window(paths: list[str], screenshot: str | None) -> int:
        opened.append((paths, screenshot))
        return 0

    application = types.ModuleType("explorer.application")
    application.run = open_window  # type: ignore[attr-defined]  # a stand-in for the module
    monkeypatch.setitem(sys.modules, "explorer.application", application)
    run.quietly()
    run.quietly("vae.safetensors", "a.png")
    run.quietly("--screenshot", "x.png", "vae.safetensors")
    assert opened == [
        ([], None),
        (["vae.safetensors", "a.png"], None),
        (["vae.safetensors"], "x.png"),
    ]


# --- what can be wrong ---

DECODE = "decode vae.safetensors --out x.png --z"
BETWEEN = "interpolate vae.safetensors a.png b.png"

WRONG = {
    "--nonsense": "unrecognized arguments: --nonsense",
    "--screenshot": "expected one argument",
    "info": "required: MODEL",
    "info no.safetensors": "no.safetensors: cannot be read (No such file",
    "info folder": "folder: is a folder",
    "info a.png": "a.png: is no model file",
    "info vae.safetensors more": "unrecognized arguments: more",
    "evaluate vae.safetensors": "required: --data",
    "evaluate vae.safetensors --data nowhere": "nowhere: is neither there nor",
    "evaluate vae.safetensors --data folder": "folder",
    "evaluate vae.safetensors --data data.npz --importance-samples -3": "no whole number",
    "evaluate vae.safetensors --data data.npz --importance-samples x": "no whole number",
    "evaluate vae.safetensors --data data.npz --seed 1.5": "no whole number",
    "evaluate vae.safetensors --data data.npz --threads 0": "at least 1",
    "evaluate ae.safetensors --data data.npz --importance-samples 3": "no importance-weighted",
    "evaluate cvae.safetensors --data unlabelled.npz": "needs images with labels",
    "evaluate cvae.safetensors --data strange.npz": "no class 'oblique'",
    "encode vae.safetensors": "required: IMAGE",
    "encode vae.safetensors no.png": "no.png",
    "encode vae.safetensors broken.png": "broken.png: is damaged",
    "encode vae.safetensors vae.safetensors": "vae.safetensors: is no picture",
    "encode vae.safetensors a.png --label 1": "is not conditional",
    "encode cvae.safetensors a.png": "needs --label: across, down, square",
    "encode cvae.safetensors a.png --label 3": "knows across, down, square",
    "encode cvae.safetensors a.png --label -1": "knows across, down, square",
    "encode cvae.safetensors a.png --label oblique": "knows across, down, square",
    "decode vae.safetensors --z 0,0": "required: --out",
    f"{DECODE} 1": "has 1 numbers",
    f"{DECODE} 1,2,3": "has 3 numbers",
    f"{DECODE} nan,0": "is no latent",
    f"{DECODE} inf,0": "is no latent",
    f"{DECODE} 1e39,0": "is no latent",
    f"{DECODE} -one,two": "expected one argument",
    f"{DECODE} one,two": "is no latent: give 2 numbers",
    f"{DECODE} 1,": "is no latent",
    f"{DECODE} ''": "is no latent",
    "decode vae.safetensors --z 0,0 --out x.gif": "must end in .png",
    "decode vae.safetensors --z 0,0 --out x": "must end in",
    "decode vae.safetensors --z 0,0 --out no/x.png": "no/x.png: cannot be written",
    "decode vae.safetensors --z 0,0 --out x.png --size 3": "3 pixels",
    "interpolate vae.safetensors a.png --out x.gif": "required: B",
    "interpolate vae.safetensors a.png no.png --out x.gif": "no.png",
    "interpolate vae.safetensors a.png 1,2,3 --out x.gif": "has 3 numbers",
    "interpolate vae.safetensors a.png -1,nan --out x.gif": "is no latent",
    f"{BETWEEN} --out x.mp4": "must end in .gif, .apng, .png",
    f"{BETWEEN} --out x.gif --path geodesic": "not available yet: use linear or spherical",
    f"{BETWEEN} --out x.gif --path crooked": "invalid choice",
    f"{BETWEEN} --out x.gif --frames 0": "at least 1",
    f"{BETWEEN} --out x.gif --fps 1000": "frames a second",
    f"{BETWEEN} --out x.gif --fps nan": "must be a finite number, not nan",
    f"{BETWEEN} --out x.gif --fps -5": "frames a second",
    f"{BETWEEN} --out x.gif --size 100000": "100000 pixels",
    f"{BETWEEN} --out folder/no/x.gif": "cannot be written",
    "traverse vae.safetensors --out x.gif --dimension 2": "the model has 2",
    "traverse vae.safetensors --out x.gif --dimension -1": "no whole number",
    "traverse vae.safetensors --out x.gif --range inf": "must be a finite number, not inf",
    "train": "needs --data and --out",
    "train --data data.npz": "needs --data and --out",
    "train --data data.npz --out x --method gan": "invalid choice",
    "train --data data.npz --out x --epochs 0": "at least 1",
    "train --data data.npz --out x --latent 1000": "latent size",
    "train --data data.npz --out x --learning-rate 7": "learning rate",
    "train --data data.npz --out x --learning-rate inf": "must be a finite number, not inf",
    "train --data data.npz --out x --learning-rate fast": "'fast' is no number",
    "train --data data.npz --out x --betta 4": "--betta 4 (did you mean --beta?); see",
    "train --data data.npz --out x --unheard-of": "arguments: --unheard-of; see",
    "train --data data.npz --out x --samples 2.5": "'2.5' is no whole number from 1 to 100",
    "train --data data.npz --out x --epochs 2.5": "'2.5' is no whole number from 1 up",
    "train --data data.npz --out x --image-size 8by8": "no size such as",
    "train --data data.npz --out x --channels 1": "--channels goes with --image-size",
    "train --data data.npz --out x --image-size 7x7 --channels 1": "8 to 256",
    "train --data unlabelled.npz --out x --method cvae": "has no classes",
    "train --data nowhere --out x": "nowhere: is neither there nor",
    "train --data data.npz --out folder": "folder: is a folder",
    "train --data data.npz --out no/x": "no/x.safetensors.run: cannot be written",
    "train --data data.npz --out x.pt": "x.pt: a model is written as .safetensors, and .pt is the "
    "ending of another format; name it x.safetensors",
    "train --data data.npz --out data.npz": "name it data.safetensors",
    "train --data data.npz --out a.PNG": "name it a.safetensors",
    "train --resume x": "no training to go on with here",
    "train --resume x --epochs 3": "settings the training began with",
}


@pytest.mark.parametrize("words", WRONG)
def test_a_wrong_command_gets_one_clear_line(run: Run, tmp_path: Path, words: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    answer = run(*shlex.split(words))
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.startswith("latent-explorer: ")
    assert answer.err.count("\n") == 1
    assert WRONG[words] in answer.err
    assert sorted(tmp_path.rglob("*")) == before


def test_the_image_at_fault_is_named(run: Run) -> None:
    answer = run("encode", "vae.safetensors", "a.png", "broken.png", "b.png")
    assert answer.status == 2
    assert answer.err.startswith("latent-explorer: broken.png: ")
    assert answer.err.count("\n") == 1


def break_down(*_: object) -> None:
    raise RuntimeError("an accident")


def test_a_fault_of_ours_goes_to_the_log(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(headless, "info", break_down)
    monkeypatch.setattr("platformdirs.user_log_dir", lambda *_, **__: str(tmp_path / "log"))
    answer = run("info", "vae.safetensors")
    assert (answer.status, answer.out) == (1, "")
    log = Path(answer.err.removesuffix("\n").split(" are in ")[1])
    assert answer.err.count("\n") == 1
    assert "Traceback" in log.read_text("utf-8")
    assert "an accident" in log.read_text("utf-8")


def test_a_fault_that_cannot_be_logged_is_shown(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(headless, "info", break_down)
    monkeypatch.setattr("platformdirs.user_log_dir", lambda *_, **__: str(tmp_path / "a.png"))
    answer = run("info", "vae.safetensors")
    assert answer.status == 1
    assert "an accident" in answer.err


@pytest.mark.parametrize("command", command_line.COMMANDS)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    answer = run(command, "--help")
    assert (answer.status, answer.err) == (0, "")
    assert answer.out.startswith(f"usage: latent-explorer {command}")
    assert f"  {command} " in run("--help").out
