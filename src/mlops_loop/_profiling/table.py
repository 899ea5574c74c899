"""The table to adopt: its address, dialect and rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pyarrow as pa

from .._settings import DETECT, Csv
from ..contract import Column
from ..data._remote import File, is_file_url, is_remote, local_path
from ..data._sources import csv_file, excel
from ..data._sources import file as files
from ..data._sources.encoding import detect_encoding
from ..data._sources.finding import find
from ..data._sources.formats import COLUMNAR, format_of, is_text
from ..data._sources.header import unique_names
from ..data._sources.malformed import MalformedRows
from ..data._sources.sql import SCHEME, SqlSource, shown, without_password
from ..data._sources.types import cast_table, common_types
from ..errors import InputError, SourceError

Read = Callable[[], Iterator[pa.Table]]
Dialect = Mapping[str, str | None]
# Names of files that are usually different tables.
_PARTS = ("train", "test", "valid", "val", "sample_submission", "submission", "holdout")


@dataclass
class Malformed:
    """Malformed rows of the last complete reading of a table.

    Attributes:
        rows: their number.
        first: place and problem of the first one.
    """

    rows: int = 0
    first: str = ""


@dataclass(frozen=True)
class Table:
    """A table that can be read repeatedly.

    Attributes:
        address: the source, as written to `config/project.yaml`.
        names: names of the columns in the project, in order.
        read: returns blocks of rows with all columns, in the types of the source.
        csv: dialect of its text files; None if it has none.
        query: SQL query, for a database.
        renamed: original names of renamed columns, by new name.
        notes: remarks about files that were skipped, or that differ from the others.
        malformed: malformed rows, which `read` leaves out.
    """

    address: str
    names: tuple[str, ...]
    read: Read
    csv: Csv | None = None
    query: str | None = None
    renamed: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    malformed: Malformed = field(default_factory=Malformed)

    def warnings(self) -> list[str]:
        """Remarks about its files and malformed rows; the latter are known once it was read."""
        if not self.malformed.rows:
            return [*self.notes]
        return [
            *self.notes,
            f"malformed rows will be rejected: {self.malformed.rows}, the first in "
            f"{self.malformed.first}",
        ]


def open_table(
    address: str,
    root: Path,
    query: str | None = None,
    dialect: Dialect | None = None,
    max_malformed: float = 0.05,
) -> Table:
    """Infer how to read a file, folder, glob or database.

    Args:
        address: a path relative to the current folder, the URL of files, or a SQLAlchemy URL.
        root: the project's root; paths in its settings are relative to it.
        query: SQL query, for a database.
        dialect: fields of `Csv` that are known; the others are detected.
        max_malformed: limit of the share of malformed rows.

    Raises:
        InputError: if there is no table, or a package to read it is missing.
    """
    if is_remote(address) and (query is not None or not is_file_url(address)):
        return _database(address.removeprefix(SCHEME), root, query)
    if query is not None:
        raise InputError(f"--query needs a database, e.g. sqlite:///data/shop.db, not {address}")
    try:
        return _open_files(address, root, dialect or {}, max_malformed)
    except SourceError as error:
        raise InputError(str(error)) from error


def _open_files(address: str, root: Path, given: Dialect, max_malformed: float) -> Table:
    found = find(address, Path.cwd())
    _require_one_table(address, found.files)
    csv, dialects = _dialects(found.files, given)
    headers = {
        file: files.header(file, dialect)
        for file, dialect in zip(found.files, dialects, strict=True)
    }
    columns = [files.column_names(file, dialect) for file, dialect in zip(headers, dialects)]
    names = list(dict.fromkeys(name for own in columns for name in own))
    renamed = {
        name: given
        for header in headers.values()
        for given, name in zip(header, unique_names(header), strict=True)
        if given.split() != name.split()
    }
    malformed = Malformed()

    def read() -> Iterator[pa.Table]:
        batches = files.read_batches(found.files, malformed=True, dialects=dialects)
        good = _well_formed(batches, malformed, max_malformed)
        return (_complete(table, names) for table in good)

    notes = [*found.notes, *_about_headers(found.files, columns, names)]
    notes += [note for file in found.files if (note := excel.about_sheets(file))]
    return Table(
        address if is_remote(address) else _relative_to(root, local_path(address)),
        tuple(names),
        read if is_text(found.files[0]) else _in_common_types(read, found.files),
        csv,
        renamed=renamed,
        notes=tuple(notes),
        malformed=malformed,
    )


def _require_one_table(address: str, found: Sequence[File]) -> None:
    """Raise InputError for a folder with e.g. train.csv beside test.csv."""
    if len(found) < 2 or any(sign in address for sign in "*?"):
        return
    stems = {PurePosixPath(str(file)).name.partition(".")[0].lower(): file for file in found}
    parts = [stem for stem in stems if stem.startswith(_PARTS)]
    kinds = {next(part for part in _PARTS if stem.startswith(part)) for stem in parts}
    if "train" in kinds and len(kinds) > 1:
        named = ", ".join(PurePosixPath(str(stems[stem])).name for stem in sorted(parts))
        train = next(str(stems[stem]) for stem in sorted(parts) if stem.startswith("train"))
        raise InputError(
            f"{address} has {named}, which are usually different tables: adopt one of them, e.g. "
            f"`adopt {train}`, or all with a glob, e.g. `adopt '{address.rstrip('/')}/*'`"
        )


def _dialects(found: Sequence[File], given: Dialect) -> tuple[Csv | None, list[Csv]]:
    """The dialect of the largest file, which is that of most rows, and of each file."""
    if not is_text(found[0]):
        return None, [files.PLAIN] * len(found)
    largest = max(found, key=_size)
    encodings = {given["encoding"]} if "encoding" in given else set(map(detect_encoding, found))
    csv = csv_file.detect(largest, given)
    if len(encodings) > 1:
        csv = csv.model_copy(update={"encoding": DETECT})
    columns = [
        Column(name=name, type="text", nullable=True) for name in files.column_names(largest, csv)
    ]
    if len(found) == 1:
        return csv, [csv]
    return csv, [files.fitting(file, columns, csv) for file in found]


def _size(file: File) -> int:
    return file.stat().st_size if isinstance(file, Path) else file.size()


def _about_headers(
    found: Sequence[File], columns: Sequence[Sequence[str]], names: Sequence[str]
) -> Iterator[str]:
    for file, own in zip(found, columns, strict=True):
        absent = [name for name in names if name not in own]
        if absent:
            yield f"{file} has no column {', '.join(absent[:5])}: missing in its rows"


def _well_formed(
    batches: Iterator[pa.Table], malformed: Malformed, limit: float
) -> Iterator[pa.Table]:
    """The tables of values. Raises InputError at the end, if too many rows are malformed."""
    rows = count = 0
    first = ""
    for table in batches:
        bad = MalformedRows.of(table)
        if bad is None:
            rows += table.num_rows
            yield table
        else:
            first, count = first or bad.first, count + len(bad)
    malformed.rows, malformed.first = count, first
    if count > limit * (rows + count):
        raise InputError(
            f"{count} of {rows + count} rows are malformed, the first in {first}; more than "
            f"ingestion.max_bad_share ({limit:.0%}) allows. Correct the rows or the header, or, of "
            "CSV, give --delimiter, --quote or --escape"
        )


def _in_common_types(read: Read, found: Sequence[File]) -> Read:
    """Reads every block in the same types; columnar files know theirs, others are read for it."""
    if found and format_of(found[0]) in COLUMNAR:
        return read
    types: dict[str, pa.DataType] = {}

    def read_in_types() -> Iterator[pa.Table]:
        if not types:
            types.update(common_types(table.schema for table in read()))
        return (cast_table(table, types) for table in read())

    return read_in_types


def _complete(table: pa.Table, names: list[str]) -> pa.Table:
    """The table with all columns; a column that its file does not have is null."""
    for name in names:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows))
    return table.select(names)


def _relative_to(root: Path, address: Path) -> str:
    path = Path.cwd() / address
    try:
        return path.relative_to(root.resolve()).as_posix()
    except ValueError:
        return path.as_posix()


def _database(url: str, root: Path, query: str | None) -> Table:
    if query is None:
        raise InputError(f"{shown(url)} needs --query 'select … from …'")
    source = SqlSource(SCHEME + url, url, query, root)
    try:
        names = tuple(next(source.batches()).column_names)
    except SourceError as error:
        raise InputError(str(error)) from error
    read = _in_common_types(source.batches, [])
    return Table(SCHEME + without_password(url), names, read, query=query)
