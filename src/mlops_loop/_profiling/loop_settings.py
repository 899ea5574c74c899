"""Settings of holdout, monitoring and loop that follow from the row rate and the label horizon.

A rule is stated as the least that has to fit; a default that fits stays as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from math import ceil, floor

import numpy as np

from .._duration import LONGEST, format_duration
from .._settings import Challenge, Loop, Monitoring, Training
from ..contract._columns import Array

Path = tuple[str, ...]

MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(7)
# Rates are means: a period gets as many rows as it needs on average, and this much more.
SLACK = 1.25
# Labels of a window below which its performance is too uncertain, and above which a window of the
# same length gains little.
WINDOW_LABELS = (50, 300)
# Held-out rows that the gate and the comparison of drift need.
HOLDOUT_ROWS = 30
# The same as for a window, for a trial.
TRIAL_LABELS = (30, 500)
# Days with rows that a trial needs: its test compares days.
TRIAL_DAYS = 21
# Windows that the table should cover; else a window is a week, if that has enough rows. In shorter
# ones, what recurs each day or week would be drift.
_WINDOWS_OF_TABLE = 3
_RECENT = (0.5, 0.99)


@dataclass(frozen=True)
class RowRate:
    """How rows arrive, by the recent half of a table.

    Attributes:
        rows: mean number of rows a day.
        days: share of the days that have rows.
        span: period of the table.
    """

    rows: float
    days: float
    span: timedelta

    @classmethod
    def of(cls, times: Array, rows: int) -> "RowRate | None":
        """The rate of a table; None if all rows have the same time.

        Args:
            times: event times of a sample, datetime64.
            rows: number of rows of the table.
        """
        ordered = np.sort(times.astype("datetime64[us]"))
        if not ordered.size or ordered[0] == ordered[-1]:
            return None
        first, last = (int(share * (ordered.size - 1)) for share in _RECENT)
        if ordered[first] == ordered[last]:
            first, last = 0, ordered.size - 1
        recent = ordered[first : last + 1]
        days = (recent[-1] - recent[0]) / np.timedelta64(DAY)
        with_rows = len(np.unique(recent.astype("datetime64[D]")))
        span: timedelta = (ordered[-1] - ordered[0]).item()
        share = (last - first) / (ordered.size - 1)
        return cls(rows * share / days, min(with_rows / max(days, 1.0), 1.0), span)

    def period(self, rows: float, days: float = 0) -> timedelta:
        """How long to wait for so many rows, on so many days."""
        needed = max(SLACK * rows / self.rows, days / self.days)
        return min(timedelta(days=min(needed, LONGEST.days)), LONGEST)

    def within(self, period: timedelta) -> float:
        """Rows to expect within a period."""
        return self.rows * (period / DAY)

    def __str__(self) -> str:
        rows = f"{self.rows:,.0f}" if self.rows >= 10 else f"{self.rows:.2g}"
        return f"{rows} row{'' if rows == '1' else 's'} a day"


@dataclass(frozen=True)
class LoopSetting:
    """A value of a setting, and the arithmetic behind it."""

    path: Path
    value: timedelta | int
    reason: str

    @property
    def in_yaml(self) -> str | int:
        """The value as it stands in `config/project.yaml`."""
        return self.value if isinstance(self.value, int) else format_duration(self.value)


def loop_settings(rate: RowRate) -> Iterator[LoopSetting]:
    """The settings for a row rate.

    A window holds enough labels to measure performance, and the holdout is shorter than a window,
    so that retraining after a change sees rows of after it. A trial, and the probation after it,
    last until enough rows have arrived; both are counted in event time whose labels are known.
    """
    window = _window(rate)
    labels = _labels(rate.within(window), WINDOW_LABELS)
    expected = f"about {rate.within(window):,.0f} rows at {rate}"
    yield LoopSetting(("monitoring", "window"), window, expected)
    reason = f"four in five of {expected}, within {WINDOW_LABELS[0]} and {WINDOW_LABELS[1]}"
    yield LoopSetting(("monitoring", "min_labels"), labels, reason)
    held = _holdout(rate, window)
    reason = f"about {rate.within(held):,.0f} rows; shorter than monitoring.window, so that"
    reason += " retraining sees rows of after a change"
    yield LoopSetting(("training", "holdout"), held, reason)
    cooldown = min(Loop().cooldown, _rounded(window / 2))
    yield LoopSetting(("loop", "cooldown"), cooldown, "half of monitoring.window, or less")
    yield from _trial(rate, window)


def _holdout(rate: RowRate, window: timedelta) -> timedelta:
    """At most half a window; longer only if that has too few rows."""
    return _rounded(max(min(Training().holdout, window / 2), rate.period(HOLDOUT_ROWS)))


def _window(rate: RowRate) -> timedelta:
    # Where not all days have rows, it reaches from one to the next.
    needed = rate.period(WINDOW_LABELS[0], days=2 - rate.days)
    default = Monitoring().window
    usual = default if default <= rate.span / _WINDOWS_OF_TABLE else WEEK
    return max(usual, _rounded(needed))


def _trial(rate: RowRate, window: timedelta) -> Iterator[LoopSetting]:
    defaults = Challenge()
    arrival = rate.period(TRIAL_LABELS[0], TRIAL_DAYS)
    needed = _rounded(arrival)
    # No retraining begins during a trial: it should not outlast many windows.
    duration = max(min(defaults.max_duration, 2 * window), needed)
    probation = max(min(defaults.probation, window), needed)
    expected = rate.within(probation)
    reason = f"{needed.days} days for {TRIAL_LABELS[0]} labels on {TRIAL_DAYS} days; or longer"
    yield LoopSetting(("challenge", "max_duration"), duration, reason)
    yield LoopSetting(("challenge", "probation"), probation, reason)
    reason = f"four in five of about {expected:,.0f} labels in challenge.probation, within"
    reason += f" {TRIAL_LABELS[0]} and {TRIAL_LABELS[1]}"
    yield LoopSetting(("challenge", "min_labels"), _labels(expected, TRIAL_LABELS), reason)


def _labels(expected: float, limits: tuple[int, int]) -> int:
    return int(np.clip(floor(expected / SLACK + 1e-9), *limits))


def _rounded(period: timedelta) -> timedelta:
    """Rounded up to whole days, from 2 days on; else to hours or minutes."""
    unit = next((unit for unit in (DAY, HOUR) if period >= 2 * unit), MINUTE)
    return ceil(period / unit) * unit
