"""Settings that follow from the row rate and the label horizon, over many of both."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import product
from typing import Any

import numpy as np
import pytest

from mlops_loop._profiling.loop_settings import (
    HOLDOUT_ROWS,
    TRIAL_DAYS,
    WINDOW_LABELS,
    LoopSetting,
    RowRate,
    loop_settings,
)
from mlops_loop._settings import Challenge, Loop, Monitoring, Training

DAY = timedelta(days=1)
START = np.datetime64("2000-01-01", "us")
RATES = (1 / 365, 1 / 30, 1 / 7, 0.5, 1, 2, 5, 30, 1_000, 1_000_000)
SPANS = (1, 20, 90, 365, 3_650, 14_600)
HORIZONS = (timedelta(0), timedelta(hours=6), DAY, 7 * DAY, 60 * DAY, 400 * DAY)
SECTIONS: Mapping[str, Any] = {
    "monitoring": Monitoring,
    "training": Training,
    "loop": Loop,
    "challenge": Challenge,
}


def table(rows_a_day: float, days: int) -> np.ndarray:
    """Evenly spread event times, at least 100 and a sample of at most 20,000."""
    rows = int(np.clip(rows_a_day * days, 100, 20_000))
    period = max(days, 100 / rows_a_day) * np.timedelta64(DAY)
    return START + np.arange(rows) * (period / rows)


def read(settings: list[LoopSetting]) -> dict[str, Any]:
    """The sections as the settings read them from the file."""
    return {
        name: section(**{s.path[1]: s.in_yaml for s in settings if s.path[0] == name})
        for name, section in SECTIONS.items()
    }


@pytest.mark.parametrize("horizon", HORIZONS)
@pytest.mark.parametrize(("rows_a_day", "days"), list(product(RATES, SPANS)))
def test_settings_fit_the_rows(rows_a_day: float, days: int, horizon: timedelta) -> None:
    times = table(rows_a_day, days)
    rate = RowRate.of(times, max(len(times), int(rows_a_day * days)))
    assert rate is not None and rate.rows == pytest.approx(rows_a_day, rel=0.1)
    settings = read(list(loop_settings(rate)))
    monitoring, challenge = settings["monitoring"], settings["challenge"]
    window, holdout = monitoring.window, settings["training"].holdout

    # A window has the labels to measure performance with, and reaches over days without rows.
    assert rate.within(window) >= monitoring.min_labels >= WINDOW_LABELS[0]
    assert window >= max(7 * DAY, DAY / rate.days)
    # The holdout is large enough, and leaves rows of after a change to train on: by the window
    # after the one in which it is noticed, 30 at least.
    assert rate.within(holdout) >= HOLDOUT_ROWS
    assert holdout < window
    assert rate.within(2 * window - holdout) >= 30
    # A trial can end, and so can the probation after it.
    for period in (challenge.max_duration, challenge.probation):
        assert rate.within(period) >= challenge.min_labels
        assert period / DAY * rate.days >= TRIAL_DAYS - 1
    # One retraining a window, whatever the cooldown.
    assert settings["loop"].cooldown <= window
    # From a change to the end of its trial: windows until training sees it, a trial of a model that
    # has not, and its own.
    learned = 2 * (window + horizon) + holdout + 2 * (challenge.max_duration + horizon)
    assert learned <= 12 * window + 4 * horizon + 2 * TRIAL_DAYS / rate.days * DAY


@pytest.mark.parametrize(
    ("rows_a_day", "days", "expected"),
    [
        (1000, 365, {"window": "30d", "holdout": "14d", "min_labels": 300, "max_duration": "60d"}),
        (30, 365, {"window": "30d", "holdout": "14d", "min_labels": 300, "max_duration": "60d"}),
        (1, 365, {"window": "63d", "holdout": "38d", "min_labels": 50, "max_duration": "60d"}),
        (1000, 28, {"window": "7d", "holdout": "4d", "min_labels": 300, "max_duration": "21d"}),
        (1 / 7, 7300, {"window": "438d", "holdout": "263d", "max_duration": "263d"}),
    ],
)
def test_settings_of_usual_tables(rows_a_day: float, days: int, expected: dict[str, Any]) -> None:
    times = table(rows_a_day, days)
    rate = RowRate.of(times, max(len(times), int(rows_a_day * days)))
    assert rate is not None
    settings = list(loop_settings(rate))
    found = {s.path[1]: s.in_yaml for s in settings if s.path != ("challenge", "min_labels")}
    assert {key: found[key] for key in expected} == expected


def test_the_rate_is_the_recent_one() -> None:
    old = START + np.arange(100) * np.timedelta64(10, "D")
    new = old[-1] + np.arange(1, 2001) * np.timedelta64(6, "h")
    rate = RowRate.of(np.concatenate([new, old]), 2100)
    assert rate is not None and rate.rows == pytest.approx(4, rel=0.01)
    assert str(rate) == "4 rows a day"


def test_rows_that_come_once_a_month_are_not_missed_by_a_window() -> None:
    times = np.repeat(np.arange("2000-01", "2010-01", dtype="datetime64[M]"), 900)
    rate = RowRate.of(times, len(times))
    assert rate is not None
    settings = read(list(loop_settings(rate)))
    assert settings["monitoring"].window >= 59 * DAY
    assert settings["challenge"].max_duration >= 600 * DAY


def test_one_time_has_no_rate() -> None:
    assert RowRate.of(np.array([START, START]), 2) is None
    assert RowRate.of(START + np.array([], dtype="timedelta64[us]"), 0) is None
