"""Parts of the event time that are features, by `features.calendar` of the settings."""

import json
from pathlib import Path

import numpy as np
import pytest
from flights.features import FEATURES

from mlops_loop._bundle import read_bundle
from mlops_loop._champion import champion_predictor
from mlops_loop._explanation.run import champion_explainer
from mlops_loop._feature_set import DatetimePart, FeatureSet
from mlops_loop._packaged_features import packaged_features
from mlops_loop._project import Project
from mlops_loop._settings import CONFIG
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract._columns import take
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._evidently_definition import compared_columns
from mlops_loop.errors import SettingsError
from mlops_loop.pipeline import SnapshotRef

from .projects import project_in
from .stages import train

COLUMNS = (
    "problem: regression\nlabel_horizon: 1d\n"
    "columns: {x: {type: number}, y: {type: number, role: target}%s}"
)
TIMED = parse_contract(COLUMNS % ", at: {type: datetime, role: time}")


def test_the_event_time_is_a_column_of_the_model_only_with_a_calendar() -> None:
    plain = FeatureSet()
    assert [column.name for column in plain.columns(TIMED)] == ["x"]
    timed = plain.with_calendar(("hour", "elapsed_days"))
    column = timed.columns(TIMED)[-1]
    assert (column.name, column.parts, column.calendar) == ("at", ("hour", "elapsed_days"), True)


def test_the_calendar_is_part_of_the_digest() -> None:
    calendars: list[tuple[DatetimePart, ...]] = [(), ("hour",), ("hour", "month"), ("month",)]
    digests = {FEATURES.with_calendar(parts).digest for parts in calendars}
    assert len(digests) == len(calendars) and FEATURES.digest in digests
    assert FEATURES.with_calendar(("hour",)).without(["weekday"]).calendar == ("hour",)


def test_a_calendar_needs_event_times() -> None:
    with pytest.raises(SettingsError, match="features.calendar needs event times"):
        FeatureSet(calendar=("hour",)).columns(parse_contract(COLUMNS % ""))


def test_an_unknown_part_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / CONFIG).write_text("source: a.csv\nfeatures:\n  calendar: [hour, year]\n")
    with pytest.raises(SettingsError, match=r"features.calendar.*'elapsed_days'"):
        load_settings(tmp_path)


@pytest.fixture
def timed(project: Project) -> Project:
    """The trained project, trained again with the event time's hour and weekday."""
    path = project.root / CONFIG
    settings = json.loads(path.read_text()) | {"features": {"calendar": ["hour", "weekday"]}}
    path.write_text(json.dumps(settings))
    result = train(project_in(project.root))
    assert result.became == "champion"
    assert "Champion 1 predicted with its own features" in result.gate.summary()
    return result.project


def test_training_batch_online_explanation_and_monitoring_agree(timed: Project) -> None:
    version = timed.published().champion
    assert version == "2"
    bundle = read_bundle(timed.bundles.fetch(version), timed.features.digest)
    assert set(bundle.encoder.names) >= {"sent at_hour", "sent at_weekday"}
    assert not {"sent at", "sent at_month", "sent at_elapsed_days"} & set(bundle.encoder.names)
    with packaged_features(timed.registry, bundle) as features:
        assert features.digest == timed.features.digest

    columns = take(SnapshotRef.latest(timed).load(timed).columns, np.arange(8))
    model = champion_predictor(timed)
    online = [model.predict(take(columns, np.array([row]))).probabilities for row in range(8)]
    batch = model.predict(columns).probabilities
    assert batch is not None
    np.testing.assert_allclose(np.concatenate(online), batch, atol=1e-6)  # type: ignore[arg-type]

    assert "sent at" in {column.name for column in champion_explainer(timed).columns}
    # Dates always drift.
    assert "sent at" not in {column.name for column in compared_columns(timed.contract)}
