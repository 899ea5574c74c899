"""The history to train on ends with the rows, however late the clock is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from mlops_loop.contract._arrow import arrow_schema
from mlops_loop.data._snapshot import Origin, write_snapshot
from mlops_loop.loop import _project_stages
from mlops_loop.loop._latest_row import latest_row, snapshot_end
from mlops_loop.prediction_log import Label, Output, Record

from ..places import FLIGHTS
from ..projects import ENV_PREFIX, project_in

DAY = timedelta(days=1)
END = datetime(2025, 12, 31, tzinfo=UTC)
NOW = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A project whose latest snapshot ends long before today."""
    monkeypatch.setenv(f"{ENV_PREFIX}PREDICTION_LOG", "sqlite:///var/predictions.db")
    (tmp_path / "config").mkdir()
    for name in ("project.yaml", "contract.yaml"):
        (tmp_path / "config" / name).write_bytes((FLIGHTS / "config" / name).read_bytes())
    project = project_in(tmp_path, SimpleNamespace(now=lambda: NOW))
    time, schema = project.contract.time.name, arrow_schema(project.contract)
    columns = {field.name: pa.nulls(1, field.type) for field in schema}
    columns[time] = pa.array([END.replace(tzinfo=None)], schema.field(time).type)
    table = pa.table(columns, schema=schema)
    write_snapshot(table, project.paths.snapshots, Origin("rows.csv", project.contract.digest))
    yield project
    project.close()


def log_label(project: Any, moment: datetime) -> None:
    contract, output = project.contract, Output("1", "champion", served=True, prediction=True)
    record = Record(
        "p",
        None,
        moment,
        moment,
        {},
        (output,),
        schema_digest=contract.schema_digest,
        target_digest=contract.target_digest,
    )
    project.log.append([record]).result()
    project.log.add_labels([Label("p", True, moment)])


def growth(project: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """That of a champion which was trained on 300 days of the snapshot."""
    left_out = project.settings.training.holdout + project.contract.label_horizon
    until = END - left_out
    manifest = SimpleNamespace(
        trained_since=(until - 300 * DAY).isoformat(), trained_until=until.isoformat()
    )
    monkeypatch.setattr(
        _project_stages, "read_bundle", lambda _: SimpleNamespace(manifest=manifest)
    )
    project.published = lambda: SimpleNamespace(champion="1")
    project.bundles = SimpleNamespace(fetch=lambda version: None)
    stages: Any = object.__new__(_project_stages.ProjectStages)
    stages._project = project
    return stages.training_growth()


def test_the_same_snapshot_is_no_growth(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert snapshot_end(project) == END
    found = growth(project, monkeypatch)
    assert found.until == found.trained_until and not found.reaches(0.5)


def test_labelled_rows_of_the_log_are_growth(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    log_label(project, END + 200 * DAY)
    found = growth(project, monkeypatch)
    assert abs(found.until - found.trained_until - 200 * DAY) <= DAY and found.reaches(0.5)
    assert not found.reaches(0.5, tried_until=found.until)


def test_a_project_without_a_snapshot_has_no_later_row(project: Any) -> None:
    for file in project.paths.snapshots.iterdir():
        file.unlink()
    assert latest_row(project, since=END, until=NOW) == END


def test_the_first_window_slides_with_the_rows(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlops_loop._training_window import TrainingWindow

    loop = project.settings.loop.model_copy(update={"training_window": TrainingWindow(90 * DAY)})
    project.settings = project.settings.model_copy(update={"loop": loop})
    asked: list[Any] = []
    pipeline = SimpleNamespace(ingest=lambda _, *, since, until: asked.append(since))
    stages: Any = object.__new__(_project_stages.ProjectStages)
    stages._project = project
    stages._ingest(project, pipeline, None)
    assert asked == [None, END - 90 * DAY]
