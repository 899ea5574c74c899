"""What came while the store was away, in a SQLite file that all processes of this host share."""

import sqlite3
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..errors import StoreError
from .records import Label, Record
from .sqlite_file import SqliteFile, touch
from .sqlite_writer import SqliteWriteBackend
from .writer import GroupCommitWriter

# About 100 MB on the disk.
CAPACITY = 100_000

_PAGE = 500
# Numbers are never used again, so that dropping a page twice drops nothing that came between.
_SCHEMA = (
    (
        """
        CREATE TABLE items (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            entity_key TEXT,
            content BLOB NOT NULL
        )
        """,
        "CREATE INDEX items_by_entity ON items (entity_key) WHERE entity_key IS NOT NULL",
    ),
)
_ADD = "INSERT INTO items (kind, entity_key, content) VALUES (?, ?, ?)"
_DEPTH = "SELECT coalesce(max(number) - min(number) + 1, 0) FROM items"
_RECORD, _LABEL = "record", "label"

Item = tuple[str, str | None, bytes]


class Page(NamedTuple):
    """The oldest items, and the number of the last of them."""

    records: list[Record]
    labels: list[Label]
    last: int


class Spool:
    """Keeps records and labels durably, in their order, until they are dropped.

    A process that dies leaves its items to the others, which know no difference.
    """

    def __init__(self, folder: Path, *, capacity: int = CAPACITY) -> None:
        self._file = SqliteFile(folder / "spool.db", _SCHEMA)
        self._capacity = capacity
        self._writer = GroupCommitWriter(SqliteWriteBackend(self._file))

    def keep_records(self, records: Sequence[Record]) -> Future[None]:
        """Done when they are durable; fails with StoreError when the spool is full."""
        items = [(_RECORD, each.entity_key, msgspec.msgpack.encode(each)) for each in records]
        return self._keep(items)

    def keep_labels(self, labels: Sequence[Label]) -> Future[None]:
        """Done when they are durable; fails with StoreError when the spool is full."""
        return self._keep([(_LABEL, None, msgspec.msgpack.encode(each)) for each in labels])

    def depth(self) -> int:
        """How many items there are."""
        with self._file.reading() as connection:
            found: int = connection.execute(_DEPTH).fetchone()[0]
            return found

    def page(self) -> Page | None:
        """The oldest items, None if there are none."""
        query = "SELECT number, kind, content FROM items ORDER BY number LIMIT ?"
        with self._file.reading() as connection:
            found = connection.execute(query, (_PAGE,)).fetchall()
        if not found:
            return None
        decode = msgspec.msgpack.decode
        return Page(
            [decode(content, type=Record) for _, kind, content in found if kind == _RECORD],
            [decode(content, type=Label) for _, kind, content in found if kind == _LABEL],
            found[-1][0],
        )

    def drop(self, last: int) -> None:
        """Forget the items up to this number."""

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM items WHERE number <= ?", (last,))

        self._writer.submit(delete).result()

    def erase(self, entity_key: str) -> int:
        """Forget the records of an entity, and labels that wait with them; how many records."""
        erased: int = self._writer.submit(partial(_erase, entity_key=entity_key)).result()
        return erased

    def close(self) -> None:
        self._writer.close()

    def _keep(self, items: Sequence[Item]) -> Future[None]:
        return self._writer.submit(partial(self._insert, items=items), rows=len(items))

    def _insert(self, connection: sqlite3.Connection, items: Sequence[Item]) -> None:
        depth = connection.execute(_DEPTH).fetchone()[0]
        if depth >= self._capacity:
            raise StoreError(
                f"{self._file.name}: {depth} items wait for the store, and no more are taken:"
                " bring it back"
            )
        if not items:
            touch(connection)
        connection.executemany(_ADD, items)


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
        found = [
            (number,)
            for number, content in labels.fetchall()
            if msgspec.msgpack.decode(content, type=Label).prediction_id in ids
        ]
        connection.executemany("DELETE FROM items WHERE number = ?", found)
    connection.execute("DELETE FROM items WHERE entity_key = ?", (entity_key,))
    return len(ids)
