"""The prediction log in one SQLite file: `sqlite:///var/predictions.db`, for one host.

Several processes may have the file open. Each has one thread that writes and commits together
what has gathered; readers see one state of the file and block nobody.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

from ..errors import SettingsError
from . import sqlite_queries as queries
from .records import Counts, Label, LabelReport, LoggedRow, Record
from .sampling import sampling_key, stratum
from .serialization import StoredLabel, label_to_stored, same_value, to_stored
from .sqlite_file import SqliteFile
from .sqlite_writer import Insertion, SqliteWriteBackend
from .timestamps import window
from .url_options import acknowledges, split_address
from .versions import GroupFilter, group_of
from .writer import CAPACITY, GroupCommitWriter

_PAGE = 1_000
# Labels come in files of any length; predictions should not wait for all of one.
_LABELS_A_JOB = 1_000
_PRUNED_A_JOB = 1_000

_ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, EXISTS (SELECT 1 FROM labels WHERE prediction_id = ?))"
_INSERT = """
    INSERT INTO predictions (
        prediction_id, entity_key, event_time, arrival_time, columns, outputs, schema_digest,
        sampling_key, stratum, versions, labelled
    ) VALUES {} ON CONFLICT (prediction_id) DO NOTHING
"""


def open_log(address: str, root: Path, schema_digest: str | None = None) -> "SqlitePredictionLog":
    """The log at `sqlite:///PATH`; PATH is relative to `root` unless it starts with a slash."""
    path, options = _parsed(address)
    return SqlitePredictionLog(
        Path(root) / path, acknowledged=acknowledges(options), schema_digest=schema_digest
    )


def archive(address: str, root: Path) -> str | None:
    """Rename the file, if there is one; where it is now."""
    path = Path(root) / _parsed(address)[0]
    if not path.exists():
        return None
    number = 1
    while (target := path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    # What is in the write-ahead log has to stay beside its file.
    for ending in ("-wal", "-shm", ""):
        beside = path.with_name(path.name + ending)
        if beside.exists():
            beside.rename(target.with_name(target.name + ending))
    return str(target)


def _parsed(address: str) -> tuple[str, dict[str, str]]:
    place, options = split_address(address)
    path = place.removeprefix("sqlite:///")
    if path == place or not path:
        raise SettingsError(
            f"prediction_log: {address!r} names no file; write sqlite:///var/predictions.db"
        )
    return path, options


class SqlitePredictionLog:
    """A PredictionLog; see there for what each method promises."""

    def __init__(
        self,
        path: Path,
        *,
        capacity: int = CAPACITY,
        acknowledged: bool = True,
        schema_digest: str | None = None,
    ) -> None:
        self._file = SqliteFile(path)
        self._schema_digest = schema_digest
        target = SqliteWriteBackend(self._file)
        self._writer = GroupCommitWriter(target, capacity=capacity, acknowledged=acknowledged)

    def append(self, records: Sequence[Record]) -> Future[None]:
        insertion = Insertion(_INSERT, _ROW, [_row(record) for record in records])
        return self._writer.submit_write(insertion, rows=len(records))

    def add_labels(self, labels: Sequence[Label]) -> LabelReport:
        packed = [label_to_stored(label) for label in labels]
        report = LabelReport()
        for start in range(0, len(packed), _LABELS_A_JOB):
            stop = start + _LABELS_A_JOB
            part = packed[start:stop]
            work = partial(_join, labels=part)
            joined: LabelReport = self._writer.submit(work, rows=len(part)).result()
            report += joined
        return report

    def sample(
        self,
        since: datetime | None,
        until: datetime | None,
        limit: int,
        *,
        labelled: Literal[True] | None = None,
        version: str | None = None,
    ) -> list[LoggedRow]:
        start, stop = window(since, until)
        with self._file.reading() as connection:
            return queries.sample(
                connection,
                start,
                stop,
                limit,
                labelled=bool(labelled),
                wanted=self._wanted(version),
            )

    def rows(
        self,
        since: datetime | None,
        until: datetime | None,
        *,
        labelled: Literal[True] | None = None,
        version: str | None = None,
    ) -> Iterator[LoggedRow]:
        with self._file.reading() as connection:
            answered = queries.answered(connection, *window(since, until), self._wanted(version))
        for start, stop, groups in answered:
            after: queries.Place | None = queries.Place(start - 1)
            while after is not None:
                # Each page has a read of its own: a long one would keep the file from being tidied.
                with self._file.reading() as connection:
                    page, after = queries.page(
                        connection, after, stop, _PAGE, labelled=bool(labelled), groups=groups
                    )
                yield from page

    def count(
        self, since: datetime | None, until: datetime | None, *, version: str | None = None
    ) -> Counts:
        start, stop = window(since, until)
        with self._file.reading() as connection:
            return queries.count(connection, start, stop, self._wanted(version))

    def totals(self) -> Counts:
        with self._file.reading() as connection:
            return queries.totals(connection, self._wanted())

    def other_schemas(self) -> int:
        with self._file.reading() as connection:
            every, own = queries.totals(connection), queries.totals(connection, self._wanted())
        return every.predictions - own.predictions

    def get(self, prediction_id: str) -> LoggedRow | None:
        with self._file.reading() as connection:
            return queries.get(connection, prediction_id)

    def erase(self, entity_key: str) -> int:
        erased: int = self._writer.submit(partial(_erase, entity_key=entity_key)).result()
        self._tidy()
        return erased

    def prune(self, until: datetime) -> int:
        _, stop = window(None, until)
        pruned = 0
        while found := self._writer.submit(partial(_prune, stop=stop)).result():
            pruned += found
        self._tidy()
        return pruned

    def backlog(self) -> int:
        return 0

    def close(self) -> None:
        self._writer.close()

    def _wanted(self, version: str | None = None) -> GroupFilter:
        return GroupFilter(version, self._schema_digest)

    def _tidy(self) -> None:
        """Until then deleted rows are still in the write-ahead log; busy readers may put it off."""
        with self._file.translate_errors(), closing(self._file.connect()) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _row(record: Record) -> tuple[str | int | None, ...]:
    packed = to_stored(record)
    key = sampling_key(record.prediction_id)
    group = group_of(record)
    return (*packed, key, stratum(key), group, record.prediction_id)


def _join(connection: sqlite3.Connection, labels: list[StoredLabel]) -> LabelReport:
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
        elif same_value(first[0], value):
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


def _prune(connection: sqlite3.Connection, stop: int) -> int:
    oldest = "FROM predictions WHERE event_time < ? ORDER BY event_time, sequence LIMIT ?"
    after = (stop, _PRUNED_A_JOB)
    connection.execute(
        f"DELETE FROM labels WHERE prediction_id IN (SELECT prediction_id {oldest})", after
    )
    delete = f"DELETE FROM predictions WHERE sequence IN (SELECT sequence {oldest})"
    return connection.execute(delete, after).rowcount
