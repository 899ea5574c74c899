"""Where predictions and their outcomes are kept: one module a store, chosen by address."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from ..errors import SettingsError
from .protocol import PredictionLog
from .records import Counts, Label, LabelReport, LoggedRow, Output, Record, Scalar

__all__ = [
    "Counts",
    "Label",
    "LabelReport",
    "LoggedRow",
    "Output",
    "PredictionLog",
    "Record",
    "Scalar",
    "open_prediction_log",
    "archive_prediction_log",
    "store_of",
    "stores",
]


def _postgresql() -> ModuleType:
    from . import postgresql

    return postgresql


def _redis() -> ModuleType:
    from . import redis

    return redis


def _sqlite() -> ModuleType:
    from . import sqlite

    return sqlite


# Each store needs a package of its own, and is imported when an address names it.
_STORES: dict[str, Callable[[], ModuleType]] = {
    "postgresql": _postgresql,
    "redis": _redis,
    "sqlite": _sqlite,
}


def stores() -> list[str]:
    """The address schemes that have a store."""
    return list(_STORES)


def open_prediction_log(
    address: str, *, root: Path, schema_digest: str | None = None
) -> PredictionLog:
    """The log at an address such as `sqlite:///var/predictions.db`.

    Args:
        address: names the store.
        root: the project's folder, where relative paths start.
        schema_digest: that of the project's contract, which leaves out rows of other schemas;
            None asks about all rows.

    Raises:
        SettingsError: for an address without a store here.
        StoreError: where the store cannot be opened.
    """
    log: PredictionLog = _member(address).open_log(address, root, schema_digest)
    return log


def archive_prediction_log(address: str, *, root: Path) -> str | None:
    """Let the next log at this address begin empty; where the predictions are that it held.

    None if it held none. Nobody may have the log open meanwhile.
    """
    place: str | None = _member(address).archive(address, root)
    return place


def store_of(address: str) -> str:
    """The name of an address's store: `rediss://` is `redis://` over TLS, as https is http."""
    scheme, separator, _ = address.partition("://")
    name = scheme if scheme in _STORES else scheme.removesuffix("s")
    if not separator or name not in _STORES:
        known = ", ".join(f"{name}://" for name in _STORES)
        # The rest of an address may hold a password.
        raise SettingsError(f"prediction_log: no store for {scheme!r}; this project has {known}")
    return name


def _member(address: str) -> ModuleType:
    name = store_of(address)
    try:
        return _STORES[name]()
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"prediction_log: {name}:// needs the package {error.name!r}, which is not"
            " installed; run `poetry install`"
        ) from error
