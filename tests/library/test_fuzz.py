"""The fuzzing of the nightly run, for some seconds a target."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.real
def test_no_hostile_input_ends_in_an_exception_that_is_not_ours() -> None:
    command = [sys.executable, "-m", "benchmarks.fuzz", "--seconds", "30", "--seed", "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
