"""Predictions and their labels, in a store that is chosen by address.

A prediction is appended before its response is sent; its label joins it later, by prediction id.

Examples:
    >>> from datetime import UTC, datetime
    >>> now = datetime(2013, 6, 1, 12, tzinfo=UTC)
    >>> log: PredictionLog = open_prediction_log("sqlite:///var/predictions.db", root=tmp_path)
    >>> output = Output(version="3", variant="champion", served=True, prediction=True)
    >>> log.append([Record("p1", None, now, now, {"distance": 1400.0}, (output,))]).result()
    >>> log.add_labels([Label("p1", True, now)])
    LabelReport(joined=1, early=0, repeated=0, conflicting=(), other_target=(), ...)
    >>> log.totals()
    Counts(predictions=1, labels=1)
    >>> row: LoggedRow = log.sample(None, None, limit=10)[0]
    >>> row.record.columns, row.label.label
    ({'distance': 1400.0}, True)
    >>> log.close()
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from ..errors import SettingsError
from ._protocol import PredictionLog
from ._records import Counts, Label, LabelReport, LoggedRow, Output, Record

__all__ = [
    "Counts",
    "Label",
    "LabelReport",
    "LoggedRow",
    "Output",
    "PredictionLog",
    "Record",
    "open_prediction_log",
]


def _import_redis() -> ModuleType:
    from . import _redis

    return _redis


def _import_none() -> ModuleType:
    from . import _none

    return _none


def _import_sql() -> ModuleType:
    from ._sql import store

    return store


# Each store needs packages of its own, which are imported when an address names it.
_STORES: dict[str, Callable[[], ModuleType]] = {
    "postgresql": _import_sql,
    "redis": _import_redis,
    "sqlite": _import_sql,
}
# Instead of an address: nothing is kept.
NONE = "none"
_STORE_OF_SCHEME = {
    **{name: name for name in _STORES},
    "postgres": "postgresql",
    "rediss": "redis",
}


def stores() -> list[str]:
    """The address schemes that have a store."""
    return list(_STORES)


def store_of(address: str) -> str:
    """The scheme of an address's store, or `none`.

    `rediss://` is `redis://` over TLS, and `postgres://` another name of `postgresql://`.

    Raises:
        SettingsError: for an address without a store.
    """
    if address == NONE:
        return NONE
    scheme, separator, _ = address.partition("://")
    name = _STORE_OF_SCHEME.get(scheme)
    if not separator or name is None:
        known = ", ".join(f"{each}://" for each in _STORES)
        # The rest of an address may hold a password.
        named = f"no store for {scheme!r}" if separator else "expected an address with ://"
        raise SettingsError(f"prediction_log: {named}; this project has {known}, or none")
    return name


def open_prediction_log(
    address: str,
    *,
    root: Path,
    schema_digest: str | None = None,
    target_digest: str | None = None,
) -> PredictionLog:
    """The log at an address such as `sqlite:///var/predictions.db`.

    The first one that opens an empty SQL database creates its tables.

    Args:
        address: names the store; `none` keeps nothing.
        root: the project's folder, where relative paths start.
        schema_digest: schema digest of the contract; rows of other schemas are left out. With
            None all rows are read.
        target_digest: target digest of the contract; labels of predictions about another target
            are left out. With None all labels are stored.

    Raises:
        SettingsError: for an address that is invalid or has no store, or if the store's package is
            not installed.
        StoreUnavailableError: if its server cannot be reached, unless the address names a spool.
        StoreError: if the store cannot be used, e.g. because its schema is of another revision.
    """
    with _store(address) as store:
        log: PredictionLog = store.open_log(address, root, schema_digest, target_digest)
        return log


def migrate_prediction_log(address: str, *, root: Path) -> str | None:
    """Bring the schema of the log at an address to the newest revision; data stays.

    Stop what uses the log before. An empty database gets its tables.

    Returns:
        The revision; None for a store without one, e.g. Redis.

    Raises:
        SettingsError: as `open_prediction_log`.
        StoreError: if the schema is newer than this version of the library, or the store cannot
            be used. Then all is as it was.
    """
    with _store(address) as store:
        revision: str | None = store.migrate(address, root)
        return revision


def verify_prediction_log(address: str, *, root: Path) -> str:
    """Run the database's own check of the log at an address.

    Returns:
        A sentence about what was checked.

    Raises:
        SettingsError: as `open_prediction_log`.
        StoreError: if the database is damaged, or cannot be used.
    """
    with _store(address) as store:
        message: str = store.verify(address, root)
        return message


def archive_prediction_log(address: str, *, root: Path) -> str | None:
    """Move the predictions at an address out of the way, so that the next log begins empty.

    No process may have the log open meanwhile.

    Returns:
        Where they are now; None if there were none.

    Raises:
        SettingsError: as `open_prediction_log`.
        StoreError: if the store cannot be used.
    """
    with _store(address) as store:
        target: str | None = store.archive(address, root)
        return target


@contextmanager
def _store(address: str) -> Iterator[ModuleType]:
    """The module of an address's store."""
    name = store_of(address)
    with packages_of(name):
        yield _import_none() if name == NONE else _STORES[name]()


@contextmanager
def packages_of(store: str) -> Iterator[None]:
    """Imports of a store's packages.

    Raises:
        SettingsError: if one of them is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        # Those of SQLite come with the library's extra `serving`, which every project has.
        remedy = "`make install`"
        if store != "sqlite":
            remedy = f"`make add PACKAGE={store}`, or {remedy} if pyproject.toml has this extra"
        raise SettingsError(
            f"prediction_log: {store}:// needs the package {error.name!r}, which is not "
            f"installed: run {remedy}"
        ) from error
