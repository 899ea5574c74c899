"""An early warning names the day on which the daily loss began to rise."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from mlops_loop.contract._columns import Columns
from mlops_loop.evaluation._metrics import accuracy, brier, log_loss, roc_auc
from mlops_loop.monitoring._daily_change import largest_rise
from mlops_loop.monitoring._daily_losses import LOOK_BACK, DailyLossReader
from mlops_loop.monitoring._estimated_performance import estimated_error, expected_metric
from mlops_loop.monitoring._excess_loss import excess_losses
from mlops_loop.monitoring._monitoring_report import Window
from mlops_loop.monitoring._samples import Sample
from mlops_loop.monitoring._window import MonitoringWindow
from mlops_loop.prediction_log import LoggedRow

from .world import NOW, World, parcels


def _probabilities(rows: int, seed: int = 0) -> np.ndarray:
    late = np.random.default_rng(seed).beta(2, 6, rows)
    return np.column_stack([1 - late, late])


@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_a_rise_is_detected_with_its_onset_and_equal_days_are_not(correlation: float) -> None:
    rng = np.random.default_rng(7)
    days = rng.normal(size=80)
    for day in range(1, 80):
        days[day] += correlation * days[day - 1]
    calm = largest_rise(days, margin=0.1)
    days[50:] += 4
    rise = largest_rise(days, margin=0.1)
    assert calm is not None and not calm.is_detected
    assert rise is not None and rise.is_detected
    assert abs(rise.onset - 50) <= 2
    assert rise.after - rise.before == pytest.approx(4, abs=1)


def test_with_few_days_nothing_is_said() -> None:
    assert largest_rise(np.arange(12.0), margin=0) is None


@pytest.mark.parametrize("metric", ["log_loss", "brier", "accuracy"])
def test_labels_that_follow_the_probabilities_have_no_excess_loss(metric: str) -> None:
    scores = _probabilities(40_000)
    labels = (np.random.default_rng(1).random(40_000) < scores[:, 1]).astype(np.int64)
    excess = excess_losses(metric, scores, labels, scores)
    assert np.abs(excess.mean(axis=0)).max() < 0.01
    frequent = np.where(np.random.default_rng(2).random(40_000) < 0.2, 1, labels)
    assert excess_losses(metric, scores, frequent, scores).mean(axis=0)[0] > 0.05


@pytest.mark.parametrize("metric", [log_loss, brier, accuracy, roc_auc])
def test_the_expected_metric_is_that_of_labels_drawn_with_the_probabilities(metric: object) -> None:
    scores = _probabilities(40_000)
    labels = (np.random.default_rng(1).random(40_000) < scores[:, 1]).astype(np.int64)
    assert expected_metric(metric, scores) == pytest.approx(  # type: ignore[arg-type]
        metric.value(labels, scores), abs=0.01  # type: ignore[attr-defined]
    )


@pytest.mark.parametrize(("metric", "factor"), [("rmse", 1.0), ("mae", (2 / np.pi) ** 0.5)])
def test_the_error_of_a_regression_follows_its_inputs(metric: str, factor: float) -> None:
    rng = np.random.default_rng(0)

    def sample(spread: np.ndarray) -> Sample:
        scores = np.zeros(len(spread))
        return Sample({"spread": spread}, scores, scores + rng.normal(size=len(spread)) * spread)

    holdout = sample(rng.choice([1.0, 3.0], 4000))
    value, before = estimated_error(metric, holdout, sample(np.full(500, 3.0)), 0)
    assert value == pytest.approx(3 * factor, rel=0.1)
    assert before < value


def _predict(world: World, change_on: int | None) -> None:
    """Forty days; from `change_on` days before the end, all parcels are late more often."""
    columns: Columns = {}
    for seed, until in ((2, NOW - world.span), (3, NOW)):
        columns = parcels(seed, until=until)
        if change_on is not None:
            since = np.datetime64((NOW - timedelta(days=change_on)).replace(tzinfo=None))
            more = np.random.default_rng(seed).random(len(columns["late"])) < 0.5
            columns["late"][(columns["sent"] >= since) & more] = 1.0
        world.predict(columns)


def test_a_warning_names_the_day(world: World) -> None:
    _predict(world, change_on=10)
    report = world.monitor()
    assert report.statuses["early_warning"] == "failed"
    (finding,) = [each for each in report.findings if each.kind == "early_warning"]
    assert "since 2024-02-20" in finding.text
    assert "labelled rows" in finding.text and "margin of 0.01" in finding.text
    assert finding.value is not None and finding.value > 0.1


def test_unchanged_days_warn_of_nothing_and_the_estimate_says_that_it_is_one(world: World) -> None:
    _predict(world, change_on=None)
    report = world.monitor()
    assert report.statuses["early_warning"] == "ok"
    assert any(note.startswith("no early warning: ") for note in report.notes)
    assert any("estimated, labels are not known yet" in note for note in report.notes)
    assert report.metrics["estimated_log_loss"] == pytest.approx(0.55, abs=0.1)


def test_without_labels_the_warning_is_unknown_and_the_estimate_is_there(world: World) -> None:
    world.predict(parcels(2), labelled=False)
    report = world.monitor()
    assert report.statuses["early_warning"] == "unknown"
    assert "estimated_log_loss" in report.metrics


def test_days_that_were_read_are_not_read_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _predict(world, change_on=None)
    settings = world.settings_with(sample_rows=10_000)  # all rows
    period = Window(NOW - world.span, NOW, 0, 0)
    window = MonitoringWindow(
        settings, world.contract, world.log, world.bundle, world.clock, period
    )
    reads: list[timedelta] = []
    sample = world.log.sample

    def counted(since: datetime, until: datetime, *options: Any, **named: Any) -> list[LoggedRow]:
        reads.append(until - since)
        return sample(since, until, *options, **named)

    monkeypatch.setattr(world.log, "sample", counted)
    reader = DailyLossReader()
    for until in (NOW - timedelta(days=3), NOW - timedelta(days=1), NOW - timedelta(days=1)):
        known = reader.read(window, until)
        anew = DailyLossReader().read(window, until)
        np.testing.assert_array_equal(known.days, anew.days)
        np.testing.assert_allclose(known.sums, anew.sums)
        np.testing.assert_array_equal(known.counts, anew.counts)
    fresh = LOOK_BACK
    assert reads == [fresh, fresh, timedelta(days=2), fresh, fresh]
    assert known.days[0] == np.datetime64("2024-01-21") and known.counts.sum() > 1000
    # An earlier day, as after a change of the clock, starts over.
    assert reader.read(window, NOW - timedelta(days=9)).days.max() < np.datetime64("2024-02-21")
