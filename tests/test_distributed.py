"""Data-parallel training: two processes end where one does, and write one file."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import torch

from models.checkpoint import load
from models.data import load_data
from models.distributed import ALONE, Processes, processes
from models.errors import CheckpointError, ProcessLostError, TrainingError
from models.plans import Plan
from models.runs import run
from tests.disk import needs_file_limit, small_disk
from tests.each_method import CASES, Outcome, outcome
from tests.samples import Bytes

ROOT = Path(__file__).parent.parent
PROGRAM = str(ROOT / "main.py")
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
# 135 images to train on in batches of 67: of two of them the processes get 34 and 33, and the last
# is one image, which both compute.
SETTINGS = ("--epochs", "3", "--width", "16", "--depth", "1", "--batch", "67", "--threads", "1")


def train(folder: Path, *words: str, by: tuple[str, ...] = ()) -> str:
    """Train in a process of its own, or in two, and say what it said."""
    return started([sys.executable, *by, PROGRAM, "train", *words], folder).stderr


def started(words: Sequence[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a program in a folder to its good end."""
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        | {"GLOO_SOCKET_IFNAME": "lo"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def binary_images() -> Bytes:
    """150 nearly black and white images, which are drawn anew as binary ones for every use."""
    random = np.random.default_rng(0)
    noisy, rows = random.random((150, 8, 8)) < 0.1, 255 * random.integers(0, 2, (150, 1, 8))
    return np.where(noisy, 200, rows).astype(np.uint8)


@pytest.fixture
def binary_data(tmp_path: Path) -> Path:
    np.savez(tmp_path / "data.npz", images=binary_images())
    return tmp_path


def test_two_processes_give_the_curve_and_the_model_of_one(binary_data: Path) -> None:
    for name, by in (("one", ()), ("two", TORCHRUN)):
        words = ("--data", "data.npz", "--out", f"{name}.safetensors", *SETTINGS)
        said = train(binary_data, *words, by=by)
        assert said.count("epoch 3/3") == 1, "only one process speaks"
    one, two = (load(binary_data / f"{name}.safetensors") for name in ("one", "two"))
    assert one.autoencoder.config.binarise
    for mine, theirs in zip(one.record["history"], two.record["history"], strict=True):
        assert mine["train"] == pytest.approx(theirs["train"], abs=2e-3)
        assert mine["held_out"] == pytest.approx(theirs["held_out"], abs=2e-3)
        assert mine["kl"] == pytest.approx(theirs["kl"], abs=2e-3)
    for (_, mine), (_, theirs) in zip(
        one.autoencoder.named_parameters(), two.autoencoder.named_parameters(), strict=True
    ):
        torch.testing.assert_close(mine, theirs, atol=1e-4, rtol=1e-3)
    # What two have trained one goes on with.
    train(binary_data, "--resume", "two.safetensors", "--more", "1", "--threads", "1")
    assert len(load(binary_data / "two.safetensors").record["history"]) == 4


@pytest.fixture(scope="module")
def of_two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Outcome]]:
    """Images to train on, and what two processes make of them by each method."""
    folder = tmp_path_factory.mktemp("methods")
    np.savez(folder / "data.npz", images=binary_images(), labels=np.arange(150) % 3)
    words = ("-m", "tests.each_method", str(folder / "data.npz"), str(folder / "two.pt"))
    started([sys.executable, *TORCHRUN, *words], ROOT)
    return folder / "data.npz", torch.load(folder / "two.pt")


# Its discriminator makes more of a rounding, as one process does with another number of threads.
ROUNDING = {"factor-vae": 5e-3}


@pytest.mark.parametrize("case", CASES)
def test_by_each_method_two_processes_are_one(
    case: str, of_two: tuple[Path, dict[str, Outcome]]
) -> None:
    """Also by those that judge a batch as a whole, of which each process has half the images."""
    data, outcomes = of_two
    one, two = outcome(CASES[case], load_data(str(data))), outcomes[case]
    near = ROUNDING.get(CASES[case].method, 2e-4)
    torch.testing.assert_close(two["curve"], one["curve"], atol=near, rtol=1e-5)
    torch.testing.assert_close(two["kl"], one["kl"], atol=near, rtol=1e-5)
    torch.testing.assert_close(two["weights"], one["weights"], atol=near, rtol=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_the_gradients_of_shares_add_up_to_that_of_the_batch(
    case: str, of_two: tuple[Path, dict[str, Outcome]]
) -> None:
    """In double precision, of nine images of which one process has five."""
    two = of_two[1][case]
    assert two["alone"].abs().max() > 0.1
    torch.testing.assert_close(two["gradient"], two["alone"], rtol=1e-9, atol=1e-12)


class Told(Processes):
    """One of two processes, of which the other adds nothing; what it says of how all are."""

    said: list[bool]

    def add(self, tensors: Sequence[torch.Tensor]) -> None:
        """Its own share is the sum."""

    def all_are_well(self, well: bool = True) -> bool:
        self.said.append(well)
        return well and len(self.said) < 3  # once at the start, then after every epoch


def told(rank: int, kind: type[Told] = Told) -> Told:
    processes = kind(rank, 2)
    object.__setattr__(processes, "said", [])
    return processes


@pytest.fixture
def plan(binary_data: Path) -> Plan:
    out = str(binary_data / "out.safetensors")
    return Plan(str(binary_data / "data.npz"), out, epochs=3, width=16, depth=1, batch_size=67)


def test_an_epoch_that_the_first_cannot_write_ends_the_others_in_one_line(plan: Plan) -> None:
    other = told(1)
    with pytest.raises(TrainingError, match=r"epoch 2 could not be written; the first process"):
        list(run(plan, processes=other))
    assert other.said == [True] * 3


@needs_file_limit
def test_the_first_tells_the_others_of_a_full_disk(plan: Plan) -> None:
    first = told(0)
    training = run(plan, processes=first)
    next(progress for progress in training if progress.held_out is not None)
    assert first.said == [True, True]
    with small_disk(4000), pytest.raises(CheckpointError, match="epoch 2 cannot be written"):
        list(training)
    assert first.said == [True, True, False]


class Lost(Told):
    """Of two processes the other ends after the second epoch."""

    def all_are_well(self, well: bool = True) -> bool:
        if len(self.said) == 2:
            raise ProcessLostError("another process of this training has ended.")
        return super().all_are_well(well)


def test_whoever_is_left_tells_which_epoch_is_kept_and_how_to_go_on(plan: Plan) -> None:
    first = told(0, Lost)
    with pytest.raises(ProcessLostError) as lost:
        list(run(plan, processes=first))
    assert str(lost.value).endswith(f"Epoch 2 is kept; go on with train --resume {plan.out}")
    ends = [progress.epoch for progress in run(plan, resume=True) if progress.held_out is not None]
    assert ends == [3]


ENDING = """
import os, signal
import torch
from models import distributed
from models.errors import TrainingError
with distributed.processes() as these:
    these.add([torch.ones(1)])
    if these.first:
        os._exit(0)
    try:
        these.add([torch.ones(1)])
    except TrainingError as error:
        signal.raise_signal(signal.SIGTERM)  # as torchrun does at once
        print(error)
"""


def test_a_process_that_is_gone_ends_the_others_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "ending.py").write_text(ENDING)
    done = started([sys.executable, *TORCHRUN, "ending.py"], tmp_path)
    assert "another process of this training has ended" in done.stdout, done.stderr


def test_a_batch_is_shared_without_loss() -> None:
    index = torch.arange(11)
    shares = [Processes(rank, 3).share(index) for rank in range(3)]
    assert sorted(torch.cat(shares).tolist()) == list(range(11))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def feign(monkeypatch: pytest.MonkeyPatch, graphics: int = 0, local: str = "0") -> Mock:
    """Let torchrun seem to have started this process; how it is connected is asked of the mock."""
    for name, value in (("WORLD_SIZE", "2"), ("LOCAL_WORLD_SIZE", "2"), ("LOCAL_RANK", local)):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: graphics > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: graphics)
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: None)
    begin = Mock(spec=torch.distributed.init_process_group)
    monkeypatch.setattr(torch.distributed, "init_process_group", begin)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: int(local))
    monkeypatch.setattr(torch.distributed, "destroy_process_group", lambda: None)
    return begin


def test_a_process_that_is_told_to_end_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """By torchrun, where another is gone, or by a cluster whose time is up."""
    feign(monkeypatch)
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(ProcessLostError, match="told to end"), processes():
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)  # once is enough
    finally:
        signal.signal(signal.SIGTERM, before)
    with processes():
        pass
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(("graphics", "backend"), [(0, "gloo"), (1, "gloo"), (2, "nccl")])
@pytest.mark.parametrize("local", ["0", "1"])
def test_all_processes_of_a_machine_speak_alike_and_wait_for_long(
    graphics: int, backend: str, local: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = feign(monkeypatch, graphics, local)
    with processes() as these:
        assert these == Processes(int(local), 2)
    begin.assert_called_once_with(backend, timeout=timedelta(days=1))


def test_alone_nothing_is_sent() -> None:
    tensor = torch.ones(3)
    with processes() as these:
        assert these == ALONE
        these.add([tensor])
        assert these.all_are_well()
        assert not these.all_are_well(False)
    assert torch.equal(tensor, torch.ones(3))
    assert these.first
