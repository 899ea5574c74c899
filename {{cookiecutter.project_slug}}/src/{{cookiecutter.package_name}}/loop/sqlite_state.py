"""The loop's state in a SQLite file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from ..errors import StoreError
from .state import State


class SqliteStateStore:
    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> tuple[State, int]:
        with self._open() as connection:
            row = connection.execute("SELECT state, revision FROM loop").fetchone()
        if row is None:
            return State(), 0
        return msgspec.json.decode(row[0], type=State), row[1]

    def save(self, state: State, revision: int) -> bool:
        body = msgspec.json.encode(state)
        with self._open() as connection:
            if revision == 0:
                statement = "INSERT OR IGNORE INTO loop (id, state, revision) VALUES (1, ?, 1)"
                return connection.execute(statement, (body,)).rowcount == 1
            statement = "UPDATE loop SET state = ?, revision = revision + 1 WHERE revision = ?"
            return connection.execute(statement, (body, revision)).rowcount == 1

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with closing(sqlite3.connect(self._path, timeout=10)) as connection, connection:
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS loop "
                    "(id INTEGER PRIMARY KEY, state BLOB NOT NULL, revision INTEGER NOT NULL)"
                )
                yield connection
        except sqlite3.Error as error:
            raise StoreError(f"the loop's state in {self._path} cannot be used: {error}") from error
