"""Where rows come from: one module a kind of source, chosen by address.

A path or glob is a CSV or Parquet file, `sql://…` a query, `sample://…` the sample data.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

import pyarrow as pa

from ...contract import Contract
from ...errors import SourceError
from ...settings import Settings

__all__ = ["Source", "open_source", "read_all"]

_SCHEMES = ("file", "sample", "sql")


class Source(Protocol):
    """Rows that have not been checked."""

    @property
    def address(self) -> str: ...

    def tables(
        self, contract: Contract, *, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[pa.Table]:
        """Raw contract columns, in the types the source has them in, some rows at a time.

        At least one table comes, if need be without rows.

        Args:
            contract: which columns are wanted.
            since: leave out rows of before; a hint, for sources that can tell cheaply.
            until: leave out rows from here on, likewise.

        Raises:
            SourceError: if the source is not there or cannot be read as what it claims to be.
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
    try:
        tables = source.tables(contract, since=since, until=until)
        return pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        reason = str(error).partition("\n")[0]
        raise SourceError(f"{source.address} cannot be read: {reason}") from error


def open_source(address: str, settings: Settings) -> Source:
    """The source at an address; relative paths start at the project's root.

    Raises:
        SourceError: if nothing here knows the scheme, or the address makes no sense.
    """
    scheme, separator, _ = address.partition("://")
    # Each source needs packages of its own, and is imported when an address names it.
    match scheme if separator else "file":
        case "file":
            from . import file

            return file.open_source(address, settings)
        case "sample":
            from . import sample

            return sample.open_source(address, settings)
        case "sql":
            from . import sql

            return sql.open_source(address, settings)
    kinds = ", ".join(f"{name}://" for name in _SCHEMES)
    raise SourceError(
        f"no source here knows {scheme}://; give the path of a CSV or Parquet file, or {kinds}"
    )
