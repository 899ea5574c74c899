import numpy as np
import pytest

from mlops_loop.contract._check import check_columns
from mlops_loop.contract._columns import Columns, take
from mlops_loop.monitoring import MonitoringReport
from mlops_loop.monitoring._constant_columns import constant_columns
from mlops_loop.monitoring._quality import find_quality
from mlops_loop.monitoring._samples import Sample

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


@pytest.mark.parametrize(
    ("share", "statistic", "text"),
    [
        (0.0, "present_share", "weight has a value in 100% of the rows, "),
        (0.1, None, ""),
        (0.25, "missing_share", "weight is missing in 2"),
    ],
)
def test_missing_values_are_compared_with_those_of_the_reference(
    world: World, share: float, statistic: str | None, text: str
) -> None:
    def replace(columns: Columns) -> None:
        rows = np.arange(ROWS) % 20 < 20 * share
        columns["weight"] = np.where(rows, np.nan, world.parcels(1)["weight"])
        filled = np.isnan(columns["weight"]) & ~rows
        columns["weight"][filled] = np.resize(
            columns["weight"][~np.isnan(columns["weight"])], filled.sum()
        )

    found = world.monitor_changed(replace)
    findings = [one for one in found.findings if one.kind == "quality"]
    assert [one.statistic for one in findings] == ([statistic] if statistic else [])
    assert all(one.text.startswith(text) for one in findings)


def test_rows_that_broke_a_rule_before_may_do_so_now(world: World) -> None:
    """A share of 6% is above the limit of 2%, and no finding where it always was so."""
    random = np.random.default_rng(0)
    reference, window = world.parcels(1), world.parcels(2)
    for columns in (reference, window):
        columns["size"][random.random(ROWS) < 0.06] = 60
    assert quality_of(world, reference, window) == []
    assert quality_of(world, world.parcels(1), window) == ["violation_share", "violation_share"]


def quality_of(world: World, reference: Columns, window: Columns) -> list[str]:
    findings = find_quality(
        world.contract,
        0.02,
        reference=Sample(reference, np.full((ROWS, 2), 0.5)),
        checked=check_columns(world.contract, window),
        encoder=world.bundle.encoder,
    )
    return [finding.statistic for finding in findings]
