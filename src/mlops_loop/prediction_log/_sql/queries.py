"""How the log is read: each query is a few index ranges whose cost is known.

Times are microseconds (see _timestamps.py), windows half-open. Each function reads from the
connection it is given and changes nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, TableClause, bindparam, func, select, tuple_

from .._records import Counts, LoggedRow
from .._sampling import STRATA
from .._serialization import StoredLabel, StoredRecord, from_stored
from .._timestamps import DAY, MINUTE, consecutive_runs
from .._versions import EVERYTHING, Answered, GroupFilter
from .identifiers import from_text, to_text
from .tables import COUNTERS, LABELS, PREDICTIONS

_RECORD = tuple(PREDICTIONS.c[name] for name in StoredRecord._fields)
_LABEL = tuple(LABELS.c[name] for name in ("label", "time", "authority", "official", "replaced"))
# Indexes by stratum begin with it, so that a query for all rows names every stratum.
_EVERY_STRATUM = range(STRATA)


class Position(NamedTuple):
    """A row's place in the order of event time and id; by default, before all rows of that time."""

    event_time: int
    stored_id: str = ""


def get(connection: Connection, prediction_id: str) -> LoggedRow | None:
    query = _rows(PREDICTIONS).where(PREDICTIONS.c.prediction_id == to_text(prediction_id))
    row = connection.execute(query).first()
    return None if row is None else _logged(row)


def answered(connection: Connection, start: int, stop: int, wanted: GroupFilter) -> list[Answered]:
    """A window without the days on which it has no rows, from minute to minute."""
    if wanted.selects_all:
        return [Answered(start, stop, None)]
    groups = _groups(connection, start, stop, wanted)
    within = (
        COUNTERS.c.start > bindparam("first"),
        COUNTERS.c.start < bindparam("last"),
        COUNTERS.c.versions.in_(groups),
    )
    days = select(COUNTERS.c.start).distinct().where(COUNTERS.c.width == DAY, *within)
    edges = select(func.min(COUNTERS.c.start), func.max(COUNTERS.c.start))
    edges = edges.where(COUNTERS.c.width == MINUTE, *within)

    def minutes(day: int) -> tuple[int, int]:
        row = connection.execute(edges, {"first": day - 1, "last": day + DAY}).one()
        return row[0], row[1]

    window = {"first": start - DAY, "last": stop}
    runs = consecutive_runs(connection.scalars(days.order_by(COUNTERS.c.start), window).all())
    return [
        Answered(
            max(start, minutes(first_day)[0]), min(stop, minutes(last_day)[1] + MINUTE), groups
        )
        for first_day, last_day in runs
    ]


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
    groups = _groups(connection, start, stop, wanted)
    if not groups:
        return []
    source = _source(labelled)
    query = (
        _rows(source)
        .where(
            source.c.stratum == bindparam("stratum"),
            *_within(source, start, stop),
            source.c.versions.in_(groups),
        )
        .order_by(source.c.sampling_key, source.c.prediction_id)
        .limit(bindparam("missing"))
    )
    present = select(func.max(source.c.stratum)).where(source.c.event_time.is_not(None))
    rarest = connection.scalar(present)
    rows: list[Any] = []
    # Every key of a stratum is smaller than those of the next, more common one.
    for stratum in reversed(range(0 if rarest is None else rarest + 1)):
        if len(rows) >= limit:
            break
        rows += connection.execute(query, {"stratum": stratum, "missing": limit - len(rows)})
    return [_logged(row) for row in rows]


def page(
    connection: Connection,
    after: Position,
    stop: int,
    size: int,
    *,
    labelled: bool,
    groups: Sequence[str] | None = None,
) -> tuple[list[LoggedRow], Position | None]:
    """The next rows in the order of event time, and the last position if there may be more."""
    source = _source(labelled)
    order = (source.c.event_time, source.c.prediction_id)
    query = _rows(source).where(tuple_(*order) > after, source.c.event_time < stop)
    if groups is not None:
        query = query.where(source.c.versions.in_(groups))
    rows = connection.execute(query.order_by(*order).limit(size)).all()
    last = Position(rows[-1].event_time, rows[-1].prediction_id) if len(rows) == size else None
    return [_logged(row) for row in rows], last


def count(
    connection: Connection, start: int, stop: int, wanted: GroupFilter = EVERYTHING
) -> Counts:
    """Whole days and minutes from the counters; only what is left of a minute row by row."""
    groups = _groups(connection, start, stop, wanted)
    if not groups:
        return Counts(0, 0)
    counts = [
        (
            _count_buckets(connection, groups, *span)
            if span[0]
            else _count_rows(connection, groups, *span[1:])
        )
        for span in _spans(start, stop, (DAY, MINUTE))
    ]
    return Counts(sum(each[0] for each in counts), sum(each[1] for each in counts))


def totals(connection: Connection, wanted: GroupFilter = EVERYTHING) -> Counts:
    query = (
        select(COUNTERS.c.versions, *_SUMS)
        .where(COUNTERS.c.width == DAY)
        .group_by(COUNTERS.c.versions)
    )
    counts = {row[0]: (int(row[1]), int(row[2])) for row in connection.execute(query)}
    chosen = [counts[group] for group in wanted.select(counts)]
    return Counts(sum(each[0] for each in chosen), sum(each[1] for each in chosen))


_SUMS = (
    func.coalesce(func.sum(COUNTERS.c.predictions), 0),
    func.coalesce(func.sum(COUNTERS.c.labels), 0),
)


def _count_buckets(
    connection: Connection, groups: Sequence[str], width: int, first: int, last: int
) -> tuple[int, int]:
    query = select(*_SUMS).where(
        COUNTERS.c.width == width,
        COUNTERS.c.start >= first,
        COUNTERS.c.start < last,
        COUNTERS.c.versions.in_(groups),
    )
    predictions, labels = connection.execute(query).one()
    return int(predictions), int(labels)


def _count_rows(
    connection: Connection, groups: Sequence[str], first: int, last: int
) -> tuple[int, int]:
    predictions, labels = (
        connection.execute(
            select(func.count())
            .select_from(source)
            .where(
                source.c.stratum.in_(_EVERY_STRATUM),
                source.c.versions.in_(groups),
                *_within(source, first, last),
            )
        ).scalar_one()
        for source in (PREDICTIONS, LABELS)
    )
    return predictions, labels


def _groups(connection: Connection, start: int, stop: int, wanted: GroupFilter) -> list[str]:
    """The groups on the days of a window that are wanted."""
    query = select(COUNTERS.c.versions).distinct()
    query = query.where(
        COUNTERS.c.width == DAY, COUNTERS.c.start > start - DAY, COUNTERS.c.start < stop
    )
    return wanted.select(connection.scalars(query))


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


def _source(labelled: bool) -> TableClause:
    """The table to search: labels have a copy of what is searched for."""
    return LABELS if labelled else PREDICTIONS


def _rows(source: TableClause) -> Select[Any]:
    """Predictions with their labels, looked up from the rows of one of the two tables."""
    other = PREDICTIONS if source is LABELS else LABELS
    same = PREDICTIONS.c.prediction_id == LABELS.c.prediction_id
    # An outer join: the database should not begin with the other table.
    return select(*_RECORD, *_LABEL).select_from(source.outerjoin(other, same))


def _within(source: TableClause, start: int, stop: int) -> tuple[Any, Any]:
    return source.c.event_time >= start, source.c.event_time < stop


def _logged(row: Any) -> LoggedRow:
    stored_id, stored_key, *rest, value, time, authority, official, replaced = row
    prediction_id = from_text(stored_id)
    entity_key = None if stored_key is None else from_text(stored_key)
    label = (
        None
        if value is None
        else StoredLabel(prediction_id, value, time, authority, bool(official), replaced)
    )
    return from_stored(StoredRecord(prediction_id, entity_key, *rest), label)
