"""Times as the stores hold them: whole microseconds since 1970, in UTC."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from ..errors import InputError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE

_EARLIEST = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
_LATEST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICROSECOND + 1


def to_microseconds(time: datetime) -> int:
    """An aware datetime as an integer; InputError for one without a zone."""
    if time.tzinfo is None:
        raise InputError(f"the time {time.isoformat()} has no time zone: add one, such as +00:00")
    return (time - EPOCH) // MICROSECOND


def from_microseconds(value: int) -> datetime:
    return EPOCH + value * MICROSECOND


def window(since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """The half-open window [since, until); None leaves that side open."""
    start = _EARLIEST if since is None else to_microseconds(since)
    stop = _LATEST if until is None else to_microseconds(until)
    return start, stop


def consecutive_runs(days: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The first and the last of each run of days, given by their starts in order."""
    first = last = None
    for day in days:
        if first is not None and last is not None and day != last + DAY:
            yield first, last
            first = None
        first, last = day if first is None else first, day
    if first is not None and last is not None:
        yield first, last
