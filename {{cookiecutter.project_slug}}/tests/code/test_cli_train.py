"""`train --json`: what a program that asked for a training reads."""

import json

import numpy as np
import pytest
from click.testing import CliRunner, Result

from {{ cookiecutter.package_name }}.cli import PACKAGE, cli
from {{ cookiecutter.package_name }}.data.snapshot import (
    DIRECTORY,
    Origin,
    latest_snapshot,
    write_snapshot,
)
from {{ cookiecutter.package_name }}.project import Project


def _train(project: Project, monkeypatch: pytest.MonkeyPatch, *flags: str) -> Result:
    monkeypatch.setenv(f"{PACKAGE.upper()}__TRAINING__FOLDS", "2")
    command = ["--root", str(project.settings.root), "train", "--json", *flags]
    return CliRunner().invoke(cli, command)


def test_a_training_can_be_read_by_a_program(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = _train(project, monkeypatch)
    told = json.loads(result.stdout)
    assert result.exit_code == (0 if told["passed"] else 3), (result.output, result.exception)
    assert project.registry.version(told["version"]).run_id == told["run_id"]
    assert {"data", "imports", "fits", "register"} <= set(told["phases"])
    assert all(seconds >= 0 for seconds in told["phases"].values())
    assert {row["candidate"] for row in told["leaderboard"]["rows"]} >= {"dummy", "linear", "trees"}


def test_a_refused_model_is_told_and_the_command_fails(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = latest_snapshot(project.settings.path(DIRECTORY))
    table, target = snapshot.table(), project.contract.target.name
    shuffled = table[target].take(np.random.default_rng(1).permutation(table.num_rows))
    noise = table.set_column(table.column_names.index(target), target, shuffled)
    write_snapshot(noise, snapshot.path.parent, Origin("noise", project.contract.digest))
    result = _train(project, monkeypatch)
    assert result.exit_code == 3, (result.output, result.exception)
    assert json.loads(result.stdout)["passed"] is False


def test_without_an_earlier_search_there_is_none_to_take_up(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = _train(project, monkeypatch, "--resume")
    assert result.exit_code == 2, (result.output, result.exception)
    assert "run `train --tune`" in result.stderr and len(result.stderr.splitlines()) == 1
