"""CSV and Parquet files to write; the suffix of the name decides which."""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from ..errors import InputError
from ._remote import File

CSV, PARQUET = ".csv", ".parquet"


def require_table_suffix(file: File) -> None:
    """Check that a name has the suffix of a format that can be written.

    Raises:
        InputError: if it ends in anything but .csv or .parquet.

    Examples:
        >>> require_table_suffix(Path("out.csv"))
        >>> require_table_suffix(Path("out.txt"))
        Traceback (most recent call last):
        ...
        mlops_loop.errors.InputError: out.txt: unknown format; expected a name in .csv or .parquet
    """
    if file.suffix.lower() not in (CSV, PARQUET):
        raise InputError(f"{file}: unknown format; expected a name in .csv or .parquet")


def is_csv(file: File) -> bool:
    """Whether a file to write is CSV rather than Parquet."""
    return file.suffix.lower() == CSV


def table_writer(
    path: Path, schema: pa.Schema, *, csv: bool
) -> pyarrow.csv.CSVWriter | pyarrow.parquet.ParquetWriter:
    """A context manager whose method `write_table` adds rows to a new file."""
    if csv:
        return pyarrow.csv.CSVWriter(path, schema)
    return pyarrow.parquet.ParquetWriter(path, schema)
