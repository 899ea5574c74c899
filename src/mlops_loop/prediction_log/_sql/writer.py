"""A SQL database as the group-commit writer sees it."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from .database import Database, Row


class Append(NamedTuple):
    """Predictions to insert; none finds out whether the database accepts writes."""

    rows: Sequence[Row]


Work = Append | Callable[[Connection], Any]


class SqlWriteBackend:
    """A WriteBackend; works are Appends, or functions of a connection within a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = database.open()

    @property
    def name(self) -> str:
        return self._database.name

    def commit(self, works: Sequence[Work]) -> list[Any]:
        is_new = self._connection is None
        try:
            return self._commit(works)
        except Exception as error:
            if is_new or not self._database.is_unavailable(error):
                raise
            # The connection ended with its server, which may be there again.
            return self._commit(works)

    def explain(self, error: Exception) -> Exception:
        return self._database.explain(error)

    def is_backend_error(self, error: Exception) -> bool:
        return self._database.is_backend_error(error)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _commit(self, works: Sequence[Work]) -> list[Any]:
        connection = self._connection = self._connection or self._database.open()
        try:
            appends = [work for work in works if isinstance(work, Append)]
            if len(appends) == len(works):
                rows = [row for append in appends for row in append.rows]
                self._database.append(connection, rows)
                return [None] * len(works)
            with self._database.transaction(connection):
                return [self._run(connection, work) for work in works]
        except BaseException:
            # With the connection goes its open transaction; the next group starts afresh.
            connection.invalidate()
            self.close()
            raise

    def _run(self, connection: Connection, work: Work) -> Any:
        if isinstance(work, Append):
            return self._database.insert(connection, work.rows)
        return work(connection)
