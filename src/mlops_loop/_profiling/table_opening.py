"""Opens the table at an address."""

from pathlib import Path

from .._file_systems import is_remote
from ..data._remote import is_file_url
from ..data._sources.sql import SCHEME, SqlSource, shown, without_password
from ..errors import InputError, SourceError
from .table import Table, in_common_types
from .table_files import Dialect, open_files
from .table_parts import Workspace


def open_table(
    address: str,
    root: Path,
    query: str | None = None,
    dialect: Dialect | None = None,
    max_malformed: float = 0.05,
    workspace: Workspace | None = None,
) -> Table:
    """Infer how to read a file, folder, glob or database.

    Args:
        address: a path relative to the current folder, the URL of files, or a SQLAlchemy URL.
        root: the project's root; paths in its settings are relative to it.
        query: SQL query, for a database.
        dialect: fields of `Csv` that are known; the others are detected.
        max_malformed: limit of the share of malformed rows.
        workspace: where the workers of an engine copy files; None to read them here.

    Raises:
        InputError: if there is no table, or a package to read it is missing.
    """
    if is_remote(address) and (query is not None or not is_file_url(address)):
        return _database(address.removeprefix(SCHEME), root, query)
    if query is not None:
        raise InputError(f"--query needs a database, e.g. sqlite:///data/shop.db, not {address}")
    try:
        return open_files(address, root, dialect or {}, max_malformed, workspace)
    except SourceError as error:
        raise InputError(str(error)) from error


def _database(url: str, root: Path, query: str | None) -> Table:
    if query is None:
        raise InputError(f"{shown(url)} needs --query 'select … from …'")
    source = SqlSource(SCHEME + url, url, query, root)
    try:
        names = tuple(next(source.batches()).column_names)
    except SourceError as error:
        raise InputError(str(error)) from error
    read = in_common_types(source.batches)
    return Table(SCHEME + without_password(url), names, read, query=query)
