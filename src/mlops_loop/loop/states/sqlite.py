"""The loop's state and its lease in a SQLite file."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from ...errors import StoreError
from ...paths import Paths
from ..leased_state import EncodedState, LeasedStateStore, StoredState, encode_state

_TABLES = (
    "CREATE TABLE IF NOT EXISTS loop "
    "(id INTEGER PRIMARY KEY, state BLOB NOT NULL, revision INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS lease (id INTEGER PRIMARY KEY, lease BLOB NOT NULL)",
)
_BUSY_SECONDS = 10

Answer = TypeVar("Answer")


def open_state(address: str, root: Path, target_digest: str = "") -> LeasedStateStore:
    """The state of the project at `root`, in a file of its own, whatever the log's is called."""
    return LeasedStateStore(SqliteStateBackend(Paths(root).loop_state), target_digest)


class SqliteStateBackend:
    def __init__(self, path: Path) -> None:
        self._path = path

    def transact(self, decide: Callable[[StoredState], tuple[Answer, StoredState]]) -> Answer:
        with self._open() as connection:
            found = _read(connection)
            answer, stored = decide(found)
            if stored != found:
                _write(connection, encode_state(stored))
            return answer

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


def _read(connection: sqlite3.Connection) -> StoredState:
    state, revision = connection.execute("SELECT state, revision FROM loop").fetchone() or (None, 0)
    (lease,) = connection.execute("SELECT lease FROM lease").fetchone() or (None,)
    return EncodedState(state, revision, lease).decode()


def _write(connection: sqlite3.Connection, packed: EncodedState) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO loop (id, state, revision) VALUES (1, ?, ?)",
        (packed.state, packed.revision),
    )
    if packed.lease is not None:
        connection.execute(
            "INSERT OR REPLACE INTO lease (id, lease) VALUES (1, ?)", (packed.lease,)
        )
