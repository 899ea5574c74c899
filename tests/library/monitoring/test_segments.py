"""The answers for one version, and for each value of a column."""

import numpy as np
import pytest

from mlops_loop.contract._columns import take
from mlops_loop.errors import InputError

from .world import World


def test_each_value_of_a_column_has_an_answer_of_its_own(world: World) -> None:
    columns = world.parcels(2)
    columns["weight"][columns["colour"] == "red"] += 3
    world.predict(columns)
    found = world.monitor(segment_by="colour")
    assert {segment.value: segment.drifted for segment in found.segments} == {
        "red": ("weight",),
        "green": (),
        "blue": (),
    }
    assert sum(segment.share for segment in found.segments) == pytest.approx(1)
    assert {segment.performance for segment in found.segments} == {"unknown"}  # too few labels each
    told = found.to_json()["segments"]
    assert isinstance(told, list) and set(told[0]) == {
        *("column", "value", "rows", "share", "share_before"),
        *("drifted", "performance", "metrics"),
    }
    assert any(line.startswith("colour = red: ") for line in found.messages())


def test_segments_with_enough_labels_are_judged(world: World) -> None:
    columns = world.parcels(2, rows=1800)
    sturdy = columns["fragile"] == 0
    columns["late"][sturdy] = 1 - columns["late"][sturdy]
    world.predict(columns)
    answers = {segment.value: segment for segment in world.monitor(segment_by="fragile").segments}
    assert answers["False"].performance == "worse" and answers["False"].metrics["worsening_low"] > 0
    assert answers["True"].performance == "unknown"


def test_rare_values_are_left_out(world: World) -> None:
    columns = world.parcels(2)
    columns["town"] = np.where(columns["size"] > 0, "here", columns["town"])
    world.predict(columns)
    assert [segment.value for segment in world.monitor(segment_by="town").segments] == ["here"]


@pytest.mark.parametrize("column", ["weight", "parcel", "sent", "nothing"])
def test_rows_are_taken_apart_by_categories_alone(world: World, column: str) -> None:
    with pytest.raises(InputError, match="expected one of colour, town, fragile"):
        world.monitor(segment_by=column)


def test_a_version_is_asked_about_on_the_rows_that_it_answered(world: World) -> None:
    columns = world.parcels(2)
    here = columns["town"] < "town 25"
    world.predict(take(columns, np.flatnonzero(here)), version="1")
    world.predict(take(columns, np.flatnonzero(~here)), version="2")
    found = world.monitor(version_only=True)
    assert found.window.sampled == found.window.rows == here.sum() < 500
    assert "version-1" in str(found.report)


def test_without_its_page_a_verdict_is_the_same(world: World) -> None:
    columns = world.parcels(2)
    columns["weight"] += 1
    world.predict(columns)
    whole, quick = world.monitor(), world.monitor(page=False)
    assert quick.report is None and whole.report is not None
    assert quick.findings == whole.findings and quick.drift_scores == whole.drift_scores
