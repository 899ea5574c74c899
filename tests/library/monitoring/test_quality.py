import numpy as np

from mlops_loop.contract._columns import Columns, take
from mlops_loop.monitoring import MonitoringReport
from mlops_loop.monitoring._constant_columns import constant_columns

from .world import World

ROWS = 600


def columns_of(found: MonitoringReport, kind: str) -> set[str | None]:
    return {finding.column for finding in found.findings if finding.kind == kind}


def test_values_that_training_never_saw_are_a_matter_of_quality(world: World) -> None:
    def rename(columns: Columns) -> None:
        columns["town"][::10] = "elsewhere"
        columns["colour"][::10] = "violet"

    found = world.monitor_changed(rename)
    assert found.quality
    assert {(f.column, f.statistic) for f in found.findings if f.kind == "quality"} == {
        (None, "violation_share"),
        ("colour", "violation_share"),
        ("town", "unseen_share"),
    }


def test_columns_without_a_value_or_with_only_one_are_survived(world: World) -> None:
    def break_join(columns: Columns) -> None:
        columns["weight"][:] = np.nan
        columns["size"][:] = 0.5
        columns["town"][:] = "town 1"

    found = world.monitor_changed(break_join)
    assert columns_of(found, "quality") == {"weight", "size", "town"}
    assert {"size", "town"} <= columns_of(found, "drift")
    assert any("weight has no values" in note for note in found.notes)


def test_less_traffic_and_a_source_gone_silent_are_found(world: World) -> None:
    world.predict(world.parcels(3, until=world.now - world.span))
    columns = world.parcels(2)
    world.predict(take(columns, np.arange(ROWS // 3)))
    found = world.monitor()
    assert {"rows", "age_hours"} <= {finding.statistic for finding in found.findings}
    assert found.quality
    assert any("only 200 rows" in summary for summary in found.messages())


def test_a_column_that_says_the_same_in_every_row_is_named(world: World) -> None:
    def stop(columns: Columns) -> None:
        columns["fragile"][:] = 0

    found = world.monitor_changed(stop)
    assert [one.text for one in found.findings if one.kind == "quality"] == [
        "fragile has the same value in every row"
    ]


def test_a_column_that_often_is_constant_for_a_day_may_be_so_for_some_days(world: World) -> None:
    """As rain: a third of the days, and then all of them."""
    rainy = np.arange(600) // 30 % 3 == 0
    reference, window = world.parcels(1), world.parcels(2)
    for columns in (reference, window):
        columns["size"] = np.where(rainy, columns["size"], 0.0)
    dry = take(window, np.flatnonzero(~rainy)[:150])
    assert constant_columns(world.contract, reference, dry, 0.01) == []
    reference["size"] = world.parcels(1)["size"]
    assert constant_columns(world.contract, reference, dry, 0.01) == ["size"]
