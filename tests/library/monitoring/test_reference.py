"""What a window is compared with, by setting."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mlops_loop._training_window import past_needed, past_window
from mlops_loop.contract._columns import take
from mlops_loop.errors import SettingsError

from .world import ROWS, World

MARCH, APRIL = datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("setting", "past"),
    [
        ("holdout", None),
        ("trailing:30d", (datetime(2024, 1, 31, tzinfo=UTC), MARCH)),
        ("before:366d", (datetime(2023, 3, 1, tzinfo=UTC), datetime(2023, 4, 1, tzinfo=UTC))),
    ],
)
def test_a_setting_means_a_stretch_of_the_log(
    setting: str, past: tuple[datetime, datetime] | None
) -> None:
    assert past_window(setting, MARCH, APRIL) == past


@pytest.mark.parametrize("setting", ["yesterday", "trailing", "trailing:soon", "after:1d"])
def test_anything_else_is_refused(world: World, setting: str) -> None:
    with pytest.raises(SettingsError, match="monitoring.reference"):
        world.settings_with(reference=setting)


@pytest.mark.parametrize("setting", ["trailing:20d", "before:20d"])
def test_a_window_like_the_one_before_did_not_drift_however_old_the_holdout(
    world: World, setting: str
) -> None:
    for seed, until in ((3, world.now - world.span), (2, world.now)):
        columns = world.parcels(seed, until=until)
        columns["weight"] += 5
        columns["size"] += 5
        world.predict(columns, labelled=False)
    assert world.monitor().drift
    found = world.monitor(world.settings_with(reference=setting))
    assert found.findings == () and "prediction" in found.drift_scores


def test_the_holdout_stands_in_for_a_past_that_is_not_there(world: World) -> None:
    world.predict(world.parcels(2))
    found = world.monitor(world.settings_with(reference="before:365d"))
    assert found.findings == ()
    reason = "0 rows in the log for the reference before:365d (at least 30)"
    assert any(reason in note for note in found.notes)


def test_rows_of_a_single_day_are_no_past_to_compare_with(world: World) -> None:
    """Rows enough, but all of the day before the window."""
    before = world.parcels(3, until=world.now - world.span)
    world.predict(take(before, np.arange(ROWS - 30, ROWS)), labelled=False)
    world.predict(world.parcels(2))
    found = world.monitor(world.settings_with(reference="trailing:90d"))
    assert found.findings == ()
    note = "rows of 1 day in the log for the reference trailing:90d (at least 14)"
    assert f"{note}: compared with the holdout instead" in found.notes


def test_the_log_keeps_what_the_reference_needs() -> None:
    assert past_needed("holdout") == timedelta(0)
    assert past_needed("before:365d") == timedelta(days=365)
