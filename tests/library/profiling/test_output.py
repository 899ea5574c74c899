"""What `adopt` prints reaches any terminal, and any reader."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_loop._profiling.profile import Facts

from ..places import FLIGHTS
from .conftest import Adopt
from .tables import write


def test_a_terminal_without_the_letters_and_a_closed_pipe_are_no_fault(root: Path) -> None:
    words = ["Да", "Нет"]
    names = ",".join(f"x{number}" for number in range(250))
    lines = [f"{names},y"]
    for row in range(80):
        cells = ",".join(str((row * 31 + at * 7) % 101) for at in range(250))
        lines.append(f"{cells},{words[row % 3 % 2]}")
    write(root / "in.csv", lines)
    command = [sys.executable, "-m", "flights", "--root", str(root), "adopt", str(root / "in.csv")]
    environment = {
        **os.environ,
        "PYTHONIOENCODING": "cp1252",
        "PYTHONPATH": os.pathsep.join([str(FLIGHTS / "src"), *sys.path]),
    }
    process = subprocess.Popen(
        [*command, "--target", "y", "--yes"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=root,
    )
    assert process.stdout is not None and process.stderr is not None
    assert b"column" in process.stdout.readline()
    process.stdout.close()
    assert (process.stderr.read(), process.wait()) == (b"", 0)
    process.stderr.close()
    assert "Нет" in (root / "config/contract.yaml").read_text(encoding="utf-8")
    whole = subprocess.run(
        [*command, "--target", "y", "--yes"], env=environment, capture_output=True, cwd=root
    )
    assert whole.returncode == 0, whole.stderr
    last = whole.stdout.decode("cp1252").splitlines()
    start = last.index("look at this first:")
    assert any("\\u0414\\u0430" in line for line in last[start:])
    assert len(last) - start < 12


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0.5, 1234567, "0.5 to 1.23457e+06"),
        (1e12, 1e12 + 59_000, "1000000000000 to 1000000059000"),
        (2, 2, "2 to 2"),
    ],
)
def test_a_range_has_the_digits_that_differ(low: float, high: float, wanted: str) -> None:
    assert Facts(minimum=low, maximum=high).span == wanted


@pytest.mark.parametrize("has_dvc", [True, False])
def test_a_project_with_dvc_is_told_how_it_sees_new_rows(
    root: Path, adopt: Adopt, has_dvc: bool
) -> None:
    write(root / "in.csv", ["x,y", *(f"{row * 31 % 101},{row % 3 % 2}" for row in range(80))])
    if has_dvc:
        (root / "dvc.yaml").write_text("stages: {}\n")
    output = adopt("in.csv", "--target", "y", "--yes").output
    assert "next: review" in output
    assert ("dvc.yaml lists under `deps` of `ingest`" in output) == has_dvc
