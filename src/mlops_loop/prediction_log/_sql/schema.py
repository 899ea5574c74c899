"""Which revision the tables are of. Alembic creates and changes them; see `migrations/`.

Alembic is imported only to create the tables of an empty database or to migrate older ones, never
by a service whose tables are current.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from ...errors import StoreError

if TYPE_CHECKING:
    from .database import Database

SCRIPTS = Path(__file__).with_name("migrations")


def require_current(database: "Database", connection: Connection) -> None:
    """Make sure that the tables are of the newest revision; create them in an empty database.

    Raises:
        StoreError: if they are older, newer or not the log's.
    """
    newest = revisions(database.scripts)[-1]
    if _revision(database, connection) == newest:
        return
    if not _tables(database, connection):
        _upgrade(database, connection)
        return
    # Read again: another process may have created the tables meanwhile.
    revision = _revision(database, connection)
    _require_known(database, revision)
    if revision != newest:
        raise StoreError(
            f"its schema has revision {revision}, and this version of mlops-loop needs {newest}:"
            " stop what uses the log, make a backup, and run `log migrate`"
        )


@cache
def revisions(scripts: Path) -> Sequence[str]:
    """The revisions that a folder of Alembic's scripts leads to, oldest first."""
    return sorted(
        path.name.removeprefix("v").partition("_")[0] for path in scripts.glob("versions/v*.py")
    )


def migrate(database: "Database") -> str:
    """Bring the tables to the newest revision in one transaction; data stays.

    Returns:
        The revision.

    Raises:
        StoreError: if they are newer or not the log's.
    """
    with database.translate_errors(), database.engine.connect() as connection:
        database.prepare(connection)
        if _tables(database, connection):
            _require_known(database, _revision(database, connection))
        _upgrade(database, connection)
    return revisions(database.scripts)[-1]


def _require_known(database: "Database", revision: str | None) -> None:
    known = revisions(database.scripts)
    if revision is None:
        raise StoreError(
            "its tables belong to another program: choose another file, or another `?name=…`, in"
            " `prediction_log`"
        )
    if revision not in known:
        raise StoreError(
            f"its schema has revision {revision}, and this version of mlops-loop knows none newer"
            f" than {known[-1]}: update mlops-loop, or choose another address in `prediction_log`;"
            " `log migrate` only brings older ones up to date"
        )


def _upgrade(database: "Database", connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    # The value is interpolated: folders may have a % in their names.
    config.set_main_option("script_location", str(database.scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    # Others that start at the same time wait here, and then have nothing left to do.
    with database.transaction(connection):
        database.create_schema(connection)
        command.upgrade(config, "head")


def _revision(database: "Database", connection: Connection) -> str | None:
    """The revision that Alembic recorded, None if there is none."""
    table = f"{database.schema}.alembic_version" if database.schema else "alembic_version"
    try:
        found = connection.exec_driver_sql(f"SELECT version_num FROM {table}").scalar()
    except DBAPIError as error:
        if not _is_missing(error):
            raise
        return None
    return None if found is None else str(found)


def _is_missing(error: DBAPIError) -> bool:
    # SQLite has no code of its own for it; PostgreSQL has.
    code = getattr(error.orig, "sqlstate", None)
    return code in ("42P01", "3F000") if code else "no such table" in str(error.orig)


def _tables(database: "Database", connection: Connection) -> list[str]:
    return inspect(connection).get_table_names(schema=database.schema)
