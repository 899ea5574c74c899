"""The wrong order of stages does not type-check."""

import subprocess
import sys
from pathlib import Path

import pytest

import mlops_loop

from .candidates import MARKED_NETWORKS

HEAD = """
from mlops_loop import Project
from mlops_loop.evaluation import log_loss
from mlops_loop.pipeline import (
    RunRef, SnapshotRef, cross_validate, encode, evaluate_on_holdout, export_model, fit_best,
    register_version, split, tune_all
)


def fit(project: Project, snapshot: SnapshotRef, run: RunRef) -> None:
    data = encode(split(snapshot.load(project)), project.features)
    leaderboard = cross_validate([], data.train, log_loss)
    model = fit_best(leaderboard, data.train, calibrate=True)
    export_model(model, parity=data.holdout)
"""
WRONG = """
    cross_validate([], data.holdout, log_loss)
    tune_all([], data.holdout, log_loss)
    fit_best(leaderboard, data.holdout, calibrate=True)
    export_model(model, parity=data.train)
    evaluate_on_holdout(project, snapshot, log_loss)
    register_version(project, run)
"""


def test_held_out_rows_and_missing_decisions_do_not_type_check(tmp_path: Path) -> None:
    snippet = tmp_path / "snippet.py"
    snippet.write_text(HEAD + WRONG)
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent"]
    command += ["--cache-dir", str(tmp_path / "cache"), str(snippet)]
    environment = {"MYPYPATH": str(Path(mlops_loop.__file__).parents[1])}
    result = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=300
    )
    first = HEAD.count("\n") + 1
    errors = [line for line in result.stdout.splitlines() if " error: " in line]
    assert [int(line.split(":")[1]) for line in errors] == [
        first + n for n in range(1, WRONG.count("\n"))
    ], (
        result.stdout,
        result.stderr,
    )
    assert all("[arg-type]" in line for line in errors)


@pytest.mark.parametrize("edition", ["lightgbm", "xgboost", "catboost", *MARKED_NETWORKS])
def test_each_edition_of_models_lists_its_library(edition: str) -> None:
    from runpy import run_path

    from .places import PROJECT_PACKAGE

    candidates = run_path(str(PROJECT_PACKAGE / f"models_{edition}.py"))["CANDIDATES"]
    assert [candidate.name for candidate in candidates] == ["dummy", "linear", "trees", edition]
