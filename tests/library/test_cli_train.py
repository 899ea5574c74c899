"""`train --json`: what a program that asked for a training reads."""

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner, Result
from flights.cli import load_pipeline

from mlops_loop._project import Project
from mlops_loop.data._snapshot import Origin, latest_snapshot, write_snapshot
from mlops_loop.registry import Version
from mlops_loop.registry._version import FORCED_TAG, GATE_TAG, REJECTED

from .projects import ENV_PREFIX, cli, cli_with


def _train(project: Project, monkeypatch: pytest.MonkeyPatch, *flags: str) -> Result:
    monkeypatch.setenv(f"{ENV_PREFIX}TRAINING__FOLDS", "2")
    command = ["--root", str(project.settings.root), "train", "--json", *flags]
    return CliRunner().invoke(cli, command)


def _run(project: Project, *words: str) -> Result:
    return CliRunner().invoke(cli, ["--root", str(project.settings.root), *words])


def test_a_training_can_be_read_by_a_program(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = _train(project, monkeypatch)
    told = json.loads(result.stdout)
    assert result.exit_code == (0 if told["passed"] else 3), (result.output, result.exception)
    assert project.registry.version(told["version"]).run_id == told["run_id"]
    assert {"data", "fits", "register"} <= set(told["stage_seconds"])
    assert all(seconds >= 0 for seconds in told["stage_seconds"].values())
    assert {row["candidate"] for row in told["leaderboard"]["rows"]} >= {"dummy", "linear", "trees"}


@pytest.mark.parametrize("flag", ["--tune", "--resume", ""])
def test_an_interrupted_training_says_how_to_continue(project: Project, flag: str) -> None:
    def interrupt(*_: object, **options: object) -> Version:
        raise KeyboardInterrupt

    root = str(project.settings.root)
    cli = cli_with(lambda: replace(load_pipeline(), train=interrupt))
    result = CliRunner().invoke(cli, ["--root", root, "train", *filter(None, [flag])])
    assert result.exit_code == 130
    assert ("--resume continues the search" in result.stderr) == bool(flag)
    assert result.stderr.endswith("interrupted\n")


@pytest.fixture
def refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> Result:
    """A training on rows whose outcomes were shuffled."""
    snapshot = latest_snapshot(project.settings.paths.snapshots)
    table, target = snapshot.table(), project.contract.target.name
    shuffled = table[target].take(np.random.default_rng(1).permutation(table.num_rows))
    noise = table.set_column(table.column_names.index(target), target, shuffled)
    write_snapshot(noise, snapshot.path.parent, Origin("noise", project.contract.digest))
    return _train(project, monkeypatch)


def test_a_refused_model_is_told_and_serves_only_if_a_person_overrules_the_gate(
    project: Project, refused: Result
) -> None:
    assert refused.exit_code == 3, (refused.output, refused.exception)
    assert json.loads(refused.stdout)["passed"] is False
    before, version = project.published().champion, json.loads(refused.stdout)["version"]

    told = _run(project, "promote", version)
    assert told.exit_code == 2 and f"`promote {version} --force --reason TEXT`" in told.stderr
    for reason in ([], ["--reason", " "]):
        told = _run(project, "promote", version, "--force", *reason)
        assert told.exit_code == 2 and "--force needs a --reason" in told.stderr
    assert project.published().champion == before
    assert FORCED_TAG not in project.registry.version(version).tags

    why = "the <old> one is worse"
    for _ in range(2):
        told = _run(project, "promote", version, "--force", "--reason", why)
        assert told.exit_code == 0, (told.output, told.exception)
    assert project.published().champion == version == project.registry.alias("champion")
    tags = project.registry.version(version).tags
    assert (tags[GATE_TAG], tags[FORCED_TAG]) == (REJECTED, why)
    done = [
        entry for entry in project.audit_log.completed() if entry.details.get("version") == version
    ]
    assert [entry.reason for entry in done] == [f"gate overridden: {why}"]
    assert f"gate overridden because: {why}" in _run(project, "lineage", version).output
    assert "rejected, overridden" in _run(project, "models").output
    run = project.registry.version(version).run_id
    for ending, said in (("md", why.replace("<", r"\<")), ("html", "the &lt;old&gt; one is worse")):
        card = (project.settings.paths.model_cards / f"{version}.{ending}").read_text(
            encoding="utf-8"
        )
        assert card.count(said) == 1
        artifact = f"model_card.{ending}"
        path = project.registry.download(run, artifact, project.settings.root)
        assert path.read_text(encoding="utf-8") == card
    assert _run(project, "rollback").exit_code == 0
    assert project.published().champion == before


def test_force_is_not_needed_for_what_the_gate_let_pass(project: Project) -> None:
    champion = project.published().champion or ""
    told = _run(project, "promote", champion, "--force", "--reason", "to be sure")
    assert told.exit_code == 0 and "overridden" not in told.output
    assert FORCED_TAG not in project.registry.version(champion).tags


def test_without_an_earlier_search_there_is_none_to_take_up(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = _train(project, monkeypatch, "--resume")
    assert result.exit_code == 2, (result.output, result.exception)
    assert "run `train --tune`" in result.stderr and len(result.stderr.splitlines()) == 1
