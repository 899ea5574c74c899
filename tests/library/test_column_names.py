"""Any name that a column of a file can have is carried from the table to the monitoring page."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet
import pytest
import yaml

from mlops_loop._bundle import read_bundle
from mlops_loop._clock import ManualClock
from mlops_loop._settings import CONTRACT
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract._json_schema import example_row
from mlops_loop.contract._mlflow_signature import mlflow_signature
from mlops_loop.data._ingestion import ingest
from mlops_loop.monitoring import monitor_project

from .applications import load_edition, running
from .conftest import open_copy
from .projects import project_in
from .stages import train

NAMES = {
    "parcel no.": "{{ parcel }} %s",
    "from depot": "</script><script>depot",
    "way (km)": 'way "in km" \\',
    "weight (kg)": "weight\x01\x7f",
    "gift?": "gift 😀 é",
    "arrives late": 'late "or" \\ not',
}


@pytest.fixture(scope="module")
def root(tracking_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project about parcels that has trained, with such names."""
    root = tmp_path_factory.mktemp("names") / "project"
    shutil.copytree(tracking_store, root)
    path = root / CONTRACT
    text = path.read_text(encoding="utf-8")
    for old, new in NAMES.items():
        quoted = yaml.safe_dump(new, default_style=chr(34), allow_unicode=True).strip()
        text = text.replace(f'  "{old}":', f"  {quoted}:").replace(f"  {old}:", f"  {quoted}:")
    path.write_text(text, encoding="utf-8")
    table = pyarrow.parquet.read_table(root / "parcels.parquet")
    renamed = table.rename_columns([NAMES.get(name, name) for name in table.column_names])
    pyarrow.parquet.write_table(renamed, root / "parcels.parquet")
    project = open_copy(root)
    assert set(NAMES.values()) <= set(project.contract.by_name)
    ingest(project.settings, project.contract, until=datetime(2013, 3, 1, tzinfo=UTC))
    train(project)
    assert project.published().champion == "1"
    return root


@pytest.fixture(scope="module", params=["fastapi", "flask"])
def http(root: Path, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    settings = load_settings(root)
    serving = settings.serving.model_copy(update={"allow_anonymous": True})
    project = project_in(root, settings=settings.model_copy(update={"serving": serving}))
    edition = load_edition(request.param, project)
    with running(edition.app) as url, httpx.Client(base_url=url) as client:
        yield client


def test_the_service_answers_and_describes_itself(root: Path, http: httpx.Client) -> None:
    row: dict[str, Any] = dict(example_row(load_settings(root).contract()))
    answer = http.post("/predict", json=row)
    assert answer.status_code == 200, answer.text
    listed = http.post("/predict", json=[row] * 20)
    assert {found["prediction"] for found in listed.json()} == {answer.json()["prediction"]}
    label = {"prediction_id": answer.json()["prediction_id"], "label": True}
    assert http.post("/labels", json=label).json()["joined"] == 1
    rejected = http.post("/predict", json={**row, NAMES["way (km)"]: -1}).json()
    assert [found["column"] for found in rejected["violations"]] == [NAMES["way (km)"]]
    warned = http.post("/predict", json={**row, NAMES["from depot"]: "moon"}).json()
    assert [found["column"] for found in warned["warnings"]] == [NAMES["from depot"]]
    schema = http.get("/openapi.json").json()["components"]["schemas"]["Row"]
    assert set(NAMES.values()) - {NAMES["arrives late"]} <= set(schema["properties"])
    assert http.get("/metrics").status_code == 200


def test_the_bundle_its_signature_and_the_log_keep_the_names(root: Path) -> None:
    with closing(open_copy(root)) as project:
        version = project.published().champion
        assert version is not None
        bundle = read_bundle(project.bundles.fetch(version))
        assert bundle.contract == project.contract
        assert {column.name for column in bundle.encoder.columns} >= {NAMES["way (km)"]}
        names = [spec.name for spec in mlflow_signature(bundle.contract).inputs]
        assert names == [spec.name for spec in project.contract.inputs]


def test_monitoring_compares_such_columns_and_draws_them(root: Path, http: httpx.Client) -> None:
    contract = load_settings(root).contract()
    row = {**example_row(contract), "sent at": "2013-03-01T10:00:00+00:00"}
    for number in range(2):
        rows = [{**row, NAMES["way (km)"]: 50.0 + n + 100 * number} for n in range(100)]
        assert http.post("/predict", json=rows).status_code == 200
    clock = ManualClock(datetime(2013, 3, 2, tzinfo=UTC))
    with closing(project_in(root, clock)) as project:
        found = monitor_project(project)
    assert {NAMES["way (km)"], NAMES["from depot"], NAMES["weight (kg)"]} <= set(found.drift_scores)
    page = (root / str(found.report)).read_text(encoding="utf-8")
    assert page.count("</script>") == 3 and NAMES["from depot"] not in page
