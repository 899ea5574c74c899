"""What the commands of the stages leave for tools that follow them, e.g. DVC."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from mlops_loop._bundle import read_bundle
from mlops_loop._lineage import trace
from mlops_loop._project import Project
from mlops_loop._publication import Rollout, open_bundle_store
from mlops_loop.errors import InputError, RegistryError
from mlops_loop.registry import gate_result

from .projects import cli, project_in
from .stages import Trained


def run(project: Project, *words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["--root", str(project.root), *words], input=stdin)


def left(project: Project, name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((project.paths.references / name).read_text())
    return found


def test_the_stages_leave_candidates_metrics_and_the_version(project: Project) -> None:
    assert run(project, "fit").exit_code == 0
    board = left(project, "leaderboard.json")
    assert board["metric"] == "log_loss" and board["rows"]
    done = run(project, "evaluate", "--exit-zero")
    assert done.exit_code == 0, done.output
    metrics = left(project, "metrics.json")
    assert metrics.keys() == {"passed", "holdout"}
    run(project, "register")
    version = project.registry.versions()[-1]
    assert left(project, "version.json")["version"] == version.version
    score = gate_result(project.registry, version).metrics["score"]
    assert metrics["holdout"]["log_loss"] == score  # type: ignore[index]


def test_a_rejection_ends_well_if_asked_to(
    project: Project, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLIGHTS__GATE__MAX_SIZE", "1")
    reference = trained.run.to_json()
    assert run(project, "evaluate", "--from", "-", stdin=reference).exit_code == 3
    done = run(project, "evaluate", "--from", "-", "--exit-zero", stdin=reference)
    assert (done.exit_code, left(project, "metrics.json")["passed"]) == (0, False)
    assert "rejected by the gate" in done.output
    folder = project.root / "export"
    registered = run(project, "register", "--export", str(folder))
    assert registered.exit_code == 3 and "Rejected by MaxSize" in registered.output
    assert not folder.exists()


def test_an_exported_version_serves_from_its_folder(project: Project, trained: Trained) -> None:
    folder = project.root / "export"
    words = ("register", "--from", "-", "--export", str(folder))
    done = run(project, *words, stdin=trained.decision.to_json())
    assert done.exit_code == 0, done.output
    store = open_bundle_store(str(folder), project.root)
    version = trained.version.version
    assert store.pointer().rollout(project.rollout_key) == Rollout(champion=version)
    bundle = read_bundle(store.fetch(version), project.features.digest)
    bundle.verify()
    assert bundle.manifest.snapshot == trained.run.snapshot.digest


def test_a_folder_that_holds_something_is_not_replaced(project: Project, trained: Trained) -> None:
    words = ("register", "--from", "-", "--export", str(project.root / "config"))
    done = run(project, *words, stdin=trained.decision.to_json())
    assert done.exit_code == 2 and "is not empty: delete it, or name another" in done.stderr
    assert (project.root / "config/contract.yaml").is_file()


def test_lineage_is_known_without_the_registry(
    project: Project, trained: Trained, tmp_path: Path
) -> None:
    assert run(project, "register", "--from", "-", stdin=trained.decision.to_json()).exit_code == 0
    of_origin = trace(project, trained.version.version)
    clone = tmp_path / "clone"
    shutil.copytree(project.root / "config", clone / "config")
    for folder in ("snapshots", "stages"):
        shutil.copytree(project.paths.var / folder, clone / "var" / folder)
    copied = project_in(clone)
    (version,) = trace(copied, trained.version.version).versions
    assert version == replace(of_origin.versions[0], aliases=())
    assert trace(copied, trained.run.snapshot.digest).to_json()["snapshots"] == (
        of_origin.to_json()["snapshots"]
    )
    (copied.paths.references / "version.json").write_text('{"format": 99}')
    with pytest.raises(RegistryError, match="version.json has format 99"):
        trace(copied, "1")
    with pytest.raises(InputError, match="no version, snapshot or prediction with the id '7'"):
        trace(project, "7")


def test_a_run_of_another_tracking_store_is_named(project: Project, trained: Trained) -> None:
    elsewhere = msgspec.structs.replace(trained.run, run_id="f00d")
    done = run(project, "evaluate", "--from", "-", stdin=elsewhere.to_json())
    assert done.exit_code == 2
    assert "MLflow has no run f00d: it was fitted with another tracking store" in done.stderr
    assert not (project.paths.references / "decision.json").exists()
