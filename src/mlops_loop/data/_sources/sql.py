"""Rows of a database, as the settings' `query` asks for them.

Address: `sql://` before a SQLAlchemy URL, as `sql://sqlite:///data/shop.db`; a relative SQLite
file starts at the project's root. A password belongs in the environment, not in the address.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from ..._file_systems import missing_package
from ..._settings import Settings
from ...contract import Contract
from ...contract._arrow import table_columns
from ...errors import SourceError
from .header import unique_names
from .values import to_table

SCHEME = "sql://"
BATCH_ROWS = 20_000


@dataclass(frozen=True)
class SqlSource:
    address: str
    url: str
    query: str
    root: Path

    def tables(
        self, contract: Contract, *, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[pa.Table]:
        """All rows of the query; which are early or late the contract's types will tell."""
        names = [column.name for column in table_columns(contract)]
        for table in self.batches():
            yield table.select([name for name in names if name in table.column_names])

    def batches(self) -> Iterator[pa.Table]:
        """All columns of the query, a block of rows at a time; the first block has no rows.

        Raises:
            SourceError: if the database cannot be reached or rejects the query.
        """
        from sqlalchemy import create_engine, text
        from sqlalchemy.exc import SQLAlchemyError
        from sqlalchemy.pool import NullPool

        try:
            # Without a pool, so that nothing stays open.
            engine = create_engine(placed_url(self.url, self.root), poolclass=NullPool)
            with engine.connect().execution_options(stream_results=True) as connection:
                result = connection.execute(text(self.query))
                names = unique_names(result.keys())
                yield pa.table({name: pa.nulls(0) for name in names})
                for rows in result.partitions(BATCH_ROWS):
                    yield to_table(names, rows)
        except ImportError as error:
            raise SourceError(
                f"{shown(self.url)} needs a package that is not installed: run "
                f"`make add PACKAGE={missing_package(error)}`"
            ) from error
        except SQLAlchemyError as error:
            reason = str(error).partition("\n")[0]
            raise SourceError(f"{shown(self.url)} cannot be read: {reason}") from error


def open_source(address: str, settings: Settings) -> SqlSource:
    """The database at an address.

    Raises:
        SourceError: if it is no SQLAlchemy URL, or the settings ask no query.
    """
    url = address.removeprefix(SCHEME)
    if not settings.query:
        raise SourceError(f"{shown(url)} needs the key query in config/project.yaml")
    return SqlSource(SCHEME + shown(url), url, settings.query, settings.root)


def shown(url: str) -> str:
    """The URL with stars for its password.

    Raises:
        SourceError: if it is no SQLAlchemy URL.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError) as error:
        raise SourceError("invalid SQLAlchemy URL: expected e.g. sqlite:///data/shop.db") from error


def without_password(url: str) -> str:
    """The URL as it may stand in a file that others read."""
    from sqlalchemy import make_url

    parsed = make_url(url)
    if parsed.password is None:
        return url
    # `set` takes None for "as it is".
    return parsed._replace(password=None).render_as_string(hide_password=False)


def placed_url(url: str, root: Path) -> str:
    """The URL with a SQLite file found from the project's root.

    Raises:
        SourceError: if there is no such file.
    """
    from sqlalchemy import make_url

    parsed = make_url(url)
    file = parsed.database
    if not parsed.drivername.startswith("sqlite") or not file or file == ":memory:":
        return url
    if not (root / file).is_file():
        # SQLite would make an empty one.
        raise SourceError(f"no database at {root / file}: check the address")
    return parsed.set(database=str(root / file)).render_as_string(hide_password=False)
