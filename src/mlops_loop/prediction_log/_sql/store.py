"""Opens, archives and migrates the log on the database that an address names."""

from contextlib import closing
from functools import partial
from pathlib import Path

from .._protocol import PredictionLog
from .._spool import SpooledLog
from .._spool_file import Spool, verify_spool
from .database import Database
from .log import SqlPredictionLog
from .schema import migrate as migrate_schema


def database_at(address: str, root: Path) -> Database:
    """The database at `sqlite:///PATH` or `postgresql://HOST/DATABASE`; nothing is opened yet."""
    if address.startswith("sqlite:"):
        from . import sqlite

        return sqlite.database_at(address, root)
    from . import postgresql

    return postgresql.database_at(address, root)


def open_log(
    address: str, root: Path, schema_digest: str | None = None, target_digest: str | None = None
) -> PredictionLog:
    """The log at an address, behind a spool if it names one."""
    database = database_at(address, root)
    open_store = partial(
        SqlPredictionLog, database, schema_digest=schema_digest, target_digest=target_digest
    )
    if database.spool is None:
        return open_store()
    return SpooledLog(open_store, Spool(Path(root) / database.spool))


def archive(address: str, root: Path) -> str | None:
    with closing(database_at(address, root)) as database:
        return database.archive()


def migrate(address: str, root: Path) -> str | None:
    with closing(database_at(address, root)) as database:
        return migrate_schema(database)


def verify(address: str, root: Path) -> str:
    with closing(database_at(address, root)) as database:
        if database.spool is not None:
            verify_spool(Path(root) / database.spool)
        return database.verify()
