"""The prediction log in one SQLite file: `sqlite:///var/predictions.db`, for one host.

Several processes may have the file open. Each has one thread that writes and commits together
what was submitted meanwhile; readers see one state of the file and block no writer.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine

from ...errors import SettingsError
from .._sqlite_file import (
    connect_file,
    explain_sqlite_error,
    is_sqlite_backend_error,
    require_intact,
    use_write_ahead_log,
)
from .._url_options import acknowledges, split_address
from .database import Database, Row, cause_of, driver_of, is_store_error
from .tables import PREDICTIONS

# One statement for many rows: SQLite releases Python's lock for as long as a statement takes, and
# getting it back from a busy service takes longer than a row.
_ROWS_A_STATEMENT = 64


def database_at(address: str, root: Path) -> "SqliteDatabase":
    """The file at `sqlite:///PATH`; PATH is relative to `root` unless it starts with a slash."""
    place, options = split_address(address)
    path = place.removeprefix("sqlite:///")
    if path == place or not path:
        raise SettingsError(
            f"prediction_log: {address!r} names no file; write sqlite:///var/predictions.db"
        )
    return SqliteDatabase(Path(root) / path, acknowledged=acknowledges(options))


class SqliteDatabase(Database):
    """One file that several threads and processes may have open."""

    def __init__(self, path: Path, *, acknowledged: bool = True) -> None:
        self.path = path
        self.name = f"prediction log {path}"
        self.acknowledged = acknowledged
        # Not pooled: a file that was moved aside should not be read from any longer.
        self.engine = create_engine(
            "sqlite://",
            creator=lambda: connect_file(path),
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
        )

    def archive(self) -> str | None:
        """Rename the file, if there is one."""
        if not self.path.exists():
            return None
        number = 1
        while (target := self.path.with_name(f"{self.path.name}.{number}")).exists():
            number += 1
        # What is in the write-ahead log has to stay beside its file.
        for ending in ("-wal", "-shm", ""):
            beside = self.path.with_name(self.path.name + ending)
            if beside.exists():
                beside.rename(target.with_name(target.name + ending))
        return str(target)

    def prepare(self, connection: Connection) -> None:
        use_write_ahead_log(driver_of(connection))

    def begin_reading(self, connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.exec_driver_sql("BEGIN")

    @contextmanager
    def transaction(self, connection: Connection) -> Iterator[None]:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield
        connection.exec_driver_sql("COMMIT")

    def create_schema(self, connection: Connection) -> None:
        """A file is the place of its tables."""

    def append(self, connection: Connection, rows: Sequence[Row]) -> None:
        if 0 < len(rows) <= _ROWS_A_STATEMENT:
            self.insert(connection, rows)  # one statement is a transaction by itself
        else:
            super().append(connection, rows)

    def insert(self, connection: Connection, rows: Sequence[Row]) -> None:
        driver = driver_of(connection)
        if not rows:
            # Writing a page takes the disk, whether its content changes or not.
            driver.execute("UPDATE loop SET revision = revision")
        for start in range(0, len(rows), _ROWS_A_STATEMENT):
            part = rows[start : start + _ROWS_A_STATEMENT]
            driver.execute(_insertion(len(part)), [*chain.from_iterable(part)])

    def purge(self) -> None:
        # Deleted rows are overwritten (secure_delete), but the write-ahead log still holds them.
        # Busy readers may delay it.
        with self.translate_errors(), self.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()

    def verify(self) -> str:
        require_intact(self.path, self.name)
        return "SQLite finds no damage"

    def explain(self, error: Exception) -> Exception:
        if not is_store_error(error, sqlite3.Error):
            return error
        return explain_sqlite_error(self.name, cause_of(error))

    def is_backend_error(self, error: Exception) -> bool:
        return is_sqlite_backend_error(cause_of(error))


@cache
def _insertion(rows: int) -> str:
    names = ", ".join(PREDICTIONS.c.keys())
    row = f"({', '.join('?' * len(PREDICTIONS.c))})"
    return (
        f"INSERT INTO predictions ({names}) VALUES {', '.join([row] * rows)}"
        " ON CONFLICT (prediction_id) DO NOTHING"
    )
