"""The loop's state and its lease in a SQLite file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from ...errors import StoreError
from ..state import Lease, State, granted

STATE = Path("var/loop.db")

_TABLES = (
    "CREATE TABLE IF NOT EXISTS loop "
    "(id INTEGER PRIMARY KEY, state BLOB NOT NULL, revision INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS lease (id INTEGER PRIMARY KEY, lease BLOB NOT NULL)",
)
_BUSY_SECONDS = 10


def open_state(address: str, root: Path) -> "SqliteStateStore":
    """The state of the project at `root`, in a file of its own, whatever the log's is called."""
    return SqliteStateStore(root / STATE)


class SqliteStateStore:
    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> tuple[State, int]:
        with self._open() as connection:
            return _state(connection)

    def save(self, state: State, revision: int, fence: int | None = None) -> bool:
        with self._open() as connection:
            lease = _lease(connection)
            if fence is not None and (lease is None or lease.fence != fence):
                return False
            if _state(connection)[1] != revision:
                return False
            connection.execute(
                "INSERT OR REPLACE INTO loop (id, state, revision) VALUES (1, ?, ?)",
                (msgspec.json.encode(state), revision + 1),
            )
            return True

    def acquire(
        self, holder: str, now: datetime, until: datetime, fence: int | None = None
    ) -> Lease:
        with self._open() as connection:
            found = _lease(connection)
            lease = granted(found, holder, now, until, fence)
            if lease != found:
                _keep(connection, lease)
            return lease

    def release(self, lease: Lease) -> None:
        with self._open() as connection:
            found = _lease(connection)
            if found is not None and found.fence == lease.fence:
                _keep(connection, found.free())

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the file from its beginning to its end."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with closing(
                sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
            ) as connection:
                connection.execute("BEGIN IMMEDIATE")
                for table in _TABLES:
                    connection.execute(table)
                yield connection
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"the loop's state in {self._path} cannot be used: {error}") from error


def _state(connection: sqlite3.Connection) -> tuple[State, int]:
    row = connection.execute("SELECT state, revision FROM loop").fetchone()
    if row is None:
        return State(), 0
    return msgspec.json.decode(row[0], type=State), row[1]


def _lease(connection: sqlite3.Connection) -> Lease | None:
    row = connection.execute("SELECT lease FROM lease").fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=Lease)


def _keep(connection: sqlite3.Connection, lease: Lease) -> None:
    body = msgspec.json.encode(lease)
    connection.execute("INSERT OR REPLACE INTO lease (id, lease) VALUES (1, ?)", (body,))
