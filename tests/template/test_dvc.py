"""Data versions: the stages of a rendered project, run by DVC in clones of its repository."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import toolbox
from baking import cookiecutter
from behaviour import PACKAGE, SLUG
from variants import template

DVC = {"data_versioning": "dvc"}
CONFIG = "config/project.yaml"
# Fewer flights, so that a stage takes seconds.
SAMPLE = "sample://flights?until=2013-03-01"
SLICED = f"{SAMPLE}&rows_per_month=6000"
RUNS = """
import mlflow
mlflow.set_tracking_uri("sqlite:///var/mlflow.db")
found = mlflow.search_runs(experiment_names=["training"], output_format="list")
print(*(run.data.metrics["holdout_log_loss"] for run in found if "snapshot" in run.data.tags))
"""


@dataclass(frozen=True)
class Repository:
    """A clone of the project's repository, with the environment of the first one."""

    root: Path
    environment: Path

    def try_run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        programs = toolbox.load_installer().executable(self.environment, "python").parent
        env = {
            **toolbox.environment(),
            "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(self.root / ".dvc/tmp/site"),
            f"{PACKAGE.upper()}__ROOT": str(self.root),
            "GIT_AUTHOR_NAME": "test",
            "GIT_AUTHOR_EMAIL": "test@example.com",
            "GIT_COMMITTER_NAME": "test",
            "GIT_COMMITTER_EMAIL": "test@example.com",
        }
        return subprocess.run(
            words, cwd=self.root, env=env, stdout=-1, stderr=subprocess.STDOUT, encoding="utf-8"
        )

    def run(self, *words: str | Path) -> str:
        done = self.try_run(*words)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def reproduce(self) -> list[str]:
        """The stages that `dvc repro` runs."""
        lines = self.run("dvc", "repro").splitlines()
        return [line.split("'")[1] for line in lines if line.startswith("Running stage")]

    def report(self, *words: str) -> dict[str, Any]:
        """The JSON that a command of the project prints last."""
        output = self.run(SLUG, *words, "--json")
        found: dict[str, Any] = json.loads(output[output.index("{") :])
        return found

    def edit(self, before: str, after: str) -> None:
        path = self.root / CONFIG
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1
        path.write_text(text.replace(before, after), encoding="utf-8")

    def clone(self, root: Path) -> "Repository":
        self.run("git", "clone", "--quiet", self.root, root)
        return Repository(root, self.environment)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The stages have run, were committed, and pushed to a folder."""
    folder = tmp_path_factory.mktemp("dvc")
    assert cookiecutter(folder, DVC).returncode == 0
    root = folder / SLUG
    install = [sys.executable, "tools/install.py"]
    subprocess.run(install, cwd=root, check=True, env=toolbox.environment())
    repository = Repository(root, root / ".venv")
    repository.edit(SAMPLE, SLICED)
    assert repository.reproduce() == ["ingest", "fit", "evaluate", "register"]
    repository.run("dvc", "remote", "add", "--default", "storage", folder / "remote")
    repository.run("git", "add", ".")
    repository.run("git", "commit", "--quiet", "--message", "Train")
    repository.run("dvc", "push")
    return repository


@pytest.fixture
def repository(origin: Repository, tmp_path: Path) -> Iterator[Repository]:
    """A copy of it with everything that is not in git, to change at will."""
    root = tmp_path / SLUG
    shutil.copytree(origin.root, root, ignore=shutil.ignore_patterns(".venv"))
    yield Repository(root, origin.environment)
    shutil.rmtree(root)


def test_every_parameter_is_in_the_settings_of_the_variant() -> None:
    stages = yaml.safe_load(template().text("dvc.yaml", DVC))["stages"].values()
    listed = {key for stage in stages for each in stage.get("params", ()) for key in each[CONFIG]}
    settings = yaml.safe_load(template().text(CONFIG, DVC))
    assert listed and listed <= settings.keys()
    assert None not in [settings[key] for key in listed - {"query"}]


def test_the_engine_is_a_parameter_of_the_stage_whose_model_it_changes() -> None:
    """A snapshot is the same on every engine, a model is not."""
    stages = yaml.safe_load(template().text("dvc.yaml", DVC))["stages"]
    reading = {
        name
        for name, stage in stages.items()
        if "engine" in [key for each in stage.get("params", ()) for key in each[CONFIG]]
    }
    assert reading == {"fit"}
    assert yaml.safe_load(template().text(CONFIG, DVC))["engine"] == "local"


def test_the_settings_of_the_variant_are_those_of_others() -> None:
    """Sections are there for DVC, and hold defaults."""
    commented = template().text(CONFIG, {"data_versioning": "none"})
    added = template().text(CONFIG, DVC)
    plain = {line.removeprefix("# ").strip(" #") for line in commented.splitlines()}
    differing = [line for line in added.splitlines() if line.strip(" #") not in plain]
    assert [line.partition(":")[0] for line in differing] == ["csv"]


@pytest.mark.real
def test_only_what_changed_runs(repository: Repository) -> None:
    assert repository.reproduce() == []
    repository.edit("  margin: 0.01", "  margin: 0.02")
    assert repository.reproduce() == ["evaluate", "register"]
    repository.edit("# serving:", "serving: {port: 9000} #")
    assert repository.reproduce() == []
    repository.edit("  folds: 3", "  folds: 2")
    assert repository.reproduce() == ["fit", "evaluate", "register"]
    assert "candidate" in (repository.root / "var/stages/leaderboard.json").read_text()


@pytest.mark.real
def test_another_clone_restores_the_run_and_its_lineage(origin: Repository, tmp_path: Path) -> None:
    clone = origin.clone(tmp_path / "clone")
    clone.run("dvc", "pull")
    assert clone.run("dvc", "status").strip() == "Data and pipelines are up to date."
    expected, restored = (each.report("lineage", "1") for each in (origin, clone))
    (version,), (of_clone,) = expected["versions"], restored["versions"]
    assert of_clone["made_from"] == version["made_from"]
    assert {"run", "snapshot", "contract", "features", "lock", "commit"} <= version[
        "made_from"
    ].keys()
    assert restored["snapshots"] == expected["snapshots"]
    digest = version["made_from"]["snapshot"]
    assert (clone.root / f"var/snapshots/{digest}.parquet").is_file()
    assert clone.reproduce() == []
    # The version that was pulled predicts.
    rows, store = clone.root / "rows.parquet", f"{PACKAGE.upper()}__BUNDLE_STORE"
    shutil.copy(clone.root / f"var/snapshots/{digest}.parquet", rows)
    clone.run("env", f"{store}=var/stages/bundles", SLUG, "score", rows, "scored.parquet")
    assert (clone.root / "scored.parquet").is_file()


@pytest.mark.real
def test_experiments_are_in_dvc_and_in_mlflow(repository: Repository) -> None:
    for folds in (2, 4):
        parameter = f"{CONFIG}:training.folds={folds}"
        named = f"folds-{folds}"
        repository.run("dvc", "exp", "run", "evaluate", "--name", named, "--set-param", parameter)
    shown = repository.run("dvc", "exp", "show", "--json")
    experiments = [
        revision["data"]
        for commit in json.loads(shown)
        for experiment in commit["experiments"] or ()
        for revision in experiment["revs"]
    ]
    tried = {each["params"][CONFIG]["data"]["training"]["folds"] for each in experiments}
    assert tried == {2, 4}
    losses = {
        each["metrics"]["var/stages/metrics.json"]["data"]["holdout"]["log_loss"]
        for each in experiments
    }
    in_mlflow = [float(value) for value in repository.run("python", "-c", RUNS).split()]
    # MLflow keeps runs from before the project was copied in an experiment of their own.
    assert len(in_mlflow) == 2 and set(in_mlflow) == losses
    # Experiments publish nothing.
    assert len(list((repository.root / "var/bundles").glob("*/bundle.json"))) == 1


@pytest.mark.real
def test_a_rejection_by_the_gate_is_named_and_publishes_nothing(repository: Repository) -> None:
    repository.edit("  margin: 0.01", "  max_size: 1")
    done = repository.try_run("dvc", "repro")
    assert done.returncode != 0
    assert "Rejected by MaxSize: The model is" in done.stdout
    assert "failed to reproduce 'register'" in done.stdout
    metrics = json.loads((repository.root / "var/stages/metrics.json").read_text())
    assert metrics["passed"] is False
    assert len(list((repository.root / "var/bundles").glob("*/bundle.json"))) == 1
    assert not (repository.root / "var/stages/bundles").exists()
    repository.run("git", "checkout", "--quiet", CONFIG, "dvc.lock")
    repository.run("dvc", "checkout")
    assert (repository.root / "var/stages/bundles/pointer.json").is_file()
    assert repository.reproduce() == []


@pytest.mark.real
def test_what_is_missing_is_named_with_a_way_out(repository: Repository) -> None:
    for folder in (".dvc/cache", "var/snapshots", "var/stages"):
        shutil.rmtree(repository.root / folder)
    lost = repository.try_run("dvc", "checkout")
    assert lost.returncode != 0 and "Is your cache up to date?" in lost.stdout
    repository.run("dvc", "pull")
    assert repository.reproduce() == []

    repository.run("dvc", "remote", "remove", "storage")
    unknown = repository.try_run("dvc", "push")
    assert unknown.returncode != 0 and "no remote specified" in unknown.stdout

    shutil.rmtree(repository.root / ".git")
    apart = repository.try_run("dvc", "status")
    assert apart.returncode != 0 and "is not a git repository" in apart.stdout
    repository.run("dvc", "config", "core.no_scm", "true")
    assert repository.reproduce() == []


@pytest.mark.real
def test_a_lost_cache_is_made_again_without_a_remote(repository: Repository) -> None:
    digest = repository.report("lineage", "1")["snapshots"][0]["digest"]
    for folder in (".dvc/cache", "var"):
        shutil.rmtree(repository.root / folder)
    repository.run("dvc", "remote", "remove", "storage")
    assert repository.reproduce() == ["ingest", "fit", "evaluate", "register"]
    assert repository.report("lineage", "1")["snapshots"][0]["digest"] == digest


@pytest.mark.real
def test_a_run_that_was_fitted_elsewhere_is_named(origin: Repository, tmp_path: Path) -> None:
    clone = origin.clone(tmp_path / "clone")
    clone.run("dvc", "pull")
    clone.edit("  margin: 0.01", "  margin: 0.02")
    done = clone.try_run("dvc", "repro")
    assert done.returncode != 0 and "Traceback" not in done.stdout
    assert "it was fitted with another tracking store; run `fit` again" in done.stdout
