"""What was compared for drift, and how often chance alone would be an alarm, in sentences."""

from datetime import timedelta

import numpy as np

from ._drift import Drift
from ._samples import Sample
from ._sampling_error import BY_CHANCE
from ._window import MonitoringWindow

_YEAR = timedelta(days=365)


def describe_comparison(window: MonitoringWindow, drift: Drift) -> tuple[str, ...]:
    """What was compared, the budget of false alarms, and what a season is."""
    a_year = _YEAR / (window.period.until - window.period.since)
    notes = [
        f"drift compares {_describe(window, window.sample)} with "
        f"{_describe(window, window.reference_sample)}",
        f"without any change, a finding of drift or quality in at most {BY_CHANCE:.0%} of the "
        f"windows ({BY_CHANCE * a_year:.1f} a year), a drift alarm in at most "
        f"{drift.alarm_by_chance:.1%} ({drift.alarm_by_chance * a_year:.2f} a year)",
    ]
    setting = window.settings.monitoring.reference
    if drift.is_alarm and not setting.startswith("before:"):
        notes.append(
            f"a season is a drift as well when the reference ({setting}) is from another part of "
            "the year: `monitoring.reference: before:365d` compares with the year before"
        )
    return tuple(notes)


def _describe(window: MonitoringWindow, sample: Sample) -> str:
    rows, time = f"{len(sample)} rows", window.contract.time
    if time is None or time.name not in sample.columns:
        return rows
    times = sample.columns[time.name]
    days = np.unique(times[~np.isnat(times)].astype("datetime64[D]"))
    if not len(days):
        return rows
    return f"{rows} of {len(days)} days ({days[0]} to {days[-1]})"
