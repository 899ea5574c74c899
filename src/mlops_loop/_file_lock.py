"""One process at a time, by a lock that ends with the process that holds it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from .errors import StoreError

_TIMEOUT_SECONDS = 60.0


@contextmanager
def file_lock(path: Path, seconds: float = _TIMEOUT_SECONDS) -> Iterator[None]:
    """Hold the lock at `path`.

    Raises:
        StoreError: if another process keeps it for longer than `seconds`.
    """
    lock = FileLock(path, timeout=seconds)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise StoreError(
            f"another process has locked {path} ({error}): wait for it or stop it, and try again"
        ) from error
    try:
        yield
    finally:
        lock.release()
