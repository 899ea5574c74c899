"""Columns in the names of folders, as Hive writes them: `year=2026/month=01/part-0.parquet`."""

from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import pyarrow as pa

from .._remote import File

_NULL = "__HIVE_DEFAULT_PARTITION__"


def partition_values(file: File, root: Path = Path()) -> dict[str, str | None]:
    """The values that the folders of a file stand for, by name.

    Args:
        file: the file.
        root: the folder that its address is relative to, see `FoundFiles`; it is not part of the
            address, so it and the folders above stand for no value.
    """
    named = file.relative_to(root) if isinstance(file, Path) and file.is_relative_to(root) else file
    folders = PurePosixPath(str(named).replace("\\", "/")).parts[:-1]
    pairs = [folder.partition("=") for folder in folders if "=" in folder]
    return {
        unquote(name): None if value == _NULL else unquote(value)
        for name, _, value in pairs
        if name.strip()
    }


def with_partitions(table: pa.Table, values: dict[str, str | None]) -> pa.Table:
    """The table with a column of text for each value; a column of that name in the file wins."""
    for name, value in values.items():
        if name not in table.column_names:
            table = table.append_column(
                name, pa.repeat(pa.scalar(value, pa.string()), table.num_rows)
            )
    return table
