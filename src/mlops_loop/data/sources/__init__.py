"""Where rows come from: one file a kind of source, chosen by address.

A path or glob is a CSV or Parquet file; `scheme://…` is the file of that name here.
"""

from collections.abc import Iterator
from datetime import datetime
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol

import pyarrow as pa

from ...contract import Contract
from ...errors import SourceError
from ...settings import Settings

__all__ = ["Source", "open_source", "read_all"]

_FILE = "file"
# Opened with the log itself, not by address.
_NO_SCHEMES = {"header", "prediction_log"}


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
    scheme = scheme if separator else _FILE
    known = sorted({module.name for module in iter_modules(__path__)} - _NO_SCHEMES)
    if scheme not in known:
        kinds = ", ".join(f"{name}://" for name in known)
        raise SourceError(
            f"no source here knows {scheme}://; give the path of a CSV or Parquet file, or {kinds}"
        )
    source: Source = import_module(f".{scheme}", __package__).open_source(address, settings)
    return source
