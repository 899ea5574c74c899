"""Rows brought into order in bounded memory: sorted runs on disk, which are merged.

Knuth, The Art of Computer Programming, volume 3, section 5.4. Rows that make one run and no more
never leave memory.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..contract.arrow import numbers

# How many rows are in memory at a time: those of a run, and those that a merge looks at.
RUN_ROWS = 1 << 20
_CHUNK_ROWS = 1 << 13
_SCANNED_CHUNKS = 16


class Runs:
    """Tables of one schema, taken in any order and given back in the order of their keys.

    Args:
        folder: made when something has to be set down; the caller removes it.
        keys: columns that order the rows, and together tell any two of them apart.
        run_rows: how many rows are held in memory.
    """

    def __init__(self, folder: Path, keys: Sequence[str], run_rows: int = RUN_ROWS) -> None:
        self.rows = 0
        self._folder = folder
        self._keys = tuple(keys)
        self._run_rows = run_rows
        self._held: list[pa.Table] = []
        self._files: list[Path] = []

    @property
    def in_memory(self) -> bool:
        return not self._files

    def add(self, table: pa.Table) -> None:
        held = sum(one.num_rows for one in self._held)
        if self._held and held + table.num_rows > self._run_rows:
            self._set_down()
        self._held.append(table)
        self.rows += table.num_rows

    def scan(self, names: Sequence[str]) -> Iterator[pa.Table]:
        """Some columns of all rows, in no order."""
        for path in self._files:
            with pa.OSFile(str(path)) as file:
                reader = pa.ipc.open_stream(file)
                while (table := _read(reader, _SCANNED_CHUNKS)).num_rows:
                    yield table.select(names)
        for table in self._held:
            yield table.select(names)

    def in_order(self) -> Iterator[pa.Table]:
        """All rows by their keys, some at a time."""
        if self.in_memory:
            held, self._held = self._held, []
            if held:
                yield self._sorted(held)
            return
        if self._held:
            self._set_down()
        # A merge holds what it reads, what it makes of it, and what was made before.
        chunks = max(self._run_rows // 4 // _CHUNK_ROWS // len(self._files), 1)
        cursors = [_Cursor(path, self._keys, chunks) for path in self._files]
        try:
            while live := [cursor for cursor in cursors if cursor.fill()]:
                # Beyond the first end of what was read, smaller rows may still come.
                bound = min(cursor.key(-1) for cursor in live)
                pieces = [cursor.take(bound) for cursor in live]
                yield self._sorted([piece for piece in pieces if piece.num_rows])
        finally:
            for cursor in cursors:
                cursor.close()

    def _set_down(self) -> None:
        table, self._held = self._sorted(self._held), []
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"run-{len(self._files)}.arrow"
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.OSFile(str(path), "wb") as file:
            with pa.ipc.new_stream(file, table.schema, options=options) as writer:
                writer.write_table(table, max_chunksize=_CHUNK_ROWS)
        self._files.append(path)

    def _sorted(self, tables: Sequence[pa.Table]) -> pa.Table:
        table = pa.concat_tables(tables)
        order = pc.sort_indices(
            table.select(self._keys).combine_chunks(),
            sort_keys=[(key, "ascending") for key in self._keys],
        )
        if np.array_equal(numbers(order), np.arange(len(order))):
            return table
        # One column after another: no second copy of the whole table.
        columns = [table[name].combine_chunks().take(order) for name in table.column_names]
        return pa.table(columns, schema=table.schema)


class _Cursor:
    """Where the merge is in one run."""

    def __init__(self, path: Path, keys: Sequence[str], chunks: int) -> None:
        self._keys = keys
        self._chunks = chunks
        self._file = pa.OSFile(str(path))
        self._reader = pa.ipc.open_stream(self._file)
        self._pending = self._reader.schema.empty_table()

    def fill(self) -> bool:
        """Read on where nothing is left of what was read; whether there are rows."""
        if not self._pending.num_rows:
            self._pending = _read(self._reader, self._chunks).combine_chunks()
        return bool(self._pending.num_rows)

    def key(self, at: int) -> tuple[Any, ...]:
        """What orders a row; nulls come last, as Arrow has it."""
        at %= self._pending.num_rows
        values = [_plain(self._pending[name][at]) for name in self._keys]
        return tuple((value is None, value) for value in values)

    def take(self, bound: tuple[Any, ...]) -> pa.Table:
        """The rows up to a key, which are then no longer pending."""
        count = bisect_right(range(self._pending.num_rows), bound, key=self.key)
        taken, self._pending = self._pending.slice(0, count), self._pending.slice(count)
        return taken

    def close(self) -> None:
        self._file.close()


def _read(reader: Any, chunks: int) -> pa.Table:
    batches = []
    for _ in range(chunks):
        try:
            batches.append(reader.read_next_batch())
        except StopIteration:
            break
    return pa.Table.from_batches(batches, reader.schema)


def _plain(scalar: Any) -> Any:
    return scalar.value if isinstance(scalar, pa.TimestampScalar) else scalar.as_py()
