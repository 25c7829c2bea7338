"""Model files: what is saved comes back exactly, and nothing hostile gets past a clear message."""

import io
import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

import models
from models.autoencoder import Autoencoder, Config
from models.checkpoint import METADATA_KEY, load, load_to_resume, save
from models.data import DataSet
from models.errors import CheckpointError
from models.methods import METHODS, FlowName, LikelihoodName, MethodName
from models.model import Model
from models.networks import NETWORKS, Network
from models.points import Points
from models.preprocessing import Preprocessing
from models.settings import Settings
from models.training import Snapshot, train
from tests.disk import needs_file_limit, small_disk
from tests.small_models import small_config, usual

ROOT = Path(__file__).parent.parent

Header = dict[str, Any]
Tensors = dict[str, Tensor]


def header_of(path: Path) -> Header:
    """The JSON a model file carries in its metadata."""
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    found: Header = json.loads(json.loads(raw[8 : 8 + length])["__metadata__"][METADATA_KEY])
    return found


def rewrite(path: Path, change: Callable[[Header, Tensors], object]) -> None:
    """Write a model file again with its description or its tensors changed."""
    header, tensors = header_of(path), load_file(path)
    change(header, tensors)
    save_file(tensors, path, {METADATA_KEY: json.dumps(header)})


def same_weights(first: Model, second: Model) -> bool:
    a, b = first.autoencoder.state_dict(), second.autoencoder.state_dict()
    return a.keys() == b.keys() and all(torch.equal(value, b[name]) for name, value in a.items())


def test_everything_comes_back_exactly(tiny_model: Model, tiny_model_file: Path) -> None:
    again = load(tiny_model_file)
    assert same_weights(again, tiny_model)
    assert again.autoencoder.config == tiny_model.autoencoder.config
    assert again.preprocessing == tiny_model.preprocessing
    assert again.class_names == tiny_model.class_names
    assert again.record == tiny_model.record
    assert again.metrics == tiny_model.metrics
    assert again.points is not None
    assert tiny_model.points is not None
    np.testing.assert_array_equal(again.points.mean, tiny_model.points.mean)
    np.testing.assert_array_equal(again.points.log_variance, tiny_model.points.log_variance)
    np.testing.assert_array_equal(again.points.label, tiny_model.points.label)


def test_a_loaded_model_computes_the_same(tiny_model: Model, tiny_model_file: Path) -> None:
    again = models.load(tiny_model_file)
    z = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    x = again.decode(z)
    assert torch.equal(x, tiny_model.decode(z))
    assert torch.equal(again.encode(x).mean, tiny_model.encode(x).mean)
    assert not x.requires_grad
    assert not any(value.requires_grad for value in again.autoencoder.parameters())


def comes_back(config: Config, path: Path) -> Model:
    names = ("a", "b", "c") if config.classes else ()
    model = Model(Autoencoder(config), Preprocessing(*config.image_shape, "crop"), names)
    save(model, path)
    again = load(path)
    assert again.autoencoder.config == config
    assert same_weights(again, model)
    assert again.points is None
    return again


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("method", METHODS)
def test_each_method_and_network_comes_back(
    method: MethodName, network: Network, tmp_path: Path
) -> None:
    small = {"image_shape": (3, 9, 17), "width": 4, "likelihood": "gaussian"}
    config = small_config(method, network=network, **small)
    comes_back(config, tmp_path / "model.safetensors")


@pytest.mark.parametrize("likelihood", get_args(LikelihoodName))
@pytest.mark.parametrize("method", METHODS)
def test_each_method_and_likelihood_comes_back(
    method: MethodName, likelihood: LikelihoodName, tmp_path: Path
) -> None:
    comes_back(small_config(method, likelihood=likelihood), tmp_path / "model.safetensors")


@pytest.mark.parametrize("flow", get_args(FlowName))
def test_the_masks_of_a_flow_follow_from_its_configuration(flow: FlowName, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    model = comes_back(small_config("flow-vae", flow=flow), path)
    parameters = {f"weights.{name}" for name, _ in model.autoencoder.named_parameters()}
    assert load_file(path).keys() == parameters
    assert any("mask" in name for name, _ in model.autoencoder.named_buffers())


def test_a_header_of_any_length_is_read(tiny_model: Model, tmp_path: Path) -> None:
    """Its length begins the file, and 0x80 there once made a pickle of one file in 32."""
    first_bytes = set()
    for length in range(0, 256, 8):
        path = tmp_path / f"{length}.safetensors"
        save(replace(tiny_model, record={"note": "x" * length}), path)
        first_bytes.add(path.read_bytes()[0])
        assert load(path).record == {"note": "x" * length}
    assert 0x80 in first_bytes


def test_points_may_have_no_labels(tiny_model: Model, tmp_path: Path) -> None:
    points = Points(np.ones((4, 2), np.float32), np.zeros((4, 2), np.float32))
    save(replace(tiny_model, points=points), tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors").points
    assert again is not None
    assert again.label is None
    assert len(again) == 4


def test_half_precision_is_half_the_size_and_nearly_the_same(
    tiny_model: Model, tiny_model_file: Path, tmp_path: Path
) -> None:
    half = tmp_path / "half.safetensors"
    save(tiny_model, half, half=True)
    overhead = 8 + struct.unpack("<Q", half.read_bytes()[:8])[0]
    assert half.stat().st_size - overhead < 0.6 * tiny_model_file.stat().st_size
    again = load(half)
    assert all(value.dtype == torch.float32 for value in again.autoencoder.parameters())
    z = torch.zeros(1, 2)
    torch.testing.assert_close(again.decode(z), tiny_model.decode(z), rtol=0.0, atol=5e-3)


def test_saving_leaves_the_model_as_it_was(tiny_model: Model, tmp_path: Path) -> None:
    before = {name: value.clone() for name, value in tiny_model.autoencoder.state_dict().items()}
    save(tiny_model, tmp_path / "half.safetensors", half=True)
    after = tiny_model.autoencoder.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_a_training_to_go_on_with_comes_back_exactly(
    tiny_model: Model, tiny_data: DataSet, tmp_path: Path
) -> None:
    path = tmp_path / "run.safetensors"
    autoencoder = Autoencoder(tiny_model.autoencoder.config)
    cpu = torch.device("cpu")
    *_, last = train(autoencoder, tiny_data, Settings(epochs=2, batch_size=50), device=cpu)
    assert last.snapshot is not None
    save(replace(tiny_model, autoencoder=autoencoder), path, resume=last.snapshot)
    _, again = load_to_resume(path)
    assert again.epoch == 2
    for saved, loaded in (
        (last.snapshot.weights, again.weights),
        (last.snapshot.resume, again.resume),
    ):
        assert saved.keys() == loaded.keys()
        assert all(torch.equal(value, loaded[name]) for name, value in saved.items())
    load(path)  # and it is a model like any other


def drop_a_moment(header: Header, tensors: Tensors) -> None:
    del tensors[next(name for name in tensors if "exp_avg_sq" in name)]


def reshape_a_moment(header: Header, tensors: Tensors) -> None:
    name = next(name for name in tensors if "exp_avg_sq" in name)
    tensors[name] = torch.zeros(3)


@pytest.mark.parametrize(
    "change",
    [
        drop_a_moment,
        reshape_a_moment,
        lambda header, tensors: header.pop("resume_epoch"),
        lambda header, tensors: header.update(resume_epoch=-1),
        lambda header, tensors: header.update(resume_epoch="1"),
    ],
)
def test_a_training_that_is_not_whole_is_refused(
    change: Callable[[Header, Tensors], object], tiny_model: Model, tmp_path: Path
) -> None:
    path = tmp_path / "run.safetensors"
    parameters = dict(tiny_model.autoencoder.named_parameters())
    state = {
        f"{key}.{name}": torch.zeros(()) if key == "adam.step" else torch.zeros_like(value)
        for name, value in parameters.items()
        for key in ("raw", "adam.exp_avg", "adam.exp_avg_sq", "adam.step")
    }
    save(tiny_model, path, resume=Snapshot(1, parameters, state))
    load_to_resume(path)
    rewrite(path, change)
    with pytest.raises(CheckpointError, match=r"run\.safetensors.*no training to go on with"):
        load_to_resume(path)


@pytest.fixture
def factor_vae_file(tiny_data: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A FactorVAE after its first epoch, with a narrow discriminator."""
    monkeypatch.setattr("models.adversary._WIDTH", 16)
    autoencoder = Autoencoder(small_config("factor-vae"))
    settings = Settings(epochs=1, batch_size=50, method=usual("factor-vae"))
    *_, last = train(autoencoder, tiny_data, settings, device=torch.device("cpu"))
    model = Model(autoencoder, tiny_data.preprocessing, tiny_data.class_names)
    save(model, tmp_path / "run.safetensors", resume=last.snapshot)
    return tmp_path / "run.safetensors"


def test_a_discriminator_comes_back_with_its_moments(factor_vae_file: Path) -> None:
    model, snapshot = load_to_resume(factor_vae_file)
    found = {name.split(".")[-2] for name in snapshot.resume if "discriminator." in name}
    assert found == {str(layer) for layer in range(0, 13, 2)}
    assert not any("discriminator" in name for name in snapshot.weights)
    assert not hasattr(model.autoencoder, "discriminator")


@pytest.mark.parametrize(
    "lost", ["raw.discriminator.", "adam.step.discriminator.", "adam.exp_avg.discriminator."]
)
def test_a_training_without_its_discriminator_is_refused(lost: str, factor_vae_file: Path) -> None:
    def lose(header: Header, tensors: Tensors) -> None:
        del tensors[next(name for name in tensors if name.startswith(f"resume.{lost}"))]

    rewrite(factor_vae_file, lose)
    load(factor_vae_file)  # as a model it is whole
    with pytest.raises(CheckpointError, match=r"run\.safetensors.*no training to go on with"):
        load_to_resume(factor_vae_file)


def test_a_discriminator_of_another_width_is_refused(
    factor_vae_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.adversary._WIDTH", 17)
    with pytest.raises(CheckpointError, match="no training to go on with"):
        load_to_resume(factor_vae_file)


def test_a_model_that_is_finished_has_nothing_to_go_on_with(tiny_model_file: Path) -> None:
    with pytest.raises(CheckpointError, match="no training to go on with"):
        load_to_resume(tiny_model_file)


# Saving.


def only(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("fails", ["models.files.os.fsync", "models.checkpoint.save_file"])
def test_a_failing_write_leaves_the_old_file_and_no_other(
    fails: str, tiny_model: Model, tiny_model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tiny_model_file.read_bytes()

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fails, full)
    with pytest.raises(CheckpointError, match=r"tiny\.safetensors.*No space left"):
        save(replace(tiny_model, class_names=()), tiny_model_file)
    assert tiny_model_file.read_bytes() == before
    assert only(tiny_model_file.parent) == ["tiny.safetensors"]


@needs_file_limit
def test_a_full_disk_leaves_the_old_file_and_no_other(
    tiny_model: Model, tiny_model_file: Path
) -> None:
    before = tiny_model_file.read_bytes()
    with small_disk(4096), pytest.raises(CheckpointError, match=r"tiny\.safetensors"):
        save(tiny_model, tiny_model_file)
    assert tiny_model_file.read_bytes() == before
    assert only(tiny_model_file.parent) == ["tiny.safetensors"]


def test_an_interrupted_write_leaves_no_file(
    tiny_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("models.checkpoint.save_file", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save(tiny_model, tmp_path / "model.safetensors")
    assert only(tmp_path) == []


def test_what_cannot_be_written_is_told(tiny_model: Model, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for place in (tmp_path / "missing" / "model.safetensors", tmp_path / "folder"):
        with pytest.raises(CheckpointError, match=f"{place.name}.*cannot be written"):
            save(tiny_model, place)
    assert only(tmp_path) == ["folder"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file modes")
def test_a_new_file_has_the_rights_any_new_file_has(tiny_model: Model, tmp_path: Path) -> None:
    save(tiny_model, tmp_path / "model.safetensors")
    (tmp_path / "other").touch()
    assert (tmp_path / "model.safetensors").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("lost", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_called_that(lost: float, tiny_model_file: Path) -> None:
    rewrite(tiny_model_file, lambda header, tensors: tensors[BIAS].fill_(lost))
    with pytest.raises(CheckpointError) as told:
        load(tiny_model_file)
    words = str(told.value)
    assert "some of its weights are not finite numbers (in 1 of " in words
    assert "train it again" in words
    assert "description" not in words


# Files nobody should send.

Spoil = Callable[[Path], object]


def write(data: bytes) -> Spoil:
    return lambda path: path.write_bytes(data)


def truncate(share: float) -> Spoil:
    def spoil(path: Path) -> None:
        raw = path.read_bytes()
        path.write_bytes(raw[: int(share * len(raw))])

    return spoil


def cut_to(size: int) -> Spoil:
    return lambda path: path.write_bytes(path.read_bytes()[:size])


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_pickle(protocol: int) -> Spoil:
    return write(pickle.dumps({"weights": [1.0, 2.0]}, protocol))


def as_torch_file(path: Path) -> None:
    torch.save({"weight": torch.zeros(3)}, path)


def as_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", b"cos\nsystem\n")


def as_npz(path: Path) -> None:
    stream = io.BytesIO()
    np.savez(stream, weight=np.zeros(3))
    path.write_bytes(stream.getvalue())


def as_foreign(path: Path) -> None:
    save_file({"encoder.weight": torch.zeros(3)}, path, {"format": "pt"})


def with_header_length(length: int) -> Spoil:
    return lambda path: path.write_bytes(struct.pack("<Q", length) + path.read_bytes()[8:])


def with_metadata(text: str) -> Spoil:
    return lambda path: save_file(load_file(path), path, {METADATA_KEY: text})


def with_header(**values: Any) -> Spoil:
    return lambda path: rewrite(path, lambda header, _: header.update(values))


def with_config(**values: Any) -> Spoil:
    return lambda path: rewrite(path, lambda header, _: header["config"].update(values))


def without(key: str) -> Spoil:
    return lambda path: rewrite(path, lambda header, _: header.pop(key))


def with_tensors(change: Callable[[Tensors], object]) -> Spoil:
    return lambda path: rewrite(path, lambda _, tensors: change(tensors))


def claim_offsets(path: Path) -> None:
    """A tensor that says it lies beyond the end of the file."""
    header = {
        "weights.head.weight": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}
    }
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)


BIAS = "weights.head.bias"

HOSTILE: dict[str, Spoil] = {
    "missing": Path.unlink,
    "folder": as_folder,
    "empty": write(b""),
    "one byte": write(b"\0"),
    "text": write(b"this is a letter to you, not a model\n" * 100),
    "an image": write(b"\x89PNG\r\n\x1a\n" + bytes(1000)),
    "zeros": write(bytes(4096)),
    "ones": write(b"\xff" * 4096),
    "json": write(b'{"version": 1}'),
    **{f"cut to {size} bytes": cut_to(size) for size in (7, 8, 9, 10, 16, 100, 1000)},
    **{f"cut to {share:.0%}": truncate(share) for share in (0.1, 0.5, 0.9, 0.999)},
    "longer than it says": lambda path: path.write_bytes(path.read_bytes() + b"more"),
    **{f"pickle {protocol}": as_pickle(protocol) for protocol in (0, 2, 3, 4, 5)},
    "torch file": as_torch_file,
    "zip": as_zip,
    "npz": as_npz,
    "foreign safetensors": as_foreign,
    "header of 0 bytes": with_header_length(0),
    "header of 3 bytes": with_header_length(3),
    "header of exabytes": with_header_length(2**63 - 1),
    "header of all there is": with_header_length(2**64 - 1),
    "tensor beyond the end": claim_offsets,
    "metadata: no json": with_metadata("{"),
    "metadata: a list": with_metadata("[]"),
    "metadata: null": with_metadata("null"),
    "metadata: deeply nested": with_metadata("[" * 200_000),
    "metadata: a number of a million digits": with_metadata('{"version": ' + "9" * 1_000_000 + "}"),
    "version unknown": with_header(version=99),
    "version of text": with_header(version="x" * 1_000_000),
    "no version": without("version"),
    "no config": without("config"),
    "no preprocessing": without("preprocessing"),
    "config: a list": with_header(config=[]),
    "config: empty": with_header(config={}),
    "config: unknown key": with_config(colour="blue"),
    "config: huge width": with_config(width=4096),
    "config: impossible width": with_config(width=10**18),
    "config: width of text": with_config(width="32"),
    "config: width of NaN": with_config(width=float("nan")),
    "config: huge depth": with_config(depth=16),
    "config: huge images": with_config(image_shape=[3, 256, 256]),
    "config: impossible images": with_config(image_shape=[1, 10**9, 10**9]),
    "config: images of text": with_config(image_shape="888"),
    "config: no images": with_config(image_shape=None),
    "config: a flow where none is": with_config(transforms=2),
    "config: a flow that is not there": with_config(method="flow-vae", transforms=2),
    "config: an unknown flow": with_config(flow="maf"),
    "config: transforms without number": with_config(method="flow-vae", transforms=10**9),
    "config: huge flow": with_config(method="flow-vae", transforms=16, latent_size=512),
    "config: huge latent size": with_config(latent_size=512, width=4096, network="resnet"),
    "config: latent size of a fraction": with_config(latent_size=2.5),
    "config: unknown method": with_config(method="gan"),
    "config: unknown network": with_config(network="x" * 1_000_000),
    "config: other network": with_config(network="conv"),
    "config: other method": with_config(method="ae"),
    "config: other likelihood": with_config(likelihood="gaussian"),
    "config: classes": with_config(method="cvae", classes=3),
    "preprocessing: other size": with_header(preprocessing=Preprocessing(1, 9, 9).to_dict()),
    "preprocessing: a list": with_header(preprocessing=[1, 8, 8]),
    "preprocessing: null": with_header(preprocessing=None),
    "preprocessing: unknown rule": with_header(
        preprocessing=Preprocessing(1, 8, 8).to_dict() | {"fit": "squeeze"}
    ),
    "class names: a number": with_header(class_names=3),
    "class names: a million": with_header(class_names=["a"] * 1_000_000),
    "class names: fewer than labels": with_header(class_names=["a"]),
    "metrics: a list": with_header(metrics=[]),
    "metrics: text": with_header(metrics={"elbo": "good"}),
    "metrics: NaN": with_header(metrics={"elbo": float("nan")}),
    "metrics: infinity": with_header(metrics={"elbo": float("inf")}),
    "metrics: too large": with_header(metrics={"elbo": 10**400}),
    "record: a list": with_header(record=[]),
    "record: NaN": with_header(record={"seconds": float("nan")}),
    "weight missing": with_tensors(lambda tensors: tensors.pop(BIAS)),
    "weight too many": with_tensors(lambda tensors: tensors.update(more=torch.zeros(3))),
    "weight too short": with_tensors(lambda tensors: tensors.update({BIAS: torch.zeros(3)})),
    "weight flat": with_tensors(lambda tensors: tensors.update({BIAS: torch.tensor(0.0)})),
    "weight of NaN": with_tensors(lambda tensors: tensors[BIAS].fill_(float("nan"))),
    "weight of infinity": with_tensors(lambda tensors: tensors[BIAS].fill_(float("inf"))),
    "weight of whole numbers": with_tensors(
        lambda tensors: tensors.update({BIAS: torch.zeros(4, dtype=torch.int64)})
    ),
    "weight complex": with_tensors(
        lambda tensors: tensors.update({BIAS: torch.zeros(4, dtype=torch.complex64)})
    ),
    "points without spread": with_tensors(lambda tensors: tensors.pop("points.log_variance")),
    "points without mean": with_tensors(lambda tensors: tensors.pop("points.mean")),
    "points flat": with_tensors(lambda tensors: tensors.update({"points.mean": torch.zeros(300)})),
    "points a number": with_tensors(
        lambda tensors: tensors.update({"points.mean": torch.tensor(1.0)})
    ),
    "points of other size": with_tensors(
        lambda tensors: tensors.update({"points.mean": torch.zeros(150, 3)})
    ),
    "labels too few": with_tensors(
        lambda tensors: tensors.update({"points.label": torch.zeros(3, dtype=torch.int32)})
    ),
    "labels negative": with_tensors(lambda tensors: tensors["points.label"].fill_(-1)),
    "labels too high": with_tensors(lambda tensors: tensors["points.label"].fill_(3)),
    "labels of fractions": with_tensors(
        lambda tensors: tensors.update({"points.label": torch.full((150,), 0.5)})
    ),
}

# Loads each file of argv[1:]; prints by how many MiB the process grew after the first.
LOAD = """
import resource, sys
from models.checkpoint import load
from models.errors import CheckpointError
peaks = []
for path in sys.argv[1:]:
    try:
        load(path)
    except CheckpointError:
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(len(peaks), (peaks[-1] - peaks[0]) // 1024)
"""


@pytest.mark.parametrize("case", HOSTILE)
def test_a_file_nobody_should_send_is_one_clear_message(case: str, tiny_model_file: Path) -> None:
    HOSTILE[case](tiny_model_file)
    with pytest.raises(CheckpointError) as caught:
        load(tiny_model_file)
    message = str(caught.value)
    assert type(caught.value) is CheckpointError
    assert str(tiny_model_file) in message
    assert "\n" not in message
    assert len(message) < 400 + len(str(tiny_model_file))


@pytest.mark.skipif(sys.platform != "linux", reason="the unit of ru_maxrss is another elsewhere")
def test_a_huge_claim_takes_no_memory(tiny_model: Model, tmp_path: Path) -> None:
    cases = [
        "config: other network",
        *(case for case in HOSTILE if "huge" in case or "bytes" in case),
    ]
    cases += ["tensor beyond the end", "config: impossible images", "config: impossible width"]
    files = [str(tmp_path / f"{number}.safetensors") for number in range(len(cases))]
    for case, file in zip(cases, files, strict=True):
        save(tiny_model, file)
        HOSTILE[case](Path(file))
    command = [sys.executable, "-c", LOAD, *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    refused, grown_mib = map(int, done.stdout.split())
    assert refused == len(cases)
    assert grown_mib < 32


@pytest.mark.parametrize("case", ["pickle 2", "pickle 4", "torch file", "zip"])
def test_a_pickle_is_refused_by_name(case: str, tiny_model_file: Path) -> None:
    HOSTILE[case](tiny_model_file)
    with pytest.raises(CheckpointError, match=r"pickle.*never opened.*\.safetensors"):
        load(tiny_model_file)


def test_a_pickle_is_never_run(tiny_model_file: Path, tmp_path: Path) -> None:
    proof = tmp_path / "proof"

    class Evil:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
            return Path.touch, (proof,)

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        tiny_model_file.write_bytes(pickle.dumps(Evil(), protocol))
        with pytest.raises(CheckpointError):
            load(tiny_model_file)
    torch.save(Evil(), tiny_model_file)
    with pytest.raises(CheckpointError):
        load(tiny_model_file)
    assert not proof.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.safetensors")
    with pytest.raises(CheckpointError, match="no ordinary file"):
        load(tmp_path / "pipe.safetensors")


def test_a_file_that_cannot_be_read_is_told(
    tiny_model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(CheckpointError, match=r"tiny\.safetensors.*Permission denied.*rights"):
        load(tiny_model_file)


def test_a_failed_load_leaves_an_open_model_as_it_was(
    tiny_model: Model, tiny_model_file: Path
) -> None:
    opened = load(tiny_model_file)
    truncate(0.5)(tiny_model_file.rename(tiny_model_file.with_name("other.safetensors")))
    with pytest.raises(CheckpointError):
        load(tiny_model_file.with_name("other.safetensors"))
    assert same_weights(opened, tiny_model)
