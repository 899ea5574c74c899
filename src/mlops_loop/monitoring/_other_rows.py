"""Where the rows of the log are, for a window that has none."""

from datetime import UTC

from ..prediction_log import PredictionLog
from ..prediction_log._last_day import last_day


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
    since = first.record.event_time.astimezone(UTC)
    midnight = since.replace(hour=0, minute=0, second=0, microsecond=0)
    until = last_day(log, midnight, version=version)
    of_version = "" if version is None else f" by version {version}"
    return [
        f"the log has {count:,} predictions{of_version} of {since:%Y-%m-%d} to {until:%Y-%m-%d}: "
        "see --since and --until"
    ]
