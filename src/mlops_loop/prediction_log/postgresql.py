"""The prediction log in PostgreSQL: `postgresql://user:password@host:5432/database`.

For any number of hosts. Each process has one thread that writes what has gathered as one
transaction, so that the server syncs once for all of it. Options may follow the address:
`?name=…`, the schema of the tables; `?spool=var/spool`, a folder for what comes while the server
is away; `?durability=best_effort`, which does not wait for the sync; and `sslmode`, `sslrootcert`,
`sslcert`, `sslkey` and `target_session_attrs`, as libpq knows them.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

from psycopg import sql

from . import postgresql_queries as queries
from .postgresql_schema import migrate
from .postgresql_server import PostgresqlServer
from .postgresql_text import to_text
from .postgresql_transaction import Reader
from .postgresql_writer import Append, Change, PostgresqlWriteBackend
from .protocol import PredictionLog
from .records import Counts, Label, LabelReport, LoggedRow, Record
from .sampling import sampling_key, stratum
from .serialization import StoredLabel, label_to_stored, same_value, to_stored
from .spool import SpooledLog
from .spool_file import Spool
from .timestamps import window
from .versions import GroupFilter, group_of
from .writer import CAPACITY, GroupCommitWriter

_PAGE = 1_000
# Labels come in files of any length; predictions should not wait for all of one.
_LABELS_A_CHANGE = 1_000
_PRUNED_A_CHANGE = 1_000

# For each id its label of before, if there is one, and whether a new one met its prediction.
_LABEL = """
    WITH came AS (
        SELECT DISTINCT ON (prediction_id) *
        FROM unnest(%b::text[], %b::text[], %b::bigint[])
            WITH ORDINALITY AS came (prediction_id, label, time, place)
        ORDER BY prediction_id, place
    ),
    kept AS (
        INSERT INTO labels
            (prediction_id, label, time, event_time, sampling_key, stratum, versions)
        SELECT
            prediction_id, label, time, event_time, sampling_key, stratum, coalesce(versions, '')
        FROM came LEFT JOIN predictions USING (prediction_id)
        ON CONFLICT (prediction_id) DO NOTHING
        RETURNING prediction_id, event_time
    )
    SELECT prediction_id, labels.label, kept.event_time IS NOT NULL
    FROM came LEFT JOIN labels USING (prediction_id) LEFT JOIN kept USING (prediction_id)
"""
_ERASE = "DELETE FROM predictions WHERE entity_key = %s"
_PRUNE = """
    DELETE FROM predictions WHERE prediction_id IN (
        SELECT prediction_id FROM predictions WHERE event_time < %s
        ORDER BY event_time, prediction_id LIMIT %s
    )
"""
_FORGET_EMPTY = """
    DELETE FROM counters WHERE (width, start) IN (
        SELECT width, start FROM counters WHERE start < %s
        GROUP BY width, start HAVING sum(predictions) = 0 AND sum(labels) = 0
    )
"""


def open_log(address: str, root: Path, schema_digest: str | None = None) -> PredictionLog:
    """The log at `postgresql://HOST:PORT/DATABASE`."""
    server = PostgresqlServer(address, root)
    if server.spool is None:
        return PostgresqlPredictionLog(server, schema_digest=schema_digest)
    open_store = partial(PostgresqlPredictionLog, server, schema_digest=schema_digest)
    return SpooledLog(open_store, Spool(Path(root) / server.spool))


def archive(address: str, root: Path) -> str | None:
    """Rename the schema, if it holds something; where that is now."""
    server = PostgresqlServer(address, root)
    with server.translate_errors(), closing(server.connect()) as connection:
        migrate(connection, server.schema, server.lock)
        own = sql.Identifier(server.schema)
        held = sql.SQL(
            "SELECT EXISTS (SELECT FROM {own}.predictions) OR EXISTS ("
            "SELECT FROM {own}.loop WHERE state IS NOT NULL OR lease IS NOT NULL)"
        )
        if connection.execute(held.format(own=own)).fetchall() == [(False,)]:
            return None
        there = {name for (name,) in connection.execute("SELECT nspname FROM pg_namespace")}
        number = 1
        while (target := f"{server.schema}_{number}") in there:
            number += 1
        rename = sql.SQL("ALTER SCHEMA {} RENAME TO {}")
        connection.execute(rename.format(own, sql.Identifier(target)))
        return f"the schema {target} of {server.name}"


class PostgresqlPredictionLog:
    """A PredictionLog; see there for what each method promises."""

    def __init__(
        self,
        server: PostgresqlServer,
        *,
        capacity: int = CAPACITY,
        schema_digest: str | None = None,
    ) -> None:
        self._server = server
        self._schema_digest = schema_digest
        target = PostgresqlWriteBackend(server)
        self._writer = GroupCommitWriter(
            target, capacity=capacity, acknowledged=server.acknowledged
        )
        self._reader = Reader(server)

    def append(self, records: Sequence[Record]) -> Future[None]:
        return self._writer.submit_write(Append([*map(_row, records)]), rows=len(records))

    def add_labels(self, labels: Sequence[Label]) -> LabelReport:
        packed = [label_to_stored(label) for label in labels]
        report = LabelReport()
        for start in range(0, len(packed), _LABELS_A_CHANGE):
            stop = start + _LABELS_A_CHANGE
            part = packed[start:stop]
            report += self._join(part)
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
        with self._reader.reading() as connection:
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
        with self._reader.reading() as connection:
            answered = queries.answered(connection, *window(since, until), self._wanted(version))
        for start, stop, groups in answered:
            after: queries.Place | None = queries.Place(start - 1)
            while after is not None:
                # Each has a read of its own: a long one would keep the tables from being tidied.
                with self._reader.reading() as connection:
                    place = after, start, stop
                    page, after = queries.page(
                        connection, *place, _PAGE, labelled=bool(labelled), groups=groups
                    )
                yield from page

    def count(
        self, since: datetime | None, until: datetime | None, *, version: str | None = None
    ) -> Counts:
        start, stop = window(since, until)
        with self._reader.reading() as connection:
            return queries.count(connection, start, stop, self._wanted(version))

    def totals(self) -> Counts:
        with self._reader.reading() as connection:
            return queries.totals(connection, self._wanted())

    def other_schemas(self) -> int:
        with self._reader.reading() as connection:
            every, own = queries.totals(connection), queries.totals(connection, self._wanted())
        return every.predictions - own.predictions

    def get(self, prediction_id: str) -> LoggedRow | None:
        with self._reader.reading() as connection:
            return queries.get(connection, prediction_id)

    def erase(self, entity_key: str) -> int:
        erased = self._change(_ERASE, to_text(entity_key))
        self._tidy(erased)
        return erased

    def prune(self, until: datetime) -> int:
        _, stop = window(None, until)
        pruned = 0
        while found := self._change(_PRUNE, stop, _PRUNED_A_CHANGE):
            pruned += found
        self._change(_FORGET_EMPTY, stop)
        self._tidy(pruned)
        return pruned

    def backlog(self) -> int:
        return 0

    def close(self) -> None:
        self._writer.close()
        self._reader.close()

    def _wanted(self, version: str | None = None) -> GroupFilter:
        return GroupFilter(version, self._schema_digest)

    def _change(self, statement: str, *parameters: Any) -> int:
        changed: int = self._writer.submit(Change(statement, parameters)).result()
        return changed

    def _join(self, labels: Sequence[StoredLabel]) -> LabelReport:
        ids = [to_text(label.prediction_id) for label in labels]
        columns = (ids, [label.value for label in labels], [label.time for label in labels])
        work = Change(_LABEL, columns)
        answers = self._writer.submit(work, rows=len(labels)).result()
        known = {stored: (first, met) for stored, first, met in answers}
        joined = early = repeated = 0
        conflicting = []
        for stored, label in zip(ids, labels, strict=True):
            first, met = known[stored]
            if first is None:
                joined, early = joined + met, early + 1 - met
                known[stored] = label.value, met
            elif same_value(first, label.value):
                repeated += 1
            else:
                conflicting.append(label.prediction_id)
        return LabelReport(joined, early, repeated, tuple(conflicting))

    def _tidy(self, deleted: int) -> None:
        """Until then deleted rows are still in the tables' files, though nobody sees them."""
        if deleted:
            tables = sql.SQL(", ").join(
                sql.Identifier(self._server.schema, table)
                for table in ("predictions", "labels", "counters")
            )
            with self._server.translate_errors(), closing(self._server.connect()) as connection:
                connection.execute(sql.SQL("VACUUM {}").format(tables))


def _row(record: Record) -> tuple[str | int | None, ...]:
    packed = to_stored(record)
    key = sampling_key(record.prediction_id)
    entity = None if packed.entity_key is None else to_text(packed.entity_key)
    group = group_of(record)
    return (to_text(packed.prediction_id), entity, *packed[2:], key, stratum(key), group)
