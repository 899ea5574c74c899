"""The model in the registry answers by itself, as the service would."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas
import pytest
from flights.features import FEATURES

import mlops_loop
from mlops_loop._bundle import read_bundle
from mlops_loop._packaging.wheel_file import pack, read_wheel, unpack
from mlops_loop._predictor import BundlePredictor
from mlops_loop._project import Project
from mlops_loop.contract._check import check_rows
from mlops_loop.contract._json_schema import example_row
from mlops_loop.data._snapshot import latest_snapshot
from mlops_loop.errors import InputError
from mlops_loop.registry._pyfunc_loader import _load_pyfunc
from mlops_loop.registry._pyfunc_model import save_pyfunc

from .places import REPOSITORY
from .stages import Trained


def test_the_registered_model_loads_where_the_package_is_not_installed(
    trained: Trained, tmp_path: Path
) -> None:
    first, second = predict_alone("models:/model@champion", trained.project, tmp_path)
    assert first == second
    assert first["probability_false"] + first["probability_true"] == pytest.approx(1)
    assert first["prediction"] == (first["probability_true"] > 0.5)


def predict_alone(
    model: str, project: Project, folder: Path, also: Path | None = None
) -> list[dict[str, Any]]:
    """Two predictions by a process that does not find the library or the project by itself.

    It predicts the project's own snapshot as well, which has time zones and missing values.

    Args:
        model: its URI.
        project: whose contract the row is for.
        folder: to run in.
        also: a folder that packages are installed in.
    """
    tracking, packages = project.registry.tracking, ("mlops_loop", "flights")
    snapshot = latest_snapshot(project.paths.snapshots).path
    row = {**example_row(project.contract), "weight (kg)": None}
    inputs = project.contract.inputs
    missing = [column.name for column in inputs if row[column.name] is None]
    words = [column.name for column in inputs if column.type in ("category", "text")]
    moments = [column.name for column in inputs if column.type == "datetime"]
    program = f"""
import importlib.util, json, pathlib, sys
has_package = lambda path: any((pathlib.Path(path) / name).is_dir() for name in {packages!r})
sys.path = [path for path in sys.path if not has_package(path)]
assert not any(importlib.util.find_spec(name) for name in {packages!r})
sys.path += {[str(also)] if also else []!r}
import mlflow, pandas
mlflow.set_tracking_uri({tracking.address!r})
model = mlflow.pyfunc.load_model({model!r})
frame = pandas.DataFrame([json.loads({json.dumps(row)!r})] * 2)
for name in {missing!r}:
    frame[name] = frame[name].astype(object if name in {words!r} else float)
for name in {moments!r}:
    frame[name] = pandas.to_datetime(frame[name]).dt.tz_convert(None)
answers = model.predict(frame).to_json(orient="records")
snapshot = pandas.read_parquet({str(snapshot)!r})
assert snapshot["sent at"].dt.tz is not None and snapshot["gift?"].isna().any()
whole = snapshot.dropna(subset="gift?").astype({{"gift?": bool}})
for rows in (snapshot, whole, snapshot.assign(**{{"gift?": None}})):
    assert len(model.predict(rows)) == len(rows)
print(answers)
"""
    command = [sys.executable, "-I", "-c", program]
    told = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=120)
    assert told.returncode == 0, told.stderr
    answers: list[dict[str, Any]] = json.loads(told.stdout)
    return answers


def test_the_model_carries_the_wheel_and_names_it_from_its_own_folder(
    trained: Trained, tmp_path: Path
) -> None:
    """So that MLflow, which installs the requirements from there, asks no index for the library."""
    (vendored,) = (REPOSITORY / "{{cookiecutter.project_slug}}/vendor").glob("*.whl")
    source = Path(mlops_loop.__file__).parents[1]
    wheel = pack(source, read_wheel(vendored), "0.9.0", tmp_path).path
    model = tmp_path / "model"
    save_pyfunc(read_bundle(trained.project.bundles.fetch("1")), model, wheel)
    lines = (model / "requirements.txt").read_text(encoding="utf-8").splitlines()
    (named,) = [line for line in lines if "mlops" in line]
    assert (model / named).read_bytes() == wheel.read_bytes()
    assert f"- {named}" in (model / "conda.yaml").read_text(encoding="utf-8")
    assert [path.name for path in (model / "code").iterdir()] == ["flights"]
    installed = tmp_path / "installed"
    unpack(read_wheel(model / named), installed)
    told = predict_alone(str(model), trained.project, tmp_path, also=installed)
    assert told[0]["prediction"] in (True, False)


def test_the_registered_model_answers_a_frame_like_the_service(trained: Trained) -> None:
    project = trained.project
    folder = project.bundles.fetch("1")
    row = example_row(project.contract)
    row["gift?"] = None
    frame = pandas.DataFrame([row] * 3, index=[7, 8, 9]).drop(columns="gift?")
    for column in project.contract.inputs:
        if column.type == "datetime":
            frame[column.name] = pandas.to_datetime(frame[column.name])
    answers = _load_pyfunc(str(folder)).predict(frame)
    expected = BundlePredictor(read_bundle(folder), FEATURES).predict(
        check_rows(project.contract, [row]).columns
    )
    assert expected.probabilities is not None
    assert answers["probability_true"].to_list() == [expected.probabilities[0, 1]] * 3
    assert answers.index.to_list() == [7, 8, 9]


def test_a_value_that_cannot_be_read_is_named(trained: Trained) -> None:
    row = {**example_row(trained.project.contract), "weight (kg)": "heavy"}
    model = _load_pyfunc(str(trained.project.bundles.fetch("1")))
    with pytest.raises(InputError, match=r"weight \(kg\): should be a finite number"):
        model.predict(pandas.DataFrame([row]))
