"""The questions the SQLite log is asked, each as index ranges whose cost is known.

Times are microseconds (see instants.py), windows half-open. Each function reads from the
connection it is given and changes nothing.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from .records import Counts, LoggedRow
from .sampling import STRATA
from .serialization import StoredRecord, from_stored
from .timestamps import DAY, MINUTE, consecutive_runs
from .versions import EVERYTHING, Answered, GroupFilter

_ROW = """
    prediction_id, entity_key, event_time, arrival_time, columns, outputs, schema_digest,
    labels.label, labels.time
"""
_JOINED = "predictions LEFT JOIN labels USING (prediction_id)"
# Indexes begin with the stratum, so that all of them have to be named.
_EVERY_STRATUM = ", ".join(map(str, range(STRATA)))


class Place(NamedTuple):
    """Where a row stands in the order of event time; by default, after all of that time."""

    event_time: int
    sequence: int = 2**63 - 1


def get(connection: sqlite3.Connection, prediction_id: str) -> LoggedRow | None:
    query = f"SELECT {_ROW} FROM {_JOINED} WHERE prediction_id = ?"
    found = connection.execute(query, (prediction_id,)).fetchone()
    return None if found is None else _logged(found)


def answered(
    connection: sqlite3.Connection, start: int, stop: int, wanted: GroupFilter
) -> list[Answered]:
    """A window without the days on which there is nothing of it, from minute to minute."""
    if wanted.selects_all:
        return [Answered(start, stop, None)]
    groups = _groups(connection, start, stop, wanted)
    query = (
        "SELECT start FROM counters WHERE width = ? AND start > ? AND start < ?"
        f" AND versions IN ({_marks(groups)}) ORDER BY start"
    )
    days = [day for (day,) in connection.execute(query, (DAY, start - DAY, stop, *groups))]
    found = []
    for first, last in consecutive_runs(dict.fromkeys(days)):
        edges = [
            connection.execute(
                f"{query}{order} LIMIT 1", (MINUTE, day - 1, day + DAY, *groups)
            ).fetchone()[0]
            for day, order in ((first, ""), (last, " DESC"))
        ]
        found.append(Answered(max(start, edges[0]), min(stop, edges[1] + MINUTE), groups))
    return found


def sample(
    connection: sqlite3.Connection,
    start: int,
    stop: int,
    limit: int,
    *,
    labelled: bool,
    wanted: GroupFilter = EVERYTHING,
) -> list[LoggedRow]:
    """The rows of a window with the smallest sampling keys, in the order of these."""
    groups = _groups(connection, start, stop, wanted)
    if not groups:
        return []
    index, condition = (
        ("labelled_by_stratum", "AND labelled = 1") if labelled else ("by_stratum", "")
    )
    query = (
        f"SELECT sampling_key, sequence FROM predictions INDEXED BY {index}"
        f" WHERE stratum = ? AND versions IN ({_marks(groups)})"
        f" AND event_time >= ? AND event_time < ? {condition}"
    )
    found: list[tuple[int, int]] = []
    # Every key of a stratum is smaller than those of the next, more common one.
    for stratum in reversed(range(STRATA)):
        if len(found) >= limit:
            break
        found += connection.execute(query, (stratum, *groups, start, stop))
    chosen = [sequence for _, sequence in sorted(found)[: max(limit, 0)]]
    by_sequence = _rows_of(connection, chosen)
    return [by_sequence[sequence] for sequence in chosen]


def page(
    connection: sqlite3.Connection,
    after: Place,
    stop: int,
    size: int,
    *,
    labelled: bool,
    groups: Sequence[str] | None = None,
) -> tuple[list[LoggedRow], Place | None]:
    """The next rows in the order of event time, and the place to go on from, if there may be."""
    query = f"SELECT event_time, predictions.sequence, {_ROW} FROM {_JOINED} WHERE "
    condition = "AND labelled = 1" if labelled else ""
    if groups is not None:
        condition += f" AND versions IN ({_marks(groups)})"
    # Two ranges, so that a page never reads again the rows before it that share its time.
    same_time = f"{query} event_time = ? AND predictions.sequence > ? {condition}"
    later = f"{query} event_time > ? AND event_time < ? {condition}"
    found = connection.execute(
        f"{same_time} ORDER BY predictions.sequence LIMIT ?", (*after, *(groups or ()), size)
    ).fetchall()
    found += connection.execute(
        f"{later} ORDER BY event_time, predictions.sequence LIMIT ?",
        (after.event_time, stop, *(groups or ()), size - len(found)),
    )
    last = Place(*found[-1][:2]) if len(found) == size else None
    return [_logged(row[2:]) for row in found], last


def count(
    connection: sqlite3.Connection, start: int, stop: int, wanted: GroupFilter = EVERYTHING
) -> Counts:
    """Whole days and minutes from the counters; only what is left of a minute row by row."""
    groups = _groups(connection, start, stop, wanted)
    if not groups:
        return Counts(0, 0)
    return Counts(*_count(connection, start, stop, groups, (DAY, MINUTE)))


def totals(connection: sqlite3.Connection, wanted: GroupFilter = EVERYTHING) -> Counts:
    query = (
        "SELECT versions, total(predictions), total(labels) FROM counters"
        " WHERE width = ? GROUP BY versions"
    )
    counts = {group: each for group, *each in connection.execute(query, (DAY,))}
    chosen = [counts[group] for group in wanted.select(counts)]
    return Counts(int(sum(each[0] for each in chosen)), int(sum(each[1] for each in chosen)))


def _groups(
    connection: sqlite3.Connection, start: int, stop: int, wanted: GroupFilter
) -> list[str]:
    """The groups on the days of a window that are wanted."""
    query = "SELECT versions FROM counters WHERE width = ? AND start > ? AND start < ?"
    return wanted.select(
        {group for (group,) in connection.execute(query, (DAY, start - DAY, stop))}
    )


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _count(
    connection: sqlite3.Connection,
    start: int,
    stop: int,
    groups: Sequence[str],
    widths: tuple[int, ...],
) -> tuple[int, int]:
    if start >= stop:
        return 0, 0
    if not widths:
        return _count_rows(connection, start, stop, groups)
    width, *finer = widths
    first, last = -(-start // width) * width, stop // width * width
    if first >= last:
        return _count(connection, start, stop, groups, tuple(finer))
    query = (
        "SELECT coalesce(sum(predictions), 0), coalesce(sum(labels), 0) FROM counters"
        f" WHERE width = ? AND start >= ? AND start < ? AND versions IN ({_marks(groups)})"
    )
    parts = (
        _count(connection, start, first, groups, tuple(finer)),
        connection.execute(query, (width, first, last, *groups)).fetchone(),
        _count(connection, last, stop, groups, tuple(finer)),
    )
    return sum(part[0] for part in parts), sum(part[1] for part in parts)


def _count_rows(
    connection: sqlite3.Connection, start: int, stop: int, groups: Sequence[str]
) -> tuple[int, int]:
    query = (
        "SELECT count(*) FROM predictions INDEXED BY {}"
        f" WHERE stratum IN ({_EVERY_STRATUM}) AND versions IN ({_marks(groups)})"
        " AND event_time >= ? AND event_time < ? {}"
    )
    predictions = query.format("by_stratum", "")
    labels = query.format("labelled_by_stratum", "AND labelled = 1")
    return (
        connection.execute(predictions, (*groups, start, stop)).fetchone()[0],
        connection.execute(labels, (*groups, start, stop)).fetchone()[0],
    )


def _rows_of(connection: sqlite3.Connection, sequences: list[int]) -> dict[int, LoggedRow]:
    query = f"""
        SELECT predictions.sequence, {_ROW} FROM {_JOINED}
        WHERE predictions.sequence IN (SELECT value FROM json_each(?))
    """
    wanted = msgspec.json.encode(sequences).decode()
    return {row[0]: _logged(row[1:]) for row in connection.execute(query, (wanted,))}


def _logged(row: tuple[Any, ...]) -> LoggedRow:
    *record, label, time = row
    return from_stored(StoredRecord(*record), label, time)
