"""Quarantine of rejected rows, unchanged, with reasons."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
from numpy.typing import ArrayLike

from .._atomic import atomic_write, make_folder
from ._digest import table_digest


class Quarantine:
    """Collects rejected rows, and writes one file named by its content.

    Args:
        folder: created on the first rejected row; the caller removes it.
    """

    def __init__(self, folder: Path) -> None:
        self.rows = 0
        self._folder = folder
        self._schemas: list[pa.Schema] = []

    def add(self, table: pa.Table) -> None:
        """Add rows of `quarantine_rows`."""
        make_folder(self._folder)
        with pa.ipc.new_stream(self._draft(len(self._schemas)), table.schema) as writer:
            writer.write_table(table)
        self._schemas.append(table.schema)
        self.rows += table.num_rows

    def write(self, directory: Path) -> Path:
        """All rows in one file, with the columns that any of them has."""
        path = directory / f"{table_digest(self._tables())}.parquet"
        with atomic_write(path) as draft:
            with pyarrow.parquet.ParquetWriter(draft, self._schema()) as writer:
                for table in self._tables():
                    writer.write_table(table)
        return path

    def _tables(self) -> Iterator[pa.Table]:
        empty = self._schema().empty_table()
        for number in range(len(self._schemas)):
            with pa.ipc.open_stream(self._draft(number)) as reader:
                yield pa.concat_tables([empty, reader.read_all()], promote_options="default")

    def _schema(self) -> pa.Schema:
        return pa.unify_schemas(self._schemas)

    def _draft(self, number: int) -> str:
        return str(self._folder / f"bad-{number}.arrow")


def quarantine_rows(
    raw: pa.Table,
    rows: Sequence[int],
    reasons: Sequence[str],
    *,
    origin: str,
    positions: ArrayLike,
) -> pa.Table:
    """Rejected rows as a table of texts.

    Args:
        raw: the table the rows came in.
        rows: positions in it.
        reasons: one text a row.
        origin: origin of the table.
        positions: position of each of the table's rows in its source, counted from 0.

    Returns:
        The columns `reasons`, `source` and `row` (counted from 1), then those of `raw`; one of
        these that has such a name itself gets an underscore at its end.
    """
    at = pa.array(rows, pa.int64())
    own: dict[str, pa.Array] = {
        "reasons": pa.array(reasons, pa.string()),
        "source": pa.repeat(pa.scalar(origin), len(at)),
        "row": pa.array(np.asarray(positions, dtype=np.int64)[np.asarray(rows, dtype=np.intp)] + 1),
    }
    values = {
        f"{name}_" if name in own else name: _text(raw[name].take(at)) for name in raw.column_names
    }
    return pa.table({**own, **values})


def shifted(rejected: pa.Table, offset: int) -> pa.Table:
    """Rows of `quarantine_rows` whose table begins at `offset` of the source."""
    at = rejected.column_names.index("row")
    return rejected.set_column(at, "row", pc.add(rejected["row"], offset))


def _text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return values.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        words = [None if value is None else str(value) for value in values.to_pylist()]
        return pa.chunked_array([pa.array(words, pa.string())])
