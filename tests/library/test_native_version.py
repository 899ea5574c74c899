"""A version without an ONNX form, from training to the rollback to one in ONNX."""

import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet
import pytest
from click.testing import CliRunner
from flights.app import app, service

from mlops_loop import Project
from mlops_loop._bundle import Bundle, read_bundle
from mlops_loop._clock import ManualClock
from mlops_loop._doctor.project_checks import examine
from mlops_loop._explanation.run import champion_explainer
from mlops_loop._settings import CONFIG
from mlops_loop.contract._arrow import from_arrow
from mlops_loop.contract._json_schema import example_row
from mlops_loop.evaluation._champion_predictions import predict_with_champion
from mlops_loop.models import baseline
from mlops_loop.monitoring import monitor_project
from mlops_loop.registry._pyfunc_model import save_pyfunc
from mlops_loop.testing import application_client

from .conftest import open_copy
from .native_candidates import SPLINES
from .projects import cli, project_in
from .stages import Trained, train
from .test_registered_model import predict_alone


@pytest.fixture(scope="module")
def native(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Version 1 in ONNX, and version 2 without, which is champion."""
    root = tmp_path_factory.mktemp("native") / "project"
    shutil.copytree(trained.project.root, root)
    settings = json.loads((root / CONFIG).read_text(encoding="utf-8"))
    settings["training"]["native_models"] = True
    settings["loop"]["promotion"] = "gate"
    settings["gate"]["margin"] = 0.1
    settings["serving"] = {**(settings.get("serving") or {}), "allow_anonymous": True}
    (root / CONFIG).write_text(json.dumps(settings), encoding="utf-8")
    return train(open_copy(root), candidates=[baseline.dummy(), SPLINES])


@pytest.fixture
def moved(native: Trained, tmp_path: Path) -> Project:
    """A copy to change."""
    shutil.copytree(native.project.root, tmp_path / "moved")
    return open_copy(tmp_path / "moved")


def without(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """As if a package were not installed."""
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.setitem(sys.modules, name, None)


def test_the_bundle_says_which_form_it_has(native: Trained) -> None:
    assert (native.version.version, native.became) == ("2", "champion")
    bundle = read_bundle(native.project.bundles.fetch("2"))
    assert bundle.manifest.form == "skops" and "model.skops" in bundle.manifest.files
    assert not (bundle.directory / "model.onnx").exists()
    assert "numpy.dtype" in bundle.manifest.types
    assert bundle.manifest.parity["difference"] < 1e-9
    assert bundle.manifest.threshold is not None
    cards = native.project.settings.paths.model_cards
    card = (cards / "2.md").read_text(encoding="utf-8")
    assert "It has no ONNX form: a service needs the extra native, " in card
    assert "splines is served without ONNX: splines cannot be converted" in card


def test_it_is_served_and_rolled_back_to_the_version_in_onnx(moved: Project) -> None:
    rows = [example_row(moved.contract)] * 3
    with application_client(app, service, moved) as client:
        served = client.post("/predict", json=rows)
        assert served.status_code == 200, served.text
        assert {answer["model_version"] for answer in served.json()} == {"2"}
        moved.transitions.rollback(actor="test", reason="to see it")
        service.deployments.refresh()
        again = client.post("/predict", json=rows).json()
        assert {answer["model_version"] for answer in again} == {"1"}


def test_what_is_served_is_what_the_gate_measured(native: Trained) -> None:
    project = native.project
    bundle = read_bundle(project.bundles.fetch("2"))
    table = pyarrow.parquet.read_table(bundle.directory / "reference.parquet")
    columns = from_arrow(project.contract, table)
    predicted = predict_with_champion(project, columns).predicted
    assert predicted is not None
    np.testing.assert_allclose(predicted[:, 1], table["probability_true"].to_numpy())


def test_batch_scoring_explanation_and_monitoring_work_with_it(moved: Project) -> None:
    output = moved.root / "out.parquet"
    command = ["--root", str(moved.root), "score", str(moved.root / "parcels.parquet"), str(output)]
    result = CliRunner().invoke(cli, [*command, "--log"])
    assert result.exit_code == 0, result.output
    rows = pyarrow.parquet.read_table(output)
    assert set(rows["model_version"].to_pylist()) == {"2"}
    explanation = champion_explainer(moved).explain(example_row(moved.contract))
    parts = sum(part.contribution for part in explanation.contributions)
    assert explanation.base + parts == pytest.approx(explanation.score)
    later = project_in(moved.root, ManualClock(datetime(2013, 5, 1, tzinfo=UTC)))
    assert 0 < monitor_project(later).window.rows < rows.num_rows


def test_the_registered_model_predicts_alone(native: Trained, tmp_path: Path) -> None:
    first, _ = predict_alone("models:/model@champion", native.project, tmp_path)
    assert first["probability_false"] + first["probability_true"] == pytest.approx(1)
    model = native.project.registry.download(native.run.run_id, "model", tmp_path)
    lines = (model / "requirements.txt").read_text(encoding="utf-8").splitlines()
    names = {line.partition("==")[0] for line in lines}
    assert {"scikit-learn", "skops", "threadpoolctl"} <= names


def test_a_service_without_the_extra_says_so_and_so_does_the_doctor(
    moved: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all(check.passed for check in examine(moved))
    without(monkeypatch, "skops")
    (bundles,) = (check for check in examine(moved) if check.name == "bundles")
    message = "version 2 cannot serve: this version needs the extra `native`"
    assert not bundles.passed and bundles.finding.startswith(message)
    with application_client(app, service, moved) as client:
        # The version before it answers.
        ready = client.get("/health/ready").json()
        assert ready["champion"] == "1" and ready["rejected"][0].startswith(message)


def test_the_code_of_ones_own_types_is_in_the_registered_model(
    tmp_path: Path, native: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_estimators.py").write_text("class Own:\n    pass\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    bundle = read_bundle(native.project.bundles.fetch("2"))
    types = ("own_estimators.Own", "lightgbm.sklearn.LGBMClassifier", *bundle.manifest.types)
    manifest = msgspec.structs.replace(bundle.manifest, types=types)
    save_pyfunc(Bundle(bundle.directory, manifest), tmp_path / "model", None)
    assert (tmp_path / "model/code/own_estimators.py").is_file()
    requirements = (tmp_path / "model/requirements.txt").read_text(encoding="utf-8")
    assert "lightgbm==" in requirements
