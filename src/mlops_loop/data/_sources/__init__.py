"""Sources of rows: one module for each kind, chosen by address.

A path, glob or URL of files, e.g. CSV or Parquet; `sql://…` is a query, `sample://…` the sample.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

import pyarrow as pa

from ..._settings import Settings
from ...contract import Contract
from ...errors import SourceError
from .._remote import is_file_url

__all__ = ["Source", "open_source", "read_all"]

_SCHEMES = ("file", "sample", "sql", "s3", "https")


class Source(Protocol):
    """Rows that have not been validated. A source of your own has these two members.

    Examples:
        >>> import pyarrow as pa
        >>> class Warehouse:
        ...     address = "the warehouse"
        ...
        ...     def tables(self, contract, *, since=None, until=None):
        ...         yield pa.table({"price": [9.5, 3.0]})
        ...
        >>> source: Source = Warehouse()
        >>> next(source.tables(contract)).num_rows
        2
    """

    @property
    def address(self) -> str:
        """Names the source in messages and in the lineage; holds no password."""
        ...

    def tables(
        self, contract: Contract, *, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[pa.Table]:
        """Yield the raw columns of the contract, some rows at a time.

        Columns have the types of the source. At least one table is yielded, which may be empty.

        Args:
            contract: the columns to read.
            since: the first event time, a hint: rows before it may be left out.
            until: end of the event times, excluded; likewise.

        Raises:
            SourceError: if the source is unavailable or cannot be read.
        """
        ...


def read_all(
    source: Source,
    contract: Contract,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> pa.Table:
    """All rows of a source at once.

    Raises:
        SourceError: as `Source.tables`.
    """
    from .malformed import MalformedRows
    from .types import in_common_types

    tables = list(source.tables(contract, since=since, until=until))
    malformed = [rows for rows in map(MalformedRows.of, tables) if rows is not None]
    if malformed:
        raise SourceError(f"{malformed[0].first}: correct the row")
    return pa.concat_tables(in_common_types(tables), promote_options="default")


def open_source(address: str, settings: Settings) -> Source:
    """Open the source at an address.

    Args:
        address: a path or glob of files, e.g. CSV or Parquet (relative to the project's folder), or
            their URL, `sql://…` or `sample://…`.
        settings: settings of the project, e.g. how to read CSV files.

    Raises:
        SourceError: if the scheme is unknown or the address is invalid.

    Examples:
        >>> open_source("gopher://example.com/rows", project.settings)
        Traceback (most recent call last):
        ...
        mlops_loop.errors.SourceError: unknown scheme gopher:// in the source: ...
    """
    scheme, separator, _ = address.partition("://")
    # Each source needs packages of its own, and is imported when an address names it.
    if scheme == "sample":
        from . import sample

        return sample.open_source(address, settings)
    if scheme == "sql":
        from . import sql

        return sql.open_source(address, settings)
    if not separator or scheme == "file" or is_file_url(address):
        from . import file

        return file.open_source(address, settings)
    schemes = ", ".join(f"{name}://" for name in _SCHEMES)
    raise SourceError(
        f"unknown scheme {scheme}:// in the source: give the path of a CSV or Parquet file, or "
        f"{schemes}"
    )
