"""The prediction log in one SQLite file: `sqlite:///var/predictions.db`, for one host.

Several processes may have the file open. Each has one thread that writes and commits together
what has gathered; readers see one state of the file and block nobody.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from datetime import datetime
from functools import cache, partial
from itertools import chain
from math import isfinite
from pathlib import Path
from typing import Literal

import msgspec

from ..errors import InputError, SettingsError
from . import sqlite_queries as queries
from .instants import to_microseconds, window
from .records import Counts, Label, LabelReport, LoggedRow, Record
from .sampling import sampling_key, stratum
from .sqlite_file import SqliteFile
from .sqlite_writer import CAPACITY, GroupWriter

_PAGE = 1_000
# Labels come in files of any length; predictions should not wait for all of one.
_LABELS_A_JOB = 1_000

# One statement for many rows: SQLite lets go of Python's lock for as long as a statement takes, and
# getting it back from a busy service takes longer than a row.
_ROWS_A_STATEMENT = 64
_ROW = "(?, ?, ?, ?, ?, ?, ?, ?, EXISTS (SELECT 1 FROM labels WHERE prediction_id = ?))"
_INSERT = """
    INSERT INTO predictions (
        prediction_id, entity_key, event_time, arrival_time, sampling_key, stratum,
        columns, outputs, labelled
    ) VALUES {} ON CONFLICT (prediction_id) DO NOTHING
"""


def open_log(address: str, root: Path) -> "SqlitePredictionLog":
    """The log at `sqlite:///PATH`; PATH is relative to `root` unless it starts with a slash."""
    path = address.removeprefix("sqlite:///")
    if path == address or not path:
        raise SettingsError(
            f"prediction_log: {address!r} names no file; write sqlite:///var/predictions.db"
        )
    return SqlitePredictionLog(Path(root) / path)


class SqlitePredictionLog:
    """A PredictionLog; see there for what each method promises."""

    def __init__(self, path: Path, *, capacity: int = CAPACITY) -> None:
        self._file = SqliteFile(path)
        self._writer = GroupWriter(self._file, capacity=capacity)

    def append(self, records: Sequence[Record]) -> Future[None]:
        rows = [_packed(record) for record in records]

        def insert(connection: sqlite3.Connection) -> None:
            for start in range(0, len(rows), _ROWS_A_STATEMENT):
                part = rows[start : start + _ROWS_A_STATEMENT]
                connection.execute(_insertion(len(part)), [*chain.from_iterable(part)])

        return self._writer.submit(insert, rows=len(rows))

    def add_labels(self, labels: Sequence[Label]) -> LabelReport:
        packed = [_packed_label(label) for label in labels]
        report = LabelReport()
        for start in range(0, len(packed), _LABELS_A_JOB):
            stop = start + _LABELS_A_JOB
            part = packed[start:stop]
            report += self._writer.submit(partial(_join, labels=part), rows=len(part)).result()
        return report

    def sample(
        self,
        since: datetime | None,
        until: datetime | None,
        limit: int,
        *,
        labelled: Literal[True] | None = None,
    ) -> list[LoggedRow]:
        start, stop = window(since, until)
        with self._file.reading() as connection:
            return queries.sample(connection, start, stop, limit, labelled=bool(labelled))

    def rows(
        self,
        since: datetime | None,
        until: datetime | None,
        *,
        labelled: Literal[True] | None = None,
    ) -> Iterator[LoggedRow]:
        start, stop = window(since, until)
        after: queries.Place | None = queries.Place(start - 1)
        while after is not None:
            # Each page has a read of its own: a long one would keep the file from being tidied.
            with self._file.reading() as connection:
                page, after = queries.page(connection, after, stop, _PAGE, labelled=bool(labelled))
            yield from page

    def count(self, since: datetime | None, until: datetime | None) -> Counts:
        start, stop = window(since, until)
        with self._file.reading() as connection:
            return queries.count(connection, start, stop)

    def totals(self) -> Counts:
        with self._file.reading() as connection:
            return queries.totals(connection)

    def get(self, prediction_id: str) -> LoggedRow | None:
        with self._file.reading() as connection:
            return queries.get(connection, prediction_id)

    def erase(self, entity_key: str) -> int:
        erased = self._writer.submit(partial(_erase, entity_key=entity_key)).result()
        # Until then the rows are still in the write-ahead log; busy readers may put it off.
        with self._file.explained(), closing(self._file.connect()) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return erased

    def close(self) -> None:
        self._writer.close()


@cache
def _insertion(rows: int) -> str:
    return _INSERT.format(", ".join([_ROW] * rows))


def _packed(record: Record) -> tuple[str | None | int, ...]:
    try:
        if not all(isfinite(sum(output.probabilities or ())) for output in record.outputs):
            raise ValueError("a probability is not a finite number")
        key = sampling_key(record.prediction_id)
        return (
            record.prediction_id,
            record.entity_key,
            to_microseconds(record.event_time),
            to_microseconds(record.arrival_time),
            key,
            stratum(key),
            msgspec.json.encode(record.columns).decode(),
            msgspec.json.encode(record.outputs).decode(),
            record.prediction_id,
        )
    except (TypeError, ValueError) as error:
        raise InputError(
            f"prediction {record.prediction_id!r} cannot be logged: {error}; "
            "columns and outputs hold numbers, texts, booleans and None only"
        ) from error


def _packed_label(label: Label) -> tuple[str, str, int]:
    try:
        value = msgspec.json.encode(label.label).decode()
    except (TypeError, ValueError) as error:
        raise InputError(f"label of {label.prediction_id!r} cannot be kept: {error}") from error
    return label.prediction_id, value, to_microseconds(label.time)


def _join(connection: sqlite3.Connection, labels: list[tuple[str, str, int]]) -> LabelReport:
    joined = early = repeated = 0
    conflicting = []
    known = "SELECT label FROM labels WHERE prediction_id = ?"
    insert = "INSERT INTO labels (prediction_id, label, time) VALUES (?, ?, ?)"
    mark = "UPDATE predictions SET labelled = 1 WHERE prediction_id = ?"
    for prediction_id, value, time in labels:
        first = connection.execute(known, (prediction_id,)).fetchone()
        if first is None:
            connection.execute(insert, (prediction_id, value, time))
            met = connection.execute(mark, (prediction_id,)).rowcount
            joined, early = joined + met, early + 1 - met
        elif msgspec.json.decode(first[0]) == msgspec.json.decode(value):
            repeated += 1
        else:
            conflicting.append(prediction_id)
    return LabelReport(joined, early, repeated, tuple(conflicting))


def _erase(connection: sqlite3.Connection, entity_key: str) -> int:
    of_entity = "FROM predictions WHERE entity_key = ?"
    connection.execute(
        f"DELETE FROM labels WHERE prediction_id IN (SELECT prediction_id {of_entity})",
        (entity_key,),
    )
    return connection.execute(f"DELETE {of_entity}", (entity_key,)).rowcount
