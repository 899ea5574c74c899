"""The simulated decisions reach what is aimed at, or miss it for a reason that is documented."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.real
def test_the_decisions_are_worth_what_the_documentation_says() -> None:
    command = [sys.executable, "-m", "benchmarks.decisions"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
