"""CSV and Parquet: one file, a folder, or a glob.

Every CSV value is read as text, so that a bad one costs its row and not the file; the
contract's types are applied later. Rows come in batches: a whole file is never held.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from glob import glob
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from ...contract import Column, Contract
from ...contract.arrow import table_columns
from ...contract.reading import lacking
from ...errors import SourceError
from ...settings import Settings

BATCH_ROWS = 65_536
# Texts that stand for a missing value.
NULLS = ("", "NA", "NaN", "nan", "null", "NULL")
_CSV, _PARQUET = ".csv", ".parquet"
_KINDS = {_CSV, _PARQUET}
_WILDCARDS = "*?["
_BLOCK_BYTES = 8 << 20


@dataclass(frozen=True)
class FileSource:
    address: str
    root: Path

    def read(
        self, contract: Contract, *, since: datetime | None = None, until: datetime | None = None
    ) -> pa.Table:
        """All rows; which are early or late is not known before the contract's types apply."""
        columns = table_columns(contract)
        files = find_files(self.address, self.root)
        check_files(files, columns)
        with _named(self.address):
            return pa.concat_tables(read_batches(files, columns), promote_options="permissive")


def open_source(address: str, settings: Settings) -> FileSource:
    return FileSource(address.removeprefix("file://"), settings.root)


def find_files(address: str, root: Path) -> list[Path]:
    """The CSV or Parquet files at a path, in a folder or of a glob, sorted by name.

    Raises:
        SourceError: if there are none, or files of both kinds.
    """
    path = root / address
    if path.is_file():
        found = [path]
    elif path.is_dir():
        found = [file for file in path.rglob("*") if file.suffix.lower() in _KINDS]
    elif any(sign in address for sign in _WILDCARDS):
        found = [Path(file) for file in glob(str(path), recursive=True) if Path(file).is_file()]
    else:
        raise SourceError(f"there is no file or folder {path}: check its address")
    kinds = {file.suffix.lower() for file in found}
    if not found:
        raise SourceError(f"{path}: no .csv or .parquet file is there")
    if len(kinds) > 1 or not kinds <= _KINDS:
        raise SourceError(
            f"{path}: found {', '.join(sorted(kinds))}; all files must be .csv, or all .parquet"
        )
    return sorted(found)


def check_files(files: Sequence[Path], columns: Sequence[Column]) -> None:
    """Look at every file's header before the first row is read.

    Raises:
        SourceError: if a file is damaged, or lacks a column that may not be missing.
    """
    for file in files:
        names = column_names(file)
        absent = lacking(columns, names)
        if absent:
            raise SourceError(
                f"{file} lacks {', '.join(absent)}; it has {', '.join(names)}: "
                "mend the file, or config/contract.yaml"
            )


def read_batches(
    files: Sequence[Path], columns: Sequence[Column], batch_rows: int = BATCH_ROWS
) -> Iterator[pa.Table]:
    """The contract's columns of all files in order, at most `batch_rows` rows at a time.

    Each file yields at least one table, if only an empty one, so that its columns are known.

    Raises:
        SourceError: at the first row that cannot be told apart from its neighbours.
    """
    wanted = [column.name for column in columns]
    for file in files:
        names = column_names(file)
        present = [name for name in wanted if name in names]
        with _named(str(file)):
            is_csv = file.suffix.lower() == _CSV
            batches = _csv(file, present) if is_csv else _parquet(file, present, batch_rows)
            for table in batches:
                for start in range(0, max(table.num_rows, 1), batch_rows):
                    yield table.slice(start, batch_rows)


@contextmanager
def _named(origin: str) -> Iterator[None]:
    """Turn Arrow's complaints into a SourceError that names the file."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise SourceError(f"{origin} cannot be read: {reason}") from error


def column_names(file: Path) -> list[str]:
    """Names of the columns of a file, from its header or schema."""
    with _named(str(file)):
        if file.suffix.lower() == _PARQUET:
            names: list[str] = pyarrow.parquet.read_schema(file).names
            return names
        with pyarrow.csv.open_csv(file, parse_options=_parsing()) as reader:
            found: list[str] = reader.schema.names
            return found


def _parquet(file: Path, names: list[str], batch_rows: int) -> Iterator[pa.Table]:
    with pyarrow.parquet.ParquetFile(file) as opened:
        yield opened.schema_arrow.empty_table().select(names)
        for batch in opened.iter_batches(batch_rows, columns=names):
            yield pa.Table.from_batches([batch]).select(names)


def _csv(file: Path, names: list[str]) -> Iterator[pa.Table]:
    converting = pyarrow.csv.ConvertOptions(
        column_types={name: pa.string() for name in names},
        include_columns=names,
        null_values=list(NULLS),
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    reading = pyarrow.csv.ReadOptions(block_size=_BLOCK_BYTES)
    with pyarrow.csv.open_csv(file, reading, _parsing(), converting) as reader:
        yield reader.schema.empty_table()
        for batch in reader:
            yield pa.Table.from_batches([batch])


def _parsing() -> pyarrow.csv.ParseOptions:
    return pyarrow.csv.ParseOptions(newlines_in_values=True)
