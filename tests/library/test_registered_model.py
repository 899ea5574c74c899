"""The model in the registry answers by itself, as the service would."""

import json
import subprocess
import sys
from pathlib import Path

import pandas
import pytest
from flights.features import FEATURES

from mlops_loop.bundle import read_bundle
from mlops_loop.contract.check import check_rows
from mlops_loop.contract.json_schema import example_row
from mlops_loop.predictor import OnnxPredictor
from mlops_loop.project import Project
from mlops_loop.registry.pyfunc_loader import _load_pyfunc

from .conftest import Trained


def test_the_registered_model_loads_where_the_package_is_not_installed(
    trained: Trained, tmp_path: Path
) -> None:
    tracking = trained.project.registry.tracking
    package = Project.__module__.partition(".")[0]
    row = {**example_row(trained.project.contract), "weight (kg)": None}
    inputs = trained.project.contract.inputs
    missing = [column.name for column in inputs if row[column.name] is None]
    words = [column.name for column in inputs if column.type in ("category", "text")]
    moments = [column.name for column in inputs if column.type == "datetime"]
    program = f"""
import importlib.util, json, pathlib, sys
sys.path = [path for path in sys.path if not (pathlib.Path(path) / {package!r}).is_dir()]
assert importlib.util.find_spec({package!r}) is None
import mlflow, pandas
mlflow.set_tracking_uri({tracking.address!r})
model = mlflow.pyfunc.load_model("models:/model@champion")
frame = pandas.DataFrame([json.loads({json.dumps(row)!r})] * 2)
for name in {missing!r}:
    frame[name] = frame[name].astype(object if name in {words!r} else float)
for name in {moments!r}:
    frame[name] = pandas.to_datetime(frame[name]).dt.tz_convert(None)
print(model.predict(frame).to_json(orient="records"))
"""
    command = [sys.executable, "-I", "-c", program]
    told = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert told.returncode == 0, told.stderr
    first, second = json.loads(told.stdout)
    assert first == second
    assert first["probability_false"] + first["probability_true"] == pytest.approx(1)
    assert first["prediction"] == (first["probability_true"] > 0.5)


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
    expected = OnnxPredictor(read_bundle(folder), FEATURES).predict(
        check_rows(project.contract, [row]).columns
    )
    assert expected.probabilities is not None
    assert answers["probability_true"].to_list() == [expected.probabilities[0, 1]] * 3
    assert answers.index.to_list() == [7, 8, 9]
