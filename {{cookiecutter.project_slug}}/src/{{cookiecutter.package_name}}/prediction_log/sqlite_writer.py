"""The SQLite log's file as the writer sees it: works are done in one transaction."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import StoreError
from .sqlite_file import SqliteFile


class SqliteTarget:
    """The target of a GroupWriter; works are functions of a connection."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = file.connect()

    @property
    def name(self) -> str:
        return self._file.name

    def commit(self, works: Sequence[Callable[[sqlite3.Connection], Any]]) -> list[Any]:
        try:
            if self._connection is None:
                self._connection = self._file.connect()
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

    def is_at_fault(self, error: Exception) -> bool:
        damaged = type(error) is sqlite3.DatabaseError
        return damaged or isinstance(error, (sqlite3.OperationalError, OSError, StoreError))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
