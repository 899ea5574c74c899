"""The last day of a log with rows."""

from datetime import UTC, datetime, timedelta

from ._protocol import PredictionLog

DAY = timedelta(days=1)
_END = datetime.max.replace(tzinfo=UTC)


def last_day(
    log: PredictionLog,
    since: datetime,
    until: datetime | None = None,
    *,
    version: str | None = None,
    labelled: bool = False,
) -> datetime:
    """The beginning of the last day with a prediction, by bisection: a store counts fast.

    Args:
        log: the predictions.
        since: the first event time; days are counted from here.
        until: end of the event times, excluded.
        version: only predictions of this version.
        labelled: only predictions with a label.

    Returns:
        `since` if there are none.
    """
    low, high = 0, ((until or _END) - since).days
    while low < high:
        middle = (low + high + 1) // 2
        counts = log.count(since + middle * DAY, until, version=version)
        if counts.labels if labelled else counts.predictions:
            low = middle
        else:
            high = middle - 1
    return since + low * DAY
