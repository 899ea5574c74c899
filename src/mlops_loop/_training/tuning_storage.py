"""Where the trials of tuning are stored, for one process or for several that share them.

Addresses: `sqlite:///var/optuna.db` or the faster `journal:///var/optuna.journal` for processes on
one host, `postgresql://…` or `redis://…` for several hosts.
"""

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalRedisBackend
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from .._atomic import make_folder
from .._file_systems import missing_package
from .._redaction import redact
from ..errors import SettingsError, StoreUnavailableError

_SQLITE, _JOURNAL = "sqlite:///", "journal:///"
_REDIS = ("redis://", "rediss://")
# Of SQLite, while another process writes.
_TIMEOUT_SECONDS = 60


@contextmanager
def opened(address: str, root: Path) -> Iterator[BaseStorage]:
    """The storage at an address; its connections are closed at the end.

    Args:
        address: `training.tuning.storage` of the settings.
        root: folder that a relative path of a file starts from.

    Raises:
        SettingsError: if the address is invalid, or needs a package that is not installed.
        StoreUnavailableError: if the server cannot be reached.
    """
    where = f"training.tuning.storage: {redact(address)}"
    try:
        storage = _open(address, root)
    except ImportError as error:
        package = missing_package(error)
        raise SettingsError(
            f"{where} needs a package that is not installed: run `make add PACKAGE={package}`"
        ) from error
    except (ArgumentError, ValueError) as error:
        raise SettingsError(
            f"{where} is invalid: expected e.g. {_SQLITE}var/optuna.db, "
            f"{_JOURNAL}var/optuna.journal, postgresql://user@host/name or redis://host:6379/0"
        ) from error
    except Exception as error:  # whatever a driver raises
        reason = redact(str(error).partition("\n")[0])
        raise StoreUnavailableError(f"{where} cannot be opened ({reason})") from error
    try:
        yield storage
    finally:
        storage.remove_session()
        if isinstance(storage, RDBStorage):
            storage.engine.dispose()


def _open(address: str, root: Path) -> BaseStorage:
    if address.startswith(_JOURNAL):
        file = str(_file(address.removeprefix(_JOURNAL), root))
        return JournalStorage(JournalFileBackend(file, JournalFileOpenLock(file)))
    if address.startswith(_REDIS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            return JournalStorage(JournalRedisBackend(address, prefix="tuning"))
    if address.startswith(_SQLITE):
        file = _file(address.removeprefix(_SQLITE), root).as_posix()
        return _database(_SQLITE + file, {"connect_args": {"timeout": _TIMEOUT_SECONDS}})
    return _database(address.replace("postgresql://", "postgresql+psycopg://", 1), {})


def _file(path: str, root: Path) -> Path:
    make_folder((root / path).parent)
    return root / path


def _database(url: str, options: dict[str, object]) -> RDBStorage:
    try:
        return RDBStorage(url, options)
    except ArgumentError:
        raise
    except SQLAlchemyError:
        # Another process may have created the tables in the meantime.
        time.sleep(1)
        return RDBStorage(url, options)
