"""The file of the SQLite log: how it is opened, and what its errors mean."""

import errno
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..errors import StoreError
from .sqlite_schema import MIGRATIONS, Migration, migrate

# How long to wait for another process that writes.
BUSY_SECONDS = 10.0

_NEXT_STEPS = {
    "SQLITE_BUSY": "another process holds it: try again, or stop that process",
    "SQLITE_LOCKED": "another process holds it: try again, or stop that process",
    "SQLITE_FULL": "the disk is full: free some space; nothing that was acknowledged is lost",
    "SQLITE_READONLY": "make the file and its folder writable",
    "SQLITE_CANTOPEN": "make sure that its folder exists and is writable",
    "SQLITE_IOERR": "check the disk and the free space on it",
    "SQLITE_CORRUPT": "move the file aside and a new one is made; `sqlite3 FILE .recover` may"
    " save what the old one holds",
    "SQLITE_NOTADB": "it is not a SQLite database: move it aside and a new one is made",
}


class SqliteFile:
    """One database file that several threads and processes may have open."""

    def __init__(self, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
        self.path = path
        self._migrations = migrations
        self.name = f"prediction log {path}"

    def connect(self) -> sqlite3.Connection:
        """A connection whose commits are on the disk when they return; the schema is there.

        It may be handed to another thread, to be used by one at a time.
        """
        with self.translate_errors():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = self._open()
            try:
                _use_write_ahead_log(connection)
                connection.execute("PRAGMA synchronous = FULL")
                # Erased personal data is overwritten, not just unlinked.
                connection.execute("PRAGMA secure_delete = ON")
                migrate(connection, self._migrations)
            except BaseException:
                connection.close()
                raise
            return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the log throughout, and cannot change it."""
        with self.translate_errors():
            connection = self._open()
            try:
                connection.execute("PRAGMA query_only = ON")
                connection.execute("BEGIN")
                yield connection
            finally:
                connection.close()

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Errors of SQLite and of the file system, as a StoreError with the next step."""
        try:
            yield
        except (sqlite3.Error, OSError, StoreError) as error:
            raise self.explain(error) from error

    def explain(self, error: Exception) -> StoreError:
        name = getattr(error, "sqlite_errorname", None) or ""
        # Extended names such as SQLITE_IOERR_WRITE carry their family in front.
        family = "_".join(name.split("_")[:2])
        if isinstance(error, OSError):
            family = "SQLITE_FULL" if error.errno == errno.ENOSPC else "SQLITE_CANTOPEN"
        step = _NEXT_STEPS.get(family)
        said = f"{error}; {step}" if step else str(error)
        return StoreError(f"{self.name}: {said}")

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )


def touch(connection: sqlite3.Connection) -> None:
    """Write what stands there already: it takes the disk as any other change does."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute(f"PRAGMA user_version = {version}")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    # SQLite does not wait for a lock here, so processes that open a new file at once collide.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            busy = (error.sqlite_errorname or "").startswith("SQLITE_BUSY")
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
