"""The questions the PostgreSQL log is asked, each as index ranges whose cost is known.

Times are microseconds (see instants.py), windows half-open. Each function reads from the
connection it is given and changes nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import psycopg

from .postgresql_text import from_text, to_text
from .records import Counts, LoggedRow
from .sampling import STRATA
from .serialization import StoredRecord, from_stored
from .timestamps import DAY, MINUTE, consecutive_runs
from .versions import EVERYTHING, Answered, GroupFilter

Connection = psycopg.Connection[Any]

_ROW = """
    prediction_id, entity_key, predictions.event_time, arrival_time, columns, outputs,
    schema_digest, label, time
"""
_JOINED = "JOIN predictions USING (prediction_id) LEFT JOIN labels USING (prediction_id)"


class Place(NamedTuple):
    """Where a row stands in the order of event time; by default, before all of that time."""

    event_time: int
    stored_id: str = ""


def get(connection: Connection, prediction_id: str) -> LoggedRow | None:
    query = f"""
        SELECT {_ROW} FROM predictions LEFT JOIN labels USING (prediction_id)
        WHERE prediction_id = %s
    """
    found = _asked(connection, query, (to_text(prediction_id),))
    return _logged(found[0]) if found else None


def answered(connection: Connection, start: int, stop: int, wanted: GroupFilter) -> list[Answered]:
    """A window without the days on which there is nothing of it, from minute to minute."""
    if wanted.selects_all:
        return [Answered(start, stop, None)]
    groups = _groups(connection, start, stop, wanted)
    within = "width = %s AND start > %s AND start < %s AND versions = ANY (%s)"
    query = f"SELECT DISTINCT start FROM counters WHERE {within} ORDER BY start"
    edge = f"SELECT min(start), max(start) FROM counters WHERE {within}"
    days = _asked(connection, query, (DAY, start - DAY, stop, groups))
    found = []
    for first, last in consecutive_runs(day for (day,) in days):
        begin = _asked(connection, edge, (MINUTE, first - 1, first + DAY, groups))[0][0]
        end = _asked(connection, edge, (MINUTE, last - 1, last + DAY, groups))[0][1]
        found.append(Answered(max(start, begin), min(stop, end + MINUTE), groups))
    return found


def sample(
    connection: Connection,
    start: int,
    stop: int,
    limit: int,
    *,
    labelled: bool,
    wanted: GroupFilter = EVERYTHING,
) -> list[LoggedRow]:
    """The rows of a window with the smallest sampling keys, in the order of these."""
    source = _source(labelled)
    within = """
        versions = ANY (%(groups)s) AND event_time >= %(start)s AND event_time < %(stop)s
    """
    # Every key of a stratum is smaller than those of the next, more common one: walk down from
    # the rarest until there are enough.
    query = f"""
        WITH RECURSIVE walked (stratum, found) AS (
            SELECT {STRATA}, 0::bigint
            UNION ALL
            SELECT stratum - 1, found + (
                SELECT count(*) FROM {source}
                WHERE {source}.stratum = walked.stratum - 1 AND {within}
            )
            FROM walked WHERE stratum > 0 AND found < %(limit)s
        ),
        chosen AS (
            SELECT prediction_id, sampling_key FROM {source}
            WHERE stratum = ANY (ARRAY (SELECT stratum FROM walked)) AND {within}
            ORDER BY sampling_key, prediction_id LIMIT %(limit)s
        )
        SELECT {_ROW} FROM chosen {_JOINED} ORDER BY chosen.sampling_key, prediction_id
    """
    groups = _groups(connection, start, stop, wanted)
    arguments = {"groups": groups, "start": start, "stop": stop, "limit": max(limit, 0)}
    return [_logged(row) for row in _asked(connection, query, arguments)]


def page(
    connection: Connection,
    after: Place,
    start: int,
    stop: int,
    size: int,
    *,
    labelled: bool,
    groups: Sequence[str] | None = None,
) -> tuple[list[LoggedRow], Place | None]:
    """The next rows in the order of event time, and the place to go on from, if there may be."""
    condition = "" if groups is None else "AND versions = ANY (%(groups)s)"
    query = f"""
        SELECT {_ROW} FROM (
            SELECT prediction_id, event_time FROM {_source(labelled)}
            WHERE event_time >= %(start)s AND event_time < %(stop)s
                AND (event_time, prediction_id) > (%(time)s, %(id)s) {condition}
            ORDER BY event_time, prediction_id LIMIT %(size)s
        ) AS page {_JOINED} ORDER BY page.event_time, prediction_id
    """
    asked = {"start": start, "stop": stop, "size": size, "groups": groups}
    arguments = {"time": after.event_time, "id": after.stored_id, **asked}
    found = _asked(connection, query, arguments)
    last = Place(found[-1][2], found[-1][0]) if len(found) == size else None
    return [_logged(row) for row in found], last


def count(
    connection: Connection, start: int, stop: int, wanted: GroupFilter = EVERYTHING
) -> Counts:
    """Whole days and minutes from the counters; only what is left of a minute row by row."""
    groups = _groups(connection, start, stop, wanted)
    spans = list(_spans(start, stop, (DAY, MINUTE)))
    whole = """
        SELECT coalesce(sum(predictions), 0)::bigint, coalesce(sum(labels), 0)::bigint
        FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS span (width, first, last)
        JOIN counters ON counters.width = span.width
            AND counters.start >= span.first AND counters.start < span.last
        WHERE versions = ANY (%s)
    """
    within = """
        event_time >= %(first)s AND event_time < %(last)s AND versions = ANY (%(groups)s)
    """
    single = f"""
        SELECT
            (SELECT count(*) FROM predictions WHERE {within}),
            (SELECT count(*) FROM labels WHERE {within})
    """
    columns = [[span[field] for span in spans if span[0]] for field in range(3)]
    found = _asked(connection, whole, (*columns, groups))
    for width, first, last in spans:
        if not width:
            arguments = {"first": first, "last": last, "groups": groups}
            found += _asked(connection, single, arguments)
    return Counts(sum(row[0] for row in found), sum(row[1] for row in found))


def totals(connection: Connection, wanted: GroupFilter = EVERYTHING) -> Counts:
    query = """
        SELECT versions, sum(predictions)::bigint, sum(labels)::bigint
        FROM counters WHERE width = %s GROUP BY versions
    """
    counts = {group: each for group, *each in _asked(connection, query, (DAY,))}
    chosen = [counts[group] for group in wanted.select(counts)]
    return Counts(sum(each[0] for each in chosen), sum(each[1] for each in chosen))


def _groups(connection: Connection, start: int, stop: int, wanted: GroupFilter) -> list[str]:
    """The groups on the days of a window that are wanted."""
    query = """
        SELECT DISTINCT versions FROM counters WHERE width = %s AND start > %s AND start < %s
    """
    return wanted.select(group for (group,) in _asked(connection, query, (DAY, start - DAY, stop)))


def _spans(start: int, stop: int, widths: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """A window as whole buckets, each (width, first, last), and what is left with a width of 0."""
    if start >= stop:
        return
    if not widths:
        yield 0, start, stop
        return
    width, *finer = widths
    first, last = -(-start // width) * width, stop // width * width
    if first >= last:
        yield from _spans(start, stop, finer)
        return
    yield from _spans(start, first, finer)
    yield width, first, last
    yield from _spans(last, stop, finer)


def _source(labelled: bool) -> str:
    """The table whose rows are asked for: labels know the time of their prediction."""
    return "labels" if labelled else "predictions"


def _asked(connection: Connection, query: str, arguments: Any) -> list[tuple[Any, ...]]:
    return connection.execute(query, arguments).fetchall()


def _logged(row: tuple[Any, ...]) -> LoggedRow:
    prediction_id, entity_key, *rest, label, time = row
    entity = None if entity_key is None else from_text(entity_key)
    return from_stored(StoredRecord(from_text(prediction_id), entity, *rest), label, time)
