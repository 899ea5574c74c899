"""Where the rows of the log are, for a window that has none."""

from datetime import UTC, datetime, timedelta

from ..prediction_log import PredictionLog

_DAY = timedelta(days=1)
_END = datetime.max.replace(tzinfo=UTC)


def describe_other_rows(log: PredictionLog, version: str | None) -> list[str]:
    """A sentence with the number of predictions and their first and last day; none without any.

    Args:
        log: the predictions.
        version: count the predictions of this version only.
    """
    count = log.count(None, None, version=version).predictions
    first = next(iter(log.rows(None, None, version=version)), None) if count else None
    if first is None:
        return []
    since = first.record.event_time
    until = _last_day(log, since, version)
    of_version = "" if version is None else f" by version {version}"
    return [
        f"the log has {count:,} predictions{of_version} of {since:%Y-%m-%d} to {until:%Y-%m-%d}: "
        "see --since and --until"
    ]


def _last_day(log: PredictionLog, first: datetime, version: str | None) -> datetime:
    """The day of the last row, by bisection: counting is fast, and reading all rows is not."""
    start = first.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    low, high = 0, (_END - start).days
    while low < high:
        middle = (low + high + 1) // 2
        if log.count(start + middle * _DAY, None, version=version).predictions:
            low = middle
        else:
            high = middle - 1
    return start + low * _DAY
