"""The PostgreSQL log's server as the writer sees it: works are statements in one transaction."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from ..errors import StoreError
from .postgresql_schema import migrate
from .postgresql_server import PostgresqlServer, is_unavailable
from .postgresql_transaction import settings

_BEST_EFFORT = "say `?durability=best_effort` in `prediction_log`"
_ASKED = ("fsync", "full_page_writes", "synchronous_commit")

# In the order of ids, so that writers who are handed the same ones cannot wait for each other.
_APPEND = """
    INSERT INTO predictions (
        prediction_id, entity_key, event_time, arrival_time, columns, outputs, schema_digest,
        sampling_key, stratum, versions
    )
    SELECT * FROM unnest(
        %b::text[], %b::text[], %b::bigint[], %b::bigint[], %b::text[], %b::text[], %b::text[],
        %b::bigint[], %b::smallint[], %b::text[]
    ) AS came (prediction_id)
    ORDER BY came.prediction_id COLLATE "C"
    ON CONFLICT (prediction_id) DO NOTHING
"""

# Rows that no page of the table has room for, taken back at once: a full disk refuses them, while
# it may well take a transaction that changes nothing. No text of ours begins with one backslash.
_PROBE = r"""
    DO $$ BEGIN
        INSERT INTO predictions
        SELECT '\probe ' || number, NULL, 0, 0, repeat(' ', 1800), '', 0, 0
        FROM generate_series(1, 9) AS number;
        RAISE EXCEPTION 'taken back';
    EXCEPTION WHEN raise_exception THEN NULL;
    END $$
"""


class Append(NamedTuple):
    """Predictions, each as the columns of its table.

    Without any rows it finds out whether the server takes something.
    """

    rows: Sequence[tuple[str | int | None, ...]]


class Change(NamedTuple):
    """A statement that bears nobody beside it; its result is what it returns, or how many rows."""

    statement: str
    parameters: Sequence[Any]


class PostgresqlWriteBackend:
    """The target of a GroupWriter; works are Appends and Changes.

    Whoever appends shares a lock and whoever does something else has it alone: otherwise a
    prediction and its label that are written at once would not see each other.
    """

    def __init__(self, server: PostgresqlServer) -> None:
        self._server = server
        self._connection: psycopg.Connection[Any] | None = None
        asked = ", ".join(f"current_setting('{name}')" for name in _ASKED)
        weak = {} if server.acknowledged else {"synchronous_commit": "off"}
        said = settings(server.schema, **weak)
        self._settings = sql.SQL("SELECT " + asked + ", {}").format(said)
        with server.translate_errors():
            self._connection = server.connect()
            try:
                migrate(self._connection, server.schema, server.lock)
                self._confirm(self._connection.execute(self._settings))
            except BaseException:
                self.close()
                raise

    @property
    def name(self) -> str:
        return self._server.name

    def commit(self, works: Sequence[Append | Change]) -> list[Any]:
        fresh = self._connection is None
        try:
            return self._commit(works)
        except psycopg.Error as error:
            if fresh or not is_unavailable(error):
                raise
            # It went away with its server, which may be there again.
            return self._commit(works)

    def explain(self, error: Exception) -> Exception:
        if isinstance(error, (psycopg.Error, OSError, StoreError)):
            return self._server.explain(error)
        return error

    def is_backend_error(self, error: Exception) -> bool:
        store = isinstance(error, (psycopg.Error, OSError, StoreError))
        return store and not isinstance(error, psycopg.DataError)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _commit(self, works: Sequence[Append | Change]) -> list[Any]:
        merged = list(_merged(works))
        alone = any(isinstance(work, Change) for work in works)
        lock = "SELECT pg_advisory_xact_lock%s(%%s)" % ("" if alone else "_shared")
        try:
            self._connection = self._connection or self._server.connect()
            # One journey to the server and back, however many statements.
            with self._connection.pipeline():
                execute = self._connection.execute
                execute("BEGIN")
                said = execute(self._settings)
                execute(lock, (self._server.lock,))
                cursors = [execute(work.statement, work.parameters) for work, _ in merged]
                execute("COMMIT")
            # Each time, since settings change while a server runs and when it starts again.
            self._confirm(said)
            return [
                result
                for cursor, (_, count) in zip(cursors, merged, strict=True)
                for result in [_result(cursor)] * count
            ]
        except Exception:
            self.close()
            raise

    def _confirm(self, said: psycopg.Cursor[Any]) -> None:
        """An answer leaves after the sync, of pages that survive it, if all of them are on."""
        found = dict(zip(_ASKED, said.fetchall()[0]))
        weak = [name for name, value in found.items() if value == "off"]
        if weak and self._server.acknowledged:
            off = " and ".join(f"its {name} is off" for name in weak)
            on = " and ".join(f"`{name} = on`" for name in weak)
            raise StoreError(
                f"{off}, so that it may lose what it has acknowledged: set {on}, or {_BEST_EFFORT}"
            )


def _merged(works: Sequence[Append | Change]) -> Iterator[tuple[Change, int]]:
    """Statements, and how many works each does: predictions in a row need but one."""
    for kind, group in groupby(works, key=type):
        if kind is Change:
            yield from ((work, 1) for work in group if isinstance(work, Change))
            continue
        appends = list(group)
        columns = list(map(list, zip(*(row for work in appends for row in work[0]))))
        yield Change(_APPEND, columns) if columns else Change(_PROBE, ()), len(appends)


def _result(cursor: psycopg.Cursor[Any]) -> Any:
    return cursor.fetchall() if cursor.description else cursor.rowcount
