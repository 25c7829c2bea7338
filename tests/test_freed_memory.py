"""Memory that was freed is used again, in a process that trains."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FAULTS = """
import resource, sys, torch
from models.freed_memory import keep_freed_memory
if "keep" in sys.argv and not keep_freed_memory():
    sys.exit("not here")
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def use():
    parts = [torch.ones(10_000_000) for _ in range(3)]
    return sum(float(part[-1]) for part in parts)
for _ in range(6):  # until blocks have found their places
    use()
before = faults()
for _ in range(5):
    use()
print(faults() - before)
"""


def faults_of(*words: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", FAULTS, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
    )
    if "not here" in done.stderr:
        pytest.skip("this C library has no mallopt")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is told")
def test_pages_are_not_fetched_again_for_blocks_that_were_freed() -> None:
    kept = faults_of("keep")
    assert kept < 0.01 * faults_of()
