"""Records that wait for an unavailable store, in a SQLite file that all processes of a host share.

It uses the driver of the standard library, so that a service with a Redis log imports no more.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ..errors import StoreError
from ._records import Label, Record
from ._sqlite_file import (
    connect_file,
    explain_sqlite_error,
    is_sqlite_backend_error,
    require_intact,
    use_write_ahead_log,
)
from ._writer import GroupCommitWriter

# About 100 MB on the disk.
CAPACITY = 100_000

_NAME = "spool.db"
_PAGE = 500
# Number of the format, in `user_version`; 0 is a new file.
_FORMAT = 1
# Numbers are never used again, so that dropping a page twice drops nothing that came between.
_TABLES = f"""
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS items (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        entity_key TEXT,
        content BLOB NOT NULL,
        rejection TEXT
    );
    CREATE INDEX IF NOT EXISTS items_by_entity ON items (entity_key) WHERE entity_key IS NOT NULL;
    PRAGMA user_version = {_FORMAT};
    COMMIT;
"""
_ADD = "INSERT INTO items (kind, entity_key, content) VALUES (?, ?, ?)"
# Items that the store has rejected stay in the file, with the reason, and do not wait.
_DEPTH = "SELECT coalesce(max(number) - min(number) + 1, 0) FROM items WHERE rejection IS NULL"
_OLDEST = "SELECT number, kind, content FROM items WHERE rejection IS NULL ORDER BY number LIMIT ?"
_RECORD, _LABEL = "record", "label"

Item = tuple[str, str | None, bytes]
Work = Callable[[sqlite3.Connection], Any]


class WaitingItem(NamedTuple):
    """A record or a label that waits, and its number in the spool."""

    number: int
    content: Record | Label


class Spool:
    """Stores records and labels durably, in their order, until they are dropped.

    The items of a process that died are carried over by the others.
    """

    def __init__(self, folder: Path, *, capacity: int = CAPACITY) -> None:
        self._file = SpoolFile(folder / _NAME)
        self._capacity = capacity
        self._writer = GroupCommitWriter(self._file)

    def keep_records(self, records: Sequence[Record]) -> Future[None]:
        """Done when they are durable; fails with StoreError when the spool is full."""
        items = [(_RECORD, each.entity_key, msgspec.msgpack.encode(each)) for each in records]
        return self._keep(items)

    def keep_labels(self, labels: Sequence[Label]) -> Future[None]:
        """Done when they are durable; fails with StoreError when the spool is full."""
        return self._keep([(_LABEL, None, msgspec.msgpack.encode(each)) for each in labels])

    def depth(self) -> int:
        """How many items wait."""
        with self._file.reading() as connection:
            depth: int = connection.execute(_DEPTH).fetchone()[0]
            return depth

    def page(self) -> list[WaitingItem]:
        """The oldest items that wait."""
        with self._file.reading() as connection:
            items = connection.execute(_OLDEST, (_PAGE,)).fetchall()
        return [WaitingItem(number, _decode(kind, content)) for number, kind, content in items]

    def drop(self, last: int) -> None:
        """Delete the items up to this number that wait."""
        self._change("DELETE FROM items WHERE number <= ? AND rejection IS NULL", last)

    def archive_item(self, number: int, rejection: str) -> None:
        """Keep an item that the store rejects, so that it no longer waits."""
        self._change("UPDATE items SET rejection = ? WHERE number = ?", rejection, number)

    def erase(self, entity_key: str) -> int:
        """Delete the records of an entity, and labels that wait with them; how many records."""
        erased: int = self._writer.submit(partial(_erase, entity_key=entity_key)).result()
        return erased

    def close(self) -> None:
        self._writer.close()

    def _change(self, statement: str, *parameters: int | str) -> None:
        def execute(connection: sqlite3.Connection) -> None:
            connection.execute(statement, parameters)

        self._writer.submit(execute).result()

    def _keep(self, items: Sequence[Item]) -> Future[None]:
        return self._writer.submit(partial(self._insert, items=items), rows=len(items))

    def _insert(self, connection: sqlite3.Connection, items: Sequence[Item]) -> None:
        depth = connection.execute(_DEPTH).fetchone()[0]
        if depth >= self._capacity:
            raise StoreError(
                f"{self._file.name}: {depth} items wait for the store, and no more are accepted:"
                " bring it back"
            )
        if not items:
            # Writing a page takes the disk, whether its content changes or not.
            connection.execute(f"PRAGMA user_version = {_FORMAT}")
        connection.executemany(_ADD, items)


class SpoolFile:
    """The file; a WriteBackend whose works are functions of a connection."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = f"spool {path}"
        self._connection: sqlite3.Connection | None = self._open()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(connect_file(self._path)) as connection:
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise self.explain(error) from error

    def commit(self, works: Sequence[Work]) -> list[Any]:
        try:
            self._connection = self._connection or self._open()
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
            return explain_sqlite_error(self.name, error)
        return error

    def is_backend_error(self, error: Exception) -> bool:
        return is_sqlite_backend_error(error)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        """A connection to write on; the table is there."""
        try:
            connection = connect_file(self._path)
            try:
                use_write_ahead_log(connection)
                self._require_format(connection)
            except BaseException:
                connection.close()
                raise
            return connection
        except (sqlite3.Error, OSError) as error:
            raise self.explain(error) from error

    def _require_format(self, connection: sqlite3.Connection) -> None:
        number = connection.execute("PRAGMA user_version").fetchone()[0]
        if number > _FORMAT:
            raise StoreError(
                f"{self.name}: its format is number {number}, and this version of mlops-loop knows"
                f" {_FORMAT}: update mlops-loop, or name another folder"
            )
        if number < _FORMAT:
            connection.executescript(_TABLES)


def verify_spool(folder: Path) -> None:
    """Run SQLite's own check of a spool; StoreError if it is damaged."""
    require_intact(folder / _NAME, f"spool {folder / _NAME}")


def _decode(kind: str, content: bytes) -> Record | Label:
    if kind == _RECORD:
        return msgspec.msgpack.decode(content, type=Record)
    return msgspec.msgpack.decode(content, type=Label)


def _erase(connection: sqlite3.Connection, entity_key: str) -> int:
    query = "SELECT content FROM items WHERE entity_key = ?"
    records = [
        msgspec.msgpack.decode(content, type=Record)
        for (content,) in connection.execute(query, (entity_key,))
    ]
    ids = {record.prediction_id for record in records}
    if ids:
        # Labels carry no entity; there are as many as came during an outage.
        labels = connection.execute("SELECT number, content FROM items WHERE kind = ?", (_LABEL,))
        theirs = [
            (number,)
            for number, content in labels.fetchall()
            if msgspec.msgpack.decode(content, type=Label).prediction_id in ids
        ]
        connection.executemany("DELETE FROM items WHERE number = ?", theirs)
    connection.execute("DELETE FROM items WHERE entity_key = ?", (entity_key,))
    return len(ids)
