"""The table to adopt: its address, dialect and rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from .._settings import Csv
from ..data._sources import file as files
from ..data._sources.header import unique_names
from ..data._sources.sql import SCHEME, SqlSource, shown, without_password
from ..errors import InputError, SourceError
from .dialect import detect_dialect
from .encoding import UTF_8, detect_encoding

Read = Callable[[], Iterator[pa.Table]]


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
    """

    address: str
    names: tuple[str, ...]
    read: Read
    csv: Csv | None = None
    query: str | None = None
    renamed: dict[str, str] = field(default_factory=dict)


def open_table(
    address: str, root: Path, query: str | None = None, encoding: str | None = None
) -> Table:
    """Infer how to read a file, folder, glob or database.

    Args:
        address: a path relative to the current folder, or a SQLAlchemy URL.
        root: the project's root; paths in its settings are relative to it.
        query: SQL query, for a database.
        encoding: encoding of text files; None to infer it.

    Raises:
        InputError: if there is no table, or a package to read it is missing.
    """
    if "://" in address:
        return _database(address.removeprefix(SCHEME), root, query)
    if query is not None:
        raise InputError(f"--query needs a database, e.g. sqlite:///data/shop.db, not {address}")
    try:
        paths = files.find_local(address, Path.cwd())
        csv = _dialect(paths, encoding)
        headers = [files.header(file, csv or files.PLAIN) for file in paths]
    except SourceError as error:
        raise InputError(str(error)) from error
    names = list(dict.fromkeys(name for header in headers for name in unique_names(header)))
    renamed = {
        name: given
        for header in headers
        for given, name in zip(header, unique_names(header), strict=True)
        if given.split() != name.split()
    }

    def read() -> Iterator[pa.Table]:
        return (
            _complete(table, names) for table in files.read_batches(paths, csv=csv or files.PLAIN)
        )

    return Table(_relative_to(root, address), tuple(names), read, csv, renamed=renamed)


def _dialect(paths: list[Path], encoding: str | None) -> Csv | None:
    if not files.is_text(paths[0]):
        return None
    largest = max(paths, key=lambda file: file.stat().st_size)
    return detect_dialect(largest, encoding or _encoding(paths))


def _encoding(paths: list[Path]) -> str:
    encodings = {detect_encoding(file) for file in paths if file.stat().st_size}
    if len(encodings - {UTF_8}) > 1 or (len(encodings) > 1 and not encodings & {"cp1252"}):
        raise InputError(
            f"the files have different encodings ({', '.join(sorted(encodings))}): convert them"
            " to UTF-8"
        )
    return next(iter(encodings - {UTF_8}), UTF_8)


def _complete(table: pa.Table, names: list[str]) -> pa.Table:
    """The table with all columns; a column that its file does not have is null."""
    for name in names:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows))
    return table.select(names)


def _relative_to(root: Path, address: str) -> str:
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
    return Table(SCHEME + without_password(url), names, source.batches, query=query)
