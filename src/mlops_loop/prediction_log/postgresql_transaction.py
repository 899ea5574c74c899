"""What holds within a transaction of the PostgreSQL log: where its tables are, how plans are made.

Said anew in each one, because a pooler may hand every transaction to another session.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from .postgresql_server import SECONDS, PostgresqlServer, is_unavailable

# Every question here is a few ranges of an index. The planner, whose guesses may be old, should
# not find reading a whole table cheaper.
_PLANS = {
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
}
_IDLE = 4


def settings(schema: str, **more: str) -> sql.Composed:
    """SQL that makes settings for the rest of a transaction, as the items of a SELECT."""
    # A client that goes away in the middle of a transaction should not keep its locks.
    patience = {"idle_in_transaction_session_timeout": f"{SECONDS}s"}
    said = {"search_path": f'"{schema}"', **_PLANS, **patience, **more}
    return sql.SQL(", ").join(
        sql.SQL("set_config({}, {}, true)").format(name, value) for name, value in said.items()
    )


class Reader:
    """Connections to read from: those that are free are used again."""

    def __init__(self, server: PostgresqlServer) -> None:
        self._server = server
        begin = sql.SQL("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT {}")
        self._begin = begin.format(settings(server.schema))
        self._free: list[psycopg.Connection[Any]] = []

    @contextmanager
    def reading(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection that sees one state of the log throughout, and cannot change it."""
        with self._server.translate_errors():
            connection = self._begun()
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.close()
                raise
        if len(self._free) < _IDLE:
            self._free.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        while self._free:
            self._free.pop().close()

    def _begun(self) -> psycopg.Connection[Any]:
        while True:
            free = self._free.pop() if self._free else None
            connection = free or self._server.connect()
            try:
                connection.execute(self._begin)
                return connection
            except BaseException as error:
                connection.close()
                # One that went away with its server, which may be there again.
                if free is None or not isinstance(error, Exception) or not is_unavailable(error):
                    raise
