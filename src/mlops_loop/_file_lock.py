"""One process at a time, by a lock that ends with the process that holds it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ._atomic import make_folder
from .errors import StoreError

_TIMEOUT_SECONDS = 60.0


class LockedError(StoreError):
    """Another process holds the lock."""


@contextmanager
def file_lock(path: Path, seconds: float = _TIMEOUT_SECONDS) -> Iterator[None]:
    """Hold the lock at `path`.

    Raises:
        LockedError: if another process keeps it for longer than `seconds`.
        StoreError: if there can be no lock, e.g. on a full disk.
    """
    # It may be released by another thread, e.g. the one that collects garbage.
    lock = FileLock(path, timeout=seconds, thread_local=False)
    try:
        make_folder(path.parent)
        lock.acquire()
    except Timeout as error:
        raise LockedError(
            f"another process has locked {path} ({error}): wait for it or stop it, and try again"
        ) from error
    except OSError as error:
        raise StoreError(
            f"{path} cannot be locked ({error}): check the free space of the disk, and that the "
            "folder is writable"
        ) from error
    try:
        yield
    finally:
        lock.release()
