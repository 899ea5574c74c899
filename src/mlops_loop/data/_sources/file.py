"""Files: one, a folder of them, or a glob; the ending of the name is the format.

Values of text files are read as text, so that an invalid one rejects its row and not the file; the
contract's types are applied later. Rows are read in batches. The section `csv` of the settings is
the dialect of text files; a file that does not fit it is read in the dialect that is detected.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from ..._file_systems import is_remote, shown
from ..._settings import Csv, Settings
from ...contract import Column, Contract
from ...contract._arrow import table_columns
from ...contract._casting import missing_columns
from ...errors import SourceError
from .._remote import File
from . import columnar, csv_file, csv_format, excel, json_lines
from .file_discovery import find
from .formats import COLUMNAR, format_of, is_text
from .header import unique_names
from .malformed import MalformedRows, is_malformed
from .partitions import partition_values, with_partitions
from .row_locations import Places
from .types import common_types

BATCH_ROWS = 65_536
PLAIN = Csv()
Types = dict[str, pa.DataType]


@dataclass(frozen=True)
class FileSource:
    """Files at a location: the address as it may be shown, or with a password or signature."""

    address: str
    location: str
    root: Path
    csv: Csv = PLAIN

    def tables(
        self, contract: Contract, *, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[pa.Table]:
        """All rows; event times are not known before the contract's types are applied."""
        columns = table_columns(contract)
        found = find(self.location, self.root)
        check_files(found.files, columns, self.csv, found.root)
        yield from read_batches(found.files, columns, csv=self.csv, malformed=True, root=found.root)


def open_source(address: str, settings: Settings) -> FileSource:
    named = shown(address) if is_remote(address) else address
    return FileSource(named, address, settings.root, settings.csv)


def fitting(file: File, columns: Sequence[Column], csv: Csv, root: Path = Path()) -> Csv:
    """The dialect of a text file: of the settings, plain or detected, the first that fits best."""
    if not is_text(file):
        return csv
    best, most = csv, (False, False, 0)
    for dialect in (csv, PLAIN, None):
        try:
            with _named(file):
                tried = csv_format.detect(file) if dialect is None else dialect
                tried = csv_format.with_encoding(file, tried)
            tried = tried.model_copy(update={"decimal": csv.decimal, "missing": csv.missing})
            names = column_names(file, tried, root)
        except SourceError:
            continue
        known = len({column.name for column in columns} & set(names))
        is_complete = known > 0 and not missing_columns(columns, names)
        found = (is_complete, len(names) == 1 or csv_format.is_in_dialect(file, tried), known)
        if found > most:
            best, most = tried, found
        if most[:2] == (True, True):
            break
    return best


def check_files(
    files: Sequence[File], columns: Sequence[Column], csv: Csv = PLAIN, root: Path = Path()
) -> None:
    """Check the headers of all files before the first row is read.

    Raises:
        SourceError: if a file is damaged, or lacks a column that may not be missing.
    """
    for file in files:
        names = column_names(file, fitting(file, columns, csv, root), root)
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
    *,
    malformed: bool = False,
    dialects: Sequence[Csv] | None = None,
    places: Places | None = None,
    root: Path = Path(),
) -> Iterator[pa.Table]:
    """The contract's columns of all files in order, at most `batch_rows` rows at a time.

    Each file yields at least one table, which may be empty, so that its columns are known.

    Args:
        files: files of one format.
        columns: the columns to read, by default all columns of each file.
        batch_rows: limit of rows in a table.
        csv: dialect of text files; another one is detected for files that do not fit.
        malformed: whether to yield tables of `MalformedRows` for rows that cannot be split.
        dialects: the dialect of each file, if it is known.
        places: told which rows are yielded.
        root: the folder that the address of the files is relative to, see `FoundFiles`.

    Raises:
        SourceError: if a file cannot be read; at the first malformed row, unless they are wanted.
    """
    types = file_types(files)
    for number, file in enumerate(files):
        dialect = file_dialect(file, columns, dialects[number] if dialects else csv, root)
        for table in read_file(file, columns, types, batch_rows, dialect, root=root):
            rows = MalformedRows.of(table)
            if rows is not None and not malformed:
                raise SourceError(f"{rows.first}: correct the row")
            if places is not None:
                places.add(file, dialect, table)
            for start in range(0, max(table.num_rows, 1), batch_rows):
                yield table.slice(start, batch_rows)


def file_dialect(
    file: File, columns: Sequence[Column] | None, csv: Csv, root: Path = Path()
) -> Csv:
    """The dialect that a text file is read in."""
    if columns is not None:
        csv = fitting(file, columns, csv, root)
    with _named(file):
        return csv_format.with_encoding(file, csv) if is_text(file) else csv


def read_file(
    file: File,
    columns: Sequence[Column] | None,
    types: Types,
    batch_rows: int,
    csv: Csv,
    row_groups: tuple[int, ...] | None = None,
    root: Path = Path(),
) -> Iterator[pa.Table]:
    """The columns of a file in the types of all files, malformed rows included.

    `row_groups` are those of a Parquet file to read, by default all.
    """
    partitions = partition_values(file, root)
    names = _own_names(file, csv)
    wanted = names if columns is None else [column.name for column in columns]
    if columns is not None:
        partitions = {name: value for name, value in partitions.items() if name in wanted}
    present = [names.index(name) for name in wanted if name in names]
    with _named(file):
        for table in _tables(file, names, present, types, batch_rows, csv, row_groups):
            if not is_malformed(table):
                if is_text(file):
                    table = csv_file.in_decimals_of(columns or (), csv, table)
                table = with_partitions(table, partitions)
            yield table


def _tables(
    file: File,
    names: list[str],
    present: list[int],
    types: Types,
    batch_rows: int,
    csv: Csv,
    row_groups: tuple[int, ...] | None,
) -> Iterator[pa.Table]:
    match format_of(file):
        case "csv":
            return csv_file.batches(file, names, present, csv)
        case "json lines":
            return json_lines.batches(file, names, present)
        case "excel":
            return excel.batches(file, names, present)
    return columnar.batches(file, names, present, types, batch_rows, row_groups)


def file_types(files: Sequence[File]) -> Types:
    """Types of the columns that columnar files share."""
    schemas = []
    for file in files:
        if format_of(file) in COLUMNAR:
            with _named(file):
                schema = columnar.schema(file)
            schemas.append(pa.schema(list(zip(unique_names(schema.names), schema.types))))
    return common_types(schemas)


@contextmanager
def _named(file: File) -> Iterator[None]:
    """Raise a SourceError that names the file for errors of the system."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error).partition("\n")[0]
        raise SourceError(f"{file} cannot be read: {reason}") from error


def column_names(file: File, csv: Csv = PLAIN, root: Path = Path()) -> list[str]:
    """The file's columns by the names under which they are known here (see `unique_names`).

    Those in the names of its folders come last.
    """
    return list(dict.fromkeys([*_own_names(file, csv), *partition_values(file, root)]))


def _own_names(file: File, csv: Csv) -> list[str]:
    return unique_names(header(file, csv))


def header(file: File, csv: Csv = PLAIN) -> list[str]:
    """Names as they stand in the file.

    Raises:
        SourceError: if the file cannot be read.
    """
    with _named(file):
        match format_of(file):
            case "csv":
                return csv_file.header(file, csv_format.with_encoding(file, csv))
            case "json lines":
                return json_lines.header(file)
            case "excel":
                return excel.header(file)
        names: list[str] = columnar.schema(file).names
        return names
