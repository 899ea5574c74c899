"""CSV and Parquet: one file, a folder, or a glob.

CSV values are read as text, so that an invalid one rejects its row and not the file; the contract's
types are applied later. Rows are read in batches. The section `csv` of the settings is the format
of text files; plain ones are read as well.
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

from ..._settings import Csv, Settings
from ...contract import Column, Contract
from ...contract._arrow import table_columns
from ...contract._casting import missing_columns
from ...errors import SourceError
from .._remote import File, find_remote, is_remote, opened
from .header import unique_names

BATCH_ROWS = 65_536
PLAIN = Csv()
_CSV, _PARQUET = ".csv", ".parquet"
_ENDINGS = {_CSV: _CSV, ".tsv": _CSV, ".txt": _CSV, _PARQUET: _PARQUET, ".pq": _PARQUET}
# Endings that are read from a folder, where a .txt may be a note.
_KINDS = {_CSV, ".tsv", _PARQUET, ".pq"}
_WILDCARDS = "*?["
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class FileSource:
    address: str
    root: Path
    csv: Csv = PLAIN

    def tables(
        self, contract: Contract, *, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[pa.Table]:
        """All rows; event times are not known before the contract's types are applied."""
        columns = table_columns(contract)
        files = find_files(self.address, self.root)
        check_files(files, columns, self.csv)
        yield from read_batches(files, columns, csv=self.csv)


def open_source(address: str, settings: Settings) -> FileSource:
    return FileSource(address.removeprefix("file://"), settings.root, settings.csv)


def find_files(address: str, root: Path) -> list[File]:
    """The CSV or Parquet files at a path or URL, in a folder or of a glob, sorted by name.

    Raises:
        SourceError: if there are none, or files of both kinds.
        InputError: if a URL leads nowhere.
    """
    if not is_remote(address):
        return [*find_local(address, root)]
    remote = find_remote(address, _KINDS)
    _require_one_kind(remote, address)
    return sorted(remote, key=str)


def find_local(address: str, root: Path) -> list[Path]:
    """The same, of a path. Raises SourceError as `find_files` does."""
    path = root / address.removeprefix("file://")
    if path.is_file():
        paths = [path]
    elif path.is_dir():
        paths = [file for file in path.rglob("*") if file.suffix.lower() in _KINDS]
    elif any(sign in address for sign in _WILDCARDS):
        paths = [Path(file) for file in glob(str(path), recursive=True) if Path(file).is_file()]
    else:
        raise SourceError(f"no file or folder {path}: check its address")
    _require_one_kind(paths, str(path))
    return sorted(paths)


def _require_one_kind(files: Sequence[File], where: str) -> None:
    endings = {file.suffix.lower() for file in files}
    kinds = {_ENDINGS.get(ending) for ending in endings}
    if not files:
        raise SourceError(f"{where}: no .csv or .parquet file")
    if len(kinds) > 1 or None in kinds:
        raise SourceError(
            f"{where}: found {', '.join(sorted(endings))}; expected only .csv, or only .parquet"
        )


def is_text(file: File) -> bool:
    """Whether a file is a text file, by its ending."""
    return _ENDINGS.get(file.suffix.lower()) == _CSV


def fitting(file: File, columns: Sequence[Column], csv: Csv) -> Csv:
    """The format of a text file: that of the settings, or plain if only then a column is found."""
    if csv == PLAIN or not is_text(file):
        return csv
    wanted = {column.name for column in columns}
    for dialect in (csv, PLAIN):
        try:
            if wanted & set(column_names(file, dialect)):
                return dialect
        except SourceError:
            continue
    return csv


def check_files(files: Sequence[File], columns: Sequence[Column], csv: Csv = PLAIN) -> None:
    """Check the headers of all files before the first row is read.

    Raises:
        SourceError: if a file is damaged, or lacks a column that may not be missing.
    """
    for file in files:
        names = column_names(file, fitting(file, columns, csv))
        absent = missing_columns(columns, names)
        if absent:
            raise SourceError(
                f"{file}: missing columns {', '.join(absent)}; it has {', '.join(names)}: "
                "correct the file, or config/contract.yaml"
            )


def read_batches(
    files: Sequence[File],
    columns: Sequence[Column] | None = None,
    batch_rows: int = BATCH_ROWS,
    csv: Csv = PLAIN,
) -> Iterator[pa.Table]:
    """The contract's columns of all files in order, at most `batch_rows` rows at a time.

    Without a list of columns, all columns of each file. Each file yields at least one table, which
    may be empty, so that its columns are known.

    Raises:
        SourceError: at the first row whose end is ambiguous.
    """
    for file in files:
        dialect = csv if columns is None else fitting(file, columns, csv)
        names = column_names(file, dialect)
        wanted = names if columns is None else [column.name for column in columns]
        present = [names.index(name) for name in wanted if name in names]
        with _named(str(file)):
            if is_text(file):
                batches = _csv(file, names, present, dialect)
            else:
                batches = _parquet(file, names, present, batch_rows)
            for table in batches:
                for start in range(0, max(table.num_rows, 1), batch_rows):
                    yield table.slice(start, batch_rows)


@contextmanager
def _named(origin: str) -> Iterator[None]:
    """Raise a SourceError that names the file for errors of Arrow."""
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeError, LookupError) as error:
        reason = str(error).partition("\n")[0]
        raise SourceError(f"{origin} cannot be read: {reason}") from error


def column_names(file: File, csv: Csv = PLAIN) -> list[str]:
    """The file's columns by the names under which they are known here (see `unique_names`)."""
    with _named(str(file)):
        return unique_names(header(file, csv))


def header(file: File, csv: Csv = PLAIN) -> list[str]:
    """Names as they stand in the file."""
    names: list[str]
    if not is_text(file):
        with opened(file) as content:
            names = pyarrow.parquet.read_schema(content).names
        return names
    cast = pyarrow.csv.ReadOptions(skip_rows=csv.skip, encoding=csv.encoding)
    with (
        opened(file) as content,
        pyarrow.csv.open_csv(content, cast, _parsing(csv)) as reader,
    ):
        names = reader.schema.names
        return names


def _parquet(
    file: File, names: list[str], present: list[int], batch_rows: int
) -> Iterator[pa.Table]:
    wanted = [names[at] for at in present]
    # Pre-buffered data stay in memory until the end of the file.
    with opened(file) as content, pyarrow.parquet.ParquetFile(content, pre_buffer=False) as table:
        yield table.schema_arrow.empty_table().rename_columns(names).select(wanted)
        # Selecting a repeated name returns all columns of that name.
        columns = list(dict.fromkeys(table.schema_arrow.names[at] for at in present))
        selected = [name for name, own in zip(names, table.schema_arrow.names) if own in columns]
        # The other cores are used by the reader of the batches.
        for batch in table.iter_batches(batch_rows, columns=columns, use_threads=False):
            yield pa.Table.from_batches([batch]).rename_columns(selected).select(wanted)


def _csv(file: File, names: list[str], present: list[int], csv: Csv) -> Iterator[pa.Table]:
    wanted = [names[at] for at in present]
    converting = pyarrow.csv.ConvertOptions(
        column_types={name: pa.string() for name in wanted},
        include_columns=wanted,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    cast = pyarrow.csv.ReadOptions(
        block_size=_BLOCK_BYTES,
        column_names=names,
        skip_rows=csv.skip,
        skip_rows_after_names=1,
        encoding=csv.encoding,
    )
    with (
        opened(file) as content,
        pyarrow.csv.open_csv(content, cast, _parsing(csv), converting) as reader,
    ):
        yield reader.schema.empty_table()
        for batch in reader:
            yield pa.Table.from_batches([batch])


def _parsing(csv: Csv) -> pyarrow.csv.ParseOptions:
    return pyarrow.csv.ParseOptions(
        delimiter=csv.delimiter, quote_char=csv.quote, newlines_in_values=True
    )
