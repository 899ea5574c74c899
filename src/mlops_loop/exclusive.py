"""One process at a time, by a lock that ends with the process that holds it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from .errors import StoreError

_PATIENCE = 60.0


@contextmanager
def exclusive(path: Path, seconds: float = _PATIENCE) -> Iterator[None]:
    """Hold the lock at `path`; SQLite's, for it is the same on every system.

    Raises:
        StoreError: if another process keeps it for longer than `seconds`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=seconds, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            raise StoreError(
                f"another process holds {path} ({error}): wait for it, or end it, and try again"
            ) from error
        yield
