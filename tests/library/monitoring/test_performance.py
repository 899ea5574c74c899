from datetime import datetime, timedelta

import pytest

from mlops_loop._clock import ManualClock
from mlops_loop.contract._columns import Columns
from mlops_loop.evaluation._metric import Metric
from mlops_loop.evaluation._metrics import accuracy
from mlops_loop.monitoring import MonitoringReport
from mlops_loop.monitoring._run import monitor
from mlops_loop.prediction_log import Label

from .world import World


def test_a_changed_concept_is_found_where_no_input_moved(world: World) -> None:
    def turn(columns: Columns) -> None:
        columns["late"] = 1 - columns["late"]

    found = world.monitor_changed(turn)
    assert (found.drift, found.quality, found.performance) == (False, False, "worse")
    assert {finding.kind for finding in found.findings} == {"performance", "early_warning"}
    value, threshold = found.findings[0].value, found.findings[0].threshold
    assert value and threshold and value > threshold


def test_a_slice_that_went_wrong_is_named_beside_the_whole(world: World) -> None:
    def turn(columns: Columns) -> None:
        fragile = columns["fragile"] == 1
        columns["late"][fragile] = 1 - columns["late"][fragile]

    settings = world.settings_with(sample_rows=2000, performance_margin=0.1)
    settings = settings.model_copy(
        update={"gate": settings.gate.model_copy(update={"slice_rows": 50, "slice_factor": 3})}
    )
    columns = world.parcels(2, rows=1800)
    turn(columns)
    world.predict(columns)
    found = world.monitor(settings)
    slices = [one for one in found.findings if one.slice is not None]
    assert [(one.column, one.slice, one.severity) for one in slices] == [
        ("fragile", "True", "warning")
    ]
    assert "performance is worse where fragile is True: log_loss is" in slices[0].text
    assert slices[0].rows == 1800


def test_few_labels_leave_performance_unknown_and_say_how_many_are_missing(world: World) -> None:
    columns = world.parcels(2)
    world.predict(columns, labelled=False)
    world.log.add_labels([Label(str(name), True, world.now) for name in columns["parcel"][:150]])
    found = world.monitor()
    assert found.performance == "unknown"
    assert any("150 labelled rows (at least 200 needed); 450 of 600" in n for n in found.notes)


def test_rows_younger_than_the_horizon_do_not_count(world: World) -> None:
    world.predict(world.parcels(2))
    world.clock.set(world.now - world.span + timedelta(days=1))
    found = world.monitor()
    assert found.performance == "unknown"
    assert any("older than label_horizon" in note for note in found.notes)


def test_performance_is_measured_in_the_metric_of_the_project(world: World) -> None:
    own = Metric("share_right", accuracy.function, greater_is_better=True)
    columns = world.parcels(2)
    columns["late"] = 1 - columns["late"]
    world.predict(columns)
    finding, *_ = world.monitor(metric=own).findings
    assert finding.kind == "performance" and "share_right is" in finding.text


def test_labels_that_take_longer_than_a_window_count_a_horizon_later(world: World) -> None:
    world.predict(world.parcels(2))
    horizon = 3 * world.span
    contract = world.contract.model_copy(update={"label_horizon": horizon})

    def found(now: datetime) -> MonitoringReport:
        clock = ManualClock(now)
        return monitor(world.settings, contract, log=world.log, bundle=world.bundle, clock=clock)

    assert found(world.now).performance == "unknown"
    later = found(world.now + horizon)
    assert (later.window.rows, later.performance) == (0, "ok")


@pytest.mark.parametrize("horizon", [0, 7, 30, 90])
def test_performance_is_known_one_horizon_after_the_window(world: World, horizon: int) -> None:
    world.predict(world.parcels(2))
    contract = world.contract.model_copy(update={"label_horizon": timedelta(days=horizon)})

    def found(now: datetime, **thresholds: int) -> MonitoringReport:
        settings = world.settings_with(**thresholds)
        clock = ManualClock(now)
        return monitor(settings, contract, log=world.log, bundle=world.bundle, clock=clock)

    due = world.now + timedelta(days=horizon)
    report = found(due)
    assert (report.performance, report.metrics["labels"]) == ("ok", 600)
    # A day earlier the cohort reaches back a day more: its last day is not judged yet.
    earlier = found(due - timedelta(days=1))
    assert (earlier.performance, earlier.metrics["labels"]) == ("ok", 570)
    few = found(due - world.span + timedelta(days=6), min_labels=200)
    assert few.performance == "unknown"
    assert any("180 labelled rows (at least 200 needed)" in note for note in few.notes)
