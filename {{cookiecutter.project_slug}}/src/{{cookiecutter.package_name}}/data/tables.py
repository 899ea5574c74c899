"""Small files that people hand over, as Arrow tables."""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from ..errors import InputError


def read_table(path: Path) -> pa.Table:
    """Read a whole CSV or Parquet file, by its ending.

    Raises:
        InputError: if the file is of another kind or cannot be read as what it claims to be.
    """
    readers = {".csv": pyarrow.csv.read_csv, ".parquet": pyarrow.parquet.read_table}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path} is neither .csv nor .parquet")
    try:
        return reader(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
