"""What is written down of a training says all that its record does."""

import json
import sys
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from models.checkpoint import save
from models.model import Model

ROOT = Path(__file__).parent.parent


@pytest.fixture
def record_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tool, which writes into `tmp_path`."""
    monkeypatch.setattr(sys, "path", sys.path.copy())
    spec = spec_from_file_location("record_run", ROOT / "tools" / "record_run.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    module.__dict__["RUNS"] = tmp_path / "runs"
    return module


def test_what_the_command_does_not_say_is_written_down(
    record_run: ModuleType, tmp_path: Path, tiny_model: Model
) -> None:
    told = {
        "changes": [{"epoch": 0.5, "name": "learning_rate", "value": 0.01}],
        "beside_the_command": ["stopped after epoch 1 of 4"],
    }
    terms = {"elbo": -30.0, "reconstruction": 25.0, "kl": 5.0}
    history = [{"epoch": 1, "train": terms, "held_out": terms, "kl": [5.0]}]
    record = {"command": "train", "seconds": 1.0, "settings": {}, "history": history, **told}
    save(replace(tiny_model, record=record), tmp_path / "one.safetensors")
    record_run.main([str(tmp_path / "one.safetensors")])
    written = json.loads((tmp_path / "runs" / "one.json").read_text(encoding="utf-8"))
    assert {name: written[name] for name in told} == told
    assert (tmp_path / "runs" / "one.svg").exists()
