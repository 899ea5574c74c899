"""The rows that a window is compared with."""

from collections.abc import Sequence
from datetime import timedelta

from .._settings import Settings
from .._training_window import past_window
from ..contract import Contract
from ..prediction_log import LoggedRow, PredictionLog
from ._drift import FEWEST_ROWS
from ._monitoring_report import Window
from ._samples import Sample, check_window, window_sample

# Rows of fewer days, or of less than half of the span, do not say what is usual.
FEWEST_DAYS = 14


def find_reference(
    settings: Settings,
    contract: Contract,
    log: PredictionLog,
    holdout: Sample,
    version: str,
    window: Window,
) -> tuple[Sample, tuple[str, ...]]:
    """The rows that the settings mean, and a sentence where the holdout stands in for them.

    Answers in a window of the log are those of `version`; where it was not asked there are none,
    and predictions are compared on the other rows.
    """
    setting = settings.monitoring.reference
    past = past_window(setting, window.since, window.until)
    if past is None:
        return holdout, ()
    rows = log.sample(*past, settings.monitoring.sample_rows)
    if len(rows) < FEWEST_ROWS:
        note = f"{len(rows)} rows in the log for the reference {setting} (at least {FEWEST_ROWS})"
        return holdout, (f"{note}: compared with the holdout instead",)
    days, needed = _days(rows), min(FEWEST_DAYS, (past[1] - past[0]) / timedelta(days=2))
    if days < needed:
        plural = "s" if days > 1 else ""
        note = f"rows of {days} day{plural} in the log for the reference {setting}"
        note = f"{note} (at least {needed:.0f})"
        return holdout, (f"{note}: compared with the holdout instead",)
    columns = check_window(contract, rows).columns
    return window_sample(contract, rows, columns, version), ()


def _days(rows: Sequence[LoggedRow]) -> int:
    return len({row.record.event_time.date() for row in rows})
