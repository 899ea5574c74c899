"""DuckDB as a scratch pad for SQL on Arrow tables, in bounded memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from .._atomic import make_folder

# A column that is being written needs about a megabyte, however few rows there are. The limit does
# not hold within a transaction, so that every statement is one.
_MEMORY_MB, _COLUMN_MB = 80, 1


@contextmanager
def scratch_database(folder: Path, columns: int = 0) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in one file; what exceeds the memory limit is in temporary files beside it.

    Args:
        folder: folder for the files, which are removed.
        columns: number of columns of the widest table.
    """
    make_folder(folder)
    path = folder / "scratch.duckdb"
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{_MEMORY_MB + _COLUMN_MB * columns}MB",
        "temp_directory": str(folder / "scratch"),
        # Each thread needs memory of its own, however many cores there are.
        "threads": "1",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    try:
        with duckdb.connect(str(path), config=settings) as connection:
            yield connection
    finally:
        path.unlink(missing_ok=True)


def by_position(table: pa.Table) -> pa.Table:
    """The table with the columns c0, c1 and so on: names in SQL are not case-sensitive."""
    return table.rename_columns([f"c{at}" for at in range(table.num_columns)])
