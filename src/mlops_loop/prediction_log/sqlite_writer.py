"""The SQLite log's file as the writer sees it: works are done in one transaction."""

import sqlite3
from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

from ..errors import StoreError
from .sqlite_file import SqliteFile, touch

# One statement for many rows: SQLite lets go of Python's lock for as long as a statement takes, and
# getting it back from a busy service takes longer than a row.
_ROWS_A_STATEMENT = 64

Work = Callable[[sqlite3.Connection], Any]


class Insertion(NamedTuple):
    """A work that inserts rows, with others in one statement if they insert alike.

    Without any rows it finds out whether the file takes something.

    `statement` is SQL with `{}` for the rows, each as `row`.
    """

    statement: str
    row: str
    rows: Sequence[Sequence[Any]]

    def __call__(self, connection: sqlite3.Connection) -> None:
        if not self.rows:
            touch(connection)
        for start in range(0, len(self.rows), _ROWS_A_STATEMENT):
            part = self.rows[start : start + _ROWS_A_STATEMENT]
            statement = _statement(self.statement, self.row, len(part))
            connection.execute(statement, [*chain.from_iterable(part)])


class SqliteWriteBackend:
    """The target of a GroupWriter; works are functions of a connection, or an Insertion."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = file.connect()

    @property
    def name(self) -> str:
        return self._file.name

    def commit(self, works: Sequence[Work]) -> list[Any]:
        try:
            if self._connection is None:
                self._connection = self._file.connect()
            if insertion := _only_statement(works):
                # It is a transaction by itself.
                insertion(self._connection)
                return [None] * len(works)
            self._connection.execute("BEGIN IMMEDIATE")
            results = [work(self._connection) for work in works]
            self._connection.execute("COMMIT")
            return results
        except Exception:
            # With the connection goes its open transaction; the next group starts afresh.
            self.close()
            raise

    def explain(self, error: Exception) -> Exception:
        if isinstance(error, (sqlite3.Error, OSError)):
            return self._file.explain(error)
        return error

    def is_backend_error(self, error: Exception) -> bool:
        damaged = type(error) is sqlite3.DatabaseError
        return damaged or isinstance(error, (sqlite3.OperationalError, OSError, StoreError))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _only_statement(works: Sequence[Work]) -> Insertion | None:
    """All works in one statement, if that can be."""
    insertions = [work for work in works if isinstance(work, Insertion)]
    if len(insertions) < len(works) or len({work.statement for work in insertions}) != 1:
        return None
    rows = [row for work in insertions for row in work.rows]
    return insertions[0]._replace(rows=rows) if 0 < len(rows) <= _ROWS_A_STATEMENT else None


@cache
def _statement(statement: str, row: str, rows: int) -> str:
    return statement.format(", ".join([row] * rows))
