"""A project trained for tests; as it is the sample's, its model has to be good as well."""

from pathlib import Path

import numpy as np
import pytest
from flights.pipeline import PIPELINE

from mlops_loop._publication import Rollout
from mlops_loop.contract._check import check_rows
from mlops_loop.registry._attempt import gate_result
from mlops_loop.testing import TrainedProject, trained_project, with_values

from ..projects import project_in

# What a training on a sample of the rows reaches at least, or at most where less is better.
AT_LEAST = {"roc_auc": 0.6}
AT_MOST = {"brier": 0.25, "log_loss": 0.6}


def test_the_sample_is_small_and_the_source_is_whole(flights: TrainedProject) -> None:
    assert flights.ingested.rows > 40_000
    assert flights.snapshot.rows == 8000
    assert len(flights.rows) == len(flights.labels) == 400


def test_the_model_is_as_good_as_the_sample_allows(flights: TrainedProject) -> None:
    metrics = flights.model.manifest.metrics
    assert all(metrics[name] > bound for name, bound in AT_LEAST.items()), metrics
    assert all(metrics[name] < bound for name, bound in AT_MOST.items()), metrics


def test_the_gate_passes_only_what_surely_beats_the_baseline(flights: TrainedProject) -> None:
    gate = gate_result(flights.project.registry, flights.version)
    assert gate.passed == (gate.metrics["gain_over_baseline_low"] > 0)
    assert flights.project.published().champion == flights.version.version


def test_rows_are_what_a_caller_sends(flights: TrainedProject) -> None:
    checked = check_rows(flights.project.contract, flights.rows)
    assert checked.accepted.all()
    for name, values in checked.columns.items():
        np.testing.assert_array_equal(values, flights.columns[name])
    assert set(flights.labels) == {True, False}


def test_scores_grow_with_the_target(flights: TrainedProject) -> None:
    scores = flights.scores(flights.columns)
    late = flights.columns["late"] == 1
    assert scores.shape == (400,)
    assert scores[late].mean() > scores[~late].mean()


def test_a_copy_stands_after_the_last_row_and_may_be_changed(
    flights: TrainedProject, tmp_path: Path
) -> None:
    copy = flights.copy(tmp_path / "copy")
    last = flights.columns["scheduled_departure"].max()
    assert np.datetime64(copy.clock.now().replace(tzinfo=None)) - last == np.timedelta64(1, "s")
    copy.bundles.set_rollout(copy.rollout_key, Rollout(champion=None))
    assert copy.published().champion is None
    assert flights.project.published().champion == flights.version.version


def test_a_model_that_the_gate_rejects_serves_the_tests(
    parcels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLIGHTS__GATE__MAX_SIZE", "1")
    trained = trained_project(project_in(parcels), tmp_path / "small", PIPELINE, rows=2000)
    assert not gate_result(trained.project.registry, trained.version).passed
    assert trained.project.published().champion == trained.version.version
    assert trained.model.manifest.version == trained.version.version


def test_values_for_all_rows(flights: TrainedProject) -> None:
    changed = with_values(flights.columns, origin="JFK", distance=100)
    assert set(changed["origin"]) == {"JFK"}
    assert changed["distance"].dtype == np.float64
    with pytest.raises(KeyError):
        with_values(flights.columns, destiny="JFK")
