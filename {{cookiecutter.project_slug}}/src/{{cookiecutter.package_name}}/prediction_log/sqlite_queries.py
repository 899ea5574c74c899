"""The questions the SQLite log is asked, each as index ranges whose cost is known.

Times are microseconds (see instants.py), windows half-open. Each function reads from the
connection it is given and changes nothing.
"""

import sqlite3
from typing import Any, NamedTuple

import msgspec

from .instants import DAY, MINUTE
from .packing import PackedRecord, unpack
from .records import Counts, LoggedRow
from .sampling import STRATA

_ROW = """
    prediction_id, entity_key, event_time, arrival_time, columns, outputs,
    labels.label, labels.time
"""
_JOINED = "predictions LEFT JOIN labels USING (prediction_id)"
# The label's index begins with the stratum, so that all of them have to be named.
_EVERY_STRATUM = ", ".join(map(str, range(STRATA)))


class Place(NamedTuple):
    """Where a row stands in the order of event time; by default, after all of that time."""

    event_time: int
    sequence: int = 2**63 - 1


def get(connection: sqlite3.Connection, prediction_id: str) -> LoggedRow | None:
    query = f"SELECT {_ROW} FROM {_JOINED} WHERE prediction_id = ?"
    found = connection.execute(query, (prediction_id,)).fetchone()
    return None if found is None else _logged(found)


def sample(
    connection: sqlite3.Connection, start: int, stop: int, limit: int, *, labelled: bool
) -> list[LoggedRow]:
    """The rows of a window with the smallest sampling keys, in the order of these."""
    index, condition = (
        ("labelled_by_stratum", "AND labelled = 1") if labelled else ("by_stratum", "")
    )
    query = (
        f"SELECT sampling_key, sequence FROM predictions INDEXED BY {index}"
        f" WHERE stratum = ? AND event_time >= ? AND event_time < ? {condition}"
    )
    found: list[tuple[int, int]] = []
    # Every key of a stratum is smaller than those of the next, more common one.
    for stratum in reversed(range(STRATA)):
        if len(found) >= limit:
            break
        found += connection.execute(query, (stratum, start, stop))
    chosen = [sequence for _, sequence in sorted(found)[: max(limit, 0)]]
    by_sequence = _rows_of(connection, chosen)
    return [by_sequence[sequence] for sequence in chosen]


def page(
    connection: sqlite3.Connection, after: Place, stop: int, size: int, *, labelled: bool
) -> tuple[list[LoggedRow], Place | None]:
    """The next rows in the order of event time, and the place to go on from, if there may be."""
    query = f"SELECT event_time, predictions.sequence, {_ROW} FROM {_JOINED} WHERE "
    condition = "AND labelled = 1" if labelled else ""
    # Two ranges, so that a page never reads again the rows before it that share its time.
    same_time = f"{query} event_time = ? AND predictions.sequence > ? {condition}"
    later = f"{query} event_time > ? AND event_time < ? {condition}"
    found = connection.execute(
        f"{same_time} ORDER BY predictions.sequence LIMIT ?", (*after, size)
    ).fetchall()
    found += connection.execute(
        f"{later} ORDER BY event_time, predictions.sequence LIMIT ?",
        (after.event_time, stop, size - len(found)),
    )
    last = Place(*found[-1][:2]) if len(found) == size else None
    return [_logged(row[2:]) for row in found], last


def count(connection: sqlite3.Connection, start: int, stop: int) -> Counts:
    """Whole days and minutes from the counters; only what is left of a minute row by row."""
    return Counts(*_count(connection, start, stop, (DAY, MINUTE)))


def totals(connection: sqlite3.Connection) -> Counts:
    query = "SELECT total(predictions), total(labels) FROM counters WHERE width = ?"
    predictions, labels = connection.execute(query, (DAY,)).fetchone()
    return Counts(int(predictions), int(labels))


def _count(
    connection: sqlite3.Connection, start: int, stop: int, widths: tuple[int, ...]
) -> tuple[int, int]:
    if start >= stop:
        return 0, 0
    if not widths:
        return _count_rows(connection, start, stop)
    width, *finer = widths
    first, last = -(-start // width) * width, stop // width * width
    if first >= last:
        return _count(connection, start, stop, tuple(finer))
    query = (
        "SELECT coalesce(sum(predictions), 0), coalesce(sum(labels), 0) FROM counters"
        " WHERE width = ? AND start >= ? AND start < ?"
    )
    parts = (
        _count(connection, start, first, tuple(finer)),
        connection.execute(query, (width, first, last)).fetchone(),
        _count(connection, last, stop, tuple(finer)),
    )
    return sum(part[0] for part in parts), sum(part[1] for part in parts)


def _count_rows(connection: sqlite3.Connection, start: int, stop: int) -> tuple[int, int]:
    within = "event_time >= ? AND event_time < ?"
    predictions = f"SELECT count(*) FROM predictions INDEXED BY by_time WHERE {within}"
    labels = (
        "SELECT count(*) FROM predictions INDEXED BY labelled_by_stratum"
        f" WHERE labelled = 1 AND stratum IN ({_EVERY_STRATUM}) AND {within}"
    )
    return (
        connection.execute(predictions, (start, stop)).fetchone()[0],
        connection.execute(labels, (start, stop)).fetchone()[0],
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
    return unpack(PackedRecord(*record), label, time)
