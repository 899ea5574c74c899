"""How SQLite files are opened, and what errors of SQLite and of the file system mean."""

import errno
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from .._atomic import make_folder
from ..errors import StoreError

# How long to wait for another process that writes.
BUSY_SECONDS = 10.0

RECOVER = (
    "restore it from a backup; without one, move the file aside, and a new, empty one is made;"
    " `sqlite3 FILE .recover` may save what the old one holds"
)
_NEXT_STEPS = {
    "SQLITE_BUSY": "another process holds it: try again, or stop that process",
    "SQLITE_LOCKED": "another process holds it: try again, or stop that process",
    "SQLITE_FULL": "the disk is full: free some space; nothing that was acknowledged is lost",
    "SQLITE_READONLY": "make the file and its folder writable",
    "SQLITE_CANTOPEN": "make sure that its folder exists and is writable",
    "SQLITE_IOERR": "check the disk and the free space on it",
    "SQLITE_CORRUPT": RECOVER,
    "SQLITE_NOTADB": f"it is not a SQLite database: {RECOVER}",
}


def connect_file(path: Path) -> sqlite3.Connection:
    """A connection whose commits are on the disk when they return, in autocommit mode.

    Only the current user may read a file that this creates. The connection may be handed to another
    thread, to be used by one at a time.
    """
    make_folder(path.parent)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA synchronous = FULL")
    # Erased personal data is overwritten, not just unlinked.
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def use_write_ahead_log(connection: sqlite3.Connection) -> None:
    # SQLite does not wait for a lock here, so processes that open a new file at once collide.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            busy = (error.sqlite_errorname or "").startswith("SQLITE_BUSY")
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def require_intact(path: Path, name: str) -> None:
    """Run SQLite's own integrity check; a file that does not exist is intact.

    Raises:
        StoreError: naming the first damages.
    """
    if not path.exists():
        return
    try:
        with closing(connect_file(path)) as connection:
            damages = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
    except sqlite3.Error as error:
        raise explain_sqlite_error(name, error) from error
    if damages != ["ok"]:
        raise StoreError(f"{name} is damaged ({'; '.join(damages)}): {RECOVER}")


def explain_sqlite_error(name: str, error: Exception) -> StoreError:
    """The error of a file as a StoreError with the next step; `name` is what to call the file."""
    if isinstance(error, StoreError) and str(error).startswith(name):
        return error
    code = getattr(error, "sqlite_errorname", None) or ""
    # Extended names such as SQLITE_IOERR_WRITE begin with their family.
    family = "_".join(code.split("_")[:2])
    if isinstance(error, OSError):
        family = "SQLITE_FULL" if error.errno == errno.ENOSPC else "SQLITE_CANTOPEN"
    step = _NEXT_STEPS.get(family)
    return StoreError(f"{name}: {error}; {step}" if step else f"{name}: {error}")


def is_sqlite_backend_error(error: Exception) -> bool:
    """Whether any statement would have failed: a lock, the disk, a damaged file."""
    damaged = type(error) is sqlite3.DatabaseError
    return damaged or isinstance(error, (sqlite3.OperationalError, OSError, StoreError))
