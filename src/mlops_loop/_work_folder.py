"""Folders for intermediate files below `var/`, each of one process.

A folder has a lock file that its process holds. One whose lock is free was left by a process that
was killed; it is deleted when the next folder of the same prefix is made.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from ._atomic import make_folder
from ._file_lock import file_lock
from .errors import StoreError

_LOCK = "lock"
_ATTEMPTS = 20


@contextmanager
def work_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A new folder with a name that is unique on all machines, deleted when the block ends.

    Folders of processes that were killed are deleted first. One whose lock cannot be taken, e.g.
    since its process runs on another machine, is left as it is.

    Args:
        parent: folder in which it is made, created if missing.
        prefix: beginning of its name; work folders of one kind share it, and nothing else has it.

    Raises:
        StoreError: if the folder cannot be locked.

    Examples:
        >>> with work_folder(tmp_path, ".ingest-") as folder:
        ...     _ = (folder / "rows.arrow").write_bytes(b"")
        >>> list(tmp_path.iterdir())
        []
    """
    make_folder(parent)
    for sibling in parent.glob(f"{prefix}*"):
        with suppress(StoreError), _held(sibling):
            pass
    with ExitStack() as stack:
        yield _new_folder(parent, prefix, stack)


def _new_folder(parent: Path, prefix: str, stack: ExitStack) -> Path:
    """A new folder, held until the stack is closed."""
    failure = StoreError(f"other processes delete new folders in {parent}: try again")
    for _ in range(_ATTEMPTS):
        folder = Path(mkdtemp(dir=parent, prefix=prefix))
        # Until it is locked, another process may take it for one that was left, and delete it.
        try:
            stack.enter_context(_held(folder))
            if (folder / _LOCK).exists():
                return folder
        except StoreError as error:
            failure = error
    raise failure


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, and delete the folder at the end.

    Raises:
        StoreError: if it cannot be locked; the folder is then left as it is.
    """
    try:
        with file_lock(folder / _LOCK, seconds=0):
            try:
                yield
            finally:
                # Before the lock is released, or a process could lock what is about to be deleted.
                rmtree(folder, ignore_errors=True)
    finally:
        # On Windows a lock file stays until it is released.
        with suppress(OSError):
            folder.rmdir()
